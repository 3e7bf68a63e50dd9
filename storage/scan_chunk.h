/* SPDX-License-Identifier: MIT
 *
 * A bounded number of a table's records on their way into memory: entries of
 * the index in, rows in the order of (token, key) out.  All reads are in
 * flight together, neighbours on the disk merged into one. */
#ifndef STORAGE_SCAN_CHUNK_H
#define STORAGE_SCAN_CHUNK_H

#include "storage/engine_state.h"

enum {
	SCAN_CHUNK_ENTRIES = 512,
	SCAN_CHUNK_BYTES = 1 << 20 /* of records; a single one may be larger */
};

struct scan_row {
	struct index_entry entry;
	struct slice key;
	struct slice value;
	uint8_t *bytes; /* of the record */
};

struct scan_read {
	struct io_operation operation;
	struct scan_chunk *chunk;
	struct location location; /* of the first record */
};

struct scan_chunk {
	struct engine *engine;
	uint32_t table;
	struct scan_row rows[SCAN_CHUNK_ENTRIES];
	size_t count;
	struct scan_read reads[SCAN_CHUNK_ENTRIES];
	size_t read_count;
	size_t in_flight;
	uint8_t *bytes;
	size_t bytes_capacity;
	bool is_verified;
};

void scan_chunk_finish(struct scan_chunk *chunk);

/* Forgets its rows; nothing may be in flight. */
void scan_chunk_clear(struct scan_chunk *chunk);
/* Adds the record of an entry that is to be read. */
void scan_chunk_add(struct scan_chunk *chunk, const struct index_entry *entry);
/* Sends all reads on their way. */
MUST_CHECK int scan_chunk_start(struct scan_chunk *chunk,
				struct error *error);
/* 0 when the rows are there, verified and in order; ENGINE_PENDING before. */
MUST_CHECK int scan_chunk_complete(struct scan_chunk *chunk,
				   struct error *error);

#endif
