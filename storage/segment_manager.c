/* SPDX-License-Identifier: MIT */
#include "storage/segment_manager.h"

#include "storage/format.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
segment_manager_finish(struct segment_manager *manager)
{
	struct io *io = manager->io;

	for (uint32_t i = 0; i < manager->file_count; i++)
		io->methods->close(io, manager->files[i].file);
	if (manager->growth.file != NULL)
		io->methods->close(io, manager->growth.file);
	free(manager->growth.zeros);
	free(manager->files);
	free(manager->segments);
	*manager = (struct segment_manager){ 0 };
}

/* ---- names ---- */

void
segment_file_name(uint32_t number, char name[SEGMENT_FILE_NAME_SIZE])
{
	snprintf(name, SEGMENT_FILE_NAME_SIZE, "00-%06" PRIu32 ".segments",
		 number);
}

static bool
parse_digits(const char **at, size_t least, size_t most, uint32_t *number)
{
	size_t count = 0;
	uint64_t value = 0;

	while (count < most && **at >= '0' && **at <= '9') {
		value = value * 10 + (uint64_t)(**at - '0');
		(*at)++;
		count++;
	}
	*number = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
	return count >= least;
}

bool
segment_file_parse_name(const char *name, uint32_t *shard, uint32_t *number)
{
	const char *at = name;

	if (!parse_digits(&at, 2, 2, shard) || *at++ != '-' ||
	    !parse_digits(&at, 6, 10, number))
		return false;
	return strcmp(at, ".segments") == 0;
}

/* ---- room for what is known of files and segments ---- */

static bool
reserve_files(struct segment_manager *manager, uint32_t count)
{
	uint32_t capacity = manager->file_capacity == 0 ?
				    8 :
				    manager->file_capacity * 2;
	struct segment_file *files;

	if (count <= manager->file_capacity)
		return true;
	files = realloc(manager->files, capacity * sizeof(*files));
	if (files == NULL)
		return false;
	manager->files = files;
	manager->file_capacity = capacity;
	return true;
}

static bool
reserve_segments(struct segment_manager *manager, uint32_t count)
{
	uint64_t capacity = manager->segment_capacity;
	struct segment *segments;

	if (count <= capacity)
		return true;
	capacity = capacity * 2 > count ? capacity * 2 : count;
	segments = realloc(manager->segments,
			   (size_t)capacity * sizeof(*segments));
	if (segments == NULL)
		return false;
	memset(segments + manager->segment_capacity, 0,
	       (size_t)(capacity - manager->segment_capacity) *
		       sizeof(*segments));
	manager->segments = segments;
	manager->segment_capacity = (uint32_t)capacity;
	return true;
}

/* ---- opening ---- */

static int
check_size(const struct segment_manager *manager, uint64_t size, bool is_last,
	   const char *name, struct error *error)
{
	uint64_t whole =
		(uint64_t)manager->file_segments * manager->segment_size;

	if (size > whole || (size < whole && !is_last))
		return error_set(error, ERROR_CORRUPT,
				 "%s/%s is damaged: it has %" PRIu64
				 " bytes instead of %" PRIu64,
				 manager->io->methods->path(manager->io), name,
				 size, whole);
	return 0;
}

int
segment_manager_open_file(struct segment_manager *manager, bool is_last,
			  struct error *error)
{
	struct io *io = manager->io;
	uint32_t number = manager->file_count;
	uint32_t count;
	char name[SEGMENT_FILE_NAME_SIZE];
	struct io_file *file;
	uint64_t size;
	int status;

	segment_file_name(number, name);
	status = io->methods->open(io, name, manager->file_flags, &file);
	if (status < 0)
		return io_error(io, status, "open", name, IO_NO_OFFSET, error);
	status = io->methods->size(io, file, &size);
	if (status < 0)
		status = io_error(io, status, "read", name, IO_NO_OFFSET,
				  error);
	else
		status = check_size(manager, size, is_last, name, error);
	if (status < 0)
		goto close_file;
	count = (uint32_t)(size / manager->segment_size);
	if (!reserve_files(manager, number + 1) ||
	    !reserve_segments(manager, manager->segment_count + count)) {
		status = error_no_memory(error);
		goto close_file;
	}
	manager->files[number] = (struct segment_file){ file, count, false };
	manager->file_count++;
	manager->segment_count += count;
	return 0;
close_file:
	io->methods->close(io, file);
	return status;
}

/* ---- places ---- */

struct segment_place
segment_manager_place(const struct segment_manager *manager, uint32_t segment,
		      uint32_t offset)
{
	uint32_t number = segment / manager->file_segments;
	uint64_t in_file = segment % manager->file_segments;

	return (struct segment_place){
		.file = number < manager->file_count ?
				manager->files[number].file :
				NULL,
		.file_number = number,
		.offset = in_file * manager->segment_size + offset,
	};
}

int
segment_manager_damaged(const struct segment_manager *manager,
			uint32_t segment, uint32_t offset, const char *what,
			struct error *error)
{
	struct segment_place place =
		segment_manager_place(manager, segment, offset);
	char name[SEGMENT_FILE_NAME_SIZE];

	segment_file_name(place.file_number, name);
	return error_set(error, ERROR_CORRUPT,
			 "%s/%s is damaged at offset %" PRIu64 ": %s",
			 manager->io->methods->path(manager->io), name,
			 place.offset, what);
}

int
segment_manager_io_error(const struct segment_manager *manager,
			 int negative_errno, const char *verb,
			 uint32_t segment, uint32_t offset,
			 struct error *error)
{
	struct segment_place place =
		segment_manager_place(manager, segment, offset);
	char name[SEGMENT_FILE_NAME_SIZE];

	segment_file_name(place.file_number, name);
	return io_error(manager->io, negative_errno, verb, name, place.offset,
			error);
}

uint64_t
segment_manager_seed(const struct segment_manager *manager, uint32_t segment)
{
	assert(segment < manager->segment_count);
	return format_segment_seed(manager->database_id, segment,
				   manager->segments[segment].sequence);
}

/* ---- handing out ---- */

uint32_t
segment_manager_available(const struct segment_manager *manager)
{
	return manager->segment_count - manager->next_segment;
}

uint32_t
segment_manager_take(struct segment_manager *manager,
		     uint64_t segment_sequence)
{
	uint32_t segment = manager->next_segment;

	assert(segment < manager->segment_count);
	manager->next_segment++;
	manager->segments[segment] =
		(struct segment){ .sequence = segment_sequence };
	return segment;
}

/* ---- growing ---- */

enum { ZEROS_SIZE = 1 << 20 };

uint64_t
segment_manager_disk_bytes(const struct segment_manager *manager)
{
	return (uint64_t)manager->segment_count * manager->segment_size;
}

static uint32_t
file_segment_count(const struct segment_manager *manager, uint32_t number)
{
	return number < manager->file_count ?
		       manager->files[number].segment_count :
		       0;
}

/* Segments of the next step: as many as there are, within bounds, up to the
 * end of the file and of what is allowed. */
static uint32_t
step_size(const struct segment_manager *manager, uint32_t first)
{
	uint32_t count = manager->segment_count;
	uint64_t allowed = UINT32_MAX;

	if (count < SEGMENT_STEP_MIN)
		count = SEGMENT_STEP_MIN;
	if (count > SEGMENT_STEP_MAX)
		count = SEGMENT_STEP_MAX;
	if (count > manager->file_segments - first)
		count = manager->file_segments - first;
	if (manager->size_max != 0)
		allowed = manager->size_max / manager->segment_size;
	if (allowed < manager->segment_count)
		allowed = manager->segment_count;
	if (count > allowed - manager->segment_count)
		count = (uint32_t)(allowed - manager->segment_count);
	if (count > UINT32_MAX - 1 - manager->segment_count)
		count = UINT32_MAX - 1 - manager->segment_count;
	return count;
}

static void
fail(struct segment_manager *manager, int negative_errno)
{
	struct growth *growth = &manager->growth;

	growth->state = GROWTH_FAILED;
	growth->failure = negative_errno;
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
				   growth->is_new_file ? IO_CREATE : 0,
				   &growth->file);
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
	growth->count = step_size(manager, growth->first);
	growth->written = 0;
	growth->piece = ZEROS_SIZE;
	if (growth->count == 0) {
		fail(manager, 0);
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

static bool
is_lack_of_room(int negative_errno)
{
	return negative_errno == 0 || negative_errno == -ENOSPC ||
	       negative_errno == -EDQUOT || negative_errno == -ENOMEM;
}

void
segment_manager_grow(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;

	if (growth->state == GROWTH_IDLE ||
	    (growth->state == GROWTH_FAILED &&
	     is_lack_of_room(growth->failure)))
		start(manager);
}

/* The step's segments, or those that still had room, are on the disk. */
static void
publish(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;

	manager->files[growth->number].segment_count += growth->count;
	manager->segment_count += growth->count;
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
	bool has_no_room = is_lack_of_room(negative_errno);

	if (has_no_room && growth->piece > manager->segment_size) {
		growth->piece /= 2;
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

	if (!reserve_segments(manager,
			      manager->segment_count + growth->count)) {
		fail(manager, -ENOMEM);
		return;
	}
	if (!growth->is_new_file) {
		publish(manager);
		return;
	}
	growth->state = GROWTH_NAMING;
	submit(manager, IO_SYNC, manager->io->methods->directory(manager->io),
	       0, 0);
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
	} else if (growth->state == GROWTH_SYNCING) {
		step_synced(manager);
	} else {
		assert(growth->state == GROWTH_NAMING);
		growth->state = GROWTH_RECORDING;
	}
}

void
segment_manager_step(struct segment_manager *manager)
{
	struct growth *growth = &manager->growth;
	uint32_t low = SEGMENT_RESERVE + growth->last_count / 4;

	switch (growth->state) {
	case GROWTH_IDLE:
		if (segment_manager_available(manager) <= low)
			start(manager);
		break;
	case GROWTH_WRITING:
	case GROWTH_SYNCING:
	case GROWTH_NAMING:
		if (!growth->is_in_flight)
			operation_done(manager);
		break;
	case GROWTH_RECORDING:
	case GROWTH_FAILED:
		break;
	}
}

void
segment_manager_recorded(struct segment_manager *manager, int status)
{
	struct growth *growth = &manager->growth;
	struct io *io = manager->io;
	char name[SEGMENT_FILE_NAME_SIZE];
	struct io_file *file;

	assert(growth->state == GROWTH_RECORDING);
	segment_file_name(growth->number, name);
	if (status == 0 && !reserve_files(manager, growth->number + 1))
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
segment_manager_growth_error(const struct segment_manager *manager,
			     struct error *error)
{
	const struct growth *growth = &manager->growth;
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
	status = error_set(error, ERROR_FULL, "disk full: cannot extend %s/%s: %s",
			   manager->io->methods->path(manager->io), name,
			   strerror_r(-growth->failure, reason,
				      sizeof(reason)));
	error_hint(error, "free some space and try again; deletions still "
			  "work");
	return status;
}

/* ---- live and dead bytes ---- */

void
segment_manager_add_record(struct segment_manager *manager,
			   struct location location)
{
	struct segment *segment = &manager->segments[location.segment];

	segment->live_bytes += location.size;
	segment->record_bytes += location.size;
	manager->live_bytes += location.size;
	manager->record_bytes += location.size;
}

void
segment_manager_add_dead_record(struct segment_manager *manager,
				struct location location)
{
	manager->segments[location.segment].record_bytes += location.size;
	manager->record_bytes += location.size;
}

void
segment_manager_kill_record(struct segment_manager *manager,
			    struct location location)
{
	struct segment *segment = &manager->segments[location.segment];

	assert(segment->live_bytes >= location.size);
	segment->live_bytes -= location.size;
	manager->live_bytes -= location.size;
}
