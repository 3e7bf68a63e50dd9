/* SPDX-License-Identifier: MIT
 *
 * What the files of operations share: act_write.c, act_read.c, act_held.c,
 * act_work.c, act_schedule.c and act_damage.c.  act.c says which operation is
 * whose. */
#ifndef TESTS_SIMULATOR_ACT_H
#define TESTS_SIMULATOR_ACT_H

#include "tests/simulator/observe.h"
#include "tests/simulator/world.h"

#define US_PER_S INT64_C(1000000)

static inline uint32_t
draw(struct world *world, uint32_t below)
{
	return random_below(&world->random, below);
}

static inline bool
chance(struct world *world, uint32_t percent)
{
	return random_percent(&world->random, percent);
}

static inline bool
promises_durability(const struct world *world)
{
	return world->sync == ENGINE_SYNC_FULL;
}

/* A table that is there. */
unsigned act_draw_table(struct world *world);

/* Polls once for who was told PENDING; false when it takes too long, which is
 * a violation. */
struct waiting {
	uint32_t polls;
	uint32_t idle; /* of those in a row: with nothing in flight */
};
bool act_wait(struct world *world, struct waiting *waiting,
	      const char *for_what);

static inline bool
act_may_go_on(const struct world *world)
{
	return world->engine != NULL && !world_is_over(world);
}

void act_write(struct world *world);
void act_flood(struct world *world);
void act_big(struct world *world);
void act_overwrite(struct world *world);
void act_fill(struct world *world);
/* Until a write is refused; false when none was. */
bool act_fill_up(struct world *world);
void act_table(struct world *world, enum operation_kind kind);
void act_commit(struct world *world, bool waits);

void act_read(struct world *world);
void act_find(struct world *world);
void act_scan(struct world *world);
void act_count(struct world *world);

void act_hold(struct world *world);
void act_release(struct world *world);
/* After each operation: what is held goes on by a step. */
void act_go_on_with_held(struct world *world);

void act_compact(struct world *world);
void act_compact_or_cancel(struct world *world);
void act_checkpoint(struct world *world);
void act_finish(struct world *world);
void act_idle(struct world *world);
void act_grace(struct world *world);
void act_verify(struct world *world);
/* Several steps that have an edge of the protocol between them. */
void act_schedule(struct world *world);
/* The disk's next lie, while records are moved. */
void act_schedule_lie(struct world *world);
/* The disk gives back the manifest of an earlier orderly end. */
void act_schedule_earlier(struct world *world);

void act_damage(struct world *world, enum operation_kind kind);
void act_stale(struct world *world);
/* If the disk is damaged, more than before. */
void act_note_damage(struct world *world, bool is_damaged);
void act_rot(struct world *world);
/* After each operation: what was begun is asked for again. */
void act_go_on_with_work(struct world *world);

#endif
