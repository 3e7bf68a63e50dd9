/* SPDX-License-Identifier: MIT
 *
 * When a database says that it is full, and when it doesn't. */
#include "storage/engine_state.h"
#include "storage/moving/room.h"
#include "storage/moving/separator.h"
#include "storage/moving/separator_output.h"
#include "storage/moving/victim_choice.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENTS = 40, VALUE_MAX = 16384 };

static unsigned long looks; /* through all segments */

bool __real_victim_choice_is_worth(const struct victim_choice *choice,
				   uint32_t victims, uint64_t bytes,
				   bool needs_rows, bool is_free_of_rows);
bool __wrap_victim_choice_is_worth(const struct victim_choice *choice,
				   uint32_t victims, uint64_t bytes,
				   bool needs_rows, bool is_free_of_rows);

bool
__wrap_victim_choice_is_worth(const struct victim_choice *choice,
			      uint32_t victims, uint64_t bytes,
			      bool needs_rows, bool is_free_of_rows)
{
	looks++;
	return __real_victim_choice_is_worth(choice, victims, bytes,
					     needs_rows, is_free_of_rows);
}

static bool is_starving; /* no memory for what is to be moved */

bool __real_output_append(struct output *output,
			  const struct index_entry *entry, uint32_t life,
			  const uint8_t *record, uint32_t chunk_size);
bool __wrap_output_append(struct output *output,
			  const struct index_entry *entry, uint32_t life,
			  const uint8_t *record, uint32_t chunk_size);

bool
__wrap_output_append(struct output *output, const struct index_entry *entry,
		     uint32_t life, const uint8_t *record, uint32_t chunk_size)
{
	return !is_starving && __real_output_append(output, entry, life,
						    record, chunk_size);
}

struct world {
	struct fault_disk *disk;
	struct engine *engine;
	uint32_t table;
};

struct geometry {
	uint32_t segment_size;
	uint32_t segments;
	enum engine_sync sync;
	bool is_eager;
};

static const struct geometry usual = { 4096, SEGMENTS, ENGINE_SYNC_FULL,
				       false };

static struct engine_options
options_of(const struct geometry *geometry)
{
	struct engine_options options = driver_small;

	options.segment_size = geometry->segment_size;
	options.size_max =
		(uint64_t)geometry->segments * geometry->segment_size;
	options.sync = geometry->sync;
	options.is_separation_eager = geometry->is_eager;
	return options;
}

static struct world
make_world_of(const struct geometry *geometry)
{
	struct engine_options options = options_of(geometry);
	struct world world = { .disk = fault_disk_create(1) };

	world.engine = driver_open(fault_disk_open(world.disk), &options);
	world.table = driver_create_table(world.engine);
	return world;
}

static struct world
make_world(void)
{
	return make_world_of(&usual);
}

static void
finish(struct world *world)
{
	driver_close(world->engine);
	fault_disk_destroy(world->disk);
}

/* Its bytes, for as long as they are here. */
struct row {
	char key[16], value[VALUE_MAX];
	struct engine_write write;
};

static void
make_row(struct world *world, int number, size_t size, struct row *row)
{
	snprintf(row->key, sizeof(row->key), "%d", number);
	memset(row->value, 'a' + number % 26, sizeof(row->value));
	row->write = (struct engine_write){
		.kind = ENGINE_WRITE_ROW,
		.table = world->table,
		.key = slice_from_string(row->key),
		.value = slice_make(row->value, size),
		.timestamp_us = engine_timestamp_us(world->engine),
	};
}

/* A row that expires, if ${expires_at_s} isn't 0. */
static int
try_put_until(struct world *world, int number, size_t size,
	      uint32_t expires_at_s, struct error *error)
{
	struct row row;
	uint64_t lsn;

	make_row(world, number, size, &row);
	row.write.expires_at_s = expires_at_s;
	return driver_try_write(world->engine, &row.write, 1, &lsn, error);
}

static int
try_put(struct world *world, int number, size_t size, struct error *error)
{
	return try_put_until(world, number, size, 0, error);
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

/* Who reads polls, too. */
TEST(a_full_database_is_not_looked_through_at_every_poll)
{
	struct world world = make_world();
	struct error error = ERROR_INIT;

	fill(&world, 1200);
	for (int i = 0; i < 100; i++)
		assert_int_equal(engine_poll(world.engine, 0, &error), 0);
	assert_true(looks > 0);
	looks = 0;
	for (int i = 0; i < 100; i++)
		assert_int_equal(engine_poll(world.engine, 0, &error), 0);
	assert_int_equal(looks, 0);
	finish(&world);
}

enum { POLLS_MAX = 100000 };

/* A write that gives up waiting. */
static int
put_impatiently(struct world *world, int number, size_t size)
{
	struct row row;
	uint64_t lsn;
	int status = ENGINE_PENDING;

	make_row(world, number, size, &row);
	for (int i = 0; i < POLLS_MAX && status == ENGINE_PENDING; i++) {
		status = engine_write(world->engine, &row.write, 1, &lsn, NULL);
		if (status == ENGINE_PENDING)
			assert_int_equal(engine_poll(world->engine, -1, NULL),
					 0);
	}
	return status;
}

TEST(nobody_waits_for_memory_that_moving_does_not_get)
{
	struct world world = make_world();
	int status = 0, refused = 0;

	/* Every second row is dead by and by, so that moving would help. */
	is_starving = true;
	for (int i = 0; i < 300; i++) {
		status = put_impatiently(&world, i < 90 ? i : i * 2 % 90,
					 1200);
		assert_int_not_equal(status, ENGINE_PENDING);
		refused += status < 0;
	}
	is_starving = false;
	assert_int_equal(put_impatiently(&world, 0, 1200), 0);
	assert_true(refused < 200);
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

enum { US_PER_S = 1000000, HOUR_S = 3600 };

/* Every ${nth} row expires in an hour. */
static int
fill_for_an_hour(struct world *world, size_t size, int nth)
{
	uint32_t until_s = engine_now_s(world->engine) + HOUR_S;
	struct error error = ERROR_INIT;
	int rows = 0;

	while (try_put_until(world, rows, size, rows % nth == 0 ? until_s : 0,
			     &error) == 0)
		rows++;
	driver_commit(world->engine, engine_last_lsn(world->engine));
	return rows;
}

static void
check_expiry(const struct geometry *geometry, size_t size, int nth)
{
	struct world world = make_world_of(geometry);
	int rows = fill_for_an_hour(&world, size, nth);
	struct error error = ERROR_INIT;
	uint64_t checkpoints;

	world.disk->clock_us += (int64_t)(HOUR_S + 1) * US_PER_S;
	for (int i = 0; i < rows / nth / 2; i++)
		assert_int_equal(try_put(&world, rows + i, size, &error), 0);
	while (try_put(&world, ++rows, size, &error) == 0)
		continue;
	/* Nothing expires any more: it is full at once. */
	checkpoints = world.engine->counters.checkpoints;
	for (int i = 0; i < 10; i++)
		assert_int_equal(try_put(&world, rows + i, size, &error),
				 -(int)ERROR_FULL);
	assert_true(world.engine->counters.checkpoints <= checkpoints + 8);
	finish(&world);
}

/* Nothing else was written meanwhile. */
TEST(a_full_database_has_room_again_when_rows_expire)
{
	static const struct geometry geometries[] = {
		{ 4096, SEGMENTS, ENGINE_SYNC_FULL, false },
		{ 16384, 24, ENGINE_SYNC_GROUP, true },
	};
	static const size_t sizes[] = { 10, 1000, 3000 };

	for (size_t i = 0; i < ARRAY_COUNT(geometries); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(sizes); j++) {
			check_expiry(&geometries[i], sizes[j], 1);
			check_expiry(&geometries[i], sizes[j], 3);
		}
	}
}

static uint32_t
available(const struct world *world)
{
	return segment_manager_available(&world->engine->segments);
}

/* With a commit: it takes a block at least. */
static void
delete_one(struct world *world, int number)
{
	char key[16];

	snprintf(key, sizeof(key), "%d", number);
	driver_commit(world->engine,
		      driver_delete(world->engine, world->table, key));
}

static void
delete_all(struct world *world, int rows)
{
	for (int i = 0; i < rows; i++)
		delete_one(world, i);
	assert_int_equal(driver_count(world->engine, world->table), 0);
}

TEST(a_full_database_takes_deletions_and_then_rows_again)
{
	static const size_t sizes[] = { 10, 100, 900, 3000, 3880 };
	static const struct geometry geometries[] = {
		{ 4096, SEGMENTS, ENGINE_SYNC_FULL, false },
		{ 4096, 24, ENGINE_SYNC_GROUP, false },
		{ 16384, 24, ENGINE_SYNC_OFF, true },
	};

	for (size_t i = 0; i < ARRAY_COUNT(geometries); i++) {
		for (size_t j = 0; j < ARRAY_COUNT(sizes); j++) {
			struct world world = make_world_of(&geometries[i]);
			int rows = fill(&world, sizes[j]);

			delete_all(&world, rows);
			assert_true(fill(&world, sizes[j]) >= rows - rows / 10);
			finish(&world);
		}
	}
}

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* SEED and RUNS in the environment: that many seeds from there on. */
static uint64_t
number_of(const char *name, uint64_t usually)
{
	const char *text = getenv(name);

	return text == NULL ? usually : strtoull(text, NULL, 10);
}

/* Rows of a quarter of a segment up to all of it come as long as there is room;
 * in between any of them go. */
static void
check_large_rows(const struct geometry *geometry, uint64_t seed)
{
	struct world world = make_world_of(geometry);
	uint32_t quarter = geometry->segment_size / 4;
	uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);
	int rows = (int)geometry->segments * 4;

	for (int i = 0; i < 600; i++) {
		struct error error = ERROR_INIT;
		int key = (int)(next_random(&random) % (unsigned)rows);
		size_t size = quarter - 300 +
			      next_random(&random) % (3 * quarter);

		if (next_random(&random) % 4 > 0)
			try_put(&world, key, size, &error);
		else
			delete_one(&world, key);
		if (next_random(&random) % 4 == 0)
			driver_commit(world.engine,
				      engine_last_lsn(world.engine));
	}
	delete_all(&world, rows);
	finish(&world);
}

/* However badly they can be packed. */
TEST(a_database_full_of_large_rows_takes_deletions)
{
	static const struct geometry geometries[] = {
		{ 4096, 18, ENGINE_SYNC_FULL, false },
		{ 16384, 18, ENGINE_SYNC_FULL, false },
		{ 16384, 24, ENGINE_SYNC_GROUP, true },
	};
	uint64_t seed = number_of("SEED", 1), runs = number_of("RUNS", 4);

	for (; runs > 0; runs--, seed++) {
		print_message("# seed %llu\n", (unsigned long long)seed);
		for (size_t i = 0; i < ARRAY_COUNT(geometries); i++)
			check_large_rows(&geometries[i], seed);
	}
}

/* A buffer of what came from segments that aren't victims would free none. */
TEST(eager_separation_leaves_the_reserve_alone)
{
	static const struct geometry geometry = { 16384, 40, ENGINE_SYNC_FULL,
						  true };
	struct world world = make_world_of(&geometry);
	struct engine *engine = world.engine;
	struct segment_manager *segments = &engine->segments;
	struct error error = ERROR_INIT;
	uint64_t next;

	for (int i = 0; i < 160; i++) {
		assert_int_equal(try_put(&world, i, 1000, &error), 0);
		if (i % 15 == 14)
			driver_commit(engine, engine_last_lsn(engine));
	}
	driver_commit(engine, engine_last_lsn(engine));
	while (!moving_writer_is_idle(&engine->moving))
		assert_int_equal(engine_poll(engine, -1, &error), 0);
	assert_true(separator_bytes(engine->separator) > 0);
	while (available(&world) > SEGMENT_RESERVE)
		segment_manager_set_aside(
			segments, segment_manager_find_run(segments, 1), 1);
	next = engine->moving.next_write_sequence;
	separator_flush(engine);
	separator_step(engine, SEGMENT_NONE);
	assert_int_equal(engine->moving.next_write_sequence, next);
	assert_true(separator_is_empty(engine->separator));
	assert_int_equal(driver_count(engine, world.table), 160);
	driver_abandon(engine, world.disk);
}

/* Overwrites any of ${rows}, in batches of one, committed now and then; returns
 * how many were refused. */
static int
overwrite(struct world *world, int rows, size_t size, int count,
	  uint64_t *random)
{
	int refused = 0;

	for (int i = 0; i < count; i++) {
		struct error error = ERROR_INIT;
		int key = (int)(next_random(random) % (unsigned)rows);

		refused += try_put(world, key, size, &error) < 0;
		if (next_random(random) % 8 == 0)
			driver_commit(world->engine,
				      engine_last_lsn(world->engine));
	}
	driver_commit(world->engine, engine_last_lsn(world->engine));
	return refused;
}

static void
check_overwrites(const struct geometry *geometry, size_t size, int percent,
		 int count, uint64_t seed)
{
	struct world world = make_world_of(geometry);
	struct error error = ERROR_INIT;
	uint64_t random = seed;
	int most = fill(&world, size), refused;

	finish(&world);
	world = make_world_of(geometry);
	for (int i = 0; i < most * percent / 100; i++)
		assert_int_equal(try_put(&world, i, size, &error), 0);
	refused = overwrite(&world, most * percent / 100, size, count,
			    &random);
	if (refused > 0)
		print_error("# %d of %d refused: rows of %zu, %d%% of %d, "
			    "segments of %u, seed %llu\n",
			    refused, count, size, percent, most,
			    geometry->segment_size, (unsigned long long)seed);
	assert_int_equal(refused, 0);
	assert_int_equal(driver_count(world.engine, world.table),
			 most * percent / 100);
	finish(&world);
}

TEST(what_fits_can_be_overwritten_for_ever)
{
	static const struct geometry geometries[] = {
		{ 4096, SEGMENTS, ENGINE_SYNC_GROUP, false },
		{ 4096, 24, ENGINE_SYNC_FULL, false },
		{ 4096, 128, ENGINE_SYNC_OFF, true },
		{ 16384, 40, ENGINE_SYNC_GROUP, true },
		{ 131072, 32, ENGINE_SYNC_FULL, false },
	};
	static const size_t sizes[] = { 10, 100, 1000, 3000 };
	static const int percents[] = { 80, 90 };
	uint64_t seed = number_of("SEED", 1), runs = number_of("RUNS", 1);

	for (; runs > 0; runs--, seed++) {
		print_message("# seed %llu\n", (unsigned long long)seed);
		for (size_t i = 0; i < ARRAY_COUNT(geometries); i++) {
			for (size_t j = 0; j < ARRAY_COUNT(sizes) * 2; j++)
				check_overwrites(&geometries[i], sizes[j / 2],
						 percents[j % 2], 2000, seed);
		}
	}
}

/* Another process finds it as the one before has left it. */
static void
go_on_elsewhere(struct world *world, const struct geometry *geometry,
		bool has_power_failed)
{
	struct engine_options options = options_of(geometry);

	world->disk = has_power_failed ?
			      driver_crash(world->engine, world->disk, 7) :
			      driver_kill(world->engine, world->disk);
	world->engine = driver_open(fault_disk_open(world->disk), &options);
}

TEST(a_full_database_is_opened_and_emptied_after_a_crash)
{
	static const size_t sizes[] = { 10, 100, 1000, 3000 };

	for (size_t i = 0; i < ARRAY_COUNT(sizes) * 2; i++) {
		struct world world = make_world();
		int rows = fill(&world, sizes[i / 2]);
		uint64_t random = i + 1;

		go_on_elsewhere(&world, &usual, i % 2 == 1);
		assert_int_equal(driver_count(world.engine, world.table), rows);
		/* Where it is full it stays so, and that is all. */
		overwrite(&world, rows, sizes[i / 2], 200, &random);
		go_on_elsewhere(&world, &usual, i % 2 == 1);
		driver_compact(world.engine);
		delete_all(&world, rows);
		go_on_elsewhere(&world, &usual, i % 2 == 1);
		assert_true(fill(&world, sizes[i / 2]) >= rows - rows / 10);
		finish(&world);
	}
}

TEST(a_full_disk_takes_deletions_and_then_rows_again)
{
	static const size_t sizes[] = { 10, 100, 1000, 3000 };
	/* Files could grow, if the disk had room. */
	struct geometry geometry = usual;

	geometry.segments = 0;
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct world world = make_world_of(&geometry);
		uint64_t random = 1;
		int rows;

		world.disk->bytes_max = 400 << 10;
		rows = fill(&world, sizes[i]);
		driver_compact(world.engine);
		delete_all(&world, rows);
		go_on_elsewhere(&world, &geometry, true);
		world.disk->bytes_max = 400 << 10;
		assert_true(fill(&world, sizes[i]) >= rows - rows / 10);
		/* There is room again. */
		world.disk->bytes_max = 0;
		world.disk->clock_us += 60000000;
		overwrite(&world, rows, sizes[i], 100, &random);
		assert_int_equal(overwrite(&world, rows, sizes[i], 500,
					   &random),
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
	/* As nothing can be won, all but the last one. */
	assert_int_equal(room_find(engine, SEGMENT_RESERVE - 1,
				   ROOM_RECLAIMING, &error),
			 0);
	assert_int_not_equal(room_find(engine, SEGMENT_RESERVE,
				       ROOM_RECLAIMING, &error),
			     0);
	driver_abandon(engine, world.disk);
}

static void
leave_free(struct world *world, uint32_t count)
{
	struct segment_manager *segments = &world->engine->segments;

	while (segment_manager_available(segments) > count)
		segment_manager_set_aside(
			segments, segment_manager_find_run(segments, 1), 1);
}

static int
wait_for_room(struct world *world, enum room_level level)
{
	struct error error = ERROR_INIT;
	int status;

	while ((status = room_find(world->engine, 1, level, &error)) ==
	       ENGINE_PENDING)
		assert_int_equal(engine_poll(world->engine, -1, &error), 0);
	return status;
}

TEST(where_no_segment_is_left_deletions_go_beyond_the_maximum_once)
{
	for (uint32_t left = 0; left < 2; left++) {
		struct world world = make_world();
		const struct segment_manager *segments =
			&world.engine->segments;

		fill(&world, 3000);
		leave_free(&world, left);
		assert_int_equal(wait_for_room(&world, ROOM_ORDINARY),
				 -(int)ERROR_FULL);
		assert_int_equal(segments->segment_count, SEGMENTS);
		assert_int_equal(wait_for_room(&world, ROOM_RECLAIMING), 0);
		assert_int_equal(segments->segment_count,
				 SEGMENTS + SEGMENT_RESERVE);
		leave_free(&world, 0);
		assert_int_equal(wait_for_room(&world, ROOM_RECLAIMING),
				 -(int)ERROR_FULL);
		driver_abandon(world.engine, world.disk);
	}
}

TEST(the_last_segment_of_a_full_disk_is_for_dropping_a_table)
{
	struct geometry geometry = usual;
	struct world world;

	geometry.segments = 0; /* no maximum */
	world = make_world_of(&geometry);
	world.disk->bytes_max = 400 << 10;
	fill(&world, 3000);
	leave_free(&world, 1);
	assert_int_equal(wait_for_room(&world, ROOM_RECLAIMING),
			 -(int)ERROR_FULL);
	assert_int_equal(wait_for_room(&world, ROOM_DROPPING), 0);
	driver_abandon(world.engine, world.disk);
}

TEST(who_waits_for_work_that_wins_nothing_is_told_in_the_end)
{
	struct world world = make_world();
	struct engine *engine = world.engine;
	struct error error = ERROR_INIT;
	uint64_t *moved = &engine->moving.buffers_written;

	fill(&world, 3000);
	/* As if moving went on without an end. */
	engine->moving.count = 1;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(room_find(engine, 1, ROOM_ORDINARY, &error),
				 ENGINE_PENDING);
		*moved += 256 + 64;
		assert_int_equal(room_find(engine, 1, ROOM_ORDINARY, &error),
				 ENGINE_PENDING);
		(*moved)++;
		assert_int_equal(room_find(engine, 1, ROOM_ORDINARY, &error),
				 -(int)ERROR_FULL);
		/* The next one waits from the start. */
	}
	assert_int_equal(room_find(engine, 1, ROOM_ORDINARY, &error),
			 ENGINE_PENDING);
	engine->counters.checkpoints += 16;
	assert_int_equal(room_find(engine, 1, ROOM_ORDINARY, &error),
			 ENGINE_PENDING);
	engine->counters.checkpoints++;
	assert_int_equal(room_find(engine, 1, ROOM_ORDINARY, &error),
			 -(int)ERROR_FULL);
	engine->moving.count = 0;
	driver_abandon(engine, world.disk);
}

TEST(who_got_room_has_not_waited)
{
	struct world world = make_world();
	struct engine *engine = world.engine;
	struct error error = ERROR_INIT;

	/* Meanwhile rows of table 3 may have opened a segment: the one who has
	 * waited needs none. */
	engine->room_wait.is_waiting = true;
	assert_int_equal(try_put(&world, 0, 10, &error), 0);
	assert_false(engine->room_wait.is_waiting);
	fill(&world, 3000);
	engine->moving.count = 1;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(room_find(engine, 1, ROOM_ORDINARY, &error),
				 ENGINE_PENDING);
		engine->moving.buffers_written += 200;
		if (i % 2 == 0)
			room_found(engine, 0);
	}
	engine->moving.count = 0;
	driver_abandon(engine, world.disk);
}

TEST(who_has_gone_waits_no_longer)
{
	struct world world = make_world();
	struct engine *engine = world.engine;
	struct room_wait *wait = &engine->room_wait;

	fill(&world, 3000);
	engine->moving.count = 1;
	assert_int_equal(room_find(engine, 1, ROOM_ORDINARY, NULL),
			 ENGINE_PENDING);
	engine->moving.count = 0;
	for (int i = 0; i < 20; i++)
		assert_int_equal(engine_poll(engine, 0, NULL), 0);
	assert_true(wait->is_waiting);
	for (int i = 0; i < 20; i++)
		assert_int_equal(engine_poll(engine, 0, NULL), 0);
	assert_false(wait->is_waiting);
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

TEST(a_full_database_is_compacted_as_far_as_there_is_room)
{
	static const size_t sizes[] = { 10, 100, 900, 3000 };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct world world = make_world();
		int rows = fill(&world, sizes[i]);

		for (int j = 0; j < 3; j++) {
			driver_compact(world.engine);
			assert_true(available(&world) >= SEGMENT_RESERVE - 1);
		}
		assert_int_equal(driver_count(world.engine, world.table), rows);
		finish(&world);
	}
}

TEST(compacting_a_crowded_database_wins_what_is_dead)
{
	struct world world = make_world();
	uint64_t random = 1;
	uint32_t live;

	overwrite(&world, 700, 100, 4000, &random);
	assert_true(available(&world) <= SEGMENT_RESERVE + 4);
	driver_compact(world.engine);
	live = (uint32_t)(world.engine->segments.live_bytes / 4096);
	/* But for tails. */
	assert_true(available(&world) + live + 3 >= SEGMENTS);
	finish(&world);
}

/* Polls until a batch is taken. */
static int
polls_of_batch(struct world *world, int rows, uint64_t *random)
{
	enum { BATCH = 8 };
	struct engine_write writes[BATCH];
	char keys[BATCH][16], value[100];
	struct error error = ERROR_INIT;
	uint64_t lsn;
	int polls = 0;

	memset(value, 'o', sizeof(value));
	for (int i = 0; i < BATCH; i++) {
		int number = (int)(next_random(random) % (unsigned)rows);

		snprintf(keys[i], sizeof(keys[i]), "%d", number);
		writes[i] = (struct engine_write){
			.kind = ENGINE_WRITE_ROW,
			.table = world->table,
			.key = slice_from_string(keys[i]),
			.value = slice_make(value, sizeof(value)),
			.timestamp_us = engine_timestamp_us(world->engine),
		};
	}
	while (engine_write(world->engine, writes, BATCH, &lsn, &error) ==
	       ENGINE_PENDING) {
		assert_int_equal(engine_poll(world->engine, -1, &error), 0);
		polls++;
	}
	driver_commit(world->engine, lsn);
	return polls;
}

TEST(a_writer_hardly_waits_while_a_fifth_is_dead)
{
	static const struct geometry geometry = { 4096, 800, ENGINE_SYNC_FULL,
						  false };
	struct world world = make_world_of(&geometry);
	struct error error = ERROR_INIT;
	uint64_t random = 1;
	int rows = 0, most = 0;

	while (world.engine->segments.live_bytes <
	       (uint64_t)geometry.segments * 4096 / 5 * 4)
		assert_int_equal(try_put(&world, rows++, 100, &error), 0);
	driver_commit(world.engine, engine_last_lsn(world.engine));
	for (int i = 0; i < 5 * rows / 8; i++) {
		int polls = polls_of_batch(&world, rows, &random);

		if (polls > most)
			most = polls;
	}
	/* Never for a checkpoint, which takes many more. */
	assert_in_range(most, 0, 20);
	finish(&world);
}

/* ---- rows of table 3 on the way ---- */

enum { BATCH = 63, ONE = 3880 /* bytes of a value that fills a segment */ };

static void
put_and_commit(struct world *world, int number, size_t size)
{
	struct error error = ERROR_INIT;

	assert_int_equal(try_put(world, number, size, &error), 0);
	driver_commit(world->engine, engine_last_lsn(world->engine));
}

static void
kill_some(struct world *world, int first, int count)
{
	for (int i = 0; i < 2 * count; i++)
		put_and_commit(world, first + i % count, ONE);
}

static struct world
make_roomy_world(void)
{
	struct engine_options options = driver_small;
	struct world world = { .disk = fault_disk_create(1) };

	options.file_segments = 256;
	world.engine = driver_open(fault_disk_open(world.disk), &options);
	while (world.engine->segments.segment_count < 160) {
		segment_growth_start(&world.engine->segments);
		assert_int_equal(engine_poll(world.engine, 0, NULL), 0);
	}
	world.table = driver_create_table(world.engine);
	return world;
}

static void
wait_for_checkpoint(struct engine *engine)
{
	uint64_t published = engine->counters.checkpoints;
	struct error error = ERROR_INIT;

	assert_int_equal(engine_checkpoint(engine, &error), ENGINE_PENDING);
	while (engine->counters.checkpoints == published)
		assert_int_equal(engine_poll(engine, -1, NULL), 0);
}

/* The batch takes every buffer that there is; what looking for its segments
 * appends comes between. */
static void
write_large_batch(struct world *world)
{
	static struct engine_write batch[BATCH];
	static char keys[BATCH][16], value[ONE];
	struct error error = ERROR_INIT;
	uint64_t lsn;

	for (int i = 0; i < BATCH; i++) {
		snprintf(keys[i], sizeof(keys[i]), "b%d", i);
		batch[i] = (struct engine_write){
			.kind = ENGINE_WRITE_ROW,
			.table = world->table,
			.key = slice_from_string(keys[i]),
			.value = slice_make(value, sizeof(value)),
			.timestamp_us = engine_timestamp_us(world->engine),
		};
	}
	assert_int_equal(driver_try_write(world->engine, batch, BATCH, &lsn,
					  &error),
			 0);
	driver_commit(world->engine, lsn);
}

TEST(rows_that_make_room_for_a_batch_take_none_of_its_buffers)
{
	struct world world = make_roomy_world();
	struct engine *engine = world.engine;
	int number = 3000;

	/* Six need no row behind the checkpoints, nine do. */
	kill_some(&world, 0, 6);
	put_and_commit(&world, 1000, ONE);
	driver_checkpoint(engine);
	kill_some(&world, 2000, 9);
	while (engine->segments.free_count > BATCH + 1)
		put_and_commit(&world, number++, ONE);
	assert_int_equal(try_put(&world, number, 3700, NULL), 0);
	wait_for_checkpoint(engine);
	assert_int_equal(engine->segments.dead.count, 9);
	assert_non_null(engine->writer.open);
	write_large_batch(&world);
	assert_int_equal(driver_count(engine, world.table),
			 6 + 1 + 9 + number - 3000 + 1 + BATCH);
	finish(&world);
}

UNIT_MAIN()
