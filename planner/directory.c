/* SPDX-License-Identifier: MIT */
#include "planner/directory.h"

#include <sys/stat.h>
#include <unistd.h>

int
directory_open(const char *path, const struct directory_options *options,
	       struct io **io, bool *is_made, struct error *error)
{
	struct stat found;
	bool was_there = stat(path, &found) == 0;
	int result;

	if (options->no_io_uring)
		result = io_sync_create(path, options->may_create, io, error);
	else
		result = io_uring_create(path, options->may_create, io, error);
	*is_made = result == 0 && !was_there;
	/* It may have been made, and then couldn't be opened. */
	if (result < 0 && options->may_create && !was_there)
		directory_unmake(path);
	return result;
}

void
directory_unmake(const char *path)
{
	(void)rmdir(path);
}
