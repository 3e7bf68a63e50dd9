/* SPDX-License-Identifier: MIT
 *
 * Where room for writes comes from: free segments down to what is kept back,
 * segments that are about to be free, compaction while it can win some, and
 * larger files as long as the waste is bounded or nothing else helps.
 *
 * Engine thread only. */
#ifndef STORAGE_MOVING_ROOM_H
#define STORAGE_MOVING_ROOM_H

#include "storage/engine_state.h"

/* How deep a write may dig into what is kept back. */
enum room_level {
	ROOM_ORDINARY,
	ROOM_RECLAIMING, /* deletes: it makes room */
	ROOM_DROPPING    /* drops a table: that is one row, and makes much */
};

/* 0: ${segments} can be taken.  ENGINE_PENDING: ask again after a poll.
 * ERROR_FULL: there is no way to get them; ERROR_IO when files can't grow. */
MUST_CHECK int room_find(struct engine *engine, uint32_t segments,
			 enum room_level level, struct error *error);

/* Prepares a run (buffered_writer_prepare_run): 0, ENGINE_PENDING or negative
 * as above. */
MUST_CHECK int room_prepare_run(struct engine *engine, uint32_t record_size,
				struct error *error);

/* Whether files may grow before anybody needs more: dead space is within its
 * bounds. */
bool room_may_grow(const struct engine *engine);

/* After each poll of the io: who waits without asking again has gone. */
void room_step(struct engine *engine);

/* Somebody has all the room that he needs, also if it is no segment any more:
 * the next one who waits waits from the start, for neighbours too if he has got
 * as many as anybody waits for: ${neighbours}, 0 for none. */
void room_found(struct engine *engine, uint32_t neighbours);

#endif
