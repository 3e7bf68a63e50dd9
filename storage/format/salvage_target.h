/* SPDX-License-Identifier: MIT
 *
 * The directory that a salvage fills.  It looks like a database long before
 * all rows are in it, so it is marked first, durably, and opens only when the
 * mark is gone: after a kill nobody takes a part for the whole. */
#ifndef STORAGE_FORMAT_SALVAGE_TARGET_H
#define STORAGE_FORMAT_SALVAGE_TARGET_H

#include "storage/io/io.h"

/* The mark: a file of that name. */
#define SALVAGE_TARGET_MARK "unfinished-salvage"

/* Marks a directory, which must be empty: of two salvages one gets it.  When
 * it fails, nothing is left in it. */
MUST_CHECK int salvage_target_begin(struct io *io, struct error *error);
/* When the new database is closed, or all of it is removed: that is durable
 * before the mark goes. */
MUST_CHECK int salvage_target_end(struct io *io, struct error *error);

/* Fails with ERROR_CONFIG where the mark is. */
MUST_CHECK int salvage_target_check(struct io *io, struct error *error);

#endif
