/* SPDX-License-Identifier: MIT
 *
 * Operations that damage the disk. */
#include "tests/simulator/act.h"

enum { EARLIER_PERCENT = 20 };

/* From then on a tombstone may be missing at any time: one whose place is
 * damaged looks like one that was dropped, before its place was used again. */
void
act_note_damage(struct world *world, bool is_damaged)
{
	if (!is_damaged)
		return;
	world->is_damaged = true;
	world->damages++;
	world->model.grace_s = 0;
}

static bool
damage(struct world *world, enum operation_kind kind)
{
	struct disk *disk = world->disk;
	struct random *random = &world->random;

	switch (kind) {
	case OPERATION_FLIP:
		return disk_flip(disk, random);
	case OPERATION_ZERO:
		return disk_zero(disk, random, world_segment_size(world));
	case OPERATION_SWAP:
		return disk_swap(disk, random, world_segment_size(world));
	case OPERATION_CUT:
		return disk_cut(disk, random);
	case OPERATION_MISDIRECT:
		disk->misdirects_next = true;
		return true;
	case OPERATION_LOSE:
		disk->loses_next = true;
		return true;
	default:
		return false;
	}
}

/* What is damaged must not be whole again because it was moved. */
void
act_rot(struct world *world)
{
	uint32_t count = 1 + draw(world, 6);

	while (count-- > 0)
		act_note_damage(world, disk_rot(world->disk, &world->random));
	act_compact(world);
	if (chance(world, 70))
		act_finish(world);
}

void
act_damage(struct world *world, enum operation_kind kind)
{
	act_note_damage(world, damage(world, kind));
	if (kind == OPERATION_FLIP && chance(world, 30))
		act_note_damage(world, damage(world, kind));
	if ((kind == OPERATION_LOSE || kind == OPERATION_MISDIRECT) &&
	    chance(world, 60))
		act_schedule_lie(world);
}

/* Now and then a piece is kept, and later it is there again; or a manifest. */
void
act_stale(struct world *world)
{
	if (chance(world, EARLIER_PERCENT))
		act_schedule_earlier(world);
	else if (chance(world, 70))
		disk_keep(world->disk, &world->random,
			  world_segment_size(world));
	else
		act_note_damage(world,
				disk_return(world->disk, &world->random));
}
