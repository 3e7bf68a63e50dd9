/* SPDX-License-Identifier: MIT
 *
 * Work in the background: compaction and checkpoints that somebody asked for,
 * idle time, and the engine's own check. */
#include "storage/segments/segment_manager.h"
#include "tests/simulator/act.h"
#include "tests/simulator/audit.h"
#include "tests/simulator/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	IDLE_POLLS_MAX_HERE = 300,
	GROUP_US_MAX = 30000,
	/* Percent: of those who ask again while it goes on, and of those who
	 * wait for it, and for how many polls these do at most. */
	CANCEL_AGAIN = 60,
	CANCEL_WAITING = 20,
	CANCEL_POLLS = 60
};

/* ---- on demand ---- */

static void
go_on_compacting(struct world *world)
{
	struct engine_progress progress;
	struct error error = ERROR_INIT;
	int status = engine_compact(world->engine, &progress, &error);

	world->is_compacting = status == ENGINE_PENDING;
	if (progress.done_bytes > progress.total_bytes && status >= 0)
		world_violate(world, VIOLATION_WRONG,
			      "compaction has done %" PRIu64 " of %" PRIu64,
			      progress.done_bytes, progress.total_bytes);
	if (status < 0)
		world_say(world, "  compacting: %s", error.message);
	if (status < 0 && !world_is_excused(world, &error))
		world_violate(world, VIOLATION_REFUSED, "compacting: %s",
			      error.message);
}

static void
go_on_with_checkpoint(struct world *world)
{
	struct error error = ERROR_INIT;
	int status = engine_checkpoint(world->engine, &error);

	world->is_checkpointing = status == ENGINE_PENDING;
	if (status < 0)
		world_say(world, "  checkpoint: %s", error.message);
	if (status < 0 && !world_is_excused(world, &error))
		world_violate(world, VIOLATION_REFUSED, "checkpoint: %s",
			      error.message);
}

/* ---- the engine's own check ---- */

struct verification {
	struct engine_check *check;
	uint64_t injected; /* errors when it began */
	uint64_t damages;  /* the same of these, */
	uint64_t lies;     /* and these */
	uint64_t faults;
	int status;
};

static bool
is_expected(const struct world *world, const struct engine_fault *fault)
{
	return world->has_spoiled &&
	       strstr(fault->file, ".checkpoint") != NULL;
}

static void
take_fault(struct world *world, struct verification *verification,
	   const struct engine_fault *fault)
{
	verification->faults++;
	world_say(world, "  fault in %s at %" PRIu64 ": %s", fault->file,
		  fault->offset, fault->what);
	if (!world->is_damaged && !world->disk->has_crashed &&
	    world_injected(world) == verification->injected &&
	    !is_expected(world, fault))
		world_violate(world, VIOLATION_WRONG,
			      "a check of what is whole finds %s at %" PRIu64
			      ": %s",
			      fault->file, fault->offset, fault->what);
}

/* Until it has to wait. */
static void
go_on_verifying(struct world *world, struct verification *verification)
{
	struct engine_progress progress;
	struct engine_fault fault;
	struct error error = ERROR_INIT;

	do {
		verification->status = engine_check_next(verification->check,
							 &fault, &progress,
							 &error);
		if (verification->status == 0)
			take_fault(world, verification, &fault);
	} while (verification->status == 0 && !world_is_over(world));
	if (verification->status < 0)
		world_refused(world, "checking", &error);
}

static void
begin_verifying(struct world *world)
{
	struct verification *verification =
		memory_take_zeroed(1, sizeof(*verification));
	struct error error = ERROR_INIT;

	verification->status = engine_check_open(
		world->engine, &verification->check, &error);
	if (verification->status < 0) {
		world_refused(world, "checking", &error);
		free(verification);
		return;
	}
	verification->injected = world_injected(world);
	verification->damages = world->damages;
	verification->lies = world->disk->misdirected;
	verification->status = ENGINE_PENDING;
	world->verification = verification;
}

void
world_end_verification(struct world *world)
{
	if (world->verification == NULL)
		return;
	engine_check_close(world->verification->check);
	free(world->verification);
	world->verification = NULL;
}

/* It may have passed by before what is damaged now was. */
static bool
began_before_damage(const struct world *world)
{
	const struct verification *verification = world->verification;

	return verification->damages != world->damages ||
	       verification->lies != world->disk->misdirected;
}

/* What can't be read by who wants it must be known to who checks all. */
static void
compare_with_reads(struct world *world)
{
	const struct verification *verification = world->verification;

	if (verification->status != ENGINE_END || verification->faults > 0 ||
	    !world->is_damaged || began_before_damage(world))
		return;
	world_check(world);
	/* A write that was on its way may be lost only now. */
	if (!world_is_over(world) && !began_before_damage(world) &&
	    world_saw_unreadable(world))
		world_violate(world, VIOLATION_WRONG,
			      "a check finds nothing where rows can't be read");
}

static void
verify_at_once(struct world *world)
{
	struct waiting waiting = { 0 };

	if (began_before_damage(world)) {
		world_end_verification(world);
		begin_verifying(world);
	}
	if (world->verification == NULL)
		return;
	while (world->verification->status == ENGINE_PENDING &&
	       !world_is_over(world)) {
		go_on_verifying(world, world->verification);
		if (world->verification->status == ENGINE_PENDING &&
		    !act_wait(world, &waiting, "a check"))
			break;
	}
	if (!world_is_over(world))
		compare_with_reads(world);
	world_end_verification(world);
}

/* At once, or beside everything else. */
void
act_verify(struct world *world)
{
	if (world->verification == NULL)
		begin_verifying(world);
	if (world->verification != NULL && chance(world, 50))
		verify_at_once(world);
}

/* ---- all of it ---- */

void
act_go_on_with_work(struct world *world)
{
	if (world->is_compacting)
		go_on_compacting(world);
	if (world->is_checkpointing && !world_is_over(world))
		go_on_with_checkpoint(world);
	if (world->verification != NULL && !world_is_over(world)) {
		go_on_verifying(world, world->verification);
		if (world->verification->status != ENGINE_PENDING)
			world_end_verification(world);
	}
}

static void
cancel_compacting(struct world *world)
{
	engine_compact_cancel(world->engine);
	world->is_compacting = false;
	world->deeds.cancelled++;
	world_say(world, "  compacting: cancelled");
}

void
act_compact(struct world *world)
{
	world->is_compacting = true;
}

/* Who asks again may give it up instead, or do both. */
void
act_compact_or_cancel(struct world *world)
{
	bool gives_up = world->is_compacting && chance(world, CANCEL_AGAIN);

	if (gives_up)
		cancel_compacting(world);
	world->is_compacting = !gives_up || chance(world, 50);
}

void
act_checkpoint(struct world *world)
{
	world->is_checkpointing = true;
}

void
act_finish(struct world *world)
{
	uint32_t polls_left = chance(world, CANCEL_WAITING) ?
				      draw(world, CANCEL_POLLS) :
				      UINT32_MAX;
	struct waiting waiting = { 0 };

	act_go_on_with_work(world);
	while ((world->is_compacting || world->is_checkpointing) &&
	       !world_is_over(world) &&
	       act_wait(world, &waiting, "compaction or a checkpoint")) {
		if (world->is_compacting && polls_left-- == 0)
			cancel_compacting(world);
		act_go_on_with_work(world);
	}
}

/* With sync=group what is committed is durable soon, if somebody polls: all
 * files are synced one after the other, in the background. */
static bool
is_durable_by_now(const struct world *world, uint32_t polls, int64_t idle_us)
{
	return world->sync == ENGINE_SYNC_GROUP && !world_is_over(world) &&
	       idle_us > GROUP_US_MAX &&
	       polls > 8 * (uint32_t)world->disk->seen.count + 50 &&
	       !world->is_damaged &&
	       world_injected(world) == world->injected_before;
}

void
act_idle(struct world *world)
{
	struct model *model = &world->model;
	uint32_t count = draw(world, IDLE_POLLS_MAX_HERE);
	int64_t from_us = world->disk->time_us;
	size_t committed = model->committed;
	struct error error = ERROR_INIT;

	for (uint32_t i = 0; i < count && !world_is_over(world); i++) {
		if (engine_poll(world->engine, 1 + (int64_t)draw(world, 5000),
				&error) < 0)
			abort();
	}
	if (is_durable_by_now(world, count, world->disk->time_us - from_us) &&
	    model->durable < committed)
		model->durable = committed;
}

void
act_grace(struct world *world)
{
	struct model *model = &world->model;

	if (world->plan->gc_grace_s < model->grace_s)
		model->grace_s = world->plan->gc_grace_s;
	for (unsigned i = 0; i < MODEL_TABLES; i++) {
		if (model->now.tables[i].id != 0)
			engine_set_gc_grace(world->engine,
					    model->now.tables[i].id,
					    world->plan->gc_grace_s);
	}
}
