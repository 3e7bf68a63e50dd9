/* SPDX-License-Identifier: MIT */
#include "storage/checkpoint_load.h"

#include "storage/run.h"

#include <stdlib.h>

enum { LOAD_STEP = 512 };

/* ---- before the entries ---- */

/* Buffers behind the start may stand there, or may never have arrived. */
static void
clamp_to_start(struct segment *segment, const struct checkpoint_start *start)
{
	uint64_t last = segment->stream == STREAM_MOVING ?
				start->moving_sequence :
				start->user_sequence;

	if (segment->last_write > last)
		segment->last_write = last;
	if (segment->first_write > last) {
		segment->first_write = 0;
		segment->last_write = 0;
	}
}

static void
load_segment(struct log_intake *intake, uint32_t number,
	     const struct checkpoint *checkpoint)
{
	struct segment *segment = &intake->engine->segments.segments[number];
	const struct checkpoint_segment *from = &checkpoint->segments[number];

	*segment = (struct segment){
		.sequence = from->sequence,
		.first_write = from->first_write,
		.last_write = from->last_write,
		.birth = from->birth,
		.life = from->life,
		.kind = from->kind,
		.stream = from->stream,
		.generation = from->generation,
		.first_token = from->first_token,
		.last_token = from->last_token,
		.table = from->table,
	};
	clamp_to_start(segment, &checkpoint->start);
	intake->notes[number] = (struct place_note){
		.is_counted = !from->is_free && segment->first_write != 0,
		.record_bytes = from->record_bytes,
	};
}

static int
load_freed(struct replay *replay, const struct checkpoint *checkpoint,
	   struct error *error)
{
	size_t count = checkpoint->freed_count;

	replay->freed = malloc((count + 64) * sizeof(*replay->freed));
	if (replay->freed == NULL)
		return error_no_memory(error);
	replay->freed_capacity = count + 64;
	replay->freed_count = count;
	for (size_t i = 0; i < count; i++)
		replay->freed[i] = (struct freed_row){
			.life = checkpoint->freed[i]
		};
	return 0;
}

static int
check_segments(const struct log_intake *intake,
	       const struct checkpoint *checkpoint, struct error *error)
{
	const struct segment_manager *segments = &intake->engine->segments;

	if (checkpoint->segment_count <= segments->segment_count)
		return 0;
	return segment_manager_damaged(segments, segments->segment_count, 0,
				       "it ends there, and a checkpoint knows "
				       "more segments",
				       error);
}

static void
expect_entries(struct log_intake *intake, const struct checkpoint *checkpoint)
{
	for (uint32_t i = 0; i < checkpoint->table_count; i++) {
		const struct checkpoint_table *about = &checkpoint->tables[i];
		struct table *table = table_registry_find(
			&intake->engine->tables, about->id);

		if (table != NULL)
			primary_index_expect(table->index, about->entries);
	}
}

int
checkpoint_load_head(struct log_intake *intake,
		     const struct checkpoint *checkpoint, struct error *error)
{
	const struct checkpoint_start *start = &checkpoint->start;
	struct engine *engine = intake->engine;
	int status = check_segments(intake, checkpoint, error);

	if (status < 0)
		return status;
	for (uint32_t i = 0; i < checkpoint->segment_count; i++)
		load_segment(intake, i, checkpoint);
	for (uint32_t i = 0; i < checkpoint->table_count && status == 0; i++)
		status = replay_add_table(&intake->replay,
					  checkpoint->tables[i].id,
					  checkpoint->tables[i].has_explicit,
					  error);
	if (status == 0)
		status = load_freed(&intake->replay, checkpoint, error);
	if (status < 0)
		return status;
	expect_entries(intake, checkpoint);
	if (start->clock_us > engine->clock_us)
		engine->clock_us = start->clock_us;
	if (start->next_table > engine->tables.next_id)
		engine->tables.next_id = start->next_table;
	if (start->segment_sequence > intake->last_segment_sequence + 1)
		intake->last_segment_sequence = start->segment_sequence - 1;
	if (start->lsn > intake->last_lsn)
		intake->last_lsn = start->lsn;
	if (start->lsn > intake->accepted_lsn)
		intake->accepted_lsn = start->lsn;
	return 0;
}

/* ---- entries ---- */

static bool
leads_somewhere(const struct segment_manager *segments, struct location at,
		const bool *is_there, uint32_t parts)
{
	if (at.segment >= segments->segment_count ||
	    parts > segments->segment_count - at.segment)
		return false;
	for (uint32_t i = 0; i < parts; i++) {
		if (!is_there[at.segment + i])
			return false;
	}
	return true;
}

/* Millions of them: what is counted is counted here. */
static void
place_entry(struct log_intake *intake, struct index_entry *entry,
	    const bool *is_there)
{
	struct segment_manager *segments = &intake->engine->segments;
	struct location at = entry->location;
	uint32_t parts = run_parts(segments->segment_size, at.size);

	if (!leads_somewhere(segments, at, is_there, parts)) {
		entry->location.size = 0;
		if (at.segment >= segments->segment_count)
			entry->location.segment = 0;
		intake->replay.stale++;
	} else if (parts == 1) {
		segments->segments[at.segment].live_bytes += at.size;
		segments->live_bytes += at.size;
	} else {
		segment_manager_add_record(segments, at);
	}
}

static int
load_some(struct log_intake *intake, uint32_t id, struct index_entry *entries,
	  size_t count, const bool *is_there, struct error *error)
{
	struct table *table =
		table_registry_find(&intake->engine->tables, id);

	if (table == NULL) /* a reserved one that isn't ours */
		return error_set(error, ERROR_CORRUPT,
				 "a checkpoint holds an unknown table");
	for (size_t i = 0; i < count; i++) {
		place_entry(intake, &entries[i], is_there);
		table_add_entry(table, &entries[i]);
	}
	if (primary_index_append(table->index, entries, count) < 0)
		return error_no_memory(error);
	return 0;
}

int
checkpoint_load_entries(struct log_intake *intake,
			struct checkpoint_reader *reader, const bool *is_there,
			struct error *error)
{
	struct index_entry entries[LOAD_STEP];
	uint32_t table;
	int count;

	while ((count = checkpoint_next(reader, &table, entries, LOAD_STEP,
					error)) > 0) {
		int status = load_some(intake, table, entries, (size_t)count,
				       is_there, error);

		if (status < 0)
			return status;
	}
	return count;
}
