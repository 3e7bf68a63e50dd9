/* SPDX-License-Identifier: MIT
 *
 * What compaction keeps between its steps; for compaction.c and its rounds. */
#ifndef STORAGE_MOVING_COMPACTION_STATE_H
#define STORAGE_MOVING_COMPACTION_STATE_H

#include "storage/moving/full_compaction.h"
#include "storage/moving/victim.h"
#include "storage/moving/victim_choice.h"

enum { COMPACTION_VICTIMS = 4 /* read at a time */ };

struct compaction_round {
	uint32_t best_free;  /* most free segments since it began */
	bool is_exhausted;
	int64_t dead_bytes;  /* when it was: more of them change that */
	uint64_t user_bytes; /* written by then: so does more of it, packed
				loosely */
	uint64_t mark;       /* changes while something happens */
	uint32_t quiet_steps; /* since it has changed */
	bool is_flushed;      /* and what waits was asked to leave */
	uint32_t checkpoints; /* taken for it */
	uint32_t restorations; /* nothing moves any more, as it won nothing:
				  checkpoints win back what it took */
	uint32_t passes;      /* through all lives, without a segment more */
};

struct compaction {
	struct victim_choice choice;
	struct victim victims[COMPACTION_VICTIMS];
	const struct victim *unfinished; /* its records come next */
	uint64_t paid_bytes;   /* of what users wrote */
	uint64_t debt;         /* bytes of records to look at */
	uint32_t average_live; /* bytes, of the last victims */
	uint32_t victim_count; /* segments that are victims */
	bool needs_rows;       /* some of them do, of table 3 */
	uint32_t demand_steps; /* left; 0: nobody waits */
	bool is_vain;          /* nothing was worth moving with the last
				  segments, when so much had changed: */
	uint64_t vain_changes;
	struct compaction_round round;
	struct full_compaction full;
};

#endif
