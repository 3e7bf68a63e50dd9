/* SPDX-License-Identifier: MIT
 *
 * Replacing the manifest: what a failure or a crash leaves at any moment, and
 * that an engine at work never waits for it. */
#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/engine_state.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- storing ---- */

/* Of several sectors, so that it can be torn. */
static struct manifest
large_sample(void)
{
	struct manifest manifest = {
		.version = 2,
		.database_id = 1,
		.secret = 2,
		.segment_size = 131072,
		.file_segments = 256,
		.shard_count = 1,
		.file_count = 3,
		.next_table = 20,
		.next_user_sequence = 100000,
		.next_moving_sequence = 1,
		.next_segment_sequence = 31,
		.next_lsn = 5000,
	};

	for (uint64_t i = 1; i < 100; i++)
		assert_int_equal(void_list_add(&manifest.user_voids, i * 10,
					       i * 10 + 3, NULL),
				 0);
	manifest.user_watermark = 1000;
	return manifest;
}

static void
store(struct io *io, struct manifest *manifest)
{
	struct error error = ERROR_INIT;

	manifest->user_watermark++;
	if (manifest_store(io, manifest, &error) < 0)
		fail_msg("%s", error.message);
}

static uint64_t
stored_watermark(struct fault_disk *disk)
{
	struct io *io = fault_disk_open(disk);
	struct manifest got;
	struct error error = ERROR_INIT;
	uint64_t watermark;

	if (manifest_load(io, &got, &error) != 0)
		fail_msg("%s", error.message);
	watermark = got.user_watermark;
	manifest_finish(&got);
	io->methods->destroy(io);
	return watermark;
}

/* Both stand on stable storage, whatever becomes of the rest. */
static void
assert_crashes_leave(const struct fault_disk *disk, uint64_t least,
		     uint64_t most)
{
	for (uint64_t seed = 0; seed < 40; seed++) {
		struct fault_disk *crashed = fault_disk_crash(disk, seed);
		uint64_t watermark = stored_watermark(crashed);

		assert_in_range(watermark, least, most);
		fault_disk_destroy(crashed);
	}
}

/* The operations of one that replaces another. */
enum { OPERATIONS = 5 };

TEST(a_crash_anywhere_leaves_the_old_or_the_new_one)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct io *io = fault_disk_open(disk);
	struct manifest manifest = large_sample();
	struct manifest_store storing = { 0 };
	struct error error = ERROR_INIT;
	int operations = 0;

	store(io, &manifest);
	store(io, &manifest);
	manifest.user_watermark++;
	manifest_store_begin(&storing, io, &manifest);
	while (!manifest_store_is_done(&storing)) {
		assert_true(manifest_store_is_busy(&storing));
		assert_crashes_leave(disk, 1002, 1003);
		assert_int_equal(io->methods->poll(io, 0), 1);
		assert_crashes_leave(disk, 1002, 1003);
		manifest_store_step(&storing);
		operations++;
	}
	assert_int_equal(manifest_store_end(&storing, &error), 0);
	assert_false(manifest_store_is_busy(&storing));
	assert_int_equal(operations, OPERATIONS);
	assert_crashes_leave(disk, 1003, 1003);
	io->methods->destroy(io);
	manifest_finish(&manifest);
	fault_disk_destroy(disk);
}

/* The file aside may still be called "manifest" on the disk. */
TEST(nothing_is_written_aside_before_names_are_durable)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct io *io = fault_disk_open(disk);
	struct manifest manifest = large_sample();
	struct manifest_store storing = { 0 };
	struct error error = ERROR_INIT;

	store(io, &manifest);
	store(io, &manifest);
	/* The very last sync fails. */
	disk->fail_errno = EIO;
	disk->fail_after = OPERATIONS - 1;
	manifest.user_watermark++;
	assert_true(manifest_store(io, &manifest, &error) < 0);
	disk->fail_errno = 0;
	assert_int_equal(stored_watermark(disk), 1003);
	manifest.user_watermark++;
	manifest_store_begin(&storing, io, &manifest);
	while (!manifest_store_is_done(&storing)) {
		assert_crashes_leave(disk, 1002, 1004);
		io->methods->poll(io, 0);
		assert_crashes_leave(disk, 1002, 1004);
		manifest_store_step(&storing);
	}
	assert_int_equal(manifest_store_end(&storing, &error), 0);
	assert_crashes_leave(disk, 1004, 1004);
	io->methods->destroy(io);
	manifest_finish(&manifest);
	fault_disk_destroy(disk);
}

TEST(the_generation_tells_which_one_is_there)
{
	for (uint64_t after = 0; after <= OPERATIONS; after++) {
		struct fault_disk *disk = fault_disk_create(1);
		struct io *io = fault_disk_open(disk);
		struct manifest manifest = large_sample(), got;
		struct error error = ERROR_INIT;
		int status;

		store(io, &manifest);
		disk->fail_errno = EIO;
		disk->fail_after = after;
		status = manifest_store(io, &manifest, &error);
		assert_int_equal(status < 0, after < OPERATIONS);
		disk->fail_errno = 0;
		assert_int_equal(manifest_load(io, &got, &error), 0);
		assert_int_equal(got.generation, manifest.generation);
		assert_int_equal(got.generation, 1 + (after >= OPERATIONS - 1));
		manifest_finish(&got);
		manifest_finish(&manifest);
		io->methods->destroy(io);
		fault_disk_destroy(disk);
	}
}

TEST(where_names_cannot_be_exchanged_one_replaces_the_other)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct io *io = fault_disk_open(disk);
	struct manifest manifest = large_sample();
	size_t size = 0, aside = 0;

	disk->cannot_exchange = true;
	for (int i = 0; i < 5; i++) {
		store(io, &manifest);
		assert_int_equal(stored_watermark(disk),
				 manifest.user_watermark);
		assert_crashes_leave(disk, manifest.user_watermark,
				     manifest.user_watermark);
		/* Room for the next one. */
		assert_non_null(fault_disk_file(disk, "manifest", &size));
		assert_non_null(fault_disk_file(disk, "manifest.tmp", &aside));
		assert_int_equal(size, aside);
	}
	io->methods->destroy(io);
	manifest_finish(&manifest);
	fault_disk_destroy(disk);
}

TEST(any_file_aside_will_do)
{
	static const size_t sizes[] = { 0, 4, 4096, 8192, 1 << 20, 8 << 20,
					5000 };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct fault_disk *disk = fault_disk_create(1);
		struct io *io = fault_disk_open(disk);
		struct manifest manifest = large_sample();
		uint8_t *other = malloc(sizes[i] + 1);

		assert_non_null(other);
		memset(other, 0xff, sizes[i]);
		store(io, &manifest);
		fault_disk_add(disk, "manifest.tmp", other, sizes[i]);
		store(io, &manifest);
		assert_int_equal(stored_watermark(disk), 1002);
		store(io, &manifest);
		assert_int_equal(stored_watermark(disk), 1003);
		free(other);
		manifest_finish(&manifest);
		io->methods->destroy(io);
		fault_disk_destroy(disk);
	}
}

/* ---- an engine at work ---- */

/* What an engine asks of the world that may block. */
static struct {
	const struct io_methods *methods;
	unsigned polls;
	unsigned calls; /* that change something */
} counted;

static int
count_poll(struct io *io, int64_t wait_us)
{
	counted.polls++;
	return counted.methods->poll(io, wait_us);
}

static int
count_open(struct io *io, const char *name, unsigned flags,
	   struct io_file **file)
{
	counted.calls += (flags & IO_CREATE) != 0;
	return counted.methods->open(io, name, flags, file);
}

static int
count_resize(struct io *io, struct io_file *file, uint64_t size)
{
	counted.calls++;
	return counted.methods->resize(io, file, size);
}

static int
count_remove(struct io *io, const char *name)
{
	counted.calls++;
	return counted.methods->remove(io, name);
}

/* From now on; until the test ends no other io may be counted. */
static void
count_calls(struct io *io)
{
	static struct io_methods methods;

	methods = *io->methods;
	methods.poll = count_poll;
	methods.open = count_open;
	methods.resize = count_resize;
	methods.remove = count_remove;
	counted.methods = io->methods;
	counted.polls = 0;
	counted.calls = 0;
	io->methods = &methods;
}

/* Checkpoints, so that each of their files has one. */
static void
take_three(struct engine *engine, uint32_t table)
{
	for (int i = 0; i < 3; i++) {
		driver_put_many(engine, table, 0, 100);
		driver_checkpoint(engine);
	}
}

TEST(a_checkpoint_never_blocks_the_engine)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	uint64_t generation;
	unsigned polls = 0;
	struct error error = ERROR_INIT;
	int status;

	/* All three files are there. */
	take_three(engine, table);
	generation = engine->manifest.generation;
	count_calls(engine->io);
	while ((status = engine_checkpoint(engine, &error)) == ENGINE_PENDING) {
		assert_int_equal(engine_poll(engine, -1, &error), 0);
		assert_int_equal(counted.polls, ++polls);
	}
	assert_int_equal(status, 0);
	assert_int_equal(counted.calls, 0);
	assert_int_equal(engine->manifest.generation, generation + 1);
	assert_int_equal(engine->counters.checkpoints, 4);
	driver_close(engine);
	fault_disk_destroy(disk);
}

static void
assert_is_whole(struct io *io, const struct manifest *manifest,
		const struct manifest_checkpoint *which)
{
	struct checkpoint checkpoint = { 0 };
	struct checkpoint_reader *reader;
	struct index_entry entries[64];
	struct error error = ERROR_INIT;
	uint32_t table;
	int status;

	if (which->number == 0)
		return;
	if (checkpoint_open(io, manifest, which, &checkpoint, &reader,
			    &error) != 0)
		fail_msg("%s", error.message);
	do {
		status = checkpoint_next(reader, &table, entries, 64, &error);
	} while (status > 0);
	if (status < 0)
		fail_msg("%s", error.message);
	checkpoint_close(reader);
	checkpoint_finish(&checkpoint);
}

/* Whatever a crash shows, the checkpoints that it names are there. */
static void
assert_named_are_whole(const struct fault_disk *disk)
{
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct fault_disk *crashed = fault_disk_crash(disk, seed);
		struct io *io = fault_disk_open(crashed);
		struct error error = ERROR_INIT;
		struct manifest manifest;

		assert_int_equal(manifest_load(io, &manifest, &error), 0);
		for (int i = 0; i < 2; i++)
			assert_is_whole(io, &manifest,
					&manifest.checkpoints[i]);
		manifest_finish(&manifest);
		io->methods->destroy(io);
		fault_disk_destroy(crashed);
	}
}

TEST(what_may_be_named_is_not_overwritten)
{
	int failed = 0;

	for (uint64_t after = 0; after < 40; after++) {
		struct fault_disk *disk = fault_disk_create(1);
		struct engine *engine = driver_open_disk(disk);
		uint32_t table = driver_create_table(engine);
		struct error error = ERROR_INIT;
		int status;

		take_three(engine, table);
		disk->fail_errno = EIO;
		disk->fails_once = true;
		disk->fail_after = after;
		failed += driver_try_checkpoint(engine, &error) < 0;
		disk->fail_errno = 0;
		while ((status = engine_checkpoint(engine, &error)) ==
		       ENGINE_PENDING) {
			assert_named_are_whole(disk);
			assert_int_equal(engine_poll(engine, 0, &error), 0);
		}
		assert_int_equal(status, 0);
		assert_named_are_whole(disk);
		driver_close(engine);
		fault_disk_destroy(disk);
	}
	assert_true(failed > 8);
}

/* What was done is told to have failed. */
static struct io_methods lossy;
static const struct io_methods *whole;
static void (*on_exchanged)(struct io_operation *operation);

static void
lose_outcome(struct io_operation *operation)
{
	operation->result = -EIO;
	on_exchanged(operation);
}

static void
submit_and_lose(struct io *io, struct io_operation *operation)
{
	if (operation->kind == IO_EXCHANGE) {
		on_exchanged = operation->on_done;
		operation->on_done = lose_outcome;
	}
	whole->submit(io, operation);
}

TEST(what_was_renamed_though_that_failed_is_not_overwritten)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct error error = ERROR_INIT;
	int status;

	take_three(engine, table);
	whole = engine->io->methods;
	lossy = *whole;
	lossy.submit = submit_and_lose;
	engine->io->methods = &lossy;
	assert_true(driver_try_checkpoint(engine, &error) < 0);
	engine->io->methods = whole;
	while ((status = engine_checkpoint(engine, &error)) ==
	       ENGINE_PENDING) {
		assert_named_are_whole(disk);
		assert_int_equal(engine_poll(engine, 0, &error), 0);
	}
	assert_int_equal(status, 0);
	assert_named_are_whole(disk);
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* Runs into the moment in which a manifest is on its way for ${purpose}. */
static void
write_until_storing(struct engine *engine, uint32_t table,
		    enum storing_purpose purpose, int polls)
{
	struct error error = ERROR_INIT;

	if (purpose == STORING_CHECKPOINT)
		checkpoint_writer_demand(engine);
	for (int i = 0; engine->storing.purpose != purpose; i++) {
		assert_true(i < 10000);
		driver_put_many(engine, table, i * 10, 10);
	}
	while (polls-- > 0)
		assert_int_equal(engine_poll(engine, 0, &error), 0);
}

static void
check_end_while_storing(enum storing_purpose purpose, int polls, bool is_clean)
{
	struct fault_disk *disk = fault_disk_create((uint64_t)polls + 1);
	struct engine *engine;
	uint32_t table;
	uint64_t count;

	disk->is_shuffling = true;
	engine = driver_open_disk(disk);
	table = driver_create_table(engine);
	driver_put_many(engine, table, 0, 100);
	write_until_storing(engine, table, purpose, polls);
	count = driver_count(engine, table);
	if (is_clean)
		driver_close(engine);
	else
		disk = driver_crash(engine, disk, (uint64_t)polls);
	engine = driver_open_disk(disk);
	assert_int_equal(driver_scan_count(engine, table), count);
	driver_put_many(engine, table, 0, 1000);
	driver_close(engine);
	engine = driver_open_disk(disk);
	assert_true(driver_scan_count(engine, table) >= 1000);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(closing_or_crashing_while_one_is_stored_is_fine)
{
	for (int polls = 0; polls < 12; polls++) {
		for (int i = 0; i < 4; i++)
			check_end_while_storing(i / 2 == 0 ?
							STORING_CHECKPOINT :
							STORING_FILE,
						polls, i % 2 == 0);
	}
}

UNIT_MAIN()
