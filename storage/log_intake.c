/* SPDX-License-Identifier: MIT */
#include "storage/log_intake.h"

#include "storage/run.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_BYTES_MAX = 8 << 20 };

/* ---- life ---- */

int
log_intake_init(struct log_intake *intake, struct engine *engine,
		struct error *error)
{
	uint32_t segments = engine->segments.segment_count;
	size_t headers = engine->segments.segment_size / FORMAT_BLOCK_SIZE;

	*intake = (struct log_intake){ .engine = engine,
				       .headless = SEGMENT_NONE };
	intake->headers = malloc(headers * sizeof(*intake->headers));
	intake->notes = calloc((size_t)segments + 1, sizeof(*intake->notes));
	if (intake->headers == NULL || intake->notes == NULL)
		return error_no_memory(error);
	return replay_init(&intake->replay, engine, error);
}

void
log_intake_finish(struct log_intake *intake)
{
	for (size_t i = 0; i < intake->kept_count; i++)
		free(intake->kept[i].bytes);
	for (size_t i = 0; i < ARRAY_COUNT(intake->streams); i++) {
		log_map_finish(&intake->streams[i].map);
		free(intake->streams[i].freed);
	}
	replay_finish(&intake->replay);
	free(intake->kept);
	free(intake->parts);
	free(intake->replayed_from);
	free(intake->notes);
	free(intake->headers);
}

struct log_stream *
log_intake_stream(struct log_intake *intake, uint8_t stream)
{
	assert(stream == STREAM_USER || stream == STREAM_MOVING);
	return &intake->streams[stream - STREAM_USER];
}

static struct log_stream *
stream_of(struct log_intake *intake, const struct buffer_header *header)
{
	return log_intake_stream(intake, header->stream);
}

static void
raise(uint64_t *highest, uint64_t number)
{
	if (number > *highest)
		*highest = number;
}

static int
damaged(const struct log_intake *intake, const struct buffer_header *header,
	const char *what, struct error *error)
{
	return segment_manager_damaged(&intake->engine->segments,
				       header->segment, header->offset, what,
				       error);
}

/* ---- buffers that count ---- */

static void
count_buffer(struct log_intake *intake, const struct buffer_header *header)
{
	struct segment *segment =
		&intake->engine->segments.segments[header->segment];

	struct place_note *note = &intake->notes[header->segment];

	if (!note->is_counted) {
		note->is_counted = true;
		note->record_bytes = 0;
		segment->first_write = header->write_sequence;
		segment->last_write = header->write_sequence;
	}
	note->record_bytes += header->data_size;
	if (header->write_sequence < segment->first_write)
		segment->first_write = header->write_sequence;
	if (header->write_sequence > segment->last_write)
		segment->last_write = header->write_sequence;
	if (header->stream == STREAM_USER)
		raise(&intake->accepted_lsn, header->last_lsn);
}

static int
replay(struct log_intake *intake, const struct buffer_header *header,
       const uint8_t *bytes, struct error *error)
{
	count_buffer(intake, header);
	return replay_buffer(&intake->replay, header, bytes, error);
}

/* ---- buffers that are kept ---- */

static int
keep_buffer(struct log_intake *intake, const struct buffer_header *header,
	    const uint8_t *bytes, struct error *error)
{
	size_t size = FORMAT_HEADER_SIZE + (size_t)header->data_size;
	struct kept_buffer *kept;

	if (intake->kept_count == intake->kept_capacity) {
		size_t capacity = intake->kept_capacity * 2 + 16;

		kept = realloc(intake->kept, capacity * sizeof(*kept));
		if (kept == NULL)
			return error_no_memory(error);
		intake->kept = kept;
		intake->kept_capacity = capacity;
	}
	kept = &intake->kept[intake->kept_count];
	*kept = (struct kept_buffer){ .header = *header };
	if (intake->kept_bytes + size <= KEPT_BYTES_MAX) {
		kept->bytes = malloc(size);
		if (kept->bytes == NULL)
			return error_no_memory(error);
		memcpy(kept->bytes, bytes, size);
		intake->kept_bytes += size;
	}
	intake->kept_count++;
	return replay_peek(&intake->replay, header, bytes, &kept->records_lsn,
			   error);
}

static int
read_again(struct log_intake *intake, uint32_t segment, uint32_t offset,
	   uint8_t *bytes, size_t size, struct error *error)
{
	const struct segment_manager *segments = &intake->engine->segments;
	struct segment_place place =
		segment_manager_place(segments, segment, offset);
	int64_t got = io_read_now(segments->io, place.file, place.offset,
				  bytes, size);

	if (got >= 0 && (size_t)got != size)
		got = -EIO;
	if (got < 0)
		return segment_manager_io_error(segments, (int)got, "read",
						segment, offset, error);
	return 0;
}

static int
replay_again(struct log_intake *intake, const struct buffer_header *header,
	     struct error *error)
{
	struct buffer_place where = { intake->engine->manifest.database_id,
				      header->segment, header->offset };
	size_t size = FORMAT_HEADER_SIZE + (size_t)header->data_size;
	struct buffer_header again;
	uint8_t *bytes = malloc(size);
	int status;

	if (bytes == NULL)
		return error_no_memory(error);
	status = read_again(intake, header->segment, header->offset, bytes,
			    size, error);
	if (status == 0 &&
	    format_open_buffer(bytes, size, &where, &again) != FORMAT_VALID)
		status = damaged(intake, header,
				 "a buffer's checksum is wrong", error);
	if (status == 0)
		status = replay(intake, &again, bytes, error);
	free(bytes);
	return status;
}

/* Kept buffers are mostly in the order of their sequences: those at the front
 * that count by now are done, so that few are kept at any time. */
static int
replay_front(struct log_intake *intake, struct error *error)
{
	while (intake->kept_first < intake->kept_count) {
		struct kept_buffer *kept = &intake->kept[intake->kept_first];
		const struct buffer_header *header = &kept->header;
		int status;

		if (kept->bytes == NULL ||
		    header->write_sequence >
			    stream_of(intake, header)->watermark)
			return 0;
		status = replay(intake, header, kept->bytes, error);
		if (status < 0)
			return status;
		intake->kept_bytes -=
			FORMAT_HEADER_SIZE + (size_t)header->data_size;
		free(kept->bytes);
		kept->bytes = NULL;
		intake->kept_first++;
	}
	intake->kept_first = 0;
	intake->kept_count = 0;
	return 0;
}

static int
keep_part(struct log_intake *intake, const struct buffer_header *header,
	  struct error *error)
{
	if (intake->part_count == intake->part_capacity) {
		size_t capacity = intake->part_capacity * 2 + 16;
		struct buffer_header *parts = realloc(
			intake->parts, capacity * sizeof(*parts));

		if (parts == NULL)
			return error_no_memory(error);
		intake->parts = parts;
		intake->part_capacity = capacity;
	}
	intake->parts[intake->part_count++] = *header;
	return 0;
}

/* ---- a place ---- */

static int
refuse_newer(const struct log_intake *intake,
	     const struct buffer_header *header, struct error *error)
{
	const struct segment_manager *segments = &intake->engine->segments;
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
refuse_foreign(const struct log_intake *intake,
	       const struct buffer_header *header, struct error *error)
{
	const struct segment_manager *segments = &intake->engine->segments;
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

/* Finds the buffers of a place, and in ${*rubble} the offset of the first
 * other thing that stands behind the last of them, or the segment's size. */
static int
find_buffers(struct log_intake *intake, uint32_t segment, const uint8_t *bytes,
	     uint32_t *rubble, struct error *error)
{
	const struct segment_manager *segments = &intake->engine->segments;
	struct buffer_place place = { segments->database_id, segment, 0 };
	uint32_t size = segments->segment_size;

	intake->header_count = 0;
	*rubble = size;
	while (place.offset < size) {
		const uint8_t *at = bytes + place.offset;
		struct buffer_header *header =
			&intake->headers[intake->header_count];

		switch (format_open_buffer(at, size - place.offset, &place,
					   header)) {
		case FORMAT_VALID:
			intake->header_count++;
			*rubble = size;
			place.offset += format_buffer_size(header->data_size);
			continue;
		case FORMAT_NEWER:
			return refuse_newer(intake, header, error);
		case FORMAT_FOREIGN:
			/* Elsewhere it may be a part of a row's value. */
			if (place.offset == 0 &&
			    segment % segments->file_segments == 0)
				return refuse_foreign(intake, header, error);
			break;
		case FORMAT_BLANK:
		case FORMAT_DAMAGED:
			break;
		}
		if (*rubble == size && !is_all_zero(at, FORMAT_BLOCK_SIZE))
			*rubble = place.offset;
		place.offset += FORMAT_BLOCK_SIZE;
	}
	return 0;
}

static uint64_t
newest_life(const struct log_intake *intake)
{
	uint64_t newest = 0;

	for (uint32_t i = 0; i < intake->header_count; i++)
		raise(&newest, intake->headers[i].segment_sequence);
	return newest;
}

/* The life whose buffers count.  A newer one than that of the place's first
 * buffer was just beginning: its own first one is missing. */
static uint64_t
find_life(const struct log_intake *intake, uint32_t segment)
{
	if (intake->notes[segment].is_loaded)
		return intake->engine->segments.segments[segment].sequence;
	if (intake->headers[0].offset == 0)
		return intake->headers[0].segment_sequence;
	return newest_life(intake);
}

/* What is known of the life from a checkpoint stays. */
static void
enter_life(struct log_intake *intake, const struct buffer_header *header)
{
	struct segment *segment =
		&intake->engine->segments.segments[header->segment];

	if (header->life > segment->life)
		segment->life = header->life;
	intake->notes[header->segment].is_counted = false;
	if (segment->sequence == header->segment_sequence)
		return;
	*segment = (struct segment){
		.sequence = header->segment_sequence,
		.birth = header->segment_sequence,
		.life = segment->life,
		.kind = header->kind,
		.stream = header->stream,
		.generation = header->stream == STREAM_MOVING,
		.first_token = header->first_token,
		.last_token = header->last_token,
		.table = header->table,
	};
}

static void
note_first_replayed(struct log_intake *intake, uint32_t segment, uint64_t life)
{
	uint32_t from = intake->engine->segments.segment_size;

	for (uint32_t i = 0; i < intake->header_count; i++) {
		struct buffer_header *header = &intake->headers[i];

		if (header->segment_sequence == life &&
		    header->write_sequence >
			    stream_of(intake, header)->replay_base) {
			from = header->offset;
			break;
		}
	}
	if (intake->replayed_from != NULL)
		intake->replayed_from[segment] = from;
}

/* What is true whether the buffer counts or not. */
static void
see_header(struct log_intake *intake, const struct buffer_header *header)
{
	struct engine *engine = intake->engine;

	raise(&intake->streams[0].watermark, header->user_watermark);
	raise(&intake->streams[1].watermark, header->moving_watermark);
	raise(&stream_of(intake, header)->last_sequence,
	      header->write_sequence);
	raise(&intake->last_segment_sequence, header->segment_sequence);
	raise(&intake->last_lsn, header->last_lsn);
	if (header->clock_us > engine->clock_us)
		engine->clock_us = header->clock_us;
}

static int
see_buffer(struct log_intake *intake, const struct buffer_header *header,
	   const uint8_t *bytes, struct error *error)
{
	struct engine *engine = intake->engine;
	struct log_stream *stream = stream_of(intake, header);
	const struct void_list *voids = header->stream == STREAM_USER ?
						&engine->manifest.user_voids :
						&engine->manifest.moving_voids;
	int status = replay_front(intake, error);

	if (status < 0 || void_list_contains(voids, header->write_sequence))
		return status;
	if (header->write_sequence <= stream->replay_base) {
		count_buffer(intake, header);
		return 0;
	}
	status = log_map_add(&stream->map, header, error);
	if (status < 0)
		return status;
	if (header->kind == BUFFER_PART)
		return keep_part(intake, header, error);
	if (header->write_sequence <= stream->watermark)
		return replay(intake, header, bytes, error);
	return keep_buffer(intake, header, bytes, error);
}

/* Could the last session have left it there?  What an earlier one left was
 * dropped by the opening after it, and nobody needs to hear of it again. */
static bool
is_news(const struct log_intake *intake, uint32_t segment)
{
	const struct manifest *manifest = &intake->engine->manifest;

	if (manifest->offset != 0 && manifest->segment == segment)
		return true;
	if ((manifest->flags & MANIFEST_CLEAN) != 0)
		return false;
	return intake->header_count == 0 ||
	       intake->headers[0].segment_sequence >=
		       manifest->next_segment_sequence;
}

/* Rubble in a place that was used before is mostly what an earlier life
 * left; elsewhere it is a write that was interrupted. */
static void
see_rubble(struct log_intake *intake, uint32_t segment, uint32_t rubble,
	   const uint8_t *bytes)
{
	uint32_t size = intake->engine->segments.segment_size;

	if ((intake->header_count > 0 && intake->headers[0].life > 1) ||
	    !is_news(intake, segment))
		return;
	for (; rubble < size; rubble += FORMAT_BLOCK_SIZE) {
		if (!is_all_zero(bytes + rubble, FORMAT_BLOCK_SIZE))
			intake->torn_bytes += FORMAT_BLOCK_SIZE;
	}
}

static int
see_life(struct log_intake *intake, uint32_t segment, const uint8_t *bytes,
	 struct error *error)
{
	uint64_t life = find_life(intake, segment);
	bool is_entered = false;
	int status = 0;

	note_first_replayed(intake, segment, life);
	for (uint32_t i = 0; i < intake->header_count && status == 0; i++) {
		const struct buffer_header *header = &intake->headers[i];
		const char *nonsense;

		see_header(intake, header);
		if (header->segment_sequence != life)
			continue;
		nonsense = format_find_nonsense(header);
		if (nonsense != NULL)
			return damaged(intake, header, nonsense, error);
		if (!is_entered)
			enter_life(intake, header);
		is_entered = true;
		status = see_buffer(intake, header, bytes + header->offset,
				    error);
	}
	return status;
}

int
log_intake_segment(void *context, uint32_t segment, const uint8_t *bytes,
		   struct error *error)
{
	struct log_intake *intake = context;
	uint32_t rubble;
	int status = find_buffers(intake, segment, bytes, &rubble, error);

	if (status < 0)
		return status;
	see_rubble(intake, segment, rubble, bytes);
	if (intake->headless == SEGMENT_NONE &&
	    !is_all_zero(bytes, FORMAT_BLOCK_SIZE) &&
	    (intake->header_count == 0 || intake->headers[0].offset > 0))
		intake->headless = segment;
	if (intake->header_count == 0)
		return 0;
	return see_life(intake, segment, bytes, error);
}

/* ---- judging ---- */

static int
compare_ranges(const void *a, const void *b)
{
	const struct void_range *left = a, *right = b;

	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	return 0;
}

static bool
row_counts(struct log_intake *intake, const struct freed_row *row)
{
	/* A checkpoint's rows have no buffer. */
	return row->write_sequence == 0 ||
	       row->write_sequence <=
		       log_intake_stream(intake, row->stream)->accepted;
}

static int
collect_freed(struct log_intake *intake, uint8_t number, struct error *error)
{
	struct log_stream *stream = log_intake_stream(intake, number);
	const struct replay *replay = &intake->replay;
	struct void_range *ranges = realloc(
		stream->freed, (replay->freed_count + 1) * sizeof(*ranges));

	if (ranges == NULL)
		return error_no_memory(error);
	stream->freed = ranges;
	stream->freed_count = 0;
	for (size_t i = 0; i < replay->freed_count; i++) {
		const struct freed_row *row = &replay->freed[i];

		if (row->life.stream == number && row_counts(intake, row))
			ranges[stream->freed_count++] = (struct void_range){
				row->life.first_write, row->life.last_write
			};
	}
	qsort(ranges, stream->freed_count, sizeof(*ranges), compare_ranges);
	return 0;
}

static void
judge(struct log_intake *intake, uint8_t number, struct log_verdict *verdict)
{
	const struct manifest *manifest = &intake->engine->manifest;
	struct log_stream *stream = log_intake_stream(intake, number);
	struct log_rules rules = {
		.base = stream->base,
		.watermark = stream->watermark,
		.voids = number == STREAM_USER ? &manifest->user_voids :
						 &manifest->moving_voids,
		.freed = stream->freed,
		.freed_count = stream->freed_count,
	};

	log_map_judge(&stream->map, &rules, verdict);
	stream->accepted = verdict->accepted;
}

/* The highest LSN of what counts in the user stream. */
static uint64_t
find_accepted_lsn(const struct log_intake *intake)
{
	uint64_t accepted = intake->streams[STREAM_USER - 1].accepted;
	uint64_t lsn = intake->accepted_lsn;

	for (size_t i = intake->kept_first; i < intake->kept_count; i++) {
		const struct buffer_header *header = &intake->kept[i].header;

		if (header->stream == STREAM_USER &&
		    header->write_sequence <= accepted)
			raise(&lsn, header->last_lsn);
	}
	for (size_t i = 0; i < intake->part_count; i++) {
		if (intake->parts[i].write_sequence <= accepted)
			raise(&lsn, intake->parts[i].last_lsn);
	}
	return lsn;
}

/* Copies whose originals don't count don't either, nor what is behind them. */
static void
limit_moving(struct log_intake *intake)
{
	struct log_stream *moving = log_intake_stream(intake, STREAM_MOVING);
	uint64_t lsn = find_accepted_lsn(intake);

	for (size_t i = intake->kept_first; i < intake->kept_count; i++) {
		const struct kept_buffer *kept = &intake->kept[i];
		uint64_t sequence = kept->header.write_sequence;

		if (kept->header.stream == STREAM_MOVING &&
		    sequence > moving->watermark &&
		    sequence <= moving->accepted && kept->records_lsn > lsn)
			moving->accepted = sequence - 1;
	}
}

/* The place to name when a buffer is missing: behind its predecessor if
 * something stands there; else a place that doesn't begin with a buffer; else
 * where the next segment begins. */
static int
report_missing(const struct log_intake *intake,
	       const struct log_verdict *verdict, struct error *error)
{
	const struct segment_manager *segments = &intake->engine->segments;
	const struct log_run *before = verdict->before_missing;
	uint32_t segment = 0, offset = 0;
	uint8_t block[FORMAT_BLOCK_SIZE];
	char what[96];

	if (before != NULL) {
		struct segment_place place;

		segment = before->last_segment;
		offset = before->last_end;
		place = segment_manager_place(segments, segment, offset);
		if (offset == segments->segment_size ||
		    io_read_now(segments->io, place.file, place.offset, block,
				sizeof(block)) < (int64_t)sizeof(block) ||
		    is_all_zero(block, sizeof(block))) {
			segment = intake->headless != SEGMENT_NONE ?
					  intake->headless :
					  segment + 1;
			offset = 0;
		}
	}
	snprintf(what, sizeof(what),
		 "the buffer with write sequence %" PRIu64
		 " should stand there",
		 verdict->missing);
	return segment_manager_damaged(segments, segment, offset, what, error);
}

static int
report_verdict(const struct log_intake *intake,
	       const struct log_verdict *verdict, struct error *error)
{
	if (verdict->twice != NULL)
		return segment_manager_damaged(
			&intake->engine->segments,
			verdict->twice->first_segment,
			verdict->twice->first_offset,
			"a buffer with the write sequence of another", error);
	return report_missing(intake, verdict, error);
}

/* Rows of table 3 count only where their buffers do, and the buffers count
 * only if rows explain what is missing before them: judged again with fewer
 * rows until all of them count. */
static int
judge_log(struct log_intake *intake, struct error *error)
{
	struct log_stream *user = log_intake_stream(intake, STREAM_USER);
	struct log_stream *moving = log_intake_stream(intake, STREAM_MOVING);
	uint64_t user_before, moving_before;

	user->accepted = UINT64_MAX;
	moving->accepted = UINT64_MAX;
	do {
		struct log_verdict verdicts[2];
		int status = collect_freed(intake, STREAM_USER, error);

		if (status == 0)
			status = collect_freed(intake, STREAM_MOVING, error);
		if (status < 0)
			return status;
		user_before = user->accepted;
		moving_before = moving->accepted;
		judge(intake, STREAM_USER, &verdicts[0]);
		judge(intake, STREAM_MOVING, &verdicts[1]);
		for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++) {
			if (verdicts[i].twice != NULL ||
			    verdicts[i].missing != 0)
				return report_verdict(intake, &verdicts[i],
						      error);
		}
		limit_moving(intake);
	} while (user->accepted != user_before ||
		 moving->accepted != moving_before);
	return 0;
}

/* ---- what is left ---- */

static int
replay_kept(struct log_intake *intake, struct error *error)
{
	for (size_t i = intake->kept_first; i < intake->kept_count; i++) {
		const struct kept_buffer *kept = &intake->kept[i];
		const struct buffer_header *header = &kept->header;
		int status;

		if (header->write_sequence >
		    stream_of(intake, header)->accepted) {
			intake->rejected_bytes +=
				format_buffer_size(header->data_size);
			continue;
		}
		if (kept->bytes != NULL)
			status = replay(intake, header, kept->bytes, error);
		else
			status = replay_again(intake, header, error);
		if (status < 0)
			return status;
	}
	return 0;
}

static int
compare_parts(const void *a, const void *b)
{
	const struct buffer_header *left = a, *right = b;

	if (left->write_sequence != right->write_sequence)
		return left->write_sequence < right->write_sequence ? -1 : 1;
	return 0;
}

static bool
is_next_part(const struct buffer_header *part,
	     const struct buffer_header *before)
{
	return part->part == before->part + 1 &&
	       part->part_count == before->part_count &&
	       part->segment == before->segment + 1 &&
	       part->segment_sequence == before->segment_sequence + 1 &&
	       part->write_sequence == before->write_sequence + 1;
}

/* Parts of one run that are there, beginning with parts[first]. */
static size_t
count_parts(const struct log_intake *intake, size_t first)
{
	size_t next = first + 1;

	while (next < intake->part_count &&
	       is_next_part(&intake->parts[next], &intake->parts[next - 1]))
		next++;
	return next - first;
}

static int
read_run(struct log_intake *intake, const struct buffer_header *parts,
	 struct error *error)
{
	uint32_t segment_size = intake->engine->segments.segment_size;
	uint32_t room = segment_size - FORMAT_HEADER_SIZE;
	uint32_t last = parts->part_count - 1u;
	struct location at = { parts->segment, FORMAT_HEADER_SIZE,
			       last * room + parts[last].data_size };
	uint32_t extent = run_extent(segment_size, at);
	uint8_t *bytes;
	int status;

	for (uint32_t i = 0; i < last; i++) {
		if (parts[i].data_size != room)
			return damaged(intake, &parts[i],
				       "a part of a run is too short", error);
	}
	if (run_parts(segment_size, at.size) != parts->part_count)
		return damaged(intake, &parts[last],
			       "a run has too many parts", error);
	bytes = malloc(extent);
	if (bytes == NULL)
		return error_no_memory(error);
	status = read_again(intake, at.segment, at.offset, bytes, extent,
			    error);
	run_gather(bytes, segment_size, at);
	if (status == 0)
		status = replay_run(&intake->replay, parts, bytes, at.size,
				    error);
	free(bytes);
	return status;
}

/* A run dies as one, but its places get their rows of table 3, and are used
 * again, one by one: one such row tells of all of them. */
static bool
is_run_freed(const struct log_intake *intake, const struct buffer_header *part)
{
	uint64_t first = part->segment_sequence - part->part;

	for (uint64_t i = 0; i < part->part_count; i++) {
		if (log_intake_is_freed(intake, first + i))
			return true;
	}
	return false;
}

/* Parts without the others are damage, unless the run was freed. */
static int
take_parts(struct log_intake *intake, size_t first, size_t count,
	   struct error *error)
{
	const struct buffer_header *parts = &intake->parts[first];
	struct log_stream *stream = stream_of(intake, parts);

	for (size_t i = 0; i < count; i++) {
		if (parts[i].write_sequence > stream->accepted) {
			intake->rejected_bytes +=
				format_buffer_size(parts[i].data_size);
			continue;
		}
		count_buffer(intake, &parts[i]);
	}
	if (parts[count - 1].write_sequence > stream->accepted)
		return 0;
	if (is_run_freed(intake, parts))
		return 0;
	if (parts->part == 0 && count == parts->part_count)
		return read_run(intake, parts, error);
	if (parts->write_sequence <= stream->base)
		return 0;
	return damaged(intake, parts, "a run's other parts are missing",
		       error);
}

static int
replay_parts(struct log_intake *intake, struct error *error)
{
	size_t count;

	if (intake->part_count == 0)
		return 0;
	qsort(intake->parts, intake->part_count, sizeof(*intake->parts),
	      compare_parts);
	for (size_t first = 0; first < intake->part_count; first += count) {
		int status;

		count = count_parts(intake, first);
		status = take_parts(intake, first, count, error);
		if (status < 0)
			return status;
	}
	return 0;
}

/* By segment, the newest of those that count first. */
static int
compare_rows(const void *a, const void *b)
{
	const struct freed_row *left = a, *right = b;

	if (left->life.sequence != right->life.sequence)
		return left->life.sequence < right->life.sequence ? -1 : 1;
	if (left->lsn != right->lsn)
		return left->lsn > right->lsn ? -1 : 1;
	return 0;
}

/* Leaves one row of those that count for each life. */
void
log_intake_settle_freed(struct log_intake *intake)
{
	struct replay *replay = &intake->replay;
	size_t kept = 0;

	for (size_t i = 0; i < replay->freed_count; i++) {
		if (row_counts(intake, &replay->freed[i]))
			replay->freed[kept++] = replay->freed[i];
	}
	replay->freed_count = kept;
	if (kept == 0)
		return;
	qsort(replay->freed, kept, sizeof(*replay->freed), compare_rows);
	kept = 1;
	for (size_t i = 1; i < replay->freed_count; i++) {
		if (replay->freed[i].life.sequence !=
		    replay->freed[kept - 1].life.sequence)
			replay->freed[kept++] = replay->freed[i];
	}
	replay->freed_count = kept;
}

bool
log_intake_is_freed(const struct log_intake *intake, uint64_t sequence)
{
	const struct freed_row *rows = intake->replay.freed;
	size_t low = 0, high = intake->replay.freed_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows[middle].life.sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low < intake->replay.freed_count &&
	       rows[low].life.sequence == sequence;
}

int
log_intake_end(struct log_intake *intake, struct error *error)
{
	int status = judge_log(intake, error);

	if (status == 0)
		status = replay_kept(intake, error);
	if (status < 0)
		return status;
	log_intake_settle_freed(intake);
	return replay_parts(intake, error);
}
