/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include "tests/support/unit.h"

static void
assert_holds(const struct buffer *buffer, struct slice expected)
{
	assert_false(buffer->has_failed);
	assert_int_equal(buffer->size, expected.size);
	assert_memory_equal(buffer_slice(buffer).data, expected.data,
			    expected.size);
}

TEST(appends_follow_one_another)
{
	struct buffer buffer = { 0 };

	buffer_append_string(&buffer, "ab");
	buffer_append_byte(&buffer, 0);
	buffer_append_slice(&buffer, SLICE("cd"));
	buffer_append_slice(&buffer, SLICE_NULL);
	buffer_append_repeated(&buffer, 'x', 3);
	buffer_append_repeated(&buffer, 'y', 0);
	buffer_append_u16_be(&buffer, 0x0102);
	buffer_append_u32_be(&buffer, 0x03040506);
	buffer_append_u64_be(&buffer, UINT64_C(0x0708090a0b0c0d0e));
	assert_holds(&buffer,
		     SLICE("ab\0cdxxx\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe"));
	buffer_finish(&buffer);
}

TEST(an_untouched_buffer_is_empty_but_not_null)
{
	struct buffer buffer = { 0 };

	assert_false(slice_is_null(buffer_slice(&buffer)));
	assert_int_equal(buffer_slice(&buffer).size, 0);
	buffer_finish(&buffer);
}

TEST(an_extension_by_nothing_succeeds)
{
	struct buffer buffer = { 0 };

	assert_non_null(buffer_extend(&buffer, 0));
	assert_false(buffer.has_failed);
	buffer_finish(&buffer);
}

TEST(varints_are_leb128)
{
	static const struct {
		uint64_t value;
		struct slice bytes;
	} rows[] = {
		{ 0, SLICE_LITERAL("\0") },
		{ 127, SLICE_LITERAL("\x7f") },
		{ 128, SLICE_LITERAL("\x80\1") },
		{ 300, SLICE_LITERAL("\xac\2") },
		{ UINT64_MAX,
		  SLICE_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\1") },
	};
	struct buffer buffer = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buffer_clear(&buffer);
		buffer_append_varint(&buffer, rows[i].value);
		assert_holds(&buffer, rows[i].bytes);
	}
	buffer_finish(&buffer);
}

TEST(growing_keeps_what_is_there)
{
	struct buffer buffer = { 0 };

	for (uint32_t i = 0; i < 10000; i++)
		buffer_append_u32_be(&buffer, i);
	assert_int_equal(buffer.size, 40000);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(buffer.data[i * 4 + 2] * 256u +
				 buffer.data[i * 4 + 3], i);
	buffer_finish(&buffer);
}

TEST(printf_appends_any_length)
{
	struct buffer buffer = { 0 };

	buffer_append_string(&buffer, "n=");
	buffer_printf(&buffer, "%d %s", 42, "x");
	assert_holds(&buffer, SLICE("n=42 x"));
	buffer_printf(&buffer, "%0500d", 7);
	assert_int_equal(buffer.size, 506);
	assert_int_equal(buffer.data[505], '7');
	buffer_finish(&buffer);
}

TEST(a_failure_sticks_until_the_buffer_is_cleared)
{
	struct buffer buffer = { 0 };

	buffer_append_string(&buffer, "kept");
	assert_null(buffer_extend(&buffer, SIZE_MAX / 2));
	assert_true(buffer.has_failed);
	buffer_append_string(&buffer, "lost");
	buffer_printf(&buffer, "lost");
	assert_int_equal(buffer.size, 4);
	buffer_clear(&buffer);
	buffer_append_string(&buffer, "new");
	assert_holds(&buffer, SLICE("new"));
	buffer_finish(&buffer);
}

UNIT_MAIN()
