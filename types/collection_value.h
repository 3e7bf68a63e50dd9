/* SPDX-License-Identifier: MIT
 *
 * list, set, map and tuple as types: each goes through its elements.  How
 * they are built and walked stands in types/collection.h. */
#ifndef TYPES_COLLECTION_VALUE_H
#define TYPES_COLLECTION_VALUE_H

#include "types/type_table.h"

/* The functions of the rows; see types/type_table.h. */
MUST_CHECK int collection_validate_value(const struct type *type,
					 struct slice value,
					 struct error *error);
int collection_compare_values(const struct type *type, struct slice a,
			      struct slice b);
void collection_print_value(const struct type *type, struct slice value,
			    struct print_style style, struct buffer *out);

#endif
