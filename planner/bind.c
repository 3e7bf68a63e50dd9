/* SPDX-License-Identifier: MIT */
#include "planner/bind.h"

#include "planner/bind_modify.h"
#include "planner/bind_select.h"
#include "planner/check.h"
#include "planner/compact.h"
#include "planner/explain.h"
#include "planner/schema.h"
#include "planner/storage_report.h"

static int
prepare_markers(struct binder *binder, const struct ast_statement *statement)
{
	struct plan *plan = binder->plan;

	plan->marker_count = statement->marker_count;
	if (plan->marker_count == 0)
		return 0;
	plan->markers = arena_new_array(binder->arena, struct marker,
					plan->marker_count);
	return plan->markers == NULL ? error_no_memory(binder->error) : 0;
}

/* A marker in a place where no value is read would be one that nobody can
 * bind. */
static int
check_markers(struct binder *binder, const struct ast_statement *statement)
{
	for (uint32_t i = 0; i < binder->plan->marker_count; i++) {
		if (binder->plan->markers[i].type == NULL)
			return bind_error_at(binder, statement->place,
					     "marker %u stands where no value "
					     "can be bound",
					     i + 1);
	}
	return 0;
}

static const char *
unsupported_statement(enum ast_statement_kind kind)
{
	switch (kind) {
	case AST_UPDATE:
		return "UPDATE";
	case AST_BATCH:
		return "BATCH";
	default:
		return "this statement";
	}
}

static int
bind_explain(struct binder *binder, const struct ast_statement *statement)
{
	const struct ast_statement *inner = statement->as.explain.statement;
	struct plan *explained = arena_new(binder->arena, struct plan);
	int result;

	if (statement->as.explain.is_analyze)
		return bind_unsupported(binder, statement->verb,
					"EXPLAIN ANALYZE");
	if (explained == NULL)
		return error_no_memory(binder->error);
	result = bind_statement(binder->session, inner, binder->arena,
				explained, binder->error);
	if (result == 0 && explained->kind != PLAN_SELECT &&
	    explained->kind != PLAN_INSERT && explained->kind != PLAN_DELETE)
		result = bind_unsupported(binder, inner->verb,
					  "EXPLAIN of this statement");
	if (result < 0) {
		plan_release(explained);
		return result;
	}
	binder->plan->kind = PLAN_EXPLAIN;
	binder->plan->as.explained = explained;
	binder->plan->markers = explained->markers;
	binder->plan->marker_count = explained->marker_count;
	return explain_bind_columns(binder);
}

static int
bind_any(struct binder *binder, const struct ast_statement *statement)
{
	struct slice what;

	switch (statement->kind) {
	case AST_SELECT:
		return bind_select(binder, &statement->as.select,
				   statement->verb);
	case AST_INSERT:
		return bind_insert(binder, &statement->as.insert);
	case AST_DELETE:
		return bind_delete(binder, &statement->as.delete);
	case AST_UPDATE:
	case AST_BATCH:
		return bind_unsupported(
			binder, statement->verb,
			unsupported_statement(statement->kind));
	case AST_DESCRIBE:
		return bind_describe(binder->session, statement, binder->arena,
				     binder->plan, binder->error);
	case AST_EXPLAIN:
		return bind_explain(binder, statement);
	case AST_CHECK:
		return check_bind(binder);
	case AST_COMPACT:
		return compact_bind(binder);
	case AST_SHOW_STORAGE:
		return storage_report_bind(binder);
	case AST_UNSUPPORTED:
		what = statement->as.unsupported.what;
		return bind_error_at(binder, statement->as.unsupported.place,
				     "%.*s is not supported",
				     SLICE_ARGUMENTS(what));
	default:
		return bind_schema(binder->session, statement, binder->arena,
				   binder->plan, binder->error);
	}
}

int
bind_statement(struct logstor_session *session,
	       const struct ast_statement *statement, struct arena *arena,
	       struct plan *plan, struct error *error)
{
	struct binder binder = { .session = session,
				 .arena = arena,
				 .plan = plan,
				 .error = error };
	int result = prepare_markers(&binder, statement);

	if (result < 0)
		return result;
	plan->catalog_version = session->database->catalog.version;
	plan->statement = statement;
	result = bind_any(&binder, statement);
	if (result == 0)
		result = check_markers(&binder, statement);
	if (result == 0 && arena->has_failed)
		result = error_no_memory(error);
	if (result < 0)
		plan_release(plan);
	return result;
}

void
plan_release(struct plan *plan)
{
	if (plan->kind == PLAN_EXPLAIN && plan->as.explained != NULL)
		plan_release(plan->as.explained);
	table_release(plan->table);
	plan->table = NULL;
}
