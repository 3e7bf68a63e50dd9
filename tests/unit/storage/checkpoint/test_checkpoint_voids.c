/* SPDX-License-Identifier: MIT
 *
 * Databases that have been left unclean for years. */
#include "storage/format/format.h"
#include "storage/format/manifest.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct engine_options small = {
	.segment_size = 4096,
	.file_segments = 16,
};
static const struct engine_options reader = { .is_read_only = true };

/* A process that writes a row and ends without closing. */
static struct fault_disk *
live_briefly(struct fault_disk *disk, uint32_t table, int number)
{
	struct engine *engine = driver_open(fault_disk_open(disk), &small);
	char key[16];

	snprintf(key, sizeof(key), "k%d", number);
	driver_put(engine, table, key, "v");
	driver_commit(engine, engine_last_lsn(engine));
	return driver_kill(engine, disk);
}

static struct manifest
load_manifest(struct fault_disk *disk)
{
	struct error error = ERROR_INIT;
	struct manifest manifest;
	size_t size;
	const uint8_t *bytes = fault_disk_file(disk, MANIFEST_NAME, &size);

	assert_int_equal(manifest_decode(slice_make(bytes, size), "disk",
					 &manifest, &error),
			 0);
	return manifest;
}

static uint32_t
count_voids(struct fault_disk *disk)
{
	struct manifest manifest = load_manifest(disk);
	uint32_t count = manifest.user_voids.count;

	manifest_finish(&manifest);
	return count;
}

static void
replace_manifest(struct fault_disk *disk, const struct manifest *manifest)
{
	struct buffer bytes = { 0 };

	manifest_encode(manifest, &bytes);
	assert_false(bytes.has_failed);
	fault_disk_remove(disk, MANIFEST_NAME);
	fault_disk_add(disk, MANIFEST_NAME, bytes.data, bytes.size);
	buffer_finish(&bytes);
}

/* Cuts the first range into as many as make it ${count} in all. */
static void
pretend_voids(struct fault_disk *disk, uint32_t count)
{
	struct manifest manifest = load_manifest(disk);
	struct void_list *list = &manifest.user_voids;
	uint32_t more = count - list->count;
	struct void_range *ranges = calloc(count, sizeof(*ranges));
	struct void_range first = list->ranges[0];

	assert_non_null(ranges);
	assert_true(first.last - first.first > more);
	for (uint32_t i = 0; i < more; i++)
		ranges[i] = (struct void_range){ first.first + i,
						 first.first + i };
	for (uint32_t i = 0; i < list->count; i++)
		ranges[more + i] = list->ranges[i];
	ranges[more].first = first.first + more;
	free(list->ranges);
	list->ranges = ranges;
	list->count = count;
	replace_manifest(disk, &manifest);
	manifest_finish(&manifest);
}

static void
expect_rows(struct fault_disk *disk, const struct engine_options *options,
	    uint32_t table, uint64_t count)
{
	struct engine *engine = driver_open(fault_disk_open(disk), options);

	assert_int_equal(driver_count(engine, table), count);
	assert_int_equal(driver_scan_count(engine, table), count);
	driver_close(engine);
}

/* With so many void ranges, and the log going on behind them. */
static struct fault_disk *
make(uint32_t *table, uint32_t voids)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open(fault_disk_open(disk), &small);

	*table = driver_create_table(engine);
	disk = driver_kill(engine, disk);
	disk = live_briefly(disk, *table, 0);
	disk = live_briefly(disk, *table, 1);
	assert_in_range(count_voids(disk), 1, 2);
	pretend_voids(disk, voids);
	return disk;
}

TEST(years_of_unclean_ends_do_not_lock_anybody_out)
{
	uint32_t table;
	struct fault_disk *disk = make(&table, MANIFEST_VOIDS_MAX - 1);

	for (int i = 2; i < 8; i++)
		disk = live_briefly(disk, table, i);
	assert_in_range(count_voids(disk), 1, 10);
	expect_rows(disk, &reader, table, 8);
	expect_rows(disk, &small, table, 8);
	fault_disk_destroy(disk);
}

TEST(few_void_ranges_are_kept)
{
	uint32_t table;
	struct fault_disk *disk = make(&table, 1000);
	struct manifest manifest;

	disk = live_briefly(disk, table, 2);
	assert_int_equal(count_voids(disk), 1001);
	manifest = load_manifest(disk);
	assert_int_equal(manifest.flags & MANIFEST_FORGOTTEN, 0);
	assert_true(manifest.checkpoints[0].number == 0);
	manifest_finish(&manifest);
	fault_disk_destroy(disk);
}

/* The power fails anywhere while they are made fewer. */
TEST(what_is_void_stays_void_until_it_is_forgotten_for_good)
{
	uint32_t table;
	struct fault_disk *many = make(&table, MANIFEST_VOIDS_MAX - 1);
	bool has_ended = false;

	for (uint64_t i = 0; !has_ended; i++) {
		struct fault_disk *disk = fault_disk_copy(many);
		struct error error = ERROR_INIT;
		struct engine *engine = NULL;

		disk->fail_kinds = UINT32_MAX;
		disk->fail_errno = EIO;
		disk->fail_after = i;
		if (engine_open(fault_disk_open(disk), &small, &engine,
				&error) == 0) {
			has_ended = disk->fail_after > 0;
			disk = driver_crash(engine, disk, i);
		}
		disk->fail_errno = 0;
		expect_rows(disk, &reader, table, 2);
		expect_rows(disk, &small, table, 2);
		assert_true(count_voids(disk) < MANIFEST_VOIDS_MAX);
		fault_disk_destroy(disk);
	}
	fault_disk_destroy(many);
}

/* A row, or its deletion, with a timestamp of the user's own. */
static void
write_explicitly(struct engine *engine, uint32_t table,
		 enum engine_write_kind kind, int64_t timestamp_us)
{
	struct engine_write write = {
		.kind = kind,
		.table = table,
		.key = SLICE("k"),
		.timestamp_us = timestamp_us,
		.is_explicit = true,
	};

	driver_commit(engine, driver_write(engine, &write, 1));
}

/* Nobody can have told yet how long a deletion is to wait for older rows. */
TEST(deletions_outlive_the_void_ranges)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open(fault_disk_open(disk), &small);
	uint32_t table = driver_create_table(engine);

	write_explicitly(engine, table, ENGINE_WRITE_TOMBSTONE, 7);
	for (int i = 0; i < 2; i++)
		driver_checkpoint(engine);
	disk = driver_kill(engine, disk);
	disk = live_briefly(disk, table, 0);
	pretend_voids(disk, MANIFEST_VOIDS_MAX / 2);
	disk->clock_us += INT64_C(1000000) * 1000000;
	for (int i = 0; i < 2; i++)
		disk = live_briefly(disk, table, 1);
	engine = driver_open(fault_disk_open(disk), &small);
	write_explicitly(engine, table, ENGINE_WRITE_ROW, 6);
	assert_null(driver_get(engine, table, "k"));
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(a_reader_needs_no_room_for_void_ranges)
{
	uint32_t table;
	struct fault_disk *disk = make(&table, MANIFEST_VOIDS_MAX);

	expect_rows(disk, &reader, table, 2);
	fault_disk_destroy(disk);
}

/* Without a free byte the manifest can't become longer than a block. */
TEST(where_the_manifest_has_no_room_to_grow_rows_can_be_read)
{
	enum { IN_A_BLOCK = 239 };
	uint32_t table;
	struct fault_disk *disk = make(&table, IN_A_BLOCK);
	struct error error;
	size_t size;

	disk->bytes_max = 1;
	error = driver_open_error(fault_disk_open(disk), &small);
	assert_int_equal(error.code, ERROR_FULL);
	assert_string_equal(error.message, "cannot write /disk/manifest: "
					   "No space left on device");
	assert_string_equal(error.hint, "free some space and try again; "
					"reading needs none");
	expect_rows(disk, &reader, table, 2);
	disk->bytes_max = 0;
	expect_rows(disk, &small, table, 2);
	assert_non_null(fault_disk_file(disk, MANIFEST_NAME, &size));
	assert_int_equal(size, 2 * FORMAT_BLOCK_SIZE);
	fault_disk_destroy(disk);
}

UNIT_MAIN()
