/* SPDX-License-Identifier: MIT */
#include "base/checksum.h"
#include "base/pack.h"
#include "storage/format/format.h"
#include "tests/support/unit.h"

#include <string.h>

enum { DATA_SIZE = 300 };

static const struct buffer_place place = { UINT64_C(0x1234567890abcdef), 77,
					   8192 };

static struct buffer_header
sample(void)
{
	return (struct buffer_header){
		.version = FORMAT_VERSION,
		.kind = BUFFER_MIXED,
		.stream = STREAM_USER,
		.flags = BUFFER_ENDS_BATCH,
		.part_count = 1,
		.segment = place.segment,
		.offset = place.offset,
		.segment_sequence = 12,
		.life = 1,
		.data_size = DATA_SIZE,
		.write_sequence = 99,
		.record_count = 5,
		.user_watermark = 98,
		.clock_us = 1700000000000000,
		.last_lsn = 4711,
		.database_id = place.database_id,
	};
}

static void
make_buffer(const struct buffer_header *header, uint8_t bytes[4096])
{
	for (size_t i = 0; i < 4096; i++)
		bytes[i] = i < FORMAT_HEADER_SIZE + DATA_SIZE ? (uint8_t)i : 0;
	format_seal_buffer(header, bytes);
}

TEST(what_is_sealed_is_opened)
{
	struct buffer_header header = sample(), got;
	uint8_t bytes[4096];

	make_buffer(&header, bytes);
	assert_int_equal(format_open_buffer(bytes, sizeof(bytes), &place,
					    &got),
			 FORMAT_VALID);
	assert_int_equal(got.kind, header.kind);
	assert_int_equal(got.stream, header.stream);
	assert_int_equal(got.flags, header.flags);
	assert_int_equal(got.segment, header.segment);
	assert_int_equal(got.offset, header.offset);
	assert_int_equal(got.segment_sequence, header.segment_sequence);
	assert_int_equal(got.life, header.life);
	assert_int_equal(got.data_size, header.data_size);
	assert_int_equal(got.write_sequence, header.write_sequence);
	assert_int_equal(got.record_count, header.record_count);
	assert_int_equal(got.user_watermark, header.user_watermark);
	assert_int_equal(got.clock_us, header.clock_us);
	assert_int_equal(got.last_lsn, header.last_lsn);
}

TEST(every_flipped_bit_of_header_and_data_is_noticed)
{
	struct buffer_header header = sample(), got;
	uint8_t bytes[4096];

	make_buffer(&header, bytes);
	for (size_t bit = 0; bit < sizeof(bytes) * 8; bit++) {
		bool is_padding = bit / 8 >= FORMAT_HEADER_SIZE + DATA_SIZE;
		enum format_verdict verdict;

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		verdict = format_open_buffer(bytes, sizeof(bytes), &place,
					     &got);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (is_padding)
			assert_int_equal(verdict, FORMAT_VALID);
		else
			assert_true(verdict == FORMAT_DAMAGED ||
				    verdict == FORMAT_BLANK);
	}
}

TEST(a_buffer_is_believed_only_at_its_place)
{
	struct buffer_header header = sample(), got;
	struct buffer_place other = place;
	uint8_t bytes[4096];

	make_buffer(&header, bytes);
	other.segment++;
	assert_int_equal(format_open_buffer(bytes, 4096, &other, &got),
			 FORMAT_DAMAGED);
	other = place;
	other.offset += 4096;
	assert_int_equal(format_open_buffer(bytes, 4096, &other, &got),
			 FORMAT_DAMAGED);
	other = place;
	other.database_id++;
	assert_int_equal(format_open_buffer(bytes, 4096, &other, &got),
			 FORMAT_FOREIGN);
}

TEST(what_reaches_beyond_the_segment_is_refused)
{
	struct buffer_header header = sample(), got;
	uint8_t bytes[4096];

	make_buffer(&header, bytes);
	for (size_t size = 0; size < FORMAT_HEADER_SIZE + DATA_SIZE; size++)
		assert_true(format_open_buffer(bytes, size, &place, &got) !=
			    FORMAT_VALID);
	assert_int_equal(format_open_buffer(bytes,
					    FORMAT_HEADER_SIZE + DATA_SIZE,
					    &place, &got),
			 FORMAT_VALID);
}

/* Changes a header's bytes behind the encoder's back, checksum included. */
static enum format_verdict
verdict_with(size_t at, uint8_t byte)
{
	struct buffer_header header = sample(), got;
	uint64_t seed = format_buffer_seed(
		format_segment_seed(header.database_id, header.segment,
				    header.segment_sequence),
		header.offset);
	uint8_t bytes[4096];

	make_buffer(&header, bytes);
	bytes[at] = byte;
	store_u64_le(bytes, checksum_seeded(
				    slice_make(bytes + 8,
					       FORMAT_HEADER_SIZE - 8 +
						       DATA_SIZE),
				    seed));
	return format_open_buffer(bytes, sizeof(bytes), &place, &got);
}

TEST(what_this_version_does_not_know_is_refused)
{
	assert_int_equal(verdict_with(12, FORMAT_VERSION), FORMAT_VALID);
	assert_int_equal(verdict_with(12, FORMAT_VERSION + 1), FORMAT_NEWER);
	assert_int_equal(verdict_with(12, 1), FORMAT_VALID);
	assert_int_equal(verdict_with(12, 0), FORMAT_DAMAGED);
	assert_int_equal(verdict_with(14, 0), FORMAT_DAMAGED);
	assert_int_equal(verdict_with(14, 4), FORMAT_DAMAGED);
	assert_int_equal(verdict_with(15, 3), FORMAT_DAMAGED);
	assert_int_equal(verdict_with(16, 2), FORMAT_DAMAGED);
	assert_int_equal(verdict_with(18, 1), FORMAT_DAMAGED);
	assert_int_equal(verdict_with(22, 1), FORMAT_DAMAGED);
	assert_int_equal(verdict_with(40, 0), FORMAT_DAMAGED);
	assert_int_equal(verdict_with(48, 0), FORMAT_DAMAGED);
	assert_int_equal(verdict_with(127, 1), FORMAT_DAMAGED);
}

TEST(what_no_buffer_would_say_is_found)
{
	struct buffer_header mixed = sample(), moved, full, part, header;

	mixed.table = 0;
	moved = mixed;
	moved.stream = STREAM_MOVING;
	moved.offset = 0;
	full = moved;
	full.kind = BUFFER_FULL;
	full.table = 17;
	full.first_token = -5;
	full.last_token = 9;
	part = mixed;
	part.kind = BUFFER_PART;
	part.offset = 0;
	part.part = 1;
	part.part_count = 3;
	assert_null(format_find_nonsense(&mixed));
	assert_null(format_find_nonsense(&moved));
	assert_null(format_find_nonsense(&full));
	assert_null(format_find_nonsense(&part));

#define NONSENSE(of, field, number)                      \
	do {                                             \
		header = of;                             \
		header.field = number;                   \
		assert_non_null(format_find_nonsense(&header)); \
	} while (0)
	NONSENSE(mixed, user_watermark, 99);
	NONSENSE(mixed, part_count, 2);
	NONSENSE(mixed, table, 17);
	NONSENSE(mixed, first_token, -1);
	NONSENSE(mixed, last_token, 1);
	NONSENSE(moved, offset, 4096);
	NONSENSE(moved, moving_watermark, 99);
	NONSENSE(moved, flags, 0);
	NONSENSE(moved, version, 1);
	NONSENSE(full, stream, STREAM_USER);
	NONSENSE(full, table, 0);
	NONSENSE(full, last_token, -6);
	NONSENSE(part, stream, STREAM_MOVING);
	NONSENSE(part, offset, 4096);
	NONSENSE(part, part_count, 1);
	NONSENSE(part, version, 1);
#undef NONSENSE
}

UNIT_MAIN()
