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
 * would do, an opening would have to show at least ${floor} batches, too. */
void aside_look_back(struct world *world, size_t floor);

#endif
