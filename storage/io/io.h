/* SPDX-License-Identifier: MIT
 *
 * Everything that the engine asks of the world: files, directories, locks,
 * time and randomness.  The engine owns one struct io and does nothing past
 * it, so that a simulated disk can stand in for the real one.
 *
 * What may take long is an operation that the caller owns: submit() starts one,
 * poll() completes it and calls its on_done, in any order.  What is rare and
 * short (opening, locking) is a plain call.
 *
 * Backends: io_uring.c (io_uring_create), io_sync.c (pread and pwrite with the
 * same guarantees, where the kernel refuses io_uring), io_memory.c (a database
 * without a directory).  Tests bring their own. */
#ifndef STORAGE_IO_IO_H
#define STORAGE_IO_IO_H

#include "base/buffer.h"
#include "base/error.h"

/* Every write to a segment file starts and ends on this, in file and in
 * memory: the largest unit that common disks write whole or not at all. */
enum { IO_ALIGNMENT = 4096 };

/* Reads from this size on may as well pass the page cache by: what is smaller
 * is quick when it is there, as in a database that is opened again and
 * again. */
enum { IO_DIRECT_SIZE_MIN = 256 << 10 };

/* For io_error, where no place in a file is meant. */
#define IO_NO_OFFSET UINT64_MAX

/* In the place of a pid: readers have the lock, and leave no names. */
enum { IO_OWNER_READERS = -1 };

enum io_kind {
	IO_READ,  /* any offset, size and memory */
	IO_WRITE, /* aligned to IO_ALIGNMENT in all three */
	IO_SYNC,  /* data and what is needed to find it again: fdatasync; of a
		     directory: its names */
	IO_RENAME,  /* ${from} becomes ${to}, replacing what had that name */
	IO_EXCHANGE /* ${from} and ${to}, which must both be there, change
		       places at once; -EINVAL where that can't be done */
};

enum io_open_flags {
	IO_CREATE = 1 << 0,  /* must not exist yet */
	IO_DURABLE = 1 << 1, /* a completed write is on stable storage
				(O_DSYNC) */
	IO_READ_ONLY = 1 << 2,
	IO_SPARING = 1 << 3 /* -EMFILE where the process may open few more
			       files: what is needed to go on is opened
			       without it */
};

struct io_file; /* a backend's own: an open regular file, or the directory */

struct io_operation {
	enum io_kind kind;
	struct io_file *file; /* of the last two kinds: the directory */
	uint64_t offset;
	void *data;
	size_t size;
	/* A large read of what nobody reads again soon, aligned as a write is:
	 * past the page cache, where the backend can do that.  It may change
	 * its mind here. */
	bool is_direct;
	const char *from; /* names, which must last as long as the operation */
	const char *to;
	/* Set before on_done: bytes moved (all that were asked for, except for
	 * a read past the end of the file; 0 of other kinds), or -errno. Short
	 * transfers are continued by the backend. */
	int64_t result;
	void (*on_done)(struct io_operation *operation);
	/* the backend's, while in flight */
	struct io_operation *next;
	size_t done;
};

struct io {
	const struct io_methods *methods;
};

/* Plain calls return 0 or -errno; there is no struct error here: the caller
 * knows what the file was for and writes the message (io_error). */
struct io_methods {
	const char *name; /* io_uring, pread, memory: for statistics */
	bool is_volatile; /* nothing outlives the io */

	/* Waits for what is in flight first; its on_done is not called.
	 * After a fork an io is the parent's: in the child calls that would
	 * change something, and operations, fail with -ECHILD, poll too when
	 * nothing else is left, and destroy only releases. */
	void (*destroy)(struct io *io);

	/* A name is one path component inside the database's directory. Only
	 * regular files are opened (never a FIFO, a symlink, a device):
	 * -ENOTSUP otherwise. IO_CREATE on a name that exists: -EEXIST. */
	int (*open)(struct io *io, const char *name, unsigned flags,
		    struct io_file **file);
	void (*close)(struct io *io, struct io_file *file);
	int (*size)(struct io *io, struct io_file *file, uint64_t *size);
	/* Cuts or extends: by zeros whose room on the disk is taken already,
	 * although they are not written. When it fails nothing changed. */
	int (*resize)(struct io *io, struct io_file *file, uint64_t size);
	int (*remove)(struct io *io, const char *name);
	/* Calls visit for each name but . and ..; stops when it returns
	 * non-zero, and returns that. */
	int (*list)(struct io *io,
		    int (*visit)(void *context, const char *name),
		    void *context);
	/* The directory itself, for IO_SYNC and names; owned by the io. */
	struct io_file *(*directory)(struct io *io);

	/* Takes the lock of the database, on a file called ${name}, until
	 * destroy.  The exclusive one is a writer's: the file is made when it
	 * is missing, and then holds our pid.  A shared one is a reader's: any
	 * number may be held at once, and nothing is made nor written (-ENOENT
	 * without the file).  -EBUSY when others' locks forbid ours; then
	 * *owner is the writer's pid, 0 when unknown, or IO_OWNER_READERS. */
	int (*lock)(struct io *io, const char *name, bool is_shared,
		    int64_t *owner);

	/* Starts an operation; never fails: errors arrive as its result. */
	void (*submit)(struct io *io, struct io_operation *operation);
	/* Completes what is done; waits up to ${wait_us} for the first one when
	 * nothing is (0: doesn't wait; negative: as long as it takes). Returns
	 * how many were completed, or -errno when the backend itself is
	 * broken. Returns 0 at once when nothing is in flight, and early when
	 * a signal arrives. on_done may submit more; that is completed by a
	 * later poll. */
	int (*poll)(struct io *io, int64_t wait_us);

	int64_t (*clock_us)(struct io *io); /* since 1970, may jump */
	int64_t (*monotonic_us)(struct io *io);
	void (*random)(struct io *io, void *bytes, size_t size);

	/* "/data/db", or ":memory:": for messages. */
	const char *(*path)(struct io *io);
};

/* Opens (creating it, 0700, when ${create}) the directory and a ring on it.
 * Falls back to io_sync_create where the kernel refuses. */
MUST_CHECK int io_uring_create(const char *path, bool create, struct io **io,
			       struct error *error);
MUST_CHECK int io_sync_create(const char *path, bool create, struct io **io,
			      struct error *error);
MUST_CHECK int io_memory_create(struct io **io, struct error *error);

/* ERROR_IO (ERROR_FULL for ENOSPC, EDQUOT and ENOMEM) about a file of this
 * io: "cannot write /data/db/00-000000.segments at offset 8192: No space …".
 * Without a name it is about the directory; the offset may be IO_NO_OFFSET. */
int io_error(struct io *io, int negative_errno, const char *verb,
	     const char *name, uint64_t offset, struct error *error);

/* That a file couldn't be opened says nothing of it: with more descriptors,
 * memory or rights it can. */
bool io_is_refused(int negative_errno);

/* poll(), where nobody may leave before an operation ends, since the kernel is
 * at work in our memory: a failure is counted and passed over.  Negative when
 * there have been too many: the backend is broken for good, the memory lost. */
int io_poll_patiently(struct io *io, unsigned *failures);
/* The same until the operation that clears the flag has ended. */
int io_wait(struct io *io, const bool *is_in_flight);

/* One operation, started and waited for: for opening and closing, where
 * nothing else is in flight.  A poll that fails is tried again; a backend that
 * never recovers is given up in the end, with a negative errno, and the
 * operation may still be in flight then: who has memory that stays is told. */
struct io_waited {
	struct io_operation operation; /* kind, file, ...; no on_done */
	bool is_in_flight;
};
int64_t io_run(struct io *io, struct io_waited *waited);
int64_t io_read_now(struct io *io, struct io_file *file, uint64_t offset,
		    void *data, size_t size);
int64_t io_write_now(struct io *io, struct io_file *file, uint64_t offset,
		     const void *data, size_t size);
int io_sync_now(struct io *io, struct io_file *file);
/* IO_RENAME or IO_EXCHANGE. */
int io_rename_now(struct io *io, enum io_kind kind, const char *from,
		  const char *to);

#endif
