/* SPDX-License-Identifier: MIT
 *
 * How dead segments become free again: a row of table 3 tells recovery that
 * their buffers may be missing, it and all that superseded their records must
 * be durable, and no read may be looking there.  docs/decisions/006.
 *
 * Engine thread only. */
#ifndef STORAGE_MOVING_SEGMENT_FREEING_H
#define STORAGE_MOVING_SEGMENT_FREEING_H

#include "storage/engine_state.h"

void segment_freeing_finish(struct engine *engine);

/* Moves dead segments on: appends rows where the ring has room, frees what may
 * be freed.  ${is_urgent}: somebody waits for a free segment, so that what is
 * buffered is sent, and synced in every sync mode. */
void segment_freeing_step(struct engine *engine, bool is_urgent);

/* Segments that will be free by themselves: nothing but time is missing. */
uint32_t segment_freeing_count(const struct engine *engine);

/* For who needs a segment, when there is no room for rows of dead ones: behind
 * two checkpoints they need none.  True while such a checkpoint is under way;
 * false when there are none, or it doesn't help. */
bool segment_freeing_ask_checkpoint(struct engine *engine);

#endif
