/* SPDX-License-Identifier: MIT
 *
 * inet: the 4 bytes of an IPv4 address or the 16 of an IPv6 one. */
#ifndef TYPES_INET_H
#define TYPES_INET_H

#include "types/type_table.h"

/* The functions of the row; see types/type_table.h. */
MUST_CHECK int inet_parse_value(const struct type *type,
				enum literal_kind kind, struct slice text,
				struct buffer *out, struct error *error);
MUST_CHECK int inet_validate_value(const struct type *type,
				   struct slice value, struct error *error);
void inet_print_value(const struct type *type, struct slice value,
		      struct print_style style, struct buffer *out);

#endif
