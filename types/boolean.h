/* SPDX-License-Identifier: MIT
 *
 * boolean: one byte, and every byte but 0 is true. */
#ifndef TYPES_BOOLEAN_H
#define TYPES_BOOLEAN_H

#include "types/type_table.h"

/* The functions of the row; see types/type_table.h. */
MUST_CHECK int boolean_parse_value(const struct type *type,
				   enum literal_kind kind, struct slice text,
				   struct buffer *out, struct error *error);
int boolean_compare_values(const struct type *type, struct slice a,
			   struct slice b);
void boolean_print_value(const struct type *type, struct slice value,
			 struct print_style style, struct buffer *out);

#endif
