/* SPDX-License-Identifier: MIT
 *
 * Bytes that reach the device for each byte of key and value that is written,
 * when a database of bounded size has been overwritten so often that what
 * compaction finds doesn't change any more. */
#include "bench/engine_side.h"
#include "bench/process.h"
#include "bench/sections.h"

#include <math.h>
#include <stdio.h>

enum {
	/* Percent of what is allocated: so much is live, at least, before the
	 * engine takes more by itself, and so much makes it take everything. */
	LIVE_BY_ITSELF = 80,
	LIVE_OF_EVERYTHING = 88,
	SECONDS_MAX = 240
};

struct trial {
	const struct bench *bench;
	uint32_t value_size;
	unsigned live_percent;
	enum side_skew skew;
	char name[96];
};

/* Lambert's W, the branch that we need: -1/e < x < 0. */
static double
lambert(double x)
{
	double w = -0.5;

	for (int i = 0; i < 100; i++)
		w -= (w * exp(w) - x) / (exp(w) * (w + 1));
	return w;
}

/* Greedy cleaning under uniform overwrites. */
static double
theory(double share)
{
	double a = 1 / share;

	return a / (a + lambert(-a * exp(-a)));
}

/* Theory knows nothing of record headers, checkpoints and skew. */
static double
goal(const struct trial *trial, double record_size)
{
	double payload = SIDE_KEY_SIZE + (double)trial->value_size;

	if (trial->live_percent == 80 && trial->value_size == 1000)
		return trial->skew == SKEW_UNIFORM ? 3.0 : 2.2;
	if (trial->live_percent == 80 && trial->value_size == 100)
		return trial->skew == SKEW_UNIFORM ? 4.1 : 3.1;
	return theory(trial->live_percent / 100.0) * 1.1 * record_size /
	       payload;
}

struct written {
	uint64_t user, engine, kernel, checkpoints;
	uint64_t moved, rows;
	double seconds;
};

static struct written
written_now(const struct engine_side *side, uint64_t rows)
{
	struct engine_statistics statistics = side_statistics(side);

	return (struct written){
		.user = statistics.user_bytes_written,
		.engine = statistics.device_bytes_written,
		.kernel = process_device_bytes_written(),
		.checkpoints = statistics.checkpoint_bytes_written,
		.moved = statistics.moved_bytes,
		.rows = rows,
		.seconds = stopwatch_now(),
	};
}

static void
report(const struct trial *trial, const struct engine_side *side,
       const struct written *before, const struct written *after)
{
	struct engine_statistics statistics = side_statistics(side);
	double record = (double)side_record_size(side);
	double user = (double)(after->user - before->user);
	double kernel = (double)(after->kernel - before->kernel);
	double engine = (double)(after->engine - before->engine);
	double seconds = after->seconds - before->seconds;

	figure_print(&(struct figure){
		.name = trial->name,
		.unit = "device bytes / user bytes",
		/* The kernel's count when there is one: it misses nothing. */
		.value = (kernel > engine ? kernel : engine) / user,
		.goal_is = GOAL_AT_MOST,
		.goal = goal(trial, record),
		.beside = "theory, uniform, greedy, with record headers",
		.beside_value = theory(trial->live_percent / 100.0) * record /
				(SIDE_KEY_SIZE + (double)trial->value_size),
		.details = {
			{ "by_engine", engine / user },
			{ "checkpoints",
			  (double)(after->checkpoints - before->checkpoints) /
				  user },
			{ "moved", (double)(after->moved - before->moved) /
					   user },
			{ "live_share", (double)statistics.live_bytes /
						(double)statistics.disk_bytes },
			{ "rows_per_s",
			  (double)(after->rows - before->rows) / seconds },
			{ "overwritten", (double)after->rows /
						 (double)side->rows },
		},
	});
}

static void
measure(void *context)
{
	const struct trial *trial = context;
	const struct bench *bench = trial->bench;
	bool is_full = bench->mode == BENCH_FULL;
	struct engine_side side = { .path = "amplification.db",
				    .value_size = trial->value_size,
				    .seed = 1 };
	struct engine_options options = {
		.size_max = bench_count(bench, 256 << 20, 256 << 20)
	};
	struct side_writer writer = { .side = &side, .depth = 16 };
	struct written before, after;

	if (bench->mode == BENCH_SMOKE)
		options.segment_size = 16 << 10;
	side.rows = options.size_max * trial->live_percent / 100 /
		    side_record_size(&side);
	side_create(&side, &options);
	side_load(&side);
	if (trial->live_percent < LIVE_BY_ITSELF)
		side_make_room(&side, side.rows * LIVE_OF_EVERYTHING /
					      trial->live_percent - side.rows);
	side_overwrite(&writer, trial->skew, side.rows * (is_full ? 5 : 3),
		       bench_seconds(bench, 40, 90));
	before = written_now(&side, writer.rows);
	side_overwrite(&writer, trial->skew, side.rows * (is_full ? 3 : 2),
		       bench_seconds(bench, 30, 60));
	after = written_now(&side, writer.rows);
	report(trial, &side, &before, &after);
	side_close(&side);
}

static void
run(const struct bench *bench, uint32_t value_size, unsigned live_percent,
    enum side_skew skew)
{
	struct trial trial = { bench, value_size, live_percent, skew, "" };

	snprintf(trial.name, sizeof(trial.name), "%u %% live, rows of %u, %s",
		 live_percent, value_size,
		 skew == SKEW_UNIFORM ? "uniform" : "90/10");
	process_run(trial.name, SECONDS_MAX, measure, &trial);
}

void
section_amplification(const struct bench *bench)
{
	static const unsigned shares[] = { 50, 70, 80, 90 };
	static const uint32_t sizes[] = { 1000, 100 };

	for (int size = 0; size < 2; size++) {
		for (int share = 0; share < 4; share++) {
			if (bench->mode != BENCH_FULL && shares[share] != 80)
				continue;
			run(bench, sizes[size], shares[share], SKEW_UNIFORM);
			run(bench, sizes[size], shares[share], SKEW_90_10);
		}
	}
	side_remove("amplification.db");
}
