/* SPDX-License-Identifier: MIT */
#include "planner/prepare.h"

#include "parser/parse.h"
#include "parser/split.h"

#include <assert.h>
#include <stdlib.h>

enum {
	/* What is parsed of a long text at first: most statements end there,
	 * and a script isn't copied from each statement to its end. */
	WINDOW_SIZE = 1024
};

/* ---- text to plan ---- */

static int
set_text(struct logstor_statement *statement, struct slice text)
{
	buffer_clear(&statement->text);
	buffer_append_slice(&statement->text, text);
	if (statement->text.has_failed)
		return error_no_memory(&statement->session->error);
	return 0;
}

/* Parses the statement's own text into the arena. */
static int
parse_text(struct logstor_statement *statement, struct ast_statement **ast,
	   size_t *end, struct error *error)
{
	int result;

	*ast = NULL;
	result = parse_statement(statement_text(statement),
				 &statement->plan_arena, ast, end, error);
	if (result == 0 && statement->plan_arena.has_failed)
		return error_no_memory(error);
	return result;
}

/* Copies the first statement of ${whole} and parses the copy. */
static int
parse_first(struct logstor_statement *statement, struct slice whole,
	    struct ast_statement **ast, size_t *end)
{
	struct error *error = &statement->session->error;
	struct slice window = whole;
	size_t start;
	int result;

	if (window.size > WINDOW_SIZE)
		window.size = WINDOW_SIZE;
	result = set_text(statement, window);
	if (result < 0)
		return result;
	result = parse_text(statement, ast, end, error);
	if (window.size == whole.size ||
	    (result == 0 && *ast != NULL && *end < window.size))
		return result;
	/* The window may have cut it: find out where it really ends. */
	session_begin_call(statement->session);
	arena_clear(&statement->plan_arena);
	(void)split_statement(whole, &start, end);
	result = set_text(statement, slice_make(whole.data, *end));
	if (result < 0)
		return result;
	return parse_text(statement, ast, end, error);
}

static int
make_plan(struct logstor_statement *statement, const struct ast_statement *ast)
{
	struct error *error = &statement->session->error;
	struct plan *plan = arena_new(&statement->plan_arena, struct plan);
	int result;

	if (plan == NULL)
		return error_no_memory(error);
	result = bind_statement(statement->session, ast,
				&statement->plan_arena, plan, error);
	if (result == 0)
		statement->plan = plan;
	return result;
}

static int
reserve_bindings(struct logstor_statement *statement)
{
	uint32_t count = statement->plan->marker_count;
	struct binding *bindings;

	if (count > statement->binding_capacity) {
		bindings = realloc(statement->bindings,
				   count * sizeof(*bindings));
		if (bindings == NULL)
			return error_no_memory(&statement->session->error);
		memset(bindings + statement->binding_capacity, 0,
		       (count - statement->binding_capacity) *
			       sizeof(*bindings));
		statement->bindings = bindings;
		statement->binding_capacity = count;
	}
	for (uint32_t i = 0; i < count; i++)
		statement->bindings[i].kind = BINDING_UNSET;
	return 0;
}

static int
remember_keyspace(struct logstor_statement *statement)
{
	buffer_clear(&statement->keyspace);
	buffer_append_slice(&statement->keyspace,
			    buffer_slice(&statement->session->keyspace));
	if (statement->keyspace.has_failed)
		return error_no_memory(&statement->session->error);
	return 0;
}

int
prepare_statement(struct logstor_statement *statement, struct slice whole,
		  size_t *end)
{
	struct ast_statement *ast;
	int result = parse_first(statement, whole, &ast, end);

	if (result < 0 || ast == NULL)
		return result;
	/* What follows in the window is not this statement's. */
	statement->text.size = *end;
	result = make_plan(statement, ast);
	if (result < 0)
		return result;
	result = remember_keyspace(statement);
	if (result < 0)
		return result;
	return reserve_bindings(statement);
}

/* ---- the schema has changed ---- */

static bool
has_same_columns(const struct plan *a, const struct plan *b)
{
	if (a->column_count != b->column_count)
		return false;
	for (uint32_t i = 0; i < a->column_count; i++) {
		if (!slice_is_equal(a->columns[i].name, b->columns[i].name) ||
		    !type_is_equal(a->columns[i].type, b->columns[i].type))
			return false;
	}
	return true;
}

/* A value was encoded for a type: for another one it means nothing. */
static int
keep_bindings(struct logstor_statement *statement, const struct plan *old)
{
	const struct plan *plan = statement->plan;
	int result = 0;

	for (uint32_t i = 0; i < plan->marker_count; i++) {
		if (statement->bindings[i].kind != BINDING_VALUE ||
		    type_is_equal(old->markers[i].type, plan->markers[i].type))
			continue;
		statement->bindings[i].kind = BINDING_UNSET;
		result = error_set(&statement->session->error, ERROR_INVALID,
				   "the schema has changed, and marker %u has "
				   "another type: bind it again",
				   i + 1);
	}
	return result;
}

static void
swap_keyspaces(struct logstor_statement *statement)
{
	struct buffer kept = statement->keyspace;

	statement->keyspace = statement->session->keyspace;
	statement->session->keyspace = kept;
}

int
prepare_again(struct logstor_statement *statement)
{
	struct plan *old_plan = statement->plan;
	struct arena old_arena = statement->plan_arena;
	struct ast_statement *ast;
	size_t end;
	int result;

	statement->plan_arena = (struct arena){ 0 };
	swap_keyspaces(statement);
	result = parse_text(statement, &ast, &end,
			    &statement->session->error);
	assert(result < 0 || ast != NULL);
	if (result == 0)
		result = make_plan(statement, ast);
	swap_keyspaces(statement);
	if (result < 0) {
		arena_finish(&statement->plan_arena);
		statement->plan_arena = old_arena;
		statement->plan = old_plan;
		return result;
	}
	statement->column_names = NULL;
	statement->marker_names = NULL;
	if (!has_same_columns(old_plan, statement->plan))
		statement->metadata_version++;
	result = keep_bindings(statement, old_plan);
	plan_release(old_plan);
	arena_finish(&old_arena);
	return result;
}
