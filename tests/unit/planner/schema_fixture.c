/* SPDX-License-Identifier: MIT */
#include "tests/unit/planner/schema_fixture.h"

#include "planner/catalog_store.h"
#include "planner/table_definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void
assert_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

/* ---- statements ---- */

struct ast_statement *
fixture_parse(const char *text, struct arena *arena)
{
	struct error error = ERROR_INIT;
	struct ast_statement *statement = NULL;
	size_t end;

	if (parse_statement(slice_from_string(text), arena, &statement, &end,
			    &error) < 0)
		fail_msg("%s: %s", text, error.message);
	assert_non_null(statement);
	return statement;
}

int
fixture_build(const char *text, struct table **table, struct error *error)
{
	struct arena arena = { 0 };
	const struct ast_statement *statement = fixture_parse(text, &arena);
	bool has_uuid;
	int result;

	assert_int_equal(statement->kind, AST_CREATE_TABLE);
	result = table_definition_build(&statement->as.create_table, table,
					&has_uuid, error);
	arena_finish(&arena);
	return result;
}

/* ---- a database ---- */

static void
open_engine(struct fixture *fixture)
{
	const struct engine_options options = {
		.segment_size = 16384, .file_segments = 64,
	};
	struct error error = ERROR_INIT;
	struct io *io = NULL;
	int result = fixture->path == NULL ?
			     io_memory_create(&io, &error) :
			     io_sync_create(fixture->path, true, &io, &error);

	if (result == 0)
		result = engine_open(io, &options, &fixture->database.engine,
				     &error);
	if (result == 0)
		result = catalog_store_load(fixture->database.engine,
					    &fixture->database.catalog,
					    &error);
	if (result != 0)
		fail_msg("open: %s", error.message);
}

static void
close_engine(struct fixture *fixture)
{
	struct error error = ERROR_INIT;

	catalog_finish(&fixture->database.catalog);
	fixture->database.catalog = (struct catalog){ 0 };
	if (engine_close(fixture->database.engine, &error) != 0)
		fail_msg("close: %s", error.message);
	fixture->database.engine = NULL;
}

void
fixture_open(struct fixture *fixture, const char *path)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->session.database = &fixture->database;
	if (path != NULL)
		fixture->path = strdup(path);
	open_engine(fixture);
}

void
fixture_close(struct fixture *fixture)
{
	close_engine(fixture);
	buffer_finish(&fixture->session.keyspace);
	free(fixture->path);
}

void
fixture_reopen(struct fixture *fixture)
{
	assert_non_null(fixture->path);
	close_engine(fixture);
	open_engine(fixture);
}

/* ---- running ---- */

static void
wait_for_io(struct fixture *fixture)
{
	struct error error = ERROR_INIT;

	if (engine_poll(fixture->database.engine, -1, &error) < 0)
		fail_msg("poll: %s", error.message);
}

static void
commit(struct fixture *fixture, uint64_t lsn)
{
	struct error error = ERROR_INIT;
	int result;

	while ((result = engine_commit(fixture->database.engine, lsn,
				       &error)) == ENGINE_PENDING)
		wait_for_io(fixture);
	if (result != 0)
		fail_msg("commit: %s", error.message);
}

int
fixture_execute(struct fixture *fixture, const struct plan *plan,
		struct execute_schema_state *state, uint64_t *lsn,
		struct error *error)
{
	int result;

	while ((result = execute_schema(&fixture->session, plan, state, lsn,
					error)) == ENGINE_PENDING)
		wait_for_io(fixture);
	return result;
}

static int
run_plan(struct fixture *fixture, const struct plan *plan,
	 struct error *error)
{
	struct execute_schema_state state = { 0 };
	uint64_t lsn = 0;
	int result;

	if (plan->kind == PLAN_USE)
		return execute_use(&fixture->session, plan->statement, error);
	result = fixture_execute(fixture, plan, &state, &lsn, error);
	execute_schema_finish(&state);
	if (result == 0)
		commit(fixture, lsn);
	return result;
}

int
fixture_run(struct fixture *fixture, const char *text, struct error *error)
{
	struct arena arena = { 0 };
	struct plan plan = { 0 };
	int result = bind_schema(&fixture->session,
				 fixture_parse(text, &arena), &arena, &plan,
				 error);

	if (result == 0)
		result = run_plan(fixture, &plan, error);
	arena_finish(&arena);
	return result;
}

void
fixture_must(struct fixture *fixture, const char *text)
{
	struct error error = ERROR_INIT;

	if (fixture_run(fixture, text, &error) != 0)
		fail_msg("%s: %s", text, error.message);
}

static void
append_rows(const struct row_list *rows, uint32_t column_count,
	    struct buffer *out)
{
	for (const struct row_list_row *row = rows->first; row != NULL;
	     row = row->next) {
		for (uint32_t i = 0; i < column_count; i++) {
			if (i > 0)
				buffer_append_byte(out, '|');
			buffer_append_slice(out, row->values[i]);
		}
		buffer_append_byte(out, '\n');
	}
}

int
fixture_describe(struct fixture *fixture, const char *text,
		 struct buffer *out, struct error *error)
{
	struct arena arena = { 0 };
	struct plan plan = { 0 };
	struct row_list rows = { 0 };
	int result = bind_describe(&fixture->session,
				   fixture_parse(text, &arena), &arena,
				   &plan, error);

	if (result == 0)
		result = execute_describe(&fixture->session, &plan, &arena,
					  &rows, error);
	if (result == 0) {
		append_rows(&rows, plan.column_count, out);
		buffer_append_byte(out, '\0');
		assert_false(out->has_failed);
	}
	arena_finish(&arena);
	return result;
}

struct table *
fixture_table(struct fixture *fixture, const char *keyspace, const char *name)
{
	return catalog_find_table(&fixture->database.catalog,
				  slice_from_string(keyspace),
				  slice_from_string(name));
}

/* ---- rows ---- */

void
fixture_put(struct fixture *fixture, uint32_t table, struct slice key,
	    struct slice value)
{
	const struct engine_write write = {
		.kind = ENGINE_WRITE_ROW,
		.table = table,
		.key = key,
		.value = value,
		.timestamp_us =
			engine_timestamp_us(fixture->database.engine),
	};
	struct error error = ERROR_INIT;
	uint64_t lsn;
	int result;

	while ((result = engine_write(fixture->database.engine, &write, 1,
				      &lsn, &error)) == ENGINE_PENDING)
		wait_for_io(fixture);
	if (result != 0)
		fail_msg("write: %s", error.message);
	commit(fixture, lsn);
}

void
fixture_write(struct fixture *fixture, uint32_t table, const char *key)
{
	fixture_put(fixture, table, slice_from_string(key), SLICE("value"));
}

bool
fixture_has(struct fixture *fixture, uint32_t table, const char *key)
{
	struct engine_row row = { 0 };

	engine_find(fixture->database.engine, table, slice_from_string(key),
		    &row);
	return row.state == ENGINE_ROW_LIVE;
}
