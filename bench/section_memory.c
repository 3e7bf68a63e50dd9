/* SPDX-License-Identifier: MIT
 *
 * Rows that fit into memory: point reads from the cache and durable
 * overwrites while compaction runs, one thread, beside LMDB in turns. */
#include "bench/engine_side.h"
#include "bench/limits.h"
#include "bench/lmdb_side.h"
#include "bench/process.h"
#include "bench/sections.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SECONDS_MAX = 240, ROUNDS = 5, LIVE_PERCENT = 80 };

#define CACHE_SIZE (UINT64_C(2) << 30)

static struct engine_side
make_side(const struct bench *bench, uint32_t value_size)
{
	bool is_small = value_size == 100;

	return (struct engine_side){
		.path = "memory.db",
		.value_size = value_size,
		.rows = bench_count(bench, is_small ? 500000 : 150000,
				    is_small ? 2000000 : 500000),
		.seed = 1,
	};
}

static void
create(struct engine_side *side, const struct bench *bench)
{
	struct engine_options options = { .cache_size = CACHE_SIZE };

	if (bench->mode == BENCH_SMOKE)
		options.segment_size = 16 << 10;
	options.size_max =
		side->rows * side_record_size(side) / LIVE_PERCENT * 100;
	side_create(side, &options);
	side_load(side);
}

/* ---- point reads ---- */

static void
report_reads(unsigned batch, double engine, double renewed, double held)
{
	double factor = batch == 1 ? 1.5 : 2;
	char name[64], text[64];

	snprintf(name, sizeof(name),
		 batch == 1 ? "point reads from memory, singly"
			    : "point reads from memory, batches of %u",
		 batch);
	figure_print(&(struct figure){
		.name = name,
		.unit = "rows/s",
		.value = engine,
		.goal_is = GOAL_AT_LEAST,
		.goal = batch == 1 ? 1.5e6 : 4e6 });
	if (renewed == 0)
		return;
	snprintf(text, sizeof(text), "%g times LMDB", factor);
	snprintf(name, sizeof(name),
		 batch == 1 ? "… beside LMDB, singly"
			    : "… beside LMDB, batches of %u",
		 batch);
	figure_print(&(struct figure){
		.name = name,
		.unit = "times as many",
		.value = engine / renewed,
		.goal_is = GOAL_AT_LEAST,
		.goal = factor,
		.goal_text = text,
		.beside = "LMDB, rows/s",
		.beside_value = renewed,
		.details = { { "lmdb_in_one_transaction", held } } });
}

static void
measure_reads(void *context)
{
	static const unsigned batches[] = { 1, 16, 64 };
	const struct bench *bench = context;
	struct engine_side side = make_side(bench, 100);
	struct lmdb_side *lmdb =
		lmdb_side_create("memory.lmdb", side.rows, side.value_size);
	uint64_t reads = bench_count(bench, 640000, 2000000);

	create(&side, bench);
	/* Until the cache has what it takes. */
	side_read(&side, 64, 1, side.rows * 4);
	for (int i = 0; i < 3; i++) {
		double engine[ROUNDS], renewed[ROUNDS], held[ROUNDS];

		for (int round = 0; round < ROUNDS; round++) {
			engine[round] = side_read(&side, batches[i], 1, reads);
			if (!lmdb)
				continue;
			renewed[round] = lmdb_side_read(lmdb, batches[i],
							false, reads);
			held[round] = lmdb_side_read(lmdb, batches[i], true,
						     reads);
		}
		report_reads(batches[i], median(engine, ROUNDS),
			     lmdb ? median(renewed, ROUNDS) : 0,
			     lmdb ? median(held, ROUNDS) : 0);
	}
	figure_print(&(struct figure){
		.name = "dependent load of memory",
		.unit = "ns",
		.value = limit_memory_latency_ns(),
		.details = {
			{ "cache_bytes",
			  (double)side_statistics(&side).cache_bytes },
			{ "device_reads",
			  (double)side_statistics(&side).device_reads },
		} });
	lmdb_side_close(lmdb);
	side_close(&side);
}

/* ---- overwrites ---- */

struct overwriting {
	const struct bench *bench;
	uint32_t value_size;
	unsigned depth;
	char name[96];
};

static void
report_latency(const struct overwriting *trial, const char *which,
	       double value, double goal, const char *beside,
	       double beside_value)
{
	char name[128];

	snprintf(name, sizeof(name), "… %s, %s", which, trial->name);
	figure_print(&(struct figure){
		.name = name,
		.unit = "ms",
		.value = value,
		.goal_is = goal > 0 ? GOAL_AT_MOST : GOAL_NONE,
		.goal = goal,
		.beside = beside,
		.beside_value = beside_value });
}

static void
report_overwrites(const struct overwriting *trial, double rate,
		  double cpu_us, struct latencies *latencies,
		  const struct limit_writes *bare,
		  const struct engine_statistics *statistics)
{
	/* The goals are those of several batches in flight. */
	bool has_goal = trial->depth > 1;
	bool is_small = trial->value_size == 100;

	figure_print(&(struct figure){
		.name = trial->name,
		.unit = "rows/s",
		.value = rate,
		.goal_is = has_goal ? GOAL_AT_LEAST : GOAL_NONE,
		.goal = is_small ? 1e6 : 350e3,
		.beside = "bare durable writes of 128 KiB, depth 4, bytes/s",
		.beside_value = bare->per_second * 131072,
		.details = {
			{ "cpu_us_a_row", cpu_us },
			{ "compactions", (double)statistics->compactions },
			{ "segments_freed",
			  (double)statistics->segments_freed },
			{ "checkpoints", (double)statistics->checkpoints },
			{ "live_share", (double)statistics->live_bytes /
					(double)statistics->disk_bytes },
		} });
	report_latency(trial, "p99", latencies_quantile(latencies, 0.99),
		       has_goal && is_small ? 0.3 : 0, NULL, 0);
	report_latency(trial, "p999", latencies_quantile(latencies, 0.999),
		       has_goal && is_small ? 1 : 0,
		       "bare write of 128 KiB, p999", bare->p999_ms);
	report_latency(trial, "worst", latencies_quantile(latencies, 1),
		       has_goal && is_small ? 10 : 0,
		       "bare write of 128 KiB, worst", bare->worst_ms);
}

static void
measure_overwrites(void *context)
{
	const struct overwriting *trial = context;
	const struct bench *bench = trial->bench;
	struct engine_side side = make_side(trial->bench, trial->value_size);
	struct latencies latencies = { 0 };
	struct side_writer writer = { .side = &side, .depth = trial->depth };
	struct engine_statistics statistics;
	struct side_writer warm = { .side = &side, .depth = 32 };
	struct limit_writes bare;
	double start, cpu, rate;
	uint64_t rows;

	create(&side, trial->bench);
	side_overwrite(&warm, SKEW_UNIFORM, side.rows * 2,
		       bench_seconds(bench, 10, 30));
	writer.latencies = &latencies;
	cpu = process_cpu_seconds();
	start = stopwatch_now();
	rows = side_overwrite(&writer, SKEW_UNIFORM, UINT64_MAX,
			      bench_seconds(bench, 4, 15));
	rate = (double)rows / (stopwatch_now() - start);
	cpu = (process_cpu_seconds() - cpu) * 1e6 / (double)rows;
	statistics = side_statistics(&side);
	bare = limit_durable_writes(".", 131072, 4,
				    bench_seconds(bench, 4, 15));
	report_overwrites(trial, rate, cpu, &latencies, &bare, &statistics);
	latencies_finish(&latencies);
	side_close(&side);
}

static void
run_overwrites(const struct bench *bench, uint32_t value_size, unsigned depth)
{
	struct overwriting trial = { bench, value_size, depth, "" };

	snprintf(trial.name, sizeof(trial.name),
		 "durable overwrites, rows of %u, %u × 64 in flight",
		 value_size, depth);
	process_run(trial.name, SECONDS_MAX, measure_overwrites, &trial);
}

static void
measure_lmdb(void *context)
{
	const struct bench *bench = context;
	struct engine_side side = make_side(bench, 100);
	struct latencies latencies = { 0 };
	struct lmdb_side *lmdb =
		lmdb_side_create("memory.lmdb", side.rows, side.value_size);
	double rate;

	if (!lmdb)
		return;
	rate = lmdb_side_overwrite(lmdb, bench_seconds(bench, 3, 8),
				   &latencies);
	figure_print(&(struct figure){
		.name = "LMDB's durable overwrites, rows of 100, batches of 64",
		.unit = "rows/s",
		.value = rate,
		.details = {
			{ "p99_ms", latencies_quantile(&latencies, 0.99) },
			{ "p999_ms", latencies_quantile(&latencies, 0.999) },
			{ "worst_ms", latencies_quantile(&latencies, 1) },
		} });
	lmdb_side_close(lmdb);
	latencies_finish(&latencies);
}

void
section_memory(const struct bench *bench)
{
	struct bench copy = *bench;

	process_run("point reads from memory", SECONDS_MAX, measure_reads,
		    &copy);
	run_overwrites(bench, 100, 1);
	run_overwrites(bench, 100, 4);
	run_overwrites(bench, 100, 8);
	process_run("LMDB's overwrites", SECONDS_MAX, measure_lmdb, &copy);
	run_overwrites(bench, 1000, 8);
	side_remove("memory.db");
	side_remove("memory.lmdb");
}
