/* SPDX-License-Identifier: MIT
 *
 * The AST as CQL again: print(parse(text)) parses to the same AST.  For
 * EXPLAIN, messages ("Unsupported relation: v != 3") and tests. */
#ifndef PARSER_AST_PRINT_H
#define PARSER_AST_PRINT_H

#include "base/buffer.h"
#include "parser/ast.h"

void ast_print_statement(const struct ast_statement *statement,
			 struct buffer *out);
void ast_print_term(const struct ast_term *term, struct buffer *out);
void ast_print_relation(const struct ast_relation *relation,
			struct buffer *out);
void ast_print_type(const struct ast_type *type, struct buffer *out);

/* A name as CQL needs it: quoted unless it is a lower-case identifier and no
 * reserved word. */
void ast_print_name(struct slice name, struct buffer *out);

#endif
