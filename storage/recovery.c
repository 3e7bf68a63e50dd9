/* SPDX-License-Identifier: MIT
 *
 * An existing database is opened by reading all of its log:
 *
 * 1. The manifest tells who the database is, up to which write sequence it
 *    was whole when the manifest was written, and which sequences are void.
 * 2. Every file is read.  At each block a buffer may start; one whose
 *    checksum is right is believed, and what follows it is looked at next.
 *    Buffers that a watermark seen so far covers are replayed at once, later
 *    ones are kept until it is known whether they count.
 * 3. Let W be the highest watermark of all.  Every sequence from 1 to W that
 *    isn't void was acknowledged: if one is missing, the log is damaged.
 * 4. Above W, the gapless run up to the last buffer that ends on a batch's
 *    end counts as well: nobody waited for it, or the answer got lost.
 *    What is behind it never happened.
 * 5. When something stood above the manifest's watermark, the end was not
 *    orderly.  What was accepted is synced, since it may be seen only if it
 *    stays; and the sequences that were rejected are made void for ever, so
 *    that no later opening takes them for a part of the log.
 *
 * Nothing is written before all of it is judged. */
#include "storage/recovery.h"

#include "storage/engine_state.h"
#include "storage/log_map.h"
#include "storage/log_scan.h"
#include "storage/replay.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* More sequences than can have been in flight unseen. */
	SEQUENCE_SLACK = BUFFERED_WRITER_RING_MAX,
	KEPT_BYTES_MAX = 8 << 20
};

/* ---- reading the log ---- */

/* A buffer above every watermark seen so far. */
struct kept_buffer {
	struct buffer_header header;
	uint8_t *bytes; /* a copy; NULL: to be read again */
};

struct recovery {
	struct engine *engine;
	struct replay replay;
	struct log_map map;
	struct kept_buffer *kept;
	size_t kept_first; /* those before are replayed */
	size_t kept_count;
	size_t kept_capacity;
	size_t kept_bytes;
	uint64_t watermark;      /* highest seen */
	uint64_t last_sequence;  /* highest seen, of writes */
	uint64_t last_segment_sequence;
	uint64_t last_lsn;       /* highest seen, accepted or not */
	uint32_t used_segments;  /* those behind were never written */
	uint64_t accepted;       /* the last write sequence that counts */
	uint64_t torn_bytes;     /* damaged, where the log was going on */
	uint64_t rejected_bytes; /* whole, but not a part of the log */
};

static void
recovery_finish(struct recovery *recovery)
{
	for (size_t i = 0; i < recovery->kept_count; i++)
		free(recovery->kept[i].bytes);
	free(recovery->kept);
	log_map_finish(&recovery->map);
}

static int
keep_buffer(struct recovery *recovery, const struct buffer_header *header,
	    const uint8_t *bytes, struct error *error)
{
	size_t size = FORMAT_HEADER_SIZE + (size_t)header->data_size;
	struct kept_buffer *kept;

	if (recovery->kept_count == recovery->kept_capacity) {
		size_t capacity = recovery->kept_capacity * 2 + 16;

		kept = realloc(recovery->kept, capacity * sizeof(*kept));
		if (kept == NULL)
			return error_no_memory(error);
		recovery->kept = kept;
		recovery->kept_capacity = capacity;
	}
	kept = &recovery->kept[recovery->kept_count];
	*kept = (struct kept_buffer){ .header = *header };
	if (recovery->kept_bytes + size <= KEPT_BYTES_MAX) {
		kept->bytes = malloc(size);
		if (kept->bytes == NULL)
			return error_no_memory(error);
		memcpy(kept->bytes, bytes, size);
		recovery->kept_bytes += size;
	}
	recovery->kept_count++;
	return 0;
}

static int
replay_again(struct recovery *recovery, const struct buffer_header *header,
	     struct error *error)
{
	struct engine *engine = recovery->engine;
	struct segment_place place = segment_manager_place(
		&engine->segments, header->segment, header->offset);
	struct buffer_place where = { engine->manifest.database_id,
				      header->segment, header->offset };
	size_t size = FORMAT_HEADER_SIZE + (size_t)header->data_size;
	struct buffer_header again;
	uint8_t *bytes = malloc(size);
	int64_t got;
	int status;

	if (bytes == NULL)
		return error_no_memory(error);
	got = io_read_now(engine->io, place.file, place.offset, bytes, size);
	if (got >= 0 && (size_t)got != size)
		got = -EIO;
	if (got < 0)
		status = segment_manager_io_error(
			&engine->segments, (int)got, "read", header->segment,
			header->offset, error);
	else if (format_open_buffer(bytes, size, &where, &again) !=
		 FORMAT_VALID)
		status = segment_manager_damaged(
			&engine->segments, header->segment, header->offset,
			"a buffer's checksum is wrong", error);
	else
		status = replay_buffer(&recovery->replay, &again, bytes,
				       error);
	free(bytes);
	return status;
}

/* Kept buffers are mostly in the order of their sequences: those at the front
 * that count by now are done, so that few are kept at any time. */
static int
replay_front(struct recovery *recovery, struct error *error)
{
	while (recovery->kept_first < recovery->kept_count) {
		struct kept_buffer *kept =
			&recovery->kept[recovery->kept_first];
		int status;

		if (kept->header.write_sequence > recovery->watermark ||
		    kept->bytes == NULL)
			return 0;
		status = replay_buffer(&recovery->replay, &kept->header,
				       kept->bytes, error);
		if (status < 0)
			return status;
		recovery->kept_bytes -= FORMAT_HEADER_SIZE +
					(size_t)kept->header.data_size;
		free(kept->bytes);
		kept->bytes = NULL;
		recovery->kept_first++;
	}
	recovery->kept_first = 0;
	recovery->kept_count = 0;
	return 0;
}

static int
check_kind(struct recovery *recovery, const struct buffer_header *header,
	   struct error *error)
{
	const char *what = NULL;

	if (header->kind != BUFFER_MIXED || header->stream != STREAM_USER)
		what = "a buffer of a kind that is never written";
	else if (header->user_watermark >= header->write_sequence)
		what = "a buffer's watermark is impossible";
	if (what == NULL)
		return 0;
	return segment_manager_damaged(&recovery->engine->segments,
				       header->segment, header->offset, what,
				       error);
}

static void
raise(uint64_t *highest, uint64_t number)
{
	if (number > *highest)
		*highest = number;
}

static int
see_buffer(struct recovery *recovery, const struct buffer_header *header,
	   const uint8_t *bytes, struct error *error)
{
	struct engine *engine = recovery->engine;
	int status = check_kind(recovery, header, error);

	if (status < 0)
		return status;
	raise(&recovery->watermark, header->user_watermark);
	raise(&recovery->last_sequence, header->write_sequence);
	raise(&recovery->last_segment_sequence, header->segment_sequence);
	raise(&recovery->last_lsn, header->last_lsn);
	if (header->clock_us > engine->clock_us)
		engine->clock_us = header->clock_us;
	status = replay_front(recovery, error);
	if (status < 0 || void_list_contains(&engine->manifest.user_voids,
					     header->write_sequence))
		return status;
	status = log_map_add(&recovery->map, header, error);
	if (status < 0)
		return status;
	if (header->write_sequence <= recovery->watermark)
		return replay_buffer(&recovery->replay, header, bytes, error);
	return keep_buffer(recovery, header, bytes, error);
}

static int
refuse_newer(const struct recovery *recovery,
	     const struct buffer_header *header, struct error *error)
{
	const struct segment_manager *segments = &recovery->engine->segments;
	struct segment_place place = segment_manager_place(
		segments, header->segment, header->offset);
	char name[SEGMENT_FILE_NAME_SIZE];

	segment_file_name(place.file_number, name);
	return error_set(error, ERROR_CONFIG,
			 "%s/%s at offset %" PRIu64
			 ": format version %u is newer than this program's %d",
			 segments->io->methods->path(segments->io), name,
			 place.offset, header->version, FORMAT_VERSION);
}

static int
refuse_foreign(const struct recovery *recovery,
	       const struct buffer_header *header, struct error *error)
{
	const struct segment_manager *segments = &recovery->engine->segments;
	char name[SEGMENT_FILE_NAME_SIZE];

	segment_file_name(header->segment / segments->file_segments, name);
	return error_set(error, ERROR_CORRUPT,
			 "%s/%s belongs to another database",
			 segments->io->methods->path(segments->io), name);
}

static bool
is_all_zero(const uint8_t *bytes, size_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* A block where no buffer starts, behind the last one that did. */
static void
see_rubble(struct recovery *recovery, uint32_t segment, uint32_t offset,
	   const uint8_t *bytes)
{
	const struct manifest *manifest = &recovery->engine->manifest;

	if (is_all_zero(bytes, FORMAT_BLOCK_SIZE))
		return;
	recovery->used_segments = segment + 1;
	if (segment > manifest->segment ||
	    (segment == manifest->segment && offset >= manifest->offset))
		recovery->torn_bytes += FORMAT_BLOCK_SIZE;
}

static int
see_segment(void *context, uint32_t segment, const uint8_t *bytes,
	    struct error *error)
{
	struct recovery *recovery = context;
	const struct manifest *manifest = &recovery->engine->manifest;
	struct buffer_place place = { manifest->database_id, segment, 0 };
	uint32_t size = manifest->segment_size;

	while (place.offset < size) {
		const uint8_t *at = bytes + place.offset;
		struct buffer_header header;
		int status;

		switch (format_open_buffer(at, size - place.offset, &place,
					   &header)) {
		case FORMAT_VALID:
			recovery->used_segments = segment + 1;
			status = see_buffer(recovery, &header, at, error);
			if (status < 0)
				return status;
			place.offset += format_buffer_size(header.data_size);
			continue;
		case FORMAT_NEWER:
			return refuse_newer(recovery, &header, error);
		case FORMAT_FOREIGN:
			/* Elsewhere it may be a part of a row's value. */
			if (place.offset == 0 &&
			    segment % manifest->file_segments == 0)
				return refuse_foreign(recovery, &header,
						      error);
			break;
		case FORMAT_BLANK:
		case FORMAT_DAMAGED:
			break;
		}
		see_rubble(recovery, segment, place.offset, at);
		place.offset += FORMAT_BLOCK_SIZE;
	}
	return 0;
}

/* ---- judging ---- */

/* The place to name when a buffer is missing: behind its predecessor, or if
 * nothing was ever written there, where the next segment begins. */
static int
report_missing(const struct recovery *recovery, uint64_t write_sequence,
	       const struct log_run *before, struct error *error)
{
	const struct engine *engine = recovery->engine;
	const struct segment_manager *segments = &engine->segments;
	uint32_t segment = 0, offset = 0;
	uint8_t block[FORMAT_BLOCK_SIZE];
	char what[96];

	if (before != NULL) {
		struct segment_place place;

		segment = before->last_segment;
		offset = before->last_end;
		place = segment_manager_place(segments, segment, offset);
		if (offset == segments->segment_size ||
		    io_read_now(engine->io, place.file, place.offset, block,
				sizeof(block)) < (int64_t)sizeof(block) ||
		    is_all_zero(block, sizeof(block))) {
			segment++;
			offset = 0;
		}
	}
	snprintf(what, sizeof(what),
		 "the buffer with write sequence %" PRIu64
		 " should stand there",
		 write_sequence);
	return segment_manager_damaged(segments, segment, offset, what, error);
}

static int
judge_log(struct recovery *recovery, struct error *error)
{
	const struct void_list *voids =
		&recovery->engine->manifest.user_voids;
	struct log_verdict verdict;

	raise(&recovery->watermark,
	      recovery->engine->manifest.user_watermark);
	log_map_judge(&recovery->map, voids, recovery->watermark, &verdict);
	if (verdict.twice != NULL)
		return segment_manager_damaged(
			&recovery->engine->segments,
			verdict.twice->first_segment,
			verdict.twice->first_offset,
			"a buffer with the write sequence of another", error);
	if (verdict.missing != 0)
		return report_missing(recovery, verdict.missing,
				      verdict.before_missing, error);
	recovery->accepted = verdict.accepted;
	return 0;
}

static int
replay_kept(struct recovery *recovery, struct error *error)
{
	for (size_t i = recovery->kept_first; i < recovery->kept_count; i++) {
		const struct kept_buffer *kept = &recovery->kept[i];
		int status;

		if (kept->header.write_sequence > recovery->accepted) {
			recovery->rejected_bytes +=
				format_buffer_size(kept->header.data_size);
			continue;
		}
		if (kept->bytes != NULL)
			status = replay_buffer(&recovery->replay,
					       &kept->header, kept->bytes,
					       error);
		else
			status = replay_again(recovery, &kept->header, error);
		if (status < 0)
			return status;
	}
	return 0;
}

/* ---- going on ---- */

static bool
was_orderly(const struct recovery *recovery)
{
	const struct engine *engine = recovery->engine;

	return recovery->accepted == engine->manifest.user_watermark &&
	       recovery->rejected_bytes == 0 && recovery->torn_bytes == 0;
}

/* Numbers and a place that nothing on the disk has had. */
static int
step_over_tail(struct recovery *recovery, struct error *error)
{
	struct engine *engine = recovery->engine;
	struct manifest *manifest = &engine->manifest;
	struct void_list *voids = &manifest->user_voids;
	uint64_t first_void = recovery->accepted + 1;
	uint32_t next_segment = manifest->segment + (manifest->offset != 0);

	raise(&recovery->last_sequence, manifest->next_user_sequence - 1);
	raise(&recovery->last_segment_sequence,
	      manifest->next_segment_sequence - 1);
	if (recovery->last_sequence > UINT64_MAX / 2 ||
	    recovery->last_segment_sequence > UINT64_MAX / 2)
		return error_set(error, ERROR_CORRUPT,
				 "%s is damaged: its sequences are impossible",
				 engine->io->methods->path(engine->io));
	manifest->next_user_sequence =
		recovery->last_sequence + SEQUENCE_SLACK + 1;
	manifest->next_segment_sequence =
		recovery->last_segment_sequence + SEQUENCE_SLACK + 1;
	if (voids->count > 0 &&
	    first_void <= voids->ranges[voids->count - 1].last)
		first_void = voids->ranges[voids->count - 1].last + 1;
	if (recovery->used_segments > next_segment)
		next_segment = recovery->used_segments;
	manifest->segment = next_segment;
	manifest->offset = 0;
	manifest->segment_sequence = 0;
	return void_list_add(voids, first_void,
			     manifest->next_user_sequence - 1, error);
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

/* The manifest is written only when it would mislead the next opening. */
static int
go_on(struct recovery *recovery, struct error *error)
{
	struct engine *engine = recovery->engine;
	bool is_orderly = was_orderly(recovery);
	uint32_t file_count = engine->segments.file_count;
	bool has_new_file = file_count != engine->manifest.file_count;
	uint32_t unsynced = 0;
	int status = 0;

	raise(&recovery->last_lsn, engine->manifest.next_lsn - 1);
	engine->last_lsn = recovery->last_lsn;
	if (!is_orderly)
		status = step_over_tail(recovery, error);
	if (status < 0)
		return status;
	engine_continue_log(engine, recovery->accepted);
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
	return manifest_store(engine->io, &engine->manifest, error);
}

static int
recover(struct recovery *recovery, struct error *error)
{
	struct engine *engine = recovery->engine;
	int status = replay_init(&recovery->replay, engine, error);

	if (engine->tables.next_id < engine->manifest.next_table)
		engine->tables.next_id = engine->manifest.next_table;
	recovery->watermark = engine->manifest.user_watermark;
	if (status == 0)
		status = check_position(engine, error);
	if (status == 0)
		status = log_scan(&engine->segments, see_segment, recovery,
				  error);
	if (status == 0)
		status = judge_log(recovery, error);
	if (status == 0)
		status = replay_kept(recovery, error);
	if (status == 0)
		status = replay_judge_tables(&recovery->replay, error);
	if (status == 0)
		status = go_on(recovery, error);
	return status;
}

int
recovery_run(struct engine *engine, struct error *error)
{
	struct recovery recovery = { .engine = engine };
	int status = recover(&recovery, error);

	recovery_finish(&recovery);
	engine->counters.recovered_records = recovery.replay.records;
	engine->counters.discarded_bytes =
		recovery.rejected_bytes + recovery.torn_bytes;
	return status;
}
