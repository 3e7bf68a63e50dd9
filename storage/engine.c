/* SPDX-License-Identifier: MIT */
#include "storage/engine.h"

#include "storage/checkpoint/checkpoint_voids.h"
#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/engine_manifest.h"
#include "storage/engine_step.h"
#include "storage/engine_storing.h"
#include "storage/moving/compaction.h"
#include "storage/moving/segment_freeing.h"
#include "storage/moving/separator.h"
#include "storage/recovery/opening.h"

#include <errno.h>
#include <stdlib.h>

enum { CACHE_SIZE_DEFAULT = 64 << 20, POLL_FAILURES_MAX = 1000 };

/* ---- opening ---- */

static void
free_engine(struct engine *engine)
{
	struct io *io = engine->io;

	engine_free_reads(engine);
	compaction_destroy(engine);
	separator_destroy(engine);
	moving_writer_finish(&engine->moving);
	record_cache_destroy(engine->cache);
	table_registry_finish(&engine->tables);
	pending_map_finish(&engine->pending);
	buffered_writer_finish(&engine->writer);
	checkpoint_writer_destroy(engine->checkpoints);
	segment_freeing_finish(engine);
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

static int
create_cache(struct engine *engine, uint64_t size, struct error *error)
{
	if (size == ENGINE_CACHE_NONE)
		return 0;
	engine->cache = record_cache_create(size == 0 ? CACHE_SIZE_DEFAULT :
							size);
	return engine->cache == NULL ? error_no_memory(error) : 0;
}

static int
create_movers(struct engine *engine, const struct engine_options *options,
	      struct error *error)
{
	int status = separator_create(engine, options->separator_size, error);

	return status == 0 ? compaction_create(engine, error) : status;
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
	opened->is_separation_eager = options->is_separation_eager;
	opened->retired_token = INT64_MIN;
	opened->failure = ERROR_INIT;
	status = check_options(options, error);
	if (status == 0 && !options->is_read_only)
		status = checkpoint_writer_create(
			opened, options->checkpoint_size, error);
	if (status == 0)
		status = opening_open(opened, options, error);
	if (status == 0 && !opened->is_read_only)
		status = create_movers(opened, options, error);
	if (status == 0)
		status = create_cache(opened, options->cache_size, error);
	if (status == 0 && !opened->is_read_only)
		checkpoint_voids_thin(opened);
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

static bool
is_moving(const struct engine *engine)
{
	return moving_writer_is_busy(&engine->moving) ||
	       compaction_is_busy(engine) ||
	       (!engine->writer.has_failed &&
		!moving_writer_is_idle(&engine->moving));
}

/* Whether any of our memory is in the kernel's hands. */
static bool
is_in_flight(const struct engine *engine)
{
	return buffered_writer_is_busy(&engine->writer) ||
	       moving_writer_is_busy(&engine->moving) ||
	       compaction_is_busy(engine) || is_growing(engine) ||
	       engine->storing.store.is_in_flight ||
	       engine->last_sync.is_in_flight ||
	       (engine->checkpoints != NULL &&
		checkpoint_writer_is_busy(engine->checkpoints));
}

static void
fail_for_want_of_polls(struct engine *engine, int negative_errno)
{
	if (engine->writer.has_failed)
		return;
	(void)!io_error(engine->io, negative_errno, "wait for", NULL,
			IO_NO_OFFSET, &engine->writer.failure);
	engine->writer.has_failed = true;
}

/* Waits for the kernel to let go of our memory, whatever becomes of it. What
 * waits to be separated stands where it was too. */
static void
wait_for_io(struct engine *engine)
{
	int failures = 0;

	buffered_writer_step(&engine->writer);
	while (buffered_writer_is_busy(&engine->writer) ||
	       is_growing(engine) || is_moving(engine)) {
		int completed = engine->io->methods->poll(engine->io, -1);

		if (completed < 0)
			fail_for_want_of_polls(engine, completed);
		if (completed < 0 && ++failures == POLL_FAILURES_MAX)
			return;
		buffered_writer_step(&engine->writer);
		moving_writer_step(engine);
	}
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
		engine->last_sync.operation = (struct io_operation){
			.kind = IO_SYNC,
			.file = segments->files[i].file,
		};
		status = (int)io_run(engine->io, &engine->last_sync);
		if (status < 0)
			return segment_manager_io_error(
				segments, status, "sync",
				i * segments->file_segments, 0, error);
	}
	return 0;
}

/* What is on its way to the manifest is waited for, so that the last one that
 * is stored knows of it. */
static void
finish_storing(struct engine *engine)
{
	engine_storing_wait(engine);
	if (engine->has_failed || engine->writer.has_failed)
		return;
	engine_record_new_file(engine);
	engine_storing_wait(engine);
	engine_record_new_file(engine);
}

/* Everything is durable when this fails for lack of room, and where memory for
 * the indexes ran out: the next opening then finds out by itself what a clean
 * end would have told it. */
static int
store_clean_manifest(struct engine *engine, struct error *error)
{
	struct manifest_store *store = &engine->storing.store;
	struct error failure = ERROR_INIT;
	int status;

	if (!engine->is_manifest_old || engine->writer.count > 0)
		return 0;
	engine_describe(engine, true);
	manifest_store_begin(store, engine->io, &engine->manifest);
	manifest_store_wait(store);
	if (!manifest_store_is_done(store))
		return io_error(engine->io, -EIO, "write", MANIFEST_NAME,
				IO_NO_OFFSET, error);
	status = manifest_store_end(store, &failure);
	if (status == 0 || failure.code == ERROR_FULL)
		return 0;
	if (error != NULL)
		*error = failure;
	return status;
}

/* Where replaying would take the next opening longer than this takes now. */
static void
take_last_checkpoint(struct engine *engine)
{
	if (!checkpoint_writer_is_due_at_end(engine))
		return;
	checkpoint_writer_cancel(engine);
	while (engine_checkpoint(engine, NULL) == ENGINE_PENDING) {
		if (engine_poll(engine, -1, NULL) < 0)
			return;
	}
}

/* What isn't in order by now, if it wasn't told before. */
static int
failure_of(const struct engine *engine, int status, struct error *error)
{
	if (status < 0 || !engine->writer.has_failed)
		return status;
	if (error != NULL)
		*error = engine->writer.failure;
	return -(int)engine->writer.failure.code;
}

static int
end_writing(struct engine *engine, struct error *error)
{
	int status;

	take_last_checkpoint(engine);
	engine->is_closing = true;
	status = settle_everything(engine, error);
	checkpoint_writer_cancel(engine);
	wait_for_io(engine);
	finish_storing(engine);
	engine_notice_failed_growth(engine);
	if (is_in_flight(engine))
		fail_for_want_of_polls(engine, -EIO);
	status = failure_of(engine, status, error);
	if (status == 0)
		status = sync_files(engine, error);
	if (status == 0)
		status = store_clean_manifest(engine, error);
	return status;
}

int
engine_close(struct engine *engine, struct error *error)
{
	int status = 0;

	if (engine == NULL)
		return 0;
	if (!engine->is_read_only)
		status = end_writing(engine, error);
	/* The kernel may still read and write there: lost, not freed, and the
	 * lock stays, so that nobody writes beside it. */
	if (!is_in_flight(engine))
		free_engine(engine);
	return status;
}

/* ---- looking in ---- */

/* The records of a dropped table are counted as dead in steps, by segment; the
 * sums take what is left of it as dead at once. */
static void
bury_table(const struct table *table, struct engine_statistics *statistics)
{
	statistics->live_bytes -= table->live_bytes;
	statistics->dead_bytes += table->live_bytes;
}

const char *
engine_warning(const struct engine *engine)
{
	return engine->warning.code == ERROR_NONE ? NULL :
						    engine->warning.message;
}

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
			writer->bytes_written + engine->moving.bytes_written +
			segments->zero_bytes_written +
			engine->counters.checkpoint_bytes_written,
		.buffers_written = writer->buffers_written,
		.compactions = engine->counters.compactions,
		.segments_freed = segments->died_unread_count,
		.quarantined = segments->quarantined_count,
		.moved_bytes = engine->moving.bytes_moved,
		.separator_flushes = engine->moving.buffers_written,
		.checkpoints = engine->counters.checkpoints,
		.checkpoint_bytes_written =
			engine->counters.checkpoint_bytes_written,
		.device_reads = engine->counters.device_reads,
		.recovery_us = engine->counters.recovery_us,
		.recovered_records = engine->counters.recovered_records,
		.discarded_bytes = engine->counters.discarded_bytes,
		.cache_hits = engine->counters.cache_hits,
		.cache_misses = engine->counters.cache_misses,
		.io_name = engine->io->methods->name,
	};
	if (engine->separator != NULL)
		statistics->separator_bytes =
			separator_memory(engine->separator);
	if (engine->cache != NULL)
		statistics->cache_bytes = record_cache_bytes(engine->cache);
	for (size_t i = 0; i < engine->tables.count; i++) {
		const struct table *table = engine->tables.tables[i];

		statistics->tombstones += table->tombstones;
		if (table->is_dropping)
			bury_table(table, statistics);
		else if (table->id >= ENGINE_TABLE_FIRST)
			statistics->keys += primary_index_count(table->index) -
					    table->tombstones;
		statistics->index_bytes += primary_index_bytes(table->index);
	}
	for (const struct table *table = engine->tables.retired; table != NULL;
	     table = table->next) {
		bury_table(table, statistics);
		statistics->index_bytes += primary_index_bytes(table->index);
	}
}

static void
map_segment(const struct segment_manager *segments,
	    const struct segment *segment, struct engine_segment_map *map)
{
	uint64_t share = (uint64_t)segment->live_bytes * ENGINE_SHARES /
			 segments->segment_size;

	if (share >= ENGINE_SHARES)
		share = ENGINE_SHARES - 1;
	if (segment->state == SEGMENT_FREE)
		map->free++;
	else if (segment->kind == BUFFER_PART)
		map->run_segments++;
	else if (segment->kind == BUFFER_FULL)
		map->full[share]++;
	else
		map->mixed[share]++;
}

void
engine_get_segment_map(const struct engine *engine,
		       struct engine_segment_map *map)
{
	const struct segment_manager *segments = &engine->segments;

	*map = (struct engine_segment_map){ 0 };
	for (uint32_t i = 0; i < segments->segment_count; i++)
		map_segment(segments, &segments->segments[i], map);
}
