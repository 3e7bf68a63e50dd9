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
 * is appended while it is on its way shares the next one.  Who appends one
 * batch after another without waiting has small ones gathered first: each would
 * take whole blocks, which compaction must win back.
 *
 * A run has its own place in the ring and its own memory.  While a batch is
 * appended the buffer that was open before its runs stays open, so that small
 * records between large ones don't take a buffer each. */
#include "storage/log/buffered_writer.h"

#include "storage/format/run.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	RING_BYTES = 1 << 20,
	/* A buffer that isn't full costs the rest of its last block; from these
	 * on that is little enough not to wait for more. */
	HELD_BYTES = 32 << 10
};

/* ---- life ---- */

static uint32_t
mixed_count_for(uint32_t segment_size)
{
	uint32_t count = RING_BYTES / segment_size;

	if (count < BUFFERED_WRITER_RING_MIN)
		count = BUFFERED_WRITER_RING_MIN;
	if (count > BUFFERED_WRITER_RING_MAX)
		count = BUFFERED_WRITER_RING_MAX;
	return count;
}

static void
give_mixed_back(struct buffered_writer *writer, struct write_buffer *buffer)
{
	buffer->state = WRITE_BUFFER_FREE;
	buffer->next = writer->free_mixed;
	writer->free_mixed = buffer;
	writer->free_mixed_count++;
}

int
buffered_writer_init(struct buffered_writer *writer, struct error *error)
{
	uint32_t segment_size = writer->segments->segment_size;
	uint32_t count = mixed_count_for(segment_size);

	writer->ring_size = count + BUFFERED_WRITER_RUNS_MAX;
	writer->ring = calloc(writer->ring_size, sizeof(*writer->ring));
	writer->mixed = calloc(count, sizeof(*writer->mixed));
	if (writer->ring == NULL || writer->mixed == NULL)
		return error_no_memory(error);
	writer->mixed_count = count;
	for (uint32_t i = 0; i < count; i++) {
		if (!write_buffer_init(&writer->mixed[i], segment_size, 1))
			return error_no_memory(error);
		give_mixed_back(writer, &writer->mixed[i]);
	}
	return 0;
}

static void
free_run(struct buffered_writer *writer, struct write_buffer *run)
{
	writer->run_bytes -= (uint64_t)run->parts * run->segment_size;
	write_buffer_finish(run);
	free(run);
}

/* Takes a buffer's memory back that isn't in the ring any more. */
static void
give_back(struct buffered_writer *writer, struct write_buffer *buffer)
{
	if (buffer->parts == 1) {
		give_mixed_back(writer, buffer);
		return;
	}
	writer->runs--;
	free_run(writer, buffer);
}

struct write_buffer *
buffered_writer_at(const struct buffered_writer *writer, uint32_t position)
{
	return writer->ring[(writer->first + position) % writer->ring_size];
}

size_t
buffered_writer_records_max(const struct buffered_writer *writer)
{
	return (size_t)writer->mixed_count *
		       writer->mixed[0].pending_capacity +
	       BUFFERED_WRITER_RUNS_MAX;
}

/* ---- room ---- */

static uint32_t
segment_size_of(const struct buffered_writer *writer)
{
	return writer->segments->segment_size;
}

/* A segment's write sequences are without a gap, so that the row that frees it
 * one day speaks of no other segment's. */
static bool
has_gapless_place(const struct buffered_writer *writer)
{
	const struct segment *segment =
		&writer->segments->segments[writer->segment];

	return segment->last_write == 0 ||
	       segment->last_write + 1 == writer->next_write_sequence;
}

/* Whether a buffer can be opened behind the last one of the segment. */
static bool
has_place(const struct buffered_writer *writer)
{
	return writer->segment_sequence != 0 &&
	       segment_size_of(writer) - writer->offset >= FORMAT_BLOCK_SIZE &&
	       has_gapless_place(writer);
}

/* Bytes for records in the place where the next buffer goes. */
static uint32_t
room_at_place(const struct buffered_writer *writer)
{
	return has_place(writer) ? segment_size_of(writer) - writer->offset -
					   FORMAT_HEADER_SIZE :
				   0;
}

struct write_plan
buffered_writer_plan(const struct buffered_writer *writer)
{
	struct write_plan plan = { 0 };

	if (writer->open != NULL) {
		plan.left = write_buffer_room(writer->open);
	} else if (has_place(writer)) {
		plan.left = room_at_place(writer);
		plan.is_place = true;
		plan.buffers = 1;
	}
	return plan;
}

void
write_plan_add(struct write_plan *plan, uint32_t segment_size,
	       uint32_t record_size)
{
	uint32_t parts = run_parts(segment_size, record_size);

	if (parts > 1) {
		plan->runs++;
		plan->run_segments += parts;
		if (parts > plan->longest_run)
			plan->longest_run = parts;
		plan->run_bytes += (uint64_t)parts * segment_size;
		/* Small rows before it may not be kept. */
		if (plan->is_place)
			plan->left = 0;
		return;
	}
	if (record_size > plan->left) {
		plan->buffers++;
		plan->segments++;
		plan->left = segment_size - FORMAT_HEADER_SIZE;
		plan->is_place = false;
	}
	assert(record_size <= plan->left);
	plan->left -= record_size;
}

uint32_t
buffered_writer_batch_max(const struct buffered_writer *writer)
{
	return writer->mixed_count - 1;
}

bool
buffered_writer_has_room(const struct buffered_writer *writer,
			 const struct write_plan *plan)
{
	if (plan->buffers > writer->free_mixed_count)
		return false;
	if (plan->runs == 0 || writer->runs == 0)
		return true;
	return writer->runs + plan->runs <= BUFFERED_WRITER_RUNS_MAX &&
	       writer->run_bytes + plan->run_bytes <=
		       BUFFERED_WRITER_RUN_BYTES_MAX;
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
append_to_ring(struct buffered_writer *writer, struct write_buffer *buffer)
{
	uint32_t at = (writer->first + writer->count) % writer->ring_size;

	assert(writer->count < writer->ring_size);
	writer->ring[at] = buffer;
	writer->count++;
}

static void
open_buffer(struct buffered_writer *writer)
{
	struct write_buffer *buffer = writer->free_mixed;
	uint64_t seed = segment_manager_seed(writer->segments,
					     writer->segment);

	assert(buffer != NULL);
	writer->free_mixed = buffer->next;
	writer->free_mixed_count--;
	write_buffer_open(buffer, writer->segment, writer->offset,
			  writer->segment_sequence, seed,
			  writer->next_write_sequence++);
	append_to_ring(writer, buffer);
	writer->open = buffer;
}

static bool
has_buffer_in(const struct buffered_writer *writer, uint32_t segment)
{
	for (uint32_t i = 0; i < writer->count; i++) {
		if (buffered_writer_at(writer, i)->segment == segment)
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

void
buffered_writer_leave_segment(struct buffered_writer *writer)
{
	if (writer->open == NULL)
		leave_segment(writer);
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
	writer->is_of_reserve = segment_manager_available(writer->segments) <
				SEGMENT_RESERVE;
}

struct write_buffer *
buffered_writer_reserve(struct buffered_writer *writer, uint32_t record_size)
{
	if (writer->open != NULL) {
		if (write_buffer_room(writer->open) >= record_size)
			return writer->open;
		close_open_buffer(writer);
	}
	if (room_at_place(writer) < record_size)
		take_segment(writer);
	open_buffer(writer);
	assert(write_buffer_room(writer->open) >= record_size);
	return writer->open;
}

/* ---- runs ---- */

static struct write_buffer *
make_run(const struct buffered_writer *writer, uint32_t parts)
{
	struct write_buffer *run = malloc(sizeof(*run));

	if (run == NULL)
		return NULL;
	if (!write_buffer_init(run, segment_size_of(writer), parts)) {
		write_buffer_finish(run);
		free(run);
		return NULL;
	}
	return run;
}

int
buffered_writer_prepare_run(struct buffered_writer *writer,
			    uint32_t record_size)
{
	uint32_t parts = run_parts(segment_size_of(writer), record_size);
	uint32_t segment = segment_manager_find_run(writer->segments, parts);
	struct write_buffer **last = &writer->prepared;
	struct write_buffer *run;

	if (segment == SEGMENT_NONE)
		return PREPARE_NO_NEIGHBOURS;
	run = make_run(writer, parts);
	if (run == NULL)
		return PREPARE_NO_MEMORY;
	segment_manager_set_aside(writer->segments, segment, parts);
	run->segment = segment;
	writer->run_bytes += (uint64_t)parts * run->segment_size;
	while (*last != NULL)
		last = &(*last)->next;
	*last = run;
	return 0;
}

void
buffered_writer_skip_run(struct buffered_writer *writer)
{
	struct write_buffer *run = writer->prepared;

	writer->prepared = run->next;
	segment_manager_put_back(writer->segments, run->segment, run->parts);
	free_run(writer, run);
}

void
buffered_writer_cancel_runs(struct buffered_writer *writer)
{
	while (writer->prepared != NULL)
		buffered_writer_skip_run(writer);
}

struct write_buffer *
buffered_writer_take_run(struct buffered_writer *writer)
{
	struct segment_manager *segments = writer->segments;
	struct segment_use use = { .kind = BUFFER_PART,
				   .stream = STREAM_USER };
	struct write_buffer *run = writer->prepared;
	uint64_t first = writer->next_write_sequence;

	writer->prepared = run->next;
	segment_manager_take_run(segments, &use, run->segment, run->parts);
	for (uint32_t i = 0; i < run->parts; i++)
		segment_manager_note_write(segments, run->segment + i,
					   first + i);
	writer->next_write_sequence += run->parts;
	write_buffer_open(run, run->segment, 0,
			  segments->segments[run->segment].sequence,
			  segment_manager_seed(segments, run->segment),
			  first + run->parts - 1);
	append_to_ring(writer, run);
	writer->runs++;
	return run;
}

static void
close_run(struct write_buffer *run)
{
	assert(run->pending_count == 1);
	run->state = WRITE_BUFFER_CLOSED;
}

void
buffered_writer_end_runs(struct buffered_writer *writer)
{
	if (writer->open != NULL)
		close_open_buffer(writer);
	for (uint32_t i = writer->sent; i < writer->count; i++) {
		struct write_buffer *buffer = buffered_writer_at(writer, i);

		if (buffer->state == WRITE_BUFFER_OPEN)
			close_run(buffer);
	}
}

/* ---- writing ---- */

static void
on_write_done(struct io_operation *operation)
{
	struct write_buffer *buffer =
		CONTAINER_OF(operation, struct write_buffer, operation);

	buffer->state = WRITE_BUFFER_WRITTEN;
}

static void
seal(const struct buffered_writer *writer, struct write_buffer *buffer)
{
	struct buffer_header header = {
		.user_watermark = writer->durable,
		.moving_watermark = writer->moving_watermark,
		.clock_us = writer->clock_us,
		.database_id = writer->database_id,
	};

	for (uint32_t i = 0; i < buffer->parts; i++) {
		header.life =
			writer->segments->segments[buffer->segment + i].life;
		write_buffer_seal(buffer, i, header);
	}
}

static void
send(struct buffered_writer *writer, struct write_buffer *buffer)
{
	struct segment_place place = segment_manager_place(
		writer->segments, buffer->segment, buffer->offset);

	seal(writer, buffer);
	buffer->operation = (struct io_operation){
		.kind = IO_WRITE,
		.file = place.file,
		.offset = place.offset,
		.data = buffer->data,
		.size = write_buffer_write_size(buffer),
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

/* Whether it leaves though it isn't full. */
static bool
is_open_buffer_due(const struct buffered_writer *writer)
{
	if (!is_open_buffer_wanted(writer) || writer->in_flight > 0 ||
	    writer->sent + 1 != writer->count)
		return false;
	return writer->patience == 0 || writer->open->size >= HELD_BYTES;
}

static void
send_waiting(struct buffered_writer *writer)
{
	if (writer->has_failed)
		return;
	if (is_open_buffer_due(writer))
		close_open_buffer(writer);
	while (writer->sent < writer->count &&
	       writer->in_flight < BUFFERED_WRITER_IN_FLIGHT_MAX) {
		struct write_buffer *buffer =
			buffered_writer_at(writer, writer->sent);

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
		writer->has_failed = true;
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
		struct write_buffer *buffer = buffered_writer_at(writer, i);

		/* The file is cleared when the result was looked at. */
		if (buffer->state != WRITE_BUFFER_WRITTEN ||
		    buffer->operation.file == NULL)
			continue;
		check_result(writer, buffer);
		buffer->operation.file = NULL;
		writer->in_flight--;
	}
}

/* Within a batch, records of a run may stand behind records that came later. */
static void
settle(struct buffered_writer *writer)
{
	uint64_t last_lsn = writer->settled_lsn;

	for (uint32_t i = 0; i < writer->sent; i++) {
		const struct write_buffer *buffer =
			buffered_writer_at(writer, i);

		if (buffer->state != WRITE_BUFFER_WRITTEN)
			break;
		if (buffer->last_lsn > last_lsn)
			last_lsn = buffer->last_lsn;
		if (!buffer->ends_batch ||
		    buffer->write_sequence <= writer->settled)
			continue;
		writer->settled = buffer->write_sequence;
		writer->settled_lsn = last_lsn;
		writer->is_dirty = true;
	}
	if (writer->sync == ENGINE_SYNC_FULL)
		writer->durable = writer->settled;
}

void
buffered_writer_step(struct buffered_writer *writer)
{
	if (writer->in_flight > 0)
		count_written(writer);
	if (!writer->has_failed)
		settle(writer);
	if (writer->sync != ENGINE_SYNC_FULL && !writer->has_failed)
		buffered_writer_sync_step(writer);
	send_waiting(writer);
}

/* ---- after writing ---- */

struct write_buffer *
buffered_writer_settled(struct buffered_writer *writer)
{
	struct write_buffer *buffer;

	if (writer->sent == 0)
		return NULL;
	buffer = buffered_writer_at(writer, 0);
	return buffer->write_sequence > writer->settled ? NULL : buffer;
}

/* The ring holds nothing of the segment any more. */
static void
end_segment(struct buffered_writer *writer, uint32_t segment)
{
	if (writer->segment_sequence == 0 || writer->segment != segment)
		segment_manager_seal(writer->segments, segment);
	else if (!has_place(writer))
		leave_segment(writer);
}

void
buffered_writer_release(struct buffered_writer *writer,
			struct write_buffer *buffer)
{
	uint32_t segment = buffer->segment, parts = buffer->parts;

	assert(buffer == buffered_writer_at(writer, 0));
	assert(buffer->state == WRITE_BUFFER_WRITTEN);
	writer->first = (writer->first + 1) % writer->ring_size;
	writer->count--;
	writer->sent--;
	give_back(writer, buffer);
	if (parts == 1 && has_buffer_in(writer, segment))
		return;
	for (uint32_t i = 0; i < parts; i++)
		end_segment(writer, segment + i);
}

bool
buffered_writer_is_busy(const struct buffered_writer *writer)
{
	return writer->in_flight > 0 || writer->is_syncing;
}

/* All but the first ${kept}. */
static void
drop_behind(struct buffered_writer *writer, uint32_t kept)
{
	assert(writer->in_flight == 0);
	buffered_writer_cancel_runs(writer);
	for (uint32_t i = kept; i < writer->count; i++)
		give_back(writer, buffered_writer_at(writer, i));
	writer->count = kept;
	if (writer->sent > kept)
		writer->sent = kept;
	writer->open = NULL;
}

void
buffered_writer_drop(struct buffered_writer *writer)
{
	uint32_t kept = 0;

	while (kept < writer->count &&
	       buffered_writer_at(writer, kept)->write_sequence <=
		       writer->settled)
		kept++;
	drop_behind(writer, kept);
}

void
buffered_writer_finish(struct buffered_writer *writer)
{
	assert(!buffered_writer_is_busy(writer));
	drop_behind(writer, 0);
	for (uint32_t i = 0; i < writer->mixed_count; i++)
		write_buffer_finish(&writer->mixed[i]);
	free(writer->mixed);
	free(writer->ring);
	*writer = (struct buffered_writer){ 0 };
}
