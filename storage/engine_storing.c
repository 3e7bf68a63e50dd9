/* SPDX-License-Identifier: MIT */
#include "storage/engine_storing.h"

#include <assert.h>
#include <errno.h>

bool
engine_storing_begin(struct engine *engine, enum storing_purpose purpose,
		     const struct manifest *next)
{
	struct storing *storing = &engine->storing;

	if (storing->purpose != STORING_NOTHING ||
	    manifest_store_is_busy(&storing->store))
		return false;
	assert((next->flags & MANIFEST_CLEAN) == 0 && next->tail == NULL);
	storing->purpose = purpose;
	storing->next = *next;
	storing->has_ended = false;
	storing->failure = ERROR_INIT;
	manifest_store_begin(&storing->store, engine->io, &storing->next);
	return true;
}

/* Its lists of void ranges are the ones that the next one has, too. */
static void
take_outcome(struct engine *engine)
{
	struct storing *storing = &engine->storing;

	storing->status =
		manifest_store_end(&storing->store, &storing->failure);
	storing->has_ended = true;
	engine->is_manifest_old = true;
	if (storing->status < 0) {
		engine->manifest.generation = storing->next.generation;
		if (storing->store.is_renamed || storing->store.is_uncertain)
			storing->is_uncertain = true;
		return;
	}
	storing->is_uncertain = false;
	manifest_set_tail(&engine->manifest, NULL, 0);
	engine->manifest = storing->next;
}

void
engine_storing_step(struct engine *engine)
{
	struct storing *storing = &engine->storing;

	manifest_store_step(&storing->store);
	/* One that was given up has no purpose. */
	if (storing->purpose != STORING_NOTHING && !storing->has_ended &&
	    manifest_store_is_done(&storing->store))
		take_outcome(engine);
}

int
engine_storing_end(struct engine *engine, enum storing_purpose purpose,
		   struct error *error)
{
	struct storing *storing = &engine->storing;

	assert(storing->purpose == purpose);
	(void)purpose;
	engine_storing_step(engine);
	if (!storing->has_ended)
		return ENGINE_PENDING;
	storing->purpose = STORING_NOTHING;
	if (storing->status < 0)
		*error = storing->failure;
	return storing->status;
}

void
engine_storing_wait(struct engine *engine)
{
	manifest_store_wait(&engine->storing.store);
	engine_storing_step(engine);
}

/* ---- blocking ---- */

/* The kernel may still be at work on it, and another one beside it could be
 * overtaken by it. */
static int
give_up(struct engine *engine, struct error *error)
{
	struct buffered_writer *writer = &engine->writer;

	if (!writer->has_failed)
		(void)!io_error(engine->io, -EIO, "write", MANIFEST_NAME,
				IO_NO_OFFSET, &writer->failure);
	writer->has_failed = true;
	if (error != NULL)
		*error = writer->failure;
	return -(int)writer->failure.code;
}

int
engine_storing_now(struct engine *engine, struct error *error)
{
	struct manifest_store *store = &engine->storing.store;

	engine_storing_wait(engine);
	if (!manifest_store_is_busy(store)) {
		manifest_store_begin(store, engine->io, &engine->manifest);
		manifest_store_wait(store);
		if (manifest_store_is_done(store))
			return manifest_store_end(store, error);
	}
	return give_up(engine, error);
}

int
engine_storing_make_certain(struct engine *engine, struct error *error)
{
	int status;

	if (!engine->storing.is_uncertain)
		return 0;
	status = engine_storing_now(engine, error);
	if (status == 0)
		engine->storing.is_uncertain = false;
	return status;
}

int
engine_storing_flags(struct engine *engine, uint32_t with, uint32_t without,
		     struct error *error)
{
	struct manifest *manifest = &engine->manifest;
	uint32_t before, after;
	int status;

	before = manifest->flags;
	if ((before & with) == with && (before & without) == 0)
		return 0;
	engine_storing_wait(engine);
	before = manifest->flags;
	after = (before | with) & ~without;
	if (before == after)
		return 0;
	manifest->flags = after;
	status = engine_storing_now(engine, error);
	if (status < 0)
		manifest->flags = before;
	else if ((after & MANIFEST_CLEAN) == 0)
		engine->is_manifest_old = true;
	return status;
}
