/* SPDX-License-Identifier: MIT
 *
 * What the machine itself can do, measured past the page cache and without the
 * engine: the same reads and writes as it would issue.  Taken in the same run
 * as the figure that they stand beside, because a shared disk's speed changes
 * by a factor of two within an hour.
 *
 * Failures end the program with a message. */
#ifndef BENCH_LIMITS_H
#define BENCH_LIMITS_H

#include "bench/figure.h"

enum { LIMITS_FILES_MAX = 4096, LIMITS_DEPTH_MAX = 128 };

/* The segment files of a database, or any other files, to be read. */
struct limit_files {
	int descriptors[LIMITS_FILES_MAX];
	uint64_t sizes[LIMITS_FILES_MAX];
	unsigned count;
	uint64_t size; /* bytes of all */
};

/* Files in ${directory} whose names end in ${suffix}. */
void limit_files_open(struct limit_files *files, const char *directory,
		      const char *suffix);
void limit_files_close(struct limit_files *files);

/* Random reads of the blocks that ${size} bytes somewhere touch, so many in
 * flight: a second. */
double limit_random_reads(const struct limit_files *files, uint32_t size,
			  unsigned depth, uint64_t reads, uint64_t *seed);
/* Reads of 1 MiB in order, four in flight: bytes a second. */
double limit_sequential_reads(const struct limit_files *files,
			      double seconds);

struct limit_writes {
	double per_second;
	double p999_ms;
	double worst_ms;
};
/* Durable writes (O_DIRECT, O_DSYNC) to a file that was written before. */
struct limit_writes limit_durable_writes(const char *directory, size_t size,
					 unsigned depth, double seconds);

/* One load of memory that depends on the one before, nanoseconds. */
double limit_memory_latency_ns(void);

/* What is in the page cache of the directory's files is forgotten. */
void limit_drop_caches(const char *directory);

#endif
