/* SPDX-License-Identifier: MIT */
#include "base/pack.h"
#include "storage/format/format.h"
#include "storage/format/record.h"
#include "tests/support/unit.h"

#include <string.h>

static const struct {
	const char *why;
	struct record record;
	uint32_t size;
} cases[] = {
	{ "the smallest",
	  { .lsn = 1, .table = 2, .flags = RECORD_ROW,
	    .key = SLICE_LITERAL("k"), .value = { (const uint8_t *)"", 0 } },
	  40 },
	{ "a row",
	  { .lsn = UINT64_MAX, .timestamp_us = -5, .table = UINT32_MAX,
	    .flags = RECORD_ROW | RECORD_ENDS_BATCH,
	    .key = SLICE_LITERAL("a key"), .value = SLICE_LITERAL("a value") },
	  48 },
	{ "an expiring row",
	  { .lsn = 77, .timestamp_us = INT64_MAX, .table = 16,
	    .flags = RECORD_ROW | RECORD_EXPIRING, .seconds = 1700000000,
	    .key = SLICE_LITERAL("key"), .value = SLICE_LITERAL("v") },
	  48 },
	{ "a tombstone",
	  { .lsn = 78, .timestamp_us = 1, .table = 16,
	    .flags = RECORD_TOMBSTONE | RECORD_ENDS_BATCH,
	    .seconds = 1700000001, .key = SLICE_LITERAL("key"),
	    .value = { (const uint8_t *)"", 0 } },
	  48 },
};

enum { SEED = 4242 };

TEST(what_is_encoded_is_decoded)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct record *expected = &cases[i].record;
		uint8_t bytes[128];
		struct record got;
		uint32_t size;

		memset(bytes, 0xaa, sizeof(bytes));
		size = record_encode(expected, bytes);
		record_seal(bytes, size, SEED);
		assert_int_equal(size, cases[i].size);
		assert_int_equal(bytes[size], 0xaa);
		assert_int_equal(record_decode(bytes, size, &got), size);
		assert_true(record_is_intact(bytes, size, SEED));
		assert_int_equal(got.lsn, expected->lsn);
		assert_int_equal(got.timestamp_us, expected->timestamp_us);
		assert_int_equal(got.table, expected->table);
		assert_int_equal(got.flags, expected->flags);
		assert_int_equal(got.seconds, expected->seconds);
		assert_true(slice_is_equal(got.key, expected->key));
		assert_true(slice_is_equal(got.value, expected->value));
	}
}

TEST(every_flipped_bit_is_noticed)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint8_t bytes[128];
		uint32_t size = record_encode(&cases[i].record, bytes);

		record_seal(bytes, size, SEED);
		for (uint32_t bit = 0; bit < size * 8; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(record_is_intact(bytes, size, SEED));
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_true(record_is_intact(bytes, size, SEED));
	}
}

TEST(a_record_is_believed_only_at_its_place_and_in_its_life)
{
	uint64_t segment = format_segment_seed(1, 2, 3);
	uint8_t bytes[128];
	uint32_t size = record_encode(&cases[1].record, bytes);

	record_seal(bytes, size, format_record_seed(segment, 128));
	assert_true(record_is_intact(bytes, size,
				     format_record_seed(segment, 128)));
	assert_false(record_is_intact(bytes, size,
				      format_record_seed(segment, 136)));
	assert_false(record_is_intact(bytes, size,
				      format_buffer_seed(segment, 128)));
	assert_false(record_is_intact(
		bytes, size,
		format_record_seed(format_segment_seed(1, 2, 4), 128)));
	assert_false(record_is_intact(
		bytes, size,
		format_record_seed(format_segment_seed(1, 3, 3), 128)));
	assert_false(record_is_intact(
		bytes, size,
		format_record_seed(format_segment_seed(2, 2, 3), 128)));
}

TEST(hostile_sizes_are_refused)
{
	static const struct {
		const char *why;
		size_t at;
		uint8_t byte;
	} damage[] = {
		{ "the value is longer than what is there", 28, 200 },
		{ "the value is longer than any memory", 31, 0xff },
		{ "the key is longer than what is there", 33, 0xff },
		{ "no kind", 34, 0 },
		{ "two kinds", 34, RECORD_ROW | RECORD_TOMBSTONE },
		{ "an expiring tombstone", 34,
		  RECORD_TOMBSTONE | RECORD_EXPIRING },
		{ "an unknown flag", 34, RECORD_ROW | 0x20 },
		{ "a reserved byte", 35, 1 },
	};
	struct record record;

	for (size_t i = 0; i < ARRAY_COUNT(damage); i++) {
		uint8_t bytes[128];
		uint32_t size = record_encode(&cases[1].record, bytes);

		bytes[damage[i].at] = damage[i].byte;
		assert_int_equal(record_decode(bytes, size, &record), 0);
	}
}

TEST(what_is_cut_is_refused)
{
	struct record record;
	uint8_t bytes[128];
	uint32_t size = record_encode(&cases[1].record, bytes);

	for (uint32_t left = 0; left < size; left++)
		assert_int_equal(record_decode(bytes, left, &record), 0);
	store_u16_le(bytes + 32, 0);
	assert_int_equal(record_decode(bytes, size, &record), 0);
}

UNIT_MAIN()
