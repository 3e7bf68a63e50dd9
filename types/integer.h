/* SPDX-License-Identifier: MIT
 *
 * tinyint, smallint, int, bigint: signed, big-endian; and decimal digits for
 * whoever needs them. */
#ifndef TYPES_INTEGER_H
#define TYPES_INTEGER_H

#include "types/type_table.h"

/* Decimal digits with an optional '-' in front, nothing else; false when the
 * text is anything else or beyond 64 bits. */
bool integer_parse(struct slice text, int64_t *number);
void integer_print(int64_t number, struct buffer *out);
/* With zeros in front up to ${width} digits (at most 20). */
void integer_print_padded(uint64_t number, unsigned width,
			  struct buffer *out);

/* The functions of the rows; see types/type_table.h. */
MUST_CHECK int integer_parse_value(const struct type *type,
				   enum literal_kind kind, struct slice text,
				   struct buffer *out, struct error *error);
int integer_compare_values(const struct type *type, struct slice a,
			   struct slice b);
void integer_print_value(const struct type *type, struct slice value,
			 struct print_style style, struct buffer *out);

#endif
