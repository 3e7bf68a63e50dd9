/* SPDX-License-Identifier: MIT */
#include "storage/log/moving_writer.h"

#include "storage/engine_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	RELOCATE_STEP = 16, /* entries whose pages are fetched together */
	SETTLE_STEP = 1024  /* records of one call: its time is a writer's */
};

/* ---- life ---- */

static int
init_buffer(struct moving_buffer *buffer, uint32_t segment_size)
{
	size_t records = (segment_size - FORMAT_HEADER_SIZE) / RECORD_SIZE_MIN;
	void *data;

	if (posix_memalign(&data, IO_ALIGNMENT, segment_size) != 0)
		return -(int)ERROR_FULL;
	buffer->data = data;
	buffer->records = malloc(records * sizeof(*buffer->records));
	return buffer->records == NULL ? -(int)ERROR_FULL : 0;
}

int
moving_writer_init(struct engine *engine, struct error *error)
{
	struct moving_writer *writer = &engine->moving;

	for (uint32_t i = 0; i < MOVING_IN_FLIGHT_MAX; i++) {
		if (init_buffer(&writer->buffers[i],
				engine->segments.segment_size) < 0)
			return error_no_memory(error);
	}
	return 0;
}

void
moving_writer_finish(struct moving_writer *writer)
{
	assert(!moving_writer_is_busy(writer));
	for (uint32_t i = 0; i < MOVING_IN_FLIGHT_MAX; i++) {
		free(writer->buffers[i].data);
		free(writer->buffers[i].records);
	}
	*writer = (struct moving_writer){ 0 };
}

static struct moving_buffer *
buffer_at(struct moving_writer *writer, uint32_t position)
{
	return &writer->buffers[(writer->first + position) %
				MOVING_IN_FLIGHT_MAX];
}

bool
moving_writer_is_busy(const struct moving_writer *writer)
{
	return writer->in_flight > 0;
}

bool
moving_writer_is_idle(const struct moving_writer *writer)
{
	return writer->count == 0;
}

/* ---- sending ---- */

struct moving_buffer *
moving_writer_reserve(struct engine *engine)
{
	struct moving_writer *writer = &engine->moving;
	struct moving_buffer *buffer = buffer_at(writer, writer->count);

	if (engine->writer.has_failed || writer->is_held ||
	    writer->count == MOVING_IN_FLIGHT_MAX || buffer->data == NULL)
		return NULL;
	buffer->record_count = 0;
	buffer->settled_count = 0;
	return buffer;
}

bool
moving_writer_is_copying(const struct engine *engine, uint32_t segment)
{
	const struct moving_writer *writer = &engine->moving;

	return writer->count > 0 &&
	       engine->segments.segments[segment].copied_in >=
		       writer->buffers[writer->first].write_sequence;
}

/* The last record ends a batch, and so does the buffer: what it holds counts
 * as a whole. */
static uint64_t
seal_records(struct engine *engine, struct moving_buffer *buffer)
{
	uint64_t seed =
		segment_manager_seed(&engine->segments, buffer->segment);
	struct moved_record *last = &buffer->records[buffer->record_count - 1];
	uint64_t last_lsn = 0;

	record_add_flags(buffer->data + last->to.offset, RECORD_ENDS_BATCH);
	for (uint32_t i = 0; i < buffer->record_count; i++) {
		uint32_t from = buffer->records[i].from.segment;
		struct location *to = &buffer->records[i].to;
		uint8_t *bytes = buffer->data + to->offset;
		uint64_t lsn = record_lsn(bytes);

		engine->segments.segments[from].copied_in =
			buffer->write_sequence;
		to->segment = buffer->segment;
		if (lsn > last_lsn)
			last_lsn = lsn;
		record_seal(bytes, to->size,
			    format_record_seed(seed, to->offset));
	}
	return last_lsn;
}

static uint32_t
seal_buffer(struct engine *engine, struct moving_buffer *buffer,
	    uint32_t data_size)
{
	const struct segment *segment =
		&engine->segments.segments[buffer->segment];
	uint32_t size = format_buffer_size(data_size);
	uint32_t end = FORMAT_HEADER_SIZE + data_size;
	struct buffer_header header = {
		.version = FORMAT_VERSION,
		.kind = segment->kind,
		.stream = STREAM_MOVING,
		.flags = BUFFER_ENDS_BATCH,
		.part_count = 1,
		.segment = buffer->segment,
		.segment_sequence = segment->sequence,
		.life = segment->life,
		.data_size = data_size,
		.write_sequence = buffer->write_sequence,
		.record_count = buffer->record_count,
		.table = segment->table,
		.user_watermark = engine->writer.durable,
		.moving_watermark = engine->moving.durable,
		.clock_us = engine->clock_us,
		.first_token = segment->first_token,
		.last_token = segment->last_token,
		.database_id = engine->segments.database_id,
	};

	header.last_lsn = seal_records(engine, buffer);
	memset(buffer->data + end, 0, size - end);
	format_seal_buffer(&header, buffer->data);
	return size;
}

static void
on_write_done(struct io_operation *operation)
{
	CONTAINER_OF(operation, struct moving_buffer, operation)->is_written =
		true;
}

void
moving_writer_send(struct engine *engine, struct moving_buffer *buffer,
		   uint32_t data_size, const struct segment_use *use)
{
	struct moving_writer *writer = &engine->moving;
	struct segment_manager *segments = &engine->segments;
	struct segment_use moving = *use;
	struct segment_place place;
	uint32_t size;

	assert(buffer == buffer_at(writer, writer->count));
	assert(buffer->record_count > 0);
	moving.stream = STREAM_MOVING;
	buffer->segment = segment_manager_take(segments, &moving);
	buffer->write_sequence = writer->next_write_sequence++;
	segment_manager_note_write(segments, buffer->segment,
				   buffer->write_sequence);
	size = seal_buffer(engine, buffer, data_size);
	place = segment_manager_place(segments, buffer->segment, 0);
	buffer->operation = (struct io_operation){
		.kind = IO_WRITE,
		.file = place.file,
		.offset = place.offset,
		.data = buffer->data,
		.size = size,
		.on_done = on_write_done,
	};
	buffer->is_written = false;
	buffer->is_counted = false;
	writer->count++;
	writer->in_flight++;
	engine->is_manifest_old = true;
	engine->io->methods->submit(engine->io, &buffer->operation);
}

/* ---- completing ---- */

static void
check_result(struct engine *engine, struct moving_buffer *buffer)
{
	struct moving_writer *writer = &engine->moving;
	struct segment_manager *segments = &engine->segments;
	int64_t result = buffer->operation.result;

	buffer->is_counted = true;
	writer->in_flight--;
	if (result >= 0 && (size_t)result != buffer->operation.size)
		result = -EIO;
	if (result < 0) {
		if (!engine->writer.has_failed)
			segment_manager_io_error(segments, (int)result,
						 "write", buffer->segment, 0,
						 &engine->writer.failure);
		engine->writer.has_failed = true;
		return;
	}
	/* Only now: a sync that is on its way may not cover it. */
	segments->files[buffer->segment / segments->file_segments].is_dirty =
		true;
	writer->bytes_written += buffer->operation.size;
	writer->buffers_written++;
}

static void
count_written(struct engine *engine)
{
	struct moving_writer *writer = &engine->moving;

	for (uint32_t i = 0; i < writer->count; i++) {
		struct moving_buffer *buffer = buffer_at(writer, i);

		if (buffer->is_written && !buffer->is_counted)
			check_result(engine, buffer);
	}
}

/* ---- settling ---- */

static void
count_moved(struct engine *engine, const struct index_move *move)
{
	struct segment_manager *segments = &engine->segments;

	if (!move->is_moved) {
		segment_manager_add_dead_record(segments, move->to);
		return;
	}
	segment_manager_add_record(segments, move->to);
	segment_manager_kill_record(segments, move->from);
	engine->moving.bytes_moved += move->to.size;
}

/* Nothing of another life is followed: its record has died with it. */
static bool
is_same_life(const struct engine *engine, const struct moved_record *record)
{
	const struct segment *source =
		&engine->segments.segments[record->from.segment];

	return source->life == record->life;
}

/* The next records of one table, a few at most: their entries follow
 * together. */
static uint32_t
relocate_some(struct engine *engine, const struct moved_record *records,
	      uint32_t left)
{
	struct table *table =
		table_registry_find(&engine->tables, records->table);
	struct index_move moves[RELOCATE_STEP];
	uint32_t done = 0, count = 0;

	for (; done < left && done < RELOCATE_STEP &&
	       records[done].table == records->table;
	     done++) {
		const struct moved_record *record = &records[done];

		if (table == NULL || !is_same_life(engine, record)) {
			segment_manager_add_dead_record(&engine->segments,
							record->to);
			continue;
		}
		segment_manager_prefetch(&engine->segments, record->from);
		moves[count++] = (struct index_move){
			.token = record->token,
			.fingerprint = record->fingerprint,
			.from = record->from,
			.to = record->to,
		};
	}
	if (count > 0)
		primary_index_relocate(table->index, moves, count);
	for (uint32_t i = 0; i < count; i++)
		count_moved(engine, &moves[i]);
	return done;
}

/* Settles up to ${*budget} records of the buffer; true when all are. */
static bool
settle_buffer(struct engine *engine, struct moving_buffer *buffer,
	      uint32_t *budget)
{
	while (buffer->settled_count < buffer->record_count) {
		uint32_t left = buffer->record_count - buffer->settled_count;
		uint32_t count;

		if (*budget == 0)
			return false;
		count = relocate_some(engine,
				      &buffer->records[buffer->settled_count],
				      left < *budget ? left : *budget);
		buffer->settled_count += count;
		*budget -= count;
	}
	return true;
}

/* Before the first entry follows: what dies by that is freed only when all that
 * is settled is durable. */
static void
begin_settling(struct engine *engine, const struct moving_buffer *buffer)
{
	engine->moving.settled = buffer->write_sequence;
	if (engine->sync == ENGINE_SYNC_FULL)
		engine->moving.durable = buffer->write_sequence;
}

static void
end_settling(struct engine *engine, const struct moving_buffer *buffer)
{
	struct moving_writer *writer = &engine->moving;

	segment_manager_seal(&engine->segments, buffer->segment);
	writer->first = (writer->first + 1) % MOVING_IN_FLIGHT_MAX;
	writer->count--;
}

void
moving_writer_step(struct engine *engine)
{
	struct moving_writer *writer = &engine->moving;
	uint32_t budget = SETTLE_STEP;

	if (writer->in_flight > 0)
		count_written(engine);
	while (writer->count > 0 && !engine->writer.has_failed) {
		struct moving_buffer *oldest = buffer_at(writer, 0);

		if (!oldest->is_counted)
			return;
		begin_settling(engine, oldest);
		if (!settle_buffer(engine, oldest, &budget))
			return;
		end_settling(engine, oldest);
	}
}

void
moving_writer_drop(struct engine *engine)
{
	struct moving_writer *writer = &engine->moving;

	assert(!moving_writer_is_busy(writer));
	for (uint32_t i = 0; i < writer->count; i++) {
		struct moving_buffer *buffer = buffer_at(writer, i);

		/* Entries that follow already lead to what is written. */
		segment_manager_abandon(&engine->segments, buffer->segment);
	}
	writer->count = 0;
}
