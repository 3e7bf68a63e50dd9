/* SPDX-License-Identifier: MIT */
#include "types/integer.h"

#include "tests/unit/types/literal.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/support/unit.h"

TEST(only_digits_with_a_minus_are_numbers)
{
	static const struct {
		const char *text;
		bool is_number;
		int64_t number;
	} rows[] = {
		{ "0", true, 0 },
		{ "-0", true, 0 },
		{ "007", true, 7 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "-00009223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "18446744073709551616", false, 0 },
		{ "99999999999999999999999999", false, 0 },
		{ "", false, 0 },
		{ "-", false, 0 },
		{ "+1", false, 0 },
		{ "--1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "1.0", false, 0 },
		{ "0x1", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		int64_t number = 0;
		bool is_number = integer_parse(
			slice_from_string(rows[i].text), &number);

		if (is_number != rows[i].is_number)
			fail_msg("'%s'", rows[i].text);
		assert_true(number == rows[i].number);
	}
}

TEST(printing_agrees_with_printf)
{
	uint64_t seed = 1;

	for (int i = 0; i < 2000; i++) {
		int64_t number = (int64_t)(seed >> (i % 64));
		struct buffer out = { 0 };
		char expected[32];

		snprintf(expected, sizeof(expected), "%" PRId64, number);
		integer_print(number, &out);
		assert_int_equal(out.size, strlen(expected));
		assert_memory_equal(out.data, expected, out.size);
		buffer_finish(&out);
		seed = seed * UINT64_C(6364136223846793005) + 1;
	}
}

TEST(the_smallest_number_prints)
{
	struct buffer out = { 0 };

	integer_print(INT64_MIN, &out);
	assert_memory_equal(out.data, "-9223372036854775808", 20);
	buffer_finish(&out);
}

TEST(padding_fills_with_zeros_and_never_cuts)
{
	struct buffer out = { 0 };

	integer_print_padded(7, 3, &out);
	integer_print_padded(1234, 3, &out);
	integer_print_padded(0, 1, &out);
	integer_print_padded(UINT64_MAX, 20, &out);
	assert_int_equal(out.size, 28);
	assert_memory_equal(out.data, "0071234018446744073709551615", 28);
	buffer_finish(&out);
}

TEST(each_width_has_its_bounds_and_message)
{
	static const struct {
		enum type_kind kind;
		const char *text, *bytes, *message, *hint;
	} rows[] = {
		{ TYPE_TINYINT, "127", "0x7f", NULL, NULL },
		{ TYPE_TINYINT, "-128", "0x80", NULL, NULL },
		{ TYPE_TINYINT, "128", NULL, "Unable to make byte from '128'",
		  "tinyint holds whole numbers from -128 to 127" },
		{ TYPE_TINYINT, "-129", NULL,
		  "Unable to make byte from '-129'",
		  "tinyint holds whole numbers from -128 to 127" },
		{ TYPE_SMALLINT, "-32768", "0x8000", NULL, NULL },
		{ TYPE_SMALLINT, "32768", NULL,
		  "Unable to make short from '32768'",
		  "smallint holds whole numbers from -32768 to 32767" },
		{ TYPE_INT, "-1", "0xffffffff", NULL, NULL },
		{ TYPE_INT, "2147483647", "0x7fffffff", NULL, NULL },
		{ TYPE_INT, "99999999999", NULL,
		  "Unable to make int from '99999999999'",
		  "int holds whole numbers from -2147483648 to 2147483647" },
		{ TYPE_BIGINT, "1", "0x0000000000000001", NULL, NULL },
		{ TYPE_BIGINT, "9223372036854775808", NULL,
		  "Unable to make long from '9223372036854775808'",
		  "bigint holds whole numbers from -9223372036854775808 to "
		  "9223372036854775807" },
	};
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct type *type = type_native(rows[i].kind);
		struct slice text = slice_from_string(rows[i].text);
		struct error error = ERROR_INIT;
		struct buffer out = { 0 };
		int result = value_parse(type, LITERAL_INTEGER, text, &out,
					 &error);

		if (rows[i].bytes != NULL) {
			assert_int_equal(result, 0);
			assert_string_equal(
				literal_print(&arena, type_native(TYPE_BLOB),
					      buffer_slice(&out),
					      VALUE_LITERAL),
				rows[i].bytes);
		} else {
			assert_int_equal(result, -ERROR_INVALID);
			assert_string_equal(error.message, rows[i].message);
			assert_string_equal(error.hint, rows[i].hint);
			assert_int_equal(out.size, 0);
		}
		buffer_finish(&out);
	}
	arena_finish(&arena);
}

UNIT_MAIN()
