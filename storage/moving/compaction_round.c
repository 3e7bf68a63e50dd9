/* SPDX-License-Identifier: MIT
 *
 * A demand is answered in rounds.  In a round each life is moved once, at most,
 * and only lives that were there when it began; a segment more than there was
 * begins another one.  A round that ends without that has packed everything
 * anew and won nothing: then there is nothing to win, until more is dead.
 *
 * Segments that died may be waiting for rows of table 3 which would take as
 * many segments as they free, where segments are small.  Two checkpoints, and
 * they need none; so before a round ends for good, they are taken. */
#include "storage/moving/compaction_round.h"

#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/checkpoint/freed_life.h"
#include "storage/moving/compaction.h"
#include "storage/moving/compaction_state.h"
#include "storage/moving/segment_freeing.h"
#include "storage/moving/separator.h"

enum {
	QUIET_STEPS = 4, /* nothing happens by itself any more */
	FREEING_STEPS_MAX = 10000, /* unless something will be free */
	CHECKPOINTS = 4, /* two help, if nothing moves between them */
	RESTORATIONS = 3, /* checkpoints: a third where one had begun */
	PASSES = 2
};

/* But for rows of the engine's own that have died: to win their room makes new
 * ones. */
static int64_t
dead_bytes_of(const struct engine *engine)
{
	return (int64_t)(engine->segments.record_bytes -
			 engine->segments.live_bytes -
			 engine->freeing.forgotten_bytes);
}

/* What a record of the usual size goes into. */
static uint32_t
tail_min(const struct engine *engine)
{
	uint64_t bytes = 0, records = 0;

	for (size_t i = 0; i < engine->tables.count; i++) {
		const struct table *table = engine->tables.tables[i];

		bytes += table->live_bytes;
		records += primary_index_count(table->index);
	}
	if (records == 0 || bytes / records > UINT32_MAX)
		return UINT32_MAX;
	return (uint32_t)(bytes / records);
}

void
compaction_round_begin(struct engine *engine)
{
	struct compaction *compaction = engine->compaction;

	compaction->round = (struct compaction_round){
		.best_free = segment_manager_available(&engine->segments),
		.user_bytes = engine->counters.user_bytes_written,
	};
	compaction->choice.before = engine->segments.next_sequence;
	compaction->choice.tail_min = tail_min(engine);
}

static void
end_round(struct engine *engine)
{
	struct compaction *compaction = engine->compaction;

	compaction->round.is_exhausted = true;
	compaction->round.dead_bytes = dead_bytes_of(engine);
	compaction->round.best_free =
		segment_manager_available(&engine->segments);
	compaction->choice.before = UINT64_MAX;
}

void
compaction_round_watch(struct engine *engine)
{
	struct compaction_round *round = &engine->compaction->round;
	uint32_t available = segment_manager_available(&engine->segments);

	if (available > round->best_free ||
	    engine->counters.user_bytes_written != round->user_bytes ||
	    (round->is_exhausted && dead_bytes_of(engine) > round->dead_bytes))
		compaction_round_begin(engine);
}

uint64_t
compaction_expected_bytes(const struct engine *engine)
{
	const struct compaction *compaction = engine->compaction;
	uint64_t bytes = separator_bytes(engine->separator);

	for (int i = 0; i < COMPACTION_VICTIMS; i++) {
		const struct victim *victim = &compaction->victims[i];

		if (victim->stage != VICTIM_UNUSED)
			bytes += engine->segments.segments[victim->segment]
					 .live_bytes;
	}
	return bytes;
}

bool
compaction_round_is_worth(const struct engine *engine, bool is_free_of_rows)
{
	const struct compaction *compaction = engine->compaction;

	return victim_choice_is_worth(&compaction->choice,
				      compaction->victim_count,
				      compaction_expected_bytes(engine),
				      compaction->needs_rows, is_free_of_rows);
}

static uint64_t
mark_of(const struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;

	return engine->moving.settled + engine->moving.count +
	       engine->writer.durable + separator_bytes(engine->separator) +
	       segments->free_count + segments->dead.count +
	       segments->freeing_count;
}

/* Nothing has happened for a while, and nothing is on its way. */
static bool
is_quiet(struct engine *engine)
{
	struct compaction_round *round = &engine->compaction->round;
	uint64_t mark = mark_of(engine);

	if (mark != round->mark || moving_writer_is_busy(&engine->moving) ||
	    compaction_is_busy(engine) ||
	    buffered_writer_is_busy(&engine->writer) ||
	    !checkpoint_writer_is_idle(engine->checkpoints)) {
		round->mark = mark;
		round->quiet_steps = 0;
		round->is_flushed = false;
		return false;
	}
	return ++round->quiet_steps > QUIET_STEPS;
}

/* Bytes of what may die behind two checkpoints: rows of table 3 and tombstones,
 * about. */
static uint64_t
forgettable_bytes(const struct engine *engine)
{
	uint64_t count = engine->freeing.wanted_count;

	for (size_t i = 0; i < engine->tables.count; i++)
		count += engine->tables.tables[i]->tombstones;
	return count * FREED_RECORD_SIZE;
}

/* Behind two checkpoints dead segments need no rows, those that there are die,
 * and victims cost no more than their copying. */
static bool
can_checkpoint_help(const struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;

	return engine->compaction->round.checkpoints < CHECKPOINTS &&
	       segment_growth_has_failed(segments) &&
	       (segments->dead.count > 0 ||
		forgettable_bytes(engine) >= segments->segment_size ||
		compaction_round_is_worth(engine, true));
}

/* What was packed badly, since it was full of what died just then, or room was
 * short, has one more chance. */
static bool
can_pass_again(struct engine *engine)
{
	struct compaction *compaction = engine->compaction;

	compaction->choice.before = engine->segments.next_sequence;
	return compaction->round.passes < PASSES &&
	       compaction_round_is_worth(engine, false);
}

static void
take_checkpoint(struct engine *engine)
{
	struct compaction *compaction = engine->compaction;

	compaction->round.checkpoints++;
	compaction->round.passes = 0;
	checkpoint_writer_demand(engine);
}

/* What moving has taken for its rows of table 3 comes back behind checkpoints
 * when nothing moves meanwhile, so that a round that won nothing has cost
 * nothing. */
static bool
restore_reserve(struct engine *engine)
{
	struct compaction_round *round = &engine->compaction->round;

	if (segment_manager_available(&engine->segments) >= SEGMENT_RESERVE ||
	    !segment_growth_has_failed(&engine->segments) ||
	    round->restorations == RESTORATIONS ||
	    (engine->segments.dead.count == 0 &&
	     engine->freeing.wanted_count == 0))
		return false;
	round->restorations++;
	checkpoint_writer_demand(engine);
	return true;
}

/* No victim comes any more: a buffer that isn't full is part of a segment lost,
 * so that what waits doesn't leave before. */
static bool
flush_what_waits(struct engine *engine)
{
	struct compaction_round *round = &engine->compaction->round;

	if (round->is_flushed || separator_is_empty(engine->separator))
		return false;
	separator_flush(engine);
	round->is_flushed = true;
	round->quiet_steps = 0;
	return true;
}

/* When nothing happens any more, the round has ended, unless something will
 * become free, or durable and so a victim. */
void
compaction_round_end_if_quiet(struct engine *engine)
{
	struct buffered_writer *writer = &engine->writer;
	struct compaction_round *round = &engine->compaction->round;

	if (writer->durable < writer->settled ||
	    engine->moving.durable < engine->moving.settled)
		buffered_writer_want_sync(writer);
	if (!is_quiet(engine))
		return;
	if (segment_freeing_count(engine) > 0 &&
	    round->quiet_steps < FREEING_STEPS_MAX)
		return;
	if (flush_what_waits(engine))
		return;
	if (round->restorations == 0 && can_pass_again(engine))
		round->passes++;
	else if (round->restorations == 0 && can_checkpoint_help(engine))
		take_checkpoint(engine);
	else if (!restore_reserve(engine))
		end_round(engine);
}
