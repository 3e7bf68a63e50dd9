/* SPDX-License-Identifier: MIT
 *
 * engine_write and engine_commit.  A batch is checked whole, then room is
 * found for all of it, then it is appended: nothing that can fail happens
 * between its first and its last record. */
#include "storage/engine.h"

#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/engine_manifest.h"
#include "storage/engine_state.h"
#include "storage/engine_step.h"
#include "storage/format/run.h"
#include "storage/log/write_append.h"
#include "storage/log/write_check.h"
#include "storage/moving/compaction.h"
#include "storage/moving/room.h"
#include "storage/moving/segment_freeing.h"

uint64_t
engine_last_lsn(const struct engine *engine)
{
	return engine->last_lsn;
}

uint32_t
engine_row_size_max(const struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;
	uint64_t most = run_record_size_max(segments->segment_size,
					    segments->file_segments) -
			RECORD_OVERHEAD_MAX;

	return most < RUN_ROW_SIZE_MAX ? (uint32_t)most : RUN_ROW_SIZE_MAX;
}

uint32_t
engine_allocate_table(struct engine *engine)
{
	uint32_t *next = &engine->tables.next_id;

	/* The last one is never registered: write_check refuses it. */
	return *next == UINT32_MAX ? UINT32_MAX : (*next)++;
}

/* ---- room ---- */

/* A batch that makes room may use what is kept back for that. */
static enum room_level
level_of(const struct engine_write *writes, size_t count)
{
	size_t tombstones = 0;

	for (size_t i = 0; i < count; i++) {
		if (writes[i].kind == ENGINE_WRITE_DROP_TABLE)
			return ROOM_DROPPING;
		tombstones += writes[i].kind == ENGINE_WRITE_TOMBSTONE;
	}
	return tombstones == count ? ROOM_RECLAIMING : ROOM_ORDINARY;
}

static int
prepare_runs(struct engine *engine, const struct engine_write *writes,
	     size_t count, struct error *error)
{
	uint32_t segment_size = engine->segments.segment_size;
	int status = 0;

	for (size_t i = 0; i < count && status == 0; i++) {
		uint32_t size = write_record_size(engine, &writes[i]);

		if (run_parts(segment_size, size) > 1)
			status = room_prepare_run(engine, size, error);
	}
	return status;
}

/* To look for room may send the open buffer, or append rows of table 3: then
 * the plan is of a place where the batch won't begin any more. */
static int
find_segments(struct engine *engine, const struct write_plan *plan,
	      enum room_level level, struct error *error)
{
	const struct write_buffer *open = engine->writer.open;
	uint64_t last_lsn = engine->last_lsn;
	int status = room_find(engine, plan->segments + plan->run_segments,
			       level, error);

	if (status == 0 && (engine->last_lsn != last_lsn ||
			    engine->writer.open != open))
		return ENGINE_PENDING;
	return status;
}

static int
find_room(struct engine *engine, const struct engine_write *writes,
	  size_t count, const struct write_plan *plan, struct error *error)
{
	enum room_level level = level_of(writes, count);
	int status;

	if (!buffered_writer_has_room(&engine->writer, plan)) {
		buffered_writer_flush(&engine->writer, engine->last_lsn);
		return ENGINE_PENDING;
	}
	status = find_segments(engine, plan, level, error);
	if (status == 0 && plan->segments + plan->run_segments > 0)
		status = engine_begin_writing(engine, error);
	if (status == 0 && plan->runs > 0)
		status = prepare_runs(engine, writes, count, error);
	if (status != 0)
		buffered_writer_cancel_runs(&engine->writer);
	else
		room_found(engine, plan->longest_run);
	return status;
}

/* ---- the door ---- */

/* Before a batch is planned, since a step moves the place where it begins, and
 * may fail for good.  Only a step finds out that there is memory again, and a
 * caller who is refused doesn't poll. */
static int
check_ready(struct engine *engine, struct error *error)
{
	int status;

	if (engine->is_out_of_memory)
		engine_step(engine);
	status = engine_check_writable(engine, error);
	if (status == 0 && engine->is_out_of_memory)
		status = error_no_memory(error);
	return status;
}

int
engine_write(struct engine *engine, const struct engine_write *writes,
	     size_t count, uint64_t *lsn, struct error *error)
{
	struct write_plan plan;
	int status = check_ready(engine, error);

	if (status < 0)
		return status;
	status = write_check(engine, writes, count, &plan, error);
	if (status == 0)
		status = find_room(engine, writes, count, &plan, error);
	if (status != 0) {
		write_forget_checks(engine, writes, count);
		return status;
	}
	/* A lone one goes out at once; who is waited for already may share. */
	engine->writer.patience =
		engine->writer.wanted_lsn > engine->writer.settled_lsn;
	write_append(engine, writes, count);
	*lsn = engine->last_lsn;
	/* Rows of its own go along while the buffer is open. */
	segment_freeing_step(engine, false);
	engine->writer.clock_us = engine->clock_us;
	buffered_writer_flush(&engine->writer, 0);
	compaction_pay(engine);
	checkpoint_writer_pay(engine);
	segment_growth_step(&engine->segments, room_may_grow(engine));
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
	status = engine_check_writable(engine, error);
	if (status < 0)
		return status;
	writer->clock_us = engine->clock_us;
	buffered_writer_flush(writer, lsn);
	return ENGINE_PENDING;
}
