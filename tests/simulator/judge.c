/* SPDX-License-Identifier: MIT */
#include "tests/simulator/judge.h"

#include "tests/simulator/audit.h"
#include "tests/simulator/observe.h"
#include "tests/simulator/tail.h"

#include <inttypes.h>

enum { RECORDS_PERCENT = 10 /* of the operations: bytes are recounted */ };

/* ---- what a damaged disk proves ---- */

void
judge_note_tail(struct world *world)
{
	const struct engine_options *options = &world->plan->options;
	struct tail_geometry geometry = {
		.database_id = world->database_id,
		.segment_size = world_segment_size(world),
		.file_segments = options->file_segments != 0 ?
					 options->file_segments :
					 256,
	};
	uint64_t lsn = tail_lsn(world->disk, &geometry);

	if (lsn < world->tail_lsn)
		world->tail_lsn = lsn;
}

bool
judge_look(struct world *world, bool knows_tables)
{
	enum violation violation;
	char text[256] = "";

	world_set_errors(world, false);
	violation = observe(world->engine, &world->model, knows_tables,
			    world->is_damaged, &world->seen, &world->hash,
			    text);
	world_set_errors(world, world->has_errors);
	/* What was seen after the power failed means nothing. */
	if (world->disk->has_crashed)
		return false;
	if (violation != VIOLATION_NONE)
		world_violate(world, violation, "%s", text);
	return violation == VIOLATION_NONE;
}

bool
judge_seen(struct world *world, size_t floor, size_t *batches)
{
	enum violation violation;
	char text[256] = "";

	/* What a failed sync gave up was never promised to be durable. */
	if (world->disk->dropped > world->dropped_before &&
	    floor > world->model.durable)
		floor = world->model.durable;
	violation = model_judge(&world->model, &world->seen, floor, batches,
				text);
	if (violation != VIOLATION_NONE) {
		world_violate(world, violation, "%s", text);
		return false;
	}
	world_say(world, "  %zu of %zu batches are there, at least %zu",
		  *batches, world->model.count, floor);
	return true;
}

static void
check_clock(struct world *world)
{
	int64_t now_us = engine_timestamp_us(world->engine);

	if (!world->is_damaged && now_us <= world->model.server_us)
		world_violate(world, VIOLATION_CLOCK,
			      "timestamp %" PRId64 " after %" PRId64, now_us,
			      world->model.server_us);
	world->last_server_us = now_us;
}

static void
check_keys(struct world *world)
{
	struct engine_statistics statistics;
	uint64_t least, most;

	engine_get_statistics(world->engine, &statistics);
	model_keys(&world->model, engine_now_s(world->engine), &least, &most);
	if (statistics.keys < least || statistics.keys > most)
		world_violate(world, VIOLATION_COUNTERS,
			      "%" PRIu64 " keys, of which %" PRIu64
			      " to %" PRIu64 " exist",
			      statistics.keys, least, most);
}

/* A tail that was damaged can't be told from one that was torn, as far as
 * nothing behind it proves that it was there. */
static size_t
floor_of_damaged(struct world *world, size_t floor)
{
	const struct model *model = &world->model;
	size_t proved = model->count;

	if (!world->is_damaged)
		return floor;
	while (proved > 0 && model->batches[proved - 1].lsn > world->tail_lsn)
		proved--;
	world_say(world, "  the disk proves %zu batches", proved);
	return proved < floor ? proved : floor;
}

/* Where all was promised, a later look sees as well whether it is there; one
 * now would warm the cache, and give the engine time. */
static bool
may_believe(const struct world *world, size_t floor)
{
	return world->is_hasty && !world->is_damaged &&
	       floor == world->model.count &&
	       world->disk->dropped == world->dropped_before;
}

void
judge_opened(struct world *world, size_t floor)
{
	const struct observation *seen = NULL;
	size_t batches = world->model.count;

	floor = floor_of_damaged(world, floor);
	if (may_believe(world, floor))
		world_say(world, "  nobody looks");
	else if (!judge_look(world, true) ||
		 !judge_seen(world, floor, &batches))
		return;
	else
		seen = &world->seen;
	world->is_hasty = false;
	model_rebase(&world->model, batches, seen);
	world->tail_lsn = UINT64_MAX;
	world->dropped_before = world->disk->dropped;
	check_clock(world);
	check_keys(world);
	world_audit(world);
}

/* ---- looking ---- */

void
world_check(struct world *world)
{
	size_t batches;

	if (!judge_look(world, true) || world_is_over(world))
		return;
	(void)judge_seen(world, world->model.count, &batches);
}

bool
world_saw_unreadable(const struct world *world)
{
	const struct observation *seen = &world->seen;

	for (size_t i = 0; i < seen->count; i++) {
		for (unsigned key = 0; key < MODEL_KEYS; key++) {
			if (seen->tables[i].rows[key].is_unreadable)
				return true;
		}
	}
	return false;
}

void
world_audit(struct world *world)
{
	char text[256] = "";

	if (!audit_engine(world->engine,
			  !world_holds(world) && world->verification == NULL,
			  text) ||
	    (!world->is_damaged &&
	     world_injected(world) == world->injected_before &&
	     random_percent(&world->random, RECORDS_PERCENT) &&
	     !audit_records(world->engine, world->disk, text)))
		world_violate(world, VIOLATION_COUNTERS, "%s", text);
}

