/* SPDX-License-Identifier: MIT */
#include "tests/support/io_fault.h"

#include "base/checksum.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a name stands for; shared by the two versions of the directory and by
 * open handles, counted by none: it lives as long as the disk. */
struct content {
	struct content *next; /* of the disk's, for freeing */
	uint8_t *bytes;
	uint8_t *durable;
	size_t size;
	size_t durable_size;
	size_t capacity;
	size_t durable_capacity;
};

struct fault_file {
	struct fault_file *next;
	char *name;
	struct content *content;
};

struct io_file {
	struct content *content; /* NULL: the directory */
	bool is_durable;
	bool is_read_only;
};

struct fault_io {
	struct io io; /* first */
	struct fault_disk *disk;
	struct io_operation *queue;
	struct io_file directory;
};

/* The public part, and what only this file sees. */
struct whole_disk {
	struct fault_disk disk; /* first */
	struct content *contents;
	struct fault_io *door;
};

static struct whole_disk *
whole(const struct fault_disk *disk)
{
	return (struct whole_disk *)(uintptr_t)disk;
}

static void *
must(void *memory)
{
	if (memory == NULL)
		abort();
	return memory;
}

/* ---- randomness ---- */

static uint64_t
next_random(uint64_t *state)
{
	*state = checksum_mix(*state, 1);
	return *state;
}

/* ---- contents and names ---- */

static struct content *
make_content(struct fault_disk *disk)
{
	struct content *content = must(calloc(1, sizeof(*content)));

	content->next = whole(disk)->contents;
	whole(disk)->contents = content;
	return content;
}

static void
reserve(uint8_t **bytes, size_t *capacity, size_t size)
{
	size_t grown = *capacity * 2 > size ? *capacity * 2 : size;

	if (size <= *capacity)
		return;
	*bytes = must(realloc(*bytes, grown));
	memset(*bytes + *capacity, 0, grown - *capacity);
	*capacity = grown;
}

static void
set_size(struct content *content, size_t size)
{
	reserve(&content->bytes, &content->capacity, size);
	if (size < content->size)
		memset(content->bytes + size, 0, content->size - size);
	content->size = size;
}

static void
make_durable(struct content *content, size_t offset, size_t size)
{
	reserve(&content->durable, &content->durable_capacity, offset + size);
	memcpy(content->durable + offset, content->bytes + offset, size);
	if (content->durable_size < offset + size)
		content->durable_size = offset + size;
}

static void
sync_content(struct content *content)
{
	if (content->durable_size > content->size)
		memset(content->durable + content->size, 0,
		       content->durable_size - content->size);
	content->durable_size = 0;
	if (content->size > 0)
		make_durable(content, 0, content->size);
}

static struct fault_file *
find(const struct fault_disk *disk, const char *name)
{
	struct fault_file *file = disk->names;

	while (file != NULL && strcmp(file->name, name) != 0)
		file = file->next;
	return file;
}

static struct fault_file *
add_name(struct fault_file **list, const char *name, struct content *content)
{
	struct fault_file *file = must(calloc(1, sizeof(*file)));

	file->name = must(strdup(name));
	file->content = content;
	file->next = *list;
	*list = file;
	return file;
}

static void
remove_name(struct fault_file **list, const char *name)
{
	struct fault_file **link = list;
	struct fault_file *file;

	while (*link != NULL && strcmp((*link)->name, name) != 0)
		link = &(*link)->next;
	file = *link;
	if (file == NULL)
		return;
	*link = file->next;
	free(file->name);
	free(file);
}

static void
free_names(struct fault_file **list)
{
	while (*list != NULL)
		remove_name(list, (*list)->name);
}

static void
sync_names(struct fault_disk *disk)
{
	free_names(&disk->durable);
	for (struct fault_file *file = disk->names; file != NULL;
	     file = file->next)
		add_name(&disk->durable, file->name, file->content);
}

/* ---- the door: plain calls ---- */

static struct fault_io *
door_of(struct io *io)
{
	return CONTAINER_OF(io, struct fault_io, io);
}

static struct fault_disk *
disk_of(struct io *io)
{
	return door_of(io)->disk;
}

/* Whether this one is to fail: 0, or a negative errno. */
static int
failure_of(struct fault_disk *disk, enum io_kind kind)
{
	if (disk->is_dead)
		return -EIO;
	if (disk->fail_errno == 0 || (disk->fail_kinds & (1u << kind)) == 0)
		return 0;
	if (disk->fail_after > 0) {
		disk->fail_after--;
		return 0;
	}
	int status = -disk->fail_errno;

	if (disk->fails_once)
		disk->fail_errno = 0;
	return status;
}

static uint64_t
used_bytes(const struct fault_disk *disk)
{
	uint64_t used = 0;

	for (const struct fault_file *file = disk->names; file != NULL;
	     file = file->next)
		used += file->content->size;
	return used;
}

static int
fault_open(struct io *io, const char *name, unsigned flags,
	   struct io_file **handle)
{
	struct fault_disk *disk = disk_of(io);
	struct fault_file *file = find(disk, name);

	if (disk->is_dead)
		return -EIO;
	if (disk->open_errno != 0 && disk->opens_left == 0)
		return -disk->open_errno;
	if (disk->open_errno != 0)
		disk->opens_left--;
	if ((flags & IO_CREATE) != 0) {
		int status = failure_of(disk, IO_WRITE);

		if (file != NULL)
			return -EEXIST;
		if (status < 0)
			return status;
		file = add_name(&disk->names, name, make_content(disk));
		disk->writes++;
	}
	if (file == NULL)
		return -ENOENT;
	*handle = must(calloc(1, sizeof(**handle)));
	(*handle)->content = file->content;
	(*handle)->is_durable = (flags & IO_DURABLE) != 0;
	(*handle)->is_read_only = (flags & IO_READ_ONLY) != 0;
	return 0;
}

static void
fault_close(struct io *io, struct io_file *handle)
{
	(void)io;
	free(handle);
}

static int
fault_size(struct io *io, struct io_file *handle, uint64_t *size)
{
	*size = handle->content->size;
	return disk_of(io)->is_dead ? -EIO : 0;
}

static int
fault_resize(struct io *io, struct io_file *handle, uint64_t size)
{
	int status = failure_of(disk_of(io), IO_WRITE);

	if (status < 0)
		return status;
	disk_of(io)->writes++;
	set_size(handle->content, (size_t)size);
	return 0;
}

static int
fault_remove(struct io *io, const char *name)
{
	int status = disk_of(io)->is_dead ? -EIO : 0;

	if (status < 0)
		return status;
	if (find(disk_of(io), name) == NULL)
		return -ENOENT;
	disk_of(io)->writes++;
	remove_name(&disk_of(io)->names, name);
	return 0;
}

static int
fault_list(struct io *io, int (*visit)(void *context, const char *name),
	   void *context)
{
	for (struct fault_file *file = disk_of(io)->names; file != NULL;
	     file = file->next) {
		int status = visit(context, file->name);

		if (status != 0)
			return status;
	}
	return 0;
}

static struct io_file *
fault_directory(struct io *io)
{
	return &door_of(io)->directory;
}

static int
fault_lock(struct io *io, const char *name, bool is_shared, int64_t *owner)
{
	struct fault_disk *disk = disk_of(io);

	*owner = 4711;
	if (disk->is_locked)
		return -EBUSY;
	if (is_shared)
		return find(disk, name) == NULL ? -ENOENT : 0;
	if (find(disk, name) == NULL) {
		add_name(&disk->names, name, make_content(disk));
		disk->writes++;
	}
	disk->is_locked = true;
	whole(disk)->door = door_of(io);
	return 0;
}

/* ---- the door: operations ---- */

static void
fault_submit(struct io *io, struct io_operation *operation)
{
	struct io_operation **link = &door_of(io)->queue;

	if (operation->kind == IO_WRITE) {
		assert(operation->offset % IO_ALIGNMENT == 0);
		assert(operation->size % IO_ALIGNMENT == 0);
		assert((uintptr_t)operation->data % IO_ALIGNMENT == 0);
	}
	disk_of(io)->operations++;
	while (*link != NULL)
		link = &(*link)->next;
	operation->next = NULL;
	*link = operation;
}

static int64_t
read_content(const struct content *content,
	     const struct io_operation *operation)
{
	size_t size = operation->size;

	if (operation->offset >= content->size)
		return 0;
	if (size > content->size - operation->offset)
		size = content->size - (size_t)operation->offset;
	memcpy(operation->data, content->bytes + operation->offset, size);
	return (int64_t)size;
}

static int64_t
write_content(struct fault_disk *disk, const struct io_operation *operation)
{
	struct content *content = operation->file->content;
	size_t end = (size_t)operation->offset + operation->size;

	if (operation->file->is_read_only)
		return -EBADF;
	if (disk->bytes_max != 0 && end > content->size &&
	    used_bytes(disk) + (end - content->size) > disk->bytes_max)
		return -ENOSPC;
	if (end > content->size)
		set_size(content, end);
	memcpy(content->bytes + operation->offset, operation->data,
	       operation->size);
	if (operation->file->is_durable)
		make_durable(content, (size_t)operation->offset,
			     operation->size);
	return (int64_t)operation->size;
}

static int64_t
rename_file(struct fault_disk *disk, const struct io_operation *operation)
{
	struct fault_file *source = find(disk, operation->from);
	struct fault_file *target = find(disk, operation->to);

	if (source == NULL ||
	    (operation->kind == IO_EXCHANGE && target == NULL))
		return -ENOENT;
	if (operation->kind == IO_EXCHANGE && disk->cannot_exchange)
		return -EINVAL;
	disk->writes++;
	if (operation->kind == IO_EXCHANGE) {
		struct content *content = source->content;

		source->content = target->content;
		target->content = content;
	} else {
		fault_disk_rename(disk, operation->from, operation->to);
	}
	return 0;
}

static bool
is_rename(const struct io_operation *operation)
{
	return operation->kind == IO_RENAME || operation->kind == IO_EXCHANGE;
}

static int64_t
carry_out(struct fault_disk *disk, const struct io_operation *operation)
{
	int status = failure_of(disk, is_rename(operation) ? IO_WRITE :
							     operation->kind);

	if (status < 0)
		return status;
	switch (operation->kind) {
	case IO_READ:
		disk->reads++;
		return read_content(operation->file->content, operation);
	case IO_WRITE:
		disk->writes++;
		return write_content(disk, operation);
	case IO_SYNC:
		disk->syncs++;
		if (operation->file->content == NULL)
			sync_names(disk);
		else
			sync_content(operation->file->content);
		return 0;
	case IO_RENAME:
	case IO_EXCHANGE:
		return rename_file(disk, operation);
	}
	return -EINVAL;
}

static struct io_operation *
take_operation(struct fault_io *door)
{
	struct io_operation **link = &door->queue;
	struct io_operation *operation;
	size_t count = 0;

	for (operation = door->queue; operation != NULL;
	     operation = operation->next)
		count++;
	if (door->disk->is_shuffling && count > 1) {
		size_t skip = next_random(&door->disk->random) % count;

		while (skip-- > 0)
			link = &(*link)->next;
	}
	operation = *link;
	*link = operation->next;
	return operation;
}

static int
fault_poll(struct io *io, int64_t wait_us)
{
	struct fault_io *door = door_of(io);
	int completed = 0;

	(void)wait_us;
	if (door->disk->polls_failing > 0) {
		door->disk->polls_failing--;
		return -EIO;
	}
	while (door->queue != NULL) {
		struct io_operation *operation = take_operation(door);

		operation->result = carry_out(door->disk, operation);
		operation->on_done(operation);
		completed++;
		if (door->disk->is_shuffling &&
		    next_random(&door->disk->random) % 2 == 0)
			break;
	}
	return completed;
}

static int64_t
fault_clock(struct io *io)
{
	return disk_of(io)->clock_us++;
}

static void
fault_random(struct io *io, void *bytes, size_t size)
{
	uint8_t *to = bytes;

	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)next_random(&disk_of(io)->random);
}

static const char *
fault_path(struct io *io)
{
	(void)io;
	return "/disk";
}

static void
fault_destroy(struct io *io)
{
	struct fault_io *door = door_of(io);
	struct whole_disk *disk = whole(door->disk);

	if (disk->door == door) {
		disk->disk.is_locked = false;
		disk->door = NULL;
	}
	free(door);
}

static const struct io_methods fault_methods = {
	.name = "fault",
	.destroy = fault_destroy,
	.open = fault_open,
	.close = fault_close,
	.size = fault_size,
	.resize = fault_resize,
	.remove = fault_remove,
	.list = fault_list,
	.directory = fault_directory,
	.lock = fault_lock,
	.submit = fault_submit,
	.poll = fault_poll,
	.clock_us = fault_clock,
	.monotonic_us = fault_clock,
	.random = fault_random,
	.path = fault_path,
};

/* ---- the disk ---- */

struct fault_disk *
fault_disk_create(uint64_t seed)
{
	struct whole_disk *disk = must(calloc(1, sizeof(*disk)));

	disk->disk.random = seed;
	disk->disk.clock_us = INT64_C(1700000000000000);
	disk->disk.fail_kinds = UINT32_MAX;
	return &disk->disk;
}

void
fault_disk_destroy(struct fault_disk *disk)
{
	struct content *next;

	free_names(&disk->names);
	free_names(&disk->durable);
	for (struct content *content = whole(disk)->contents; content != NULL;
	     content = next) {
		next = content->next;
		free(content->bytes);
		free(content->durable);
		free(content);
	}
	free(whole(disk));
}

struct io *
fault_disk_open(struct fault_disk *disk)
{
	struct fault_io *door = must(calloc(1, sizeof(*door)));

	door->io.methods = &fault_methods;
	door->disk = disk;
	return &door->io;
}

/* ---- crashing ---- */

static struct fault_disk *
empty_copy(const struct fault_disk *disk)
{
	struct fault_disk *copy = fault_disk_create(disk->random + 1);

	copy->clock_us = disk->clock_us;
	copy->is_shuffling = disk->is_shuffling;
	return copy;
}

struct fault_disk *
fault_disk_copy(const struct fault_disk *disk)
{
	struct fault_disk *copy = empty_copy(disk);

	for (const struct fault_file *file = disk->names; file != NULL;
	     file = file->next)
		fault_disk_add(copy, file->name, file->content->bytes,
			       file->content->size);
	return copy;
}

/* How much of what isn't synced survives differs from crash to crash. */
struct survival {
	uint64_t random;
	unsigned percent;
};

static bool
survives(struct survival *survival)
{
	return next_random(&survival->random) % 100 < survival->percent;
}

/* The operations that are on their way may have reached the disk in part. */
static void
apply_flying(const struct fault_disk *disk, struct survival *survival)
{
	const struct fault_io *door = whole(disk)->door;
	struct io_operation *operation = door == NULL ? NULL : door->queue;

	for (; operation != NULL; operation = operation->next) {
		struct content *content = operation->file->content;
		size_t end = (size_t)operation->offset + operation->size;

		if (operation->kind != IO_WRITE)
			continue;
		if (end > content->size)
			set_size(content, end);
		for (size_t at = 0; at < operation->size; at += FAULT_SECTOR) {
			if (survives(survival))
				memcpy(content->bytes + operation->offset + at,
				       (uint8_t *)operation->data + at,
				       FAULT_SECTOR);
		}
	}
}

static void
copy_survivors(struct fault_disk *to, const struct fault_file *file,
	       struct survival *survival)
{
	const struct content *content = file->content;
	size_t size = survives(survival) ? content->size :
					   content->durable_size;
	uint8_t *bytes = must(calloc(1, size + FAULT_SECTOR));

	for (size_t at = 0; at < size; at += FAULT_SECTOR) {
		size_t part = size - at < FAULT_SECTOR ? size - at :
							 FAULT_SECTOR;
		bool is_new = survives(survival);
		size_t known = is_new ? content->size : content->durable_size;
		const uint8_t *from = is_new ? content->bytes :
					       content->durable;

		if (at >= known)
			continue;
		memcpy(bytes + at, from + at,
		       known - at < part ? known - at : part);
	}
	fault_disk_add(to, file->name, bytes, size);
	free(bytes);
}

struct fault_disk *
fault_disk_crash(const struct fault_disk *disk, uint64_t seed)
{
	static const unsigned percents[] = { 0, 20, 50, 80, 100 };
	struct survival survival = { .random = seed };
	struct fault_disk *crashed = empty_copy(disk);
	const struct fault_file *file;

	survival.percent = percents[next_random(&survival.random) %
				    ARRAY_COUNT(percents)];
	apply_flying(disk, &survival);
	file = survives(&survival) ? disk->names : disk->durable;
	for (; file != NULL; file = file->next)
		copy_survivors(crashed, file, &survival);
	return crashed;
}

/* ---- looking and damaging ---- */

uint8_t *
fault_disk_file(struct fault_disk *disk, const char *name, size_t *size)
{
	struct fault_file *file = find(disk, name);

	if (file == NULL)
		return NULL;
	*size = file->content->size;
	return file->content->bytes;
}

void
fault_disk_resize(struct fault_disk *disk, const char *name, size_t size)
{
	struct fault_file *file = find(disk, name);

	assert(file != NULL);
	set_size(file->content, size);
	sync_content(file->content);
}

void
fault_disk_remove(struct fault_disk *disk, const char *name)
{
	remove_name(&disk->names, name);
	remove_name(&disk->durable, name);
}

void
fault_disk_add(struct fault_disk *disk, const char *name, const void *bytes,
	       size_t size)
{
	struct content *content = make_content(disk);

	remove_name(&disk->names, name);
	set_size(content, size);
	if (size > 0)
		memcpy(content->bytes, bytes, size);
	sync_content(content);
	add_name(&disk->names, name, content);
	sync_names(disk);
}

void
fault_disk_rename(struct fault_disk *disk, const char *from, const char *to)
{
	struct fault_file *source = find(disk, from);

	assert(source != NULL);
	if (strcmp(from, to) != 0)
		remove_name(&disk->names, to);
	free(source->name);
	source->name = must(strdup(to));
}

uint64_t
fault_disk_checksum(const struct fault_disk *disk)
{
	uint64_t sum = 0;

	/* Names come in any order, so their sums are added. */
	for (const struct fault_file *file = disk->names; file != NULL;
	     file = file->next) {
		const struct content *content = file->content;
		uint64_t name = checksum_seeded(
			slice_from_string(file->name), 1);

		sum += checksum_seeded(slice_make(content->bytes,
						  content->size),
				       name);
	}
	return sum;
}

size_t
fault_disk_count(const struct fault_disk *disk)
{
	size_t count = 0;

	for (const struct fault_file *file = disk->names; file != NULL;
	     file = file->next)
		count++;
	return count;
}
