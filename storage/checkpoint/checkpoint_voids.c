/* SPDX-License-Identifier: MIT
 *
 * Only an opening that reads all of the log must know what was void long ago.
 * It is what a manifest that has FORGOTTEN rules out, and checkpoints then make
 * it forget what the horizon has passed.  Where processes end without closing,
 * after a few rows each, no checkpoint is ever due, and nothing else may set
 * FORGOTTEN. */
#include "storage/checkpoint/checkpoint_voids.h"

#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/engine_storing.h"

/* Leaves as many openings again for trying. */
enum { VOIDS_MANY = MANIFEST_VOIDS_MAX / 2 };

static bool
take_checkpoint(struct engine *engine)
{
	int status;

	do {
		status = engine_checkpoint(engine, NULL);
		if (status == ENGINE_PENDING &&
		    engine_poll(engine, -1, NULL) < 0)
			return false;
	} while (status == ENGINE_PENDING);
	return status == 0;
}

void
checkpoint_voids_thin(struct engine *engine)
{
	const struct manifest *manifest = &engine->manifest;

	if (manifest->user_voids.count < VOIDS_MANY &&
	    manifest->moving_voids.count < VOIDS_MANY)
		return;
	/* The horizon is the start of the first of the two. */
	if (!take_checkpoint(engine) || !take_checkpoint(engine) ||
	    engine_storing_flags(engine, MANIFEST_FORGOTTEN, 0, NULL) < 0)
		return;
	checkpoint_writer_forget_voids(engine);
	(void)!engine_storing_now(engine, NULL);
}
