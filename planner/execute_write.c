/* SPDX-License-Identifier: MIT
 *
 * One thread owns the engine, so a look at the index (engine_find) and the
 * engine_write that follows it are one step: nothing comes between.  Whatever
 * waits in between starts over with another look.
 *
 * Conflicts.  The engine orders versions by timestamp; a tombstone beats a
 * row of the same timestamp there.  Two rows with one timestamp are settled
 * here, so that the outcome depends neither on which came first nor on whether
 * one of them had expired by then: an expiring row beats one that stays, and
 * the later expiry an earlier one, as wholes; between equal expiries, column
 * by column, the larger bytes win and null loses.  Expiry comes first because
 * it is known without the row: an expired one can't be read any more, and
 * need not be, since nothing that arrives after it has its expiry.
 *
 * For columns the row that is there must be read, which may wait; the result
 * counts only if it is still the same row afterwards.  A live row with an
 * unchanged timestamp can only have become another through this very path,
 * and that is what the database's tie_count counts. */
#include "planner/execute_write.h"

#include "base/limits.h"
#include "base/pack.h"
#include "planner/access.h"
#include "planner/key.h"
#include "planner/row.h"

#include <assert.h>

/* ---- values ---- */

static int
refuse_value(const struct expression *expression, const char *what,
	     struct error *error)
{
	return error_at(error, ERROR_INVALID, expression->place.start,
			expression->place.size, "%s", what);
}

/* A non-frozen collection without elements is null. */
static bool
is_empty_collection(const struct type *type, struct slice value)
{
	return type_is_collection(type) && !type->is_frozen &&
	       value.size >= sizeof(uint32_t) && load_u32_be(value.data) == 0;
}

static int
evaluate_column(struct execute_write *write, uint32_t index,
		struct slice *value, struct error *error)
{
	const struct column *column = &write->plan->table->columns[index];
	const struct expression *expression =
		write->plan->as.insert.values[index];
	int result;

	*value = SLICE_NULL;
	if (expression == NULL)
		return 0;
	result = expression_evaluate(expression, write->evaluation, value,
				     error);
	if (result < 0)
		return result;
	if (result == EXPRESSION_UNSET)
		*value = SLICE_NULL;
	if (column->kind == COLUMN_KEY && slice_is_null(*value))
		return error_at(error, ERROR_INVALID, expression->place.start,
				expression->place.size,
				"Invalid %s value in condition for column "
				"%.*s",
				result == EXPRESSION_UNSET ? "unset" : "null",
				SLICE_ARGUMENTS(column->name));
	if (!slice_is_null(*value) &&
	    is_empty_collection(column->type, *value))
		*value = SLICE_NULL;
	return 0;
}

/* Key parts and column values, the latter in the order of slots. */
static int
evaluate_row(struct execute_write *write, const struct row_shape *shape,
	     struct slice *parts, struct error *error)
{
	const struct table *table = write->plan->table;

	for (uint32_t i = 0; i < table->column_count; i++) {
		struct slice *value = i < table->key_count ?
					      &parts[i] :
					      &write->values[shape->slots[i]];
		int result = evaluate_column(write, i, value, error);

		if (result < 0)
			return result;
	}
	return 0;
}

/* A bigint or int that must not be null; unset is as if it weren't there.
 * Returns 0 with a number, EXPRESSION_UNSET or negative. */
static int
evaluate_number(struct execute_write *write,
		const struct expression *expression, const char *null_message,
		int64_t *number, struct error *error)
{
	struct slice value;
	int result;

	if (expression == NULL)
		return EXPRESSION_UNSET;
	result = expression_evaluate(expression, write->evaluation, &value,
				     error);
	if (result != 0)
		return result;
	if (value.size == sizeof(uint64_t))
		*number = (int64_t)load_u64_be(value.data);
	else if (value.size == sizeof(uint32_t))
		*number = (int32_t)load_u32_be(value.data);
	else
		return refuse_value(expression, null_message, error);
	return 0;
}

/* USING TIMESTAMP, else the caller's, else the clock's. */
static int
evaluate_timestamp(struct execute_write *write,
		   const struct expression *expression, int64_t given_us,
		   struct engine_write *row, struct error *error)
{
	int result = evaluate_number(write, expression,
				     "Invalid null value of timestamp",
				     &row->timestamp_us, error);

	if (result < 0)
		return result;
	if (result == 0 && row->timestamp_us == INT64_MIN)
		return refuse_value(expression,
				    "Out of bound timestamp, must be in "
				    "[-9223372036854775807, "
				    "9223372036854775807]",
				    error);
	row->is_explicit = true;
	if (result == 0)
		return 0;
	row->timestamp_us = given_us;
	if (given_us == INT64_MIN || write->plan->is_conditional) {
		row->timestamp_us = engine_timestamp_us(
			write->session->database->engine);
		row->is_explicit = false;
	}
	return 0;
}

static int
evaluate_expiry(struct execute_write *write, uint32_t *expires_at_s,
		struct error *error)
{
	const struct expression *expression = write->plan->as.insert.ttl_s;
	int64_t ttl_s = 0;
	int64_t expiry_s;
	int result = evaluate_number(write, expression,
				     "Invalid null value of TTL", &ttl_s,
				     error);

	if (result < 0)
		return result;
	if (result == EXPRESSION_UNSET)
		ttl_s = write->plan->table->default_time_to_live_s;
	else if (ttl_s < 0)
		return error_at(error, ERROR_INVALID, expression->place.start,
				expression->place.size,
				"A TTL must be greater or equal to 0, but was "
				"%lld",
				(long long)ttl_s);
	if (result == 0 && ttl_s > TTL_MAX_S)
		return error_at(error, ERROR_INVALID, expression->place.start,
				expression->place.size,
				"ttl is too large. requested (%lld) maximum "
				"(%d)",
				(long long)ttl_s, TTL_MAX_S);
	*expires_at_s = 0;
	if (ttl_s == 0)
		return 0;
	expiry_s = engine_now_s(write->session->database->engine) + ttl_s;
	*expires_at_s = expiry_s > UINT32_MAX ? UINT32_MAX :
						(uint32_t)expiry_s;
	return 0;
}

/* ---- what will be written ---- */

static int
prepare_insert(struct execute_write *write, int64_t timestamp_us,
	       struct error *error)
{
	struct arena *arena = write->evaluation->arena;
	struct table *table = write->plan->table;
	const struct plan_insert *plan = &write->plan->as.insert;
	const struct row_shape *shape = row_shape_get(table);
	struct slice *parts = arena_new_array(arena, struct slice,
					      table->key_count);
	struct engine_write *row = &write->one;
	int result;

	if (shape == NULL || parts == NULL)
		return error_no_memory(error);
	write->values = arena_new_array(arena, struct slice, shape->count + 1);
	if (write->values == NULL)
		return error_no_memory(error);
	result = evaluate_row(write, shape, parts, error);
	if (result < 0)
		return result;
	row->kind = ENGINE_WRITE_ROW;
	result = key_encode(table, parts, arena, &row->key, error);
	if (result < 0) {
		if (error->position == ERROR_NO_POSITION) {
			error->position = plan->values[0]->place.start;
			error->size = plan->values[0]->place.size;
		}
		return result;
	}
	result = evaluate_timestamp(write, plan->timestamp_us, timestamp_us,
				    row, error);
	if (result < 0)
		return result;
	result = evaluate_expiry(write, &row->expires_at_s, error);
	if (result < 0)
		return result;
	write->flags = ROW_HAS_MARKER;
	row->value = row_encode(shape, write->flags, write->values, arena);
	if (slice_is_null(row->value))
		return error_no_memory(error);
	write->writes = row;
	write->write_count = 1;
	return 0;
}

static int
prepare_delete(struct execute_write *write, int64_t given_us,
	       struct error *error)
{
	const struct plan_delete *plan = &write->plan->as.delete;
	struct engine_write deletion = {
		.kind = ENGINE_WRITE_TOMBSTONE,
		.value = SLICE(""),
	};
	struct slice *keys;
	int result = access_make_keys(write->plan->table, plan->keys,
				      write->evaluation, &keys,
				      &write->write_count, error);

	if (result < 0)
		return result;
	result = evaluate_timestamp(write, plan->timestamp_us, given_us,
				    &deletion, error);
	if (result < 0)
		return result;
	write->writes = &write->one;
	if (write->write_count > 1)
		write->writes = arena_new_array(write->evaluation->arena,
						struct engine_write,
						write->write_count);
	if (write->writes == NULL)
		return error_no_memory(error);
	for (size_t i = 0; i < write->write_count; i++) {
		write->writes[i] = deletion;
		write->writes[i].key = keys[i];
	}
	return 0;
}

int
execute_write_begin(struct execute_write *write,
		    struct logstor_session *session, const struct plan *plan,
		    const struct evaluation *evaluation, int64_t timestamp_us,
		    bool is_deferred, struct error *error)
{
	*write = (struct execute_write){
		.session = session,
		.plan = plan,
		.evaluation = evaluation,
		.is_deferred = is_deferred,
	};
	if (plan->kind == PLAN_INSERT)
		return prepare_insert(write, timestamp_us, error);
	assert(plan->kind == PLAN_DELETE);
	return prepare_delete(write, timestamp_us, error);
}

/* The schema may have changed while the statement waited: TRUNCATE gives the
 * table another number, DROP takes it away. */
static int
refresh_target(struct execute_write *write, struct error *error)
{
	const struct table *planned = write->plan->table;
	const struct catalog *catalog = &write->session->database->catalog;
	const struct table *now = planned;

	if (catalog->version != write->plan->catalog_version)
		now = catalog_find_table(catalog, planned->keyspace,
					 planned->name);
	if (now == NULL || memcmp(now->uuid, planned->uuid,
				  sizeof(now->uuid)) != 0)
		return error_set(error, ERROR_INVALID,
				 "unconfigured table %.*s",
				 SLICE_ARGUMENTS(planned->name));
	for (size_t i = 0; i < write->write_count; i++)
		write->writes[i].table = now->storage_id;
	return 0;
}

/* ---- trying ---- */

static void
begin_read(struct execute_write *write)
{
	write->row = (struct engine_row){ .key = write->writes[0].key };
	write->read = (struct engine_read){
		.table = write->writes[0].table,
		.rows = &write->row,
		.count = 1,
	};
	write->tie_count = write->session->database->tie_count;
	write->phase = EXECUTE_WRITE_READ;
}

static void
finish_read(struct execute_write *write)
{
	if (write->read.count > 0)
		engine_read_finish(write->session->database->engine,
				   &write->read);
	write->read = (struct engine_read){ 0 };
}

static int
put(struct execute_write *write, struct error *error)
{
	struct engine *engine = write->session->database->engine;
	int result = engine_write(engine, write->writes, write->write_count,
				  &write->lsn, error);

	if (result == 0) {
		write->phase = EXECUTE_WRITE_COMMIT;
		write->is_applied = true;
	}
	return result;
}

/* What a condition was decided on must be older than what follows from it. */
static int
pass_timestamp(struct engine_write *write, const struct engine_row *row,
	       struct error *error)
{
	if (row->state == ENGINE_ROW_ABSENT ||
	    row->timestamp_us < write->timestamp_us)
		return 0;
	if (row->timestamp_us == INT64_MAX)
		return error_set(error, ERROR_INVALID,
				 "the row has the highest timestamp that "
				 "there is: nothing can follow it");
	write->timestamp_us = row->timestamp_us + 1;
	return 0;
}

/* The row that is there stays. */
static void
keep(struct execute_write *write, const struct engine_row *row)
{
	write->lsn = row->lsn;
	write->phase = EXECUTE_WRITE_COMMIT;
}

/* A version of the same timestamp is there: live, expired or a tombstone. */
static int
try_tie(struct execute_write *write, const struct engine_row *row,
	struct error *error)
{
	uint32_t there = row->expires_at_s;
	uint32_t new = write->writes[0].expires_at_s;
	bool is_live = row->state == ENGINE_ROW_LIVE;
	int result;

	/* A tombstone; and of two rows that have expired by now, while this
	 * one waited for room, either is as good. */
	if ((!is_live && there == 0) || there > new ||
	    (!is_live && there == new)) {
		keep(write, row);
		return 0;
	}
	if (there == new) {
		begin_read(write);
		return 0;
	}
	result = put(write, error);
	if (result == 0)
		write->session->database->tie_count++;
	return result;
}

static int
try_insert(struct execute_write *write, const struct engine_row *row,
	   struct error *error)
{
	bool is_live = row->state == ENGINE_ROW_LIVE;

	if (write->plan->as.insert.if_not_exists) {
		int result;

		if (is_live) {
			begin_read(write);
			return 0;
		}
		result = pass_timestamp(&write->writes[0], row, error);
		if (result < 0)
			return result;
	} else if (row->state != ENGINE_ROW_ABSENT &&
		   row->timestamp_us == write->writes[0].timestamp_us) {
		return try_tie(write, row, error);
	}
	return put(write, error);
}

static int
try_delete(struct execute_write *write, const struct engine_row *row,
	   struct error *error)
{
	int result;

	if (!write->plan->as.delete.if_exists)
		return put(write, error);
	if (row->state != ENGINE_ROW_LIVE) {
		keep(write, row);
		return 0;
	}
	result = pass_timestamp(&write->writes[0], row, error);
	return result < 0 ? result : put(write, error);
}

static int
try_write(struct execute_write *write, struct error *error)
{
	struct engine_row row;
	int result;

	if (write->write_count == 0) { /* DELETE … IN () */
		write->phase = EXECUTE_WRITE_END;
		return 0;
	}
	result = refresh_target(write, error);
	if (result < 0)
		return result;
	engine_find(write->session->database->engine, write->writes[0].table,
		    write->writes[0].key, &row);
	if (write->plan->kind == PLAN_INSERT)
		return try_insert(write, &row, error);
	return try_delete(write, &row, error);
}

/* ---- rows of one timestamp ---- */

static struct slice
larger(struct slice a, struct slice b)
{
	if (slice_is_null(a))
		return b;
	return slice_is_null(b) || slice_compare(a, b) > 0 ? a : b;
}

/* The values of the row that was read, by slot, in the execution's arena. */
static int
decode_row(struct execute_write *write, struct slice **values, uint8_t *flags,
	   struct error *error)
{
	struct table *table = write->plan->table;
	const struct row_shape *shape = row_shape_get(table);

	*values = arena_new_array(write->evaluation->arena, struct slice,
				  shape->count + 1);
	if (*values == NULL)
		return error_no_memory(error);
	return row_decode(table, shape, write->row.value, flags, *values,
			  error);
}

/* The row that is there, with what the new one adds; null when nothing is
 * left to write. */
static int
merge(struct execute_write *write, struct engine_write *merged,
      struct error *error)
{
	struct arena *arena = write->evaluation->arena;
	const struct row_shape *shape = row_shape_get(write->plan->table);
	struct slice *values;
	uint8_t flags;
	int result = decode_row(write, &values, &flags, error);

	if (result < 0)
		return result;
	for (uint32_t i = 0; i < shape->count; i++)
		values[i] = larger(values[i], write->values[i]);
	*merged = write->writes[0];
	merged->value = row_encode(shape, flags | write->flags, values, arena);
	if (slice_is_null(merged->value))
		return error_no_memory(error);
	return 0;
}

/* Is the row that was read still the one that is there? */
static bool
is_unchanged(struct execute_write *write)
{
	struct logstor_database *database = write->session->database;
	struct engine_row now;

	engine_find(database->engine, write->writes[0].table,
		    write->writes[0].key, &now);
	return now.state == ENGINE_ROW_LIVE &&
	       write->row.state == ENGINE_ROW_LIVE &&
	       now.timestamp_us == write->row.timestamp_us &&
	       write->tie_count == database->tie_count;
}

static int
settle_tie(struct execute_write *write, struct error *error)
{
	struct logstor_database *database = write->session->database;
	struct engine_write merged;
	int result;

	write->phase = EXECUTE_WRITE_TRY;
	if (!is_unchanged(write)) {
		finish_read(write);
		return 0;
	}
	result = merge(write, &merged, error);
	if (result < 0)
		return result;
	assert(merged.expires_at_s == write->row.expires_at_s);
	if (slice_is_equal(merged.value, write->row.value)) {
		keep(write, &write->row);
		finish_read(write);
		return 0;
	}
	result = engine_write(database->engine, &merged, 1, &write->lsn,
			      error);
	finish_read(write);
	if (result == 0) {
		database->tie_count++;
		write->phase = EXECUTE_WRITE_COMMIT;
	}
	return result;
}

/* IF NOT EXISTS, and it does: the read stays open, since the answer shows
 * its row. */
static int
decide_not_applied(struct execute_write *write)
{
	if (write->row.state != ENGINE_ROW_LIVE) {
		finish_read(write);
		write->phase = EXECUTE_WRITE_TRY;
		return 0;
	}
	keep(write, &write->row);
	return 0;
}

static int
read_row(struct execute_write *write, struct error *error)
{
	int result = engine_read(write->session->database->engine,
				 &write->read, error);

	if (result != 0)
		return result;
	if (write->plan->is_conditional)
		return decide_not_applied(write);
	return settle_tie(write, error);
}

/* ---- the answer ---- */

static int
show_row(struct execute_write *write, struct error *error)
{
	struct table *table = write->plan->table;
	const struct row_shape *shape = row_shape_get(table);
	struct slice *values;
	uint8_t flags;
	int result = decode_row(write, &values, &flags, error);

	if (result < 0)
		return result;
	result = key_decode(table, write->row.key, &write->results[1], error);
	if (result < 0)
		return result;
	for (uint32_t i = table->key_count; i < table->column_count; i++)
		write->results[1 + i] = values[shape->slots[i]];
	write->result_count = 1 + table->column_count;
	return 0;
}

/* As Cassandra answers: [applied] alone, and the row that was in the way of
 * IF NOT EXISTS. */
static int
answer(struct execute_write *write, struct error *error)
{
	static const uint8_t booleans[] = { 0, 1 };

	write->phase = EXECUTE_WRITE_END;
	if (!write->plan->is_conditional)
		return ENGINE_END;
	write->results = arena_new_array(write->evaluation->arena,
					 struct slice,
					 write->plan->column_count);
	if (write->results == NULL)
		return error_no_memory(error);
	write->results[0] = slice_make(&booleans[write->is_applied], 1);
	write->result_count = 1;
	if (!write->is_applied && write->plan->kind == PLAN_INSERT)
		return show_row(write, error);
	return 0;
}

static int
commit(struct execute_write *write, struct error *error)
{
	int result = 0;

	if (!write->is_deferred && write->lsn > 0)
		result = engine_commit(write->session->database->engine,
				       write->lsn, error);
	if (result == 0)
		write->phase = EXECUTE_WRITE_ANSWER;
	return result;
}

int
execute_write_step(struct execute_write *write, struct error *error)
{
	int result = 0;

	while (result == 0) {
		switch (write->phase) {
		case EXECUTE_WRITE_TRY:
			result = try_write(write, error);
			break;
		case EXECUTE_WRITE_READ:
			result = read_row(write, error);
			break;
		case EXECUTE_WRITE_COMMIT:
			result = commit(write, error);
			break;
		case EXECUTE_WRITE_ANSWER:
			return answer(write, error);
		case EXECUTE_WRITE_END:
			return ENGINE_END;
		}
	}
	return result;
}

void
execute_write_finish(struct execute_write *write)
{
	finish_read(write);
}
