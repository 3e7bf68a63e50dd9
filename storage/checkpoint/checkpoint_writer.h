/* SPDX-License-Identifier: MIT
 *
 * Writes checkpoints beside everything else, in bounded steps, and drops
 * tombstones and expired rows that nothing needs any more while it walks the
 * indexes.
 *
 *	IDLE -> WAITING (for the moving stream) -> CONTENT (in blocks)
 *	     -> FLUSHING (the last blocks) -> HEAD -> SYNCING
 *	     -> SETTLING (what entries point at is durable too)
 *	     -> the manifest (which syncs names first) -> IDLE
 *
 * A checkpoint that can't be written (no room) is given up and tried again
 * later, with the same number in the same file; the log just gets longer.
 * Engine thread only. */
#ifndef STORAGE_CHECKPOINT_CHECKPOINT_WRITER_H
#define STORAGE_CHECKPOINT_CHECKPOINT_WRITER_H

#include "storage/checkpoint/checkpoint.h"
#include "storage/engine_state.h"

/* ${interval_bytes} of log between two checkpoints at least; 0: the default. */
MUST_CHECK int checkpoint_writer_create(struct engine *engine,
					uint64_t interval_bytes,
					struct error *error);
/* Nothing may be in flight; NULL is fine. */
void checkpoint_writer_destroy(struct checkpoint_writer *writer);

/* While opening: the newest checkpoint that can be used, of ${file_bytes}, and
 * how much log there is behind its start. */
void checkpoint_writer_restore(struct checkpoint_writer *writer,
			       const struct checkpoint_start *newest,
			       uint64_t file_bytes, uint64_t log_bytes);
/* The start of the newest one that is published; zeros when there is none. */
struct checkpoint_start
checkpoint_writer_newest(const struct checkpoint_writer *writer);

/* After each poll: starts when one is due, goes on with about ${budget} bytes
 * of entries. */
void checkpoint_writer_step(struct engine *engine, uint64_t budget);
/* A writer has appended: goes on with twice what was appended since the last
 * step, so that one is done long before the next is due also where nobody
 * waits for the disk. */
void checkpoint_writer_pay(struct engine *engine);
/* Begins one now; behind the one that is under way. */
void checkpoint_writer_demand(struct engine *engine);
/* Nothing is under way, nor wanted. */
bool checkpoint_writer_is_idle(const struct checkpoint_writer *writer);
/* In the kernel's hands? */
bool checkpoint_writer_is_busy(const struct checkpoint_writer *writer);
/* Of the last one that was tried; 0: it was published. */
int checkpoint_writer_outcome(const struct checkpoint_writer *writer,
			      struct error *error);

/* Void ranges that the horizon has passed, where the manifest that is stored
 * has FORGOTTEN; the next one is without them. */
void checkpoint_writer_forget_voids(struct engine *engine);

/* Whether replaying the log would take the next opening too long. */
bool checkpoint_writer_is_due_at_end(struct engine *engine);
/* Gives up what is under way, and waits for the kernel to let go of it. */
void checkpoint_writer_cancel(struct engine *engine);

#endif
