/* SPDX-License-Identifier: MIT
 *
 * A database's directory and its files as the operating system has them: what
 * io_uring.c and io_sync.c share.  Each of them embeds a struct io_directory
 * and adds how data moves: submit, poll and destroy.  All other methods are
 * the functions below. */
#ifndef STORAGE_IO_IO_DIRECTORY_H
#define STORAGE_IO_IO_DIRECTORY_H

#include "storage/io/io_support.h"

#include <sys/types.h>

/* Reads go through the kernel's page cache, which serves what is read again
 * and again, unless they say otherwise.  Writes pass it by where the file
 * system can do that. */
struct io_file {
	int read_fd;
	int write_fd;      /* -1: read only */
	int direct_fd;     /* for reads that pass the page cache by; -1: none.
			      Where the file is written, it is write_fd */
	bool is_direct;    /* writes bypass the page cache */
	bool is_directory; /* only IO_SYNC makes sense */
};

struct io_directory {
	struct io io; /* first: every method is given its address */
	char *path; /* for messages */
	struct io_file file; /* the directory's own descriptor */
	int lock_fd;         /* -1: not locked */
	/* A page that a fork wipes: true in the process that made the io, false
	 * in its children, to whom nothing here belongs. NULL where the kernel
	 * can't do that. */
	bool *is_ours;
};

/* Opens ${path}, making the directory first (0700, whatever the umask) when it
 * is missing and ${create} is set. */
MUST_CHECK int io_directory_init(struct io_directory *directory,
				 const struct io_methods *methods,
				 const char *path, bool create,
				 struct error *error);
void io_directory_finish(struct io_directory *directory);

/* False in a forked child.  It must leave files and rings alone: what it hands
 * in, its parent would meet as its own. */
static inline bool
io_directory_is_ours(const struct io_directory *directory)
{
	return directory->is_ours == NULL || *directory->is_ours;
}

/* The poll of who may do nothing: ends what waits in ${queue} with -ECHILD, and
 * says how many that were; -ECHILD itself when there were none. */
MUST_CHECK int io_directory_refuse(struct io_queue *queue);

/* Accounts for one transfer of ${moved} bytes (or -errno) of an operation that
 * had done ${operation->done}.  True when it is complete, with its result set;
 * false when the rest must be tried, from ->done on. */
bool io_directory_advance(struct io_operation *operation, ssize_t moved);

/* Where a read is to go. */
static inline int
io_directory_read_fd(const struct io_operation *operation)
{
	const struct io_file *file = operation->file;

	return operation->is_direct && file->direct_fd >= 0 ?
		       file->direct_fd :
		       file->read_fd;
}

/* Carries out an IO_RENAME or IO_EXCHANGE: 0 or -errno. */
int io_directory_rename(const struct io_operation *operation);

/* The methods of struct io. */
int io_directory_open(struct io *io, const char *name, unsigned flags,
		      struct io_file **file);
void io_directory_close(struct io *io, struct io_file *file);
int io_directory_size(struct io *io, struct io_file *file, uint64_t *size);
int io_directory_resize(struct io *io, struct io_file *file, uint64_t size);
int io_directory_remove(struct io *io, const char *name);
int io_directory_list(struct io *io,
		      int (*visit)(void *context, const char *name),
		      void *context);
struct io_file *io_directory_itself(struct io *io);
int io_directory_lock(struct io *io, const char *name, bool is_shared,
		      int64_t *owner);
const char *io_directory_path(struct io *io);

/* All of the above, where a backend's struct io_methods is initialised. */
#define IO_DIRECTORY_METHODS                                                  \
	.open = io_directory_open, .close = io_directory_close,               \
	.size = io_directory_size, .resize = io_directory_resize,             \
	.remove = io_directory_remove, .list = io_directory_list,             \
	.directory = io_directory_itself, .lock = io_directory_lock,          \
	.path = io_directory_path,                                            \
	.clock_us = io_support_clock_us,                                      \
	.monotonic_us = io_support_monotonic_us, .random = io_support_random

#endif
