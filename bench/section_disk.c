/* SPDX-License-Identifier: MIT
 *
 * Rows that aren't in memory: point reads, full scans before and after
 * compaction, and what a row takes on the disk. */
#include "bench/engine_side.h"
#include "bench/limits.h"
#include "bench/process.h"
#include "bench/sections.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SECONDS_MAX = 300, ROUNDS = 3, SCAN_SECONDS = 15 };

static const struct engine_options options = {
	.cache_size = ENGINE_CACHE_NONE
};

/* ---- point reads ---- */

/* Few enough that hardly any finds its block in the page cache. */
static uint64_t
read_count(const struct limit_files *files)
{
	uint64_t reads = files->size / 4096 * 3 / 100;

	return reads - reads % 128;
}

struct read_result {
	double engine; /* a second */
	double device;
	uint64_t rows, device_reads, bytes;
};

static void
measure_round(struct engine_side *side, struct limit_files *files,
	      unsigned batch, unsigned depth, struct read_result *result)
{
	uint64_t reads = read_count(files), seed = side->seed + 1000000007;
	uint64_t bytes, device_reads;

	/* One at a time is slow: a part is enough. */
	if (batch * depth == 1)
		reads /= 4;
	limit_drop_caches(side->path);
	/* Where files lie on the disk is read again, too. */
	side_read(side, 1, 1, 64);
	bytes = process_device_bytes_read();
	device_reads = side_statistics(side).device_reads;
	result->engine = side_read(side, batch, depth, reads);
	result->bytes += process_device_bytes_read() - bytes;
	result->device_reads +=
		side_statistics(side).device_reads - device_reads;
	result->rows += reads;
	result->device =
		limit_random_reads(files, (uint32_t)side_record_size(side),
				   batch * depth, reads, &seed);
}

static void
measure_reads(struct engine_side *side, struct limit_files *files,
	      unsigned batch, unsigned depth)
{
	double engine[ROUNDS], device[ROUNDS], limit;
	struct read_result result = { 0 };
	char name[96];

	for (int i = 0; i < ROUNDS; i++) {
		measure_round(side, files, batch, depth, &result);
		engine[i] = result.engine;
		device[i] = result.device;
	}
	limit = median(device, ROUNDS);
	snprintf(name, sizeof(name), "point reads from disk, %u × %u in flight",
		 depth, batch);
	figure_print(&(struct figure){
		.name = name,
		.unit = "rows/s",
		.value = median(engine, ROUNDS),
		/* The goal is that of batches. */
		.goal_is = batch == 1 ? GOAL_NONE : GOAL_AT_LEAST,
		.goal = 0.9 * limit,
		.goal_text = "90 % of the device",
		.beside = "bare reads of the same blocks at that depth",
		.beside_value = limit,
		.details = {
			{ "rows", (double)result.rows },
			{ "bytes_read_a_row",
			  (double)result.bytes / (double)result.rows },
		} });
	snprintf(name, sizeof(name), "… device reads a row, %u × %u", depth,
		 batch);
	figure_print(&(struct figure){
		.name = name,
		.unit = "reads/row",
		.value = (double)result.device_reads / (double)result.rows,
		.goal_is = GOAL_AT_MOST,
		.goal = 1 });
}

/* ---- scans ---- */

static void
measure_scan(struct engine_side *side, const struct limit_files *files,
	     bool is_compacted)
{
	double payload = SIDE_KEY_SIZE + (double)side->value_size;
	double limit = limit_sequential_reads(files, 1), rate;
	struct side_scan scan;

	limit_drop_caches(side->path);
	scan = side_scan(side, SCAN_SECONDS);
	rate = (double)scan.rows * payload / scan.seconds;
	figure_print(&(struct figure){
		.name = is_compacted ? "full scan after COMPACT"
				     : "full scan before COMPACT",
		.unit = "live bytes/s",
		.value = rate,
		.goal_is = is_compacted ? GOAL_AT_LEAST : GOAL_NONE,
		.goal = limit / 2,
		.goal_text = "half of sequential reads",
		.beside = "sequential reads",
		.beside_value = limit,
		.details = {
			{ "rows", (double)scan.rows },
			{ "rows_of", (double)side->rows },
			{ "seconds", scan.seconds },
		} });
}

/* ---- room ---- */

static void
report_overhead(const struct engine_side *side)
{
	struct engine_statistics statistics = side_statistics(side);
	double used = (double)(statistics.segments - statistics.segments_free) *
		      ((double)statistics.disk_bytes /
		       (double)statistics.segments);
	double rows = (double)side->rows;
	double payload = SIDE_KEY_SIZE + (double)side->value_size;
	char name[64];

	snprintf(name, sizeof(name), "on disk beside a row of %u",
		 side->value_size);
	figure_print(&(struct figure){
		.name = name,
		.unit = "bytes/row",
		.value = used / rows - payload,
		.goal_is = GOAL_AT_MOST,
		.goal = 48,
		.beside = "its record's own part",
		.beside_value = (double)side_record_size(side) - payload,
		.details = {
			{ "files",
			  (double)statistics.disk_bytes / rows - payload },
			{ "segments", (double)statistics.segments },
			{ "segments_free",
			  (double)statistics.segments_free },
		} });
}

static void
measure_large(void *context)
{
	static struct limit_files files;
	const struct bench *bench = context;
	struct engine_side side = { .path = "disk.db",
				    .value_size = 1000,
				    .seed = 1,
				    .rows = bench_count(bench, 500000,
							4000000) };
	double start;

	side_create(&side, &options);
	side_load(&side);
	limit_files_open(&files, side.path, ".segments");
	measure_reads(&side, &files, 1, 1);
	measure_reads(&side, &files, 4, 8);
	measure_reads(&side, &files, 16, 8);
	measure_scan(&side, &files, false);
	limit_files_close(&files);
	start = stopwatch_now();
	side_compact(&side);
	figure_print(&(struct figure){
		.name = "COMPACT",
		.unit = "live bytes/s",
		.value = (double)side_statistics(&side).live_bytes /
			 (stopwatch_now() - start) });
	limit_files_open(&files, side.path, ".segments");
	measure_scan(&side, &files, true);
	limit_files_close(&files);
	report_overhead(&side);
	side_close(&side);
}

static void
measure_small(void *context)
{
	const struct bench *bench = context;
	struct engine_side side = { .path = "disk.db",
				    .value_size = 100,
				    .seed = 1,
				    .rows = bench_count(bench, 1000000,
							5000000) };

	side_create(&side, &options);
	side_load(&side);
	side_compact(&side);
	report_overhead(&side);
	side_close(&side);
}

void
section_disk(const struct bench *bench)
{
	struct bench copy = *bench;

	process_run("reads and scans from disk", SECONDS_MAX, measure_large,
		    &copy);
	process_run("room of small rows", SECONDS_MAX, measure_small, &copy);
	side_remove("disk.db");
}
