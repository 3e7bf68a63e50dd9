/* SPDX-License-Identifier: MIT
 *
 * Opening a database: makes a new one, or finds out from manifest and log what
 * an existing one holds, and leaves the engine ready to go on from there. */
#ifndef STORAGE_RECOVERY_H
#define STORAGE_RECOVERY_H

#include "storage/engine.h"

/* Fills in an engine of which io, sync and is_read_only are set.  When it
 * fails, the directory is as it was, and what the engine holds by then is
 * the caller's to free. */
MUST_CHECK int recovery_open(struct engine *engine,
			     const struct engine_options *options,
			     struct error *error);

#endif
