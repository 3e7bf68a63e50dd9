/* SPDX-License-Identifier: MIT */
#include "storage/engine.h"

#include "base/checksum.h"
#include "base/murmur3.h"
#include "storage/engine_internal.h"
#include "storage/recovery.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { US_PER_S = 1000000, RETIRE_STEP = 256, PREFETCH_STEP = 16 };

/* ---- time and randomness ---- */

/* What was told once is never told earlier again, nor after a restart, since
 * the high mark goes with every buffer. */
static int64_t
clock_us(struct engine *engine)
{
	int64_t now_us = engine->io->methods->clock_us(engine->io);

	if (now_us > engine->clock_us)
		engine->clock_us = now_us;
	return engine->clock_us;
}

int64_t
engine_timestamp_us(struct engine *engine)
{
	int64_t before_us = engine->clock_us;

	if (clock_us(engine) == before_us && before_us < INT64_MAX)
		engine->clock_us++;
	return engine->clock_us;
}

uint32_t
engine_now_s(struct engine *engine)
{
	int64_t now_s = clock_us(engine) / US_PER_S;

	if (now_s < 0)
		return 0;
	return now_s > UINT32_MAX ? UINT32_MAX : (uint32_t)now_s;
}

void
engine_random(struct engine *engine, void *bytes, size_t size)
{
	engine->io->methods->random(engine->io, bytes, size);
}

/* ---- keys, tables, versions ---- */

struct key_hash
engine_hash_key(const struct engine *engine, struct slice key)
{
	return (struct key_hash){
		.token = murmur3_token(key),
		.fingerprint = checksum_seeded(key, engine->manifest.secret),
	};
}

struct table *
engine_find_table(struct engine *engine, uint32_t table)
{
	struct table *found = table_registry_find(&engine->tables, table);

	return found == NULL || found->is_dropping ? NULL : found;
}

bool
engine_is_superseded(const struct index_entry *existing, int64_t timestamp_us)
{
	return existing->timestamp_us > timestamp_us ||
	       (existing->timestamp_us == timestamp_us &&
		existing->is_tombstone);
}

bool
engine_is_live(struct engine *engine, const struct index_entry *entry)
{
	if (entry->is_tombstone)
		return false;
	return entry->expires_at_s == 0 ||
	       entry->expires_at_s > engine_now_s(engine);
}

int
engine_verify_record(const struct engine *engine, uint32_t table,
		     const struct index_entry *entry, const uint8_t *bytes,
		     struct record *record, struct error *error)
{
	struct location at = entry->location;
	uint64_t seed = format_record_seed(
		segment_manager_seed(&engine->segments, at.segment),
		at.offset);
	struct key_hash hash;

	if (!record_is_intact(bytes, at.size, seed) ||
	    record_decode(bytes, at.size, record) != at.size)
		return segment_manager_damaged(&engine->segments, at.segment,
					       at.offset,
					       "a record's checksum is wrong",
					       error);
	hash = engine_hash_key(engine, record->key);
	if (record->table != table || hash.token != entry->token ||
	    hash.fingerprint != entry->fingerprint)
		return segment_manager_damaged(&engine->segments, at.segment,
					       at.offset,
					       "another record stands there",
					       error);
	return 0;
}

/* ---- settling ---- */

void
engine_settle_registry(struct engine *engine, const struct record *record)
{
	enum registry_state state;
	struct table *table;
	uint32_t id;
	bool is_registry_row =
		registry_decode(record->key, record->value, &id, &state);

	assert(is_registry_row);
	(void)is_registry_row;
	table = table_registry_find(&engine->tables, id);
	assert(table != NULL);
	if (state == REGISTRY_CREATED)
		table->is_registered = true;
	else
		table_registry_retire(&engine->tables, table);
}

static bool
settle_record(struct engine *engine, struct pending *pending)
{
	struct index_entry old;
	int outcome = primary_index_insert(pending->table->index,
					   &pending->entry, &old);

	if (outcome < 0)
		return false;
	segment_manager_add_record(&engine->segments,
				   pending->entry.location);
	if (outcome == INDEX_REPLACED)
		segment_manager_kill_record(&engine->segments, old.location);
	pending_map_remove(&engine->pending, pending);
	return true;
}

static void
settle_registry_record(struct engine *engine, struct pending *pending)
{
	struct location at = pending->entry.location;
	const uint8_t *bytes =
		pending->buffer->data + (at.offset - pending->buffer->offset);
	struct record record;
	uint32_t size = record_decode(bytes, at.size, &record);

	assert(size == at.size);
	(void)size;
	engine_settle_registry(engine, &record);
}

/* The index's pages of the next records come into the processor's cache
 * together, since to wait for each one alone would take most of the time. */
static void
prefetch_index(const struct write_buffer *buffer)
{
	const struct pending *next = &buffer->pending[buffer->settled_count];
	uint32_t left = buffer->pending_count - buffer->settled_count;
	struct index_entry entries[PREFETCH_STEP];
	bool found[PREFETCH_STEP];
	uint32_t count = 0;

	while (count < left && count < PREFETCH_STEP &&
	       next[count].table == next->table) {
		entries[count] = next[count].entry;
		count++;
	}
	if (count > 1)
		primary_index_find_many(next->table->index, entries, found,
					count);
}

/* False when memory ran out; what is left is settled by a later step. */
static bool
settle_buffer(struct engine *engine, struct write_buffer *buffer)
{
	while (buffer->settled_count < buffer->pending_count) {
		struct pending *pending =
			&buffer->pending[buffer->settled_count];

		if (buffer->settled_count % PREFETCH_STEP == 0)
			prefetch_index(buffer);

		if (!settle_record(engine, pending))
			return false;
		if (pending->table == engine->registry)
			settle_registry_record(engine, pending);
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
		buffered_writer_release(&engine->writer, buffer);
	}
}

/* ---- failing ---- */

/* Tables as they are on the disk. */
static void
roll_tables_back(struct engine *engine)
{
	size_t i = 0;

	while (i < engine->tables.count) {
		struct table *table = engine->tables.tables[i];

		table->is_dropping = false;
		if (table->is_registered)
			i++;
		else
			table_registry_retire(&engine->tables, table);
	}
}

/* What isn't settled is thrown away, so that every row is seen as it stood
 * last; whether the rest reached the disk only the next opening can tell. */
static void
give_up_writing(struct engine *engine)
{
	engine->has_failed = true;
	engine->failure = engine->writer.failure;
	error_hint(&engine->failure,
		   "the database can still be read; open it again to write");
	pending_map_clear(&engine->pending);
	buffered_writer_drop(&engine->writer);
	roll_tables_back(engine);
}

/* ---- moving on ---- */

/* A table that was dropped may have had millions of rows: a few at a time. */
static void
retire_step(struct engine *engine)
{
	struct table *table = engine->tables.retired;
	struct index_entry entries[RETIRE_STEP];
	size_t count;

	if (table == NULL)
		return;
	count = primary_index_range(table->index, engine->retired_token,
				    engine->retired_fingerprint, INT64_MAX,
				    entries, RETIRE_STEP);
	for (size_t i = 0; i < count; i++)
		segment_manager_kill_record(&engine->segments,
					    entries[i].location);
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
	struct error error = ERROR_INIT;
	int status;

	engine->manifest.file_count = engine->segments.growth.number + 1;
	engine->manifest.flags &= ~(uint32_t)MANIFEST_CLEAN;
	status = manifest_store(engine->io, &engine->manifest, &error);
	if (status < 0) {
		engine->manifest.file_count--;
		status = error.code == ERROR_FULL ? -ENOSPC : -EIO;
	}
	segment_manager_recorded(&engine->segments, status);
}

void
engine_step(struct engine *engine)
{
	if (engine->is_read_only)
		return;
	engine->writer.clock_us = engine->clock_us;
	buffered_writer_step(&engine->writer);
	if (engine->writer.has_failed && !engine->has_failed) {
		settle(engine);
		if (engine->writer.in_flight == 0)
			give_up_writing(engine);
	} else {
		settle(engine);
	}
	if (!engine->has_failed) {
		segment_manager_step(&engine->segments);
		if (engine->segments.growth.state == GROWTH_RECORDING)
			record_new_file(engine);
	}
	retire_step(engine);
}

int
engine_poll(struct engine *engine, int64_t wait_us, struct error *error)
{
	int completed;

	engine_step(engine);
	completed = engine->io->methods->poll(engine->io, wait_us);
	if (completed < 0)
		return io_error(engine->io, completed, "wait for", NULL,
				IO_NO_OFFSET, error);
	engine_step(engine);
	return 0;
}

/* ---- opening ---- */

static void
free_engine(struct engine *engine)
{
	struct io *io = engine->io;

	engine_free_reads(engine);
	table_registry_finish(&engine->tables);
	pending_map_finish(&engine->pending);
	buffered_writer_finish(&engine->writer);
	if (engine->segments.io != NULL)
		segment_manager_finish(&engine->segments);
	manifest_finish(&engine->manifest);
	io->methods->destroy(io);
	free(engine);
}

static int
check_options(const struct engine_options *options, struct error *error)
{
	uint32_t size = options->segment_size;

	if (size != 0 &&
	    (size < FORMAT_SEGMENT_SIZE_MIN || size > FORMAT_SEGMENT_SIZE_MAX ||
	     (size & (size - 1)) != 0))
		return error_set(error, ERROR_CONFIG,
				 "segment size %u must be a power of two from "
				 "%d to %d",
				 size, FORMAT_SEGMENT_SIZE_MIN,
				 FORMAT_SEGMENT_SIZE_MAX);
	if (options->file_segments > FORMAT_FILE_SEGMENTS_MAX)
		return error_set(error, ERROR_CONFIG,
				 "a file of %u segments is too large: at most "
				 "%d",
				 options->file_segments,
				 FORMAT_FILE_SEGMENTS_MAX);
	return 0;
}

int
engine_open(struct io *io, const struct engine_options *options,
	    struct engine **engine, struct error *error)
{
	struct engine *opened = calloc(1, sizeof(*opened));
	int64_t started_us = io->methods->monotonic_us(io);
	int status;

	if (opened == NULL) {
		io->methods->destroy(io);
		return error_no_memory(error);
	}
	opened->io = io;
	opened->sync = options->sync;
	opened->is_read_only = options->is_read_only;
	opened->retired_token = INT64_MIN;
	opened->failure = ERROR_INIT;
	status = check_options(options, error);
	if (status == 0)
		status = recovery_open(opened, options, error);
	if (status < 0) {
		free_engine(opened);
		return status;
	}
	opened->counters.recovery_us =
		(uint64_t)(io->methods->monotonic_us(io) - started_us);
	*engine = opened;
	return 0;
}

/* ---- closing ---- */

static bool
is_growing(const struct engine *engine)
{
	return engine->segments.growth.is_in_flight;
}

/* Waits for the kernel to let go of our memory, whatever becomes of it. */
static int
wait_for_io(struct engine *engine, struct error *error)
{
	buffered_writer_step(&engine->writer);
	while (buffered_writer_is_busy(&engine->writer) ||
	       is_growing(engine)) {
		int completed = engine->io->methods->poll(engine->io, -1);

		if (completed < 0)
			return io_error(engine->io, completed, "wait for",
					NULL, IO_NO_OFFSET, error);
		buffered_writer_step(&engine->writer);
	}
	return 0;
}

static int
settle_everything(struct engine *engine, struct error *error)
{
	int status;

	do {
		status = engine_commit(engine, engine->last_lsn, error);
		if (status == ENGINE_PENDING &&
		    engine_poll(engine, -1, error) < 0)
			return -(int)ERROR_IO;
	} while (status == ENGINE_PENDING);
	return status;
}

static int
sync_files(struct engine *engine, struct error *error)
{
	struct segment_manager *segments = &engine->segments;

	if (engine->sync == ENGINE_SYNC_FULL)
		return 0;
	for (uint32_t i = 0; i < segments->file_count; i++) {
		int status;

		if (!segments->files[i].is_dirty)
			continue;
		status = io_sync_now(engine->io, segments->files[i].file);
		if (status < 0)
			return segment_manager_io_error(
				segments, status, "sync",
				i * segments->file_segments, 0, error);
	}
	return 0;
}

void
engine_describe(struct engine *engine, bool is_clean)
{
	struct manifest *manifest = &engine->manifest;
	const struct buffered_writer *writer = &engine->writer;

	assert(writer->count == 0);
	manifest->size_max = engine->segments.size_max;
	manifest->file_count = engine->segments.file_count;
	manifest->flags = is_clean ? MANIFEST_CLEAN : 0;
	manifest->next_table = engine->tables.next_id;
	manifest->user_watermark = writer->settled;
	manifest->next_user_sequence = writer->next_write_sequence;
	manifest->next_segment_sequence = writer->next_segment_sequence;
	manifest->next_lsn = engine->last_lsn + 1;
	manifest->clock_us = engine->clock_us;
	if (writer->segment_sequence != 0 && writer->offset != 0) {
		manifest->segment = writer->segment;
		manifest->offset = writer->offset;
		manifest->segment_sequence = writer->segment_sequence;
	} else {
		manifest->segment = engine->segments.next_segment;
		manifest->offset = 0;
		manifest->segment_sequence = 0;
	}
}

/* Everything is durable when this fails for lack of room: the next opening
 * then finds out by itself what a clean end would have told it. */
static int
store_clean_manifest(struct engine *engine, struct error *error)
{
	struct error failure = ERROR_INIT;
	int status;

	if (!engine->is_manifest_old)
		return 0;
	engine_describe(engine, true);
	status = manifest_store(engine->io, &engine->manifest, &failure);
	if (status == 0 || failure.code == ERROR_FULL)
		return 0;
	if (error != NULL)
		*error = failure;
	return status;
}

int
engine_close(struct engine *engine, struct error *error)
{
	int status = 0;
	int waited;

	if (engine == NULL)
		return 0;
	if (!engine->is_read_only) {
		status = settle_everything(engine, error);
		waited = wait_for_io(engine, status < 0 ? NULL : error);
		if (status == 0)
			status = waited;
		if (status == 0 && engine->writer.has_failed) {
			if (error != NULL)
				*error = engine->writer.failure;
			status = -(int)engine->writer.failure.code;
		}
		if (status == 0)
			status = sync_files(engine, error);
		if (status == 0)
			status = store_clean_manifest(engine, error);
	}
	free_engine(engine);
	return status;
}

/* ---- looking in ---- */

void
engine_get_statistics(const struct engine *engine,
		      struct engine_statistics *statistics)
{
	const struct segment_manager *segments = &engine->segments;
	const struct buffered_writer *writer = &engine->writer;

	*statistics = (struct engine_statistics){
		.live_bytes = segments->live_bytes,
		.dead_bytes = segments->record_bytes - segments->live_bytes,
		.disk_bytes = segment_manager_disk_bytes(segments),
		.segments = segments->segment_count,
		.segments_free = segment_manager_available(segments),
		.user_bytes_written = engine->counters.user_bytes_written,
		.device_bytes_written =
			writer->bytes_written + segments->zero_bytes_written,
		.buffers_written = writer->buffers_written,
		.device_reads = engine->counters.device_reads,
		.recovery_us = engine->counters.recovery_us,
		.recovered_records = engine->counters.recovered_records,
		.discarded_bytes = engine->counters.discarded_bytes,
		.io_name = engine->io->methods->name,
	};
	for (size_t i = 0; i < engine->tables.count; i++) {
		const struct table *table = engine->tables.tables[i];

		statistics->index_bytes += primary_index_bytes(table->index);
		if (table->id >= ENGINE_TABLE_FIRST)
			statistics->keys += primary_index_count(table->index);
	}
}
