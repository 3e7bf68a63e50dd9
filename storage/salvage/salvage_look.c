/* SPDX-License-Identifier: MIT
 *
 * The first look at a damaged log: which life each place is in, the highest
 * watermarks, the rows of table 3; and from that, which buffers count and which
 * are missing. */
#include "storage/salvage/salvage_state.h"

#include <stdlib.h>

/* Shorter than any stretch of sequences that an opening has ever made void;
 * without the manifest longer gaps are taken for one of those. */
#define GAP_MAX (UINT64_C(1) << 20)

/* ---- lives, watermarks, rows of table 3 ---- */

static void
enter_life(struct salvage_scan *scan, const struct buffer_header *header)
{
	struct segment *segment =
		&scan->engine->segments.segments[header->segment];
	struct place_note *note = &scan->intake.notes[header->segment];

	/* That of the first buffer, where it is intact. */
	if (note->is_loaded || (note->is_counted && segment->life > 0) ||
	    (segment->generation != GUESSED &&
	     header->segment_sequence <= segment->sequence))
		return;
	*segment = (struct segment){
		.sequence = header->segment_sequence,
		.kind = header->kind,
		.stream = header->stream,
		.life = header->offset == 0,
	};
	note->is_counted = header->offset == 0;
}

/* Whether a record of a damaged buffer was written in the life that its header
 * tells of. */
static bool
is_life_proven(struct salvage_scan *scan, const struct buffer_header *header,
	       uint32_t end, const uint8_t *segment)
{
	uint64_t seed = format_segment_seed(scan->engine->manifest.database_id,
					    header->segment,
					    header->segment_sequence);
	struct location at = { header->segment,
			       header->offset + FORMAT_HEADER_SIZE, 0 };
	struct record record;

	for (; at.offset + RECORD_SIZE_MIN <= end;
	     at.offset += RECORD_ALIGNMENT) {
		if (salvage_find_record(scan, at, seed, segment + at.offset,
					end - at.offset, &record) > 0)
			return true;
	}
	return false;
}

/* Where no buffer is intact, a damaged one's header is believed as far as
 * records turn out to be of that life; where one is, only if they are. */
static void
guess_life(struct salvage_scan *scan, const struct buffer_header *header,
	   uint32_t end, const uint8_t *segment)
{
	struct segment *entry =
		&scan->engine->segments.segments[header->segment];

	if (header->kind != BUFFER_PART &&
	    header->segment_sequence > entry->sequence &&
	    is_life_proven(scan, header, end, segment))
		enter_life(scan, header);
	if (entry->sequence == 0)
		*entry = (struct segment){
			.sequence = header->segment_sequence,
			.kind = header->kind,
			.stream = header->stream,
			.generation = GUESSED,
		};
}

/* A damaged buffer isn't missing: it is told of where its records are taken. */
int
salvage_look_at_damage(struct salvage_scan *scan, uint32_t segment,
		       uint32_t offset, uint32_t end, const uint8_t *bytes,
		       struct error *error)
{
	struct segment *entry = &scan->engine->segments.segments[segment];

	for (; offset < end; offset += FORMAT_BLOCK_SIZE) {
		struct buffer_place place = {
			scan->engine->manifest.database_id, segment, offset
		};
		struct buffer_header header;

		if (!format_peek_buffer(bytes + offset, &place, &header) ||
		    (header.stream != STREAM_USER &&
		     header.stream != STREAM_MOVING))
			continue;
		guess_life(scan, &header, end, bytes);
		if (header.segment_sequence == entry->sequence &&
		    log_map_add(&scan->damaged[header.stream - STREAM_USER],
				&header, error) < 0)
			return -(int)ERROR_FULL;
	}
	return 0;
}

int
salvage_look_at_buffer(struct salvage_scan *scan,
		       const struct buffer_header *header,
		       const uint8_t *bytes, struct error *error)
{
	struct log_intake *intake = &scan->intake;
	struct log_stream *stream =
		log_intake_stream(intake, header->stream);
	uint64_t unused;

	salvage_raise(&intake->streams[0].watermark, header->user_watermark);
	salvage_raise(&intake->streams[1].watermark, header->moving_watermark);
	salvage_raise(&intake->last_lsn, header->last_lsn);
	if (header->clock_us > scan->engine->clock_us)
		scan->engine->clock_us = header->clock_us;
	if (format_find_nonsense(header) != NULL)
		return 0;
	enter_life(scan, header);
	if (header->segment_sequence !=
		    scan->engine->segments.segments[header->segment].sequence ||
	    header->write_sequence <= stream->replay_base ||
	    void_list_contains(salvage_voids_of(scan, header->stream),
			       header->write_sequence))
		return 0;
	if (log_map_add(&stream->map, header, error) < 0)
		return -(int)ERROR_FULL;
	if (header->kind == BUFFER_PART)
		return 0;
	/* What makes no sense there is told when the records are taken. */
	if (replay_peek(&intake->replay, header, bytes, &unused, error) < 0 &&
	    error->code == ERROR_FULL)
		return -(int)ERROR_FULL;
	return 0;
}

/* ---- what is missing ---- */

/* Sequences that are there, or may be missing. */
struct stretch {
	uint64_t first;
	uint64_t last;
	const struct log_run *run; /* NULL: may be missing */
};

struct stretches {
	struct stretch *stretches;
	size_t count;
};

static void
add_ranges(struct stretches *to, const struct void_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to->stretches[to->count++] = (struct stretch){
			.first = ranges[i].first, .last = ranges[i].last
		};
}

static void
add_runs(struct stretches *to, const struct log_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		to->stretches[to->count++] = (struct stretch){
			map->runs[i].first, map->runs[i].last, &map->runs[i]
		};
}

static int
gather_stretches(const struct log_stream *stream,
		 const struct log_map *damaged, const struct void_list *voids,
		 struct stretches *to, struct error *error)
{
	size_t most = stream->map.count + damaged->count +
		      stream->freed_count + voids->count;

	to->stretches = malloc((most + 1) * sizeof(*to->stretches));
	if (to->stretches == NULL)
		return error_no_memory(error);
	add_runs(to, &stream->map);
	add_runs(to, damaged);
	add_ranges(to, stream->freed, stream->freed_count);
	add_ranges(to, voids->ranges, voids->count);
	if (to->count > 1)
		qsort(to->stretches, to->count, sizeof(*to->stretches),
		      log_map_compare);
	return 0;
}

static void
widen(const struct salvage_scan *scan, struct salvage_gap *gap, uint64_t first,
      uint64_t end, const struct log_run *before)
{
	if (!scan->source->has_manifest && end - first >= GAP_MAX)
		return;
	if (gap->count == 0) {
		gap->first = first;
		gap->segment = before == NULL ? 0 : before->last_segment;
		gap->offset = before == NULL ? 0 : before->last_end;
	}
	gap->count += end - first;
	gap->last = end - 1;
}

/* Without a manifest nothing tells a torn end from what was damaged since: what
 * says that it stands behind the end is taken for that. */
static uint64_t
find_damaged_last(const struct log_map *damaged, uint64_t last)
{
	uint64_t end = last;

	for (size_t i = 0; i < damaged->count; i++) {
		uint64_t found = damaged->runs[i].last;

		if (found > last && found - last < 2 * GAP_MAX)
			salvage_raise(&end, found);
	}
	return end;
}

/* The last buffer that counts: behind one that is missing an intact one does,
 * too, since whether the missing one was never written or was damaged since
 * nobody knows.  What ends in the middle of a batch was never told to be
 * there. */
static uint64_t
find_last(const struct salvage_scan *scan, const struct log_stream *stream,
	  const struct log_map *damaged)
{
	uint64_t last = stream->watermark;

	for (size_t i = 0; i < stream->map.count; i++)
		salvage_raise(&last, stream->map.runs[i].last_batch_end);
	return scan->source->has_manifest ? last :
					    find_damaged_last(damaged, last);
}

/* All that is missing among what counts. */
static struct salvage_gap
find_gap(const struct salvage_scan *scan, const struct log_stream *stream,
	 const struct stretches *known)
{
	struct salvage_gap gap = { 0 };
	const struct log_run *before = NULL;
	uint64_t next = stream->base + 1;

	for (size_t i = 0; i < known->count; i++) {
		const struct stretch *at = &known->stretches[i];
		uint64_t end = at->first <= stream->accepted ?
				       at->first :
				       stream->accepted + 1;

		if (end > next)
			widen(scan, &gap, next, end, before);
		if (at->last >= next)
			next = at->last + 1;
		if (at->run != NULL)
			before = at->run;
	}
	if (next <= stream->accepted)
		widen(scan, &gap, next, stream->accepted + 1, before);
	return gap;
}

/* Up to where the moving stream holds what rows of table 3 ask for: a gap
 * before the last buffer that counts is told of itself, so that only what is
 * behind that one is asked for. */
static int
find_gapless(struct salvage_scan *scan, struct error *error)
{
	struct log_stream *moving =
		log_intake_stream(&scan->intake, STREAM_MOVING);
	uint64_t before;

	moving->gapless = UINT64_MAX;
	do {
		struct log_verdict verdict;
		struct log_rules rules = {
			.base = moving->accepted,
			.voids = salvage_voids_of(scan, STREAM_MOVING),
		};
		int status = log_judge_collect_freed(&scan->intake,
						     STREAM_MOVING, error);

		if (status < 0)
			return status;
		rules.freed = moving->freed;
		rules.freed_count = moving->freed_count;
		before = moving->gapless;
		moving->gapless = moving->accepted;
		log_map_judge(&moving->map, &rules, &verdict);
		if (verdict.twice == NULL)
			moving->gapless = verdict.gapless;
	} while (moving->gapless != before);
	return 0;
}

static int
judge_stream(struct salvage_scan *scan, uint8_t number, struct error *error)
{
	struct log_stream *stream = log_intake_stream(&scan->intake, number);
	struct stretches known = { 0 };
	struct salvage_gap gap;
	int status = log_judge_collect_freed(&scan->intake, number, error);

	if (status == 0)
		status = gather_stretches(
			stream, &scan->damaged[number - STREAM_USER],
			salvage_voids_of(scan, number), &known, error);
	if (status < 0)
		return status;
	gap = find_gap(scan, stream, &known);
	free(known.stretches);
	salvage_lose_buffers(scan->source, number, &gap);
	return 0;
}

int
salvage_judge(struct salvage_scan *scan, struct error *error)
{
	int status;

	for (size_t i = 0; i < ARRAY_COUNT(scan->damaged); i++)
		scan->intake.streams[i].accepted = find_last(
			scan, &scan->intake.streams[i], &scan->damaged[i]);
	status = find_gapless(scan, error);
	if (status == 0)
		status = judge_stream(scan, STREAM_USER, error);
	if (status == 0)
		status = judge_stream(scan, STREAM_MOVING, error);
	if (status == 0)
		log_judge_settle_freed(&scan->intake);
	return status;
}
