/* SPDX-License-Identifier: MIT
 *
 * The rules, as SQL says them:
 *
 *   a write with a larger timestamp replaces the whole row;
 *   with an equal one, a tombstone stays or comes; of two rows the one that
 *   expires later replaces the other whole, where one that never expires
 *   counts as the earliest; with equal expiries each column takes the larger
 *   bytes, and null loses;
 *   a write with a smaller one changes nothing;
 *   an expired row is as good as a tombstone for whoever reads, and still a
 *   row for whoever writes with its timestamp.
 *
 * The server's timestamps lie above every small explicit one and below the
 * far future's, and grow with each statement. */
#include "tests/oracle/model.h"

#include "base/compiler.h"

#include <assert.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define SERVER_FIRST INT64_C(1000000000000000)
#define SERVER_END INT64_C(3000000000000000)

struct model_table {
	const struct schema *schema;
	sqlite3_stmt *put;
	sqlite3_stmt *delete;
	sqlite3_stmt *find;
};

struct model {
	sqlite3 *sqlite;
	enum plant plant;
	int64_t clock;
	int64_t now_s;
	struct model_table tables[MODEL_TABLES_MAX];
};

/* A failure here is the test's own fault: say what and stop. */
static void
must(struct model *model, int code, const char *what)
{
	if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW)
		return;
	fprintf(stderr, "oracle: sqlite: %s: %s\n", what,
		sqlite3_errmsg(model->sqlite));
	abort();
}

static void
run_sql(struct model *model, const char *sql)
{
	must(model, sqlite3_exec(model->sqlite, sql, NULL, NULL, NULL), sql);
}

static sqlite3_stmt *
prepare_sql(struct model *model, struct buffer *sql)
{
	sqlite3_stmt *statement;

	assert(!sql->has_failed);
	must(model,
	     sqlite3_prepare_v2(model->sqlite, (const char *)sql->data,
				(int)sql->size, &statement, NULL),
	     "prepare");
	buffer_finish(sql);
	return statement;
}

struct model *
model_create(enum plant plant)
{
	struct model *model = calloc(1, sizeof(*model));

	assert(model);
	model->plant = plant;
	model->clock = SERVER_FIRST;
	must(model, sqlite3_open(":memory:", &model->sqlite), "open");
	return model;
}

static void
drop_table(struct model *model, unsigned slot)
{
	struct model_table *table = &model->tables[slot];
	char sql[32];

	if (!table->schema)
		return;
	sqlite3_finalize(table->put);
	sqlite3_finalize(table->delete);
	sqlite3_finalize(table->find);
	*table = (struct model_table){ 0 };
	snprintf(sql, sizeof(sql), "DROP TABLE t%u", slot);
	run_sql(model, sql);
}

void
model_reset(struct model *model)
{
	for (unsigned i = 0; i < MODEL_TABLES_MAX; i++)
		drop_table(model, i);
}

void
model_destroy(struct model *model)
{
	model_reset(model);
	must(model, sqlite3_close(model->sqlite), "close");
	free(model);
}

void
model_set_time(struct model *model, int64_t now_s)
{
	model->now_s = now_s;
}

const struct schema *
model_schema(const struct model *model, unsigned slot)
{
	return model->tables[slot].schema;
}

/* ---- the statements of one table ----
 *
 * Columns: tok, key, ts, expiry, tomb; then c0 …, key parts included; then
 * o0 … for the key parts' order.  Markers stand in that order. */

static void
append_columns(const struct schema *schema, struct buffer *sql)
{
	buffer_append_string(sql, "tok, key, ts, expiry, tomb");
	for (unsigned i = 0; i < schema->column_count; i++)
		buffer_printf(sql, ", c%u", i);
	for (unsigned i = 0; i < schema->key_part_count; i++)
		buffer_printf(sql, ", o%u", i);
}

static void
append_insert(const struct schema *schema, struct buffer *sql)
{
	unsigned count = 5 + schema->column_count + schema->key_part_count;

	buffer_printf(sql, "INSERT INTO t%u (", schema->slot);
	append_columns(schema, sql);
	buffer_append_string(sql, ") VALUES (?");
	for (unsigned i = 1; i < count; i++)
		buffer_append_string(sql, ", ?");
	buffer_append_string(sql, ") ON CONFLICT DO UPDATE SET ");
}

static void
append_merged(const struct model *model, unsigned column, struct buffer *sql)
{
	buffer_printf(sql, "c%u = CASE WHEN excluded.ts > ts OR"
			   " excluded.expiry > expiry THEN ", column);
	if (model->plant == PLANT_KEEP_UNNAMED)
		buffer_printf(sql, "coalesce(excluded.c%u, c%u)", column,
			      column);
	else
		buffer_printf(sql, "excluded.c%u", column);
	buffer_printf(sql,
		      " ELSE coalesce(max(c%u, excluded.c%u), c%u,"
		      " excluded.c%u) END, ",
		      column, column, column, column);
}

static sqlite3_stmt *
prepare_put(struct model *model, const struct schema *schema)
{
	struct buffer sql = { 0 };

	append_insert(schema, &sql);
	for (unsigned i = schema->key_part_count; i < schema->column_count;
	     i++)
		append_merged(model, i, &sql);
	buffer_append_string(
		&sql, "expiry = excluded.expiry, ts = excluded.ts, tomb = 0"
		      " WHERE excluded.ts > ts");
	if (model->plant == PLANT_TIE_DELETE)
		buffer_append_string(&sql, " OR excluded.ts = ts");
	else if (model->plant != PLANT_TIE_FIRST)
		buffer_append_string(&sql,
				     " OR (excluded.ts = ts AND tomb = 0 AND"
				     " excluded.expiry >= expiry)");
	return prepare_sql(model, &sql);
}

static sqlite3_stmt *
prepare_delete(struct model *model, const struct schema *schema)
{
	struct buffer sql = { 0 };

	append_insert(schema, &sql);
	for (unsigned i = schema->key_part_count; i < schema->column_count;
	     i++)
		buffer_printf(&sql, "c%u = NULL, ", i);
	buffer_append_string(
		&sql, "expiry = NULL, ts = excluded.ts, tomb = 1"
		      " WHERE excluded.ts >= ts");
	return prepare_sql(model, &sql);
}

static void
create_table(struct model *model, const struct schema *schema)
{
	struct model_table *table = &model->tables[schema->slot];
	struct buffer sql = { 0 };

	drop_table(model, schema->slot);
	buffer_printf(&sql, "CREATE TABLE t%u (", schema->slot);
	append_columns(schema, &sql);
	buffer_append_string(&sql, ", PRIMARY KEY (tok, key)) WITHOUT ROWID");
	buffer_append_byte(&sql, 0);
	run_sql(model, (const char *)sql.data);
	buffer_clear(&sql);
	table->schema = schema;
	table->put = prepare_put(model, schema);
	table->delete = prepare_delete(model, schema);
	buffer_printf(&sql, "SELECT ts, tomb = 0 AND"
			    " (expiry = 0 OR expiry > ?) FROM t%u"
			    " WHERE tok = ? AND key = ?", schema->slot);
	table->find = prepare_sql(model, &sql);
}

/* ---- writes ---- */

static void
bind_slice(sqlite3_stmt *statement, int index, struct slice slice)
{
	if (slice_is_null(slice))
		sqlite3_bind_null(statement, index);
	else
		sqlite3_bind_blob(statement, index,
				  slice.size ? (const void *)slice.data : "",
				  (int)slice.size, SQLITE_TRANSIENT);
}

static void
bind_write(sqlite3_stmt *statement, const struct operation *operation,
	   const struct schema_key *key, int64_t timestamp_us, int64_t expiry)
{
	const struct schema *schema = operation->schema;
	int at = 6;

	sqlite3_bind_int64(statement, 1, key->token);
	bind_slice(statement, 2, key->bytes);
	sqlite3_bind_int64(statement, 3, timestamp_us);
	sqlite3_bind_int64(statement, 4, expiry);
	sqlite3_bind_int(statement, 5, operation->kind == OPERATION_DELETE);
	for (unsigned i = 0; i < schema->column_count; i++, at++) {
		if (i < schema->key_part_count)
			bind_slice(statement, at, key->parts[i].wire);
		else if (operation->is_named[i])
			bind_slice(statement, at, operation->values[i].wire);
		else
			sqlite3_bind_null(statement, at);
	}
	for (unsigned i = 0; i < schema->key_part_count; i++, at++)
		bind_slice(statement, at, key->parts[i].order);
}

/* The key's version: false when there never was one. */
static bool
find_version(struct model *model, const struct operation *operation,
	     int64_t *timestamp_us, bool *is_live)
{
	sqlite3_stmt *find = model->tables[operation->schema->slot].find;
	bool is_found;

	*is_live = false;
	sqlite3_bind_int64(find, 1, model->now_s);
	sqlite3_bind_int64(find, 2, operation->key->token);
	bind_slice(find, 3, operation->key->bytes);
	is_found = sqlite3_step(find) == SQLITE_ROW;
	if (is_found) {
		*timestamp_us = sqlite3_column_int64(find, 0);
		*is_live = sqlite3_column_int(find, 1) != 0;
	}
	must(model, sqlite3_reset(find), "find");
	return is_found;
}

/* Sorts before every expiry that there is. */
enum { EXPIRES_NEVER = 0 };

static int64_t
expiry_of(const struct model *model, const struct operation *operation)
{
	uint32_t ttl = model->plant == PLANT_FORGET_TTL
			       ? 0
			       : operation->schema->default_ttl_s;

	if (operation->has_ttl)
		ttl = operation->ttl_s;
	return ttl == 0 ? EXPIRES_NEVER : model->now_s + ttl;
}

static void
write_row(struct model *model, const struct operation *operation,
	  const struct schema_key *key, int64_t timestamp_us)
{
	struct model_table *table = &model->tables[operation->schema->slot];
	sqlite3_stmt *statement = operation->kind == OPERATION_DELETE
					  ? table->delete
					  : table->put;

	bind_write(statement, operation, key, timestamp_us,
		   expiry_of(model, operation));
	must(model, sqlite3_step(statement), "write");
	must(model, sqlite3_reset(statement), "write");
}

/* DELETE … IN: a tombstone for each key that the lists make, whether there is
 * a row or not, all with one timestamp. */
static void
delete_all(struct model *model, const struct operation *operation,
	   unsigned part, struct schema_key *key, int64_t timestamp_us,
	   struct arena *arena)
{
	if (part == operation->schema->key_part_count) {
		schema_key_seal(operation->schema, key, arena);
		write_row(model, operation, key, timestamp_us);
		return;
	}
	for (unsigned i = 0; i < operation->in[part].count; i++) {
		key->parts[part] = operation->in[part].values[i];
		delete_all(model, operation, part + 1, key, timestamp_us,
			   arena);
	}
}

/* ---- reads ---- */

static void
append_relation(const struct model *model, const struct token_bound *bound,
		struct buffer *sql)
{
	const char *relation = bound->relation;

	if (!relation)
		return;
	if (model->plant == PLANT_RANGE_OPEN && strcmp(relation, "<=") == 0)
		relation = "<";
	buffer_printf(sql, " AND tok %s %" PRId64, relation, bound->token);
}

static void
append_in(const struct operation *operation, struct buffer *sql)
{
	for (unsigned i = 0; i < operation->schema->key_part_count; i++) {
		buffer_printf(sql, " AND c%u IN (", i);
		for (unsigned j = 0; j < operation->in[i].count; j++)
			buffer_append_string(sql, j > 0 ? ", ?" : "?");
		buffer_append_byte(sql, ')');
	}
}

static void
append_order(const struct model *model, const struct operation *operation,
	     struct buffer *sql)
{
	if (operation->where != WHERE_IN || model->plant == PLANT_IN_BY_TOKEN) {
		buffer_append_string(sql, " ORDER BY tok, key");
		return;
	}
	for (unsigned i = 0; i < operation->schema->key_part_count; i++)
		buffer_printf(sql, "%s o%u", i > 0 ? "," : " ORDER BY", i);
}

static sqlite3_stmt *
prepare_select(struct model *model, const struct operation *operation)
{
	const struct schema *schema = operation->schema;
	struct buffer sql = { 0 };

	buffer_append_string(&sql, "SELECT ");
	append_columns(schema, &sql);
	buffer_printf(&sql,
		      " FROM t%u WHERE tomb = 0 AND"
		      " (expiry = 0 OR expiry > %" PRId64 ")",
		      schema->slot, model->now_s);
	if (operation->where == WHERE_KEY)
		buffer_append_string(&sql, " AND tok = ? AND key = ?");
	else if (operation->where == WHERE_IN)
		append_in(operation, &sql);
	append_relation(model, &operation->lower, &sql);
	append_relation(model, &operation->upper, &sql);
	append_order(model, operation, &sql);
	if (operation->limit != 0 && !operation->is_count)
		buffer_printf(&sql, " LIMIT %" PRIu32, operation->limit);
	return prepare_sql(model, &sql);
}

static void
bind_select(sqlite3_stmt *statement, const struct operation *operation)
{
	int at = 1;

	if (operation->where == WHERE_KEY) {
		sqlite3_bind_int64(statement, 1, operation->key->token);
		bind_slice(statement, 2, operation->key->bytes);
	}
	if (operation->where != WHERE_IN)
		return;
	for (unsigned i = 0; i < operation->schema->key_part_count; i++) {
		for (unsigned j = 0; j < operation->in[i].count; j++)
			bind_slice(statement, at++,
				   operation->in[i].values[j].wire);
	}
}

static void
set_number(struct cell *cell, struct arena *arena, uint64_t number)
{
	uint8_t *bytes = arena_allocate_bytes(arena, 8);

	assert(bytes);
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(number >> (56 - 8 * i));
	cell->bytes = slice_make(bytes, 8);
}

static void
set_column(struct cell *cell, struct arena *arena, sqlite3_stmt *statement,
	   unsigned column)
{
	int index = 5 + (int)column;
	const void *bytes;

	if (sqlite3_column_type(statement, index) == SQLITE_NULL)
		return;
	bytes = sqlite3_column_blob(statement, index);
	cell->bytes = arena_copy(
		arena, slice_make(bytes ? bytes : "",
				  (size_t)sqlite3_column_bytes(statement,
							       index)));
}

static void
set_writetime(struct cell *cell, struct arena *arena, sqlite3_stmt *statement)
{
	int64_t timestamp = sqlite3_column_int64(statement, 2);

	if (timestamp >= SERVER_FIRST && timestamp < SERVER_END)
		cell->kind = CELL_NOW_US;
	else
		set_number(cell, arena, (uint64_t)timestamp);
}

static void
set_ttl(const struct model *model, struct cell *cell, sqlite3_stmt *statement)
{
	int64_t expiry = sqlite3_column_int64(statement, 3);

	if (expiry == EXPIRES_NEVER)
		return;
	cell->kind = CELL_TTL_MOST;
	cell->number = expiry - model->now_s;
}

static void
set_item(const struct model *model, struct cell *cell, struct arena *arena,
	 sqlite3_stmt *statement, const struct item *item)
{
	bool is_null = sqlite3_column_type(statement, 5 + (int)item->column) ==
		       SQLITE_NULL;

	if (item->kind == ITEM_COLUMN)
		set_column(cell, arena, statement, item->column);
	else if (item->kind == ITEM_TOKEN)
		set_number(cell, arena,
			   (uint64_t)sqlite3_column_int64(statement, 0));
	else if (is_null)
		return;
	else if (item->kind == ITEM_WRITETIME)
		set_writetime(cell, arena, statement);
	else
		set_ttl(model, cell, statement);
}

static void
add_row(const struct model *model, struct result *result,
	const struct operation *operation, sqlite3_stmt *statement)
{
	struct cell *cells = result_add_row(result);

	if (operation->is_star) {
		for (unsigned i = 0; i < operation->schema->column_count; i++)
			set_column(&cells[i], &result->arena, statement, i);
		return;
	}
	for (unsigned i = 0; i < operation->item_count; i++)
		set_item(model, &cells[i], &result->arena, statement,
			 &operation->items[i]);
}

static void
run_select(struct model *model, const struct operation *operation,
	   struct result *result)
{
	sqlite3_stmt *statement = prepare_select(model, operation);
	uint64_t count = 0;
	int code;

	result->column_count = operation->is_star
		? operation->schema->column_count
		: operation->is_count ? 1 : operation->item_count;
	bind_select(statement, operation);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		count++;
		if (!operation->is_count)
			add_row(model, result, operation, statement);
	}
	must(model, code, "select");
	sqlite3_finalize(statement);
	if (operation->is_count)
		set_number(result_add_row(result), &result->arena, count);
}

/* ---- conditional writes ---- */

static void
set_applied(struct cell *cell, bool is_applied)
{
	static const uint8_t bytes[2] = { 0, 1 };

	cell->bytes = slice_make(&bytes[is_applied], 1);
}

/* An INSERT that isn't applied shows the row that was in its way. */
static void
answer_refused(struct model *model, const struct operation *operation,
	       struct result *result)
{
	struct operation select = { .kind = OPERATION_SELECT,
				    .schema = operation->schema,
				    .where = WHERE_KEY,
				    .key = operation->key,
				    .is_star = true };
	struct result row = { 0 };
	struct cell *cells;

	result->column_count = 1;
	if (operation->kind == OPERATION_INSERT)
		result->column_count += operation->schema->column_count;
	cells = result_add_row(result);
	set_applied(&cells[0], false);
	if (operation->kind != OPERATION_INSERT)
		return;
	run_select(model, &select, &row);
	for (unsigned i = 0; i < row.column_count; i++)
		cells[1 + i].bytes = arena_copy(&result->arena,
						row.cells[i].bytes);
	result_finish(&row);
}

static void
run_write(struct model *model, const struct operation *operation,
	  struct result *result)
{
	int64_t timestamp = model->clock++, found;
	struct schema_key key;
	bool is_live;

	if (operation->has_timestamp)
		timestamp = operation->timestamp_us;
	if (operation->is_conditional) {
		if (find_version(model, operation, &found, &is_live) &&
		    found >= timestamp)
			timestamp = found + 1;
		if (is_live != (operation->kind == OPERATION_DELETE)) {
			answer_refused(model, operation, result);
			return;
		}
		result->column_count = 1;
		set_applied(result_add_row(result), true);
	}
	if (operation->kind == OPERATION_DELETE &&
	    operation->where == WHERE_IN)
		delete_all(model, operation, 0, &key, timestamp,
			   &result->arena);
	else
		write_row(model, operation, operation->key, timestamp);
}

static void
truncate_table(struct model *model, unsigned slot)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "DELETE FROM t%u%s", slot,
		 model->plant == PLANT_TRUNCATE_KEEPS ? " WHERE tomb = 0" : "");
	run_sql(model, sql);
}

void
model_run(struct model *model, const struct operation *operation,
	  struct result *result)
{
	switch (operation->kind) {
	case OPERATION_CREATE:
		create_table(model, operation->schema);
		break;
	case OPERATION_DROP:
		drop_table(model, operation->schema->slot);
		break;
	case OPERATION_TRUNCATE:
		truncate_table(model, operation->schema->slot);
		break;
	case OPERATION_INSERT:
	case OPERATION_DELETE:
		run_write(model, operation, result);
		break;
	case OPERATION_SELECT:
		run_select(model, operation, result);
		break;
	case OPERATION_INVALID:
		result->error_code = operation->error_code;
		break;
	default:
		break;
	}
}
