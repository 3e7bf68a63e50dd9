/* SPDX-License-Identifier: MIT
 *
 * Memory: of what the simulator takes there is always enough, and of what the
 * engine takes some is refused.  The linker leads its calls here (--wrap), so
 * that this is one for the process, as malloc is. */
#ifndef TESTS_SIMULATOR_MEMORY_H
#define TESTS_SIMULATOR_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* The simulator's own: never NULL, freed by free(). */
void *memory_take(size_t size);
void *memory_take_zeroed(size_t count, size_t size);
void *memory_grow(void *memory, size_t size);
char *memory_copy_text(const char *text);

/* A new life: the same seed refuses the same, and nothing at first. */
void memory_begin(uint64_t seed);
/* From now on the engine is refused ${chance} of 10,000 allocations. */
void memory_refuse(uint32_t chance);
/* How many it was refused in this life. */
uint64_t memory_refused(void);

#endif
