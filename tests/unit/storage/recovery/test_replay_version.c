/* SPDX-License-Identifier: MIT
 *
 * Which version of a row stays where one of them was being overwritten when the
 * process was killed. */
#include "storage/engine_state.h"
#include "tests/support/salvage_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_0 "00-000000.segments"

/* Segments of four blocks, of which a filler leaves no room for another. */
enum { SEGMENT = 16384, SEGMENTS = 16, FILLER = 14000, FILLERS = 4, AT = 50 };

struct world {
	struct fault_disk *disk;
	struct engine *engine;
	uint32_t table;
	uint32_t place; /* where the older version stands */
};

static struct engine *
open_small(struct fault_disk *disk)
{
	struct engine_options options = driver_small;

	options.segment_size = SEGMENT;
	options.file_segments = SEGMENTS;
	options.sync = ENGINE_SYNC_FULL;
	return driver_open(fault_disk_open(disk), &options);
}

static struct world
make_world(void)
{
	struct world world = { .disk = fault_disk_create(1) };

	world.engine = open_small(world.disk);
	while (world.engine->segments.segment_count < SEGMENTS) {
		segment_growth_start(&world.engine->segments);
		assert_int_equal(engine_poll(world.engine, 0, NULL), 0);
	}
	world.engine->segments.growth.state = GROWTH_FAILED;
	world.table = driver_create_table(world.engine);
	return world;
}

/* The same time for all, so that only LSNs tell versions apart. */
static uint64_t
begin_put(struct world *world, const char *key, char letter, size_t size)
{
	char value[FILLER + 1];

	memset(value, letter, size);
	value[size] = '\0';
	return driver_put_at(world->engine, world->table, key, value, AT);
}

static void
put(struct world *world, const char *key, char letter, size_t size)
{
	driver_commit(world->engine, begin_put(world, key, letter, size));
}

static struct location
find(struct world *world, const char *key)
{
	return driver_find_location(world->engine, world->table, key);
}

static uint64_t
begin_filler(struct world *world, int number)
{
	char key[16];

	snprintf(key, sizeof(key), "filler-%d", number % FILLERS);
	return begin_put(world, key, 'f', FILLER);
}

static void
put_fillers(struct world *world, int count)
{
	for (int i = 0; i < count; i++)
		driver_commit(world->engine, begin_filler(world, i));
}

/* A version behind its segment's first block, known to a checkpoint at whose
 * start that segment is open, and a newer one in the place behind it.  What is
 * written later begins with the places before both, so that it isn't the newest
 * record when it is met. */
static void
put_versions(struct world *world)
{
	put_fillers(world, SEGMENTS - 4);
	put(world, "beside", 'b', 5000);
	put(world, "row", 'o', 100);
	world->place = find(world, "row").segment;
	assert_int_equal(find(world, "beside").segment, world->place);
	driver_checkpoint(world->engine);
	put(world, "row", 'n', FILLER);
	assert_true(find(world, "row").segment > world->place);
	put_fillers(world, SEGMENTS - 4);
	put(world, "beside", 'b', FILLER);
}

/* What stood there is about to be overwritten. */
static void
use_again(struct world *world)
{
	const struct segment *segment =
		&world->engine->segments.segments[world->place];
	uint64_t life = segment->sequence, lsn = 0;

	for (int i = 0; segment->sequence == life; i++) {
		assert_true(i < 100);
		driver_commit(world->engine, lsn);
		lsn = begin_filler(world, i);
	}
	assert_int_equal(segment->state, SEGMENT_OPEN);
	assert_int_equal(segment->first_write, 0); /* none has settled */
}

static uint8_t *
place_on_disk(const struct world *world)
{
	size_t size;

	return fault_disk_file(world->disk, FILE_0, &size) +
	       (size_t)world->place * SEGMENT;
}

static void
expect_newer(struct world *world)
{
	const char *value = driver_get(world->engine, world->table, "row");

	assert_non_null(value);
	assert_int_equal(strlen(value), FILLER);
	assert_int_equal(value[0], 'n');
	assert_int_equal(driver_count(world->engine, world->table),
			 FILLERS + 2);
}

TEST(what_a_torn_write_spoils_gives_way_to_a_tie)
{
	struct world world = make_world();
	uint8_t block[FORMAT_BLOCK_SIZE];

	put_versions(&world);
	memcpy(block, place_on_disk(&world), sizeof(block));
	use_again(&world);
	assert_int_equal(world.engine->counters.checkpoints, 1);
	world.disk = driver_kill(world.engine, world.disk);
	/* All but the write's first block has arrived. */
	memset(place_on_disk(&world), 0xee, SEGMENT);
	memcpy(place_on_disk(&world), block, sizeof(block));
	for (int i = 0; i < 2; i++) {
		world.engine = open_small(world.disk);
		expect_newer(&world);
		world.disk = driver_kill(world.engine, world.disk);
	}
	fault_disk_destroy(world.disk);
}

/* A walk drops a deletion of which both checkpoints know, and whose place was
 * open when they began; a write fails meanwhile.  False when that wasn't behind
 * the drop and before the walk was published. */
static bool
drop_deletion(struct world *world, uint64_t writes)
{
	struct error error = ERROR_INIT;
	int status;

	engine_set_gc_grace(world->engine, world->table, 0);
	put_fillers(world, SEGMENTS - 4);
	put(world, "row", 'o', 100);
	driver_commit(world->engine,
		      driver_delete_at(world->engine, world->table, "row",
				       AT + 1));
	world->place = find(world, "row").segment;
	driver_checkpoint(world->engine);
	driver_checkpoint(world->engine);
	put_fillers(world, 1);
	world->disk->fail_kinds = 1u << IO_WRITE;
	world->disk->fail_after = writes;
	world->disk->fails_once = true;
	world->disk->fail_errno = EIO;
	status = driver_try_checkpoint(world->engine, &error);
	world->disk->fail_errno = 0;
	return status < 0 &&
	       driver_count(world->engine, world->table) == FILLERS &&
	       engine_find_table(world->engine, world->table)->tombstones == 0;
}

static void
expect_salvaged(const struct world *world)
{
	struct fault_disk *damaged = fault_disk_copy(world->disk);
	struct fault_disk *fresh = fault_disk_create(2);
	struct salvage_told told;
	struct engine *engine;

	driver_salvage(damaged, fresh, &told);
	engine = open_small(fresh);
	assert_int_equal(driver_count(engine, world->table), FILLERS + 1);
	assert_non_null(driver_get(engine, world->table, "row"));
	driver_close(engine);
	fault_disk_destroy(fresh);
	fault_disk_destroy(damaged);
}

/* With its timestamp it would lose against the deletion, of which nothing was
 * known any more when it was written. */
static void
write_older_row(struct world *world)
{
	const char *value;

	for (int i = 0; world->engine->writer.segment >= world->place; i++) {
		assert_true(i < SEGMENTS);
		put_fillers(world, 1);
	}
	put(world, "row", 'n', 100);
	assert_true(find(world, "row").segment < world->place);
	for (int i = 0; i < 2; i++) {
		world->disk = driver_kill(world->engine, world->disk);
		expect_salvaged(world);
		world->engine = open_small(world->disk);
		value = driver_get(world->engine, world->table, "row");
		assert_non_null(value);
		assert_int_equal(value[0], 'n');
	}
}

TEST(a_row_older_than_a_deletion_that_was_dropped_stays)
{
	unsigned tried = 0;

	for (uint64_t i = 0; i < 12; i++) {
		struct world world = make_world();

		if (drop_deletion(&world, i)) {
			write_older_row(&world);
			tried++;
		}
		driver_abandon(world.engine, world.disk);
	}
	assert_true(tried > 0);
}

/* ---- what is on its way ---- */

/* Compaction begins so many steps after the walk of a checkpoint, which drops
 * the deletion; or before it, where the number is negative. */
static void
compact_beside_walk(struct world *world, int delay)
{
	struct error error = ERROR_INIT;
	int walk = ENGINE_PENDING, moving = ENGINE_PENDING;

	for (int i = delay < 0 ? delay : 0;
	     walk == ENGINE_PENDING || moving == ENGINE_PENDING; i++) {
		if (i >= 0 && walk == ENGINE_PENDING)
			walk = engine_checkpoint(world->engine, &error);
		if (i >= delay && moving == ENGINE_PENDING)
			moving = engine_compact(world->engine, NULL, &error);
		assert_int_equal(engine_poll(world->engine, 0, NULL), 0);
	}
	assert_int_equal(walk, 0);
	assert_int_equal(moving, 0);
}

static void
move_dropped_deletion(int delay, unsigned *tried)
{
	struct world world = make_world();
	const char *value;

	/* A walk comes to them first. */
	driver_put_many(world.engine, world.table, 0, 2000);
	world.table = driver_create_table(world.engine);
	engine_set_gc_grace(world.engine, world.table, 0);
	put(&world, "row", 'o', 100);
	driver_commit(world.engine, driver_delete_at(world.engine, world.table,
						     "row", AT + 1));
	put(&world, "filler-0", 'f', FILLER);
	driver_checkpoint(world.engine);
	driver_checkpoint(world.engine);
	compact_beside_walk(&world, delay);
	if (engine_find_table(world.engine, world.table)->tombstones == 0) {
		put(&world, "row", 'n', 100);
		world.disk = driver_kill(world.engine, world.disk);
		world.engine = open_small(world.disk);
		value = driver_get(world.engine, world.table, "row");
		assert_non_null(value);
		assert_int_equal(value[0], 'n');
		++*tried;
	}
	driver_abandon(world.engine, world.disk);
}

TEST(a_copy_of_a_dropped_deletion_is_not_written)
{
	unsigned tried = 0;

	for (int delay = -8; delay < 8; delay++)
		move_dropped_deletion(delay, &tried);
	assert_true(tried > 0);
}

UNIT_MAIN()
