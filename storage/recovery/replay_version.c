/* SPDX-License-Identifier: MIT
 *
 * Most keys are new or newer, so that versions are put in first, many at once,
 * and taken back where they were the older ones. */
#include "storage/recovery/replay_version.h"

#include "storage/format/run.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* ---- which is newer ---- */

/* What was loaded may stand in a place that was being used again, of which the
 * first block still shows the old life: whatever let the place go counts, and
 * comes or came.  Where it is damaged instead, it was settled by the start and
 * gives way to all that is replayed, or its buffer is missed aloud. */
static bool
may_be_overwritten(const struct replay *replay, struct location at)
{
	return replay->is_loaded != NULL && replay->is_loaded[at.segment];
}

enum { OLDER = 1 };

/* Rare: two versions of one key, of which one was written over the same
 * timestamp, met out of order.  OLDER, whatever its LSN, where it was
 * overwritten. */
static int
read_lsn(struct replay *replay, uint32_t table,
	 const struct index_entry *entry, uint64_t *lsn, struct error *error)
{
	struct engine *engine = replay->engine;
	const struct segment_manager *segments = &engine->segments;
	struct location at = entry->location;
	struct segment_place place =
		segment_manager_place(segments, at.segment, at.offset);
	uint32_t size = run_extent(segments->segment_size, at);
	uint8_t *bytes = malloc(size);
	struct error damage = ERROR_INIT;
	struct record record;
	int64_t got;
	int status;

	if (bytes == NULL)
		return error_no_memory(error);
	got = io_read_now(engine->io, place.file, place.offset, bytes, size);
	if (got >= 0 && (uint64_t)got != size)
		got = -EIO;
	run_gather(bytes, segments->segment_size, at);
	if (got < 0)
		status = segment_manager_io_error(segments, (int)got, "read",
						  at.segment, at.offset,
						  error);
	else
		status = engine_verify_record(engine, table, entry, bytes,
					      &record, &damage);
	if (status == 0)
		*lsn = record.lsn;
	else if (got >= 0 && may_be_overwritten(replay, at))
		status = OLDER;
	else if (got >= 0)
		*error = damage;
	free(bytes);
	return status;
}

/* Of two copies of one write, the one in the later life counts. */
static bool
is_later_copy(const struct engine *engine, struct location a,
	      struct location b)
{
	const struct segment *segments = engine->segments.segments;

	return segments[a.segment].sequence > segments[b.segment].sequence;
}

static bool
was_loaded(const struct replay *replay, struct location at)
{
	return replay->replayed_from != NULL &&
	       at.offset < replay->replayed_from[at.segment];
}

/* Equal timestamps, and as far as is known both replayed. */
static int
compare_ties(struct replay *replay, uint32_t table,
	     const struct index_entry *entry, uint64_t lsn,
	     const struct index_entry *existing, struct error *error)
{
	uint64_t existing_lsn = lsn;

	if (entry->location.segment == existing->location.segment &&
	    entry->location.offset == existing->location.offset)
		return OLDER; /* the same */
	if (entry->has_tie || existing->has_tie) {
		int status;

		if (lsn > replay->last_lsn)
			return 0;
		status = read_lsn(replay, table, existing, &existing_lsn,
				  error);
		if (status != 0)
			return status == OLDER ? 0 : status;
	}
	if (lsn != existing_lsn)
		return lsn > existing_lsn ? 0 : OLDER;
	return is_later_copy(replay->engine, entry->location,
			     existing->location) ?
		       0 :
		       OLDER;
}

/* 0 when ${entry} takes the existing one's place, OLDER, or negative. */
static int
compare_versions(struct replay *replay, uint32_t table,
		 const struct index_entry *entry, uint64_t lsn,
		 const struct index_entry *existing, struct error *error)
{
	if (existing->location.size == 0 ||
	    was_loaded(replay, existing->location))
		return 0;
	if (entry->timestamp_us != existing->timestamp_us)
		return entry->timestamp_us > existing->timestamp_us ? 0 :
								      OLDER;
	return compare_ties(replay, table, entry, lsn, existing, error);
}

/* ---- many at once ---- */

/* Versions that are put in together. */
struct versions {
	struct table *table;
	const struct index_entry *entries;
	const uint64_t *lsns;
	size_t count;
	struct index_entry *olds; /* those that they replaced */
	uint8_t *outcomes;
	bool has_repeats; /* one of them may have replaced another one */
};

/* It is in the index no more. */
static void
discount(struct replay *replay, struct table *table,
	 const struct index_entry *entry)
{
	table_remove_entry(table, entry);
	if (entry->location.size == 0)
		replay->stale--;
	else
		segment_manager_kill_record(&replay->engine->segments,
					    entry->location);
}

static bool
is_same_key(const struct index_entry *a, const struct index_entry *b)
{
	return a->token == b->token && a->fingerprint == b->fingerprint;
}

/* Version ${at} was the older one: what it replaced comes back, or is what the
 * next version of the key has replaced. */
static void
put_back(const struct versions *versions, size_t at)
{
	const struct index_entry *entry = &versions->entries[at];
	struct index_entry unused;
	int outcome;

	for (size_t i = at + 1; versions->has_repeats && i < versions->count;
	     i++) {
		if (is_same_key(&versions->entries[i], entry)) {
			versions->olds[i] = versions->olds[at];
			return;
		}
	}
	outcome = primary_index_insert(versions->table->index,
				       &versions->olds[at], &unused);
	assert(outcome == INDEX_REPLACED);
	(void)outcome;
}

static int
settle(struct replay *replay, const struct versions *versions, size_t at,
       struct error *error)
{
	const struct index_entry *entry = &versions->entries[at];
	struct index_entry old = versions->olds[at];
	int status;

	if (versions->outcomes[at] == INDEX_INSERTED)
		return 0;
	status = compare_versions(replay, versions->table->id, entry,
				  versions->lsns[at], &old, error);
	if (status < 0)
		return status;
	discount(replay, versions->table, status == OLDER ? entry : &old);
	if (status == OLDER)
		put_back(versions, at);
	return 0;
}

/* Counts them, and brings near what is known of the segments that lose one. */
static void
count_versions(struct replay *replay, struct versions *versions)
{
	struct segment_manager *segments = &replay->engine->segments;
	const struct index_entry *first = &versions->entries[0];

	table_add_entries(versions->table, versions->entries, versions->count);
	for (size_t i = 0; i < versions->count; i++) {
		struct location old = versions->olds[i].location;

		segment_manager_add_record(segments,
					   versions->entries[i].location);
		if (versions->outcomes[i] == INDEX_INSERTED)
			continue;
		__builtin_prefetch(&segments->segments[old.segment]);
		versions->has_repeats |=
			old.segment == first->location.segment &&
			old.offset >= first->location.offset;
	}
}

int
replay_versions(struct replay *replay, struct table *table,
		const struct index_entry *entries, const uint64_t *lsns,
		size_t count, struct error *error)
{
	struct index_entry olds[REPLAY_STEP];
	uint8_t outcomes[REPLAY_STEP];
	struct versions versions = {
		.table = table,
		.entries = entries,
		.lsns = lsns,
		.count = count,
		.olds = olds,
		.outcomes = outcomes,
	};

	assert(count > 0 && count <= REPLAY_STEP);
	if (primary_index_insert_many(table->index, entries, olds, outcomes,
				      count) < 0)
		return error_no_memory(error);
	count_versions(replay, &versions);
	for (size_t i = 0; i < count; i++) {
		int status = settle(replay, &versions, i, error);

		if (status < 0)
			return status;
		if (lsns[i] > replay->last_lsn)
			replay->last_lsn = lsns[i];
	}
	return 0;
}

int
replay_version(struct replay *replay, struct table *table,
	       const struct index_entry *entry, uint64_t lsn,
	       struct error *error)
{
	return replay_versions(replay, table, entry, &lsn, 1, error);
}
