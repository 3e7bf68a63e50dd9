/* SPDX-License-Identifier: MIT
 *
 * Cuts text into lexemes.  The text is any bytes from outside: it need not end
 * in a NUL, may contain some, and may be no UTF-8; whatever can't be a lexeme
 * is a fault with a place.  What a lexeme means (unescaping, keywords) is its
 * user's affair. */
#ifndef PARSER_LEXER_H
#define PARSER_LEXER_H

#include "base/slice.h"

struct lexer {
	const uint8_t *start;  /* the lexeme that lexer_next() returned … */
	const uint8_t *cursor; /* … and its end */
	const uint8_t *limit;  /* end of the text */
};

/* What lexer_next() returns instead of a LEXEME_… (which are positive). */
enum lexer_outcome {
	LEXER_END = 0,
	LEXER_BAD_CHARACTER = -1, /* no lexeme begins with it */
	LEXER_BAD_UTF8 = -2,      /* start is at the invalid byte */
	LEXER_NUL = -3,           /* a NUL outside a string */
	LEXER_OPEN_STRING = -4,   /* a '…' without end; start is its quote */
	LEXER_OPEN_DOLLARS = -5,  /* a $$…$$ without end */
	LEXER_OPEN_NAME = -6,     /* a "…" without end */
	LEXER_OPEN_COMMENT = -7,  /* a comment without its second delimiter */
	LEXER_EMPTY_NAME = -8     /* "" */
};

/* A byte order mark at the start of ${text} is skipped. */
void lexer_init(struct lexer *lexer, struct slice text);

/* The next lexeme's LEXEME_… code, or an enum lexer_outcome.  After a fault
 * start is where it is, and the cursor is behind the string, name or comment
 * that it is in. */
int lexer_next(struct lexer *lexer);

static inline struct slice
lexer_text(const struct lexer *lexer)
{
	return slice_make(lexer->start,
			  (size_t)(lexer->cursor - lexer->start));
}

#endif
