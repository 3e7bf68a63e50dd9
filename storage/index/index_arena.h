/* SPDX-License-Identifier: MIT
 *
 * Blocks of one size for the chunks of a large index, cut from huge pages of
 * the processor: lookups land anywhere in the index, and with small pages each
 * would miss the translation cache too.  Since all blocks are alike, one that
 * is freed fits the next need, and resident memory follows the index closely,
 * which the allocator of the C library doesn't achieve here. */
#ifndef STORAGE_INDEX_INDEX_ARENA_H
#define STORAGE_INDEX_INDEX_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	INDEX_ARENA_BLOCK_SIZE = 32 << 10,
	INDEX_ARENA_SIZE = 2 << 20,
	INDEX_ARENA_BLOCKS = INDEX_ARENA_SIZE / INDEX_ARENA_BLOCK_SIZE
};

struct index_arena {
	uint8_t *memory;  /* NULL: this number is unused */
	uint64_t free;    /* a bit for each block */
	uint64_t touched; /* those that ever were in use: resident */
};

struct index_arenas {
	struct index_arena *arenas;
	uint32_t count; /* numbers given, unused ones included */
	uint32_t capacity;
};

/* A zeroed struct is ready for use. */
void index_arena_finish(struct index_arenas *arenas);

/* A block, and the number to free it by; NULL when memory ran out. */
uint8_t *index_arena_take(struct index_arenas *arenas, uint32_t *number);
void index_arena_release(struct index_arenas *arenas, uint32_t number,
			 uint8_t *block);

/* Bytes of resident memory beyond the blocks in use. */
uint64_t index_arena_idle_bytes(const struct index_arenas *arenas);

#endif
