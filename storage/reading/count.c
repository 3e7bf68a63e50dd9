/* SPDX-License-Identifier: MIT
 *
 * Counting live rows: what is settled from the index, corrected by what is
 * still in write buffers. */
#include "storage/engine.h"

#include "storage/engine_state.h"

static int
live_count(struct engine *engine, const struct index_entry *entry)
{
	return engine_is_live(engine, entry) ? 1 : 0;
}

/* What a pending version adds to what the index counts: -1, 0 or 1. */
static int
pending_difference(struct engine *engine, const struct pending *pending)
{
	struct index_entry settled;
	int difference = live_count(engine, &pending->entry);

	if (primary_index_find(pending->table->index, pending->entry.token,
			       pending->entry.fingerprint, &settled))
		difference -= live_count(engine, &settled);
	return difference;
}

static bool
is_counted(const struct pending *pending, const struct table *table,
	   int64_t first, int64_t last)
{
	return pending->is_newest && pending->table == table &&
	       pending->entry.token >= first && pending->entry.token <= last;
}

uint64_t
engine_count(struct engine *engine, uint32_t table, int64_t first,
	     int64_t last, uint64_t *lsn)
{
	const struct buffered_writer *writer = &engine->writer;
	struct table *found = engine_find_table(engine, table);
	int64_t difference = 0;

	if (found == NULL) {
		/* An answer that shows that a table is gone waits for that. */
		found = table_registry_find(&engine->tables, table);
		if (found != NULL && found->drop_lsn > *lsn)
			*lsn = found->drop_lsn;
		return 0;
	}
	for (uint32_t i = 0; i < writer->count; i++) {
		const struct write_buffer *buffer =
			buffered_writer_at(writer, i);

		for (uint32_t j = 0; j < buffer->pending_count; j++) {
			const struct pending *pending = &buffer->pending[j];

			if (!is_counted(pending, found, first, last))
				continue;
			difference += pending_difference(engine, pending);
			*lsn = pending->lsn > *lsn ? pending->lsn : *lsn;
		}
	}
	return (uint64_t)((int64_t)primary_index_count_live(
				  found->index, first, last,
				  engine_now_s(engine)) +
			  difference);
}
