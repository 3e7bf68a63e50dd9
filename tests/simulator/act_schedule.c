/* SPDX-License-Identifier: MIT
 *
 * Sequences of steps that hardly ever follow one another by chance, each of
 * which ends where the protocol has an edge: a crash between dropping and
 * publishing, before moved records are durable, behind a fallback to the older
 * checkpoint, behind a growth that failed, while a place is used again that
 * rows of one timestamp have left. */
#include "storage/format/format.h"
#include "storage/format/manifest.h"
#include "tests/simulator/batch.h"

#include <stdlib.h>

enum {
	ROUNDS_MAX = 3,
	EXPIRING_MAX = 6,
	BURST_CHANCE = 4000, /* of 10,000 */
	BURST_POLLS_MAX = 40,
	CRASH_EVENTS_SOON = 60,
	CRASH_EVENTS_LATE = 300,
	CRASH_EVENTS_TIES = 600,
	LEFT_FREE = 600, /* of a segment, by a row that is nearly as large */
	TIES_MAX = 10,
	TIE_ROUNDS = 30
};

/* ---- steps ---- */

static void
write_and_commit(struct world *world)
{
	uint32_t count = 1 + draw(world, 4);

	while (count-- > 0 && act_may_go_on(world))
		act_write(world);
	if (act_may_go_on(world))
		act_commit(world, true);
}

/* Which is done also when nothing else is. */
static void
delete_and_commit(struct world *world)
{
	for (uint32_t i = 1 + draw(world, 3); i > 0 && act_may_go_on(world);
	     i--) {
		struct batch batch = { .count = 0 };

		batch_add_tombstone(world, &batch, act_draw_table(world),
				    draw(world, MODEL_KEYS));
		batch_write(world, &batch);
		batch_finish(&batch);
		if (act_may_go_on(world))
			act_commit(world, true);
	}
}

static void
finish_checkpoint(struct world *world)
{
	if (!act_may_go_on(world))
		return;
	act_checkpoint(world);
	act_finish(world);
}

/* So that there are two checkpoints, and rows below the horizon. */
static void
age(struct world *world)
{
	uint32_t rounds = 1 + draw(world, ROUNDS_MAX);

	while (rounds-- > 0 && act_may_go_on(world)) {
		write_and_commit(world);
		finish_checkpoint(world);
	}
	if (chance(world, 50))
		write_and_commit(world);
}

static void
reopen(struct world *world)
{
	if (act_may_go_on(world))
		world_reopen(world);
}

static void
arm(struct world *world)
{
	disk_arm(world->disk, draw(world, CRASH_EVENTS_SOON),
		 world_draw_crash(world));
}

static void
overwrite_and_crash(struct world *world)
{
	if (!act_may_go_on(world))
		return;
	if (chance(world, 50))
		arm(world);
	act_overwrite(world);
	if (act_may_go_on(world))
		disk_crash_now(world->disk, world_draw_crash(world));
}

/* ---- schedules ---- */

/* What is written behind the fallback must not be taken for what was there
 * before it. */
static void
fall_back(struct world *world)
{
	delete_and_commit(world);
	finish_checkpoint(world);
	write_and_commit(world);
	finish_checkpoint(world);
	world->spoils_next = true;
	reopen(world);
	if (!act_may_go_on(world))
		return;
	if (chance(world, 40))
		write_and_commit(world);
	arm(world);
	finish_checkpoint(world);
}

/* Sources are used again, as soon as they may be. */
static void
move_and_crash(struct world *world)
{
	if (chance(world, 50))
		act_overwrite(world);
	if (!act_may_go_on(world))
		return;
	act_compact(world);
	if (chance(world, 40))
		arm(world);
	if (chance(world, 60))
		act_finish(world);
	overwrite_and_crash(world);
}

static void
write_expiring(struct world *world)
{
	struct batch batch = { .count = 0 };
	unsigned table = act_draw_table(world);
	uint32_t count = 1 + draw(world, EXPIRING_MAX);

	while (batch.count < count) {
		struct version version = {
			.kind = VERSION_ROW,
			.size = 8 + draw(world, 150),
			.expires_at_s = engine_now_s(world->engine) + 2 +
					draw(world, 20),
			.timestamp_us = batch_server_timestamp(world),
		};

		batch_add_version(world, &batch, table, draw(world, MODEL_KEYS),
				  version, false);
	}
	batch_write(world, &batch);
	batch_finish(&batch);
}

/* Rows expire by a clock of which the crash takes the memory, unless somebody
 * wrote it down. */
static void
expire(struct world *world)
{
	int64_t jump_us = (10 + draw(world, 30)) * US_PER_S;

	for (uint32_t i = draw(world, 4); i > 0 && act_may_go_on(world); i--) {
		write_expiring(world);
		if (act_may_go_on(world))
			act_commit(world, true);
	}
	age(world);
	if (!act_may_go_on(world))
		return;
	world->disk->clock_offset_us += jump_us;
	world->disk->fails_checkpoints = chance(world, 75);
	finish_checkpoint(world);
	overwrite_and_crash(world);
	world->disk->clock_offset_us -= jump_us + draw(world, 20) * US_PER_S;
}

/* Of one kind, and soon over: what failed meanwhile must not be half done. */
static void
suffer(struct world *world)
{
	struct disk_faults *faults = &world->disk->faults;
	uint32_t *const kinds[] = { &faults->read_error, &faults->write_error,
				    &faults->sync_error, &faults->call_error };
	uint32_t count = 1 + draw(world, BURST_POLLS_MAX);

	*kinds[chance(world, 40) ? 3 : draw(world, 4)] = BURST_CHANCE;
	while (count-- > 0 && act_may_go_on(world))
		drive_poll(world->engine);
	world_set_errors(world, world->has_errors);
}

/* Files didn't grow, and must do so as soon as they can, which is behind the
 * opening: an engine that was refused room waits for a while. */
static void
use_up_room(struct world *world)
{
	world->was_full = true;
	world->disk->faults.bytes_max = disk_used_bytes(world->disk);
	act_fill_up(world);
	world->disk->faults.bytes_max = 0;
	reopen(world);
}

static void
suffer_and_crash(struct world *world)
{
	world->is_hasty = true;
	if (chance(world, 50))
		use_up_room(world);
	else if (chance(world, 60))
		reopen(world);
	if (act_may_go_on(world))
		suffer(world);
	if (act_may_go_on(world) && chance(world, 50))
		delete_and_commit(world);
	else
		write_and_commit(world);
	if (act_may_go_on(world))
		disk_crash_now(world->disk, world_draw_crash(world));
}

/* Rows of one timestamp, again and again. */
struct ties {
	unsigned table;
	unsigned first;
	unsigned keys;
	uint32_t size;
	int64_t timestamp_us;
};

static void
write_ties(struct world *world, const struct ties *ties)
{
	for (unsigned i = 0; i < ties->keys && act_may_go_on(world); i++) {
		struct batch batch = { .count = 0 };
		struct version version = {
			.kind = VERSION_ROW,
			.size = ties->size,
			.timestamp_us = ties->timestamp_us,
		};

		batch_add_version(world, &batch, ties->table, ties->first + i,
				  version, true);
		batch_write(world, &batch);
		batch_finish(&batch);
		if (act_may_go_on(world) && chance(world, 50))
			act_commit(world, chance(world, 70));
	}
}

/* Those that a checkpoint knows stand where it found the log open, and what
 * replaces them lets go of the place, until the crash comes while it is used
 * again. */
static void
tie_and_crash(struct world *world)
{
	struct ties ties = {
		.table = act_draw_table(world),
		.keys = 1 + draw(world, TIES_MAX),
		.size = 8 + draw(world, world_segment_size(world) / 8),
		.timestamp_us = batch_server_timestamp(world),
	};

	ties.first = draw(world, MODEL_KEYS - ties.keys);
	write_ties(world, &ties);
	finish_checkpoint(world);
	if (act_may_go_on(world))
		disk_arm(world->disk, draw(world, CRASH_EVENTS_TIES),
			 world_draw_crash(world));
	for (uint32_t i = 0; i < TIE_ROUNDS && act_may_go_on(world); i++)
		write_ties(world, &ties);
	if (act_may_go_on(world))
		disk_crash_now(world->disk, world_draw_crash(world));
}

void
act_schedule(struct world *world)
{
	if (chance(world, 80))
		age(world);
	if (!act_may_go_on(world))
		return;
	switch (draw(world, 7)) {
	case 0:
	case 1:
		fall_back(world);
		break;
	case 2:
		move_and_crash(world);
		break;
	case 3:
	case 4:
		expire(world);
		break;
	case 5:
		tie_and_crash(world);
		break;
	default:
		suffer_and_crash(world);
	}
}

/* The one aside, which is all that tells, must be whole: a crash may tear it,
 * but not whenever the disk forgets. */
static void
put_manifest_back(struct world *world, struct disk_memory *earlier)
{
	struct manifest aside;
	struct error error = ERROR_INIT;
	const struct content *content =
		disk_find(world->disk, MANIFEST_NAME_ASIDE);

	if (content == NULL ||
	    manifest_decode(slice_make(content->seen.data,
				       content->seen.size),
			    "disk", &aside, &error) < 0)
		return;
	manifest_finish(&aside);
	act_note_damage(world, disk_put_back(world->disk, MANIFEST_NAME,
					     earlier));
}

/* What was written since isn't in its list, and may be all over the place. */
void
act_schedule_earlier(struct world *world)
{
	struct disk_memory earlier = { 0 };

	reopen(world);
	if (!act_may_go_on(world) ||
	    !disk_keep_file(world->disk, MANIFEST_NAME, &earlier))
		return;
	if (chance(world, 50))
		act_overwrite(world);
	for (uint32_t i = draw(world, 3); i > 0 && act_may_go_on(world); i--) {
		write_and_commit(world);
		if (chance(world, 40))
			finish_checkpoint(world);
	}
	if (act_may_go_on(world))
		disk_crash_now(world->disk, world_draw_crash(world));
	if (world->disk->has_crashed)
		put_manifest_back(world, &earlier);
	free(earlier.data);
}

/* The first one into a new segment, behind which others follow. */
static void
lie_about_the_first(struct world *world)
{
	struct batch batch = { .count = 0 };

	world->disk->lies_after = UINT32_MAX;
	batch_add_row(world, &batch, act_draw_table(world),
		      draw(world, MODEL_KEYS),
		      world_segment_size(world) - LEFT_FREE);
	batch_write(world, &batch);
	batch_finish(&batch);
	if (act_may_go_on(world))
		act_commit(world, true);
	world->disk->lies_after = draw(world, 2);
	for (uint32_t i = 2 + draw(world, 4); i > 0 && act_may_go_on(world);
	     i--)
		write_and_commit(world);
	if (act_may_go_on(world))
		disk_crash_now(world->disk, world_draw_crash(world));
}

/* A write that the disk lies about may as well be one of what is moved, and
 * its sources be used again before any checkpoint tells of them. */
void
act_schedule_lie(struct world *world)
{
	if (world_segment_size(world) >= 4 * FORMAT_BLOCK_SIZE &&
	    chance(world, 60)) {
		lie_about_the_first(world);
		return;
	}
	world->disk->lies_after = UINT32_MAX;
	write_and_commit(world);
	world->disk->lies_after = draw(world, 6);
	world->disk->fails_checkpoints |= chance(world, 60);
	if (!act_may_go_on(world))
		return;
	act_compact(world);
	if (chance(world, 40))
		disk_arm(world->disk, draw(world, CRASH_EVENTS_LATE),
			 world_draw_crash(world));
	act_finish(world);
	if (act_may_go_on(world) && chance(world, 30))
		act_idle(world);
	overwrite_and_crash(world);
}
