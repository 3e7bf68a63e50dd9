/* SPDX-License-Identifier: MIT
 *
 * The second look at a damaged log: takes the intact records of all buffers
 * that count, also out of damaged ones. */
#include "storage/salvage/salvage_state.h"

#include "storage/format/run.h"

#include <stdlib.h>

/* What a hostile segment may make us hash. */
enum { HASHED_BYTES_MAX = 64 << 20 };

/* A life that was freed still has what its copies had, and those may be
 * damaged; what had been deleted might be back only where deletions are
 * forgotten. */
static bool
is_life_wanted(const struct salvage_scan *scan, uint32_t segment,
	       uint64_t sequence)
{
	return scan->engine->segments.segments[segment].sequence == sequence &&
	       (scan->source->is_certain ||
		!log_judge_is_freed(&scan->intake, sequence));
}

/* Nothing is lost where all had been moved or overwritten. */
static void
lose(struct salvage_scan *scan, uint32_t segment, uint32_t offset,
     uint32_t size, enum salvage_loss_kind kind, uint64_t rows)
{
	uint64_t sequence = scan->engine->segments.segments[segment].sequence;

	if (!log_judge_is_freed(&scan->intake, sequence))
		salvage_lose(scan->source, segment, offset, size, kind, rows);
}

static bool
is_buffer_wanted(struct salvage_scan *scan, const struct buffer_header *header)
{
	const struct log_stream *stream =
		log_intake_stream(&scan->intake, header->stream);

	return is_life_wanted(scan, header->segment,
			      header->segment_sequence) &&
	       header->write_sequence > stream->replay_base &&
	       header->write_sequence <= stream->accepted &&
	       !void_list_contains(salvage_voids_of(scan, header->stream),
				   header->write_sequence);
}

/* Takes an intact record; nonsense in it is told. */
static int
take_record(struct salvage_scan *scan, const struct buffer_header *header,
	    const struct record *record, struct location at,
	    struct error *error)
{
	struct error failure = ERROR_INIT;
	int status;

	if (record->table == ENGINE_TABLE_FREED) /* seen, and of no use */
		return 0;
	status = replay_one(&scan->intake.replay, header, record, at,
			    &failure);
	if (status >= 0)
		return 0;
	if (failure.code == ERROR_FULL) {
		*error = failure;
		return status;
	}
	lose(scan, at.segment, at.offset, at.size, LOSS_NONSENSE, 0);
	return 0;
}

uint32_t
salvage_find_record(struct salvage_scan *scan, struct location at,
		    uint64_t seed, const uint8_t *bytes, uint32_t available,
		    struct record *record)
{
	uint32_t size = record_decode(bytes, available, record);

	if (size == 0 || scan->hashed + size > HASHED_BYTES_MAX)
		return 0;
	scan->hashed += size;
	return record_is_intact(bytes, size,
				format_record_seed(seed, at.offset)) ?
		       size :
		       0;
}

/* Every intact record from ${offset} up to ${end}; where one isn't, the next is
 * looked for. */
static int
take_records(struct salvage_scan *scan, const struct buffer_header *header,
	     uint32_t offset, uint32_t end, const uint8_t *bytes,
	     struct error *error)
{
	uint64_t seed = format_segment_seed(scan->engine->manifest.database_id,
					    header->segment,
					    header->segment_sequence);
	bool is_whole = true;

	while (offset + RECORD_SIZE_MIN <= end) {
		struct location at = { header->segment, offset, 0 };
		struct record record;
		int status;

		at.size = salvage_find_record(scan, at, seed, bytes + offset,
					      end - offset, &record);
		if (at.size == 0) {
			if (is_whole && header->kind != 0)
				lose(scan, header->segment, offset, 0,
				     LOSS_CHECKSUM, 0);
			is_whole = false;
			offset += RECORD_ALIGNMENT;
			continue;
		}
		is_whole = true;
		status = take_record(scan, header, &record, at, error);
		if (status < 0)
			return status;
		offset += at.size;
	}
	return 0;
}

/* A run that begins here: the record over all its parts. */
static int
take_run(struct salvage_scan *scan, const struct buffer_header *header,
	 struct error *error)
{
	const struct segment_manager *segments = &scan->engine->segments;
	uint32_t segment_size = segments->segment_size;
	uint32_t parts = header->part_count;
	struct location at = { header->segment, FORMAT_HEADER_SIZE, 0 };
	uint32_t most = parts * segment_size - FORMAT_HEADER_SIZE;
	struct record record;
	uint8_t *bytes;
	int status = 0;

	if (parts > segments->segment_count - header->segment ||
	    (uint64_t)parts * segment_size > 2 * (uint64_t)RUN_ROW_SIZE_MAX)
		return 0;
	bytes = malloc(most);
	if (bytes == NULL)
		return error_no_memory(error);
	salvage_read(scan->source, at.segment, at.offset, bytes, most, false);
	at.size = parts * (segment_size - FORMAT_HEADER_SIZE);
	run_gather(bytes, segment_size, at);
	at.size = salvage_find_record(
		scan, at,
		format_segment_seed(scan->engine->manifest.database_id,
				    at.segment, header->segment_sequence),
		bytes, at.size, &record);
	if (at.size == 0)
		lose(scan, at.segment, at.offset, 0, LOSS_CHECKSUM, 1);
	else
		status = take_record(scan, header, &record, at, error);
	free(bytes);
	return status;
}

/* From here on what is known of the segment is taken, too; before it, it was
 * loaded from a checkpoint, and gives way to all that is taken. */
static void
note_taken(struct salvage_scan *scan, uint32_t segment, uint32_t offset)
{
	uint32_t *from = &scan->intake.replayed_from[segment];

	if (offset < *from)
		*from = offset;
}

int
salvage_take_buffer(struct salvage_scan *scan,
		    const struct buffer_header *header, const uint8_t *bytes,
		    struct error *error)
{
	const char *nonsense = format_find_nonsense(header);

	scan->last_write = header->write_sequence;
	scan->last_life = header->life;
	if (!is_buffer_wanted(scan, header))
		return 0;
	if (nonsense != NULL) {
		lose(scan, header->segment, header->offset,
		     FORMAT_HEADER_SIZE + header->data_size, LOSS_NONSENSE, 0);
		return 0;
	}
	note_taken(scan, header->segment, header->offset);
	if (header->kind == BUFFER_PART)
		return header->part == 0 ? take_run(scan, header, error) : 0;
	return take_records(scan, header, header->offset + FORMAT_HEADER_SIZE,
			    header->offset + FORMAT_HEADER_SIZE +
				    header->data_size,
			    bytes - header->offset, error);
}

/* The header of a damaged buffer may be right. */
static bool
peek_header(const struct salvage_scan *scan, uint32_t segment, uint32_t offset,
	    const uint8_t *bytes, struct buffer_header *header)
{
	struct buffer_place place = { scan->engine->manifest.database_id,
				      segment, offset };

	return format_peek_buffer(bytes, &place, header) &&
	       header->segment_sequence ==
		       scan->engine->segments.segments[segment].sequence &&
	       (header->stream == STREAM_USER ||
		header->stream == STREAM_MOVING);
}

/* Behind the last buffer that counts: it may have counted, or was torn.
 * Records that are intact there are of that life. */
static bool
is_behind_end(struct salvage_scan *scan, const struct buffer_header *header)
{
	const struct log_stream *stream =
		log_intake_stream(&scan->intake, header->stream);

	return header->write_sequence > stream->accepted &&
	       is_life_wanted(scan, header->segment,
			      header->segment_sequence) &&
	       !void_list_contains(salvage_voids_of(scan, header->stream),
				   header->write_sequence);
}

/* Where it isn't, the life is that of the place, and the write sequence follows
 * the one before.  False when nothing tells whether what stands there is older
 * than what the checkpoint knows. */
static bool
guess_header(struct salvage_scan *scan, uint32_t segment, uint32_t offset,
	     struct buffer_header *header)
{
	const struct segment *entry =
		&scan->engine->segments.segments[segment];

	*header = (struct buffer_header){
		.kind = entry->kind,
		.stream = entry->stream,
		.segment = segment,
		.offset = offset,
		.part_count = 1,
		.segment_sequence = entry->sequence,
		.write_sequence = scan->last_write + 1,
	};
	if (entry->sequence == 0)
		return false;
	if (scan->last_write > 0)
		return is_buffer_wanted(scan, header) ||
		       is_behind_end(scan, header);
	return entry->sequence >= scan->first_sequence &&
	       is_life_wanted(scan, segment, entry->sequence);
}

/* Right behind the last buffer that counts, in a place that had no life before:
 * no other leaves anything there. */
static bool
is_end_damaged(const struct salvage_scan *scan, uint32_t segment)
{
	const struct segment *entry =
		&scan->engine->segments.segments[segment];

	return !scan->source->has_end && scan->last_life == 1 &&
	       scan->last_write ==
		       scan->intake.streams[entry->stream - STREAM_USER]
			       .accepted;
}

/* A place begins with a buffer.  Where it doesn't, and nobody knows its life,
 * that may have been the log's last one. */
static void
tell_headless(struct salvage_scan *scan, uint32_t segment, uint32_t offset,
	      uint32_t end)
{
	const struct salvage_source *source = scan->source;

	if (!source->has_end && offset == 0 &&
	    scan->engine->segments.segments[segment].sequence == 0 &&
	    source->losses.gaps[0].count == 0 &&
	    source->losses.gaps[1].count == 0)
		lose(scan, segment, offset, end - offset, LOSS_CHECKSUM, 0);
}

/* A buffer that seems to be of a later life than the place is in: it was
 * damaged so much that nobody believes it. */
static void
tell_later_life(struct salvage_scan *scan, uint32_t segment, uint32_t offset,
		uint32_t end, const uint8_t *bytes)
{
	struct buffer_place place = { scan->engine->manifest.database_id,
				      segment, offset };
	struct buffer_header header;

	if (format_peek_buffer(bytes, &place, &header) &&
	    (header.stream == STREAM_USER ||
	     header.stream == STREAM_MOVING) &&
	    header.segment_sequence >
		    scan->engine->segments.segments[segment].sequence &&
	    !log_judge_is_freed(&scan->intake, header.segment_sequence) &&
	    header.write_sequence >
		    log_intake_stream(&scan->intake, header.stream)
			    ->replay_base &&
	    !void_list_contains(salvage_voids_of(scan, header.stream),
				header.write_sequence))
		salvage_lose(scan->source, segment, offset, end - offset,
			     LOSS_CHECKSUM, 0);
}

/* What an earlier life left, or a torn write, looks no different at first. */
int
salvage_take_damage(struct salvage_scan *scan, uint32_t segment,
		    uint32_t offset, uint32_t end, const uint8_t *bytes,
		    struct error *error)
{
	struct buffer_header header;
	uint64_t before = scan->intake.replay.records;
	bool has_header = peek_header(scan, segment, offset, bytes + offset,
				      &header);
	int status = 0;

	if (!has_header)
		tell_later_life(scan, segment, offset, end, bytes + offset);
	if (has_header && !is_buffer_wanted(scan, &header) &&
	    !is_behind_end(scan, &header))
		return 0;
	if (!has_header && !guess_header(scan, segment, offset, &header)) {
		tell_headless(scan, segment, offset, end);
		return 0;
	}
	note_taken(scan, segment, offset);
	if (header.kind == BUFFER_PART) {
		if (header.part == 0 && header.part_count > 1)
			status = take_run(scan, &header, error);
	} else {
		header.kind = 0; /* records aren't told one by one */
		status = take_records(scan, &header, offset, end, bytes,
				      error);
	}
	if (has_header || scan->intake.replay.records != before ||
	    is_end_damaged(scan, segment))
		lose(scan, segment, offset, end - offset, LOSS_CHECKSUM, 0);
	return status;
}
