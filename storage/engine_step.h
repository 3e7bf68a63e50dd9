/* SPDX-License-Identifier: MIT
 *
 * How an engine moves on: what is written settles, into the indexes and the
 * cache; then every part does a little. Above all parts but the doors. */
#ifndef STORAGE_ENGINE_STEP_H
#define STORAGE_ENGINE_STEP_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;

/* Gives up writing when a growing file couldn't be synced: whatever was
 * written to it by others may be lost with it, and nobody else is told. */
void engine_notice_failed_growth(struct engine *engine);

/* A file that has grown to its first segments is used when the manifest counts
 * it: has it stored, and notices when it is. Doesn't block. */
void engine_record_new_file(struct engine *engine);

/* After every poll of the io: moves everything on that is ready. */
void engine_step(struct engine *engine);

#endif
