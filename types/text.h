/* SPDX-License-Identifier: MIT
 *
 * text, ascii and blob: bytes as they are, in the quotes and escapes that
 * each form of printing wants. */
#ifndef TYPES_TEXT_H
#define TYPES_TEXT_H

#include "types/type_table.h"

/* 'it''s': CQL's string literal, which has no other escapes. */
void text_print_literal(struct slice text, struct buffer *out);
/* A JSON string with its quotes.  Control characters are escaped, DEL and
 * U+0080 to U+009F too: a terminal must be able to bear it. */
void text_print_json(struct slice text, struct buffer *out);
/* As cqlsh does: controls, DEL and U+0080 to U+00A0 as \n or \x1b, the
 * backslash doubled; with ${is_quoted} also in quotes that are doubled
 * inside. */
void text_print_escaped(struct slice text, bool is_quoted,
			struct buffer *out);

/* The functions of the rows; see types/type_table.h. */
MUST_CHECK int text_parse_value(const struct type *type,
				enum literal_kind kind, struct slice text,
				struct buffer *out, struct error *error);
MUST_CHECK int text_validate_value(const struct type *type,
				   struct slice value, struct error *error);
int text_compare_values(const struct type *type, struct slice a,
			struct slice b);
void text_print_value(const struct type *type, struct slice value,
		      struct print_style style, struct buffer *out);
MUST_CHECK int text_parse_blob(const struct type *type,
			       enum literal_kind kind, struct slice text,
			       struct buffer *out, struct error *error);
/* Also what any value prints as whose bytes make no sense. */
void text_print_blob(const struct type *type, struct slice value,
		     struct print_style style, struct buffer *out);

#endif
