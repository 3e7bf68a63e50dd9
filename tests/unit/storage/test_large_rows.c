/* SPDX-License-Identifier: MIT
 *
 * Rows that fit no segment. */
#include "storage/engine_state.h"
#include "storage/format/run.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENT = 4096, ROOM = SEGMENT - FORMAT_HEADER_SIZE };

struct world {
	struct fault_disk *disk;
	struct engine *engine;
	uint32_t table;
};

static struct world
make_world(const struct engine_options *options)
{
	struct world world = { .disk = fault_disk_create(3) };

	world.engine = driver_open(fault_disk_open(world.disk), options);
	world.table = driver_create_table(world.engine);
	return world;
}

static void
open_again(struct world *world, const struct engine_options *options)
{
	world->engine = driver_open(fault_disk_open(world->disk), options);
}

static void
finish(struct world *world)
{
	driver_close(world->engine);
	fault_disk_destroy(world->disk);
}

/* Bytes that tell the version and the place. */
static uint8_t *
make_value(size_t size, int version)
{
	uint8_t *value = malloc(size + 1);

	assert_non_null(value);
	for (size_t i = 0; i < size; i++)
		value[i] = (uint8_t)(i * 31 + i / 251 + (size_t)version * 7);
	return value;
}

struct row {
	const char *key;
	size_t size;
	int version;
};

static int
try_batch(struct world *world, const struct row *rows, size_t count,
	  uint64_t *lsn, struct error *error)
{
	struct engine_write writes[32];
	uint8_t *values[32];
	int status;

	assert_true(count <= ARRAY_COUNT(writes));
	for (size_t i = 0; i < count; i++) {
		values[i] = make_value(rows[i].size, rows[i].version);
		writes[i] = (struct engine_write){
			.kind = ENGINE_WRITE_ROW,
			.table = world->table,
			.key = slice_from_string(rows[i].key),
			.value = slice_make(values[i], rows[i].size),
			.timestamp_us = engine_timestamp_us(world->engine),
		};
	}
	status = driver_try_write(world->engine, writes, count, lsn, error);
	for (size_t i = 0; i < count; i++)
		free(values[i]);
	return status;
}

static uint64_t
put_batch(struct world *world, const struct row *rows, size_t count)
{
	struct error error = ERROR_INIT;
	uint64_t lsn = 0;

	assert_int_equal(try_batch(world, rows, count, &lsn, &error), 0);
	return lsn;
}

static uint64_t
put(struct world *world, const char *key, size_t size, int version)
{
	struct row row = { key, size, version };

	return put_batch(world, &row, 1);
}

/* Size of the row, which is right; -1 when there is none. */
static int64_t
size_of(struct world *world, const char *key, int version)
{
	struct error error = ERROR_INIT;
	struct buffer value = { 0 };
	struct engine_row row;
	uint8_t *expected;
	int64_t size;

	assert_int_equal(driver_try_get(world->engine, world->table,
					slice_from_string(key), &row, &value,
					&error),
			 0);
	if (row.state != ENGINE_ROW_LIVE)
		return -1;
	size = (int64_t)value.size;
	expected = make_value(value.size, version);
	assert_memory_equal(value.data, expected, value.size);
	free(expected);
	buffer_finish(&value);
	return size;
}

TEST(rows_of_all_sizes_are_read_back_before_and_after_they_settle)
{
	static const size_t edges[] = { ROOM, 2 * ROOM, 3 * ROOM, 9 * ROOM };

	for (size_t i = 0; i < ARRAY_COUNT(edges); i++) {
		for (size_t less = 20; less < 70; less += 3) {
			struct world world = make_world(&driver_small);
			size_t size = edges[i] - less;
			uint64_t lsn = put(&world, "key", size, 1);

			assert_int_equal(size_of(&world, "key", 1), size);
			driver_commit(world.engine, lsn);
			assert_int_equal(size_of(&world, "key", 1), size);
			world.disk = driver_kill(world.engine, world.disk);
			open_again(&world, &driver_small);
			assert_int_equal(size_of(&world, "key", 1), size);
			assert_int_equal(driver_scan_count(world.engine,
							   world.table),
					 1);
			finish(&world);
		}
	}
}

TEST(the_largest_row_is_16_megabytes_or_what_a_file_holds)
{
	struct engine_options options = { .segment_size = 1 << 20 };
	struct world world = make_world(&options);
	struct error error = ERROR_INIT;
	uint64_t lsn;
	struct row row = { "key", RUN_ROW_SIZE_MAX - 3, 5 };

	assert_int_equal(engine_row_size_max(world.engine), 16 << 20);
	driver_commit(world.engine, put_batch(&world, &row, 1));
	assert_int_equal(size_of(&world, "key", 5), row.size);
	row.size++;
	assert_int_equal(try_batch(&world, &row, 1, &lsn, &error),
			 -(int)ERROR_INVALID);
	finish(&world);

	world = make_world(&driver_small);
	assert_int_equal(engine_row_size_max(world.engine),
			 16 * ROOM - RECORD_OVERHEAD_MAX);
	row.size = engine_row_size_max(world.engine) - 3;
	driver_commit(world.engine, put_batch(&world, &row, 1));
	assert_int_equal(size_of(&world, "key", 5), row.size);
	row.size++;
	assert_int_equal(try_batch(&world, &row, 1, &lsn, &error),
			 -(int)ERROR_INVALID);
	finish(&world);
}

static const struct row mixture[] = {
	{ "a", 100, 1 },   { "B", 9000, 2 },  { "c", 3000, 3 },
	{ "D", 20000, 4 }, { "e", 3000, 5 },  { "f", 10, 6 },
	{ "G", 4000, 7 },  { "h", 3000, 8 },  { "I", 60000, 9 },
};

static bool
has_mixture(struct world *world)
{
	size_t there = 0;

	for (size_t i = 0; i < ARRAY_COUNT(mixture); i++) {
		int64_t size =
			size_of(world, mixture[i].key, mixture[i].version);

		assert_true(size == -1 || size == (int64_t)mixture[i].size);
		there += size != -1;
	}
	assert_true(there == 0 || there == ARRAY_COUNT(mixture));
	return there > 0;
}

TEST(a_batch_of_large_and_small_rows_is_whole_or_absent)
{
	for (size_t count = 0; count < ARRAY_COUNT(mixture); count++) {
		struct row rows[ARRAY_COUNT(mixture)];
		struct world world = make_world(&driver_small);

		/* Each one is the last once. */
		for (size_t i = 0; i < ARRAY_COUNT(mixture); i++)
			rows[i] = mixture[(i + count) % ARRAY_COUNT(mixture)];
		driver_put(world.engine, world.table, "before", "1");
		put_batch(&world, rows, ARRAY_COUNT(rows));
		driver_put(world.engine, world.table, "behind", "1");
		assert_true(has_mixture(&world));
		driver_commit(world.engine, engine_last_lsn(world.engine));
		assert_true(has_mixture(&world));
		world.disk = driver_kill(world.engine, world.disk);
		open_again(&world, &driver_small);
		assert_true(has_mixture(&world));
		assert_string_equal(driver_get(world.engine, world.table,
					       "before"),
				    "1");
		assert_string_equal(driver_get(world.engine, world.table,
					       "behind"),
				    "1");
		finish(&world);
	}
}

TEST(a_torn_run_takes_its_batch_along)
{
	size_t there = 0, absent = 0;

	for (uint64_t seed = 0; seed < 200; seed++) {
		struct world world = make_world(&driver_small);

		world.disk->is_shuffling = true;
		put_batch(&world, mixture, ARRAY_COUNT(mixture));
		/* Some of it is on its way. */
		buffered_writer_flush(&world.engine->writer,
				      world.engine->last_lsn);
		for (uint64_t i = 0; i < seed % 6; i++)
			assert_int_equal(engine_poll(world.engine, 0, NULL), 0);
		world.disk = driver_crash(world.engine, world.disk, seed);
		open_again(&world, &driver_small);
		if (has_mixture(&world))
			there++;
		else
			absent++;
		driver_commit(world.engine,
			      put_batch(&world, mixture,
					ARRAY_COUNT(mixture)));
		finish(&world);
	}
	assert_true(there > 10 && absent > 10);
}

/* The last write of a key wins, wherever the batch's buffers stand. */
TEST(a_key_may_be_large_and_small_in_one_batch)
{
	static const struct row rows[] = {
		{ "k", 9000, 1 }, { "k", 50, 2 },   { "l", 50, 3 },
		{ "l", 9000, 4 }, { "m", 9000, 5 }, { "m", 50, 6 },
		{ "m", 8000, 7 }, { "n", 50, 8 },   { "n", 8000, 9 },
		{ "n", 60, 10 },    { "o", 9000, 11 }, { "o", 8000, 12 },
		{ "o", 70, 13 },
	};
	struct world world = make_world(&driver_small);

	put_batch(&world, rows, ARRAY_COUNT(rows));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(size_of(&world, "k", 2), 50);
		assert_int_equal(size_of(&world, "l", 4), 9000);
		assert_int_equal(size_of(&world, "m", 7), 8000);
		assert_int_equal(size_of(&world, "n", 10), 60);
		assert_int_equal(size_of(&world, "o", 13), 70);
		assert_int_equal(driver_count(world.engine, world.table), 5);
		if (i == 0) {
			driver_commit(world.engine,
				      engine_last_lsn(world.engine));
		} else if (i == 1) {
			world.disk = driver_kill(world.engine, world.disk);
			open_again(&world, &driver_small);
		}
	}
	finish(&world);
}

/* Segments of this test, which hold several buffers. */
enum { WIDE_SEGMENT = 4 * SEGMENT };

static uint32_t
planned_segments(const struct world *world, const struct row *rows,
		 size_t count)
{
	struct write_plan plan = buffered_writer_plan(&world->engine->writer);

	for (size_t i = 0; i < count; i++)
		write_plan_add(&plan, WIDE_SEGMENT,
			       (uint32_t)record_size(RECORD_ROW, 1,
						     rows[i].size));
	return plan.segments + plan.run_segments;
}

/* Behind a run the place where a buffer would have gone on can't be used, as
 * the sequences there would have a gap. */
TEST(a_batch_takes_no_more_segments_than_were_planned)
{
	static const struct row batches[][3] = {
		{ { "a", 20000, 1 }, { "b", 50, 1 }, { "c", 50, 1 } },
		{ { "a", 50, 1 }, { "b", 20000, 1 }, { "c", 50, 1 } },
		{ { "a", 50, 1 }, { "b", 50, 1 }, { "c", 20000, 1 } },
	};
	struct engine_options options = driver_small;

	options.segment_size = WIDE_SEGMENT;
	for (size_t i = 0; i < ARRAY_COUNT(batches); i++) {
		struct world world = make_world(&options);
		const struct segment_manager *segments =
			&world.engine->segments;
		uint64_t before;
		uint32_t planned;

		put(&world, "z", 50, 1);
		driver_commit(world.engine, engine_last_lsn(world.engine));
		assert_null(world.engine->writer.open);
		before = segments->next_sequence;
		planned = planned_segments(&world, batches[i], 3);
		put_batch(&world, batches[i], 3);
		assert_in_range(segments->next_sequence - before, 2, planned);
		finish(&world);
	}
}

TEST(what_a_superseded_run_was_kept_for_is_given_back)
{
	struct world world = make_world(&driver_small);
	uint8_t *value = make_value(9000, 1);
	struct engine_write write = { .kind = ENGINE_WRITE_ROW,
				      .table = world.table,
				      .key = SLICE("k"),
				      .value = slice_make(value, 9000),
				      .timestamp_us = 5 };
	const struct segment_manager *segments = &world.engine->segments;

	driver_commit(world.engine, driver_put(world.engine, world.table, "k",
					       "newer"));
	driver_commit(world.engine, driver_write(world.engine, &write, 1));
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		assert_int_not_equal(segments->segments[i].state,
				     SEGMENT_ASIDE);
		assert_int_not_equal(segments->segments[i].kind, BUFFER_PART);
	}
	assert_int_equal(world.engine->writer.run_bytes, 0);
	assert_string_equal(driver_get(world.engine, world.table, "k"),
			    "newer");
	free(value);
	finish(&world);
}

TEST(a_large_row_that_dies_leaves_all_its_segments)
{
	struct world world = make_world(&driver_small);
	struct engine_statistics before, after;

	driver_commit(world.engine, put(&world, "other", 100, 1));
	engine_get_statistics(world.engine, &before);
	for (int i = 0; i < 200; i++)
		driver_commit(world.engine, put(&world, "k", 50000, i));
	driver_commit(world.engine,
		      driver_delete(world.engine, world.table, "k"));
	engine_get_statistics(world.engine, &after);
	assert_true(after.segments <= 16 * 8);
	assert_int_equal(size_of(&world, "k", 0), -1);
	assert_int_equal(size_of(&world, "other", 1), 100);
	finish(&world);
}

TEST(a_run_without_neighbours_makes_the_files_grow)
{
	struct world world = make_world(&driver_small);
	struct segment_manager *segments = &world.engine->segments;
	char key[16];

	/* Every other place is in use: free ones enough, but no two. */
	for (int i = 0; i < 64; i++) {
		snprintf(key, sizeof(key), "%d", i);
		driver_commit(world.engine, put(&world, key, 3800, i));
	}
	for (uint32_t i = 0; i < segments->segment_count; i += 2) {
		if (segments->segments[i].state == SEGMENT_FREE)
			segment_manager_set_aside(segments, i, 1);
	}
	driver_commit(world.engine, put(&world, "large", 60000, 1));
	assert_int_equal(size_of(&world, "large", 1), 60000);
	driver_abandon(world.engine, world.disk);
}

/* All free segments that there are stand alone, or nearly. */
TEST(a_run_without_neighbours_is_worth_moving_others)
{
	struct engine_options options = driver_small;
	struct error error = ERROR_INIT;
	struct row row = { NULL, 1200, 1 };
	struct world world;
	char key[16];
	uint64_t lsn;
	int rows = 0;

	options.size_max = 512 * SEGMENT;
	world = make_world(&options);
	row.key = key;
	do
		snprintf(key, sizeof(key), "%d", rows++);
	while (try_batch(&world, &row, 1, &lsn, &error) == 0);
	assert_int_equal(error.code, ERROR_FULL);
	for (int i = 0; i < rows; i++) {
		if (i % 10 < 3)
			continue;
		snprintf(key, sizeof(key), "%d", i);
		driver_commit(world.engine,
			      driver_delete(world.engine, world.table, key));
	}
	row.size = 5 * SEGMENT;
	for (int i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "large %d", i);
		assert_int_equal(try_batch(&world, &row, 1, &lsn, &error), 0);
		driver_commit(world.engine, lsn);
	}
	for (int i = 0; i < 3; i++) {
		snprintf(key, sizeof(key), "large %d", i);
		assert_int_equal(size_of(&world, key, 1), row.size);
	}
	finish(&world);
}

/* Full, and then a fifth of it free. */
static struct world
make_mostly_live(const struct engine_options *options)
{
	struct world world = make_world(options);
	struct error error = ERROR_INIT;
	struct row row = { NULL, 1200, 1 };
	char key[16];
	uint64_t lsn;
	int rows = 0;

	row.key = key;
	do
		snprintf(key, sizeof(key), "%d", rows++);
	while (try_batch(&world, &row, 1, &lsn, &error) == 0);
	for (int i = 0; i < rows; i++) {
		if (i % 10 < 8)
			continue;
		snprintf(key, sizeof(key), "%d", i);
		driver_commit(world.engine,
			      driver_delete(world.engine, world.table, key));
	}
	return world;
}

/* Written at once or not at all. */
static int
try_once(struct world *world, const char *key, struct slice value)
{
	struct engine_write write = {
		.kind = ENGINE_WRITE_ROW,
		.table = world->table,
		.key = slice_from_string(key),
		.value = value,
		.timestamp_us = engine_timestamp_us(world->engine),
	};
	struct error error = ERROR_INIT;
	uint64_t lsn;

	return engine_write(world->engine, &write, 1, &lsn, &error);
}

/* Others' find neighbours each time. */
TEST(a_run_does_not_wait_for_ever_while_shorter_ones_find_room)
{
	static const uint8_t bytes[50 * SEGMENT];
	struct engine_options options = driver_small;
	struct world world;
	int status = ENGINE_PENDING, shorter = 0;

	options.size_max = 512 * SEGMENT;
	options.file_segments = 128;
	world = make_mostly_live(&options);
	for (int i = 0; i < 2000 && status == ENGINE_PENDING; i++) {
		status = try_once(&world, "long",
				  slice_make(bytes, sizeof(bytes)));
		if (try_once(&world, "shorter",
			     slice_make(bytes, SEGMENT + 100)) == 0)
			shorter++;
		assert_int_equal(engine_poll(world.engine, -(i % 2), NULL), 0);
	}
	assert_int_equal(status, -ERROR_FULL);
	assert_true(shorter > 100);
	finish(&world);
}

TEST(a_large_row_alone_is_refused_when_there_is_no_room_for_it)
{
	struct engine_options options = driver_small;
	struct error error = ERROR_INIT;
	struct world world;
	struct row large = { "large", 60000, 1 };
	uint64_t lsn = 0;

	options.size_max = 15 * SEGMENT;
	world = make_world(&options);
	assert_int_equal(try_batch(&world, &large, 1, &lsn, &error),
			 -(int)ERROR_FULL);
	assert_int_equal(size_of(&world, "large", 1), -1);
	/* Nothing of it is left, and others go on. */
	assert_int_equal(world.engine->writer.run_bytes, 0);
	driver_commit(world.engine, put(&world, "k", 100, 1));
	driver_commit(world.engine, put(&world, "l", 9000, 2));
	assert_int_equal(size_of(&world, "k", 1), 100);
	assert_int_equal(size_of(&world, "l", 2), 9000);
	assert_int_equal(driver_count(world.engine, world.table), 2);
	finish(&world);
}

TEST(large_rows_of_a_batch_have_a_limit)
{
	struct engine_options options = { .segment_size = 1 << 20 };
	struct world world = make_world(&options);
	struct error error = ERROR_INIT;
	struct row rows[5];
	uint64_t lsn;

	for (int i = 0; i < 5; i++)
		rows[i] = (struct row){ "key", 15 << 20, i };
	assert_int_equal(try_batch(&world, rows, 5, &lsn, &error),
			 -(int)ERROR_INVALID);
	assert_non_null(strstr(error.message, "larger than a segment"));
	assert_int_equal(try_batch(&world, rows, 4, &lsn, &error), 0);
	driver_commit(world.engine, lsn);
	assert_int_equal(size_of(&world, "key", 3), 15 << 20);
	finish(&world);
}

TEST(a_segment_holds_write_sequences_without_a_gap)
{
	struct world world = make_world(&driver_small);
	struct engine_options options = { .segment_size = 65536 };
	const struct segment_manager *segments;

	finish(&world);
	world = make_world(&options);
	for (int i = 0; i < 50; i++) {
		driver_commit(world.engine, put(&world, "small", 100, i));
		driver_commit(world.engine, put(&world, "large", 70000, i));
	}
	segments = &world.engine->segments;
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		const struct segment *a = &segments->segments[i];

		for (uint32_t j = 0; j < segments->segment_count; j++) {
			const struct segment *b = &segments->segments[j];

			if (i == j || a->first_write == 0 ||
			    b->first_write == 0 || a->stream != b->stream)
				continue;
			assert_true(a->last_write < b->first_write ||
				    b->last_write < a->first_write);
		}
	}
	assert_int_equal(size_of(&world, "large", 49), 70000);
	finish(&world);
}

UNIT_MAIN()
