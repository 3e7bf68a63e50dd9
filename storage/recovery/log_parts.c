/* SPDX-License-Identifier: MIT
 *
 * Rows that are larger than a segment: their parts are met one by one, and put
 * together when all have been met. */
#include "storage/recovery/log_intake_state.h"

#include "storage/format/run.h"

#include <stdlib.h>

int
log_parts_add(struct log_intake *intake, const struct buffer_header *header,
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
			return log_intake_damaged(intake, &parts[i],
						  "a part of a run is too "
						  "short",
						  error);
	}
	if (run_parts(segment_size, at.size) != parts->part_count)
		return log_intake_damaged(intake, &parts[last],
					  "a run has too many parts", error);
	bytes = malloc(extent);
	if (bytes == NULL)
		return error_no_memory(error);
	status = log_intake_read(intake, at.segment, at.offset, bytes, extent,
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
		if (log_judge_is_freed(intake, first + i))
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
	struct log_stream *stream = log_intake_stream_of(intake, parts);

	for (size_t i = 0; i < count; i++) {
		if (parts[i].write_sequence > stream->accepted) {
			intake->rejected_bytes +=
				format_buffer_size(parts[i].data_size);
			continue;
		}
		log_intake_count(intake, &parts[i]);
	}
	if (parts[count - 1].write_sequence > stream->accepted)
		return 0;
	if (is_run_freed(intake, parts))
		return 0;
	if (parts->part == 0 && count == parts->part_count)
		return read_run(intake, parts, error);
	if (parts->write_sequence <= stream->base)
		return 0;
	return log_intake_damaged(intake, parts,
				  "a run's other parts are missing", error);
}

int
log_parts_replay(struct log_intake *intake, struct error *error)
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
