/* SPDX-License-Identifier: MIT */
#include "parser/block.h"

#include "parser/grammar.h"

static bool
is_word(struct slice text, const char *word)
{
	return slice_is_equal_ignoring_case(text, slice_from_string(word));
}

static enum block_state
advance_begun(int lexeme, struct slice text)
{
	if (lexeme == LEXEME_UNLOGGED || lexeme == LEXEME_COUNTER)
		return BLOCK_BEGUN;
	if (lexeme == LEXEME_BATCH)
		return BLOCK_BATCH;
	return is_word(text, "TRANSACTION") ? BLOCK_TRANSACTION : BLOCK_NONE;
}

enum block_state
block_advance(enum block_state state, int lexeme, struct slice text)
{
	switch (state) {
	case BLOCK_START:
		if (lexeme == LEXEME_EXPLAIN || lexeme == LEXEME_ANALYZE)
			return BLOCK_START;
		return lexeme == LEXEME_BEGIN ? BLOCK_BEGUN : BLOCK_NONE;
	case BLOCK_BEGUN:
		return advance_begun(lexeme, text);
	case BLOCK_BATCH:
		return lexeme == LEXEME_APPLY ? BLOCK_BATCH_APPLY : state;
	case BLOCK_BATCH_APPLY:
		return lexeme == LEXEME_BATCH ? BLOCK_NONE : BLOCK_BATCH;
	case BLOCK_TRANSACTION:
		return is_word(text, "COMMIT") ? BLOCK_TRANSACTION_COMMIT
					       : state;
	case BLOCK_TRANSACTION_COMMIT:
		return is_word(text, "TRANSACTION") ? BLOCK_NONE
						    : BLOCK_TRANSACTION;
	case BLOCK_NONE:
		break;
	}
	return BLOCK_NONE;
}
