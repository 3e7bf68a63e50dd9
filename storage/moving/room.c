/* SPDX-License-Identifier: MIT */
#include "storage/moving/room.h"

#include "storage/checkpoint/checkpoint_drop.h"
#include "storage/checkpoint/checkpoint_room.h"
#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/format/run.h"
#include "storage/moving/compaction.h"
#include "storage/moving/segment_freeing.h"

enum {
	/* Segments in use may have a quarter more bytes than what lives in
	 * them, and this: a small database is left alone. */
	FLOOR_SEGMENTS = 16,
	FLOOR_BYTES = 8 << 20,
	/* Work that goes on for somebody who waits without winning what he
	 * needs: so many moving buffers, more for each segment, or checkpoints.
	 * At 98 % one segment in fifty is won. */
	WAIT_MOVED_MAX = 256,
	WAIT_MOVED_SEGMENT = 64,
	WAIT_CHECKPOINTS_MAX = 16,
	CHECKPOINTS_MAX = 3,
	WAIT_STEPS = 64 /* without being asked: he has gone */
};

static uint64_t
floor_of(const struct segment_manager *segments)
{
	uint64_t bytes = (uint64_t)FLOOR_SEGMENTS * segments->segment_size;

	return bytes < FLOOR_BYTES ? bytes : FLOOR_BYTES;
}

bool
room_may_grow(const struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;
	uint64_t used = segments->segment_count - segments->free_count -
			segments->freeing_count - segments->dead.count;

	return used * segments->segment_size <=
	       segments->live_bytes + segments->live_bytes / 4 +
		       floor_of(segments);
}

/* Whether compaction helps, or what will be free by itself: dropped tables'
 * rows die in steps, and what is on its way leaves dead segments behind. */
static bool
can_reclaim(struct engine *engine)
{
	return compaction_demand(engine) ||
	       segment_freeing_count(engine) > 0 ||
	       engine->tables.retired != NULL ||
	       !moving_writer_is_idle(&engine->moving);
}

/* What isn't settled can't be reclaimed, though much of it may be superseded
 * already: it is sent on its way. */
static bool
is_settling(struct engine *engine)
{
	if (engine->writer.count == 0)
		return false;
	buffered_writer_flush(&engine->writer, engine->last_lsn);
	return true;
}

/* In a database that is all but full, work may go round without an end: what
 * is won is taken by what winning it takes, or by others who write. */
static bool
has_waited_in_vain(struct engine *engine, struct room_wait *wait,
		   uint32_t missing)
{
	uint64_t written = engine->counters.user_bytes_written;
	uint64_t moved = engine->moving.buffers_written;
	uint64_t checkpoints = engine->counters.checkpoints;

	if (!wait->is_waiting)
		*wait = (struct room_wait){ .is_waiting = true,
					    .moved = moved,
					    .checkpoints = checkpoints,
					    .user_bytes = written };
	wait->steps_left = WAIT_STEPS;
	return moved - wait->moved >
		       WAIT_MOVED_MAX +
			       (uint64_t)missing * WAIT_MOVED_SEGMENT ||
	       checkpoints - wait->checkpoints > WAIT_CHECKPOINTS_MAX ||
	       written - wait->user_bytes >
		       segment_manager_disk_bytes(&engine->segments);
}

static bool
has_expired(struct engine *engine)
{
	const struct table_registry *tables = &engine->tables;
	uint32_t now_s = engine_now_s(engine);

	for (size_t i = 0; i < tables->count; i++) {
		const struct table *table = tables->tables[i];

		if (table->expires_s != 0 && table->expires_s <= now_s)
			return true;
	}
	return false;
}

/* Rows that have expired are live until checkpoints let them go, which nobody
 * takes while nothing is written.  True while one is under way. */
static bool
is_letting_go(struct engine *engine)
{
	struct room_wait *wait = &engine->room_wait;

	if (engine->checkpoints == NULL ||
	    (wait->expiry_checkpoints == 0 && !has_expired(engine)))
		return false;
	if (!checkpoint_writer_is_idle(engine->checkpoints))
		return true;
	if (wait->expiry_checkpoints == CHECKPOINT_DROP_EXPIRY)
		return false;
	wait->expiry_checkpoints++;
	checkpoint_writer_demand(engine);
	return true;
}

/* What will be free by itself is waited for if it is enough; then growing is
 * tried first where waste allows it, and last where it doesn't. */
static int
make_room(struct engine *engine, uint32_t missing, struct error *error)
{
	struct error failure = ERROR_INIT;
	bool is_in_vain =
		has_waited_in_vain(engine, &engine->room_wait, missing);
	int status = 0;

	if (!is_in_vain && segment_freeing_count(engine) >= missing)
		return ENGINE_PENDING;
	if (room_may_grow(engine)) {
		status = segment_growth_demand(&engine->segments, &failure);
		if (status == 0)
			return ENGINE_PENDING;
	}
	if (!is_in_vain && can_reclaim(engine))
		return ENGINE_PENDING;
	if (status == 0)
		status = segment_growth_demand(&engine->segments, &failure);
	if (status == 0)
		return ENGINE_PENDING;
	/* Now that files can't grow, a few dead segments are worth the room
	 * that their rows take. */
	segment_freeing_step(engine, true);
	if (!is_in_vain && (can_reclaim(engine) || is_settling(engine) ||
			    segment_freeing_ask_checkpoint(engine) ||
			    is_letting_go(engine)))
		return ENGINE_PENDING;
	engine->room_wait.is_waiting = false;
	if (error != NULL)
		*error = failure;
	return status;
}

static uint32_t
kept_back(enum room_level level)
{
	return level == ROOM_ORDINARY ? SEGMENT_RESERVE :
					SEGMENT_RESERVE_MOVING;
}

/* Where moving wins nothing, its reserve is worth less than what a deletion
 * frees: but for the last one, which rows of table 3 may need, unless a whole
 * table goes. */
static bool
may_dig_deeper(const struct engine *engine, uint32_t segments,
	       enum room_level level)
{
	uint32_t kept = level == ROOM_DROPPING ? 0 : 1;

	return level != ROOM_ORDINARY &&
	       segments + kept <= segment_manager_available(&engine->segments);
}

/* What deletions and rows of table 3 have begun of the reserve isn't filled up
 * by others, for it dies soon unless they do. */
static bool
is_there_already(const struct engine *engine, uint32_t segments,
		 enum room_level level)
{
	return segments == 0 &&
	       (level != ROOM_ORDINARY || !engine->writer.is_of_reserve);
}

static bool
has_tombstones(const struct engine *engine)
{
	const struct table_registry *tables = &engine->tables;
	uint64_t count = 0;

	for (size_t i = 0; i < tables->count; i++)
		count += tables->tables[i]->tombstones;
	return count > 0;
}

/* Two checkpoints, three where one had begun before, leave out what was
 * deleted or has expired, so that the next ones need less. */
static bool
can_checkpoints_shrink(struct engine *engine)
{
	struct checkpoint_room *room = &engine->checkpoint_room;

	if (!checkpoint_writer_is_idle(engine->checkpoints))
		return true;
	if (room->asked == CHECKPOINTS_MAX ||
	    (!has_tombstones(engine) && !has_expired(engine)))
		return false;
	room->asked++;
	checkpoint_writer_demand(engine);
	return true;
}

/* New rows make checkpoints larger, too. */
static int
find_checkpoint_room(struct engine *engine, enum room_level level,
		     struct error *error)
{
	struct checkpoint_room *room = &engine->checkpoint_room;
	int status;

	if (level != ROOM_ORDINARY) {
		room->asked = 0;
		return 0;
	}
	status = checkpoint_room_keep(engine, error);
	if (status == 0)
		room->asked = 0;
	else if (can_checkpoints_shrink(engine))
		status = ENGINE_PENDING;
	return status;
}

int
room_find(struct engine *engine, uint32_t segments, enum room_level level,
	  struct error *error)
{
	uint32_t needed = segments + kept_back(level);
	int status;

	if (is_there_already(engine, segments, level))
		return 0;
	if (needed > segment_manager_available(&engine->segments))
		segment_freeing_step(engine, true);
	if (needed <= segment_manager_available(&engine->segments))
		return find_checkpoint_room(engine, level, error);
	status = make_room(
		engine, needed - segment_manager_available(&engine->segments),
		error);
	if (status != -(int)ERROR_FULL || level == ROOM_ORDINARY)
		return status;
	if (may_dig_deeper(engine, segments, level))
		return 0;
	return segment_growth_go_beyond(&engine->segments) ? ENGINE_PENDING :
							     status;
}

/* There are free segments enough, but no neighbours.  What becomes free may
 * join them, and a new file has as many as a run can need.  Nothing moves for
 * the sake of certain places: the more are free, the more are neighbours. */
static int
make_neighbours(struct engine *engine, uint32_t missing, struct error *error)
{
	struct room_wait *wait = &engine->run_wait;
	int status = segment_growth_demand(&engine->segments, error);
	bool is_in_vain;

	if (status == 0)
		return ENGINE_PENDING;
	segment_freeing_step(engine, true);
	is_in_vain = has_waited_in_vain(engine, wait, missing);
	if (missing > wait->neighbours)
		wait->neighbours = missing;
	if (!is_in_vain && (can_reclaim(engine) || is_settling(engine)))
		return ENGINE_PENDING;
	wait->is_waiting = false;
	return status;
}

static void
wait_step(struct room_wait *wait)
{
	if (wait->is_waiting && --wait->steps_left == 0)
		wait->is_waiting = false;
}

void
room_step(struct engine *engine)
{
	wait_step(&engine->room_wait);
	wait_step(&engine->run_wait);
}

void
room_found(struct engine *engine, uint32_t neighbours)
{
	engine->room_wait.is_waiting = false;
	if (neighbours > 0 && neighbours >= engine->run_wait.neighbours)
		engine->run_wait.is_waiting = false;
}

int
room_prepare_run(struct engine *engine, uint32_t record_size,
		 struct error *error)
{
	switch (buffered_writer_prepare_run(&engine->writer, record_size)) {
	case 0:
		return 0;
	case PREPARE_NO_NEIGHBOURS:
		return make_neighbours(
			engine,
			run_parts(engine->segments.segment_size, record_size),
			error);
	default:
		return error_no_memory(error);
	}
}
