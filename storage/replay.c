/* SPDX-License-Identifier: MIT
 *
 * The registry's rows may stand behind the rows of the tables that they tell
 * about, so a table is made when it is first met and judged at the end. */
#include "storage/replay.h"

#include "storage/run.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { STRAYS_MAX = 1 << 12, REPLAY_STEP = 16 };

static int
add_table(struct engine *engine, uint32_t id, struct table **table,
	  struct error *error)
{
	*table = table_registry_add(&engine->tables, id);
	if (*table == NULL)
		return error_no_memory(error);
	if (id >= engine->tables.next_id)
		engine->tables.next_id = id == UINT32_MAX ? id : id + 1;
	return 0;
}

static int
add_reserved(struct engine *engine, uint32_t id, struct table **table,
	     struct error *error)
{
	int status = add_table(engine, id, table, error);

	if (status == 0)
		(*table)->is_registered = true;
	return status;
}

int
replay_init(struct replay *replay, struct engine *engine, struct error *error)
{
	struct table *catalog;
	int status;

	*replay = (struct replay){ .engine = engine };
	engine->tables.next_id = ENGINE_TABLE_FIRST;
	status = add_reserved(engine, ENGINE_TABLE_REGISTRY, &engine->registry,
			      error);
	if (status == 0)
		status = add_reserved(engine, ENGINE_TABLE_CATALOG, &catalog,
				      error);
	if (status == 0)
		status = add_reserved(engine, ENGINE_TABLE_FREED,
				      &engine->freed, error);
	return status;
}

void
replay_finish(struct replay *replay)
{
	free(replay->freed);
	replay->freed = NULL;
}

int
replay_add_table(struct replay *replay, uint32_t id, bool has_explicit,
		 struct error *error)
{
	struct engine *engine = replay->engine;
	struct table *table = table_registry_find(&engine->tables, id);

	if (table == NULL) {
		int status = add_table(engine, id, &table, error);

		if (status < 0)
			return status;
	}
	table->is_registered = true;
	table->has_explicit |= has_explicit;
	return 0;
}

/* ---- one version against another ---- */

/* Rare: two versions of one key, of which one was written over the same
 * timestamp, met out of order. */
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
					      &record, error);
	if (status == 0)
		*lsn = record.lsn;
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

enum { OLDER = 1 };

/* Equal timestamps, both replayed. */
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
		if (status < 0)
			return status;
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

static void
take_out(struct replay *replay, struct table *table,
	 const struct index_entry *entry)
{
	table_remove_entry(table, entry);
	if (entry->location.size == 0)
		replay->stale--;
	else
		segment_manager_kill_record(&replay->engine->segments,
					    entry->location);
}

/* Most keys are new or newer, so that the version is put in first and taken
 * back where it was the older one. */
static int
insert_version(struct replay *replay, struct table *table,
	       const struct index_entry *entry, uint64_t lsn,
	       struct error *error)
{
	struct index_entry existing, unused;
	int outcome = primary_index_insert(table->index, entry, &existing);
	int status;

	if (outcome < 0)
		return error_no_memory(error);
	segment_manager_add_record(&replay->engine->segments,
				   entry->location);
	table_add_entry(table, entry);
	if (outcome == INDEX_INSERTED)
		return 0;
	status = compare_versions(replay, table->id, entry, lsn, &existing,
				  error);
	if (status < 0)
		return status;
	take_out(replay, table, status == OLDER ? entry : &existing);
	if (status == OLDER) {
		outcome = primary_index_insert(table->index, &existing,
					       &unused);
		assert(outcome == INDEX_REPLACED);
	}
	return 0;
}

/* ---- records ---- */

static int
damaged(const struct replay *replay, struct location at, const char *what,
	struct error *error)
{
	return segment_manager_damaged(&replay->engine->segments, at.segment,
				       at.offset, what, error);
}

static int
replay_registry_row(struct replay *replay, const struct record *record,
		    struct location at, struct error *error)
{
	struct engine *engine = replay->engine;
	enum registry_state state;
	struct table *table;
	uint32_t id;

	if ((record->flags & RECORD_TOMBSTONE) != 0 ||
	    !registry_decode(record->key, record->value, &id, &state) ||
	    id < ENGINE_TABLE_FIRST)
		return damaged(replay, at, "a table's registration is "
					   "impossible",
			       error);
	table = table_registry_find(&engine->tables, id);
	if (table == NULL) {
		int status = add_table(engine, id, &table, error);

		if (status < 0)
			return status;
	} else if (!table->is_registered) {
		replay->strays--;
	}
	table->is_registered = true;
	if (state == REGISTRY_DROPPED)
		table->is_dropping = true;
	else if (registry_is_explicit(record->value))
		table->has_explicit = true;
	return 0;
}

/* ---- rows of table 3 ---- */

static int
note_freed(struct replay *replay, const struct buffer_header *header,
	   const struct record *record, struct location at,
	   struct error *error)
{
	struct freed_row row = { .lsn = record->lsn,
				 .write_sequence = header->write_sequence,
				 .stream = header->stream };

	if ((record->flags & RECORD_TOMBSTONE) != 0 ||
	    !freed_life_decode(record->key, record->value, &row.life))
		return damaged(replay, at,
			       "a freed segment's row is impossible", error);
	if (replay->freed_count == replay->freed_capacity) {
		size_t capacity = replay->freed_capacity * 2 + 64;
		struct freed_row *rows =
			realloc(replay->freed, capacity * sizeof(*rows));

		if (rows == NULL)
			return error_no_memory(error);
		replay->freed = rows;
		replay->freed_capacity = capacity;
	}
	replay->freed[replay->freed_count++] = row;
	return 0;
}

static int
find_table(struct replay *replay, uint32_t id, struct location at,
	   struct table **table, struct error *error)
{
	struct engine *engine = replay->engine;

	*table = table_registry_find(&engine->tables, id);
	if (*table != NULL)
		return 0;
	if (id < ENGINE_TABLE_FIRST || replay->strays == STRAYS_MAX)
		return damaged(replay, at,
			       "a record of a table that was never registered",
			       error);
	replay->strays++;
	return add_table(engine, id, table, error);
}

static int
replay_record(struct replay *replay, const struct buffer_header *header,
	      const struct record *record, struct location at,
	      struct key_hash hash, struct error *error)
{
	struct engine *engine = replay->engine;
	struct index_entry entry = {
		.token = hash.token,
		.fingerprint = hash.fingerprint,
		.timestamp_us = record->timestamp_us,
		.location = at,
		.is_tombstone = (record->flags & RECORD_TOMBSTONE) != 0,
		/* Version 1 had no flag for it: any of its records may. */
		.has_tie = (record->flags & RECORD_TIE) != 0 ||
			   header->version == 1,
	};
	struct table *table;
	int status = 0;

	if ((record->flags & RECORD_EXPIRING) != 0) {
		if (record->seconds == 0 || record->seconds > UINT32_MAX)
			return damaged(replay, at,
				       "a row's expiry is impossible", error);
		entry.expires_at_s = (uint32_t)record->seconds;
	}
	/* Whether the table has seen an explicit timestamp may be told only by
	 * a record that is still to come. */
	if (entry.is_tombstone && record->seconds <= UINT32_MAX)
		entry.expires_at_s = (uint32_t)record->seconds;
	if (record->timestamp_us == INT64_MIN)
		return damaged(replay, at, "a timestamp is impossible",
			       error);
	if (record->table == ENGINE_TABLE_REGISTRY)
		status = replay_registry_row(replay, record, at, error);
	else if (record->table == ENGINE_TABLE_FREED)
		status = note_freed(replay, header, record, at, error);
	if (status == 0)
		status = find_table(replay, record->table, at, &table, error);
	if (status < 0)
		return status;
	if (table->is_dropping)
		segment_manager_add_dead_record(&engine->segments, at);
	else
		status = insert_version(replay, table, &entry, record->lsn,
					error);
	if (record->lsn > replay->last_lsn)
		replay->last_lsn = record->lsn;
	replay->records++;
	return status;
}

struct decoded {
	struct record record;
	struct location at;
	struct key_hash hash;
};

/* The next records of a buffer, from ${*done} on; negative when there is
 * something else. */
static int
decode_some(const struct replay *replay, const struct buffer_header *header,
	    const uint8_t *bytes, uint32_t *done, struct decoded *decoded,
	    struct error *error)
{
	uint32_t end = FORMAT_HEADER_SIZE + header->data_size;
	int count = 0;

	while (*done < end && count < REPLAY_STEP) {
		struct decoded *next = &decoded[count++];

		next->at.segment = header->segment;
		next->at.offset = header->offset + *done;
		next->at.size = record_decode(bytes + *done, end - *done,
					      &next->record);
		if (next->at.size == 0)
			return damaged(replay, next->at,
				       "no record stands there", error);
		next->hash = engine_hash_key(replay->engine, next->record.key);
		*done += next->at.size;
	}
	return count;
}

/* The index's pages come into the processor's cache together. */
static void
prefetch_index(struct replay *replay, const struct decoded *decoded, int count)
{
	struct index_entry entries[REPLAY_STEP];
	bool found[REPLAY_STEP];
	struct table *table = table_registry_find(&replay->engine->tables,
						  decoded[0].record.table);
	int i;

	for (i = 0; i < count &&
		    decoded[i].record.table == decoded[0].record.table;
	     i++) {
		entries[i].token = decoded[i].hash.token;
		entries[i].fingerprint = decoded[i].hash.fingerprint;
	}
	if (table != NULL && i > 1)
		primary_index_find_many(table->index, entries, found,
					(size_t)i);
}

int
replay_buffer(struct replay *replay, const struct buffer_header *header,
	      const uint8_t *bytes, struct error *error)
{
	uint32_t end = FORMAT_HEADER_SIZE + header->data_size;
	uint32_t done = FORMAT_HEADER_SIZE, records = 0;
	struct location at = { .segment = header->segment,
			       .offset = header->offset };
	struct decoded decoded[REPLAY_STEP];
	uint8_t last_flags = 0;
	int status = 0;

	while (done < end && status == 0) {
		int count = decode_some(replay, header, bytes, &done, decoded,
					error);

		if (count < 0)
			return count;
		prefetch_index(replay, decoded, count);
		for (int i = 0; i < count && status == 0; i++)
			status = replay_record(replay, header,
					       &decoded[i].record,
					       decoded[i].at, decoded[i].hash,
					       error);
		records += (uint32_t)count;
		last_flags = decoded[count - 1].record.flags;
	}
	if (status < 0)
		return status;
	if (records != header->record_count ||
	    ((last_flags & RECORD_ENDS_BATCH) != 0) !=
		    ((header->flags & BUFFER_ENDS_BATCH) != 0))
		return damaged(replay, at,
			       "a buffer doesn't hold what it says", error);
	return 0;
}

int
replay_run(struct replay *replay, const struct buffer_header *header,
	   const uint8_t *bytes, uint32_t size, struct error *error)
{
	struct location at = { header->segment, FORMAT_HEADER_SIZE, size };
	uint64_t seed = format_record_seed(
		segment_manager_seed(&replay->engine->segments, at.segment),
		at.offset);
	struct record record;

	if (record_decode(bytes, size, &record) != size ||
	    !record_is_intact(bytes, size, seed))
		return damaged(replay, at, "a record's checksum is wrong",
			       error);
	return replay_one(replay, header, &record, at, error);
}

int
replay_one(struct replay *replay, const struct buffer_header *header,
	   const struct record *record, struct location at,
	   struct error *error)
{
	return replay_record(replay, header, record, at,
			     engine_hash_key(replay->engine, record->key),
			     error);
}

int
replay_peek(struct replay *replay, const struct buffer_header *header,
	    const uint8_t *bytes, uint64_t *last_lsn, struct error *error)
{
	uint32_t end = FORMAT_HEADER_SIZE + header->data_size;
	struct location at = { .segment = header->segment };
	uint32_t done = FORMAT_HEADER_SIZE;

	*last_lsn = 0;
	while (done < end) {
		struct record record;
		int status = 0;

		at.offset = header->offset + done;
		at.size = record_decode(bytes + done, end - done, &record);
		if (at.size == 0)
			return 0; /* reported when it counts */
		if (record.lsn > *last_lsn)
			*last_lsn = record.lsn;
		if (record.table == ENGINE_TABLE_FREED)
			status = note_freed(replay, header, &record, at,
					    error);
		if (status < 0)
			return status;
		done += at.size;
	}
	return 0;
}
