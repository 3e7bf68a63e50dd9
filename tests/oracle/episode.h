/* SPDX-License-Identifier: MIT
 *
 * An episode: a few hundred operations from one seed on a database of its
 * own, so that a failure can be repeated and made small. */
#ifndef TESTS_ORACLE_EPISODE_H
#define TESTS_ORACLE_EPISODE_H

#include "tests/oracle/model.h"
#include "tests/oracle/subject.h"

enum { EPISODE_OPERATIONS = 500 };

struct episode {
	uint64_t seed;
	struct arena arena;
	struct subject_options options;
	struct operation *operations[EPISODE_OPERATIONS];
	size_t count;
};

struct failure {
	size_t index; /* of the last operation that ran */
	struct buffer why;
	struct result expected, actual;
};

void episode_make(struct episode *episode, uint64_t seed);
void episode_finish(struct episode *episode);

/* Runs operations on both sides, in the directory ${path}; ends at the first
 * answer that differs (true, and ${failure} tells), and without a verdict where
 * an operation lasted from one second into the next.  Operations whose table
 * isn't there, because those that made it were left out, are left out too. */
bool episode_run(const struct episode *episode, struct model *model,
		 const char *path, struct failure *failure);
void failure_finish(struct failure *failure);

/* Leaves out operations as long as it still fails. */
void episode_reduce(struct episode *episode, struct model *model,
		    const char *path, struct failure *failure);

/* Prints operations and failure as a script. */
void episode_print(const struct episode *episode,
		   const struct failure *failure, struct buffer *out);

#endif
