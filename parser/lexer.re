/* SPDX-License-Identifier: MIT
 *
 * re2c takes the longest match, and the earlier rule of two equally long ones.
 * That settles most of CQL's traps by itself: a UUID beats the number it
 * begins with, 2mo is a duration and not 2m and o, P1D is a duration before it
 * is a name.  Three things are done by hand:
 *
 * - Strings, quoted names and comments are scanned with memchr(), because they
 *   are where the bytes are.
 * - 1..5 is a range of integers: a `1.` that another dot follows gives its dot
 *   back.
 * - A minus is always a lexeme of its own.  The grammar folds it into the
 *   number behind it, so that a-1 is a subtraction.
 *
 * The text has no sentinel behind its end: YYPEEK pretends a NUL there, and
 * re2c tells it from a real one by asking YYLESSTHAN. */
#include "parser/lexer.h"

#include "base/utf8.h"
#include "parser/grammar.h"

#include <assert.h>

void
lexer_init(struct lexer *lexer, struct slice text)
{
	static const uint8_t mark[3] = { 0xef, 0xbb, 0xbf };
	/* Pointers are compared and subtracted, so NULL will not do. */
	const uint8_t *start = text.size == 0 ? mark : text.data;

	lexer->limit = start + text.size;
	if (text.size >= sizeof(mark) && memcmp(start, mark, sizeof(mark)) == 0)
		start += sizeof(mark);
	lexer->start = start;
	lexer->cursor = start;
}

/* What stands at the cursor begins no lexeme: a NUL or another character, or
 * a byte that is no UTF-8. */
static int
lex_unknown(struct lexer *lexer)
{
	struct slice rest = slice_make(
		lexer->start, (size_t)(lexer->limit - lexer->start));
	uint32_t code_point;
	size_t size = utf8_decode(rest, &code_point);

	lexer->cursor = lexer->start + (size == 0 ? 1 : size);
	if (size == 0)
		return LEXER_BAD_UTF8;
	return code_point == 0 ? LEXER_NUL : LEXER_BAD_CHARACTER;
}

/* 0, or the fault of the first byte in [from, to) that is no UTF-8. */
static int
check_utf8(struct lexer *lexer, const uint8_t *from, const uint8_t *to)
{
	const uint8_t *at = from;

	for (uint64_t word; to - at >= (ptrdiff_t)sizeof(word);
	     at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		if ((word & 0x8080808080808080) != 0)
			break;
	}
	while (at < to) {
		uint32_t code_point;
		size_t size = 1;

		if (*at >= 0x80)
			size = utf8_decode(slice_make(at, (size_t)(to - at)),
					   &code_point);
		if (size == 0) {
			lexer->start = at;
			return LEXER_BAD_UTF8;
		}
		at += size;
	}
	return 0;
}

/* As check_utf8(), and no NUL either. */
static int
check_visible(struct lexer *lexer, const uint8_t *from, const uint8_t *to)
{
	const uint8_t *nul = memchr(from, '\0', (size_t)(to - from));
	int fault = check_utf8(lexer, from, nul == NULL ? to : nul);

	if (fault == 0 && nul != NULL) {
		lexer->start = nul;
		return LEXER_NUL;
	}
	return fault;
}

/* The end of what began with ${quote}, behind its second one; NULL when there
 * is none.  Doubled quotes stand for themselves. */
static const uint8_t *
find_closing_quote(const struct lexer *lexer, uint8_t quote)
{
	const uint8_t *at = lexer->cursor;

	while ((at = memchr(at, quote, (size_t)(lexer->limit - at))) != NULL) {
		at++;
		if (at == lexer->limit || *at != quote)
			return at;
		at++;
	}
	return NULL;
}

static int
lex_string(struct lexer *lexer)
{
	const uint8_t *content = lexer->cursor;
	const uint8_t *end = find_closing_quote(lexer, '\'');
	int fault;

	lexer->cursor = end == NULL ? lexer->limit : end;
	if (end == NULL)
		return LEXER_OPEN_STRING;
	fault = check_utf8(lexer, content, end);
	return fault == 0 ? LEXEME_STRING : fault;
}

static int
lex_dollar_string(struct lexer *lexer)
{
	const uint8_t *content = lexer->cursor;
	const uint8_t *end = memmem(content, (size_t)(lexer->limit - content),
				    "$$", 2);
	int fault;

	lexer->cursor = end == NULL ? lexer->limit : end + 2;
	if (end == NULL)
		return LEXER_OPEN_DOLLARS;
	fault = check_utf8(lexer, content, end);
	return fault == 0 ? LEXEME_STRING : fault;
}

static int
lex_quoted_name(struct lexer *lexer)
{
	const uint8_t *content = lexer->cursor;
	const uint8_t *end = find_closing_quote(lexer, '"');
	int fault;

	lexer->cursor = end == NULL ? lexer->limit : end;
	if (end == NULL)
		return LEXER_OPEN_NAME;
	if (end - content == 1)
		return LEXER_EMPTY_NAME;
	fault = check_visible(lexer, content, end);
	return fault == 0 ? LEXEME_QUOTED_NAME : fault;
}

/* 0 or a fault; the end of the text ends a comment too. */
static int
skip_line(struct lexer *lexer)
{
	const uint8_t *content = lexer->cursor;
	const uint8_t *end = memchr(content, '\n',
				    (size_t)(lexer->limit - content));

	lexer->cursor = end == NULL ? lexer->limit : end + 1;
	return check_visible(lexer, content, lexer->cursor);
}

static int
skip_comment(struct lexer *lexer)
{
	const uint8_t *content = lexer->cursor;
	const uint8_t *end = memmem(content, (size_t)(lexer->limit - content),
				    "*/", 2);

	lexer->cursor = end == NULL ? lexer->limit : end + 2;
	if (end == NULL)
		return LEXER_OPEN_COMMENT;
	return check_visible(lexer, content, end);
}

int
lexer_next(struct lexer *lexer)
{
	const uint8_t *const limit = lexer->limit;
	const uint8_t *cursor = lexer->cursor;
	const uint8_t *marker;
	int fault;

	assert(cursor <= limit);
again:
	lexer->start = cursor;
	/*!re2c
	re2c:api = custom;
	re2c:api:style = free-form;
	re2c:define:YYCTYPE = uint8_t;
	re2c:define:YYPEEK = "(uint8_t)(cursor < limit ? *cursor : 0)";
	re2c:define:YYSKIP = "cursor++;";
	re2c:define:YYBACKUP = "marker = cursor;";
	re2c:define:YYRESTORE = "cursor = marker;";
	re2c:define:YYLESSTHAN = "cursor >= limit";
	re2c:eof = 0;
	re2c:yyfill:enable = 0;
	re2c:indent:string = "\t";

	digit = [0-9];
	hex = [0-9a-fA-F];
	digits = digit+;
	exponent = [eE] [-+]? digits;
	unit = 'y' | 'mo' | 'w' | 'd' | 'h' | 'm' | 's' | 'ms' | 'us' |
	       "\xc2\xb5" 's' | 'ns';
	iso_time = digits "H" (digits "M")? (digits "S")? |
		   digits "M" (digits "S")? | digits "S";
	iso_date = digits "Y" (digits "M")? (digits "D")? |
		   digits "M" (digits "D")? | digits "D";
	iso_duration = "P" (iso_date ("T" iso_time)? | "T" iso_time |
			    digits "W" |
			    digit{4} "-" digit{2} "-" digit{2} "T"
			    digit{2} ":" digit{2} ":" digit{2});
	uuid = hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12};

	[ \t\r\n]+ { goto again; }
	"--" | "//" {
		lexer->cursor = cursor;
		fault = skip_line(lexer);
		if (fault != 0)
			return fault;
		cursor = lexer->cursor;
		goto again;
	}
	"/" "*" {
		lexer->cursor = cursor;
		fault = skip_comment(lexer);
		if (fault != 0)
			return fault;
		cursor = lexer->cursor;
		goto again;
	}

	"'" { lexer->cursor = cursor; return lex_string(lexer); }
	"$$" { lexer->cursor = cursor; return lex_dollar_string(lexer); }
	"\"" { lexer->cursor = cursor; return lex_quoted_name(lexer); }

	(digits unit)+ | iso_duration {
		lexer->cursor = cursor;
		return LEXEME_DURATION;
	}
	uuid { lexer->cursor = cursor; return LEXEME_UUID; }
	'0x' hex* { lexer->cursor = cursor; return LEXEME_HEX; }
	digits { lexer->cursor = cursor; return LEXEME_INTEGER; }
	digits "." {
		bool is_range = cursor < limit && *cursor == '.';

		lexer->cursor = is_range ? cursor - 1 : cursor;
		return is_range ? LEXEME_INTEGER : LEXEME_FLOAT;
	}
	digits ("." digits)? exponent | digits "." exponent |
	digits "." digits {
		lexer->cursor = cursor;
		return LEXEME_FLOAT;
	}
	[a-zA-Z] [a-zA-Z0-9_]* { lexer->cursor = cursor; return LEXEME_NAME; }

	"?" { lexer->cursor = cursor; return LEXEME_QUESTION; }
	":" { lexer->cursor = cursor; return LEXEME_COLON; }
	"." { lexer->cursor = cursor; return LEXEME_DOT; }
	".." { lexer->cursor = cursor; return LEXEME_RANGE; }
	"," { lexer->cursor = cursor; return LEXEME_COMMA; }
	";" { lexer->cursor = cursor; return LEXEME_SEMICOLON; }
	"(" { lexer->cursor = cursor; return LEXEME_LP; }
	")" { lexer->cursor = cursor; return LEXEME_RP; }
	"[" { lexer->cursor = cursor; return LEXEME_LB; }
	"]" { lexer->cursor = cursor; return LEXEME_RB; }
	"{" { lexer->cursor = cursor; return LEXEME_LC; }
	"}" { lexer->cursor = cursor; return LEXEME_RC; }
	"=" { lexer->cursor = cursor; return LEXEME_EQ; }
	"!=" { lexer->cursor = cursor; return LEXEME_NE; }
	"<" { lexer->cursor = cursor; return LEXEME_LT; }
	"<=" { lexer->cursor = cursor; return LEXEME_LE; }
	">" { lexer->cursor = cursor; return LEXEME_GT; }
	">=" { lexer->cursor = cursor; return LEXEME_GE; }
	"+" { lexer->cursor = cursor; return LEXEME_PLUS; }
	"-" { lexer->cursor = cursor; return LEXEME_MINUS; }
	"*" { lexer->cursor = cursor; return LEXEME_STAR; }
	"/" { lexer->cursor = cursor; return LEXEME_SLASH; }
	"%" { lexer->cursor = cursor; return LEXEME_PERCENT; }
	"+=" { lexer->cursor = cursor; return LEXEME_ADD_ASSIGN; }
	"-=" { lexer->cursor = cursor; return LEXEME_SUBTRACT_ASSIGN; }

	* { return lex_unknown(lexer); }
	$ { lexer->cursor = cursor; return LEXER_END; }
	*/
}
