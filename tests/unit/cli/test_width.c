/* SPDX-License-Identifier: MIT */
#include "cli/width.h"
#include "base/compiler.h"
#include "tests/support/unit.h"

TEST(widths_are_those_that_cqlsh_counts)
{
	static const struct {
		const char *text;
		size_t width;
		const char *why;
	} rows[] = {
		{ "", 0, "nothing" },
		{ "abc", 3, "ASCII" },
		{ "straße", 6, "Latin-1" },
		{ "漢字", 4, "ideographs are wide" },
		{ "ｱ", 1, "half-width kana are not" },
		{ "한글", 4, "Hangul syllables" },
		{ "e\xcc\x81", 1, "a combining accent takes no cell" },
		{ "\xe2\x80\x8b", 0, "nor does a zero-width space" },
		{ "\xc2\xad", 1, "a soft hyphen does" },
		{ "🙂", 1, "emoji weren't wide in 2006" },
		{ "\xe3\x80\xbf", 1, "U+303F is the narrow one" },
		{ "\xf0\xa0\x80\x80", 2, "plane 2" },
		{ "\xe0\xa4\x95\xe0\xa4\xbe", 2, "spacing vowel signs" },
		{ "\xff", 1, "an invalid byte is something to see" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(
			width_in_cqlsh(slice_from_string(rows[i].text)),
			rows[i].width);
}

UNIT_MAIN()
