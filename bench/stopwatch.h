/* SPDX-License-Identifier: MIT
 *
 * Times of two sides that take turns, and their medians. */
#ifndef BENCH_STOPWATCH_H
#define BENCH_STOPWATCH_H

#include <stdint.h>

enum { ROUNDS_MAX = 101 };

enum side { SIDE_LOGSTOR = 0, SIDE_SQLITE = 1, SIDE_COUNT = 2 };

struct stopwatch {
	const char *name;
	uint64_t operations; /* of one round */
	unsigned rounds[SIDE_COUNT];
	double seconds[SIDE_COUNT][ROUNDS_MAX];
};

double stopwatch_now(void);
void stopwatch_add(struct stopwatch *stopwatch, enum side side,
		   double seconds);

/* One line of JSON: medians in operations a second, and logstor's part of
 * SQLite's: 2.0 is twice as fast. */
void stopwatch_print(struct stopwatch *stopwatch);

#endif
