/* SPDX-License-Identifier: MIT
 *
 * A directory without a disk.  A file is a growing table of pages that are
 * made when they are first written; what was never written reads as zeros.  As
 * in a real directory, a file that was removed or replaced lives on until its
 * last handle is closed. */
#include "storage/io/io_support.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_SIZE = 64 << 10 };

struct memory_file {
	struct memory_file *next; /* in the directory's list */
	char *name;
	uint8_t **pages; /* NULL: zeros */
	size_t page_count;
	uint64_t size;
	unsigned handles;
	bool is_named; /* in the list */
};

/* A handle. */
struct io_file {
	struct memory_file *file; /* NULL: the directory */
	bool is_read_only;
};

struct io_memory {
	struct io io; /* first */
	struct memory_file *files;
	struct io_file directory;
	bool is_locked; /* by our only user: its readers count for nothing */
	struct io_queue queue;
};

static struct io_memory *
memory_of(struct io *io)
{
	return CONTAINER_OF(io, struct io_memory, io);
}

static struct memory_file *
find_file(struct io_memory *memory, const char *name)
{
	struct memory_file *file = memory->files;

	while (file != NULL && strcmp(file->name, name) != 0)
		file = file->next;
	return file;
}

static struct memory_file *
make_file(struct io_memory *memory, const char *name)
{
	struct memory_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return NULL;
	file->name = strdup(name);
	if (file->name == NULL) {
		free(file);
		return NULL;
	}
	file->is_named = true;
	file->next = memory->files;
	memory->files = file;
	return file;
}

static void
cut_pages(struct memory_file *file, size_t page_count)
{
	for (size_t i = page_count; i < file->page_count; i++)
		free(file->pages[i]);
	if (page_count < file->page_count)
		file->page_count = page_count;
}

static void
free_if_unused(struct memory_file *file)
{
	if (file->is_named || file->handles > 0)
		return;
	cut_pages(file, 0);
	free(file->pages);
	free(file->name);
	free(file);
}

static void
unlink_file(struct io_memory *memory, struct memory_file *file)
{
	struct memory_file **link = &memory->files;

	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	file->is_named = false;
	free_if_unused(file);
}

static int
memory_open(struct io *io, const char *name, unsigned flags,
	    struct io_file **handle)
{
	struct io_memory *memory = memory_of(io);
	struct memory_file *file = find_file(memory, name);
	int status = io_support_check_name(name);

	if (status < 0)
		return status;
	if (flags & IO_CREATE && file != NULL)
		return -EEXIST;
	if (!(flags & IO_CREATE) && file == NULL)
		return -ENOENT;
	*handle = malloc(sizeof(**handle));
	if (*handle == NULL)
		return -ENOMEM;
	if (file == NULL)
		file = make_file(memory, name);
	if (file == NULL) {
		free(*handle);
		return -ENOMEM;
	}
	file->handles++;
	**handle = (struct io_file){ file, (flags & IO_READ_ONLY) != 0 };
	return 0;
}

static void
memory_close(struct io *io, struct io_file *handle)
{
	(void)io;
	if (handle == NULL)
		return;
	handle->file->handles--;
	free_if_unused(handle->file);
	free(handle);
}

static int
memory_size(struct io *io, struct io_file *handle, uint64_t *size)
{
	(void)io;
	*size = handle->file->size;
	return 0;
}

/* Room in the page table for a file of ${size} bytes. */
static int
reserve(struct memory_file *file, uint64_t size)
{
	uint64_t needed = size / PAGE_SIZE + (size % PAGE_SIZE != 0);
	uint8_t **pages;

	if (needed <= file->page_count)
		return 0;
	if (needed > SIZE_MAX / sizeof(*pages) / 2)
		return -EFBIG;
	pages = realloc(file->pages, (size_t)needed * sizeof(*pages));
	if (pages == NULL)
		return -ENOMEM;
	memset(pages + file->page_count, 0,
	       ((size_t)needed - file->page_count) * sizeof(*pages));
	file->pages = pages;
	file->page_count = (size_t)needed;
	return 0;
}

static int
memory_resize(struct io *io, struct io_file *handle, uint64_t size)
{
	struct memory_file *file = handle->file;
	size_t whole = (size_t)(size / PAGE_SIZE);
	size_t rest = (size_t)(size % PAGE_SIZE);
	int status;

	(void)io;
	if (handle->is_read_only)
		return -EBADF;
	status = reserve(file, size);
	if (status < 0)
		return status;
	if (size < file->size) {
		cut_pages(file, whole + (rest != 0));
		/* What is cut off doesn't come back when it grows again. */
		if (rest != 0 && file->pages[whole] != NULL)
			memset(file->pages[whole] + rest, 0, PAGE_SIZE - rest);
	}
	file->size = size;
	return 0;
}

static int
exchange(struct memory_file *source, struct memory_file *target)
{
	char *name = source->name;

	if (target == NULL)
		return -ENOENT;
	source->name = target->name;
	target->name = name;
	return 0;
}

static int
rename_file(struct io_memory *memory, const struct io_operation *operation)
{
	struct memory_file *source = find_file(memory, operation->from);
	struct memory_file *target = find_file(memory, operation->to);
	char *name;

	if (source == NULL)
		return -ENOENT;
	if (operation->kind == IO_EXCHANGE)
		return exchange(source, target);
	if (source == target)
		return 0;
	name = strdup(operation->to);
	if (name == NULL)
		return -ENOMEM;
	if (target != NULL)
		unlink_file(memory, target);
	free(source->name);
	source->name = name;
	return 0;
}

static int
memory_remove(struct io *io, const char *name)
{
	struct memory_file *file = find_file(memory_of(io), name);

	if (file == NULL)
		return -ENOENT;
	unlink_file(memory_of(io), file);
	return 0;
}

static int
memory_list(struct io *io, int (*visit)(void *context, const char *name),
	    void *context)
{
	struct memory_file *next;

	/* The visitor may remove the file that it is shown. */
	for (struct memory_file *file = memory_of(io)->files; file != NULL;
	     file = next) {
		int status;

		next = file->next;
		status = visit(context, file->name);
		if (status != 0)
			return status;
	}
	return 0;
}

static struct io_file *
memory_directory(struct io *io)
{
	return &memory_of(io)->directory;
}

static int
memory_lock(struct io *io, const char *name, bool is_shared, int64_t *owner)
{
	struct io_memory *memory = memory_of(io);
	int status = io_support_check_name(name);

	*owner = 0;
	if (status < 0)
		return status;
	if (memory->is_locked) {
		*owner = getpid();
		return -EBUSY;
	}
	if (is_shared)
		return find_file(memory, name) == NULL ? -ENOENT : 0;
	if (find_file(memory, name) == NULL && make_file(memory, name) == NULL)
		return -ENOMEM;
	memory->is_locked = true;
	return 0;
}

static void
memory_submit(struct io *io, struct io_operation *operation)
{
	io_support_prepare(operation);
	io_support_push(&memory_of(io)->queue, operation);
}

/* Bytes from ${offset} to the end of its page, at most ${left}. */
static size_t
part_of_page(uint64_t offset, size_t left)
{
	size_t part = PAGE_SIZE - (size_t)(offset % PAGE_SIZE);

	return part < left ? part : left;
}

static int64_t
read_file(const struct memory_file *file, uint64_t offset, uint8_t *to,
	  size_t size)
{
	size_t done = 0;

	if (offset >= file->size)
		return 0;
	if (size > file->size - offset)
		size = (size_t)(file->size - offset);
	while (done < size) {
		uint64_t at = offset + done;
		size_t part = part_of_page(at, size - done);
		const uint8_t *page = file->pages[at / PAGE_SIZE];

		if (page == NULL)
			memset(to + done, 0, part);
		else
			memcpy(to + done, page + at % PAGE_SIZE, part);
		done += part;
	}
	return (int64_t)done;
}

static int64_t
write_file(struct memory_file *file, uint64_t offset, const uint8_t *from,
	   size_t size)
{
	size_t done = 0;
	int status;

	if (offset > INT64_MAX - size)
		return -EFBIG;
	status = reserve(file, offset + size);
	if (status < 0)
		return status;
	while (done < size) {
		uint64_t at = offset + done;
		size_t part = part_of_page(at, size - done);
		uint8_t **page = &file->pages[at / PAGE_SIZE];

		if (*page == NULL)
			*page = calloc(1, PAGE_SIZE);
		if (*page == NULL)
			return -ENOMEM;
		memcpy(*page + at % PAGE_SIZE, from + done, part);
		done += part;
	}
	if (offset + size > file->size)
		file->size = offset + size;
	return (int64_t)size;
}

static int64_t
carry_out(struct io_memory *memory, const struct io_operation *operation)
{
	const struct io_file *handle = operation->file;

	if (operation->kind == IO_SYNC)
		return 0;
	if (operation->kind == IO_RENAME || operation->kind == IO_EXCHANGE)
		return rename_file(memory, operation);
	if (handle->file == NULL)
		return -EISDIR;
	if (operation->kind == IO_READ)
		return read_file(handle->file, operation->offset,
				 operation->data, operation->size);
	if (handle->is_read_only)
		return -EBADF;
	return write_file(handle->file, operation->offset, operation->data,
			  operation->size);
}

static int
memory_poll(struct io *io, int64_t wait_us)
{
	struct io_queue *queue = &memory_of(io)->queue;
	unsigned count = queue->count;

	(void)wait_us;
	for (unsigned i = 0; i < count && queue->head != NULL; i++) {
		struct io_operation *operation = io_support_pop(queue);

		operation->result = carry_out(memory_of(io), operation);
		operation->on_done(operation);
	}
	return (int)count;
}

static const char *
memory_path(struct io *io)
{
	(void)io;
	return ":memory:";
}

static void
memory_destroy(struct io *io)
{
	struct io_memory *memory = memory_of(io);

	while (memory->files != NULL) {
		assert(memory->files->handles == 0);
		unlink_file(memory, memory->files);
	}
	free(memory);
}

static const struct io_methods memory_methods = {
	.name = "memory",
	.is_volatile = true,
	.destroy = memory_destroy,
	.open = memory_open,
	.close = memory_close,
	.size = memory_size,
	.resize = memory_resize,
	.remove = memory_remove,
	.list = memory_list,
	.directory = memory_directory,
	.lock = memory_lock,
	.submit = memory_submit,
	.poll = memory_poll,
	.clock_us = io_support_clock_us,
	.monotonic_us = io_support_monotonic_us,
	.random = io_support_random,
	.path = memory_path,
};

int
io_memory_create(struct io **io, struct error *error)
{
	struct io_memory *memory = calloc(1, sizeof(*memory));

	if (memory == NULL)
		return error_no_memory(error);
	memory->io.methods = &memory_methods;
	*io = &memory->io;
	return 0;
}
