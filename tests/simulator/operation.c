/* SPDX-License-Identifier: MIT */
#include "tests/simulator/operation.h"

#include "tests/simulator/memory.h"

#include <stdlib.h>

enum {
	CHURN_PERCENT = 8,
	CHANGES_PERCENT = 15,
	REFUSALS_PERCENT = 25,
	CACHE_SIZE_LEAST = 65536
};

/* How often an operation comes, and in how many percent of the seeds at all. */
static const struct {
	const char *name;
	uint8_t weight;
	uint8_t percent;
} kinds[OPERATION_KINDS] = {
	[OPERATION_WRITE] = { "write", 40, 100 },
	[OPERATION_FLOOD] = { "flood", 2, 30 },
	[OPERATION_BIG] = { "big", 3, 30 },
	[OPERATION_OVERWRITE] = { "overwrite", 5, 50 },
	[OPERATION_FILL] = { "fill", 2, 25 },
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
	[OPERATION_HOLD] = { "hold", 6, 50 },
	[OPERATION_RELEASE] = { "release", 3, 80 },
	[OPERATION_COMPACT] = { "compact", 3, 50 },
	[OPERATION_CHECKPOINT] = { "checkpoint", 4, 60 },
	[OPERATION_FINISH] = { "finish", 3, 60 },
	[OPERATION_IDLE] = { "idle", 4, 60 },
	[OPERATION_SCHEDULE] = { "schedule", 3, 40 },
	[OPERATION_GRACE] = { "grace", 2, 30 },
	[OPERATION_CHECK] = { "check", 1, 30 },
	[OPERATION_VERIFY] = { "verify", 2, 40 },
	[OPERATION_REOPEN] = { "reopen", 3, 60 },
	[OPERATION_CRASH] = { "crash", 18, 100 },
	[OPERATION_CLOCK] = { "clock", 2, 40 },
	[OPERATION_ERRORS] = { "errors", 4, 30 },
	[OPERATION_ROOM] = { "room", 4, 20 },
	[OPERATION_FLIP] = { "flip", 1, 6 },
	[OPERATION_MISDIRECT] = { "misdirect", 2, 6 },
	[OPERATION_LOSE] = { "lose", 3, 8 },
	[OPERATION_ZERO] = { "zero", 1, 5 },
	[OPERATION_SWAP] = { "swap", 1, 5 },
	[OPERATION_STALE] = { "stale", 3, 6 },
	[OPERATION_CUT] = { "cut", 1, 4 },
	[OPERATION_SPOIL] = { "spoil", 2, 25 },
	[OPERATION_ROT] = { "rot", 2, 6 },
	[OPERATION_FAIL] = { "fail", 1, 10 },
};

const char *
operation_name(enum operation_kind kind)
{
	return kinds[kind].name;
}

bool
operation_is_peaceful(enum operation_kind kind)
{
	switch (kind) {
	case OPERATION_FILL:
	case OPERATION_SCHEDULE:
		return false;
	default:
		return kind < OPERATION_CRASH || kind == OPERATION_CLOCK;
	}
}

static uint64_t
draw_size_max(const struct engine_options *options, struct random *random)
{
	return (uint64_t)options->segment_size *
	       (8 + random_below(random, 40));
}

static void
draw_geometry(struct plan *plan, struct random *random)
{
	static const uint32_t sizes[] = { 4096, 4096, 4096, 8192, 16384 };
	static const uint32_t counts[] = { 1, 2, 3, 8, 16, 64 };

	plan->options.segment_size = sizes[random_below(random, 5)];
	plan->options.file_segments = counts[random_below(random, 6)];
	if (random_percent(random, 25))
		plan->options.size_max = draw_size_max(&plan->options, random);
}

/* Of memory, and how often checkpoints are taken: 0 is the default. */
static void
draw_sizes(struct engine_options *options, struct random *random)
{
	/* A smaller one than the least keeps nothing. */
	static const uint64_t caches[] = {
		ENGINE_CACHE_NONE, 8192, CACHE_SIZE_LEAST, CACHE_SIZE_LEAST, 0
	};
	static const uint64_t separators[] = { 1, 16384, 65536, 1 << 20, 0 };
	static const uint64_t checkpoints[] = { 1, 4096, 8192, 32768, 0 };

	options->cache_size = caches[random_below(random, 5)];
	options->separator_size = separators[random_below(random, 5)];
	options->checkpoint_size = checkpoints[random_below(random, 5)];
	options->is_separation_eager = random_percent(random, 30);
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
	static const uint32_t graces_s[] = { 0, 5, 1000 };

	plan->gc_grace_s = graces_s[random_below(random, 3)];
	plan->syncs[ENGINE_SYNC_FULL] = random_percent(random, 80);
	plan->syncs[ENGINE_SYNC_GROUP] = random_percent(random, 30);
	plan->syncs[ENGINE_SYNC_OFF] = random_percent(random, 30);
	plan->has_kills = random_percent(random, 50);
	plan->has_power_cuts = !plan->has_kills || random_percent(random, 80);
	plan->has_expiry = random_percent(random, 40);
	plan->has_old_timestamps = random_percent(random, 60);
	plan->has_large_rows = random_percent(random, 60);
	plan->has_big_rows = random_percent(random, 25);
	plan->has_read_only = random_percent(random, 20);
	plan->faults = (struct disk_faults){
		.read_error = draw_chance(random),
		.write_error = draw_chance(random),
		.sync_error = 2 * draw_chance(random),
		.call_error = draw_chance(random) / 4,
	};
}

/* Some lives are for what takes many checkpoints and many reused places. */
static void
draw_churn(struct plan *plan, struct random *random, enum geometry geometry)
{
	/* Larger ones are open for several buffers. */
	static const uint32_t sizes[] = { 4096, 4096, 8192, 16384 };

	plan->is_churning = random_percent(random, CHURN_PERCENT);
	if (!plan->is_churning || geometry != GEOMETRY_SMALL)
		return;
	plan->options.segment_size = sizes[random_below(random, 4)];
	plan->options.file_segments = 8;
	plan->options.size_max = plan->options.segment_size *
				 (uint64_t)(16 + random_below(random, 32));
	plan->syncs[ENGINE_SYNC_FULL] = random_percent(random, 60);
	plan->syncs[ENGINE_SYNC_OFF] = !plan->syncs[ENGINE_SYNC_FULL] ||
				       random_percent(random, 40);
	plan->has_large_rows = false;
	plan->has_big_rows = false;
	plan->gc_grace_s = 0;
	plan->faults = (struct disk_faults){ 0 };
}

/* By random numbers of its own, as plan_change_options. */
static void
draw_memory(struct plan *plan)
{
	static const uint32_t chances[] = { 10, 100, 1000, 4000 };
	struct random random = { plan->seed ^ UINT64_C(0xaef17502108ef2d9) };

	if (random_percent(&random, REFUSALS_PERCENT))
		plan->memory_refusal = chances[random_below(&random, 4)];
}

static uint8_t
churn_weight(enum operation_kind kind, uint8_t weight)
{
	switch (kind) {
	case OPERATION_OVERWRITE:
	case OPERATION_FINISH:
		return 8;
	case OPERATION_COMPACT:
	case OPERATION_CHECKPOINT:
		return 12;
	case OPERATION_SPOIL:
		return 2;
	case OPERATION_SCHEDULE:
		return 6;
	case OPERATION_FAIL:
		return 5;
	case OPERATION_FLOOD:
	case OPERATION_BIG:
	case OPERATION_FILL:
	case OPERATION_ROOM:
		return 0;
	default:
		return weight;
	}
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
	if (geometry == GEOMETRY_SMALL)
		draw_geometry(plan, &random);
	draw_sizes(&plan->options, &random);
	plan->has_cached_rows = plan->options.cache_size == CACHE_SIZE_LEAST;
	draw_switches(plan, &random);
	draw_churn(plan, &random, geometry);
	draw_memory(plan);
	for (unsigned kind = 0; kind < OPERATION_KINDS; kind++) {
		weights[kind] = random_percent(&random, kinds[kind].percent) ?
					kinds[kind].weight :
					0;
		if (plan->is_churning)
			weights[kind] = churn_weight(kind, weights[kind]);
		sum += weights[kind];
	}
	plan->operations = memory_take(count * sizeof(*plan->operations));
	for (size_t i = 0; i < count; i++)
		plan->operations[i] = (struct operation){
			.kind = draw_kind(&random, weights, sum),
			.seed = random_next(&random),
		};
	/* Some edges are there only once in a life. */
	if (weights[OPERATION_SCHEDULE] > 0 && count > 0 &&
	    random_percent(&random, 50))
		plan->operations[0].kind = OPERATION_SCHEDULE;
}

/* By random numbers of its own: lives in which no opening changes anything stay
 * what they are. */
void
plan_change_options(const struct plan *plan, uint64_t opening,
		    struct engine_options *options)
{
	struct random random = { plan->seed ^ UINT64_C(0xd1b54a32d192ed03) };

	if (opening == 0 || !random_percent(&random, CHANGES_PERCENT))
		return;
	random.state += opening * UINT64_C(0x9e3779b97f4a7c15);
	draw_sizes(options, &random);
	if (options->segment_size == 0)
		return;
	options->size_max = random_percent(&random, 40) ?
				    ENGINE_SIZE_UNLIMITED :
				    draw_size_max(options, &random);
}

void
plan_finish(struct plan *plan)
{
	free(plan->operations);
	*plan = (struct plan){ 0 };
}
