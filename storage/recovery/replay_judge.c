/* SPDX-License-Identifier: MIT
 *
 * What is left to do when all records are in: entries that must go. */
#include "storage/recovery/replay.h"

#include <assert.h>
#include <stdlib.h>

enum { JUDGE_CHUNK = 256 };

/* Walks an index; it may lose entries meanwhile. */
struct walk {
	struct primary_index *index;
	int64_t token;
	uint64_t fingerprint;
	bool has_ended;
	size_t count;
	struct index_entry entries[JUDGE_CHUNK];
};

static struct walk
walk_begin(struct primary_index *index)
{
	return (struct walk){ .index = index, .token = INT64_MIN };
}

static bool
walk_next(struct walk *walk)
{
	const struct index_entry *last;

	if (walk->has_ended)
		return false;
	walk->count = primary_index_range(walk->index, walk->token,
					  walk->fingerprint, INT64_MAX,
					  walk->entries, JUDGE_CHUNK);
	if (walk->count < JUDGE_CHUNK) {
		walk->has_ended = true;
		return walk->count > 0;
	}
	last = &walk->entries[walk->count - 1];
	walk->fingerprint = last->fingerprint + 1;
	walk->token = last->token;
	if (walk->fingerprint == 0) {
		walk->has_ended = last->token == INT64_MAX;
		walk->token += !walk->has_ended;
	}
	return true;
}

static void
take_out(struct replay *replay, struct table *table,
	 const struct index_entry *entry)
{
	struct index_entry old;
	bool was_there = primary_index_remove(table->index, entry->token,
					      entry->fingerprint, &old);

	assert(was_there);
	(void)was_there;
	table_remove_entry(table, entry);
	if (entry->location.size == 0)
		replay->stale--;
	else
		segment_manager_kill_record(&replay->engine->segments,
					    entry->location);
}

/* ---- tables ---- */

static void
kill_rows(struct replay *replay, struct table *table)
{
	struct walk walk = walk_begin(table->index);

	while (walk_next(&walk)) {
		for (size_t i = 0; i < walk.count; i++) {
			struct location at = walk.entries[i].location;

			if (at.size == 0)
				replay->stale--;
			else
				segment_manager_kill_record(
					&replay->engine->segments, at);
		}
	}
}

static int
report_stray(struct replay *replay, struct table *table, struct error *error)
{
	struct index_entry entry;
	size_t count = primary_index_range(table->index, INT64_MIN, 0,
					   INT64_MAX, &entry, 1);

	assert(count == 1);
	(void)count;
	return segment_manager_damaged(
		&replay->engine->segments, entry.location.segment,
		entry.location.offset,
		"a record of a table that was never registered", error);
}

int
replay_judge_tables(struct replay *replay, struct error *error)
{
	struct table_registry *tables = &replay->engine->tables;
	size_t i = 0;

	while (i < tables->count) {
		struct table *table = tables->tables[i];

		if (!table->is_registered)
			return report_stray(replay, table, error);
		if (!table->is_dropping) {
			i++;
			continue;
		}
		kill_rows(replay, table);
		table_registry_retire(tables, table);
		table_registry_dispose(tables);
	}
	return 0;
}

/* ---- entries that lead nowhere ---- */

/* Registrations of tables that are there no more were dropped. */
static bool
is_registration_wanted(struct replay *replay, const struct index_entry *entry)
{
	const struct table_registry *tables = &replay->engine->tables;

	for (size_t i = 0; i < tables->count; i++) {
		uint8_t key[REGISTRY_KEY_SIZE];
		struct key_hash hash;

		registry_encode_key(tables->tables[i]->id, key);
		hash = engine_hash_key(replay->engine,
				       slice_make(key, sizeof(key)));
		if (hash.token == entry->token &&
		    hash.fingerprint == entry->fingerprint)
			return true;
	}
	return false;
}

static bool
may_be_lost(struct replay *replay, const struct table *table,
	    const struct index_entry *entry)
{
	if (table->id == ENGINE_TABLE_REGISTRY)
		return !is_registration_wanted(replay, entry);
	return table->id == ENGINE_TABLE_FREED ||
	       !engine_is_live(replay->engine, entry);
}

static int
judge_stale_of(struct replay *replay, struct table *table, struct error *error)
{
	struct walk walk = walk_begin(table->index);

	while (replay->stale > 0 && walk_next(&walk)) {
		for (size_t i = 0; i < walk.count; i++) {
			const struct index_entry *entry = &walk.entries[i];

			if (entry->location.size != 0)
				continue;
			if (!may_be_lost(replay, table, entry))
				return segment_manager_damaged(
					&replay->engine->segments,
					entry->location.segment,
					entry->location.offset,
					"a row should stand there", error);
			take_out(replay, table, entry);
		}
	}
	return 0;
}

int
replay_judge_stale(struct replay *replay, struct error *error)
{
	struct table_registry *tables = &replay->engine->tables;

	for (size_t i = 0; i < tables->count && replay->stale > 0; i++) {
		int status =
			judge_stale_of(replay, tables->tables[i], error);

		if (status < 0)
			return status;
	}
	return 0;
}

/* ---- table 3 ---- */

static void
remove_unwanted(struct replay *replay, const struct key_hash *wanted,
		size_t count)
{
	struct table *table = replay->engine->freed;
	struct walk walk = walk_begin(table->index);

	while (walk_next(&walk)) {
		for (size_t i = 0; i < walk.count; i++) {
			const struct index_entry *entry = &walk.entries[i];
			struct key_hash hash = { entry->token,
						 entry->fingerprint };

			if (bsearch(&hash, wanted, count, sizeof(hash),
				    engine_compare_hashes) == NULL)
				take_out(replay, table, entry);
		}
	}
}

int
replay_judge_freed(struct replay *replay, const struct freed_row *wanted,
		   size_t count, struct error *error)
{
	struct key_hash *hashes = malloc((count + 1) * sizeof(*hashes));

	if (hashes == NULL)
		return error_no_memory(error);
	for (size_t i = 0; i < count; i++) {
		uint8_t key[FREED_KEY_SIZE], value[FREED_VALUE_SIZE];

		freed_life_encode(&wanted[i].life, key, value);
		hashes[i] = engine_hash_key(replay->engine,
					    slice_make(key, sizeof(key)));
	}
	qsort(hashes, count, sizeof(*hashes), engine_compare_hashes);
	remove_unwanted(replay, hashes, count);
	free(hashes);
	return 0;
}
