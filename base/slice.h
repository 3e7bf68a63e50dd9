/* SPDX-License-Identifier: MIT
 *
 * A slice borrows a run of bytes that somebody else owns.  It is how text,
 * keys and values travel through every layer: never NUL-terminated, never
 * freed.  A slice whose data is NULL is CQL's null; an empty value has data
 * and size 0. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *data; /* NULL: no value at all */
	size_t size;         /* bytes */
};

#define SLICE_NULL ((struct slice){ NULL, 0 })

/* A slice of a string literal, usable in static tables. */
#define SLICE_LITERAL(text) { (const uint8_t *)(text), sizeof(text) - 1 }
#define SLICE(text) ((struct slice)SLICE_LITERAL(text))

/* Arguments for a "%.*s" in a message. */
#define SLICE_ARGUMENTS(slice) (int)(slice).size, (const char *)(slice).data

static inline struct slice
slice_make(const void *data, size_t size)
{
	return (struct slice){ (const uint8_t *)data, size };
}

static inline struct slice
slice_from_string(const char *string)
{
	return (struct slice){ (const uint8_t *)string, strlen(string) };
}

static inline bool
slice_is_null(struct slice slice)
{
	return slice.data == NULL;
}

static inline bool
slice_is_equal(struct slice a, struct slice b)
{
	return a.size == b.size &&
	       (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Order of unsigned bytes; a prefix comes first. */
static inline int
slice_compare(struct slice a, struct slice b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

	if (order != 0)
		return order < 0 ? -1 : 1;
	return a.size < b.size ? -1 : a.size > b.size;
}

/* Everything from ${offset} on; the offset must lie inside or at the end. */
static inline struct slice
slice_from(struct slice slice, size_t offset)
{
	return (struct slice){ slice.data + offset, slice.size - offset };
}

/* ASCII letters compare without case, as CQL's keywords and functions do. */
bool slice_is_equal_ignoring_case(struct slice a, struct slice b);

/* The field's edit distance (Levenshtein), for "did you mean"; names longer
 * than 64 bytes are never near. */
size_t slice_edit_distance(struct slice a, struct slice b);

#endif
