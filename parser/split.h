/* SPDX-License-Identifier: MIT
 *
 * Where a statement ends, found from lexemes alone: a `;` outside quotes,
 * comments and $$…$$, and not between BEGIN … BATCH and APPLY BATCH.  A shell
 * asks while the user still types. */
#ifndef PARSER_SPLIT_H
#define PARSER_SPLIT_H

#include "base/slice.h"

enum split {
	SPLIT_EMPTY,      /* only blanks, comments and stray `;` */
	SPLIT_INCOMPLETE, /* began, but its end has not come */
	SPLIT_COMPLETE    /* *end is the offset behind its `;` */
};

/* For EMPTY and INCOMPLETE *end is the text's size.  *start is the offset of
 * the first lexeme that is no `;` (or the text's size). */
enum split split_statement(struct slice text, size_t *start, size_t *end);

#endif
