/* SPDX-License-Identifier: MIT
 *
 * What leaves the indexes for good while a checkpoint walks through them:
 * tombstones, expired rows and registrations of dropped tables, once no replay
 * can meet what they hide.  docs/decisions/006 says why each condition is
 * there.
 *
 * Engine thread only. */
#ifndef STORAGE_CHECKPOINT_CHECKPOINT_DROP_H
#define STORAGE_CHECKPOINT_CHECKPOINT_DROP_H

#include "storage/engine_state.h"

struct checkpoint_drop {
	struct engine *engine;
	uint32_t walk;              /* through the indexes; from 1 */
	bool is_refused;            /* the manifest can't be written: nothing
				       goes this time */
	struct key_hash *registered; /* sorted: of tables that there are */
	size_t registered_count;
};

/* ${drop} is zero but for its engine. */
void checkpoint_drop_finish(struct checkpoint_drop *drop);

/* Drops an entry of ${table} if that may be, and tells whether it did. The
 * first one ever is preceded by a manifest that says so; that blocks. */
bool checkpoint_drop_try(struct checkpoint_drop *drop, struct table *table,
			 const struct index_entry *entry);

/* Checkpoints that it takes until what has expired just now has gone: one that
 * tells the time, two that move the horizon, and one that had begun before. */
enum { CHECKPOINT_DROP_EXPIRY = 4 };

#endif
