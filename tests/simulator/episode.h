/* SPDX-License-Identifier: MIT
 *
 * Runs a plan from its first to its last operation. */
#ifndef TESTS_SIMULATOR_EPISODE_H
#define TESTS_SIMULATOR_EPISODE_H

#include "tests/simulator/operation.h"
#include "tests/simulator/world.h"

struct result {
	enum violation violation;
	char text[512];
	size_t operation; /* at which the violation was found */
	uint64_t hash;    /* of all I/O and all answers */
	uint64_t crashes;
	uint64_t biting;
	struct deeds deeds;
};

/* Assertions that fail in the engine are violations too. */
void episode_run(const struct plan *plan, bool is_verbose,
		 struct result *result);

/* Leaves out of ${plan} what isn't needed for the violation of ${result};
 * returns how many runs that took. */
unsigned plan_reduce(struct plan *plan, struct result *result);

/* The seed that is being run, for whoever dies. */
uint64_t episode_seed(void);

#endif
