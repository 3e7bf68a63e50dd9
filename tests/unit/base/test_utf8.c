/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include "tests/support/unit.h"

static const struct {
	const char *why;
	struct slice text;
	bool is_valid;
	size_t count;
	size_t width;
} rows[] = {
	{ "nothing", SLICE_LITERAL(""), true, 0, 0 },
	{ "ascii longer than a word", SLICE_LITERAL("hello, world"), true, 12,
	  12 },
	{ "NUL is a character", SLICE_LITERAL("a\0b"), true, 3, 2 },
	{ "two bytes", SLICE_LITERAL("na\xc3\xafve"), true, 5, 5 },
	{ "wide", SLICE_LITERAL("\xe6\xbc\xa2\xe5\xad\x97"), true, 2, 4 },
	{ "combining", SLICE_LITERAL("e\xcc\x81"), true, 2, 1 },
	{ "four bytes", SLICE_LITERAL("\xf0\x9f\x99\x82"), true, 1, 2 },
	{ "U+10FFFF", SLICE_LITERAL("\xf4\x8f\xbf\xbf"), true, 1, 1 },
	{ "controls have no width", SLICE_LITERAL("\x1b\n\x7f"), true, 3, 0 },
	{ "above U+10FFFF", SLICE_LITERAL("\xf4\x90\x80\x80"), false, 4, 0 },
	{ "overlong slash", SLICE_LITERAL("\xc0\xaf"), false, 2, 0 },
	{ "overlong of three", SLICE_LITERAL("\xe0\x80\xaf"), false, 3, 0 },
	{ "surrogate", SLICE_LITERAL("\xed\xa0\x80"), false, 3, 0 },
	{ "lone continuation", SLICE_LITERAL("a\x80"), false, 2, 1 },
	{ "cut off", SLICE_LITERAL("abcdefgh\xe6\xbc"), false, 10, 8 },
	{ "bad byte behind a word", SLICE_LITERAL("abcdefghi\xff"), false, 10,
	  9 },
	{ "bad byte inside a word", SLICE_LITERAL("abc\xff" "efgh"), false, 8,
	  7 },
};

TEST(validity_counts_and_widths)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (utf8_is_valid(rows[i].text) != rows[i].is_valid)
			fail_msg("validity of: %s", rows[i].why);
		if (utf8_count(rows[i].text) != rows[i].count)
			fail_msg("count of: %s", rows[i].why);
		if (utf8_width(rows[i].text) != rows[i].width)
			fail_msg("width of: %s: %zu", rows[i].why,
				 utf8_width(rows[i].text));
	}
}

TEST(decoding_stops_at_what_is_invalid)
{
	uint32_t code_point = 7;

	assert_int_equal(utf8_decode(SLICE(""), &code_point), 0);
	assert_int_equal(utf8_decode(SLICE("\xff"), &code_point), 0);
	assert_int_equal(code_point, 7);
	assert_int_equal(utf8_decode(SLICE("\xe6\xbc\xa2x"), &code_point), 3);
	assert_int_equal(code_point, 0x6f22);
	assert_int_equal(utf8_decode(SLICE("\0"), &code_point), 1);
	assert_int_equal(code_point, 0);
}

UNIT_MAIN()
