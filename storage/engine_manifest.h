/* SPDX-License-Identifier: MIT
 *
 * Between an engine and its manifest. */
#ifndef STORAGE_ENGINE_MANIFEST_H
#define STORAGE_ENGINE_MANIFEST_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;

/* The manifest as of now: everything settled, nothing in flight. */
void engine_describe(struct engine *engine, bool is_clean);
/* The other way: goes on where the manifest says, and everything up to
 * ${settled} is settled. */
void engine_continue_log(struct engine *engine, uint64_t settled);

/* Before a segment is taken, in either stream: once taken after an orderly end,
 * the manifest says so no more.  Blocks then; when it fails, nothing may be
 * taken. */
MUST_CHECK int engine_begin_writing(struct engine *engine,
				    struct error *error);

#endif
