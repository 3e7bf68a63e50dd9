/* SPDX-License-Identifier: MIT */
#include "bench/stopwatch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double
stopwatch_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void
stopwatch_add(struct stopwatch *stopwatch, enum side side, double seconds)
{
	if (stopwatch->rounds[side] < ROUNDS_MAX)
		stopwatch->seconds[side][stopwatch->rounds[side]++] = seconds;
}

static int
compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static double
median_rate(struct stopwatch *stopwatch, enum side side)
{
	unsigned count = stopwatch->rounds[side];
	double *seconds = stopwatch->seconds[side];
	double median;

	qsort(seconds, count, sizeof(*seconds), compare);
	median = count % 2 ? seconds[count / 2]
			   : (seconds[count / 2 - 1] + seconds[count / 2]) / 2;
	return (double)stopwatch->operations / median;
}

void
stopwatch_print(struct stopwatch *stopwatch)
{
	double logstor = median_rate(stopwatch, SIDE_LOGSTOR);
	double sqlite = median_rate(stopwatch, SIDE_SQLITE);

	printf("{\"name\": \"%s\", \"operations\": %" PRIu64
	       ", \"rounds\": %u, \"logstor_per_s\": %.0f"
	       ", \"sqlite_per_s\": %.0f, \"ratio\": %.2f}\n",
	       stopwatch->name, stopwatch->operations,
	       stopwatch->rounds[SIDE_LOGSTOR], logstor, sqlite,
	       logstor / sqlite);
	fflush(stdout);
}
