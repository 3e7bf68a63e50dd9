/* SPDX-License-Identifier: MIT
 *
 * Reads are planned by address: what the offset were if all segments stood in
 * one file, so that records of neighbouring segments are neighbours too.
 * After a table's rows have been separated, those of a chunk fill segments
 * that hold hardly anything else, and few large reads fetch them. */
#include "storage/reading/scan_chunk.h"

#include "storage/format/run.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	/* A group of 16 MiB and what its rows take here, or two smaller
	 * ones; less where segments are small. */
	BYTES_MAX = 28 << 20,
	SEGMENTS_MAX = 224,
	ROWS_FIRST = 64,
	READS_FIRST = 16,
	READS_MAX = 1024,
	/* Reading what lies between two records costs less than a second
	 * read, up to about this. */
	GAP_MAX = 4 << 10,
	MERGED_MAX = 1 << 20,
	ROWS_AHEAD = 4,
	LINE_SIZE = 64
};

/* ---- memory ---- */

struct scan_chunk *
scan_chunk_create(struct engine *engine, uint32_t table)
{
	struct scan_chunk *chunk = calloc(1, sizeof(*chunk));

	if (chunk == NULL)
		return NULL;
	chunk->engine = engine;
	chunk->table = table;
	return chunk;
}

static void
forget_places(struct scan_chunk *chunk)
{
	free(chunk->places);
	chunk->places = NULL;
}

void
scan_chunk_destroy(struct scan_chunk *chunk)
{
	unsigned failures = 0;

	if (chunk == NULL)
		return;
	while (chunk->in_flight > 0) {
		/* The kernel may still write there: lost, not freed. */
		if (io_poll_patiently(chunk->engine->io, &failures) < 0)
			return;
	}
	forget_places(chunk);
	free(chunk->rows);
	free(chunk->reads);
	free(chunk->bytes);
	free(chunk);
}

size_t
scan_chunk_bytes_max(const struct engine *engine)
{
	size_t segments = (size_t)SEGMENTS_MAX * engine->segments.segment_size;

	return segments < BYTES_MAX ? segments : BYTES_MAX;
}

size_t
scan_chunk_row_bytes(const struct index_entry *entry)
{
	return sizeof(struct scan_row) + entry->location.size;
}

void
scan_chunk_clear(struct scan_chunk *chunk)
{
	assert(chunk->in_flight == 0);
	forget_places(chunk);
	chunk->count = 0;
	chunk->read_count = 0;
	chunk->bytes_needed = 0;
	chunk->has_runs = false;
	chunk->has_equal_tokens = false;
	chunk->is_ready = false;
}

bool
scan_chunk_add(struct scan_chunk *chunk, const struct index_entry *entry)
{
	if (chunk->count == chunk->capacity) {
		size_t capacity = chunk->capacity == 0 ? ROWS_FIRST :
							 2 * chunk->capacity;
		struct scan_row *rows =
			realloc(chunk->rows, capacity * sizeof(*rows));

		if (rows == NULL)
			return false;
		chunk->rows = rows;
		chunk->capacity = capacity;
	}
	if (chunk->count > 0 &&
	    chunk->rows[chunk->count - 1].token == entry->token)
		chunk->has_equal_tokens = true;
	chunk->rows[chunk->count++] = (struct scan_row){
		.token = entry->token,
		.fingerprint = entry->fingerprint,
		.timestamp_us = entry->timestamp_us,
		.location = entry->location,
		.expires_at_s = entry->expires_at_s,
	};
	return true;
}

void
scan_chunk_truncate(struct scan_chunk *chunk, size_t count)
{
	assert(count <= chunk->count);
	chunk->count = count;
}

/* ---- planning ---- */

static uint64_t
address_of(const struct engine *engine, struct location at)
{
	return (uint64_t)at.segment * engine->segments.segment_size +
	       at.offset;
}

static uint32_t
segment_at(const struct engine *engine, uint64_t address)
{
	return (uint32_t)(address / engine->segments.segment_size);
}

/* The address of the end of the file with ${segment}. */
static uint64_t
file_end(const struct engine *engine, uint32_t segment)
{
	const struct segment_manager *segments = &engine->segments;
	uint64_t files = segment / segments->file_segments + 1;

	return files * segments->file_segments * segments->segment_size;
}

static unsigned
segment_bits(const struct engine *engine)
{
	return (unsigned)__builtin_ctz(engine->segments.segment_size);
}

static bool
order_rows(struct scan_chunk *chunk)
{
	struct scan_place *places =
		malloc((2 * chunk->count + 1) * sizeof(*places));

	forget_places(chunk);
	if (places == NULL)
		return false;
	for (size_t i = 0; i < chunk->count; i++)
		places[i] = (struct scan_place){
			.place = address_of(chunk->engine,
					    chunk->rows[i].location),
			.row = (uint32_t)i,
		};
	scan_order_sort(places, places + chunk->count, chunk->count,
			segment_bits(chunk->engine));
	chunk->places = places;
	return true;
}

static struct scan_read *
add_read(struct scan_chunk *chunk)
{
	if (chunk->read_count == chunk->read_capacity) {
		size_t capacity = chunk->read_capacity == 0 ?
					  READS_FIRST :
					  2 * chunk->read_capacity;
		struct scan_read *reads =
			realloc(chunk->reads, capacity * sizeof(*reads));

		if (reads == NULL)
			return NULL;
		chunk->reads = reads;
		chunk->read_capacity = capacity;
	}
	return &chunk->reads[chunk->read_count++];
}

/* Whether what is at ${address} is near enough behind a read to become a part
 * of it. */
static bool
is_neighbour(const struct scan_read *read, uint64_t address, uint64_t size)
{
	uint64_t end = read->start + read->size;

	return address >= end && address - end <= GAP_MAX &&
	       address < read->limit &&
	       address + size - read->start <= MERGED_MAX;
}

static bool
is_too_scattered(const struct scan_chunk *chunk)
{
	size_t most = scan_chunk_bytes_max(chunk->engine);

	return chunk->count > 1 && (chunk->read_count > READS_MAX ||
				    chunk->bytes_needed > most + most / 4);
}

/* One more record, in the order of places. */
static bool
plan_record(struct scan_chunk *chunk, struct location at)
{
	uint64_t address = address_of(chunk->engine, at);
	uint64_t size = run_extent(chunk->engine->segments.segment_size, at);
	struct scan_read *read =
		chunk->read_count == 0 ? NULL :
					 &chunk->reads[chunk->read_count - 1];

	if (size != at.size)
		chunk->has_runs = true;
	if (read != NULL && is_neighbour(read, address, size)) {
		uint64_t grown = address + size - read->start;

		chunk->bytes_needed += grown - read->size;
		read->size = grown;
		return true;
	}
	read = add_read(chunk);
	if (read == NULL)
		return false;
	read->chunk = chunk;
	read->start = address;
	read->size = size;
	read->limit = file_end(chunk->engine, at.segment);
	chunk->bytes_needed += size;
	return true;
}

int
scan_chunk_plan(struct scan_chunk *chunk, struct error *error)
{
	chunk->read_count = 0;
	chunk->bytes_needed = 0;
	if (!order_rows(chunk))
		return error_no_memory(error);
	for (size_t i = 0; i < chunk->count; i++) {
		struct location at = chunk->rows[chunk->places[i].row].location;

		if (!plan_record(chunk, at)) {
			chunk->read_count = 0;
			return error_no_memory(error);
		}
		if (is_too_scattered(chunk))
			return SCAN_CHUNK_SCATTERED;
	}
	return SCAN_CHUNK_FITS;
}

/* ---- reading ---- */

/* The segments that a read touches, gaps included. */
static void
pin_read(const struct scan_read *read, bool is_pinned)
{
	struct engine *engine = read->chunk->engine;
	struct location at = { 0 };
	uint32_t last = segment_at(engine, read->start + read->size - 1);

	for (at.segment = segment_at(engine, read->start); at.segment <= last;
	     at.segment++) {
		if (is_pinned)
			segment_manager_pin(&engine->segments, at);
		else
			segment_manager_unpin(&engine->segments, at);
	}
}

static void
on_chunk_read(struct io_operation *operation)
{
	struct scan_read *read =
		CONTAINER_OF(operation, struct scan_read, operation);

	pin_read(read, false);
	read->chunk->in_flight--;
}

static void
submit(struct scan_chunk *chunk, struct scan_read *read, uint8_t *to)
{
	struct engine *engine = chunk->engine;
	uint32_t segment_size = engine->segments.segment_size;
	struct segment_place place = segment_manager_place(
		&engine->segments, segment_at(engine, read->start),
		(uint32_t)(read->start % segment_size));

	read->operation = (struct io_operation){
		.kind = IO_READ,
		.file = place.file,
		.offset = place.offset,
		.data = to,
		.size = read->size,
		.on_done = on_chunk_read,
	};
	pin_read(read, true);
	chunk->in_flight++;
	engine->counters.device_reads++;
	engine->io->methods->submit(engine->io, &read->operation);
}

static bool
allocate(struct scan_chunk *chunk, size_t size)
{
	if (size <= chunk->bytes_capacity)
		return true;
	free(chunk->bytes);
	chunk->bytes_capacity = 0;
	/* The next chunk may be a little larger. */
	size += size / 8;
	chunk->bytes = malloc(size);
	if (chunk->bytes == NULL)
		return false;
	chunk->bytes_capacity = size;
	return true;
}

/* Tells each row where it will stand, and of which life it is. */
static void
place_rows(struct scan_chunk *chunk)
{
	const struct scan_read *read = chunk->reads;
	uint8_t *bytes = chunk->bytes;
	uint32_t segment = SEGMENT_NONE;
	uint64_t seed = 0;

	for (size_t i = 0; i < chunk->count; i++) {
		struct scan_row *row = &chunk->rows[chunk->places[i].row];
		uint64_t address = chunk->places[i].place;

		while (address >= read->start + read->size) {
			bytes += read->size;
			read++;
		}
		if (row->location.segment != segment) {
			segment = row->location.segment;
			seed = segment_manager_seed(&chunk->engine->segments,
						    segment);
		}
		row->bytes = bytes + (address - read->start);
		row->segment_seed = seed;
	}
}

int
scan_chunk_start(struct scan_chunk *chunk, struct error *error)
{
	uint8_t *to;

	if (!allocate(chunk, chunk->bytes_needed)) {
		chunk->read_count = 0;
		return error_no_memory(error);
	}
	place_rows(chunk);
	forget_places(chunk);
	to = chunk->bytes;
	for (size_t i = 0; i < chunk->read_count; i++) {
		submit(chunk, &chunk->reads[i], to);
		to += chunk->reads[i].size;
	}
	return 0;
}

/* ---- rows ---- */

static int
check_reads(const struct scan_chunk *chunk, struct error *error)
{
	const struct engine *engine = chunk->engine;

	for (size_t i = 0; i < chunk->read_count; i++) {
		const struct scan_read *read = &chunk->reads[i];
		int64_t result = read->operation.result;

		if (result >= 0 && (size_t)result != read->operation.size)
			result = -EIO;
		if (result < 0)
			return segment_manager_io_error(
				&engine->segments, (int)result, "read",
				segment_at(engine, read->start),
				(uint32_t)(read->start %
					   engine->segments.segment_size),
				error);
	}
	return 0;
}

static void
prefetch_row(const struct scan_chunk *chunk, size_t row)
{
	if (row >= chunk->count)
		return;
	__builtin_prefetch(chunk->rows[row].bytes);
	__builtin_prefetch(chunk->rows[row].bytes + LINE_SIZE);
}

int
scan_chunk_row(const struct scan_chunk *chunk, size_t row,
	       struct record *record, struct error *error)
{
	const struct scan_row *wanted = &chunk->rows[row];
	struct index_entry entry = {
		.token = wanted->token,
		.fingerprint = wanted->fingerprint,
		.location = wanted->location,
	};

	prefetch_row(chunk, row + ROWS_AHEAD);
	return engine_verify_record_of(chunk->engine, chunk->table, &entry,
				       wanted->segment_seed, wanted->bytes,
				       record, error);
}

/* Of a record that was verified. */
static struct slice
key_of(const struct scan_row *row)
{
	struct record record = { 0 };

	(void)record_decode(row->bytes, row->location.size, &record);
	return record.key;
}

static int
compare_keys(const void *a, const void *b)
{
	return slice_compare(key_of(a), key_of(b));
}

static int
sort_equal_tokens(struct scan_chunk *chunk, size_t first, size_t count,
		  struct error *error)
{
	struct record record;
	int status = 0;

	for (size_t i = first; i < first + count && status == 0; i++)
		status = scan_chunk_row(chunk, i, &record, error);
	if (status == 0)
		qsort(&chunk->rows[first], count, sizeof(chunk->rows[0]),
		      compare_keys);
	return status;
}

/* They are rare, unless somebody has crafted them. */
static int
sort_rows(struct scan_chunk *chunk, struct error *error)
{
	size_t first = 0;
	int status = 0;

	for (size_t i = 1; i <= chunk->count && status == 0; i++) {
		if (i < chunk->count &&
		    chunk->rows[i].token == chunk->rows[first].token)
			continue;
		if (i - first > 1)
			status = sort_equal_tokens(chunk, first, i - first,
						   error);
		first = i;
	}
	return status;
}

static void
gather_runs(struct scan_chunk *chunk)
{
	uint32_t segment_size = chunk->engine->segments.segment_size;

	for (size_t i = 0; i < chunk->count; i++)
		run_gather(chunk->rows[i].bytes, segment_size,
			   chunk->rows[i].location);
}

int
scan_chunk_complete(struct scan_chunk *chunk, struct error *error)
{
	int status;

	if (chunk->in_flight > 0)
		return ENGINE_PENDING;
	if (!chunk->is_ready) {
		status = check_reads(chunk, error);
		if (status < 0)
			return status;
		if (chunk->has_runs)
			gather_runs(chunk);
		chunk->is_ready = true;
	}
	return chunk->has_equal_tokens ? sort_rows(chunk, error) : 0;
}
