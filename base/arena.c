/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

enum { CHUNK_SIZE_FIRST = 4096, CHUNK_SIZE_MAX = 1 << 20 };

struct arena_chunk {
	struct arena_chunk *older;
	size_t capacity;
	alignas(max_align_t) uint8_t bytes[];
};

void
arena_finish(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunk;

	while (chunk != NULL) {
		struct arena_chunk *older = chunk->older;

		free(chunk);
		chunk = older;
	}
	*arena = (struct arena){ 0 };
}

void
arena_clear(struct arena *arena)
{
	struct arena_chunk *kept = arena->chunk;

	if (kept == NULL) {
		arena->has_failed = false;
		return;
	}
	arena->chunk = kept->older;
	arena_finish(arena);
	kept->older = NULL;
	arena->chunk = kept;
}

/* Chunks double, so that a large statement costs few allocations. */
static bool
add_chunk(struct arena *arena, size_t size)
{
	size_t capacity = CHUNK_SIZE_FIRST;
	struct arena_chunk *chunk;

	if (arena->chunk != NULL && arena->chunk->capacity < CHUNK_SIZE_MAX)
		capacity = arena->chunk->capacity * 2;
	else if (arena->chunk != NULL)
		capacity = CHUNK_SIZE_MAX;
	if (capacity < size)
		capacity = size;
	if (capacity > SIZE_MAX - sizeof(*chunk))
		return false;
	chunk = malloc(sizeof(*chunk) + capacity);
	if (chunk == NULL)
		return false;
	chunk->older = arena->chunk;
	chunk->capacity = capacity;
	arena->chunk = chunk;
	arena->used = 0;
	return true;
}

static uint8_t *
take(struct arena *arena, size_t size, size_t alignment)
{
	size_t start = (arena->used + alignment - 1) & ~(alignment - 1);

	if (arena->chunk == NULL || start > arena->chunk->capacity ||
	    size > arena->chunk->capacity - start) {
		if (!add_chunk(arena, size)) {
			arena->has_failed = true;
			return NULL;
		}
		start = 0;
	}
	arena->used = start + size;
	return arena->chunk->bytes + start;
}

void *
arena_allocate(struct arena *arena, size_t size)
{
	void *memory = take(arena, size, alignof(max_align_t));

	if (memory != NULL)
		memset(memory, 0, size);
	return memory;
}

void *
arena_allocate_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total)) {
		arena->has_failed = true;
		return NULL;
	}
	return arena_allocate(arena, total);
}

uint8_t *
arena_allocate_bytes(struct arena *arena, size_t size)
{
	return take(arena, size, 1);
}

struct slice
arena_copy(struct arena *arena, struct slice slice)
{
	uint8_t *copy;

	if (slice_is_null(slice))
		return SLICE_NULL;
	copy = arena_allocate_bytes(arena, slice.size);
	if (copy == NULL)
		return SLICE_NULL;
	if (slice.size > 0)
		memcpy(copy, slice.data, slice.size);
	return slice_make(copy, slice.size);
}
