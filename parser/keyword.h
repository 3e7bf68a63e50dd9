/* SPDX-License-Identifier: MIT
 *
 * The words of CQL that the grammar knows.  A reserved word is a name only in
 * double quotes; any other is a word where the grammar expects it and a name
 * everywhere else (%fallback in grammar.y).  Words that neither the grammar
 * nor CQL's reserved list needs, such as SUPERUSER, are plain names. */
#ifndef PARSER_KEYWORD_H
#define PARSER_KEYWORD_H

#include "base/slice.h"

enum { KEYWORD_SIZE_MAX = 14 };

struct keyword {
	const char *word; /* in capitals */
	uint8_t size;
	uint8_t lexeme; /* LEXEME_… of the grammar; words that mean the same
			   share one */
	bool is_reserved;
};

/* NULL: an ordinary name.  Letters compare without case. */
const struct keyword *keyword_find(struct slice word);

/* The last word in the alphabet that makes the lexeme (TABLES rather than
 * COLUMNFAMILIES); NULL when it is no keyword. */
const struct keyword *keyword_of_lexeme(int lexeme);

/* All of them in alphabetical order; NULL behind the last. */
const struct keyword *keyword_at(size_t index);

#endif
