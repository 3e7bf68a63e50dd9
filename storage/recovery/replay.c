/* SPDX-License-Identifier: MIT
 *
 * The registry's rows may stand behind the rows of the tables that they tell
 * about, so a table is made when it is first met and judged at the end. */
#include "storage/recovery/replay.h"

#include "storage/recovery/replay_version.h"

#include <stdlib.h>

static int
add_table(struct engine *engine, uint32_t id, struct table **table,
	  struct error *error)
{
	*table = table_registry_add(&engine->tables, id);
	if (*table == NULL)
		return error_no_memory(error);
	(*table)->gc_grace_s = TABLE_GC_GRACE_UNTOLD;
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

/* However many tables come before their registrations, each has a record of its
 * own, so that memory stays in proportion to what is read. */
static int
find_table(struct replay *replay, uint32_t id, struct location at,
	   struct table **table, struct error *error)
{
	struct engine *engine = replay->engine;

	*table = table_registry_find(&engine->tables, id);
	if (*table != NULL)
		return 0;
	if (id < ENGINE_TABLE_FIRST)
		return damaged(replay, at,
			       "a record of a table that was never registered",
			       error);
	return add_table(engine, id, table, error);
}

struct decoded {
	struct record record;
	struct location at;
	struct key_hash hash;
};

/* The record as the index knows it. */
static int
make_entry(const struct replay *replay, const struct buffer_header *header,
	   const struct decoded *decoded, struct index_entry *entry,
	   struct error *error)
{
	const struct record *record = &decoded->record;

	*entry = (struct index_entry){
		.token = decoded->hash.token,
		.fingerprint = decoded->hash.fingerprint,
		.timestamp_us = record->timestamp_us,
		.location = decoded->at,
		.is_tombstone = (record->flags & RECORD_TOMBSTONE) != 0,
		/* Version 1 had no flag for it: any of its records may. */
		.has_tie = (record->flags & RECORD_TIE) != 0 ||
			   header->version == 1,
	};
	if ((record->flags & RECORD_EXPIRING) != 0) {
		if (record->seconds == 0 || record->seconds > UINT32_MAX)
			return damaged(replay, decoded->at,
				       "a row's expiry is impossible", error);
		entry->expires_at_s = (uint32_t)record->seconds;
	}
	/* Whether the table has seen an explicit timestamp may be told only by
	 * a record that is still to come. */
	if (entry->is_tombstone && record->seconds <= UINT32_MAX)
		entry->expires_at_s = (uint32_t)record->seconds;
	if (record->timestamp_us == INT64_MIN)
		return damaged(replay, decoded->at, "a timestamp is impossible",
			       error);
	if (record->lsn > UINT64_MAX / 2)
		return damaged(replay, decoded->at, "an LSN is impossible",
			       error);
	return 0;
}

static int
replay_record(struct replay *replay, const struct buffer_header *header,
	      const struct decoded *decoded, struct error *error)
{
	const struct record *record = &decoded->record;
	struct location at = decoded->at;
	struct index_entry entry;
	struct table *table;
	int status = make_entry(replay, header, decoded, &entry, error);

	if (status == 0 && record->table == ENGINE_TABLE_REGISTRY)
		status = replay_registry_row(replay, record, at, error);
	else if (status == 0 && record->table == ENGINE_TABLE_FREED)
		status = note_freed(replay, header, record, at, error);
	if (status == 0)
		status = find_table(replay, record->table, at, &table, error);
	if (status < 0)
		return status;
	replay->records++;
	if (!table->is_dropping)
		return replay_version(replay, table, &entry, record->lsn,
				      error);
	segment_manager_add_dead_record(&replay->engine->segments, at);
	if (record->lsn > replay->last_lsn)
		replay->last_lsn = record->lsn;
	return 0;
}

/* Rows of one table that isn't ours. */
static int
replay_rows(struct replay *replay, const struct buffer_header *header,
	    const struct decoded *decoded, size_t count, struct error *error)
{
	struct index_entry entries[REPLAY_STEP];
	uint64_t lsns[REPLAY_STEP];
	struct table *table;
	int status = 0;

	for (size_t i = 0; i < count && status == 0; i++) {
		status = make_entry(replay, header, &decoded[i], &entries[i],
				    error);
		lsns[i] = decoded[i].record.lsn;
	}
	if (status == 0)
		status = find_table(replay, decoded->record.table, decoded->at,
				    &table, error);
	if (status < 0)
		return status;
	replay->records += count;
	return replay_versions(replay, table, entries, lsns, count, error);
}

/* ---- buffers ---- */

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

/* How many of them, from the first one on, may be replayed together. */
static int
count_rows(struct replay *replay, const struct decoded *decoded, int count)
{
	uint32_t id = decoded->record.table;
	const struct table *table =
		table_registry_find(&replay->engine->tables, id);
	int rows = 1;

	if (id < ENGINE_TABLE_FIRST || (table != NULL && table->is_dropping))
		return 1;
	while (rows < count && decoded[rows].record.table == id)
		rows++;
	return rows;
}

static int
replay_some(struct replay *replay, const struct buffer_header *header,
	    const struct decoded *decoded, int count, struct error *error)
{
	int status = 0;

	while (count > 0 && status == 0) {
		int rows = count_rows(replay, decoded, count);

		if (rows == 1)
			status = replay_record(replay, header, decoded, error);
		else
			status = replay_rows(replay, header, decoded,
					     (size_t)rows, error);
		decoded += rows;
		count -= rows;
	}
	return status;
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

	while (done < end) {
		int count = decode_some(replay, header, bytes, &done, decoded,
					error);
		int status = count < 0 ? count :
					 replay_some(replay, header, decoded,
						     count, error);

		if (status < 0)
			return status;
		records += (uint32_t)count;
		last_flags = decoded[count - 1].record.flags;
	}
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
	struct decoded decoded = {
		.record = *record,
		.at = at,
		.hash = engine_hash_key(replay->engine, record->key),
	};

	return replay_record(replay, header, &decoded, error);
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
