/* SPDX-License-Identifier: MIT
 *
 * The pieces that print the AST; internal to parser/.
 *
 * An unreserved word has its own meaning only in a few places, and there a
 * name of the same letters must be quoted: SELECT "json" * 2.  Whoever prints
 * such a place sets `meant` before; the next thing that is printed clears
 * it. */
#ifndef PARSER_AST_PRINTER_H
#define PARSER_AST_PRINTER_H

#include "base/buffer.h"
#include "parser/ast.h"

struct ast_printer {
	struct buffer *out;
	const int *meant; /* LEXEME_… that are no names here, up to a 0 */
};

void ast_printer_text(struct ast_printer *printer, const char *text);
void ast_printer_slice(struct ast_printer *printer, struct slice text);
void ast_printer_name(struct ast_printer *printer,
		      const struct ast_name *name);
/* Names with ", " between them. */
void ast_printer_names(struct ast_printer *printer,
		       const struct ast_name_list *names);
void ast_printer_qualified(struct ast_printer *printer,
			   const struct ast_qualified_name *name);
void ast_printer_term(struct ast_printer *printer,
		      const struct ast_term *term);
/* Terms with ", " between them. */
void ast_printer_terms(struct ast_printer *printer,
		       const struct ast_term *terms);
void ast_printer_type(struct ast_printer *printer,
		      const struct ast_type *type);
/* Relations with " AND " between them. */
void ast_printer_relations(struct ast_printer *printer,
			   const struct ast_relation *relations);

#endif
