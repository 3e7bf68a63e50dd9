/* SPDX-License-Identifier: MIT
 *
 * Chooses victims among all sealed segments, mixed and full, and gives their
 * live records to the separator.  Works in bounded steps, paid for by writes
 * and by idle time.
 *
 * Engine thread only. */
#ifndef STORAGE_COMPACTION_H
#define STORAGE_COMPACTION_H

#include "storage/engine_state.h"

MUST_CHECK int compaction_create(struct engine *engine, struct error *error);
void compaction_destroy(struct compaction *compaction);

/* A writer has appended ${bytes}: does its share of the work. */
void compaction_pay(struct engine *engine, uint64_t bytes);
/* After each poll: goes on with what is under way, and starts when there is
 * too much dead space; about ${budget} bytes of records. */
void compaction_step(struct engine *engine, uint64_t budget);

/* Somebody needs ${segments} more than are available: true while compaction or
 * freeing can win some (poll and ask again), false when there is nothing to
 * win. */
bool compaction_demand(struct engine *engine, uint32_t segments);

/* Something wants to be done in the background now. */
bool compaction_has_work(const struct engine *engine);
/* What is in memory is dropped, after a failed write; nothing may be in
 * flight, when compaction_is_busy says so. */
bool compaction_is_busy(const struct engine *engine);
void compaction_drop(struct engine *engine);

#endif
