/* SPDX-License-Identifier: MIT */
#include "storage/index/index_pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Each class has one chunk that is partly empty, so that an index of
	 * modest size needs modest chunks. */
	CHUNK_SIZE_SMALL = 4 << 10,
	POOL_SIZE_SMALL = 512 << 10,
	MALLOC_OVERHEAD = 16
};

static size_t
page_size(unsigned class)
{
	size_t capacity = (class % INDEX_POOL_CAPACITIES + 1u) *
			  INDEX_PAGE_STEP;

	return capacity * (sizeof(struct packed_entry) +
			   (class < INDEX_POOL_CAPACITIES ? 0 :
				    sizeof(uint32_t)));
}

static uint64_t
chunk_bytes(const struct index_chunk *chunk)
{
	return chunk->size + chunk->slots * sizeof(chunk->infos[0]) +
	       2 * MALLOC_OVERHEAD;
}

static void
free_chunk(struct index_pool *pool, uint32_t number)
{
	struct index_chunk *chunk = &pool->chunks[number];

	pool->bytes -= chunk_bytes(chunk);
	if (chunk->arena == INDEX_CHUNK_SMALL)
		free(chunk->memory);
	else if (chunk->memory != NULL)
		index_arena_release(&pool->arenas, chunk->arena,
				    chunk->memory);
	free(chunk->infos);
	*chunk = (struct index_chunk){ .previous = pool->unused,
					.arena = INDEX_CHUNK_SMALL };
	pool->unused = number;
}

void
index_pool_finish(struct index_pool *pool)
{
	for (uint32_t i = 1; i < pool->chunk_count; i++) {
		if (pool->chunks[i].arena == INDEX_CHUNK_SMALL)
			free(pool->chunks[i].memory);
		free(pool->chunks[i].infos);
	}
	free(pool->chunks);
	index_arena_finish(&pool->arenas);
	*pool = (struct index_pool){ 0 };
}

/* A number for a chunk; 0 when memory ran out. */
static uint32_t
take_number(struct index_pool *pool)
{
	uint32_t number = pool->unused;

	if (number != 0) {
		pool->unused = pool->chunks[number].previous;
		return number;
	}
	if (pool->chunk_count == pool->chunk_capacity) {
		uint32_t capacity = pool->chunk_capacity +
				    pool->chunk_capacity / 2 + 8;
		struct index_chunk *chunks;

		if (capacity > INDEX_POOL_CHUNKS_MAX)
			return 0;
		chunks = realloc(pool->chunks, capacity * sizeof(*chunks));
		if (chunks == NULL)
			return 0;
		pool->bytes += (capacity - pool->chunk_capacity) *
			       sizeof(*chunks);
		pool->chunks = chunks;
		pool->chunk_capacity = capacity;
	}
	if (pool->chunk_count == 0)
		pool->chunks[pool->chunk_count++] =
			(struct index_chunk){ .arena = INDEX_CHUNK_SMALL };
	return pool->chunk_count++;
}

static void
take_memory(struct index_pool *pool, struct index_chunk *chunk)
{
	bool is_small = pool->bytes < POOL_SIZE_SMALL;
	size_t size = page_size(chunk->class);

	chunk->size = is_small ? CHUNK_SIZE_SMALL : INDEX_ARENA_BLOCK_SIZE;
	chunk->slots = (uint16_t)(chunk->size / size);
	chunk->arena = INDEX_CHUNK_SMALL;
	if (!is_small) {
		chunk->arena = 0;
		chunk->memory = index_arena_take(&pool->arenas,
						 &chunk->arena);
		return;
	}
	chunk->size = (uint32_t)(chunk->slots * size);
	chunk->memory = malloc(chunk->size);
}

static uint32_t
make_chunk(struct index_pool *pool, unsigned class)
{
	uint32_t number = take_number(pool);
	struct index_chunk *chunk;

	if (number == 0)
		return 0;
	chunk = &pool->chunks[number];
	*chunk = (struct index_chunk){ .class = (uint8_t)class };
	take_memory(pool, chunk);
	assert(chunk->slots > 0 && chunk->slots <= INDEX_POOL_SLOTS_MAX);
	chunk->infos = malloc(chunk->slots * sizeof(chunk->infos[0]));
	pool->bytes += chunk_bytes(chunk);
	if (chunk->memory != NULL && chunk->infos != NULL)
		return number;
	free_chunk(pool, number);
	return 0;
}

/* Only a chunk of the right class can be used again as it is. */
static uint32_t
take_chunk(struct index_pool *pool, unsigned class)
{
	uint32_t spare = pool->spare;

	if (spare == 0)
		return make_chunk(pool, class);
	pool->spare = 0;
	if (pool->chunks[spare].class == class)
		return spare;
	free_chunk(pool, spare);
	return make_chunk(pool, class);
}

uint32_t
index_pool_take(struct index_pool *pool, unsigned capacity, bool has_expiries)
{
	unsigned class = (capacity + INDEX_PAGE_STEP - 1) / INDEX_PAGE_STEP -
			 1 + (has_expiries ? INDEX_POOL_CAPACITIES : 0);
	struct index_class *list = &pool->classes[class];
	uint32_t page;

	assert(capacity > 0 && capacity <= INDEX_PAGE_MAX);
	if (list->last == 0 || list->used == pool->chunks[list->last].slots) {
		uint32_t number = take_chunk(pool, class);

		if (number == 0)
			return 0;
		pool->chunks[number].previous = list->last;
		list->last = number;
		list->used = 0;
	}
	page = list->last << INDEX_POOL_SLOT_BITS | list->used++;
	*index_pool_view(pool, page).info = (struct index_page_info){ 0 };
	pool->pages++;
	return page;
}

/* A chunk has run empty: the one before it is full. */
static void
drop_last_chunk(struct index_pool *pool, struct index_class *list)
{
	uint32_t empty = list->last;

	list->last = pool->chunks[empty].previous;
	list->used = list->last == 0 ? 0 : pool->chunks[list->last].slots;
	if (pool->spare != 0)
		free_chunk(pool, pool->spare);
	pool->spare = empty;
}

bool
index_pool_release(struct index_pool *pool, uint32_t page, uint32_t *moved)
{
	unsigned class = pool->chunks[page >> INDEX_POOL_SLOT_BITS].class;
	struct index_class *list = &pool->classes[class];
	bool has_moved;

	assert(list->last != 0 && list->used > 0);
	*moved = list->last << INDEX_POOL_SLOT_BITS | (list->used - 1);
	has_moved = *moved != page;
	if (has_moved) {
		struct index_page from = index_pool_view(pool, *moved);
		struct index_page to = index_pool_view(pool, page);

		*to.info = *from.info;
		to.info->count = 0;
		index_page_append(&to, &from, 0, from.info->count);
	}
	if (--list->used == 0)
		drop_last_chunk(pool, list);
	pool->pages--;
	return has_moved;
}

uint64_t
index_pool_bytes(const struct index_pool *pool)
{
	return pool->bytes + index_arena_idle_bytes(&pool->arenas);
}

void
index_pool_check(const struct index_pool *pool)
{
	uint64_t pages = 0;

	for (unsigned class = 0; class < INDEX_POOL_CLASSES; class++) {
		const struct index_class *list = &pool->classes[class];
		uint64_t used = list->used;

		assert((list->last == 0) == (used == 0));
		for (uint32_t i = list->last; i != 0;
		     i = pool->chunks[i].previous) {
			assert(pool->chunks[i].class == class);
			assert(used <= pool->chunks[i].slots);
			pages += used;
			used = pool->chunks[pool->chunks[i].previous].slots;
		}
	}
	assert(pages == pool->pages);
	(void)pages;
}
