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
 * and a key is found below at most 30 nodes, whatever the keys are: fingerprints
 * are keyed, so behind the token's bits they are even again.
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
#include "storage/primary_index.h"
#include "base/error.h"
#include "storage/index_pool.h"

#include <assert.h>
#include <stdlib.h>

enum {
	ROOT_BITS_MIN = INDEX_DEPTH_MIN, /* entries lack as many */
	ROOT_BITS_MAX = 30,
	NODE_BITS = 4,
	NODE_SLOTS = 1 << NODE_BITS,
	/* Two halves become one page again when it is at most this full. */
	JOIN_COUNT = 24,
	/* A page shrinks when it has room for this many more. */
	SHRINK_ROOM = 2 * INDEX_PAGE_STEP,
	BATCH = 16,
	MALLOC_OVERHEAD = 16
};

/* In a slot: a node's number follows; else it is a page, or 0: nothing. */
#define IS_NODE (UINT32_C(1) << 31)

struct node {
	uint32_t slots[NODE_SLOTS];
	unsigned base; /* key bits above it */
};

struct primary_index {
	uint32_t *root;
	unsigned root_bits;
	struct node **nodes; /* NULL where a number is unused */
	uint32_t node_count; /* numbers given, unused ones included */
	uint32_t node_capacity;
	uint32_t nodes_used;
	uint64_t count;
	struct index_pool pool;
};

/* A slot and the directory that it is in. */
struct place {
	uint32_t *directory;
	unsigned base; /* key bits above the directory */
	unsigned end;  /* key bits that it tells apart */
	uint32_t slot;
};

struct primary_index *
primary_index_create(void)
{
	struct primary_index *index = calloc(1, sizeof(*index));

	if (index == NULL)
		return NULL;
	index->root_bits = ROOT_BITS_MIN;
	index->root = calloc((size_t)1 << ROOT_BITS_MIN,
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

static uint32_t
root_slot(const struct primary_index *index, index_key key)
{
	return (uint32_t)(key >> (INDEX_KEY_BITS - index->root_bits));
}

static struct place
node_place(struct node *node, index_key key)
{
	return (struct place){
		.directory = node->slots,
		.base = node->base,
		.end = node->base + NODE_BITS,
		.slot = (uint32_t)(key << node->base >>
				   (INDEX_KEY_BITS - NODE_BITS)),
	};
}

/* Where ${key} belongs; never a slot with a node. */
static struct place
locate(const struct primary_index *index, index_key key)
{
	struct place place = {
		.directory = index->root,
		.end = index->root_bits,
		.slot = root_slot(index, key),
	};
	uint32_t name = place.directory[place.slot];

	while (name & IS_NODE) {
		place = node_place(index->nodes[name ^ IS_NODE], key);
		name = place.directory[place.slot];
	}
	return place;
}

static uint32_t
name_at(const struct place *place)
{
	return place->directory[place->slot];
}

/* Sets all the slots of ${place}'s directory whose first ${depth} key bits are
 * those of its slot. */
static void
set_slots(const struct place *place, unsigned depth, uint32_t name)
{
	uint32_t span = UINT32_C(1) << (place->end - depth);
	uint32_t first = place->slot & ~(span - 1);

	assert(depth >= place->base && depth <= place->end);
	for (uint32_t i = 0; i < span; i++)
		place->directory[first + i] = name;
}

/* Makes the slots of the page with ${key} name it. */
static void
set_page(struct primary_index *index, index_key key, unsigned depth,
	 uint32_t name)
{
	struct place place = locate(index, key);

	set_slots(&place, depth, name);
}

/* Frees a page that no slot names any more.  Another one may move. */
static void
release_page(struct primary_index *index, uint32_t name)
{
	uint32_t before;

	if (index_pool_release(&index->pool, name, &before)) {
		struct index_page moved = index_pool_view(&index->pool, name);

		set_page(index, index_page_key(&moved, 0), moved.info->depth,
			 name);
	}
}

/* Replaces the page at ${place} by one of another class. */
static int
resize_page(struct primary_index *index, struct place place, unsigned capacity,
	    bool has_expiries)
{
	uint32_t old_name = name_at(&place);
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
	set_slots(&place, page.info->depth, name);
	release_page(index, old_name);
	return 0;
}

static int
make_page(struct primary_index *index, struct place place, index_key key,
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

static int
double_root(struct primary_index *index)
{
	size_t slots = (size_t)1 << index->root_bits;
	uint32_t *root = realloc(index->root, 2 * slots * sizeof(*root));

	if (root == NULL)
		return -ERROR_FULL;
	for (size_t i = slots; i-- > 0;) {
		root[2 * i + 1] = root[i];
		root[2 * i] = root[i];
	}
	index->root = root;
	index->root_bits++;
	return 0;
}

static bool
may_double_root(const struct primary_index *index)
{
	return index->root_bits < ROOT_BITS_MAX &&
	       index->pool.pages >= UINT64_C(1) << index->root_bits >> 1;
}

/* A number whose entry in ->nodes is NULL; -ERROR_FULL. */
static int
take_node_number(struct primary_index *index, uint32_t *number)
{
	uint32_t capacity = index->node_capacity + index->node_capacity / 2 +
			    16;
	struct node **nodes;

	if (index->nodes_used < index->node_count) {
		/* Removal leaves gaps; it is rare enough to search. */
		for (*number = 0; index->nodes[*number] != NULL;)
			++*number;
		return 0;
	}
	if (index->node_count == index->node_capacity) {
		nodes = realloc(index->nodes, capacity * sizeof(*nodes));
		if (nodes == NULL)
			return -ERROR_FULL;
		index->nodes = nodes;
		index->node_capacity = capacity;
	}
	*number = index->node_count++;
	index->nodes[*number] = NULL;
	return 0;
}

/* Puts a node in the place of a page that has one slot only. */
static int
put_node(struct primary_index *index, struct place place)
{
	uint32_t name = name_at(&place);
	struct node *node;
	uint32_t number;

	if (take_node_number(index, &number) < 0)
		return -ERROR_FULL;
	node = malloc(sizeof(*node));
	if (node == NULL)
		return -ERROR_FULL;
	node->base = place.end;
	for (unsigned i = 0; i < NODE_SLOTS; i++)
		node->slots[i] = name;
	index->nodes[number] = node;
	index->nodes_used++;
	place.directory[place.slot] = number | IS_NODE;
	return 0;
}

/* Gives up the slots that no key of the page belongs into. */
static void
narrow_page(struct primary_index *index, struct place place)
{
	uint32_t name = name_at(&place);
	struct index_page page = index_pool_view(&index->pool, name);

	set_slots(&place, page.info->depth, 0);
	page.info->depth = (uint8_t)place.end;
	set_page(index, index_page_key(&page, 0), place.end, name);
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
	set_page(index, index_page_key(&half, 0), depth, name);
}

/* Two pages for one; their directory tells ${bit} apart. */
static int
split_page(struct primary_index *index, struct place place, unsigned bit)
{
	uint32_t name = name_at(&place);
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
		return -ERROR_FULL;
	}
	set_slots(&place, page.info->depth, 0);
	fill_half(index, left, &page, 0, middle, bit + 1);
	fill_half(index, right, &page, middle, count - middle, bit + 1);
	release_page(index, name);
	return 0;
}

/* One step towards two pages for the full one at ${place}. */
static int
divide_page(struct primary_index *index, struct place place)
{
	struct index_page page = index_pool_view(&index->pool,
						 name_at(&place));
	unsigned bit = first_difference(&page);

	assert(bit >= page.info->depth);
	if (bit < place.end)
		return split_page(index, place, bit);
	if (page.info->depth < place.end) {
		narrow_page(index, place);
		return 0;
	}
	if (place.base == 0 && may_double_root(index))
		return double_root(index);
	return put_node(index, place);
}

/* One step towards a page at ${place} that can take one more entry. */
static int
make_room(struct primary_index *index, struct place place, index_key key,
	  bool has_expiries)
{
	struct index_page page;
	unsigned capacity;

	if (name_at(&place) == 0)
		return make_page(index, place, key, has_expiries);
	page = index_pool_view(&index->pool, name_at(&place));
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

/* The page that ${key} belongs into, and the position there; false when there
 * is none. */
static bool
page_of(const struct primary_index *index, index_key key,
	struct index_page *page, unsigned *at)
{
	struct place place = locate(index, key);

	if (name_at(&place) == 0)
		return false;
	*page = index_pool_view(&index->pool, name_at(&place));
	*at = index_page_search(page, key);
	return true;
}

static bool
find_key(const struct primary_index *index, index_key key,
	 struct index_page *page, unsigned *at)
{
	return page_of(index, key, page, at) && index_page_has(page, *at, key);
}

/* Puts the entry into its page, if that is possible as the page is. */
static int
try_insert(struct primary_index *index, struct place place, index_key key,
	   const struct index_entry *entry, struct index_entry *old)
{
	struct index_page page;
	unsigned at;

	if (name_at(&place) == 0)
		return 0;
	page = index_pool_view(&index->pool, name_at(&place));
	if (page.expiries == NULL && entry->expires_at_s != 0)
		return 0;
	at = index_page_search(&page, key);
	if (index_page_has(&page, at, key)) {
		index_page_get(&page, at, old);
		index_page_set(&page, at, entry);
		return INDEX_REPLACED;
	}
	if (page.info->count == page.capacity)
		return 0;
	index_page_insert(&page, at, entry);
	index->count++;
	return INDEX_INSERTED;
}

int
primary_index_insert(struct primary_index *index,
		     const struct index_entry *entry, struct index_entry *old)
{
	index_key key = index_page_make_key(entry->token, entry->fingerprint);

	/* Each round changes one thing, the last one the entry. */
	for (;;) {
		struct place place = locate(index, key);
		int outcome = try_insert(index, place, key, entry, old);

		if (outcome != 0)
			return outcome;
		outcome = make_room(index, place, key,
				    entry->expires_at_s != 0);
		if (outcome < 0)
			return outcome;
	}
}

bool
primary_index_find(const struct primary_index *index, int64_t token,
		   uint64_t fingerprint, struct index_entry *entry)
{
	struct index_page page;
	unsigned at;

	if (!find_key(index, index_page_make_key(token, fingerprint), &page,
		      &at))
		return false;
	index_page_get(&page, at, entry);
	return true;
}

/* What find_batch knows of one key. */
struct sought {
	index_key key;
	struct index_page page; /* without entries: there is none */
	unsigned guess;
};

/* Each round brings nearer what the next one touches. */
static void
start_batch(const struct primary_index *index, struct sought *batch,
	    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct place place = locate(index, batch[i].key);

		batch[i].page.entries = NULL;
		if (name_at(&place) == 0)
			continue;
		batch[i].page = index_pool_view(&index->pool, name_at(&place));
		__builtin_prefetch(batch[i].page.info);
	}
	for (size_t i = 0; i < count; i++) {
		struct sought *sought = &batch[i];

		if (sought->page.entries == NULL)
			continue;
		sought->guess = index_page_guess(&sought->page, sought->key);
		__builtin_prefetch(&sought->page.entries[sought->guess]);
	}
	for (size_t i = 0; i < count; i++) {
		struct sought *sought = &batch[i];
		unsigned guess;

		if (sought->page.entries == NULL)
			continue;
		guess = index_page_guess_again(&sought->page, sought->guess);
		sought->guess = guess;
		__builtin_prefetch(&sought->page.entries[guess + 1]);
		guess -= guess > 0;
		__builtin_prefetch(&sought->page.entries[guess]);
	}
}

static void
find_batch(const struct primary_index *index, struct index_entry *entries,
	   bool *found, size_t count)
{
	struct sought batch[BATCH];

	for (size_t i = 0; i < count; i++) {
		batch[i].key = index_page_make_key(entries[i].token,
						   entries[i].fingerprint);
		__builtin_prefetch(
			&index->root[root_slot(index, batch[i].key)]);
	}
	start_batch(index, batch, count);
	for (size_t i = 0; i < count; i++) {
		const struct index_page *page = &batch[i].page;
		unsigned at;

		found[i] = false;
		if (page->entries == NULL)
			continue;
		at = index_page_search_from(page, batch[i].key,
					    batch[i].guess);
		found[i] = index_page_has(page, at, batch[i].key);
		if (found[i])
			index_page_get(page, at, &entries[i]);
	}
}

void
primary_index_find_many(const struct primary_index *index,
			struct index_entry *entries, bool *found, size_t count)
{
	for (size_t i = 0; i < count; i += BATCH)
		find_batch(index, entries + i, found + i,
			   count - i < BATCH ? count - i : BATCH);
}

static bool
is_same_location(struct location a, struct location b)
{
	return a.segment == b.segment && a.offset == b.offset &&
	       a.size == b.size;
}

bool
primary_index_relocate(struct primary_index *index, int64_t token,
		       uint64_t fingerprint, struct location from,
		       struct location to)
{
	struct index_page page;
	struct index_entry entry;
	unsigned at;

	if (!find_key(index, index_page_make_key(token, fingerprint), &page,
		      &at))
		return false;
	index_page_get(&page, at, &entry);
	if (!is_same_location(entry.location, from))
		return false;
	entry.location = to;
	index_page_set(&page, at, &entry);
	return true;
}

/* The node right above ${place}'s directory goes when nothing is left in it,
 * and so on upwards. */
static void
remove_empty_nodes(struct primary_index *index, index_key key)
{
	for (;;) {
		struct place place = locate(index, key);
		struct place parent = {
			.directory = index->root,
			.end = index->root_bits,
			.slot = root_slot(index, key),
		};
		uint32_t name;

		if (place.base == 0)
			return;
		for (unsigned i = 0; i < NODE_SLOTS; i++)
			if (place.directory[i] != 0)
				return;
		while (name = name_at(&parent),
		       index->nodes[name ^ IS_NODE]->slots != place.directory)
			parent = node_place(index->nodes[name ^ IS_NODE], key);
		set_slots(&parent, place.base, 0);
		free(index->nodes[name ^ IS_NODE]);
		index->nodes[name ^ IS_NODE] = NULL;
		index->nodes_used--;
	}
}

/* The slot of the page's other half, were it split at its last bit. */
static bool
buddy_of(const struct primary_index *index, struct place place, unsigned depth,
	 struct place *buddy)
{
	struct index_page page;

	if (depth <= INDEX_DEPTH_MIN || depth <= place.base)
		return false;
	*buddy = place;
	buddy->slot ^= UINT32_C(1) << (place.end - depth);
	if (name_at(buddy) == 0 || name_at(buddy) & IS_NODE)
		return false;
	page = index_pool_view(&index->pool, name_at(buddy));
	return page.info->depth == depth;
}

/* Moves the entries of the page at ${right} into its buddy at ${left}. */
static void
join_pages(struct primary_index *index, struct place left, struct place right,
	   unsigned sum)
{
	struct index_page page = index_pool_view(&index->pool, name_at(&left));
	struct index_page from = index_pool_view(&index->pool,
						 name_at(&right));
	uint32_t emptied;

	/* It is only for memory's sake: when there is none, they stay two. */
	if (resize_page(index, left, sum,
			page.expiries != NULL || from.expiries != NULL) < 0)
		return;
	/* Both may have moved; their slots haven't. */
	page = index_pool_view(&index->pool, name_at(&left));
	from = index_pool_view(&index->pool, name_at(&right));
	emptied = name_at(&right);
	index_page_append(&page, &from, 0, from.info->count);
	page.info->depth--;
	set_slots(&left, page.info->depth, name_at(&left));
	release_page(index, emptied);
}

static void
join_if_small(struct primary_index *index, index_key key)
{
	struct place place = locate(index, key);
	struct index_page page = index_pool_view(&index->pool,
						 name_at(&place));
	struct place buddy;
	unsigned sum = page.info->count;

	if (!buddy_of(index, place, page.info->depth, &buddy))
		return;
	sum += index_pool_view(&index->pool, name_at(&buddy)).info->count;
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
	struct place place = locate(index, key);
	uint32_t name = name_at(&place);
	struct index_page page = index_pool_view(&index->pool, name);

	if (page.info->count == 0) {
		set_slots(&place, page.info->depth, 0);
		release_page(index, name);
		remove_empty_nodes(index, key);
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

	if (!find_key(index, key, &page, &at))
		return false;
	index_page_get(&page, at, old);
	index_page_remove(&page, at);
	index->count--;
	tidy_page(index, key);
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
	       index->nodes_used * (sizeof(struct node) + MALLOC_OVERHEAD);
}

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
	struct place place = locate(index, walk->key);
	unsigned depth = place.end;
	index_key end;

	walk->has_page = page_of(index, walk->key, &walk->page, &walk->at);
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
	struct place place = locate(index, first);
	uint32_t name = name_at(&place);
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
	index_pool_check(&index->pool);
}
