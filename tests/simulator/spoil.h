/* SPDX-License-Identifier: MIT
 *
 * Bits of checkpoints that are flipped where nothing may be lost by it: the
 * other checkpoint will do, or the log alone. */
#ifndef TESTS_SIMULATOR_SPOIL_H
#define TESTS_SIMULATOR_SPOIL_H

#include "tests/simulator/world.h"

struct flipped {
	struct content *content;
	size_t at;
	uint8_t bits;
};

/* The newest checkpoint that the manifest names, and now and then both;
 * returns how many.  No engine is open, and the disk is whole otherwise. */
unsigned spoil_checkpoints(struct world *world, struct random *random,
			   struct flipped flipped[2]);
void spoil_undo(const struct flipped *flipped);

/* The same for good, when the database is opened next. */
void spoil_for_good(struct world *world);

#endif
