/* SPDX-License-Identifier: MIT */
#include "storage/segments/segment_manager.h"

#include "base/compiler.h"
#include "storage/format/format.h"
#include "storage/format/run.h"

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
	death_map_finish(&manager->deaths);
	free_map_finish(&manager->frees);
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
	uint32_t capacity = manager->file_capacity * 2 + 8;
	struct segment_file *files;

	if (count <= manager->file_capacity)
		return true;
	if (capacity < count)
		capacity = count;
	files = realloc(manager->files, (size_t)capacity * sizeof(*files));
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
	       reserve_segments(manager, segments) &&
	       free_map_reserve(&manager->frees, segments) &&
	       death_map_reserve(&manager->deaths, segments,
				 manager->segment_size);
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
	segment_manager_add_free(manager, count);
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

/* ---- lists and states ---- */

void
segment_list_append(struct segment_manager *manager, struct segment_list *list,
		    uint32_t segment)
{
	struct segment *entry = &manager->segments[segment];

	entry->next = SEGMENT_NONE;
	entry->previous = list->last;
	if (list->count == 0)
		list->first = segment;
	else
		manager->segments[list->last].next = segment;
	list->last = segment;
	list->count++;
}

void
segment_list_remove(struct segment_manager *manager, struct segment_list *list,
		    uint32_t segment)
{
	struct segment *entry = &manager->segments[segment];

	assert(list->count > 0);
	if (list->first == segment)
		list->first = entry->next;
	else
		manager->segments[entry->previous].next = entry->next;
	if (list->last == segment)
		list->last = entry->previous;
	else
		manager->segments[entry->next].previous = entry->previous;
	list->count--;
}

static void
tell_change(struct segment_manager *manager, uint32_t segment)
{
	if (manager->on_change != NULL)
		manager->on_change(manager->on_change_context, segment);
}

static void
die(struct segment_manager *manager, uint32_t segment)
{
	manager->segments[segment].state = SEGMENT_DEAD;
	/* It leaves the list that it was in before it enters another one. */
	tell_change(manager, segment);
	segment_list_append(manager, &manager->dead, segment);
}

static void
settle_down(struct segment_manager *manager, uint32_t segment)
{
	if (manager->segments[segment].live_bytes == 0) {
		die(manager, segment);
		return;
	}
	manager->segments[segment].state = SEGMENT_SEALED;
	tell_change(manager, segment);
}

/* ---- handing out ---- */

void
segment_manager_add_free(struct segment_manager *manager, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		free_map_set(&manager->frees, manager->segment_count + i);
	manager->segment_count += count;
	manager->free_count += count;
}

static void
become_free(struct segment_manager *manager, uint32_t segment)
{
	manager->segments[segment].state = SEGMENT_FREE;
	free_map_set(&manager->frees, segment);
	manager->free_count++;
}

static void
cease_to_be_free(struct segment_manager *manager, uint32_t segment,
		 enum segment_state state)
{
	assert(manager->segments[segment].state == SEGMENT_FREE);
	manager->segments[segment].state = (uint8_t)state;
	free_map_clear(&manager->frees, segment);
	manager->free_count--;
}

uint32_t
segment_manager_available(const struct segment_manager *manager)
{
	return manager->free_count;
}

MAYBE_UNUSED static bool
is_free_run(const struct segment_manager *manager, uint32_t first,
	    uint32_t count)
{
	uint32_t end = first + count;

	return first % manager->file_segments + count <=
		       manager->file_segments &&
	       end <= manager->segment_count &&
	       free_map_find(&manager->frees, first, end, false) == end;
}

/* The first of ${count} free neighbours among first … end - 1. */
static uint32_t
find_run_between(const struct segment_manager *manager, uint32_t first,
		 uint32_t end, uint32_t count)
{
	const struct free_map *frees = &manager->frees;
	uint32_t at = first, behind;

	while ((at = free_map_find(frees, at, end, true)) < end) {
		uint32_t left = manager->file_segments -
				at % manager->file_segments;

		behind = left < end - at ? at + left : end;
		behind = free_map_find(frees, at, behind, false);
		if (behind - at >= count)
			return at;
		at = behind;
	}
	return SEGMENT_NONE;
}

uint32_t
segment_manager_find_run(const struct segment_manager *manager, uint32_t count)
{
	uint32_t total = manager->segment_count;
	uint32_t first = manager->next_free < total ? manager->next_free : 0;
	uint32_t run, end;

	if (count > manager->free_count)
		return SEGMENT_NONE;
	run = find_run_between(manager, first, total, count);
	if (run != SEGMENT_NONE)
		return run;
	end = total - first < count ? total : first + count - 1;
	return find_run_between(manager, 0, end, count);
}

static void
begin_life(struct segment_manager *manager, uint32_t segment,
	   const struct segment_use *use)
{
	struct segment *entry = &manager->segments[segment];
	uint64_t sequence = manager->next_sequence++;

	assert(entry->pins == 0);
	cease_to_be_free(manager, segment, SEGMENT_OPEN);
	*entry = (struct segment){
		.sequence = sequence,
		.birth = use->birth == 0 ? sequence : use->birth,
		.life = entry->life + 1,
		.state = SEGMENT_OPEN,
		.kind = (uint8_t)use->kind,
		.stream = (uint8_t)use->stream,
		.generation = use->generation,
		.table = use->table,
		.first_token = use->first_token,
		.last_token = use->last_token,
	};
	death_map_clear(&manager->deaths, segment);
}

/* Places are used in turns, so that one that was just freed rests. */
uint32_t
segment_manager_take(struct segment_manager *manager,
		     const struct segment_use *use)
{
	uint32_t total = manager->segment_count;
	uint32_t segment = free_map_find(&manager->frees, manager->next_free,
					 total, true);

	assert(manager->free_count > 0);
	if (segment >= total)
		segment = free_map_find(&manager->frees, 0, total, true);
	begin_life(manager, segment, use);
	manager->next_free = segment + 1;
	return segment;
}

void
segment_manager_set_aside(struct segment_manager *manager, uint32_t first,
			  uint32_t count)
{
	assert(is_free_run(manager, first, count));
	for (uint32_t i = 0; i < count; i++)
		cease_to_be_free(manager, first + i, SEGMENT_ASIDE);
}

void
segment_manager_put_back(struct segment_manager *manager, uint32_t first,
			 uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		assert(manager->segments[first + i].state == SEGMENT_ASIDE);
		become_free(manager, first + i);
	}
}

void
segment_manager_take_run(struct segment_manager *manager,
			 const struct segment_use *use, uint32_t first,
			 uint32_t count)
{
	segment_manager_put_back(manager, first, count);
	for (uint32_t i = 0; i < count; i++)
		begin_life(manager, first + i, use);
	manager->next_free = first + count;
}

void
segment_manager_note_write(struct segment_manager *manager, uint32_t segment,
			   uint64_t write_sequence)
{
	struct segment *entry = &manager->segments[segment];

	if (entry->first_write == 0)
		entry->first_write = write_sequence;
	entry->last_write = write_sequence;
}

/* ---- changing state ---- */

void
segment_manager_seal(struct segment_manager *manager, uint32_t segment)
{
	assert(manager->segments[segment].state == SEGMENT_OPEN);
	settle_down(manager, segment);
}

void
segment_manager_abandon(struct segment_manager *manager, uint32_t segment)
{
	assert(manager->segments[segment].state == SEGMENT_OPEN);
	manager->segments[segment].state = SEGMENT_QUARANTINED;
	manager->quarantined_count++;
}

void
segment_manager_begin_victim(struct segment_manager *manager, uint32_t segment)
{
	assert(manager->segments[segment].state == SEGMENT_SEALED);
	manager->segments[segment].state = SEGMENT_VICTIM;
	tell_change(manager, segment);
}

void
segment_manager_end_victim(struct segment_manager *manager, uint32_t segment)
{
	assert(manager->segments[segment].state == SEGMENT_VICTIM);
	settle_down(manager, segment);
}

void
segment_manager_quarantine(struct segment_manager *manager, uint32_t segment)
{
	struct segment *entry = &manager->segments[segment];

	assert(entry->state == SEGMENT_SEALED ||
	       entry->state == SEGMENT_VICTIM);
	entry->state = SEGMENT_QUARANTINED;
	manager->quarantined_count++;
	tell_change(manager, segment);
}

void
segment_manager_begin_freeing(struct segment_manager *manager,
			      uint32_t segment)
{
	assert(manager->segments[segment].state == SEGMENT_DEAD);
	segment_list_remove(manager, &manager->dead, segment);
	manager->segments[segment].state = SEGMENT_FREEING;
	manager->freeing_count++;
}

void
segment_manager_free(struct segment_manager *manager, uint32_t segment)
{
	struct segment *entry = &manager->segments[segment];

	assert(entry->state == SEGMENT_FREEING);
	assert(entry->pins == 0 && entry->live_bytes == 0);
	manager->record_bytes -= entry->record_bytes;
	entry->record_bytes = 0;
	manager->freeing_count--;
	become_free(manager, segment);
}

void
segment_manager_restore(struct segment_manager *manager, uint32_t segment,
			enum segment_state state)
{
	assert(manager->segments[segment].state == SEGMENT_FREE);
	if (state == SEGMENT_FREE)
		return;
	cease_to_be_free(manager, segment, SEGMENT_OPEN);
	if (state != SEGMENT_OPEN)
		settle_down(manager, segment);
}

/* ---- pins ---- */

static uint32_t
last_segment(const struct segment_manager *manager, struct location location)
{
	return location.segment +
	       run_parts(manager->segment_size, location.size) - 1;
}

void
segment_manager_pin(struct segment_manager *manager, struct location location)
{
	uint32_t last = last_segment(manager, location);

	for (uint32_t i = location.segment; i <= last; i++) {
		assert(manager->segments[i].pins < UINT32_MAX);
		manager->segments[i].pins++;
	}
}

void
segment_manager_unpin(struct segment_manager *manager,
		      struct location location)
{
	uint32_t last = last_segment(manager, location);

	for (uint32_t i = location.segment; i <= last; i++) {
		assert(manager->segments[i].pins > 0);
		manager->segments[i].pins--;
	}
}

/* ---- bytes ---- */

uint64_t
segment_manager_disk_bytes(const struct segment_manager *manager)
{
	return (uint64_t)manager->segment_count * manager->segment_size;
}

/* Calls for each segment that a record stands in, with its bytes there. */
static void
count_record(struct segment_manager *manager, struct location location,
	     void (*count)(struct segment_manager *manager, uint32_t segment,
			   uint32_t size))
{
	uint32_t room = manager->segment_size - FORMAT_HEADER_SIZE;
	uint32_t left = location.size;

	if (location.offset - FORMAT_HEADER_SIZE + left <= room) {
		count(manager, location.segment, left);
		return;
	}
	for (uint32_t segment = location.segment; left > 0; segment++) {
		uint32_t size = left < room ? left : room;

		count(manager, segment, size);
		left -= size;
	}
}

static void
add_live(struct segment_manager *manager, uint32_t segment, uint32_t size)
{
	struct segment *entry = &manager->segments[segment];

	entry->live_bytes += size;
	entry->record_bytes += size;
	manager->live_bytes += size;
	manager->record_bytes += size;
}

static void
add_dead(struct segment_manager *manager, uint32_t segment, uint32_t size)
{
	manager->segments[segment].record_bytes += size;
	manager->record_bytes += size;
}

static void
kill_bytes(struct segment_manager *manager, uint32_t segment, uint32_t size)
{
	struct segment *entry = &manager->segments[segment];

	assert(entry->live_bytes >= size);
	entry->live_bytes -= size;
	manager->live_bytes -= size;
	if (entry->state == SEGMENT_VICTIM && entry->live_bytes == 0)
		tell_change(manager, segment);
	if (entry->state != SEGMENT_SEALED &&
	    entry->state != SEGMENT_QUARANTINED)
		return;
	if (entry->live_bytes > 0) {
		tell_change(manager, segment);
		return;
	}
	if (entry->state == SEGMENT_QUARANTINED)
		manager->quarantined_count--;
	manager->died_unread_count++;
	die(manager, segment);
}

void
segment_manager_add_record(struct segment_manager *manager,
			   struct location location)
{
	count_record(manager, location, add_live);
}

void
segment_manager_add_dead_record(struct segment_manager *manager,
				struct location location)
{
	death_map_set(&manager->deaths, location.segment, location.offset);
	count_record(manager, location, add_dead);
}

void
segment_manager_kill_record(struct segment_manager *manager,
			    struct location location)
{
	death_map_set(&manager->deaths, location.segment, location.offset);
	count_record(manager, location, kill_bytes);
}
