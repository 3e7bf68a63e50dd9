/* SPDX-License-Identifier: MIT */
#include "base/slice.h"

#include "tests/support/unit.h"

TEST(null_and_empty_are_different_things)
{
	assert_true(slice_is_null(SLICE_NULL));
	assert_false(slice_is_null(SLICE("")));
	assert_int_equal(SLICE("").size, 0);
}

TEST(bytes_compare_unsigned_and_prefixes_come_first)
{
	static const struct {
		struct slice a, b;
		int order;
	} rows[] = {
		{ SLICE_LITERAL(""), SLICE_LITERAL(""), 0 },
		{ SLICE_LITERAL(""), SLICE_LITERAL("a"), -1 },
		{ SLICE_LITERAL("a"), SLICE_LITERAL("ab"), -1 },
		{ SLICE_LITERAL("b"), SLICE_LITERAL("ab"), 1 },
		{ SLICE_LITERAL("\x80"), SLICE_LITERAL("\x7f"), 1 },
		{ SLICE_LITERAL("a\0b"), SLICE_LITERAL("a\0c"), -1 },
		{ SLICE_LITERAL("a\0b"), SLICE_LITERAL("a\0b"), 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(slice_compare(rows[i].a, rows[i].b),
				 rows[i].order);
		assert_int_equal(slice_compare(rows[i].b, rows[i].a),
				 -rows[i].order);
		assert_int_equal(slice_is_equal(rows[i].a, rows[i].b),
				 rows[i].order == 0);
	}
	assert_int_equal(slice_compare(SLICE_NULL, SLICE("")), 0);
}

TEST(only_ascii_letters_lose_their_case)
{
	assert_true(slice_is_equal_ignoring_case(SLICE("SeLeCt"),
						 SLICE("sElEcT")));
	assert_false(slice_is_equal_ignoring_case(SLICE("a"), SLICE("ab")));
	assert_false(slice_is_equal_ignoring_case(SLICE("@"), SLICE("`")));
	assert_false(slice_is_equal_ignoring_case(SLICE("["), SLICE("{")));
	assert_false(slice_is_equal_ignoring_case(SLICE("\xc3\x89"),
						  SLICE("\xc3\xa9")));
}

TEST(the_rest_of_a_slice_starts_at_its_offset)
{
	assert_true(slice_is_equal(slice_from(SLICE("abc"), 1), SLICE("bc")));
	assert_true(slice_is_equal(slice_from(SLICE("abc"), 3), SLICE("")));
}

TEST(edit_distance_counts_single_changes)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} rows[] = {
		{ "", "", 0 },		    { "", "abc", 3 },
		{ "users", "users", 0 },    { "user", "users", 1 },
		{ "usres", "users", 2 },    { "kitten", "sitting", 3 },
		{ "USERS", "users", 0 },    { "abc", "xyz", 3 },
		{ "flaw", "lawn", 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice a = slice_from_string(rows[i].a);
		struct slice b = slice_from_string(rows[i].b);

		assert_int_equal(slice_edit_distance(a, b),
				 rows[i].distance);
		assert_int_equal(slice_edit_distance(b, a),
				 rows[i].distance);
	}
}

TEST(long_names_are_never_near)
{
	char name[65];

	memset(name, 'a', sizeof(name));
	assert_true(slice_edit_distance(slice_make(name, 65),
					slice_make(name, 65)) > 64);
	assert_int_equal(slice_edit_distance(slice_make(name, 64),
					     slice_make(name, 63)), 1);
}

UNIT_MAIN()
