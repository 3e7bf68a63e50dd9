/* SPDX-License-Identifier: MIT
 *
 * float and double: IEEE 754, big-endian.  Reading and printing don't depend
 * on the locale that the host program has chosen. */
#ifndef TYPES_FLOAT_H
#define TYPES_FLOAT_H

#include "types/type_table.h"

/* The functions of the rows; see types/type_table.h. */
MUST_CHECK int float_parse_value(const struct type *type,
				 enum literal_kind kind, struct slice text,
				 struct buffer *out, struct error *error);
/* Java's total order: -0.0 before 0.0, NaN equal to itself and last. */
int float_compare_values(const struct type *type, struct slice a,
			 struct slice b);
void float_print_value(const struct type *type, struct slice value,
		       struct print_style style, struct buffer *out);

#endif
