/* SPDX-License-Identifier: MIT */
#include "types/text.h"

#include "base/utf8.h"
#include "tests/unit/types/literal.h"

#include "tests/support/unit.h"

TEST(display_escapes_what_could_drive_a_terminal)
{
	static const struct {
		const char *text, *bare, *quoted;
	} rows[] = {
		{ "plain", "plain", "'plain'" },
		{ "\x1b[31m", "\\x1b[31m", "'\\x1b[31m'" },
		{ "\a\b\t\n\v\f\r", "\\x07\\x08\\t\\n\\x0b\\x0c\\r",
		  "'\\x07\\x08\\t\\n\\x0b\\x0c\\r'" },
		{ "\x7f", "\\x7f", "'\\x7f'" },
		{ "\xc2\x80", "\\x80", "'\\x80'" },
		{ "\xc2\x9b" "31m", "\\x9b31m", "'\\x9b31m'" },
		{ "\xc2\xa0", "\\xa0", "'\\xa0'" },
		{ "\xc2\xa1", "\xc2\xa1", "'\xc2\xa1'" },
		{ "\xc3\x80", "\xc3\x80", "'\xc3\x80'" },
		{ "\xe2\x80\x8b", "\xe2\x80\x8b", "'\xe2\x80\x8b'" },
		{ "it's", "it's", "'it''s'" },
		{ "a\\n", "a\\\\n", "'a\\\\n'" },
		{ "", "", "''" },
	};
	struct buffer out = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct slice text = slice_from_string(rows[i].text);

		buffer_clear(&out);
		text_print_escaped(text, false, &out);
		buffer_append_byte(&out, '\0');
		assert_string_equal((char *)out.data, rows[i].bare);
		buffer_clear(&out);
		text_print_escaped(text, true, &out);
		buffer_append_byte(&out, '\0');
		assert_string_equal((char *)out.data, rows[i].quoted);
	}
	buffer_finish(&out);
}

TEST(nul_is_escaped_like_any_control)
{
	struct buffer out = { 0 };

	text_print_escaped(SLICE("a\0b"), false, &out);
	assert_int_equal(out.size, 6);
	assert_memory_equal(out.data, "a\\x00b", 6);
	buffer_finish(&out);
}

/* Every character of one or two bytes, in each form that people look at. */
TEST(no_control_character_reaches_display_or_json)
{
	struct buffer out = { 0 };

	for (unsigned code = 0; code < 0x800; code++) {
		uint8_t bytes[2] = { (uint8_t)(0xc0 | code >> 6),
				     (uint8_t)(0x80 | (code & 0x3f)) };
		struct slice text = slice_make(bytes, 2);

		if (code < 0x80) {
			bytes[0] = (uint8_t)code;
			text.size = 1;
		}
		buffer_clear(&out);
		text_print_escaped(text, true, &out);
		text_print_json(text, &out);
		assert_true(utf8_is_valid(buffer_slice(&out)));
		for (size_t i = 0; i < out.size; i++) {
			assert_true(out.data[i] >= 0x20);
			assert_int_not_equal(out.data[i], 0x7f);
			assert_false(out.data[i] == 0xc2 &&
				     out.data[i + 1] < 0xa0);
		}
	}
	buffer_finish(&out);
}

TEST(json_strings_have_jsons_escapes)
{
	struct buffer out = { 0 };

	text_print_json(SLICE("\"\\/\b\t\n\f\r\x01\x1f\x7f\xc2\x80\xc3\xa9"),
			&out);
	buffer_append_byte(&out, '\0');
	assert_string_equal((char *)out.data,
			    "\"\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f"
			    "\\u0080\xc3\xa9\"");
	buffer_finish(&out);
}

TEST(literals_double_quotes_only)
{
	struct buffer out = { 0 };

	text_print_literal(SLICE("''a\\'\n"), &out);
	buffer_append_byte(&out, '\0');
	assert_string_equal((char *)out.data, "'''''a\\''\n'");
	buffer_finish(&out);
}

TEST(blobs_are_pairs_of_hex_digits)
{
	static const struct {
		const char *text, *problem;
		struct slice bytes;
	} rows[] = {
		{ "0x", NULL, SLICE_LITERAL("") },
		{ "0X00fFAb", NULL, SLICE_LITERAL("\0\xff\xab") },
		{ "0x123", "An hex string representing bytes must have an "
		  "even length", SLICE_LITERAL("") },
		{ "0x1g", "Unable to make blob from '0x1g'",
		  SLICE_LITERAL("") },
		{ "12", "Unable to make blob from '12'", SLICE_LITERAL("") },
		{ "0", "Unable to make blob from '0'", SLICE_LITERAL("") },
		{ "", "Unable to make blob from ''", SLICE_LITERAL("") },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct buffer out = { 0 };
		struct error error = ERROR_INIT;
		int result = value_parse(type_native(TYPE_BLOB), LITERAL_HEX,
					 slice_from_string(rows[i].text),
					 &out, &error);

		assert_int_equal(result,
				 rows[i].problem ? -ERROR_INVALID : 0);
		assert_string_equal(error.message,
				    rows[i].problem ? rows[i].problem : "");
		assert_true(slice_is_equal(buffer_slice(&out),
					   rows[i].bytes));
		buffer_finish(&out);
	}
}

TEST(text_must_be_utf8_and_ascii_ascii)
{
	struct buffer out = { 0 };
	struct error error = ERROR_INIT;

	assert_int_equal(value_parse(type_native(TYPE_TEXT), LITERAL_STRING,
				     SLICE("\xff"), &out, &error),
			 -ERROR_INVALID);
	assert_string_equal(error.message,
			    "String didn't validate: not UTF-8");
	assert_int_equal(value_parse(type_native(TYPE_ASCII), LITERAL_STRING,
				     SLICE("\xc3\xa9"), &out, &error),
			 -ERROR_INVALID);
	assert_string_equal(error.message,
			    "Invalid ASCII character in string");
	assert_int_equal(out.size, 0);
	assert_int_equal(value_parse(type_native(TYPE_TEXT), LITERAL_STRING,
				     SLICE("\xc3\xa9\0"), &out, &error), 0);
	assert_int_equal(out.size, 3);
	buffer_finish(&out);
}

UNIT_MAIN()
