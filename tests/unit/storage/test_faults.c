/* SPDX-License-Identifier: MIT
 *
 * The engine on a disk that fails, fills up and comes back. */
#include "storage/segments/segment_growth.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 30 };

static void
key_of(int number, char key[16])
{
	snprintf(key, 16, "key-%d", number);
}

/* ---- the N-th operation fails ---- */

struct outcome {
	uint32_t table;
	int written;      /* rows that were taken */
	int acknowledged; /* rows whose commit was answered */
};

static int
write_rows(struct engine *engine, struct outcome *outcome)
{
	struct engine_write create = { .kind = ENGINE_WRITE_CREATE_TABLE };
	struct error error = ERROR_INIT;
	uint64_t lsn;
	int status;

	if (outcome->table == 0) {
		create.table = engine_allocate_table(engine);
		status = driver_try_write(engine, &create, 1, &lsn, &error);
		if (status < 0)
			return status;
		outcome->table = create.table;
	}
	while (outcome->written < ROWS) {
		char key[16];
		struct engine_write write = {
			.kind = ENGINE_WRITE_ROW,
			.table = outcome->table,
			.value = SLICE("some bytes that make the row longer"),
			.timestamp_us = engine_timestamp_us(engine),
		};

		key_of(outcome->written, key);
		write.key = slice_from_string(key);
		status = driver_try_write(engine, &write, 1, &lsn, &error);
		if (status < 0)
			return status;
		outcome->written++;
		if (outcome->written % 3 != 0)
			continue;
		status = driver_try_commit(engine, lsn, &error);
		if (status < 0)
			return status;
		outcome->acknowledged = outcome->written;
	}
	return 0;
}

static void
check_rows(struct fault_disk *disk, const struct outcome *outcome)
{
	struct engine *engine = driver_open_disk(disk);
	int rows = 0;

	while (rows < ROWS) {
		char key[16];

		key_of(rows, key);
		if (driver_get(engine, outcome->table, key) == NULL)
			break;
		rows++;
	}
	assert_true(rows >= outcome->acknowledged);
	assert_true(rows <= outcome->written);
	assert_int_equal(driver_count(engine, outcome->table), rows);
	driver_close(engine);
}

static struct fault_disk *
failing_disk(uint64_t after, int failure, bool is_once)
{
	struct fault_disk *disk = fault_disk_create(after * 31 + 7);

	disk->fail_after = after;
	disk->fail_errno = failure;
	disk->fails_once = is_once;
	return disk;
}

static bool
fail_nth_operation(uint64_t after, int failure, bool is_once,
		   enum engine_sync sync)
{
	struct fault_disk *disk = failing_disk(after, failure, is_once);
	struct fault_disk *crashed;
	struct engine_options options = driver_small;
	struct error error = ERROR_INIT;
	struct outcome outcome = { 0 };
	struct engine *engine = NULL;
	bool has_failed;

	options.sync = sync;
	if (engine_open(fault_disk_open(disk), &options, &engine, &error) <
	    0) {
		fault_disk_destroy(disk);
		return true;
	}
	(void)write_rows(engine, &outcome);
	/* Whatever happened: what was taken and settled is there to be
	 * read. */
	for (int i = 0; i < outcome.acknowledged; i++) {
		struct buffer value = { 0 };
		struct engine_row row;
		char key[16];

		key_of(i, key);
		if (driver_try_get(engine, outcome.table,
				   slice_from_string(key), &row, &value,
				   &error) == 0)
			assert_int_equal(row.state, ENGINE_ROW_LIVE);
		buffer_finish(&value);
	}
	has_failed = is_once ? disk->fail_errno == 0 : disk->fail_after == 0;
	if (sync == ENGINE_SYNC_FULL)
		crashed = fault_disk_crash(disk, after);
	else
		crashed = fault_disk_copy(disk);
	driver_abandon(engine, disk);
	check_rows(crashed, &outcome);
	fault_disk_destroy(crashed);
	return has_failed;
}

TEST(whichever_operation_fails_nothing_acknowledged_is_lost)
{
	static const struct {
		int failure;
		bool is_once;
		enum engine_sync sync;
	} cases[] = {
		{ EIO, true, ENGINE_SYNC_FULL },
		{ EIO, false, ENGINE_SYNC_FULL },
		{ ENOSPC, true, ENGINE_SYNC_FULL },
		{ ENOSPC, false, ENGINE_SYNC_FULL },
		{ EIO, true, ENGINE_SYNC_GROUP },
		{ EIO, false, ENGINE_SYNC_OFF },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint64_t after = 0;

		while (fail_nth_operation(after, cases[i].failure,
					  cases[i].is_once, cases[i].sync))
			after++;
		/* Opening alone takes more than that. */
		assert_true(after > 20);
	}
}

/* Opening after a crash fails in its middle, again and again, and in the end
 * finds what the first opening would have found. */
TEST(an_opening_that_fails_can_be_repeated)
{
	struct outcome outcome = { 0 };
	struct fault_disk *disk = fault_disk_create(3);
	struct engine *engine = driver_open_disk(disk);
	uint64_t after = 0;

	assert_int_equal(write_rows(engine, &outcome), 0);
	disk = driver_kill(engine, disk);
	for (;; after++) {
		struct fault_disk *copy;
		struct error error = ERROR_INIT;

		disk->fail_errno = EIO;
		disk->fail_after = after;
		engine = NULL;
		if (engine_open(fault_disk_open(disk), &driver_small, &engine,
				&error) == 0)
			break;
		assert_int_equal(error.code, ERROR_IO);
		copy = fault_disk_crash(disk, after);
		fault_disk_destroy(disk);
		disk = copy;
	}
	assert_true(after > 3);
	driver_abandon(engine, disk);
}

/* ---- a failed write ---- */

TEST(a_failed_write_poisons_writing_and_leaves_rows_as_they_were)
{
	struct fault_disk *disk = fault_disk_create(4);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	uint32_t other = driver_create_table(engine);
	uint32_t third;
	struct error error = ERROR_INIT;
	uint64_t lsn;

	driver_commit(engine, driver_put(engine, table, "k", "old"));
	lsn = driver_put(engine, table, "k", "new");
	assert_string_equal(driver_get(engine, table, "k"), "new");
	driver_put(engine, table, "l", "new");
	lsn = driver_drop_table(engine, other);
	third = engine_allocate_table(engine);
	lsn = driver_write(engine,
			   &(struct engine_write){
				   .kind = ENGINE_WRITE_CREATE_TABLE,
				   .table = third },
			   1);
	disk->fail_errno = EIO;
	disk->fails_once = true;
	disk->fail_kinds = 1u << IO_WRITE;
	assert_true(driver_try_commit(engine, lsn, &error) < 0);
	assert_int_equal(error.code, ERROR_IO);
	assert_non_null(strstr(error.message,
			       "cannot write /disk/00-000000.segments at "
			       "offset"));
	assert_string_equal(driver_get(engine, table, "k"), "old");
	assert_null(driver_get(engine, table, "l"));
	assert_int_equal(driver_count(engine, table), 1);
	assert_int_equal(driver_scan_count(engine, table), 1);
	error = ERROR_INIT;
	assert_true(driver_try_write(
			    engine,
			    &(struct engine_write){
				    .kind = ENGINE_WRITE_TOMBSTONE,
				    .table = other,
				    .key = SLICE("k") },
			    1, &lsn, &error) < 0);
	assert_int_equal(error.code, ERROR_IO);
	/* What was durable can still be committed, what wasn't can't. */
	assert_int_equal(driver_try_commit(engine, 1, &error), 0);
	assert_true(driver_try_commit(engine, engine_last_lsn(engine),
				      &error) < 0);
	assert_true(engine_close(engine, &error) < 0);
	engine = driver_open_disk(disk);
	assert_string_equal(driver_get(engine, table, "k"), "old");
	driver_commit(engine, driver_put(engine, table, "k", "newest"));
	driver_put(engine, other, "the table", "is still there");
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(a_failed_sync_of_a_group_is_reported_and_not_retried)
{
	struct fault_disk *disk = fault_disk_create(4);
	struct engine_options options = driver_small;
	struct engine *engine;
	struct error error = ERROR_INIT;
	uint32_t table;
	uint64_t lsn, syncs;

	options.sync = ENGINE_SYNC_GROUP;
	engine = driver_open(fault_disk_open(disk), &options);
	table = driver_create_table(engine);
	driver_commit(engine, driver_put(engine, table, "k", "v"));
	disk->fail_errno = EIO;
	disk->fails_once = true;
	disk->fail_kinds = 1u << IO_SYNC;
	disk->clock_us += 100000;
	for (int i = 0; i < 4; i++)
		assert_int_equal(engine_poll(engine, 0, &error), 0);
	syncs = disk->syncs;
	assert_true(driver_try_write(engine,
				     &(struct engine_write){
					     .kind = ENGINE_WRITE_TOMBSTONE,
					     .table = table,
					     .key = SLICE("k") },
				     1, &lsn, &error) < 0);
	assert_non_null(strstr(error.message, "cannot sync /disk/00-000000"));
	assert_string_equal(driver_get(engine, table, "k"), "v");
	assert_true(engine_close(engine, &error) < 0);
	assert_int_equal(disk->syncs, syncs);
	fault_disk_destroy(disk);
}

TEST(group_mode_syncs_by_itself_and_states_it_in_headers)
{
	struct fault_disk *disk = fault_disk_create(4);
	struct engine_options options = driver_small;
	struct engine *engine;
	struct error error = ERROR_INIT;
	uint32_t table;
	uint64_t syncs;

	options.sync = ENGINE_SYNC_GROUP;
	engine = driver_open(fault_disk_open(disk), &options);
	table = driver_create_table(engine);
	driver_commit(engine, driver_put(engine, table, "k", "v"));
	syncs = disk->syncs;
	disk->clock_us += 100000;
	for (int i = 0; i < 4; i++)
		assert_int_equal(engine_poll(engine, 0, &error), 0);
	assert_true(disk->syncs > syncs);
	/* Durable by now: no crash takes it away. */
	for (uint64_t seed = 0; seed < 10; seed++) {
		struct fault_disk *crashed = fault_disk_crash(disk, seed);
		struct engine *opened = driver_open_disk(crashed);

		assert_string_equal(driver_get(opened, table, "k"), "v");
		driver_close(opened);
		fault_disk_destroy(crashed);
	}
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* ---- a full disk ---- */

static int
fill(struct engine *engine, uint32_t table, int *rows, struct error *error)
{
	char value[1000];
	uint64_t lsn;
	int status;

	memset(value, 'x', sizeof(value));
	do {
		char key[16];
		struct engine_write write = {
			.kind = ENGINE_WRITE_ROW,
			.table = table,
			.value = slice_make(value, sizeof(value)),
			.timestamp_us = engine_timestamp_us(engine),
		};

		key_of(*rows, key);
		write.key = slice_from_string(key);
		status = driver_try_write(engine, &write, 1, &lsn, error);
		if (status == 0)
			(*rows)++;
	} while (status == 0 && *rows < 100000);
	return status;
}

static void
check_full(struct engine *engine, uint32_t table, int rows)
{
	struct error error = ERROR_INIT;
	int before = rows;

	/* It stays full, and says so each time. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(fill(engine, table, &before, &error),
				 -(int)ERROR_FULL);
	assert_int_equal(before, rows);
	driver_commit(engine, engine_last_lsn(engine));
	assert_int_equal(driver_count(engine, table), rows);
	assert_int_equal(driver_scan_count(engine, table), rows);
	/* Deletions still work, and dropping a table. */
	for (int i = 0; i < 3; i++) {
		char key[16];

		key_of(i, key);
		driver_commit(engine, driver_delete(engine, table, key));
	}
	assert_int_equal(driver_count(engine, table), rows - 3);
}

TEST(a_full_disk_refuses_rows_at_once_and_recovers_by_itself)
{
	struct fault_disk *disk = fault_disk_create(5);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct error error = ERROR_INIT;
	int rows = 0;

	disk->bytes_max = 50 * 4096;
	assert_int_equal(fill(engine, table, &rows, &error),
			 -(int)ERROR_FULL);
	assert_non_null(strstr(error.message, "disk full: cannot extend "
					      "/disk/00-00000"));
	assert_true(error.hint[0] != '\0');
	assert_true(rows > 60);
	check_full(engine, table, rows);
	disk->bytes_max = 0;
	disk->clock_us += SEGMENT_RETRY_US;
	driver_commit(engine, driver_put(engine, table, "again", "yes"));
	driver_commit(engine, driver_drop_table(engine, table));
	driver_close(engine);
	engine = driver_open_disk(disk);
	assert_null(driver_get(engine, table, "again"));
	driver_close(engine);
	fault_disk_destroy(disk);
}

static int
try_put(struct engine *engine, uint32_t table)
{
	struct engine_write write = { .kind = ENGINE_WRITE_ROW,
				      .table = table,
				      .key = SLICE("one more"),
				      .timestamp_us = 1 };
	struct error error = ERROR_INIT;
	uint64_t lsn;

	return driver_try_write(engine, &write, 1, &lsn, &error);
}

TEST(a_full_disk_is_asked_for_room_now_and_then_only)
{
	struct fault_disk *disk = fault_disk_create(5);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct error error = ERROR_INIT;
	uint64_t operations;
	int rows = 0;

	disk->bytes_max = 50 * 4096;
	assert_int_equal(fill(engine, table, &rows, &error),
			 -(int)ERROR_FULL);
	driver_commit(engine, engine_last_lsn(engine));
	for (int i = 0; i < 3; i++) {
		operations = disk->operations;
		for (int j = 0; j < 1000; j++)
			assert_int_equal(try_put(engine, table),
					 -(int)ERROR_FULL);
		assert_true(disk->operations - operations < 10);
		disk->clock_us += SEGMENT_RETRY_US;
	}
	/* The first write after that time finds the room by itself. */
	disk->bytes_max = 0;
	assert_int_equal(try_put(engine, table), 0);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(a_database_on_a_full_disk_is_closed_and_opened)
{
	struct fault_disk *disk = fault_disk_create(5);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct error error = ERROR_INIT;
	int rows = 0;

	disk->bytes_max = 50 * 4096;
	assert_int_equal(fill(engine, table, &rows, &error),
			 -(int)ERROR_FULL);
	driver_close(engine);
	engine = driver_open_disk(disk);
	assert_int_equal(driver_count(engine, table), rows);
	check_full(engine, table, rows);
	disk = driver_kill(engine, disk);
	fault_disk_destroy(disk);
}

TEST(the_configured_maximum_is_kept)
{
	struct fault_disk *disk = fault_disk_create(6);
	struct engine_options options = driver_small;
	struct engine_statistics statistics;
	struct engine *engine;
	struct error error = ERROR_INIT;
	uint32_t table;
	int rows = 0;

	options.size_max = 4096;
	error = driver_open_error(fault_disk_open(disk), &options);
	assert_int_equal(error.code, ERROR_CONFIG);
	options.size_max = 40 * 4096 + 17;
	engine = driver_open(fault_disk_open(disk), &options);
	table = driver_create_table(engine);
	assert_int_equal(fill(engine, table, &rows, &error),
			 -(int)ERROR_FULL);
	assert_string_equal(error.message,
			    "database full: its segment files have reached "
			    "the configured maximum of 163857 bytes");
	engine_get_statistics(engine, &statistics);
	assert_int_equal(statistics.disk_bytes, 40 * 4096);
	check_full(engine, table, rows);
	driver_close(engine);
	/* A larger one may be asked for at each opening. */
	options.size_max = 80 * 4096;
	engine = driver_open(fault_disk_open(disk), &options);
	driver_commit(engine, driver_put(engine, table, "more", "room"));
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* ---- reading what was damaged while open ---- */

TEST(a_record_that_rotted_is_never_returned)
{
	struct fault_disk *disk = fault_disk_create(7);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct buffer value = { 0 };
	struct engine_row row;
	struct error error = ERROR_INIT;
	struct engine_scan_range range = { .table = table,
					   .first_token = INT64_MIN,
					   .last_token = INT64_MAX };
	size_t size;
	uint8_t *bytes;

	driver_commit(engine, driver_put(engine, table, "k", "value"));
	bytes = fault_disk_file(disk, "00-000000.segments", &size);
	for (size_t bit = (4096 + 128) * 8; bit < (4096 + 128 + 48) * 8;
	     bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(driver_try_get(engine, table, SLICE("k"),
						&row, &value, &error),
				 -(int)ERROR_CORRUPT);
		assert_non_null(strstr(error.message,
				       "/disk/00-000000.segments is damaged "
				       "at offset 4224"));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	bytes[4096 + 140] ^= 1;
	assert_int_equal(driver_scan(engine, &range, NULL, NULL, &error),
			 -(int)ERROR_CORRUPT);
	bytes[4096 + 140] ^= 1;
	assert_string_equal(driver_get(engine, table, "k"), "value");
	buffer_finish(&value);
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* ---- polls fail while the manifest is being stored ---- */

static int
try_row(struct engine *engine, uint32_t table, struct error *error)
{
	struct engine_write write = { .kind = ENGINE_WRITE_ROW,
				      .table = table,
				      .key = SLICE("new"),
				      .value = SLICE("new") };
	uint64_t lsn;

	return driver_try_write(engine, &write, 1, &lsn, error);
}

/* It is on its way all the same, in memory that must stay, and what comes
 * behind it could be overtaken by it. */
TEST(a_manifest_that_was_given_up_harms_nobody)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct error error = ERROR_INIT;

	driver_put(engine, table, "old", "old");
	driver_close(engine);
	engine = driver_open_disk(disk);
	/* The first segment that is opened asks for a manifest. */
	for (int status = 0; status == 0;) {
		disk->polls_failing = 0;
		driver_commit(engine, engine_last_lsn(engine));
		disk->polls_failing = 1000;
		status = try_row(engine, table, &error);
	}
	assert_int_equal(error.code, ERROR_IO);
	assert_int_equal(disk->polls_failing, 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(engine_poll(engine, -1, &error), 0);
	assert_string_equal(driver_get(engine, table, "old"), "old");
	assert_int_equal(try_row(engine, table, &error), -(int)ERROR_IO);
	assert_int_equal(engine_close(engine, &error), -(int)ERROR_IO);
	engine = driver_open_disk(disk);
	assert_string_equal(driver_get(engine, table, "old"), "old");
	driver_put(engine, table, "new", "new");
	driver_close(engine);
	fault_disk_destroy(disk);
}

UNIT_MAIN()
