/* SPDX-License-Identifier: MIT
 *
 * The newest settled version of rows that were read or written lately, in a
 * fixed amount of memory.  A row that is moved on the disk stays; a new version
 * replaces it; a scan leaves no trace.  Tables' numbers are never used again,
 * so that a dropped table's rows just grow old.
 *
 * Engine thread only. */
#ifndef STORAGE_INDEX_RECORD_CACHE_H
#define STORAGE_INDEX_RECORD_CACHE_H

#include "base/compiler.h"
#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

struct record_cache;

/* ${size} bytes of memory in all, taken as it is needed; less than 64 KiB keep
 * nothing.  NULL when out of memory. */
struct record_cache *record_cache_create(uint64_t size);
void record_cache_destroy(struct record_cache *cache);

/* The record of a key, or NULL: valid until the cache is changed.  Token and
 * fingerprint are exact in effect only: the key is the caller's to compare. */
const uint8_t *record_cache_find(struct record_cache *cache, uint32_t table,
				 int64_t token, uint64_t fingerprint,
				 uint32_t *size);
/* Brings what _find of this key will touch nearer. Two rounds: first for all
 * keys with step 0, then with step 1. */
void record_cache_prefetch(const struct record_cache *cache, uint32_t table,
			   uint64_t fingerprint, int step);
/* Puts a record in, in the place of an older version; may decide not to (but
 * then an older one is gone).  ${record} must not be the cache's own; ${size}
 * is a multiple of 8. */
void record_cache_put(struct record_cache *cache, uint32_t table,
		      int64_t token, uint64_t fingerprint,
		      const uint8_t *record, uint32_t size);
void record_cache_remove(struct record_cache *cache, uint32_t table,
			 int64_t token, uint64_t fingerprint);

uint64_t record_cache_bytes(const struct record_cache *cache);

#endif
