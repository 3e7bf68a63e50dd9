/* SPDX-License-Identifier: MIT
 *
 * A scan walks the index in the order of tokens and loads the records of one
 * chunk of entries after the other, the next one while the current one is
 * handed out.
 *
 * The index orders equal tokens by fingerprint, the scan must order them by
 * key.  So a chunk ends between two tokens, and its rows are sorted.  A run of
 * equal tokens that is longer than a chunk (only made on purpose: tokens can
 * be crafted to collide) is handed out by selection instead: one pass over the
 * whole run finds the smallest keys behind the last one handed out, as many as
 * a chunk holds; these are loaded and handed out; then comes the next pass.
 * That is slow, correct, and bounded in memory. */
#include "storage/engine.h"

#include "storage/scan_chunk.h"

#include <assert.h>
#include <stdlib.h>

enum {
	SELECTION_MAX = 256,
	SELECTION_KEY_BYTES_MAX = 1 << 20,
	STEPS_MAX = 16 /* of one call */
};

/* What the chunk that is being loaded is for. */
enum scan_phase {
	SCAN_ROWS,   /* rows between two tokens */
	SCAN_SELECT, /* a pass over a long run */
	SCAN_CHOSEN  /* the rows that the pass has chosen */
};

struct chosen {
	struct index_entry entry;
	struct slice key; /* a copy */
};

struct engine_scan {
	struct engine *engine;
	uint32_t table;
	int64_t token; /* where the next chunk begins */
	uint64_t fingerprint;
	int64_t last_token;
	bool is_exhausted; /* nothing is left in the index */
	uint64_t wait_lsn; /* must be settled first */

	/* Rows up to this one were handed out, or are not wanted. */
	bool has_after;
	int64_t after_token;
	struct buffer after_key;

	struct scan_chunk *chunk; /* handed out */
	struct scan_chunk *ahead; /* being loaded */
	bool is_loaded;           /* chunk has rows, in the state below */
	bool is_loading;          /* ahead has */
	size_t row;               /* of chunk, next to hand out */

	enum scan_phase phase;
	int64_t run_token;
	struct chosen *chosen; /* ascending by key */
	size_t chosen_count;
	size_t chosen_key_bytes;
	bool has_more; /* the pass saw more than it could choose */
};

/* ---- life ---- */

static struct scan_chunk *
create_chunk(struct engine_scan *scan)
{
	struct scan_chunk *chunk = malloc(sizeof(*chunk));

	if (chunk == NULL)
		return NULL;
	chunk->engine = scan->engine;
	chunk->table = scan->table;
	chunk->in_flight = 0;
	chunk->bytes = NULL;
	chunk->bytes_capacity = 0;
	scan_chunk_clear(chunk);
	return chunk;
}

static void
forget_chosen(struct engine_scan *scan)
{
	for (size_t i = 0; i < scan->chosen_count; i++)
		free((void *)(uintptr_t)scan->chosen[i].key.data);
	scan->chosen_count = 0;
	scan->chosen_key_bytes = 0;
}

void
engine_scan_close(struct engine_scan *scan)
{
	struct scan_chunk *chunks[2];

	if (scan == NULL)
		return;
	chunks[0] = scan->chunk;
	chunks[1] = scan->ahead;
	for (size_t i = 0; i < ARRAY_COUNT(chunks); i++) {
		if (chunks[i] == NULL)
			continue;
		scan_chunk_finish(chunks[i]);
		/* One that the kernel won't let go of is lost, not freed. */
		if (chunks[i]->in_flight == 0)
			free(chunks[i]);
	}
	forget_chosen(scan);
	free(scan->chosen);
	buffer_finish(&scan->after_key);
	free(scan);
}

static void
set_after(struct engine_scan *scan, int64_t token, struct slice key)
{
	scan->has_after = true;
	scan->after_token = token;
	buffer_clear(&scan->after_key);
	buffer_append_slice(&scan->after_key, key);
}

int
engine_scan_open(struct engine *engine, const struct engine_scan_range *range,
		 struct engine_scan **scan, struct error *error)
{
	struct engine_scan *opened = calloc(1, sizeof(*opened));

	if (opened == NULL)
		return error_no_memory(error);
	opened->engine = engine;
	opened->table = range->table;
	opened->token = range->first_token;
	opened->last_token = range->last_token;
	if (!slice_is_null(range->after_key)) {
		set_after(opened, range->after_token, range->after_key);
		if (range->after_token > opened->token)
			opened->token = range->after_token;
	}
	opened->is_exhausted = opened->token > opened->last_token;
	opened->wait_lsn = engine->last_lsn;
	opened->chunk = create_chunk(opened);
	opened->ahead = create_chunk(opened);
	if (opened->chunk == NULL || opened->ahead == NULL ||
	    opened->after_key.has_failed) {
		engine_scan_close(opened);
		return error_no_memory(error);
	}
	*scan = opened;
	return 0;
}

/* ---- loading ---- */

/* The place behind an entry; false at the index's end. */
static bool
step_behind(struct engine_scan *scan, const struct index_entry *entry)
{
	scan->token = entry->token;
	scan->fingerprint = entry->fingerprint + 1;
	if (scan->fingerprint != 0)
		return true;
	if (scan->token == INT64_MAX)
		return false;
	scan->token++;
	return true;
}

static size_t
run_start(const struct index_entry *entries, size_t at)
{
	while (at > 0 && entries[at - 1].token == entries[at].token)
		at--;
	return at;
}

/* How many of ${count} entries are within the bound of bytes: at least one,
 * and only live ones count. */
static size_t
count_within_bytes(struct engine_scan *scan, const struct index_entry *entries,
		   size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		if (!engine_is_live(scan->engine, &entries[i]))
			continue;
		if (bytes > 0 &&
		    bytes + entries[i].location.size > SCAN_CHUNK_BYTES)
			return i;
		bytes += entries[i].location.size;
	}
	return count;
}

static void
add_live(struct engine_scan *scan, const struct index_entry *entries,
	 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (engine_is_live(scan->engine, &entries[i]))
			scan_chunk_add(scan->ahead, &entries[i]);
	}
}

static void
begin_run(struct engine_scan *scan, int64_t token)
{
	scan->phase = SCAN_SELECT;
	scan->run_token = token;
	scan->token = token;
	scan->fingerprint = 0;
	scan->has_more = false;
	forget_chosen(scan);
}

/* The next entries between two tokens. */
static void
gather_rows(struct engine_scan *scan, const struct table *table)
{
	struct index_entry entries[SCAN_CHUNK_ENTRIES];
	size_t found = primary_index_range(table->index, scan->token,
					   scan->fingerprint,
					   scan->last_token, entries,
					   SCAN_CHUNK_ENTRIES);
	size_t count = count_within_bytes(scan, entries, found);

	if (count == found && found < SCAN_CHUNK_ENTRIES) {
		scan->is_exhausted = true;
	} else {
		size_t first_left = count < found ? count : found - 1;

		/* The run that goes on behind the bound waits for the next
		 * chunk, unless it is all there is. */
		count = run_start(entries, first_left);
		if (count == 0) {
			begin_run(scan, entries[0].token);
			return;
		}
		scan->token = entries[count].token;
		scan->fingerprint = 0;
	}
	add_live(scan, entries, count);
}

/* The next entries of a long run, split wherever the bound is. */
static void
gather_run(struct engine_scan *scan, const struct table *table)
{
	struct index_entry entries[SCAN_CHUNK_ENTRIES];
	size_t found = primary_index_range(table->index, scan->token,
					   scan->fingerprint, scan->run_token,
					   entries, SCAN_CHUNK_ENTRIES);
	size_t count = count_within_bytes(scan, entries, found);

	scan->is_exhausted = count == found && found < SCAN_CHUNK_ENTRIES;
	if (!scan->is_exhausted &&
	    (!step_behind(scan, &entries[count - 1]) ||
	     scan->token != scan->run_token))
		scan->is_exhausted = true;
	add_live(scan, entries, count);
}

static void
gather_chosen(struct engine_scan *scan)
{
	size_t bytes = 0;
	size_t count = 0;

	while (count < scan->chosen_count) {
		uint32_t size = scan->chosen[count].entry.location.size;

		if (count > 0 && bytes + size > SCAN_CHUNK_BYTES)
			break;
		bytes += size;
		scan_chunk_add(scan->ahead, &scan->chosen[count].entry);
		count++;
	}
	if (count < scan->chosen_count)
		scan->has_more = true;
}

static int
start_loading(struct engine_scan *scan, struct error *error)
{
	const struct table *table =
		engine_find_table(scan->engine, scan->table);

	scan_chunk_clear(scan->ahead);
	if (table == NULL) {
		scan->is_exhausted = true;
		scan->phase = SCAN_ROWS;
		return 0;
	}
	if (scan->phase == SCAN_ROWS)
		gather_rows(scan, table);
	if (scan->phase == SCAN_SELECT)
		gather_run(scan, table);
	else if (scan->phase == SCAN_CHOSEN)
		gather_chosen(scan);
	scan->is_loading = true;
	return scan_chunk_start(scan->ahead, error);
}

/* ---- a long run ---- */

static bool
is_behind(const struct engine_scan *scan, int64_t token, struct slice key)
{
	if (!scan->has_after || token != scan->after_token)
		return true;
	return slice_compare(key, buffer_slice(&scan->after_key)) > 0;
}

/* Drops the largest keys until the rest is within the bounds. */
static void
trim_chosen(struct engine_scan *scan)
{
	while (scan->chosen_count > SELECTION_MAX ||
	       (scan->chosen_count > 1 &&
		scan->chosen_key_bytes > SELECTION_KEY_BYTES_MAX)) {
		struct chosen *largest = &scan->chosen[--scan->chosen_count];

		scan->chosen_key_bytes -= largest->key.size;
		free((void *)(uintptr_t)largest->key.data);
		scan->has_more = true;
	}
}

static int
choose(struct engine_scan *scan, const struct scan_row *row,
       struct error *error)
{
	size_t at = scan->chosen_count;
	uint8_t *copy;

	while (at > 0 && slice_compare(row->key, scan->chosen[at - 1].key) < 0)
		at--;
	if (at == SELECTION_MAX) {
		scan->has_more = true;
		return 0;
	}
	copy = malloc(row->key.size);
	if (copy == NULL)
		return error_no_memory(error);
	memcpy(copy, row->key.data, row->key.size);
	memmove(scan->chosen + at + 1, scan->chosen + at,
		(scan->chosen_count - at) * sizeof(*scan->chosen));
	scan->chosen[at] = (struct chosen){
		.entry = row->entry,
		.key = slice_make(copy, row->key.size),
	};
	scan->chosen_count++;
	scan->chosen_key_bytes += row->key.size;
	trim_chosen(scan);
	return 0;
}

static int
choose_from_chunk(struct engine_scan *scan, struct error *error)
{
	if (scan->chosen == NULL) {
		scan->chosen =
			calloc(SELECTION_MAX + 1, sizeof(*scan->chosen));
		if (scan->chosen == NULL)
			return error_no_memory(error);
	}
	for (size_t i = 0; i < scan->ahead->count; i++) {
		const struct scan_row *row = &scan->ahead->rows[i];
		int status = 0;

		if (is_behind(scan, row->entry.token, row->key))
			status = choose(scan, row, error);
		if (status < 0)
			return status;
	}
	if (scan->is_exhausted) {
		scan->phase = SCAN_CHOSEN;
		scan->is_exhausted = false;
	}
	return 0;
}

/* The chosen rows are in memory, to be handed out next; the loading behind
 * them goes on with another pass, or behind the run. */
static int
leave_chosen(struct engine_scan *scan, struct error *error)
{
	if (scan->has_more) {
		const struct scan_row *last =
			&scan->ahead->rows[scan->ahead->count - 1];

		set_after(scan, last->entry.token, last->key);
		begin_run(scan, scan->run_token);
		return scan->after_key.has_failed ? error_no_memory(error) : 0;
	}
	forget_chosen(scan);
	scan->phase = SCAN_ROWS;
	if (scan->run_token >= scan->last_token) {
		scan->is_exhausted = true;
		return 0;
	}
	scan->token = scan->run_token + 1;
	scan->fingerprint = 0;
	return 0;
}

/* ---- handing out ---- */

/* Makes the chunk that was loaded the one that is handed out. */
static int
take_loaded(struct engine_scan *scan, struct error *error)
{
	struct scan_chunk *loaded = scan->ahead;
	int status = 0;

	scan->row = 0;
	if (scan->phase == SCAN_CHOSEN) {
		status = leave_chosen(scan, error);
	} else {
		while (scan->row < loaded->count &&
		       !is_behind(scan, loaded->rows[scan->row].entry.token,
				  loaded->rows[scan->row].key))
			scan->row++;
	}
	scan->ahead = scan->chunk;
	scan->chunk = loaded;
	scan->is_loaded = true;
	scan->is_loading = false;
	return status;
}

/* One step towards the next loaded chunk: 0, ENGINE_PENDING, ENGINE_END or
 * negative. */
static int
load_step(struct engine_scan *scan, struct error *error)
{
	int status;

	if (!scan->is_loading) {
		if (scan->is_exhausted)
			return ENGINE_END;
		status = start_loading(scan, error);
		if (status < 0)
			return status;
		if (!scan->is_loading)
			return ENGINE_END;
	}
	status = scan_chunk_complete(scan->ahead, error);
	if (status != 0)
		return status;
	if (scan->phase != SCAN_SELECT)
		return take_loaded(scan, error);
	scan->is_loading = false;
	return choose_from_chunk(scan, error);
}

static int
wait_for_writes(struct engine_scan *scan, struct error *error)
{
	struct engine *engine = scan->engine;
	int status;

	if (scan->wait_lsn == 0)
		return 0;
	if (engine->is_out_of_memory)
		return error_no_memory(error);
	if (!engine->has_failed) {
		status = engine_commit(engine, scan->wait_lsn, error);
		/* After a failed write what was pending is given up, and the
		 * scan shows what is there. */
		if (status < 0 && engine->writer.has_failed)
			return ENGINE_PENDING;
		if (status != 0)
			return status;
	}
	scan->wait_lsn = 0;
	return 0;
}

static void
hand_out(struct engine_scan *scan, struct engine_row *out)
{
	const struct scan_row *row = &scan->chunk->rows[scan->row++];

	*out = (struct engine_row){
		.key = row->key,
		.state = ENGINE_ROW_LIVE,
		.token = row->entry.token,
		.timestamp_us = row->entry.timestamp_us,
		.expires_at_s = row->entry.expires_at_s,
		.value = row->value,
	};
}

/* The next chunk is on its way while this one is handed out. */
static int
load_ahead(struct engine_scan *scan, struct error *error)
{
	if (scan->is_loading || scan->is_exhausted)
		return 0;
	return start_loading(scan, error);
}

int
engine_scan_next(struct engine_scan *scan, struct engine_row *row,
		 struct error *error)
{
	int status = wait_for_writes(scan, error);

	for (int steps = 0; status == 0; steps++) {
		if (scan->is_loaded && scan->row < scan->chunk->count) {
			hand_out(scan, row);
			return 0;
		}
		scan->is_loaded = false;
		/* Many chunks of deleted rows: others get their turn. */
		if (steps == STEPS_MAX)
			return ENGINE_PENDING;
		status = load_step(scan, error);
		if (status == 0 && scan->is_loaded)
			status = load_ahead(scan, error);
	}
	return status;
}
