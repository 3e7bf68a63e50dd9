/* SPDX-License-Identifier: MIT
 *
 * Closing at any moment: nothing is appended behind what was settled last, and
 * a clean manifest says what is on the disk.
 *
 * SEED=n RUNS=m  closes in the middle of m other workloads. */
#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/moving/segment_freeing.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 24, ROUNDS = 4, VALUE_MAX = 3880 };

/* Memory for the indexes runs out where the test wants it to. */
static bool is_starving;
static int inserts_left; /* that work nevertheless */

int __real_primary_index_insert(struct primary_index *index,
				const struct index_entry *entry,
				struct index_entry *old);
int __wrap_primary_index_insert(struct primary_index *index,
				const struct index_entry *entry,
				struct index_entry *old);

int
__wrap_primary_index_insert(struct primary_index *index,
			    const struct index_entry *entry,
			    struct index_entry *old)
{
	if (is_starving && inserts_left-- <= 0)
		return -(int)ERROR_FULL;
	return __real_primary_index_insert(index, entry, old);
}

static bool is_opening_starved;

int __real_checkpoint_open(struct io *io, const struct manifest *manifest,
			   const struct manifest_checkpoint *which,
			   struct checkpoint *checkpoint,
			   struct checkpoint_reader **reader,
			   struct error *error);
int __wrap_checkpoint_open(struct io *io, const struct manifest *manifest,
			   const struct manifest_checkpoint *which,
			   struct checkpoint *checkpoint,
			   struct checkpoint_reader **reader,
			   struct error *error);

int
__wrap_checkpoint_open(struct io *io, const struct manifest *manifest,
		       const struct manifest_checkpoint *which,
		       struct checkpoint *checkpoint,
		       struct checkpoint_reader **reader, struct error *error)
{
	if (is_opening_starved)
		return error_no_memory(error);
	return __real_checkpoint_open(io, manifest, which, checkpoint, reader,
				      error);
}

struct world {
	uint64_t random;
	struct fault_disk *disk;
	struct engine_options options;
	struct engine *engine;
	uint32_t table;
	int versions[KEYS]; /* what was written last; 0: nothing */
	int version;
};

static uint32_t
draw(struct world *world, uint32_t below)
{
	world->random ^= world->random << 13;
	world->random ^= world->random >> 7;
	world->random ^= world->random << 17;
	return (uint32_t)(world->random % below);
}

/* ---- rows ---- */

/* Versions differ in their length too. */
static void
value_of(int version, char value[VALUE_MAX + 1])
{
	size_t size = 8 + (size_t)(version * 997) % (VALUE_MAX - 8);

	if (version % 3 == 0)
		size = VALUE_MAX;
	memset(value, 'a' + version % 26, size);
	value[size] = '\0';
	for (int i = 7, left = version; i-- > 0; left /= 10)
		value[i] = (char)('0' + left % 10);
}

static uint64_t
put(struct world *world, int number)
{
	char key[16], value[VALUE_MAX + 1];

	world->versions[number] = ++world->version;
	snprintf(key, sizeof(key), "%d", number);
	value_of(world->version, value);
	return driver_put(world->engine, world->table, key, value);
}

static void
check_rows(struct world *world)
{
	for (int i = 0; i < KEYS; i++) {
		char key[16], value[VALUE_MAX + 1];
		const char *found;

		snprintf(key, sizeof(key), "%d", i);
		found = driver_get(world->engine, world->table, key);
		if (world->versions[i] == 0) {
			assert_null(found);
			continue;
		}
		value_of(world->versions[i], value);
		assert_non_null(found);
		assert_string_equal(found, value);
	}
}

/* ---- opening and closing ---- */

static void
open_world(struct world *world)
{
	world->engine = driver_open(fault_disk_open(world->disk),
				    &world->options);
}

static struct world
make_world(uint64_t seed, enum engine_sync sync, uint64_t checkpoint_size)
{
	struct world world = {
		.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1,
		.disk = fault_disk_create(seed),
		.options = driver_small,
	};

	world.disk->is_shuffling = true;
	world.options.sync = sync;
	world.options.checkpoint_size = checkpoint_size;
	open_world(&world);
	world.table = driver_create_table(world.engine);
	return world;
}

static void
finish(struct world *world)
{
	driver_close(world->engine);
	fault_disk_destroy(world->disk);
}

/* What is written behind a clean end counts too, after a kill. */
static void
check_going_on(struct world *world)
{
	uint64_t lsn = 0;

	open_world(world);
	check_rows(world);
	for (int i = 0; i < 3; i++)
		lsn = put(world, (int)draw(world, KEYS));
	driver_commit(world->engine, lsn);
	world->disk = driver_kill(world->engine, world->disk);
	world->disk->is_shuffling = true;
	open_world(world);
	check_rows(world);
}

/* ---- at any moment ---- */

static void
poll_some(struct world *world, uint32_t times)
{
	while (times-- > 0)
		assert_int_equal(engine_poll(world->engine, 0, NULL), 0);
}

static void
work(struct world *world, uint32_t steps)
{
	while (steps-- > 0) {
		uint64_t lsn = put(world, (int)draw(world, KEYS));

		if (draw(world, 4) == 0)
			driver_commit(world->engine, lsn);
		else
			poll_some(world, draw(world, 3));
	}
}

static void
damage_newest_checkpoint(struct world *world)
{
	struct io *io = fault_disk_open(world->disk);
	char name[CHECKPOINT_NAME_SIZE];
	struct manifest manifest;
	struct error error = ERROR_INIT;
	uint8_t *bytes;
	size_t size;

	assert_int_equal(manifest_load(io, &manifest, &error), 0);
	checkpoint_name(manifest.checkpoints[0].number, name);
	if (manifest.checkpoints[1].number != 0) {
		bytes = fault_disk_file(world->disk, name, &size);
		assert_true(bytes != NULL && size > 100);
		bytes[100] ^= 1;
	}
	manifest_finish(&manifest);
	io->methods->destroy(io);
}

static void
close_at_any_moment(uint64_t seed)
{
	struct world world = make_world(seed, (enum engine_sync)(seed % 3),
					48 << 10);

	for (int round = 0; round < ROUNDS; round++) {
		work(&world, draw(&world, 120));
		poll_some(&world, draw(&world, 12));
		driver_close(world.engine);
		if (draw(&world, 3) == 0) {
			damage_newest_checkpoint(&world);
			open_world(&world);
			poll_some(&world, draw(&world, 40));
			driver_close(world.engine);
		}
		check_going_on(&world);
	}
	finish(&world);
}

static uint64_t
first_seed(void)
{
	const char *seed = getenv("SEED");

	return seed == NULL ? 1 : strtoull(seed, NULL, 10);
}

static uint64_t
seed_count(void)
{
	const char *runs = getenv("RUNS");

	return runs == NULL ? 250 : strtoull(runs, NULL, 10);
}

static void
run_seeds(void (*run)(uint64_t seed))
{
	uint64_t first = first_seed(), count = seed_count();

	for (uint64_t i = first; i < first + count; i++) {
		if (getenv("RUNS") != NULL)
			print_message("seed %llu\n", (unsigned long long)i);
		run(i);
	}
}

TEST(whenever_it_is_closed_nothing_is_left_behind)
{
	run_seeds(close_at_any_moment);
}

static void
close_and_expect_clean(struct world *world)
{
	struct manifest manifest;
	struct error error = ERROR_INIT;
	struct io *io;

	driver_close(world->engine);
	io = fault_disk_open(world->disk);
	assert_int_equal(manifest_load(io, &manifest, &error), 0);
	assert_true(manifest.flags & MANIFEST_CLEAN);
	manifest_finish(&manifest);
	io->methods->destroy(io);
	open_world(world);
}

/* All but full, and most of it dead. */
static struct world
make_crowded_world(uint64_t seed)
{
	struct world world = make_world(seed, ENGINE_SYNC_FULL, 0);

	finish(&world);
	world.disk = fault_disk_create(seed);
	world.options.size_max = (uint64_t)40 * world.options.segment_size;
	open_world(&world);
	world.table = driver_create_table(world.engine);
	work(&world, 60 + draw(&world, 60));
	return world;
}

/* Somebody waits for room and goes away before there is some: files have grown
 * for him, or rows were about to move. */
static void
close_cleanly(uint64_t seed)
{
	struct world world = make_crowded_world(seed);
	static const char value[VALUE_MAX];
	struct engine_write write = {
		.kind = ENGINE_WRITE_ROW,
		.table = world.table,
		.key = SLICE("k"),
		.value = slice_make(value, sizeof(value)),
		.timestamp_us = engine_timestamp_us(world.engine),
	};
	uint64_t lsn;

	close_and_expect_clean(&world);
	if (engine_write(world.engine, &write, 1, &lsn, NULL) ==
	    ENGINE_PENDING)
		poll_some(&world, 1 + draw(&world, 4));
	close_and_expect_clean(&world);
	finish(&world);
}

TEST(an_orderly_end_is_always_a_clean_one)
{
	run_seeds(close_cleanly);
}

/* ---- one after the other ---- */

/* The key's segment just died: its only row was overwritten. */
static void
kill_one(struct world *world, int number)
{
	world->version = 3 * number + 2; /* fills a segment */
	driver_commit(world->engine, put(world, number));
	world->version = 3 * number + 2;
	driver_commit(world->engine, put(world, number));
}

static void
kill_segment_of(struct world *world, const char *key)
{
	struct segment_manager *segments = &world->engine->segments;
	struct location location =
		driver_find_location(world->engine, world->table, key);

	location.offset = FORMAT_HEADER_SIZE;
	location.size = segments->segments[location.segment].live_bytes;
	segment_manager_kill_record(segments, location);
}

/* So many died behind the last step that rows of table 3 are worth it, and a
 * checkpoint that is on its way to the manifest is about to look for them. */
TEST(what_died_last_gets_no_row_when_a_checkpoint_is_published)
{
	struct world world = make_world(1, ENGINE_SYNC_FULL, 0);
	struct engine *engine = world.engine;
	uint64_t last_write;

	world.disk->is_shuffling = false;
	while (engine->segments.segment_count < 64) {
		segment_growth_start(&engine->segments);
		poll_some(&world, 1);
	}
	for (int i = 0; i < 15; i++)
		kill_one(&world, i);
	assert_int_equal(engine->segments.dead.count, 15);
	checkpoint_writer_demand(engine);
	while (engine->storing.purpose != STORING_CHECKPOINT)
		poll_some(&world, 1);
	kill_segment_of(&world, "3");
	assert_int_equal(engine->segments.dead.count, 16);
	last_write = engine->writer.next_write_sequence - 1;
	assert_int_equal(engine->writer.count, 0);
	driver_close(engine);
	open_world(&world);
	engine = world.engine;
	assert_true(engine->manifest.flags & MANIFEST_CLEAN);
	assert_int_equal(engine->manifest.user_watermark, last_write);
	assert_int_equal(engine->writer.next_write_sequence, last_write + 1);
	assert_true(engine->manifest.checkpoints[0].number > 0);
	driver_close(engine);
	check_going_on(&world);
	finish(&world);
}

/* ---- memory has run out ---- */

/* The rows are on the disk, though no index leads to them. */
TEST(closing_without_memory_for_the_index_loses_nothing)
{
	struct world world = make_world(1, ENGINE_SYNC_FULL, 0);
	struct engine *engine = world.engine;

	driver_commit(engine, put(&world, 1));
	is_starving = true;
	put(&world, 2);
	driver_commit(engine, put(&world, 3));
	assert_true(engine->is_out_of_memory);
	assert_true(engine->writer.count > 0);
	driver_close(engine);
	is_starving = false;
	check_going_on(&world);
	finish(&world);
}

TEST(memory_may_run_out_while_it_is_closed)
{
	struct world world = make_world(1, ENGINE_SYNC_FULL, 0);

	put(&world, 1);
	is_starving = true;
	driver_close(world.engine);
	is_starving = false;
	check_going_on(&world);
	finish(&world);
}

TEST(opening_without_memory_for_a_checkpoint_says_so)
{
	struct world world = make_world(1, ENGINE_SYNC_FULL, 0);
	struct error error;

	put(&world, 1);
	driver_checkpoint(world.engine);
	driver_close(world.engine);
	is_opening_starved = true;
	error = driver_open_error(fault_disk_open(world.disk),
				  &world.options);
	is_opening_starved = false;
	assert_int_equal(error.code, ERROR_FULL);
	assert_string_equal(error.message, "out of memory");
	check_going_on(&world);
	finish(&world);
}

static uint64_t
put_long(struct world *world, const char *key, size_t size)
{
	static char value[65536];

	memset(value, 'v', size);
	value[size] = '\0';
	return driver_put(world->engine, world->table, key, value);
}

static void
open_roomy_world(struct world *world)
{
	world->options.segment_size = 65536;
	world->options.file_segments = 256;
	open_world(world);
	while (world->engine->segments.segment_count < 100) {
		segment_growth_start(&world->engine->segments);
		poll_some(world, 1);
	}
	world->table = driver_create_table(world->engine);
}

/* One more death and rows of table 3 are worth it; the log stands in
 * the middle of a segment. */
static void
kill_fifteen(struct world *world)
{
	char key[16];

	for (int i = 0; i < 17 + 16; i++) {
		snprintf(key, sizeof(key), "k%d", i % 17);
		driver_commit(world->engine, put_long(world, key, 60000));
	}
	driver_checkpoint(world->engine);
	driver_commit(world->engine, put_long(world, "a", 3900));
	driver_commit(world->engine, put_long(world, "b", 3000));
}

/* The write that finds memory again lets the open buffer go, and rows of
 * table 3 come: it must not think that it stays in the segment. */
TEST(what_comes_when_there_is_memory_again_is_no_clean_end)
{
	struct world world = { .disk = fault_disk_create(3),
			       .options = driver_small };
	struct engine *engine;
	struct error error = ERROR_INIT;
	uint64_t lsn;

	open_roomy_world(&world);
	kill_fifteen(&world);
	driver_close(world.engine);
	open_world(&world);
	engine = world.engine;
	assert_true(engine->manifest.flags & MANIFEST_CLEAN);
	is_starving = true;
	lsn = put_long(&world, "k16", 100);
	assert_int_equal(engine_commit(engine, lsn, &error), ENGINE_PENDING);
	put_long(&world, "z", 100);
	while (!engine->is_out_of_memory)
		poll_some(&world, 1);
	assert_non_null(engine->writer.open);
	is_starving = false;
	lsn = put_long(&world, "w",
		       write_buffer_room(engine->writer.open) - 300);
	driver_commit(engine, lsn);
	world.disk = driver_kill(engine, world.disk);
	open_world(&world);
	assert_non_null(driver_get(world.engine, world.table, "w"));
	assert_non_null(driver_get(world.engine, world.table, "z"));
	finish(&world);
}

/* Eager separation looks at a buffer's tables when all of it is settled. */
TEST(a_dropped_table_stays_while_its_buffer_is_half_settled)
{
	struct world world = make_world(1, ENGINE_SYNC_FULL, 0);
	struct engine *engine;
	uint32_t dropped = world.table;
	uint64_t lsn;

	driver_close(world.engine);
	world.options.is_separation_eager = true;
	open_world(&world);
	engine = world.engine;
	world.table = driver_create_table(engine);
	driver_put(engine, dropped, "a", "a");
	driver_drop_table(engine, dropped);
	lsn = driver_put(engine, world.table, "b", "b");
	inserts_left = 2;
	is_starving = true;
	driver_commit(engine, lsn);
	poll_some(&world, 5);
	assert_true(engine->is_out_of_memory);
	assert_non_null(engine->tables.retired);
	is_starving = false;
	poll_some(&world, 5);
	assert_null(engine->tables.retired);
	assert_string_equal(driver_get(engine, world.table, "b"), "b");
	finish(&world);
}

/* A table, its row and a row's version are settled but in no index yet; what
 * comes behind them never reaches the disk. */
static uint32_t
leave_settled_behind(struct world *world)
{
	struct engine *engine = world->engine;
	struct error error = ERROR_INIT;
	struct engine_write create = { .kind = ENGINE_WRITE_CREATE_TABLE };
	uint64_t lsn;

	driver_commit(engine, driver_put(engine, world->table, "a", "first"));
	create.table = engine_allocate_table(engine);
	driver_write(engine, &create, 1);
	driver_put(engine, create.table, "b", "b");
	lsn = driver_put(engine, world->table, "a", "settled");
	assert_int_equal(engine_commit(engine, lsn, &error), ENGINE_PENDING);
	driver_put(engine, world->table, "a", "lost");
	driver_put(engine, world->table, "c", "lost");
	driver_drop_table(engine, create.table);
	is_starving = true;
	while (!engine->is_out_of_memory)
		poll_some(world, 1);
	world->disk->fail_errno = EIO;
	world->disk->fail_kinds = 1u << IO_WRITE;
	assert_int_equal(driver_try_commit(engine, engine_last_lsn(engine),
					   &error),
			 -(int)ERROR_IO);
	poll_some(world, 5);
	assert_true(engine->has_failed);
	return create.table;
}

static void
check_settled(struct world *world, uint32_t created)
{
	assert_string_equal(driver_get(world->engine, world->table, "a"),
			    "settled");
	assert_null(driver_get(world->engine, world->table, "c"));
	assert_string_equal(driver_get(world->engine, created, "b"), "b");
}

TEST(what_waits_for_memory_is_seen_when_writing_has_failed)
{
	struct world world = make_world(1, ENGINE_SYNC_FULL, 0);
	uint32_t created = leave_settled_behind(&world);
	struct error error = ERROR_INIT;

	check_settled(&world, created);
	is_starving = false;
	poll_some(&world, 5);
	assert_int_equal(world.engine->writer.count, 0);
	assert_int_equal(world.engine->pending.count, 0);
	check_settled(&world, created);
	assert_int_equal(engine_close(world.engine, &error), -(int)ERROR_IO);
	world.disk->fail_errno = 0;
	open_world(&world);
	check_settled(&world, created);
	finish(&world);
}

/* ---- the disk fails ---- */

static void
work_until_failure(struct world *world)
{
	for (int i = 0; i < 40; i++) {
		struct error error = ERROR_INIT;
		char key[16], value[VALUE_MAX + 1];
		int number = (int)draw(world, KEYS);
		struct engine_write write = {
			.kind = ENGINE_WRITE_ROW,
			.table = world->table,
			.timestamp_us = engine_timestamp_us(world->engine),
		};
		uint64_t lsn;

		snprintf(key, sizeof(key), "%d", number);
		value_of(world->version + 1, value);
		write.key = slice_from_string(key);
		write.value = slice_from_string(value);
		if (driver_try_write(world->engine, &write, 1, &lsn, &error) <
		    0)
			return;
		world->versions[number] = ++world->version;
		poll_some(world, draw(world, 3));
	}
}

/* Takes what is there, if it isn't older than what was committed. */
static void
accept_rows(struct world *world, const int *committed)
{
	for (int i = 0; i < KEYS; i++) {
		char key[16];
		const char *found;
		int version;

		snprintf(key, sizeof(key), "%d", i);
		found = driver_get(world->engine, world->table, key);
		version = found == NULL ? 0 : atoi(found);
		assert_true(version >= committed[i]);
		assert_true(version <= world->versions[i]);
		world->versions[i] = version;
	}
}

static void
fail_and_close(uint64_t seed)
{
	struct world world = make_world(seed, (enum engine_sync)(seed % 3),
					48 << 10);
	struct error error = ERROR_INIT;
	int committed[KEYS];
	int status;

	work(&world, draw(&world, 100));
	driver_commit(world.engine, engine_last_lsn(world.engine));
	memcpy(committed, world.versions, sizeof(committed));
	world.disk->fail_after = draw(&world, 40);
	world.disk->fails_once = draw(&world, 2) == 0;
	world.disk->fail_errno = EIO;
	work_until_failure(&world);
	status = engine_close(world.engine, &error);
	world.disk->fail_errno = 0;
	if (status == 0)
		memcpy(committed, world.versions, sizeof(committed));
	open_world(&world);
	accept_rows(&world, committed);
	driver_close(world.engine);
	check_going_on(&world);
	finish(&world);
}

TEST(after_a_failure_closing_keeps_what_was_committed)
{
	run_seeds(fail_and_close);
}

/* ---- nothing completes any more ---- */

/* An engine whose memory the kernel may still use isn't freed, on purpose. */
static struct engine *kept[1024];
static size_t kept_count;

/* As another process finds it that comes when this one has ended. */
static void
keep_engine(struct world *world)
{
	struct fault_disk *copy = fault_disk_copy(world->disk);

	assert_true(kept_count < ARRAY_COUNT(kept));
	kept[kept_count++] = world->engine;
	fault_disk_destroy(world->disk);
	world->disk = copy;
}

static void
close_without_polls(uint64_t seed)
{
	static const unsigned failing[] = { 1, 2, 5, UINT_MAX };
	struct world world = make_world(seed, (enum engine_sync)(seed % 3),
					48 << 10);
	struct error error = ERROR_INIT;
	int committed[KEYS];
	int status;

	work(&world, draw(&world, 100));
	driver_commit(world.engine, engine_last_lsn(world.engine));
	memcpy(committed, world.versions, sizeof(committed));
	work(&world, draw(&world, 4));
	poll_some(&world, draw(&world, 4));
	world.disk->polls_failing = failing[draw(&world, 4)];
	if (draw(&world, 4) == 0)
		assert_int_equal(engine_compact(world.engine, NULL, NULL),
				 ENGINE_PENDING);
	if (draw(&world, 4) == 0)
		assert_int_equal(engine_checkpoint(world.engine, NULL),
				 ENGINE_PENDING);
	status = engine_close(world.engine, &error);
	assert_int_equal(status, -(int)error.code);
	assert_true(status < 0 || !world.disk->is_locked);
	if (status == 0)
		memcpy(committed, world.versions, sizeof(committed));
	if (world.disk->is_locked)
		keep_engine(&world);
	world.disk->polls_failing = 0;
	open_world(&world);
	accept_rows(&world, committed);
	driver_close(world.engine);
	check_going_on(&world);
	finish(&world);
}

TEST(closing_ends_where_polls_fail)
{
	run_seeds(close_without_polls);
}

UNIT_MAIN()
