/* SPDX-License-Identifier: MIT
 *
 * Keeps the manifest's void ranges few.  Each opening after an end that wasn't
 * orderly adds one, and a manifest that is full of them can't be opened any
 * more. */
#ifndef STORAGE_CHECKPOINT_CHECKPOINT_VOIDS_H
#define STORAGE_CHECKPOINT_CHECKPOINT_VOIDS_H

#include "storage/engine.h"

/* At the end of an opening for writing: where they are many, forgets all but
 * the last ones, for which two checkpoints are taken; waits for them.  What
 * can't be done now is done by a later opening. */
void checkpoint_voids_thin(struct engine *engine);

#endif
