/* SPDX-License-Identifier: MIT
 *
 * What opening makes of a log that was cut, damaged, mixed up or forged. */
#include "base/checksum.h"
#include "base/pack.h"
#include "storage/format/format.h"
#include "storage/format/manifest.h"
#include "storage/format/record.h"
#include "storage/recovery/log_scan.h"
#include "storage/recovery/probe.h"
#include "storage/recovery/replay.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_0 "00-000000.segments"

enum { BATCHES = 7, ROWS = 3 };

/* ---- a database with a known log ---- */

static void
put_batch(struct engine *engine, uint32_t table, int number, bool is_long)
{
	struct engine_write writes[ROWS];
	char keys[ROWS][16];
	char value[1500];

	memset(value, 'a' + number % 26, sizeof(value));
	for (int i = 0; i < ROWS; i++) {
		int size = snprintf(keys[i], sizeof(keys[i]), "b%d.%d",
				    number, i);

		writes[i] = (struct engine_write){
			.kind = ENGINE_WRITE_ROW,
			.table = table,
			.key = slice_make(keys[i], (size_t)size),
			.value = slice_make(value, is_long ? 1500 : 9),
			.timestamp_us = engine_timestamp_us(engine),
		};
	}
	driver_write(engine, writes, ROWS);
}

/* Batches of three rows, each in a buffer or two of its own. */
static struct fault_disk *
make_log(uint32_t *table, bool is_long)
{
	struct fault_disk *disk = fault_disk_create(5);
	struct engine *engine = driver_open_disk(disk);

	*table = driver_create_table(engine);
	for (int i = 0; i < BATCHES; i++) {
		put_batch(engine, *table, i, is_long);
		driver_commit(engine, engine_last_lsn(engine));
	}
	return driver_kill(engine, disk);
}

/* Whole batches from the first one on; -1 when it isn't that. */
static int
count_batches(struct engine *engine, uint32_t table)
{
	int batches = 0;
	bool has_ended = false;

	for (int i = 0; i < BATCHES; i++) {
		int rows = 0;

		for (int j = 0; j < ROWS; j++) {
			char key[16];

			snprintf(key, sizeof(key), "b%d.%d", i, j);
			rows += driver_get(engine, table, key) != NULL;
		}
		if (rows != 0 && (rows != ROWS || has_ended))
			return -1;
		has_ended |= rows == 0;
		batches += rows == ROWS;
	}
	return batches;
}

static size_t
used_size(struct fault_disk *disk)
{
	size_t size;
	const uint8_t *bytes = fault_disk_file(disk, FILE_0, &size);

	while (size > 0 && bytes[size - 1] == 0)
		size--;
	return size;
}

/* The place of the n-th buffer of the first file. */
static size_t
buffer_offset(struct fault_disk *disk, int number)
{
	size_t size;
	const uint8_t *bytes = fault_disk_file(disk, FILE_0, &size);

	for (size_t at = 0; at < size; at += FORMAT_BLOCK_SIZE) {
		if (load_u32_le(bytes + at + 8) != FORMAT_BUFFER_MAGIC)
			continue;
		if (number-- == 0)
			return at;
	}
	fail_msg("so many buffers are not there");
	return 0;
}

static size_t
buffer_of_sequence(struct fault_disk *disk, uint64_t write_sequence)
{
	size_t size;
	const uint8_t *bytes = fault_disk_file(disk, FILE_0, &size);

	for (size_t at = 0; at < size; at += FORMAT_BLOCK_SIZE) {
		if (load_u32_le(bytes + at + 8) == FORMAT_BUFFER_MAGIC &&
		    load_u64_le(bytes + at + 48) == write_sequence)
			return at;
	}
	fail_msg("the buffer is not there");
	return 0;
}

/* Opens, counts, crashes, opens, counts: twice the same. */
static int
count_twice(struct fault_disk *disk, uint32_t table)
{
	struct engine *engine = driver_open_disk(disk);
	int batches = count_batches(engine, table);

	disk = driver_kill(engine, disk);
	engine = driver_open_disk(disk);
	assert_int_equal(count_batches(engine, table), batches);
	driver_close(engine);
	fault_disk_destroy(disk);
	return batches;
}

/* ---- a tail that is cut ---- */

static void
cut_everywhere(bool is_long, int filler)
{
	uint32_t table;
	struct fault_disk *disk = make_log(&table, is_long);
	size_t used = used_size(disk);
	int most = 0;

	for (size_t cut = 2 * 4096; cut < used + 4096; cut += FAULT_SECTOR) {
		struct fault_disk *copy = fault_disk_copy(disk);
		size_t size;
		uint8_t *bytes = fault_disk_file(copy, FILE_0, &size);
		int batches;

		memset(bytes + cut, filler, size - cut);
		batches = count_twice(copy, table);
		assert_true(batches >= 0);
		/* A longer log holds no fewer batches. */
		assert_true(batches >= most);
		most = batches;
	}
	assert_int_equal(most, BATCHES);
	fault_disk_destroy(disk);
}

TEST(a_tail_cut_at_any_sector_leaves_whole_batches)
{
	cut_everywhere(false, 0);
	cut_everywhere(false, 0xaa);
	cut_everywhere(true, 0);
	cut_everywhere(true, 0xaa);
}

TEST(a_hole_in_the_unacknowledged_tail_ends_the_log_there)
{
	uint32_t table;
	struct fault_disk *disk = make_log(&table, false);

	/* The last buffer's watermark covers all but itself. */
	for (int last = BATCHES; last > BATCHES - 1; last--) {
		struct fault_disk *copy = fault_disk_copy(disk);
		size_t size;
		uint8_t *bytes = fault_disk_file(copy, FILE_0, &size);

		bytes[buffer_offset(copy, last) + 150] ^= 1;
		assert_int_equal(count_twice(copy, table), last - 1);
	}
	fault_disk_destroy(disk);
}

/* ---- damage ---- */

static void
refuses_damage(struct fault_disk *disk, size_t at, size_t expected)
{
	uint64_t before = fault_disk_checksum(disk);
	struct error error =
		driver_open_error(fault_disk_open(disk), &driver_small);
	char text[96];

	snprintf(text, sizeof(text), "/disk/" FILE_0 " is damaged at offset "
				     "%zu:",
		 expected);
	assert_int_equal(error.code, ERROR_CORRUPT);
	if (strncmp(error.message, text, strlen(text)) != 0)
		fail_msg("damage at %zu, expected '%s', got '%s'", at, text,
			 error.message);
	assert_int_equal(fault_disk_checksum(disk), before);
}

TEST(damage_below_the_watermark_is_refused_by_file_and_offset)
{
	uint32_t table;
	struct fault_disk *disk = make_log(&table, true);
	size_t size;
	uint8_t *bytes = fault_disk_file(disk, FILE_0, &size);

	/* The first one is the table's creation, shorter than the others. */
	for (int i = 1; i < BATCHES; i++) {
		size_t start = buffer_offset(disk, i);
		static const size_t places[] = { 0, 8, 30, 50, 127, 128, 900 };

		for (size_t j = 0; j < ARRAY_COUNT(places); j++) {
			bytes[start + places[j]] ^= 0x20;
			refuses_damage(disk, start + places[j], start);
			bytes[start + places[j]] ^= 0x20;
		}
	}
	fault_disk_destroy(disk);
}

TEST(a_segment_whose_first_buffer_never_arrived_is_missed_aloud)
{
	static const struct engine_options options = {
		.segment_size = 16384,
		.file_segments = 4,
	};
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine =
		driver_open(fault_disk_open(disk), &options);
	uint32_t table = driver_create_table(engine);
	size_t size;

	driver_commit(engine, driver_put(engine, table, "a", "1"));
	driver_commit(engine, driver_put(engine, table, "b", "2"));
	disk = driver_kill(engine, disk);
	memset(fault_disk_file(disk, FILE_0, &size), 0, 4096);
	assert_int_equal(
		driver_open_error(fault_disk_open(disk), &options).code,
		ERROR_CORRUPT);
	fault_disk_destroy(disk);
}

TEST(after_an_orderly_close_any_damaged_bit_is_refused)
{
	struct fault_disk *disk = fault_disk_create(6);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	size_t size;
	uint8_t *bytes;

	driver_commit(engine, driver_put(engine, table, "k", "value"));
	driver_close(engine);
	bytes = fault_disk_file(disk, FILE_0, &size);
	for (int i = 0; i < 2; i++) {
		size_t start = buffer_offset(disk, i);
		size_t end = start + FORMAT_HEADER_SIZE +
			     load_u32_le(bytes + start + 44);

		for (size_t bit = start * 8; bit < end * 8; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			refuses_damage(disk, bit / 8, start);
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
	driver_close(driver_open_disk(disk));
	fault_disk_destroy(disk);
}

TEST(buffers_that_changed_places_are_refused)
{
	uint32_t table;
	struct fault_disk *disk = make_log(&table, false);
	uint8_t saved[4096];
	size_t size, first, second;
	uint8_t *bytes = fault_disk_file(disk, FILE_0, &size);

	first = buffer_offset(disk, 2);
	second = buffer_offset(disk, 3);
	memcpy(saved, bytes + first, sizeof(saved));
	memcpy(bytes + first, bytes + second, sizeof(saved));
	refuses_damage(disk, first, first);
	memcpy(bytes + second, saved, sizeof(saved));
	refuses_damage(disk, first, first);
	fault_disk_destroy(disk);
}

/* ---- void for ever ---- */

TEST(a_rejected_tail_stays_void_when_its_hole_is_mended)
{
	uint32_t table;
	struct fault_disk *disk = make_log(&table, false);
	uint8_t saved[4096], last[4096];
	size_t size, hole, behind;
	struct engine *engine;
	uint8_t *bytes = fault_disk_file(disk, FILE_0, &size);

	/* The last but one is lost, and nothing says that it was durable. */
	behind = buffer_of_sequence(disk, BATCHES + 1);
	hole = buffer_of_sequence(disk, BATCHES);
	memcpy(saved, bytes + hole, sizeof(saved));
	memcpy(last, bytes + behind, sizeof(last));
	/* Its watermark covered the hole: state a smaller one. */
	store_u64_le(bytes + behind + 64, BATCHES - 1);
	{
		struct buffer_place place = { load_u64_le(bytes + behind + 112),
					      load_u32_le(bytes + behind + 24),
					      load_u32_le(bytes + behind +
							  28) };
		struct buffer_header header;

		(void)format_open_buffer(last, sizeof(last), &place, &header);
		header.user_watermark = BATCHES - 1;
		format_seal_buffer(&header, bytes + behind);
	}
	memset(bytes + hole, 0, sizeof(saved));
	for (int i = 0; i < 4; i++) {
		engine = driver_open_disk(disk);
		assert_int_equal(count_batches(engine, table), BATCHES - 2);
		assert_null(driver_get(engine, table, "b6.0"));
		if (i > 0)
			assert_string_equal(driver_get(engine, table, "new"),
					    "1");
		driver_commit(engine,
			      driver_put(engine, table, "new", "1"));
		disk = driver_kill(engine, disk);
		/* The disk finds its memory again. */
		bytes = fault_disk_file(disk, FILE_0, &size);
		memcpy(bytes + hole, saved, sizeof(saved));
	}
	fault_disk_destroy(disk);
}

TEST(the_manifest_does_not_grow_when_nothing_is_written)
{
	uint32_t table;
	struct fault_disk *disk = make_log(&table, false);
	struct manifest manifest;
	struct error error;
	struct io *io;

	for (int i = 0; i < 20; i++)
		disk = driver_kill(driver_open_disk(disk), disk);
	io = fault_disk_open(disk);
	assert_int_equal(manifest_load(io, &manifest, &error), 0);
	assert_true(manifest.user_voids.count <= 1);
	manifest_finish(&manifest);
	io->methods->destroy(io);
	fault_disk_destroy(disk);
}

/* ---- files ---- */

static struct error
open_fails(struct fault_disk *disk)
{
	uint64_t before = fault_disk_checksum(disk);
	struct error error =
		driver_open_error(fault_disk_open(disk), &driver_small);

	assert_int_equal(fault_disk_checksum(disk), before);
	return error;
}

/* Three files of segments. */
static struct fault_disk *
make_files(void)
{
	struct fault_disk *disk = fault_disk_create(7);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	size_t size;
	uint64_t lsn = 0;

	for (int i = 0; i < 1200; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		lsn = driver_put(engine, table, key,
				 "a value of a hundred bytes or so, so that "
				 "a few hundred of them fill some files: "
				 "that should do");
	}
	driver_commit(engine, lsn);
	driver_close(engine);
	assert_non_null(fault_disk_file(disk, "00-000002.segments", &size));
	return disk;
}

TEST(files_that_are_missing_or_do_not_belong_are_named)
{
	static const char *const extra[] = { "00-000099.segments",
					     "01-000000.segments",
					     "00-0000001.segments",
					     "77-123456.segments" };
	struct fault_disk *disk = make_files();
	struct fault_disk *copy;
	struct error error;
	size_t size;

	copy = fault_disk_copy(disk);
	fault_disk_remove(copy, "00-000001.segments");
	error = open_fails(copy);
	assert_non_null(strstr(error.message, "00-000001.segments"));
	fault_disk_destroy(copy);
	for (size_t i = 0; i < ARRAY_COUNT(extra); i++) {
		copy = fault_disk_copy(disk);
		fault_disk_add(copy, extra[i], "x", 1);
		error = open_fails(copy);
		assert_int_equal(error.code, ERROR_CORRUPT);
		assert_non_null(strstr(error.message, extra[i]));
		fault_disk_destroy(copy);
	}
	copy = fault_disk_copy(disk);
	fault_disk_add(copy, "notes.txt", "mine", 4);
	fault_disk_add(copy, "00-000000.segments.bak", "mine", 4);
	driver_close(driver_open_disk(copy));
	assert_non_null(fault_disk_file(copy, "notes.txt", &size));
	fault_disk_destroy(copy);
	fault_disk_destroy(disk);
}

TEST(files_of_a_wrong_size_are_named)
{
	struct fault_disk *disk = make_files();
	struct fault_disk *copy = fault_disk_copy(disk);
	struct error error;
	size_t size;

	fault_disk_resize(copy, "00-000001.segments", 15 * 4096);
	error = open_fails(copy);
	assert_string_equal(error.message,
			    "/disk/00-000001.segments is damaged: it has "
			    "61440 bytes instead of 65536");
	fault_disk_destroy(copy);
	copy = fault_disk_copy(disk);
	fault_disk_resize(copy, "00-000000.segments", 17 * 4096);
	error = open_fails(copy);
	assert_non_null(strstr(error.message, "00-000000.segments"));
	fault_disk_destroy(copy);
	/* The last ones, cut where the log still was. */
	copy = fault_disk_copy(disk);
	for (uint32_t i = 99; i >= 1; i--) {
		char name[32];

		snprintf(name, sizeof(name), "00-%06u.segments", i);
		if (fault_disk_file(copy, name, &size) != NULL)
			fault_disk_resize(copy, name, 0);
	}
	error = open_fails(copy);
	assert_int_equal(error.code, ERROR_CORRUPT);
	fault_disk_destroy(copy);
	fault_disk_destroy(disk);
}

TEST(a_file_of_another_database_is_named)
{
	struct fault_disk *disk = make_files();
	struct fault_disk *other = fault_disk_create(99);
	struct engine *engine = driver_open_disk(other);
	uint32_t table = driver_create_table(engine);
	struct error error;
	size_t size;

	driver_commit(engine, driver_put(engine, table, "k", "v"));
	driver_close(engine);
	fault_disk_resize(other, FILE_0, 16 * 4096);
	fault_disk_add(disk, FILE_0, fault_disk_file(other, FILE_0, &size),
		       16 * 4096);
	error = open_fails(disk);
	assert_string_equal(error.message,
			    "/disk/" FILE_0 " belongs to another database");
	fault_disk_destroy(other);
	fault_disk_destroy(disk);
}

TEST(a_directory_with_other_things_is_not_made_a_database)
{
	struct fault_disk *disk = fault_disk_create(8);
	struct engine_options options = driver_small;
	struct error error;

	options.must_exist = true;
	error = driver_open_error(fault_disk_open(disk), &options);
	assert_string_equal(error.message, "there is no database in /disk");
	assert_int_equal(fault_disk_count(disk), 0);
	fault_disk_add(disk, "lock", "1", 1);
	fault_disk_add(disk, "manifest.tmp", "half", 4);
	driver_close(driver_open_disk(disk));
	fault_disk_destroy(disk);
	disk = fault_disk_create(8);
	fault_disk_add(disk, "photo.jpg", "x", 1);
	error = open_fails(disk);
	assert_non_null(strstr(error.message, "found 'photo.jpg'"));
	assert_int_equal(fault_disk_count(disk), 1);
	fault_disk_destroy(disk);
}

TEST(a_database_without_its_manifest_is_called_damaged)
{
	static const char *const others[] = { "a photo.jpg", "zzz" };
	struct fault_disk *disk = make_files();
	struct engine_options options = driver_small;
	struct error error;

	fault_disk_remove(disk, "manifest");
	for (size_t i = 0; i < 3; i++) {
		options.must_exist = i == 1;
		options.is_read_only = i == 2;
		error = driver_open_error(fault_disk_open(disk), &options);
		assert_int_equal(error.code, ERROR_CORRUPT);
		assert_string_equal(error.message,
				    "/disk/manifest is missing, but segment "
				    "files are there: this is a damaged "
				    "logstor database");
		if (i < ARRAY_COUNT(others))
			fault_disk_add(disk, others[i], "x", 1);
	}
	fault_disk_destroy(disk);
}

TEST(a_manifest_with_an_impossible_maximum_is_named)
{
	struct fault_disk *disk = make_files();
	size_t size;
	uint8_t *bytes = fault_disk_file(disk, "manifest", &size);
	uint32_t sealed = load_u32_le(bytes + 20);
	struct error error;

	store_u64_le(bytes + 48, 4096);
	store_u64_le(bytes,
		     checksum_seeded(slice_make(bytes + 8, sealed - 8), 0));
	error = open_fails(disk);
	assert_int_equal(error.code, ERROR_CORRUPT);
	assert_string_equal(error.message,
			    "/disk/manifest is damaged: a maximum size of "
			    "4096 bytes is impossible");
	fault_disk_destroy(disk);
}

/* Nothing else than its size tells, where the manifest was written before the
 * log was. */
TEST(the_only_file_cut_to_nothing_is_named)
{
	static const size_t sizes[] = { 0, 4095 };
	uint32_t table;

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct fault_disk *disk = make_log(&table, false);
		struct error error;

		fault_disk_resize(disk, FILE_0, sizes[i]);
		error = open_fails(disk);
		assert_int_equal(error.code, ERROR_CORRUPT);
		assert_string_equal(error.message,
				    "/disk/" FILE_0 " is damaged at offset 0: "
				    "no whole segment is left of it");
		fault_disk_destroy(disk);
	}
}

/* A crash while a file was being made may leave any part of it. */
TEST(a_file_that_was_only_begun_is_begun_again)
{
	static const size_t sizes[] = { 0, 100, 4095, 4096, 3 * 4096 + 5 };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct fault_disk *disk = make_files();
		struct engine *engine;
		uint32_t table;
		uint8_t zeros[4 * 4096] = { 0 };
		char name[32];
		uint32_t number = 0;
		size_t size;

		do {
			snprintf(name, sizeof(name), "00-%06u.segments",
				 number++);
		} while (fault_disk_file(disk, name, &size) != NULL);
		/* The one before is whole then. */
		snprintf(name, sizeof(name), "00-%06u.segments", number - 2);
		fault_disk_resize(disk, name, 16 * 4096);
		snprintf(name, sizeof(name), "00-%06u.segments", number - 1);
		fault_disk_add(disk, name, zeros, sizes[i]);
		for (int j = 0; j < 3; j++)
			disk = driver_kill(driver_open_disk(disk), disk);
		snprintf(name, sizeof(name), "00-%06u.segments", number - 1);
		size = SIZE_MAX;
		fault_disk_file(disk, name, &size);
		assert_int_equal(size, sizes[i]);
		engine = driver_open_disk(disk);
		table = driver_create_table(engine);
		for (int j = 0; j < 60; j++) {
			snprintf(name, sizeof(name), "key%d", j);
			driver_commit(engine, driver_put(engine, table, name,
							 "v"));
		}
		disk = driver_kill(engine, disk);
		engine = driver_open_disk(disk);
		assert_int_equal(driver_count(engine, table), 60);
		driver_close(engine);
		fault_disk_destroy(disk);
	}
}

TEST(a_second_opener_is_told_who_has_it)
{
	struct fault_disk *disk = fault_disk_create(9);
	struct engine *engine = driver_open_disk(disk);
	struct error error =
		driver_open_error(fault_disk_open(disk), &driver_small);

	assert_int_equal(error.code, ERROR_BUSY);
	assert_string_equal(error.message,
			    "database /disk is in use by process 4711");
	driver_close(engine);
	driver_close(driver_open_disk(disk));
	fault_disk_destroy(disk);
}

/* ---- reading only ---- */

TEST(opening_for_reading_writes_nothing)
{
	uint32_t table;
	struct fault_disk *disk = make_log(&table, false);
	struct engine_options options = driver_small;
	struct engine_write write = { .kind = ENGINE_WRITE_ROW,
				      .key = SLICE("k") };
	struct error error = ERROR_INIT;
	struct engine *engine;
	uint64_t lsn, before = fault_disk_checksum(disk);

	options.is_read_only = true;
	for (int i = 0; i < 2; i++) {
		uint64_t writes = disk->writes;

		engine = driver_open(fault_disk_open(disk), &options);
		assert_int_equal(count_batches(engine, table), BATCHES);
		assert_int_equal(driver_scan_count(engine, table),
				 BATCHES * ROWS);
		write.table = table;
		assert_true(engine_write(engine, &write, 1, &lsn, &error) < 0);
		driver_close(engine);
		assert_int_equal(disk->writes, writes);
		assert_int_equal(fault_disk_checksum(disk), before);
	}
	fault_disk_destroy(disk);
}

/* ---- polls that fail ---- */

static int
count_segment(void *context, uint32_t segment, const uint8_t *bytes,
	      struct error *error)
{
	(void)segment;
	(void)error;
	assert_int_equal(load_u32_le(bytes + 8), FORMAT_BUFFER_MAGIC);
	++*(int *)context;
	return 0;
}

static void
count_block(void *context, uint32_t segment, const uint8_t *block)
{
	(void)segment;
	assert_int_equal(load_u32_le(block + 8), FORMAT_BUFFER_MAGIC);
	++*(int *)context;
}

/* The reads are in flight all the same, and their memory must stay. */
TEST(reading_the_log_goes_on_where_polls_fail_now_and_then)
{
	static const uint32_t list[] = { 0, 2 };
	uint32_t table;
	struct fault_disk *disk = make_log(&table, true);
	struct engine *engine = driver_open_disk(disk);
	struct error error = ERROR_INIT;
	int count = 0;

	disk->polls_failing = 3;
	assert_int_equal(log_scan(&engine->segments, list, 2, count_segment,
				  &count, &error),
			 0);
	assert_int_equal(count, 2);
	disk->polls_failing = 3;
	assert_int_equal(probe_segments(&engine->segments, list, 2,
					count_block, &count, &error),
			 0);
	assert_int_equal(count, 4);
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* ---- forged records ---- */

/* Changes bytes of the first record of a buffer, checksums included. */
static void
forge(struct fault_disk *disk, size_t buffer, size_t at, uint64_t value,
      size_t width)
{
	size_t size;
	uint8_t *bytes = fault_disk_file(disk, FILE_0, &size) + buffer;
	struct buffer_place place = { load_u64_le(bytes + 112),
				      load_u32_le(bytes + 24),
				      load_u32_le(bytes + 28) };
	struct buffer_header header;
	struct record record;
	uint64_t seed;

	assert_int_equal(format_open_buffer(bytes, 4096, &place, &header),
			 FORMAT_VALID);
	size = record_decode(bytes + FORMAT_HEADER_SIZE, header.data_size,
			     &record);
	for (size_t i = 0; i < width; i++)
		bytes[FORMAT_HEADER_SIZE + at + i] =
			(uint8_t)(value >> (8 * i));
	seed = format_segment_seed(place.database_id, place.segment,
				   header.segment_sequence);
	record_seal(bytes + FORMAT_HEADER_SIZE, (uint32_t)size,
		    format_record_seed(seed,
				       place.offset + FORMAT_HEADER_SIZE));
	format_seal_buffer(&header, bytes);
}

TEST(a_record_of_a_table_that_never_was_is_corruption)
{
	uint32_t table;
	struct fault_disk *disk = make_log(&table, false);
	size_t buffer = buffer_of_sequence(disk, 4);

	forge(disk, buffer, 24, 4000, 4);
	refuses_damage(disk, buffer, buffer + FORMAT_HEADER_SIZE);
	forge(disk, buffer, 24, 5, 4);
	refuses_damage(disk, buffer, buffer + FORMAT_HEADER_SIZE);
	forge(disk, buffer, 24, ENGINE_TABLE_REGISTRY, 4);
	refuses_damage(disk, buffer, buffer + FORMAT_HEADER_SIZE);
	forge(disk, buffer, 24, table, 4);
	assert_int_equal(count_twice(disk, table), BATCHES);
}

/* COMPACT may move registrations into places behind those of the rows. */
static void
replay_sample(struct replay *replay, uint32_t table, struct slice key,
	      struct slice value, uint64_t lsn)
{
	struct buffer_header header = { .version = FORMAT_VERSION };
	struct record record = { .lsn = lsn,
				 .timestamp_us = 1,
				 .table = table,
				 .key = key,
				 .value = value };
	struct location at = { 0, FORMAT_HEADER_SIZE, RECORD_SIZE_MIN };
	struct error error = ERROR_INIT;

	assert_int_equal(replay_one(replay, &header, &record, at, &error), 0);
}

TEST(all_rows_may_stand_before_the_registrations_of_their_tables)
{
	enum { TABLES = 10000 };
	struct engine *engine = calloc(1, sizeof(*engine));
	struct segment segment = { .sequence = 1 };
	struct error error = ERROR_INIT;
	struct replay replay;

	engine->segments = (struct segment_manager){ .segments = &segment,
						     .segment_count = 1,
						     .segment_size = 1 << 20 };
	assert_int_equal(replay_init(&replay, engine, &error), 0);
	for (uint32_t i = 0; i < TABLES; i++)
		replay_sample(&replay, ENGINE_TABLE_FIRST + i, SLICE("key"),
			      SLICE("value"), i + 1);
	for (uint32_t i = 0; i < TABLES; i++) {
		uint8_t key[REGISTRY_KEY_SIZE], value[REGISTRY_VALUE_SIZE];

		registry_encode_key(ENGINE_TABLE_FIRST + i, key);
		registry_encode_value(REGISTRY_CREATED, 0, value);
		replay_sample(&replay, ENGINE_TABLE_REGISTRY,
			      slice_make(key, sizeof(key)),
			      slice_make(value, sizeof(value)),
			      TABLES + i + 1);
	}
	assert_int_equal(replay_judge_tables(&replay, &error), 0);
	assert_int_equal(engine->tables.count, TABLES + 3);
	replay_finish(&replay);
	table_registry_finish(&engine->tables);
	free(engine);
}

TEST(of_equal_timestamps_the_higher_lsn_wins_wherever_it_stands)
{
	for (int is_forged = 0; is_forged < 2; is_forged++) {
		struct fault_disk *disk = fault_disk_create(10);
		struct engine *engine = driver_open_disk(disk);
		uint32_t table = driver_create_table(engine);

		driver_commit(engine,
			      driver_put_at(engine, table, "k", "1st", 50));
		driver_commit(engine,
			      driver_put_at(engine, table, "k", "2nd", 50));
		disk = driver_kill(engine, disk);
		if (is_forged)
			forge(disk, buffer_of_sequence(disk, 2), 8, 1000, 8);
		engine = driver_open_disk(disk);
		assert_string_equal(driver_get(engine, table, "k"),
				    is_forged ? "1st" : "2nd");
		driver_close(engine);
		fault_disk_destroy(disk);
	}
}

TEST(numbers_go_on_above_everything_seen)
{
	struct fault_disk *disk = fault_disk_create(11);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	int64_t timestamp_us;
	uint64_t lsn;

	disk->clock_us += INT64_C(3600000000);
	lsn = driver_put(engine, table, "k", "v");
	timestamp_us = engine_timestamp_us(engine);
	driver_commit(engine, lsn);
	disk = driver_kill(engine, disk);
	disk->clock_us = 1000;
	engine = driver_open_disk(disk);
	assert_true(engine_timestamp_us(engine) >= timestamp_us - 1);
	assert_true(engine_now_s(engine) >= timestamp_us / 1000000);
	assert_true(engine_last_lsn(engine) >= lsn);
	assert_true(engine_allocate_table(engine) > table);
	driver_commit(engine, driver_put(engine, table, "k", "w"));
	driver_close(engine);
	engine = driver_open_disk(disk);
	assert_string_equal(driver_get(engine, table, "k"), "w");
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(a_newer_buffer_is_told_by_its_version)
{
	uint32_t table;
	struct fault_disk *disk = make_log(&table, false);
	size_t size, at = buffer_of_sequence(disk, 3);
	uint8_t *bytes = fault_disk_file(disk, FILE_0, &size) + at;
	struct error error;

	bytes[12] = FORMAT_VERSION + 1;
	{
		/* Sealed again, by hand: the encoder writes no such thing. */
		struct buffer_place place = { load_u64_le(bytes + 112),
					      load_u32_le(bytes + 24),
					      load_u32_le(bytes + 28) };
		uint64_t seed = format_buffer_seed(
			format_segment_seed(place.database_id, place.segment,
					    load_u64_le(bytes + 32)),
			place.offset);
		uint32_t data_size = load_u32_le(bytes + 44);

		store_u64_le(bytes,
			     checksum_seeded(slice_make(bytes + 8,
							120 + data_size),
					     seed));
	}
	error = open_fails(disk);
	assert_int_equal(error.code, ERROR_CONFIG);
	assert_non_null(strstr(error.message, "format version 4 is newer"));
	assert_non_null(strstr(error.message, FILE_0));
	fault_disk_destroy(disk);
}

/* As a reader: 0, or the reason is the system's. */
static int
open_with(struct fault_disk *disk, int failure, uint64_t left)
{
	struct engine_options options = { .is_read_only = true };
	struct error error = ERROR_INIT;
	struct engine *engine;
	int status;

	disk->open_errno = failure;
	disk->opens_left = left;
	status = engine_open(fault_disk_open(disk), &options, &engine, &error);
	disk->open_errno = 0;
	if (status < 0) {
		assert_non_null(strstr(error.message, strerror(failure)));
		assert_string_equal(error.hint, "");
		return status;
	}
	assert_null(engine_warning(engine));
	driver_close(engine);
	return 0;
}

TEST(what_the_process_may_not_open_is_not_called_damaged)
{
	static const int failures[] = { EMFILE, ENFILE, ENOMEM, EACCES,
					EPERM };
	struct fault_disk *disk = fault_disk_create(5);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);

	for (int i = 0; i < 2; i++) {
		put_batch(engine, table, i, true);
		driver_checkpoint(engine);
	}
	driver_close(engine);
	for (size_t i = 0; i < ARRAY_COUNT(failures); i++) {
		uint64_t left = 0;

		while (open_with(disk, failures[i], left) < 0)
			left++;
		assert_in_range(left, 4, 20);
	}
	fault_disk_destroy(disk);
}

/* All files of an earlier copy but the one aside, as some tools have it. */
static void
put_back(const struct fault_disk *copy, struct fault_disk *disk)
{
	static const char *const names[] = { MANIFEST_NAME, FILE_0 };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		struct fault_disk *from = fault_disk_copy(copy);
		size_t size;
		const uint8_t *bytes =
			fault_disk_file(from, names[i], &size);

		fault_disk_remove(disk, names[i]);
		fault_disk_add(disk, names[i], bytes, size);
		fault_disk_destroy(from);
	}
}

TEST(a_copy_that_was_put_back_is_told_from_an_earlier_manifest)
{
	struct fault_disk *disk = fault_disk_create(5);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct fault_disk *copy;
	struct error error;

	put_batch(engine, table, 0, false);
	driver_close(engine);
	copy = fault_disk_copy(disk);
	for (int i = 1; i < 4; i++) {
		engine = driver_open_disk(disk);
		put_batch(engine, table, i, false);
		driver_close(engine);
	}
	put_back(copy, disk);
	error = driver_open_error(fault_disk_open(disk), &driver_small);
	assert_int_equal(error.code, ERROR_CORRUPT);
	assert_non_null(strstr(error.hint, "put back, remove manifest.tmp"));
	assert_non_null(strstr(error.hint, "; rows that were deleted may "
					   "reappear"));
	fault_disk_remove(disk, MANIFEST_NAME_ASIDE);
	engine = driver_open_disk(disk);
	assert_int_equal(count_batches(engine, table), 1);
	driver_close(engine);
	fault_disk_destroy(copy);
	fault_disk_destroy(disk);
}

/* What was opened says of the newest ${count} checkpoints, which are gone. */
static void
expect_warning(int count, const char *expected)
{
	struct fault_disk *disk = fault_disk_create(5);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	const char *warning;

	for (int i = 0; i < count; i++) {
		put_batch(engine, table, i, true);
		driver_checkpoint(engine);
	}
	driver_close(engine);
	for (int i = 1; i <= count; i++) {
		char name[] = "00-?.checkpoint";

		name[3] = (char)('0' + i);
		fault_disk_remove(disk, name);
	}
	engine = driver_open_disk(disk);
	warning = engine_warning(engine);
	assert_non_null(warning);
	assert_non_null(strstr(warning, expected));
	assert_int_equal(count_batches(engine, table), count);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(nothing_is_called_whole_that_nobody_can_know)
{
	expect_warning(1, "; nothing is lost: all of the log");
	expect_warning(2, "; all of the log was read instead, where");
}

TEST(a_file_that_was_only_just_made_is_not_counted)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);

	driver_commit(engine, driver_put(engine, table, "k", "v"));
	disk = driver_kill(engine, disk);
	fault_disk_add(disk, "00-000001.segments", "", 0);
	/* The second opening finds what the first one has left. */
	for (int i = 0; i < 2; i++) {
		engine = driver_open_disk(disk);
		assert_string_equal(driver_get(engine, table, "k"), "v");
		disk = driver_kill(engine, disk);
	}
	fault_disk_destroy(disk);
}

UNIT_MAIN()
