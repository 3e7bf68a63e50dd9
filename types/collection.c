/* SPDX-License-Identifier: MIT */
#include "types/collection.h"

#include "base/limits.h"
#include "types/type_table.h"

#include <assert.h>
#include <stdlib.h>

enum { INSERTION_COUNT_MAX = 16, SIZE_SIZE = 4 };

/* The element type of the ${index}-th value in a collection or tuple. */
static const struct type *
element_type(const struct type *type, size_t index)
{
	switch (type->kind) {
	case TYPE_TUPLE:
		return type->arguments[index];
	case TYPE_MAP:
		return type->arguments[index % 2];
	default:
		return type->arguments[0];
	}
}

/* Sorting moves groups of one value (set) or two (map) by their first. */
struct sorting {
	const struct type *key_type;
	size_t width;
};

static bool
is_after(const struct sorting *sorting, const struct slice *a,
	 const struct slice *b)
{
	return value_compare(sorting->key_type, *a, *b) > 0;
}

static void
copy_group(const struct sorting *sorting, struct slice *to,
	   const struct slice *from)
{
	for (size_t i = 0; i < sorting->width; i++)
		to[i] = from[i];
}

static bool
is_sorted(const struct sorting *sorting, const struct slice *values,
	  size_t groups)
{
	for (size_t i = 1; i < groups; i++)
		if (is_after(sorting, values + (i - 1) * sorting->width,
			     values + i * sorting->width))
			return false;
	return true;
}

static void
sort_by_insertion(const struct sorting *sorting, struct slice *values,
		  size_t groups)
{
	for (size_t i = 1; i < groups; i++) {
		struct slice moving[2];
		size_t at = i;

		copy_group(sorting, moving, values + i * sorting->width);
		for (; at > 0; at--) {
			struct slice *before =
				values + (at - 1) * sorting->width;

			if (!is_after(sorting, before, moving))
				break;
			copy_group(sorting, before + sorting->width, before);
		}
		copy_group(sorting, values + at * sorting->width, moving);
	}
}

/* Merges the sorted halves of ${values} by way of ${spare}. */
static void
merge(const struct sorting *sorting, struct slice *values, size_t half,
      size_t groups, struct slice *spare)
{
	size_t width = sorting->width, left = 0, right = half, to = 0;

	memcpy(spare, values, half * width * sizeof(*values));
	while (left < half && right < groups) {
		if (is_after(sorting, spare + left * width,
			     values + right * width))
			copy_group(sorting, values + to++ * width,
				   values + right++ * width);
		else
			copy_group(sorting, values + to++ * width,
				   spare + left++ * width);
	}
	while (left < half)
		copy_group(sorting, values + to++ * width,
			   spare + left++ * width);
}

static void
sort_by_merging(const struct sorting *sorting, struct slice *values,
		size_t groups, struct slice *spare)
{
	size_t half = groups / 2;

	if (groups <= INSERTION_COUNT_MAX) {
		sort_by_insertion(sorting, values, groups);
		return;
	}
	sort_by_merging(sorting, values, half, spare);
	sort_by_merging(sorting, values + half * sorting->width,
			groups - half, spare);
	merge(sorting, values, half, groups, spare);
}

/* Stable, so that of equal keys the last stays last; qsort() is not. */
static int
sort(const struct sorting *sorting, struct slice *values, size_t groups,
     struct error *error)
{
	struct slice *spare;

	if (is_sorted(sorting, values, groups))
		return 0;
	if (groups <= INSERTION_COUNT_MAX) {
		sort_by_insertion(sorting, values, groups);
		return 0;
	}
	spare = malloc((groups / 2) * sorting->width * sizeof(*spare));
	if (spare == NULL)
		return error_no_memory(error);
	sort_by_merging(sorting, values, groups, spare);
	free(spare);
	return 0;
}

/* Keeps the last of each run of equal keys; returns how many are left. */
static size_t
drop_duplicates(const struct sorting *sorting, struct slice *values,
		size_t groups)
{
	size_t kept = 0;

	for (size_t i = 0; i < groups; i++) {
		struct slice *group = values + i * sorting->width;

		if (i + 1 < groups &&
		    !is_after(sorting, group + sorting->width, group))
			continue;
		copy_group(sorting, values + kept++ * sorting->width, group);
	}
	return kept;
}

static int
check_elements(const struct type *type, const struct slice *values,
	       size_t count, struct error *error)
{
	bool is_tuple = type->kind == TYPE_TUPLE;

	if (is_tuple && count > type->count)
		return error_set(error, ERROR_INVALID,
				 "Invalid tuple literal: too many elements, "
				 "the type has %u but got %zu",
				 type->count, count);
	if (count > (size_t)TERMS_MAX * 2)
		return error_set(error, ERROR_INVALID,
				 "a collection holds at most %d elements",
				 TERMS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (slice_is_null(values[i]) && !is_tuple)
			return error_set(error, ERROR_INVALID,
					 "null is not supported inside "
					 "collections");
		if (values[i].size > INT32_MAX)
			return error_set(error, ERROR_INVALID,
					 "an element of %zu bytes is too "
					 "large", values[i].size);
	}
	return 0;
}

static void
append_element(struct slice value, struct buffer *out)
{
	if (slice_is_null(value)) {
		buffer_append_u32_be(out, UINT32_MAX);
		return;
	}
	buffer_append_u32_be(out, (uint32_t)value.size);
	buffer_append_slice(out, value);
}

int
collection_build(const struct type *type, struct slice *values, size_t count,
		 struct buffer *out, struct error *error)
{
	size_t width = type->kind == TYPE_MAP ? 2 : 1;
	size_t groups = count / width;
	int result = check_elements(type, values, count, error);

	assert(count % width == 0);
	if (result < 0)
		return result;
	if (type->kind == TYPE_MAP || type->kind == TYPE_SET) {
		struct sorting sorting = { type->arguments[0], width };

		result = sort(&sorting, values, groups, error);
		if (result < 0)
			return result;
		groups = drop_duplicates(&sorting, values, groups);
	}
	if (type->kind != TYPE_TUPLE)
		buffer_append_u32_be(out, (uint32_t)groups);
	for (size_t i = 0; i < groups * width; i++)
		append_element(values[i], out);
	/* One tuple has one encoding, however it was written. */
	for (size_t i = count; type->kind == TYPE_TUPLE && i < type->count;
	     i++)
		append_element(SLICE_NULL, out);
	return out->has_failed ? error_no_memory(error) : 0;
}

static int
refuse(const struct collection_cursor *cursor, const char *problem,
       struct error *error)
{
	return error_set(error, ERROR_INVALID,
			 "damaged value of type %s: %s",
			 type_table_find(cursor->type->kind)->name, problem);
}

int
collection_begin(const struct type *type, struct slice value,
		 struct collection_cursor *cursor, struct error *error)
{
	size_t width = type->kind == TYPE_MAP ? 2 : 1;
	int32_t groups;

	*cursor = (struct collection_cursor){
		.reader = reader_make(value),
		.type = type,
		.count = type->count,
	};
	if (type->kind == TYPE_TUPLE)
		return (int)cursor->count;
	groups = (int32_t)reader_u32_be(&cursor->reader);
	if (cursor->reader.has_failed || groups < 0 ||
	    (size_t)groups >
		    reader_left(&cursor->reader) / (width * SIZE_SIZE) ||
	    (size_t)groups > INT32_MAX / width)
		return refuse(cursor, "the count doesn't fit the bytes",
			      error);
	cursor->count = (uint32_t)((size_t)groups * width);
	return (int)cursor->count;
}

static int
read_element(struct collection_cursor *cursor, struct slice *element,
	     struct error *error)
{
	bool is_tuple = cursor->type->kind == TYPE_TUPLE;
	int32_t size;

	*element = SLICE_NULL;
	if (is_tuple && reader_is_at_end(&cursor->reader))
		return 0;
	size = (int32_t)reader_u32_be(&cursor->reader);
	if (!cursor->reader.has_failed && size == -1) {
		if (is_tuple)
			return 0;
		return refuse(cursor, "null inside", error);
	}
	if (cursor->reader.has_failed || size < 0)
		return refuse(cursor, "an element's size is damaged", error);
	*element = reader_bytes(&cursor->reader, (size_t)size);
	if (cursor->reader.has_failed)
		return refuse(cursor, "an element is cut off", error);
	return 0;
}

int
collection_next(struct collection_cursor *cursor, const struct type **type,
		struct slice *element, struct error *error)
{
	int result;

	if (cursor->index == cursor->count) {
		if (!reader_is_at_end(&cursor->reader))
			return refuse(cursor, "bytes are left over", error);
		return COLLECTION_END;
	}
	result = read_element(cursor, element, error);
	if (result < 0)
		return result;
	*type = element_type(cursor->type, cursor->index++);
	return 0;
}
