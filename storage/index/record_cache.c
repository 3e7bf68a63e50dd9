/* SPDX-License-Identifier: MIT
 *
 * A log of records that bites its own tail, and a hash table over it.
 *
 *	    head             tail                  tail  head
 *	      v               v                      v    v
 *	log   [oldest … newest]   free   or   … newest]   [oldest … end]
 *
 * New records are appended at the tail.  When they need room, the oldest go:
 * one that was found since it was put in is appended again instead, once,
 * so that what is read often survives whatever passes by.  An entry that
 * no slot points at is dead, and stays where it is until the head has passed.
 *
 * The table is a row of sets of sixteen slots, two cache lines each, and grows
 * by linear hashing: one set is split at a time, so that no call ever waits for
 * a large table to be moved.  A slot has what tells the entry's set when the
 * table has doubled, so that a split doesn't look at the log.
 *
 *	slot:  tag 27 | was found 1 | place in the log, units of 8 bytes 36
 *
 * Log and table are address space that becomes memory when it is first used;
 * beyond the first 2 MiB in large pages, since every access is to a random
 * place. */
#include "storage/index/record_cache.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	SET_SLOTS = 16,
	LINE_SIZE = 64,
	/* Slots in use on average above which sets are split.  Those that are
	 * not split yet hold up to twice as many, and should hardly
	 * overflow. */
	SET_GOAL = 4,
	SETS_FIRST_BITS = 9,
	TAG_BITS = 27,
	PLACE_BITS = 36,
	FOUND_SHIFT = PLACE_BITS,
	TAG_SHIFT = PLACE_BITS + 1,
	UNIT = 8,
	LOG_START = UNIT, /* so that no place is 0 */
	/* Of the budget, this part is the table's at most. */
	TABLE_SHARE = 8,
	SIZE_MIN = 64 << 10,
	RECORD_SHARE = 64, /* the largest record, as a part of the log */
	RECORD_MAX = 64 << 10,
	/* Entries that one call appends again at most. */
	CHANCES_MAX = 16,
	PREFETCH_LINES = 3,
	PAGE_SIZE = 4 << 10,
	HUGE_PAGE_SIZE = 2 << 20
};

#define LOG_MAX ((uint64_t)UNIT << PLACE_BITS)
#define PLACE_MASK ((UINT64_C(1) << PLACE_BITS) - 1)
#define TAG_MASK ((UINT64_C(1) << TAG_BITS) - 1)
#define FOUND (UINT64_C(1) << FOUND_SHIFT)

struct entry {
	uint64_t fingerprint;
	uint32_t table;
	uint16_t token; /* some of its bits */
	uint16_t units; /* of the record behind it */
};

struct set {
	uint64_t slots[SET_SLOTS];
};

struct record_cache {
	struct set *sets;
	uint64_t set_count;
	uint64_t sets_max;
	unsigned first_bits; /* the table began with 1 << first_bits sets */
	unsigned bits;       /* 1 << bits <= set_count < 2 << bits */
	uint64_t count;      /* entries that a slot points at */

	uint8_t *log;
	uint64_t log_size;
	uint64_t head;
	uint64_t tail;
	uint64_t end;     /* of what is before the log's end, when wrapped */
	bool is_wrapped;  /* the tail is below the head */
	uint64_t touched; /* bytes of the log that ever were in use */
	uint32_t record_max;
};

/* ---- life ---- */

static void *
map_memory(uint64_t size)
{
	size_t whole = (size_t)size + HUGE_PAGE_SIZE;
	uint8_t *raw = mmap(NULL, whole, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			    0);
	size_t before;

	if (raw == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)raw % HUGE_PAGE_SIZE;
	if (before > 0)
		munmap(raw, before);
	if (before < HUGE_PAGE_SIZE)
		munmap(raw + before + size, HUGE_PAGE_SIZE - before);
	/* Only a wish. */
	if (size > HUGE_PAGE_SIZE)
		(void)madvise(raw + before + HUGE_PAGE_SIZE,
			      (size_t)size - HUGE_PAGE_SIZE, MADV_HUGEPAGE);
	return raw + before;
}

static bool
map_cache(struct record_cache *cache, uint64_t size)
{
	uint64_t room = size - PAGE_SIZE; /* for the structure itself */
	uint64_t table_size = room / TABLE_SHARE / PAGE_SIZE * PAGE_SIZE;

	cache->log_size = (room - table_size) / PAGE_SIZE * PAGE_SIZE;
	if (cache->log_size > LOG_MAX)
		cache->log_size = LOG_MAX;
	cache->sets_max = table_size / sizeof(struct set);
	while (cache->bits < SETS_FIRST_BITS &&
	       UINT64_C(2) << cache->bits <= cache->sets_max)
		cache->bits++;
	/* Beyond that a slot doesn't tell where it belongs. */
	if (cache->sets_max >> (cache->bits + TAG_BITS) != 0)
		cache->sets_max = UINT64_C(1) << (cache->bits + TAG_BITS);
	cache->first_bits = cache->bits;
	cache->set_count = UINT64_C(1) << cache->bits;
	cache->record_max = RECORD_MAX;
	if (cache->log_size < (uint64_t)RECORD_MAX * RECORD_SHARE)
		cache->record_max = (uint32_t)(cache->log_size / RECORD_SHARE);
	cache->log = map_memory(cache->log_size);
	cache->sets = map_memory(cache->sets_max * sizeof(struct set));
	return cache->log != NULL && cache->sets != NULL;
}

struct record_cache *
record_cache_create(uint64_t size)
{
	struct record_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	cache->head = LOG_START;
	cache->tail = LOG_START;
	/* A smaller one isn't worth its table, and keeps nothing. */
	if (size >= SIZE_MIN && !map_cache(cache, size)) {
		record_cache_destroy(cache);
		return NULL;
	}
	return cache;
}

void
record_cache_destroy(struct record_cache *cache)
{
	if (cache == NULL)
		return;
	if (cache->log != NULL)
		munmap(cache->log, cache->log_size);
	if (cache->sets != NULL)
		munmap(cache->sets, cache->sets_max * sizeof(struct set));
	free(cache);
}

/* What is resident of a mapping of which so much was in use. */
static uint64_t
resident_bytes(uint64_t used, uint64_t size)
{
	uint64_t page = used > HUGE_PAGE_SIZE ? HUGE_PAGE_SIZE : PAGE_SIZE;
	uint64_t bytes = (used + page - 1) / page * page;

	return bytes < size ? bytes : size;
}

uint64_t
record_cache_bytes(const struct record_cache *cache)
{
	return sizeof(*cache) +
	       resident_bytes(cache->touched, cache->log_size) +
	       resident_bytes(cache->set_count * sizeof(struct set),
			      cache->sets_max * sizeof(struct set));
}

/* ---- the table ---- */

/* Fingerprints are keyed hashes: crafted keys are spread as evenly as others.
 * All bits that place an entry come from what the entry has. */
static uint64_t
hash_of(uint32_t table, uint64_t fingerprint)
{
	return fingerprint + table * UINT64_C(0x9e3779b97f4a7c15);
}

static struct set *
set_of(const struct record_cache *cache, uint64_t hash)
{
	uint64_t half = UINT64_C(1) << cache->bits;
	uint64_t number = hash & (2 * half - 1);

	if (number >= cache->set_count)
		number -= half;
	return &cache->sets[number];
}

static uint64_t
tag_of(const struct record_cache *cache, uint64_t hash)
{
	return hash >> cache->first_bits & TAG_MASK;
}

static struct entry *
entry_at(const struct record_cache *cache, uint64_t slot)
{
	return (struct entry *)(void *)(cache->log +
					(slot & PLACE_MASK) * UNIT);
}

static uint64_t
entry_size(const struct entry *entry)
{
	return sizeof(*entry) + (uint64_t)entry->units * UNIT;
}

static uint64_t *
find_slot(const struct record_cache *cache, uint32_t table, int64_t token,
	  uint64_t fingerprint)
{
	uint64_t hash = hash_of(table, fingerprint);
	struct set *set = set_of(cache, hash);
	uint64_t tag = tag_of(cache, hash);

	for (unsigned i = 0; i < SET_SLOTS; i++) {
		uint64_t slot = set->slots[i];
		const struct entry *entry;

		if (slot >> TAG_SHIFT != tag || slot == 0)
			continue;
		entry = entry_at(cache, slot);
		if (entry->fingerprint == fingerprint &&
		    entry->table == table && entry->token == (uint16_t)token)
			return &set->slots[i];
	}
	return NULL;
}

/* The slot that points at the log's place ${at}, or NULL: that entry is
 * dead. */
static uint64_t *
slot_of_place(const struct record_cache *cache, uint64_t at)
{
	const struct entry *entry = entry_at(cache, at / UNIT);
	struct set *set = set_of(cache,
				 hash_of(entry->table, entry->fingerprint));

	for (unsigned i = 0; i < SET_SLOTS; i++)
		if ((set->slots[i] & PLACE_MASK) == at / UNIT)
			return &set->slots[i];
	return NULL;
}

static void
clear_slot(struct record_cache *cache, uint64_t *slot)
{
	*slot = 0;
	cache->count--;
}

/* A slot for one more entry: a free one, or that of an entry that wasn't found
 * lately, or any. */
static uint64_t *
take_slot(struct record_cache *cache, struct set *set, uint64_t hash)
{
	unsigned first = (unsigned)(hash >> (64 - 4));

	for (unsigned i = 0; i < SET_SLOTS; i++)
		if (set->slots[i] == 0)
			return &set->slots[i];
	for (unsigned i = 0; i < SET_SLOTS; i++) {
		uint64_t *slot = &set->slots[(first + i) % SET_SLOTS];

		if (!(*slot & FOUND)) {
			clear_slot(cache, slot);
			return slot;
		}
	}
	for (unsigned i = 0; i < SET_SLOTS; i++)
		set->slots[i] &= ~FOUND;
	clear_slot(cache, &set->slots[first]);
	return &set->slots[first];
}

static void
split_set(struct record_cache *cache)
{
	uint64_t half = UINT64_C(1) << cache->bits;
	struct set *from = &cache->sets[cache->set_count - half];
	struct set *to = &cache->sets[cache->set_count];
	unsigned bit = TAG_SHIFT + cache->bits - cache->first_bits;
	unsigned moved = 0;

	for (unsigned i = 0; i < SET_SLOTS; i++) {
		if (!(from->slots[i] >> bit & 1))
			continue;
		to->slots[moved++] = from->slots[i];
		from->slots[i] = 0;
	}
	if (++cache->set_count == 2 * half)
		cache->bits++;
}

static void
grow_table(struct record_cache *cache)
{
	/* Twice, so that it keeps up with what is put in. */
	for (int i = 0; i < 2; i++)
		if (cache->count > cache->set_count * SET_GOAL &&
		    cache->set_count < cache->sets_max)
			split_set(cache);
}

/* ---- the log ---- */

/* The oldest entry goes, or becomes the newest. */
static void
pass_oldest(struct record_cache *cache, unsigned *chances)
{
	uint64_t size = entry_size(entry_at(cache, cache->head / UNIT));
	uint64_t *slot = slot_of_place(cache, cache->head);

	if (slot != NULL && (*slot & FOUND) && *chances > 0) {
		--*chances;
		memmove(cache->log + cache->tail, cache->log + cache->head,
			size);
		*slot = (*slot & ~(PLACE_MASK | FOUND)) | cache->tail / UNIT;
		cache->tail += size;
	} else if (slot != NULL) {
		clear_slot(cache, slot);
	}
	cache->head += size;
}

/* The next to go will be looked up in the table. */
static void
prefetch_oldest(const struct record_cache *cache)
{
	const struct entry *entry = entry_at(cache, cache->head / UNIT);
	const struct set *set =
		set_of(cache, hash_of(entry->table, entry->fingerprint));

	__builtin_prefetch(set);
	__builtin_prefetch((const uint8_t *)set + LINE_SIZE);
}

/* Room for ${size} bytes at the tail. */
static void
make_room(struct record_cache *cache, uint64_t size)
{
	unsigned chances = CHANCES_MAX;

	for (;;) {
		if (!cache->is_wrapped) {
			if (cache->log_size - cache->tail >= size)
				return;
			cache->end = cache->tail;
			cache->tail = LOG_START;
			cache->is_wrapped = true;
		}
		while (cache->head < cache->end &&
		       cache->head - cache->tail < size)
			pass_oldest(cache, &chances);
		if (cache->head < cache->end) {
			prefetch_oldest(cache);
			return;
		}
		cache->head = LOG_START;
		cache->is_wrapped = false;
	}
}

static void
append(struct record_cache *cache, const struct entry *entry,
       const uint8_t *record, uint32_t size)
{
	uint8_t *to = cache->log + cache->tail;

	memcpy(to, entry, sizeof(*entry));
	memcpy(to + sizeof(*entry), record, size);
	cache->tail += entry_size(entry);
	if (cache->tail > cache->touched)
		cache->touched = cache->tail;
}

/* ---- the door ---- */

const uint8_t *
record_cache_find(struct record_cache *cache, uint32_t table, int64_t token,
		  uint64_t fingerprint, uint32_t *size)
{
	struct entry *entry;
	uint64_t *slot;

	if (cache->count == 0)
		return NULL;
	slot = find_slot(cache, table, token, fingerprint);
	if (slot == NULL)
		return NULL;
	if (!(*slot & FOUND))
		*slot |= FOUND;
	entry = entry_at(cache, *slot);
	*size = (uint32_t)entry->units * UNIT;
	return (const uint8_t *)(entry + 1);
}

void
record_cache_prefetch(const struct record_cache *cache, uint32_t table,
		      uint64_t fingerprint, int step)
{
	uint64_t hash = hash_of(table, fingerprint);
	const struct set *set;
	uint64_t tag;

	if (cache->count == 0)
		return;
	set = set_of(cache, hash);
	tag = tag_of(cache, hash);
	if (step == 0) {
		__builtin_prefetch(set);
		__builtin_prefetch((const uint8_t *)set + LINE_SIZE);
		return;
	}
	for (unsigned i = 0; i < SET_SLOTS; i++) {
		const uint8_t *entry;

		if (set->slots[i] >> TAG_SHIFT != tag || set->slots[i] == 0)
			continue;
		entry = (const uint8_t *)entry_at(cache, set->slots[i]);
		for (unsigned line = 0; line < PREFETCH_LINES; line++)
			__builtin_prefetch(entry + (size_t)line * LINE_SIZE);
	}
}

void
record_cache_put(struct record_cache *cache, uint32_t table, int64_t token,
		 uint64_t fingerprint, const uint8_t *record, uint32_t size)
{
	uint64_t hash = hash_of(table, fingerprint);
	struct entry entry = {
		.fingerprint = fingerprint,
		.table = table,
		.token = (uint16_t)token,
		.units = (uint16_t)(size / UNIT),
	};
	uint64_t *slot;

	assert(size % UNIT == 0);
	if (size > cache->record_max) {
		record_cache_remove(cache, table, token, fingerprint);
		return;
	}
	slot = find_slot(cache, table, token, fingerprint);
	if (slot != NULL) {
		struct entry *old = entry_at(cache, *slot);

		if (old->units == entry.units) {
			memcpy(old + 1, record, size);
			return;
		}
		clear_slot(cache, slot);
	}
	make_room(cache, entry_size(&entry));
	slot = take_slot(cache, set_of(cache, hash), hash);
	*slot = tag_of(cache, hash) << TAG_SHIFT | cache->tail / UNIT;
	cache->count++;
	append(cache, &entry, record, size);
	grow_table(cache);
}

void
record_cache_remove(struct record_cache *cache, uint32_t table, int64_t token,
		    uint64_t fingerprint)
{
	uint64_t *slot;

	if (cache->count == 0)
		return;
	slot = find_slot(cache, table, token, fingerprint);
	if (slot != NULL)
		clear_slot(cache, slot);
}
