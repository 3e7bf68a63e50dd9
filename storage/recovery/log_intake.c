/* SPDX-License-Identifier: MIT
 *
 * A place: which life it is in, and which of its buffers are replayed at once,
 * kept for later, or put together. */
#include "storage/recovery/log_intake_state.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- for the parts ---- */

int
log_intake_damaged(const struct log_intake *intake,
		   const struct buffer_header *header, const char *what,
		   struct error *error)
{
	return segment_manager_damaged(&intake->engine->segments,
				       header->segment, header->offset, what,
				       error);
}

bool
log_intake_is_zero(const uint8_t *bytes, size_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

int
log_intake_read(struct log_intake *intake, uint32_t segment, uint32_t offset,
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

void
log_intake_count(struct log_intake *intake, const struct buffer_header *header)
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
		log_intake_raise(&intake->accepted_lsn, header->last_lsn);
}

int
log_intake_replay(struct log_intake *intake, const struct buffer_header *header,
		  const uint8_t *bytes, struct error *error)
{
	log_intake_count(intake, header);
	return replay_buffer(&intake->replay, header, bytes, error);
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
		if (*rubble == size &&
		    !log_intake_is_zero(at, FORMAT_BLOCK_SIZE))
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
		log_intake_raise(&newest, intake->headers[i].segment_sequence);
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
			    log_intake_stream_of(intake, header)->replay_base) {
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

	log_intake_raise(&intake->streams[0].watermark, header->user_watermark);
	log_intake_raise(&intake->streams[1].watermark,
			 header->moving_watermark);
	log_intake_raise(&log_intake_stream_of(intake, header)->last_sequence,
			 header->write_sequence);
	log_intake_raise(&intake->last_segment_sequence,
			 header->segment_sequence);
	log_intake_raise(&intake->last_lsn, header->last_lsn);
	if (header->clock_us > engine->clock_us)
		engine->clock_us = header->clock_us;
}

static int
see_buffer(struct log_intake *intake, const struct buffer_header *header,
	   const uint8_t *bytes, struct error *error)
{
	struct engine *engine = intake->engine;
	struct log_stream *stream = log_intake_stream_of(intake, header);
	const struct void_list *voids = header->stream == STREAM_USER ?
						&engine->manifest.user_voids :
						&engine->manifest.moving_voids;
	int status = log_kept_replay_settled(intake, error);

	if (status < 0 || void_list_contains(voids, header->write_sequence))
		return status;
	if (header->write_sequence <= stream->replay_base) {
		log_intake_count(intake, header);
		return 0;
	}
	status = log_map_add(&stream->map, header, error);
	if (status < 0)
		return status;
	if (header->kind == BUFFER_PART)
		return log_parts_add(intake, header, error);
	if (header->write_sequence <= stream->watermark)
		return log_intake_replay(intake, header, bytes, error);
	return log_kept_add(intake, header, bytes, error);
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
		if (!log_intake_is_zero(bytes + rubble, FORMAT_BLOCK_SIZE))
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
			return log_intake_damaged(intake, header, nonsense,
						  error);
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
	    !log_intake_is_zero(bytes, FORMAT_BLOCK_SIZE) &&
	    (intake->header_count == 0 || intake->headers[0].offset > 0))
		intake->headless = segment;
	if (intake->header_count == 0)
		return 0;
	return see_life(intake, segment, bytes, error);
}

int
log_intake_end(struct log_intake *intake, struct error *error)
{
	int status = log_judge(intake, error);

	if (status == 0)
		status = log_kept_replay(intake, error);
	if (status < 0)
		return status;
	log_judge_settle_freed(intake);
	return log_parts_replay(intake, error);
}
