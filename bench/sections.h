/* SPDX-License-Identifier: MIT
 *
 * The parts of bench/engine.c, each a file of its own.  They work in the
 * current directory. */
#ifndef BENCH_SECTIONS_H
#define BENCH_SECTIONS_H

#include <stdbool.h>

struct bench {
	bool is_full; /* not quick */
};

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
