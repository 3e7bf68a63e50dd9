/* SPDX-License-Identifier: MIT
 *
 * A database's directory, opened and made, by its path. */
#ifndef PLANNER_DIRECTORY_H
#define PLANNER_DIRECTORY_H

#include "storage/io/io.h"

struct directory_options {
	bool may_create;
	bool no_io_uring;
};

/* ${is_made}: whether there was none before; then who fails later on takes it
 * away again by directory_unmake.  When this fails itself, none is left. */
MUST_CHECK int directory_open(const char *path,
			      const struct directory_options *options,
			      struct io **io, bool *is_made,
			      struct error *error);

/* Only if it is empty. */
void directory_unmake(const char *path);

#endif
