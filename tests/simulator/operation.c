/* SPDX-License-Identifier: MIT */
#include "tests/simulator/operation.h"

#include <stdlib.h>

/* How often an operation comes, and in how many percent of the seeds at all. */
static const struct {
	const char *name;
	uint8_t weight;
	uint8_t percent;
} kinds[OPERATION_KINDS] = {
	[OPERATION_WRITE] = { "write", 40, 100 },
	[OPERATION_FLOOD] = { "flood", 2, 30 },
	[OPERATION_CREATE] = { "create", 3, 90 },
	[OPERATION_DROP] = { "drop", 2, 60 },
	[OPERATION_TRUNCATE] = { "truncate", 2, 50 },
	[OPERATION_COMMIT] = { "commit", 14, 90 },
	[OPERATION_SEND] = { "send", 8, 70 },
	[OPERATION_POLL] = { "poll", 10, 80 },
	[OPERATION_READ] = { "read", 6, 60 },
	[OPERATION_FIND] = { "find", 3, 50 },
	[OPERATION_SCAN] = { "scan", 2, 50 },
	[OPERATION_COUNT] = { "count", 2, 50 },
	[OPERATION_CHECK] = { "check", 1, 30 },
	[OPERATION_REOPEN] = { "reopen", 3, 60 },
	[OPERATION_CRASH] = { "crash", 18, 100 },
	[OPERATION_CLOCK] = { "clock", 2, 40 },
	[OPERATION_ERRORS] = { "errors", 4, 30 },
	[OPERATION_ROOM] = { "room", 4, 25 },
	[OPERATION_FLIP] = { "flip", 1, 8 },
	[OPERATION_MISDIRECT] = { "misdirect", 1, 8 },
};

const char *
operation_name(enum operation_kind kind)
{
	return kinds[kind].name;
}

static void
draw_options(struct plan *plan, struct random *random, enum geometry geometry)
{
	static const uint32_t sizes[] = { 4096, 4096, 4096, 8192, 16384 };
	static const uint32_t counts[] = { 1, 2, 3, 8, 16, 64 };

	if (geometry == GEOMETRY_REAL)
		return;
	plan->options.segment_size = sizes[random_below(random, 5)];
	plan->options.file_segments = counts[random_below(random, 6)];
	if (random_percent(random, 10))
		plan->options.size_max = (uint64_t)plan->options.segment_size *
					 (8 + random_below(random, 40));
}

static uint32_t
draw_chance(struct random *random)
{
	static const uint32_t chances[] = { 0, 0, 30, 300, 2000 };

	return chances[random_below(random, 5)];
}

static void
draw_switches(struct plan *plan, struct random *random)
{
	plan->syncs[ENGINE_SYNC_FULL] = random_percent(random, 80);
	plan->syncs[ENGINE_SYNC_GROUP] = random_percent(random, 30);
	plan->syncs[ENGINE_SYNC_OFF] = random_percent(random, 30);
	plan->has_kills = random_percent(random, 50);
	plan->has_power_cuts = !plan->has_kills || random_percent(random, 80);
	plan->has_expiry = random_percent(random, 40);
	plan->has_old_timestamps = random_percent(random, 60);
	plan->has_large_rows = random_percent(random, 60);
	plan->has_read_only = random_percent(random, 20);
	plan->faults = (struct disk_faults){
		.read_error = draw_chance(random),
		.write_error = draw_chance(random),
		.sync_error = 2 * draw_chance(random),
		.call_error = draw_chance(random) / 4,
	};
}

static enum operation_kind
draw_kind(struct random *random, const uint8_t weights[OPERATION_KINDS],
	  uint32_t sum)
{
	uint32_t at = random_below(random, sum);
	enum operation_kind kind = OPERATION_WRITE;

	while (at >= weights[kind])
		at -= weights[kind++];
	return kind;
}

void
plan_make(struct plan *plan, uint64_t seed, size_t count,
	  enum geometry geometry)
{
	struct random random = { seed * UINT64_C(0x9e3779b97f4a7c15) };
	uint8_t weights[OPERATION_KINDS];
	uint32_t sum = 0;

	*plan = (struct plan){ .seed = seed, .count = count };
	draw_options(plan, &random, geometry);
	draw_switches(plan, &random);
	for (unsigned kind = 0; kind < OPERATION_KINDS; kind++) {
		weights[kind] = random_percent(&random, kinds[kind].percent) ?
					kinds[kind].weight :
					0;
		sum += weights[kind];
	}
	plan->operations = malloc(count * sizeof(*plan->operations));
	if (plan->operations == NULL)
		abort();
	for (size_t i = 0; i < count; i++)
		plan->operations[i] = (struct operation){
			.kind = draw_kind(&random, weights, sum),
			.seed = random_next(&random),
		};
}

void
plan_finish(struct plan *plan)
{
	free(plan->operations);
	*plan = (struct plan){ 0 };
}
