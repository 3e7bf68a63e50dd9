/* SPDX-License-Identifier: MIT
 *
 * Which segments are free, a bit each, so that in a large database that is
 * nearly full the next free one is found without looking at all the others.
 *
 * Engine thread only. */
#ifndef STORAGE_SEGMENTS_FREE_MAP_H
#define STORAGE_SEGMENTS_FREE_MAP_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

enum { FREE_MAP_WORD = 64 };

struct free_map {
	uint64_t *words;
	uint32_t word_count;
};

/* Room for so many segments; new ones aren't free. */
MUST_CHECK bool free_map_reserve(struct free_map *map, uint32_t segments);
void free_map_finish(struct free_map *map);

/* The first one from ${first} to ${end} - 1 that is free, or isn't; ${end}:
 * there is none. */
uint32_t free_map_find(const struct free_map *map, uint32_t first,
		       uint32_t end, bool is_free);

static inline void
free_map_set(struct free_map *map, uint32_t segment)
{
	map->words[segment / FREE_MAP_WORD] |= UINT64_C(1)
					       << segment % FREE_MAP_WORD;
}

static inline void
free_map_clear(struct free_map *map, uint32_t segment)
{
	map->words[segment / FREE_MAP_WORD] &=
		~(UINT64_C(1) << segment % FREE_MAP_WORD);
}

#endif
