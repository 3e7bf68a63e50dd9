/* SPDX-License-Identifier: MIT */
#include "tests/simulator/tail.h"

#include "storage/format/format.h"

#include <stdio.h>
#include <string.h>

struct tail {
	const struct tail_geometry *geometry;
	uint64_t watermark; /* of the user stream */
	uint64_t lsn;       /* proved by it */
	bool is_summing_up;
};

static void
take_buffer(struct tail *tail, const struct buffer_header *header)
{
	if (!tail->is_summing_up) {
		if (header->user_watermark > tail->watermark)
			tail->watermark = header->user_watermark;
	} else if (header->stream == STREAM_USER &&
		   header->write_sequence <= tail->watermark &&
		   header->last_lsn > tail->lsn) {
		tail->lsn = header->last_lsn;
	}
}

/* The life that a place is in, as far as anybody can know who doesn't read
 * every block of every place after a crash: the first block tells.  Where it
 * tells nothing, the place is read whole, and the latest life found counts. */
static uint64_t
life_of(const struct tail *tail, const uint8_t *bytes, uint32_t segment)
{
	struct buffer_place place = { .database_id =
					      tail->geometry->database_id,
				      .segment = segment };
	uint32_t size = tail->geometry->segment_size;
	struct buffer_header header;
	uint64_t life = 0;

	if (format_peek_buffer(bytes, &place, &header))
		return header.segment_sequence;
	for (; place.offset < size; place.offset += FORMAT_BLOCK_SIZE) {
		if (format_open_buffer(bytes + place.offset,
				       size - place.offset, &place,
				       &header) != FORMAT_VALID)
			continue;
		if (header.segment_sequence > life)
			life = header.segment_sequence;
	}
	return life;
}

static void
take_segment(struct tail *tail, const uint8_t *bytes, uint32_t segment)
{
	struct buffer_place place = { .database_id =
					      tail->geometry->database_id,
				      .segment = segment };
	uint32_t size = tail->geometry->segment_size;
	uint64_t life = life_of(tail, bytes, segment);
	struct buffer_header header;

	for (; place.offset < size; place.offset += FORMAT_BLOCK_SIZE) {
		if (format_open_buffer(bytes + place.offset,
				       size - place.offset, &place,
				       &header) == FORMAT_VALID &&
		    header.segment_sequence == life)
			take_buffer(tail, &header);
	}
}

static void
take_files(struct tail *tail, const struct disk *disk)
{
	uint32_t size = tail->geometry->segment_size;

	for (size_t i = 0; i < disk->seen.count; i++) {
		const struct disk_name *name = &disk->seen.names[i];
		const struct bytes *bytes = &name->content->seen;
		unsigned shard, number;
		int end = 0;

		if (sscanf(name->name, "%2u-%u.segments%n", &shard, &number,
			   &end) != 2 ||
		    name->name[end] != '\0')
			continue;
		for (uint32_t j = 0; (j + 1) * (size_t)size <= bytes->size;
		     j++)
			take_segment(tail, bytes->data + (size_t)j * size,
				     number * tail->geometry->file_segments +
					     j);
	}
}

uint64_t
tail_lsn(const struct disk *disk, const struct tail_geometry *geometry)
{
	struct tail tail = { .geometry = geometry };

	take_files(&tail, disk);
	tail.is_summing_up = true;
	take_files(&tail, disk);
	return tail.lsn;
}
