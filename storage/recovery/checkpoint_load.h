/* SPDX-License-Identifier: MIT
 *
 * Puts what a checkpoint holds into the engine's memory, for recovery: first
 * what it says of segments and tables, then, when it is known which places
 * still hold what they held then, the entries. */
#ifndef STORAGE_RECOVERY_CHECKPOINT_LOAD_H
#define STORAGE_RECOVERY_CHECKPOINT_LOAD_H

#include "storage/checkpoint/checkpoint.h"
#include "storage/recovery/log_intake.h"

/* Segments, tables, freed lives, clock. */
MUST_CHECK int checkpoint_load_head(struct log_intake *intake,
				    const struct checkpoint *checkpoint,
				    struct error *error);
/* ${is_there} says for each segment whether it holds the life that the
 * checkpoint knows; entries that lead elsewhere are stale.  -ERROR_CORRUPT:
 * the checkpoint is damaged, and everything must be done anew. */
MUST_CHECK int checkpoint_load_entries(struct log_intake *intake,
				       struct checkpoint_reader *reader,
				       const bool *is_there,
				       struct error *error);

#endif
