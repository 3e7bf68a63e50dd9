/* SPDX-License-Identifier: MIT
 *
 * Looks that leave no trace, between the end of an engine and the next
 * opening. */
#ifndef TESTS_SIMULATOR_ASIDE_H
#define TESTS_SIMULATOR_ASIDE_H

#include "tests/simulator/world.h"

/* A reader sees what the next opening will see, in world->seen_before; false
 * when there was nothing to see. */
bool aside_look(struct world *world);

/* Were the newest checkpoint damaged, or both of them where the log alone
 * would do, an opening would have to show at least ${floor} batches, too.
 * How many were seen: what a checkpoint drops is seen without it, so that this
 * may tell more than the next opening does. */
size_t aside_look_back(struct world *world, size_t floor);

#endif
