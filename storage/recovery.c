/* SPDX-License-Identifier: MIT
 *
 * The story of opening an existing database; docs/decisions/006 has the rules.
 *
 * 1. The newest checkpoint that is whole tells what was so at its start. If
 *    there is none, all of the log is read, unless it has been allowed to
 *    forget what was deleted.
 * 2. What was written since is found: after an orderly end the manifest lists
 *    it, otherwise the first block of every segment is looked at.
 * 3. The checkpoint's entries are loaded; then the segments that were found are
 *    read, and their buffers replayed as far as they count (log_intake.h).
 * 4. When the end wasn't orderly, what was accepted is synced, since it may be
 *    seen only if it stays; and the sequences that were rejected are made void
 *    for ever, so that no later opening takes them for a part of the log.
 *
 * Nothing is written before all of it is judged. */
#include "storage/recovery.h"

#include "storage/checkpoint_load.h"
#include "storage/checkpoint_writer.h"
#include "storage/engine_manifest.h"
#include "storage/engine_state.h"
#include "storage/log_intake.h"
#include "storage/log_scan.h"
#include "storage/probe.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* More sequences than can have been in flight unseen. */
#define SEQUENCE_SLACK (UINT64_C(1) << 20)

enum { NO_CHECKPOINT = 2 };

struct recovery {
	struct engine *engine;
	struct log_intake intake;
	struct checkpoint checkpoint; /* the part before the entries */
	struct checkpoint_reader *reader;
	unsigned which;     /* of the manifest's, or NO_CHECKPOINT */
	bool *is_there;     /* segments that hold the checkpoint's life */
	bool *is_wanted;    /* segments to be read whole */
	uint32_t *list;     /* of segments, for probing and reading */
	uint32_t list_count;
	struct error reason; /* why the newest checkpoint is unusable */
};

static void
raise(uint64_t *highest, uint64_t number)
{
	if (number > *highest)
		*highest = number;
}

/* ---- an attempt with one checkpoint, or without ---- */

static int
begin_attempt(struct recovery *recovery, struct error *error)
{
	uint32_t count = recovery->engine->segments.segment_count;
	int status = log_intake_init(&recovery->intake, recovery->engine,
				     error);

	recovery->is_there = calloc((size_t)count + 1, sizeof(bool));
	recovery->is_wanted = calloc((size_t)count + 1, sizeof(bool));
	recovery->list = malloc(((size_t)count + 1) * sizeof(uint32_t));
	if (status == 0 &&
	    (recovery->is_there == NULL || recovery->is_wanted == NULL ||
	     recovery->list == NULL))
		status = error_no_memory(error);
	return status;
}

static void
end_attempt(struct recovery *recovery)
{
	checkpoint_close(recovery->reader);
	checkpoint_finish(&recovery->checkpoint);
	log_intake_finish(&recovery->intake);
	free(recovery->is_there);
	free(recovery->is_wanted);
	free(recovery->list);
	recovery->reader = NULL;
	recovery->checkpoint = (struct checkpoint){ 0 };
	recovery->intake = (struct log_intake){ 0 };
	recovery->is_there = NULL;
	recovery->is_wanted = NULL;
	recovery->list = NULL;
	recovery->list_count = 0;
}

/* As if nothing had been loaded. */
static void
forget_attempt(struct recovery *recovery)
{
	struct engine *engine = recovery->engine;
	struct segment_manager *segments = &engine->segments;

	end_attempt(recovery);
	table_registry_finish(&engine->tables);
	engine->tables = (struct table_registry){ 0 };
	if (segments->segment_count > 0)
		memset(segments->segments, 0,
		       segments->segment_count * sizeof(*segments->segments));
	segments->live_bytes = 0;
	segments->record_bytes = 0;
}

static void
set_bases(struct recovery *recovery)
{
	const struct manifest *manifest = &recovery->engine->manifest;
	const struct checkpoint_start *start = &recovery->checkpoint.start;
	struct log_intake *intake = &recovery->intake;
	struct log_stream *user = log_intake_stream(intake, STREAM_USER);
	struct log_stream *moving = log_intake_stream(intake, STREAM_MOVING);

	user->watermark = manifest->user_watermark;
	moving->watermark = manifest->moving_watermark;
	raise(&user->watermark, start->user_sequence);
	raise(&moving->watermark, start->moving_sequence);
	user->replay_base = start->user_sequence;
	moving->replay_base = start->moving_sequence;
	user->base = manifest->horizon.user_sequence;
	moving->base = manifest->horizon.moving_sequence;
	raise(&user->base, start->user_sequence);
	raise(&moving->base, start->moving_sequence);
	user->last_sequence = manifest->next_user_sequence - 1;
	moving->last_sequence = manifest->next_moving_sequence - 1;
	raise(&intake->last_segment_sequence,
	      manifest->next_segment_sequence - 1);
	/* Those given by then count, or their buffers are void. */
	raise(&intake->last_lsn, manifest->next_lsn - 1);
	raise(&intake->accepted_lsn, manifest->next_lsn - 1);
	if (recovery->engine->tables.next_id < manifest->next_table)
		recovery->engine->tables.next_id = manifest->next_table;
}

/* ---- which segments to read ---- */

/* Only what was written since the newest checkpoint is listed. */
static bool
is_tail_known(const struct recovery *recovery)
{
	const struct manifest *manifest = &recovery->engine->manifest;

	return manifest->version > 1 && recovery->which == 0 &&
	       (manifest->flags & MANIFEST_CLEAN) != 0;
}

static const struct checkpoint_segment *
known_life(const struct recovery *recovery, uint32_t segment)
{
	return segment < recovery->checkpoint.segment_count ?
		       &recovery->checkpoint.segments[segment] :
		       NULL;
}

/* A place that is blank where it begins is read too: its first buffer may have
 * been lost, and those behind it say so.  Places that were never used are few,
 * since files grow in steps. */
static void
look_at_place(void *context, uint32_t segment, const uint8_t *block)
{
	struct recovery *recovery = context;
	const struct checkpoint_segment *known =
		known_life(recovery, segment);
	struct buffer_place place = {
		recovery->engine->manifest.database_id, segment, 0
	};
	struct buffer_header header;
	bool is_same = known != NULL &&
		       format_peek_buffer(block, &place, &header) &&
		       header.segment_sequence == known->sequence;

	recovery->is_there[segment] = is_same && !known->is_free;
	recovery->is_wanted[segment] =
		!is_same || known->is_open || is_tail_known(recovery);
}

static void
list_all(struct recovery *recovery)
{
	uint32_t count = recovery->engine->segments.segment_count;

	for (uint32_t i = 0; i < count; i++)
		recovery->list[i] = i;
	recovery->list_count = count;
}

static int
list_tail(struct recovery *recovery, struct error *error)
{
	const struct manifest *manifest = &recovery->engine->manifest;
	uint32_t count = recovery->engine->segments.segment_count;

	for (uint32_t i = 0; i < recovery->checkpoint.segment_count; i++)
		recovery->is_there[i] =
			!recovery->checkpoint.segments[i].is_free;
	for (uint32_t i = 0; i < manifest->tail_count; i++) {
		if (manifest->tail[i] >= count)
			return segment_manager_damaged(
				&recovery->engine->segments, count, 0,
				"it ends there, and the manifest knows more "
				"segments",
				error);
		recovery->is_wanted[manifest->tail[i]] = true;
	}
	if (manifest->offset != 0)
		recovery->is_wanted[manifest->segment] = true;
	for (uint32_t i = 0; i < count; i++) {
		if (recovery->is_wanted[i])
			recovery->list[recovery->list_count++] = i;
	}
	return 0;
}

static int
find_tail(struct recovery *recovery, struct error *error)
{
	const struct segment_manager *segments = &recovery->engine->segments;
	int status = 0;

	if (is_tail_known(recovery))
		status = list_tail(recovery, error);
	else
		list_all(recovery);
	if (status == 0)
		status = probe_segments(segments, recovery->list,
					recovery->list_count, look_at_place,
					recovery, error);
	recovery->list_count = 0;
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		if (recovery->is_wanted[i])
			recovery->list[recovery->list_count++] = i;
	}
	return status;
}

/* ---- loading ---- */

/* Until a segment is read, what is loaded of it may also be replayed; what
 * isn't read is not. */
static int
prepare_replay(struct recovery *recovery, struct error *error)
{
	uint32_t count = recovery->engine->segments.segment_count;
	struct log_intake *intake = &recovery->intake;

	intake->replayed_from = malloc(((size_t)count + 1) * sizeof(uint32_t));
	if (intake->replayed_from == NULL)
		return error_no_memory(error);
	intake->replay.replayed_from = intake->replayed_from;
	for (uint32_t i = 0; i < count; i++) {
		intake->replayed_from[i] =
			recovery->is_wanted[i] ? 0 : UINT32_MAX;
		intake->notes[i].is_loaded = recovery->is_there[i];
	}
	return 0;
}

enum { UNUSABLE = 1 };

static int
load_entries(struct recovery *recovery, struct error *error)
{
	int status = prepare_replay(recovery, error);

	if (status < 0)
		return status;
	status = checkpoint_load_entries(&recovery->intake, recovery->reader,
					 recovery->is_there,
					 &recovery->reason);
	if (status == 0)
		return 0;
	if (recovery->reason.code != ERROR_FULL)
		return UNUSABLE;
	*error = recovery->reason;
	return status;
}

/* UNUSABLE when the checkpoint is. */
static int
load_checkpoint(struct recovery *recovery, struct error *error)
{
	struct engine *engine = recovery->engine;
	int status = begin_attempt(recovery, error);

	if (status == 0)
		status = checkpoint_open(
			engine->io, &engine->manifest,
			&engine->manifest.checkpoints[recovery->which],
			&recovery->checkpoint, &recovery->reader,
			&recovery->reason);
	if (status == CHECKPOINT_UNUSABLE)
		return UNUSABLE;
	if (status == 0)
		status = checkpoint_load_head(&recovery->intake,
					      &recovery->checkpoint, error);
	if (status < 0)
		return status;
	set_bases(recovery);
	status = find_tail(recovery, error);
	return status == 0 ? load_entries(recovery, error) : status;
}

static int
refuse_without_checkpoint(const struct recovery *recovery, struct error *error)
{
	const char *path =
		recovery->engine->io->methods->path(recovery->engine->io);
	int status = error_set(
		error, ERROR_CORRUPT,
		"%s can't be opened: it has no usable checkpoint (%s), and "
		"without one its log doesn't tell what was deleted",
		path, recovery->reason.message);

	error_hint(error,
		   "logstor --salvage %s NEW saves every intact row; rows that "
		   "were deleted may reappear",
		   path);
	return status;
}

static int
load(struct recovery *recovery, struct error *error)
{
	const struct manifest *manifest = &recovery->engine->manifest;
	int status;

	for (unsigned i = 0; i < NO_CHECKPOINT; i++) {
		struct error before = recovery->reason;

		if (manifest->checkpoints[i].number == 0)
			continue;
		recovery->which = i;
		status = load_checkpoint(recovery, error);
		if (status != UNUSABLE)
			return status;
		forget_attempt(recovery);
		if (before.code != ERROR_NONE)
			recovery->reason = before;
	}
	recovery->which = NO_CHECKPOINT;
	if ((manifest->flags & MANIFEST_FORGOTTEN) != 0)
		return refuse_without_checkpoint(recovery, error);
	status = begin_attempt(recovery, error);
	if (status < 0)
		return status;
	set_bases(recovery);
	return find_tail(recovery, error);
}

/* ---- what follows ---- */

static bool
is_above_horizon(const struct engine *engine, uint8_t stream,
		 uint64_t last_write)
{
	return last_write > (stream == STREAM_MOVING ?
				     engine->horizon.moving_sequence :
				     engine->horizon.user_sequence);
}

/* Rows of table 3 that the horizon has passed die. */
static int
restore_freed(struct recovery *recovery, struct error *error)
{
	struct engine *engine = recovery->engine;
	struct replay *replay = &recovery->intake.replay;
	size_t kept = 0;

	for (size_t i = 0; i < replay->freed_count; i++) {
		const struct freed_life *life = &replay->freed[i].life;
		int status;

		if (!is_above_horizon(engine, life->stream, life->last_write))
			continue;
		status = segment_freeing_restore(engine, life, error);
		if (status < 0)
			return status;
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
	if (is_above_horizon(engine, segment->stream, segment->last_write) &&
	    !log_intake_is_freed(&recovery->intake, segment->sequence))
		return SEGMENT_DEAD;
	return SEGMENT_FREE;
}

/* Entries of the checkpoint lead there, but nothing tells by which life they
 * were overwritten, as it was torn: as if by the first one behind the start, so
 * that the next opening looks there, too. */
static void
note_overwritten(const struct recovery *recovery, uint32_t number)
{
	const struct checkpoint_segment *known = known_life(recovery, number);

	if (known != NULL && !known->is_free && !recovery->is_there[number])
		raise(&recovery->engine->segments.segments[number].sequence,
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
		/* A buffer that a checkpoint's entries lead to may be damaged. */
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

/* ---- going on ---- */

static bool
goes_on_in_place(const struct recovery *recovery)
{
	const struct engine *engine = recovery->engine;
	const struct manifest *manifest = &engine->manifest;

	return manifest->offset == 0 ||
	       (engine->segments.segments[manifest->segment].sequence ==
			manifest->segment_sequence &&
		recovery->intake.notes[manifest->segment].is_counted);
}

static bool
was_orderly(struct recovery *recovery)
{
	struct log_intake *intake = &recovery->intake;
	const struct manifest *manifest = &recovery->engine->manifest;

	return manifest->version > 1 &&
	       (manifest->flags & MANIFEST_CLEAN) != 0 &&
	       log_intake_stream(intake, STREAM_USER)->accepted ==
		       manifest->user_watermark &&
	       log_intake_stream(intake, STREAM_MOVING)->accepted ==
		       manifest->moving_watermark &&
	       intake->rejected_bytes == 0 && intake->torn_bytes == 0 &&
	       goes_on_in_place(recovery);
}

static int
add_void(struct void_list *voids, uint64_t accepted, uint64_t next,
	 struct error *error)
{
	uint64_t first = accepted + 1;

	if (voids->count > 0 && first <= voids->ranges[voids->count - 1].last)
		first = voids->ranges[voids->count - 1].last + 1;
	return void_list_add(voids, first, next - 1, error);
}

/* Numbers and a place that nothing on the disk has had. */
static int
step_over_tail(struct recovery *recovery, struct error *error)
{
	struct engine *engine = recovery->engine;
	struct manifest *manifest = &engine->manifest;
	struct log_intake *intake = &recovery->intake;
	struct log_stream *user = log_intake_stream(intake, STREAM_USER);
	struct log_stream *moving = log_intake_stream(intake, STREAM_MOVING);
	int status;

	if (user->last_sequence > UINT64_MAX / 2 ||
	    moving->last_sequence > UINT64_MAX / 2 ||
	    intake->last_segment_sequence > UINT64_MAX / 2)
		return error_set(error, ERROR_CORRUPT,
				 "%s is damaged: its sequences are impossible",
				 engine->io->methods->path(engine->io));
	manifest->next_user_sequence =
		user->last_sequence + SEQUENCE_SLACK + 1;
	manifest->next_moving_sequence =
		moving->last_sequence + SEQUENCE_SLACK + 1;
	manifest->next_segment_sequence =
		intake->last_segment_sequence + SEQUENCE_SLACK + 1;
	manifest->segment = 0;
	manifest->offset = 0;
	manifest->segment_sequence = 0;
	status = add_void(&manifest->user_voids, user->accepted,
			  manifest->next_user_sequence, error);
	if (status < 0)
		return status;
	return add_void(&manifest->moving_voids, moving->accepted,
			manifest->next_moving_sequence, error);
}

static int
sync_log(struct engine *engine, uint32_t first_file, struct error *error)
{
	struct segment_manager *segments = &engine->segments;

	for (uint32_t i = first_file; i < segments->file_count; i++) {
		int status =
			io_sync_now(engine->io, segments->files[i].file);

		if (status < 0)
			return segment_manager_io_error(
				segments, status, "sync",
				i * segments->file_segments, 0, error);
	}
	return 0;
}

/* Names that were found may not be durable yet: the last process may have been
 * killed, or have failed, between renaming and syncing.  What is written from
 * here on relies on them, on the manifest's above all. */
static int
sync_names(struct engine *engine, struct error *error)
{
	struct io *io = engine->io;
	int status = io_sync_now(io, io->methods->directory(io));

	if (status < 0)
		return io_error(io, status, "sync", NULL, IO_NO_OFFSET, error);
	return 0;
}

static int
check_position(const struct engine *engine, struct error *error)
{
	const struct manifest *manifest = &engine->manifest;
	const struct segment_manager *segments = &engine->segments;
	uint64_t needed =
		(uint64_t)manifest->segment + (manifest->offset != 0);
	uint32_t number = manifest->segment / segments->file_segments;
	char name[SEGMENT_FILE_NAME_SIZE];
	uint64_t end = 0;

	if (needed <= segments->segment_count)
		return 0;
	if (number < segments->file_count)
		end = (uint64_t)segments->files[number].segment_count *
		      segments->segment_size;
	segment_file_name(number, name);
	return error_set(error, ERROR_CORRUPT,
			 "%s/%s is damaged at offset %" PRIu64
			 ": it ends there, and the log goes on in segment "
			 "%" PRIu32,
			 engine->io->methods->path(engine->io), name, end,
			 manifest->segment);
}

/* Who opened it should know that something on the disk was damaged. */
static void
warn_of_checkpoint(struct recovery *recovery)
{
	(void)error_set(&recovery->engine->warning, ERROR_CORRUPT,
			"%s; nothing is lost: %s was read instead",
			recovery->reason.message,
			recovery->which == NO_CHECKPOINT ?
				"all of the log" :
				"the checkpoint before it");
}

/* Checkpoints that turned out to be unusable aren't named any more. */
static void
name_checkpoints(struct recovery *recovery)
{
	struct engine *engine = recovery->engine;
	struct manifest_checkpoint *checkpoints =
		engine->manifest.checkpoints;

	engine->horizon = engine->manifest.horizon;
	if (recovery->which == NO_CHECKPOINT)
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

static void
continue_log(struct recovery *recovery)
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

/* The manifest is written only when it would mislead the next opening. */
static int
go_on(struct recovery *recovery, struct error *error)
{
	struct engine *engine = recovery->engine;
	bool is_orderly = was_orderly(recovery);
	uint32_t file_count = engine->segments.file_count;
	bool has_new_file = file_count != engine->manifest.file_count;
	uint32_t unsynced = 0;
	int status = is_orderly ? 0 : step_over_tail(recovery, error);

	if (status < 0)
		return status;
	continue_log(recovery);
	if (engine->is_read_only)
		return 0;
	/* Also after an orderly end the last file may just have been growing:
	 * what is used must not vanish, nor must a file behind which another
	 * one stands. */
	if (is_orderly && file_count > 0)
		unsynced = file_count - 1;
	status = sync_log(engine, unsynced, error);
	if (status == 0)
		status = sync_names(engine, error);
	if (status < 0 || (is_orderly && !has_new_file))
		return status;
	engine_describe(engine, is_orderly);
	engine->is_manifest_old = !is_orderly;
	return manifest_store(engine->io, &engine->manifest, error);
}

static int
judge(struct recovery *recovery, struct error *error)
{
	struct replay *replay = &recovery->intake.replay;
	int status = replay_judge_tables(replay, error);

	name_checkpoints(recovery);
	if (status == 0)
		status = restore_freed(recovery, error);
	return status == 0 ? replay_judge_stale(replay, error) : status;
}

static int
recover(struct recovery *recovery, struct error *error)
{
	struct log_intake *intake = &recovery->intake;
	int status = check_position(recovery->engine, error);

	if (status == 0)
		status = load(recovery, error);
	if (status == 0)
		status = log_scan(&recovery->engine->segments, recovery->list,
				  recovery->list_count, log_intake_segment,
				  intake, error);
	if (status == 0)
		status = log_intake_end(intake, error);
	if (status == 0)
		status = judge(recovery, error);
	return status == 0 ? go_on(recovery, error) : status;
}

int
recovery_run(struct engine *engine, struct error *error)
{
	struct recovery recovery = { .engine = engine,
				     .reason = ERROR_INIT };
	int status = recover(&recovery, error);

	engine->counters.recovered_records = recovery.intake.replay.records;
	engine->counters.discarded_bytes = recovery.intake.rejected_bytes +
					   recovery.intake.torn_bytes;
	end_attempt(&recovery);
	return status;
}
