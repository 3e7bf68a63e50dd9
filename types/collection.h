/* SPDX-License-Identifier: MIT
 *
 * Lists, sets, maps and tuples: building their wire encoding from element
 * values, and walking it.  list, set: i32 count, then i32 size + bytes for
 * each; map: i32 count, then key and value alternating; tuple: i32 size
 * (-1 null) + bytes for each component, and may end early. */
#ifndef TYPES_COLLECTION_H
#define TYPES_COLLECTION_H

#include "base/reader.h"
#include "types/type.h"

/* Appends the encoding of ${values}, each of which must be valid: for a map,
 * keys and values alternate and count counts both.  Sets and maps are sorted
 * by the type's order, and of equal elements (keys) the last one wins, as CQL
 * does.  Null elements are refused except in tuples, and so are more elements
 * than a tuple has; fewer are filled up with nulls.  The array is
 * reordered. */
MUST_CHECK int collection_build(const struct type *type, struct slice *values,
				size_t count, struct buffer *out,
				struct error *error);

/* Walks a collection or tuple, element by element.  The bytes may be foreign:
 * what doesn't fit them gives ERROR_INVALID, the elements themselves are not
 * looked at.  begin returns the number of elements, also in ${count} (a map's
 * keys and values count apart; a tuple's missing tail counts as null). */
struct collection_cursor {
	struct reader reader;
	const struct type *type;
	uint32_t count;
	uint32_t index;
};
MUST_CHECK int collection_begin(const struct type *type, struct slice value,
				struct collection_cursor *cursor,
				struct error *error);
/* 0 with an element (null only in tuples), COLLECTION_END, or negative. */
enum { COLLECTION_END = 1 };
MUST_CHECK int collection_next(struct collection_cursor *cursor,
			       const struct type **element_type,
			       struct slice *element, struct error *error);

#endif
