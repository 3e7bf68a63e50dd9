/* SPDX-License-Identifier: MIT
 *
 * Memory that is freed all at once: a statement's text, AST, plan and rows.
 * A failed allocation returns NULL and sticks in has_failed, so that a phase
 * may check once at its end where it does not need the memory before. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk; /* newest first */
	size_t used;               /* bytes taken from the newest chunk */
	bool has_failed;
};

/* A zeroed struct arena is ready for use. */
void arena_finish(struct arena *arena);
/* Forgets everything but keeps one chunk for the next use. */
void arena_clear(struct arena *arena);

/* Zeroed, aligned for any type; NULL when memory has run out. */
void *arena_allocate(struct arena *arena, size_t size);
/* The same for ${count} things, with the multiplication checked. */
void *arena_allocate_array(struct arena *arena, size_t count, size_t size);
/* Not zeroed, not aligned: for bytes. */
uint8_t *arena_allocate_bytes(struct arena *arena, size_t size);
/* A copy that lives as long as the arena; null stays null, and is also what
 * a failure returns. */
struct slice arena_copy(struct arena *arena, struct slice slice);

#define arena_new(arena, type) ((type *)arena_allocate(arena, sizeof(type)))
#define arena_new_array(arena, type, count) \
	((type *)arena_allocate_array(arena, count, sizeof(type)))

#endif
