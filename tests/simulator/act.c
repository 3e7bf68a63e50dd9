/* SPDX-License-Identifier: MIT
 *
 * Which operation does what, and those that happen to the world around the
 * engine, but for damage. */
#include "tests/simulator/act.h"

#include <stdlib.h>

enum {
	CRASH_EVENTS_MAX = 50,
	CRASH_EVENTS_MANY = 600, /* in a long operation */
	WAIT_POLLS_MAX = 20000,
	WAIT_IDLE_MAX = 5000
};

unsigned
act_draw_table(struct world *world)
{
	unsigned table = draw(world, MODEL_TABLES);

	return world->model.now.tables[table].id == 0 ? 0 : table;
}

bool
act_wait(struct world *world, struct waiting *waiting, const char *for_what)
{
	bool is_idle = disk_in_flight(world->disk) == 0;

	drive_poll(world->engine);
	if (world->disk->has_crashed)
		return false;
	is_idle = is_idle && disk_in_flight(world->disk) == 0;
	waiting->idle = is_idle ? waiting->idle + 1 : 0;
	waiting->polls++;
	if (waiting->idle < WAIT_IDLE_MAX && waiting->polls < WAIT_POLLS_MAX)
		return true;
	world_violate(world, VIOLATION_STUCK,
		      "%s waits for ever: %u polls, the last %u with nothing "
		      "in flight",
		      for_what, (unsigned)waiting->polls,
		      (unsigned)waiting->idle);
	return false;
}

/* ---- the world around it ---- */

static void
do_poll(struct world *world)
{
	struct error error = ERROR_INIT;
	uint32_t count = 1 + draw(world, 8);

	for (uint32_t i = 0; i < count && !world->disk->has_crashed; i++) {
		if (engine_poll(world->engine, (int64_t)draw(world, 30),
				&error) < 0)
			abort();
	}
}

static void
do_crash(struct world *world)
{
	enum disk_crash kind = world_draw_crash(world);

	if (world->disk->crash_at != 0 || chance(world, 40))
		disk_crash_now(world->disk, kind);
	else
		disk_arm(world->disk,
			 draw(world, chance(world, 30) ? CRASH_EVENTS_MANY :
							 CRASH_EVENTS_MAX),
			 kind);
}

static void
do_clock(struct world *world)
{
	static const int64_t jumps_s[] = { 1, 10, 100, 86400, 315360000 };
	int64_t jump_us = jumps_s[draw(world, 5)] * US_PER_S;

	world->disk->time_us += (int64_t)draw(world, 30000);
	if (chance(world, 50))
		return;
	world->disk->clock_offset_us += chance(world, 50) ? jump_us : -jump_us;
}

static void
do_errors(struct world *world)
{
	world->has_errors = !world->has_errors;
	world_set_errors(world, world->has_errors);
}

static void
do_room(struct world *world)
{
	struct disk_faults *faults = &world->disk->faults;

	world->was_full = true;
	if (faults->bytes_max != 0)
		faults->bytes_max = 0;
	else
		faults->bytes_max = disk_used_bytes(world->disk) +
				    draw(world, 96 << 10);
}

/* ---- after it ---- */

/* A write of long ago may have failed meanwhile; from then on everything is
 * seen as it was settled last, and not as the model thinks. */
static void
notice_failure(struct world *world)
{
	struct engine_write write = { .kind = ENGINE_WRITE_TOMBSTONE,
				      .table = ENGINE_TABLE_CATALOG,
				      .timestamp_us = INT64_MIN,
				      .key = SLICE("x") };
	struct error error = ERROR_INIT;
	uint64_t lsn;

	if (world->engine == NULL || world->disk->has_crashed)
		return;
	/* The timestamp is refused, but only when writing goes on at all. */
	if (engine_write(world->engine, &write, 1, &lsn, &error) ==
	    -(int)ERROR_INVALID)
		return;
	if (!world_is_excused(world, &error)) {
		world_violate(world, VIOLATION_REFUSED, "writing: %s",
			      error.message);
		return;
	}
	world->violation = VIOLATION_NONE;
	world_restart(world);
}

static void
act(struct world *world, const struct operation *operation)
{
	enum operation_kind kind = operation->kind;

	switch (kind) {
	case OPERATION_WRITE:
		act_write(world);
		break;
	case OPERATION_FLOOD:
		act_flood(world);
		break;
	case OPERATION_BIG:
		act_big(world);
		break;
	case OPERATION_OVERWRITE:
		act_overwrite(world);
		break;
	case OPERATION_FILL:
		act_fill(world);
		break;
	case OPERATION_CREATE:
	case OPERATION_DROP:
	case OPERATION_TRUNCATE:
		act_table(world, kind);
		break;
	case OPERATION_COMMIT:
	case OPERATION_SEND:
		act_commit(world, kind == OPERATION_COMMIT);
		break;
	case OPERATION_POLL:
		do_poll(world);
		break;
	case OPERATION_READ:
		act_read(world);
		break;
	case OPERATION_FIND:
		act_find(world);
		break;
	case OPERATION_SCAN:
		act_scan(world);
		break;
	case OPERATION_COUNT:
		act_count(world);
		break;
	case OPERATION_HOLD:
		act_hold(world);
		break;
	case OPERATION_RELEASE:
		act_release(world);
		break;
	case OPERATION_COMPACT:
		act_compact_or_cancel(world);
		break;
	case OPERATION_CHECKPOINT:
		act_checkpoint(world);
		break;
	case OPERATION_FINISH:
		act_finish(world);
		break;
	case OPERATION_IDLE:
		act_idle(world);
		break;
	case OPERATION_SCHEDULE:
		act_schedule(world);
		break;
	case OPERATION_GRACE:
		act_grace(world);
		break;
	case OPERATION_CHECK:
		world_check(world);
		break;
	case OPERATION_VERIFY:
		act_verify(world);
		break;
	case OPERATION_REOPEN:
		world_reopen(world);
		break;
	case OPERATION_CRASH:
		do_crash(world);
		break;
	case OPERATION_CLOCK:
		do_clock(world);
		break;
	case OPERATION_ERRORS:
		do_errors(world);
		break;
	case OPERATION_ROOM:
		do_room(world);
		break;
	case OPERATION_FLIP:
	case OPERATION_MISDIRECT:
	case OPERATION_LOSE:
	case OPERATION_ZERO:
	case OPERATION_SWAP:
	case OPERATION_CUT:
		act_damage(world, kind);
		break;
	case OPERATION_SPOIL:
		world->spoils_next = true;
		break;
	case OPERATION_STALE:
		act_stale(world);
		break;
	case OPERATION_ROT:
		act_rot(world);
		break;
	case OPERATION_FAIL:
		world->disk->fails_checkpoints = true;
		break;
	case OPERATION_KINDS:
		break;
	}
}

void
world_do(struct world *world, const struct operation *operation)
{
	world->random.state = operation->seed;
	world->disk->random.state = ~operation->seed;
	act(world, operation);
	notice_failure(world);
	if (act_may_go_on(world))
		act_go_on_with_work(world);
	if (act_may_go_on(world))
		act_go_on_with_held(world);
	if (act_may_go_on(world))
		world_audit(world);
}
