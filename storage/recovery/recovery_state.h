/* SPDX-License-Identifier: MIT
 *
 * What the parts of recovery share: recovery.c (the story), recovery_tail.c
 * (what to read), recovery_restore.c (what is known by then), recovery_end.c
 * (how writing goes on). */
#ifndef STORAGE_RECOVERY_RECOVERY_STATE_H
#define STORAGE_RECOVERY_RECOVERY_STATE_H

#include "storage/checkpoint/checkpoint.h"
#include "storage/recovery/log_intake.h"

enum { RECOVERY_NO_CHECKPOINT = 2 };

struct recovery {
	struct engine *engine;
	struct log_intake intake;
	struct checkpoint checkpoint; /* the part before the entries */
	struct checkpoint_reader *reader;
	unsigned which;     /* of the manifest's, or RECOVERY_NO_CHECKPOINT */
	bool *is_there;     /* segments that hold the checkpoint's life */
	bool *is_wanted;    /* segments to be read whole */
	uint32_t *list;     /* of segments, for probing and reading */
	uint32_t list_count;
	struct error reason; /* why the newest checkpoint is unusable */
};

static inline void
recovery_raise(uint64_t *highest, uint64_t number)
{
	if (number > *highest)
		*highest = number;
}

/* What the checkpoint knows of a segment, or NULL. */
static inline const struct checkpoint_segment *
recovery_known_life(const struct recovery *recovery, uint32_t segment)
{
	return segment < recovery->checkpoint.segment_count ?
		       &recovery->checkpoint.segments[segment] :
		       NULL;
}

/* ---- recovery_tail.c ---- */

/* Which segments hold the life that the checkpoint knows, and which have to be
 * read: fills in is_there, is_wanted and the list. */
MUST_CHECK int recovery_find_tail(struct recovery *recovery,
				  struct error *error);

/* ---- recovery_restore.c ---- */

/* Forgets checkpoints that turned out to be unusable, with a warning. */
void recovery_name_checkpoints(struct recovery *recovery);
/* Rows of table 3 that are still wanted. */
MUST_CHECK int recovery_restore_freed(struct recovery *recovery,
				      struct error *error);
/* Sequences and segments as of the end of the log. */
void recovery_continue_log(struct recovery *recovery);

/* ---- recovery_end.c ---- */

/* Steps over what was rejected, and makes durable what was accepted. */
MUST_CHECK int recovery_go_on(struct recovery *recovery, struct error *error);

#endif
