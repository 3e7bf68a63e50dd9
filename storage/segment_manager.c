/* SPDX-License-Identifier: MIT */
#include "storage/segment_manager.h"

#include "storage/format.h"

#include <assert.h>
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
	segment_growth_finish(manager);
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

bool
segment_manager_reserve(struct segment_manager *manager, uint32_t files,
			uint32_t segments)
{
	return reserve_files(manager, files) &&
	       reserve_segments(manager, segments);
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
	if (!segment_manager_reserve(manager, number + 1,
				     manager->segment_count + count)) {
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

void
segment_manager_close_empty_file(struct segment_manager *manager)
{
	const struct segment_file *last =
		&manager->files[manager->file_count - 1];

	assert(last->segment_count == 0);
	manager->io->methods->close(manager->io, last->file);
	manager->file_count--;
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

/* ---- bytes ---- */

uint64_t
segment_manager_disk_bytes(const struct segment_manager *manager)
{
	return (uint64_t)manager->segment_count * manager->segment_size;
}

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
