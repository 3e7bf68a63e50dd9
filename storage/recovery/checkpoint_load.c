/* SPDX-License-Identifier: MIT */
#include "storage/recovery/checkpoint_load.h"

#include "storage/format/run.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LOAD_STEP = 8192 };

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

/* The numbers are told for each table, and believed as far as the file has
 * room for so many. */
static void
expect_entries(struct log_intake *intake, const struct checkpoint *checkpoint)
{
	uint64_t left = checkpoint->entry_count;

	for (uint32_t i = 0; i < checkpoint->table_count; i++) {
		const struct checkpoint_table *about = &checkpoint->tables[i];
		struct table *table = table_registry_find(
			&intake->engine->tables, about->id);
		uint64_t expected = about->entries < left ? about->entries :
							    left;

		if (table != NULL)
			primary_index_expect(table->index, expected);
		left -= expected;
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

/* Entries lead to any segment, so what is counted of each stands closely
 * together. */
struct loading {
	struct log_intake *intake;
	const bool *is_there;
	uint64_t *live_bytes; /* for each segment; forged ones may overlap */
	struct index_entry *entries;
};

static bool
leads_somewhere(const struct loading *loading, struct location at,
		uint32_t parts)
{
	uint32_t count = loading->intake->engine->segments.segment_count;

	if (at.segment >= count || parts > count - at.segment)
		return false;
	for (uint32_t i = 0; i < parts; i++) {
		if (!loading->is_there[at.segment + i])
			return false;
	}
	return true;
}

static void
count_run(const struct loading *loading, struct location at)
{
	uint32_t room = loading->intake->engine->segments.segment_size -
			FORMAT_HEADER_SIZE;

	for (uint32_t left = at.size; left > 0; at.segment++) {
		uint32_t size = left < room ? left : room;

		loading->live_bytes[at.segment] += size;
		left -= size;
	}
}

/* Millions of them. */
static void
place_entries(const struct loading *loading, struct index_entry *entries,
	      size_t count)
{
	const struct segment_manager *segments =
		&loading->intake->engine->segments;

	for (size_t i = 0; i < count; i++) {
		struct location *at = &entries[i].location;
		uint32_t parts = run_parts(segments->segment_size, at->size);

		if (!leads_somewhere(loading, *at, parts)) {
			at->size = 0;
			if (at->segment >= segments->segment_count)
				at->segment = 0;
			loading->intake->replay.stale++;
		} else if (parts == 1) {
			loading->live_bytes[at->segment] += at->size;
		} else {
			count_run(loading, *at);
		}
	}
}

static int
load_some(const struct loading *loading, uint32_t id, size_t count,
	  struct error *error)
{
	struct table *table = table_registry_find(
		&loading->intake->engine->tables, id);

	/* The reader knows the tables that were added with the head. */
	assert(table != NULL);
	place_entries(loading, loading->entries, count);
	table_add_entries(table, loading->entries, count);
	if (primary_index_append(table->index, loading->entries, count) < 0)
		return error_no_memory(error);
	return 0;
}

/* Many at once: where they are cut, so is a page of the index, and what belongs
 * into it comes in one by one. */
static int
load_all(const struct loading *loading, struct checkpoint_reader *reader,
	 struct error *error)
{
	struct index_entry *entries = loading->entries;
	uint32_t table = 0, next;
	size_t have = 0;
	int count, status = 0;

	while (status == 0 &&
	       (count = checkpoint_next(reader, &next, entries + have,
					LOAD_STEP - have, error)) > 0) {
		if (have > 0 && next != table) {
			status = load_some(loading, table, have, error);
			memmove(entries, entries + have,
				(size_t)count * sizeof(*entries));
			have = 0;
		}
		table = next;
		have += (size_t)count;
		if (status == 0 && have == LOAD_STEP) {
			status = load_some(loading, table, have, error);
			have = 0;
		}
	}
	if (status == 0)
		status = count;
	if (status == 0 && have > 0)
		status = load_some(loading, table, have, error);
	return status;
}

static int
add_live_bytes(const struct loading *loading, struct error *error)
{
	struct segment_manager *segments = &loading->intake->engine->segments;
	uint32_t room = segments->segment_size - FORMAT_HEADER_SIZE;

	for (uint32_t i = 0; i < segments->segment_count; i++) {
		if (loading->live_bytes[i] > room)
			return error_set(error, ERROR_CORRUPT,
					 "a checkpoint's entries take more "
					 "than segment %" PRIu32 " holds",
					 i);
		segments->segments[i].live_bytes =
			(uint32_t)loading->live_bytes[i];
		segments->live_bytes += loading->live_bytes[i];
	}
	return 0;
}

int
checkpoint_load_entries(struct log_intake *intake,
			struct checkpoint_reader *reader, const bool *is_there,
			struct error *error)
{
	size_t segments = intake->engine->segments.segment_count;
	struct loading loading = {
		.intake = intake,
		.is_there = is_there,
		.live_bytes = calloc(segments + 1, sizeof(uint64_t)),
		.entries = malloc(LOAD_STEP * sizeof(struct index_entry)),
	};
	int status;

	if (loading.live_bytes == NULL || loading.entries == NULL)
		status = error_no_memory(error);
	else
		status = load_all(&loading, reader, error);
	if (status == 0)
		status = add_live_bytes(&loading, error);
	free(loading.live_bytes);
	free(loading.entries);
	return status;
}
