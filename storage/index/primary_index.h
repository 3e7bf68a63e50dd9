/* SPDX-License-Identifier: MIT
 *
 * In memory, one for each table: where the newest record of every key is, in
 * the order of tokens.  It holds what must be known without I/O.  A key is
 * known by its token and a 64-bit fingerprint that is keyed with a secret of
 * the database, so that collisions can't be crafted; the pair is exact in
 * effect.  Equal tokens are ordered by fingerprint here; who needs the order
 * of keys sorts the run (storage/reading/scan.c).
 *
 * Goal: at most 36 bytes of resident memory a key, growth included.  Tokens
 * are uniform hashes: a directory on their top bits finds a page without a
 * descent.  Engine thread only. */
#ifndef STORAGE_INDEX_PRIMARY_INDEX_H
#define STORAGE_INDEX_PRIMARY_INDEX_H

#include "base/compiler.h"
#include "base/slice.h"

#include <stdint.h>

/* Segments that an entry can tell apart. */
#define INDEX_SEGMENTS_MAX (UINT32_C(1) << 31)

/* Where a record lies.  Records are aligned to 8 bytes. */
struct location {
	uint32_t segment;
	uint32_t offset; /* bytes from the segment's start */
	uint32_t size;   /* bytes of the whole record, padding included, below
			    32 MiB; 0 in entries that recovery calls stale */
};

struct index_entry {
	int64_t token;
	uint64_t fingerprint;
	int64_t timestamp_us;
	struct location location;
	uint32_t expires_at_s; /* seconds since 1970; 0: never.  A tombstone
				  keeps the second of its deletion here, where
				  it has to be known */
	bool is_tombstone;
	bool has_tie; /* written over a version with the same timestamp */
};

struct primary_index;

/* NULL when out of memory. */
struct primary_index *primary_index_create(void);
void primary_index_destroy(struct primary_index *index);

/* Inserts, or replaces the entry of the same token and fingerprint, whatever
 * their timestamps (the caller has compared).  Outcomes: INDEX_INSERTED;
 * INDEX_REPLACED with the old entry in ${old}; negative -ERROR_FULL when
 * memory ran out (nothing changed). */
enum index_outcome { INDEX_INSERTED = 1, INDEX_REPLACED = 2 };
MUST_CHECK int primary_index_insert(struct primary_index *index,
				    const struct index_entry *entry,
				    struct index_entry *old);

/* The same for each of many, in order, with prefetching: its outcome, and the
 * old entry where it is INDEX_REPLACED. */
MUST_CHECK int primary_index_insert_many(struct primary_index *index,
					 const struct index_entry *entries,
					 struct index_entry *olds,
					 uint8_t *outcomes, size_t count);

/* The same for many, whatever was there before; quick for those that ascend and
 * lie behind all others.  Negative -ERROR_FULL when memory ran out: the first
 * ones are in. */
MUST_CHECK int primary_index_append(struct primary_index *index,
				    const struct index_entry *entries,
				    size_t count);
/* How many entries there will be, about: while they come in order, the index
 * can't know, and with it lookups need fewer steps.  Too large a number wastes
 * memory only where tokens were crafted. */
void primary_index_expect(struct primary_index *index, uint64_t count);

bool primary_index_find(const struct primary_index *index, int64_t token,
			uint64_t fingerprint, struct index_entry *entry);

/* Many at once with prefetching: found[i] tells whether entries[i] was filled
 * in. On entry entries[i].token and .fingerprint say what is sought. */
void primary_index_find_many(const struct primary_index *index,
			     struct index_entry *entries, bool *found,
			     size_t count);

/* Moves an entry's location if it still is ${from}: compare-and-set, for
 * records that were relocated.  ->is_moved tells. */
struct index_move {
	int64_t token;
	uint64_t fingerprint;
	struct location from;
	struct location to;
	bool is_moved;
};
void primary_index_relocate(struct primary_index *index,
			    struct index_move *moves, size_t count);

bool primary_index_remove(struct primary_index *index, int64_t token,
			  uint64_t fingerprint, struct index_entry *old);

uint64_t primary_index_count(const struct primary_index *index);
/* Bytes of memory held, allocator overhead estimated. */
uint64_t primary_index_bytes(const struct primary_index *index);

/* Copies up to ${capacity} entries in order, starting at the first one at or
 * behind (token, fingerprint) and ending at token ${last} (inclusive);
 * returns how many.  Stateless, so the index may change between calls. */
size_t primary_index_range(const struct primary_index *index, int64_t token,
			   uint64_t fingerprint, int64_t last,
			   struct index_entry *entries, size_t capacity);

/* Entries with first <= token <= last that are neither tombstones nor expired
 * at ${now_s}. */
uint64_t primary_index_count_live(const struct primary_index *index,
				  int64_t first, int64_t last, uint32_t now_s);

/* Asserts every invariant; for tests. */
void primary_index_check(const struct primary_index *index);

#endif
