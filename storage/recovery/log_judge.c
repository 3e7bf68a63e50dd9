/* SPDX-License-Identifier: MIT
 *
 * When all of the log has been met: is something missing, and where does it
 * end?  Lives that were freed may be missing, if the rows that say so count,
 * and what was moved until they died does. */
#include "storage/recovery/log_intake_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A place is used again when all that was settled at the death of its life is
 * durable.  Where copies of that time don't count, it wasn't: what is missing
 * there wasn't durable itself, or was lost by the disk together with them. */
static bool
row_counts(struct log_intake *intake, const struct freed_row *row)
{
	/* A checkpoint's rows have no buffer. */
	return row->write_sequence == 0 ||
	       (row->write_sequence <=
			log_intake_stream(intake, row->stream)->accepted &&
		row->life.moving_settled <=
			log_intake_stream(intake, STREAM_MOVING)->gapless);
}

int
log_judge_collect_freed(struct log_intake *intake, uint8_t number,
			struct error *error)
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
	qsort(ranges, stream->freed_count, sizeof(*ranges), log_map_compare);
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
	stream->gapless = verdict->gapless;
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
			log_intake_raise(&lsn, header->last_lsn);
	}
	for (size_t i = 0; i < intake->part_count; i++) {
		if (intake->parts[i].write_sequence <= accepted)
			log_intake_raise(&lsn, intake->parts[i].last_lsn);
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
		    sequence <= moving->accepted && kept->records_lsn > lsn) {
			moving->accepted = sequence - 1;
			moving->gapless = sequence - 1;
		}
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
		    log_intake_is_zero(block, sizeof(block))) {
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
int
log_judge(struct log_intake *intake, struct error *error)
{
	struct log_stream *user = log_intake_stream(intake, STREAM_USER);
	struct log_stream *moving = log_intake_stream(intake, STREAM_MOVING);
	uint64_t user_before, moving_before, gapless_before;

	user->accepted = UINT64_MAX;
	moving->accepted = UINT64_MAX;
	moving->gapless = UINT64_MAX;
	do {
		struct log_verdict verdicts[2];
		int status =
			log_judge_collect_freed(intake, STREAM_USER, error);

		if (status == 0)
			status = log_judge_collect_freed(intake, STREAM_MOVING,
							 error);
		if (status < 0)
			return status;
		user_before = user->accepted;
		moving_before = moving->accepted;
		gapless_before = moving->gapless;
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
		 moving->accepted != moving_before ||
		 moving->gapless != gapless_before);
	return 0;
}

/* ---- rows of table 3 ---- */

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
log_judge_settle_freed(struct log_intake *intake)
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
log_judge_is_freed(const struct log_intake *intake, uint64_t sequence)
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
