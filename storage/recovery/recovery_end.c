/* SPDX-License-Identifier: MIT
 *
 * After an orderly end writing goes on where it was; after any other one behind
 * everything that may stand on the disk, once what counts of it is durable. */
#include "storage/recovery/recovery_state.h"

#include "storage/engine_manifest.h"
#include "storage/engine_storing.h"

#include <inttypes.h>

/* More sequences than can have been in flight unseen. */
#define SEQUENCE_SLACK (UINT64_C(1) << 20)

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

/* Counting on, however long, never comes to the end of numbers. */
static int
check_numbers(const struct recovery *recovery, struct error *error)
{
	const struct engine *engine = recovery->engine;
	const struct log_intake *intake = &recovery->intake;
	uint64_t highest = intake->last_segment_sequence;

	recovery_raise(&highest, intake->last_lsn);
	for (size_t i = 0; i < ARRAY_COUNT(intake->streams); i++) {
		recovery_raise(&highest, intake->streams[i].last_sequence);
		recovery_raise(&highest, intake->streams[i].accepted);
	}
	if (highest <= UINT64_MAX / 2)
		return 0;
	return error_set(error, ERROR_CORRUPT,
			 "%s is damaged: its sequences are impossible",
			 engine->io->methods->path(engine->io));
}

/* Numbers and a place that nothing on the disk has had. */
static int
step_over_tail(struct recovery *recovery, struct error *error)
{
	struct manifest *manifest = &recovery->engine->manifest;
	struct log_intake *intake = &recovery->intake;
	struct log_stream *user = log_intake_stream(intake, STREAM_USER);
	struct log_stream *moving = log_intake_stream(intake, STREAM_MOVING);
	int status;

	/* A forged watermark may be above all that was ever seen. */
	recovery_raise(&user->last_sequence, user->accepted);
	recovery_raise(&moving->last_sequence, moving->accepted);
	manifest->next_user_sequence =
		user->last_sequence + SEQUENCE_SLACK + 1;
	manifest->next_moving_sequence =
		moving->last_sequence + SEQUENCE_SLACK + 1;
	manifest->next_segment_sequence =
		intake->last_segment_sequence + SEQUENCE_SLACK + 1;
	manifest->segment = 0;
	manifest->offset = 0;
	manifest->segment_sequence = 0;
	/* A reader stores nothing, nor needs room for it. */
	if (recovery->engine->is_read_only)
		return 0;
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

/* The manifest is written only when it would mislead the next opening. */
int
recovery_go_on(struct recovery *recovery, struct error *error)
{
	struct engine *engine = recovery->engine;
	bool is_orderly = was_orderly(recovery);
	uint32_t file_count = engine->segments.file_count;
	bool has_new_file = file_count != engine->manifest.file_count;
	uint32_t unsynced = 0;
	int status = check_numbers(recovery, error);

	if (status == 0 && !is_orderly)
		status = step_over_tail(recovery, error);
	if (status < 0)
		return status;
	recovery_continue_log(recovery);
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
	return engine_storing_now(engine, error);
}
