/* SPDX-License-Identifier: MIT
 *
 * The part of CHECK that reads segments, many at once, pinned so that none is
 * used again meanwhile, and has each judged against what is in memory at that
 * moment, if it is still in the life that was read. */
#include "storage/verify/verify_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is in flight ---- */

static void
pin(struct engine_check *check, uint32_t first, uint32_t count, bool is_pinned)
{
	struct segment_manager *segments = &check->engine->segments;

	for (uint32_t i = 0; i < count; i++) {
		struct location at = { first + i, FORMAT_HEADER_SIZE,
				       RECORD_SIZE_MIN };

		if (is_pinned)
			segment_manager_pin(segments, at);
		else
			segment_manager_unpin(segments, at);
	}
}

bool
verify_finish_segments(struct engine_check *check)
{
	struct io *io = check->engine->io;

	/* The kernel lets go of our memory; a broken io may not. */
	for (unsigned i = 0; i < CHECK_READS; i++) {
		if (io_wait(io, &check->reads[i].is_in_flight) < 0)
			return false;
	}
	if (io_wait(io, &check->is_run_in_flight) < 0)
		return false;
	for (unsigned i = 0; i < CHECK_READS; i++)
		free(check->reads[i].data);
	free(check->run_data);
	return true;
}

/* ---- reading segments ---- */

/* Who checks may not come back for long: nothing must wait for that. */
static void
on_read_done(struct io_operation *operation)
{
	struct check_read *read =
		CONTAINER_OF(operation, struct check_read, operation);

	read->is_in_flight = false;
	pin(read->check, read->segment, read->count, false);
}

/* Neighbours of one file, from the next one on that holds anything. */
static bool
choose_segments(struct engine_check *check, struct check_read *read)
{
	const struct segment_manager *segments = &check->engine->segments;
	uint32_t most = CHECK_READ_SIZE / segments->segment_size;

	read->count = 0;
	while (check->next_segment < check->segment_count &&
	       read->count < most) {
		uint32_t segment = check->next_segment;
		uint32_t limit = check_place_limit(check->engine, segment);

		if (read->count > 0 &&
		    (limit == 0 || segment % segments->file_segments == 0))
			break;
		check->next_segment++;
		if (limit == 0)
			continue;
		if (read->count == 0)
			read->segment = segment;
		read->limits[read->count] = limit;
		read->lives[read->count] =
			segments->segments[segment].sequence;
		read->count++;
	}
	return read->count > 0;
}

static int
submit_read(struct engine_check *check, struct check_read *read,
	    struct error *error)
{
	struct segment_manager *segments = &check->engine->segments;
	struct segment_place place =
		segment_manager_place(segments, read->segment, 0);
	void *data;

	if (read->data == NULL) {
		if (posix_memalign(&data, IO_ALIGNMENT, CHECK_READ_SIZE) != 0)
			return error_no_memory(error);
		read->data = data;
	}
	read->operation = (struct io_operation){
		.kind = IO_READ,
		.file = place.file,
		.offset = place.offset,
		.data = read->data,
		.size = (size_t)read->count * segments->segment_size,
		.on_done = on_read_done,
	};
	read->check = check;
	read->is_in_flight = true;
	pin(check, read->segment, read->count, true);
	check->count++;
	segments->io->methods->submit(segments->io, &read->operation);
	return 0;
}

static int
read_ahead(struct engine_check *check, struct error *error)
{
	while (check->count < CHECK_READS) {
		unsigned next = (check->first + check->count) % CHECK_READS;
		struct check_read *read = &check->reads[next];
		int status;

		if (!choose_segments(check, read))
			return 0;
		status = submit_read(check, read, error);
		if (status < 0)
			return status;
	}
	return 0;
}

static void
add_unreadable(struct engine_check *check, uint32_t segment, int64_t result)
{
	char what[CHECK_WHAT_SIZE];

	snprintf(what, sizeof(what), "it can't be read there: %s",
		 strerror((int)-result));
	check_faults_add(&check->faults, segment, 0, what);
}

/* Some segment of a large read can't be read: which? */
static void
read_one(struct engine_check *check, struct check_read *read, uint32_t i)
{
	const struct segment_manager *segments = &check->engine->segments;
	uint32_t size = segments->segment_size;
	struct segment_place place =
		segment_manager_place(segments, read->segment + i, 0);
	int64_t got = io_read_now(segments->io, place.file, place.offset,
				  read->data + (size_t)i * size, size);

	if (got >= 0 && (uint64_t)got != size)
		got = -EIO;
	if (got < 0) {
		add_unreadable(check, read->segment + i, got);
		read->limits[i] = 0;
	}
}

/* ---- judging segments ---- */

static void
on_run_done(struct io_operation *operation)
{
	struct engine_check *check =
		CONTAINER_OF(operation, struct engine_check, run_operation);

	check->is_run_in_flight = false;
	pin(check, check->run_segment, check->run, false);
}

/* A run that begins at ${segment} is whole in memory, too? */
static bool
is_run_there(const struct engine_check *check, uint32_t segment,
	     uint32_t parts)
{
	const struct segment_manager *segments = &check->engine->segments;

	if (parts > segments->segment_count - segment ||
	    segment % segments->file_segments + parts >
		    segments->file_segments)
		return false;
	for (uint32_t i = 0; i < parts; i++) {
		if (segments->segments[segment + i].kind != BUFFER_PART ||
		    check_place_limit(check->engine, segment + i) == 0)
			return false;
	}
	return true;
}

static int
begin_run(struct engine_check *check, uint32_t segment, uint32_t parts,
	  struct error *error)
{
	struct segment_manager *segments = &check->engine->segments;
	struct segment_place place =
		segment_manager_place(segments, segment, 0);
	size_t size = (size_t)parts * segments->segment_size;

	if (!is_run_there(check, segment, parts)) {
		check_faults_add(&check->faults, segment, 0,
				 "a part of a run is missing");
		return 0;
	}
	check->run_data = malloc(size);
	if (check->run_data == NULL)
		return error_no_memory(error);
	check->run = parts;
	check->run_segment = segment;
	check->run_operation = (struct io_operation){
		.kind = IO_READ,
		.file = place.file,
		.offset = place.offset,
		.data = check->run_data,
		.size = size,
		.on_done = on_run_done,
	};
	check->is_run_in_flight = true;
	check->run_life = segments->segments[segment].sequence;
	pin(check, segment, parts, true);
	segments->io->methods->submit(segments->io, &check->run_operation);
	return 0;
}

static void
end_run(struct engine_check *check)
{
	int64_t result = check->run_operation.result;

	if (result >= 0 && (size_t)result != check->run_operation.size)
		result = -EIO;
	if (result < 0)
		add_unreadable(check, check->run_segment, result);
	else if (is_run_there(check, check->run_segment, check->run) &&
		 check->engine->segments.segments[check->run_segment]
				 .sequence == check->run_life)
		check_run(check->engine, check->run_segment, check->run,
			  check->run_data, &check->faults);
	free(check->run_data);
	check->run_data = NULL;
	check->run = 0;
}

/* One segment of the oldest read. */
static int
judge_segment(struct engine_check *check, struct check_read *read,
	      struct error *error)
{
	struct engine *engine = check->engine;
	const struct segment_manager *segments = &engine->segments;
	uint32_t i = check->at++;
	uint32_t segment = read->segment + i;
	const uint8_t *bytes =
		read->data + (size_t)i * segments->segment_size;
	uint32_t parts = 0;

	/* It may have been freed since it was read. */
	if (read->limits[i] == 0 ||
	    segments->segments[segment].sequence != read->lives[i] ||
	    check_place_limit(engine, segment) == 0)
		return 0;
	check_place(engine, segment, bytes, read->limits[i], &parts,
		    &check->faults);
	return parts > 0 ? begin_run(check, segment, parts, error) : 0;
}

static void
judge_result(struct engine_check *check, struct check_read *read)
{
	int64_t result = read->operation.result;

	if (check->at > 0 ||
	    (result >= 0 && (size_t)result == read->operation.size))
		return;
	for (uint32_t i = 0; i < read->count; i++)
		read_one(check, read, i);
}

static void
end_read(struct engine_check *check)
{
	check->first = (check->first + 1) % CHECK_READS;
	check->count--;
	check->at = 0;
}

/* Free segments hold nothing. */
static void
check_free_segments(struct engine_check *check)
{
	const struct segment_manager *segments = &check->engine->segments;

	for (uint32_t i = 0; i < segments->segment_count; i++) {
		if (segments->segments[i].state == SEGMENT_FREE &&
		    segments->segments[i].live_bytes > 0)
			check_faults_add(&check->faults, i, 0,
					 "an index points into a free "
					 "segment");
	}
}

int
verify_step_segments(struct engine_check *check, struct error *error)
{
	struct check_read *read = &check->reads[check->first];
	int status = read_ahead(check, error);

	if (status < 0)
		return status;
	if (check->is_run_in_flight)
		return ENGINE_PENDING;
	if (check->run > 0) {
		end_run(check);
		return 0;
	}
	if (check->count == 0) {
		check_free_segments(check);
		check->phase = CHECK_CHECKPOINTS;
		return 0;
	}
	if (read->is_in_flight)
		return ENGINE_PENDING;
	judge_result(check, read);
	if (check->at < read->count)
		return judge_segment(check, read, error);
	end_read(check);
	return ENGINE_PENDING;
}
