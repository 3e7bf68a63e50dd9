/* SPDX-License-Identifier: MIT */
#include "storage/log/write_buffer.h"

#include "storage/format/run.h"

#include <assert.h>
#include <stdlib.h>

bool
write_buffer_init(struct write_buffer *buffer, uint32_t segment_size,
		  uint32_t parts)
{
	uint32_t entries = parts > 1 ? 1 :
				       (segment_size - FORMAT_HEADER_SIZE) /
					       RECORD_SIZE_MIN;
	void *data;

	*buffer = (struct write_buffer){
		.segment_size = segment_size,
		.parts = parts,
	};
	if (posix_memalign(&data, IO_ALIGNMENT,
			   (size_t)parts * segment_size) != 0)
		return false;
	buffer->data = data;
	buffer->pending = malloc(entries * sizeof(*buffer->pending));
	buffer->pending_capacity = entries;
	return buffer->pending != NULL;
}

void
write_buffer_finish(struct write_buffer *buffer)
{
	free(buffer->data);
	free(buffer->pending);
	*buffer = (struct write_buffer){ 0 };
}

/* Gaps count as room: a record that has parts fills all but the last. */
void
write_buffer_open(struct write_buffer *buffer, uint32_t segment,
		  uint32_t offset, uint64_t segment_sequence,
		  uint64_t segment_seed, uint64_t write_sequence)
{
	assert(buffer->state == WRITE_BUFFER_FREE);
	assert(offset + FORMAT_HEADER_SIZE < buffer->segment_size);
	assert(buffer->parts == 1 || offset == 0);
	buffer->state = WRITE_BUFFER_OPEN;
	buffer->size = FORMAT_HEADER_SIZE;
	buffer->capacity = buffer->parts * buffer->segment_size - offset;
	buffer->segment = segment;
	buffer->offset = offset;
	buffer->segment_sequence = segment_sequence;
	buffer->segment_seed = segment_seed;
	buffer->write_sequence = write_sequence;
	buffer->last_lsn = 0;
	buffer->ends_batch = false;
	buffer->pending_count = 0;
	buffer->settled_count = 0;
}

uint32_t
write_buffer_room(const struct write_buffer *buffer)
{
	return buffer->capacity - buffer->size;
}

struct pending *
write_buffer_append(struct write_buffer *buffer, const struct record *record)
{
	struct pending *pending = &buffer->pending[buffer->pending_count];
	uint32_t size;

	assert(buffer->state == WRITE_BUFFER_OPEN);
	assert(buffer->pending_count < buffer->pending_capacity);
	assert(record_size(record->flags, record->key.size,
			   record->value.size) <= write_buffer_room(buffer));
	size = record_encode(record, buffer->data + buffer->size);
	pending->entry.location = (struct location){
		buffer->segment, buffer->offset + buffer->size, size
	};
	pending->lsn = record->lsn;
	pending->buffer = buffer;
	pending->is_passed = false;
	buffer->pending_count++;
	buffer->size += size;
	buffer->last_lsn = record->lsn;
	buffer->ends_batch = false;
	return pending;
}

static uint8_t *
bytes_of(const struct pending *pending)
{
	const struct write_buffer *buffer = pending->buffer;

	return buffer->data + (pending->entry.location.offset - buffer->offset);
}

void
write_buffer_finish_record(struct write_buffer *buffer,
			   const struct pending *pending, uint8_t flags)
{
	struct location location = pending->entry.location;
	uint8_t *bytes = bytes_of(pending);

	assert(pending->buffer == buffer);
	if (flags != 0)
		record_add_flags(bytes, flags);
	if ((flags & RECORD_ENDS_BATCH) != 0)
		buffer->ends_batch = true;
	record_seal(bytes, location.size,
		    format_record_seed(buffer->segment_seed, location.offset));
	if (buffer->parts > 1)
		run_scatter(bytes, buffer->segment_size, location);
}

/* Bytes of data in a part. */
static uint32_t
part_size(const struct write_buffer *buffer, uint32_t part)
{
	uint32_t room = buffer->segment_size - FORMAT_HEADER_SIZE;
	uint32_t left = buffer->size - FORMAT_HEADER_SIZE - part * room;

	return left < room ? left : room;
}

void
write_buffer_copy_record(const struct pending *pending, uint8_t *to)
{
	const struct write_buffer *buffer = pending->buffer;
	const uint8_t *from = bytes_of(pending);

	if (buffer->parts == 1) {
		memcpy(to, from, pending->entry.location.size);
		return;
	}
	for (uint32_t i = 0; i < buffer->parts; i++) {
		uint32_t size = part_size(buffer, i);

		memcpy(to, from + (size_t)i * buffer->segment_size, size);
		to += size;
	}
}

void
write_buffer_seal(struct write_buffer *buffer, uint32_t part,
		  struct buffer_header header)
{
	uint32_t data_size = part_size(buffer, part);
	uint32_t end = FORMAT_HEADER_SIZE + data_size;
	uint8_t *start = buffer->data + (size_t)part * buffer->segment_size;
	bool is_last = part + 1 == buffer->parts;

	assert(buffer->state == WRITE_BUFFER_CLOSED);
	assert(part < buffer->parts);
	header.version = FORMAT_VERSION;
	header.kind = buffer->parts > 1 ? BUFFER_PART : BUFFER_MIXED;
	header.stream = STREAM_USER;
	header.flags = is_last && buffer->ends_batch ? BUFFER_ENDS_BATCH : 0;
	header.part = (uint16_t)part;
	header.part_count = (uint16_t)buffer->parts;
	header.segment = buffer->segment + part;
	header.offset = buffer->offset;
	header.segment_sequence = buffer->segment_sequence + part;
	header.data_size = data_size;
	header.write_sequence =
		buffer->write_sequence - (buffer->parts - 1 - part);
	header.record_count = part == 0 ? buffer->pending_count : 0;
	header.last_lsn = buffer->last_lsn;
	memset(start + end, 0, format_buffer_size(data_size) - end);
	format_seal_buffer(&header, start);
}

uint32_t
write_buffer_write_size(const struct write_buffer *buffer)
{
	uint32_t last = buffer->parts - 1;

	return last * buffer->segment_size +
	       format_buffer_size(part_size(buffer, last));
}
