/* SPDX-License-Identifier: MIT
 *
 * Point reads.  What is still in a write buffer is copied from there, what the
 * cache holds from the cache; only for the other keys the index is asked, which
 * answers for those that are absent, deleted or expired.  For the rest one
 * exact read a key goes out, all of them in flight together.  Each round over
 * the keys brings nearer in memory what the next one touches.
 *
 * What the cache holds is the newest settled version, so a hit needs no index.
 * A record that was read from the disk goes into the cache if the index still
 * says then that it stands there: otherwise it may have been superseded. */
#include "storage/engine.h"

#include "storage/format/run.h"
#include "storage/reading/read_state.h"

#include <assert.h>

/* ---- answers ---- */

static void
set_absent(struct engine_row *row, uint64_t lsn)
{
	row->state = ENGINE_ROW_ABSENT;
	row->token = 0;
	row->timestamp_us = 0;
	row->expires_at_s = 0;
	row->lsn = lsn;
	row->value = SLICE_NULL;
}

static void
set_found(struct engine *engine, struct engine_row *row,
	  const struct index_entry *entry, uint64_t lsn)
{
	row->state = engine_is_live(engine, entry) ? ENGINE_ROW_LIVE :
						     ENGINE_ROW_DELETED;
	row->token = entry->token;
	row->timestamp_us = entry->timestamp_us;
	/* A tombstone's is something else. */
	row->expires_at_s = entry->is_tombstone ? 0 : entry->expires_at_s;
	row->lsn = lsn;
	row->value = SLICE_NULL;
}

/* An answer that shows that a table is gone waits for the drop. */
static uint64_t
drop_lsn_of(struct engine *engine, uint32_t table)
{
	struct table *found = table_registry_find(&engine->tables, table);

	return found == NULL ? 0 : found->drop_lsn;
}

void
engine_find(struct engine *engine, uint32_t table, struct slice key,
	    struct engine_row *row)
{
	struct table *found = engine_find_table(engine, table);
	struct key_hash hash = engine_hash_key(engine, key);
	const struct pending *pending;
	struct index_entry entry;

	if (found == NULL) {
		set_absent(row, drop_lsn_of(engine, table));
		return;
	}
	pending = pending_map_find(&engine->pending, found, hash.token,
				   hash.fingerprint);
	if (pending != NULL)
		set_found(engine, row, &pending->entry, pending->lsn);
	else if (primary_index_find(found->index, hash.token,
				    hash.fingerprint, &entry))
		set_found(engine, row, &entry, 0);
	else
		set_absent(row, 0);
}

/* ---- what is in memory ---- */

static void
hash_keys(struct engine *engine, struct table *table,
	  struct engine_read *read)
{
	struct key_hash *hashes = read->state->hashes;

	for (size_t i = 0; i < read->count; i++) {
		hashes[i] = engine_hash_key(engine, read->rows[i].key);
		if (engine->cache != NULL)
			record_cache_prefetch(engine->cache, table->id,
					      hashes[i].fingerprint, 0);
	}
	/* A single key has nothing to do meanwhile. */
	for (size_t i = 0; i < read->count && read->count > 1 &&
			   engine->cache != NULL; i++)
		record_cache_prefetch(engine->cache, table->id,
				      hashes[i].fingerprint, 1);
}

static const uint8_t *
pending_bytes(const struct pending *pending)
{
	const struct write_buffer *buffer = pending->buffer;

	return buffer->data + (pending->entry.location.offset - buffer->offset);
}

static struct slice
value_of(const uint8_t *bytes, uint32_t size)
{
	struct record record;
	uint32_t decoded = record_decode(bytes, size, &record);

	assert(decoded == size);
	(void)decoded;
	return record.value;
}

/* The value is borrowed from the buffer until copy_values; that of a run has
 * gaps there, and is left out.  Returns the bytes that it takes. */
static size_t
set_pending(struct engine *engine, struct engine_row *row,
	    const struct pending *pending)
{
	uint32_t segment_size = engine->segments.segment_size;
	struct location at = pending->entry.location;

	set_found(engine, row, &pending->entry, pending->lsn);
	if (row->state != ENGINE_ROW_LIVE)
		return 0;
	if (run_parts(segment_size, at.size) > 1)
		return run_extent(segment_size, at);
	row->value = value_of(pending_bytes(pending), at.size);
	return row->value.size;
}

/* The value is borrowed from the cache until copy_values.  False when the
 * cache doesn't have the row, or has one that has expired since: the index may
 * know more of those. */
static bool
find_cached(struct engine *engine, uint32_t table, struct key_hash hash,
	    struct engine_row *row)
{
	struct record record;
	const uint8_t *bytes;
	uint32_t size;

	if (engine->cache == NULL)
		return false;
	bytes = record_cache_find(engine->cache, table, hash.token,
				  hash.fingerprint, &size);
	if (bytes == NULL || record_decode(bytes, size, &record) != size ||
	    !slice_is_equal(record.key, row->key))
		return false;
	row->expires_at_s = 0;
	if ((record.flags & RECORD_EXPIRING) != 0) {
		if (record.seconds <= engine_now_s(engine))
			return false;
		row->expires_at_s = (uint32_t)record.seconds;
	}
	row->state = ENGINE_ROW_LIVE;
	row->token = hash.token;
	row->timestamp_us = record.timestamp_us;
	row->lsn = 0;
	row->value = record.value;
	engine->counters.cache_hits++;
	return true;
}

/* Answers what can be answered from memory, lists the other keys, and returns
 * the bytes of all values found. */
static size_t
look_into_memory(struct engine *engine, struct table *table,
		 struct engine_read *read)
{
	struct engine_read_state *state = read->state;
	size_t bytes = 0;

	for (size_t i = 0; i < read->count; i++) {
		struct engine_row *row = &read->rows[i];
		struct key_hash hash = state->hashes[i];
		const struct pending *pending = NULL;

		if (engine->pending.count > 0)
			pending = pending_map_find(&engine->pending, table,
						   hash.token,
						   hash.fingerprint);
		if (pending != NULL) {
			bytes += set_pending(engine, row, pending);
		} else if (find_cached(engine, table->id, hash, row)) {
			bytes += row->value.size;
		} else {
			size_t unknown = state->unknown_count++;

			state->unknown_rows[unknown] = i;
			state->entries[unknown].token = hash.token;
			state->entries[unknown].fingerprint =
				hash.fingerprint;
			row->value = SLICE_NULL;
		}
	}
	return bytes;
}

static size_t
copy_pending_run(struct engine *engine, const struct table *table,
		 struct key_hash hash, struct engine_row *row, uint8_t *to)
{
	const struct pending *pending = pending_map_find(
		&engine->pending, table, hash.token, hash.fingerprint);
	struct location at = pending->entry.location;
	uint32_t segment_size = engine->segments.segment_size;
	uint32_t extent = run_extent(segment_size, at);

	memcpy(to, pending_bytes(pending), extent);
	run_gather(to, segment_size, at);
	row->value = value_of(to, at.size);
	return extent;
}

/* Values leave the memory of others; returns the bytes used. */
static size_t
copy_values(struct engine *engine, const struct table *table,
	    struct engine_read *read, uint8_t *to)
{
	size_t used = 0;

	for (size_t i = 0; i < read->count; i++) {
		struct engine_row *row = &read->rows[i];
		struct slice *value = &row->value;

		if (!slice_is_null(*value)) {
			memcpy(to + used, value->data, value->size);
			value->data = to + used;
			used += value->size;
		} else if (row->state == ENGINE_ROW_LIVE && row->lsn != 0) {
			used += copy_pending_run(engine, table,
						 read->state->hashes[i], row,
						 to + used);
		}
	}
	return used;
}

/* ---- what is on the disk ---- */

static uint32_t
extent_of(const struct engine *engine, const struct index_entry *entry)
{
	return run_extent(engine->segments.segment_size, entry->location);
}

/* Asks the index for the keys that are left; returns the bytes to read. */
static size_t
ask_index(struct engine *engine, struct table *table,
	  struct engine_read *read)
{
	struct engine_read_state *state = read->state;
	struct index_entry *entries = state->entries;
	size_t bytes = 0;

	if (state->unknown_count == 1)
		state->is_found[0] = primary_index_find(
			table->index, entries[0].token,
			entries[0].fingerprint, &entries[0]);
	else
		primary_index_find_many(table->index, entries, state->is_found,
					state->unknown_count);
	for (size_t i = 0; i < state->unknown_count; i++) {
		struct engine_row *row = &read->rows[state->unknown_rows[i]];

		if (!state->is_found[i]) {
			set_absent(row, 0);
			continue;
		}
		set_found(engine, row, &entries[i], 0);
		if (row->state == ENGINE_ROW_LIVE)
			bytes += extent_of(engine, &entries[i]);
	}
	return bytes;
}

static void
on_read_done(struct io_operation *operation)
{
	struct read_operation *read =
		CONTAINER_OF(operation, struct read_operation, operation);
	struct engine_read_state *state = read->state;

	segment_manager_unpin(&state->engine->segments, read->location);
	state->in_flight--;
}

static void
submit_read(struct engine *engine, struct engine_read_state *state,
	    size_t unknown, uint8_t *to)
{
	const struct index_entry *entry = &state->entries[unknown];
	struct location at = entry->location;
	struct segment_place place = segment_manager_place(
		&engine->segments, at.segment, at.offset);
	struct read_operation *read =
		&state->operations[state->operation_count++];

	*read = (struct read_operation){
		.operation = { .kind = IO_READ,
			       .file = place.file,
			       .offset = place.offset,
			       .data = to,
			       .size = extent_of(engine, entry),
			       .on_done = on_read_done },
		.state = state,
		.location = at,
		.segment_seed = segment_manager_seed(&engine->segments,
						     at.segment),
		.unknown = unknown,
	};
	segment_manager_pin(&engine->segments, at);
	state->in_flight++;
	engine->counters.cache_misses++;
	engine->counters.device_reads++;
	engine->io->methods->submit(engine->io, &read->operation);
}

static void
submit_reads(struct engine *engine, struct engine_read *read, uint8_t *to)
{
	struct engine_read_state *state = read->state;

	for (size_t i = 0; i < state->unknown_count; i++) {
		if (read->rows[state->unknown_rows[i]].state !=
		    ENGINE_ROW_LIVE)
			continue;
		submit_read(engine, state, i, to);
		to += extent_of(engine, &state->entries[i]);
	}
}

/* The cache takes the record unless the key has changed, or moved, while it was
 * being read. */
static void
fill_cache(struct engine *engine, uint32_t table,
	   const struct index_entry *entry, const struct read_operation *done)
{
	struct table *found = engine_find_table(engine, table);
	struct index_entry now;

	if (engine->cache == NULL || found == NULL ||
	    !primary_index_find(found->index, entry->token,
				entry->fingerprint, &now) ||
	    now.location.segment != entry->location.segment ||
	    now.location.offset != entry->location.offset ||
	    segment_manager_seed(&engine->segments, now.location.segment) !=
		    done->segment_seed)
		return;
	record_cache_put(engine->cache, table, entry->token,
			 entry->fingerprint, done->operation.data,
			 entry->location.size);
}

static int
finish_record(struct engine *engine, struct engine_read *read,
	      struct read_operation *done, struct error *error)
{
	const struct index_entry *entry = &read->state->entries[done->unknown];
	struct engine_row *row =
		&read->rows[read->state->unknown_rows[done->unknown]];
	struct location at = entry->location;
	int64_t result = done->operation.result;
	uint8_t *bytes = done->operation.data;
	struct record record;
	int status;

	if (result < 0)
		return segment_manager_io_error(&engine->segments, (int)result,
						"read", at.segment, at.offset,
						error);
	if ((size_t)result != done->operation.size)
		return segment_manager_damaged(&engine->segments, at.segment,
					       at.offset,
					       "the file ends there", error);
	if (!done->is_gathered)
		run_gather(bytes, engine->segments.segment_size, at);
	done->is_gathered = true;
	status = engine_verify_record_of(engine, read->table, entry,
					 done->segment_seed, bytes, &record,
					 error);
	if (status < 0)
		return status;
	if (!slice_is_equal(record.key, row->key))
		return segment_manager_damaged(&engine->segments, at.segment,
					       at.offset,
					       "another record stands there",
					       error);
	row->value = record.value;
	fill_cache(engine, read->table, entry, done);
	return 0;
}

static int
finish_records(struct engine *engine, struct engine_read *read,
	       struct error *error)
{
	struct engine_read_state *state = read->state;

	while (state->finished_count < state->operation_count) {
		int status = finish_record(
			engine, read,
			&state->operations[state->finished_count], error);

		if (status < 0)
			return status;
		state->finished_count++;
	}
	return 0;
}

/* ---- the door ---- */

static int
start_read(struct engine *engine, struct engine_read *read,
	   struct error *error)
{
	struct table *table = engine_find_table(engine, read->table);
	struct engine_read_state *state = read->state;
	size_t needed;

	if (table == NULL) {
		for (size_t i = 0; i < read->count; i++)
			set_absent(&read->rows[i],
				   drop_lsn_of(engine, read->table));
		return 0;
	}
	hash_keys(engine, table, read);
	needed = look_into_memory(engine, table, read);
	if (state->unknown_count > 0)
		needed += ask_index(engine, table, read);
	if (!read_state_reserve(state, needed))
		return error_no_memory(error);
	needed = copy_values(engine, table, read, state->bytes);
	if (state->unknown_count > 0)
		submit_reads(engine, read, state->bytes + needed);
	return 0;
}

int
engine_read(struct engine *engine, struct engine_read *read,
	    struct error *error)
{
	struct engine_read_state *state = read->state;
	int status = 0;

	if (read->count == 0)
		return 0;
	if (state == NULL) {
		state = read_state_take(engine, read->count);
		if (state == NULL)
			return error_no_memory(error);
		read->state = state;
		status = start_read(engine, read, error);
	}
	if (status < 0) {
		engine_read_finish(engine, read);
		return status;
	}
	if (state->in_flight > 0)
		return ENGINE_PENDING;
	if (state->is_complete)
		return 0;
	/* An error is reported in full each time it is asked for. */
	status = finish_records(engine, read, error);
	state->is_complete = status == 0;
	return status;
}

void
engine_read_finish(struct engine *engine, struct engine_read *read)
{
	struct engine_read_state *state = read->state;
	unsigned failures = 0;

	read->state = NULL;
	if (state == NULL)
		return;
	while (state->in_flight > 0) {
		/* The kernel may still write there: lost, not freed. */
		if (io_poll_patiently(engine->io, &failures) < 0)
			return;
	}
	read_state_give_back(engine, state);
}
