/* SPDX-License-Identifier: MIT */
#include "storage/segments/segment_growth.h"

#include "storage/segments/segment_manager.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ZEROS_SIZE = 1 << 20 };

static uint32_t
file_segment_count(const struct segment_manager *manager, uint32_t number)
{
	return number < manager->file_count ?
		       manager->files[number].segment_count :
		       0;
}

static uint64_t
segments_allowed(const struct segment_manager *manager)
{
	if (manager->size_max == 0)
		return UINT32_MAX;
	return manager->size_max / manager->segment_size +
	       (manager->growth.is_beyond ? SEGMENT_RESERVE : 0);
}

/* Segments of the next step: as many as there are, within bounds, up to the
 * end of the file and of what is allowed. */
static uint32_t
step_size(const struct segment_manager *manager, uint32_t first)
{
	uint32_t count = manager->segment_count;
	uint64_t allowed = segments_allowed(manager);

	if (count < SEGMENT_STEP_MIN)
		count = SEGMENT_STEP_MIN;
	if (count > SEGMENT_STEP_MAX)
		count = SEGMENT_STEP_MAX;
	if (count > manager->file_segments - first)
		count = manager->file_segments - first;
	if (allowed < manager->segment_count)
		allowed = manager->segment_count;
	if (count > allowed - manager->segment_count)
		count = (uint32_t)(allowed - manager->segment_count);
	if (count > INDEX_SEGMENTS_MAX - 1 - manager->segment_count)
		count = INDEX_SEGMENTS_MAX - 1 - manager->segment_count;
	return count;
}

static void
fail(struct segment_manager *manager, int negative_errno)
{
	struct growth *growth = &manager->growth;

	growth->state = GROWTH_FAILED;
	growth->failure = negative_errno;
	growth->is_told = false;
	growth->failed_us = manager->io->methods->monotonic_us(manager->io);
	free(growth->zeros);
	growth->zeros = NULL;
}

static void
close_growing_file(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;

	if (growth->file != NULL)
		manager->io->methods->close(manager->io, growth->file);
	growth->file = NULL;
}

void
segment_growth_finish(struct segment_manager *manager)
{
	close_growing_file(manager);
	free(manager->growth.zeros);
	manager->growth.zeros = NULL;
}

/* A crash may have left a file that wasn't counted yet.  One that has a segment
 * was found by the opening: that one is somebody else's. */
static int
open_begun_file(struct segment_manager *manager, const char *name)
{
	struct io *io = manager->io;
	struct growth *growth = &manager->growth;
	uint64_t size;
	int status = io->methods->open(io, name, IO_SPARING, &growth->file);

	if (status < 0)
		return status;
	status = io->methods->size(io, growth->file, &size);
	if (status == 0 && size >= manager->segment_size)
		status = -EEXIST;
	if (status < 0)
		close_growing_file(manager);
	return status;
}

/* The step is written through a handle that isn't O_DSYNC: one sync at its end
 * is enough. */
static int
open_growing_file(struct segment_manager *manager, uint32_t number)
{
	struct io *io = manager->io;
	struct growth *growth = &manager->growth;
	char name[SEGMENT_FILE_NAME_SIZE];
	int status;

	if (growth->file != NULL && growth->number == number)
		return 0;
	close_growing_file(manager);
	segment_file_name(number, name);
	growth->is_new_file = number == manager->file_count;
	growth->number = number;
	status = io->methods->open(io, name,
				   growth->is_new_file ?
					   IO_CREATE | IO_SPARING :
					   0,
				   &growth->file);
	if (status == -EEXIST)
		status = open_begun_file(manager, name);
	if (status < 0)
		growth->file = NULL;
	return status;
}

static int
allocate_zeros(struct growth *growth)
{
	void *zeros;

	if (growth->zeros != NULL)
		return 0;
	if (posix_memalign(&zeros, IO_ALIGNMENT, ZEROS_SIZE) != 0)
		return -ENOMEM;
	memset(zeros, 0, ZEROS_SIZE);
	growth->zeros = zeros;
	return 0;
}

static void
on_growth_done(struct io_operation *operation)
{
	CONTAINER_OF(operation, struct growth, operation)->is_in_flight = false;
}

static void
submit(struct segment_manager *manager, enum io_kind kind,
       struct io_file *file, uint64_t offset, size_t size)
{
	struct growth *growth = &manager->growth;

	growth->operation = (struct io_operation){
		.kind = kind,
		.file = file,
		.offset = offset,
		.data = kind == IO_WRITE ? growth->zeros : NULL,
		.size = size,
		.on_done = on_growth_done,
	};
	growth->is_in_flight = true;
	manager->io->methods->submit(manager->io, &growth->operation);
}

static void
submit_zeros(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;
	uint64_t start = (uint64_t)growth->first * manager->segment_size;
	uint64_t left = (uint64_t)growth->count * manager->segment_size -
			growth->written;

	submit(manager, IO_WRITE, growth->file, start + growth->written,
	       left < growth->piece ? (size_t)left : growth->piece);
}

static bool
is_lack_of_descriptors(int negative_errno)
{
	return negative_errno == -EMFILE || negative_errno == -ENFILE;
}

static bool
is_lack_of_room(int negative_errno)
{
	return negative_errno == 0 || negative_errno == -ENOSPC ||
	       negative_errno == -EDQUOT || negative_errno == -ENOMEM ||
	       is_lack_of_descriptors(negative_errno);
}

/* A step that there isn't room for, with all that belongs to it, is halved. */
static int
settle_count(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;
	int status = 0;

	growth->count = step_size(manager, growth->first);
	while (growth->count > 0 && manager->before_growth != NULL) {
		status = manager->before_growth(manager->before_growth_context,
						growth->count);
		if (status == 0 || !is_lack_of_room(status))
			break;
		growth->count /= 2;
	}
	return status;
}

static void
start(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;
	uint32_t number = manager->file_count == 0 ? 0 :
						     manager->file_count - 1;
	int status;

	if (file_segment_count(manager, number) == manager->file_segments)
		number++;
	growth->first = file_segment_count(manager, number);
	if (growth->number != number)
		close_growing_file(manager);
	growth->number = number;
	status = settle_count(manager);
	growth->written = 0;
	growth->piece = ZEROS_SIZE;
	if (growth->count == 0 || status < 0) {
		fail(manager, status);
		return;
	}
	status = open_growing_file(manager, number);
	if (status == 0)
		status = allocate_zeros(growth);
	if (status < 0) {
		fail(manager, status);
		return;
	}
	growth->state = GROWTH_WRITING;
	submit_zeros(manager);
}

void
segment_growth_start(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;

	if (growth->state == GROWTH_IDLE ||
	    (growth->state == GROWTH_FAILED &&
	     is_lack_of_room(growth->failure)))
		start(manager);
}

/* A failure is told at least once before it is forgotten: who asks seldom
 * would otherwise wait for one attempt after the other.  A database that has
 * reached its maximum stays there. */
static bool
may_retry(const struct segment_manager *manager)
{
	const struct growth *growth = &manager->growth;
	int64_t now_us = manager->io->methods->monotonic_us(manager->io);

	return growth->is_told && growth->failure != 0 &&
	       is_lack_of_room(growth->failure) &&
	       now_us - growth->failed_us >= SEGMENT_RETRY_US;
}

int
segment_growth_demand(struct segment_manager *manager, struct error *error)
{
	struct growth *growth = &manager->growth;

	if (growth->state != GROWTH_FAILED || may_retry(manager))
		segment_growth_start(manager);
	if (growth->state != GROWTH_FAILED)
		return 0;
	growth->is_told = true;
	return segment_growth_error(manager, error);
}

bool
segment_growth_has_failed(const struct segment_manager *manager)
{
	return manager->growth.state == GROWTH_FAILED;
}

bool
segment_growth_go_beyond(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;

	if (growth->is_beyond || growth->state != GROWTH_FAILED ||
	    growth->failure != 0)
		return false;
	growth->is_beyond = true;
	start(manager);
	return growth->state != GROWTH_FAILED;
}

/* The step's segments, or those that still had room, are on the disk. */
static void
publish(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;

	manager->files[growth->number].segment_count += growth->count;
	segment_manager_add_free(manager, growth->count);
	growth->last_count = growth->count;
	growth->state = GROWTH_IDLE;
	free(growth->zeros);
	growth->zeros = NULL;
	if (manager->files[growth->number].segment_count ==
	    manager->file_segments)
		close_growing_file(manager);
}

static void
zeros_written(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;
	uint64_t whole = (uint64_t)growth->count * manager->segment_size;

	growth->written += growth->operation.size;
	manager->zero_bytes_written += growth->operation.size;
	if (growth->written < whole) {
		submit_zeros(manager);
		return;
	}
	growth->state = GROWTH_SYNCING;
	submit(manager, IO_SYNC, growth->file, 0, 0);
}

/* The disk is full in the middle of a step: whatever still fits is used, down
 * to single segments. */
static void
zeros_failed(struct segment_manager *manager, int negative_errno)
{
	struct growth *growth = &manager->growth;
	uint32_t count = (uint32_t)(growth->written / manager->segment_size);
	uint32_t tried =
		(uint32_t)(growth->operation.size / manager->segment_size);
	bool has_no_room = is_lack_of_room(negative_errno);

	if (has_no_room && tried > 1) {
		growth->piece = tried / 2 * manager->segment_size;
		submit_zeros(manager);
		return;
	}
	if (!has_no_room || count == 0) {
		fail(manager, negative_errno);
		return;
	}
	growth->count = count;
	growth->state = GROWTH_SYNCING;
	submit(manager, IO_SYNC, growth->file, 0, 0);
}

static void
step_synced(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;

	if (!segment_manager_reserve(manager, manager->file_count,
				     manager->segment_count + growth->count)) {
		fail(manager, -ENOMEM);
		return;
	}
	if (growth->is_new_file)
		growth->state = GROWTH_RECORDING;
	else
		publish(manager);
}

static void
operation_done(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;
	int64_t result = growth->operation.result;

	if (growth->state == GROWTH_WRITING && result >= 0 &&
	    (size_t)result != growth->operation.size)
		result = -EIO;
	if (growth->state == GROWTH_WRITING) {
		if (result < 0)
			zeros_failed(manager, (int)result);
		else
			zeros_written(manager);
	} else if (result < 0) {
		fail(manager, (int)result);
	} else {
		assert(growth->state == GROWTH_SYNCING);
		step_synced(manager);
	}
}

/* Those that will be free soon count. */
static bool
is_low(const struct segment_manager *manager)
{
	uint32_t low = SEGMENT_RESERVE + manager->growth.last_count / 4;

	return manager->free_count + manager->freeing_count +
		       manager->dead.count <=
	       low;
}

void
segment_growth_step(struct segment_manager *manager, bool may_start)
{
	struct growth *growth = &manager->growth;

	switch (growth->state) {
	case GROWTH_IDLE:
		if (may_start && is_low(manager))
			start(manager);
		break;
	case GROWTH_WRITING:
	case GROWTH_SYNCING:
		if (!growth->is_in_flight)
			operation_done(manager);
		break;
	case GROWTH_RECORDING:
	case GROWTH_FAILED:
		break;
	}
}

void
segment_growth_recorded(struct segment_manager *manager, int status)
{
	struct growth *growth = &manager->growth;
	struct io *io = manager->io;
	char name[SEGMENT_FILE_NAME_SIZE];
	struct io_file *file;

	assert(growth->state == GROWTH_RECORDING);
	segment_file_name(growth->number, name);
	if (status == 0 &&
	    !segment_manager_reserve(manager, growth->number + 1,
				     manager->segment_count))
		status = -ENOMEM;
	if (status == 0)
		status = io->methods->open(io, name, manager->file_flags,
					   &file);
	if (status < 0) {
		fail(manager, status);
		return;
	}
	manager->files[growth->number] = (struct segment_file){ .file = file };
	manager->file_count++;
	growth->is_new_file = false;
	publish(manager);
}

int
segment_growth_error(const struct segment_manager *manager,
		     struct error *error)
{
	const struct growth *growth = &manager->growth;
	bool has_descriptors = !is_lack_of_descriptors(growth->failure);
	char name[SEGMENT_FILE_NAME_SIZE];
	char reason[64];
	int status;

	assert(growth->state == GROWTH_FAILED);
	if (growth->failure == 0) {
		status = error_set(error, ERROR_FULL,
				   "database full: its segment files have "
				   "reached the configured maximum of %" PRIu64
				   " bytes",
				   manager->size_max);
		error_hint(error, "delete rows, or open it with a larger "
				  "maximum");
		return status;
	}
	segment_file_name(growth->number, name);
	if (!is_lack_of_room(growth->failure))
		return io_error(manager->io, growth->failure, "extend", name,
				IO_NO_OFFSET, error);
	status = error_set(error, ERROR_FULL, "%s full: cannot %s %s/%s: %s",
			   has_descriptors ? "disk" : "database",
			   has_descriptors ? "extend" : "make",
			   manager->io->methods->path(manager->io), name,
			   strerror_r(-growth->failure, reason,
				      sizeof(reason)));
	error_hint(error, has_descriptors ?
				  "free some space and try again; deletions "
				  "still work" :
				  "allow the process more open files, two for "
				  "each of the database's; deletions still "
				  "work");
	return status;
}
