/* SPDX-License-Identifier: MIT
 *
 * What salvage saves: every row whose newest record is intact, and nothing
 * else. */
#include "storage/format/format.h"
#include "storage/format/manifest.h"
#include "tests/support/salvage_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_0 "00-000000.segments"

enum { ROWS = 300 };

static const struct engine_options small = {
	.segment_size = 16 << 10,
	.file_segments = 16,
	.checkpoint_size = 1 << 20,
};

/* Rows, some overwritten, some deleted; a table that is dropped. */
static struct fault_disk *
make(uint32_t *table, bool is_large)
{
	struct fault_disk *disk = fault_disk_create(3);
	struct engine *engine = driver_open(fault_disk_open(disk), &small);
	uint32_t dropped = driver_create_table(engine);
	uint64_t lsn = 0;

	*table = driver_create_table(engine);
	for (int version = 0; version < 2; version++) {
		for (int i = 0; i < ROWS; i += 1 + version) {
			char key[16], value[600];

			salvage_key(i, key);
			salvage_value(i, version, value);
			lsn = driver_put(engine, *table, key, value);
			driver_put(engine, dropped, key, value);
			if (i % 10 == 0)
				driver_commit(engine, lsn);
		}
	}
	for (int i = 0; i < ROWS; i += 5) {
		char key[16];

		salvage_key(i, key);
		driver_delete(engine, *table, key);
	}
	if (is_large) {
		char *value = malloc(60001);

		memset(value, 'L', 60000);
		value[60000] = '\0';
		driver_put(engine, *table, "large", value);
		free(value);
	}
	driver_commit(engine, driver_drop_table(engine, dropped));
	driver_close(engine);
	return disk;
}

static bool
is_deleted(int number)
{
	return number % 5 == 0;
}

/* What is there is right; how many there are. */
static int
count_rows(struct engine *engine, uint32_t table)
{
	int count = 0;

	for (int i = 0; i < ROWS; i++) {
		char key[16], value[600];
		const char *found;

		salvage_key(i, key);
		salvage_value(i, i % 2 == 0, value);
		found = driver_get(engine, table, key);
		if (found == NULL)
			continue;
		if (is_deleted(i))
			fail_msg("%s is back", key);
		assert_string_equal(found, value);
		count++;
	}
	return count;
}

static int
salvage_and_count(struct fault_disk *damaged, uint32_t table,
		  struct salvage_told *told)
{
	struct fault_disk *fresh = fault_disk_create(4);
	struct salvage_report report = driver_salvage(damaged, fresh, told);
	struct engine *engine;
	int count = 0;

	assert_false(report.may_resurrect &&
		     fault_disk_file(damaged, MANIFEST_NAME, &(size_t){ 0 }) !=
			     NULL);
	engine = driver_open(fault_disk_open(fresh), &small);
	if (told->table == table) {
		count = count_rows(engine, table);
		assert_int_equal(driver_count(engine, table), told->rows);
	}
	driver_close(engine);
	fault_disk_destroy(fresh);
	return count;
}

enum { LIVE = ROWS - ROWS / 5 };

TEST(a_whole_database_is_saved_whole_with_no_fault)
{
	uint32_t table;
	struct fault_disk *disk = make(&table, false);
	struct salvage_told told;

	assert_int_equal(salvage_and_count(disk, table, &told), LIVE);
	assert_int_equal(told.faults, 0);
	assert_int_equal(told.rows, LIVE);
	fault_disk_destroy(disk);
}

TEST(any_number_of_files_is_read)
{
	struct engine_options options = { .segment_size = 4096,
					  .file_segments = 1 };
	struct fault_disk *disk = fault_disk_create(3);
	struct engine *engine = driver_open(fault_disk_open(disk), &options);
	uint32_t table = driver_create_table(engine);
	struct salvage_told told;
	size_t size;

	for (int i = 0; i < ROWS; i++) {
		char key[16], value[600];

		salvage_key(i, key);
		salvage_value(i, 0, value);
		driver_put(engine, table, key, value);
	}
	driver_close(engine);
	assert_non_null(fault_disk_file(disk, "00-000016.segments", &size));
	salvage_and_count(disk, UINT32_MAX, &told);
	assert_int_equal(told.rows, ROWS);
	assert_int_equal(told.faults, 0);
	fault_disk_destroy(disk);
}

static void
damage_large(struct fault_disk *disk)
{
	for (unsigned file = 0; file < 10; file++) {
		char name[32];
		size_t size;
		uint8_t *bytes;

		snprintf(name, sizeof(name), "00-%06u.segments", file);
		bytes = fault_disk_file(disk, name, &size);
		for (size_t at = 0; bytes != NULL && at + 30000 < size; at++) {
			if (memcmp(bytes + at, "LLLLLLLLLLLLLLLLLLLLLLLL",
				   24) != 0)
				continue;
			bytes[at + 30000] ^= 4;
			return;
		}
	}
	fail_msg("the large row isn't there");
}

TEST(a_row_over_many_segments_is_saved_or_lost_as_a_whole)
{
	uint32_t table;
	struct fault_disk *disk = make(&table, true);
	struct salvage_told told;

	assert_int_equal(salvage_and_count(disk, table, &told), LIVE);
	assert_int_equal(told.rows, LIVE + 1);
	damage_large(disk);
	assert_int_equal(salvage_and_count(disk, table, &told), LIVE);
	assert_int_equal(told.rows, LIVE);
	assert_true(told.faults > 0);
	fault_disk_destroy(disk);
}

TEST(without_a_manifest_the_buffers_tell_who_they_are)
{
	uint32_t table;
	struct fault_disk *disk = make(&table, true);
	struct salvage_told told;

	fault_disk_remove(disk, MANIFEST_NAME);
	assert_int_equal(salvage_and_count(disk, table, &told), LIVE);
	assert_int_equal(told.rows, LIVE + 1);
	assert_int_equal(told.faults, 0);
	assert_int_equal(told.notes, 1);
	fault_disk_destroy(disk);
}

static void
damage_bytes(struct fault_disk *disk, uint32_t table)
{
	uint64_t random = 99;
	size_t size;
	uint8_t *bytes = fault_disk_file(disk, FILE_0, &size);

	for (int i = 0; i < 150; i++) {
		size_t at;
		struct salvage_told told;
		int count;

		random = random * 6364136223846793005u + 1442695040888963407u;
		at = (size_t)(random >> 33) % size;
		bytes[at] ^= 0x10;
		count = salvage_and_count(disk, table, &told);
		/* A header's damage costs its buffer, unless others tell the
		 * life of the segment. */
		if (at % FORMAT_BLOCK_SIZE >= FORMAT_HEADER_SIZE &&
		    told.table == table)
			assert_true(count >= LIVE - 1);
		if (count < LIVE)
			assert_true(told.faults > 0);
		bytes[at] ^= 0x10;
	}
}

TEST(one_damaged_byte_costs_one_row_at_most)
{
	uint32_t table;
	struct fault_disk *disk = make(&table, false);

	damage_bytes(disk, table);
	fault_disk_destroy(disk);
}

/* The version that a row has, once more. */
static void
write_again(struct fault_disk *disk, uint32_t table, int number)
{
	struct engine *engine = driver_open(fault_disk_open(disk), &small);
	char key[16], value[600];

	salvage_key(number, key);
	salvage_value(number, number % 2 == 0, value);
	driver_commit(engine, driver_put(engine, table, key, value));
	driver_close(engine);
}

/* What nothing intact stands behind may be the torn end of the log; the rest
 * isn't, though no watermark says so. */
TEST(nor_does_it_cost_more_without_a_manifest)
{
	uint32_t table;
	struct fault_disk *disk = make(&table, false);

	write_again(disk, table, 1);
	fault_disk_remove(disk, MANIFEST_NAME);
	damage_bytes(disk, table);
	fault_disk_destroy(disk);
}

/* In one go, so that no buffer tells of the others that they were settled. */
static struct fault_disk *
make_at_once(uint32_t *table, bool is_closed)
{
	const struct engine_options options = { .segment_size = 16 << 10,
						.file_segments = 64 };
	struct fault_disk *disk = fault_disk_create(3);
	struct engine *engine = driver_open(fault_disk_open(disk), &options);
	uint64_t lsn = 0;

	*table = driver_create_table(engine);
	for (int version = 0; version < 2; version++) {
		for (int i = 0; i < ROWS; i += 1 + version) {
			char key[16], value[600];

			salvage_key(i, key);
			salvage_value(i, version, value);
			lsn = driver_put(engine, *table, key, value);
		}
	}
	for (int i = 0; i < ROWS; i += 5) {
		char key[16];

		salvage_key(i, key);
		lsn = driver_delete(engine, *table, key);
	}
	driver_commit(engine, lsn);
	if (!is_closed) {
		struct fault_disk *crashed = fault_disk_copy(disk);

		driver_close(engine);
		fault_disk_destroy(disk);
		return crashed;
	}
	driver_close(engine);
	return disk;
}

/* Missing, old, or back. */
static int
count_wrong(struct fault_disk *damaged, uint32_t table,
	    struct salvage_told *told)
{
	struct fault_disk *fresh = fault_disk_create(4);
	struct engine *engine;
	int wrong = 0;

	driver_salvage(damaged, fresh, told);
	assert_int_equal(told->table, table);
	engine = driver_open(fault_disk_open(fresh), &small);
	for (int i = 0; i < ROWS; i++) {
		char key[16], value[600];
		const char *found;

		salvage_key(i, key);
		salvage_value(i, i % 2 == 0, value);
		found = driver_get(engine, table, key);
		if (is_deleted(i) || found == NULL)
			wrong += is_deleted(i) != (found == NULL);
		else
			wrong += strcmp(found, value) != 0;
	}
	driver_close(engine);
	fault_disk_destroy(fresh);
	return wrong;
}

static bool
is_buffer(const uint8_t *block)
{
	return memcmp(block + 8, "LGSB", 4) == 0;
}

/* The last one included: nobody knows that it was torn, if it was. */
static void
spoil_sector(uint8_t *bytes)
{
	for (int i = 0; i < 512; i++)
		bytes[i] ^= 0x55;
}

static void
damage_sectors(struct fault_disk *disk, uint32_t table, bool is_last_told)
{
	struct salvage_told told;
	size_t size, last = 0;
	uint8_t *bytes = fault_disk_file(disk, FILE_0, &size);
	int tried = 0;

	assert_int_equal(count_wrong(disk, table, &told), 0);
	assert_int_equal(told.faults, 0);
	for (size_t at = 4096; at < size; at += 4096) {
		if (is_buffer(bytes + at))
			last = at;
	}
	for (size_t at = 4096; at < size; at += 4096) {
		if (!is_buffer(bytes + at) || (at == last && !is_last_told))
			continue;
		spoil_sector(bytes + at + 512);
		assert_in_range(count_wrong(disk, table, &told), 0, 15);
		assert_int_equal(told.faults, 1);
		spoil_sector(bytes + at + 512);
		tried++;
	}
	assert_true(tried > 3);
}

/* In the last buffer, too: nobody knows whether it was torn. */
TEST(a_damaged_sector_costs_its_rows_only_without_a_manifest)
{
	uint32_t table;
	struct fault_disk *disk = make_at_once(&table, true);

	fault_disk_remove(disk, MANIFEST_NAME);
	damage_sectors(disk, table, true);
	fault_disk_destroy(disk);
}

/* What an opening would take for the end of the log. */
TEST(what_stands_behind_a_damaged_buffer_is_saved_after_a_crash)
{
	uint32_t table;
	struct fault_disk *disk = make_at_once(&table, false);

	damage_sectors(disk, table, false);
	fault_disk_destroy(disk);
}

TEST(a_missing_file_costs_its_rows_only)
{
	uint32_t table;
	struct fault_disk *disk = make(&table, false);
	struct salvage_told told;
	int count;

	fault_disk_remove(disk, FILE_0);
	count = salvage_and_count(disk, table, &told);
	assert_true(told.faults > 0);
	assert_true(count < LIVE);
	fault_disk_destroy(disk);
}

/* Whatever opening ${left} files more is enough for: all is saved, or the
 * system's reason is told. */
static bool
is_saved_or_refused(struct fault_disk *disk, int failure, uint64_t left)
{
	struct fault_disk *fresh = fault_disk_create(4);
	struct salvage_report report = { 0 };
	struct error error = ERROR_INIT;
	int status;

	disk->open_errno = failure;
	disk->opens_left = left;
	status = salvage_run(fault_disk_open(disk), fault_disk_open(fresh),
			     &report, &error);
	disk->open_errno = 0;
	assert_true(report.faults == 0 && report.notes == 0);
	if (status < 0)
		assert_non_null(strstr(error.message, strerror(failure)));
	fault_disk_destroy(fresh);
	return status == 0;
}

TEST(a_file_that_the_process_may_not_open_is_not_lost)
{
	static const int failures[] = { EMFILE, ENFILE, ENOMEM, EACCES,
					EPERM };
	uint32_t table;
	struct fault_disk *disk = make(&table, true);
	struct engine *engine = driver_open(fault_disk_open(disk), &small);

	driver_checkpoint(engine);
	driver_close(engine);
	for (size_t i = 0; i < ARRAY_COUNT(failures); i++) {
		uint64_t left = 0;

		while (!is_saved_or_refused(disk, failures[i], left))
			left++;
		assert_in_range(left, 2, 20);
	}
	fault_disk_destroy(disk);
}

TEST(what_holds_nothing_is_refused)
{
	struct fault_disk *disk = fault_disk_create(5);
	struct fault_disk *fresh = fault_disk_create(6);
	struct salvage_report report = { 0 };
	struct error error = ERROR_INIT;

	assert_int_equal(salvage_run(fault_disk_open(disk),
				     fault_disk_open(fresh), &report, &error),
			 -ERROR_CORRUPT);
	fault_disk_destroy(disk);
	fault_disk_destroy(fresh);
}

/* Cuts it into bytes that are nothing. */
static void
scramble(struct fault_disk *disk, const char *name, size_t from, size_t to)
{
	size_t size;
	uint8_t *bytes = fault_disk_file(disk, name, &size);

	assert_non_null(bytes);
	assert_true(to <= size);
	for (size_t at = from; at < to; at++)
		bytes[at] ^= 0x55;
}

TEST(losses_that_touch_are_one_fault)
{
	uint32_t table;
	struct fault_disk *disk = make(&table, false);
	struct salvage_told told;

	/* The data of three buffers and more, whose headers are right. */
	for (size_t at = 8192; at < 5 * 4096; at += 4096)
		scramble(disk, FILE_0, at + 200, at + 4000);
	salvage_and_count(disk, table, &told);
	assert_int_equal(told.faults, 1);
	assert_non_null(strstr(told.what, "further up to offset 20480"));
	/* Two places are two. */
	scramble(disk, FILE_0, 10 * 4096 + 200, 10 * 4096 + 4000);
	salvage_and_count(disk, table, &told);
	assert_int_equal(told.faults, 2);
	fault_disk_destroy(disk);
}

UNIT_MAIN()
