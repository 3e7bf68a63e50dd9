/* SPDX-License-Identifier: MIT */
#include "storage/log_map.h"

#include <stdlib.h>

void
log_map_finish(struct log_map *map)
{
	free(map->runs);
	*map = (struct log_map){ 0 };
}

static int
add_run(struct log_map *map, const struct buffer_header *header,
	struct error *error)
{
	if (map->count == map->capacity) {
		size_t capacity = map->capacity * 2 + 16;
		struct log_run *runs =
			realloc(map->runs, capacity * sizeof(*runs));

		if (runs == NULL)
			return error_no_memory(error);
		map->runs = runs;
		map->capacity = capacity;
	}
	map->runs[map->count++] = (struct log_run){
		.first = header->write_sequence,
		.first_segment = header->segment,
		.first_offset = header->offset,
	};
	return 0;
}

int
log_map_add(struct log_map *map, const struct buffer_header *header,
	    struct error *error)
{
	struct log_run *run;

	if (map->count == 0 || map->runs[map->count - 1].last !=
				       header->write_sequence - 1) {
		int status = add_run(map, header, error);

		if (status < 0)
			return status;
	}
	run = &map->runs[map->count - 1];
	run->last = header->write_sequence;
	if ((header->flags & BUFFER_ENDS_BATCH) != 0)
		run->last_batch_end = header->write_sequence;
	run->last_segment = header->segment;
	run->last_end =
		header->offset + format_buffer_size(header->data_size);
	return 0;
}

static int
compare_runs(const void *a, const void *b)
{
	const struct log_run *left = a, *right = b;

	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	return 0;
}

static uint64_t
skip_voids(const struct void_list *voids, uint64_t sequence)
{
	for (uint32_t i = 0; i < voids->count; i++) {
		if (voids->ranges[i].first <= sequence &&
		    sequence <= voids->ranges[i].last)
			sequence = voids->ranges[i].last + 1;
	}
	return sequence;
}

void
log_map_judge(struct log_map *map, const struct void_list *voids,
	      uint64_t watermark, struct log_verdict *verdict)
{
	uint64_t expected = skip_voids(voids, 1);
	size_t i;

	*verdict = (struct log_verdict){ .accepted = watermark };
	if (map->count > 0)
		qsort(map->runs, map->count, sizeof(*map->runs),
		      compare_runs);
	for (i = 0; i < map->count; i++) {
		const struct log_run *run = &map->runs[i];

		if (run->first < expected) {
			verdict->twice = run;
			return;
		}
		if (run->first > expected)
			break;
		expected = skip_voids(voids, run->last + 1);
		if (run->last_batch_end > verdict->accepted)
			verdict->accepted = run->last_batch_end;
	}
	if (expected <= watermark) {
		verdict->missing = expected;
		verdict->before_missing = i > 0 ? &map->runs[i - 1] : NULL;
	}
}
