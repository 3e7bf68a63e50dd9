/* SPDX-License-Identifier: MIT */
#include "tests/simulator/memory.h"

#include "tests/oracle/random.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int file,
		  off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file,
		  off_t offset);

static struct {
	struct random random;
	uint32_t chance;
	uint64_t refused;
} memory;

/* ---- the simulator's own ---- */

static void *
must(void *taken)
{
	if (taken == NULL)
		abort();
	return taken;
}

void *
memory_take(size_t size)
{
	return must(__real_malloc(size));
}

void *
memory_take_zeroed(size_t count, size_t size)
{
	return must(__real_calloc(count, size));
}

void *
memory_grow(void *taken, size_t size)
{
	return must(__real_realloc(taken, size));
}

char *
memory_copy_text(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(memory_take(size), text, size);
}

/* ---- the engine's ---- */

void
memory_begin(uint64_t seed)
{
	memory.random.state = seed ^ UINT64_C(0x94d049bb133111eb);
	memory.chance = 0;
	memory.refused = 0;
}

void
memory_refuse(uint32_t chance)
{
	memory.chance = chance;
}

uint64_t
memory_refused(void)
{
	return memory.refused;
}

static bool
is_refused(void)
{
	if (memory.chance == 0 ||
	    random_below(&memory.random, 10000) >= memory.chance)
		return false;
	memory.refused++;
	return true;
}

void *
__wrap_malloc(size_t size)
{
	return is_refused() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return is_refused() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *taken, size_t size)
{
	return is_refused() ? NULL : __real_realloc(taken, size);
}

int
__wrap_posix_memalign(void **taken, size_t alignment, size_t size)
{
	return is_refused() ? ENOMEM :
			      __real_posix_memalign(taken, alignment, size);
}

void *
__wrap_mmap(void *at, size_t size, int protection, int flags, int file,
	    off_t offset)
{
	if (!is_refused())
		return __real_mmap(at, size, protection, flags, file, offset);
	errno = ENOMEM;
	return MAP_FAILED;
}
