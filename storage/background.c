/* SPDX-License-Identifier: MIT
 *
 * The doors of work in the background that somebody asks for. */
#include "storage/engine.h"

#include "storage/engine_state.h"

int
engine_compact(struct engine *engine, struct engine_progress *progress,
	       struct error *error)
{
	(void)engine;
	(void)error;
	if (progress != NULL)
		*progress = (struct engine_progress){ 0 };
	return 0;
}
