/* SPDX-License-Identifier: MIT */
#include "bench/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *section_name = "";
static unsigned failures;

void
figure_section(const char *section)
{
	section_name = section;
}

static void
print_text(const char *name, const char *text)
{
	printf("\"%s\": \"", name);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar((unsigned char)*text < ' ' ? ' ' : *text);
	}
	putchar('"');
}

static void
print_number(const char *name, double value)
{
	if (isfinite(value))
		printf(", \"%s\": %.6g", name, value);
	else
		printf(", \"%s\": null", name);
}

static void
print_start(const char *name)
{
	printf("{");
	print_text("section", section_name);
	printf(", ");
	print_text("name", name);
}

static bool
is_met(const struct figure *figure)
{
	return figure->goal_is == GOAL_AT_MOST ? figure->value <= figure->goal
					       : figure->value >= figure->goal;
}

static void
print_goal(const struct figure *figure)
{
	printf(", \"goal_is\": \"%s\"",
	       figure->goal_is == GOAL_AT_MOST ? "at most" : "at least");
	print_number("goal", figure->goal);
	printf(", \"is_met\": %s", is_met(figure) ? "true" : "false");
	if (figure->goal_text) {
		printf(", ");
		print_text("goal_text", figure->goal_text);
	}
}

void
figure_print(const struct figure *figure)
{
	print_start(figure->name);
	printf(", ");
	print_text("unit", figure->unit);
	print_number("value", figure->value);
	if (figure->goal_is != GOAL_NONE)
		print_goal(figure);
	if (figure->beside) {
		printf(", ");
		print_text("beside", figure->beside);
		print_number("beside_value", figure->beside_value);
	}
	for (int i = 0; i < FIGURE_DETAILS && figure->details[i].name; i++)
		print_number(figure->details[i].name,
			     figure->details[i].value);
	printf("}\n");
	fflush(stdout);
}

void
figure_print_text(const char *name, const char *text)
{
	print_start(name);
	printf(", ");
	print_text("text", text);
	printf("}\n");
	fflush(stdout);
}

void
figure_print_failure(const char *name, const char *reason)
{
	print_start(name);
	printf(", ");
	print_text("failed", reason);
	printf("}\n");
	fflush(stdout);
}

void
figure_note_failure(void)
{
	failures++;
}

unsigned
figure_failures(void)
{
	return failures;
}

/* ---- latencies ---- */

void
latencies_add(struct latencies *latencies, double seconds)
{
	if (latencies->count == latencies->capacity) {
		size_t capacity = latencies->capacity * 2 + 4096;
		float *ms = realloc(latencies->ms, capacity * sizeof(*ms));

		if (!ms)
			exit(EXIT_FAILURE);
		latencies->ms = ms;
		latencies->capacity = capacity;
	}
	latencies->ms[latencies->count++] = (float)(seconds * 1000);
}

static int
compare_floats(const void *left, const void *right)
{
	const float *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

double
latencies_quantile(struct latencies *latencies, double share)
{
	size_t at;

	if (latencies->count == 0)
		return 0;
	qsort(latencies->ms, latencies->count, sizeof(*latencies->ms),
	      compare_floats);
	at = (size_t)(share * (double)latencies->count);
	return (double)latencies->ms[at < latencies->count
					     ? at
					     : latencies->count - 1];
}

void
latencies_finish(struct latencies *latencies)
{
	free(latencies->ms);
	*latencies = (struct latencies){ 0 };
}

static int
compare_doubles(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

double
median(double *values, size_t count)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), compare_doubles);
	return count % 2 ? values[count / 2]
			 : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* ---- numbers ---- */

uint64_t
number_hash(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

uint64_t
number_next(uint64_t *seed)
{
	return number_hash((*seed)++);
}
