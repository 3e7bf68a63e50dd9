/* SPDX-License-Identifier: MIT */
#include "cli/text.h"
#include "tests/support/unit.h"

TEST(positions_count_lines_and_code_points)
{
	static const struct {
		const char *passed;
		uint32_t line, column;
		const char *why;
	} rows[] = {
		{ "", 1, 1, "nothing moves nothing" },
		{ "abc", 1, 4, "letters move to the right" },
		{ "é漢🙂", 1, 4, "each code point is one column" },
		{ "a\nbc", 2, 3, "a line begins with column 1" },
		{ "a\n", 2, 1, "and so does an empty one" },
		{ "\n\n\n", 4, 1, "empty lines count" },
		{ "\r\n", 2, 1, "CR LF is one line's end" },
		{ "a\xff\xfe", 1, 4, "invalid bytes count one by one" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct text_position position = TEXT_POSITION_START;

		text_position_advance(&position,
				      slice_from_string(rows[i].passed));
		assert_int_equal(position.line, rows[i].line);
		assert_int_equal(position.column, rows[i].column);
	}
}

TEST(blanks_and_finished_comments_are_skipped)
{
	static const struct {
		const char *text;
		size_t end;
	} rows[] = {
		{ "", 0 },
		{ " \t\r\n\vx", 5 },
		{ "-- a\nx", 5 },
		{ "// a\nx", 5 },
		{ "/* a */x", 7 },
		{ "/**/x", 4 },
		{ "/* -- */ // b\n -- c\n x", 21 },
		{ " -- no end", 1 },
		{ "/* no end * /", 0 },
		{ "/*/", 0 },
		{ "- x", 0 },
		{ "/", 0 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(
			text_skip_blanks(slice_from_string(rows[i].text), 0),
			rows[i].end);
}

TEST(text_that_could_steer_a_terminal_is_spelled_out)
{
	static const struct {
		const char *text;
		unsigned escapes;
		const char *shown;
	} rows[] = {
		{ "plain é漢", 0, "plain é漢" },
		{ "\x1b[2J", 0, "\\x1b[2J" },
		{ "a\nb\tc\rd", 0, "a\\nb\\tc\\rd" },
		{ "a\nb\tc\rd", TEXT_KEEP_LINES, "a\nb\tc\\rd" },
		{ "\xc2\x9b\x7f", 0, "\\x9b\\x7f" },
		{ "\x1b", TEXT_ESCAPE_JSON, "\\u001b" },
		{ "a\\b", 0, "a\\b" },
		{ "a\\b", TEXT_ESCAPE_BACKSLASH, "a\\\\b" },
		{ "\xe2\x80\xae", 0, "\xe2\x80\xae" },
		{ "\xe2\x80\xae|\xe2\x81\xa6", TEXT_ESCAPE_BIDI,
		  "\\u202e|\\u2066" },
		{ "\xff\xc3", 0, "\\xff\\xc3" },
		{ "\xc2\xa0", TEXT_ESCAPE_BACKSLASH, "\\xa0" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct buffer out = { 0 };

		text_append_escaped(&out, slice_from_string(rows[i].text),
				    rows[i].escapes);
		buffer_append_byte(&out, '\0');
		assert_string_equal((const char *)out.data, rows[i].shown);
		buffer_finish(&out);
	}
}

TEST(quotes_inside_a_quoted_text_are_doubled)
{
	struct buffer out = { 0 };

	text_append_quoted(&out, SLICE("a\"b"));
	assert_true(slice_is_equal(buffer_slice(&out), SLICE("\"a\"\"b\"")));
	buffer_finish(&out);
}

TEST(bytes_are_told_in_the_unit_that_fits)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 bytes" },
		{ 1, "1 byte" },
		{ 1023, "1023 bytes" },
		{ 1024, "1.0 KiB" },
		{ 1536 << 10, "1.5 MiB" },
		{ UINT64_C(3) << 30, "3.0 GiB" },
		{ UINT64_MAX, "16777216.0 TiB" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct buffer out = { 0 };

		text_append_bytes(&out, rows[i].bytes);
		buffer_append_byte(&out, '\0');
		assert_string_equal((const char *)out.data, rows[i].text);
		buffer_finish(&out);
	}
}

UNIT_MAIN()
