/* SPDX-License-Identifier: MIT */
#include "storage/write_buffer.h"

#include <assert.h>
#include <stdlib.h>

bool
write_buffer_init(struct write_buffer *buffer, uint32_t segment_size)
{
	uint32_t entries =
		(segment_size - FORMAT_HEADER_SIZE) / RECORD_SIZE_MIN;
	void *data;

	*buffer = (struct write_buffer){ 0 };
	if (posix_memalign(&data, IO_ALIGNMENT, segment_size) != 0)
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

void
write_buffer_open(struct write_buffer *buffer, uint32_t segment,
		  uint32_t offset, uint32_t segment_size,
		  uint64_t segment_sequence, uint64_t segment_seed,
		  uint64_t write_sequence)
{
	assert(buffer->state == WRITE_BUFFER_FREE);
	assert(offset + FORMAT_HEADER_SIZE < segment_size);
	buffer->state = WRITE_BUFFER_OPEN;
	buffer->size = FORMAT_HEADER_SIZE;
	buffer->capacity = segment_size - offset;
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
	buffer->pending_count++;
	buffer->size += size;
	buffer->last_lsn = record->lsn;
	buffer->ends_batch = false;
	return pending;
}

void
write_buffer_finish_record(struct write_buffer *buffer,
			   const struct pending *pending, uint8_t flags)
{
	struct location location = pending->entry.location;
	uint8_t *bytes = buffer->data + (location.offset - buffer->offset);

	assert(pending->buffer == buffer);
	if (flags != 0)
		record_add_flags(bytes, flags);
	if ((flags & RECORD_ENDS_BATCH) != 0)
		buffer->ends_batch = true;
	record_seal(bytes, location.size,
		    format_record_seed(buffer->segment_seed, location.offset));
}

uint32_t
write_buffer_seal(struct write_buffer *buffer, struct buffer_header header)
{
	uint32_t data_size = buffer->size - FORMAT_HEADER_SIZE;
	uint32_t whole = format_buffer_size(data_size);

	assert(buffer->state == WRITE_BUFFER_CLOSED);
	header.version = FORMAT_VERSION;
	header.kind = BUFFER_MIXED;
	header.stream = STREAM_USER;
	header.flags = buffer->ends_batch ? BUFFER_ENDS_BATCH : 0;
	header.part_count = 1;
	header.segment = buffer->segment;
	header.offset = buffer->offset;
	header.segment_sequence = buffer->segment_sequence;
	header.life = 1;
	header.data_size = data_size;
	header.write_sequence = buffer->write_sequence;
	header.record_count = buffer->pending_count;
	header.last_lsn = buffer->last_lsn;
	memset(buffer->data + buffer->size, 0, whole - buffer->size);
	format_seal_buffer(&header, buffer->data);
	return whole;
}
