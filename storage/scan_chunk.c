/* SPDX-License-Identifier: MIT */
#include "storage/scan_chunk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
	/* Reading what lies between two records costs less than a second
	 * read, up to about this. */
	GAP_MAX = 8 << 10,
	MERGED_MAX = 256 << 10,
	POLL_FAILURES_MAX = 1000
};

void
scan_chunk_finish(struct scan_chunk *chunk)
{
	int failures = 0;

	while (chunk->in_flight > 0) {
		if (chunk->engine->io->methods->poll(chunk->engine->io, -1) >=
		    0)
			continue;
		/* The kernel may still write there: lost, not freed. */
		if (++failures == POLL_FAILURES_MAX)
			return;
	}
	free(chunk->bytes);
	chunk->bytes = NULL;
	chunk->bytes_capacity = 0;
}

void
scan_chunk_clear(struct scan_chunk *chunk)
{
	assert(chunk->in_flight == 0);
	chunk->count = 0;
	chunk->read_count = 0;
	chunk->is_verified = false;
}

void
scan_chunk_add(struct scan_chunk *chunk, const struct index_entry *entry)
{
	assert(chunk->count < SCAN_CHUNK_ENTRIES);
	chunk->rows[chunk->count++] = (struct scan_row){ .entry = *entry };
}

/* ---- reading ---- */

static int
compare_locations(const void *a, const void *b)
{
	const struct location *left = &((const struct scan_row *)a)->entry.location;
	const struct location *right =
		&((const struct scan_row *)b)->entry.location;

	if (left->segment != right->segment)
		return left->segment < right->segment ? -1 : 1;
	if (left->offset != right->offset)
		return left->offset < right->offset ? -1 : 1;
	return 0;
}

static void
on_chunk_read(struct io_operation *operation)
{
	CONTAINER_OF(operation, struct scan_read, operation)
		->chunk->in_flight--;
}

/* Whether a record is near enough behind a read to become a part of it. */
static bool
is_neighbour(const struct scan_read *read, struct location next)
{
	uint32_t end = read->location.offset + read->location.size;

	return next.segment == read->location.segment && next.offset >= end &&
	       next.offset - end <= GAP_MAX &&
	       next.offset + next.size - read->location.offset <= MERGED_MAX;
}

/* Rows are in the order of their places: one read for those in a row. */
static size_t
plan_reads(struct scan_chunk *chunk)
{
	size_t bytes = 0;

	for (size_t i = 0; i < chunk->count; i++) {
		struct location at = chunk->rows[i].entry.location;
		struct scan_read *read;

		if (chunk->read_count > 0) {
			read = &chunk->reads[chunk->read_count - 1];
			if (is_neighbour(read, at)) {
				bytes -= read->location.size;
				read->location.size = at.offset + at.size -
						      read->location.offset;
				bytes += read->location.size;
				continue;
			}
		}
		chunk->reads[chunk->read_count++] =
			(struct scan_read){ .chunk = chunk, .location = at };
		bytes += at.size;
	}
	return bytes;
}

static bool
allocate(struct scan_chunk *chunk, size_t size)
{
	if (size <= chunk->bytes_capacity)
		return true;
	free(chunk->bytes);
	chunk->bytes_capacity = 0;
	chunk->bytes = malloc(size);
	if (chunk->bytes == NULL)
		return false;
	chunk->bytes_capacity = size;
	return true;
}

static void
submit(struct scan_chunk *chunk, struct scan_read *read, uint8_t *to)
{
	struct engine *engine = chunk->engine;
	struct location at = read->location;
	struct segment_place place = segment_manager_place(
		&engine->segments, at.segment, at.offset);

	read->operation = (struct io_operation){
		.kind = IO_READ,
		.file = place.file,
		.offset = place.offset,
		.data = to,
		.size = at.size,
		.on_done = on_chunk_read,
	};
	chunk->in_flight++;
	engine->counters.device_reads++;
	engine->io->methods->submit(engine->io, &read->operation);
}

static bool
is_inside(const struct scan_row *row, struct location read)
{
	struct location at = row->entry.location;

	return at.segment == read.segment && at.offset >= read.offset &&
	       at.offset - read.offset < read.size;
}

int
scan_chunk_start(struct scan_chunk *chunk, struct error *error)
{
	size_t row = 0, used = 0;

	if (chunk->count > 1)
		qsort(chunk->rows, chunk->count, sizeof(*chunk->rows),
		      compare_locations);
	if (!allocate(chunk, plan_reads(chunk))) {
		chunk->read_count = 0;
		return error_no_memory(error);
	}
	for (size_t i = 0; i < chunk->read_count; i++) {
		struct scan_read *read = &chunk->reads[i];
		struct location at = read->location;

		while (row < chunk->count && is_inside(&chunk->rows[row], at)) {
			chunk->rows[row].bytes =
				chunk->bytes + used +
				(chunk->rows[row].entry.location.offset -
				 at.offset);
			row++;
		}
		submit(chunk, read, chunk->bytes + used);
		used += at.size;
	}
	assert(row == chunk->count);
	return 0;
}

/* ---- verifying ---- */

static int
check_reads(const struct scan_chunk *chunk, struct error *error)
{
	for (size_t i = 0; i < chunk->read_count; i++) {
		const struct scan_read *read = &chunk->reads[i];
		int64_t result = read->operation.result;

		if (result >= 0 && (size_t)result != read->operation.size)
			result = -EIO;
		if (result < 0)
			return segment_manager_io_error(
				&chunk->engine->segments, (int)result, "read",
				read->location.segment, read->location.offset,
				error);
	}
	return 0;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct scan_row *left = a, *right = b;

	if (left->entry.token != right->entry.token)
		return left->entry.token < right->entry.token ? -1 : 1;
	return slice_compare(left->key, right->key);
}

int
scan_chunk_complete(struct scan_chunk *chunk, struct error *error)
{
	int status;

	if (chunk->in_flight > 0)
		return ENGINE_PENDING;
	if (chunk->is_verified)
		return 0;
	status = check_reads(chunk, error);
	for (size_t i = 0; i < chunk->count && status == 0; i++) {
		struct scan_row *row = &chunk->rows[i];
		struct record record;

		status = engine_verify_record(chunk->engine, chunk->table,
					      &row->entry, row->bytes, &record,
					      error);
		if (status == 0) {
			row->key = record.key;
			row->value = record.value;
		}
	}
	if (status < 0)
		return status;
	if (chunk->count > 1)
		qsort(chunk->rows, chunk->count, sizeof(*chunk->rows),
		      compare_rows);
	chunk->is_verified = true;
	return 0;
}
