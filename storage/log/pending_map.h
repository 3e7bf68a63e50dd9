/* SPDX-License-Identifier: MIT
 *
 * What is written but not settled yet: one entry for each record in a write
 * buffer, and a hash map from (table, key) to the newest of them.  The primary
 * index learns of an entry only when its buffer is settled, so that a write
 * that fails leaves every row at its last durable version.
 *
 * Engine thread only. */
#ifndef STORAGE_LOG_PENDING_MAP_H
#define STORAGE_LOG_PENDING_MAP_H

#include "base/compiler.h"
#include "storage/index/primary_index.h"

struct table;
struct write_buffer;

struct pending {
	struct index_entry entry;
	uint64_t lsn;
	struct table *table;
	struct write_buffer *buffer; /* where the record is */
	struct pending *next;        /* in the same chain */
	bool is_newest;              /* in the map, not superseded */
	bool is_passed;              /* superseded by its own batch, of which
					another buffer may settle first */
};

struct pending_map {
	struct pending **chains;
	size_t mask;
	size_t count; /* keys */
};

MUST_CHECK bool pending_map_init(struct pending_map *map, size_t capacity);
void pending_map_finish(struct pending_map *map);

/* The newest pending version of a key, or NULL. */
struct pending *pending_map_find(const struct pending_map *map,
				 const struct table *table, int64_t token,
				 uint64_t fingerprint);
/* Brings nearer what _find will look at first. */
void pending_map_prefetch(const struct pending_map *map,
			  const struct table *table, uint64_t fingerprint);
/* Adds a version, the newest of its key from now on, of a batch whose LSNs
 * begin with ${batch_lsn}. */
void pending_map_insert(struct pending_map *map, struct pending *pending,
			uint64_t batch_lsn);
/* Takes it out, unless a newer one has replaced it. */
void pending_map_remove(struct pending_map *map, struct pending *pending);
/* Forgets everything. */
void pending_map_clear(struct pending_map *map);

#endif
