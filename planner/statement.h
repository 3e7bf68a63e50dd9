/* SPDX-License-Identifier: MIT
 *
 * What logstor_prepare hands out: a text with its plan, the values bound to
 * it, and at most one execution.  A finalized statement is kept by its
 * session and used again, with its memory, so that a script of statements
 * costs few allocations. */
#ifndef PLANNER_STATEMENT_H
#define PLANNER_STATEMENT_H

#include "planner/bind.h"
#include "planner/check.h"
#include "planner/compact.h"
#include "planner/execute_read.h"
#include "planner/execute_write.h"
#include "planner/row_page.h"
#include "planner/schema.h"

/* Rows that were made at once and come out one by one. */
struct statement_rows {
	struct row_list list;
	const struct row_list_row *next;
};

/* A change of the schema and its commit. */
struct statement_schema {
	struct execute_schema_state state;
	uint64_t lsn;
	bool is_done; /* visible; only the commit is left */
};

/* NUL-terminated copies for the API, made when asked for. */
struct statement_name {
	const char *name;
	const char *type;
	const char *keyspace;
	const char *table;
};

struct logstor_statement {
	struct logstor_session *session;
	struct logstor_statement *next_spare;

	struct buffer text;       /* this statement's alone */
	struct buffer keyspace;   /* in use when it was prepared */
	struct arena plan_arena;  /* AST, plan, names */
	struct plan *plan;
	uint64_t metadata_version;
	struct statement_name *column_names; /* NULL until asked for */
	struct statement_name *marker_names;

	struct binding *bindings;
	uint32_t binding_capacity;
	int64_t timestamp_us;     /* INT64_MIN: the clock's */

	uint32_t page_rows;
	struct buffer page_state; /* in: where to begin; empty: at the start */
	struct buffer next_state; /* out: where the next page begins */

	/* The execution. */
	bool is_running;
	bool has_row;
	unsigned interrupts_seen;
	struct arena arena;       /* the execution's */
	struct arena row_arena;   /* the current row's */
	struct evaluation evaluation;
	const struct slice *values; /* of the current row */
	uint32_t value_count;
	uint64_t rows_done;
	struct row_page page;
	union {
		struct execute_read read;
		struct execute_write write;
		struct statement_schema schema;
		struct statement_rows rows;
		struct execute_check check;
		struct execute_compact compact;
	} as;
};

/* Name and type of a marker, for the API. */
const struct statement_name *
statement_marker_strings(const struct logstor_statement *statement,
			 uint32_t index);

/* The plan's text: what error positions count from. */
static inline struct slice
statement_text(const struct logstor_statement *statement)
{
	return buffer_slice(&statement->text);
}

#endif
