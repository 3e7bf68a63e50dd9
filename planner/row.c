/* SPDX-License-Identifier: MIT */
#include "planner/row.h"

#include "base/reader.h"

#include <assert.h>
#include <stdlib.h>

enum { VARINT_SIZE_MAX = 5 }; /* of 32 bits */

static int
compare_column_ids(const void *a, const void *b)
{
	const struct column *left = *(const struct column *const *)a;
	const struct column *right = *(const struct column *const *)b;

	return left->id < right->id ? -1 : left->id > right->id;
}

const struct row_shape *
row_shape_get(struct table *table)
{
	struct arena *arena = &table->arena;
	struct row_shape *shape;
	uint32_t count = table->column_count - table->key_count;

	if (table->row_shape != NULL)
		return table->row_shape;
	shape = arena_new(arena, struct row_shape);
	if (shape == NULL)
		return NULL;
	shape->columns = arena_new_array(arena, const struct column *,
					 count + 1);
	shape->slots = arena_new_array(arena, uint32_t,
				       table->column_count);
	if (shape->columns == NULL || shape->slots == NULL)
		return NULL;
	for (uint32_t i = 0; i < table->column_count; i++) {
		if (table->columns[i].kind == COLUMN_REGULAR)
			shape->columns[shape->count++] = &table->columns[i];
	}
	assert(shape->count == count);
	qsort(shape->columns, count, sizeof(*shape->columns),
	      compare_column_ids);
	for (uint32_t slot = 0; slot < count; slot++)
		shape->slots[shape->columns[slot] - table->columns] = slot;
	table->row_shape = shape;
	return shape;
}

uint32_t
row_slot(const struct table *table, const struct row_shape *shape,
	 const struct column *column)
{
	assert(column->kind == COLUMN_REGULAR);
	return shape->slots[column - table->columns];
}

static uint8_t *
put_varint(uint8_t *to, uint32_t value)
{
	while (value >= 0x80) {
		*to++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*to++ = (uint8_t)value;
	return to;
}

struct slice
row_encode(const struct row_shape *shape, uint8_t flags,
	   const struct slice *values, struct arena *arena)
{
	size_t size_max = 2;
	uint8_t *start;
	uint8_t *to;

	for (uint32_t slot = 0; slot < shape->count; slot++)
		size_max += values[slot].size + 2 * VARINT_SIZE_MAX;
	start = arena_allocate_bytes(arena, size_max);
	if (start == NULL)
		return SLICE_NULL;
	to = start;
	*to++ = ROW_VERSION;
	*to++ = flags;
	for (uint32_t slot = 0; slot < shape->count; slot++) {
		struct slice value = values[slot];

		if (slice_is_null(value))
			continue;
		assert(value.size <= UINT32_MAX);
		to = put_varint(to, shape->columns[slot]->id);
		to = put_varint(to, (uint32_t)value.size);
		if (value.size > 0)
			memcpy(to, value.data, value.size);
		to += value.size;
	}
	return slice_make(start, (size_t)(to - start));
}

static int
corrupt(const struct table *table, const char *what, struct error *error)
{
	return error_set(error, ERROR_CORRUPT,
			 "a stored row of table %.*s.%.*s is damaged: %s",
			 SLICE_ARGUMENTS(table->keyspace),
			 SLICE_ARGUMENTS(table->name), what);
}

static int
decode_header(const struct table *table, struct reader *reader,
	      uint8_t *flags, struct error *error)
{
	uint8_t version = reader_u8(reader);

	*flags = reader_u8(reader);
	if (reader->has_failed)
		return corrupt(table, "it has no header", error);
	if (version != ROW_VERSION)
		return corrupt(table, "its format version is unknown", error);
	if ((*flags & ~ROW_HAS_MARKER) != 0)
		return corrupt(table, "it has unknown flags", error);
	return 0;
}

/* Both the row and the shape are in the order of ids: one walk merges them,
 * so that hostile rows cost no more than their size. */
int
row_decode(const struct table *table, const struct row_shape *shape,
	   struct slice bytes, uint8_t *flags, struct slice *values,
	   struct error *error)
{
	struct reader reader = reader_make(bytes);
	uint64_t next_id = 0; /* the least that may come */
	uint32_t slot = 0;
	int result = decode_header(table, &reader, flags, error);

	if (result < 0)
		return result;
	while (!reader_is_at_end(&reader)) {
		uint64_t id = reader_varint(&reader);
		uint64_t size = reader_varint(&reader);
		struct slice value = reader_bytes(&reader, size);

		if (reader.has_failed)
			return corrupt(table, "a column ends early", error);
		if (id < next_id || id > UINT32_MAX)
			return corrupt(table, "its columns are not in order",
				       error);
		next_id = id + 1;
		while (slot < shape->count && shape->columns[slot]->id < id)
			values[slot++] = SLICE_NULL;
		if (slot < shape->count && shape->columns[slot]->id == id)
			values[slot++] = value;
	}
	while (slot < shape->count)
		values[slot++] = SLICE_NULL;
	return 0;
}
