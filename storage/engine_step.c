/* SPDX-License-Identifier: MIT */
#include "storage/engine_step.h"

#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/engine_storing.h"
#include "storage/moving/compaction.h"
#include "storage/moving/room.h"
#include "storage/moving/segment_freeing.h"

#include <assert.h>
#include <errno.h>

enum { RETIRE_STEP = 256, PREFETCH_STEP = 16,
       CHECKPOINT_STEP_BYTES = 16 << 10 };

/* ---- settling ---- */

/* The table that a record of the registry is about. */
static struct table *
registered_table(struct engine *engine, const struct pending *pending,
		 struct record *record, enum registry_state *state)
{
	struct location at = pending->entry.location;
	const uint8_t *bytes =
		pending->buffer->data + (at.offset - pending->buffer->offset);
	uint32_t size = record_decode(bytes, at.size, record);
	uint32_t id;
	bool is_registry_row;
	struct table *table;

	assert(size == at.size);
	(void)size;
	is_registry_row =
		registry_decode(record->key, record->value, &id, state);
	assert(is_registry_row);
	(void)is_registry_row;
	table = table_registry_find(&engine->tables, id);
	assert(table != NULL);
	return table;
}

static void
settle_registry(struct engine *engine, const struct pending *pending)
{
	enum registry_state state;
	struct record record;
	struct table *table =
		registered_table(engine, pending, &record, &state);

	if (state == REGISTRY_DROPPED) {
		table_registry_retire(&engine->tables, table);
		return;
	}
	table->is_registered = true;
	if (registry_is_explicit(record.value))
		table->has_explicit = true;
}

/* The cache holds nothing but the newest settled version. */
static void
settle_in_cache(struct engine *engine, const struct pending *pending)
{
	const struct index_entry *entry = &pending->entry;
	const struct write_buffer *buffer = pending->buffer;
	uint32_t table = pending->table->id;

	if (engine->cache == NULL || table == ENGINE_TABLE_REGISTRY ||
	    table == ENGINE_TABLE_FREED)
		return;
	if (entry->is_tombstone || buffer->parts > 1)
		record_cache_remove(engine->cache, table, entry->token,
				    entry->fingerprint);
	else
		record_cache_put(engine->cache, table, entry->token,
				 entry->fingerprint,
				 buffer->data + (entry->location.offset -
						 buffer->offset),
				 entry->location.size);
}

static bool
settle_record(struct engine *engine, struct pending *pending)
{
	struct index_entry old;
	int outcome;

	if (pending->is_passed) {
		segment_manager_add_dead_record(&engine->segments,
						pending->entry.location);
		return true;
	}
	outcome = primary_index_insert(pending->table->index, &pending->entry,
				       &old);
	if (outcome < 0)
		return false;
	segment_manager_add_record(&engine->segments,
				   pending->entry.location);
	table_add_entry(pending->table, &pending->entry);
	if (outcome == INDEX_REPLACED) {
		segment_manager_kill_record(&engine->segments, old.location);
		table_remove_entry(pending->table, &old);
	}
	settle_in_cache(engine, pending);
	pending_map_remove(&engine->pending, pending);
	return true;
}

static void
prefetch_cache(const struct engine *engine, const struct pending *next,
	       uint32_t count)
{
	if (engine->cache == NULL)
		return;
	for (int step = 0; step < 2; step++)
		for (uint32_t i = 0; i < count; i++)
			record_cache_prefetch(engine->cache, next[i].table->id,
					      next[i].entry.fingerprint, step);
}

/* The index's pages of the next records, and the places in the cache, come into
 * the processor's cache together, since to wait for each one alone would take
 * most of the time. */
static void
prefetch_next(const struct engine *engine, const struct write_buffer *buffer)
{
	const struct pending *next = &buffer->pending[buffer->settled_count];
	uint32_t left = buffer->pending_count - buffer->settled_count;
	struct index_entry entries[PREFETCH_STEP];
	bool found[PREFETCH_STEP];
	uint32_t count = 0;

	while (count < left && count < PREFETCH_STEP &&
	       next[count].table == next->table) {
		entries[count] = next[count].entry;
		pending_map_prefetch(&engine->pending, next->table,
				     entries[count].fingerprint);
		count++;
	}
	if (count < 2)
		return;
	prefetch_cache(engine, next, count);
	primary_index_find_many(next->table->index, entries, found, count);
	for (uint32_t i = 0; i < count; i++) {
		if (found[i])
			segment_manager_prefetch(&engine->segments,
						 entries[i].location);
	}
}

/* False when memory ran out; what is left is settled by a later step. */
static bool
settle_buffer(struct engine *engine, struct write_buffer *buffer)
{
	while (buffer->settled_count < buffer->pending_count) {
		struct pending *pending =
			&buffer->pending[buffer->settled_count];

		if (buffer->settled_count % PREFETCH_STEP == 0)
			prefetch_next(engine, buffer);

		if (!settle_record(engine, pending))
			return false;
		if (pending->table == engine->registry)
			settle_registry(engine, pending);
		buffer->settled_count++;
	}
	return true;
}

static void
settle(struct engine *engine)
{
	struct write_buffer *buffer;

	engine->is_out_of_memory = false;
	while ((buffer = buffered_writer_settled(&engine->writer)) != NULL) {
		if (!settle_buffer(engine, buffer)) {
			engine->is_out_of_memory = true;
			return;
		}
		compaction_separate_buffer(engine, buffer);
		buffered_writer_release(&engine->writer, buffer);
	}
}

/* ---- failing ---- */

/* What is settled and waits for memory stays to be seen; what superseded it is
 * gone. */
static void
keep_settled(struct engine *engine)
{
	struct buffered_writer *writer = &engine->writer;

	pending_map_clear(&engine->pending);
	buffered_writer_drop(writer);
	for (uint32_t i = 0; i < writer->count; i++) {
		struct write_buffer *buffer = buffered_writer_at(writer, i);

		for (uint32_t j = buffer->settled_count;
		     j < buffer->pending_count; j++) {
			if (!buffer->pending[j].is_passed)
				pending_map_insert(&engine->pending,
						   &buffer->pending[j],
						   UINT64_MAX);
		}
	}
}

static void
keep_registration(struct engine *engine, const struct pending *pending)
{
	struct record record;
	enum registry_state state;
	struct table *table =
		registered_table(engine, pending, &record, &state);

	if (state == REGISTRY_DROPPED)
		table->is_dropping = true;
	else
		table->is_registered = true;
	if (registry_is_explicit(record.value))
		table->is_explicit_written = true;
}

static void
keep_registrations(struct engine *engine)
{
	struct buffered_writer *writer = &engine->writer;

	for (uint32_t i = 0; i < writer->count; i++) {
		const struct write_buffer *buffer =
			buffered_writer_at(writer, i);

		for (uint32_t j = buffer->settled_count;
		     j < buffer->pending_count; j++) {
			if (buffer->pending[j].table == engine->registry)
				keep_registration(engine, &buffer->pending[j]);
		}
	}
}

/* Tables as they are on the disk. */
static void
roll_tables_back(struct engine *engine)
{
	size_t i = 0;

	for (; i < engine->tables.count; i++) {
		engine->tables.tables[i]->is_dropping = false;
		engine->tables.tables[i]->is_explicit_written = false;
	}
	keep_registrations(engine);
	for (i = 0; i < engine->tables.count;) {
		struct table *table = engine->tables.tables[i];

		if (table->is_registered)
			i++;
		else
			table_registry_retire(&engine->tables, table);
	}
}

/* What isn't settled is thrown away, so that every row is seen as it was
 * settled last; whether the rest reached the disk only the next opening can
 * tell. */
static void
give_up_writing(struct engine *engine)
{
	engine->has_failed = true;
	engine->failure = engine->writer.failure;
	error_hint(&engine->failure,
		   "the database can still be read; open it again to write");
	keep_settled(engine);
	moving_writer_drop(engine);
	compaction_drop(engine);
	roll_tables_back(engine);
}

/* Whether memory that is about to go is in the kernel's hands. */
static bool
is_writing(const struct engine *engine)
{
	return engine->writer.in_flight > 0 ||
	       moving_writer_is_busy(&engine->moving) ||
	       compaction_is_busy(engine);
}

/* ---- moving on ---- */

/* A table that was dropped may have had millions of rows: a few at a time. A
 * buffer that is half settled may hold its last ones. */
static void
retire_step(struct engine *engine)
{
	struct table *table = engine->tables.retired;
	struct index_entry entries[RETIRE_STEP];
	size_t count;

	if (table == NULL || engine->is_out_of_memory)
		return;
	count = primary_index_range(table->index, engine->retired_token,
				    engine->retired_fingerprint, INT64_MAX,
				    entries, RETIRE_STEP);
	for (size_t i = 0; i < count; i++) {
		segment_manager_kill_record(&engine->segments,
					    entries[i].location);
		table_remove_entry(table, &entries[i]);
	}
	if (count == RETIRE_STEP) {
		const struct index_entry *last = &entries[count - 1];

		engine->retired_token =
			last->token + (last->fingerprint == UINT64_MAX);
		engine->retired_fingerprint = last->fingerprint + 1;
		if (last->fingerprint != UINT64_MAX ||
		    last->token != INT64_MAX)
			return;
	}
	engine->retired_token = INT64_MIN;
	engine->retired_fingerprint = 0;
	table_registry_dispose(&engine->tables);
}

/* A new file is used only when the manifest counts it. */
static void
record_new_file(struct engine *engine)
{
	struct manifest next = engine->manifest;

	next.file_count = engine->segments.growth.number + 1;
	next.flags &= ~(uint32_t)MANIFEST_CLEAN;
	next.tail = NULL;
	next.tail_count = 0;
	/* When another one is being stored: the next step tries again. */
	(void)!engine_storing_begin(engine, STORING_FILE, &next);
}

static void
end_recording(struct engine *engine)
{
	struct error error = ERROR_INIT;
	int status = engine_storing_end(engine, STORING_FILE, &error);

	if (status == ENGINE_PENDING)
		return;
	if (status < 0)
		status = error.code == ERROR_FULL ? -ENOSPC : -EIO;
	segment_growth_recorded(&engine->segments, status);
}

void
engine_record_new_file(struct engine *engine)
{
	if (engine->segments.growth.state != GROWTH_RECORDING)
		return;
	if (engine->storing.purpose != STORING_FILE)
		record_new_file(engine);
	if (engine->storing.purpose == STORING_FILE)
		end_recording(engine);
}

void
engine_notice_failed_growth(struct engine *engine)
{
	const struct growth *growth = &engine->segments.growth;
	const struct io_operation *sync = &growth->operation;

	if (sync->kind != IO_SYNC || growth->is_in_flight ||
	    sync->result >= 0 || engine->writer.has_failed)
		return;
	segment_manager_io_error(&engine->segments, (int)sync->result, "sync",
				 growth->number *
					 engine->segments.file_segments,
				 0, &engine->writer.failure);
	engine->writer.has_failed = true;
}

void
engine_step(struct engine *engine)
{
	if (engine->is_read_only)
		return;
	engine_storing_step(engine);
	engine->writer.clock_us = engine->clock_us;
	engine->writer.moving_watermark = engine->moving.durable;
	engine->writer.moving_settled = engine->moving.settled;
	buffered_writer_step(&engine->writer);
	if (engine->moving.durable < engine->writer.moving_durable)
		engine->moving.durable = engine->writer.moving_durable;
	moving_writer_step(engine);
	settle(engine);
	if (engine->writer.has_failed && !engine->has_failed &&
	    !is_writing(engine))
		give_up_writing(engine);
	if (!engine->has_failed) {
		compaction_step(engine, COMPACTION_POLL_BYTES);
		segment_growth_step(&engine->segments, room_may_grow(engine));
		engine_record_new_file(engine);
		engine_notice_failed_growth(engine);
	}
	retire_step(engine);
	room_step(engine);
	checkpoint_writer_step(engine, CHECKPOINT_STEP_BYTES);
	/* Last: what has died, and what a checkpoint has told to be in vain. */
	segment_freeing_step(engine, false);
}

/* While there is nothing to do but to wait, compaction goes on: the more is
 * done by now, the less is left for those who write. */
static int
wait_for_io(struct engine *engine, int64_t wait_us)
{
	struct io *io = engine->io;
	int completed = 0;

	while (wait_us != 0 && !engine->is_read_only && !engine->has_failed &&
	       compaction_use_idle(engine, COMPACTION_POLL_BYTES)) {
		completed = io->methods->poll(io, 0);
		if (completed != 0)
			return completed;
	}
	return io->methods->poll(io, wait_us);
}

int
engine_poll(struct engine *engine, int64_t wait_us, struct error *error)
{
	struct buffered_writer *writer = &engine->writer;
	int completed;

	if (wait_us != 0)
		writer->patience = 0;
	engine_step(engine);
	completed = wait_for_io(engine, wait_us);
	if (completed < 0)
		return io_error(engine->io, completed, "wait for", NULL,
				IO_NO_OFFSET, error);
	engine_step(engine);
	if (writer->patience > 0)
		writer->patience--;
	return 0;
}
