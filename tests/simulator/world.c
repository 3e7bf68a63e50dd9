/* SPDX-License-Identifier: MIT
 *
 * How a database comes up, goes down, and is judged in between.
 *
 * Two floors hold what was promised: committed for the end of a process,
 * durable for the loss of power.  A failed opening proves nothing as long as
 * the disk made up errors; without them it must succeed, unless the disk was
 * damaged on purpose. */
#include "tests/simulator/world.h"

#include "base/checksum.h"
#include "tests/simulator/aside.h"
#include "tests/simulator/audit.h"
#include "tests/simulator/judge.h"
#include "tests/simulator/memory.h"
#include "tests/simulator/observe.h"
#include "tests/simulator/spoil.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	NESTED_CRASHES_MAX = 3,
	RECOVERY_EVENTS_MAX = 70,
	RECOVERY_EVENTS_MANY = 500,
	CREATION_EVENTS_MAX = 40,
	SETTLING_POLLS = 24,
	LOOKS_BACK_PERCENT = 30,
	HASTY_PERCENT = 20
};

/* ---- telling ---- */

void
world_violate(struct world *world, enum violation violation,
	      const char *format, ...)
{
	va_list arguments;

	if (world->violation != VIOLATION_NONE)
		return;
	world->violation = violation;
	va_start(arguments, format);
	vsnprintf(world->text, sizeof(world->text), format, arguments);
	va_end(arguments);
	world_say(world, "  VIOLATION %s: %s", violation_name(violation),
		  world->text);
}

void
world_say(struct world *world, const char *format, ...)
{
	va_list arguments;

	if (!world->is_verbose)
		return;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

bool
world_is_over(const struct world *world)
{
	return world->violation != VIOLATION_NONE || world->disk->has_crashed;
}

uint64_t
world_injected(const struct world *world)
{
	return world->disk->injected + memory_refused();
}

bool
world_is_excused(const struct world *world, const struct error *error)
{
	if (world->is_damaged || world->disk->has_crashed)
		return true;
	if (error->code == ERROR_FULL)
		return world->was_full || world_size_max(world) != 0 ||
		       memory_refused() > world->refused_before;
	return world_injected(world) - memory_refused() >
	       world->injected_before - world->refused_before;
}

void
world_refused(struct world *world, const char *what, const struct error *error)
{
	if (!world_is_excused(world, error))
		world_violate(world, VIOLATION_REFUSED, "%s: %s", what,
			      error->message);
}

uint32_t
world_segment_size(const struct world *world)
{
	uint32_t size = world->plan->options.segment_size;

	return size != 0 ? size : 128 << 10;
}

uint64_t
world_size_max(const struct world *world)
{
	uint64_t size_max = world->options.size_max;

	return size_max == ENGINE_SIZE_UNLIMITED ? 0 : size_max;
}

/* ---- errors of the disk ---- */

void
world_set_errors(struct world *world, bool is_on)
{
	uint64_t bytes_max = world->disk->faults.bytes_max;

	world->disk->faults = is_on ? world->plan->faults :
				      (struct disk_faults){ 0 };
	world->disk->faults.bytes_max = bytes_max;
	memory_refuse(is_on ? world->plan->memory_refusal : 0);
}

/* ---- opening ---- */

static enum engine_sync
draw_sync(struct world *world)
{
	for (int tries = 0; tries < 8; tries++) {
		uint32_t sync = random_below(&world->random, 3);

		if (world->plan->syncs[sync])
			return (enum engine_sync)sync;
	}
	return ENGINE_SYNC_FULL;
}

enum disk_crash
world_draw_crash(struct world *world)
{
	if (!world->plan->has_kills)
		return DISK_POWER;
	if (!world->plan->has_power_cuts)
		return DISK_KILL;
	return random_percent(&world->random, 70) ? DISK_POWER : DISK_KILL;
}

int
world_open_engine(struct world *world, bool is_read_only, struct error *error)
{
	struct engine_options options;
	int status;

	if (!is_read_only)
		plan_change_options(world->plan, world->openings++,
				    &world->options);
	options = world->options;
	options.sync = world->sync;
	options.is_read_only = is_read_only;
	disk_restart(world->disk);
	world->injected_before = world_injected(world);
	world->refused_before = memory_refused();
	world->was_full = world->disk->faults.bytes_max != 0;
	world->engine = NULL;
	if (world->spoils_next && !is_read_only)
		spoil_for_good(world);
	if (world->is_damaged)
		judge_note_tail(world);
	status = engine_open(disk_open_door(world->disk), &options,
			     &world->engine, error);
	if (status < 0)
		world->engine = NULL;
	else
		world->database_id = audit_database_id(world->engine);
	return status;
}

static void
count_deeds(struct world *world)
{
	struct engine_statistics statistics;
	struct deeds *deeds = &world->deeds;

	engine_get_statistics(world->engine, &statistics);
	deeds->compactions += statistics.compactions;
	deeds->moves += statistics.separator_flushes;
	deeds->freed += statistics.segments_freed;
	deeds->checkpoints += statistics.checkpoints;
	deeds->quarantined += statistics.quarantined;
}

/* What was begun ends with the engine. */
static void
let_go(struct world *world)
{
	if (world->engine != NULL)
		count_deeds(world);
	world_drop_held(world);
	world_end_verification(world);
	world->is_compacting = false;
	world->is_checkpointing = false;
}

void
world_abandon(struct world *world)
{
	let_go(world);
	if (world->engine != NULL)
		(void)engine_close(world->engine, NULL);
	world->engine = NULL;
}

/* Whatever the disk's errors and limits prevented must work without them. */
static void
open_without_errors(struct world *world, const struct error *first)
{
	struct error error = ERROR_INIT;

	world_say(world, "  opening failed: %s", first->message);
	if (!world_is_excused(world, first)) {
		world_violate(world, VIOLATION_REFUSED, "opening: %s",
			      first->message);
		return;
	}
	world_set_errors(world, false);
	world->disk->faults.bytes_max = 0;
	if (world_open_engine(world, false, &error) == 0 ||
	    world->disk->has_crashed)
		return;
	world_say(world, "  opening failed for good: %s", error.message);
	if (!world->is_damaged)
		world_violate(world, VIOLATION_REFUSED, "opening: %s",
			      error.message);
}

static void
open_and_judge(struct world *world, size_t floor)
{
	struct error error = ERROR_INIT;

	world->sync = draw_sync(world);
	if (world_open_engine(world, false, &error) < 0 &&
	    !world->disk->has_crashed)
		open_without_errors(world, &error);
	if (world->engine != NULL && !world_is_over(world))
		judge_opened(world, floor);
}

void
world_begin(struct world *world)
{
	struct error error = ERROR_INIT;

	memory_begin(world->plan->seed);
	world->random.state = world->plan->seed;
	world->options = world->plan->options;
	world->disk = disk_create(world->plan->seed);
	world->disk->is_verbose = world->is_verbose;
	model_init(&world->model);
	world->tail_lsn = UINT64_MAX;
	world->sync = draw_sync(world);
	if (random_percent(&world->random, 30))
		disk_arm(world->disk,
			 random_below(&world->random, CREATION_EVENTS_MAX),
			 world_draw_crash(world));
	if (world_open_engine(world, false, &error) < 0 &&
	    !world->disk->has_crashed)
		world_violate(world, VIOLATION_REFUSED, "creating: %s",
			      error.message);
}

/* ---- after a crash ---- */

static size_t
floor_of(const struct world *world, size_t floor)
{
	size_t promised = world->disk->crash_kind == DISK_POWER ?
				  world->model.durable :
				  world->model.committed;

	return promised < floor ? promised : floor;
}

static void
count_crash(struct world *world)
{
	world->crashes++;
	world_say(world, "  crash %" PRIu64 ": %s, %" PRIu64 " events so far",
		  world->crashes,
		  world->disk->crash_kind == DISK_POWER ? "power" : "kill",
		  world->disk->events);
}

/* Opens while the next crash may be on its way; true when it came. */
static bool
crash_while_opening(struct world *world)
{
	struct error error = ERROR_INIT;

	world->sync = draw_sync(world);
	disk_arm(world->disk,
		 random_below(&world->random,
			      random_percent(&world->random, 20) ?
				      RECOVERY_EVENTS_MANY :
				      RECOVERY_EVENTS_MAX),
		 world_draw_crash(world));
	if (world_open_engine(world, false, &error) < 0 &&
	    !world->disk->has_crashed && !world_is_excused(world, &error))
		world_violate(world, VIOLATION_REFUSED, "opening: %s",
			      error.message);
	if (!world->disk->has_crashed && world->engine != NULL &&
	    world->violation == VIOLATION_NONE) {
		/* Going on a little, until it comes. */
		int polls = random_percent(&world->random, 50) ? 4 : 100;

		while (polls-- > 0 && !world->disk->has_crashed)
			drive_poll(world->engine);
	}
	if (!world->disk->has_crashed)
		disk_crash_now(world->disk, world_draw_crash(world));
	world_abandon(world);
	return true;
}

static bool
wants_read_only(struct world *world)
{
	return world->plan->has_read_only && !world->is_damaged &&
	       random_percent(&world->random, 40);
}

static bool
wants_look_back(struct world *world)
{
	return !world->is_damaged &&
	       random_percent(&world->random, LOOKS_BACK_PERCENT);
}

void
world_recover(struct world *world)
{
	size_t floor = floor_of(world, SIZE_MAX);
	bool has_looked = false;
	uint64_t dropped;

	world->is_hasty = false;
	count_crash(world);
	world_abandon(world);
	for (int depth = 0; depth < NESTED_CRASHES_MAX &&
			    random_percent(&world->random, 30);
	     depth++) {
		if (!crash_while_opening(world) ||
		    world->violation != VIOLATION_NONE)
			return;
		floor = floor_of(world, floor);
		count_crash(world);
	}
	if (wants_look_back(world))
		floor = aside_look_back(world, floor);
	if (world->violation == VIOLATION_NONE && wants_read_only(world))
		has_looked = aside_look(world);
	if (world->violation != VIOLATION_NONE)
		return;
	dropped = world->disk->dropped;
	open_and_judge(world, floor);
	/* Unless a sync that failed meanwhile has given up what it saw. */
	if (has_looked && world->violation == VIOLATION_NONE &&
	    world->disk->dropped == dropped &&
	    !model_is_same(&world->seen, &world->seen_before))
		world_violate(world, VIOLATION_UNSTABLE,
			      "a reader saw something else");
}

/* ---- a failed write ---- */

static void
settle_down(struct world *world)
{
	for (int i = 0; i < SETTLING_POLLS && !world->disk->has_crashed; i++)
		drive_poll(world->engine);
}

void
world_restart(struct world *world)
{
	struct error error = ERROR_INIT;
	struct model *model = &world->model;
	size_t batches = model->count;

	world_set_errors(world, false);
	settle_down(world);
	if (world_is_over(world))
		return;
	/* Where only growing has failed, all is well with what was written. */
	if (drive_commit(world->engine, engine_last_lsn(world->engine),
			 &error) < 0) {
		if (world_is_over(world) || !judge_look(world, false) ||
		    !judge_seen(world, model->committed, &batches) ||
		    world_is_over(world))
			return;
	}
	if (world_is_over(world))
		return;
	if (!world->is_damaged) {
		model->committed = batches;
		if (world->sync == ENGINE_SYNC_FULL)
			model->durable = batches;
	}
	world_say(world, "  after a failure: %zu batches", batches);
	let_go(world);
	if (engine_close(world->engine, &error) == 0 &&
	    !world->disk->has_crashed)
		model->committed = model->durable = batches = model->count;
	world->engine = NULL;
	if (world_is_over(world))
		return;
	open_and_judge(world, model->committed);
}

/* ---- an orderly end ---- */

static bool
commit_everything(struct world *world, struct error *error)
{
	int status = drive_commit(world->engine,
				  engine_last_lsn(world->engine), error);

	/* Dropped tables are forgotten step by step. */
	settle_down(world);
	return status == 0;
}

void
world_reopen(struct world *world)
{
	struct error error = ERROR_INIT;
	struct model *model = &world->model;
	bool is_clean = commit_everything(world, &error);

	if (world_is_over(world))
		return;
	let_go(world);
	is_clean &= engine_close(world->engine, &error) == 0;
	world->engine = NULL;
	if (world_is_over(world))
		return;
	if (is_clean)
		model->committed = model->durable = model->count;
	else if (!world_is_excused(world, &error))
		world_violate(world, VIOLATION_REFUSED, "closing: %s",
			      error.message);
	if (world->violation == VIOLATION_NONE && wants_look_back(world))
		(void)aside_look_back(world, model->committed);
	/* A crash that was on its way may have come meanwhile. */
	if (world_is_over(world))
		return;
	world->is_hasty |= random_percent(&world->random, HASTY_PERCENT);
	open_and_judge(world, model->committed);
}

void
world_end(struct world *world)
{
	struct error error = ERROR_INIT;

	let_go(world);

	if (world->engine != NULL && world->violation == VIOLATION_NONE) {
		world_set_errors(world, false);
		world->disk->faults.bytes_max = 0;
		world_reopen(world);
	}
	let_go(world);
	if (world->engine != NULL && world->violation == VIOLATION_NONE &&
	    engine_close(world->engine, &error) < 0 &&
	    !world_is_excused(world, &error))
		world_violate(world, VIOLATION_REFUSED, "closing: %s",
			      error.message);
	else if (world->violation != VIOLATION_NONE)
		world_abandon(world);
	world->hash = checksum_mix(world->hash, world->disk->hash);
	world->biting = world->disk->unsynced_lost;
	model_finish(&world->model);
	disk_destroy(world->disk);
}
