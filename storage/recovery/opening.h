/* SPDX-License-Identifier: MIT
 *
 * Opening a database directory: who may, what belongs to it, a new database
 * where there is none, and recovery where there is one. */
#ifndef STORAGE_RECOVERY_OPENING_H
#define STORAGE_RECOVERY_OPENING_H

#include "storage/engine.h"

/* Fills in an engine of which io, sync and is_read_only are set.  When it
 * fails, the directory is as it was, and what the engine holds by then is
 * the caller's to free. */
MUST_CHECK int opening_open(struct engine *engine,
			    const struct engine_options *options,
			    struct error *error);

#endif
