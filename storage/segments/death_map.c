/* SPDX-License-Identifier: MIT */
#include "storage/segments/death_map.h"

#include <stdlib.h>
#include <string.h>

bool
death_map_reserve(struct death_map *map, uint32_t segments,
		  uint32_t segment_size)
{
	uint32_t each = segment_size / (8 * DEATH_MAP_UNIT);
	uint8_t *bits;

	if (segments <= map->segments || each == 0)
		return true;
	bits = realloc(map->bits, (size_t)segments * each);
	if (bits == NULL)
		return false;
	memset(bits + (size_t)map->segments * each, 0xff,
	       (size_t)(segments - map->segments) * each);
	*map = (struct death_map){ bits, segments, each };
	return true;
}

void
death_map_finish(struct death_map *map)
{
	free(map->bits);
	*map = (struct death_map){ 0 };
}

void
death_map_clear(struct death_map *map, uint32_t segment)
{
	if (segment < map->segments)
		memset(map->bits + (size_t)segment * map->segment_bytes, 0,
		       map->segment_bytes);
}
