/* SPDX-License-Identifier: MIT
 *
 * Benchmarks in processes of their own, so that each has fresh memory and
 * counters and nothing that goes wrong ends the others; and what the kernel
 * counts of a process. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include "bench/figure.h"

/* Runs ${work} in a child, for at most so long.  False when it failed; then a
 * line of JSON under ${name} says why. */
bool process_run(const char *name, unsigned seconds_max,
		 void (*work)(void *context), void *context);

/* In a child: says why ${name} can't be measured, and ends it. */
_Noreturn void process_fail(const char *reason);

/* Zeros that child and parent both see; never given back. */
void *process_share(size_t size);

/* Of this process, from /proc; 0 where the kernel doesn't say. */
uint64_t process_device_bytes_written(void);
uint64_t process_device_bytes_read(void);
/* User and system. */
double process_cpu_seconds(void);
uint64_t process_resident_bytes(void);
uint64_t process_resident_bytes_max(void);

#endif
