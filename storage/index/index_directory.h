/* SPDX-License-Identifier: MIT
 *
 * The inside of a primary index: its directory, which leads from a key to a
 * page.  storage/index/primary_index.c explains it, and keeps it;
 * index_batch.c, index_walk.c and index_append.c use it. */
#ifndef STORAGE_INDEX_INDEX_DIRECTORY_H
#define STORAGE_INDEX_INDEX_DIRECTORY_H

#include "storage/index/index_pool.h"

enum {
	INDEX_ROOT_BITS_MIN = INDEX_DEPTH_MIN, /* entries lack as many */
	INDEX_ROOT_BITS_MAX = 30,
	INDEX_NODE_BITS = 4,
	INDEX_NODE_SLOTS = 1 << INDEX_NODE_BITS
};

/* In a slot: a node's number follows; else it is a page, or 0: nothing. */
#define INDEX_IS_NODE (UINT32_C(1) << 31)

struct index_node {
	uint32_t slots[INDEX_NODE_SLOTS];
	unsigned base; /* key bits above it */
};

struct primary_index {
	uint32_t *root;
	unsigned root_bits;
	struct index_node **nodes; /* NULL where a number is unused */
	uint32_t node_count; /* numbers given, unused ones included */
	uint32_t node_capacity;
	uint32_t nodes_used;
	uint64_t count;
	uint64_t expected; /* entries */
	struct index_pool pool;
};

/* A slot and the directory that it is in. */
struct index_place {
	uint32_t *directory;
	unsigned base; /* key bits above the directory */
	unsigned end;  /* key bits that it tells apart */
	uint32_t slot;
};

static inline uint32_t
index_root_slot(const struct primary_index *index, index_key key)
{
	return (uint32_t)(key >> (INDEX_KEY_BITS - index->root_bits));
}

static inline struct index_place
index_node_place(struct index_node *node, index_key key)
{
	return (struct index_place){
		.directory = node->slots,
		.base = node->base,
		.end = node->base + INDEX_NODE_BITS,
		.slot = (uint32_t)(key << node->base >>
				   (INDEX_KEY_BITS - INDEX_NODE_BITS)),
	};
}

/* Where ${key} belongs; never a slot with a node. */
static inline struct index_place
index_locate(const struct primary_index *index, index_key key)
{
	struct index_place place = {
		.directory = index->root,
		.end = index->root_bits,
		.slot = index_root_slot(index, key),
	};
	uint32_t name = place.directory[place.slot];

	while (name & INDEX_IS_NODE) {
		place = index_node_place(index->nodes[name ^ INDEX_IS_NODE],
					 key);
		name = place.directory[place.slot];
	}
	return place;
}

static inline uint32_t
index_name_at(const struct index_place *place)
{
	return place->directory[place->slot];
}

/* The page that ${key} belongs into, and the position there; false when there
 * is none. */
static inline bool
index_page_of(const struct primary_index *index, index_key key,
	struct index_page *page, unsigned *at)
{
	struct index_place place = index_locate(index, key);

	if (index_name_at(&place) == 0)
		return false;
	*page = index_pool_view(&index->pool, index_name_at(&place));
	*at = index_page_search(page, key);
	return true;
}

static inline bool
index_find_key(const struct primary_index *index, index_key key,
	 struct index_page *page, unsigned *at)
{
	return index_page_of(index, key, page, at) &&
	       index_page_has(page, *at, key);
}

/* Puts an entry into its page, where ${at} is its position, if that is possible
 * as the page is: the outcome of primary_index_insert, or 0. */
int index_put_entry(struct primary_index *index, struct index_page *page,
		    unsigned at, index_key key,
		    const struct index_entry *entry, struct index_entry *old);

/* Sets all the slots of ${place}'s directory whose first ${depth} key bits are
 * those of its slot. */
void index_set_slots(const struct index_place *place, unsigned depth,
		     uint32_t name);
/* Makes the slots of the page with ${key} name it. */
void index_set_page(struct primary_index *index, index_key key, unsigned depth,
		    uint32_t name);

/* Both are -ERROR_FULL when memory ran out. */
MUST_CHECK int index_double_root(struct primary_index *index);
bool index_may_double_root(const struct primary_index *index);
/* Puts a node in the place of a page that has one slot only, or of nothing. */
MUST_CHECK int index_put_node(struct primary_index *index,
			      struct index_place place);
/* The node right above ${key}'s directory goes when nothing is left in it, and
 * so on upwards. */
void index_remove_empty_nodes(struct primary_index *index, index_key key);

#endif
