/* SPDX-License-Identifier: MIT
 *
 * CHECK: reads the whole database and tells what doesn't fit, a row for each
 * fault as it is found.  No row: it is sound. */
#ifndef PLANNER_CHECK_H
#define PLANNER_CHECK_H

#include "planner/binder.h"

enum { CHECK_COLUMN_COUNT = 3 };

struct execute_check {
	struct logstor_session *session;
	struct engine_check *check;
	uint8_t offset[8];
	struct slice values[CHECK_COLUMN_COUNT]; /* of the current row */
};

MUST_CHECK int check_bind(struct binder *binder);

MUST_CHECK int execute_check_begin(struct execute_check *check,
				   struct logstor_session *session,
				   struct error *error);
/* 0 with a row in check->values, borrowed until the next call;
 * ENGINE_PENDING, ENGINE_END or negative. */
MUST_CHECK int execute_check_next(struct execute_check *check,
				  struct error *error);
void execute_check_finish(struct execute_check *check);

#endif
