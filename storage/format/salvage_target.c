/* SPDX-License-Identifier: MIT */
#include "storage/format/salvage_target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
refuse_unfinished(struct io *io, struct error *error)
{
	const char *path = io->methods->path(io);
	int status = error_set(error, ERROR_CONFIG,
			       "%s holds a salvage that was interrupted, or "
			       "is still at work",
			       path);

	error_hint(error, "if none is at work, remove %s and salvage again",
		   path);
	return status;
}

int
salvage_target_check(struct io *io, struct error *error)
{
	struct io_file *mark;
	int status =
		io->methods->open(io, SALVAGE_TARGET_MARK, IO_READ_ONLY, &mark);

	if (status == -ENOENT)
		return 0;
	if (status == 0)
		io->methods->close(io, mark);
	if (status == 0 || status == -ENOTSUP)
		return refuse_unfinished(io, error);
	/* Nobody knows whether it is there: a whole database must not be called
	 * unfinished, least of all by a hint that has it removed. */
	return io_error(io, status, "open", SALVAGE_TARGET_MARK, IO_NO_OFFSET,
			error);
}

static int
note_other(void *context, const char *name)
{
	char *found = context;

	if (strcmp(name, SALVAGE_TARGET_MARK) == 0)
		return 0;
	snprintf(found, 256, "%s", name);
	return 1;
}

static int
check_empty(struct io *io, struct error *error)
{
	char found[256] = "";
	int status = io->methods->list(io, note_other, found);

	if (status < 0)
		return io_error(io, status, "list", NULL, IO_NO_OFFSET, error);
	if (status == 0)
		return 0;
	status = error_set(error, ERROR_CONFIG, "%s is not empty: found '%s'",
			   io->methods->path(io), found);
	error_hint(error, "name a new or an empty directory");
	return status;
}

static int
sync_names(struct io *io, struct error *error)
{
	int status = io_sync_now(io, io->methods->directory(io));

	if (status == 0)
		return 0;
	return io_error(io, status, "sync", NULL, IO_NO_OFFSET, error);
}

static int
make_mark(struct io *io, struct error *error)
{
	struct io_file *mark;
	int status =
		io->methods->open(io, SALVAGE_TARGET_MARK, IO_CREATE, &mark);

	if (status == -EEXIST)
		return refuse_unfinished(io, error);
	if (status < 0)
		return io_error(io, status, "create", SALVAGE_TARGET_MARK,
				IO_NO_OFFSET, error);
	io->methods->close(io, mark);
	return 0;
}

/* What came into the directory before the mark did is found by the second
 * look; who opens a database looks for the mark when its lock is there. */
int
salvage_target_begin(struct io *io, struct error *error)
{
	int status = salvage_target_check(io, error);

	if (status == 0)
		status = check_empty(io, error);
	if (status == 0)
		status = make_mark(io, error);
	if (status < 0)
		return status;
	status = check_empty(io, error);
	if (status == 0)
		status = sync_names(io, error);
	if (status < 0)
		(void)io->methods->remove(io, SALVAGE_TARGET_MARK);
	return status;
}

/* A power failure may keep one change of names and lose an earlier one: then
 * what was taken away would be back, and the mark wouldn't. */
int
salvage_target_end(struct io *io, struct error *error)
{
	int status = sync_names(io, error);

	if (status < 0)
		return status;
	status = io->methods->remove(io, SALVAGE_TARGET_MARK);
	if (status < 0)
		return io_error(io, status, "remove", SALVAGE_TARGET_MARK,
				IO_NO_OFFSET, error);
	return sync_names(io, error);
}
