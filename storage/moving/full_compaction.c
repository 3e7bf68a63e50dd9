/* SPDX-License-Identifier: MIT */
#include "storage/moving/full_compaction.h"

#include "storage/checkpoint/checkpoint_content.h"
#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/checkpoint/freed_life.h"
#include "storage/moving/compaction.h"
#include "storage/moving/segment_freeing.h"
#include "storage/moving/separator.h"

#include <assert.h>
#include <stdlib.h>

enum {
	/* Steps in which nothing happens, with nothing in the kernel's hands,
	 * until it is given up. */
	QUIET_STEPS_MAX = 1000,
	CHECKPOINTS = 3, /* a third where one had begun before */
	CHECKPOINT_BYTES_MAX = 1 << 20, /* for a few segments */
	/* Files grow rather than that separation goes without room. */
	ROOM_WANTED = SEGMENT_RESERVE + 16
};

static struct full_compaction *
state_of(const struct engine *engine)
{
	return compaction_full(engine);
}

bool
full_compaction_is_active(const struct engine *engine)
{
	const struct full_compaction *full = state_of(engine);

	return full->stage != FULL_IDLE && full->stage != FULL_DONE;
}

static void
finish(struct engine *engine)
{
	struct full_compaction *full = state_of(engine);

	free(full->list);
	full->list = NULL;
	full->count = 0;
	full->next = 0;
	full->stage = FULL_DONE;
	if (engine->separator != NULL)
		separator_set_bits(engine, SEPARATOR_BITS_USUAL);
}

void
full_compaction_drop(struct engine *engine)
{
	finish(engine);
	state_of(engine)->stage = FULL_IDLE;
}

/* ---- what belongs to a pass ---- */

static uint64_t
group_of(int64_t token, unsigned bits)
{
	uint64_t ordered = (uint64_t)token ^ UINT64_C(1) << 63;

	return bits == 0 ? 0 : ordered >> (64 - bits);
}

static bool
is_one_group(struct engine *engine, const struct segment *segment)
{
	const struct table *table =
		table_registry_find(&engine->tables, segment->table);
	unsigned bits =
		table == NULL ? 0 : separator_group_bits_wanted(table);

	return segment->kind == BUFFER_FULL &&
	       group_of(segment->first_token, bits) ==
		       group_of(segment->last_token, bits);
}

static bool
is_sparse(const struct engine *engine, const struct segment *segment)
{
	uint32_t room = engine->segments.segment_size - FORMAT_HEADER_SIZE;

	return segment->live_bytes < room - room / 5;
}

/* In further passes only what the one before has left coarse. */
static bool
belongs(struct engine *engine, const struct segment *segment, bool is_first)
{
	if (segment->state != SEGMENT_SEALED || segment->kind == BUFFER_PART)
		return false;
	if (!is_first)
		return segment->kind == BUFFER_FULL &&
		       !is_one_group(engine, segment);
	return !is_one_group(engine, segment) || is_sparse(engine, segment);
}

/* Mixed ones first, the emptier the earlier, since they win most; then coarse
 * groups one after the other. */
static int
compare(const void *a, const void *b)
{
	const struct full_entry *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->first_token != y->first_token)
		return x->first_token < y->first_token ? -1 : 1;
	if (x->live_bytes != y->live_bytes)
		return x->live_bytes < y->live_bytes ? -1 : 1;
	return x->segment < y->segment ? -1 : x->segment > y->segment;
}

static struct full_entry
entry_of(const struct segment *segment, uint32_t number)
{
	bool is_full = segment->kind == BUFFER_FULL;

	return (struct full_entry){
		.segment = number,
		.table = is_full ? segment->table : 0,
		.first_token = is_full ? segment->first_token : 0,
		.live_bytes = segment->live_bytes,
	};
}

/* Small outputs that left together earlier would only do so again: all of it
 * was moved before, lives, and fills as many segments when it is packed. */
static bool
wins_nothing(const struct engine *engine)
{
	const struct full_compaction *full = state_of(engine);
	const struct segment_manager *segments = &engine->segments;
	uint64_t room = segments->segment_size - FORMAT_HEADER_SIZE;
	uint64_t bytes = 0;

	for (size_t i = 0; i < full->count; i++) {
		const struct segment *segment =
			&segments->segments[full->list[i].segment];

		if (segment->stream != STREAM_MOVING ||
		    segment->live_bytes < segment->record_bytes)
			return false;
		bytes += segment->live_bytes;
	}
	return full->count > 0 && bytes > (full->count - 1) * room;
}

static bool
make_list(struct engine *engine, bool is_first)
{
	struct full_compaction *full = state_of(engine);
	const struct segment_manager *segments = &engine->segments;
	size_t size = (segments->segment_count + (size_t)1) *
		      sizeof(*full->list);

	free(full->list);
	full->list = malloc(size);
	full->count = 0;
	full->next = 0;
	if (full->list == NULL)
		return false;
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		const struct segment *segment = &segments->segments[i];

		if (!belongs(engine, segment, is_first))
			continue;
		full->list[full->count++] = entry_of(segment, i);
	}
	if (is_first && wins_nothing(engine))
		full->count = 0;
	for (size_t i = 0; i < full->count; i++)
		full->total_bytes += full->list[i].live_bytes;
	if (full->count > 1)
		qsort(full->list, full->count, sizeof(*full->list), compare);
	full->before = segments->next_sequence;
	return true;
}

/* ---- how many groups at a time ---- */

/* Outputs that all tables take if ${bits} tell their groups apart. */
static uint64_t
outputs_of(const struct engine *engine, unsigned bits)
{
	uint64_t outputs = 0;

	for (size_t i = 0; i < engine->tables.count; i++) {
		const struct table *table = engine->tables.tables[i];
		unsigned wanted = separator_group_bits_wanted(table);

		if (table->live_bytes > 0)
			outputs += UINT64_C(1)
				   << (wanted < bits ? wanted : bits);
	}
	return outputs;
}

static unsigned
most_bits_wanted(const struct engine *engine)
{
	unsigned most = 0;

	for (size_t i = 0; i < engine->tables.count; i++) {
		unsigned bits =
			separator_group_bits_wanted(engine->tables.tables[i]);

		if (bits > most)
			most = bits;
	}
	return most;
}

/* The first pass has all groups at once, a further one those of one coarse
 * group and what is left of the one before. */
static unsigned
next_bits(const struct engine *engine, bool is_first)
{
	const struct full_compaction *full = state_of(engine);
	uint64_t outputs = separator_outputs_max(engine);
	unsigned bits = is_first ? 0 : full->bits + 1;

	while (bits < full->bits_wanted) {
		uint64_t taken = is_first ? outputs_of(engine, bits + 1) :
					    UINT64_C(2)
						    << (bits + 1 - full->bits);

		if (taken > outputs)
			break;
		bits++;
	}
	return bits;
}

/* ---- stages ---- */

static void
begin_pass(struct engine *engine, bool is_first)
{
	struct full_compaction *full = state_of(engine);

	/* While more may wait, to see how many outputs there is room for. */
	separator_set_bits(engine, 0);
	full->bits_wanted = most_bits_wanted(engine);
	full->bits = next_bits(engine, is_first);
	separator_set_bits(engine, full->bits);
	full->group = UINT64_MAX;
	if (make_list(engine, is_first)) {
		full->stage = FULL_MOVING;
		return;
	}
	error_no_memory(&full->failure);
	finish(engine);
}

static bool
is_durable(const struct engine *engine)
{
	const struct full_compaction *full = state_of(engine);
	const struct buffered_writer *writer = &engine->writer;

	return writer->settled_lsn >= full->lsn &&
	       writer->durable >= writer->settled &&
	       engine->moving.durable >= engine->moving.settled;
}

/* The last segment of the user stream takes part too, unless there is no other
 * for what comes next. */
static void
leave_user_segment(struct engine *engine)
{
	if (segment_manager_available(&engine->segments) > SEGMENT_RESERVE + 1)
		buffered_writer_leave_segment(&engine->writer);
}

static void
settle_step(struct engine *engine)
{
	struct full_compaction *full = state_of(engine);
	bool is_first = full->before == 0;

	if (!is_durable(engine)) {
		buffered_writer_flush(&engine->writer, full->lsn);
		buffered_writer_want_sync(&engine->writer);
		return;
	}
	if (is_first)
		leave_user_segment(engine);
	begin_pass(engine, is_first);
}

static void
leave_step(struct engine *engine)
{
	struct full_compaction *full = state_of(engine);

	separator_flush(engine);
	if (!compaction_is_done(engine))
		return;
	full->stage = full->bits >= full->bits_wanted ? FULL_FREEING :
							FULL_SETTLING;
}

/* Behind checkpoints dead segments become free without rows, and rows die with
 * the segments that they fill. */
static bool
can_checkpoint_win(const struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;
	uint64_t rows =
		engine->freeing.wanted_count * (uint64_t)FREED_RECORD_SIZE;
	uint64_t won = (uint64_t)segments->dead.count * segments->segment_size;

	/* What moving has taken of the reserve for rows comes back, too. */
	if (segment_growth_has_failed(segments))
		return won > 0 || rows > segments->segment_size / 2 ||
		       (rows > 0 && segment_manager_available(segments) <
					    SEGMENT_RESERVE);
	return won > 0 &&
	       checkpoint_content_estimate(engine) <= CHECKPOINT_BYTES_MAX;
}

/* At the end; true while one is under way. */
static bool
take_checkpoints(struct engine *engine)
{
	struct full_compaction *full = state_of(engine);

	if (!checkpoint_writer_is_idle(engine->checkpoints))
		return full->checkpoints > 0 || can_checkpoint_win(engine);
	if (full->checkpoints == CHECKPOINTS || !can_checkpoint_win(engine))
		return false;
	full->checkpoints++;
	checkpoint_writer_demand(engine);
	return true;
}

/* What dies from now on, by writes that go on beside it, isn't waited for, nor
 * is what a read still looks at; and a few dead segments that aren't worth
 * another one for their rows, nor checkpoints, stay until there are more. */
static void
free_step(struct engine *engine)
{
	struct full_compaction *full = state_of(engine);
	const struct buffered_writer *writer = &engine->writer;

	bool is_moving_on;

	segment_freeing_step(engine, true);
	is_moving_on = segment_freeing_count(engine) > 0 ||
		       buffered_writer_is_busy(writer);
	if (engine->segments.dead.count > 0 && is_moving_on)
		return;
	if (full->buried == 0) /* what was buried just now is freed next */
		full->buried = writer->next_write_sequence - 1;
	else if ((segment_freeing_count(engine) == 0 ||
		  (writer->durable >= full->buried &&
		   engine->moving.durable >= engine->moving.settled)) &&
		 !take_checkpoints(engine))
		finish(engine);
}

/* A number that changes whenever something happens. */
static uint64_t
mark_of(const struct engine *engine)
{
	const struct full_compaction *full = state_of(engine);

	return full->next + (uint64_t)full->stage + engine->moving.settled +
	       engine->writer.settled + engine->writer.durable +
	       engine->counters.compactions +
	       separator_bytes(engine->separator) +
	       segment_manager_available(&engine->segments) +
	       engine->segments.dead.count;
}

/* Dead segments that there is no room to tell of become free behind
 * checkpoints; else files grow. */
static bool
can_go_on(struct engine *engine)
{
	struct full_compaction *full = state_of(engine);
	struct error failure = ERROR_INIT;

	if (segment_freeing_ask_checkpoint(engine))
		return true;
	if (full->stage == FULL_FREEING)
		return false;
	if (segment_growth_demand(&engine->segments, &failure) == 0)
		return true;
	if (failure.code != ERROR_FULL)
		full->failure = failure;
	return false;
}

/* There is nothing to wait for, and no room: as much is done as can be. */
static void
watch(struct engine *engine)
{
	struct full_compaction *full = state_of(engine);
	uint64_t mark = mark_of(engine);

	if (mark != full->mark || moving_writer_is_busy(&engine->moving) ||
	    compaction_is_busy(engine) ||
	    buffered_writer_is_busy(&engine->writer)) {
		full->mark = mark;
		full->quiet_steps = 0;
		return;
	}
	if (++full->quiet_steps < QUIET_STEPS_MAX)
		return;
	full->quiet_steps = 0;
	if (!can_go_on(engine))
		finish(engine);
}

/* Files grow, and what has died becomes free in time. */
static void
make_room(struct engine *engine)
{
	struct segment_manager *segments = &engine->segments;

	if (segment_manager_available(segments) < ROOM_WANTED &&
	    segments->growth.state == GROWTH_IDLE)
		segment_growth_start(segments);
	if (segment_manager_available(segments) <= SEGMENT_RESERVE)
		segment_freeing_step(engine, true);
}

void
full_compaction_step(struct engine *engine)
{
	struct full_compaction *full = state_of(engine);

	switch (full->stage) {
	case FULL_IDLE:
	case FULL_DONE:
		return;
	case FULL_SETTLING:
		settle_step(engine);
		break;
	case FULL_MOVING:
		make_room(engine);
		break;
	case FULL_LEAVING:
		make_room(engine);
		leave_step(engine);
		break;
	case FULL_FREEING:
		free_step(engine);
		break;
	}
	if (full_compaction_is_active(engine))
		watch(engine);
}

/* ---- victims ---- */

static void
skip(struct full_compaction *full)
{
	full->done_bytes += full->list[full->next].live_bytes;
	full->next++;
}

/* Groups that are through leave when another coarse one begins. */
static void
enter_group(struct engine *engine, const struct full_entry *entry)
{
	struct full_compaction *full = state_of(engine);
	uint64_t group = group_of(entry->first_token, full->bits) ^
			 (uint64_t)entry->table << 32;

	if (entry->table == 0)
		return;
	if (full->group != UINT64_MAX && full->group != group)
		separator_flush(engine);
	full->group = group;
}

uint32_t
full_compaction_next(struct engine *engine)
{
	struct full_compaction *full = state_of(engine);
	const struct segment *segments = engine->segments.segments;

	if (full->stage != FULL_MOVING)
		return SEGMENT_NONE;
	for (; full->next < full->count; skip(full)) {
		const struct full_entry *entry = &full->list[full->next];
		const struct segment *segment = &segments[entry->segment];

		if (segment->state == SEGMENT_SEALED &&
		    segment->sequence < full->before)
			return entry->segment;
	}
	full->stage = FULL_LEAVING;
	return SEGMENT_NONE;
}

void
full_compaction_begun(struct engine *engine)
{
	struct full_compaction *full = state_of(engine);

	enter_group(engine, &full->list[full->next]);
	skip(full);
}

/* ---- the door ---- */

static int
answer(struct full_compaction *full, struct error *error)
{
	full->stage = FULL_IDLE;
	if (full->failure.code == ERROR_NONE)
		return 0;
	if (error != NULL)
		*error = full->failure;
	return -(int)full->failure.code;
}

int
engine_compact(struct engine *engine, struct engine_progress *progress,
	       struct error *error)
{
	struct full_compaction *full;
	int status = engine_check_writable(engine, error);

	if (progress != NULL)
		*progress = (struct engine_progress){ 0 };
	if (status < 0)
		return status;
	full = state_of(engine);
	if (full->stage == FULL_IDLE)
		*full = (struct full_compaction){
			.stage = FULL_SETTLING,
			.lsn = engine->last_lsn,
			.failure = ERROR_INIT,
		};
	if (progress != NULL)
		*progress = (struct engine_progress){ full->done_bytes,
						      full->total_bytes };
	return full->stage == FULL_DONE ? answer(full, error) : ENGINE_PENDING;
}

void
engine_compact_cancel(struct engine *engine)
{
	if (state_of(engine) != NULL)
		full_compaction_drop(engine);
}
