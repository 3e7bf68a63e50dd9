/* SPDX-License-Identifier: MIT
 *
 * When all is read and judged: what each segment is, which freed lives matter,
 * and where sequences go on. */
#include "storage/recovery/recovery_state.h"

#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/engine_manifest.h"

/* Rows of table 3 that the horizon has passed die. */
int
recovery_restore_freed(struct recovery *recovery, struct error *error)
{
	struct engine *engine = recovery->engine;
	struct replay *replay = &recovery->intake.replay;
	size_t kept = 0;

	if (!freed_lives_reserve(&engine->freeing, replay->freed_count))
		return error_no_memory(error);
	for (size_t i = 0; i < replay->freed_count; i++) {
		const struct freed_life *life = &replay->freed[i].life;

		if (horizon_covers(&engine->horizon, life->stream,
				   life->last_write))
			continue;
		freed_lives_add(&engine->freeing, life);
		replay->freed[kept++] = replay->freed[i];
	}
	return replay_judge_freed(replay, replay->freed, kept, error);
}

static enum segment_state
find_state(const struct recovery *recovery, uint32_t number)
{
	const struct engine *engine = recovery->engine;
	const struct segment *segment = &engine->segments.segments[number];

	if (engine->writer.offset != 0 && number == engine->writer.segment)
		return SEGMENT_OPEN;
	/* Also where the buffers are gone: who reads there is told. */
	if (segment->live_bytes > 0)
		return SEGMENT_SEALED;
	if (!recovery->intake.notes[number].is_counted)
		return SEGMENT_FREE;
	if (!horizon_covers(&engine->horizon, segment->stream,
			    segment->last_write) &&
	    !log_judge_is_freed(&recovery->intake, segment->sequence))
		return SEGMENT_DEAD;
	return SEGMENT_FREE;
}

/* Entries of the checkpoint lead there, but nothing tells by which life they
 * were overwritten, as it was torn: as if by the first one behind the start, so
 * that the next opening looks there, too. */
static void
note_overwritten(const struct recovery *recovery, uint32_t number)
{
	const struct checkpoint_segment *known =
		recovery_known_life(recovery, number);
	struct segment *segment =
		&recovery->engine->segments.segments[number];

	if (known != NULL && !known->is_free && !recovery->is_there[number])
		recovery_raise(&segment->sequence,
			       recovery->checkpoint.start.segment_sequence);
}

static void
restore_segments(struct recovery *recovery)
{
	struct segment_manager *segments = &recovery->engine->segments;
	uint64_t newest = 0;

	segments->record_bytes = 0;
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		struct segment *segment = &segments->segments[i];
		enum segment_state state = find_state(recovery, i);

		segment->record_bytes =
			state == SEGMENT_FREE ?
				0 :
				recovery->intake.notes[i].record_bytes;
		/* A buffer that a checkpoint's entries lead to may be
		 * damaged. */
		if (segment->record_bytes < segment->live_bytes)
			segment->record_bytes = segment->live_bytes;
		segments->record_bytes += segment->record_bytes;
		if (segment->sequence > newest) {
			newest = segment->sequence;
			segments->next_free = i + 1;
		}
		if (state == SEGMENT_FREE)
			note_overwritten(recovery, i);
		segment_manager_restore(segments, i, state);
	}
}

/* At or below the horizon a buffer that is missing may have been freed, and
 * only a checkpoint would miss it. */
static const char *
what_is_known(const struct recovery *recovery)
{
	const struct horizon *horizon =
		&recovery->engine->manifest.horizon;

	if (recovery->which != RECOVERY_NO_CHECKPOINT)
		return "nothing is lost: the checkpoint before it was read "
		       "instead";
	if (horizon->user_sequence == 0 && horizon->moving_sequence == 0)
		return "nothing is lost: all of the log was read instead";
	return "all of the log was read instead, where older rows that are "
	       "damaged, too, aren't missed";
}

/* Who opened it should know that something on the disk was damaged. */
static void
warn_of_checkpoint(struct recovery *recovery)
{
	(void)error_set(&recovery->engine->warning, ERROR_CORRUPT, "%s; %s",
			recovery->reason.message, what_is_known(recovery));
}

/* Checkpoints that turned out to be unusable aren't named any more. */
void
recovery_name_checkpoints(struct recovery *recovery)
{
	struct engine *engine = recovery->engine;
	struct manifest_checkpoint *checkpoints =
		engine->manifest.checkpoints;

	engine->horizon = engine->manifest.horizon;
	if (recovery->which == RECOVERY_NO_CHECKPOINT)
		engine->horizon = (struct horizon){ 0 };
	if (recovery->which == 0 || checkpoints[0].number == 0)
		return;
	warn_of_checkpoint(recovery);
	/* What the manifest lists was written since another one. */
	engine->manifest.flags &= ~(uint32_t)MANIFEST_CLEAN;
	manifest_set_tail(&engine->manifest, NULL, 0);
	checkpoints[0] = recovery->which == 1 ?
				 checkpoints[1] :
				 (struct manifest_checkpoint){ 0 };
	checkpoints[1] = (struct manifest_checkpoint){ 0 };
}

/* How much log there is to replay decides when the next checkpoint is due. */
static void
restore_checkpoints(struct recovery *recovery)
{
	const struct engine *engine = recovery->engine;
	uint64_t log_bytes = (uint64_t)recovery->list_count *
			     engine->segments.segment_size;

	if (engine->checkpoints != NULL)
		checkpoint_writer_restore(engine->checkpoints,
					  &recovery->checkpoint.start,
					  recovery->checkpoint.bytes,
					  log_bytes);
}

void
recovery_continue_log(struct recovery *recovery)
{
	struct engine *engine = recovery->engine;
	struct log_intake *intake = &recovery->intake;
	uint64_t moving = log_intake_stream(intake, STREAM_MOVING)->accepted;

	engine->last_lsn = intake->last_lsn;
	engine_continue_log(engine,
			    log_intake_stream(intake, STREAM_USER)->accepted);
	engine->moving.next_write_sequence =
		engine->manifest.next_moving_sequence;
	engine->moving.settled = moving;
	engine->moving.durable = moving;
	restore_segments(recovery);
	restore_checkpoints(recovery);
}
