/* SPDX-License-Identifier: MIT
 *
 * Rows of table 3: each tells recovery that a life of a segment was freed, so
 * that its buffers may be missing, until checkpoints have passed it.
 * docs/decisions/006.
 *
 * Engine thread only. */
#ifndef STORAGE_CHECKPOINT_FREED_LIFE_H
#define STORAGE_CHECKPOINT_FREED_LIFE_H

#include "storage/engine_state.h"

enum {
	FREED_KEY_SIZE = 8,
	FREED_VALUE_SIZE = 32,
	FREED_VALUE_SIZE_SHORT = 24, /* without moving_settled */
	FREED_RECORD_SIZE = 80       /* of a row, about */
};

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

/* ---- those whose rows are still wanted ---- */

/* Room for ${more}; false: out of memory, and nothing has changed. */
bool freed_lives_reserve(struct freeing *freeing, size_t more);
/* Within what was reserved: its row was appended, or found. */
void freed_lives_add(struct freeing *freeing, const struct freed_life *life);
/* Whether a settled row tells of this life. One that recovery brought back may
 * have its row already. */
bool freed_lives_have(const struct engine *engine, uint64_t segment_sequence);
/* The horizon has moved: rows that it has passed die. */
void freed_lives_forget(struct engine *engine);
void freed_lives_finish(struct freeing *freeing);

#endif
