/* SPDX-License-Identifier: MIT */
#include "tests/support/unit.h"

#include "planner/row.h"
#include "tests/unit/planner/schema_fixture.h"

#include <stdlib.h>
#include <string.h>

static struct table *
make_table(const char *cql)
{
	struct error error = ERROR_INIT;
	struct table *table;

	if (fixture_build(cql, &table, &error) < 0)
		fail_msg("%s: %s", cql, error.message);
	return table;
}

/* Columns by name: a, k, m, z; ids are given in the order written. */
static const char definition[] =
	"CREATE TABLE ks.t (z int, k int PRIMARY KEY, a text, m blob)";

static int
decode(const struct table *table, const struct row_shape *shape,
       struct slice bytes, struct slice *values)
{
	struct error error = ERROR_INIT;
	uint8_t flags;
	int result = row_decode(table, shape, bytes, &flags, values, &error);

	if (result < 0)
		assert_non_null(strstr(error.message, "ks.t"));
	return result;
}

TEST(a_shape_has_the_regular_columns_by_id)
{
	struct table *table = make_table(definition);
	const struct row_shape *shape = row_shape_get(table);

	assert_non_null(shape);
	assert_ptr_equal(row_shape_get(table), shape);
	assert_int_equal(shape->count, 3);
	for (uint32_t i = 1; i < shape->count; i++)
		assert_true(shape->columns[i - 1]->id < shape->columns[i]->id);
	for (uint32_t i = 0; i < shape->count; i++)
		assert_int_equal(row_slot(table, shape, shape->columns[i]),
				 i);
	table_release(table);
}

TEST(a_row_decodes_to_what_was_encoded)
{
	struct table *table = make_table(definition);
	const struct row_shape *shape = row_shape_get(table);
	struct arena arena = { 0 };
	const struct slice samples[] = {
		SLICE_NULL, SLICE(""), SLICE("x"),
		slice_make(arena_allocate_bytes(&arena, 100000), 100000),
	};

	for (unsigned i = 0; i < 4 * 4 * 4; i++) {
		struct slice in[3] = { samples[i % 4], samples[i / 4 % 4],
				       samples[i / 16] };
		struct slice out[3];
		struct error error = ERROR_INIT;
		uint8_t flags;
		struct slice bytes = row_encode(shape, i % 2, in, &arena);

		assert_false(slice_is_null(bytes));
		assert_int_equal(row_decode(table, shape, bytes, &flags, out,
					    &error), 0);
		assert_int_equal(flags, i % 2);
		for (int j = 0; j < 3; j++) {
			assert_int_equal(slice_is_null(in[j]),
					 slice_is_null(out[j]));
			assert_true(slice_is_equal(in[j], out[j]));
		}
	}
	arena_finish(&arena);
	table_release(table);
}

TEST(the_bytes_are_those_of_the_format)
{
	struct table *table = make_table(
		"CREATE TABLE ks.t (k int PRIMARY KEY, v text)");
	const struct row_shape *shape = row_shape_get(table);
	struct arena arena = { 0 };
	struct slice value = SLICE("ab");
	struct slice bytes = row_encode(shape, ROW_HAS_MARKER, &value, &arena);
	const uint8_t expected[] = { 1, 1, (uint8_t)shape->columns[0]->id, 2,
				     'a', 'b' };

	assert_int_equal(bytes.size, sizeof(expected));
	assert_memory_equal(bytes.data, expected, sizeof(expected));
	arena_finish(&arena);
	table_release(table);
}

/* What a table no longer has is skipped; what a row hasn't is null. */
TEST(columns_that_came_and_went_do_no_harm)
{
	struct table *wide = make_table(
		"CREATE TABLE ks.t (k int PRIMARY KEY, a int, b int, c int,"
		" d int)");
	struct table *narrow = make_table(
		"CREATE TABLE ks.t (k int PRIMARY KEY, a int, b int)");
	const struct row_shape *shape = row_shape_get(wide);
	struct arena arena = { 0 };
	struct slice in[4] = { SLICE("1"), SLICE("2"), SLICE("3"),
			       SLICE("4") };
	struct slice out[4];
	struct slice bytes = row_encode(shape, 1, in, &arena);

	assert_int_equal(decode(narrow, row_shape_get(narrow), bytes, out),
			 0);
	assert_true(slice_is_equal(out[0], in[0]));
	assert_true(slice_is_equal(out[1], in[1]));
	bytes = row_encode(row_shape_get(narrow), 1, in, &arena);
	assert_int_equal(decode(wide, shape, bytes, out), 0);
	assert_true(slice_is_null(out[2]));
	assert_true(slice_is_null(out[3]));
	arena_finish(&arena);
	table_release(wide);
	table_release(narrow);
}

TEST(hostile_rows_are_refused)
{
	static const struct {
		const char *why;
		uint8_t size;
		uint8_t bytes[24];
	} cases[] = {
		{ "empty", 0, { 0 } },
		{ "no flags", 1, { 1 } },
		{ "a newer version", 2, { 2, 1 } },
		{ "version 0", 2, { 0, 1 } },
		{ "times of columns", 2, { 1, 3 } },
		{ "an unknown flag", 2, { 1, 0x81 } },
		{ "an id without a size", 3, { 1, 1, 1 } },
		{ "a value that ends early", 5, { 1, 1, 1, 2, 'a' } },
		{ "a size beyond everything", 14,
		  { 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 1, 'a' } },
		{ "an id of more than 64 bits", 14,
		  { 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0x7f, 0, 0 } },
		{ "an id of more than 32 bits", 8,
		  { 1, 1, 0xff, 0xff, 0xff, 0xff, 0x1f, 0 } },
		{ "a column twice", 6, { 1, 1, 2, 0, 2, 0 } },
		{ "columns out of order", 6, { 1, 1, 3, 0, 2, 0 } },
	};
	struct table *table = make_table(definition);
	const struct row_shape *shape = row_shape_get(table);

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct slice values[3];
		/* On the heap and to the byte, so that a sanitizer sees reads
		 * beyond it. */
		uint8_t *bytes = malloc(cases[i].size + 1u);
		int result;

		memcpy(bytes, cases[i].bytes, cases[i].size);
		result = decode(table, shape,
				slice_make(bytes, cases[i].size), values);
		free(bytes);
		if (result != -ERROR_CORRUPT)
			fail_msg("%s: %d", cases[i].why, result);
	}
	table_release(table);
}

/* Whatever a byte turns into: values inside the row, or an error. */
TEST(mutated_rows_never_lead_outside)
{
	struct table *table = make_table(definition);
	const struct row_shape *shape = row_shape_get(table);
	struct arena arena = { 0 };
	struct slice in[3] = { SLICE("hello"), SLICE(""), SLICE("world") };
	struct slice row = row_encode(shape, 1, in, &arena);
	uint8_t *bytes = malloc(row.size);
	unsigned accepted = 0;

	for (size_t i = 0; i < row.size; i++) {
		for (unsigned value = 0; value < 256; value++) {
			struct slice out[3];

			memcpy(bytes, row.data, row.size);
			bytes[i] = (uint8_t)value;
			if (decode(table, shape, slice_make(bytes, row.size),
				   out) < 0)
				continue;
			accepted++;
			for (int j = 0; j < 3; j++)
				assert_true(slice_is_null(out[j]) ||
					    (out[j].data >= bytes &&
					     out[j].data + out[j].size <=
						     bytes + row.size));
		}
	}
	assert_true(accepted > 0);
	free(bytes);
	arena_finish(&arena);
	table_release(table);
}

UNIT_MAIN()
