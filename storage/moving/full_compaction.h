/* SPDX-License-Identifier: MIT
 *
 * The separation of everything (engine_compact): afterwards the rows of each
 * compaction group stand in full segments, in the order of tokens, and dead
 * space is free.
 *
 * In passes, when there are more groups than outputs: the first one tells as
 * many bits of the token apart as there are outputs for; each further one takes
 * the segments of one coarse group after the other, and splits it.
 *
 * Engine thread only. */
#ifndef STORAGE_MOVING_FULL_COMPACTION_H
#define STORAGE_MOVING_FULL_COMPACTION_H

#include "storage/engine_state.h"

enum full_compaction_stage {
	FULL_IDLE,
	FULL_SETTLING, /* what was written before is becoming durable */
	FULL_MOVING,
	FULL_LEAVING,  /* all is read; what waits leaves */
	FULL_FREEING,  /* all has moved; what is dead becomes free */
	FULL_DONE      /* tell who asked */
};

/* A segment of a pass. */
struct full_entry {
	uint32_t segment;
	uint32_t table;
	int64_t first_token;
	uint32_t live_bytes;
};

struct full_compaction {
	enum full_compaction_stage stage;
	uint64_t lsn;         /* written before it began */
	unsigned bits;        /* of this pass */
	unsigned bits_wanted; /* of the last pass */
	struct full_entry *list; /* of this pass, in order */
	uint32_t count;
	uint32_t next;
	uint64_t before;      /* lives with smaller sequences */
	uint64_t buried;      /* write sequence of the last row of table 3
				 that freeing waits for; 0: not yet known */
	uint64_t done_bytes;
	uint64_t total_bytes;
	uint32_t checkpoints; /* taken to free what died */
	uint64_t group;       /* coarse group that is being split */
	uint64_t mark;        /* changes while something happens */
	uint32_t quiet_steps; /* since it has changed */
	struct error failure; /* of FULL_DONE; code 0: none */
};

bool full_compaction_is_active(const struct engine *engine);
/* Goes from stage to stage. */
void full_compaction_step(struct engine *engine);
/* The segment to be read next, or SEGMENT_NONE; the same one until it was
 * begun. */
uint32_t full_compaction_next(struct engine *engine);
void full_compaction_begun(struct engine *engine);
/* Gives up, with nobody told. */
void full_compaction_drop(struct engine *engine);

/* storage/moving/compaction.c; NULL while the engine is read-only. */
struct full_compaction *compaction_full(const struct engine *engine);

#endif
