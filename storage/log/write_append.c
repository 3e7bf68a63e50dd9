/* SPDX-License-Identifier: MIT */
#include "storage/log/write_append.h"

#include "storage/format/run.h"
#include "storage/log/write_check.h"

#include <assert.h>

enum { LOOKUP_CHUNK = 16 };

/* A record's checksum is owed until it is known whether it ends the batch. */
struct batch {
	struct engine *engine;
	uint64_t first_lsn;
	struct pending *last;     /* appended last to the open buffer */
	struct pending *last_run; /* the run that was appended last */
	bool has_runs;
};

static void
finish_record(struct pending **owed, uint8_t flags)
{
	if (*owed != NULL)
		write_buffer_finish_record((*owed)->buffer, *owed, flags);
	*owed = NULL;
}

/* The batch ends with the buffer that is the last in the stream's order: a run
 * may stand behind records that were appended later. */
static void
finish_batch(struct batch *batch)
{
	struct pending *last = batch->last, *run = batch->last_run;
	bool run_is_last =
		run != NULL &&
		(last == NULL || run->buffer->write_sequence >
					 last->buffer->write_sequence);

	finish_record(&batch->last, run_is_last ? 0 : RECORD_ENDS_BATCH);
	finish_record(&batch->last_run, run_is_last ? RECORD_ENDS_BATCH : 0);
	if (batch->has_runs)
		buffered_writer_end_runs(&batch->engine->writer);
	buffered_writer_cancel_runs(&batch->engine->writer);
}

/* The version that a write meets, or NULL. */
static const struct index_entry *
newest_version(const struct engine *engine, const struct table *table,
	       const struct index_entry *settled, bool is_settled)
{
	const struct pending *pending =
		pending_map_find(&engine->pending, table, settled->token,
				 settled->fingerprint);

	if (pending != NULL)
		return &pending->entry;
	return is_settled ? settled : NULL;
}

static bool
is_large(const struct engine *engine, uint32_t record_size)
{
	return run_parts(engine->segments.segment_size, record_size) > 1;
}

static struct pending *
append_to_buffer(struct batch *batch, const struct record *record)
{
	struct buffered_writer *writer = &batch->engine->writer;
	uint32_t size = (uint32_t)record_size(record->flags, record->key.size,
					      record->value.size);

	if (is_large(batch->engine, size)) {
		finish_record(&batch->last_run, 0);
		batch->has_runs = true;
		batch->last_run = write_buffer_append(
			buffered_writer_take_run(writer), record);
		return batch->last_run;
	}
	finish_record(&batch->last, 0);
	batch->last = write_buffer_append(
		buffered_writer_reserve(writer, size), record);
	return batch->last;
}

/* ${entry}: token, fingerprint and tie are filled in. */
static void
append_record(struct batch *batch, struct table *table,
	      const struct record *record, const struct index_entry *entry)
{
	struct engine *engine = batch->engine;
	struct pending *pending = append_to_buffer(batch, record);
	struct location location = pending->entry.location;

	pending->table = table;
	pending->entry = *entry;
	pending->entry.location = location;
	pending->entry.timestamp_us = record->timestamp_us;
	pending->entry.is_tombstone = (record->flags & RECORD_TOMBSTONE) != 0;
	pending->entry.has_tie = (record->flags & RECORD_TIE) != 0;
	pending_map_insert(&engine->pending, pending, batch->first_lsn);
	if (table != engine->freed) /* those rows nobody asked for */
		engine->counters.user_bytes_written +=
			record->key.size + record->value.size;
}

static void
append_registration(struct batch *batch, const struct table *table,
		    enum registry_state state, uint8_t flags)
{
	struct engine *engine = batch->engine;
	uint8_t key[REGISTRY_KEY_SIZE], value[REGISTRY_VALUE_SIZE];
	struct record record = {
		.lsn = ++engine->last_lsn,
		.timestamp_us = engine_timestamp_us(engine),
		.table = ENGINE_TABLE_REGISTRY,
		.flags = RECORD_ROW,
		.key = slice_make(key, sizeof(key)),
		.value = slice_make(value, sizeof(value)),
	};
	struct index_entry entry = { 0 };
	struct key_hash hash;

	registry_encode_key(table->id, key);
	registry_encode_value(state, flags, value);
	hash = engine_hash_key(engine, record.key);
	entry.token = hash.token;
	entry.fingerprint = hash.fingerprint;
	append_record(batch, engine->registry, &record, &entry);
}

/* Where timestamps are the user's own, a tombstone can't be told to be old
 * from its timestamp: the index keeps the second of the deletion. */
static uint32_t
seconds_in_index(const struct table *table, const struct record *record)
{
	if ((record->flags & RECORD_TOMBSTONE) != 0 &&
	    !table->has_explicit && !table->is_explicit_written)
		return 0;
	return (uint32_t)record->seconds;
}

/* A write that isn't kept gives back what was kept for it. */
static void
skip_row(struct batch *batch, const struct engine_write *write)
{
	if (is_large(batch->engine,
		     write_record_size(batch->engine, write)))
		buffered_writer_skip_run(&batch->engine->writer);
}

static void
append_row(struct batch *batch, struct table *table,
	   const struct engine_write *write, const struct index_entry *settled,
	   bool is_settled)
{
	struct engine *engine = batch->engine;
	const struct index_entry *existing =
		newest_version(engine, table, settled, is_settled);
	struct record record = {
		.timestamp_us = write->timestamp_us,
		.table = table->id,
		.flags = write_record_flags(write),
		.key = write->key,
	};
	struct index_entry entry = { .token = settled->token,
				     .fingerprint = settled->fingerprint };

	if (existing != NULL &&
	    engine_is_superseded(existing, write->timestamp_us)) {
		skip_row(batch, write);
		return;
	}
	if (existing != NULL && existing->timestamp_us == write->timestamp_us)
		record.flags |= RECORD_TIE;
	if (write_needs_explicit(table, write)) {
		append_registration(batch, table, REGISTRY_CREATED,
				    REGISTRY_EXPLICIT);
		table->is_explicit_written = true;
	}
	record.lsn = ++engine->last_lsn;
	if (write->kind == ENGINE_WRITE_ROW) {
		record.value = write->value;
		record.seconds = write->expires_at_s;
	} else {
		record.seconds = engine_now_s(engine);
	}
	entry.expires_at_s = seconds_in_index(table, &record);
	append_record(batch, table, &record, &entry);
}

static void
append_registry_row(struct batch *batch, const struct engine_write *write)
{
	struct engine *engine = batch->engine;
	bool is_create = write->kind == ENGINE_WRITE_CREATE_TABLE;
	struct table *table =
		table_registry_find(&engine->tables, write->table);

	table->is_checked = false;
	table->is_marked = false;
	append_registration(batch, table,
			    is_create ? REGISTRY_CREATED : REGISTRY_DROPPED,
			    0);
	if (!is_create) {
		table->is_dropping = true;
		table->drop_lsn = engine->last_lsn;
	}
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
		pending_map_prefetch(&engine->pending, table,
				     hash.fingerprint);
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
	       !write_is_registration(&writes[i]) &&
	       writes[i].table == writes[0].table)
		i++;
	return i;
}

void
write_append(struct engine *engine, const struct engine_write *writes,
	     size_t count)
{
	struct batch batch = { .engine = engine,
			       .first_lsn = engine->last_lsn + 1 };
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
	finish_batch(&batch);
	write_forget_checks(engine, writes, count);
	engine->is_manifest_old = true;
}
