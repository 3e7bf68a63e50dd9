/* SPDX-License-Identifier: MIT
 *
 * Which tables there are, and each one's primary index.  On disk the registry
 * is rows of the reserved table 1: key = table number (4 bytes, little-endian),
 * value = 4 bytes: version 1, state (enum registry_state), flags (enum
 * registry_flags), zero.  A number is registered, perhaps again with flags,
 * retired once, and never used again.
 *
 * Engine thread only. */
#ifndef STORAGE_INDEX_TABLE_REGISTRY_H
#define STORAGE_INDEX_TABLE_REGISTRY_H

#include "base/compiler.h"
#include "base/slice.h"
#include "storage/index/primary_index.h"

#include <stdint.h>

enum {
	REGISTRY_KEY_SIZE = 4,
	REGISTRY_VALUE_SIZE = 4,
	TABLE_GC_GRACE_S = 864000 /* until somebody tells something else */
};

/* Of a table that was there when the database was opened: what was told isn't
 * stored, and may have been longer. */
#define TABLE_GC_GRACE_UNTOLD UINT32_MAX

enum registry_flags {
	REGISTRY_EXPLICIT = 1 << 0 /* rows have had explicit timestamps */
};

enum registry_state { REGISTRY_CREATED = 1, REGISTRY_DROPPED = 2 };

struct table {
	uint32_t id;
	bool is_checked;    /* created by the batch that is being checked */
	bool is_marked;     /* dropped by it */
	bool is_registered; /* its creation is settled */
	bool is_dropping;   /* a drop is written and hides its rows */
	uint64_t drop_lsn;
	struct primary_index *index;
	uint64_t live_bytes; /* of records that the index points at */
	uint64_t tombstones; /* in the index */
	uint32_t expires_s;  /* no row can go by expiry before; 0: none can */
	uint32_t expires_next_s; /* of what a checkpoint's walk has seen */
	bool has_explicit;   /* timestamps: its registration says so */
	bool is_explicit_written; /* such a registration is, if not settled */
	bool is_explicit_checked; /* the batch that is being checked has one */
	uint32_t gc_grace_s; /* tombstones stay as long, if it has */
	struct table *next; /* among the retired */
};

/* Entries came into the table's index, or one left it. */
void table_add_entry(struct table *table, const struct index_entry *entry);
void table_add_entries(struct table *table, const struct index_entry *entries,
		       size_t count);
void table_remove_entry(struct table *table, const struct index_entry *entry);

/* A checkpoint walks through all entries: it begins, has met one that may go
 * by expiry at ${expires_s}, and has met all. */
void table_begin_expiry(struct table *table);
void table_meet_expiry(struct table *table, uint32_t expires_s);
void table_end_expiry(struct table *table);

struct table_registry {
	struct table **tables; /* ascending by number */
	size_t count;
	size_t capacity;
	struct table *recent;  /* found last */
	struct table *retired; /* their memory goes in steps */
	uint32_t next_id;
};

void table_registry_finish(struct table_registry *registry);

/* NULL when there is none. */
struct table *table_registry_find(struct table_registry *registry,
				  uint32_t id);
/* A table that isn't there yet; NULL when out of memory. */
struct table *table_registry_add(struct table_registry *registry, uint32_t id);
/* Takes the table out; its index stays until table_registry_dispose. */
void table_registry_retire(struct table_registry *registry,
			   struct table *table);
/* Frees the oldest retired table. */
void table_registry_dispose(struct table_registry *registry);

void registry_encode_key(uint32_t id, uint8_t key[REGISTRY_KEY_SIZE]);
/* ${flags}: enum registry_flags, only of created tables. */
void registry_encode_value(enum registry_state state, uint8_t flags,
			   uint8_t value[REGISTRY_VALUE_SIZE]);
/* False when the row can't be one of the registry. */
bool registry_decode(struct slice key, struct slice value, uint32_t *id,
		     enum registry_state *state);
/* Of a row that registry_decode has accepted. */
bool registry_is_explicit(struct slice value);

#endif
