/* SPDX-License-Identifier: MIT */
#include "planner/binder.h"

#include "planner/function.h"
#include "planner/suggestion.h"

#include <stdio.h>

static uint32_t
count_terms(const struct ast_term *term)
{
	uint32_t count = 0;

	for (; term != NULL; term = term->next)
		count++;
	return count;
}

static bool
is_named(const struct ast_term *call, const char *name)
{
	return slice_is_equal_ignoring_case(call->as.call.function.name.text,
					    slice_from_string(name));
}

static int
refuse_arity(struct binder *binder, const struct ast_term *term,
	     const char *name, uint32_t expected, uint32_t count)
{
	return bind_error_at(binder, term->place,
			     "Invalid number of arguments in call to function "
			     "system.%s: %u required but %u provided",
			     name, expected, count);
}

static int
refuse_unknown(struct binder *binder, const struct ast_term *term)
{
	const struct ast_qualified_name *name = &term->as.call.function;
	struct suggestion suggestion = suggestion_make(name->name.text);
	bool is_qualified = !slice_is_null(name->keyspace.text);
	int result;

	if (!is_qualified && function_is_known(name->name.text))
		return bind_error_at(binder, name->name.place,
				     "function %.*s is not supported",
				     SLICE_ARGUMENTS(name->name.text));
	result = bind_error_at(binder, name->name.place,
			       "Unknown function %.*s%s%.*s called",
			       (int)name->keyspace.text.size,
			       is_qualified ?
				       (const char *)name->keyspace.text.data :
				       "",
			       is_qualified ? "." : "",
			       SLICE_ARGUMENTS(name->name.text));
	for (size_t i = 0; function_name_at(i) != NULL; i++)
		suggestion_offer(&suggestion,
				 slice_from_string(function_name_at(i)));
	(void)suggestion_hint(&suggestion, binder->error);
	return result;
}

static bool
arguments_are_key(const struct binder *binder,
		  struct expression *const *arguments)
{
	for (uint32_t i = 0; i < binder->table->key_count; i++) {
		if (arguments[i]->kind != EXPRESSION_COLUMN ||
		    arguments[i]->column != &binder->table->columns[i])
			return false;
	}
	return true;
}

int
bind_token(struct binder *binder, const struct ast_term *term,
	   struct expression **expression)
{
	const struct ast_term *argument = term->as.call.arguments;
	uint32_t count = count_terms(argument);
	struct expression *token;

	if (count != binder->table->key_count)
		return refuse_arity(binder, term, "token",
				    binder->table->key_count, count);
	token = bind_new_expression(binder, EXPRESSION_TOKEN,
				    type_native(TYPE_BIGINT), term->place);
	if (token == NULL)
		return -ERROR_FULL;
	token->table = binder->table;
	token->arguments = arena_new_array(binder->arena, struct expression *,
					   count);
	if (token->arguments == NULL)
		return error_no_memory(binder->error);
	for (uint32_t i = 0; i < count; i++, argument = argument->next) {
		struct receiver receiver =
			receiver_of_column(&binder->table->columns[i]);
		int result;

		receiver.key_part = -1;
		result = bind_term(binder, argument, &receiver,
				   &token->arguments[i]);
		if (result < 0)
			return result;
	}
	/* The row's own token needs no arguments. */
	if (!binder->has_row || !arguments_are_key(binder, token->arguments))
		token->argument_count = count;
	*expression = token;
	return 0;
}

/* writetime(c), ttl(c) */
static int
bind_attribute(struct binder *binder, const struct ast_term *term,
	       enum expression_kind kind, struct expression **expression)
{
	bool is_ttl = kind == EXPRESSION_TTL;
	const struct ast_term *argument = term->as.call.arguments;
	uint32_t count = count_terms(argument);
	const struct column *column;
	int result;

	if (count != 1)
		return refuse_arity(binder, term,
				    is_ttl ? "ttl" : "writetime", 1, count);
	if (binder->has_row && (argument->kind == AST_SUBSCRIPT ||
				argument->kind == AST_SLICE))
		return bind_unsupported(binder, term->place,
					"writetime or ttl of an element");
	if (!binder->has_row || argument->kind != AST_PATH)
		return bind_error_at(binder, term->place,
				     "%s takes the name of a column",
				     is_ttl ? "ttl" : "writetime");
	result = bind_column(binder, &argument->as.path->name,
			     BIND_UNRECOGNIZED_NAME, &column);
	if (result < 0)
		return result;
	if (argument->as.path->next != NULL)
		return bind_unsupported(binder, term->place,
					"writetime or ttl of a field");
	if (column->kind == COLUMN_KEY)
		return bind_error_at(binder, argument->place,
				     "Cannot use selection function %s on "
				     "PRIMARY KEY part %.*s",
				     is_ttl ? "ttl" : "writeTime",
				     SLICE_ARGUMENTS(column->name));
	*expression = bind_new_expression(
		binder, kind, type_native(is_ttl ? TYPE_INT : TYPE_BIGINT),
		term->place);
	if (*expression == NULL)
		return -ERROR_FULL;
	(*expression)->column = column;
	return 0;
}

/* count(*) and count(1); whether an aggregate may stand here is the select's
 * business. */
static int
bind_count(struct binder *binder, const struct ast_term *term,
	   struct expression **expression)
{
	const struct ast_term *argument = term->as.call.arguments;
	uint32_t count = count_terms(argument);

	if (!term->as.call.has_star) {
		if (count != 1)
			return refuse_arity(binder, term, "count", 1, count);
		if (argument->kind != AST_CONSTANT)
			return bind_unsupported(binder, term->place,
						"count of a column");
	}
	if (!binder->has_row)
		return bind_error_at(binder, term->place,
				     "aggregate functions are not allowed "
				     "here");
	*expression = bind_new_expression(binder, EXPRESSION_COUNT,
					  type_native(TYPE_BIGINT),
					  term->place);
	return *expression == NULL ? -ERROR_FULL : 0;
}

static struct receiver
argument_receiver(const struct function *function, uint32_t index,
		  char *name, size_t size)
{
	snprintf(name, size, "arg%u(system.%s)", index, function->name);
	return (struct receiver){
		.name = slice_from_string(name),
		.type = type_native(function->arguments[index]),
		.key_part = -1,
	};
}

/* Does the term say its own type, or does it take its receiver's? */
static bool
has_own_type(const struct ast_term *term)
{
	return term->kind != AST_CONSTANT && term->kind != AST_NULL;
}

static int
bind_argument(struct binder *binder, const struct ast_term *term,
	      const struct function *function, uint32_t index,
	      struct expression **argument)
{
	char name[64];
	struct receiver receiver = argument_receiver(function, index, name,
						     sizeof(name));

	receiver.name = arena_copy(binder->arena, receiver.name);
	return bind_term(binder, term, &receiver, argument);
}

/* ${given} (may be NULL) are arguments that are bound already. */
static int
bind_signature(struct binder *binder, const struct ast_term *term,
	       const struct function *function, struct expression **given,
	       struct expression **expression)
{
	const struct ast_term *argument = term->as.call.arguments;
	struct expression *call =
		bind_new_expression(binder, EXPRESSION_CALL,
				    type_native(function->result),
				    term->place);

	if (call == NULL)
		return -ERROR_FULL;
	call->function = function;
	call->argument_count = function->argument_count;
	call->arguments = arena_new_array(binder->arena, struct expression *,
					  function->argument_count + 1);
	if (call->arguments == NULL)
		return error_no_memory(binder->error);
	for (uint32_t i = 0; i < function->argument_count;
	     i++, argument = argument->next) {
		int result;

		if (given != NULL && given[i] != NULL) {
			call->arguments[i] = given[i];
			continue;
		}
		result = bind_argument(binder, argument, function, i,
				       &call->arguments[i]);
		if (result < 0)
			return result;
	}
	if (!function->is_pure)
		call->once = binder->plan->once_count++;
	*expression = call;
	return 0;
}

/* Do the arguments fit?  A constant is tried, and what is wrong with it isn't
 * told: the message would be about a signature that nobody asked for. */
static bool
signature_fits(struct binder *binder, const struct ast_term *term,
	       const struct function *function, struct expression **given)
{
	const struct ast_term *argument = term->as.call.arguments;
	struct binder trial = *binder;

	trial.error = NULL;
	for (uint32_t i = 0; i < function->argument_count;
	     i++, argument = argument->next) {
		const struct type *wanted =
			type_native(function->arguments[i]);
		struct expression *ignored;

		if (given[i] != NULL) {
			if (!bind_is_assignable(given[i]->type, wanted))
				return false;
		} else if (bind_argument(&trial, argument, function, i,
					 &ignored) < 0) {
			return false;
		}
	}
	return true;
}

/* Which of several signatures is meant: the one that the arguments fit.
 * Arguments with a type of their own are bound once, before the choice. */
static int
choose_signature(struct binder *binder, const struct ast_term *term,
		 struct expression **given, const struct function **chosen)
{
	struct slice name = term->as.call.function.name.text;
	uint32_t fitting_count = 0;

	for (const struct function *function = function_find(name, NULL);
	     function != NULL; function = function_find(name, function)) {
		if (!signature_fits(binder, term, function, given))
			continue;
		*chosen = function;
		fitting_count++;
	}
	if (fitting_count > 1)
		return bind_error_at(binder, term->place,
				     "Ambiguous call to function %.*s: use "
				     "type casts to disambiguate",
				     SLICE_ARGUMENTS(name));
	if (fitting_count == 0)
		return bind_error_at(binder, term->place,
				     "Invalid call to function %.*s, none of "
				     "its type signatures match",
				     SLICE_ARGUMENTS(name));
	return 0;
}

static int
bind_overloaded(struct binder *binder, const struct ast_term *term,
		struct expression **expression)
{
	static const struct receiver nobody = { .key_part = -1 };
	const struct ast_term *argument = term->as.call.arguments;
	struct expression *given[FUNCTION_ARGUMENTS_MAX] = { NULL };
	const struct function *function = NULL;
	int result;

	for (uint32_t i = 0; argument != NULL;
	     i++, argument = argument->next) {
		if (!has_own_type(argument))
			continue;
		result = bind_term(binder, argument, &nobody, &given[i]);
		if (result < 0)
			return result;
	}
	result = choose_signature(binder, term, given, &function);
	if (result < 0)
		return result;
	return bind_signature(binder, term, function, given, expression);
}

/* Signatures of one name have one number of arguments, so far. */
static int
bind_function(struct binder *binder, const struct ast_term *term,
	      struct expression **expression)
{
	struct slice name = term->as.call.function.name.text;
	const struct function *function = function_find(name, NULL);
	uint32_t count = count_terms(term->as.call.arguments);

	if (function == NULL)
		return refuse_unknown(binder, term);
	if (term->as.call.has_star || count != function->argument_count)
		return refuse_arity(binder, term, function->name,
				    function->argument_count, count);
	if (function_find(name, function) != NULL)
		return bind_overloaded(binder, term, expression);
	return bind_signature(binder, term, function, NULL, expression);
}

int
bind_call(struct binder *binder, const struct ast_term *term,
	  const struct receiver *receiver, struct expression **expression)
{
	struct slice keyspace = term->as.call.function.keyspace.text;

	(void)receiver; /* no native function is chosen by its result */
	if (!slice_is_null(keyspace) &&
	    !slice_is_equal(keyspace, SLICE("system")))
		return refuse_unknown(binder, term);
	if (is_named(term, "token"))
		return bind_token(binder, term, expression);
	if (is_named(term, "writetime"))
		return bind_attribute(binder, term, EXPRESSION_WRITETIME,
				      expression);
	if (is_named(term, "ttl"))
		return bind_attribute(binder, term, EXPRESSION_TTL,
				      expression);
	if (is_named(term, "count"))
		return bind_count(binder, term, expression);
	return bind_function(binder, term, expression);
}
