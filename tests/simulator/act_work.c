/* SPDX-License-Identifier: MIT
 *
 * Work in the background: compaction and checkpoints that somebody asked for,
 * idle time, and the engine's own check. */
#include "tests/simulator/act.h"

#include <inttypes.h>
#include <stdlib.h>

enum { IDLE_POLLS_MAX_HERE = 300, FAULTS_SHOWN = 3 };

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

void
act_go_on_with_work(struct world *world)
{
	if (world->is_compacting)
		go_on_compacting(world);
	if (world->is_checkpointing && !world_is_over(world))
		go_on_with_checkpoint(world);
}

void
act_compact(struct world *world)
{
	world->is_compacting = true;
}

void
act_checkpoint(struct world *world)
{
	world->is_checkpointing = true;
}

void
act_finish(struct world *world)
{
	struct waiting waiting = { 0 };

	act_go_on_with_work(world);
	while ((world->is_compacting || world->is_checkpointing) &&
	       !world_is_over(world) &&
	       act_wait(world, &waiting, "compaction or a checkpoint"))
		act_go_on_with_work(world);
}

void
act_idle(struct world *world)
{
	uint32_t count = draw(world, IDLE_POLLS_MAX_HERE);
	struct error error = ERROR_INIT;

	for (uint32_t i = 0; i < count && !world_is_over(world); i++) {
		if (engine_poll(world->engine, 1 + (int64_t)draw(world, 5000),
				&error) < 0)
			abort();
	}
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

/* ---- the engine's own check ---- */

void
act_verify(struct world *world)
{
	(void)world;
}
