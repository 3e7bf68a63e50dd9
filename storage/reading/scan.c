/* SPDX-License-Identifier: MIT
 *
 * A scan walks the index in the order of tokens and loads the records of one
 * chunk of entries after the other, the next one while the current one is
 * handed out.
 *
 * Between two steps rows may change, move or vanish, so an entry of the index
 * is believed only until the step ends in which it was read: its read is on
 * its way then. */
#include "storage/engine.h"

#include "storage/reading/scan_state.h"

#include <stdlib.h>

enum {
	POLL_ROWS = 64, /* handed out between two polls */
	STEPS_MAX = 16  /* of one call */
};

/* ---- life ---- */

void
scan_set_after(struct engine_scan *scan, int64_t token, struct slice key)
{
	scan->has_after = true;
	scan->after_token = token;
	buffer_clear(&scan->after_key);
	buffer_append_slice(&scan->after_key, key);
}

bool
scan_is_behind(const struct engine_scan *scan, int64_t token, struct slice key)
{
	if (!scan->has_after || token != scan->after_token)
		return true;
	return slice_compare(key, buffer_slice(&scan->after_key)) > 0;
}

void
engine_scan_close(struct engine_scan *scan)
{
	if (scan == NULL)
		return;
	scan_chunk_destroy(scan->chunk);
	scan_chunk_destroy(scan->ahead);
	scan_forget_chosen(scan);
	free(scan->chosen);
	buffer_finish(&scan->after_key);
	free(scan);
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
		scan_set_after(opened, range->after_token, range->after_key);
		if (range->after_token > opened->token)
			opened->token = range->after_token;
	}
	opened->is_exhausted = opened->token > opened->last_token;
	opened->wait_lsn = engine->last_lsn;
	opened->chunk_bytes = SCAN_CHUNK_BYTES_FIRST;
	opened->chunk = scan_chunk_create(engine, range->table);
	opened->ahead = scan_chunk_create(engine, range->table);
	if (opened->chunk == NULL || opened->ahead == NULL ||
	    opened->after_key.has_failed) {
		engine_scan_close(opened);
		return error_no_memory(error);
	}
	*scan = opened;
	return 0;
}

/* ---- loading ---- */

static int
start_loading(struct engine_scan *scan, struct error *error)
{
	const struct table *table =
		engine_find_table(scan->engine, scan->table);
	enum scan_phase phase = scan->phase;
	int64_t token = scan->token;
	uint64_t fingerprint = scan->fingerprint;
	int status;

	scan_chunk_clear(scan->ahead);
	if (table == NULL) {
		scan->is_exhausted = true;
		scan->phase = SCAN_ROWS;
		return 0;
	}
	status = scan_gather(scan, table, error);
	if (status == 0)
		status = scan_chunk_start(scan->ahead, error);
	if (status < 0) {
		/* Nothing is lost for those who try again. */
		scan->phase = phase;
		scan->token = token;
		scan->fingerprint = fingerprint;
		scan->is_exhausted = false;
		return status;
	}
	scan->is_loading = true;
	return 0;
}

/* ---- handing out ---- */

/* Passes the rows that were handed out by an earlier scan. */
static int
skip_rows(struct engine_scan *scan, struct error *error)
{
	const struct scan_chunk *chunk = scan->ahead;

	while (scan->row < chunk->count && scan->has_after &&
	       chunk->rows[scan->row].token == scan->after_token) {
		struct record record;
		int status = scan_chunk_row(chunk, scan->row, &record, error);

		if (status < 0)
			return status;
		if (scan_is_behind(scan, scan->after_token, record.key))
			return 0;
		scan->row++;
	}
	return 0;
}

/* Makes the chunk that was loaded the one that is handed out. */
static int
take_loaded(struct engine_scan *scan, struct error *error)
{
	struct scan_chunk *loaded = scan->ahead;
	int status;

	scan->row = 0;
	if (scan->phase == SCAN_CHOSEN)
		status = scan_leave_chosen(scan, error);
	else
		status = skip_rows(scan, error);
	if (status < 0)
		return status;
	scan->ahead = scan->chunk;
	scan->chunk = loaded;
	scan->is_loaded = true;
	scan->is_loading = false;
	return 0;
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
	return scan_choose(scan, error);
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

/* The next chunk's reads go on meanwhile, though nobody may poll. */
static void
read_ahead(struct engine_scan *scan)
{
	struct io *io = scan->engine->io;

	if (scan->is_loading && scan->ahead->in_flight > 0)
		(void)io->methods->poll(io, 0);
}

static int
hand_out(struct engine_scan *scan, struct engine_row *out,
	 struct error *error)
{
	const struct scan_row *row = &scan->chunk->rows[scan->row];
	struct record record;
	int status = scan_chunk_row(scan->chunk, scan->row, &record, error);

	if (status < 0)
		return status;
	if (scan->row % POLL_ROWS == 0)
		read_ahead(scan);
	scan->row++;
	*out = (struct engine_row){
		.key = record.key,
		.state = ENGINE_ROW_LIVE,
		.token = row->token,
		.timestamp_us = row->timestamp_us,
		.expires_at_s = row->expires_at_s,
		.value = record.value,
	};
	return 0;
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
		if (scan->is_loaded && scan->row < scan->chunk->count)
			return hand_out(scan, row, error);
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
