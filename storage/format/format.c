/* SPDX-License-Identifier: MIT */
#include "storage/format/format.h"

#include "base/checksum.h"
#include "base/pack.h"

#include <assert.h>

uint64_t
format_segment_seed(uint64_t database_id, uint32_t segment,
		    uint64_t segment_sequence)
{
	return checksum_mix(checksum_mix(database_id, segment),
			    segment_sequence);
}

/* Buffers and records lie on multiples of 8, so that the lowest bit is free
 * to tell them apart. */
uint64_t
format_buffer_seed(uint64_t segment_seed, uint32_t offset)
{
	return checksum_mix(segment_seed, offset);
}

uint64_t
format_record_seed(uint64_t segment_seed, uint32_t offset)
{
	return checksum_mix(segment_seed, (uint64_t)offset | 1);
}

uint32_t
format_buffer_size(uint32_t data_size)
{
	uint32_t size = FORMAT_HEADER_SIZE + data_size;
	uint32_t mask = FORMAT_BLOCK_SIZE - 1;

	return (size + mask) & ~mask;
}

static uint64_t
buffer_checksum(const uint8_t *buffer, const struct buffer_header *header)
{
	uint64_t seed = format_buffer_seed(
		format_segment_seed(header->database_id, header->segment,
				    header->segment_sequence),
		header->offset);
	size_t size = FORMAT_HEADER_SIZE - 8 + (size_t)header->data_size;

	return checksum_seeded(slice_make(buffer + 8, size), seed);
}

static void
encode_header(const struct buffer_header *header, uint8_t *to)
{
	memset(to, 0, FORMAT_HEADER_SIZE);
	store_u32_le(to + 8, FORMAT_BUFFER_MAGIC);
	store_u16_le(to + 12, header->version);
	to[14] = header->kind;
	to[15] = header->stream;
	store_u16_le(to + 16, header->flags);
	store_u16_le(to + 18, header->part);
	store_u16_le(to + 20, header->part_count);
	store_u32_le(to + 24, header->segment);
	store_u32_le(to + 28, header->offset);
	store_u64_le(to + 32, header->segment_sequence);
	store_u32_le(to + 40, header->life);
	store_u32_le(to + 44, header->data_size);
	store_u64_le(to + 48, header->write_sequence);
	store_u32_le(to + 56, header->record_count);
	store_u32_le(to + 60, header->table);
	store_u64_le(to + 64, header->user_watermark);
	store_u64_le(to + 72, header->moving_watermark);
	store_u64_le(to + 80, (uint64_t)header->clock_us);
	store_u64_le(to + 88, (uint64_t)header->first_token);
	store_u64_le(to + 96, (uint64_t)header->last_token);
	store_u64_le(to + 104, header->last_lsn);
	store_u64_le(to + 112, header->database_id);
}

void
format_seal_buffer(const struct buffer_header *header, uint8_t *buffer)
{
	assert(header->version == FORMAT_VERSION);
	encode_header(header, buffer);
	store_u64_le(buffer, buffer_checksum(buffer, header));
}

static void
decode_header(const uint8_t *from, struct buffer_header *header)
{
	*header = (struct buffer_header){
		.version = load_u16_le(from + 12),
		.kind = from[14],
		.stream = from[15],
		.flags = load_u16_le(from + 16),
		.part = load_u16_le(from + 18),
		.part_count = load_u16_le(from + 20),
		.segment = load_u32_le(from + 24),
		.offset = load_u32_le(from + 28),
		.segment_sequence = load_u64_le(from + 32),
		.life = load_u32_le(from + 40),
		.data_size = load_u32_le(from + 44),
		.write_sequence = load_u64_le(from + 48),
		.record_count = load_u32_le(from + 56),
		.table = load_u32_le(from + 60),
		.user_watermark = load_u64_le(from + 64),
		.moving_watermark = load_u64_le(from + 72),
		.clock_us = (int64_t)load_u64_le(from + 80),
		.first_token = (int64_t)load_u64_le(from + 88),
		.last_token = (int64_t)load_u64_le(from + 96),
		.last_lsn = load_u64_le(from + 104),
		.database_id = load_u64_le(from + 112),
	};
}

static bool
is_blank(const uint8_t *bytes)
{
	return load_u32_le(bytes + 8) != FORMAT_BUFFER_MAGIC;
}

/* What this version of the format knows, and nothing beyond. */
static bool
is_understood(const uint8_t *bytes, const struct buffer_header *header)
{
	if (load_u16_le(bytes + 22) != 0 || load_u64_le(bytes + 120) != 0)
		return false;
	if (header->kind < BUFFER_MIXED || header->kind > BUFFER_PART)
		return false;
	if (header->stream < STREAM_USER || header->stream > STREAM_MOVING)
		return false;
	if ((header->flags & ~BUFFER_ENDS_BATCH) != 0)
		return false;
	return header->write_sequence != 0 && header->segment_sequence != 0 &&
	       header->life != 0 && header->part < header->part_count;
}

/* Alone in its segment, and a whole batch. */
static const char *
find_nonsense_moved(const struct buffer_header *header)
{
	if (header->kind == BUFFER_PART)
		return "a run that was moved";
	if (header->offset != 0)
		return "a moved buffer that isn't alone in its segment";
	if ((header->flags & BUFFER_ENDS_BATCH) == 0)
		return "a moved buffer that doesn't end a batch";
	return NULL;
}

static const char *
find_nonsense_shape(const struct buffer_header *header)
{
	bool is_part = header->kind == BUFFER_PART;
	bool is_full = header->kind == BUFFER_FULL;

	if (is_part != (header->part_count > 1))
		return "a buffer's number of parts is impossible";
	if (is_part && header->offset != 0)
		return "a part of a run that isn't alone in its segment";
	if (is_full && header->stream != STREAM_MOVING)
		return "a full buffer that wasn't moved";
	if (is_full != (header->table != 0) ||
	    header->first_token > header->last_token ||
	    (!is_full && (header->first_token != 0 || header->last_token != 0)))
		return "a buffer's table or tokens are impossible";
	return NULL;
}

const char *
format_find_nonsense(const struct buffer_header *header)
{
	bool is_moved = header->stream == STREAM_MOVING;
	uint64_t watermark = is_moved ? header->moving_watermark :
					header->user_watermark;
	const char *what;

	if (header->version == 1 &&
	    (header->kind != BUFFER_MIXED || is_moved))
		return "a buffer of a kind that is never written";
	if (watermark >= header->write_sequence)
		return "a buffer's watermark is impossible";
	what = is_moved ? find_nonsense_moved(header) : NULL;
	return what != NULL ? what : find_nonsense_shape(header);
}

enum format_verdict
format_open_buffer(const uint8_t *bytes, size_t available,
		   const struct buffer_place *place,
		   struct buffer_header *header)
{
	if (available < FORMAT_HEADER_SIZE || is_blank(bytes))
		return FORMAT_BLANK;
	decode_header(bytes, header);
	if (header->data_size > available - FORMAT_HEADER_SIZE)
		return FORMAT_DAMAGED;
	if (header->segment != place->segment ||
	    header->offset != place->offset)
		return FORMAT_DAMAGED;
	if (load_u64_le(bytes) != buffer_checksum(bytes, header))
		return FORMAT_DAMAGED;
	if (header->database_id != place->database_id)
		return FORMAT_FOREIGN;
	if (header->version > FORMAT_VERSION)
		return FORMAT_NEWER;
	return header->version >= FORMAT_VERSION_OLDEST &&
			       is_understood(bytes, header) ?
		       FORMAT_VALID :
		       FORMAT_DAMAGED;
}

bool
format_read_header(const uint8_t *bytes, struct buffer_header *header)
{
	if (is_blank(bytes))
		return false;
	decode_header(bytes, header);
	return true;
}

bool
format_peek_buffer(const uint8_t *block, const struct buffer_place *place,
		   struct buffer_header *header)
{
	return format_read_header(block, header) &&
	       header->database_id == place->database_id &&
	       header->segment == place->segment &&
	       header->offset == place->offset;
}
