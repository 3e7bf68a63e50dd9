/* SPDX-License-Identifier: MIT
 *
 * The engine as a benchmark drives it: a table of rows that are numbered, with
 * keys of 16 bytes and values of one size, written in batches of which several
 * may be on their way, as a server would.
 *
 * Failures print a line of JSON and end the process: see process_run(). */
#ifndef BENCH_ENGINE_SIDE_H
#define BENCH_ENGINE_SIDE_H

#include "bench/figure.h"
#include "storage/engine.h"

enum {
	SIDE_KEY_SIZE = 16,
	SIDE_BATCH = 64,
	SIDE_VALUE_MAX = 4096,
	SIDE_DEPTH_MAX = 64
};

struct engine_side {
	struct engine *engine;
	const char *path;
	uint32_t table;
	uint32_t value_size;
	uint64_t rows;
	uint64_t seed;
	uint64_t version; /* of the value that is written next */
};

/* The key of row ${number}; any two differ. */
void side_key(uint64_t number, uint8_t key[SIDE_KEY_SIZE]);
/* Begins with the number, then the version. */
void side_value(uint64_t number, uint64_t version, uint8_t *value,
		uint32_t size);

/* Bytes of a row's record on the disk. */
uint64_t side_record_size(const struct engine_side *side);

/* Makes a new database at side->path (what is there is removed) or opens the
 * one that is there. */
void side_create(struct engine_side *side,
		 const struct engine_options *options);
void side_open(struct engine_side *side, const struct engine_options *options);
void side_close(struct engine_side *side);
void side_remove(const char *path);

struct engine_statistics side_statistics(const struct engine_side *side);
void side_compact(struct engine_side *side);
void side_checkpoint(struct engine_side *side);

/* ---- writing ---- */

/* Which rows are overwritten. */
enum side_skew {
	SKEW_UNIFORM,
	SKEW_90_10 /* nine writes of ten go to a tenth of the rows */
};
uint64_t side_pick(struct engine_side *side, enum side_skew skew);

/* Batches of SIDE_BATCH rows; ${depth} of them may wait to become durable. */
struct side_writer {
	struct engine_side *side;
	unsigned depth;
	struct latencies *latencies; /* append to durable; may be NULL */
	struct {
		uint64_t lsn;
		double start;
	} waiting[SIDE_DEPTH_MAX];
	unsigned first;
	unsigned count;
	uint64_t rows; /* that were written */
};
/* Appends a batch of these rows; waits while ${depth} are on their way. */
void side_write(struct side_writer *writer, const uint64_t *numbers,
		size_t count);
/* Waits until all are durable. */
void side_drain(struct side_writer *writer);

/* Every row once, in the order of the numbers. */
void side_load(struct engine_side *side);
/* Writes ${rows} rows of a table that is dropped then: files grow, and what it
 * took is free. */
void side_make_room(struct engine_side *side, uint64_t rows);

/* Overwrites at least so many rows, or for so long, whichever ends first;
 * returns how many. */
uint64_t side_overwrite(struct side_writer *writer, enum side_skew skew,
			uint64_t rows, double seconds);

/* ---- reading ---- */

enum { SIDE_READ_MAX = 64 };

/* Reads random rows in batches of ${batch}, of which ${depth} are on their way
 * together; each must be there. A second. */
double side_read(struct engine_side *side, unsigned batch, unsigned depth,
		 uint64_t rows);

struct side_scan {
	uint64_t rows;
	double seconds;
};
/* All rows in order, or as many as there are in so many seconds. */
struct side_scan side_scan(struct engine_side *side, double seconds_max);

#endif
