/* SPDX-License-Identifier: MIT
 *
 * The story of opening an existing database; docs/decisions/006 has the rules.
 *
 * 1. The newest checkpoint that is whole tells what was so at its start. If
 *    there is none, all of the log is read, unless it has been allowed to
 *    forget what was deleted.
 * 2. What was written since is found: after an orderly end the manifest lists
 *    it, if it is the last one that was written; otherwise the first block of
 *    every segment is looked at.
 * 3. The checkpoint's entries are loaded; then the segments that were found are
 *    read, and their buffers replayed as far as they count (log_intake.h).
 * 4. When the end wasn't orderly, what was accepted is synced, since it may be
 *    seen only if it stays; and the sequences that were rejected are made void
 *    for ever, so that no later opening takes them for a part of the log.
 *
 * Nothing is written before all of it is judged. */
#include "storage/recovery/recovery.h"

#include "base/shell_word.h"
#include "storage/recovery/checkpoint_load.h"
#include "storage/recovery/log_scan.h"
#include "storage/recovery/recovery_state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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
	recovery_raise(&user->watermark, start->user_sequence);
	recovery_raise(&moving->watermark, start->moving_sequence);
	user->replay_base = start->user_sequence;
	moving->replay_base = start->moving_sequence;
	user->base = manifest->horizon.user_sequence;
	moving->base = manifest->horizon.moving_sequence;
	recovery_raise(&user->base, start->user_sequence);
	recovery_raise(&moving->base, start->moving_sequence);
	user->last_sequence = manifest->next_user_sequence - 1;
	moving->last_sequence = manifest->next_moving_sequence - 1;
	recovery_raise(&intake->last_segment_sequence,
		       manifest->next_segment_sequence - 1);
	/* Those given by then count, or their buffers are void. */
	recovery_raise(&intake->last_lsn, manifest->next_lsn - 1);
	recovery_raise(&intake->accepted_lsn, manifest->next_lsn - 1);
	if (recovery->engine->tables.next_id < manifest->next_table)
		recovery->engine->tables.next_id = manifest->next_table;
}

/* ---- loading ---- */

/* Until a segment is read, all that is known of it was loaded, and gives way
 * also where it will be replayed: it then comes once more. */
static int
prepare_replay(struct recovery *recovery, struct error *error)
{
	uint32_t count = recovery->engine->segments.segment_count;
	struct log_intake *intake = &recovery->intake;

	intake->replayed_from = malloc(((size_t)count + 1) * sizeof(uint32_t));
	if (intake->replayed_from == NULL)
		return error_no_memory(error);
	intake->replay.replayed_from = intake->replayed_from;
	intake->replay.is_loaded = recovery->is_there;
	for (uint32_t i = 0; i < count; i++) {
		intake->replayed_from[i] = UINT32_MAX;
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

	if (status < 0)
		return status;
	status = checkpoint_open(
		engine->io, &engine->manifest,
		&engine->manifest.checkpoints[recovery->which],
		&recovery->checkpoint, &recovery->reader, &recovery->reason);
	if (status == CHECKPOINT_UNUSABLE)
		return UNUSABLE;
	if (status < 0)
		*error = recovery->reason;
	else
		status = checkpoint_load_head(&recovery->intake,
					      &recovery->checkpoint, error);
	if (status < 0)
		return status;
	set_bases(recovery);
	status = recovery_find_tail(recovery, error);
	return status == 0 ? load_entries(recovery, error) : status;
}

static int
refuse_without_checkpoint(const struct recovery *recovery, struct error *error)
{
	const char *path =
		recovery->engine->io->methods->path(recovery->engine->io);
	char word[SHELL_WORD_SIZE];
	int status = error_set(
		error, ERROR_CORRUPT,
		"%s can't be opened: it has no usable checkpoint (%s), and "
		"without one its log doesn't tell what was deleted",
		path, recovery->reason.message);

	error_hint(error,
		   "logstor --salvage %s NEW saves every intact row; rows that "
		   "were deleted may reappear",
		   shell_word(path, "DAMAGED", word, sizeof(word)));
	return status;
}

static int
load(struct recovery *recovery, struct error *error)
{
	const struct manifest *manifest = &recovery->engine->manifest;
	int status;

	for (unsigned i = 0; i < RECOVERY_NO_CHECKPOINT; i++) {
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
	recovery->which = RECOVERY_NO_CHECKPOINT;
	if ((manifest->flags & MANIFEST_FORGOTTEN) != 0)
		return refuse_without_checkpoint(recovery, error);
	status = begin_attempt(recovery, error);
	if (status < 0)
		return status;
	set_bases(recovery);
	return recovery_find_tail(recovery, error);
}

/* ---- the story ---- */

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

/* A checkpoint's entries may lead to where others are replayed, if they are
 * forged. */
static int
check_live_bytes(const struct segment_manager *segments, struct error *error)
{
	uint32_t room = segments->segment_size - FORMAT_HEADER_SIZE;

	for (uint32_t i = 0; i < segments->segment_count; i++) {
		if (segments->segments[i].live_bytes > room)
			return segment_manager_damaged(
				segments, i, 0,
				"more rows lead there than there is room for",
				error);
	}
	return 0;
}

static int
judge(struct recovery *recovery, struct error *error)
{
	struct replay *replay = &recovery->intake.replay;
	int status = replay_judge_tables(replay, error);

	recovery_name_checkpoints(recovery);
	if (status == 0)
		status = recovery_restore_freed(recovery, error);
	if (status == 0)
		status = replay_judge_stale(replay, error);
	return status == 0 ?
		       check_live_bytes(&recovery->engine->segments, error) :
		       status;
}

/* An orderly end is believed of the last manifest only: the list of an earlier
 * one doesn't have what was written since.  Without it all is found. */
static int
doubt_clean(struct engine *engine, struct error *error)
{
	struct manifest *manifest = &engine->manifest;
	bool is_newer = false;
	int status =
		manifest_find_newer(engine->io, manifest, &is_newer, error);

	if (is_newer) {
		manifest->flags &= ~(uint32_t)MANIFEST_CLEAN;
		manifest_set_tail(manifest, NULL, 0);
	}
	return status;
}

static int
recover(struct recovery *recovery, struct error *error)
{
	struct log_intake *intake = &recovery->intake;
	int status = check_position(recovery->engine, error);

	if (status == 0)
		status = doubt_clean(recovery->engine, error);
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
	return status == 0 ? recovery_go_on(recovery, error) : status;
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
