/* SPDX-License-Identifier: MIT
 *
 * Who stores the manifest while the engine is at work: one after the other,
 * without blocking where that happens again and again.
 *
 * While one is being stored nobody else changes engine->manifest, which becomes
 * what was stored as soon as it is. */
#ifndef STORAGE_ENGINE_STORING_H
#define STORAGE_ENGINE_STORING_H

#include "storage/engine_state.h"

/* Begins to store ${next}, which is engine->manifest but for what has changed,
 * isn't clean and has no tail.  False when another one is being stored: ask
 * again after the next poll. */
MUST_CHECK bool engine_storing_begin(struct engine *engine,
				     enum storing_purpose purpose,
				     const struct manifest *next);
/* ENGINE_PENDING until what was begun for ${purpose} has come to its end; then
 * 0, or why it has failed, once. */
MUST_CHECK int engine_storing_end(struct engine *engine,
				  enum storing_purpose purpose,
				  struct error *error);
/* Makes certain, blocking, that a crash shows engine->manifest, where the last
 * attempt to store another one has left that open: before a file is overwritten
 * that one of the two names. */
MUST_CHECK int engine_storing_make_certain(struct engine *engine,
					   struct error *error);
/* After each poll of the io. */
void engine_storing_step(struct engine *engine);
/* Blocks until nothing is on its way; who has begun it is yet to be told. */
void engine_storing_wait(struct engine *engine);

/* Stores engine->manifest, blocking.  Where polls fail for good nothing is
 * written any more, since it may still be on its way. */
MUST_CHECK int engine_storing_now(struct engine *engine, struct error *error);
/* Stores the manifest with and without these flags, unless that is what it has;
 * blocks then. When it fails engine->manifest has not changed, but which of the
 * two is on the disk isn't known: they differ in nothing else. */
MUST_CHECK int engine_storing_flags(struct engine *engine, uint32_t with,
				    uint32_t without, struct error *error);

#endif
