/* SPDX-License-Identifier: MIT
 *
 * Operations go through a ring shared with the kernel.  submit() hands a write
 * over at once, so that the disk works while the next buffer is filled.  Of a
 * read it only fills in an entry; the system call for all of them is made by
 * poll(), or when the ring is full, so that a batch costs one call and a
 * single read that is waited for costs one call too.
 *
 * A read that poll finds alone is tried in the page cache first, by a call that
 * doesn't wait: through the ring a cached point read takes about a third
 * longer.  Only what isn't cached, or isn't alone, goes there.
 *
 * Three invariants keep it simple:
 *  1. in_flight counts the operations that are in the ring or in the kernel,
 *     or are the lone read, and never exceeds depth, the entries of the
 *     submission queue.  So there is always a free entry for one that may
 *     start, and the completion queue, which is twice as long, never
 *     overflows.
 *  2. The backlog is empty unless in_flight == depth.
 *  3. on_done is called by poll() only, after its completion was taken out of
 *     the ring (the lone read's, after it was forgotten), so that it may
 *     submit, and may free its operation. */
#include "storage/io/io_directory.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

enum {
	DEPTH_MAX = 128,
	DEPTH_MIN = 8,
	/* One entry's length has 32 bits; the rest is continued. */
	TRANSFER_MAX = 1 << 30
};

struct uring {
	struct io_directory directory; /* first */
	struct io_uring ring;
	struct io_queue backlog;
	unsigned depth;
	unsigned in_flight;
	struct io_operation *lone; /* a read that nothing has joined; or NULL */
	bool is_cache_untried; /* the file system can't look into the cache */
};

static struct uring *
uring_of(struct io *io)
{
	return CONTAINER_OF(io, struct uring, directory.io);
}

static void
fill_entry(struct io_uring_sqe *entry, const struct io_operation *operation)
{
	const struct io_file *file = operation->file;
	size_t left = operation->size - operation->done;
	unsigned size = (unsigned)(left < TRANSFER_MAX ? left : TRANSFER_MAX);
	uint64_t offset = operation->offset + operation->done;

	switch (operation->kind) {
	case IO_READ:
		io_uring_prep_read(entry, io_directory_read_fd(operation),
				   (char *)operation->data + operation->done,
				   size, offset);
		break;
	case IO_WRITE:
		io_uring_prep_write(entry, file->write_fd,
				    (char *)operation->data + operation->done,
				    size, offset);
		break;
	case IO_SYNC:
		if (file->is_directory)
			io_uring_prep_fsync(entry, file->read_fd, 0);
		else
			io_uring_prep_fsync(entry, file->write_fd,
					    IORING_FSYNC_DATASYNC);
		break;
	case IO_RENAME:
	case IO_EXCHANGE:
		io_uring_prep_renameat(entry, file->read_fd, operation->from,
				       file->read_fd, operation->to,
				       operation->kind == IO_EXCHANGE ?
					       RENAME_EXCHANGE :
					       0);
		break;
	}
}

static void
enqueue(struct uring *uring, struct io_operation *operation)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(&uring->ring);

	assert(entry != NULL);
	fill_entry(entry, operation);
	io_uring_sqe_set_data(entry, operation);
}

static void
start(struct uring *uring, struct io_operation *operation)
{
	assert(uring->in_flight < uring->depth);
	enqueue(uring, operation);
	uring->in_flight++;
}

static void
enqueue_lone(struct uring *uring)
{
	struct io_operation *operation = uring->lone;

	uring->lone = NULL;
	if (operation != NULL)
		enqueue(uring, operation);
}

/* Whether all of the read was in the page cache; then it is complete. */
static bool
read_cached(struct uring *uring, struct io_operation *operation)
{
	struct iovec into = { operation->data, operation->size };
	ssize_t moved = preadv2(operation->file->read_fd, &into, 1,
				(off_t)operation->offset, RWF_NOWAIT);

	if (moved < 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
		uring->is_cache_untried = true;
	/* Errors are the ring's to meet and to report. */
	return moved >= 0 && io_directory_advance(operation, moved);
}

static void
start_backlog(struct uring *uring)
{
	while (uring->backlog.head != NULL && uring->in_flight < uring->depth)
		start(uring, io_support_pop(&uring->backlog));
}

static void
uring_submit(struct io *io, struct io_operation *operation)
{
	struct uring *uring = uring_of(io);

	io_support_prepare(operation);
	if (uring->in_flight == uring->depth ||
	    !io_directory_is_ours(&uring->directory)) {
		io_support_push(&uring->backlog, operation);
		return;
	}
	if (operation->kind == IO_READ && uring->in_flight == 0 &&
	    !operation->is_direct && !uring->is_cache_untried) {
		uring->lone = operation;
		uring->in_flight++;
		return;
	}
	enqueue_lone(uring);
	start(uring, operation);
	/* Writes are large and few: the device begins with them while the next
	 * ones are being filled.  Reads come in batches and wait for poll. What
	 * fails here, poll meets again and reports. */
	if (operation->kind != IO_READ ||
	    io_uring_sq_space_left(&uring->ring) == 0)
		(void)io_uring_submit(&uring->ring);
}

/* The system call: hands over what was submitted and waits.  Nothing is lost
 * when it fails: entries that the kernel didn't take stay in the ring. */
static int
enter(struct uring *uring, int64_t wait_us)
{
	struct io_uring *ring = &uring->ring;
	struct io_uring_cqe *first;
	struct __kernel_timespec timeout = {
		.tv_sec = wait_us / 1000000,
		.tv_nsec = wait_us % 1000000 * 1000,
	};
	int status;

	if (io_uring_cq_ready(ring) > 0)
		status = io_uring_sq_ready(ring) > 0 ? io_uring_submit(ring) :
						       0;
	else if (wait_us == 0)
		status = io_uring_submit_and_get_events(ring);
	else if (wait_us < 0)
		status = io_uring_submit_and_wait(ring, 1);
	else
		status = io_uring_submit_and_wait_timeout(ring, &first, 1,
							  &timeout, NULL);
	switch (status) {
	case -EINTR:
	case -ETIME:
	case -EAGAIN: /* short of memory just now */
	case -EBUSY:
		return 0;
	default:
		return status < 0 ? status : 0;
	}
}

static bool
is_rename(const struct io_operation *operation)
{
	return operation->kind == IO_RENAME || operation->kind == IO_EXCHANGE;
}

/* Takes one completion out of the ring; NULL when the operation goes on. */
static struct io_operation *
take_completion(struct uring *uring)
{
	struct io_uring_cqe *completion;
	struct io_operation *operation;
	int32_t moved;

	if (io_uring_peek_cqe(&uring->ring, &completion) != 0)
		return NULL;
	operation = io_uring_cqe_get_data(completion);
	moved = completion->res;
	io_uring_cqe_seen(&uring->ring, completion);
	assert(uring->in_flight > 0);
	uring->in_flight--;
	/* Kernels before 5.11 have no such entries. */
	if (is_rename(operation) && moved == -EINVAL)
		moved = io_directory_rename(operation);
	if (io_directory_advance(operation, moved))
		return operation;
	start(uring, operation);
	return NULL;
}

/* False when the lone read must go the long way. */
static bool
finish_lone(struct uring *uring)
{
	struct io_operation *operation = uring->lone;

	if (!read_cached(uring, operation)) {
		enqueue_lone(uring);
		return false;
	}
	uring->lone = NULL;
	uring->in_flight--;
	operation->on_done(operation);
	return true;
}

static int
uring_poll(struct io *io, int64_t wait_us)
{
	struct uring *uring = uring_of(io);
	unsigned ready;
	int completed = 0;
	int status;

	if (uring->in_flight == 0 && uring->backlog.count == 0)
		return 0;
	if (!io_directory_is_ours(&uring->directory))
		return io_directory_refuse(&uring->backlog);
	if (uring->lone != NULL && finish_lone(uring))
		return 1;
	status = enter(uring, wait_us);
	ready = io_uring_cq_ready(&uring->ring);
	for (unsigned i = 0; i < ready; i++) {
		struct io_operation *operation = take_completion(uring);

		start_backlog(uring);
		if (operation == NULL)
			continue;
		completed++;
		operation->on_done(operation);
	}
	return completed > 0 ? completed : status;
}

/* The kernel must be done with our callers' memory. */
static void
drain(struct uring *uring)
{
	enum { FAILURES_MAX = 1000 };
	int failures = 0;

	enqueue_lone(uring);
	while (uring->in_flight > 0 && failures < FAILURES_MAX) {
		if (enter(uring, -1) < 0)
			failures++;
		while (io_uring_cq_ready(&uring->ring) > 0) {
			(void)take_completion(uring);
			start_backlog(uring);
		}
	}
}

static void
uring_destroy(struct io *io)
{
	struct uring *uring = uring_of(io);

	if (io_directory_is_ours(&uring->directory))
		drain(uring);
	io_uring_queue_exit(&uring->ring);
	io_directory_finish(&uring->directory);
	free(uring);
}

static const struct io_methods uring_methods = {
	.name = "io_uring",
	.destroy = uring_destroy,
	.submit = uring_submit,
	.poll = uring_poll,
	IO_DIRECTORY_METHODS,
};

/* Kernels before 5.12 count a ring as locked memory: a smaller one may fit. */
static int
create_ring_of(struct uring *uring, unsigned flags)
{
	int status = -EINVAL;

	for (uring->depth = DEPTH_MAX; uring->depth >= DEPTH_MIN;
	     uring->depth /= 2) {
		struct io_uring_params parameters = { .flags = flags };

		status = io_uring_queue_init_params(uring->depth, &uring->ring,
						    &parameters);
		if (status == -ENOMEM)
			continue;
		/* Without it a wait with a timeout takes an entry itself. */
		if (status == 0 &&
		    !(parameters.features & IORING_FEAT_EXT_ARG)) {
			io_uring_queue_exit(&uring->ring);
			return -ENOSYS;
		}
		return status;
	}
	return status;
}

/* SINGLE_ISSUER and DEFER_TASKRUN would tie the ring to the thread that made
 * it; a host may open a database in one thread and use it in another, and the
 * gain over COOP_TASKRUN was within the noise when it was measured. */
static int
create_ring(struct uring *uring)
{
	int status = create_ring_of(uring, IORING_SETUP_COOP_TASKRUN);

	if (status == -EINVAL)
		status = create_ring_of(uring, 0);
	return status;
}

int
io_uring_create(const char *path, bool create, struct io **io,
		struct error *error)
{
	struct uring *uring = calloc(1, sizeof(*uring));
	int status;

	if (uring == NULL)
		return error_no_memory(error);
	if (create_ring(uring) < 0) {
		free(uring);
		return io_sync_create(path, create, io, error);
	}
	status = io_directory_init(&uring->directory, &uring_methods, path,
				   create, error);
	if (status < 0) {
		io_uring_queue_exit(&uring->ring);
		free(uring);
		return status;
	}
	*io = &uring->directory.io;
	return 0;
}
