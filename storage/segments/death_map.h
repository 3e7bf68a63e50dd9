/* SPDX-License-Identifier: MIT
 *
 * Where in the segments records have died: a bit for each unit of a segment,
 * set when a record that begins there dies.  While it isn't set, all records
 * that begin there are live, and nobody has to ask an index, which costs an
 * access to memory far away.  A thousandth of the segments' size.
 *
 * Nothing is known of lives that began before the database was opened: all
 * their bits are set, that of the first unit too, where no record ever begins.
 *
 * Engine thread only. */
#ifndef STORAGE_SEGMENTS_DEATH_MAP_H
#define STORAGE_SEGMENTS_DEATH_MAP_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DEATH_MAP_UNIT_SHIFT = 7,
	/* A record as large has its unit for itself, unless the one before it
	 * is smaller. */
	DEATH_MAP_UNIT = 1 << DEATH_MAP_UNIT_SHIFT
};

struct death_map {
	uint8_t *bits;
	uint32_t segments;
	uint32_t segment_bytes; /* of bits */
};

/* Room for so many segments, and no more: files grow by many at once.  Of new
 * ones nothing is known. */
MUST_CHECK bool death_map_reserve(struct death_map *map, uint32_t segments,
				  uint32_t segment_size);
void death_map_finish(struct death_map *map);

/* A new life: nothing has died in it. */
void death_map_clear(struct death_map *map, uint32_t segment);

static inline void
death_map_set(struct death_map *map, uint32_t segment, uint32_t offset)
{
	uint32_t unit = offset >> DEATH_MAP_UNIT_SHIFT;
	size_t at = (size_t)segment * map->segment_bytes + unit / 8;

	if (segment < map->segments)
		map->bits[at] |= (uint8_t)(1u << unit % 8);
}

static inline void
death_map_prefetch(const struct death_map *map, uint32_t segment,
		   uint32_t offset)
{
	if (segment < map->segments)
		__builtin_prefetch(&map->bits[(size_t)segment *
						      map->segment_bytes +
					      offset / DEATH_MAP_UNIT / 8]);
}

/* Whether a record that begins in the same unit has died, or may have. */
static inline bool
death_map_get(const struct death_map *map, uint32_t segment, uint32_t offset)
{
	uint32_t unit = offset >> DEATH_MAP_UNIT_SHIFT;
	size_t at = (size_t)segment * map->segment_bytes + unit / 8;

	return segment >= map->segments || (map->bits[at] >> unit % 8 & 1);
}

/* Whether a bit that is set is somebody's death. */
static inline bool
death_map_is_known(const struct death_map *map, uint32_t segment)
{
	return !death_map_get(map, segment, 0);
}

#endif
