/* SPDX-License-Identifier: MIT
 *
 * Which write sequences may be missing, and where a stream ends. */
#include "storage/recovery/log_map.h"
#include "tests/support/unit.h"

static void
add(struct log_map *map, uint64_t sequence, bool ends_batch)
{
	struct buffer_header header = {
		.write_sequence = sequence,
		.flags = ends_batch ? BUFFER_ENDS_BATCH : 0,
		.part_count = 1,
		.data_size = 40,
	};
	struct error error = ERROR_INIT;

	assert_int_equal(log_map_add(map, &header, &error), 0);
}

static void
add_all(struct log_map *map, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++)
		add(map, i, true);
}

static struct log_verdict
judge(struct log_map *map, struct log_rules rules)
{
	static const struct void_list none;
	struct log_verdict verdict;

	if (rules.voids == NULL)
		rules.voids = &none;
	log_map_judge(map, &rules, &verdict);
	return verdict;
}

TEST(up_to_the_watermark_everything_must_be_there)
{
	struct log_map map = { 0 };
	struct log_verdict verdict;

	add_all(&map, 4, 6);
	add_all(&map, 1, 2);
	verdict = judge(&map, (struct log_rules){ .watermark = 6 });
	assert_int_equal(verdict.missing, 3);
	assert_int_equal(verdict.before_missing->last, 2);
	verdict = judge(&map, (struct log_rules){ .watermark = 2 });
	assert_int_equal(verdict.missing, 0);
	assert_int_equal(verdict.accepted, 2);
	add(&map, 3, false);
	verdict = judge(&map, (struct log_rules){ .watermark = 2 });
	assert_int_equal(verdict.missing, 0);
	assert_int_equal(verdict.accepted, 6);
	log_map_finish(&map);
}

TEST(at_or_below_the_base_nothing_is_asked_for)
{
	struct log_map map = { 0 };
	struct log_rules rules = { .base = 10, .watermark = 12 };

	add(&map, 3, true);
	add_all(&map, 11, 13);
	assert_int_equal(judge(&map, rules).missing, 0);
	assert_int_equal(judge(&map, rules).accepted, 13);
	rules.base = 9;
	assert_int_equal(judge(&map, rules).missing, 10);
	log_map_finish(&map);
}

TEST(freed_lives_may_be_missing_in_whole_or_in_part)
{
	static const struct void_range freed[] = { { 2, 4 }, { 3, 3 },
						   { 6, 9 } };
	struct log_map map = { 0 };
	struct log_rules rules = { .watermark = 5,
				   .freed = freed,
				   .freed_count = 3 };

	add(&map, 1, true);
	add(&map, 3, true);
	add(&map, 5, true);
	assert_int_equal(judge(&map, rules).missing, 0);
	assert_int_equal(judge(&map, rules).accepted, 5);
	/* Above the watermark too: the place may have been used again. */
	add(&map, 10, true);
	add(&map, 12, true);
	assert_int_equal(judge(&map, rules).accepted, 10);
	assert_int_equal(judge(&map, rules).gapless, 10);
	rules.freed_count = 2;
	assert_int_equal(judge(&map, rules).accepted, 5);
	assert_int_equal(judge(&map, rules).gapless, 5);
	rules.freed_count = 0;
	assert_int_equal(judge(&map, rules).missing, 2);
	log_map_finish(&map);
}

TEST(void_ranges_and_freed_lives_are_stepped_over_in_any_order)
{
	static struct void_range void_ranges[] = { { 2, 3 }, { 7, 8 } };
	static const struct void_list voids = { void_ranges, 2 };
	static const struct void_range freed[] = { { 4, 6 }, { 9, 9 } };
	struct log_map map = { 0 };
	struct log_rules rules = { .watermark = 10,
				   .voids = &voids,
				   .freed = freed,
				   .freed_count = 2 };

	add(&map, 1, true);
	add(&map, 10, true);
	assert_int_equal(judge(&map, rules).missing, 0);
	rules.freed_count = 1;
	assert_int_equal(judge(&map, rules).missing, 9);
	log_map_finish(&map);
}

TEST(a_sequence_that_stands_there_twice_is_noticed)
{
	static const struct void_range freed[] = { { 1, 9 } };
	struct log_map map = { 0 };
	struct log_rules rules = { .freed = freed, .freed_count = 1 };

	add_all(&map, 1, 3);
	add_all(&map, 3, 4);
	assert_non_null(judge(&map, rules).twice);
	assert_int_equal(judge(&map, rules).twice->first, 3);
	log_map_finish(&map);
}

TEST(above_the_watermark_only_whole_batches_and_whole_runs_count)
{
	struct log_map map = { 0 };
	struct error error = ERROR_INIT;

	add(&map, 1, true);
	add(&map, 2, false);
	assert_int_equal(judge(&map, (struct log_rules){ 0 }).accepted, 1);
	for (uint16_t part = 0; part < 3; part++) {
		struct buffer_header header = {
			.write_sequence = 3u + part,
			.flags = BUFFER_ENDS_BATCH,
			.part = part,
			.part_count = 3,
		};

		assert_int_equal(
			judge(&map, (struct log_rules){ 0 }).accepted, 1);
		assert_int_equal(log_map_add(&map, &header, &error), 0);
	}
	assert_int_equal(judge(&map, (struct log_rules){ 0 }).accepted, 5);
	log_map_finish(&map);
}

UNIT_MAIN()
