/* SPDX-License-Identifier: MIT
 *
 * Operations wait in a queue and are carried out by poll, one system call
 * each, in the order of their submission. */
#include "storage/io/io_directory.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct io_sync {
	struct io_directory directory; /* first */
	struct io_queue queue;
};

static struct io_sync *
sync_of(struct io *io)
{
	return CONTAINER_OF(io, struct io_sync, directory.io);
}

static void
sync_submit(struct io *io, struct io_operation *operation)
{
	io_support_prepare(operation);
	io_support_push(&sync_of(io)->queue, operation);
}

static ssize_t
call(const struct io_operation *operation)
{
	const struct io_file *file = operation->file;
	size_t left = operation->size - operation->done;
	off_t offset = (off_t)(operation->offset + operation->done);
	char *data;

	if (operation->kind == IO_SYNC)
		return file->is_directory ? fsync(file->read_fd) :
					    fdatasync(file->write_fd);
	data = (char *)operation->data + operation->done;
	if (operation->kind == IO_READ)
		return pread(io_directory_read_fd(operation), data, left,
			     offset);
	return pwrite(file->write_fd, data, left, offset);
}

static ssize_t
transfer(const struct io_operation *operation)
{
	ssize_t moved;

	if (operation->kind == IO_RENAME || operation->kind == IO_EXCHANGE)
		return io_directory_rename(operation);
	moved = call(operation);
	return moved < 0 ? -errno : moved;
}

static void
carry_out(struct io_operation *operation)
{
	ssize_t moved;

	do {
		moved = transfer(operation);
	} while (!io_directory_advance(operation, moved));
}

static int
sync_poll(struct io *io, int64_t wait_us)
{
	struct io_queue *queue = &sync_of(io)->queue;
	unsigned count = queue->count;

	(void)wait_us;
	if (count > 0 && !io_directory_is_ours(&sync_of(io)->directory))
		return io_directory_refuse(queue);
	for (unsigned i = 0; i < count && queue->head != NULL; i++) {
		struct io_operation *operation = io_support_pop(queue);

		carry_out(operation);
		operation->on_done(operation);
	}
	return (int)count;
}

static void
sync_destroy(struct io *io)
{
	struct io_sync *sync = sync_of(io);

	while (sync->queue.head != NULL &&
	       io_directory_is_ours(&sync->directory))
		carry_out(io_support_pop(&sync->queue));
	io_directory_finish(&sync->directory);
	free(sync);
}

static const struct io_methods sync_methods = {
	.name = "pread",
	.destroy = sync_destroy,
	.submit = sync_submit,
	.poll = sync_poll,
	IO_DIRECTORY_METHODS,
};

int
io_sync_create(const char *path, bool create, struct io **io,
	       struct error *error)
{
	struct io_sync *sync = calloc(1, sizeof(*sync));
	int status;

	if (sync == NULL)
		return error_no_memory(error);
	status = io_directory_init(&sync->directory, &sync_methods, path,
				   create, error);
	if (status < 0) {
		free(sync);
		return status;
	}
	*io = &sync->directory.io;
	return 0;
}
