/* SPDX-License-Identifier: MIT
 *
 * What salvage tells: each loss once, in a few lines, and nothing that isn't
 * one. */
#include "base/pack.h"
#include "storage/format/format.h"
#include "storage/format/manifest.h"
#include "tests/support/salvage_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_0 "00-000000.segments"

static const struct engine_options busy = {
	.segment_size = 4096,
	.file_segments = 16,
	.size_max = 512 << 10,
	.checkpoint_size = 16 << 10,
};

enum { BUSY_ROUNDS = 40, BUSY_KEYS = 150 };

/* Whether a round writes a key. */
static bool
is_written(int number, int round)
{
	return number >= round % 2 &&
	       (number - round % 2) % (1 + round % 3) == 0;
}

/* A buffer each ${part} keys, at least. */
static void
write_parts(struct engine *engine, uint32_t table, int round, int part)
{
	uint64_t lsn = 0;

	for (int i = 0; i < BUSY_KEYS; i++) {
		char key[16], value[600];

		if (is_written(i, round)) {
			salvage_key(i, key);
			salvage_value(i, round, value);
			lsn = driver_put(engine, table, key, value);
		}
		if (lsn > 0 && i % part == part - 1)
			driver_commit(engine, lsn);
	}
	driver_commit(engine, lsn);
}

static void
write_rounds(struct engine *engine, uint32_t table, int first, int end)
{
	for (int round = first; round < end; round++)
		write_parts(engine, table, round, BUSY_KEYS);
}

/* Places have had many lives, rows of table 3 were there and aren't any more,
 * and there are three checkpoints.  ${before}, unless NULL: the disk some
 * rounds earlier. */
static struct fault_disk *
make_busy_after(uint32_t *table, struct fault_disk **before)
{
	struct fault_disk *disk = fault_disk_create(8);
	struct engine *engine = driver_open(fault_disk_open(disk), &busy);

	*table = driver_create_table(engine);
	write_rounds(engine, *table, 0, BUSY_ROUNDS - 6);
	if (before != NULL)
		*before = fault_disk_copy(disk);
	write_rounds(engine, *table, BUSY_ROUNDS - 6, BUSY_ROUNDS);
	driver_close(engine);
	return disk;
}

static struct fault_disk *
make_busy(uint32_t *table)
{
	return make_busy_after(table, NULL);
}

static void
name_checkpoint(unsigned number, char name[32])
{
	snprintf(name, 32, "00-%u.checkpoint", number % 3);
}

static void
remove_checkpoints(struct fault_disk *disk)
{
	for (unsigned i = 0; i < 3; i++) {
		char name[32];

		name_checkpoint(i, name);
		fault_disk_remove(disk, name);
	}
}

/* Of the newest checkpoint. */
static unsigned
newest_checkpoint(struct fault_disk *disk)
{
	size_t size;
	const uint8_t *bytes = fault_disk_file(disk, MANIFEST_NAME, &size);

	assert_non_null(bytes);
	assert_true(load_u64_le(bytes + 168) > 0);
	return (unsigned)load_u64_le(bytes + 152);
}

static int
newest_round(int number, int rounds)
{
	int round = rounds - 1;

	while (!is_written(number, round))
		round--;
	return round;
}

static bool
is_version(int number, int rounds, const char *value)
{
	for (int round = 0; round < rounds; round++) {
		char wanted[600];

		salvage_value(number, round, wanted);
		if (is_written(number, round) && strcmp(value, wanted) == 0)
			return true;
	}
	return false;
}

/* Rows that are missing or old; none may be what nobody wrote. */
static int
count_wrong(struct fault_disk *fresh, uint32_t table, int rounds)
{
	struct engine *engine = driver_open(fault_disk_open(fresh), &busy);
	int wrong = 0;

	for (int i = 0; i < BUSY_KEYS; i++) {
		char key[16], wanted[600];
		const char *found;

		salvage_key(i, key);
		salvage_value(i, newest_round(i, rounds), wanted);
		found = driver_get(engine, table, key);
		if (found != NULL)
			assert_true(is_version(i, rounds, found));
		wrong += found == NULL || strcmp(found, wanted) != 0;
	}
	driver_close(engine);
	return wrong;
}

static void
salvage_busy(struct fault_disk *disk, struct salvage_told *told)
{
	struct fault_disk *fresh = fault_disk_create(4);
	struct salvage_report report = driver_salvage(disk, fresh, told);
	struct engine *engine = driver_open(fault_disk_open(fresh), &busy);

	assert_int_equal(driver_count(engine, told->table), told->rows);
	assert_int_equal(report.rows, told->rows);
	driver_close(engine);
	fault_disk_destroy(fresh);
}

TEST(a_damaged_checkpoint_is_noted_and_nothing_is_lost)
{
	uint32_t table;
	struct fault_disk *disk = make_busy(&table);
	unsigned newest = newest_checkpoint(disk);
	struct salvage_told told;
	char name[32];
	size_t size;

	name_checkpoint(newest, name);
	fault_disk_file(disk, name, &size)[4200] ^= 1;
	salvage_busy(disk, &told);
	assert_int_equal(told.rows, BUSY_KEYS);
	assert_int_equal(told.faults, 0);
	assert_int_equal(told.notes, 1);
	/* Without any, what was deleted may come back, and that is all. */
	remove_checkpoints(disk);
	salvage_busy(disk, &told);
	assert_int_equal(told.rows, BUSY_KEYS);
	assert_int_equal(told.faults, 0);
	assert_int_equal(told.notes, 2);
	fault_disk_destroy(disk);
}

TEST(lives_that_were_freed_are_not_missed_without_a_manifest)
{
	uint32_t table;
	struct fault_disk *disk = make_busy(&table);
	struct salvage_told told;

	fault_disk_remove(disk, MANIFEST_NAME);
	salvage_busy(disk, &told);
	assert_int_equal(told.rows, BUSY_KEYS);
	assert_int_equal(told.faults, 0);
	assert_int_equal(told.notes, 1);
	/* Without checkpoints nobody knows where the log began: it is told once
	 * for each stream. */
	remove_checkpoints(disk);
	salvage_busy(disk, &told);
	assert_int_equal(told.rows, BUSY_KEYS);
	assert_in_range(told.faults, 1, 2);
	assert_non_null(strstr(told.what, "freed long ago or lost"));
	fault_disk_destroy(disk);
}

/* Whatever opening ${left} files more is enough for. */
static bool
is_saved_or_refused(struct fault_disk *disk, uint64_t left)
{
	struct fault_disk *fresh = fault_disk_create(4);
	struct salvage_report report = { 0 };
	struct error error = ERROR_INIT;
	int status;

	disk->open_errno = EMFILE;
	disk->opens_left = left;
	status = salvage_run(fault_disk_open(disk), fault_disk_open(fresh),
			     &report, &error);
	disk->open_errno = 0;
	assert_int_equal(report.faults, 0);
	if (status < 0)
		assert_non_null(strstr(error.message, strerror(EMFILE)));
	fault_disk_destroy(fresh);
	return status == 0;
}

/* What they say of the log's beginning is there, with more descriptors. */
TEST(checkpoints_that_may_not_be_opened_are_not_done_without)
{
	uint32_t table;
	struct fault_disk *disk = make_busy(&table);
	uint64_t left = 0;

	fault_disk_remove(disk, MANIFEST_NAME);
	while (!is_saved_or_refused(disk, left))
		left++;
	assert_in_range(left, 4, 20);
	fault_disk_destroy(disk);
}

/* Whether it is told as a loss: where nothing lived in it, it is noted. */
static bool
has_lost(struct fault_disk *disk, uint32_t table, const char *why)
{
	struct fault_disk *fresh = fault_disk_create(4);
	struct salvage_told told;
	int wrong;

	driver_salvage(disk, fresh, &told);
	wrong = count_wrong(fresh, table, BUSY_ROUNDS);
	assert_int_equal(told.faults + told.notes, 1);
	if (wrong > 0)
		assert_int_equal(told.faults, 1);
	if (told.faults > 0) {
		assert_non_null(strstr(told.what, FILE_0));
		assert_non_null(strstr(told.what, why));
	}
	fault_disk_destroy(fresh);
	return told.faults > 0;
}

TEST(a_missing_or_cut_file_is_one_fault)
{
	uint32_t table;
	struct fault_disk *disk = make_busy(&table);
	struct fault_disk *copy = fault_disk_copy(disk);

	fault_disk_remove(copy, FILE_0);
	assert_true(has_lost(copy, table, "it is missing"));
	fault_disk_destroy(copy);
	for (size_t cut = 5000; cut <= 60000; cut += 5000) {
		copy = fault_disk_copy(disk);
		fault_disk_resize(copy, FILE_0, cut);
		assert_true(has_lost(copy, table, "it is cut off there") ||
			    cut > 5000);
		fault_disk_destroy(copy);
	}
	fault_disk_destroy(disk);
}

static struct fault_disk *
make_killed(uint32_t file_segments)
{
	struct engine_options options = busy;
	struct fault_disk *disk = fault_disk_create(8);
	struct engine *engine;

	options.segment_size = 16 << 10;
	options.file_segments = file_segments;
	engine = driver_open(fault_disk_open(disk), &options);
	write_rounds(engine, driver_create_table(engine), 0, 4);
	return driver_kill(engine, disk);
}

/* Nobody knows then how much had been written. */
TEST(what_is_gone_after_a_kill_may_have_held_rows)
{
	struct fault_disk *disk = make_killed(16);
	struct salvage_told told;
	size_t size;

	salvage_busy(disk, &told);
	assert_int_equal(told.faults, 0);
	assert_int_equal(told.notes, 0);
	/* In the last segment that was written, in its middle. */
	fault_disk_file(disk, FILE_0, &size);
	while (size > 0 &&
	       fault_disk_file(disk, FILE_0, &(size_t){ 0 })[size - 1] == 0)
		size--;
	fault_disk_resize(disk, FILE_0, size / 16384 * 16384 + 5000);
	salvage_busy(disk, &told);
	assert_int_equal(told.faults, 1);
	assert_non_null(strstr(told.what, "it is cut off there"));
	/* The first one, in its middle. */
	fault_disk_resize(disk, FILE_0, 5000);
	salvage_busy(disk, &told);
	assert_int_equal(told.faults, 1);
	/* A counted file has a segment. */
	fault_disk_resize(disk, FILE_0, 0);
	fault_disk_resize(disk, FILE_0, 5000);
	salvage_busy(disk, &told);
	assert_int_equal(told.faults, 1);
	fault_disk_destroy(disk);
}

/* It may be torn or damaged, which nobody knows. */
TEST(the_last_buffer_is_saved_as_far_as_it_is_intact)
{
	struct fault_disk *disk = make_killed(16);
	struct fault_disk *fresh = fault_disk_create(4);
	struct salvage_told told;
	uint64_t highest = 0;
	uint8_t *last = NULL;
	size_t size;
	uint8_t *bytes = fault_disk_file(disk, FILE_0, &size);

	for (size_t at = 0; at < size; at += FORMAT_BLOCK_SIZE) {
		uint64_t sequence = load_u64_le(bytes + at + 48);

		if (load_u32_le(bytes + at + 8) != FORMAT_BUFFER_MAGIC ||
		    bytes[at + 15] != STREAM_USER || sequence <= highest)
			continue;
		highest = sequence;
		last = bytes + at;
	}
	assert_non_null(last);
	assert_true(load_u32_le(last + 56) > 4);
	last[FORMAT_HEADER_SIZE + 60] ^= 1;
	driver_salvage(disk, fresh, &told);
	assert_int_equal(told.faults, 1);
	assert_int_equal(count_wrong(fresh, told.table, 4), 1);
	fault_disk_destroy(disk);
	fault_disk_destroy(fresh);
}

TEST(nor_does_anybody_know_what_stood_in_the_last_file)
{
	struct fault_disk *disk = make_killed(1);
	struct salvage_told told;
	char last[32], name[32];
	size_t size;

	for (unsigned i = 0;; i++) {
		const uint8_t *bytes;

		snprintf(name, sizeof(name), "00-%06u.segments", i);
		bytes = fault_disk_file(disk, name, &size);
		if (bytes == NULL || bytes[8] == 0)
			break;
		memcpy(last, name, sizeof(last));
	}
	fault_disk_remove(disk, last);
	salvage_busy(disk, &told);
	assert_int_equal(told.faults, 1);
	assert_non_null(strstr(told.what, "it is missing"));
	fault_disk_destroy(disk);
}

static bool
is_buffer(const uint8_t *bytes, uint8_t stream)
{
	return load_u32_le(bytes + 8) == FORMAT_BUFFER_MAGIC &&
	       bytes[15] == stream;
}

/* Whether a buffer of an earlier life stands behind the first one. */
static bool
has_leftovers(const uint8_t *segment, size_t size)
{
	for (size_t at = FORMAT_BLOCK_SIZE; at < size; at += FORMAT_BLOCK_SIZE)
		if (load_u32_le(segment + at + 8) == FORMAT_BUFFER_MAGIC &&
		    load_u64_le(segment + at + 32) <
			    load_u64_le(segment + 32))
			return true;
	return false;
}

/* Small buffers; a row of many segments leaves the one before it short, and
 * what had stood there before in place. */
static struct fault_disk *
make_leftovers(uint32_t *table, int rounds)
{
	struct engine_options options = busy;
	struct fault_disk *disk = fault_disk_create(8);
	struct engine *engine;
	char large[20000] = "";

	options.segment_size = 16 << 10;
	options.file_segments = 64;
	options.checkpoint_size = 64 << 20;
	memset(large, 'l', sizeof(large) - 1);
	engine = driver_open(fault_disk_open(disk), &options);
	*table = driver_create_table(engine);
	for (int round = 0; round < rounds; round++) {
		write_parts(engine, *table, round, 10);
		driver_commit(engine,
			      driver_put(engine, *table, "large", large));
	}
	return driver_kill(engine, disk);
}

/* Its last record is damaged.  Whether a loss is told. */
static bool
damage_at(struct fault_disk *disk, uint32_t table, int rounds, size_t at)
{
	struct fault_disk *copy = fault_disk_copy(disk);
	struct fault_disk *fresh = fault_disk_create(4);
	struct salvage_told told;
	size_t size;
	uint8_t *bytes = fault_disk_file(copy, FILE_0, &size) + at;
	int wrong;

	bytes[FORMAT_HEADER_SIZE + load_u32_le(bytes + 44) - 10] ^= 1;
	driver_salvage(copy, fresh, &told);
	wrong = count_wrong(fresh, table, rounds);
	assert_in_range(wrong, 0, 1);
	if (wrong > 0)
		assert_true(told.faults > 0);
	fault_disk_destroy(copy);
	fault_disk_destroy(fresh);
	return told.faults > 0;
}

TEST(a_damaged_buffer_does_not_give_way_to_what_stood_there_before)
{
	int faults = 0;

	for (int rounds = 16; rounds <= BUSY_ROUNDS; rounds += 3) {
		uint32_t table;
		struct fault_disk *disk = make_leftovers(&table, rounds);
		size_t size;
		const uint8_t *bytes = fault_disk_file(disk, FILE_0, &size);

		for (size_t at = 0; at + 16384 <= size; at += 16384) {
			if (is_buffer(bytes + at, STREAM_USER) &&
			    has_leftovers(bytes + at, 16384))
				faults += damage_at(disk, table, rounds, at);
		}
		fault_disk_destroy(disk);
	}
	assert_in_range(faults, 1, 100);
}

/* ---- any damage ---- */

enum { END_ROUNDS = BUSY_ROUNDS + 2 };

static uint32_t
draw(uint64_t *random, size_t below)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*random >> 33) % below);
}

static void
damage_somehow(struct fault_disk *disk, struct fault_disk *before,
	       uint64_t *random)
{
	char name[32];
	size_t size, old_size;
	uint8_t *bytes, *old;
	size_t at, other;

	snprintf(name, sizeof(name), "00-%06u.segments", draw(random, 2));
	bytes = fault_disk_file(disk, name, &size);
	old = fault_disk_file(before, name, &old_size);
	assert_non_null(bytes);
	assert_non_null(old);
	at = draw(random, size / 4096) * (size_t)4096;
	other = draw(random, size / 4096) * (size_t)4096;
	switch (draw(random, 5)) {
	case 0:
		bytes[draw(random, size)] ^= 0x20;
		break;
	case 1:
		memset(bytes + at, 0, 4096);
		break;
	case 2: /* a write that went astray */
		memmove(bytes + at, bytes + other, 4096);
		break;
	case 3: /* one that was lost */
		if (at < old_size)
			memcpy(bytes + at, old + at, 4096);
		break;
	default:
		fault_disk_resize(disk, name, size - 4096);
		break;
	}
}

/* Two more rounds at one go, so that no watermark tells of them, then buffers
 * that hold nothing new: what stands before those isn't the end of the log. */
static void
write_end(struct fault_disk *disk, uint32_t table)
{
	struct engine *engine = driver_open(fault_disk_open(disk), &busy);
	char key[16], value[600];
	uint64_t lsn = 0;

	for (int round = BUSY_ROUNDS; round < END_ROUNDS; round++) {
		for (int i = 0; i < BUSY_KEYS; i++) {
			if (!is_written(i, round))
				continue;
			salvage_key(i, key);
			salvage_value(i, round, value);
			driver_put(engine, table, key, value);
		}
	}
	salvage_key(71, key);
	salvage_value(71, newest_round(71, END_ROUNDS), value);
	for (int i = 0; i < 60; i++)
		lsn = driver_put(engine, table, key, value);
	driver_commit(engine, lsn);
	driver_close(engine);
}

static void
damage_and_salvage(uint64_t random, int manifests, int least, int most)
{
	uint32_t table;
	struct fault_disk *before;
	struct fault_disk *disk = make_busy_after(&table, &before);
	int lost = 0;

	write_end(disk, table);
	for (int i = 0; i < 120; i++) {
		struct fault_disk *copy = fault_disk_copy(disk);
		struct fault_disk *fresh = fault_disk_create(4);
		struct salvage_told told;
		int wrong;

		for (int j = 0; j <= i % 3; j++)
			damage_somehow(copy, before, &random);
		if (i % 4 >= manifests)
			fault_disk_remove(copy, MANIFEST_NAME);
		driver_salvage(copy, fresh, &told);
		wrong = told.table == table ?
				count_wrong(fresh, table, END_ROUNDS) :
				1;
		if (wrong > 0)
			assert_true(told.faults > 0);
		lost += wrong > 0;
		fault_disk_destroy(copy);
		fault_disk_destroy(fresh);
	}
	assert_in_range(lost, least, most);
	fault_disk_destroy(before);
	fault_disk_destroy(disk);
}

TEST(whatever_is_damaged_no_loss_is_silent_and_nothing_is_invented)
{
	damage_and_salvage(5, 3, 20, 110);
}

TEST(nor_without_a_manifest)
{
	damage_and_salvage(17, 0, 20, 110);
}

UNIT_MAIN()
