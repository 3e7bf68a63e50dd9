/* SPDX-License-Identifier: MIT */
#include "parser/lexer.h"

#include "base/compiler.h"
#include "parser/grammar.h"
#include "tests/support/unit.h"
#include "tests/unit/parser/fixture.h"

#include <stdlib.h>

enum { CODES_MAX = 12 };

#define END LEXER_END
#define NAME LEXEME_NAME
#define INTEGER LEXEME_INTEGER
#define FLOAT LEXEME_FLOAT
#define DURATION LEXEME_DURATION
#define UUID LEXEME_UUID
#define HEX LEXEME_HEX
#define STRING LEXEME_STRING
#define RANGE LEXEME_RANGE
#define MINUS LEXEME_MINUS

static void
check(struct slice text, const int *codes, const char *why)
{
	uint8_t *copy = copy_exactly(text);
	struct lexer lexer;
	size_t i = 0;
	int code;

	lexer_init(&lexer, slice_make(copy, text.size));
	do {
		code = lexer_next(&lexer);
		if (code != codes[i])
			fail_msg("%s: lexeme %zu is %d, not %d", why, i, code,
				 codes[i]);
		assert_true(lexer.start <= lexer.cursor);
		assert_true(lexer.cursor <= lexer.limit);
		i++;
	} while (code > 0);
	free(copy);
}

TEST(the_longest_lexeme_wins)
{
	static const struct {
		const char *text;
		int codes[CODES_MAX];
	} rows[] = {
		{ "", { END } },
		{ " \t\r\n", { END } },
		{ "a-1", { NAME, MINUS, INTEGER, END } },
		{ "a--1\n2", { NAME, INTEGER, END } },
		{ "12345678-1234-1234-1234-123456789abc", { UUID, END } },
		{ "deadbeef-dead-beef-dead-beefdeadbeef", { UUID, END } },
		{ "1e5b1234-1234-1234-1234-123456789abc", { UUID, END } },
		{ "12345678-1234-1234-1234-123456789ab",
		  { INTEGER, MINUS, INTEGER, MINUS, INTEGER, MINUS, INTEGER,
		    MINUS, INTEGER, NAME, END } },
		{ "deadbeef-1", { NAME, MINUS, INTEGER, END } },
		{ "12h30m", { DURATION, END } },
		{ "1Y2MO3W4D5H6M7S8MS9US10NS", { DURATION, END } },
		{ "1\xc2\xb5s", { DURATION, END } },
		{ "2mo", { DURATION, END } },
		{ "2mox", { DURATION, NAME, END } },
		{ "1d2", { DURATION, INTEGER, END } },
		{ "P1D", { DURATION, END } },
		{ "P1Dx", { NAME, END } },
		{ "p1d", { NAME, END } },
		{ "P", { NAME, END } },
		{ "PT", { NAME, END } },
		{ "PT5M", { DURATION, END } },
		{ "P1YT", { NAME, END } },
		{ "P5W", { DURATION, END } },
		{ "P0001-02-03T04:05:06", { DURATION, END } },
		{ "1", { INTEGER, END } },
		{ "1.", { FLOAT, END } },
		{ "1.5", { FLOAT, END } },
		{ "1e5", { FLOAT, END } },
		{ "1.e-5", { FLOAT, END } },
		{ "1.5E+5", { FLOAT, END } },
		{ "1e", { INTEGER, NAME, END } },
		{ ".5", { LEXEME_DOT, INTEGER, END } },
		{ "1..5", { INTEGER, RANGE, INTEGER, END } },
		{ "1...5", { INTEGER, RANGE, LEXEME_DOT, INTEGER, END } },
		{ "1. ..5", { FLOAT, RANGE, INTEGER, END } },
		{ "0x", { HEX, END } },
		{ "0XcaFE", { HEX, END } },
		{ "0xag", { HEX, NAME, END } },
		{ "0y", { DURATION, END } },
		{ "a_1", { NAME, END } },
		{ "1a", { INTEGER, NAME, END } },
		{ "c+=1", { NAME, LEXEME_ADD_ASSIGN, INTEGER, END } },
		{ "c-=-1", { NAME, LEXEME_SUBTRACT_ASSIGN, MINUS, INTEGER,
			     END } },
		{ "<=>=!=<>=", { LEXEME_LE, LEXEME_GE, LEXEME_NE, LEXEME_LT,
				 LEXEME_GE, END } },
		{ "?:a", { LEXEME_QUESTION, LEXEME_COLON, NAME, END } },
		{ "a/b*c%d", { NAME, LEXEME_SLASH, NAME, LEXEME_STAR, NAME,
			       LEXEME_PERCENT, NAME, END } },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		check(slice_from_string(rows[i].text), rows[i].codes,
		      rows[i].text);
}

TEST(strings_names_and_comments_end_where_they_should)
{
	static const struct {
		const char *text;
		int codes[CODES_MAX];
	} rows[] = {
		{ "''", { STRING, END } },
		{ "'a''b'", { STRING, END } },
		{ "''''", { STRING, END } },
		{ "'a' 'b'", { STRING, STRING, END } },
		{ "'a;--b/*'", { STRING, END } },
		{ "'", { LEXER_OPEN_STRING } },
		{ "'a''", { LEXER_OPEN_STRING } },
		{ "$$a$b'$$", { STRING, END } },
		{ "$$$$", { STRING, END } },
		{ "$$a$$$", { STRING, LEXER_BAD_CHARACTER } },
		{ "$$a$", { LEXER_OPEN_DOLLARS } },
		{ "$", { LEXER_BAD_CHARACTER } },
		{ "\"a\"\"b\"", { LEXEME_QUOTED_NAME, END } },
		{ "\"\"\"\"", { LEXEME_QUOTED_NAME, END } },
		{ "\"\"", { LEXER_EMPTY_NAME } },
		{ "\"a", { LEXER_OPEN_NAME } },
		{ "--x", { END } },
		{ "--", { END } },
		{ "//x\n1", { INTEGER, END } },
		{ "/**/1", { INTEGER, END } },
		{ "/***/1", { INTEGER, END } },
		{ "/*/*/1", { INTEGER, END } },
		{ "/* /* */ 1", { INTEGER, END } },
		{ "/*", { LEXER_OPEN_COMMENT } },
		{ "/* *", { LEXER_OPEN_COMMENT } },
		{ "1/", { INTEGER, LEXEME_SLASH, END } },
		{ "\xef\xbb\xbf" "1", { INTEGER, END } },
		{ "1\xef\xbb\xbf", { INTEGER, LEXER_BAD_CHARACTER } },
		{ "_a", { LEXER_BAD_CHARACTER } },
		{ "\xc3\xa9", { LEXER_BAD_CHARACTER } },
		{ "\xc2\xb5s", { LEXER_BAD_CHARACTER } },
		{ "'\xc3\xa9'", { STRING, END } },
		{ "'\xff'", { LEXER_BAD_UTF8 } },
		{ "'aaaaaaaaaaaaaaaa\xc3'", { LEXER_BAD_UTF8 } },
		{ "'\xed\xa0\x80'", { LEXER_BAD_UTF8 } },
		{ "$$\xff$$", { LEXER_BAD_UTF8 } },
		{ "\"\xff\"", { LEXER_BAD_UTF8 } },
		{ "-- \xff", { LEXER_BAD_UTF8 } },
		{ "/*\xff*/", { LEXER_BAD_UTF8 } },
		{ "\xff", { LEXER_BAD_UTF8 } },
		{ "1\xc2", { INTEGER, LEXER_BAD_UTF8 } },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		check(slice_from_string(rows[i].text), rows[i].codes,
		      rows[i].text);
}

TEST(a_nul_is_a_byte_in_strings_and_a_fault_elsewhere)
{
	static const struct {
		struct slice text;
		int codes[CODES_MAX];
	} rows[] = {
		{ SLICE_LITERAL("\0"), { LEXER_NUL } },
		{ SLICE_LITERAL("a\0"), { NAME, LEXER_NUL } },
		{ SLICE_LITERAL("1.\0"), { FLOAT, LEXER_NUL } },
		{ SLICE_LITERAL("'\0'"), { STRING, END } },
		{ SLICE_LITERAL("$$\0$$"), { STRING, END } },
		{ SLICE_LITERAL("\"\0\""), { LEXER_NUL } },
		{ SLICE_LITERAL("--\0\n"), { LEXER_NUL } },
		{ SLICE_LITERAL("/*\0*/"), { LEXER_NUL } },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		check(rows[i].text, rows[i].codes, "a NUL");
}

TEST(the_lexer_goes_on_behind_a_fault)
{
	struct slice text = SLICE("'\xff' 1 # \"\" 2");
	uint8_t *copy = copy_exactly(text);
	struct lexer lexer;

	lexer_init(&lexer, slice_make(copy, text.size));
	assert_int_equal(lexer_next(&lexer), LEXER_BAD_UTF8);
	assert_ptr_equal(lexer.start, copy + 1);
	assert_ptr_equal(lexer.cursor, copy + 3);
	assert_int_equal(lexer_next(&lexer), INTEGER);
	assert_int_equal(lexer_next(&lexer), LEXER_BAD_CHARACTER);
	assert_int_equal(lexer_next(&lexer), LEXER_EMPTY_NAME);
	assert_int_equal(lexer_next(&lexer), INTEGER);
	assert_int_equal(lexer_next(&lexer), END);
	free(copy);
}

TEST(every_prefix_of_every_lexeme_is_read_within_its_bounds)
{
	static const char *const texts[] = {
		"12345678-1234-1234-1234-123456789abc", "1y2mo3w\xc2\xb5s",
		"P0001-02-03T04:05:06", "P1Y2M3DT4H5M6S", "1.5e+10", "0xcafe",
		"'it''s'", "$$a$$", "\"a\"\"b\"", "/* x */", "-- x", "!=",
		"\xef\xbb\xbf", "a..b", "+=",
	};

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		for (size_t n = 0; n <= strlen(texts[i]); n++) {
			struct slice text = slice_make(texts[i], n);
			uint8_t *copy = copy_exactly(text);
			struct lexer lexer;

			lexer_init(&lexer, slice_make(copy, n));
			while (lexer_next(&lexer) != END)
				assert_true(lexer.cursor <= copy + n);
			free(copy);
		}
	}
}

UNIT_MAIN()
