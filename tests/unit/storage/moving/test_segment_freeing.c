/* SPDX-License-Identifier: MIT */
#include "base/pack.h"
#include "storage/checkpoint/freed_life.h"
#include "storage/engine_state.h"
#include "storage/moving/segment_freeing.h"
#include "tests/support/salvage_driver.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

/* Each row fills a segment, so that overwriting it kills one, and leaves no
 * room for a row of table 3. */
enum { VALUE = 3880 };

struct world {
	struct fault_disk *disk;
	struct engine *engine;
	uint32_t table;
};

static struct world
make_world(enum engine_sync sync)
{
	struct engine_options options = driver_small;
	struct world world = { .disk = fault_disk_create(1) };

	options.sync = sync;
	world.engine = driver_open(fault_disk_open(world.disk), &options);
	while (world.engine->segments.segment_count < 64) {
		segment_growth_start(&world.engine->segments);
		assert_int_equal(engine_poll(world.engine, 0, NULL), 0);
	}
	world.table = driver_create_table(world.engine);
	return world;
}

static void
finish(struct world *world)
{
	driver_abandon(world->engine, world->disk);
}

/* Values that differ, since equal bytes would hide what is old. */
static uint64_t
put_sized(struct world *world, const char *key, int version, size_t size)
{
	char value[VALUE + 1];

	assert_true(size <= VALUE);
	memset(value, 'a' + version % 26, size);
	value[size] = '\0';
	return driver_put(world->engine, world->table, key, value);
}

static uint64_t
put(struct world *world, const char *key, int version)
{
	return put_sized(world, key, version, VALUE);
}

static uint32_t
segment_of(struct world *world, const char *key)
{
	return driver_find_location(world->engine, world->table, key).segment;
}

static enum segment_state
state_of(const struct world *world, uint32_t segment)
{
	return (enum segment_state)world->engine->segments.segments[segment]
		.state;
}

static uint64_t
rows_of_freed(const struct world *world)
{
	return primary_index_count(world->engine->freed->index);
}

static void
poll_some(struct world *world, int times)
{
	for (int i = 0; i < times; i++)
		assert_int_equal(engine_poll(world->engine, 0, NULL), 0);
}

static void
kill_all(struct world *world, uint32_t segment)
{
	struct segment_manager *segments = &world->engine->segments;

	segment_manager_kill_record(
		segments,
		(struct location){ segment, FORMAT_HEADER_SIZE,
				   segments->segments[segment].live_bytes });
}

/* A segment that just died. */
static uint32_t
kill_one(struct world *world, const char *key)
{
	uint32_t segment;

	driver_commit(world->engine, put(world, key, 0));
	segment = segment_of(world, key);
	driver_commit(world->engine, put(world, key, 1));
	assert_true(segment_of(world, key) != segment);
	return segment;
}

/* Files can't grow any more. */
static void
fill_files(struct world *world)
{
	world->engine->segments.growth.state = GROWTH_FAILED;
	world->engine->segments.growth.failure = 0;
}

TEST(a_row_of_table_3_says_what_was_freed)
{
	struct freed_life life = { .sequence = 0x0102030405060708,
				   .segment = 0x11121314,
				   .stream = STREAM_MOVING,
				   .first_write = 3,
				   .last_write = UINT64_MAX,
				   .moving_settled = 0x2122232425262728 };
	struct freed_life again;
	uint8_t key[FREED_KEY_SIZE], value[FREED_VALUE_SIZE];
	struct slice k = slice_make(key, sizeof(key));
	struct slice v = slice_make(value, sizeof(value));

	freed_life_encode(&life, key, value);
	assert_int_equal(key[0], 8);
	assert_true(freed_life_decode(k, v, &again));
	assert_memory_equal(&again.sequence, &life.sequence, 8);
	assert_int_equal(again.segment, life.segment);
	assert_int_equal(again.stream, life.stream);
	assert_true(again.first_write == 3 && again.last_write == UINT64_MAX);
	assert_true(again.moving_settled == life.moving_settled);
	/* As they once were. */
	assert_true(freed_life_decode(k, slice_make(value, 24), &again));
	assert_true(again.last_write == UINT64_MAX);
	assert_true(again.moving_settled == 0);
	/* Nothing else is one. */
	assert_false(freed_life_decode(slice_make(key, 7), v, &again));
	assert_false(freed_life_decode(k, slice_make(value, 23), &again));
	assert_false(freed_life_decode(k, slice_make(value, 31), &again));
	for (size_t i = 4; i < 8; i++) {
		value[i] ^= 4;
		assert_false(freed_life_decode(k, v, &again));
		value[i] ^= 4;
	}
	value[4] = 0;
	assert_false(freed_life_decode(k, v, &again));
	life.first_write = 0;
	freed_life_encode(&life, key, value);
	assert_false(freed_life_decode(k, v, &again));
	life.first_write = 5;
	life.last_write = 4;
	freed_life_encode(&life, key, value);
	assert_false(freed_life_decode(k, v, &again));
	life.last_write = 5;
	life.sequence = 0;
	freed_life_encode(&life, key, value);
	assert_false(freed_life_decode(k, v, &again));
}

/* As many as make rows worth while; the first of them. */
static uint32_t
kill_many(struct world *world)
{
	uint32_t first = kill_one(world, "first");
	char key[16];

	for (int i = 1; i < 16; i++) {
		snprintf(key, sizeof(key), "%d", i);
		kill_one(world, key);
	}
	return first;
}

TEST(a_dead_segment_is_free_when_its_row_is_durable)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	uint32_t segment = kill_many(&world);
	struct segment_manager *segments = &world.engine->segments;
	struct segment life = segments->segments[segment];
	const struct freed_life *wanted;

	assert_true(life.first_write != 0);
	poll_some(&world, 5);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREEING);
	assert_int_equal(segments->freeing_count, 16);
	/* Nobody needs it: rows go along with what is written anyway. */
	assert_int_equal(rows_of_freed(&world), 0);
	driver_commit(world.engine, engine_last_lsn(world.engine));
	poll_some(&world, 1);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREE);
	assert_int_equal(rows_of_freed(&world), 16);
	wanted = world.engine->freeing.wanted;
	assert_int_equal(world.engine->freeing.wanted_count, 16);
	assert_int_equal(wanted->sequence, life.sequence);
	assert_int_equal(wanted->segment, segment);
	assert_int_equal(wanted->stream, STREAM_USER);
	assert_int_equal(wanted->first_write, life.first_write);
	assert_int_equal(wanted->last_write, life.last_write);
	finish(&world);
}

TEST(a_few_dead_segments_wait_for_more)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	uint32_t segment = kill_one(&world, "k");

	driver_put(world.engine, world.table, "other", "v");
	poll_some(&world, 1);
	driver_commit(world.engine, engine_last_lsn(world.engine));
	poll_some(&world, 3);
	assert_int_equal(state_of(&world, segment), SEGMENT_DEAD);
	finish(&world);
}

/* A few dead segments aren't worth one for their rows while files can grow. */
TEST(who_is_in_a_hurry_gets_a_segment_at_once)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	uint32_t segment = kill_one(&world, "k");
	uint32_t second = kill_one(&world, "l");

	segment_freeing_step(world.engine, true);
	assert_int_equal(state_of(&world, segment), SEGMENT_DEAD);
	assert_int_equal(segment_freeing_count(world.engine), 0);
	kill_one(&world, "m");
	kill_one(&world, "n");
	fill_files(&world);
	segment_freeing_step(world.engine, true);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREEING);
	assert_int_equal(segment_freeing_count(world.engine), 4);
	poll_some(&world, 2);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREE);
	assert_int_equal(state_of(&world, second), SEGMENT_FREE);
	assert_int_equal(segment_freeing_count(world.engine), 0);
	finish(&world);
}

TEST(a_segment_that_is_read_is_not_used_again)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	uint32_t segment = kill_one(&world, "k");
	uint32_t second = kill_one(&world, "l");
	struct segment_manager *segments = &world.engine->segments;
	struct location at = { .segment = segment,
			       .offset = FORMAT_HEADER_SIZE,
			       .size = 40 };

	kill_one(&world, "m");
	kill_one(&world, "n");
	segment_manager_pin(segments, at);
	fill_files(&world);
	segment_freeing_step(world.engine, true);
	/* Waiting for it might take for ever. */
	assert_int_equal(segment_freeing_count(world.engine), 3);
	poll_some(&world, 3);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREEING);
	assert_int_equal(state_of(&world, second), SEGMENT_FREE);
	segment_manager_unpin(segments, at);
	poll_some(&world, 1);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREE);
	assert_int_equal(world.engine->freeing.waiting_count, 0);
	finish(&world);
}

TEST(many_dead_segments_share_a_buffer)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	struct engine_statistics before, after;
	char key[16];

	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "%d", i);
		put(&world, key, i);
	}
	driver_commit(world.engine,
		      driver_drop_table(world.engine, world.table));
	engine_get_statistics(world.engine, &before);
	poll_some(&world, 5);
	engine_get_statistics(world.engine, &after);
	assert_int_equal(after.buffers_written - before.buffers_written, 0);
	assert_true(world.engine->segments.freeing_count >= 40);
	driver_commit(world.engine, engine_last_lsn(world.engine));
	poll_some(&world, 1);
	engine_get_statistics(world.engine, &after);
	assert_int_equal(after.buffers_written - before.buffers_written, 1);
	assert_true(after.segments_free >= before.segments_free + 39);
	assert_int_equal(world.engine->segments.freeing_count, 0);
	finish(&world);
}

/* ---- rows, and what was moved ---- */

enum { MOVED_SEGMENTS = 20, MOVED_VALUE = 1180 };

static void
put_three(struct world *world, int number, const char *letters, int version)
{
	char key[16];

	for (; *letters != '\0'; letters++) {
		snprintf(key, sizeof(key), "%c%d", *letters, number);
		put_sized(world, key, version, MOVED_VALUE);
	}
	driver_commit(world->engine, engine_last_lsn(world->engine));
}

/* What lives in some segments was moved, and rows say that they were freed,
 * while nothing that was moved is durable: all that a kill leaves. */
static struct fault_disk *
move_and_kill(struct world *world, const struct engine_options *options)
{
	struct error error = ERROR_INIT;

	world->disk = fault_disk_create(1);
	world->engine = driver_open(fault_disk_open(world->disk), options);
	world->table = driver_create_table(world->engine);
	for (int i = 0; i < MOVED_SEGMENTS; i++)
		put_three(world, i, "abc", 0);
	for (int i = 0; i < MOVED_SEGMENTS; i++)
		put_three(world, i, "bc", 1);
	for (int i = 0; world->engine->freeing.wanted_count == 0; i++) {
		assert_true(i < 1000);
		assert_true(engine_compact(world->engine, NULL, &error) >= 0);
		poll_some(world, 1);
	}
	driver_commit(world->engine, engine_last_lsn(world->engine));
	assert_true(world->engine->moving.settled > 0);
	return driver_kill(world->engine, world->disk);
}

static uint8_t *
find_buffer(struct fault_disk *disk, uint8_t stream, uint64_t write_sequence)
{
	size_t size;
	uint8_t *bytes = fault_disk_file(disk, "00-000000.segments", &size);

	for (size_t at = 0; at < size; at += 4096) {
		if (load_u32_le(bytes + at + 8) == FORMAT_BUFFER_MAGIC &&
		    bytes[at + 15] == stream &&
		    load_u64_le(bytes + at + 48) == write_sequence)
			return bytes + at;
	}
	return NULL;
}

/* As if the write into that place had never been done. */
static void
lose(struct fault_disk *disk, uint8_t stream, uint64_t write_sequence)
{
	uint8_t *buffer = find_buffer(disk, stream, write_sequence);

	assert_non_null(buffer);
	memset(buffer, 0, 4096);
}

static int
lose_stream(struct fault_disk *disk, uint8_t stream)
{
	uint64_t sequence = 1;

	while (find_buffer(disk, stream, sequence) != NULL)
		lose(disk, stream, sequence++);
	return (int)sequence - 1;
}

static bool
has_all(struct fault_disk *disk, const struct engine_options *options,
	uint32_t table)
{
	struct engine *engine = driver_open(fault_disk_open(disk), options);
	int found = 0;
	char key[16];

	for (int i = 0; i < MOVED_SEGMENTS; i++) {
		snprintf(key, sizeof(key), "a%d", i);
		found += driver_get(engine, table, key) != NULL;
	}
	driver_close(engine);
	return found == MOVED_SEGMENTS;
}

TEST(a_row_explains_nothing_without_what_was_moved)
{
	struct engine_options options = driver_small;
	struct world world;
	struct fault_disk *disk, *copy;

	options.sync = ENGINE_SYNC_OFF;
	options.file_segments = 256;
	disk = move_and_kill(&world, &options);
	/* A place that was used again. */
	copy = fault_disk_copy(disk);
	lose(copy, STREAM_USER, 3);
	assert_true(has_all(copy, &options, world.table));
	fault_disk_destroy(copy);
	/* A copy that never became durable. */
	copy = fault_disk_copy(disk);
	lose(copy, STREAM_MOVING, 1);
	assert_true(has_all(copy, &options, world.table));
	fault_disk_destroy(copy);
	/* Then its original's place wasn't used again: the disk lost it. */
	lose(disk, STREAM_MOVING, 1);
	lose(disk, STREAM_USER, 3);
	assert_int_equal(
		driver_open_error(fault_disk_open(disk), &options).code,
		ERROR_CORRUPT);
	fault_disk_destroy(disk);
}

/* ---- what a salvage makes of it ---- */

static uint64_t
salvage_faults(struct fault_disk *disk, struct fault_disk *fresh)
{
	struct salvage_told told;

	driver_salvage(disk, fresh, &told);
	fault_disk_destroy(fresh);
	return told.faults;
}

TEST(nor_does_it_when_a_database_is_salvaged)
{
	struct engine_options options = driver_small;
	struct world world;
	struct fault_disk *disk;

	options.sync = ENGINE_SYNC_OFF;
	options.file_segments = 256;
	disk = move_and_kill(&world, &options);
	assert_int_equal(salvage_faults(disk, fault_disk_create(2)), 0);
	assert_true(lose_stream(disk, STREAM_MOVING) > 1);
	assert_int_equal(salvage_faults(disk, fault_disk_create(2)), 0);
	lose(disk, STREAM_USER, 3);
	assert_int_equal(salvage_faults(disk, fault_disk_create(2)), 1);
	fault_disk_destroy(disk);
}

TEST(salvage_takes_what_was_freed_where_its_copy_is_damaged)
{
	struct engine_options options = driver_small;
	struct world world;
	struct fault_disk *disk, *fresh = fault_disk_create(2);
	struct salvage_told told;

	options.file_segments = 256;
	disk = move_and_kill(&world, &options);
	/* Nobody misses what is damaged there. */
	find_buffer(disk, STREAM_USER, 3)[1000] ^= 1;
	assert_int_equal(salvage_faults(disk, fault_disk_create(2)), 0);
	find_buffer(disk, STREAM_USER, 3)[1000] ^= 1;
	memset(find_buffer(disk, STREAM_MOVING, 1) + 1000, 1, 3000);
	driver_salvage(disk, fresh, &told);
	assert_true(told.faults > 0);
	assert_int_equal(told.table, world.table);
	assert_true(has_all(fresh, &options, world.table));
	fault_disk_destroy(fresh);
	fault_disk_destroy(disk);
}

/* As when a checkpoint is published that has moved the horizon. */
static void
pass_horizon(struct engine *engine)
{
	freed_lives_forget(engine);
	engine->freeing.buried_walk = engine->freeing.published_walk + 1;
	segment_freeing_step(engine, false);
}

TEST(what_nothing_replays_needs_no_row)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	uint32_t segment = kill_one(&world, "k");
	struct horizon *horizon = &world.engine->horizon;

	/* One below is one too few, and the other stream's doesn't matter. */
	horizon->user_sequence =
		world.engine->segments.segments[segment].last_write - 1;
	horizon->moving_sequence = UINT64_MAX;
	pass_horizon(world.engine);
	assert_int_equal(state_of(&world, segment), SEGMENT_DEAD);
	horizon->user_sequence++;
	pass_horizon(world.engine);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREEING);
	poll_some(&world, 1);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREE);
	assert_int_equal(world.engine->freeing.wanted_count, 0);
	assert_int_equal(rows_of_freed(&world), 0);
	finish(&world);
}

/* A segment that died when a walk that is under way had left its row out. */
static uint32_t
leave_out_one(struct world *world, const char *key)
{
	uint32_t segment;

	driver_commit(world->engine, put(world, key, 0));
	segment = segment_of(world, key);
	world->engine->segments.segments[segment].dropped_by =
		world->engine->freeing.published_walk + 1;
	driver_commit(world->engine, put(world, key, 1));
	return segment;
}

/* There may be as many as the database has, while a walk takes many steps. */
TEST(what_a_walk_leaves_out_is_looked_at_once_until_it_is_published)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	struct engine *engine = world.engine;
	uint32_t k = leave_out_one(&world, "k");
	uint32_t l = kill_one(&world, "l"), m, n;

	m = leave_out_one(&world, "m");
	/* l needs a row, which isn't worth a buffer of its own. */
	engine->horizon.user_sequence = engine->segments.segments[k].last_write;
	pass_horizon(engine);
	assert_int_equal(engine->segments.dead.count, 3);
	/* As if they could be freed. */
	engine->segments.segments[k].dropped_by = 0;
	engine->segments.segments[m].dropped_by = 0;
	engine->horizon.user_sequence = UINT64_MAX;
	n = kill_one(&world, "n");
	pass_horizon(engine);
	assert_int_equal(state_of(&world, k), SEGMENT_DEAD);
	assert_int_equal(state_of(&world, l), SEGMENT_FREEING);
	assert_int_equal(state_of(&world, m), SEGMENT_DEAD);
	assert_int_equal(state_of(&world, n), SEGMENT_FREEING);
	engine->freeing.published_walk++;
	poll_some(&world, 2);
	assert_int_equal(state_of(&world, k), SEGMENT_FREE);
	assert_int_equal(state_of(&world, m), SEGMENT_FREE);
	assert_int_equal(engine->segments.dead.count, 0);
	finish(&world);
}

TEST(rows_die_when_the_horizon_has_passed_what_they_tell)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	struct freeing *freeing = &world.engine->freeing;
	uint64_t live_bytes;

	kill_one(&world, "k");
	kill_one(&world, "l");
	kill_one(&world, "m");
	kill_one(&world, "n");
	fill_files(&world);
	segment_freeing_step(world.engine, true);
	/* Not settled yet: it may not be forgotten, or it would stay. */
	world.engine->horizon.user_sequence = freeing->wanted[0].last_write;
	pass_horizon(world.engine);
	assert_int_equal(freeing->wanted_count, 4);
	poll_some(&world, 2);
	assert_int_equal(rows_of_freed(&world), 4);
	live_bytes = world.engine->freed->live_bytes;
	pass_horizon(world.engine);
	assert_int_equal(freeing->wanted_count, 3);
	assert_int_equal(rows_of_freed(&world), 3);
	assert_int_equal(world.engine->freed->live_bytes, live_bytes / 4 * 3);
	assert_true(freeing->wanted[0].last_write >
		    world.engine->horizon.user_sequence);
	/* Told twice, by a checkpoint and by the log. */
	assert_true(freed_lives_reserve(freeing, 1));
	freed_lives_add(freeing, &freeing->wanted[0]);
	assert_int_equal(freeing->wanted_count, 4);
	world.engine->horizon.user_sequence = freeing->wanted[2].last_write;
	pass_horizon(world.engine);
	assert_int_equal(freeing->wanted_count, 0);
	assert_int_equal(rows_of_freed(&world), 0);
	assert_int_equal(world.engine->freed->live_bytes, 0);
	finish(&world);
}

TEST(a_life_that_has_its_row_gets_no_other)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	uint32_t segment = kill_one(&world, "k");
	uint32_t second = kill_one(&world, "l");

	kill_one(&world, "m");
	kill_one(&world, "n");
	fill_files(&world);
	segment_freeing_step(world.engine, true);
	poll_some(&world, 2);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREE);
	/* As recovery finds it: its bytes are there, and so is its row. */
	segment_manager_restore(&world.engine->segments, segment,
				SEGMENT_SEALED);
	assert_int_equal(state_of(&world, segment), SEGMENT_DEAD);
	segment_freeing_step(world.engine, true);
	poll_some(&world, 2);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREE);
	assert_int_equal(state_of(&world, second), SEGMENT_FREE);
	assert_int_equal(rows_of_freed(&world), 4);
	assert_int_equal(world.engine->freeing.wanted_count, 4);
	finish(&world);
}

/* ---- the other sync modes ---- */

TEST(in_group_mode_a_sync_frees)
{
	struct world world = make_world(ENGINE_SYNC_GROUP);
	uint32_t segment = kill_many(&world);
	uint64_t syncs;

	poll_some(&world, 1);
	driver_commit(world.engine, engine_last_lsn(world.engine));
	syncs = world.disk->syncs;
	poll_some(&world, 2);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREEING);
	world.disk->clock_us += BUFFERED_WRITER_SYNC_US;
	poll_some(&world, 5);
	assert_true(world.disk->syncs > syncs);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREE);
	finish(&world);
}

TEST(without_syncs_one_is_made_for_who_is_in_a_hurry)
{
	struct world world = make_world(ENGINE_SYNC_OFF);
	uint32_t segment = kill_many(&world);
	uint64_t syncs;

	poll_some(&world, 1);
	driver_commit(world.engine, engine_last_lsn(world.engine));
	syncs = world.disk->syncs;
	world.disk->clock_us += 1000000;
	poll_some(&world, 10);
	assert_int_equal(world.disk->syncs, syncs);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREEING);
	for (int i = 0; i < 5; i++) {
		segment_freeing_step(world.engine, true);
		poll_some(&world, 1);
	}
	assert_true(world.disk->syncs > syncs);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREE);
	/* And no more than that. */
	syncs = world.disk->syncs;
	poll_some(&world, 10);
	assert_int_equal(world.disk->syncs, syncs);
	finish(&world);
}

TEST(a_hurry_is_for_all_that_wait)
{
	struct world world = make_world(ENGINE_SYNC_OFF);
	uint32_t other;

	driver_commit(world.engine, put(&world, "other", 0));
	kill_many(&world);
	poll_some(&world, 1);
	assert_int_equal(world.engine->freeing.waiting_count, 16);
	/* Behind those whose rows are on their way, one without a row. */
	other = segment_of(&world, "other");
	world.engine->writer.durable = world.engine->writer.settled;
	world.engine->horizon.user_sequence = UINT64_MAX;
	kill_all(&world, other);
	pass_horizon(world.engine);
	assert_int_equal(state_of(&world, other), SEGMENT_FREEING);
	for (int i = 0; i < 5; i++) {
		segment_freeing_step(world.engine, true);
		poll_some(&world, 1);
	}
	assert_int_equal(world.engine->freeing.waiting_count, 0);
	finish(&world);
}

/* What superseded it may be lost by a power cut that leaves the new life. */
TEST(no_place_is_used_again_before_what_replaced_its_rows_is_durable)
{
	struct world world = make_world(ENGINE_SYNC_OFF);
	uint32_t segment = kill_one(&world, "k");

	world.engine->horizon.user_sequence = UINT64_MAX;
	pass_horizon(world.engine);
	poll_some(&world, 5);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREEING);
	assert_true(world.engine->writer.durable <
		    world.engine->writer.settled);
	buffered_writer_want_sync(&world.engine->writer);
	poll_some(&world, 3);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREE);
	finish(&world);
}

TEST(the_moving_stream_must_be_durable_too)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	uint32_t segment = kill_one(&world, "k");

	world.engine->moving.settled = 7;
	world.engine->horizon.user_sequence = UINT64_MAX;
	pass_horizon(world.engine);
	poll_some(&world, 3);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREEING);
	world.engine->moving.durable = 7;
	poll_some(&world, 1);
	assert_int_equal(state_of(&world, segment), SEGMENT_FREE);
	finish(&world);
}

/* ---- room ---- */

TEST(rows_leave_the_last_segments_alone_unless_they_are_urgent)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	struct segment_manager *segments = &world.engine->segments;
	uint32_t dead[20];
	char key[16];

	for (size_t i = 0; i < ARRAY_COUNT(dead); i++) {
		snprintf(key, sizeof(key), "%zu", i);
		put(&world, key, 0);
	}
	driver_commit(world.engine, engine_last_lsn(world.engine));
	for (size_t i = 0; i < ARRAY_COUNT(dead); i++) {
		snprintf(key, sizeof(key), "%zu", i);
		dead[i] = segment_of(&world, key);
	}
	while (segment_manager_available(segments) > SEGMENT_RESERVE_MOVING)
		segment_manager_set_aside(
			segments, segment_manager_find_run(segments, 1), 1);
	world.disk->bytes_max = 1;
	for (size_t i = 0; i < ARRAY_COUNT(dead); i++)
		kill_all(&world, dead[i]);
	poll_some(&world, 3);
	assert_int_equal(state_of(&world, dead[0]), SEGMENT_DEAD);
	segment_freeing_step(world.engine, true);
	assert_int_equal(state_of(&world, dead[0]), SEGMENT_FREEING);
	assert_int_equal(segment_manager_available(segments),
			 SEGMENT_RESERVE_MOVING - 1);
	poll_some(&world, 3);
	assert_int_equal(state_of(&world, dead[19]), SEGMENT_FREE);
	finish(&world);
}

TEST(without_room_for_rows_checkpoints_free)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	struct segment_manager *segments = &world.engine->segments;
	uint32_t segment = kill_one(&world, "k");
	int asked = 0;

	fill_files(&world);
	while (segment_manager_available(segments) > 0)
		segment_manager_set_aside(
			segments, segment_manager_find_run(segments, 1), 1);
	while (state_of(&world, segment) != SEGMENT_FREE) {
		segment_freeing_step(world.engine, true);
		if (state_of(&world, segment) == SEGMENT_DEAD)
			assert_true(segment_freeing_ask_checkpoint(
				world.engine));
		poll_some(&world, 1);
		assert_true(asked++ < 1000);
	}
	assert_int_equal(rows_of_freed(&world), 0);
	assert_false(segment_freeing_ask_checkpoint(world.engine));
	/* What they don't help isn't waited for. */
	world.engine->freeing.checkpoints = 0;
	segment_manager_restore(segments, segment, SEGMENT_SEALED);
	segments->segments[segment].last_write = UINT64_MAX;
	while (segment_freeing_ask_checkpoint(world.engine)) {
		poll_some(&world, 1);
		assert_true(asked++ < 1000);
	}
	finish(&world);
}

TEST(overwriting_for_ever_needs_little_room)
{
	static const size_t sizes[] = { 100, 2000, VALUE - 80, VALUE };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct world world = make_world(ENGINE_SYNC_FULL);
		struct engine_statistics statistics;
		char key[16];

		for (int j = 0; j < 3000; j++) {
			snprintf(key, sizeof(key), "%d", j % 10);
			put_sized(&world, key, j, sizes[i]);
			if (j % 7 == 0)
				driver_commit(world.engine,
					      engine_last_lsn(world.engine));
		}
		engine_get_statistics(world.engine, &statistics);
		assert_true(statistics.segments <= 64);
		finish(&world);
	}
}

TEST(nothing_is_freed_when_writing_has_failed)
{
	struct world world = make_world(ENGINE_SYNC_FULL);
	uint32_t segment = kill_one(&world, "k");

	world.engine->writer.has_failed = true;
	segment_freeing_step(world.engine, true);
	assert_int_equal(state_of(&world, segment), SEGMENT_DEAD);
	world.engine->writer.has_failed = false;
	finish(&world);
}

UNIT_MAIN()
