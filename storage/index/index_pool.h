/* SPDX-License-Identifier: MIT
 *
 * The memory of an index's pages.  Pages come in capacities of 4, 8 … 64
 * entries, each with or without expiry times: a class.  A class keeps its
 * pages densely packed in chunks: when one goes, the class's last page moves
 * into the gap.  So growth leaves no holes behind, whatever grew, and the
 * price is that a page may move whenever another one is released. */
#ifndef STORAGE_INDEX_INDEX_POOL_H
#define STORAGE_INDEX_INDEX_POOL_H

#include "storage/index/index_arena.h"
#include "storage/index/index_page.h"

enum {
	INDEX_POOL_CAPACITIES = INDEX_PAGE_MAX / INDEX_PAGE_STEP,
	INDEX_POOL_CLASSES = 2 * INDEX_POOL_CAPACITIES,
	INDEX_POOL_SLOT_BITS = 11,
	INDEX_POOL_SLOTS_MAX = 1 << INDEX_POOL_SLOT_BITS,
	INDEX_POOL_CHUNKS_MAX = 1 << 20
};

#define INDEX_CHUNK_SMALL UINT32_MAX

struct index_chunk {
	uint8_t *memory;
	struct index_page_info *infos;
	uint32_t size;     /* bytes of memory */
	uint32_t previous; /* of the same class, or of the unused; 0: none */
	uint32_t arena;    /* INDEX_CHUNK_SMALL: memory is malloc's */
	uint16_t slots;
	uint8_t class;
};

struct index_class {
	uint32_t last; /* its only chunk that may have room; 0: none */
	uint32_t used; /* slots of that chunk */
};

struct index_pool {
	struct index_chunk *chunks; /* [0] is nothing */
	uint32_t chunk_count;
	uint32_t chunk_capacity;
	uint32_t unused; /* chunk numbers to use again */
	uint32_t spare;  /* an empty chunk kept for the next need; 0: none */
	struct index_arenas arenas;
	uint64_t bytes; /* but for what is idle in arenas */
	uint64_t pages;
	struct index_class classes[INDEX_POOL_CLASSES];
};

/* A page's name is its chunk's number and its slot therein: never 0, and the
 * highest bit is never set.
 *
 * A zeroed pool is ready for use. */
void index_pool_finish(struct index_pool *pool);

/* A new page without entries, at least ${capacity} of which fit; 0 when memory
 * ran out.  Nothing moves. */
uint32_t index_pool_take(struct index_pool *pool, unsigned capacity,
			 bool has_expiries);

/* Frees a page.  True when another page has taken its place and its name:
 * *moved is the name that it had. */
bool index_pool_release(struct index_pool *pool, uint32_t page,
			uint32_t *moved);

static inline struct index_page
index_pool_view(const struct index_pool *pool, uint32_t page)
{
	const struct index_chunk *chunk =
		&pool->chunks[page >> INDEX_POOL_SLOT_BITS];
	unsigned slot = page % INDEX_POOL_SLOTS_MAX;
	unsigned capacity = (chunk->class % INDEX_POOL_CAPACITIES + 1u) *
			    INDEX_PAGE_STEP;
	bool has_expiries = chunk->class >= INDEX_POOL_CAPACITIES;
	size_t size = capacity * (sizeof(struct packed_entry) +
				  (has_expiries ? sizeof(uint32_t) : 0));
	uint8_t *memory = chunk->memory + slot * size;

	return (struct index_page){
		.entries = (struct packed_entry *)(void *)memory,
		.expiries = !has_expiries ? NULL :
			(uint32_t *)(void *)(memory +
				capacity * sizeof(struct packed_entry)),
		.info = &chunk->infos[slot],
		.capacity = capacity,
	};
}

/* Memory held, all of it. */
uint64_t index_pool_bytes(const struct index_pool *pool);

/* Asserts that chunks and classes agree. */
void index_pool_check(const struct index_pool *pool);

#endif
