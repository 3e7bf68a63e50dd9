/* SPDX-License-Identifier: MIT
 *
 * What the compiler is told beyond C11: the only place for attributes. */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include <stddef.h>

/* On every function that returns a negative number when it fails. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* What only assertions use, which a build may go without. */
#define MAYBE_UNUSED __attribute__((unused))

#define PRINTF_LIKE(format_at, first) \
	__attribute__((format(printf, format_at, first)))

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The structure that contains ${member} at ${pointer}. */
#define CONTAINER_OF(pointer, type, member) \
	((type *)(void *)((char *)(pointer) - offsetof(type, member)))

#endif
