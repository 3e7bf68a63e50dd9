/* SPDX-License-Identifier: MIT */
#include "parser/split.h"

#include "parser/block.h"
#include "parser/grammar.h"
#include "parser/keyword.h"
#include "parser/lexer.h"

/* A lexeme's code with keywords told from names; faults inside the text are
 * skipped, for they don't change where a statement ends. */
static int
next_lexeme(struct lexer *lexer)
{
	int lexeme;
	const struct keyword *keyword;

	do {
		lexeme = lexer_next(lexer);
	} while (lexeme == LEXER_BAD_CHARACTER || lexeme == LEXER_BAD_UTF8 ||
		 lexeme == LEXER_NUL || lexeme == LEXER_EMPTY_NAME);
	if (lexeme != LEXEME_NAME)
		return lexeme;
	keyword = keyword_find(lexer_text(lexer));
	return keyword == NULL ? lexeme : keyword->lexeme;
}

enum split
split_statement(struct slice text, size_t *start, size_t *end)
{
	enum block_state block = BLOCK_START;
	struct lexer lexer;
	int lexeme;

	lexer_init(&lexer, text);
	do {
		lexeme = next_lexeme(&lexer);
	} while (lexeme == LEXEME_SEMICOLON);
	*end = text.size;
	*start = text.size - (size_t)(lexer.limit - lexer.start);
	if (lexeme == LEXER_END) {
		*start = text.size;
		return SPLIT_EMPTY;
	}
	while (lexeme > 0) {
		if (lexeme == LEXEME_SEMICOLON && !block_is_open(block)) {
			*end = text.size -
			       (size_t)(lexer.limit - lexer.cursor);
			return SPLIT_COMPLETE;
		}
		if (block != BLOCK_NONE)
			block = block_advance(block, lexeme,
					      lexer_text(&lexer));
		lexeme = next_lexeme(&lexer);
	}
	return SPLIT_INCOMPLETE;
}
