/* SPDX-License-Identifier: MIT */
#include "storage/index/index_arena.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

_Static_assert(INDEX_ARENA_BLOCKS == 64, "a block is a bit of ->free");

/* Fewer arenas are better off with small pages, which become resident one by
 * one. */
enum { HUGE_FROM = 16 };

static uint8_t *
map_arena(bool is_huge)
{
	size_t slack = INDEX_ARENA_SIZE;
	uint8_t *raw = mmap(NULL, INDEX_ARENA_SIZE + slack,
			    PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (raw == MAP_FAILED)
		return NULL;
	/* Cut down to the part that one huge page can hold. */
	before = -(uintptr_t)raw % INDEX_ARENA_SIZE;
	if (before > 0)
		munmap(raw, before);
	if (before < slack)
		munmap(raw + before + INDEX_ARENA_SIZE, slack - before);
	/* Only a wish. */
	if (is_huge)
		(void)madvise(raw + before, INDEX_ARENA_SIZE, MADV_HUGEPAGE);
	return raw + before;
}

void
index_arena_finish(struct index_arenas *arenas)
{
	for (uint32_t i = 0; i < arenas->count; i++)
		if (arenas->arenas[i].memory != NULL)
			munmap(arenas->arenas[i].memory, INDEX_ARENA_SIZE);
	free(arenas->arenas);
	*arenas = (struct index_arenas){ 0 };
}

/* An arena with a free block, or an unused number; ->count when all are
 * full. */
static uint32_t
find_room(const struct index_arenas *arenas)
{
	uint32_t unused = arenas->count;

	for (uint32_t i = 0; i < arenas->count; i++) {
		if (arenas->arenas[i].free != 0)
			return i;
		if (arenas->arenas[i].memory == NULL)
			unused = i;
	}
	return unused;
}

static bool
has_number(struct index_arenas *arenas, uint32_t number)
{
	uint32_t capacity = arenas->capacity + arenas->capacity / 2 + 16;
	struct index_arena *grown;

	if (number < arenas->count)
		return true;
	if (arenas->count == arenas->capacity) {
		grown = realloc(arenas->arenas, capacity * sizeof(*grown));
		if (grown == NULL)
			return false;
		arenas->arenas = grown;
		arenas->capacity = capacity;
	}
	arenas->arenas[arenas->count++] = (struct index_arena){ 0 };
	return true;
}

uint8_t *
index_arena_take(struct index_arenas *arenas, uint32_t *number)
{
	uint32_t found = find_room(arenas);
	struct index_arena *arena;
	unsigned block;

	if (!has_number(arenas, found))
		return NULL;
	arena = &arenas->arenas[found];
	if (arena->memory == NULL) {
		arena->memory = map_arena(found >= HUGE_FROM);
		if (arena->memory == NULL)
			return NULL;
		arena->free = UINT64_MAX;
		arena->touched = found < HUGE_FROM ? 0 : UINT64_MAX;
	}
	block = (unsigned)__builtin_ctzll(arena->free);
	arena->free &= arena->free - 1;
	arena->touched |= ~arena->free;
	*number = found;
	return arena->memory + block * (size_t)INDEX_ARENA_BLOCK_SIZE;
}

void
index_arena_release(struct index_arenas *arenas, uint32_t number,
		    uint8_t *block)
{
	struct index_arena *arena = &arenas->arenas[number];
	size_t offset = (size_t)(block - arena->memory);

	assert(number < arenas->count && offset < INDEX_ARENA_SIZE);
	assert(!(arena->free >> offset / INDEX_ARENA_BLOCK_SIZE & 1));
	arena->free |= UINT64_C(1) << offset / INDEX_ARENA_BLOCK_SIZE;
	if (arena->free != UINT64_MAX)
		return;
	munmap(arena->memory, INDEX_ARENA_SIZE);
	*arena = (struct index_arena){ 0 };
}

uint64_t
index_arena_idle_bytes(const struct index_arenas *arenas)
{
	uint64_t bytes = arenas->capacity * sizeof(arenas->arenas[0]);

	for (uint32_t i = 0; i < arenas->count; i++) {
		uint64_t idle = arenas->arenas[i].free &
				arenas->arenas[i].touched;

		bytes += (uint64_t)__builtin_popcountll(idle) *
			 INDEX_ARENA_BLOCK_SIZE;
	}
	return bytes;
}
