/* SPDX-License-Identifier: MIT */
#include "base/murmur3.h"
#include "base/pack.h"
#include "storage/engine.h"
#include "storage/moving/compaction.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct engine *
open_memory(const struct engine_options *options)
{
	struct error error;
	struct io *io;

	assert_int_equal(io_memory_create(&io, &error), 0);
	return driver_open(io, options);
}

static struct engine *
open_small(void)
{
	return open_memory(&driver_small);
}

static struct engine_row
find(struct engine *engine, uint32_t table, const char *key)
{
	struct engine_row row = { 0 };

	engine_find(engine, table, slice_from_string(key), &row);
	return row;
}

/* ---- end to end, on every backend ---- */

typedef int io_create(const char *path, bool create, struct io **io,
		      struct error *error);

static void
use_directory(io_create *create, enum engine_sync sync)
{
	struct engine_options options = { .sync = sync };
	char path[] = "/tmp/logstor-test-XXXXXX", command[64];
	struct error error = ERROR_INIT;
	struct engine *engine;
	struct io *io;
	uint32_t table;

	assert_non_null(mkdtemp(path));
	assert_int_equal(create(path, true, &io, &error), 0);
	engine = driver_open(io, &options);
	table = driver_create_table(engine);
	for (int i = 0; i < 5000; i++) {
		char key[16];

		snprintf(key, sizeof(key), "key%d", i);
		driver_put(engine, table, key, key + 3);
	}
	driver_commit(engine, driver_delete(engine, table, "key7"));
	assert_string_equal(driver_get(engine, table, "key4999"), "4999");
	assert_int_equal(driver_scan_count(engine, table), 4999);
	driver_close(engine);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(create(path, false, &io, &error), 0);
		engine = driver_open(io, &options);
		assert_int_equal(driver_count(engine, table), 4999);
		assert_int_equal(driver_scan_count(engine, table), 4999);
		assert_string_equal(driver_get(engine, table, "key1234"),
				    "1234");
		assert_null(driver_get(engine, table, "key7"));
		driver_close(engine);
	}
	snprintf(command, sizeof(command), "rm -r %s", path);
	assert_int_equal(system(command), 0);
}

TEST(a_directory_keeps_what_was_written)
{
	use_directory(io_uring_create, ENGINE_SYNC_FULL);
	use_directory(io_uring_create, ENGINE_SYNC_GROUP);
	use_directory(io_sync_create, ENGINE_SYNC_FULL);
	use_directory(io_sync_create, ENGINE_SYNC_OFF);
}

static struct io *
open_directory(const char *path)
{
	struct error error = ERROR_INIT;
	struct io *io;

	assert_int_equal(io_uring_create(path, true, &io, &error), 0);
	return io;
}

TEST(readers_and_a_writer_keep_each_other_out)
{
	struct engine_options reading = { .is_read_only = true };
	struct engine_options writing = { 0 };
	char path[] = "/tmp/logstor-test-XXXXXX", text[96], command[64];
	struct engine *writer, *first, *second;
	struct error error;

	assert_non_null(mkdtemp(path));
	writer = driver_open(open_directory(path), &writing);
	error = driver_open_error(open_directory(path), &reading);
	assert_int_equal(error.code, ERROR_BUSY);
	snprintf(text, sizeof(text), "database %s is in use by process %d",
		 path, (int)getpid());
	assert_string_equal(error.message, text);
	driver_close(writer);
	first = driver_open(open_directory(path), &reading);
	second = driver_open(open_directory(path), &reading);
	error = driver_open_error(open_directory(path), &writing);
	assert_int_equal(error.code, ERROR_BUSY);
	snprintf(text, sizeof(text), "database %s is in use by a reader",
		 path);
	assert_string_equal(error.message, text);
	driver_close(first);
	driver_close(second);
	driver_close(driver_open(open_directory(path), &writing));
	/* A reader makes nothing, not even what it would lock. */
	snprintf(command, sizeof(command), "rm %s/lock", path);
	assert_int_equal(system(command), 0);
	driver_close(driver_open(open_directory(path), &reading));
	snprintf(command, sizeof(command), "test ! -e %s/lock", path);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "rm -r %s", path);
	assert_int_equal(system(command), 0);
}

/* ---- versions ---- */

TEST(a_write_is_seen_at_once_and_its_lsn_waited_for)
{
	struct engine *engine = open_small();
	uint32_t table = driver_create_table(engine);
	uint64_t lsn = driver_put(engine, table, "k", "v");
	struct engine_row row = find(engine, table, "k");

	assert_int_equal(row.state, ENGINE_ROW_LIVE);
	assert_int_equal(row.lsn, lsn);
	assert_int_equal(row.token, murmur3_token(SLICE("k")));
	assert_string_equal(driver_get(engine, table, "k"), "v");
	driver_commit(engine, lsn);
	assert_int_equal(find(engine, table, "k").lsn, 0);
	assert_string_equal(driver_get(engine, table, "k"), "v");
	assert_int_equal(find(engine, table, "l").state, ENGINE_ROW_ABSENT);
	driver_close(engine);
}

TEST(the_newest_timestamp_wins_and_a_tombstone_wins_a_tie)
{
	static const struct {
		const char *why;
		int64_t first, second;
		bool is_first_deletion, is_second_deletion;
		const char *left;
	} cases[] = {
		{ "newer over older", 1, 2, false, false, "2nd" },
		{ "older under newer", 2, 1, false, false, "1st" },
		{ "the later of equals", 5, 5, false, false, "2nd" },
		{ "deletion of an older row", 1, 2, false, true, NULL },
		{ "deletion under a newer row", 2, 1, false, true, "1st" },
		{ "deletion of an equal row", 5, 5, false, true, NULL },
		{ "row over an older deletion", 1, 2, true, false, "2nd" },
		{ "row under a newer deletion", 2, 1, true, false, NULL },
		{ "row under an equal deletion", 5, 5, true, false, NULL },
		{ "negative timestamps", -5, -4, false, false, "2nd" },
	};

	/* Both pending, the first settled, both in one batch; and after
	 * opening again. */
	for (size_t i = 0; i < ARRAY_COUNT(cases) * 3; i++) {
		size_t at = i / 3;
		struct fault_disk *disk = fault_disk_create(i);
		struct engine *engine = driver_open_disk(disk);
		uint32_t table = driver_create_table(engine);
		struct engine_write writes[2] = {
			{ .kind = cases[at].is_first_deletion ?
					  ENGINE_WRITE_TOMBSTONE :
					  ENGINE_WRITE_ROW,
			  .table = table,
			  .key = SLICE("k"),
			  .value = SLICE("1st"),
			  .timestamp_us = cases[at].first },
			{ .kind = cases[at].is_second_deletion ?
					  ENGINE_WRITE_TOMBSTONE :
					  ENGINE_WRITE_ROW,
			  .table = table,
			  .key = SLICE("k"),
			  .value = SLICE("2nd"),
			  .timestamp_us = cases[at].second },
		};

		if (i % 3 == 0) {
			driver_write(engine, writes, 2);
		} else {
			uint64_t lsn = driver_write(engine, writes, 1);

			if (i % 3 == 1)
				driver_commit(engine, lsn);
			driver_write(engine, writes + 1, 1);
		}
		for (int opened = 0; opened < 2; opened++) {
			const char *got = driver_get(engine, table, "k");

			if (cases[at].left == NULL)
				assert_null(got);
			else
				assert_string_equal(got, cases[at].left);
			assert_int_equal(driver_count(engine, table),
					 cases[at].left != NULL);
			if (opened == 0) {
				driver_close(engine);
				engine = driver_open_disk(disk);
			}
		}
		driver_close(engine);
		fault_disk_destroy(disk);
	}
}

TEST(rows_expire_without_a_read)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	uint32_t now_s = engine_now_s(engine);
	struct engine_write write = {
		.kind = ENGINE_WRITE_ROW,
		.table = table,
		.key = SLICE("k"),
		.value = SLICE("v"),
		.timestamp_us = 1,
		.expires_at_s = now_s + 10,
	};

	driver_commit(engine, driver_write(engine, &write, 1));
	assert_string_equal(driver_get(engine, table, "k"), "v");
	assert_int_equal(find(engine, table, "k").expires_at_s, now_s + 10);
	assert_int_equal(driver_count(engine, table), 1);
	disk->clock_us += 10 * 1000000;
	assert_null(driver_get(engine, table, "k"));
	assert_int_equal(find(engine, table, "k").state, ENGINE_ROW_DELETED);
	assert_int_equal(driver_count(engine, table), 0);
	assert_int_equal(driver_scan_count(engine, table), 0);
	driver_close(engine);
	/* A clock that jumps back doesn't bring it back. */
	engine = driver_open_disk(disk);
	driver_commit(engine, driver_put(engine, table, "l", "v"));
	disk->clock_us -= INT64_C(100000000);
	assert_null(driver_get(engine, table, "k"));
	driver_close(engine);
	engine = driver_open_disk(disk);
	assert_null(driver_get(engine, table, "k"));
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(what_is_absent_deleted_or_expired_costs_no_read)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	uint64_t operations;

	driver_put(engine, table, "k", "v");
	driver_commit(engine, driver_delete(engine, table, "k"));
	operations = disk->operations;
	assert_null(driver_get(engine, table, "k"));
	assert_null(driver_get(engine, table, "nothing"));
	assert_null(driver_get(engine, 999, "nothing"));
	assert_int_equal(driver_count(engine, table), 0);
	assert_int_equal(disk->operations, operations);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(a_lone_durable_write_costs_one_device_write)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine_options options = { 0 };
	struct engine *engine = driver_open(fault_disk_open(disk), &options);
	uint32_t table = driver_create_table(engine);
	uint64_t operations = disk->operations;

	driver_commit(engine, driver_put(engine, table, "k", "v"));
	assert_int_equal(disk->operations, operations + 1);
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* ---- refusals ---- */

TEST(what_cannot_be_written_is_refused_before_anything_is)
{
	struct engine *engine = open_small();
	uint32_t table = driver_create_table(engine);
	uint32_t most = engine_row_size_max(engine);
	uint8_t *bytes = calloc(1, most + 70000);
	const struct {
		const char *why;
		struct engine_write write;
		enum error_code code;
	} cases[] = {
		{ "no such table", { .kind = ENGINE_WRITE_ROW, .table = 99,
				     .key = SLICE("k") },
		  ERROR_MISUSE },
		{ "the registry", { .kind = ENGINE_WRITE_ROW, .table = 1,
				    .key = SLICE("k") },
		  ERROR_MISUSE },
		{ "an empty key", { .kind = ENGINE_WRITE_ROW, .table = table },
		  ERROR_INVALID },
		{ "a key beyond all bounds",
		  { .kind = ENGINE_WRITE_ROW, .table = table,
		    .key = { bytes, 65536 } },
		  ERROR_INVALID },
		{ "a row that is too large",
		  { .kind = ENGINE_WRITE_ROW, .table = table,
		    .key = SLICE("k"), .value = { bytes, most } },
		  ERROR_INVALID },
		{ "the smallest timestamp",
		  { .kind = ENGINE_WRITE_ROW, .table = table,
		    .key = SLICE("k"), .timestamp_us = INT64_MIN },
		  ERROR_INVALID },
		{ "a table that is there",
		  { .kind = ENGINE_WRITE_CREATE_TABLE, .table = table },
		  ERROR_MISUSE },
		{ "a number that wasn't given",
		  { .kind = ENGINE_WRITE_CREATE_TABLE, .table = 5000 },
		  ERROR_MISUSE },
		{ "the catalog's end",
		  { .kind = ENGINE_WRITE_DROP_TABLE, .table = 2 },
		  ERROR_MISUSE },
		{ "no kind", { .table = table, .key = SLICE("k") },
		  ERROR_MISUSE },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct engine_write writes[3] = {
			{ .kind = ENGINE_WRITE_ROW, .table = table,
			  .key = SLICE("first"), .value = SLICE("v") },
			{ .kind = ENGINE_WRITE_CREATE_TABLE,
			  .table = engine_allocate_table(engine) },
			cases[i].write,
		};
		uint64_t before = engine_last_lsn(engine), lsn;
		struct error error = ERROR_INIT;
		int status = driver_try_write(engine, writes, 3, &lsn, &error);

		if (status != -(int)cases[i].code)
			fail_msg("%s: %d", cases[i].why, status);
		assert_int_equal(engine_last_lsn(engine), before);
		assert_null(driver_get(engine, table, "first"));
		/* The table of the refused batch can still be created. */
		driver_write(engine, &writes[1], 1);
	}
	free(bytes);
	driver_close(engine);
}

TEST(rows_of_every_size_near_the_limit_fit_or_are_refused)
{
	static const uint32_t sizes[] = { 4096, 8192 };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct engine_options options = { .segment_size = sizes[i],
						  .file_segments = 3 };
		struct engine *engine = open_memory(&options);
		uint32_t table = driver_create_table(engine);
		uint32_t most = engine_row_size_max(engine);
		uint8_t *bytes = calloc(1, most + 64);

		assert_int_equal(most, 3 * (sizes[i] - 128) - 44);
		for (uint32_t size = most - 50; size < most + 50; size++) {
			struct engine_write write = {
				.kind = ENGINE_WRITE_ROW,
				.table = table,
				.key = SLICE("key"),
				.value = { bytes, size - 3 },
				.timestamp_us = engine_timestamp_us(engine),
				.expires_at_s = size % 2 ? UINT32_MAX : 0,
			};
			struct error error = ERROR_INIT;
			struct buffer value = { 0 };
			struct engine_row row;
			uint64_t lsn = 0;
			int status = driver_try_write(engine, &write, 1, &lsn,
						      &error);

			assert_int_equal(status < 0, size > most);
			if (status < 0)
				continue;
			driver_commit(engine, lsn);
			assert_int_equal(driver_try_get(engine, table,
							SLICE("key"), &row,
							&value, &error),
					 0);
			assert_int_equal(value.size, size - 3);
			buffer_finish(&value);
		}
		free(bytes);
		driver_close(engine);
	}
}

/* ---- batches ---- */

enum { BATCH = 500 };

static int
try_batch(struct engine *engine, uint32_t table, size_t count,
	  size_t value_size, uint64_t *lsn, struct error *error)
{
	struct engine_write *writes = calloc(count, sizeof(*writes));
	uint8_t *bytes = calloc(1, value_size + 1);
	uint32_t *keys = calloc(count, sizeof(*keys));
	int status;

	for (size_t i = 0; i < count; i++) {
		keys[i] = (uint32_t)i;
		writes[i] = (struct engine_write){
			.kind = ENGINE_WRITE_ROW,
			.table = table,
			.key = slice_make(&keys[i], sizeof(keys[i])),
			.value = slice_make(bytes, value_size),
			.timestamp_us = engine_timestamp_us(engine),
		};
	}
	status = driver_try_write(engine, writes, count, lsn, error);
	free(writes);
	free(bytes);
	free(keys);
	return status;
}

TEST(a_batch_may_fill_all_buffers_but_one_and_no_more)
{
	struct engine *engine = open_small();
	uint32_t table = driver_create_table(engine);
	struct error error = ERROR_INIT;
	uint64_t lsn, before;

	/* A value that fills a buffer of 4 KiB, of which there are 64. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(try_batch(engine, table, 63, 3900, &lsn,
					   &error),
				 0);
	before = engine_last_lsn(engine);
	assert_int_equal(try_batch(engine, table, 64, 3900, &lsn, &error),
			 -(int)ERROR_INVALID);
	assert_non_null(strstr(error.message, "a batch of 64 writes is too "
					      "large"));
	assert_int_equal(engine_last_lsn(engine), before);
	assert_int_equal(try_batch(engine, table, 1000, 100, &lsn, &error),
			 0);
	driver_commit(engine, lsn);
	assert_int_equal(driver_count(engine, table), 1000);
	driver_close(engine);
}

TEST(many_keys_are_read_at_once_pending_or_not)
{
	struct engine *engine = open_small();
	uint32_t table = driver_create_table(engine);
	struct engine_row rows[BATCH + 2] = { 0 };
	struct engine_read read = { .table = table,
				    .rows = rows,
				    .count = BATCH + 2 };
	uint32_t keys[BATCH + 2];
	struct error error = ERROR_INIT;
	uint64_t lsn;

	assert_int_equal(try_batch(engine, table, BATCH, 50, &lsn, &error),
			 0);
	driver_commit(engine, lsn);
	assert_int_equal(try_batch(engine, table, BATCH / 2, 60, &lsn,
				   &error),
			 0);
	for (uint32_t i = 0; i < BATCH + 2; i++) {
		keys[i] = i == BATCH + 1 ? 3 : i;
		rows[i].key = slice_make(&keys[i], sizeof(keys[i]));
	}
	while (engine_read(engine, &read, &error) == ENGINE_PENDING)
		assert_int_equal(engine_poll(engine, -1, &error), 0);
	/* What is settled meanwhile doesn't matter: they are copies. */
	driver_commit(engine, lsn);
	assert_int_equal(engine_read(engine, &read, &error), 0);
	for (uint32_t i = 0; i < BATCH; i++) {
		assert_int_equal(rows[i].state, ENGINE_ROW_LIVE);
		assert_int_equal(rows[i].value.size, i < BATCH / 2 ? 60 : 50);
		assert_int_equal(rows[i].lsn != 0, i < BATCH / 2);
	}
	assert_int_equal(rows[BATCH].state, ENGINE_ROW_ABSENT);
	assert_int_equal(rows[BATCH + 1].value.size, 60);
	engine_read_finish(engine, &read);
	engine_read_finish(engine, &read);
	/* Finished in the middle. */
	assert_int_equal(engine_read(engine, &read, &error), ENGINE_PENDING);
	engine_read_finish(engine, &read);
	driver_close(engine);
}

/* ---- tables ---- */

TEST(a_dropped_table_is_gone_at_once_and_for_ever)
{
	struct fault_disk *disk = fault_disk_create(2);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	uint32_t fresh = engine_allocate_table(engine);
	struct engine_statistics statistics;
	struct engine_write truncate[3] = {
		{ .kind = ENGINE_WRITE_CREATE_TABLE, .table = fresh },
		{ .kind = ENGINE_WRITE_DROP_TABLE, .table = table },
		{ .kind = ENGINE_WRITE_ROW, .table = ENGINE_TABLE_CATALOG,
		  .key = SLICE("t"), .value = SLICE("fresh"),
		  .timestamp_us = 1 },
	};
	struct error error = ERROR_INIT;
	uint64_t lsn;

	for (int i = 0; i < 2000; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%d", i);
		driver_put(engine, table, key, "v");
	}
	lsn = driver_write(engine, truncate, 3);
	assert_null(driver_get(engine, table, "1"));
	assert_int_equal(find(engine, table, "1").lsn, lsn - 1);
	assert_int_equal(driver_count(engine, table), 0);
	driver_put(engine, fresh, "1", "new");
	driver_commit(engine, engine_last_lsn(engine));
	for (int i = 0; i < 20; i++)
		assert_int_equal(engine_poll(engine, 0, &error), 0);
	engine_get_statistics(engine, &statistics);
	/* What tells of freed segments lives too. */
	assert_true(statistics.live_bytes < 4000);
	assert_int_equal(statistics.keys, 1);
	driver_close(engine);
	for (int i = 0; i < 2; i++) {
		engine = driver_open_disk(disk);
		engine_get_statistics(engine, &statistics);
		assert_true(statistics.live_bytes < 4000);
		assert_int_equal(statistics.keys, 1);
		assert_null(driver_get(engine, table, "1"));
		assert_string_equal(driver_get(engine, fresh, "1"), "new");
		assert_string_equal(driver_get(engine, ENGINE_TABLE_CATALOG,
					       "t"),
				    "fresh");
		assert_true(engine_allocate_table(engine) > fresh);
		assert_true(driver_try_write(
				    engine,
				    &(struct engine_write){
					    .kind = ENGINE_WRITE_ROW,
					    .table = table,
					    .key = SLICE("k") },
				    1, &lsn, &error) < 0);
		driver_close(engine);
	}
	fault_disk_destroy(disk);
}

/* ---- scans ---- */

static struct engine_scan_range
whole(uint32_t table)
{
	return (struct engine_scan_range){ .table = table,
					   .first_token = INT64_MIN,
					   .last_token = INT64_MAX };
}

struct seen {
	int64_t tokens[20000];
	char keys[20000][40];
	size_t count;
};

static void
remember(void *context, const struct engine_row *row)
{
	struct seen *seen = context;

	assert_true(row->key.size < 40);
	seen->tokens[seen->count] = row->token;
	memset(seen->keys[seen->count], 0, 40);
	memcpy(seen->keys[seen->count], row->key.data, row->key.size);
	seen->keys[seen->count++][39] = (char)row->key.size;
}

static void
check_pages(struct engine *engine, uint32_t table, const struct seen *all,
	    size_t page)
{
	struct engine_scan_range range = whole(table);
	size_t at = 0;

	for (;;) {
		struct error error = ERROR_INIT;
		struct engine_scan *scan;
		struct engine_row row;
		size_t got = 0;
		char key[40];
		int status;

		assert_int_equal(engine_scan_open(engine, &range, &scan,
						  &error),
				 0);
		while (got < page) {
			status = engine_scan_next(scan, &row, &error);
			if (status == ENGINE_PENDING) {
				assert_int_equal(engine_poll(engine, -1,
							     &error),
						 0);
				continue;
			}
			if (status == ENGINE_END)
				break;
			assert_int_equal(status, 0);
			assert_true(at < all->count);
			assert_int_equal(row.token, all->tokens[at]);
			assert_memory_equal(row.key.data, all->keys[at],
					    row.key.size);
			memcpy(key, row.key.data, row.key.size);
			range.after_token = row.token;
			range.after_key = slice_make(key, row.key.size);
			at++;
			got++;
		}
		engine_scan_close(scan);
		if (got == 0)
			break;
	}
	assert_int_equal(at, all->count);
}

TEST(a_scan_goes_by_token_and_goes_on_where_it_stopped)
{
	struct engine *engine = open_small();
	uint32_t table = driver_create_table(engine);
	struct engine_scan_range range = whole(table);
	struct error error = ERROR_INIT;
	struct seen *all = calloc(1, sizeof(*all));
	struct seen *part = calloc(1, sizeof(*part));

	for (int i = 0; i < 3000; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%d", i);
		driver_put(engine, table, key, "v");
		if (i % 3 == 0)
			driver_delete(engine, table, key);
	}
	assert_int_equal(driver_scan(engine, &range, remember, all, &error),
			 2000);
	for (size_t i = 1; i < all->count; i++)
		assert_true(all->tokens[i - 1] < all->tokens[i]);
	check_pages(engine, table, all, 1900);
	check_pages(engine, table, all, 7);
	range.first_token = all->tokens[100];
	range.last_token = all->tokens[200];
	assert_int_equal(driver_scan(engine, &range, remember, part, &error),
			 101);
	assert_int_equal(part->tokens[0], range.first_token);
	assert_int_equal(part->tokens[100], range.last_token);
	range.first_token = range.last_token + 1;
	assert_int_equal(driver_scan(engine, &range, NULL, NULL, &error), 0);
	free(all);
	free(part);
	driver_close(engine);
}

/* ---- keys made to have one token ---- */

static uint64_t
rotate_back(uint64_t value, unsigned bits)
{
	return (value >> bits) | (value << (64 - bits));
}

/* 1 / number modulo 2^64, for an odd one (Newton). */
static uint64_t
inverse(uint64_t number)
{
	uint64_t result = number;

	for (int i = 0; i < 6; i++)
		result *= 2 - number * result;
	return result;
}

static uint64_t
mix_1(uint64_t block)
{
	block *= UINT64_C(0x87c37b91114253d5);
	return rotate_back(block, 33) * UINT64_C(0x4cf5ad432745937f);
}

static uint64_t
mix_2(uint64_t block)
{
	block *= UINT64_C(0x4cf5ad432745937f);
	return rotate_back(block, 31) * UINT64_C(0x87c37b91114253d5);
}

/* The first 16 bytes say which one, the last 16 bring the hash's state, its
 * size mixed in, back to the same two numbers. */
static void
colliding_key(uint32_t number, uint8_t *key, size_t size)
{
	const uint64_t goal_1 = 12345 ^ size, goal_2 = 67890 ^ size;
	uint64_t h1 = 0, h2 = 0, block;

	assert_true(size >= 32 && size % 16 == 0);
	memset(key, 0, size);
	store_u32_le(key, number * UINT32_C(2654435761));
	store_u32_le(key + 8, number);
	for (const uint8_t *at = key; at < key + size - 16; at += 16) {
		h1 ^= mix_1(load_u64_le(at));
		h1 = (rotate_back(h1, 37) + h2) * 5 + 0x52dce729;
		h2 ^= mix_2(load_u64_le(at + 8));
		h2 = (rotate_back(h2, 33) + h1) * 5 + 0x38495ab5;
	}
	block = (goal_1 - 0x52dce729) * inverse(5) - h2;
	block = rotate_back(block, 27) ^ h1;
	block *= inverse(UINT64_C(0x4cf5ad432745937f));
	block = rotate_back(block, 31) * inverse(UINT64_C(0x87c37b91114253d5));
	store_u64_le(key + size - 16, block);
	block = (goal_2 - 0x38495ab5) * inverse(5) - goal_1;
	block = rotate_back(block, 31) ^ h2;
	block *= inverse(UINT64_C(0x87c37b91114253d5));
	block = rotate_back(block, 33) * inverse(UINT64_C(0x4cf5ad432745937f));
	store_u64_le(key + size - 8, block);
}

static void
scan_collisions(const struct engine_options *options, uint32_t count,
		size_t value_size)
{
	struct engine *engine = open_memory(options);
	uint32_t table = driver_create_table(engine);
	struct engine_scan_range range = whole(table);
	struct error error = ERROR_INIT;
	struct seen *all = calloc(1, sizeof(*all));
	uint8_t *value = calloc(1, value_size + 1);
	int64_t token = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t key[32];
		char other[16];

		colliding_key(i, key, sizeof(key));
		if (i == 0)
			token = murmur3_token(slice_make(key, 32));
		assert_int_equal(murmur3_token(slice_make(key, 32)), token);
		driver_write(engine,
			     &(struct engine_write){
				     .kind = ENGINE_WRITE_ROW,
				     .table = table,
				     .key = slice_make(key, 32),
				     .value = slice_make(value, value_size),
				     .timestamp_us = 1 },
			     1);
		snprintf(other, sizeof(other), "%u", i);
		driver_put(engine, table, other, "other");
	}
	assert_int_equal(driver_scan(engine, &range, remember, all, &error),
			 2 * count);
	for (size_t i = 1; i < all->count; i++) {
		assert_true(all->tokens[i - 1] <= all->tokens[i]);
		if (all->tokens[i - 1] == all->tokens[i])
			assert_true(memcmp(all->keys[i - 1], all->keys[i],
					   32) < 0);
	}
	check_pages(engine, table, all, 50);
	range.first_token = token;
	range.last_token = token;
	assert_int_equal(driver_scan(engine, &range, NULL, NULL, &error),
			 count);
	free(value);
	free(all);
	driver_close(engine);
}

TEST(equal_tokens_are_ordered_by_key_however_many_there_are)
{
	struct engine_options options = { 0 };

	scan_collisions(&options, 10, 10);
	scan_collisions(&options, 350, 10);
	scan_collisions(&options, 2000, 10);
	scan_collisions(&options, 100, 40000);
	/* More than the chunks of a small geometry hold. */
	scan_collisions(&driver_small, 5000, 10);
	scan_collisions(&driver_small, 500, 3000);
}

static void
visit_ascending(void *context, const struct engine_row *row)
{
	struct buffer *last = context;

	assert_true(slice_compare(buffer_slice(last), row->key) < 0);
	buffer_clear(last);
	buffer_append_slice(last, row->key);
	assert_false(last->has_failed);
}

/* Of large keys fewer are chosen at once: where they were too many, no small
 * one may slip in behind those that had to go. */
TEST(equal_tokens_are_ordered_by_key_whatever_their_sizes)
{
	enum { KEYS = 140, LARGE = 60000 };
	/* A chunk doesn't hold them all. */
	struct engine *engine = open_memory(&(struct engine_options){
		.segment_size = 16 << 10, .file_segments = 64 });
	uint32_t table = driver_create_table(engine);
	struct engine_scan_range range = whole(table);
	struct error error = ERROR_INIT;
	struct buffer last = { 0 };
	uint8_t *key = malloc(LARGE);
	int64_t token = 0;

	for (uint32_t i = 0; i < KEYS; i++) {
		struct engine_write write = { .kind = ENGINE_WRITE_ROW,
					      .table = table,
					      .timestamp_us = 1 };

		write.key = slice_make(key, i % 7 < 3 ? 32 : LARGE);
		colliding_key(i, key, write.key.size);
		if (i == 0)
			token = murmur3_token(write.key);
		assert_int_equal(murmur3_token(write.key), token);
		driver_write(engine, &write, 1);
	}
	assert_int_equal(driver_scan(engine, &range, visit_ascending, &last,
				     &error),
			 KEYS);
	buffer_finish(&last);
	free(key);
	driver_close(engine);
}

/* More rows than reads in flight, and as far apart as can be. */
TEST(a_scan_finds_rows_however_scattered_they_are)
{
	enum { ROWS = 3000 };
	struct engine *engine = open_small();
	uint32_t table = driver_create_table(engine);
	uint32_t other = driver_create_table(engine);
	struct engine_scan_range range = whole(table);
	struct error error = ERROR_INIT;
	struct seen *all = calloc(1, sizeof(*all));
	struct engine_statistics before, after;
	char filler[3000];

	memset(filler, 'f', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	for (int i = 0; i < ROWS; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%d", i);
		driver_put(engine, table, key, "v");
		/* Live, so that nothing is moved together. */
		driver_put(engine, other, key, filler);
		key[0] += 16;
		driver_put(engine, other, key, filler);
	}
	engine_get_statistics(engine, &before);
	assert_int_equal(driver_scan(engine, &range, remember, all, &error),
			 ROWS);
	engine_get_statistics(engine, &after);
	/* Compaction may read a little beside it. */
	assert_in_range(after.device_reads - before.device_reads, ROWS / 2,
			ROWS + 8);
	for (size_t i = 1; i < all->count; i++)
		assert_true(all->tokens[i - 1] <= all->tokens[i]);
	free(all);
	driver_close(engine);
}

TEST(a_scan_survives_what_happens_between_its_steps)
{
	struct engine *engine = open_small();
	uint32_t table = driver_create_table(engine);
	struct engine_scan_range range = whole(table);
	struct error error = ERROR_INIT;
	struct engine_scan *scan;
	struct engine_row row;
	int rows = 0, status;

	for (int i = 0; i < 3000; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%d", i);
		driver_put(engine, table, key, "v");
	}
	assert_int_equal(engine_scan_open(engine, &range, &scan, &error), 0);
	while ((status = engine_scan_next(scan, &row, &error)) != ENGINE_END) {
		assert_true(status >= 0);
		if (status == ENGINE_PENDING) {
			assert_int_equal(engine_poll(engine, -1, &error), 0);
			continue;
		}
		if (rows++ == 10)
			driver_commit(engine,
				      driver_drop_table(engine, table));
		if (rows % 5 == 0)
			driver_put(engine, driver_create_table(engine), "k",
				   "v");
	}
	assert_true(rows > 10 && rows < 3000);
	engine_scan_close(scan);
	/* Closed with reads in flight. */
	assert_int_equal(engine_scan_open(engine, &(struct engine_scan_range){
						  .table = ENGINE_TABLE_CATALOG,
						  .first_token = INT64_MIN,
						  .last_token = INT64_MAX },
					  &scan, &error),
			 0);
	(void)!engine_scan_next(scan, &row, &error);
	engine_scan_close(scan);
	driver_close(engine);
}

TEST(counting_sees_what_is_pending)
{
	struct engine *engine = open_small();
	uint32_t table = driver_create_table(engine);
	uint64_t lsn = 0;

	driver_put(engine, table, "a", "1");
	driver_commit(engine, driver_put(engine, table, "b", "1"));
	driver_delete(engine, table, "a");
	driver_put(engine, table, "b", "2");
	driver_put(engine, table, "c", "1");
	driver_put(engine, table, "d", "1");
	driver_delete(engine, table, "d");
	assert_int_equal(engine_count(engine, table, INT64_MIN, INT64_MAX,
				      &lsn),
			 2);
	assert_int_equal(lsn, engine_last_lsn(engine));
	driver_commit(engine, lsn);
	lsn = 0;
	assert_int_equal(engine_count(engine, table, INT64_MIN, INT64_MAX,
				      &lsn),
			 2);
	assert_int_equal(lsn, 0);
	driver_close(engine);
}

static struct engine_statistics
statistics_of(const struct engine *engine)
{
	struct engine_statistics statistics;

	engine_get_statistics(engine, &statistics);
	return statistics;
}

TEST(statistics_know_tombstones_and_dropped_tables_at_once)
{
	enum { KEYS = 3000, DELETED = 100 };
	struct fault_disk *disk = fault_disk_create(6);
	struct engine *engine = driver_open_disk(disk);
	struct engine_statistics before, after;
	uint32_t table;
	uint64_t lsn;
	char key[16];

	/* What is dead shall stay. */
	compaction_destroy(engine);
	table = driver_create_table(engine);
	before = statistics_of(engine);
	for (int i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		driver_put(engine, table, key, "first");
		driver_put(engine, table, key, "second");
	}
	for (int i = 0; i < DELETED; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		driver_delete(engine, table, key);
	}
	driver_commit(engine, engine_last_lsn(engine));
	after = statistics_of(engine);
	assert_int_equal(after.keys, KEYS - DELETED);
	assert_true(after.live_bytes > before.live_bytes + KEYS * 40);
	driver_close(engine);
	engine = driver_open_disk(disk);
	compaction_destroy(engine);
	assert_int_equal(statistics_of(engine).keys, KEYS - DELETED);
	assert_int_equal(statistics_of(engine).live_bytes, after.live_bytes);
	assert_int_equal(statistics_of(engine).dead_bytes, after.dead_bytes);
	lsn = driver_drop_table(engine, table);
	assert_int_equal(statistics_of(engine).keys, 0);
	assert_int_equal(statistics_of(engine).live_bytes, before.live_bytes);
	driver_commit(engine, lsn);
	assert_int_equal(statistics_of(engine).live_bytes, before.live_bytes);
	after = statistics_of(engine);
	for (int i = 0; i < KEYS; i++)
		assert_int_equal(engine_poll(engine, 0, NULL), 0);
	assert_int_equal(statistics_of(engine).live_bytes, after.live_bytes);
	assert_int_equal(statistics_of(engine).dead_bytes, after.dead_bytes);
	assert_true(statistics_of(engine).index_bytes < after.index_bytes);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(timestamps_strictly_increase_on_a_clock_that_does_not)
{
	struct fault_disk *disk = fault_disk_create(3);
	struct engine *engine = driver_open_disk(disk);
	int64_t last_us = 0;

	for (int i = 0; i < 100; i++) {
		int64_t now_us = engine_timestamp_us(engine);

		assert_true(now_us > last_us);
		last_us = now_us;
		disk->clock_us -= i * 1000;
	}
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(impossible_options_are_refused)
{
	static const struct engine_options cases[] = {
		{ .segment_size = 2048 },
		{ .segment_size = 5000 },
		{ .segment_size = 2 << 20 },
		{ .file_segments = 1 << 20 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct io *io;
		struct error error;

		assert_int_equal(io_memory_create(&io, &error), 0);
		error = driver_open_error(io, &cases[i]);
		assert_int_equal(error.code, ERROR_CONFIG);
	}
}

UNIT_MAIN()
