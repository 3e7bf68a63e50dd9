/* SPDX-License-Identifier: MIT
 *
 * engine_write and engine_commit.  A batch is checked whole, then room is
 * found for all of it, then it is appended: nothing that can fail happens
 * between its first and its last record. */
#include "storage/engine.h"

#include "storage/engine_state.h"

#include <assert.h>
#include <inttypes.h>

enum { LOOKUP_CHUNK = 16 };

uint64_t
engine_last_lsn(const struct engine *engine)
{
	return engine->last_lsn;
}

uint32_t
engine_row_size_max(const struct engine *engine)
{
	return engine->segments.segment_size - FORMAT_HEADER_SIZE -
	       RECORD_OVERHEAD_MAX;
}

uint32_t
engine_allocate_table(struct engine *engine)
{
	return engine->tables.next_id++;
}

/* ---- checking ---- */

static bool
is_registry_write(const struct engine_write *write)
{
	return write->kind == ENGINE_WRITE_CREATE_TABLE ||
	       write->kind == ENGINE_WRITE_DROP_TABLE;
}

static uint8_t
flags_of(const struct engine_write *write)
{
	if (write->kind == ENGINE_WRITE_TOMBSTONE)
		return RECORD_TOMBSTONE;
	if (write->kind == ENGINE_WRITE_ROW && write->expires_at_s != 0)
		return RECORD_ROW | RECORD_EXPIRING;
	return RECORD_ROW;
}

static size_t
value_size_of(const struct engine_write *write)
{
	return write->kind == ENGINE_WRITE_ROW ? write->value.size : 0;
}

/* 0 when a row is too large. */
static uint32_t
record_size_of(const struct engine *engine, const struct engine_write *write)
{
	size_t value_size = value_size_of(write);
	uint32_t most = engine_row_size_max(engine);

	if (is_registry_write(write))
		return (uint32_t)record_size(RECORD_ROW, REGISTRY_KEY_SIZE,
					     REGISTRY_VALUE_SIZE);
	if (value_size > most || write->key.size > most - value_size)
		return 0;
	return (uint32_t)record_size(flags_of(write), write->key.size,
				     value_size);
}

static int
no_such_table(uint32_t table, struct error *error)
{
	return error_set(error, ERROR_MISUSE, "there is no table %" PRIu32,
			 table);
}

static int
check_row(struct engine *engine, const struct engine_write *write,
	  struct error *error)
{
	const struct table *table = engine_find_table(engine, write->table);

	if (table == NULL || table->is_marked || table == engine->registry)
		return no_such_table(write->table, error);
	if (write->key.size == 0)
		return error_set(error, ERROR_INVALID, "the key is empty");
	if (write->key.size > UINT16_MAX)
		return error_set(error, ERROR_INVALID,
				 "a key of %zu bytes is too large: at most %d",
				 write->key.size, UINT16_MAX);
	if (write->timestamp_us == INT64_MIN)
		return error_set(error, ERROR_INVALID,
				 "the smallest timestamp can't be written");
	return 0;
}

static int
check_create(struct engine *engine, const struct engine_write *write,
	     struct error *error)
{
	struct table *table =
		table_registry_find(&engine->tables, write->table);

	if (table != NULL || write->table < ENGINE_TABLE_FIRST ||
	    write->table >= engine->tables.next_id)
		return error_set(error, ERROR_MISUSE,
				 "table %" PRIu32 " can't be created",
				 write->table);
	table = table_registry_add(&engine->tables, write->table);
	if (table == NULL)
		return error_no_memory(error);
	table->is_checked = true;
	return 0;
}

static int
check_drop(struct engine *engine, const struct engine_write *write,
	   struct error *error)
{
	struct table *table = engine_find_table(engine, write->table);

	if (table == NULL || table->is_marked ||
	    write->table < ENGINE_TABLE_FIRST)
		return no_such_table(write->table, error);
	table->is_marked = true;
	return 0;
}

static int
check_write(struct engine *engine, const struct engine_write *write,
	    struct error *error)
{
	switch (write->kind) {
	case ENGINE_WRITE_ROW:
	case ENGINE_WRITE_TOMBSTONE:
		return check_row(engine, write, error);
	case ENGINE_WRITE_CREATE_TABLE:
		return check_create(engine, write, error);
	case ENGINE_WRITE_DROP_TABLE:
		return check_drop(engine, write, error);
	}
	return error_set(error, ERROR_MISUSE, "unknown kind of write");
}

/* The batch won't be written: tables as they were. */
static void
forget_checks(struct engine *engine, const struct engine_write *writes,
	      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct table *table;

		if (!is_registry_write(&writes[i]))
			continue;
		table = table_registry_find(&engine->tables, writes[i].table);
		if (table == NULL)
			continue;
		table->is_marked = false;
		if (table->is_checked)
			table_registry_retire(&engine->tables, table);
	}
}

static int
too_large(const struct engine *engine, const struct engine_write *write,
	  struct error *error)
{
	return error_set(error, ERROR_INVALID,
			 "a row of %zu bytes is too large: key and value may "
			 "have %" PRIu32 " bytes together",
			 write->key.size + value_size_of(write),
			 engine_row_size_max(engine));
}

static int
check_batch_size(const struct engine *engine, const struct write_plan *alone,
		 size_t count, struct error *error)
{
	uint32_t most = buffered_writer_batch_max(&engine->writer);

	if (alone->buffers <= most)
		return 0;
	return error_set(error, ERROR_INVALID,
			 "a batch of %zu writes is too large: it must fit "
			 "%" PRIu32 " bytes of buffers",
			 count, most * engine->segments.segment_size);
}

/* Checks every write and adds up the room that the batch takes. */
static int
check_batch(struct engine *engine, const struct engine_write *writes,
	    size_t count, struct write_plan *plan, struct error *error)
{
	struct write_plan alone = { 0 };
	uint32_t segment_size = engine->segments.segment_size;

	*plan = buffered_writer_plan(&engine->writer);
	for (size_t i = 0; i < count; i++) {
		uint32_t size = record_size_of(engine, &writes[i]);
		int status = check_write(engine, &writes[i], error);

		if (status == 0 && size == 0)
			status = too_large(engine, &writes[i], error);
		if (status < 0)
			return status;
		write_plan_add(plan, segment_size, size);
		write_plan_add(&alone, segment_size, size);
		status = check_batch_size(engine, &alone, count, error);
		if (status < 0)
			return status;
	}
	return 0;
}

/* A batch that makes room: it may use what is kept back for that. */
static bool
is_reclaiming(const struct engine_write *writes, size_t count)
{
	size_t tombstones = 0;

	for (size_t i = 0; i < count; i++) {
		if (writes[i].kind == ENGINE_WRITE_DROP_TABLE)
			return true;
		tombstones += writes[i].kind == ENGINE_WRITE_TOMBSTONE;
	}
	return tombstones == count;
}

static int
find_segments(struct engine *engine, uint32_t needed, struct error *error)
{
	int status;

	if (needed <= segment_manager_available(&engine->segments))
		return 0;
	status = segment_growth_demand(&engine->segments, error);
	return status < 0 ? status : ENGINE_PENDING;
}

static int
find_room(struct engine *engine, const struct engine_write *writes,
	  size_t count, const struct write_plan *plan, struct error *error)
{
	uint32_t needed = plan->segments;
	int status;

	if (engine->is_out_of_memory)
		return error_no_memory(error);
	if (!buffered_writer_has_room(&engine->writer, plan->buffers)) {
		buffered_writer_flush(&engine->writer, engine->last_lsn);
		return ENGINE_PENDING;
	}
	if (!is_reclaiming(writes, count))
		needed += SEGMENT_RESERVE;
	status = find_segments(engine, needed, error);
	return status;
}

/* ---- appending ---- */

struct batch {
	struct engine *engine;
	struct pending *last; /* appended last; its checksum is owed */
	uint64_t last_lsn;
};

static void
finish_last(struct batch *batch, uint8_t flags)
{
	if (batch->last != NULL)
		write_buffer_finish_record(batch->last->buffer, batch->last,
					   flags);
	batch->last = NULL;
}

static bool
is_kept(const struct engine *engine, const struct table *table,
	const struct index_entry *settled, bool is_settled,
	const struct engine_write *write)
{
	const struct pending *pending =
		pending_map_find(&engine->pending, table, settled->token,
				 settled->fingerprint);

	if (pending != NULL)
		return !engine_is_superseded(&pending->entry,
					     write->timestamp_us);
	return !is_settled ||
	       !engine_is_superseded(settled, write->timestamp_us);
}

static void
append_record(struct batch *batch, struct table *table,
	      const struct record *record, struct key_hash hash)
{
	struct engine *engine = batch->engine;
	uint32_t size = (uint32_t)record_size(record->flags, record->key.size,
					      record->value.size);
	struct write_buffer *buffer =
		buffered_writer_reserve(&engine->writer, size);
	struct pending *pending;

	finish_last(batch, 0);
	pending = write_buffer_append(buffer, record);
	pending->table = table;
	pending->entry.token = hash.token;
	pending->entry.fingerprint = hash.fingerprint;
	pending->entry.timestamp_us = record->timestamp_us;
	pending->entry.is_tombstone = (record->flags & RECORD_TOMBSTONE) != 0;
	pending->entry.has_tie = false;
	pending->entry.expires_at_s = (record->flags & RECORD_EXPIRING) != 0 ?
					      (uint32_t)record->seconds :
					      0;
	pending_map_insert(&engine->pending, pending);
	batch->last = pending;
	engine->counters.user_bytes_written +=
		record->key.size + record->value.size;
}

static void
append_row(struct batch *batch, struct table *table,
	   const struct engine_write *write, const struct index_entry *settled,
	   bool is_settled)
{
	struct engine *engine = batch->engine;
	struct record record = {
		.timestamp_us = write->timestamp_us,
		.table = table->id,
		.flags = flags_of(write),
		.key = write->key,
	};

	if (!is_kept(engine, table, settled, is_settled, write))
		return;
	record.lsn = ++engine->last_lsn;
	if (write->kind == ENGINE_WRITE_ROW) {
		record.value = write->value;
		record.seconds = write->expires_at_s;
	} else {
		record.seconds = engine_now_s(engine);
	}
	append_record(batch, table, &record,
		      (struct key_hash){ settled->token,
					 settled->fingerprint });
}

static void
append_registry_row(struct batch *batch, const struct engine_write *write)
{
	struct engine *engine = batch->engine;
	bool is_create = write->kind == ENGINE_WRITE_CREATE_TABLE;
	struct table *table =
		table_registry_find(&engine->tables, write->table);
	uint8_t key[REGISTRY_KEY_SIZE], value[REGISTRY_VALUE_SIZE];
	struct record record = {
		.lsn = ++engine->last_lsn,
		.timestamp_us = engine_timestamp_us(engine),
		.table = ENGINE_TABLE_REGISTRY,
		.flags = RECORD_ROW,
		.key = slice_make(key, sizeof(key)),
		.value = slice_make(value, sizeof(value)),
	};

	registry_encode_key(write->table, key);
	registry_encode_value(is_create ? REGISTRY_CREATED : REGISTRY_DROPPED,
			      value);
	table->is_checked = false;
	table->is_marked = false;
	if (!is_create) {
		table->is_dropping = true;
		table->drop_lsn = record.lsn;
	}
	append_record(batch, engine->registry, &record,
		      engine_hash_key(engine, record.key));
}

/* Rows of one table: their lookups share the waiting for memory. */
static void
append_rows(struct batch *batch, const struct engine_write *writes,
	    size_t count)
{
	struct engine *engine = batch->engine;
	struct table *table =
		table_registry_find(&engine->tables, writes[0].table);
	struct index_entry settled[LOOKUP_CHUNK];
	bool is_settled[LOOKUP_CHUNK];

	assert(count <= LOOKUP_CHUNK);
	for (size_t i = 0; i < count; i++) {
		struct key_hash hash = engine_hash_key(engine, writes[i].key);

		settled[i].token = hash.token;
		settled[i].fingerprint = hash.fingerprint;
	}
	if (count == 1)
		is_settled[0] = primary_index_find(
			table->index, settled[0].token, settled[0].fingerprint,
			&settled[0]);
	else
		primary_index_find_many(table->index, settled, is_settled,
					count);
	for (size_t i = 0; i < count; i++)
		append_row(batch, table, &writes[i], &settled[i],
			   is_settled[i]);
}

static size_t
count_rows_of_one_table(const struct engine_write *writes, size_t count)
{
	size_t i = 0;

	while (i < count && i < LOOKUP_CHUNK &&
	       !is_registry_write(&writes[i]) &&
	       writes[i].table == writes[0].table)
		i++;
	return i;
}

static void
append_batch(struct engine *engine, const struct engine_write *writes,
	     size_t count)
{
	struct batch batch = { .engine = engine };
	size_t done = 0;

	while (done < count) {
		size_t rows = count_rows_of_one_table(writes + done,
						      count - done);

		if (rows == 0)
			append_registry_row(&batch, &writes[done]);
		else
			append_rows(&batch, writes + done, rows);
		done += rows == 0 ? 1 : rows;
	}
	finish_last(&batch, RECORD_ENDS_BATCH);
	engine->is_manifest_old = true;
}

/* ---- the door ---- */

static int
check_writable(const struct engine *engine, struct error *error)
{
	if (engine->is_read_only)
		return error_set(error, ERROR_INVALID,
				 "the database is open for reading only");
	if (engine->has_failed || engine->writer.has_failed) {
		if (error != NULL)
			*error = engine->writer.failure;
		error_hint(error, "the database can still be read; open it "
				  "again to write");
		return -(int)engine->writer.failure.code;
	}
	return 0;
}

int
engine_write(struct engine *engine, const struct engine_write *writes,
	     size_t count, uint64_t *lsn, struct error *error)
{
	struct write_plan plan;
	int status = check_writable(engine, error);

	if (status < 0)
		return status;
	status = check_batch(engine, writes, count, &plan, error);
	if (status == 0)
		status = find_room(engine, writes, count, &plan, error);
	if (status != 0) {
		forget_checks(engine, writes, count);
		return status;
	}
	append_batch(engine, writes, count);
	*lsn = engine->last_lsn;
	engine->writer.clock_us = engine->clock_us;
	buffered_writer_flush(&engine->writer, 0);
	segment_growth_step(&engine->segments);
	return 0;
}

int
engine_commit(struct engine *engine, uint64_t lsn, struct error *error)
{
	struct buffered_writer *writer = &engine->writer;
	int status;

	if (lsn > engine->last_lsn)
		lsn = engine->last_lsn;
	if (lsn <= writer->settled_lsn)
		return 0;
	status = check_writable(engine, error);
	if (status < 0)
		return status;
	writer->clock_us = engine->clock_us;
	buffered_writer_flush(writer, lsn);
	return ENGINE_PENDING;
}
