/* SPDX-License-Identifier: MIT */
#include "tests/oracle/result.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

void
result_finish(struct result *result)
{
	free(result->cells);
	arena_finish(&result->arena);
	*result = (struct result){ 0 };
}

struct cell *
result_add_row(struct result *result)
{
	size_t first = result->row_count * result->column_count;
	size_t needed = first + result->column_count;

	if (needed > result->capacity) {
		result->capacity = needed * 2;
		result->cells = realloc(result->cells, result->capacity *
						       sizeof(struct cell));
		assert(result->cells);
	}
	for (size_t i = first; i < needed; i++)
		result->cells[i] = (struct cell){ .bytes = SLICE_NULL };
	result->row_count++;
	return &result->cells[first];
}

static int64_t
number_of(struct slice bytes)
{
	uint64_t number = bytes.data[0] & 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < bytes.size; i++)
		number = number << 8 | bytes.data[i];
	return (int64_t)number;
}

/* A clock may run ahead of the wall's after a restart, but not by much; and
 * a whole second may pass between two looks at it. */
static bool
cell_match(const struct cell *expected, const struct cell *actual,
	   const struct result_clock *clock)
{
	const int64_t minute_us = 60000000;
	int64_t number;

	switch (expected->kind) {
	case CELL_NOW_US:
		if (actual->bytes.size != 8)
			return false;
		number = number_of(actual->bytes);
		return number >= clock->start_us - minute_us &&
		       number <= clock->now_us + minute_us;
	case CELL_TTL_MOST:
		if (actual->bytes.size != 4)
			return false;
		number = number_of(actual->bytes);
		return number <= expected->number + 1 &&
		       number >= expected->number - 2;
	default:
		return slice_is_null(expected->bytes)
			? slice_is_null(actual->bytes)
			: !slice_is_null(actual->bytes) &&
			  slice_is_equal(expected->bytes, actual->bytes);
	}
}

static bool
rows_match(const struct result *expected, const struct result *actual,
	   const struct result_clock *clock, struct buffer *why)
{
	size_t width = expected->column_count;

	for (size_t i = 0; i < expected->row_count * width; i++) {
		if (cell_match(&expected->cells[i], &actual->cells[i], clock))
			continue;
		buffer_printf(why, "row %zu, column %zu", i / width + 1,
			      i % width + 1);
		return false;
	}
	return true;
}

bool
result_match(const struct result *expected, const struct result *actual,
	     const struct result_clock *clock, struct buffer *why)
{
	if (expected->error_code != actual->error_code)
		buffer_printf(why, "error code %04x, expected %04x",
			      (unsigned)actual->error_code,
			      (unsigned)expected->error_code);
	else if (expected->column_count != actual->column_count)
		buffer_printf(why, "%u columns, expected %u",
			      actual->column_count, expected->column_count);
	else if (expected->row_count != actual->row_count)
		buffer_printf(why, "%zu rows, expected %zu", actual->row_count,
			      expected->row_count);
	else
		return rows_match(expected, actual, clock, why);
	return false;
}

static void
print_cell(const struct cell *cell, struct buffer *out)
{
	if (cell->kind == CELL_NOW_US) {
		buffer_append_string(out, "now");
	} else if (cell->kind == CELL_TTL_MOST) {
		buffer_printf(out, "at most %" PRId64, cell->number);
	} else if (slice_is_null(cell->bytes)) {
		buffer_append_string(out, "null");
	} else {
		buffer_append_string(out, "0x");
		for (size_t i = 0; i < cell->bytes.size; i++)
			buffer_printf(out, "%02x", cell->bytes.data[i]);
	}
}

void
result_print(const struct result *result, struct buffer *out)
{
	if (result->error_code != 0)
		buffer_printf(out, "-- error %04x: %.*s\n",
			      (unsigned)result->error_code,
			      SLICE_ARGUMENTS(result->message));
	for (size_t row = 0; row < result->row_count; row++) {
		buffer_append_string(out, "--    ");
		for (unsigned i = 0; i < result->column_count; i++) {
			if (i > 0)
				buffer_append_string(out, " | ");
			print_cell(&result->cells[row * result->column_count +
						  i],
				   out);
		}
		buffer_append_byte(out, '\n');
	}
	buffer_printf(out, "-- (%zu rows)\n", result->row_count);
}
