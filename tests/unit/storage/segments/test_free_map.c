/* SPDX-License-Identifier: MIT */
#include "storage/segments/free_map.h"

#include "tests/support/unit.h"

enum { SEGMENTS = 200 };

TEST(what_is_new_is_not_free)
{
	struct free_map map = { 0 };

	assert_true(free_map_reserve(&map, 1));
	free_map_set(&map, 0);
	assert_true(free_map_reserve(&map, SEGMENTS));
	assert_int_equal(free_map_find(&map, 0, SEGMENTS, true), 0);
	assert_int_equal(free_map_find(&map, 1, SEGMENTS, true), SEGMENTS);
	assert_int_equal(free_map_find(&map, 0, SEGMENTS, false), 1);
	assert_int_equal(free_map_find(&map, 7, 7, false), 7);
	free_map_finish(&map);
}

/* Against a look at each. */
TEST(the_next_one_is_found_from_everywhere)
{
	struct free_map map = { 0 };
	bool is_free[SEGMENTS] = { false };
	uint32_t random = 1;

	assert_true(free_map_reserve(&map, SEGMENTS));
	for (int round = 0; round < 300; round++) {
		uint32_t at, first, end, expected;
		bool wanted = round % 2 == 0;

		random = random * 1664525 + 1013904223;
		at = (random >> 8) % SEGMENTS;
		is_free[at] = !is_free[at];
		if (is_free[at])
			free_map_set(&map, at);
		else
			free_map_clear(&map, at);
		end = SEGMENTS - (random >> 20) % 70;
		for (first = 0; first <= end; first++) {
			expected = first;
			while (expected < end && is_free[expected] != wanted)
				expected++;
			assert_int_equal(free_map_find(&map, first, end,
						       wanted),
					 expected);
		}
	}
	free_map_finish(&map);
}

UNIT_MAIN()
