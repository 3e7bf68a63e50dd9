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

enum {
	FREED_KEY_SIZE = 8,
	FREED_VALUE_SIZE = 32,
	FREED_VALUE_SIZE_SHORT = 24 /* without moving_settled */
};

/* What a row of table 3 says. */
struct freed_life {
	uint64_t sequence; /* of the segment */
	uint32_t segment;
	uint8_t stream;    /* enum buffer_stream */
	uint64_t first_write;
	uint64_t last_write;
	uint64_t moving_settled; /* write sequence: when it died; 0 in a
				    checkpoint's list */
};
void freed_life_encode(const struct freed_life *life,
		       uint8_t key[FREED_KEY_SIZE],
		       uint8_t value[FREED_VALUE_SIZE]);
/* False when the row can't be one. */
bool freed_life_decode(struct slice key, struct slice value,
		       struct freed_life *life);

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

/* The horizon has moved: rows of table 3 that nobody needs any more die. */
void segment_freeing_forget(struct engine *engine);

/* While opening: a row that is still wanted. */
MUST_CHECK int segment_freeing_restore(struct engine *engine,
				       const struct freed_life *life,
				       struct error *error);

#endif
