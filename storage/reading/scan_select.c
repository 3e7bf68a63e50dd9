/* SPDX-License-Identifier: MIT
 *
 * A run of equal tokens that is longer than a chunk is made only on purpose:
 * tokens can be crafted to collide.  It is handed out by selection: one pass
 * over the whole run finds the smallest keys behind the last one handed out, as
 * many as there is memory for; these are loaded and handed out; then comes the
 * next pass.  That is slow, correct, and bounded in memory. */
#include "storage/reading/scan_state.h"

#include <stdlib.h>

enum { SELECTION_MAX = 256, SELECTION_KEY_BYTES_MAX = 1 << 20 };

void
scan_forget_chosen(struct engine_scan *scan)
{
	for (size_t i = 0; i < scan->chosen_count; i++)
		free((void *)(uintptr_t)scan->chosen[i].key.data);
	scan->chosen_count = 0;
	scan->chosen_key_bytes = 0;
}

void
scan_begin_run(struct engine_scan *scan, int64_t token)
{
	scan->phase = SCAN_SELECT;
	scan->run_token = token;
	scan->token = token;
	scan->fingerprint = 0;
	scan->has_more = false;
	scan->is_exhausted = false;
	scan_forget_chosen(scan);
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
choose(struct engine_scan *scan, const struct scan_row *row, struct slice key,
       struct error *error)
{
	size_t at = scan->chosen_count;
	uint8_t *copy;

	while (at > 0 && slice_compare(key, scan->chosen[at - 1].key) < 0)
		at--;
	/* Behind the last one a larger key may have been dropped already. */
	if (at == SELECTION_MAX ||
	    (at == scan->chosen_count && scan->has_more)) {
		scan->has_more = true;
		return 0;
	}
	/* When memory ran out the chunk is looked through again. */
	if (at > 0 && slice_is_equal(key, scan->chosen[at - 1].key))
		return 0;
	copy = malloc(key.size);
	if (copy == NULL)
		return error_no_memory(error);
	memcpy(copy, key.data, key.size);
	memmove(scan->chosen + at + 1, scan->chosen + at,
		(scan->chosen_count - at) * sizeof(*scan->chosen));
	scan->chosen[at] = (struct chosen){
		.token = row->token,
		.fingerprint = row->fingerprint,
		.key = slice_make(copy, key.size),
	};
	scan->chosen_count++;
	scan->chosen_key_bytes += key.size;
	trim_chosen(scan);
	return 0;
}

int
scan_choose(struct engine_scan *scan, struct error *error)
{
	const struct scan_chunk *chunk = scan->ahead;

	if (scan->chosen == NULL) {
		scan->chosen =
			calloc(SELECTION_MAX + 1, sizeof(*scan->chosen));
		if (scan->chosen == NULL)
			return error_no_memory(error);
	}
	for (size_t i = 0; i < chunk->count; i++) {
		const struct scan_row *row = &chunk->rows[i];
		struct record record;
		int status = scan_chunk_row(chunk, i, &record, error);

		if (status == 0 && scan_is_behind(scan, row->token, record.key))
			status = choose(scan, row, record.key, error);
		if (status < 0)
			return status;
	}
	scan->is_loading = false;
	if (scan->is_exhausted) {
		scan->phase = SCAN_CHOSEN;
		scan->is_exhausted = false;
	}
	return 0;
}

int
scan_leave_chosen(struct engine_scan *scan, struct error *error)
{
	if (scan->has_more || scan->chosen_done < scan->chosen_count) {
		scan_set_after(scan, scan->run_token,
			       scan->chosen[scan->chosen_done - 1].key);
		if (scan->after_key.has_failed)
			return error_no_memory(error);
		scan_begin_run(scan, scan->run_token);
		return 0;
	}
	scan_forget_chosen(scan);
	scan->phase = SCAN_ROWS;
	if (scan->run_token >= scan->last_token) {
		scan->is_exhausted = true;
		return 0;
	}
	scan->token = scan->run_token + 1;
	scan->fingerprint = 0;
	return 0;
}

/* Adds what the next of the chosen rows are now; false when out of memory. */
static bool
add_chosen(struct engine_scan *scan, const struct table *table)
{
	struct scan_chunk *chunk = scan->ahead;
	size_t bytes = 0;

	for (size_t i = 0; i < scan->chosen_count; i++) {
		struct chosen *chosen = &scan->chosen[i];
		struct index_entry entry;

		if (!primary_index_find(table->index, chosen->token,
					chosen->fingerprint, &entry) ||
		    !engine_is_live(scan->engine, &entry))
			continue;
		bytes += scan_chunk_row_bytes(&entry);
		if (chunk->count > 0 &&
		    bytes > scan_chunk_bytes_max(scan->engine)) {
			scan->chosen_done = i;
			return true;
		}
		if (!scan_chunk_add(chunk, &entry))
			return false;
	}
	scan->chosen_done = scan->chosen_count;
	return true;
}

int
scan_gather_chosen(struct engine_scan *scan, const struct table *table,
		   struct error *error)
{
	struct scan_chunk *chunk = scan->ahead;
	int status;

	if (!add_chosen(scan, table))
		return error_no_memory(error);
	while ((status = scan_chunk_plan(chunk, error)) ==
	       SCAN_CHUNK_SCATTERED) {
		size_t count = chunk->count / 2;

		while (scan->chosen[scan->chosen_done - 1].fingerprint !=
		       chunk->rows[count].fingerprint)
			scan->chosen_done--;
		scan->chosen_done--;
		scan_chunk_truncate(chunk, count);
	}
	return status;
}
