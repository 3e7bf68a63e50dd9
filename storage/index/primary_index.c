/* SPDX-License-Identifier: MIT
 *
 * A trie over pages.
 *
 * A key is 128 bits: the token in its signed order, then the fingerprint.  The
 * root is an array of 2^bits slots, one for each value of the key's first
 * bits.  A slot is empty, or names a page (index_page.h), or a node: sixteen
 * slots for the next four bits.
 *
 *        root, 2^bits slots                     node, base = bits
 *      +---+---+---+---+---+---+               +---+---+-- --+---+
 *      | a | a | b | 0 | n | c |        n -->  | d | 0 |  …  | e |
 *      +---+---+---+---+---+---+               +---+---+-- --+---+
 *
 * A page whose keys share `depth` bits stands in all the slots of those bits:
 * 2^(end - depth) neighbours, where `end` is the number of key bits that its
 * directory (root or node) tells apart.  Page a above has depth bits - 1.
 *
 * A page that is full is split at the first bit in which its keys differ.  If
 * its directory doesn't tell that bit apart, the directory deepens first: the
 * root doubles while at least half as many pages as slots exist, which is what
 * happens with tokens, since they are hashes and all pages fill up alike.
 * Where they aren't spread evenly (somebody crafted them, down to runs of
 * equal tokens) a node is put in the page's place instead, level by level.  So
 * the root never has more slots than four times the pages there ever were,
 * and a key is found below at most 30 nodes, whatever the keys are:
 * fingerprints are keyed, so behind the token's bits they are even again.
 *
 * A lookup reads one slot, the page's count (both stay in the processor's
 * cache) and the page itself, near where an even spread puts the key: one
 * access to memory, which primary_index_find_many starts for many keys before
 * it waits for the first.
 *
 * Memory: 32 bytes an entry.  Pages split at 64 entries and so have about 46
 * on average; their capacity grows by 4.  That wastes 2 entries of 46, and
 * the directory takes 4 to 8 bytes a page: about 34 bytes a key in all.
 * Nothing of size grows by doubling except the root, 4 bytes a slot.
 *
 * Pages move (index_pool.h): after each call of release_page, a page is found
 * by its key or its slot again, never by a name from before. */
#include "base/error.h"
#include "storage/index/index_directory.h"
#include "storage/index/primary_index.h"

#include <assert.h>
#include <stdlib.h>

enum {
	/* Two halves become one page again when it is at most this full. */
	JOIN_COUNT = 24,
	/* A page shrinks when it has room for this many more. */
	SHRINK_ROOM = 2 * INDEX_PAGE_STEP,
	MALLOC_OVERHEAD = 16
};

struct primary_index *
primary_index_create(void)
{
	struct primary_index *index = calloc(1, sizeof(*index));

	if (index == NULL)
		return NULL;
	index->root_bits = INDEX_ROOT_BITS_MIN;
	index->root = calloc((size_t)1 << INDEX_ROOT_BITS_MIN,
			     sizeof(index->root[0]));
	if (index->root == NULL) {
		free(index);
		return NULL;
	}
	return index;
}

void
primary_index_destroy(struct primary_index *index)
{
	if (index == NULL)
		return;
	for (uint32_t i = 0; i < index->node_count; i++)
		free(index->nodes[i]);
	free(index->nodes);
	free(index->root);
	index_pool_finish(&index->pool);
	free(index);
}

/* Frees a page that no slot names any more.  Another one may move. */
static void
release_page(struct primary_index *index, uint32_t name)
{
	uint32_t before;

	if (index_pool_release(&index->pool, name, &before)) {
		struct index_page moved = index_pool_view(&index->pool, name);

		index_set_page(index, index_page_key(&moved, 0),
			       moved.info->depth, name);
	}
}

/* Replaces the page at ${place} by one of another class. */
static int
resize_page(struct primary_index *index, struct index_place place,
	    unsigned capacity, bool has_expiries)
{
	uint32_t old_name = index_name_at(&place);
	uint32_t name = index_pool_take(&index->pool, capacity, has_expiries);
	struct index_page old;
	struct index_page page;

	if (name == 0)
		return -ERROR_FULL;
	old = index_pool_view(&index->pool, old_name);
	page = index_pool_view(&index->pool, name);
	page.info->top = old.info->top;
	page.info->depth = old.info->depth;
	index_page_append(&page, &old, 0, old.info->count);
	index_set_slots(&place, page.info->depth, name);
	release_page(index, old_name);
	return 0;
}

static int
make_page(struct primary_index *index, struct index_place place, index_key key,
	  bool has_expiries)
{
	uint32_t name = index_pool_take(&index->pool, 1, has_expiries);
	struct index_page page;

	if (name == 0)
		return -ERROR_FULL;
	page = index_pool_view(&index->pool, name);
	page.info->top = (uint8_t)(key >> (INDEX_KEY_BITS - 8));
	page.info->depth = (uint8_t)place.end;
	place.directory[place.slot] = name;
	return 0;
}

/* Gives up the slots that no key of the page belongs into. */
static void
narrow_page(struct primary_index *index, struct index_place place)
{
	uint32_t name = index_name_at(&place);
	struct index_page page = index_pool_view(&index->pool, name);

	index_set_slots(&place, page.info->depth, 0);
	page.info->depth = (uint8_t)place.end;
	index_set_page(index, index_page_key(&page, 0), place.end, name);
}

/* The first bit, counted from the highest, in which the keys of a page
 * differ. */
static unsigned
first_difference(const struct index_page *page)
{
	index_key difference = index_page_key(page, 0) ^
			       index_page_key(page, page->info->count - 1u);
	uint64_t high = (uint64_t)(difference >> 64);

	assert(difference != 0);
	return (unsigned)(high != 0 ?
				  __builtin_clzll(high) :
				  64 + __builtin_clzll((uint64_t)difference));
}

/* The first entry whose bit number ${bit} is set. */
static unsigned
split_point(const struct index_page *page, unsigned bit)
{
	unsigned at = 0;

	while (!(index_page_key(page, at) >> (INDEX_KEY_BITS - 1 - bit) & 1))
		at++;
	return at;
}

static void
fill_half(struct primary_index *index, uint32_t name,
	  const struct index_page *from, unsigned first, unsigned count,
	  unsigned depth)
{
	struct index_page half = index_pool_view(&index->pool, name);

	half.info->top = from->info->top;
	half.info->depth = (uint8_t)depth;
	index_page_append(&half, from, first, count);
	index_set_page(index, index_page_key(&half, 0), depth, name);
}

/* Two pages for one; their directory tells ${bit} apart. */
static int
split_page(struct primary_index *index, struct index_place place, unsigned bit)
{
	uint32_t name = index_name_at(&place);
	struct index_page page = index_pool_view(&index->pool, name);
	unsigned count = page.info->count;
	unsigned middle = split_point(&page, bit);
	bool has_expiries = page.expiries != NULL;
	uint32_t left = index_pool_take(&index->pool, middle, has_expiries);
	uint32_t right;
	uint32_t moved;

	if (left == 0)
		return -ERROR_FULL;
	right = index_pool_take(&index->pool, count - middle, has_expiries);
	if (right == 0) {
		/* The newest page of its class is the last one. */
		bool has_moved = index_pool_release(&index->pool, left,
						    &moved);

		assert(!has_moved);
		(void)has_moved;
		return -ERROR_FULL;
	}
	index_set_slots(&place, page.info->depth, 0);
	fill_half(index, left, &page, 0, middle, bit + 1);
	fill_half(index, right, &page, middle, count - middle, bit + 1);
	release_page(index, name);
	return 0;
}

/* One step towards two pages for the full one at ${place}. */
static int
divide_page(struct primary_index *index, struct index_place place)
{
	struct index_page page = index_pool_view(&index->pool,
						 index_name_at(&place));
	unsigned bit = first_difference(&page);

	assert(bit >= page.info->depth);
	if (bit < place.end)
		return split_page(index, place, bit);
	if (page.info->depth < place.end) {
		narrow_page(index, place);
		return 0;
	}
	if (place.base == 0 && index_may_double_root(index))
		return index_double_root(index);
	return index_put_node(index, place);
}

/* One step towards a page at ${place} that can take one more entry. */
static int
make_room(struct primary_index *index, struct index_place place, index_key key,
	  bool has_expiries)
{
	struct index_page page;
	unsigned capacity;

	if (index_name_at(&place) == 0)
		return make_page(index, place, key, has_expiries);
	page = index_pool_view(&index->pool, index_name_at(&place));
	capacity = page.info->count + 1u;
	if (page.expiries == NULL && has_expiries)
		return resize_page(index, place,
				   capacity < INDEX_PAGE_MAX ? capacity :
							       INDEX_PAGE_MAX,
				   true);
	if (page.info->count == INDEX_PAGE_MAX)
		return divide_page(index, place);
	return resize_page(index, place, capacity, page.expiries != NULL);
}

int
index_put_entry(struct primary_index *index, struct index_page *page,
		unsigned at, index_key key, const struct index_entry *entry,
		struct index_entry *old)
{
	if (page->expiries == NULL && entry->expires_at_s != 0)
		return 0;
	if (index_page_has(page, at, key)) {
		index_page_get(page, at, old);
		index_page_set(page, at, entry);
		return INDEX_REPLACED;
	}
	if (page->info->count == page->capacity)
		return 0;
	index_page_insert(page, at, entry);
	index->count++;
	return INDEX_INSERTED;
}

static int
try_insert(struct primary_index *index, struct index_place place, index_key key,
	   const struct index_entry *entry, struct index_entry *old)
{
	struct index_page page;

	if (index_name_at(&place) == 0)
		return 0;
	page = index_pool_view(&index->pool, index_name_at(&place));
	return index_put_entry(index, &page, index_page_search(&page, key),
			       key, entry, old);
}

int
primary_index_insert(struct primary_index *index,
		     const struct index_entry *entry, struct index_entry *old)
{
	index_key key = index_page_make_key(entry->token, entry->fingerprint);

	/* Each round changes one thing, the last one the entry. */
	for (;;) {
		struct index_place place = index_locate(index, key);
		int outcome = try_insert(index, place, key, entry, old);

		if (outcome != 0)
			return outcome;
		outcome = make_room(index, place, key,
				    entry->expires_at_s != 0);
		if (outcome < 0)
			return outcome;
	}
}

/* The slot of the page's other half, were it split at its last bit. */
static bool
buddy_of(const struct primary_index *index, struct index_place place,
	 unsigned depth, struct index_place *buddy)
{
	struct index_page page;

	if (depth <= INDEX_DEPTH_MIN || depth <= place.base)
		return false;
	*buddy = place;
	buddy->slot ^= UINT32_C(1) << (place.end - depth);
	if (index_name_at(buddy) == 0 || index_name_at(buddy) & INDEX_IS_NODE)
		return false;
	page = index_pool_view(&index->pool, index_name_at(buddy));
	return page.info->depth == depth;
}

/* Moves the entries of the page at ${right} into its buddy at ${left}. */
static void
join_pages(struct primary_index *index, struct index_place left,
	   struct index_place right, unsigned sum)
{
	struct index_page page = index_pool_view(&index->pool,
						 index_name_at(&left));
	struct index_page from = index_pool_view(&index->pool,
						 index_name_at(&right));
	uint32_t emptied;

	/* It is only for memory's sake: when there is none, they stay two. */
	if (resize_page(index, left, sum,
			page.expiries != NULL || from.expiries != NULL) < 0)
		return;
	/* Both may have moved; their slots haven't. */
	page = index_pool_view(&index->pool, index_name_at(&left));
	from = index_pool_view(&index->pool, index_name_at(&right));
	emptied = index_name_at(&right);
	index_page_append(&page, &from, 0, from.info->count);
	page.info->depth--;
	index_set_slots(&left, page.info->depth, index_name_at(&left));
	release_page(index, emptied);
}

static void
join_if_small(struct primary_index *index, index_key key)
{
	struct index_place place = index_locate(index, key);
	struct index_page page = index_pool_view(&index->pool,
						 index_name_at(&place));
	struct index_place buddy;
	unsigned sum = page.info->count;

	if (!buddy_of(index, place, page.info->depth, &buddy))
		return;
	sum += index_pool_view(&index->pool, index_name_at(&buddy)).info->count;
	if (sum > JOIN_COUNT)
		return;
	if (place.slot < buddy.slot)
		join_pages(index, place, buddy, sum);
	else
		join_pages(index, buddy, place, sum);
}

/* After a removal from the page of ${key}. */
static void
tidy_page(struct primary_index *index, index_key key)
{
	struct index_place place = index_locate(index, key);
	uint32_t name = index_name_at(&place);
	struct index_page page = index_pool_view(&index->pool, name);

	if (page.info->count == 0) {
		index_set_slots(&place, page.info->depth, 0);
		release_page(index, name);
		index_remove_empty_nodes(index, key);
		return;
	}
	if (page.capacity - page.info->count >= SHRINK_ROOM &&
	    resize_page(index, place, page.info->count,
			page.expiries != NULL) < 0)
		return;
	join_if_small(index, key);
}

bool
primary_index_remove(struct primary_index *index, int64_t token,
		     uint64_t fingerprint, struct index_entry *old)
{
	index_key key = index_page_make_key(token, fingerprint);
	struct index_page page;
	unsigned at;

	if (!index_find_key(index, key, &page, &at))
		return false;
	index_page_get(&page, at, old);
	index_page_remove(&page, at);
	index->count--;
	tidy_page(index, key);
	return true;
}

bool
primary_index_find(const struct primary_index *index, int64_t token,
		   uint64_t fingerprint, struct index_entry *entry)
{
	struct index_page page;
	unsigned at;

	if (!index_find_key(index, index_page_make_key(token, fingerprint),
			    &page, &at))
		return false;
	index_page_get(&page, at, entry);
	return true;
}

uint64_t
primary_index_count(const struct primary_index *index)
{
	return index->count;
}

uint64_t
primary_index_bytes(const struct primary_index *index)
{
	return sizeof(*index) + index_pool_bytes(&index->pool) +
	       ((uint64_t)sizeof(index->root[0]) << index->root_bits) +
	       index->node_capacity * sizeof(index->nodes[0]) +
	       index->nodes_used *
		       (sizeof(struct index_node) + MALLOC_OVERHEAD);
}
