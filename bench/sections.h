/* SPDX-License-Identifier: MIT
 *
 * The parts of bench/engine.c, each a file of its own.  They work in the
 * current directory. */
#ifndef BENCH_SECTIONS_H
#define BENCH_SECTIONS_H

#include <stdint.h>

enum bench_mode {
	BENCH_SMOKE, /* shows that it works; the figures mean nothing */
	BENCH_QUICK, /* minutes */
	BENCH_FULL
};

struct bench {
	enum bench_mode mode;
};

/* How many, or for how long. */
static inline uint64_t
bench_count(const struct bench *bench, uint64_t quick, uint64_t full)
{
	return bench->mode == BENCH_FULL    ? full
	       : bench->mode == BENCH_QUICK ? quick
					    : quick / 25;
}

static inline double
bench_seconds(const struct bench *bench, double quick, double full)
{
	return bench->mode == BENCH_FULL    ? full
	       : bench->mode == BENCH_QUICK ? quick
					    : quick / 25;
}

/* What the disk and the memory can do. */
void section_machine(const struct bench *bench);
/* Write amplification in the steady state. */
void section_amplification(const struct bench *bench);
/* Memory a key, and the time to open. */
void section_keys(const struct bench *bench);
/* Reads and overwrites of what fits into memory, beside LMDB. */
void section_memory(const struct bench *bench);
/* Reads and scans of what doesn't. */
void section_disk(const struct bench *bench);

#endif
