/* SPDX-License-Identifier: MIT
 *
 * What a benchmark says: one line of JSON for each figure, with its goal and
 * with what else was measured in the same run beside it; bench/table.py makes
 * tables of them.  And latencies, and numbers that look random. */
#ifndef BENCH_FIGURE_H
#define BENCH_FIGURE_H

#include "bench/stopwatch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum figure_goal { GOAL_NONE, GOAL_AT_LEAST, GOAL_AT_MOST };

enum { FIGURE_DETAILS = 8 };

struct figure {
	const char *name;
	const char *unit;
	double value;
	enum figure_goal goal_is;
	double goal;
	/* Why the goal is that number: "90 % of the device"; may be NULL. */
	const char *goal_text;
	/* What the machine or another program does, in the same unit; the name
	 * may be NULL. */
	const char *beside;
	double beside_value;
	struct {
		const char *name;
		double value;
	} details[FIGURE_DETAILS]; /* up to the first without a name */
};

/* The section that the next figures belong to. */
void figure_section(const char *section);
void figure_print(const struct figure *figure);
/* Text about the machine or the run, in the place of a number. */
void figure_print_text(const char *name, const char *text);
/* In the place of a figure that couldn't be taken. */
void figure_print_failure(const char *name, const char *reason);
/* How many of those this process has noted. */
void figure_note_failure(void);
unsigned figure_failures(void);

/* ---- latencies ---- */

struct latencies {
	float *ms;
	size_t count;
	size_t capacity;
};

void latencies_add(struct latencies *latencies, double seconds);
/* Milliseconds; a share of 1 is the worst. 0 when there are none. */
double latencies_quantile(struct latencies *latencies, double share);
void latencies_finish(struct latencies *latencies);

double median(double *values, size_t count);

/* ---- numbers ---- */

uint64_t number_hash(uint64_t x);
uint64_t number_next(uint64_t *seed);

#endif
