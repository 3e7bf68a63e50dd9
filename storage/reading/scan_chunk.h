/* SPDX-License-Identifier: MIT
 *
 * A bounded number of a table's records on their way into memory: entries of
 * the index in, rows in the order in which they were added out, except that
 * those of equal tokens are sorted by key.  All reads are in flight together,
 * neighbours on the disk merged into one; places are pinned only until their
 * read is done, whatever the scan waits for.
 *
 *	clear -> add … -> plan (truncate, plan …) -> start -> complete -> row …
 */
#ifndef STORAGE_READING_SCAN_CHUNK_H
#define STORAGE_READING_SCAN_CHUNK_H

#include "storage/engine_state.h"
#include "storage/reading/scan_order.h"

struct scan_row {
	int64_t token;
	uint64_t fingerprint;
	int64_t timestamp_us;
	uint64_t segment_seed; /* of the life that it was read from */
	uint8_t *bytes;        /* of the record */
	struct location location;
	uint32_t expires_at_s;
};

struct scan_read {
	struct io_operation operation;
	struct scan_chunk *chunk;
	uint64_t start; /* address, see scan_chunk.c */
	uint64_t size;
	uint64_t limit; /* address of its file's end */
};

struct scan_chunk {
	struct engine *engine;
	uint32_t table;
	struct scan_row *rows;
	size_t count;
	size_t capacity;
	struct scan_read *reads;
	size_t read_count;
	size_t read_capacity;
	struct scan_place *places; /* while it is planned */
	size_t in_flight;
	uint8_t *bytes;
	size_t bytes_needed;
	size_t bytes_capacity;
	bool has_runs;         /* records over several segments */
	bool has_equal_tokens;
	bool is_ready;
};

/* NULL when out of memory. */
struct scan_chunk *scan_chunk_create(struct engine *engine, uint32_t table);
/* Waits for what is in flight. NULL is fine. */
void scan_chunk_destroy(struct scan_chunk *chunk);

/* Bytes of memory that the rows of a chunk may take: about what a compaction
 * group has. A single row may take more. */
size_t scan_chunk_bytes_max(const struct engine *engine);
/* What a row counts. */
size_t scan_chunk_row_bytes(const struct index_entry *entry);

/* Forgets its rows; nothing may be in flight. */
void scan_chunk_clear(struct scan_chunk *chunk);
/* Adds a live entry whose record is to be read; false when out of memory. */
MUST_CHECK bool scan_chunk_add(struct scan_chunk *chunk,
			       const struct index_entry *entry);
/* Leaves the first ${count} rows. */
void scan_chunk_truncate(struct scan_chunk *chunk, size_t count);
/* How to read the rows. SCAN_CHUNK_FITS; SCAN_CHUNK_SCATTERED: they lie so far
 * apart that fewer must do (never for a single one); or out of memory. */
enum { SCAN_CHUNK_FITS = 0, SCAN_CHUNK_SCATTERED = 1 };
MUST_CHECK int scan_chunk_plan(struct scan_chunk *chunk, struct error *error);
/* Sends all reads on their way. */
MUST_CHECK int scan_chunk_start(struct scan_chunk *chunk,
				struct error *error);
/* 0 when the rows are there and in order; ENGINE_PENDING before. */
MUST_CHECK int scan_chunk_complete(struct scan_chunk *chunk,
				   struct error *error);
/* Verifies a row's record; key and value are valid until the chunk is
 * cleared. */
MUST_CHECK int scan_chunk_row(const struct scan_chunk *chunk, size_t row,
			      struct record *record, struct error *error);

#endif
