/* SPDX-License-Identifier: MIT
 *
 * Every way to damage one cleanly closed database, one after the other: each
 * bit flipped, each sector zeroed, swapped, replaced by what it was before.
 * None may change an answer without anybody being told. */
#ifndef TESTS_SIMULATOR_CORRUPT_H
#define TESTS_SIMULATOR_CORRUPT_H

#include "tests/simulator/operation.h"

struct corrupt_totals {
	uint64_t bits;     /* flipped */
	uint64_t sectors;  /* zeroed */
	uint64_t swaps;
	uint64_t returns;  /* sectors and segments of before */
	uint64_t cuts;
	uint64_t refused;  /* by opening */
	uint64_t unread;   /* rows that couldn't be read */
	uint64_t checked;  /* only found by the engine's own check */
	uint64_t harmless; /* all answers right, and nothing found */
	uint64_t wrong;
};

/* One database; of all bits every ${step}-th one, from a random one on.
 * Prints what goes wrong. */
void corrupt_run(uint64_t seed, enum geometry geometry, uint32_t step,
		 struct corrupt_totals *totals);

#endif
