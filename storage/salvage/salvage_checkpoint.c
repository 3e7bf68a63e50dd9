/* SPDX-License-Identifier: MIT
 *
 * What a usable checkpoint of a damaged database knows, for the log behind it
 * to go on from; or, where there is none, from where on the log is all there
 * is. */
#include "storage/salvage/salvage_state.h"

#include "base/pack.h"
#include "storage/checkpoint/checkpoint_layout.h"
#include "storage/recovery/checkpoint_load.h"

#include <stdlib.h>
#include <string.h>

static void
find_lives(struct salvage_scan *scan, const struct checkpoint *checkpoint)
{
	const struct segment_manager *segments = &scan->engine->segments;
	uint8_t block[FORMAT_BLOCK_SIZE];

	for (uint32_t i = 0; i < checkpoint->segment_count; i++) {
		struct buffer_place place = { segments->database_id, i, 0 };
		struct buffer_header header;

		if (i >= segments->segment_count ||
		    checkpoint->segments[i].is_free)
			continue;
		salvage_read(scan->source, i, 0, block, sizeof(block), false);
		/* An unreadable header says nothing of the records. */
		scan->is_there[i] =
			!format_peek_buffer(block, &place, &header) ||
			header.segment_sequence ==
				checkpoint->segments[i].sequence;
		scan->intake.notes[i].is_loaded = scan->is_there[i];
	}
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		if (scan->is_there[i])
			continue;
		segments->segments[i] = (struct segment){ 0 };
		scan->intake.notes[i] = (struct place_note){ 0 };
	}
}

static void
set_bases(struct salvage_scan *scan, const struct checkpoint_start *start)
{
	const struct manifest *manifest = &scan->engine->manifest;
	struct log_stream *user = &scan->intake.streams[0];
	struct log_stream *moving = &scan->intake.streams[1];

	user->watermark = manifest->user_watermark;
	moving->watermark = manifest->moving_watermark;
	user->base = manifest->horizon.user_sequence;
	moving->base = manifest->horizon.moving_sequence;
	user->replay_base = start->user_sequence;
	moving->replay_base = start->moving_sequence;
	salvage_raise(&user->watermark, start->user_sequence);
	salvage_raise(&moving->watermark, start->moving_sequence);
	salvage_raise(&user->base, start->user_sequence);
	salvage_raise(&moving->base, start->moving_sequence);
	scan->first_sequence = start->segment_sequence;
	if (scan->engine->tables.next_id < manifest->next_table)
		scan->engine->tables.next_id = manifest->next_table;
}

static int
prepare(struct salvage_scan *scan, struct error *error)
{
	uint32_t count = scan->engine->segments.segment_count;
	int status = log_intake_init(&scan->intake, scan->engine, error);
	uint32_t *from = malloc(((size_t)count + 1) * sizeof(*from));

	scan->is_there = calloc((size_t)count + 1, sizeof(bool));
	scan->intake.replayed_from = from;
	if (status == 0 && (scan->is_there == NULL || from == NULL))
		status = error_no_memory(error);
	if (status < 0)
		return status;
	/* Nothing is taken yet: all that will be known was loaded. */
	for (uint32_t i = 0; i < count; i++)
		from[i] = UINT32_MAX;
	return 0;
}

static void
forget(struct salvage_scan *scan)
{
	struct segment_manager *segments = &scan->engine->segments;

	salvage_scan_finish(scan);
	table_registry_finish(&scan->engine->tables);
	scan->engine->tables = (struct table_registry){ 0 };
	if (segments->segment_count > 0)
		memset(segments->segments, 0,
		       segments->segment_count * sizeof(*segments->segments));
	segments->live_bytes = 0;
	segments->record_bytes = 0;
}

enum { UNUSABLE = 1, REFUSED };

/* REFUSED when nobody knows whether it can be used. */
static int
try_checkpoint(struct salvage_scan *scan,
	       const struct manifest_checkpoint *which, struct error *failure)
{
	struct checkpoint checkpoint = { 0 };
	struct checkpoint_reader *reader = NULL;
	int status = checkpoint_open(scan->engine->io, &scan->engine->manifest,
				     which, &checkpoint, &reader, failure);

	if (status < 0)
		return REFUSED;
	if (status == 0)
		status = salvage_source_extend(scan->source,
					       checkpoint.segment_count,
					       failure);
	if (status == 0)
		status = prepare(scan, failure);
	/* More than files can have. */
	if (status == 0 && checkpoint.segment_count >
				   scan->engine->segments.segment_count)
		checkpoint.segment_count =
			scan->engine->segments.segment_count;
	if (status == 0)
		status = checkpoint_load_head(&scan->intake, &checkpoint,
					      failure);
	if (status == 0) {
		set_bases(scan, &checkpoint.start);
		find_lives(scan, &checkpoint);
		scan->intake.replay.replayed_from =
			scan->intake.replayed_from;
		status = checkpoint_load_entries(&scan->intake, reader,
						 scan->is_there, failure);
	}
	checkpoint_close(reader);
	checkpoint_finish(&checkpoint);
	return status;
}

/* ---- without a manifest ---- */

/* What a checkpoint's file says of its start, or UNUSABLE; its entries are of
 * no use, since the manifest had the secret of their fingerprints. */
static int
read_start(struct salvage_scan *scan, unsigned file,
	   struct checkpoint_start *start, struct error *error)
{
	struct io *io = scan->engine->io;
	uint8_t bytes[CHECKPOINT_HEAD_SIZE];
	struct manifest_checkpoint which;
	struct checkpoint_head head;
	char name[CHECKPOINT_NAME_SIZE];
	struct io_file *opened;
	int64_t got;
	int status;

	checkpoint_name(file, name);
	status = io->methods->open(io, name, IO_READ_ONLY, &opened);
	if (io_is_refused(status))
		return io_error(io, status, "open", name, IO_NO_OFFSET, error);
	if (status < 0)
		return UNUSABLE;
	got = io_read_now(io, opened, 0, bytes, sizeof(bytes));
	io->methods->close(io, opened);
	if (got != (int64_t)sizeof(bytes))
		return UNUSABLE;
	which.checksum = load_u64_le(bytes);
	which.number = load_u64_le(bytes + CHECKPOINT_NUMBER_AT);
	if (checkpoint_decode_head(bytes, scan->engine->manifest.database_id,
				   &which, &head) != NULL)
		return UNUSABLE;
	*start = head.start;
	return which.number % CHECKPOINT_FILES == file ? 0 : UNUSABLE;
}

/* The horizon is the start of the older one of two checkpoints that are kept,
 * most likely the two newest: rows of table 3 below it may be gone.  What was
 * settled at the start of the newest had been written. */
static int
find_horizon(struct salvage_scan *scan, struct error *error)
{
	struct checkpoint_start newest = { 0 }, before = { 0 };

	for (unsigned i = 0; i < CHECKPOINT_FILES; i++) {
		struct checkpoint_start start = { 0 };
		int status = read_start(scan, i, &start, error);

		if (status < 0)
			return status;
		if (status == UNUSABLE)
			continue;
		if (start.number > newest.number) {
			before = newest;
			newest = start;
		} else if (start.number > before.number) {
			before = start;
		}
	}
	salvage_raise(&scan->intake.streams[0].base, before.user_sequence);
	salvage_raise(&scan->intake.streams[1].base, before.moving_sequence);
	salvage_raise(&scan->intake.streams[0].watermark, newest.user_sequence);
	salvage_raise(&scan->intake.streams[1].watermark,
		      newest.moving_sequence);
	return 0;
}

/* The newest one that is whole, or none. */
int
salvage_load(struct salvage_scan *scan, struct error *error)
{
	const struct manifest *manifest = &scan->engine->manifest;

	for (int i = 0; i < 2; i++) {
		struct error failure = ERROR_INIT;
		char name[CHECKPOINT_NAME_SIZE];
		int status;

		if (manifest->checkpoints[i].number == 0)
			continue;
		status = try_checkpoint(scan, &manifest->checkpoints[i],
					&failure);
		scan->has_checkpoint = status == 0;
		if (status == 0)
			return 0;
		forget(scan);
		if (status == REFUSED || failure.code == ERROR_FULL) {
			*error = failure;
			return -(int)failure.code;
		}
		checkpoint_name(manifest->checkpoints[i].number, name);
		salvage_note_failure(scan->source, name, failure.message);
	}
	if (prepare(scan, error) < 0)
		return -(int)ERROR_FULL;
	set_bases(scan, &(struct checkpoint_start){ 0 });
	return scan->source->has_manifest ? 0 : find_horizon(scan, error);
}
