/* SPDX-License-Identifier: MIT
 *
 *	simulate --seed N --crashes N [--operations N]
 *	         [--geometry small|real] [--verbose] [--survey]
 *	simulate --seed N --corrupt STEP [--databases N] [--geometry small|real]
 *
 * Lives of databases, one seed after the other, until that many crashes have
 * happened.  The last line counts them and every kind of violation; exit 0
 * only when there is none.
 *
 * It ends with the first violation, reduced; with --survey it goes on, and each
 * takes a line.
 *
 * With --corrupt cleanly closed databases are damaged instead, in every way,
 * of all bits every STEP-th one flipped. */
#include "tests/simulator/corrupt.h"
#include "tests/simulator/episode.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { REPEAT_EVERY = 100 };

struct arguments {
	uint64_t seed;
	uint64_t crashes;
	size_t operations;
	uint32_t corrupt;   /* bits from one flip to the next; 0: crashes */
	uint64_t databases; /* to corrupt */
	enum geometry geometry;
	bool is_verbose;
	bool is_survey;
};

struct totals {
	uint64_t crashes;
	uint64_t biting;
	uint64_t seeds;
	uint64_t repeated;
	struct deeds deeds;
	uint64_t violations[VIOLATION_COUNT];
};

/* ---- telling which seed it was ---- */

/* A sanitizer ends the process by itself. */
void __sanitizer_set_death_callback(void (*callback)(void))
	__attribute__((weak));

static void
tell_seed(void)
{
	fprintf(stderr, "simulate: died at seed %" PRIu64 "\n",
		episode_seed());
}

static const char *
geometry_name(enum geometry geometry)
{
	return geometry == GEOMETRY_SMALL ? "small" : "real";
}

/* ---- a violation ---- */

static void
report(const struct arguments *arguments, const struct plan *plan,
       const struct result *result)
{
	struct result now;

	printf("%s at operation %zu: %s\n", violation_name(result->violation),
	       result->operation, result->text);
	printf("again: simulate --seed %" PRIu64
	       " --crashes 1 --operations %zu --geometry %s --verbose\n",
	       plan->seed, arguments->operations,
	       geometry_name(arguments->geometry));
	printf("reduced to %zu operations:\n", plan->count);
	fflush(stdout);
	episode_run(plan, true, &now);
	fflush(stdout);
}

/* The many runs that fail on the way tell nothing new. */
static void
reduce(struct plan *plan, struct result *result)
{
	int saved = dup(STDERR_FILENO);
	FILE *nowhere = fopen("/dev/null", "w");

	fflush(stderr);
	if (saved >= 0 && nowhere != NULL)
		dup2(fileno(nowhere), STDERR_FILENO);
	plan_reduce(plan, result);
	fflush(stderr);
	if (saved >= 0)
		dup2(saved, STDERR_FILENO);
	if (nowhere != NULL)
		fclose(nowhere);
}

/* ---- running ---- */

static void
repeat(const struct plan *plan, struct result *result, struct totals *totals)
{
	struct result again;

	episode_run(plan, false, &again);
	totals->repeated++;
	if (result->violation != VIOLATION_NONE ||
	    (again.hash == result->hash &&
	     again.violation == result->violation))
		return;
	result->violation = VIOLATION_UNREPEATABLE;
	snprintf(result->text, sizeof(result->text),
		 "a second run has hash %016" PRIx64 " instead of %016" PRIx64,
		 again.hash, result->hash);
}

static void
add_deeds(struct deeds *to, const struct deeds *deeds)
{
	to->compactions += deeds->compactions;
	to->moves += deeds->moves;
	to->freed += deeds->freed;
	to->checkpoints += deeds->checkpoints;
	to->cancelled += deeds->cancelled;
	to->quarantined += deeds->quarantined;
	to->full += deeds->full;
	to->dropped += deeds->dropped;
	if (deeds->polls_max > to->polls_max)
		to->polls_max = deeds->polls_max;
}

static void
run_seed(const struct arguments *arguments, uint64_t seed,
	 struct totals *totals)
{
	struct plan plan;
	struct result result;

	plan_make(&plan, seed, arguments->operations, arguments->geometry);
	episode_run(&plan, arguments->is_verbose, &result);
	if (seed % REPEAT_EVERY == 0)
		repeat(&plan, &result, totals);
	totals->seeds++;
	totals->crashes += result.crashes;
	totals->biting += result.biting;
	add_deeds(&totals->deeds, &result.deeds);
	totals->violations[result.violation]++;
	if (result.violation != VIOLATION_NONE && arguments->is_survey) {
		printf("seed %" PRIu64 ": %s at operation %zu: %s\n", seed,
		       violation_name(result.violation), result.operation,
		       result.text);
	} else if (result.violation != VIOLATION_NONE) {
		printf("seed %" PRIu64 ": ", seed);
		if (result.violation != VIOLATION_UNREPEATABLE)
			reduce(&plan, &result);
		report(arguments, &plan, &result);
	}
	plan_finish(&plan);
}

static bool
has_failed(const struct totals *totals)
{
	return totals->violations[VIOLATION_NONE] != totals->seeds;
}

static void
print_totals(const struct totals *totals, double seconds)
{
	printf("%" PRIu64 " seeds, %" PRIu64 " of them twice; %" PRIu64
	       " crashes met something that wasn't durable; %.1f s, %.0f "
	       "crashes/s\n",
	       totals->seeds, totals->repeated, totals->biting, seconds,
	       (double)totals->crashes / (seconds > 0 ? seconds : 1));
	printf("%" PRIu64 " victims, %" PRIu64 " moving buffers, %" PRIu64
	       " segments freed unread, %" PRIu64 " quarantined, %" PRIu64
	       " checkpoints, %" PRIu64 " times compacting was given up; %"
	       PRIu64 " times full, %" PRIu64
	       " tombstones seen forgotten; a write took %" PRIu32
	       " polls at most\n",
	       totals->deeds.compactions, totals->deeds.moves,
	       totals->deeds.freed, totals->deeds.quarantined,
	       totals->deeds.checkpoints, totals->deeds.cancelled,
	       totals->deeds.full, totals->deeds.dropped,
	       totals->deeds.polls_max);
	printf("crashes=%" PRIu64, totals->crashes);
	for (int i = VIOLATION_NONE + 1; i < VIOLATION_COUNT; i++)
		printf(" %s=%" PRIu64, violation_name((enum violation)i),
		       totals->violations[i]);
	putchar('\n');
}

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- corruption ---- */

static int
corrupt(const struct arguments *arguments)
{
	struct corrupt_totals totals = { 0 };
	double started_s = now_s();

	for (uint64_t i = 0; i < arguments->databases; i++)
		corrupt_run(arguments->seed + i, arguments->geometry,
			    arguments->corrupt, &totals);
	printf("%.1f s\n"
	       "bits=%" PRIu64 " zeroed=%" PRIu64 " swapped=%" PRIu64
	       " returned=%" PRIu64 " cut=%" PRIu64 " refused=%" PRIu64
	       " unread=%" PRIu64 " checked=%" PRIu64 " harmless=%" PRIu64
	       " wrong=%" PRIu64 "\n",
	       now_s() - started_s, totals.bits, totals.sectors, totals.swaps,
	       totals.returns, totals.cuts, totals.refused, totals.unread,
	       totals.checked, totals.harmless, totals.wrong);
	return totals.wrong > 0 ? 1 : 0;
}

/* ---- arguments ---- */

static int
usage(void)
{
	fputs("usage: simulate --seed N --crashes N [--operations N]\n"
	      "                [--geometry small|real] [--verbose] [--survey]\n"
	      "       simulate --seed N --corrupt STEP [--databases N]\n"
	      "                [--geometry small|real]\n",
	      stderr);
	return 2;
}

static bool
parse_number(const char *text, uint64_t *number)
{
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return false;
	*number = strtoull(text, &end, 10);
	return *end == '\0';
}

static bool
parse_option(struct arguments *arguments, const char *name, const char *value)
{
	uint64_t number;

	if (value == NULL)
		return false;
	if (strcmp(name, "--geometry") == 0) {
		arguments->geometry = strcmp(value, "real") == 0 ?
					      GEOMETRY_REAL :
					      GEOMETRY_SMALL;
		return strcmp(value, geometry_name(arguments->geometry)) == 0;
	}
	if (!parse_number(value, &number))
		return false;
	if (strcmp(name, "--seed") == 0)
		arguments->seed = number;
	else if (strcmp(name, "--crashes") == 0)
		arguments->crashes = number;
	else if (strcmp(name, "--operations") == 0 && number > 0)
		arguments->operations = (size_t)number;
	else if (strcmp(name, "--corrupt") == 0 && number > 0)
		arguments->corrupt = (uint32_t)number;
	else if (strcmp(name, "--databases") == 0)
		arguments->databases = number;
	else
		return false;
	return true;
}

static bool
parse_arguments(int count, char **texts, struct arguments *arguments)
{
	for (int i = 1; i < count; i++) {
		if (strcmp(texts[i], "--verbose") == 0) {
			arguments->is_verbose = true;
			continue;
		}
		if (strcmp(texts[i], "--survey") == 0) {
			arguments->is_survey = true;
			continue;
		}
		if (i + 1 == count ||
		    !parse_option(arguments, texts[i], texts[i + 1]))
			return false;
		i++;
	}
	return true;
}

int
main(int count, char **texts)
{
	struct arguments arguments = { .seed = 1,
				       .crashes = 1000,
				       .operations = 100,
				       .databases = 1 };
	struct totals totals = { 0 };
	double started_s = now_s();

	if (!parse_arguments(count, texts, &arguments))
		return usage();
	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(tell_seed);
	/* An engine takes large pieces of memory at each opening: kept. */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 512 << 20);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("simulate: seeds from %" PRIu64 " on, %s geometry\n",
	       arguments.seed, geometry_name(arguments.geometry));
	if (arguments.corrupt > 0)
		return corrupt(&arguments);
	for (uint64_t seed = arguments.seed;
	     totals.crashes < arguments.crashes &&
	     (arguments.is_survey || !has_failed(&totals));
	     seed++)
		run_seed(&arguments, seed, &totals);
	print_totals(&totals, now_s() - started_s);
	return has_failed(&totals) ? 1 : 0;
}
