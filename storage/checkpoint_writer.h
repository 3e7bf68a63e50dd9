/* SPDX-License-Identifier: MIT
 *
 * Writes checkpoints beside everything else, in bounded steps, and drops
 * tombstones and expired rows that nothing needs any more while it walks the
 * indexes.
 *
 *	IDLE -> WAITING (for the moving stream) -> HEAD -> ENTRIES -> SYNCING
 *	     -> PUBLISHING (the manifest) -> IDLE
 *
 * A checkpoint that can't be written (no room) is given up and tried again
 * later; the log just gets longer.  Engine thread only. */
#ifndef STORAGE_CHECKPOINT_WRITER_H
#define STORAGE_CHECKPOINT_WRITER_H

#include "storage/engine_state.h"

MUST_CHECK int checkpoint_writer_create(struct engine *engine,
					uint64_t interval_bytes,
					struct error *error);
void checkpoint_writer_destroy(struct checkpoint_writer *writer);

/* After each poll: starts when one is due, goes on with about ${budget} bytes. */
void checkpoint_writer_step(struct engine *engine, uint64_t budget);
/* Begins one now, unless one is under way. */
void checkpoint_writer_demand(struct engine *engine);
bool checkpoint_writer_is_idle(const struct checkpoint_writer *writer);
/* True while it waits for the moving stream: nothing may be sent there. */
bool checkpoint_writer_holds_moving(const struct checkpoint_writer *writer);
/* In the kernel's hands? */
bool checkpoint_writer_is_busy(const struct checkpoint_writer *writer);
/* Of the last one that was tried; 0: it was published. */
int checkpoint_writer_outcome(const struct checkpoint_writer *writer,
			      struct error *error);

#endif
