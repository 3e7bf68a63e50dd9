/* SPDX-License-Identifier: MIT
 *
 * One version of a row against another: which of them the index keeps, and
 * what is counted of both.  A part of replay. */
#ifndef STORAGE_RECOVERY_REPLAY_VERSION_H
#define STORAGE_RECOVERY_REPLAY_VERSION_H

#include "storage/recovery/replay.h"

enum { REPLAY_STEP = 64 }; /* versions at once */

/* Takes a version in, if it is the newer one. */
MUST_CHECK int replay_version(struct replay *replay, struct table *table,
			      const struct index_entry *entry, uint64_t lsn,
			      struct error *error);
/* The same for up to REPLAY_STEP of one table and one segment, ascending by
 * their offsets. */
MUST_CHECK int replay_versions(struct replay *replay, struct table *table,
			       const struct index_entry *entries,
			       const uint64_t *lsns, size_t count,
			       struct error *error);

#endif
