/* SPDX-License-Identifier: MIT
 *
 * The parser's door: text in, AST out.  lexer.re cuts the text into lexemes,
 * grammar.y (lemon, LALR(1), no conflicts) puts them together.  It knows no
 * schema and no values' meaning. */
#ifndef PARSER_PARSE_H
#define PARSER_PARSE_H

#include "base/arena.h"
#include "base/error.h"
#include "parser/ast.h"

/* Parses the first statement of ${text} into ${arena}.  ${end} is set to the
 * offset behind it and its `;`: where the next one begins.  A text without a
 * statement (blanks, comments, `;`) gives *statement NULL and the end of the
 * text.  The AST borrows from ${text}, which must outlive it.
 *
 * On a syntax error, error->position and size point at the offending lexeme,
 * the message is CQL's (`line 1:14 …` with what was expected), and *end is
 * where split_statement() would continue, so that a script can go on. */
MUST_CHECK int parse_statement(struct slice text, struct arena *arena,
			       struct ast_statement **statement, size_t *end,
			       struct error *error);

#endif
