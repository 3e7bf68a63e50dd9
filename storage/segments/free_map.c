/* SPDX-License-Identifier: MIT */
#include "storage/segments/free_map.h"

#include <stdlib.h>
#include <string.h>

bool
free_map_reserve(struct free_map *map, uint32_t segments)
{
	uint32_t count = segments / FREE_MAP_WORD +
			 (segments % FREE_MAP_WORD != 0);
	uint64_t *words;

	if (count <= map->word_count)
		return true;
	words = realloc(map->words, count * sizeof(*words));
	if (words == NULL)
		return false;
	memset(words + map->word_count, 0,
	       (count - map->word_count) * sizeof(*words));
	*map = (struct free_map){ words, count };
	return true;
}

void
free_map_finish(struct free_map *map)
{
	free(map->words);
	*map = (struct free_map){ 0 };
}

uint32_t
free_map_find(const struct free_map *map, uint32_t first, uint32_t end,
	      bool is_free)
{
	uint64_t flip = is_free ? 0 : UINT64_MAX;

	while (first < end) {
		uint64_t left = (map->words[first / FREE_MAP_WORD] ^ flip) >>
				first % FREE_MAP_WORD;

		if (left != 0) {
			first += (uint32_t)__builtin_ctzll(left);
			return first < end ? first : end;
		}
		first += FREE_MAP_WORD - first % FREE_MAP_WORD;
	}
	return end;
}
