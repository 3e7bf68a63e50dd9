/* SPDX-License-Identifier: MIT
 *
 * COMPACT: separates everything and frees what is dead; then one row that says
 * what it won. */
#ifndef PLANNER_COMPACT_H
#define PLANNER_COMPACT_H

#include "planner/binder.h"

enum { COMPACT_COLUMN_COUNT = 7 };

struct execute_compact {
	struct logstor_session *session;
	struct engine_statistics before;
	bool is_begun; /* and counted in database->compact_count */
	bool is_done; /* the row was shown */
	uint8_t numbers[COMPACT_COLUMN_COUNT][8];
	struct slice values[COMPACT_COLUMN_COUNT];
};

MUST_CHECK int compact_bind(struct binder *binder);

MUST_CHECK int execute_compact_begin(struct execute_compact *compact,
				     struct logstor_session *session,
				     struct error *error);
/* 0 with the row in compact->values; ENGINE_PENDING, ENGINE_END or
 * negative. */
MUST_CHECK int execute_compact_next(struct execute_compact *compact,
				    struct error *error);
/* Ends the work, unless another statement waits for it too: what was moved
 * stays moved. */
void execute_compact_finish(struct execute_compact *compact);

#endif
