/* SPDX-License-Identifier: MIT
 *
 * Going through a primary index in order. */
#include "storage/index/primary_index.h"

#include "storage/index/index_directory.h"

#include <assert.h>

/* Steps through the pages in order. */
struct walk {
	index_key key;  /* the next key to look for */
	index_key last; /* inclusive */
	bool is_over;
	bool has_page;  /* the stretch just looked at holds a page */
	unsigned at;    /* first entry of it at or behind the key */
	struct index_page page;
};

static void
walk_next(const struct primary_index *index, struct walk *walk)
{
	struct index_place place = index_locate(index, walk->key);
	unsigned depth = place.end;
	index_key end;

	walk->has_page = index_page_of(index, walk->key, &walk->page,
				       &walk->at);
	if (walk->has_page)
		depth = walk->page.info->depth;
	/* The last key of the stretch. */
	end = walk->key | (((index_key)1 << (INDEX_KEY_BITS - depth)) - 1);
	walk->is_over = end >= walk->last;
	walk->key = end + 1;
}

static struct walk
walk_start(int64_t token, uint64_t fingerprint, int64_t last)
{
	struct walk walk = {
		.key = index_page_make_key(token, fingerprint),
		.last = index_page_make_key(last, UINT64_MAX),
	};

	walk.is_over = walk.key > walk.last;
	return walk;
}

size_t
primary_index_range(const struct primary_index *index, int64_t token,
		    uint64_t fingerprint, int64_t last,
		    struct index_entry *entries, size_t capacity)
{
	struct walk walk = walk_start(token, fingerprint, last);
	size_t copied = 0;

	while (!walk.is_over && copied < capacity) {
		walk_next(index, &walk);
		if (!walk.has_page)
			continue;
		for (unsigned i = walk.at;
		     i < walk.page.info->count && copied < capacity; i++) {
			if (index_page_key(&walk.page, i) > walk.last)
				return copied;
			index_page_get(&walk.page, i, &entries[copied++]);
		}
	}
	return copied;
}

uint64_t
primary_index_count_live(const struct primary_index *index, int64_t first,
			 int64_t last, uint32_t now_s)
{
	struct walk walk = walk_start(first, 0, last);
	uint64_t live = 0;

	while (!walk.is_over) {
		walk_next(index, &walk);
		if (!walk.has_page)
			continue;
		for (unsigned i = walk.at; i < walk.page.info->count; i++) {
			if (index_page_key(&walk.page, i) > walk.last)
				break;
			live += index_page_is_live(&walk.page, i, now_s);
		}
	}
	return live;
}

/* Every slot that says so names the page, and no other one does. */
static void
check_page(const struct primary_index *index, const struct walk *walk,
	   index_key first)
{
	struct index_place place = index_locate(index, first);
	uint32_t name = index_name_at(&place);
	unsigned depth = walk->page.info->depth;
	uint32_t span;
	uint32_t start;

	index_page_check(&walk->page);
	assert(depth >= place.base && depth <= place.end);
	assert(index_page_key(&walk->page, 0) >= first);
	assert(walk->is_over ||
	       index_page_key(&walk->page, walk->page.info->count - 1u) <
		       walk->key);
	span = UINT32_C(1) << (place.end - depth);
	start = place.slot & ~(span - 1);
	for (uint32_t i = 0; i < span; i++)
		assert(place.directory[start + i] == name);
	(void)name;
	(void)start;
}

void
primary_index_check(const struct primary_index *index)
{
	struct walk walk = walk_start(INT64_MIN, 0, INT64_MAX);
	uint64_t count = 0;
	uint64_t pages = 0;
	uint32_t nodes = 0;

	while (!walk.is_over) {
		index_key first = walk.key;

		walk_next(index, &walk);
		if (!walk.has_page)
			continue;
		check_page(index, &walk, first);
		count += walk.page.info->count;
		pages++;
	}
	for (uint32_t i = 0; i < index->node_count; i++)
		nodes += index->nodes[i] != NULL;
	assert(count == index->count);
	assert(pages == index->pool.pages);
	assert(nodes == index->nodes_used);
	(void)count;
	(void)pages;
	(void)nodes;
	index_pool_check(&index->pool);
}
