/* SPDX-License-Identifier: MIT */
#include "storage/recovery/log_scan.h"

#include "storage/format/format.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { CHUNK_SIZE = 1 << 20, CHUNKS = 4 };

struct chunk {
	struct io_operation operation;
	uint8_t *data;
	uint32_t segment; /* the first */
	uint32_t count;   /* segments; 0: not in use */
	bool is_in_flight;
};

struct log_reader {
	const struct segment_manager *segments;
	const uint32_t *list;
	uint32_t list_count;
	uint32_t next; /* in the list, to read */
	struct chunk chunks[CHUNKS];
	unsigned first; /* oldest chunk in use */
	unsigned count; /* chunks in use */
};

static void
on_chunk_done(struct io_operation *operation)
{
	CONTAINER_OF(operation, struct chunk, operation)->is_in_flight = false;
}

/* Neighbours that are read at once: never across files. */
static uint32_t
chunk_segments(const struct log_reader *reader)
{
	const struct segment_manager *segments = reader->segments;
	const uint32_t *list = reader->list + reader->next;
	uint32_t left = reader->list_count - reader->next;
	uint32_t most = CHUNK_SIZE / segments->segment_size;
	uint32_t in_file =
		segments->file_segments - list[0] % segments->file_segments;
	uint32_t count = 1;

	if (most > in_file)
		most = in_file;
	if (most > left)
		most = left;
	while (count < most && list[count] == list[0] + count)
		count++;
	return count;
}

static bool
submit_chunk(struct log_reader *reader)
{
	const struct segment_manager *segments = reader->segments;
	struct chunk *chunk =
		&reader->chunks[(reader->first + reader->count) % CHUNKS];
	struct segment_place place =
		segment_manager_place(segments, reader->list[reader->next], 0);
	void *data;

	if (chunk->data == NULL) {
		if (posix_memalign(&data, IO_ALIGNMENT, CHUNK_SIZE) != 0)
			return false;
		chunk->data = data;
	}
	chunk->segment = reader->list[reader->next];
	chunk->count = chunk_segments(reader);
	chunk->is_in_flight = true;
	chunk->operation = (struct io_operation){
		.kind = IO_READ,
		.file = place.file,
		.offset = place.offset,
		.data = chunk->data,
		.size = (size_t)chunk->count * segments->segment_size,
		.on_done = on_chunk_done,
	};
	chunk->operation.is_direct =
		chunk->operation.size >= IO_DIRECT_SIZE_MIN;
	reader->next += chunk->count;
	reader->count++;
	segments->io->methods->submit(segments->io, &chunk->operation);
	return true;
}

static int
wait_for_chunk(const struct log_reader *reader, const struct chunk *chunk,
	       struct error *error)
{
	struct io *io = reader->segments->io;
	int status = io_wait(io, &chunk->is_in_flight);
	int64_t result;

	if (status < 0)
		return io_error(io, status, "wait for", NULL, IO_NO_OFFSET,
				error);
	result = chunk->operation.result;
	if (result >= 0 && (size_t)result != chunk->operation.size)
		result = -EIO;
	if (result < 0)
		return segment_manager_io_error(reader->segments, (int)result,
						"read", chunk->segment, 0,
						error);
	return 0;
}

static int
visit_chunk(const struct log_reader *reader, const struct chunk *chunk,
	    log_scan_visit *visit, void *context, struct error *error)
{
	uint32_t segment_size = reader->segments->segment_size;

	for (uint32_t i = 0; i < chunk->count; i++) {
		int status = visit(context, chunk->segment + i,
				   chunk->data + (size_t)i * segment_size,
				   error);

		if (status != 0)
			return status;
	}
	return 0;
}

/* Keeps the disk busy while we are.  What is broken here is met again by those
 * who wait. */
static bool
read_ahead(struct log_reader *reader)
{
	struct io *io = reader->segments->io;
	bool is_new = false;

	while (reader->next < reader->list_count && reader->count < CHUNKS) {
		if (!submit_chunk(reader))
			return false;
		is_new = true;
	}
	if (is_new)
		(void)io->methods->poll(io, 0);
	return true;
}

static int
run(struct log_reader *reader, log_scan_visit *visit, void *context,
    struct error *error)
{
	while (reader->next < reader->list_count || reader->count > 0) {
		struct chunk *chunk = &reader->chunks[reader->first];
		int status;

		if (!read_ahead(reader))
			return error_no_memory(error);
		status = wait_for_chunk(reader, chunk, error);
		if (status == 0)
			status = visit_chunk(reader, chunk, visit, context,
					     error);
		if (status != 0)
			return status;
		reader->first = (reader->first + 1) % CHUNKS;
		reader->count--;
	}
	return 0;
}

/* The kernel may still be writing into the chunks' memory, and the operations
 * are the reader's: where it never lets go, all of that is lost. */
static void
finish(struct log_reader *reader)
{
	struct io *io = reader->segments->io;

	for (unsigned i = 0; i < CHUNKS; i++) {
		if (io_wait(io, &reader->chunks[i].is_in_flight) < 0)
			return;
	}
	for (unsigned i = 0; i < CHUNKS; i++)
		free(reader->chunks[i].data);
	free(reader);
}

int
log_scan(const struct segment_manager *segments, const uint32_t *list,
	 uint32_t count, log_scan_visit *visit, void *context,
	 struct error *error)
{
	struct log_reader *reader = calloc(1, sizeof(*reader));
	int status;

	if (reader == NULL)
		return error_no_memory(error);
	assert(segments->segment_size <= CHUNK_SIZE);
	reader->segments = segments;
	reader->list = list;
	reader->list_count = count;
	status = run(reader, visit, context, error);
	finish(reader);
	return status;
}
