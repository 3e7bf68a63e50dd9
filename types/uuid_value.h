/* SPDX-License-Identifier: MIT
 *
 * uuid and timeuuid as types; what a UUID is stands in types/uuid.h. */
#ifndef TYPES_UUID_VALUE_H
#define TYPES_UUID_VALUE_H

#include "types/type_table.h"

/* The functions of the rows; see types/type_table.h. */
MUST_CHECK int uuid_parse_value(const struct type *type,
				enum literal_kind kind, struct slice text,
				struct buffer *out, struct error *error);
/* timeuuid takes version 1 only. */
MUST_CHECK int uuid_validate_time(const struct type *type,
				  struct slice value, struct error *error);
/* By version; version 1 by time; then by bytes. */
int uuid_compare_values(const struct type *type, struct slice a,
			struct slice b);
/* By time, then by the other bytes, which Java takes for signed. */
int uuid_compare_times(const struct type *type, struct slice a,
		       struct slice b);
void uuid_print_value(const struct type *type, struct slice value,
		      struct print_style style, struct buffer *out);

#endif
