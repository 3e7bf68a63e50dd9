/* SPDX-License-Identifier: MIT
 *
 * Point reads.  All keys are looked up first, with prefetching; what is still
 * in a write buffer is copied from there, what is absent, deleted or expired
 * is answered by the index, and for the rest one exact read a key goes out,
 * all of them in flight together.  A read's memory is kept for the next one,
 * so that a steady stream of reads allocates nothing. */
#include "storage/engine.h"

#include "storage/engine_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	KEPT_READS_MAX = 4,
	KEPT_KEYS_MAX = 1024,
	KEPT_BYTES_MAX = 256 << 10,
	POLL_FAILURES_MAX = 1000
};

struct read_operation {
	struct io_operation operation;
	struct engine_read_state *state;
	size_t row;
};

struct engine_read_state {
	struct engine_read_state *next; /* among the free ones */
	size_t capacity;                /* keys */
	struct index_entry *entries;
	bool *is_found;
	const struct pending **pending;
	struct read_operation *operations;
	size_t operation_count;
	size_t in_flight;
	bool is_complete;
	uint8_t *bytes;
	size_t bytes_capacity;
};

/* ---- memory ---- */

static void
free_state(struct engine_read_state *state)
{
	free(state->entries);
	free(state->is_found);
	free(state->pending);
	free(state->operations);
	free(state->bytes);
	free(state);
}

void
engine_free_reads(struct engine *engine)
{
	while (engine->free_reads != NULL) {
		struct engine_read_state *state = engine->free_reads;

		engine->free_reads = state->next;
		free_state(state);
	}
}

static bool
allocate_keys(struct engine_read_state *state, size_t count)
{
	if (count <= state->capacity)
		return true;
	free(state->entries);
	free(state->is_found);
	free(state->pending);
	free(state->operations);
	state->capacity = 0;
	state->entries = calloc(count, sizeof(*state->entries));
	state->is_found = calloc(count, sizeof(*state->is_found));
	state->pending = calloc(count, sizeof(*state->pending));
	state->operations = calloc(count, sizeof(*state->operations));
	if (state->entries == NULL || state->is_found == NULL ||
	    state->pending == NULL || state->operations == NULL)
		return false;
	state->capacity = count;
	return true;
}

static bool
allocate_bytes(struct engine_read_state *state, size_t size)
{
	if (size <= state->bytes_capacity && state->bytes != NULL)
		return true;
	free(state->bytes);
	state->bytes_capacity = 0;
	state->bytes = malloc(size < 4096 ? 4096 : size);
	if (state->bytes == NULL)
		return false;
	state->bytes_capacity = size < 4096 ? 4096 : size;
	return true;
}

static struct engine_read_state *
take_state(struct engine *engine, size_t count)
{
	struct engine_read_state *state = engine->free_reads;

	if (state != NULL)
		engine->free_reads = state->next;
	else
		state = calloc(1, sizeof(*state));
	if (state == NULL)
		return NULL;
	if (!allocate_keys(state, count)) {
		free_state(state);
		return NULL;
	}
	state->operation_count = 0;
	state->in_flight = 0;
	state->is_complete = false;
	return state;
}

static void
give_state_back(struct engine *engine, struct engine_read_state *state)
{
	size_t kept = 0;

	for (const struct engine_read_state *other = engine->free_reads;
	     other != NULL; other = other->next)
		kept++;
	if (kept >= KEPT_READS_MAX || state->capacity > KEPT_KEYS_MAX ||
	    state->bytes_capacity > KEPT_BYTES_MAX) {
		free_state(state);
		return;
	}
	state->next = engine->free_reads;
	engine->free_reads = state;
}

/* ---- looking up ---- */

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

static void
look_up(struct engine *engine, struct table *table, struct engine_read *read)
{
	struct engine_read_state *state = read->state;

	for (size_t i = 0; i < read->count; i++) {
		struct key_hash hash =
			engine_hash_key(engine, read->rows[i].key);

		state->entries[i].token = hash.token;
		state->entries[i].fingerprint = hash.fingerprint;
		state->pending[i] = NULL;
		if (engine->pending.count > 0)
			state->pending[i] = pending_map_find(
				&engine->pending, table, hash.token,
				hash.fingerprint);
	}
	if (read->count == 1)
		state->is_found[0] = primary_index_find(
			table->index, state->entries[0].token,
			state->entries[0].fingerprint, &state->entries[0]);
	else
		primary_index_find_many(table->index, state->entries,
					state->is_found, read->count);
}

/* ---- records ---- */

static void
on_read_done(struct io_operation *operation)
{
	CONTAINER_OF(operation, struct read_operation, operation)
		->state->in_flight--;
}

/* Bytes of memory that a row needs; 0 when its answer has no value. */
static size_t
bytes_of(struct engine *engine, struct engine_read *read, size_t i)
{
	const struct engine_read_state *state = read->state;
	struct engine_row *row = &read->rows[i];

	if (state->pending[i] != NULL)
		set_found(engine, row, &state->pending[i]->entry,
			  state->pending[i]->lsn);
	else if (state->is_found[i])
		set_found(engine, row, &state->entries[i], 0);
	else
		set_absent(row, 0);
	if (row->state != ENGINE_ROW_LIVE)
		return 0;
	return state->pending[i] != NULL ?
		       state->pending[i]->entry.location.size :
		       state->entries[i].location.size;
}

static void
copy_pending(struct engine_row *row, const struct pending *pending,
	     uint8_t *to)
{
	struct location at = pending->entry.location;
	struct record record;
	uint32_t size;

	memcpy(to, pending->buffer->data + (at.offset - pending->buffer->offset),
	       at.size);
	size = record_decode(to, at.size, &record);
	assert(size == at.size);
	(void)size;
	row->value = record.value;
}

static void
submit_read(struct engine *engine, struct engine_read_state *state, size_t row,
	    uint8_t *to)
{
	struct location at = state->entries[row].location;
	struct segment_place place = segment_manager_place(
		&engine->segments, at.segment, at.offset);
	struct read_operation *read =
		&state->operations[state->operation_count++];

	*read = (struct read_operation){
		.operation = { .kind = IO_READ,
			       .file = place.file,
			       .offset = place.offset,
			       .data = to,
			       .size = at.size,
			       .on_done = on_read_done },
		.state = state,
		.row = row,
	};
	state->in_flight++;
	engine->counters.device_reads++;
	engine->io->methods->submit(engine->io, &read->operation);
}

static int
start_records(struct engine *engine, struct engine_read *read,
	      struct error *error)
{
	struct engine_read_state *state = read->state;
	size_t needed = 0, used = 0;

	for (size_t i = 0; i < read->count; i++)
		needed += bytes_of(engine, read, i);
	if (!allocate_bytes(state, needed))
		return error_no_memory(error);
	for (size_t i = 0; i < read->count; i++) {
		if (read->rows[i].state != ENGINE_ROW_LIVE)
			continue;
		if (state->pending[i] != NULL) {
			copy_pending(&read->rows[i], state->pending[i],
				     state->bytes + used);
			used += state->pending[i]->entry.location.size;
			continue;
		}
		submit_read(engine, state, i, state->bytes + used);
		used += state->entries[i].location.size;
	}
	assert(used <= needed);
	return 0;
}

static int
finish_record(struct engine *engine, struct engine_read *read,
	      const struct read_operation *done, struct error *error)
{
	const struct index_entry *entry = &read->state->entries[done->row];
	struct engine_row *row = &read->rows[done->row];
	int64_t result = done->operation.result;
	struct record record;
	int status;

	if (result < 0)
		return segment_manager_io_error(
			&engine->segments, (int)result, "read",
			entry->location.segment, entry->location.offset,
			error);
	if ((size_t)result != done->operation.size)
		return segment_manager_damaged(
			&engine->segments, entry->location.segment,
			entry->location.offset, "the file ends there", error);
	status = engine_verify_record(engine, read->table, entry,
				      done->operation.data, &record, error);
	if (status < 0)
		return status;
	if (!slice_is_equal(record.key, row->key))
		return segment_manager_damaged(
			&engine->segments, entry->location.segment,
			entry->location.offset,
			"another record stands there", error);
	row->value = record.value;
	return 0;
}

static int
finish_records(struct engine *engine, struct engine_read *read,
	       struct error *error)
{
	struct engine_read_state *state = read->state;

	for (size_t i = 0; i < state->operation_count; i++) {
		int status = finish_record(engine, read,
					   &state->operations[i], error);

		if (status < 0)
			return status;
	}
	return 0;
}

/* ---- counting ---- */

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
		uint64_t drop_lsn = drop_lsn_of(engine, table);

		*lsn = drop_lsn > *lsn ? drop_lsn : *lsn;
		return 0;
	}
	for (uint32_t i = 0; i < writer->count; i++) {
		const struct write_buffer *buffer =
			&writer->ring[(writer->first + i) % writer->ring_size];

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

/* ---- the door ---- */

static int
start_read(struct engine *engine, struct engine_read *read,
	   struct error *error)
{
	struct table *table = engine_find_table(engine, read->table);

	if (table == NULL) {
		for (size_t i = 0; i < read->count; i++)
			set_absent(&read->rows[i],
				   drop_lsn_of(engine, read->table));
		read->state->is_complete = true;
		return 0;
	}
	look_up(engine, table, read);
	return start_records(engine, read, error);
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
		state = take_state(engine, read->count);
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
	int failures = 0;

	read->state = NULL;
	if (state == NULL)
		return;
	while (state->in_flight > 0) {
		if (engine->io->methods->poll(engine->io, -1) >= 0)
			continue;
		/* The kernel may still write there: lost, not freed. */
		if (++failures == POLL_FAILURES_MAX)
			return;
	}
	give_state_back(engine, state);
}
