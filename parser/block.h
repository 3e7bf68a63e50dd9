/* SPDX-License-Identifier: MIT
 *
 * Whether a `;` ends the statement that it stands in: not between BEGIN …
 * BATCH and APPLY BATCH, and not between BEGIN TRANSACTION and COMMIT
 * TRANSACTION.  The parser and split_statement() ask the same few lines, so
 * that they can't disagree. */
#ifndef PARSER_BLOCK_H
#define PARSER_BLOCK_H

#include "base/slice.h"

enum block_state {
	BLOCK_START, /* nothing yet, or EXPLAIN [ANALYZE] */
	BLOCK_BEGUN, /* BEGIN; its kind is open */
	BLOCK_BATCH,
	BLOCK_BATCH_APPLY,
	BLOCK_TRANSACTION,
	BLOCK_TRANSACTION_COMMIT,
	BLOCK_NONE /* an ordinary statement, or behind the block's end */
};

/* The state behind one more lexeme; BLOCK_NONE is final. */
enum block_state block_advance(enum block_state state, int lexeme,
			       struct slice text);

static inline bool
block_is_open(enum block_state state)
{
	return state >= BLOCK_BATCH && state <= BLOCK_TRANSACTION_COMMIT;
}

#endif
