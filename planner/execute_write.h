/* SPDX-License-Identifier: MIT
 *
 * Runs a modification: makes keys and rows, settles conflicts, decides
 * conditions, writes, waits until it is durable.  A state machine like
 * execute_read. */
#ifndef PLANNER_EXECUTE_WRITE_H
#define PLANNER_EXECUTE_WRITE_H

#include "planner/plan.h"

enum execute_write_phase {
	EXECUTE_WRITE_TRY,    /* look at the row that is there, and write */
	EXECUTE_WRITE_READ,   /* the row that is there must be read first */
	EXECUTE_WRITE_COMMIT, /* written, or decided: wait until durable */
	EXECUTE_WRITE_ANSWER, /* [applied] has to be told */
	EXECUTE_WRITE_END
};

struct execute_write {
	struct logstor_session *session;
	const struct plan *plan;
	const struct evaluation *evaluation;
	enum execute_write_phase phase;
	bool is_deferred;

	struct engine_write *writes;
	size_t write_count;
	struct engine_write one;
	uint8_t flags;        /* of the row to insert */
	struct slice *values; /* of it, by slot */

	struct engine_read read;
	struct engine_row row;
	uint64_t tie_count;   /* of the database, when the read began */
	uint64_t lsn;         /* what must be committed */

	/* The answer of a conditional statement. */
	bool is_applied;
	struct slice *results;
	uint32_t result_count; /* columns of the answer: 1, or all */
};

/* Evaluates everything; nothing is written yet. ${timestamp_us} is the one
 * that the caller of the API gave, or INT64_MIN. */
MUST_CHECK int execute_write_begin(struct execute_write *write,
				   struct logstor_session *session,
				   const struct plan *plan,
				   const struct evaluation *evaluation,
				   int64_t timestamp_us, bool is_deferred,
				   struct error *error);

/* 0 with an answer in write->results (conditional statements, once);
 * ENGINE_PENDING, ENGINE_END or negative. */
MUST_CHECK int execute_write_step(struct execute_write *write,
				  struct error *error);

void execute_write_finish(struct execute_write *write);

#endif
