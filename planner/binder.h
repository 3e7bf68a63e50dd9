/* SPDX-License-Identifier: MIT
 *
 * What all binding shares: where a statement's parts go while they get their
 * meaning, how a term is bound, and how a mistake is told at its place.
 * binder.c and bind_term.c know no statements; the statements' files know
 * them. */
#ifndef PLANNER_BINDER_H
#define PLANNER_BINDER_H

#include "planner/plan.h"

/* What goes down while a statement is bound. */
struct binder {
	struct logstor_session *session;
	struct arena *arena; /* the plan's */
	struct plan *plan;
	struct table *table; /* NULL until it is known */
	bool has_row;        /* terms may name columns: selectors */
	struct error *error;
};

/* Who gets a term's value: decides what a literal means, names markers and
 * stands in messages. */
struct receiver {
	struct slice name;
	const struct type *type;   /* NULL: nobody knows (selectors) */
	int32_t key_part;          /* of the key, or -1 */
	/* An element of the collection that ${collection} receives: "value"
	 * or "key". */
	const char *element;
	const struct receiver *collection;
};

/* ---- terms (bind_term.c; calls are terms of terms: bind_call.c) ---- */

MUST_CHECK int bind_term(struct binder *binder, const struct ast_term *term,
			 const struct receiver *receiver,
			 struct expression **expression);
MUST_CHECK int bind_call(struct binder *binder, const struct ast_term *term,
			 const struct receiver *receiver,
			 struct expression **expression);
/* token(…) of a key made of ${arguments}. */
MUST_CHECK int bind_token(struct binder *binder, const struct ast_term *term,
			  struct expression **expression);

/* May a value of ${from} be stored where ${to} is expected, as it is? */
bool bind_is_assignable(const struct type *from, const struct type *to);

/* A zeroed expression; NULL after an error. */
struct expression *bind_new_expression(struct binder *binder,
				       enum expression_kind kind,
				       const struct type *type,
				       struct ast_place place);

struct receiver receiver_of_column(const struct column *column);

/* ---- results that come from no table ---- */

struct fixed_column {
	const char *name;
	enum type_kind kind; /* a native one */
};

/* Makes them the plan's columns. */
MUST_CHECK int bind_fixed_columns(struct binder *binder,
				  const struct fixed_column *columns,
				  uint32_t count);

/* ---- messages ---- */

#define bind_error_at(binder, place, ...)                                \
	error_at((binder)->error, ERROR_INVALID, (place).start,          \
		 (place).size, __VA_ARGS__)

/* `… is not supported` */
#define bind_unsupported(binder, place, what)                            \
	bind_error_at(binder, place, "%s is not supported", what)

/* Gives an error that a lower layer raised the term's place. */
int bind_place_error(struct binder *binder, int result,
		     struct ast_place place);

/* An unknown column: ${format} has one %.*s for its name. */
enum bind_column_message { BIND_UNRECOGNIZED_NAME, BIND_UNKNOWN_IDENTIFIER };
MUST_CHECK int bind_column(struct binder *binder, const struct ast_name *name,
			   enum bind_column_message message,
			   const struct column **column);

#endif
