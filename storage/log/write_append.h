/* SPDX-License-Identifier: MIT
 *
 * Appends a batch to the user stream, when everything that can fail is behind
 * it.
 *
 * Engine thread only. */
#ifndef STORAGE_LOG_WRITE_APPEND_H
#define STORAGE_LOG_WRITE_APPEND_H

#include "storage/engine_state.h"

/* The writes were checked, there is room for all of them, and runs are
 * prepared.  Rows of the engine's own tables are fine. */
void write_append(struct engine *engine, const struct engine_write *writes,
		  size_t count);

#endif
