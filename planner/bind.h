/* SPDX-License-Identifier: MIT
 *
 * From AST to plan: names and types get their meaning, and what CQL forbids is
 * refused with CQL's words and the place where it stands.  bind_statement is
 * the door; a file for each kind of statement does its part. */
#ifndef PLANNER_BIND_H
#define PLANNER_BIND_H

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

/* Binds any statement into ${plan}, which is zeroed and has its markers
 * allocated.  The plan then holds a reference on its table (plan_release). */
MUST_CHECK int bind_statement(struct logstor_session *session,
			      const struct ast_statement *statement,
			      struct arena *arena, struct plan *plan,
			      struct error *error);
void plan_release(struct plan *plan);

/* One kind each. */
MUST_CHECK int bind_select(struct binder *binder,
			   const struct ast_select *select);
MUST_CHECK int bind_insert(struct binder *binder,
			   const struct ast_insert *insert);
MUST_CHECK int bind_delete(struct binder *binder,
			   const struct ast_delete *delete);

/* ---- terms (bind_term.c, bind_call.c) ---- */

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

/* USING TIMEOUT: accepted, since nothing here waits for other machines. */
MUST_CHECK int bind_timeout(struct binder *binder,
			    const struct ast_using *using);

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
