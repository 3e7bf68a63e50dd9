/* SPDX-License-Identifier: MIT
 *
 * Whether what an engine shows is what a database of this life may be. */
#ifndef TESTS_SIMULATOR_JUDGE_H
#define TESTS_SIMULATOR_JUDGE_H

#include "tests/simulator/world.h"

/* Before a damaged disk is opened: what it proves by itself. */
void judge_note_tail(struct world *world);

/* Fills world->seen. */
bool judge_look(struct world *world, bool knows_tables);
/* What was seen may be: true, and behind how many batches, at least
 * ${floor}. */
bool judge_seen(struct world *world, size_t floor, size_t *batches);

/* The engine was just opened: everything is looked at, and what is there is
 * there for good. */
void judge_opened(struct world *world, size_t floor);

#endif
