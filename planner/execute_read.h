/* SPDX-License-Identifier: MIT
 *
 * Runs a SELECT: rows from a row_source, decoded, selected from, counted,
 * limited and cut into pages.  A state machine: whenever the engine must
 * wait it returns, and goes on where it stood. */
#ifndef PLANNER_EXECUTE_READ_H
#define PLANNER_EXECUTE_READ_H

#include "planner/row_source.h"

struct execute_read {
	struct logstor_session *session;
	const struct plan *plan;
	struct evaluation *evaluation; /* its arena is one row's, its
					  once_arena the execution's */
	struct row_source source;

	/* The current row, decoded, and what was selected of it. */
	const struct row_shape *shape;
	struct slice *key_parts;
	struct slice *values;
	struct expression_row row;
	struct slice *results; /* one for each result column */

	uint64_t rows_left;    /* by LIMIT; UINT64_MAX: all */
	uint64_t rows_done;
	uint64_t count;        /* aggregates: rows so far */
	bool is_done;

	/* Paging. */
	uint32_t page_rows;    /* 0: everything at once */
	uint32_t page_left;
	uint64_t fingerprint;
	struct buffer *page_state; /* where the next page begins; empty:
				      nowhere */
};

struct execute_read_page {
	uint32_t rows;             /* 0: no paging */
	struct slice state;        /* null: from the start */
	uint64_t fingerprint;
	struct buffer *next_state; /* set when there are more rows */
};

/* Evaluates keys, bounds and LIMIT.  execute_read_finish may follow at any
 * moment. */
MUST_CHECK int execute_read_begin(struct execute_read *read,
				  struct logstor_session *session,
				  const struct plan *plan,
				  struct evaluation *evaluation,
				  const struct execute_read_page *page,
				  struct error *error);

/* 0 with a row in read->results, borrowed until the next call; or
 * ENGINE_PENDING, ENGINE_END, negative. */
MUST_CHECK int execute_read_next(struct execute_read *read,
				 struct error *error);

void execute_read_finish(struct execute_read *read);

#endif
