/* SPDX-License-Identifier: MIT */
#include "storage/segments/death_map.h"

#include "tests/support/unit.h"

enum { SEGMENT = 4096, LAST = SEGMENT - 40 };

TEST(nothing_is_known_before_a_life_begins)
{
	struct death_map map = { 0 };

	assert_true(death_map_get(&map, 0, 200));
	assert_false(death_map_is_known(&map, 0));
	assert_true(death_map_reserve(&map, 2, SEGMENT));
	assert_true(death_map_get(&map, 1, 200));
	assert_true(death_map_get(&map, 1, LAST));
	assert_false(death_map_is_known(&map, 1));
	assert_true(death_map_get(&map, 2, 200));
	death_map_set(&map, 2, 200); /* beyond the map: forgotten */
	death_map_finish(&map);
}

TEST(a_death_is_seen_in_its_unit_alone)
{
	struct death_map map = { 0 };

	assert_true(death_map_reserve(&map, 3, SEGMENT));
	death_map_clear(&map, 1);
	assert_true(death_map_is_known(&map, 1));
	death_map_set(&map, 1, 2 * DEATH_MAP_UNIT + 8);
	death_map_set(&map, 1, LAST);
	for (uint32_t at = 0; at < SEGMENT; at += 8) {
		uint32_t unit = at / DEATH_MAP_UNIT;

		assert_int_equal(death_map_get(&map, 1, at),
				 unit == 2 || unit == LAST / DEATH_MAP_UNIT);
	}
	assert_true(death_map_is_known(&map, 1));
	assert_false(death_map_is_known(&map, 0));
	assert_false(death_map_is_known(&map, 2));
	death_map_finish(&map);
}

TEST(what_is_known_stays_when_the_map_grows)
{
	struct death_map map = { 0 };

	assert_true(death_map_reserve(&map, 1, SEGMENT));
	death_map_clear(&map, 0);
	death_map_set(&map, 0, 300);
	assert_true(death_map_reserve(&map, 100, SEGMENT));
	assert_true(death_map_get(&map, 0, 300));
	assert_false(death_map_get(&map, 0, 500));
	assert_false(death_map_is_known(&map, 99));
	death_map_clear(&map, 0);
	assert_false(death_map_get(&map, 0, 300));
	death_map_finish(&map);
}

UNIT_MAIN()
