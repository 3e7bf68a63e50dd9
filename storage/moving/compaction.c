/* SPDX-License-Identifier: MIT */
#include "storage/moving/compaction.h"

#include "storage/moving/compaction_round.h"
#include "storage/moving/compaction_state.h"
#include "storage/moving/room.h"
#include "storage/moving/separator.h"

#include <assert.h>
#include <stdlib.h>

enum {
	/* Free segments that are aimed at, beyond the reserve, where files
	 * can't grow: 1/512 of all, within bounds; but what a writer fills
	 * while victims are read, moved and freed, if that is at most 1/128. */
	TARGET_SHARE = 512,
	TARGET_MIN = 2,
	TARGET_MAX = 64,
	TARGET_PIPELINE = 6,
	PIPELINE_SHARE = 128,
	/* A tenth of a segment must be dead, unless somebody needs it. */
	GAIN_SHARE = 10,
	/* A demand lasts for so many steps. */
	DEMAND_STEPS = 64,
	DEBT_SEGMENTS_MAX = 8,
	/* Where nothing was worth moving, and nobody waits, nothing is until a
	 * part of the segments has changed: to look at all takes long. */
	VAIN_SHARE = 64,
	WAITING_SHARE = 4, /* times as much in a step while somebody waits */
	AVERAGE_SHARE = 16 /* of a new victim in the average */
};

enum urgency {
	URGENCY_NONE,
	URGENCY_WASTE,  /* too much dead space */
	URGENCY_LOW,    /* few free segments, and files can't grow */
	URGENCY_DEMAND, /* somebody waits */
	URGENCY_FULL    /* everything is being separated */
};

/* ---- life ---- */

struct full_compaction *
compaction_full(const struct engine *engine)
{
	return engine->compaction == NULL ? NULL : &engine->compaction->full;
}

static bool
is_being_read(const struct compaction *compaction, uint32_t segment)
{
	for (int i = 0; i < COMPACTION_VICTIMS; i++) {
		if (compaction->victims[i].stage != VICTIM_UNUSED &&
		    compaction->victims[i].segment == segment)
			return true;
	}
	return false;
}

static void
on_change(void *context, uint32_t segment)
{
	struct engine *engine = context;
	struct compaction *compaction = engine->compaction;
	const struct segment *entry = &engine->segments.segments[segment];

	victim_choice_update(&compaction->choice, segment);
	if (entry->state == SEGMENT_VICTIM && entry->live_bytes == 0 &&
	    !is_being_read(compaction, segment)) {
		compaction->victim_count--;
		segment_manager_end_victim(&engine->segments, segment);
	}
}

int
compaction_create(struct engine *engine, struct error *error)
{
	struct compaction *compaction = calloc(1, sizeof(*compaction));
	struct segment_manager *segments = &engine->segments;

	if (compaction == NULL)
		return error_no_memory(error);
	engine->compaction = compaction;
	for (int i = 0; i < COMPACTION_VICTIMS; i++) {
		if (!victim_init(&compaction->victims[i],
				 segments->segment_size))
			return error_no_memory(error);
	}
	compaction->average_live = segments->segment_size / 2;
	compaction->paid_bytes = engine->writer.bytes_written;
	victim_choice_init(&compaction->choice, segments);
	segments->on_change = on_change;
	segments->on_change_context = engine;
	return 0;
}

void
compaction_destroy(struct engine *engine)
{
	if (engine->compaction == NULL)
		return;
	engine->segments.on_change = NULL;
	free(engine->compaction->full.list);
	for (int i = 0; i < COMPACTION_VICTIMS; i++)
		victim_finish(&engine->compaction->victims[i]);
	free(engine->compaction);
	engine->compaction = NULL;
}

bool
compaction_is_busy(const struct engine *engine)
{
	const struct compaction *compaction = engine->compaction;

	for (int i = 0; compaction != NULL && i < COMPACTION_VICTIMS; i++) {
		if (compaction->victims[i].stage == VICTIM_READING)
			return true;
	}
	return false;
}

void
compaction_drop(struct engine *engine)
{
	struct compaction *compaction = engine->compaction;
	struct segment_manager *segments = &engine->segments;

	assert(!compaction_is_busy(engine));
	if (compaction == NULL)
		return;
	separator_drop(engine);
	full_compaction_drop(engine);
	compaction->unfinished = NULL;
	for (int i = 0; i < COMPACTION_VICTIMS; i++)
		compaction->victims[i].stage = VICTIM_UNUSED;
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		if (segments->segments[i].state == SEGMENT_VICTIM)
			segment_manager_end_victim(segments, i);
	}
	compaction->victim_count = 0;
}

/* ---- how urgent it is ---- */

/* Free ones and those that will be, without more copying. */
static uint32_t
coming_free(const struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;

	return segments->free_count + segments->dead.count +
	       segments->freeing_count;
}

/* What is left is needed to make room: nothing moves unless that wins more. */
static bool
is_short(const struct engine *engine)
{
	return segment_manager_available(&engine->segments) <= SEGMENT_RESERVE;
}

static uint32_t
target_of(const struct engine *engine)
{
	uint32_t count = engine->segments.segment_count;
	uint32_t pipeline = count / PIPELINE_SHARE;
	uint32_t target = count / TARGET_SHARE;

	if (pipeline > TARGET_PIPELINE)
		pipeline = TARGET_PIPELINE;
	if (target < pipeline)
		target = pipeline;
	if (target < TARGET_MIN)
		target = TARGET_MIN;
	if (target > TARGET_MAX)
		target = TARGET_MAX;
	return SEGMENT_RESERVE + target;
}

static enum urgency
urgency_of(const struct engine *engine)
{
	if (full_compaction_is_active(engine))
		return URGENCY_FULL;
	if (engine->compaction->demand_steps > 0)
		return URGENCY_DEMAND;
	/* Segments that are there already are used first: dead space is bounded
	 * by growing no further, and what dies meanwhile needs no moving. */
	if (coming_free(engine) >= target_of(engine))
		return URGENCY_NONE;
	if (segment_growth_has_failed(&engine->segments))
		return URGENCY_LOW;
	return room_may_grow(engine) ? URGENCY_NONE : URGENCY_WASTE;
}

static bool
is_reading(const struct compaction *compaction)
{
	for (int i = 0; i < COMPACTION_VICTIMS; i++) {
		if (compaction->victims[i].stage != VICTIM_UNUSED)
			return true;
	}
	return false;
}

bool
compaction_is_done(const struct engine *engine)
{
	return !is_reading(engine->compaction) &&
	       separator_is_empty(engine->separator) &&
	       moving_writer_is_idle(&engine->moving);
}

/* ---- victims ---- */

static struct victim *
unused_victim(struct compaction *compaction)
{
	for (int i = 0; i < COMPACTION_VICTIMS; i++) {
		if (compaction->victims[i].stage == VICTIM_UNUSED)
			return &compaction->victims[i];
	}
	return NULL;
}

static bool
begin(struct engine *engine, uint32_t segment)
{
	struct compaction *compaction = engine->compaction;
	struct victim *victim = unused_victim(compaction);
	uint32_t live = engine->segments.segments[segment].live_bytes;

	if (victim == NULL ||
	    compaction_expected_bytes(engine) + live >
		    separator_limit(engine) + engine->segments.segment_size)
		return false;
	compaction->average_live += live / AVERAGE_SHARE;
	compaction->average_live -= compaction->average_live / AVERAGE_SHARE;
	compaction->needs_rows =
		(compaction->victim_count > 0 && compaction->needs_rows) ||
		victim_choice_needs_row(&compaction->choice, segment);
	compaction->victim_count++;
	victim_begin(engine, victim, segment);
	return true;
}

/* Whatever may make it worth while to move something. */
static uint64_t
changes_of(const struct engine *engine)
{
	const struct victim_choice *choice = &engine->compaction->choice;

	return choice->changes + choice->user_durable +
	       choice->moving_durable + choice->horizon.user_sequence +
	       choice->horizon.moving_sequence;
}

/* With the last free segments. */
static bool
is_in_vain(struct engine *engine, bool is_demanded)
{
	struct compaction *compaction = engine->compaction;
	uint32_t share = engine->segments.segment_count / VAIN_SHARE;
	uint64_t changes = changes_of(engine);

	if (!is_demanded && compaction->is_vain &&
	    changes - compaction->vain_changes <= share)
		return true;
	compaction->is_vain = !compaction_round_is_worth(engine, false);
	compaction->vain_changes = changes;
	return compaction->is_vain;
}

/* What wins most in the long run; where that has won nothing, the emptiest. */
static uint32_t
choose(struct engine *engine, enum urgency urgency)
{
	struct compaction *compaction = engine->compaction;
	const struct segment_manager *segments = &engine->segments;
	const struct compaction_round *round = &compaction->round;
	bool is_demanded = urgency == URGENCY_DEMAND;
	uint32_t gain_min = segments->segment_size / GAIN_SHARE;
	uint32_t best = SEGMENT_NONE;

	compaction->choice.user_durable = engine->writer.durable;
	compaction->choice.moving_durable = engine->moving.durable;
	compaction->choice.horizon = engine->horizon;
	if (is_demanded && round->restorations > 0)
		return SEGMENT_NONE;
	if (is_short(engine) && is_in_vain(engine, is_demanded))
		return SEGMENT_NONE;
	if (!is_demanded || round->passes == 0)
		best = victim_choice_best(&compaction->choice, gain_min);
	if (best == SEGMENT_NONE && is_demanded &&
	    compaction_round_is_worth(engine, false))
		best = victim_choice_any(&compaction->choice);
	return best;
}

/* To choose takes a while, in vain where no usual victim finds room in the
 * separator: what waits there, and comes, leaves first. */
static bool
has_room_for_usual(const struct engine *engine)
{
	return compaction_expected_bytes(engine) +
		       engine->compaction->average_live <=
	       separator_limit(engine) + engine->segments.segment_size;
}

static bool
may_choose(const struct engine *engine, enum urgency urgency)
{
	const struct compaction_round *round = &engine->compaction->round;

	if (engine->writer.has_failed ||
	    unused_victim(engine->compaction) == NULL)
		return false;
	if (urgency == URGENCY_DEMAND)
		return !round->is_exhausted;
	return urgency != URGENCY_NONE &&
	       (urgency == URGENCY_FULL || has_room_for_usual(engine));
}

/* All victims wait for memory, which nobody knows to come. */
static bool
is_starving(const struct engine *engine)
{
	return separator_is_starved(engine->separator) &&
	       unused_victim(engine->compaction) == NULL;
}

static void
begin_victims(struct engine *engine, enum urgency urgency)
{
	if (urgency == URGENCY_DEMAND && is_starving(engine))
		compaction_round_end_if_quiet(engine);
	while (may_choose(engine, urgency)) {
		uint32_t segment = urgency == URGENCY_FULL ?
					   full_compaction_next(engine) :
					   choose(engine, urgency);

		if (segment == SEGMENT_NONE || !begin(engine, segment)) {
			if (urgency == URGENCY_DEMAND)
				compaction_round_end_if_quiet(engine);
			return;
		}
		if (urgency == URGENCY_FULL)
			full_compaction_begun(engine);
	}
}

static void
end_victim(struct engine *engine, struct victim *victim, bool has_failed)
{
	struct compaction *compaction = engine->compaction;
	struct segment_manager *segments = &engine->segments;

	victim->stage = VICTIM_UNUSED;
	compaction->unfinished = NULL;
	if (has_failed) {
		compaction->victim_count--;
		segment_manager_quarantine(segments, victim->segment);
		return;
	}
	engine->counters.compactions++;
	if (segments->segments[victim->segment].live_bytes == 0) {
		compaction->victim_count--;
		segment_manager_end_victim(segments, victim->segment);
	}
}

static struct victim *
next_victim(struct compaction *compaction)
{
	for (int i = 0; i < COMPACTION_VICTIMS; i++) {
		struct victim *victim = &compaction->victims[i];

		if (victim->stage == VICTIM_READ &&
		    (compaction->unfinished == NULL ||
		     compaction->unfinished == victim))
			return victim;
	}
	return NULL;
}

/* One victim after the other, so that only one is half done. */
static void
separate_victims(struct engine *engine, uint64_t *budget)
{
	struct compaction *compaction = engine->compaction;
	struct victim *victim;

	while (*budget > 0 && (victim = next_victim(compaction)) != NULL) {
		enum victim_outcome outcome;

		compaction->unfinished = victim;
		outcome = victim_separate(engine, victim, budget);
		if (outcome == VICTIM_STUCK || outcome == VICTIM_MORE)
			return;
		end_victim(engine, victim, outcome == VICTIM_FAILED);
	}
}

/* ---- demands ---- */

/* Only a step finds out that there is memory again, and who is refused doesn't
 * poll. */
static void
try_memory(struct engine *engine)
{
	const struct separator *separator = engine->separator;
	struct compaction *compaction = engine->compaction;
	uint64_t budget = COMPACTION_POLL_BYTES;

	if (!compaction->round.is_exhausted || !separator_is_starved(separator))
		return;
	separate_victims(engine, &budget);
	if (!separator_is_starved(separator))
		compaction_round_begin(engine);
}

bool
compaction_demand(struct engine *engine)
{
	struct compaction *compaction = engine->compaction;

	if (compaction == NULL || engine->writer.has_failed)
		return false;
	try_memory(engine);
	if (compaction->demand_steps == 0 && !compaction->round.is_exhausted)
		compaction_round_begin(engine);
	compaction_round_watch(engine);
	compaction->demand_steps = DEMAND_STEPS;
	return !compaction->round.is_exhausted;
}

/* ---- steps ---- */

static void
run(struct engine *engine, enum urgency urgency, uint64_t *budget)
{
	const struct compaction *compaction = engine->compaction;

	separate_victims(engine, budget);
	begin_victims(engine, urgency);
	separator_step(engine, compaction->unfinished == NULL ?
				       SEGMENT_NONE :
				       compaction->unfinished->segment);
}

void
compaction_step(struct engine *engine, uint64_t budget)
{
	struct compaction *compaction = engine->compaction;
	enum urgency urgency;

	if (compaction == NULL || engine->writer.has_failed)
		return;
	urgency = urgency_of(engine);
	if (urgency == URGENCY_FULL)
		full_compaction_step(engine);
	if (urgency == URGENCY_DEMAND)
		compaction_round_watch(engine);
	if (compaction->demand_steps > 0 && --compaction->demand_steps == 0) {
		compaction->choice.before = UINT64_MAX;
		compaction->is_vain = false; /* of fewer lives */
	}
	if (urgency >= URGENCY_DEMAND)
		budget *= WAITING_SHARE;
	run(engine, urgency, &budget);
}

void
compaction_separate_buffer(struct engine *engine,
			   const struct write_buffer *buffer)
{
	if (!engine->is_separation_eager || engine->compaction == NULL ||
	    engine->writer.has_failed || buffer->parts > 1 ||
	    full_compaction_is_active(engine) || is_short(engine) ||
	    separator_bytes(engine->separator) > separator_limit(engine))
		return;
	/* Those that are dead already aren't written. */
	for (uint32_t i = 0; i < buffer->pending_count; i++) {
		const struct pending *pending = &buffer->pending[i];
		uint32_t at = pending->entry.location.offset - buffer->offset;

		if (!separator_add(engine, pending->table, &pending->entry,
				   buffer->data + at, 1,
				   buffer->write_sequence))
			return;
	}
}

/* To win a byte, 1 / (1 - u) bytes of segments are looked at; more of them when
 * the free segments go down nevertheless. */
static uint64_t
price_of(const struct engine *engine, uint64_t bytes)
{
	uint64_t size = engine->segments.segment_size;
	uint64_t live = engine->compaction->average_live;
	uint64_t dead = live + size / 64 < size ? size - live : size / 64;
	uint64_t price = bytes * size / dead;
	uint32_t half = (SEGMENT_RESERVE + target_of(engine)) / 2;

	price += price / 8;
	return coming_free(engine) < half ? 2 * price : price;
}

void
compaction_pay(struct engine *engine)
{
	struct compaction *compaction = engine->compaction;
	enum urgency urgency;
	uint64_t bytes, most, budget, left;

	if (compaction == NULL || engine->writer.has_failed)
		return;
	bytes = engine->writer.bytes_written - compaction->paid_bytes;
	compaction->paid_bytes += bytes;
	urgency = urgency_of(engine);
	if (urgency == URGENCY_NONE) {
		compaction->debt = 0;
		return;
	}
	most = (uint64_t)DEBT_SEGMENTS_MAX * engine->segments.segment_size;
	compaction->debt += price_of(engine, bytes);
	if (compaction->debt > most)
		compaction->debt = most;
	budget = compaction->debt < COMPACTION_PAY_MAX ? compaction->debt :
							 COMPACTION_PAY_MAX;
	left = budget;
	run(engine, urgency, &left);
	compaction->debt -= budget - left;
}

bool
compaction_use_idle(struct engine *engine, uint64_t budget)
{
	uint64_t left = budget;

	if (engine->compaction == NULL || engine->writer.has_failed ||
	    next_victim(engine->compaction) == NULL)
		return false;
	run(engine, urgency_of(engine), &left);
	return left < budget;
}
