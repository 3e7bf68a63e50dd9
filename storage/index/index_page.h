/* SPDX-License-Identifier: MIT
 *
 * One page of the primary index: up to INDEX_PAGE_MAX entries of 32 bytes,
 * sorted by key.  The keys of a page share their first ->depth bits, at least
 * INDEX_DEPTH_MIN of them, which pays for the bits that an entry lacks:
 *
 *     token          56 bits; the upper 8 are the page's
 *     fingerprint    64
 *     timestamp      64
 *     segment        31
 *     offset         17, in units of 8 bytes: segments of up to 1 MiB
 *     size           22, in units of 8 bytes: records below 32 MiB
 *     has_tie         1
 *     is_tombstone    1
 *
 * Expiry times are rare, so only pages that have met one keep a second array
 * for them.  The memory is index_pool's. */
#ifndef STORAGE_INDEX_INDEX_PAGE_H
#define STORAGE_INDEX_INDEX_PAGE_H

#include "storage/index/primary_index.h"

enum {
	INDEX_PAGE_MAX = 64,  /* entries */
	INDEX_PAGE_STEP = 4,  /* capacities are multiples of it */
	INDEX_DEPTH_MIN = 8,
	INDEX_KEY_BITS = 128,
	INDEX_SIZE_UNIT = 8
};

/* Token and fingerprint as one number that orders as the index does. */
__extension__ typedef unsigned __int128 index_key;

struct packed_entry {
	uint64_t token_and_size; /* 56 bits, 8 upper bits of the size */
	uint64_t fingerprint;
	int64_t timestamp_us;
	uint64_t place; /* segment 31, offset 17, size 14, has_tie,
			   is_tombstone */
};

struct index_page_info {
	uint8_t top;   /* the 8 bits that tokens lack */
	uint8_t depth; /* bits of the key that all entries share */
	uint8_t count;
};

/* A view of one page; valid until pages are made or released. */
struct index_page {
	struct packed_entry *entries;
	uint32_t *expiries; /* NULL: nothing in this page expires */
	struct index_page_info *info;
	unsigned capacity;
};

static inline index_key
index_page_make_key(int64_t token, uint64_t fingerprint)
{
	uint64_t unsigned_order = (uint64_t)token ^ (UINT64_C(1) << 63);

	return (index_key)unsigned_order << 64 | fingerprint;
}

/* Where the entry of ${key} stands if keys are spread evenly. */
static inline unsigned
index_page_guess(const struct index_page *page, index_key key)
{
	uint64_t fraction = (uint64_t)(key << page->info->depth >> 96);

	return (unsigned)(fraction * page->info->count >> 32);
}

/* How an entry compares with a key that belongs into the page. */
static inline bool
index_page_is_before(const struct packed_entry *entry, index_key key)
{
	uint64_t token = entry->token_and_size >> 8;
	uint64_t sought = (uint64_t)(key >> 64) << 8 >> 8;

	return token != sought ? token < sought :
				 entry->fingerprint < (uint64_t)key;
}

static inline index_key
index_page_key(const struct index_page *page, unsigned at)
{
	const struct packed_entry *packed = &page->entries[at];
	uint64_t token = (uint64_t)page->info->top << 56 |
			 packed->token_and_size >> 8;

	return (index_key)token << 64 | packed->fingerprint;
}

/* A better guess, for one access to the entry at the first one: an entry that
 * stands three too far to the right has neighbours that do so too.  What is
 * left is an error of one or two.  The page must not be empty. */
static inline unsigned
index_page_guess_again(const struct index_page *page, unsigned guess)
{
	unsigned even = index_page_guess(page, index_page_key(page, guess));
	unsigned last = page->info->count - 1u;
	unsigned shifted = 2 * guess - even;

	if (even > 2 * guess)
		return 0;
	return shifted < last ? shifted : last;
}

/* The first entry that isn't before ${key}; ->count when there is none. */
static inline unsigned
index_page_search_from(const struct index_page *page, index_key key,
		       unsigned at)
{
	while (at < page->info->count &&
	       index_page_is_before(&page->entries[at], key))
		at++;
	while (at > 0 && !index_page_is_before(&page->entries[at - 1], key))
		at--;
	return at;
}

/* For one key alone: fetches at once what either guess may need, since the
 * second would otherwise wait for the first. */
static inline unsigned
index_page_search(const struct index_page *page, index_key key)
{
	enum { AROUND = 4, ENTRIES_PER_LINE = 2 };
	unsigned guess = index_page_guess(page, key);
	unsigned first = guess < AROUND ? 0 : guess - AROUND;

	if (page->info->count == 0)
		return 0;
	for (unsigned i = first; i <= guess + AROUND && i < page->capacity;
	     i += ENTRIES_PER_LINE)
		__builtin_prefetch(&page->entries[i]);
	guess = index_page_guess_again(page, guess);
	return index_page_search_from(page, key, guess);
}

bool index_page_has(const struct index_page *page, unsigned at, index_key key);

void index_page_get(const struct index_page *page, unsigned at,
		    struct index_entry *entry);
/* An entry that expires needs a page with expiries. */
void index_page_set(struct index_page *page, unsigned at,
		    const struct index_entry *entry);
void index_page_insert(struct index_page *page, unsigned at,
		       const struct index_entry *entry);
/* Fills an empty page with entries in order. */
void index_page_fill(struct index_page *page,
		     const struct index_entry *entries, unsigned count);
void index_page_remove(struct index_page *page, unsigned at);

/* Appends a part of another page that lies behind all of this one's. */
void index_page_append(struct index_page *page, const struct index_page *from,
		       unsigned first, unsigned count);

bool index_page_is_live(const struct index_page *page, unsigned at,
			uint32_t now_s);

/* Asserts order, a common prefix, and that the page isn't empty. */
void index_page_check(const struct index_page *page);

#endif
