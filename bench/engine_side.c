/* SPDX-License-Identifier: MIT */
#include "bench/engine_side.h"
#include "bench/process.h"

#include "storage/format/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
must(int status, const struct error *error)
{
	if (status < 0)
		process_fail(error->message);
	return status;
}

static void
wait_for(struct engine_side *side, int64_t us)
{
	struct error error = ERROR_INIT;

	must(engine_poll(side->engine, us, &error), &error);
}

void
side_key(uint64_t number, uint8_t key[SIDE_KEY_SIZE])
{
	uint64_t words[2] = { number_hash(number), number };

	memcpy(key, words, SIDE_KEY_SIZE);
}

void
side_value(uint64_t number, uint64_t version, uint8_t *value, uint32_t size)
{
	uint64_t words[2] = { number, version };

	memset(value, (int)(version % 251), size);
	memcpy(value, words, size < sizeof(words) ? size : sizeof(words));
}

uint64_t
side_record_size(const struct engine_side *side)
{
	return record_size(RECORD_ROW, SIDE_KEY_SIZE, side->value_size);
}

/* ---- opening ---- */

void
side_remove(const char *path)
{
	char command[4096];

	/* The paths are ours: the caller's directory and a name. */
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	if (system(command) != 0)
		exit(EXIT_FAILURE);
}

void
side_open(struct engine_side *side, const struct engine_options *options)
{
	struct error error = ERROR_INIT;
	struct io *io;

	must(io_uring_create(side->path, true, &io, &error), &error);
	must(engine_open(io, options, &side->engine, &error), &error);
	side->table = ENGINE_TABLE_FIRST;
}

/* One write of the schema, durable. */
static void
change_tables(struct engine_side *side, enum engine_write_kind kind,
	      uint32_t table)
{
	struct engine_write write = {
		.kind = kind,
		.table = table,
		.timestamp_us = engine_timestamp_us(side->engine),
	};
	struct error error = ERROR_INIT;
	uint64_t lsn = 0;

	while (must(engine_write(side->engine, &write, 1, &lsn, &error),
		    &error) == ENGINE_PENDING)
		wait_for(side, -1);
	while (must(engine_commit(side->engine, lsn, &error), &error) ==
	       ENGINE_PENDING)
		wait_for(side, -1);
}

void
side_create(struct engine_side *side, const struct engine_options *options)
{
	side_remove(side->path);
	side_open(side, options);
	if (engine_allocate_table(side->engine) != side->table)
		process_fail("the first table has another number");
	change_tables(side, ENGINE_WRITE_CREATE_TABLE, side->table);
}

void
side_make_room(struct engine_side *side, uint64_t rows)
{
	uint32_t table = side->table;
	uint64_t kept = side->rows;

	side->table = engine_allocate_table(side->engine);
	side->rows = rows;
	change_tables(side, ENGINE_WRITE_CREATE_TABLE, side->table);
	side_load(side);
	change_tables(side, ENGINE_WRITE_DROP_TABLE, side->table);
	side->table = table;
	side->rows = kept;
}

void
side_close(struct engine_side *side)
{
	struct error error = ERROR_INIT;

	must(engine_close(side->engine, &error), &error);
	side->engine = NULL;
}

struct engine_statistics
side_statistics(const struct engine_side *side)
{
	struct engine_statistics statistics;

	engine_get_statistics(side->engine, &statistics);
	return statistics;
}

void
side_compact(struct engine_side *side)
{
	struct error error = ERROR_INIT;

	while (must(engine_compact(side->engine, NULL, &error), &error) ==
	       ENGINE_PENDING)
		wait_for(side, -1);
}

void
side_checkpoint(struct engine_side *side)
{
	struct error error = ERROR_INIT;

	while (must(engine_checkpoint(side->engine, &error), &error) ==
	       ENGINE_PENDING)
		wait_for(side, -1);
}

/* ---- writing ---- */

uint64_t
side_pick(struct engine_side *side, enum side_skew skew)
{
	uint64_t random = number_next(&side->seed), hot = side->rows / 10;

	if (skew == SKEW_UNIFORM)
		return random % side->rows;
	return random % 10 < 9 ? random / 10 % hot
			       : hot + random / 10 % (side->rows - hot);
}

/* True when the oldest is durable. */
static bool
retire(struct side_writer *writer)
{
	struct error error = ERROR_INIT;
	unsigned first = writer->first;
	int status = engine_commit(writer->side->engine,
				   writer->waiting[first].lsn, &error);

	if (must(status, &error) == ENGINE_PENDING)
		return false;
	if (writer->latencies)
		latencies_add(writer->latencies,
			      stopwatch_now() - writer->waiting[first].start);
	writer->first = (first + 1) % SIDE_DEPTH_MAX;
	writer->count--;
	return true;
}

static void
retire_to(struct side_writer *writer, unsigned count)
{
	while (writer->count > 0) {
		if (retire(writer))
			continue;
		if (writer->count <= count)
			break;
		wait_for(writer->side, -1);
	}
}

static uint64_t
append(struct engine_side *side, const uint64_t *numbers, size_t count)
{
	static uint8_t keys[SIDE_BATCH][SIDE_KEY_SIZE];
	static uint8_t values[SIDE_BATCH][SIDE_VALUE_MAX];
	struct engine_write writes[SIDE_BATCH];
	struct error error = ERROR_INIT;
	uint64_t lsn = 0;

	for (size_t i = 0; i < count; i++) {
		side_key(numbers[i], keys[i]);
		side_value(numbers[i], ++side->version, values[i],
			   side->value_size);
		writes[i] = (struct engine_write){
			.kind = ENGINE_WRITE_ROW,
			.table = side->table,
			.key = slice_make(keys[i], SIDE_KEY_SIZE),
			.value = slice_make(values[i], side->value_size),
			.timestamp_us = engine_timestamp_us(side->engine),
		};
	}
	while (must(engine_write(side->engine, writes, count, &lsn, &error),
		    &error) == ENGINE_PENDING)
		wait_for(side, -1);
	return lsn;
}

void
side_write(struct side_writer *writer, const uint64_t *numbers, size_t count)
{
	double start = writer->latencies ? stopwatch_now() : 0;
	struct error error = ERROR_INIT;
	unsigned last;

	last = (writer->first + writer->count) % SIDE_DEPTH_MAX;
	writer->waiting[last].start = start;
	writer->waiting[last].lsn = append(writer->side, numbers, count);
	writer->count++;
	writer->rows += count;
	/* All of them are asked for at once; what has completed is noticed. */
	(void)must(engine_commit(writer->side->engine,
				 writer->waiting[last].lsn, &error),
		   &error);
	wait_for(writer->side, 0);
	retire_to(writer, writer->depth - 1);
}

void
side_drain(struct side_writer *writer)
{
	retire_to(writer, 0);
}

void
side_load(struct engine_side *side)
{
	struct side_writer writer = { .side = side, .depth = 32 };
	uint64_t numbers[SIDE_BATCH];

	for (uint64_t at = 0; at < side->rows;) {
		size_t count = 0;

		while (count < SIDE_BATCH && at < side->rows)
			numbers[count++] = at++;
		side_write(&writer, numbers, count);
	}
	side_drain(&writer);
}

uint64_t
side_overwrite(struct side_writer *writer, enum side_skew skew, uint64_t rows,
	       double seconds)
{
	double end = stopwatch_now() + seconds;
	uint64_t before = writer->rows;
	uint64_t numbers[SIDE_BATCH];

	while (writer->rows - before < rows && stopwatch_now() < end) {
		for (size_t i = 0; i < SIDE_BATCH; i++)
			numbers[i] = side_pick(writer->side, skew);
		side_write(writer, numbers, SIDE_BATCH);
	}
	side_drain(writer);
	return writer->rows - before;
}

/* ---- reading ---- */

struct side_reader {
	struct engine_read read;
	struct engine_row rows[SIDE_READ_MAX];
	uint8_t keys[SIDE_READ_MAX][SIDE_KEY_SIZE];
	uint64_t numbers[SIDE_READ_MAX];
	bool is_used;
};

static void
reader_start(struct engine_side *side, struct side_reader *reader,
	     unsigned batch)
{
	reader->read = (struct engine_read){
		.table = side->table, .rows = reader->rows, .count = batch
	};
	for (unsigned i = 0; i < batch; i++) {
		reader->numbers[i] = side_pick(side, SKEW_UNIFORM);
		side_key(reader->numbers[i], reader->keys[i]);
		reader->rows[i] = (struct engine_row){
			.key = slice_make(reader->keys[i], SIDE_KEY_SIZE)
		};
	}
	reader->is_used = true;
}

/* True when it is done; what was read is looked at. */
static bool
reader_step(struct engine_side *side, struct side_reader *reader)
{
	struct error error = ERROR_INIT;
	int status = engine_read(side->engine, &reader->read, &error);

	if (must(status, &error) == ENGINE_PENDING)
		return false;
	for (size_t i = 0; i < reader->read.count; i++) {
		const struct engine_row *row = &reader->rows[i];

		if (row->state != ENGINE_ROW_LIVE ||
		    row->value.size != side->value_size ||
		    memcmp(row->value.data, &reader->numbers[i],
			   sizeof(uint64_t)) != 0)
			process_fail("a row isn't what was written");
	}
	engine_read_finish(side->engine, &reader->read);
	reader->is_used = false;
	return true;
}

double
side_read(struct engine_side *side, unsigned batch, unsigned depth,
	  uint64_t rows)
{
	static struct side_reader readers[SIDE_DEPTH_MAX];
	uint64_t started = 0, done = 0;
	double start = stopwatch_now();

	while (done < rows) {
		bool has_moved = false;

		for (unsigned i = 0; i < depth; i++) {
			if (!readers[i].is_used && started < rows) {
				reader_start(side, &readers[i], batch);
				started += batch;
			}
			if (readers[i].is_used &&
			    reader_step(side, &readers[i])) {
				done += batch;
				has_moved = true;
			}
		}
		if (!has_moved && done < rows)
			wait_for(side, -1);
	}
	return (double)done / (stopwatch_now() - start);
}

struct side_scan
side_scan(struct engine_side *side, double seconds_max)
{
	struct engine_scan_range range = { .table = side->table,
					   .first_token = INT64_MIN,
					   .last_token = INT64_MAX };
	struct error error = ERROR_INIT;
	struct side_scan result = { 0 };
	double start = stopwatch_now();
	struct engine_scan *scan;
	struct engine_row row;
	int status;

	must(engine_scan_open(side->engine, &range, &scan, &error), &error);
	while ((status = must(engine_scan_next(scan, &row, &error), &error)) !=
	       ENGINE_END) {
		if (status == ENGINE_PENDING) {
			wait_for(side, -1);
			continue;
		}
		if (row.value.size != side->value_size)
			process_fail("a row isn't what was written");
		if (++result.rows % 1024 == 0 &&
		    stopwatch_now() - start > seconds_max)
			break;
	}
	result.seconds = stopwatch_now() - start;
	engine_scan_close(scan);
	return result;
}
