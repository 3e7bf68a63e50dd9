/* SPDX-License-Identifier: MIT
 *
 * Memory for each key, and the time to open: after a clean close, from the
 * checkpoint, and after a crash, with a log that was written since. */
#include "bench/engine_side.h"
#include "bench/limits.h"
#include "bench/process.h"
#include "bench/sections.h"

#include <unistd.h>

enum { VALUE_SIZE = 100, SECONDS_MAX = 240 };

/* What the children tell each other. */
struct keys_run {
	uint64_t keys;
	uint64_t log_bytes; /* to be written after the checkpoint */
	double clean_seconds;
	double log_written;
	double sequential;  /* bytes a second, read */
	double checkpoint_bytes;
};

static struct engine_side
make_side(const struct keys_run *run)
{
	return (struct engine_side){ .path = "keys.db",
				     .value_size = VALUE_SIZE,
				     .rows = run->keys,
				     .seed = 1 };
}

static const struct engine_options options = {
	.cache_size = ENGINE_CACHE_NONE
};

/* ---- memory ---- */

static void
load(void *context)
{
	struct keys_run *run = context;
	struct engine_side side = make_side(run);
	double keys = (double)run->keys, before, peak;
	struct engine_statistics statistics;

	before = (double)process_resident_bytes();
	side_create(&side, &options);
	side_load(&side);
	statistics = side_statistics(&side);
	if (statistics.keys != run->keys)
		process_fail("keys are missing");
	peak = ((double)process_resident_bytes_max() - before) / keys;
	figure_print(&(struct figure){
		.name = "memory, peak while growing",
		.unit = "bytes/key",
		.value = peak,
		.goal_is = GOAL_AT_MOST,
		.goal = 36,
		.details = {
			{ "keys", keys },
			{ "resident_at_the_end",
			  ((double)process_resident_bytes() - before) / keys },
			{ "index", (double)statistics.index_bytes / keys },
			{ "checkpoints", (double)statistics.checkpoints },
		} });
	side_checkpoint(&side);
	side_close(&side);
}

/* ---- opening ---- */

struct opened {
	double seconds;
	double cpu_seconds;
};

static struct opened
timed_open(struct engine_side *side)
{
	double start, cpu_start;

	limit_drop_caches(side->path);
	start = stopwatch_now();
	cpu_start = process_cpu_seconds();
	side_open(side, &options);
	return (struct opened){ stopwatch_now() - start,
				process_cpu_seconds() - cpu_start };
}

static void
open_clean(void *context)
{
	struct keys_run *run = context;
	struct engine_side side = make_side(run);
	double keys = (double)run->keys;
	struct opened opened = timed_open(&side);

	run->clean_seconds = opened.seconds;
	if (side_statistics(&side).keys != run->keys)
		process_fail("keys are missing");
	figure_print(&(struct figure){
		.name = "opening after a clean close",
		.unit = "keys/s",
		.value = keys / run->clean_seconds,
		.goal_is = GOAL_AT_LEAST,
		.goal = 15e6,
		.beside = "reading the checkpoint in order",
		.beside_value = run->sequential / run->checkpoint_bytes * keys,
		.details = {
			{ "seconds", run->clean_seconds },
			{ "cpu_seconds", opened.cpu_seconds },
			{ "keys", keys },
			{ "checkpoint_bytes_a_key",
			  run->checkpoint_bytes / keys },
			{ "recovered_records",
			  (double)side_statistics(&side).recovered_records },
		} });
	side_close(&side);
}

/* The checkpoint stays behind: none is due for so much log. */
static void
write_and_crash(void *context)
{
	struct keys_run *run = context;
	struct engine_side side = make_side(run);
	struct engine_options late = options;
	struct side_writer writer = { .side = &side, .depth = 32 };
	struct engine_statistics before, after;

	late.checkpoint_size = UINT64_C(1) << 50;
	side_open(&side, &late);
	before = side_statistics(&side);
	side_overwrite(&writer, SKEW_UNIFORM,
		       run->log_bytes / side_record_size(&side), 60);
	after = side_statistics(&side);
	run->log_written = (double)(after.user_bytes_written -
				    before.user_bytes_written) *
			   (double)side_record_size(&side) /
			   (SIDE_KEY_SIZE + VALUE_SIZE);
	_exit(0);
}

static void
open_crashed(void *context)
{
	struct keys_run *run = context;
	struct engine_side side = make_side(run);
	struct opened opened = timed_open(&side);
	double log_seconds = opened.seconds - run->clean_seconds;
	struct engine_statistics statistics = side_statistics(&side);
	/* What compaction moved meanwhile is a part of the log, too. */
	double log_read = (double)statistics.recovered_records *
			  (double)side_record_size(&side);

	if (statistics.keys != run->keys)
		process_fail("keys are missing");
	figure_print(&(struct figure){
		.name = "opening after a crash: the log since",
		.unit = "bytes/s",
		.value = log_read / log_seconds,
		.goal_is = GOAL_AT_LEAST,
		.goal = 0.9 * run->sequential,
		.goal_text = "90 % of sequential reads",
		.beside = "sequential reads",
		.beside_value = run->sequential,
		.details = {
			{ "seconds", opened.seconds },
			{ "cpu_seconds", opened.cpu_seconds },
			{ "log_seconds", log_seconds },
			{ "log_bytes", log_read },
			{ "log_bytes_of_users", run->log_written },
			{ "recovered_records",
			  (double)statistics.recovered_records },
			{ "records_per_s",
			  (double)statistics.recovered_records / log_seconds },
		} });
	side_close(&side);
}

/* In the parent: the files are closed. */
static void
measure_limits(struct keys_run *run)
{
	static struct limit_files files;

	limit_files_open(&files, "keys.db", ".segments");
	run->sequential = limit_sequential_reads(&files, 2);
	limit_files_close(&files);
	limit_files_open(&files, "keys.db", ".checkpoint");
	run->checkpoint_bytes = 0;
	/* Two are kept; the last one has all keys. */
	for (unsigned i = 0; i < files.count; i++) {
		if (run->checkpoint_bytes < (double)files.sizes[i])
			run->checkpoint_bytes = (double)files.sizes[i];
	}
	limit_files_close(&files);
}

static bool
make_database(struct keys_run *run)
{
	return process_run("memory, peak while growing", SECONDS_MAX, load,
			   run);
}

void
section_keys(const struct bench *bench)
{
	struct keys_run *run = process_share(sizeof(*run));

	run->keys = bench_count(bench, 2000000, 10000000);
	run->log_bytes = bench_count(bench, 1u << 28, 1u << 30);
	if (!make_database(run))
		return;
	measure_limits(run);
	if (process_run("opening after a clean close", SECONDS_MAX, open_clean,
			run) &&
	    process_run("writing before the crash", SECONDS_MAX,
			write_and_crash, run))
		process_run("opening after a crash: the log since",
			    SECONDS_MAX, open_crashed, run);
	side_remove("keys.db");
}
