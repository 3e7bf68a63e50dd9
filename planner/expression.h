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
#include "types/type.h"

enum expression_kind {
	EXPRESSION_CONSTANT,   /* bytes; null slice: null */
	EXPRESSION_MARKER,
	EXPRESSION_COLUMN,     /* of the row */
	EXPRESSION_CALL,       /* a function over arguments */
	EXPRESSION_COLLECTION, /* list, set, map, tuple of arguments */
	EXPRESSION_TOKEN,      /* token(key columns) of the row or arguments */
	EXPRESSION_WRITETIME,
	EXPRESSION_TTL,
	EXPRESSION_COUNT       /* count(*), count(1) */
};

struct function; /* planner/function.h: one row of the function table */

struct expression {
	enum expression_kind kind;
	const struct type *type;
	struct ast_place place;          /* for errors at evaluation */
	struct slice constant;
	uint32_t marker;                 /* index */
	const struct column *column;
	const struct function *function;
	struct expression **arguments;
	uint32_t argument_count;
};

#endif
