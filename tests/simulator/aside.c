/* SPDX-License-Identifier: MIT */
#include "tests/simulator/aside.h"

#include "tests/simulator/judge.h"
#include "tests/simulator/spoil.h"

/* ---- as it is ---- */

static bool
open_aside(struct world *world)
{
	struct error error = ERROR_INIT;

	world_set_errors(world, false);
	if (world_open_engine(world, true, &error) == 0)
		return true;
	/* There may be no database yet: not an error of reading; and a crash
	 * may have been on its way. */
	if (error.code != ERROR_CONFIG && !world->disk->has_crashed)
		world_violate(world, VIOLATION_REFUSED,
			      "opening for reading: %s", error.message);
	return false;
}

static void
close_aside(struct world *world)
{
	world_abandon(world);
	world_set_errors(world, world->has_errors);
}

bool
aside_look(struct world *world)
{
	uint64_t changes = world->disk->changes;
	uint64_t checksum;
	bool is_open;

	disk_restart(world->disk);
	checksum = disk_checksum(world->disk);
	is_open = open_aside(world);
	if (is_open && judge_look(world, false))
		world->seen_before = world->seen;
	close_aside(world);
	if (checksum != disk_checksum(world->disk) ||
	    changes != world->disk->changes)
		world_violate(world, VIOLATION_UNSTABLE,
			      "reading has changed the disk");
	return is_open;
}

/* ---- as it might be ---- */

static size_t
look_without(struct world *world, size_t floor, struct flipped *flipped,
	     unsigned count)
{
	size_t batches = floor;

	world_say(world, "  without the newest %u checkpoints:", count);
	if (open_aside(world) && judge_look(world, false) &&
	    !judge_seen(world, floor, &batches))
		batches = floor;
	close_aside(world);
	while (count-- > 0)
		spoil_undo(&flipped[count]);
	return batches;
}

size_t
aside_look_back(struct world *world, size_t floor)
{
	struct flipped flipped[2];
	unsigned count;

	disk_restart(world->disk);
	count = spoil_checkpoints(world, &world->random, flipped);
	return count > 0 ? look_without(world, floor, flipped, count) : floor;
}
