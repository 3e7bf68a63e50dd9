/* SPDX-License-Identifier: MIT
 *
 * A term with its meaning bound: what it is made of, and its type.  Constants
 * are folded when the plan is made; the rest is evaluated for each execution
 * (markers, now()) or each row (columns). */
#ifndef PLANNER_EXPRESSION_H
#define PLANNER_EXPRESSION_H

#include "base/arena.h"
#include "base/error.h"
#include "parser/ast.h"
#include "planner/catalog.h"
#include "storage/engine.h"
#include "types/type.h"

struct function; /* planner/function.h: one row of the function table */
struct logstor_database;

enum expression_kind {
	EXPRESSION_CONSTANT,   /* bytes; null slice: null */
	EXPRESSION_MARKER,
	EXPRESSION_COLUMN,     /* of the row */
	EXPRESSION_CALL,       /* a function over arguments */
	EXPRESSION_COLLECTION, /* list, set, map, tuple of arguments */
	EXPRESSION_TOKEN,      /* of the row, or of a key made of arguments */
	EXPRESSION_WRITETIME,  /* of the row, for a column */
	EXPRESSION_TTL,
	EXPRESSION_COUNT       /* count(*), count(1) */
};

struct expression {
	enum expression_kind kind;
	const struct type *type;
	struct ast_place place;          /* for errors at evaluation */
	struct slice constant;
	uint32_t marker;                 /* index */
	uint32_t once;                   /* CALL that isn't pure: its number
					    among those of the plan */
	const struct column *column;
	const struct table *table;       /* TOKEN: whose key arguments make */
	const struct function *function;
	struct expression **arguments;
	uint32_t argument_count;
};

/* What is bound to a marker. */
enum binding_kind {
	BINDING_UNSET = 0,
	BINDING_NULL,
	BINDING_VALUE
};

struct binding {
	enum binding_kind kind;
	struct slice value; /* in small or heap */
	uint8_t small[16];
	uint8_t *heap;
	size_t heap_size;
};

/* The row that columns are read from, decoded. */
struct expression_row {
	const struct slice *key_parts; /* by key position */
	const struct slice *values;    /* by slot of the table's row_shape */
	const struct row_shape *shape;
	const struct engine_row *stored;
};

/* One execution's surroundings. */
struct evaluation {
	struct logstor_database *database;
	struct buffer *scratch;          /* free to use during a call */
	struct arena *arena;             /* where values that are made live */
	struct arena *once_arena;        /* the same for the whole execution */
	const struct binding *bindings;
	uint32_t binding_count;
	const struct marker *markers;    /* their names, for messages */
	struct slice *once;              /* values of calls evaluated once */
	const struct table *table;
	const struct expression_row *row; /* NULL: no columns here */
	uint32_t now_s;                  /* what ttl() counts from */
};

/* Evaluates.  ${value} is null for null; it borrows from the plan, the
 * bindings, the row or evaluation->arena.  EXPRESSION_UNSET: a marker that
 * nothing is bound to. */
enum { EXPRESSION_UNSET = 1 };
MUST_CHECK int expression_evaluate(const struct expression *expression,
				   const struct evaluation *evaluation,
				   struct slice *value, struct error *error);

/* For EXPLAIN and result names: CQL text. */
void expression_print(const struct expression *expression,
		      const struct marker *markers, struct buffer *out);

#endif
