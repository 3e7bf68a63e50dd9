/* SPDX-License-Identifier: MIT */
#include "tests/support/engine_driver.h"

#include "storage/engine_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const struct engine_options driver_small = {
	.segment_size = 4096,
	.file_segments = 16,
	/* Reads shall meet what is on the disk. */
	.cache_size = ENGINE_CACHE_NONE,
};

static void
must(int status, const struct error *error)
{
	if (status < 0)
		print_error("%s:%d: %s\n", error->file, error->line,
			    error->message);
	assert_int_equal(status, 0);
}

static void
poll_engine(struct engine *engine)
{
	struct error error = ERROR_INIT;

	must(engine_poll(engine, -1, &error), &error);
}

struct engine *
driver_open(struct io *io, const struct engine_options *options)
{
	struct error error = ERROR_INIT;
	struct engine *engine = NULL;

	must(engine_open(io, options, &engine, &error), &error);
	assert_non_null(engine);
	return engine;
}

struct engine *
driver_open_disk(struct fault_disk *disk)
{
	return driver_open(fault_disk_open(disk), &driver_small);
}

struct error
driver_open_error(struct io *io, const struct engine_options *options)
{
	struct error error = ERROR_INIT;
	struct engine *engine = NULL;
	int status = engine_open(io, options, &engine, &error);

	assert_true(status < 0);
	assert_int_equal(status, -(int)error.code);
	assert_null(engine);
	return error;
}

void
driver_close(struct engine *engine)
{
	struct error error = ERROR_INIT;

	must(engine_close(engine, &error), &error);
}

void
driver_abandon(struct engine *engine, struct fault_disk *disk)
{
	disk->is_dead = true;
	(void)engine_close(engine, NULL);
	fault_disk_destroy(disk);
}

struct fault_disk *
driver_crash(struct engine *engine, struct fault_disk *disk, uint64_t seed)
{
	struct fault_disk *crashed = fault_disk_crash(disk, seed);

	driver_abandon(engine, disk);
	return crashed;
}

struct fault_disk *
driver_kill(struct engine *engine, struct fault_disk *disk)
{
	struct fault_disk *copy = fault_disk_copy(disk);

	driver_abandon(engine, disk);
	return copy;
}

/* ---- writing ---- */

int
driver_try_write(struct engine *engine, const struct engine_write *writes,
		 size_t count, uint64_t *lsn, struct error *error)
{
	int status;

	while ((status = engine_write(engine, writes, count, lsn, error)) ==
	       ENGINE_PENDING)
		poll_engine(engine);
	return status;
}

int
driver_try_commit(struct engine *engine, uint64_t lsn, struct error *error)
{
	int status;

	while ((status = engine_commit(engine, lsn, error)) == ENGINE_PENDING)
		poll_engine(engine);
	return status;
}

uint64_t
driver_write(struct engine *engine, const struct engine_write *writes,
	     size_t count)
{
	struct error error = ERROR_INIT;
	uint64_t lsn = 0;

	must(driver_try_write(engine, writes, count, &lsn, &error), &error);
	return lsn;
}

void
driver_commit(struct engine *engine, uint64_t lsn)
{
	struct error error = ERROR_INIT;

	must(driver_try_commit(engine, lsn, &error), &error);
}

uint32_t
driver_create_table(struct engine *engine)
{
	uint32_t table = engine_allocate_table(engine);

	driver_commit(engine,
		      driver_write(engine,
				   &(struct engine_write){
					   .kind = ENGINE_WRITE_CREATE_TABLE,
					   .table = table },
				   1));
	return table;
}

uint64_t
driver_drop_table(struct engine *engine, uint32_t table)
{
	return driver_write(
		engine,
		&(struct engine_write){ .kind = ENGINE_WRITE_DROP_TABLE,
					.table = table },
		1);
}

uint64_t
driver_put_at(struct engine *engine, uint32_t table, const char *key,
	      const char *value, int64_t timestamp_us)
{
	return driver_write(
		engine,
		&(struct engine_write){ .kind = ENGINE_WRITE_ROW,
					.table = table,
					.key = slice_from_string(key),
					.value = slice_from_string(value),
					.timestamp_us = timestamp_us },
		1);
}

uint64_t
driver_put(struct engine *engine, uint32_t table, const char *key,
	   const char *value)
{
	return driver_put_at(engine, table, key, value,
			     engine_timestamp_us(engine));
}

uint64_t
driver_delete_at(struct engine *engine, uint32_t table, const char *key,
		 int64_t timestamp_us)
{
	return driver_write(
		engine,
		&(struct engine_write){ .kind = ENGINE_WRITE_TOMBSTONE,
					.table = table,
					.key = slice_from_string(key),
					.timestamp_us = timestamp_us },
		1);
}

uint64_t
driver_delete(struct engine *engine, uint32_t table, const char *key)
{
	return driver_delete_at(engine, table, key,
				engine_timestamp_us(engine));
}

/* ---- reading ---- */

int
driver_try_get(struct engine *engine, uint32_t table, struct slice key,
	       struct engine_row *row, struct buffer *value,
	       struct error *error)
{
	struct engine_read read = { .table = table, .rows = row, .count = 1 };
	int status;

	*row = (struct engine_row){ .key = key };
	while ((status = engine_read(engine, &read, error)) == ENGINE_PENDING)
		poll_engine(engine);
	buffer_clear(value);
	if (status == 0 && row->state == ENGINE_ROW_LIVE)
		buffer_append_slice(value, row->value);
	engine_read_finish(engine, &read);
	return status;
}

void
driver_put_many(struct engine *engine, uint32_t table, int first, int count)
{
	uint64_t lsn = 0;

	for (int i = first; i < first + count; i++) {
		char key[24];

		snprintf(key, sizeof(key), "key-%d", i);
		lsn = driver_put(engine, table, key, "a value of some length");
	}
	driver_commit(engine, lsn);
}

int
driver_try_checkpoint(struct engine *engine, struct error *error)
{
	int status;

	while ((status = engine_checkpoint(engine, error)) == ENGINE_PENDING)
		poll_engine(engine);
	return status;
}

void
driver_checkpoint(struct engine *engine)
{
	struct error error = ERROR_INIT;

	must(driver_try_checkpoint(engine, &error), &error);
}

void
driver_compact(struct engine *engine)
{
	struct error error = ERROR_INIT;
	int status;

	while ((status = engine_compact(engine, NULL, &error)) ==
	       ENGINE_PENDING)
		poll_engine(engine);
	must(status, &error);
}

const char *
driver_get(struct engine *engine, uint32_t table, const char *key)
{
	static char text[1 << 17];
	struct error error = ERROR_INIT;
	struct buffer value = { 0 };
	struct engine_row row;

	must(driver_try_get(engine, table, slice_from_string(key), &row,
			    &value, &error),
	     &error);
	assert_true(value.size < sizeof(text));
	if (value.size > 0)
		memcpy(text, value.data, value.size);
	text[value.size] = '\0';
	buffer_finish(&value);
	return row.state == ENGINE_ROW_LIVE ? text : NULL;
}

int64_t
driver_scan(struct engine *engine, const struct engine_scan_range *range,
	    void (*visit)(void *context, const struct engine_row *row),
	    void *context, struct error *error)
{
	struct engine_scan *scan;
	struct engine_row row;
	int64_t count = 0;
	int status;

	must(engine_scan_open(engine, range, &scan, error), error);
	for (;;) {
		status = engine_scan_next(scan, &row, error);
		if (status == ENGINE_PENDING) {
			poll_engine(engine);
			continue;
		}
		if (status != 0)
			break;
		if (visit != NULL)
			visit(context, &row);
		count++;
	}
	engine_scan_close(scan);
	return status == ENGINE_END ? count : status;
}

struct location
driver_find_location(struct engine *engine, uint32_t table, const char *key)
{
	const struct table *there = engine_find_table(engine, table);
	struct key_hash hash =
		engine_hash_key(engine, slice_from_string(key));
	struct index_entry entry;

	assert_true(primary_index_find(there->index, hash.token,
				       hash.fingerprint, &entry));
	return entry.location;
}

uint64_t
driver_scan_count(struct engine *engine, uint32_t table)
{
	struct engine_scan_range range = {
		.table = table,
		.first_token = INT64_MIN,
		.last_token = INT64_MAX,
	};
	struct error error = ERROR_INIT;
	int64_t count = driver_scan(engine, &range, NULL, NULL, &error);

	if (count < 0)
		must((int)count, &error);
	return (uint64_t)count;
}

uint64_t
driver_count(struct engine *engine, uint32_t table)
{
	uint64_t lsn = 0;

	return engine_count(engine, table, INT64_MIN, INT64_MAX, &lsn);
}
