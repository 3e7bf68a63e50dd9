/* SPDX-License-Identifier: MIT */
#include "planner/key.h"

#include "base/limits.h"
#include "base/pack.h"
#include "base/reader.h"

#include <assert.h>

enum { PART_OVERHEAD = 3 }; /* size in front, zero behind */

static int
check_size(size_t size, struct error *error)
{
	if (size <= KEY_SIZE_MAX)
		return 0;
	return error_set(error, ERROR_INVALID,
			 "Key length of %zu is longer than maximum of %d",
			 size, KEY_SIZE_MAX);
}

int
key_encode(const struct table *table, const struct slice *parts,
	   struct arena *arena, struct slice *key, struct error *error)
{
	size_t size = 0;
	uint8_t *to;
	int result;

	if (table->key_count == 1) {
		if (parts[0].size == 0)
			return error_set(error, ERROR_INVALID,
					 "Key may not be empty");
		*key = parts[0];
		return check_size(key->size, error);
	}
	for (uint32_t i = 0; i < table->key_count; i++)
		size += parts[i].size + PART_OVERHEAD;
	result = check_size(size, error);
	if (result < 0)
		return result;
	to = arena_allocate_bytes(arena, size);
	if (to == NULL)
		return error_no_memory(error);
	*key = slice_make(to, size);
	for (uint32_t i = 0; i < table->key_count; i++) {
		assert(!slice_is_null(parts[i]));
		store_u16_be(to, (uint16_t)parts[i].size);
		memcpy(to + 2, parts[i].data, parts[i].size);
		to[2 + parts[i].size] = 0;
		to += parts[i].size + PART_OVERHEAD;
	}
	return 0;
}

int
key_decode(const struct table *table, struct slice key, struct slice *parts,
	   struct error *error)
{
	struct reader reader = reader_make(key);
	bool is_damaged = false;

	if (table->key_count == 1) {
		parts[0] = key;
		return 0;
	}
	for (uint32_t i = 0; i < table->key_count; i++) {
		parts[i] = reader_bytes(&reader, reader_u16_be(&reader));
		is_damaged |= reader_u8(&reader) != 0;
	}
	if (reader.has_failed || is_damaged || !reader_is_at_end(&reader))
		return error_set(error, ERROR_CORRUPT,
				 "a stored key of table %.*s.%.*s is damaged",
				 SLICE_ARGUMENTS(table->keyspace),
				 SLICE_ARGUMENTS(table->name));
	return 0;
}
