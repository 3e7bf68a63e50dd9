/* SPDX-License-Identifier: MIT */
#include "types/collection.h"

#include "base/limits.h"
#include "base/pack.h"
#include "tests/unit/types/literal.h"

#include <stdlib.h>

#include "tests/support/unit.h"

TEST(sets_and_maps_are_sorted_and_the_last_of_equals_wins)
{
	static const struct {
		const char *type, *written, *kept;
	} rows[] = {
		{ "list<int>", "[3, 1, 3, 2]", "[3, 1, 3, 2]" },
		{ "set<int>", "{3, -1, 3, 2}", "{-1, 2, 3}" },
		{ "set<text>", "{'b', 'a', 'b', 'a'}", "{'a', 'b'}" },
		{ "map<int, text>", "{2: 'a', 1: 'b', 2: 'c', 1: 'd'}",
		  "{1: 'd', 2: 'c'}" },
		{ "map<int, text>", "{1: 'a', 1: 'b', 1: 'c'}", "{1: 'c'}" },
		{ "set<float>", "{NaN, 0.0, -0.0, NaN}",
		  "{-0.0, 0.0, NaN}" },
		{ "set<frozen<list<int>>>", "{[2], [], [1, 5], [1]}",
		  "{[], [1], [1, 5], [2]}" },
		{ "tuple<int, text>", "(1)", "(1, null)" },
		{ "tuple<int, text>", "(null, 'a')", "(null, 'a')" },
	};
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct type *type = literal_type(&arena, rows[i].type);
		struct slice value = literal_value(&arena, type,
						   rows[i].written);

		assert_int_equal(value_validate(type, value, NULL), 0);
		assert_string_equal(literal_print(&arena, type, value,
						  VALUE_LITERAL),
				    rows[i].kept);
	}
	arena_finish(&arena);
}

/* Enough elements that merging is needed; keys repeat, so that stability
 * shows: the value tells which of the equals came last. */
TEST(large_maps_keep_the_last_of_each_key)
{
	enum { GROUPS = 5000, KEYS = 700 };
	static uint8_t bytes[GROUPS][8];
	static struct slice values[GROUPS * 2];
	static uint32_t last[KEYS];
	struct arena arena = { 0 };
	const struct type *type = literal_type(&arena, "map<int, int>");
	struct buffer out = { 0 };

	for (uint32_t i = 0; i < GROUPS; i++) {
		uint32_t key = i * 37 % KEYS;

		store_u32_be(bytes[i], key);
		store_u32_be(bytes[i] + 4, i);
		last[key] = i;
		values[2 * i] = slice_make(bytes[i], 4);
		values[2 * i + 1] = slice_make(bytes[i] + 4, 4);
	}
	assert_int_equal(collection_build(type, values, 2 * GROUPS, &out,
					  NULL), 0);
	assert_int_equal(value_validate(type, buffer_slice(&out), NULL), 0);
	assert_int_equal(load_u32_be(out.data), KEYS);
	for (uint32_t key = 0; key < KEYS; key++) {
		const uint8_t *group = out.data + 4 + 16 * key;

		assert_int_equal(load_u32_be(group + 4), key);
		assert_int_equal(load_u32_be(group + 12), last[key]);
	}
	buffer_finish(&out);
	arena_finish(&arena);
}

TEST(what_cannot_be_inside_is_refused)
{
	static const struct {
		const char *type, *written, *message;
	} rows[] = {
		{ "list<int>", "[1, null]",
		  "null is not supported inside collections" },
		{ "set<int>", "{null}",
		  "null is not supported inside collections" },
		{ "map<int, int>", "{1: null}",
		  "null is not supported inside collections" },
		{ "list<tinyint>", "[1, 200]",
		  "Unable to make byte from '200'" },
	};
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct type *type = literal_type(&arena, rows[i].type);
		struct slice text = slice_from_string(rows[i].written);
		struct slice value;
		struct error error = ERROR_INIT;

		assert_int_equal(literal_read(&arena, type, &text, &value,
					      &error), -ERROR_INVALID);
		assert_string_equal(error.message, rows[i].message);
	}
	arena_finish(&arena);
}

TEST(a_tuple_takes_no_more_than_its_components)
{
	struct arena arena = { 0 };
	const struct type *type = literal_type(&arena, "tuple<int>");
	struct slice values[2] = { SLICE_NULL, SLICE_NULL };
	struct error error = ERROR_INIT;
	struct buffer out = { 0 };

	assert_int_equal(collection_build(type, values, 2, &out, &error),
			 -ERROR_INVALID);
	assert_string_equal(error.message,
			    "Invalid tuple literal: too many elements, the "
			    "type has 1 but got 2");
	assert_int_equal(out.size, 0);
	buffer_finish(&out);
	arena_finish(&arena);
}

TEST(the_wire_encoding_of_each_kind)
{
	static const struct {
		const char *type, *written;
		struct slice bytes;
	} rows[] = {
		{ "list<tinyint>", "[]", SLICE_LITERAL("\0\0\0\0") },
		{ "set<tinyint>", "{2, 1}",
		  SLICE_LITERAL("\0\0\0\2\0\0\0\1\1\0\0\0\1\2") },
		{ "map<tinyint, text>", "{5: 'a'}",
		  SLICE_LITERAL("\0\0\0\1\0\0\0\1\5\0\0\0\1a") },
		{ "tuple<tinyint, text, blob>", "(1, null, 0x)",
		  SLICE_LITERAL("\0\0\0\1\1\xff\xff\xff\xff\0\0\0\0") },
	};
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_true(slice_is_equal(
			literal_value(&arena,
				      literal_type(&arena, rows[i].type),
				      rows[i].written),
			rows[i].bytes));
	arena_finish(&arena);
}

TEST(walking_gives_what_was_put_in)
{
	struct arena arena = { 0 };
	const struct type *type = literal_type(&arena,
					       "map<text, tinyint>");
	struct slice value = literal_value(&arena, type,
					   "{'a': 1, 'b': 2}");
	static const struct slice expected[] = {
		SLICE_LITERAL("a"), SLICE_LITERAL("\1"), SLICE_LITERAL("b"),
		SLICE_LITERAL("\2")
	};
	struct collection_cursor cursor;
	const struct type *element_type;
	struct slice element;

	assert_int_equal(collection_begin(type, value, &cursor, NULL), 4);
	assert_int_equal(cursor.count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(collection_next(&cursor, &element_type,
						 &element, NULL), 0);
		assert_int_equal(element_type->kind,
				 i % 2 ? TYPE_TINYINT : TYPE_TEXT);
		assert_true(slice_is_equal(element, expected[i]));
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(collection_next(&cursor, &element_type,
						 &element, NULL),
				 COLLECTION_END);
	arena_finish(&arena);
}

TEST(a_tuple_that_ends_early_has_nulls)
{
	struct arena arena = { 0 };
	const struct type *type = literal_type(&arena, "tuple<int, text>");
	struct collection_cursor cursor;
	const struct type *element_type;
	struct slice element;

	assert_int_equal(collection_begin(type, SLICE("\0\0\0\4\0\0\0\1"),
					  &cursor, NULL), 2);
	assert_int_equal(collection_next(&cursor, &element_type, &element,
					 NULL), 0);
	assert_int_equal(element.size, 4);
	assert_int_equal(collection_next(&cursor, &element_type, &element,
					 NULL), 0);
	assert_true(slice_is_null(element));
	assert_int_equal(element_type->kind, TYPE_TEXT);
	assert_int_equal(collection_next(&cursor, &element_type, &element,
					 NULL), COLLECTION_END);
	arena_finish(&arena);
}

TEST(a_collection_has_a_largest_size)
{
	enum { COUNT = TERMS_MAX * 2 + 1 };
	struct slice *values = malloc(COUNT * sizeof(*values));
	struct arena arena = { 0 };
	const struct type *type = literal_type(&arena, "list<blob>");
	struct error error = ERROR_INIT;
	struct buffer out = { 0 };

	assert_non_null(values);
	for (size_t i = 0; i < COUNT; i++)
		values[i] = SLICE("");
	assert_int_equal(collection_build(type, values, COUNT, &out, &error),
			 -ERROR_INVALID);
	free(values);
	buffer_finish(&out);
	arena_finish(&arena);
}

UNIT_MAIN()
