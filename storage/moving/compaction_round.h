/* SPDX-License-Identifier: MIT
 *
 * How long a demand for segments goes on: until nothing can be won any more.
 *
 * Engine thread only. */
#ifndef STORAGE_MOVING_COMPACTION_ROUND_H
#define STORAGE_MOVING_COMPACTION_ROUND_H

#include "storage/engine_state.h"

/* Every life that is there now may be moved once more. */
void compaction_round_begin(struct engine *engine);
/* Begins another one where something has happened that may have made it worth
 * while. */
void compaction_round_watch(struct engine *engine);
/* No victim can be begun: asks for what may help, and ends the round when
 * nothing does. */
void compaction_round_end_if_quiet(struct engine *engine);

/* Whether moving more victims wins a segment, as less than one can't be won,
 * however it is packed; ${is_free_of_rows}: as if none of them needed a row of
 * table 3. */
bool compaction_round_is_worth(const struct engine *engine,
			       bool is_free_of_rows);
/* Bytes of records that will wait in the separator when all that is under way
 * is read. */
uint64_t compaction_expected_bytes(const struct engine *engine);

#endif
