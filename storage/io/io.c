/* SPDX-License-Identifier: MIT */
#include "storage/io/io.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum error_code
code_of(int positive_errno)
{
	switch (positive_errno) {
	case ENOSPC:
	case EDQUOT:
	case ENOMEM:
		return ERROR_FULL;
	default:
		return ERROR_IO;
	}
}

int
io_error(struct io *io, int negative_errno, const char *verb, const char *name,
	 uint64_t offset, struct error *error)
{
	char buffer[128];
	char place[48] = "";
	const char *reason =
		strerror_r(-negative_errno, buffer, sizeof(buffer));

	/* As the contract of open has it. */
	if (negative_errno == -ENOTSUP && strcmp(verb, "open") == 0)
		reason = "it isn't a regular file";
	if (negative_errno == -ECHILD)
		reason = "it belongs to the process that opened it before "
			 "the fork";

	if (offset != IO_NO_OFFSET)
		snprintf(place, sizeof(place), " at offset %" PRIu64, offset);
	return error_set(error, code_of(-negative_errno),
			 "cannot %s %s%s%s%s: %s", verb, io->methods->path(io),
			 name == NULL ? "" : "/", name == NULL ? "" : name,
			 place, reason);
}

bool
io_is_refused(int negative_errno)
{
	switch (-negative_errno) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EACCES:
	case EPERM:
		return true;
	default:
		return false;
	}
}

int
io_poll_patiently(struct io *io, unsigned *failures)
{
	enum { FAILURES_MAX = 1000 };
	int status = io->methods->poll(io, -1);

	return status < 0 && ++*failures >= FAILURES_MAX ? status : 0;
}

int
io_wait(struct io *io, const bool *is_in_flight)
{
	unsigned failures = 0;
	int status = 0;

	while (*is_in_flight && status == 0)
		status = io_poll_patiently(io, &failures);
	return status;
}

static void
on_waited_done(struct io_operation *operation)
{
	CONTAINER_OF(operation, struct io_waited, operation)->is_in_flight =
		false;
}

int64_t
io_run(struct io *io, struct io_waited *waited)
{
	int status;

	waited->operation.on_done = on_waited_done;
	waited->is_in_flight = true;
	io->methods->submit(io, &waited->operation);
	status = io_wait(io, &waited->is_in_flight);
	return status < 0 ? status : waited->operation.result;
}

/* The operation lives on our stack, so that a poll that fails is no reason to
 * leave: the kernel may still be at work on it. */
static int64_t
run(struct io *io, const struct io_operation *operation)
{
	struct io_waited waited = { .operation = *operation };

	return io_run(io, &waited);
}

int64_t
io_read_now(struct io *io, struct io_file *file, uint64_t offset, void *data,
	    size_t size)
{
	return run(io, &(struct io_operation){ .kind = IO_READ,
					       .file = file,
					       .offset = offset,
					       .data = data,
					       .size = size });
}

int64_t
io_write_now(struct io *io, struct io_file *file, uint64_t offset,
	     const void *data, size_t size)
{
	/* A write only reads its memory. */
	return run(io, &(struct io_operation){ .kind = IO_WRITE,
					       .file = file,
					       .offset = offset,
					       .data = (void *)(uintptr_t)data,
					       .size = size });
}

int
io_sync_now(struct io *io, struct io_file *file)
{
	return (int)run(io, &(struct io_operation){ .kind = IO_SYNC,
						    .file = file });
}

int
io_rename_now(struct io *io, enum io_kind kind, const char *from,
	      const char *to)
{
	return (int)run(io,
			&(struct io_operation){
				.kind = kind,
				.file = io->methods->directory(io),
				.from = from,
				.to = to });
}
