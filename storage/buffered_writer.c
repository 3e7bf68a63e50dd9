/* SPDX-License-Identifier: MIT
 *
 * The ring, oldest buffer first:
 *
 *	first                                             first + count
 *	| written | written | writing | writing | closed | open |
 *	|<--------------- sent ---------------->|
 *
 * A buffer's place is fixed when it is opened, so that a record's location is
 * known when it is appended; so buffers go to the disk in the order of their
 * write sequences, though they may arrive in any order.
 *
 * Group commit: a buffer that isn't full is sent only when somebody waits for
 * it and nothing is in flight.  A lone write goes out at once and alone; what
 * is appended while it is on its way shares the next one. */
#include "storage/buffered_writer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { RING_BYTES = 1 << 20 };

/* ---- life ---- */

int
buffered_writer_init(struct buffered_writer *writer, struct error *error)
{
	uint32_t size = RING_BYTES / writer->segments->segment_size;

	if (size < BUFFERED_WRITER_RING_MIN)
		size = BUFFERED_WRITER_RING_MIN;
	if (size > BUFFERED_WRITER_RING_MAX)
		size = BUFFERED_WRITER_RING_MAX;
	writer->ring = calloc(size, sizeof(*writer->ring));
	if (writer->ring == NULL)
		return error_no_memory(error);
	writer->ring_size = size;
	for (uint32_t i = 0; i < size; i++) {
		if (!write_buffer_init(&writer->ring[i],
				       writer->segments->segment_size))
			return error_no_memory(error);
	}
	return 0;
}

void
buffered_writer_finish(struct buffered_writer *writer)
{
	assert(!buffered_writer_is_busy(writer));
	for (uint32_t i = 0; i < writer->ring_size; i++)
		write_buffer_finish(&writer->ring[i]);
	free(writer->ring);
	*writer = (struct buffered_writer){ 0 };
}

static struct write_buffer *
buffer_at(const struct buffered_writer *writer, uint32_t position)
{
	return &writer->ring[(writer->first + position) % writer->ring_size];
}

/* ---- room ---- */

static uint32_t
segment_size_of(const struct buffered_writer *writer)
{
	return writer->segments->segment_size;
}

/* Whether a buffer can be opened behind the last one of the segment. */
static bool
has_place(const struct buffered_writer *writer)
{
	return writer->segment_sequence != 0 &&
	       segment_size_of(writer) - writer->offset >= FORMAT_BLOCK_SIZE;
}

struct write_plan
buffered_writer_plan(const struct buffered_writer *writer)
{
	struct write_plan plan = { 0 };

	if (writer->open != NULL) {
		plan.left = write_buffer_room(writer->open);
	} else if (has_place(writer)) {
		plan.left = segment_size_of(writer) - writer->offset -
			    FORMAT_HEADER_SIZE;
		plan.buffers = 1;
	}
	return plan;
}

void
write_plan_add(struct write_plan *plan, uint32_t segment_size,
	       uint32_t record_size)
{
	if (record_size > plan->left) {
		plan->buffers++;
		plan->segments++;
		plan->left = segment_size - FORMAT_HEADER_SIZE;
	}
	assert(record_size <= plan->left);
	plan->left -= record_size;
}

uint32_t
buffered_writer_batch_max(const struct buffered_writer *writer)
{
	return writer->ring_size - 1;
}

bool
buffered_writer_has_room(const struct buffered_writer *writer,
			 uint32_t buffers)
{
	return buffers <= writer->ring_size - writer->count;
}

/* ---- opening and closing ---- */

static void
close_open_buffer(struct buffered_writer *writer)
{
	struct write_buffer *open = writer->open;

	assert(open->pending_count > 0);
	open->state = WRITE_BUFFER_CLOSED;
	segment_manager_note_write(writer->segments, open->segment,
				   open->write_sequence);
	writer->open = NULL;
	writer->offset = open->offset +
			 format_buffer_size(open->size - FORMAT_HEADER_SIZE);
}

static void
open_buffer(struct buffered_writer *writer)
{
	struct write_buffer *buffer = buffer_at(writer, writer->count);
	uint64_t seed = segment_manager_seed(writer->segments,
					     writer->segment);

	assert(writer->count < writer->ring_size);
	write_buffer_open(buffer, writer->segment, writer->offset,
			  segment_size_of(writer), writer->segment_sequence,
			  seed, writer->next_write_sequence++);
	writer->count++;
	writer->open = buffer;
}

static bool
has_buffer_in(const struct buffered_writer *writer, uint32_t segment)
{
	for (uint32_t i = 0; i < writer->count; i++) {
		if (buffer_at(writer, i)->segment == segment)
			return true;
	}
	return false;
}

/* No more buffers go there: sealed with the last one that is settled. */
static void
leave_segment(struct buffered_writer *writer)
{
	if (writer->segment_sequence != 0 &&
	    !has_buffer_in(writer, writer->segment))
		segment_manager_seal(writer->segments, writer->segment);
	writer->segment_sequence = 0;
	writer->offset = 0;
}

static void
take_segment(struct buffered_writer *writer)
{
	struct segment_use use = { .kind = BUFFER_MIXED,
				   .stream = STREAM_USER };

	leave_segment(writer);
	writer->segment = segment_manager_take(writer->segments, &use);
	writer->segment_sequence =
		writer->segments->segments[writer->segment].sequence;
}

struct write_buffer *
buffered_writer_reserve(struct buffered_writer *writer, uint32_t record_size)
{
	if (writer->open == NULL && has_place(writer))
		open_buffer(writer);
	if (writer->open != NULL &&
	    write_buffer_room(writer->open) >= record_size)
		return writer->open;
	if (writer->open != NULL && writer->open->pending_count > 0)
		close_open_buffer(writer);
	if (writer->open != NULL) {
		/* Opened in what was left of a segment, too small for this
		 * record: moved to the next segment. */
		writer->open->state = WRITE_BUFFER_FREE;
		writer->open = NULL;
		writer->count--;
		writer->next_write_sequence--;
	}
	take_segment(writer);
	open_buffer(writer);
	assert(write_buffer_room(writer->open) >= record_size);
	return writer->open;
}

/* ---- writing ---- */

static void
fail(struct buffered_writer *writer)
{
	writer->has_failed = true;
}

static void
on_write_done(struct io_operation *operation)
{
	struct write_buffer *buffer =
		CONTAINER_OF(operation, struct write_buffer, operation);

	buffer->state = WRITE_BUFFER_WRITTEN;
}

static void
send(struct buffered_writer *writer, struct write_buffer *buffer)
{
	struct segment_place place = segment_manager_place(
		writer->segments, buffer->segment, buffer->offset);
	struct buffer_header header = {
		.user_watermark = writer->durable,
		.moving_watermark = writer->moving_watermark,
		.clock_us = writer->clock_us,
		.database_id = writer->database_id,
	};
	uint32_t size = write_buffer_seal(buffer, header);

	buffer->operation = (struct io_operation){
		.kind = IO_WRITE,
		.file = place.file,
		.offset = place.offset,
		.data = buffer->data,
		.size = size,
		.on_done = on_write_done,
	};
	buffer->state = WRITE_BUFFER_WRITING;
	writer->sent++;
	writer->in_flight++;
	writer->io->methods->submit(writer->io, &buffer->operation);
}

/* A batch that goes on in the open buffer keeps those before it unsettled:
 * who waits for them waits for it too. */
static bool
is_open_buffer_wanted(const struct buffered_writer *writer)
{
	return writer->open != NULL && writer->open->pending_count > 0 &&
	       writer->wanted_lsn > writer->settled_lsn;
}

static void
send_waiting(struct buffered_writer *writer)
{
	if (writer->has_failed)
		return;
	if (is_open_buffer_wanted(writer) && writer->in_flight == 0 &&
	    writer->sent + 1 == writer->count)
		close_open_buffer(writer);
	while (writer->sent < writer->count &&
	       writer->in_flight < BUFFERED_WRITER_IN_FLIGHT_MAX) {
		struct write_buffer *buffer = buffer_at(writer, writer->sent);

		if (buffer->state != WRITE_BUFFER_CLOSED)
			break;
		send(writer, buffer);
	}
}

void
buffered_writer_flush(struct buffered_writer *writer, uint64_t lsn)
{
	if (lsn > writer->wanted_lsn)
		writer->wanted_lsn = lsn;
	send_waiting(writer);
}

/* ---- completing ---- */

static void
check_result(struct buffered_writer *writer, const struct write_buffer *buffer)
{
	const struct io_operation *operation = &buffer->operation;
	int64_t result = operation->result;

	if (result >= 0 && (size_t)result != operation->size)
		result = -EIO;
	if (result < 0 && !writer->has_failed) {
		segment_manager_io_error(writer->segments, (int)result,
					 "write", buffer->segment,
					 buffer->offset, &writer->failure);
		fail(writer);
		return;
	}
	/* Only now: a sync that is on its way may not cover it. */
	writer->segments
		->files[buffer->segment / writer->segments->file_segments]
		.is_dirty = true;
	writer->bytes_written += operation->size;
	writer->buffers_written++;
}

/* Looks at everything that is sent: writes complete in any order. */
static void
count_written(struct buffered_writer *writer)
{
	for (uint32_t i = 0; i < writer->sent; i++) {
		struct write_buffer *buffer = buffer_at(writer, i);

		/* The file is cleared when the result was looked at. */
		if (buffer->state != WRITE_BUFFER_WRITTEN ||
		    buffer->operation.file == NULL)
			continue;
		check_result(writer, buffer);
		buffer->operation.file = NULL;
		writer->in_flight--;
	}
}

static void
settle(struct buffered_writer *writer)
{
	for (uint32_t i = 0; i < writer->sent; i++) {
		const struct write_buffer *buffer = buffer_at(writer, i);

		if (buffer->state != WRITE_BUFFER_WRITTEN)
			break;
		if (!buffer->ends_batch ||
		    buffer->write_sequence <= writer->settled)
			continue;
		writer->settled = buffer->write_sequence;
		writer->settled_lsn = buffer->last_lsn;
		writer->is_dirty = true;
	}
	if (writer->sync == ENGINE_SYNC_FULL)
		writer->durable = writer->settled;
}

/* ---- sync=group ---- */

static void
on_sync_done(struct io_operation *operation)
{
	struct buffered_writer *writer =
		CONTAINER_OF(operation, struct buffered_writer, sync_operation);

	writer->is_syncing = false;
}

static void
sync_next_file(struct buffered_writer *writer)
{
	struct segment_manager *segments = writer->segments;

	while (writer->sync_file < segments->file_count &&
	       !segments->files[writer->sync_file].is_dirty)
		writer->sync_file++;
	if (writer->sync_file == segments->file_count) {
		writer->durable = writer->sync_target;
		writer->sync_target = 0;
		return;
	}
	/* What is written from here on makes it dirty again. */
	segments->files[writer->sync_file].is_dirty = false;
	writer->sync_operation = (struct io_operation){
		.kind = IO_SYNC,
		.file = segments->files[writer->sync_file].file,
		.on_done = on_sync_done,
	};
	writer->is_syncing = true;
	writer->io->methods->submit(writer->io, &writer->sync_operation);
}

static void
sync_step(struct buffered_writer *writer)
{
	int64_t now_us;

	if (writer->has_failed || writer->is_syncing)
		return;
	if (writer->sync_target != 0) {
		int64_t result = writer->sync_operation.result;

		if (result < 0) {
			segment_manager_io_error(
				writer->segments, (int)result, "sync",
				writer->sync_file *
					writer->segments->file_segments,
				0, &writer->failure);
			fail(writer);
			return;
		}
		sync_next_file(writer);
		return;
	}
	if (!writer->is_dirty)
		return;
	now_us = writer->io->methods->monotonic_us(writer->io);
	if (now_us - writer->synced_at_us < BUFFERED_WRITER_SYNC_US)
		return;
	writer->synced_at_us = now_us;
	writer->is_dirty = false;
	writer->sync_target = writer->settled;
	writer->sync_file = 0;
	sync_next_file(writer);
}

void
buffered_writer_step(struct buffered_writer *writer)
{
	if (writer->in_flight > 0)
		count_written(writer);
	if (!writer->has_failed)
		settle(writer);
	if (writer->sync == ENGINE_SYNC_GROUP)
		sync_step(writer);
	send_waiting(writer);
}

/* ---- after writing ---- */

struct write_buffer *
buffered_writer_settled(struct buffered_writer *writer)
{
	struct write_buffer *buffer = buffer_at(writer, 0);

	if (writer->sent == 0 || buffer->write_sequence > writer->settled)
		return NULL;
	return buffer;
}

void
buffered_writer_release(struct buffered_writer *writer,
			struct write_buffer *buffer)
{
	assert(buffer == buffer_at(writer, 0));
	assert(buffer->state == WRITE_BUFFER_WRITTEN);
	buffer->state = WRITE_BUFFER_FREE;
	writer->first = (writer->first + 1) % writer->ring_size;
	writer->count--;
	writer->sent--;
	if (has_buffer_in(writer, buffer->segment))
		return;
	if (writer->segment_sequence == 0 ||
	    writer->segment != buffer->segment)
		segment_manager_seal(writer->segments, buffer->segment);
	else if (!has_place(writer))
		leave_segment(writer);
}

bool
buffered_writer_is_busy(const struct buffered_writer *writer)
{
	return writer->in_flight > 0 || writer->is_syncing;
}

void
buffered_writer_drop(struct buffered_writer *writer)
{
	assert(writer->in_flight == 0);
	for (uint32_t i = 0; i < writer->count; i++)
		buffer_at(writer, i)->state = WRITE_BUFFER_FREE;
	writer->count = 0;
	writer->sent = 0;
	writer->open = NULL;
}
