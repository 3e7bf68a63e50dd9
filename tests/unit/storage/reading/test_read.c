/* SPDX-License-Identifier: MIT
 *
 * Reads beside the cache, writes and moves: what is found is the newest
 * version, wherever it is. */
#include "storage/engine.h"
#include "storage/engine_state.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct engine *
open_with_cache(uint64_t cache_size)
{
	struct engine_options options = driver_small;
	struct error error;
	struct io *io;

	options.cache_size = cache_size;
	assert_int_equal(io_memory_create(&io, &error), 0);
	return driver_open(io, &options);
}

static uint64_t
device_reads(const struct engine *engine)
{
	struct engine_statistics statistics;

	engine_get_statistics(engine, &statistics);
	return statistics.device_reads;
}

static uint64_t
hits(const struct engine *engine)
{
	struct engine_statistics statistics;

	engine_get_statistics(engine, &statistics);
	return statistics.cache_hits;
}

TEST(what_was_written_or_read_lately_needs_no_disk)
{
	struct engine *engine = open_with_cache(1 << 20);
	uint32_t table = driver_create_table(engine);
	uint64_t reads = device_reads(engine);

	driver_commit(engine, driver_put(engine, table, "k", "1"));
	assert_string_equal(driver_get(engine, table, "k"), "1");
	assert_string_equal(driver_get(engine, table, "k"), "1");
	assert_int_equal(hits(engine), 2);
	driver_commit(engine, driver_put(engine, table, "k", "2"));
	assert_string_equal(driver_get(engine, table, "k"), "2");
	driver_commit(engine, driver_put(engine, table, "k", "longer"));
	assert_string_equal(driver_get(engine, table, "k"), "longer");
	assert_int_equal(device_reads(engine), reads);
	driver_commit(engine, driver_delete(engine, table, "k"));
	assert_null(driver_get(engine, table, "k"));
	assert_null(driver_get(engine, table, "other"));
	assert_int_equal(device_reads(engine), reads);
	driver_close(engine);
}

TEST(what_was_read_from_the_disk_is_kept)
{
	struct engine_options options = driver_small;
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);

	driver_commit(engine, driver_put(engine, table, "k", "value"));
	driver_close(engine);
	options.cache_size = 1 << 20;
	engine = driver_open(fault_disk_open(disk), &options);
	assert_int_equal(hits(engine), 0);
	assert_string_equal(driver_get(engine, table, "k"), "value");
	assert_int_equal(hits(engine), 0);
	assert_string_equal(driver_get(engine, table, "k"), "value");
	assert_int_equal(hits(engine), 1);
	driver_close(engine);
	fault_disk_destroy(disk);
}

static uint32_t
pins(const struct engine *engine)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < engine->segments.segment_count; i++)
		sum += engine->segments.segments[i].pins;
	return sum;
}

/* The answer is from when it was asked for; the cache must not take it for the
 * newest version. */
TEST(a_row_that_is_replaced_while_it_is_read_is_not_kept)
{
	struct engine_options options = driver_small;
	struct fault_disk *disk = fault_disk_create(2);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct engine_row row = { .key = SLICE("k") };
	struct engine_read read = { .rows = &row, .count = 1 };
	struct error error = ERROR_INIT;

	driver_commit(engine, driver_put(engine, table, "k", "old"));
	driver_close(engine);
	options.cache_size = 1 << 20;
	engine = driver_open(fault_disk_open(disk), &options);
	read.table = table;
	assert_int_equal(engine_read(engine, &read, &error), ENGINE_PENDING);
	assert_int_equal(pins(engine), 1);
	driver_commit(engine, driver_put(engine, table, "k", "newer"));
	while (engine_read(engine, &read, &error) == ENGINE_PENDING)
		assert_int_equal(engine_poll(engine, -1, &error), 0);
	assert_int_equal(pins(engine), 0);
	assert_int_equal(row.state, ENGINE_ROW_LIVE);
	assert_true(slice_is_equal(row.value, SLICE("old")));
	engine_read_finish(engine, &read);
	assert_string_equal(driver_get(engine, table, "k"), "newer");
	driver_commit(engine, driver_delete(engine, table, "k"));
	assert_null(driver_get(engine, table, "k"));
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(a_row_in_the_cache_expires)
{
	struct engine *engine = open_with_cache(1 << 20);
	uint32_t table = driver_create_table(engine);
	uint32_t now_s = engine_now_s(engine);
	struct engine_write write = { .kind = ENGINE_WRITE_ROW,
				      .table = table,
				      .key = SLICE("k"),
				      .value = SLICE("v"),
				      .timestamp_us = 1,
				      .expires_at_s = now_s + 1000 };
	struct error error = ERROR_INIT;
	struct buffer value = { 0 };
	struct engine_row row;

	driver_commit(engine, driver_write(engine, &write, 1));
	assert_int_equal(driver_try_get(engine, table, SLICE("k"), &row,
					&value, &error),
			 0);
	assert_int_equal(row.state, ENGINE_ROW_LIVE);
	assert_int_equal(row.expires_at_s, now_s + 1000);
	assert_int_equal(row.timestamp_us, 1);
	assert_int_equal(hits(engine), 1);
	/* Time is what the clock has shown. */
	engine->clock_us = ((int64_t)now_s + 1001) * 1000000;
	assert_int_equal(driver_try_get(engine, table, SLICE("k"), &row,
					&value, &error),
			 0);
	assert_int_equal(row.state, ENGINE_ROW_DELETED);
	assert_int_equal(row.expires_at_s, now_s + 1000);
	assert_int_equal(hits(engine), 1);
	buffer_finish(&value);
	driver_close(engine);
}

TEST(a_row_that_is_moved_stays_in_the_cache)
{
	enum { ROWS = 500 };
	struct engine *engine = open_with_cache(1 << 20);
	uint32_t table = driver_create_table(engine);
	uint64_t reads;
	char key[16];

	for (int i = 0; i < ROWS; i++) {
		snprintf(key, sizeof(key), "%d", i);
		driver_put(engine, table, key, key);
	}
	driver_commit(engine, engine_last_lsn(engine));
	driver_compact(engine);
	reads = device_reads(engine);
	for (int i = 0; i < ROWS; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_string_equal(driver_get(engine, table, key), key);
	}
	assert_int_equal(device_reads(engine), reads);
	driver_close(engine);
}

/* Somebody looks at the first rows and goes for lunch: nothing that compaction
 * wants to use again may wait for that. */
TEST(a_scan_that_is_left_open_pins_nothing)
{
	enum { ROWS = 3000 };
	struct engine *engine = open_with_cache(ENGINE_CACHE_NONE);
	uint32_t table = driver_create_table(engine);
	struct engine_scan_range range = { .table = table,
					   .first_token = INT64_MIN,
					   .last_token = INT64_MAX };
	struct error error = ERROR_INIT;
	struct engine_scan *scan;
	struct engine_row row;
	int rows = 0, status;
	bool was_pinned = false;
	char key[16];

	for (int i = 0; i < ROWS; i++) {
		snprintf(key, sizeof(key), "%d", i);
		driver_put(engine, table, key, "value");
	}
	driver_commit(engine, engine_last_lsn(engine));
	assert_int_equal(engine_scan_open(engine, &range, &scan, &error), 0);
	while ((status = engine_scan_next(scan, &row, &error)) ==
	       ENGINE_PENDING) {
		was_pinned |= pins(engine) > 0;
		assert_int_equal(engine_poll(engine, -1, &error), 0);
	}
	assert_int_equal(status, 0);
	assert_true(was_pinned);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(engine_poll(engine, 0, &error), 0);
	assert_int_equal(pins(engine), 0);
	/* All is written anew and moved, and what was loaded is still shown;
	 * the rest is as it is by then. */
	for (int i = 0; i < ROWS; i++) {
		snprintf(key, sizeof(key), "%d", i);
		driver_put(engine, table, key, "new");
	}
	driver_commit(engine, engine_last_lsn(engine));
	driver_compact(engine);
	do {
		rows += status == 0;
		assert_true(slice_is_equal(row.value, SLICE("value")) ||
			    slice_is_equal(row.value, SLICE("new")));
		while ((status = engine_scan_next(scan, &row, &error)) ==
		       ENGINE_PENDING)
			assert_int_equal(engine_poll(engine, -1, &error), 0);
	} while (status == 0);
	assert_int_equal(status, ENGINE_END);
	assert_int_equal(rows, ROWS);
	engine_scan_close(scan);
	assert_int_equal(pins(engine), 0);
	driver_close(engine);
}

/* ---- against a model ---- */

enum { KEYS = 300, SIZE_MAX_OF_VALUES = 40000 };

struct model {
	struct engine *engine;
	uint32_t table;
	uint64_t seed;
	uint32_t versions[KEYS]; /* 0: there is none */
	uint32_t sizes[KEYS];
	uint32_t next_version;
};

static uint32_t
draw(struct model *model, uint32_t range)
{
	uint64_t x = model->seed += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((x ^ x >> 31) % range);
}

static void
fill_value(uint32_t key, uint32_t version, uint32_t size, uint8_t *bytes)
{
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(key * 31 + version * 17 + i * 7 + i / 256);
}

/* Some rows are larger than a segment. */
static uint32_t
draw_size(struct model *model)
{
	return draw(model, 20) == 0 ? draw(model, SIZE_MAX_OF_VALUES) :
				      draw(model, 4) * 50;
}

static void
write_some(struct model *model)
{
	static uint8_t bytes[SIZE_MAX_OF_VALUES];
	uint32_t key = draw(model, KEYS);
	bool is_deletion = draw(model, 5) == 0;
	uint32_t size = is_deletion ? 0 : draw_size(model);
	struct engine_write write = {
		.kind = is_deletion ? ENGINE_WRITE_TOMBSTONE :
				      ENGINE_WRITE_ROW,
		.table = model->table,
		.key = slice_make(&key, sizeof(key)),
		.timestamp_us = engine_timestamp_us(model->engine),
	};
	uint64_t lsn;

	model->versions[key] = is_deletion ? 0 : ++model->next_version;
	model->sizes[key] = size;
	fill_value(key, model->next_version, size, bytes);
	if (!is_deletion)
		write.value = slice_make(bytes, size);
	lsn = driver_write(model->engine, &write, 1);
	if (draw(model, 3) == 0)
		driver_commit(model->engine, lsn);
}

static void
assert_row(struct model *model, uint32_t key, const struct engine_row *row)
{
	static uint8_t bytes[SIZE_MAX_OF_VALUES];

	if (model->versions[key] == 0) {
		assert_int_not_equal(row->state, ENGINE_ROW_LIVE);
		return;
	}
	assert_int_equal(row->state, ENGINE_ROW_LIVE);
	assert_int_equal(row->value.size, model->sizes[key]);
	fill_value(key, model->versions[key], model->sizes[key], bytes);
	assert_memory_equal(row->value.data, bytes, row->value.size);
}

static void
read_some(struct model *model)
{
	enum { BATCH = 40 };
	uint32_t keys[BATCH];
	struct engine_row rows[BATCH] = { 0 };
	struct engine_read read = { .table = model->table,
				    .rows = rows,
				    .count = 1 + draw(model, BATCH) };
	struct error error = ERROR_INIT;
	int status;

	for (size_t i = 0; i < read.count; i++) {
		keys[i] = draw(model, KEYS);
		rows[i].key = slice_make(&keys[i], sizeof(keys[i]));
	}
	while ((status = engine_read(model->engine, &read, &error)) ==
	       ENGINE_PENDING)
		assert_int_equal(engine_poll(model->engine, -1, &error), 0);
	assert_int_equal(status, 0);
	for (size_t i = 0; i < read.count; i++)
		assert_row(model, keys[i], &rows[i]);
	engine_read_finish(model->engine, &read);
}

static void
visit(void *context, const struct engine_row *row)
{
	struct model *model = context;
	uint32_t key;

	assert_int_equal(row->key.size, sizeof(key));
	memcpy(&key, row->key.data, sizeof(key));
	assert_true(key < KEYS);
	assert_row(model, key, row);
}

static void
scan_all(struct model *model)
{
	struct engine_scan_range range = { .table = model->table,
					   .first_token = INT64_MIN,
					   .last_token = INT64_MAX };
	struct error error = ERROR_INIT;
	int64_t live = 0;

	for (uint32_t i = 0; i < KEYS; i++)
		live += model->versions[i] != 0;
	assert_int_equal(driver_scan(model->engine, &range, visit, model,
				     &error),
			 live);
}

TEST(reads_and_scans_find_what_was_written_whatever_the_cache_holds)
{
	static const uint64_t sizes[] = { ENGINE_CACHE_NONE, 64 << 10,
					  256 << 10, 64 << 20 };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct model model = { .seed = i,
				       .engine = open_with_cache(sizes[i]) };

		print_message("# row %zu\n", i);
		model.table = driver_create_table(model.engine);
		for (int j = 0; j < 8000; j++) {
			if (draw(&model, 3) > 0)
				write_some(&model);
			else
				read_some(&model);
			if (draw(&model, 1000) == 0)
				scan_all(&model);
			if (draw(&model, 2000) == 0)
				driver_compact(model.engine);
		}
		scan_all(&model);
		assert_int_equal(pins(model.engine), 0);
		driver_close(model.engine);
	}
}

UNIT_MAIN()
