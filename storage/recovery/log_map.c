/* SPDX-License-Identifier: MIT */
#include "storage/recovery/log_map.h"

#include <stdlib.h>
#include <string.h>

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
	/* A run of segments counts as a whole. */
	if ((header->flags & BUFFER_ENDS_BATCH) != 0 &&
	    header->part + 1 == header->part_count)
		run->last_batch_end = header->write_sequence;
	run->last_segment = header->segment;
	run->last_end =
		header->offset + format_buffer_size(header->data_size);
	return 0;
}

int
log_map_compare(const void *a, const void *b)
{
	uint64_t left, right;

	memcpy(&left, a, sizeof(left));
	memcpy(&right, b, sizeof(right));
	if (left != right)
		return left < right ? -1 : 1;
	return 0;
}

/* Steps over what may be missing; only ever forward. */
struct skipper {
	const struct log_rules *rules;
	size_t next_void;
	size_t next_freed;
};

static uint64_t
skip(struct skipper *skipper, uint64_t sequence)
{
	const struct log_rules *rules = skipper->rules;
	const struct void_list *voids = rules->voids;
	uint64_t before;

	do {
		before = sequence;
		while (skipper->next_void < voids->count &&
		       voids->ranges[skipper->next_void].first <= sequence) {
			if (voids->ranges[skipper->next_void].last >= sequence)
				sequence =
					voids->ranges[skipper->next_void].last +
					1;
			skipper->next_void++;
		}
		while (skipper->next_freed < rules->freed_count &&
		       rules->freed[skipper->next_freed].first <= sequence) {
			if (rules->freed[skipper->next_freed].last >= sequence)
				sequence =
					rules->freed[skipper->next_freed].last +
					1;
			skipper->next_freed++;
		}
	} while (sequence != before);
	return sequence;
}

void
log_map_judge(struct log_map *map, const struct log_rules *rules,
	      struct log_verdict *verdict)
{
	struct skipper skipper = { .rules = rules };
	uint64_t expected = skip(&skipper, rules->base + 1);
	uint64_t highest = 0;
	size_t i;

	*verdict = (struct log_verdict){ .accepted = rules->watermark };
	if (map->count > 0)
		qsort(map->runs, map->count, sizeof(*map->runs),
		      log_map_compare);
	for (i = 0; i < map->count; i++) {
		if (map->runs[i].first <= highest) {
			verdict->twice = &map->runs[i];
			return;
		}
		highest = map->runs[i].last;
	}
	for (i = 0; i < map->count; i++) {
		const struct log_run *run = &map->runs[i];

		if (run->first > expected)
			break;
		if (run->last >= expected)
			expected = skip(&skipper, run->last + 1);
		if (run->last_batch_end > verdict->accepted)
			verdict->accepted = run->last_batch_end;
	}
	verdict->gapless = expected - 1;
	if (expected <= rules->watermark) {
		verdict->missing = expected;
		verdict->before_missing = i > 0 ? &map->runs[i - 1] : NULL;
	}
}
