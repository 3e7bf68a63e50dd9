/* SPDX-License-Identifier: MIT
 *
 * What a statement answered, or should have: an error's code, or rows. */
#ifndef TESTS_ORACLE_RESULT_H
#define TESTS_ORACLE_RESULT_H

#include "base/arena.h"
#include "base/buffer.h"

enum cell_kind {
	CELL_VALUE = 0,  /* these bytes, or null */
	CELL_NOW_US,     /* a timestamp that the server gave in this run */
	CELL_TTL_MOST    /* an int: ${number} or a few seconds less */
};

struct cell {
	enum cell_kind kind;
	int64_t number;
	struct slice bytes;
};

struct result {
	int error_code; /* 0: none */
	struct slice message;
	unsigned column_count;
	size_t row_count;
	size_t capacity;
	struct cell *cells; /* row by row, malloc'ed */
	struct arena arena; /* of bytes and message */
};

void result_finish(struct result *result);
/* A new row of ${result->column_count} null cells. */
struct cell *result_add_row(struct result *result);

/* Times between which the run took place, for CELL_NOW_US. */
struct result_clock {
	int64_t start_us;
	int64_t now_us;
};

/* Is ${actual} what ${expected} says?  Otherwise false, and ${why} tells. */
bool result_match(const struct result *expected, const struct result *actual,
		  const struct result_clock *clock, struct buffer *why);

void result_print(const struct result *result, struct buffer *out);

#endif
