/* SPDX-License-Identifier: MIT
 *
 * Finds out from manifest and log what an existing database holds, and leaves
 * the engine ready to go on from there. */
#ifndef STORAGE_RECOVERY_RECOVERY_H
#define STORAGE_RECOVERY_RECOVERY_H

#include "storage/engine.h"

/* The engine's manifest is loaded and its files are open.  When it fails, the
 * directory is as it was. */
MUST_CHECK int recovery_run(struct engine *engine, struct error *error);

#endif
