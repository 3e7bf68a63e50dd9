/* SPDX-License-Identifier: MIT
 *
 * The first chunk of a scan is small, for those who want few rows; the
 * following ones grow to the size of a compaction group, so that separated
 * rows are read in large pieces.  Where rows lie scattered, a chunk holds
 * fewer.
 *
 * The index orders equal tokens by fingerprint, the scan must order them by
 * key.  So a chunk ends between two tokens, and its rows are sorted. */
#include "storage/moving/separator.h"
#include "storage/reading/scan_state.h"

enum {
	GROWTH = 8,             /* from chunk to chunk */
	ENTRIES = 256,          /* taken from the index at once */
	EXAMINED_MAX = 1 << 18, /* of one chunk, deleted ones too */
	TOKEN_BITS = 64
};

/* The place behind a key; false behind the last one there can be. */
static bool
step_behind(struct engine_scan *scan, int64_t token, uint64_t fingerprint)
{
	scan->token = token;
	scan->fingerprint = fingerprint + 1;
	if (scan->fingerprint != 0)
		return true;
	if (scan->token == INT64_MAX)
		return false;
	scan->token++;
	return true;
}

/* Adds live rows up to token ${last} to the chunk, as many as it may hold, at
 * least one, and moves the scan's place to the first entry that is left. */
enum added { ADDED_ALL, ADDED_SOME, ADDED_NO_MEMORY };

static enum added
add_rows(struct engine_scan *scan, const struct table *table, int64_t last)
{
	struct scan_chunk *chunk = scan->ahead;
	struct index_entry entries[ENTRIES];
	size_t bytes = 0, examined = 0, count;

	do {
		count = primary_index_range(table->index, scan->token,
					    scan->fingerprint, last, entries,
					    ENTRIES);
		for (size_t i = 0; i < count; i++) {
			const struct index_entry *entry = &entries[i];
			bool is_live = engine_is_live(scan->engine, entry);

			if (is_live) {
				bytes += scan_chunk_row_bytes(entry);
				if (chunk->count > 0 &&
				    bytes > scan->chunk_bytes) {
					scan->token = entry->token;
					scan->fingerprint = entry->fingerprint;
					return ADDED_SOME;
				}
				if (!scan_chunk_add(chunk, entry))
					return ADDED_NO_MEMORY;
			}
			if (!step_behind(scan, entry->token,
					 entry->fingerprint))
				return ADDED_ALL;
		}
		examined += count;
	} while (count == ENTRIES && examined < EXAMINED_MAX);
	return count < ENTRIES ? ADDED_ALL : ADDED_SOME;
}

/* The first row of the run of equal tokens that ${row} is in. */
static size_t
run_start(const struct scan_chunk *chunk, size_t row)
{
	while (row > 0 && chunk->rows[row - 1].token == chunk->rows[row].token)
		row--;
	return row;
}

/* Where to end a chunk that isn't the last: between two tokens, so without
 * the run that may go on; 0 when there is no such place. */
static size_t
cut_of(const struct engine_scan *scan)
{
	const struct scan_chunk *chunk = scan->ahead;
	size_t last = chunk->count - 1;

	if (chunk->count == 0 || chunk->rows[last].token != scan->token)
		return chunk->count;
	return run_start(chunk, last);
}

/* Where to end a chunk of ${count} rows so that it ends with a compaction
 * group: the rows of one group fill the same segments, which then are read once
 * and whole.  Only the largest chunks hold a group. */
static size_t
group_cut_of(const struct engine_scan *scan, const struct table *table,
	     size_t count)
{
	const struct scan_chunk *chunk = scan->ahead;
	unsigned bits = separator_group_bits_wanted(table);
	int64_t token = count < chunk->count ? chunk->rows[count].token :
					       scan->token;

	if (bits == 0 || scan->is_scattered ||
	    scan->chunk_bytes < scan_chunk_bytes_max(scan->engine))
		return count;
	for (size_t i = count; i > 0; i--) {
		int64_t before = chunk->rows[i - 1].token;

		if ((uint64_t)(before ^ token) >> (TOKEN_BITS - bits) != 0)
			return i;
	}
	return count;
}

/* The rows from ${count} on are for later. */
static void
leave_rows(struct engine_scan *scan, size_t count)
{
	if (count < scan->ahead->count) {
		const struct scan_row *next = &scan->ahead->rows[count];

		scan->token = next->token;
		scan->fingerprint =
			scan->phase == SCAN_ROWS ? 0 : next->fingerprint;
	}
	scan_chunk_truncate(scan->ahead, count);
}

static void
grow_chunks(struct engine_scan *scan)
{
	size_t most = scan_chunk_bytes_max(scan->engine);

	/* Slowly, once it is known that there is a too much. */
	if (scan->is_scattered)
		scan->chunk_bytes += scan->chunk_bytes / 8;
	else
		scan->chunk_bytes *= GROWTH;
	if (scan->chunk_bytes > most)
		scan->chunk_bytes = most;
}

static void
halve_chunks(struct engine_scan *scan)
{
	scan->is_scattered = true;
	scan->chunk_bytes /= 2;
	if (scan->chunk_bytes < SCAN_CHUNK_BYTES_FIRST)
		scan->chunk_bytes = SCAN_CHUNK_BYTES_FIRST;
}

/* The run of equal tokens that the chunk begins with doesn't fit it; perhaps it
 * fits the largest chunk. */
static bool
may_grow_for_run(struct engine_scan *scan)
{
	size_t most = scan_chunk_bytes_max(scan->engine);

	if (scan->is_scattered || scan->chunk_bytes == most)
		return false;
	scan->chunk_bytes = most;
	scan->token = scan->ahead->rows[0].token;
	scan->fingerprint = 0;
	scan_chunk_clear(scan->ahead);
	return true;
}

/* Plans the reads of the next rows between two tokens.  A run that doesn't fit
 * is begun instead. */
static int
gather_rows(struct engine_scan *scan, const struct table *table,
	    struct error *error)
{
	struct scan_chunk *chunk = scan->ahead;
	enum added added = add_rows(scan, table, scan->last_token);
	int status;

	if (added == ADDED_NO_MEMORY)
		return error_no_memory(error);
	scan->is_exhausted = added == ADDED_ALL;
	if (added == ADDED_SOME) {
		size_t count = cut_of(scan);

		if (count == 0 && chunk->count > 0) {
			if (may_grow_for_run(scan))
				return gather_rows(scan, table, error);
			scan_begin_run(scan, chunk->rows[0].token);
			return 0;
		}
		leave_rows(scan, group_cut_of(scan, table, count));
	}
	while ((status = scan_chunk_plan(chunk, error)) ==
	       SCAN_CHUNK_SCATTERED) {
		size_t count = run_start(chunk, chunk->count / 2);

		halve_chunks(scan);
		scan->is_exhausted = false;
		if (count == 0) {
			scan_begin_run(scan, chunk->rows[0].token);
			return 0;
		}
		leave_rows(scan, count);
	}
	grow_chunks(scan);
	return status;
}

/* The next rows of a long run, split wherever the bound is. */
static int
gather_run(struct engine_scan *scan, const struct table *table,
	   struct error *error)
{
	enum added added;
	int status;

	scan_chunk_clear(scan->ahead);
	added = add_rows(scan, table, scan->run_token);
	if (added == ADDED_NO_MEMORY)
		return error_no_memory(error);
	scan->is_exhausted = added == ADDED_ALL ||
			     scan->token != scan->run_token;
	while ((status = scan_chunk_plan(scan->ahead, error)) ==
	       SCAN_CHUNK_SCATTERED) {
		scan->is_exhausted = false;
		leave_rows(scan, scan->ahead->count / 2);
	}
	return status;
}

int
scan_gather(struct engine_scan *scan, const struct table *table,
	    struct error *error)
{
	int status = 0;

	if (scan->phase == SCAN_ROWS)
		status = gather_rows(scan, table, error);
	if (status == 0 && scan->phase == SCAN_SELECT)
		return gather_run(scan, table, error);
	if (status == 0 && scan->phase == SCAN_CHOSEN)
		return scan_gather_chosen(scan, table, error);
	return status;
}
