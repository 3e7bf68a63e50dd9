/* SPDX-License-Identifier: MIT
 *
 * The door to a simulated disk: struct io's methods.  Every call, submission
 * and completion is an event, and at any event the disk may crash. */
#include "tests/simulator/disk.h"
#include "tests/simulator/memory.h"

#include "base/checksum.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LATENCY_US_MAX = 60,
	SLOW_READ_US_MAX = 20000, /* everything else goes on for long */
	SLOW_WRITE_US_MAX = 2000,
	IDLE_US = 50, /* pass when somebody polls and nothing is in flight */
	IDLE_POLLS_MAX = 100000 /* somebody waits for nothing, for ever */
};

struct flight {
	struct io_operation *operation;
	int64_t ready_us;
	uint64_t sequence; /* a sync: what was complete when it started */
	bool misdirects;
	bool is_lost;
};

struct io_file {
	struct content *content; /* NULL: the directory */
	bool is_durable;
	bool is_read_only;
};

struct disk_door {
	struct io io; /* first */
	struct disk *disk;
	struct io_file directory;
	struct flight *flights;
	size_t flight_count;
	size_t flight_capacity;
	size_t handles;
	unsigned idle_polls;
	bool is_dead;
	bool is_locked;
};

static struct disk_door *
door_of(struct io *io)
{
	return CONTAINER_OF(io, struct disk_door, io);
}

size_t
disk_in_flight(const struct disk *disk)
{
	return disk->door == NULL ? 0 : disk->door->flight_count;
}

/* ---- events ---- */

/* False when the power is off: now or since long. */
static bool
happens(struct disk_door *door)
{
	struct disk *disk = door->disk;

	if (door->is_dead)
		return false;
	disk->events++;
	if (disk->crash_at != 0 && disk->events >= disk->crash_at)
		disk_crash_now(disk, disk->crash_kind);
	return !door->is_dead;
}

static bool
fails(struct disk *disk, uint32_t chance)
{
	if (chance == 0 || random_below(&disk->random, 10000) >= chance)
		return false;
	disk->injected++;
	return true;
}

static void
note_call(struct disk *disk, const char *call, const char *name, int64_t result)
{
	disk_note(disk, checksum_seeded(slice_from_string(call),
					(uint64_t)result));
	disk_note(disk, checksum_seeded(slice_from_string(name),
					disk->events));
	if (disk->is_verbose)
		printf("    %s %s: %s\n", call, name,
		       result < 0 ? "fails" : "done");
}

/* A call that may change something: 0, or what it fails with. */
static int
begin_call(struct disk_door *door, bool is_change)
{
	if (!happens(door))
		return -EIO;
	if (is_change)
		door->disk->changes++;
	return fails(door->disk, door->disk->faults.call_error) ? -EIO : 0;
}

/* ---- plain calls ---- */

static int
door_open(struct io *io, const char *name, unsigned flags,
	  struct io_file **handle)
{
	struct disk_door *door = door_of(io);
	bool is_create = (flags & IO_CREATE) != 0;
	int status = begin_call(door, is_create);
	struct content *content;

	note_call(door->disk, "open", name, status);
	if (status < 0)
		return status;
	content = disk_find(door->disk, name);
	if (is_create && content != NULL)
		return -EEXIST;
	if (!is_create && content == NULL)
		return -ENOENT;
	if (is_create)
		content = disk_add(door->disk, name);
	*handle = memory_take_zeroed(1, sizeof(**handle));
	(*handle)->content = content;
	(*handle)->is_durable = (flags & IO_DURABLE) != 0;
	(*handle)->is_read_only = (flags & IO_READ_ONLY) != 0;
	door->handles++;
	return 0;
}

static void
door_close(struct io *io, struct io_file *handle)
{
	struct disk_door *door = door_of(io);

	assert(door->handles > 0);
	for (size_t i = 0; i < door->flight_count; i++)
		assert(door->flights[i].operation->file != handle);
	door->handles--;
	free(handle);
}

static int
door_size(struct io *io, struct io_file *handle, uint64_t *size)
{
	int status = begin_call(door_of(io), false);

	*size = handle->content->seen.size;
	return status;
}

static int
door_resize(struct io *io, struct io_file *handle, uint64_t size)
{
	struct disk_door *door = door_of(io);
	struct disk *disk = door->disk;
	uint64_t old = handle->content->seen.size;
	int status = begin_call(door, true);

	note_call(disk, "resize", "", (int64_t)size);
	if (status < 0)
		return status;
	if (disk->faults.bytes_max != 0 && size > old &&
	    disk_used_bytes(disk) + (size - old) > disk->faults.bytes_max)
		return -ENOSPC;
	content_resize(handle->content, size, ++disk->sequence);
	return 0;
}

static int
door_remove(struct io *io, const char *name)
{
	struct disk_door *door = door_of(io);
	int status = begin_call(door, true);

	note_call(door->disk, "remove", name, status);
	if (status < 0)
		return status;
	if (disk_find(door->disk, name) == NULL)
		return -ENOENT;
	disk_rename(door->disk, name, NULL);
	return 0;
}

static int
door_list(struct io *io, int (*visit)(void *context, const char *name),
	  void *context)
{
	struct disk_door *door = door_of(io);
	int status = begin_call(door, false);

	for (size_t i = 0; i < door->disk->seen.count && status == 0; i++)
		status = visit(context, door->disk->seen.names[i].name);
	return status;
}

static struct io_file *
door_directory(struct io *io)
{
	return &door_of(io)->directory;
}

static int
door_lock(struct io *io, const char *name, bool is_shared, int64_t *owner)
{
	struct disk_door *door = door_of(io);
	int status = begin_call(door, !is_shared);

	*owner = 0;
	note_call(door->disk, "lock", name, status);
	if (status < 0)
		return status;
	if (is_shared)
		return disk_find(door->disk, name) == NULL ? -ENOENT : 0;
	if (disk_find(door->disk, name) == NULL)
		disk_add(door->disk, name);
	door->is_locked = true;
	return 0;
}

/* ---- operations ---- */

static struct flight *
add_flight(struct disk_door *door)
{
	if (door->flight_count == door->flight_capacity) {
		door->flight_capacity = door->flight_capacity * 2 + 16;
		door->flights = memory_grow(door->flights,
					    door->flight_capacity *
						    sizeof(*door->flights));
	}
	return &door->flights[door->flight_count++];
}

static void
note_operation(struct disk *disk, const struct io_operation *operation)
{
	disk_note(disk, (uint64_t)operation->kind << 32 |
				(operation->file->content == NULL ?
					 0 :
					 operation->file->content->number));
	disk_note(disk, operation->offset ^ (uint64_t)operation->size << 40);
	if (operation->kind == IO_WRITE)
		disk_note(disk, checksum_seeded(slice_make(operation->data,
							   operation->size),
						0));
}

static void
say_completed(const struct disk *disk, const struct io_operation *operation)
{
	static const char *const kinds[] = { "read", "write", "sync",
					     "rename", "exchange" };
	const struct content *content = operation->file->content;

	if (disk->is_verbose)
		printf("    %s of file %" PRIu32 ", %zu bytes at %" PRIu64
		       ": %" PRId64 "\n",
		       kinds[operation->kind],
		       content == NULL ? 0 : content->number, operation->size,
		       operation->offset, operation->result);
}

static int64_t
draw_latency(struct disk *disk, enum io_kind kind)
{
	uint32_t lot = random_below(&disk->random, 200);

	if (kind == IO_READ && lot < 4)
		return random_below(&disk->random, SLOW_READ_US_MAX);
	if (kind != IO_READ && lot < 1)
		return random_below(&disk->random, SLOW_WRITE_US_MAX);
	return random_below(&disk->random, LATENCY_US_MAX);
}

/* Whether it will say that it has done what it hasn't. */
static void
draw_lie(struct disk *disk, struct flight *flight)
{
	if (!disk->misdirects_next && !disk->loses_next)
		return;
	if (disk->lies_after > 0) {
		disk->lies_after--;
		return;
	}
	flight->misdirects = disk->misdirects_next;
	flight->is_lost = disk->loses_next;
	disk->misdirects_next = false;
	disk->loses_next = false;
}

static void
door_submit(struct io *io, struct io_operation *operation)
{
	struct disk_door *door = door_of(io);
	struct disk *disk = door->disk;
	struct flight *flight;
	bool is_alive = happens(door);

	if (operation->kind == IO_WRITE) {
		assert(operation->offset % IO_ALIGNMENT == 0);
		assert(operation->size % IO_ALIGNMENT == 0);
		assert((uintptr_t)operation->data % IO_ALIGNMENT == 0);
	}
	flight = add_flight(door);
	*flight = (struct flight){ .operation = operation,
				   .ready_us = disk->time_us,
				   .sequence = disk->sequence };
	if (!is_alive)
		return;
	note_operation(disk, operation);
	disk->changes += operation->kind != IO_READ;
	flight->ready_us += draw_latency(disk, operation->kind);
	if (operation->file->content == NULL)
		flight->sequence = disk->rename_first + disk->rename_count;
	else if (operation->kind == IO_WRITE &&
		 operation->file->content->is_rewritten)
		draw_lie(disk, flight);
}

static int64_t
read_content(const struct content *content,
	     const struct io_operation *operation)
{
	size_t size = operation->size;

	if (operation->offset >= content->seen.size)
		return 0;
	if (size > content->seen.size - operation->offset)
		size = content->seen.size - (size_t)operation->offset;
	memcpy(operation->data, content->seen.data + operation->offset, size);
	return (int64_t)size;
}

/* It lands in a wrong place of the same file and says that all is well. */
static uint64_t
wrong_offset(struct disk *disk, const struct content *content,
	     const struct io_operation *operation)
{
	uint64_t blocks = content->seen.size / IO_ALIGNMENT;
	uint64_t size = operation->size / IO_ALIGNMENT;

	if (blocks <= size)
		return operation->offset;
	return IO_ALIGNMENT * (uint64_t)random_below(&disk->random,
						     (uint32_t)(blocks - size));
}

static int64_t
write_content(struct disk *disk, const struct flight *flight)
{
	const struct io_operation *operation = flight->operation;
	struct content *content = operation->file->content;
	uint64_t end = operation->offset + operation->size;
	uint64_t offset = operation->offset;

	if (operation->file->is_read_only)
		return -EBADF;
	if (disk->faults.bytes_max != 0 && end > content->seen.size &&
	    disk_used_bytes(disk) + (end - content->seen.size) >
		    disk->faults.bytes_max)
		return -ENOSPC;
	if ((disk->fails_checkpoints && content->is_checkpoint &&
	     fails(disk, 10000)) ||
	    fails(disk, disk->faults.write_error)) {
		struct survival survival = survival_draw(&disk->random);

		content_write_partly(content, operation->offset,
				     operation->data, operation->size,
				     ++disk->sequence, &survival);
		return -EIO;
	}
	if (flight->is_lost) {
		disk->misdirected++;
		return (int64_t)operation->size;
	}
	if (flight->misdirects) {
		offset = wrong_offset(disk, content, operation);
		disk->misdirected++;
	}
	content_write(content, offset, operation->data, operation->size,
		      ++disk->sequence, operation->file->is_durable);
	return (int64_t)operation->size;
}

static int64_t
sync_content(struct disk *disk, const struct flight *flight)
{
	struct content *content = flight->operation->file->content;
	bool has_failed = fails(disk, disk->faults.sync_error);

	if (content == NULL) {
		if (!has_failed)
			disk_sync_names(disk, flight->sequence);
	} else if (has_failed) {
		content_drop(content, flight->sequence, &disk->random);
		disk->dropped += content->has_dropped;
	} else {
		content_sync(content, flight->sequence);
	}
	return has_failed ? -EIO : 0;
}

static int64_t
rename_content(struct disk *disk, const struct io_operation *operation)
{
	bool is_exchange = operation->kind == IO_EXCHANGE;

	disk_note(disk, checksum_seeded(slice_from_string(operation->from),
					disk->events));
	if (disk_find(disk, operation->from) == NULL ||
	    (is_exchange && disk_find(disk, operation->to) == NULL))
		return -ENOENT;
	if (is_exchange)
		disk_exchange(disk, operation->from, operation->to);
	else
		disk_rename(disk, operation->from, operation->to);
	return 0;
}

static int64_t
carry_out(struct disk *disk, const struct flight *flight)
{
	switch (flight->operation->kind) {
	case IO_READ:
		if (fails(disk, disk->faults.read_error))
			return -EIO;
		return read_content(flight->operation->file->content,
				    flight->operation);
	case IO_WRITE:
		return write_content(disk, flight);
	case IO_SYNC:
		return sync_content(disk, flight);
	case IO_RENAME:
	case IO_EXCHANGE:
		if (fails(disk, disk->faults.call_error))
			return -EIO;
		return rename_content(disk, flight->operation);
	}
	return -EINVAL;
}

/* The one that is ready first; NULL when none is by ${until_us}. */
static struct flight *
find_ready(struct disk_door *door, int64_t until_us)
{
	struct flight *first = NULL;

	for (size_t i = 0; i < door->flight_count; i++) {
		struct flight *flight = &door->flights[i];

		if (flight->ready_us <= until_us &&
		    (first == NULL || flight->ready_us < first->ready_us))
			first = flight;
	}
	return first;
}

static void
complete(struct disk_door *door, struct flight *ready)
{
	struct io_operation *operation = ready->operation;

	/* A crash at this event tears it, so it is still in flight then. */
	if (happens(door)) {
		operation->result = carry_out(door->disk, ready);
		disk_note(door->disk, (uint64_t)operation->result);
		say_completed(door->disk, operation);
	} else {
		operation->result = -EIO;
	}
	*ready = door->flights[--door->flight_count];
	operation->on_done(operation);
}

static void
count_idle(struct disk_door *door)
{
	if (++door->idle_polls == IDLE_POLLS_MAX)
		abort();
}

static int
door_poll(struct io *io, int64_t wait_us)
{
	struct disk_door *door = door_of(io);
	struct disk *disk = door->disk;
	int64_t until_us;
	struct flight *ready;
	int completed = 0;

	disk->time_us++;
	ready = find_ready(door, INT64_MAX);
	if (ready == NULL) {
		count_idle(door);
		if (wait_us != 0)
			disk->time_us += wait_us > 0 ? wait_us : IDLE_US;
		return 0;
	}
	door->idle_polls = 0;
	if (ready->ready_us > disk->time_us && wait_us != 0)
		disk->time_us =
			wait_us > 0 &&
					ready->ready_us - disk->time_us >
						wait_us ?
				disk->time_us + wait_us :
				ready->ready_us;
	until_us = door->is_dead ? INT64_MAX : disk->time_us;
	for (size_t left = door->flight_count; left > 0; left--) {
		ready = find_ready(door, until_us);
		if (ready == NULL)
			break;
		complete(door, ready);
		completed++;
	}
	return completed;
}

/* ---- the rest of the world ---- */

static int64_t
door_clock(struct io *io)
{
	struct disk *disk = door_of(io)->disk;

	return disk->time_us + disk->clock_offset_us;
}

static int64_t
door_monotonic(struct io *io)
{
	return door_of(io)->disk->time_us;
}

static void
door_random(struct io *io, void *bytes, size_t size)
{
	uint8_t *to = bytes;

	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)random_below(&door_of(io)->disk->random, 256);
}

static const char *
door_path(struct io *io)
{
	(void)io;
	return "/disk";
}

static void
door_destroy(struct io *io)
{
	struct disk_door *door = door_of(io);
	struct disk *disk = door->disk;

	while (door->flight_count > 0) {
		struct flight *ready = find_ready(door, INT64_MAX);

		if (happens(door))
			(void)carry_out(disk, ready);
		*ready = door->flights[--door->flight_count];
	}
	assert(door->handles == 0);
	assert(disk->door == door);
	disk->door = NULL;
	free(door->flights);
	free(door);
}

static const struct io_methods door_methods = {
	.destroy = door_destroy,
	.open = door_open,
	.close = door_close,
	.size = door_size,
	.resize = door_resize,
	.remove = door_remove,
	.list = door_list,
	.directory = door_directory,
	.lock = door_lock,
	.submit = door_submit,
	.poll = door_poll,
	.clock_us = door_clock,
	.monotonic_us = door_monotonic,
	.random = door_random,
	.path = door_path,
};

struct io *
disk_open_door(struct disk *disk)
{
	struct disk_door *door = memory_take_zeroed(1, sizeof(*door));

	assert(disk->door == NULL);
	door->io.methods = &door_methods;
	door->disk = disk;
	disk->door = door;
	return &door->io;
}

static bool
is_rename(const struct io_operation *operation)
{
	return operation->kind == IO_RENAME || operation->kind == IO_EXCHANGE;
}

void
disk_cut_short(struct disk_door *door, struct survival *survival)
{
	struct disk *disk = door->disk;

	door->is_dead = true;
	for (size_t i = 0; i < door->flight_count; i++) {
		const struct io_operation *operation =
			door->flights[i].operation;

		/* Done or not, but never half; the power decides then whether
		 * it is remembered. */
		if (is_rename(operation) && random_percent(&survival->random,
							   50))
			(void)rename_content(disk, operation);
		if (operation->kind == IO_WRITE &&
		    !operation->file->is_read_only)
			content_write_partly(operation->file->content,
					     operation->offset,
					     operation->data, operation->size,
					     ++disk->sequence, survival);
	}
}
