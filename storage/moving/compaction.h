/* SPDX-License-Identifier: MIT
 *
 * Chooses victims among all sealed segments, mixed and full, and gives their
 * live records to the separator.  Works in bounded steps, paid for by writes
 * and by idle time.
 *
 * It works when free segments run low and either files can't grow or segments
 * in use have more than a quarter more bytes than what lives in them; when
 * somebody needs segments; and while everything is being separated.
 *
 * Engine thread only. */
#ifndef STORAGE_MOVING_COMPACTION_H
#define STORAGE_MOVING_COMPACTION_H

#include "storage/engine_state.h"

enum {
	/* Records that a poll looks at, and a write at most: they cost time
	 * that somebody waits for. */
	COMPACTION_POLL_BYTES = 16 << 10,
	COMPACTION_PAY_MAX = 64 << 10
};

MUST_CHECK int compaction_create(struct engine *engine, struct error *error);
void compaction_destroy(struct engine *engine);

/* A buffer of the user stream is settled: where separation is eager its records
 * are given to the separator now, from memory, so that its segment dies without
 * ever being read. */
void compaction_separate_buffer(struct engine *engine,
				const struct write_buffer *buffer);

/* Somebody has appended records: does the share of the work that is due for
 * what has been written since the last call. */
void compaction_pay(struct engine *engine);
/* After each poll: goes on with what is under way, and starts when there is
 * too much dead space; about ${budget} bytes of records. */
void compaction_step(struct engine *engine, uint64_t budget);

/* Somebody needs more segments than are available: true while compaction or
 * freeing can win some (poll and ask again), false when there is nothing to
 * win. */
bool compaction_demand(struct engine *engine);

/* Its caller would wait for the disk: does what can be done without it, about
 * ${budget} bytes of records; false when there is nothing. */
bool compaction_use_idle(struct engine *engine, uint64_t budget);
/* Anything in the kernel's hands? */
bool compaction_is_busy(const struct engine *engine);
/* What waits in memory is dropped, and victims are ordinary segments again;
 * after a failure, or at the end, when nothing is busy. */
void compaction_drop(struct engine *engine);

/* Victims are read, and what they held has left. */
bool compaction_is_done(const struct engine *engine);

#endif
