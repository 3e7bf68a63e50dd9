/* SPDX-License-Identifier: MIT */
#include "base/reader.h"

#include "base/buffer.h"

#include "tests/support/unit.h"

TEST(numbers_come_in_either_byte_order)
{
	struct reader reader = reader_make(
		SLICE("\x01\x01\x02\x01\x02\x01\x02\x03\x04\x01\x02\x03\x04"
		      "\1\2\3\4\5\6\7\x8\1\2\3\4\5\6\7\x8"));

	assert_int_equal(reader_u8(&reader), 1);
	assert_int_equal(reader_u16_be(&reader), 0x0102);
	assert_int_equal(reader_u16_le(&reader), 0x0201);
	assert_int_equal(reader_u32_be(&reader), 0x01020304);
	assert_int_equal(reader_u32_le(&reader), 0x04030201);
	assert_true(reader_u64_be(&reader) == UINT64_C(0x0102030405060708));
	assert_true(reader_u64_le(&reader) == UINT64_C(0x0807060504030201));
	assert_true(reader_is_at_end(&reader));
	assert_false(reader.has_failed);
}

TEST(the_first_failure_sticks)
{
	struct reader reader = reader_make(SLICE("\1\2\3"));

	assert_int_equal(reader_u32_be(&reader), 0);
	assert_true(reader.has_failed);
	assert_int_equal(reader_u8(&reader), 0);
	assert_true(slice_is_null(reader_bytes(&reader, 1)));
	assert_true(slice_is_null(reader_bytes(&reader, 0)));
	assert_int_equal(reader_varint(&reader), 0);
}

TEST(null_has_nothing_to_read)
{
	struct reader reader = reader_make(SLICE_NULL);

	assert_true(reader_is_at_end(&reader));
	assert_int_equal(reader_u8(&reader), 0);
	assert_true(reader.has_failed);
}

TEST(bytes_are_borrowed)
{
	struct slice text = SLICE("abcdef");
	struct reader reader = reader_make(text);
	struct slice part = reader_bytes(&reader, 2);

	assert_ptr_equal(part.data, text.data);
	assert_int_equal(part.size, 2);
	assert_int_equal(reader_left(&reader), 4);
	assert_true(slice_is_null(reader_bytes(&reader, 5)));
	assert_true(reader.has_failed);
}

TEST(a_size_near_the_top_of_memory_is_no_way_around)
{
	struct reader reader = reader_make(SLICE("abc"));

	assert_true(slice_is_null(reader_bytes(&reader, SIZE_MAX)));
	assert_true(reader.has_failed);
}

TEST(empty_bytes_at_the_end_are_not_null)
{
	struct reader reader = reader_make(SLICE("a"));

	reader_u8(&reader);
	assert_false(slice_is_null(reader_bytes(&reader, 0)));
	assert_false(reader.has_failed);
}

TEST(varints_read_back)
{
	static const uint64_t numbers[] = { 0, 1, 127, 128, 16383, 16384,
					    UINT32_MAX, UINT64_MAX };
	struct buffer buffer = { 0 };
	struct reader reader;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		buffer_append_varint(&buffer, numbers[i]);
	reader = reader_make(buffer_slice(&buffer));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_true(reader_varint(&reader) == numbers[i]);
	assert_false(reader.has_failed);
	assert_true(reader_is_at_end(&reader));
	buffer_finish(&buffer);
}

TEST(varints_beyond_64_bits_fail)
{
	static const struct slice rows[] = {
		SLICE_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\2"),
		SLICE_LITERAL("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\1"),
		SLICE_LITERAL("\x80"),
		SLICE_LITERAL(""),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reader reader = reader_make(rows[i]);

		assert_true(reader_varint(&reader) == 0);
		assert_true(reader.has_failed);
	}
}

UNIT_MAIN()
