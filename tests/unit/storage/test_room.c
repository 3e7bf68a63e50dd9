/* SPDX-License-Identifier: MIT
 *
 * When a database says that it is full, and when it doesn't. */
#include "storage/engine_state.h"
#include "storage/room.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

enum { SEGMENTS = 40 };

struct world {
	struct fault_disk *disk;
	struct engine *engine;
	uint32_t table;
};

static struct world
make_world(void)
{
	struct engine_options options = driver_small;
	struct world world = { .disk = fault_disk_create(1) };

	options.size_max = SEGMENTS * 4096;
	world.engine = driver_open(fault_disk_open(world.disk), &options);
	world.table = driver_create_table(world.engine);
	return world;
}

static void
finish(struct world *world)
{
	driver_close(world->engine);
	fault_disk_destroy(world->disk);
}

static int
try_put(struct world *world, int number, size_t size, struct error *error)
{
	char key[16], value[4000];
	struct engine_write write = {
		.kind = ENGINE_WRITE_ROW,
		.table = world->table,
		.value = slice_make(value, size),
		.timestamp_us = engine_timestamp_us(world->engine),
	};
	uint64_t lsn;

	snprintf(key, sizeof(key), "%d", number);
	write.key = slice_from_string(key);
	memset(value, 'a' + number % 26, sizeof(value));
	return driver_try_write(world->engine, &write, 1, &lsn, error);
}

static int
fill(struct world *world, size_t size)
{
	struct error error = ERROR_INIT;
	int rows = 0, status;

	while ((status = try_put(world, rows, size, &error)) == 0)
		rows++;
	assert_int_equal(status, -(int)ERROR_FULL);
	driver_commit(world->engine, engine_last_lsn(world->engine));
	assert_int_equal(driver_count(world->engine, world->table), rows);
	return rows;
}

TEST(what_is_superseded_before_it_settles_fills_nothing)
{
	struct world world = make_world();
	struct error error = ERROR_INIT;

	/* Without a commit: nothing is dead until it settles. */
	for (int i = 0; i < 2000; i++)
		assert_int_equal(try_put(&world, i % 5, 3000, &error), 0);
	assert_int_equal(driver_count(world.engine, world.table), 5);
	finish(&world);
}

TEST(a_full_database_has_room_again_when_a_table_is_dropped)
{
	struct world world = make_world();
	struct error error = ERROR_INIT;

	/* Small rows, so that forgetting them takes many steps. */
	assert_true(fill(&world, 10) > 1000);
	driver_drop_table(world.engine, world.table);
	world.table = driver_create_table(world.engine);
	for (int i = 0; i < 20; i++)
		assert_int_equal(try_put(&world, i, 3000, &error), 0);
	finish(&world);
}

TEST(a_full_database_takes_deletions_and_then_rows_again)
{
	static const size_t sizes[] = { 100, 900, 3000, 3880 };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct world world = make_world();
		struct error error = ERROR_INIT;
		int rows = fill(&world, sizes[i]);
		char key[16];

		for (int j = 0; j < rows; j += 2) {
			snprintf(key, sizeof(key), "%d", j);
			driver_delete(world.engine, world.table, key);
			/* As much as a segment takes. */
			if (sizes[i] > 500 || j % 64 == 0)
				driver_commit(world.engine,
					      engine_last_lsn(world.engine));
		}
		for (int j = 0; j < rows / 2; j += 2)
			assert_int_equal(try_put(&world, j, sizes[i], &error),
					 0);
		finish(&world);
	}
}

TEST(the_reserve_is_for_deletions_and_moving)
{
	struct world world = make_world();
	struct engine *engine = world.engine;
	struct segment_manager *segments = &engine->segments;
	struct error error = ERROR_INIT;

	fill(&world, 3000);
	while (segment_manager_available(segments) > SEGMENT_RESERVE)
		segment_manager_set_aside(
			segments, segment_manager_find_run(segments, 1), 1);
	assert_int_equal(room_find(engine, 0, ROOM_ORDINARY, &error), 0);
	assert_int_not_equal(room_find(engine, 1, ROOM_ORDINARY, &error), 0);
	assert_int_equal(room_find(engine,
				   SEGMENT_RESERVE - SEGMENT_RESERVE_MOVING,
				   ROOM_RECLAIMING, &error),
			 0);
	assert_int_not_equal(room_find(engine, SEGMENT_RESERVE - 1,
				       ROOM_RECLAIMING, &error),
			     0);
	driver_abandon(engine, world.disk);
}

TEST(files_grow_ahead_only_while_waste_is_small)
{
	struct world world = make_world();
	struct segment_manager *segments = &world.engine->segments;
	uint32_t used;

	fill(&world, 3000);
	used = segments->segment_count - segments->free_count -
	       segments->freeing_count - segments->dead.count;
	assert_true(used > 20);
	assert_true(room_may_grow(world.engine));
	/* A quarter more than what lives, and 16 segments. */
	segments->live_bytes = (used - 16) * 4096ull * 4 / 5;
	assert_true(room_may_grow(world.engine));
	segments->live_bytes -= 4096;
	assert_false(room_may_grow(world.engine));
	driver_abandon(world.engine, world.disk);
}

static void
compact(struct engine *engine)
{
	struct error error = ERROR_INIT;
	int status;

	while ((status = engine_compact(engine, NULL, &error)) ==
	       ENGINE_PENDING)
		assert_int_equal(engine_poll(engine, -1, &error), 0);
	assert_int_equal(status, 0);
}

static uint32_t
available(const struct world *world)
{
	return segment_manager_available(&world->engine->segments);
}

TEST(a_full_database_is_compacted_as_far_as_there_is_room)
{
	static const size_t sizes[] = { 10, 100, 900, 3000 };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct world world = make_world();
		int rows = fill(&world, sizes[i]);

		for (int j = 0; j < 3; j++) {
			compact(world.engine);
			assert_true(available(&world) >= SEGMENT_RESERVE - 1);
		}
		assert_int_equal(driver_count(world.engine, world.table), rows);
		finish(&world);
	}
}

TEST(compacting_a_crowded_database_wins_what_is_dead)
{
	struct world world = make_world();
	struct error error = ERROR_INIT;
	uint32_t live;

	/* Single commits take a segment each, so that soon there is no room
	 * but by moving. */
	for (int i = 0; i < 4000; i++) {
		(void)try_put(&world, i * 7 % 800, 100, &error);
		if (i % 16 == 15)
			driver_commit(world.engine,
				      engine_last_lsn(world.engine));
	}
	driver_commit(world.engine, engine_last_lsn(world.engine));
	assert_true(available(&world) <= SEGMENT_RESERVE + 4);
	compact(world.engine);
	live = (uint32_t)(world.engine->segments.live_bytes / 4096);
	assert_true(available(&world) + live + 4 >= SEGMENTS);
	finish(&world);
}

UNIT_MAIN()
