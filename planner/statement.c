/* SPDX-License-Identifier: MIT */
#include "planner/statement.h"

#include "planner/explain.h"
#include "planner/paging.h"
#include "planner/prepare.h"
#include "planner/storage_report.h"

#include <assert.h>
#include <stdlib.h>

enum {
	SPARE_MAX = 4,
	/* Memory that a spare statement may keep. */
	SPARE_TEXT_MAX = 64 << 10,
	SPARE_BINDINGS_MAX = 256
};

/* ---- life ---- */

static void
destroy(struct logstor_statement *statement)
{
	for (uint32_t i = 0; i < statement->binding_capacity; i++)
		free(statement->bindings[i].heap);
	free(statement->bindings);
	buffer_finish(&statement->text);
	buffer_finish(&statement->keyspace);
	buffer_finish(&statement->page_state);
	buffer_finish(&statement->next_state);
	arena_finish(&statement->plan_arena);
	arena_finish(&statement->arena);
	arena_finish(&statement->row_arena);
	free(statement);
}

static void
destroy_spare(struct logstor_session *session)
{
	while (session->spare != NULL) {
		struct logstor_statement *statement = session->spare;

		session->spare = statement->next_spare;
		destroy(statement);
	}
	session->spare_count = 0;
}

static struct logstor_statement *
take(struct logstor_session *session)
{
	struct logstor_statement *statement = session->spare;

	if (statement != NULL) {
		session->spare = statement->next_spare;
		session->spare_count--;
	} else {
		statement = calloc(1, sizeof(*statement));
		if (statement == NULL)
			return NULL;
		statement->session = session;
	}
	statement->plan = NULL;
	statement->metadata_version = 1;
	statement->column_names = NULL;
	statement->marker_names = NULL;
	statement->timestamp_us = INT64_MIN;
	statement->page_rows = 0;
	buffer_clear(&statement->page_state);
	buffer_clear(&statement->next_state);
	session->statement_count++;
	return statement;
}

static void
finish_execution(struct logstor_statement *statement)
{
	if (!statement->is_running)
		return;
	statement->is_running = false;
	statement->has_row = false;
	switch (statement->plan->kind) {
	case PLAN_SELECT:
		execute_read_finish(&statement->as.read);
		break;
	case PLAN_INSERT:
	case PLAN_DELETE:
		execute_write_finish(&statement->as.write);
		break;
	case PLAN_SCHEMA:
		execute_schema_finish(&statement->as.schema.state);
		break;
	case PLAN_CHECK:
		execute_check_finish(&statement->as.check);
		break;
	case PLAN_COMPACT:
		execute_compact_finish(&statement->as.compact);
		break;
	default:
		break;
	}
}

/* Gives a statement back to its session, which keeps a few small ones. */
static void
put_back(struct logstor_statement *statement)
{
	struct logstor_session *session = statement->session;
	bool is_small = statement->text.capacity <= SPARE_TEXT_MAX &&
			statement->page_state.capacity <= SPARE_TEXT_MAX &&
			statement->next_state.capacity <= SPARE_TEXT_MAX &&
			statement->binding_capacity <= SPARE_BINDINGS_MAX;

	finish_execution(statement);
	if (statement->plan != NULL)
		plan_release(statement->plan);
	session->statement_count--;
	/* A value on the heap is as large as it ever was. */
	for (uint32_t i = 0; i < statement->binding_capacity; i++)
		is_small = is_small &&
			   statement->bindings[i].heap_size <= SPARE_TEXT_MAX;
	if (!is_small || session->is_closed ||
	    session->spare_count == SPARE_MAX) {
		destroy(statement);
		session_release(session);
		return;
	}
	arena_clear(&statement->plan_arena);
	arena_clear(&statement->arena);
	arena_clear(&statement->row_arena);
	statement->next_spare = session->spare;
	session->spare = statement;
	session->spare_count++;
	session->destroy_spare = destroy_spare;
}

void
logstor_finalize(logstor_statement *statement)
{
	if (statement != NULL)
		put_back(statement);
}

/* ---- preparing ---- */

int
logstor_prepare(logstor_session *session, const char *text, ptrdiff_t size,
		logstor_statement **statement, size_t *tail)
{
	struct logstor_statement *prepared;
	struct slice whole;
	size_t end = 0;
	int result;

	if (statement != NULL)
		*statement = NULL;
	if (session == NULL || session->is_closed)
		return LOGSTOR_MISUSE;
	if (text == NULL || statement == NULL || size < -1)
		return session_misuse(session, "prepare needs a text and "
					       "where to put the statement");
	session_begin_call(session);
	whole = slice_make(text, size < 0 ? strlen(text) : (size_t)size);
	prepared = take(session);
	if (prepared == NULL) {
		(void)error_no_memory(&session->error);
		return LOGSTOR_ERROR;
	}
	result = prepare_statement(prepared, whole, &end);
	if (tail != NULL)
		*tail = end;
	if (result < 0 || prepared->plan == NULL)
		put_back(prepared);
	else
		*statement = prepared;
	return result < 0 ? session_fail(session, whole) : LOGSTOR_OK;
}

/* ---- one execution ---- */

static int
begin_evaluation(struct logstor_statement *statement)
{
	struct plan *plan = statement->plan;
	struct logstor_database *database = statement->session->database;
	struct evaluation *evaluation = &statement->evaluation;

	*evaluation = (struct evaluation){
		.database = database,
		.scratch = &statement->session->scratch,
		.arena = plan->kind == PLAN_SELECT ? &statement->row_arena :
						     &statement->arena,
		.once_arena = &statement->arena,
		.bindings = statement->bindings,
		.binding_count = plan->marker_count,
		.markers = plan->markers,
		.table = plan->table,
		.now_s = plan->kind == PLAN_SELECT ?
				 engine_now_s(database->engine) :
				 0,
	};
	if (plan->once_count == 0)
		return 0;
	evaluation->once = arena_new_array(&statement->arena, struct slice,
					   plan->once_count);
	if (evaluation->once == NULL)
		return error_no_memory(&statement->session->error);
	return 0;
}

static int
begin_read(struct logstor_statement *statement)
{
	struct execute_read_page page = {
		.rows = statement->page_rows,
		.next_state = &statement->next_state,
	};
	bool has_state = statement->page_state.size > 0;

	if (has_state)
		page.state = buffer_slice(&statement->page_state);
	if (has_state || page.rows > 0)
		page.fingerprint = paging_fingerprint(
			statement_text(statement), statement->plan->table);
	buffer_clear(&statement->next_state);
	return execute_read_begin(&statement->as.read, statement->session,
				  statement->plan, &statement->evaluation,
				  &page, &statement->session->error);
}

static int
begin_rows(struct logstor_statement *statement)
{
	struct statement_rows *rows = &statement->as.rows;
	struct error *error = &statement->session->error;
	int result;

	rows->list.first = NULL;
	rows->list.last = &rows->list.first;
	if (statement->plan->kind == PLAN_EXPLAIN)
		result = explain_plan(statement->plan->as.explained,
				      &statement->arena, &rows->list, error);
	else
		result = execute_describe(statement->session, statement->plan,
					  &statement->arena, &rows->list,
					  error);
	rows->next = rows->list.first;
	return result;
}

static bool
is_deferred(const struct logstor_session *session)
{
	return session->database->is_deferred || session->is_in_script;
}

static int
begin_plan(struct logstor_statement *statement)
{
	struct logstor_session *session = statement->session;
	struct plan *plan = statement->plan;

	switch (plan->kind) {
	case PLAN_SELECT:
		return begin_read(statement);
	case PLAN_INSERT:
	case PLAN_DELETE:
		return execute_write_begin(&statement->as.write, session, plan,
					   &statement->evaluation,
					   statement->timestamp_us,
					   is_deferred(session),
					   &session->error);
	case PLAN_SCHEMA:
		statement->as.schema = (struct statement_schema){ 0 };
		return 0;
	case PLAN_USE:
		return 0;
	case PLAN_DESCRIBE:
	case PLAN_EXPLAIN:
		return begin_rows(statement);
	case PLAN_SHOW_STORAGE:
		statement->as.rows = (struct statement_rows){ 0 };
		return 0;
	case PLAN_CHECK:
		return execute_check_begin(&statement->as.check, session,
					   &session->error);
	case PLAN_COMPACT:
		return execute_compact_begin(&statement->as.compact, session,
					     &session->error);
	}
	assert(false); /* there is no other kind of plan */
	return 0;
}

static int
begin(struct logstor_statement *statement)
{
	struct logstor_session *session = statement->session;
	struct logstor_database *database = session->database;
	int result;

	/* A script is interrupted as a whole, also between statements. */
	if (!session->is_in_script)
		session->interrupts_seen =
			atomic_load(&database->interrupt_count);
	statement->interrupts_seen = session->interrupts_seen;
	if (statement->plan->catalog_version != database->catalog.version) {
		result = prepare_again(statement);
		if (result < 0)
			return result;
	}
	arena_clear(&statement->arena);
	session->work = (struct engine_progress){ 0 };
	statement->rows_done = 0;
	statement->value_count = statement->plan->column_count;
	result = begin_evaluation(statement);
	if (result < 0)
		return result;
	result = row_page_begin(&statement->page, statement->plan,
				statement_text(statement),
				statement->page_rows,
				buffer_slice(&statement->page_state),
				&statement->next_state, &session->error);
	if (result < 0)
		return result;
	statement->is_running = true;
	return begin_plan(statement);
}

static int
advance_schema(struct logstor_statement *statement)
{
	struct statement_schema *schema = &statement->as.schema;
	struct logstor_session *session = statement->session;
	int result;

	if (!schema->is_done) {
		result = execute_schema(session, statement->plan,
					&schema->state, &schema->lsn,
					&session->error);
		if (result != 0)
			return result;
		schema->is_done = true;
	}
	if (!is_deferred(session) && schema->lsn > 0) {
		result = engine_commit(session->database->engine, schema->lsn,
				       &session->error);
		if (result != 0)
			return result;
	}
	return ENGINE_END;
}

static int
advance_use(struct logstor_statement *statement)
{
	int result = execute_use(statement->session,
				 statement->plan->statement,
				 &statement->session->error);

	return result < 0 ? result : ENGINE_END;
}

static int
advance_write(struct logstor_statement *statement)
{
	int result = execute_write_step(&statement->as.write,
					&statement->session->error);

	if (result == 0) {
		statement->values = statement->as.write.results;
		statement->value_count = statement->as.write.result_count;
	}
	return result;
}

static int
advance_rows(struct logstor_statement *statement)
{
	const struct row_list_row *row = statement->as.rows.next;

	if (row == NULL)
		return ENGINE_END;
	statement->as.rows.next = row->next;
	statement->values = row->values;
	return 0;
}

static int
advance_storage(struct logstor_statement *statement)
{
	struct statement_rows *rows = &statement->as.rows;
	struct logstor_session *session = statement->session;
	int result;

	if (rows->list.first == NULL) {
		result = session_settle(session);
		if (result != 0)
			return result;
		rows->list.last = &rows->list.first;
		result = storage_report_make(session, &statement->arena,
					     &rows->list, &session->error);
		if (result < 0)
			return result;
		rows->next = rows->list.first;
	}
	return advance_rows(statement);
}

/* 0 with a row, ENGINE_PENDING, ENGINE_END or negative. */
static int
advance(struct logstor_statement *statement)
{
	switch (statement->plan->kind) {
	case PLAN_SELECT:
		statement->values = statement->as.read.results;
		return execute_read_next(&statement->as.read,
					 &statement->session->error);
	case PLAN_INSERT:
	case PLAN_DELETE:
		return advance_write(statement);
	case PLAN_SCHEMA:
		return advance_schema(statement);
	case PLAN_USE:
		return advance_use(statement);
	case PLAN_DESCRIBE:
	case PLAN_EXPLAIN:
		return advance_rows(statement);
	case PLAN_SHOW_STORAGE:
		return advance_storage(statement);
	case PLAN_CHECK:
		statement->values = statement->as.check.values;
		return execute_check_next(&statement->as.check,
					  &statement->session->error);
	case PLAN_COMPACT:
		statement->values = statement->as.compact.values;
		return execute_compact_next(&statement->as.compact,
					    &statement->session->error);
	}
	assert(false); /* there is no other kind of plan */
	return ENGINE_END;
}

/* The same, but in blocking mode never ENGINE_PENDING. */
static int
run(struct logstor_statement *statement)
{
	struct logstor_session *session = statement->session;
	int result;

	for (;;) {
		result = advance(statement);
		if (result != ENGINE_PENDING || !session->database->is_blocking)
			return result;
		result = session_wait(session, statement->rows_done,
				      &session->error);
		if (result < 0)
			return result;
	}
}

/* The same, with the rows of the page alone. */
static int
run_page(struct logstor_statement *statement)
{
	for (;;) {
		int result = run(statement);

		if (result != 0)
			return result;
		switch (row_page_take(&statement->page)) {
		case ROW_PAGE_GIVE:
			return 0;
		case ROW_PAGE_FULL:
			return statement->next_state.has_failed ?
				       error_no_memory(
					       &statement->session->error) :
				       ENGINE_END;
		case ROW_PAGE_SKIP:
			break;
		}
	}
}

int
logstor_step(logstor_statement *statement)
{
	struct logstor_session *session;
	int result = 0;

	if (statement == NULL)
		return LOGSTOR_MISUSE;
	session = statement->session;
	session_begin_call(session);
	statement->has_row = false;
	arena_clear(&statement->row_arena);
	if (!statement->is_running) {
		result = begin(statement);
	} else {
		session->interrupts_seen = statement->interrupts_seen;
		result = session_check_interrupt(session, statement->rows_done,
						 &session->error);
	}
	if (result == 0)
		result = run_page(statement);
	if (result == 0) {
		statement->has_row = true;
		statement->rows_done++;
		return LOGSTOR_ROW;
	}
	if (result == ENGINE_PENDING)
		return LOGSTOR_PENDING;
	finish_execution(statement);
	if (result == ENGINE_END)
		return LOGSTOR_DONE;
	return session_fail(session, statement_text(statement));
}

int
logstor_reset(logstor_statement *statement)
{
	if (statement == NULL)
		return LOGSTOR_MISUSE;
	finish_execution(statement);
	return LOGSTOR_OK;
}

/* ---- what it is ---- */

logstor_session *
logstor_statement_session(const logstor_statement *statement)
{
	return statement == NULL ? NULL : statement->session;
}

enum logstor_statement_kind
logstor_statement_kind(const logstor_statement *statement)
{
	static const enum logstor_statement_kind kinds[] = {
		[PLAN_SELECT] = LOGSTOR_STATEMENT_SELECT,
		[PLAN_INSERT] = LOGSTOR_STATEMENT_MODIFY,
		[PLAN_DELETE] = LOGSTOR_STATEMENT_MODIFY,
		[PLAN_SCHEMA] = LOGSTOR_STATEMENT_SCHEMA,
		[PLAN_USE] = LOGSTOR_STATEMENT_USE,
		[PLAN_DESCRIBE] = LOGSTOR_STATEMENT_DESCRIBE,
		[PLAN_EXPLAIN] = LOGSTOR_STATEMENT_SELECT,
		[PLAN_CHECK] = LOGSTOR_STATEMENT_CHECK,
		[PLAN_COMPACT] = LOGSTOR_STATEMENT_COMPACT,
		[PLAN_SHOW_STORAGE] = LOGSTOR_STATEMENT_STORAGE,
	};

	if (statement == NULL)
		return LOGSTOR_STATEMENT_SELECT;
	return kinds[statement->plan->kind];
}

bool
logstor_statement_is_conditional(const logstor_statement *statement)
{
	return statement != NULL && statement->plan->is_conditional;
}

/* ---- settings of executions ---- */

void
logstor_set_timestamp(logstor_statement *statement, int64_t timestamp_us)
{
	if (statement != NULL)
		statement->timestamp_us = timestamp_us;
}

int
logstor_set_page(logstor_statement *statement, uint32_t rows,
		 const void *state, size_t size)
{
	if (statement == NULL)
		return LOGSTOR_MISUSE;
	if (statement->is_running)
		return session_misuse(statement->session,
				      "a running statement's page can't be "
				      "changed: reset it first");
	if (state == NULL && size > 0)
		return session_misuse(statement->session,
				      "a paging state without bytes");
	session_begin_call(statement->session);
	statement->page_rows = rows;
	/* The state given may be the one that came out. */
	if (state != NULL && state == statement->next_state.data) {
		struct buffer kept = statement->page_state;

		statement->page_state = statement->next_state;
		statement->next_state = kept;
		buffer_clear(&statement->next_state);
		return LOGSTOR_OK;
	}
	buffer_clear(&statement->page_state);
	buffer_append(&statement->page_state, state, size);
	if (statement->page_state.has_failed) {
		(void)error_no_memory(&statement->session->error);
		return LOGSTOR_ERROR;
	}
	return LOGSTOR_OK;
}

const void *
logstor_paging_state(const logstor_statement *statement, size_t *size)
{
	size_t state_size = 0;

	/* Until the page has ended, nobody knows whether a row follows. */
	if (statement != NULL && !statement->is_running)
		state_size = statement->next_state.size;
	if (size != NULL)
		*size = state_size;
	return state_size == 0 ? NULL : statement->next_state.data;
}
