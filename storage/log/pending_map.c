/* SPDX-License-Identifier: MIT */
#include "storage/log/pending_map.h"

#include "storage/index/table_registry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool
pending_map_init(struct pending_map *map, size_t capacity)
{
	size_t chains = 64;

	while (chains < capacity)
		chains *= 2;
	map->chains = calloc(chains, sizeof(struct pending *));
	map->mask = chains - 1;
	map->count = 0;
	return map->chains != NULL;
}

void
pending_map_finish(struct pending_map *map)
{
	free(map->chains);
	*map = (struct pending_map){ 0 };
}

static struct pending **
chain_of(const struct pending_map *map, const struct table *table,
	 uint64_t fingerprint)
{
	return &map->chains[(fingerprint ^ table->id) & map->mask];
}

void
pending_map_prefetch(const struct pending_map *map, const struct table *table,
		     uint64_t fingerprint)
{
	__builtin_prefetch(chain_of(map, table, fingerprint));
}

/* The link that points at the key's newest version, or at the chain's end. */
static struct pending **
find_link(const struct pending_map *map, const struct table *table,
	  int64_t token, uint64_t fingerprint)
{
	struct pending **link = chain_of(map, table, fingerprint);

	while (*link != NULL && ((*link)->entry.fingerprint != fingerprint ||
				 (*link)->entry.token != token ||
				 (*link)->table != table))
		link = &(*link)->next;
	return link;
}

struct pending *
pending_map_find(const struct pending_map *map, const struct table *table,
		 int64_t token, uint64_t fingerprint)
{
	return *find_link(map, table, token, fingerprint);
}

void
pending_map_insert(struct pending_map *map, struct pending *pending,
		   uint64_t batch_lsn)
{
	struct pending **link = find_link(map, pending->table,
					  pending->entry.token,
					  pending->entry.fingerprint);
	struct pending *older = *link;

	pending->next = NULL;
	if (older != NULL) {
		older->is_newest = false;
		older->is_passed = older->lsn >= batch_lsn;
		pending->next = older->next;
	} else {
		map->count++;
	}
	pending->is_newest = true;
	*link = pending;
}

void
pending_map_remove(struct pending_map *map, struct pending *pending)
{
	struct pending **link;

	if (!pending->is_newest)
		return;
	link = find_link(map, pending->table, pending->entry.token,
			 pending->entry.fingerprint);
	assert(*link == pending);
	*link = pending->next;
	pending->is_newest = false;
	map->count--;
}

void
pending_map_clear(struct pending_map *map)
{
	memset(map->chains, 0, (map->mask + 1) * sizeof(struct pending *));
	map->count = 0;
}
