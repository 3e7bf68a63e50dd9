/* SPDX-License-Identifier: MIT */
#include "storage/moving/segment_freeing.h"

#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/checkpoint/freed_life.h"
#include "storage/engine_manifest.h"
#include "storage/log/write_append.h"

#include <assert.h>
#include <stdlib.h>

enum {
	ROWS_PER_BATCH = 64,
	/* Two move the horizon, a third where one had begun before. */
	CHECKPOINTS_MAX = 3,
	/* A row keeps its segment alive until the horizon has passed it, so
	 * that they come in batches, not one in each segment: so many at least
	 * when nobody waits, when somebody does, when files can't grow. */
	ROWS_AT_LEAST = 16,
	ROWS_AT_LEAST_URGENT = 8,
	/* Fewer free ones than this, where files can't grow and a buffer of
	 * rows is a small part of a segment: so many dead ones are on their way
	 * before a writer has to wait for them. */
	LOW_SEGMENTS = SEGMENT_RESERVE + 4,
	LOW_BLOCKS = 16,
	ROWS_AT_LEAST_LOW = 4,
	ROWS_AT_LEAST_FULL = 4 /* fewer where a segment has several buffers, so
				  that the rows' one has room for others */
};

/* What must be durable before a dead segment is used again. */
struct freeing_segment {
	uint32_t segment;
	uint64_t user_sequence; /* write sequences */
	uint64_t moving_sequence;
};

void
segment_freeing_finish(struct engine *engine)
{
	freed_lives_finish(&engine->freeing);
	free(engine->freeing.waiting);
	engine->freeing = (struct freeing){ 0 };
}

/* ---- memory ---- */

static bool
reserve_waiting(struct freeing *freeing, size_t more)
{
	size_t capacity = freeing->waiting_capacity * 2 + 64 + more;
	struct freeing_segment *waiting;

	if (freeing->waiting_count + more <= freeing->waiting_capacity)
		return true;
	waiting = realloc(freeing->waiting, capacity * sizeof(*waiting));
	if (waiting == NULL)
		return false;
	freeing->waiting = waiting;
	freeing->waiting_capacity = capacity;
	return true;
}

/* ---- from DEAD to FREEING ---- */

static bool
needs_row(const struct engine *engine, const struct segment *segment)
{
	return segment->first_write != 0 &&
	       !horizon_covers(&engine->horizon, segment->stream,
			       segment->last_write) &&
	       !freed_lives_have(engine, segment->sequence);
}

/* Not before a checkpoint is published without the entries that were dropped:
 * they would be believed where a place that is used again is torn. */
static bool
is_pointed_at(const struct engine *engine, const struct segment *segment)
{
	return segment->dropped_by > engine->freeing.published_walk;
}

/* They come first in the list, and aren't looked at again before the next
 * checkpoint is published: a walk may leave out the rows of many segments. */
static void
pass(struct engine *engine, uint32_t segment)
{
	engine->freeing.passed_last = segment;
	engine->freeing.passed_count++;
}

static uint32_t
first_to_bury(struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;
	struct freeing *freeing = &engine->freeing;

	if (freeing->passed_walk != freeing->published_walk) {
		freeing->passed_walk = freeing->published_walk;
		freeing->passed_count = 0;
	}
	return freeing->passed_count == 0 ?
		       segments->dead.first :
		       segments->segments[freeing->passed_last].next;
}

static void
move_back(struct segment_manager *segments, uint32_t segment)
{
	segment_list_remove(segments, &segments->dead, segment);
	segment_list_append(segments, &segments->dead, segment);
}

/* What makes it dead is settled.  Nothing waits for less than what is before
 * it in the list, so that the last one tells what all of them wait for. */
static void
begin_freeing(struct engine *engine, uint32_t segment, uint64_t user_sequence)
{
	struct segment_manager *segments = &engine->segments;
	struct freeing *freeing = &engine->freeing;

	if (freeing->waiting_count > 0) {
		const struct freeing_segment *last =
			&freeing->waiting[freeing->waiting_count - 1];

		if (user_sequence < last->user_sequence)
			user_sequence = last->user_sequence;
	}
	segment_manager_begin_freeing(segments, segment);
	freeing->waiting[freeing->waiting_count++] = (struct freeing_segment){
		.segment = segment,
		.user_sequence = user_sequence,
		.moving_sequence = engine->moving.settled,
	};
}

/* Rows that go into one batch, with the room that it takes. */
struct freeing_batch {
	uint32_t count;
	struct freed_life lives[ROWS_PER_BATCH];
	uint8_t keys[ROWS_PER_BATCH][FREED_KEY_SIZE];
	uint8_t values[ROWS_PER_BATCH][FREED_VALUE_SIZE];
	struct engine_write writes[ROWS_PER_BATCH];
	struct write_plan plan;
};

static void
add_row(const struct engine *engine, struct freeing_batch *batch,
	const struct segment *segment, uint32_t number)
{
	uint32_t i = batch->count++;
	struct freed_life *life = &batch->lives[i];

	*life = (struct freed_life){
		.sequence = segment->sequence,
		.segment = number,
		.stream = segment->stream,
		.first_write = segment->first_write,
		.last_write = segment->last_write,
		.moving_settled = engine->moving.settled,
	};
	freed_life_encode(life, batch->keys[i], batch->values[i]);
	batch->writes[i] = (struct engine_write){
		.kind = ENGINE_WRITE_ROW,
		.table = ENGINE_TABLE_FREED,
		.key = slice_make(batch->keys[i], FREED_KEY_SIZE),
		.value = slice_make(batch->values[i], FREED_VALUE_SIZE),
	};
}

static bool
is_full(const struct engine *engine)
{
	return segment_growth_has_failed(&engine->segments);
}

static bool
is_running_low(const struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;

	return is_full(engine) &&
	       segments->segment_size >= LOW_BLOCKS * FORMAT_BLOCK_SIZE &&
	       segment_manager_available(segments) < LOW_SEGMENTS;
}

static uint32_t
rows_at_least(const struct engine *engine, bool is_urgent)
{
	uint32_t blocks;

	if (!is_urgent)
		return is_running_low(engine) ? ROWS_AT_LEAST_LOW :
						ROWS_AT_LEAST;
	if (!is_full(engine))
		return ROWS_AT_LEAST_URGENT;
	blocks = engine->segments.segment_size / FORMAT_BLOCK_SIZE;
	return blocks < ROWS_AT_LEAST_FULL ? ROWS_AT_LEAST_FULL / blocks : 1;
}

/* A buffer of rows takes a block, however few they are: where room is short and
 * more segments are about to die, they share one. */
static bool
is_expecting_deaths(const struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;

	return is_full(engine) && !moving_writer_is_idle(&engine->moving) &&
	       segments->dead.count < ROWS_AT_LEAST_URGENT &&
	       segment_manager_available(segments) > SEGMENT_RESERVE_MOVING;
}

/* A single one is fine where it costs nothing and files can't grow. */
static bool
is_worth_it(const struct engine *engine, const struct freeing_batch *batch,
	    bool is_urgent)
{
	if (batch->count == 0 ||
	    (is_expecting_deaths(engine) && !is_running_low(engine)))
		return false;
	if (batch->count >= rows_at_least(engine, is_urgent))
		return true;
	return is_urgent && is_full(engine) && batch->plan.segments == 0;
}

/* Segments that rows may take now. */
static uint32_t
segments_for_rows(const struct engine *engine, bool is_urgent)
{
	const struct segment_manager *segments = &engine->segments;
	uint32_t available = segment_manager_available(segments);
	uint32_t kept = is_urgent ? 0 : SEGMENT_RESERVE_MOVING;

	return available > kept ? available - kept : 0;
}

/* Whether the batch has room for one more row. */
static bool
has_room_for_row(const struct engine *engine, struct freeing_batch *batch,
		 uint32_t segments)
{
	struct write_plan plan = batch->plan;

	if (batch->count == ROWS_PER_BATCH)
		return false;
	write_plan_add(&plan, engine->segments.segment_size,
		       (uint32_t)record_size(RECORD_ROW, FREED_KEY_SIZE,
					     FREED_VALUE_SIZE));
	if (plan.segments > segments ||
	    !buffered_writer_has_room(&engine->writer, &plan))
		return false;
	batch->plan = plan;
	return true;
}

static void
append_rows(struct engine *engine, struct freeing_batch *batch)
{
	write_append(engine, batch->writes, batch->count);
	for (uint32_t i = 0; i < batch->count; i++) {
		freed_lives_add(&engine->freeing, &batch->lives[i]);
		begin_freeing(engine, batch->lives[i].segment,
			      engine->writer.next_write_sequence - 1);
	}
}

/* Those that need no row go on at once; for the others the rows that there is
 * room for are appended. Returns whether there may be more to do. */
static bool
bury_some(struct engine *engine, bool is_urgent)
{
	struct segment_manager *segments = &engine->segments;
	struct freeing_batch batch = {
		.plan = buffered_writer_plan(&engine->writer)
	};
	uint32_t most = segments_for_rows(engine, is_urgent);
	uint32_t number = first_to_bury(engine), next;
	uint32_t left = segments->dead.count - engine->freeing.passed_count;

	if (!reserve_waiting(&engine->freeing, segments->dead.count) ||
	    !freed_lives_reserve(&engine->freeing, ROWS_PER_BATCH))
		return false;
	for (; left > 0; left--, number = next) {
		const struct segment *segment = &segments->segments[number];

		next = segment->next;
		if (is_pointed_at(engine, segment)) {
			pass(engine, number);
			continue;
		}
		if (!needs_row(engine, segment)) {
			begin_freeing(engine, number, engine->writer.settled);
			continue;
		}
		if (has_room_for_row(engine, &batch, most))
			add_row(engine, &batch, segment, number);
		else if (!is_urgent || batch.count == ROWS_PER_BATCH)
			break;
		move_back(segments, number);
	}
	if (!is_worth_it(engine, &batch, is_urgent))
		return false;
	if (batch.plan.segments > 0 && engine_begin_writing(engine, NULL) < 0)
		return false;
	append_rows(engine, &batch);
	return batch.count == ROWS_PER_BATCH;
}

/* Rows that were appended while closing would come behind what is settled for
 * the last time, and would ask for another time: the next opening finds what is
 * dead. */
static void
bury(struct engine *engine, bool is_urgent)
{
	while (!engine->is_closing && engine->segments.dead.count > 0 &&
	       bury_some(engine, is_urgent))
		continue;
}

/* ---- from FREEING to FREE ---- */

static bool
is_certain(const struct engine *engine, const struct freeing_segment *waiting)
{
	return waiting->user_sequence <= engine->writer.durable &&
	       waiting->moving_sequence <= engine->moving.durable;
}

static void
free_one(struct engine *engine, uint32_t segment)
{
	segment_manager_free(&engine->segments, segment);
	engine->freeing.checkpoints = 0;
}

/* Those that come first are certain first. Pinned ones stay in the list. */
static void
free_certain(struct engine *engine)
{
	struct segment_manager *segments = &engine->segments;
	struct freeing *freeing = &engine->freeing;
	size_t kept = 0, i = 0;

	for (; i < freeing->waiting_count; i++) {
		const struct freeing_segment *waiting = &freeing->waiting[i];

		if (!is_certain(engine, waiting))
			break;
		if (segments->segments[waiting->segment].pins > 0)
			freeing->waiting[kept++] = *waiting;
		else
			free_one(engine, waiting->segment);
	}
	if (kept < i && i < freeing->waiting_count)
		memmove(freeing->waiting + kept, freeing->waiting + i,
			(freeing->waiting_count - i) *
				sizeof(*freeing->waiting));
	freeing->waiting_count -= i - kept;
}

/* Sends and syncs what the newest of them waits for. */
static void
hurry(struct engine *engine)
{
	const struct freeing *freeing = &engine->freeing;
	struct buffered_writer *writer = &engine->writer;
	const struct freeing_segment *last;

	if (freeing->waiting_count == 0)
		return;
	last = &freeing->waiting[freeing->waiting_count - 1];
	if (is_certain(engine, last))
		return;
	if (last->user_sequence > writer->settled)
		buffered_writer_flush(writer, engine->last_lsn);
	buffered_writer_want_sync(writer);
}

/* Behind a checkpoint that was published more of them need no row. */
static bool
has_horizon_moved(struct engine *engine)
{
	struct freeing *freeing = &engine->freeing;

	if (freeing->buried_walk == freeing->published_walk)
		return false;
	freeing->buried_walk = freeing->published_walk;
	return true;
}

void
segment_freeing_step(struct engine *engine, bool is_urgent)
{
	if (engine->is_read_only || engine->has_failed ||
	    engine->writer.has_failed)
		return;
	if (engine->freeing.waiting_count > 0)
		free_certain(engine);
	if (is_urgent || has_horizon_moved(engine) ||
	    engine->segments.dead.count >= rows_at_least(engine, false))
		bury(engine, is_urgent);
	if (is_urgent)
		hurry(engine);
}

bool
segment_freeing_ask_checkpoint(struct engine *engine)
{
	struct freeing *freeing = &engine->freeing;

	if (engine->segments.dead.count == 0 || engine->checkpoints == NULL)
		return false;
	if (!checkpoint_writer_is_idle(engine->checkpoints))
		return true;
	if (freeing->checkpoints == CHECKPOINTS_MAX)
		return false;
	freeing->checkpoints++;
	checkpoint_writer_demand(engine);
	return true;
}

uint32_t
segment_freeing_count(const struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;
	const struct freeing *freeing = &engine->freeing;
	uint32_t count = 0;

	for (size_t i = 0; i < freeing->waiting_count; i++) {
		const struct freeing_segment *waiting = &freeing->waiting[i];

		count += segments->segments[waiting->segment].pins == 0;
	}
	return count;
}
