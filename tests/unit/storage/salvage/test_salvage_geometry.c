/* SPDX-License-Identifier: MIT
 *
 * Without a manifest, salvage finds out how large segments are, and how many
 * of them a file has: nothing of an intact database is lost then. */
#include "base/pack.h"
#include "storage/engine_state.h"
#include "storage/format/manifest.h"
#include "tests/support/salvage_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <string.h>

enum { KEYS = 150, MANY_VALUE = 3700 };

static struct engine *
make(struct fault_disk **disk, const struct engine_options *options,
     uint32_t *table)
{
	struct engine *engine;

	*disk = fault_disk_create(3);
	engine = driver_open(fault_disk_open(*disk), options);
	*table = driver_create_table(engine);
	return engine;
}

static void
put(struct engine *engine, uint32_t table, int number, int version)
{
	char key[16], value[600];

	salvage_key(number, key);
	salvage_value(number, version, value);
	driver_put(engine, table, key, value);
}

/* All is saved, and the new database is made like the old one. */
static void
salvage_without_manifest(struct fault_disk *disk, uint64_t rows,
			 const struct engine_options *options)
{
	struct fault_disk *fresh = fault_disk_create(4);
	struct salvage_told told;
	struct engine *engine;

	fault_disk_remove(disk, MANIFEST_NAME);
	driver_salvage(disk, fresh, &told);
	if (told.faults > 0)
		fail_msg("%u segments of %u bytes in a file: %s",
			 options->file_segments, options->segment_size,
			 told.what);
	assert_int_equal(told.rows, rows);
	assert_int_equal(told.notes, 1);
	engine = driver_open(fault_disk_open(fresh),
			     &(struct engine_options){ 0 });
	assert_int_equal(engine->segments.segment_size, options->segment_size);
	assert_int_equal(engine->segments.file_segments,
			 options->file_segments);
	driver_close(engine);
	fault_disk_destroy(fresh);
	fault_disk_destroy(disk);
}

static void
check_geometry(uint32_t segment_size, uint32_t file_segments, int writes)
{
	struct engine_options options = { .segment_size = segment_size,
					  .file_segments = file_segments };
	struct fault_disk *disk;
	uint32_t table;
	struct engine *engine = make(&disk, &options, &table);

	for (int i = 0; i < writes; i++)
		put(engine, table, i * 7 % KEYS, i / KEYS);
	driver_close(engine);
	salvage_without_manifest(disk, writes < KEYS ? (uint64_t)writes : KEYS,
				 &options);
}

TEST(files_of_few_segments_are_known_by_their_size)
{
	for (uint32_t size = 4096; size <= 64 << 10; size *= 2) {
		for (uint32_t count = 1; count <= 4; count++)
			check_geometry(size, count, 2000);
	}
}

TEST(large_segments_are_known_by_what_stands_far_behind)
{
	check_geometry(256 << 10, 2, 4000);
	check_geometry(512 << 10, 256, 2500);
	check_geometry(1 << 20, 256, 5000);
}

TEST(where_there_is_one_file_its_default_size_is_taken)
{
	check_geometry(4096, 256, 20);
	check_geometry(16 << 10, 256, 1000);
	check_geometry(128 << 10, 256, 10);
}

TEST(a_file_that_was_made_in_advance_holds_nothing)
{
	struct engine_options options = { .segment_size = 4096,
					  .file_segments = 24 };
	struct fault_disk *disk;
	uint32_t table;
	struct engine *engine = make(&disk, &options, &table);
	const uint8_t *second;
	uint64_t rows = 0;
	size_t size = 0;

	while (fault_disk_file(disk, "00-000001.segments", &size) == NULL ||
	       size < 4096)
		put(engine, table, (int)rows++, 0);
	driver_close(engine);
	second = fault_disk_file(disk, "00-000001.segments", &size);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(second[i], 0);
	salvage_without_manifest(disk, rows, &options);
}

TEST(all_files_are_asked_however_many_buffers_the_first_one_has)
{
	struct engine_options options = { .segment_size = 64 << 10,
					  .file_segments = 300 };
	struct fault_disk *disk;
	uint32_t table;
	struct engine *engine = make(&disk, &options, &table);
	char key[16], value[MANY_VALUE + 1];

	memset(value, 'v', MANY_VALUE);
	value[MANY_VALUE] = '\0';
	for (int i = 0; i < 5500; i++) {
		salvage_key(i, key);
		driver_commit(engine, driver_put(engine, table, key, value));
	}
	driver_close(engine);
	salvage_without_manifest(disk, 5500, &options);
}

TEST(a_database_of_damaged_buffers_is_one_all_the_same)
{
	struct engine_options options = { .segment_size = 16 << 10,
					  .file_segments = 256 };
	struct fault_disk *fresh = fault_disk_create(4);
	struct fault_disk *disk;
	struct salvage_told told;
	uint32_t table;
	struct engine *engine = make(&disk, &options, &table);
	uint8_t *bytes;
	size_t size;

	for (int i = 0; i < 60; i++)
		put(engine, table, i, 0);
	driver_close(engine);
	fault_disk_remove(disk, MANIFEST_NAME);
	bytes = fault_disk_file(disk, "00-000000.segments", &size);
	for (size_t i = 0; i < size; i += FORMAT_BLOCK_SIZE) {
		if (load_u32_le(bytes + i + 8) == FORMAT_BUFFER_MAGIC)
			bytes[i] ^= 1;
	}
	driver_salvage(disk, fresh, &told);
	assert_int_equal(told.rows, 60);
	assert_true(told.faults > 0);
	fault_disk_destroy(disk);
	fault_disk_destroy(fresh);
}

/* As where one sector of many is bad: the others are read one by one. */
TEST(a_read_that_fails_costs_nothing_when_its_parts_can_be_read)
{
	struct engine_options options = { .segment_size = 4096,
					  .file_segments = 64 };
	struct fault_disk *disk;
	uint32_t table;
	struct engine *engine = make(&disk, &options, &table);

	for (int i = 0; i < KEYS; i++)
		put(engine, table, i, 0);
	driver_close(engine);
	fault_disk_remove(disk, MANIFEST_NAME);
	for (uint64_t reads = 0; reads < 50; reads++) {
		struct fault_disk *fresh = fault_disk_create(4);
		struct salvage_told told;

		disk->fail_kinds = 1u << IO_READ;
		disk->fail_errno = EIO;
		disk->fails_once = true;
		disk->fail_after = reads;
		driver_salvage(disk, fresh, &told);
		assert_int_equal(disk->fail_errno, 0);
		assert_int_equal(told.rows, KEYS);
		assert_int_equal(told.faults, 0);
		fault_disk_destroy(fresh);
	}
	fault_disk_destroy(disk);
}

UNIT_MAIN()
