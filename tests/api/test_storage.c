/* SPDX-License-Identifier: MIT
 *
 * SHOW STORAGE and COMPACT as statements, the figures behind them, and
 * the options that say how the database is kept. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct api api;

static uint32_t
find_column(logstor_statement *statement, const char *name)
{
	for (uint32_t i = 0; i < logstor_column_count(statement); i++)
		if (strcmp(logstor_column_name(statement, i), name) == 0)
			return i;
	fail_msg("there is no column %s", name);
	return 0;
}

static uint64_t
count_of(logstor_statement *statement, const char *name)
{
	uint32_t column = find_column(statement, name);

	assert_int_equal(logstor_column_type(statement, column),
			 LOGSTOR_BIGINT);
	assert_false(logstor_column_is_null(statement, column));
	return (uint64_t)logstor_column_int64(statement, column);
}

static double
ratio_of(logstor_statement *statement, const char *name)
{
	uint32_t column = find_column(statement, name);

	assert_int_equal(logstor_column_type(statement, column),
			 LOGSTOR_DOUBLE);
	return logstor_column_double(statement, column);
}

static bool
is_null(logstor_statement *statement, const char *name)
{
	return logstor_column_is_null(statement,
				      find_column(statement, name));
}

static void
assert_ratio(double ratio, uint64_t dividend, uint64_t divisor)
{
	double expected = divisor == 0 ? 0 :
					 (double)dividend / (double)divisor;

	assert_true(ratio > expected * 0.999999 - 1e-9 &&
		    ratio < expected * 1.000001 + 1e-9);
}

/* Elements of a list<bigint>, summed. */
static uint64_t
sum_of(logstor_statement *statement, const char *name)
{
	uint32_t column = find_column(statement, name);
	const char *text = logstor_column_text(statement, column,
					       LOGSTOR_LITERAL, NULL);
	uint64_t total = 0;
	int elements = 0;

	assert_string_equal(logstor_column_type_name(statement, column),
			    "frozen<list<bigint>>");
	for (text++; *text != ']'; elements++) {
		char *end;

		total += strtoull(text, &end, 10);
		text = *end == ',' ? end + 2 : end;
	}
	assert_int_equal(elements, 10);
	return total;
}

TEST(show_storage_tells_the_statistics)
{
	struct logstor_statistics all = { .size = sizeof(all) };
	char *path = api_make_directory();
	logstor_statement *show;

	api_open_table(&api, path, &api_small);
	api_fill(&api, 50, 4);
	show = api_prepare(&api, "SHOW STORAGE");
	assert_int_equal(logstor_statement_kind(show),
			 LOGSTOR_STATEMENT_STORAGE);
	assert_int_equal(logstor_step(show), LOGSTOR_ROW);
	assert_int_equal(logstor_stats(api.database, &all), LOGSTOR_OK);
	assert_int_equal(all.size, sizeof(all));
	assert_int_equal(all.keys, 50);
	assert_true(all.live_bytes > 50 * 200);
	assert_true(all.user_bytes_written > 200 * 200);
	assert_true(all.device_bytes_written > all.user_bytes_written);
	assert_int_equal(count_of(show, "keys"), all.keys);
	assert_int_equal(count_of(show, "live_bytes"), all.live_bytes);
	assert_int_equal(count_of(show, "dead_bytes"), all.dead_bytes);
	assert_int_equal(count_of(show, "disk_bytes"), all.disk_bytes);
	assert_int_equal(count_of(show, "segments"), all.segments);
	assert_int_equal(count_of(show, "segments_free"), all.segments_free);
	assert_int_equal(count_of(show, "user_bytes_written"),
			 all.user_bytes_written);
	assert_int_equal(count_of(show, "device_bytes_written"),
			 all.device_bytes_written);
	assert_int_equal(count_of(show, "index_bytes"), all.index_bytes);
	assert_int_equal(count_of(show, "cache_bytes"), all.cache_bytes);
	assert_int_equal(count_of(show, "cache_hits"), all.cache_hits);
	assert_int_equal(count_of(show, "cache_misses"), all.cache_misses);
	assert_int_equal(count_of(show, "compactions"), all.compactions);
	assert_int_equal(count_of(show, "separator_flushes"),
			 all.separator_flushes);
	assert_int_equal(count_of(show, "checkpoints"), all.checkpoints);
	assert_ratio(ratio_of(show, "write_amplification"),
		     all.device_bytes_written, all.user_bytes_written);
	assert_ratio(ratio_of(show, "space_amplification"), all.disk_bytes,
		     all.live_bytes);
	assert_ratio(ratio_of(show, "index_bytes_per_key"), all.index_bytes,
		     all.keys);
	assert_ratio(ratio_of(show, "recovery_ms"), all.recovery_us, 1000);
	assert_true(sum_of(show, "mixed_by_live_share") +
			    sum_of(show, "full_by_live_share") <=
		    all.segments);
	assert_int_equal(logstor_step(show), LOGSTOR_DONE);
	logstor_finalize(show);
	api_close(&api);
	api_remove_directory(path);
}

TEST(of_nothing_there_is_no_ratio)
{
	logstor_statement *show;

	api_open_path(&api, NULL, NULL);
	show = api_prepare(&api, "SHOW STORAGE");
	assert_int_equal(logstor_step(show), LOGSTOR_ROW);
	assert_int_equal(count_of(show, "keys"), 0);
	assert_true(is_null(show, "index_bytes_per_key"));
	assert_true(is_null(show, "write_amplification"));
	assert_false(is_null(show, "recovery_ms"));
	logstor_finalize(show);
	api_close(&api);
}

/* Programs that were built with an earlier header. */
TEST(shorter_structs_of_earlier_versions_are_fine)
{
	struct logstor_options options = {
		.size = offsetof(struct logstor_options, cache_size),
		.segment_size = 4096,
		/* Not theirs, so not looked at. */
		.cache_size = 1,
		.separator_size = 1,
		.checkpoint_size = 1,
	};
	struct logstor_statistics statistics;

	api_open_table(&api, NULL, &options);
	api_fill(&api, 10, 1);
	memset(&statistics, 0xa5, sizeof(statistics));
	statistics.size = offsetof(struct logstor_statistics, cache_bytes);
	assert_int_equal(logstor_stats(api.database, &statistics),
			 LOGSTOR_OK);
	assert_int_equal(statistics.keys, 10);
	assert_int_equal(statistics.cache_bytes, 0xa5a5a5a5a5a5a5a5);
	api_close(&api);
}

TEST(a_geometry_that_cannot_be_is_refused)
{
	static const struct logstor_options wrong[] = {
		{ .size = sizeof(api_small), .segment_size = 3000 },
		{ .size = sizeof(api_small), .segment_size = 2048 },
		{ .size = sizeof(api_small), .segment_size = 2 << 20 },
		{ .size = sizeof(api_small), .file_segments = 1 << 20 },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		logstor_database *database;

		assert_int_equal(logstor_open(NULL, &wrong[i], &database),
				 LOGSTOR_ERROR);
		assert_non_null(strstr(logstor_database_error(database),
				       "segment"));
		assert_int_equal(logstor_close(database, NULL, 0),
				 LOGSTOR_OK);
	}
}

/* What the engine writes for itself is the device's, not the user's. */
TEST(only_what_users_wrote_counts_as_theirs)
{
	struct logstor_statistics all = { .size = sizeof(all) };
	char *path = api_make_directory();

	api_open_table(&api, path, &api_small);
	api_fill(&api, 200, 5);
	api_close(&api);
	api_open_path(&api, path, &api_small);
	assert_non_null(strchr(api_query(&api, "COMPACT"), '|'));
	assert_int_equal(logstor_stats(api.database, &all), LOGSTOR_OK);
	assert_true(all.compactions > 0);
	assert_true(all.device_bytes_written > 0);
	assert_int_equal(all.user_bytes_written, 0);
	api_close(&api);
	api_remove_directory(path);
}

/* ---- COMPACT ---- */

TEST(compact_frees_what_is_dead_and_keeps_every_row)
{
	char *path = api_make_directory();
	logstor_statement *compact;

	api_open_table(&api, path, &api_small);
	api_fill(&api, 100, 5);
	compact = api_prepare(&api, "COMPACT");
	assert_int_equal(logstor_statement_kind(compact),
			 LOGSTOR_STATEMENT_COMPACT);
	if (logstor_step(compact) != LOGSTOR_ROW)
		fail_msg("%s", logstor_error_message(api.session));
	assert_true(count_of(compact, "segments_after") <=
		    count_of(compact, "segments_before"));
	assert_true(count_of(compact, "dead_bytes_before") > 0);
	assert_true(count_of(compact, "dead_bytes_after") <
		    count_of(compact, "dead_bytes_before") / 2);
	assert_true(count_of(compact, "live_bytes") > 100 * 200);
	assert_int_equal(logstor_step(compact), LOGSTOR_DONE);
	/* Again, with the same statement. */
	assert_int_equal(logstor_step(compact), LOGSTOR_ROW);
	assert_int_equal(logstor_step(compact), LOGSTOR_DONE);
	logstor_finalize(compact);
	assert_string_equal(api_query(&api, "SELECT count(*) FROM t"), "100");
	assert_string_equal(api_query(&api, "CHECK"), "");
	api_close(&api);
	api_open_table(&api, path, &api_small);
	assert_string_equal(api_query(&api, "SELECT count(*) FROM t"), "100");
	api_close(&api);
	api_remove_directory(path);
}

TEST(compact_does_not_wait_where_nothing_may)
{
	char *path = api_make_directory();
	logstor_statement *compact;
	int result;

	api_open_table(&api, path, &api_small);
	api_fill(&api, 100, 3);
	logstor_set_blocking(api.database, false);
	compact = api_prepare(&api, "COMPACT");
	while ((result = logstor_step(compact)) != LOGSTOR_DONE) {
		assert_true(result >= 0);
		if (result == LOGSTOR_PENDING)
			assert_int_equal(logstor_poll(api.database, 1000),
					 LOGSTOR_OK);
	}
	/* And given up in the middle. */
	assert_true(logstor_step(compact) >= 0);
	logstor_finalize(compact);
	logstor_set_blocking(api.database, true);
	assert_string_equal(api_query(&api, "SELECT count(*) FROM t"), "100");
	api_close(&api);
	api_remove_directory(path);
}

TEST(readers_may_look_but_not_compact)
{
	struct logstor_options options = api_small;
	char *path = api_make_directory();

	api_open_table(&api, path, &api_small);
	api_fill(&api, 20, 2);
	api_close(&api);
	options.read_only = true;
	api_open_path(&api, path, &options);
	assert_non_null(strstr(api_query(&api, "SHOW STORAGE"), "20|"));
	assert_string_equal(api_query(&api, "COMPACT"),
			    "InvalidRequest: the database is open for "
			    "reading only");
	api_close(&api);
	api_remove_directory(path);
}

TEST(an_interrupt_ends_compact)
{
	char *path = api_make_directory();
	logstor_statement *compact;
	int result;

	api_open_table(&api, path, &api_small);
	api_fill(&api, 500, 2);
	logstor_set_blocking(api.database, false);
	compact = api_prepare(&api, "COMPACT");
	result = logstor_step(compact);
	logstor_interrupt(api.database);
	/* It has to wait for the disk, at least. */
	assert_int_equal(result, LOGSTOR_PENDING);
	assert_int_equal(logstor_step(compact), LOGSTOR_ERROR);
	logstor_finalize(compact);
	logstor_set_blocking(api.database, true);
	assert_string_equal(api_query(&api, "SELECT count(*) FROM t"), "500");
	api_close(&api);
	api_remove_directory(path);
}

static uint64_t
moved_bytes(void)
{
	struct logstor_statistics all = { .size = sizeof(all) };

	assert_int_equal(logstor_stats(api.database, &all), LOGSTOR_OK);
	return all.moved_bytes;
}

/* What was on its way arrives; then no more comes. */
static uint64_t
poll_until_still(void)
{
	uint64_t before, moved = moved_bytes();

	do {
		before = moved;
		for (int i = 0; i < 10000; i++)
			assert_int_equal(logstor_poll(api.database, 0),
					 LOGSTOR_OK);
		moved = moved_bytes();
	} while (moved != before);
	return moved;
}

/* Without waiting: until ${bytes} were moved. */
static logstor_statement *
begin_compact(uint64_t bytes)
{
	logstor_statement *compact = api_prepare(&api, "COMPACT");

	do {
		assert_int_equal(logstor_step(compact), LOGSTOR_PENDING);
		assert_int_equal(logstor_poll(api.database, 1000),
				 LOGSTOR_OK);
	} while (moved_bytes() < bytes);
	return compact;
}

TEST(an_interrupted_compact_stops)
{
	char *path = api_make_directory();
	logstor_statement *compact;
	uint64_t begun, stopped;

	api_open_table(&api, path, NULL);
	api_fill(&api, 50000, 1);
	begun = moved_bytes();
	logstor_set_blocking(api.database, false);
	compact = begin_compact(begun + 1);
	logstor_interrupt(api.database);
	assert_int_equal(logstor_step(compact), LOGSTOR_ERROR);
	assert_non_null(strstr(logstor_error_message(api.session),
			       "interrupted"));
	stopped = poll_until_still();
	assert_true(stopped < begun + 50000 * 150);
	/* So does one that is finalized; another one begins anew. */
	logstor_finalize(compact);
	logstor_finalize(begin_compact(stopped + 1));
	logstor_set_blocking(api.database, true);
	assert_string_equal(api_query(&api, "CHECK"), "");
	assert_non_null(strstr(api_query(&api, "COMPACT"), "|"));
	assert_true(moved_bytes() > stopped);
	assert_string_equal(api_query(&api, "SELECT count(*) FROM t"), "50000");
	assert_string_equal(api_query(&api, "CHECK"), "");
	api_close(&api);
	api_remove_directory(path);
}

TEST(of_two_compacts_one_may_be_given_up)
{
	char *path = api_make_directory();
	logstor_statement *first, *second;

	api_open_table(&api, path, &api_small);
	api_fill(&api, 2000, 1);
	logstor_set_blocking(api.database, false);
	first = begin_compact(moved_bytes() + 1);
	second = api_prepare(&api, "COMPACT");
	assert_int_equal(logstor_step(second), LOGSTOR_PENDING);
	logstor_finalize(first);
	logstor_set_blocking(api.database, true);
	assert_int_equal(logstor_step(second), LOGSTOR_ROW);
	assert_int_equal(logstor_step(second), LOGSTOR_DONE);
	logstor_finalize(second);
	api_close(&api);
	api_remove_directory(path);
}

UNIT_MAIN()
