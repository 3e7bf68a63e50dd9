/* SPDX-License-Identifier: MIT
 *
 * Every bit that means something, in a small database that was closed in good
 * order: when it is flipped, opening or CHECK says so.  What means nothing:
 * free segments, what stands behind a segment's last buffer, the padding of
 * buffers, of the manifest and of checkpoints, the third checkpoint, the lock,
 * manifest.tmp.  And whichever manifest there has ever been comes back in the
 * last one's place: opening refuses, or all rows are as they were left.
 *
 * The ordinary run takes one bit of many; CORRUPTION=1 in the environment takes
 * each. */
#include "base/pack.h"
#include "storage/checkpoint/checkpoint_layout.h"
#include "storage/engine_state.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 120, RANGES_MAX = 1024, STEP = 127 };

static const struct engine_options small = {
	.segment_size = 8 << 10,
	.file_segments = 16,
};

/* ---- the database ---- */

static void
write_rows(struct engine *engine, uint32_t table, int version)
{
	for (int i = 0; i < ROWS; i += 1 + version) {
		char key[16], value[400];

		snprintf(key, sizeof(key), "k%d", i);
		memset(value, 'a' + version, sizeof(value));
		value[50 + i * 3 % 300] = '\0';
		driver_put(engine, table, key, value);
		if (i % 7 == 0)
			driver_commit(engine, engine_last_lsn(engine));
	}
	driver_commit(engine, engine_last_lsn(engine));
}

static struct fault_disk *
make_database(void)
{
	struct fault_disk *disk = fault_disk_create(11);
	struct engine *engine = driver_open(fault_disk_open(disk), &small);
	uint32_t table = driver_create_table(engine);
	char *large = malloc(20001);

	memset(large, 'L', 20000);
	large[20000] = '\0';
	write_rows(engine, table, 0);
	driver_put(engine, table, "large", large);
	driver_checkpoint(engine);
	write_rows(engine, table, 1);
	driver_compact(engine);
	driver_checkpoint(engine);
	for (int i = 0; i < ROWS; i += 9) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		driver_delete(engine, table, key);
	}
	write_rows(engine, table, 2);
	driver_close(engine);
	free(large);
	return disk;
}

/* ---- what means something ---- */

struct range {
	char name[32];
	size_t first;
	size_t size;
};

struct ranges {
	struct range ranges[RANGES_MAX];
	size_t count;
};

static void
add_range(struct ranges *ranges, const char *name, size_t first, size_t size)
{
	struct range *range = &ranges->ranges[ranges->count++];

	assert_true(ranges->count <= RANGES_MAX);
	snprintf(range->name, sizeof(range->name), "%s", name);
	range->first = first;
	range->size = size;
}

static void
add_segment(struct ranges *ranges, const struct engine *engine,
	    struct fault_disk *disk, uint32_t number)
{
	const struct segment *segment = &engine->segments.segments[number];
	struct segment_place place =
		segment_manager_place(&engine->segments, number, 0);
	uint64_t write = segment->first_write;
	char name[SEGMENT_FILE_NAME_SIZE];
	size_t size, offset = 0;
	const uint8_t *bytes;

	if (segment->state == SEGMENT_FREE)
		return;
	segment_file_name(place.file_number, name);
	bytes = fault_disk_file(disk, name, &size);
	while (offset < small.segment_size && write <= segment->last_write) {
		const uint8_t *at = bytes + place.offset + offset;
		uint32_t data = load_u32_le(at + 44);

		assert_int_equal(load_u64_le(at + 48), write++);
		add_range(ranges, name, (size_t)place.offset + offset,
			  FORMAT_HEADER_SIZE + data);
		offset += format_buffer_size(data);
	}
	assert_int_equal(write, segment->last_write + 1);
}

static void
add_checkpoint(struct ranges *ranges, struct fault_disk *disk, uint64_t number)
{
	char name[CHECKPOINT_NAME_SIZE];
	const uint8_t *bytes;
	size_t size;

	assert_int_not_equal(number, 0);
	checkpoint_name(number, name);
	bytes = fault_disk_file(disk, name, &size);
	add_range(ranges, name, 0, CHECKPOINT_HEAD_SIZE);
	add_range(ranges, name, CHECKPOINT_HEAD_SIZE,
		  (size_t)(load_u64_le(bytes + 112) *
			   load_u32_le(bytes + 20)));
}

static void
find_ranges(struct fault_disk *disk, struct ranges *ranges)
{
	struct engine_options options = small;
	struct engine *engine;
	size_t size;

	ranges->count = 0;
	options.is_read_only = true;
	engine = driver_open(fault_disk_open(disk), &options);
	for (uint32_t i = 0; i < engine->segments.segment_count; i++)
		add_segment(ranges, engine, disk, i);
	for (int i = 0; i < 2; i++)
		add_checkpoint(ranges, disk,
			       engine->manifest.checkpoints[i].number);
	driver_close(engine);
	add_range(ranges, MANIFEST_NAME, 0,
		  load_u32_le(fault_disk_file(disk, MANIFEST_NAME, &size) +
			      20));
}

/* ---- flipping ---- */

/* Faults that opening or CHECK tells. */
static uint64_t
count_faults(struct fault_disk *disk)
{
	struct engine_options options = small;
	struct error error = ERROR_INIT;
	struct engine_check *check;
	struct engine_fault fault;
	struct engine *engine;
	uint64_t faults = 0;
	int status;

	options.is_read_only = true;
	if (engine_open(fault_disk_open(disk), &options, &engine, &error) < 0)
		return 1;
	assert_int_equal(engine_check_open(engine, &check, &error), 0);
	while ((status = engine_check_next(check, &fault, NULL, &error)) !=
	       ENGINE_END) {
		assert_true(status >= 0);
		faults += status == 0;
		if (status == ENGINE_PENDING)
			assert_int_equal(engine_poll(engine, -1, &error), 0);
	}
	engine_check_close(check);
	driver_close(engine);
	return faults;
}

static void
flip_some(struct fault_disk *disk, const struct range *range, size_t step,
	  size_t *next)
{
	size_t size, bits = range->size * 8;
	uint8_t *bytes = fault_disk_file(disk, range->name, &size);

	assert_true(range->first + range->size <= size);
	for (; *next < bits; *next += step) {
		size_t at = range->first + *next / 8;
		uint8_t mask = (uint8_t)(1u << *next % 8);

		bytes[at] ^= mask;
		if (count_faults(disk) == 0)
			fail_msg("bit %zu of byte %zu of %s is nobody's",
				 *next % 8, at, range->name);
		bytes[at] ^= mask;
	}
	*next -= bits;
}

TEST(every_bit_that_means_something_is_noticed_when_it_flips)
{
	struct fault_disk *disk = make_database();
	struct ranges *ranges = malloc(sizeof(*ranges));
	size_t next = 5;

	find_ranges(disk, ranges);
	assert_int_equal(count_faults(disk), 0);
	for (size_t i = 0; i < ranges->count; i++)
		flip_some(disk, &ranges->ranges[i],
			  getenv("CORRUPTION") != NULL ? 1 : STEP, &next);
	assert_int_equal(count_faults(disk), 0);
	free(ranges);
	fault_disk_destroy(disk);
}

TEST(every_zeroed_sector_that_means_something_is_noticed)
{
	struct fault_disk *disk = make_database();
	struct ranges *ranges = malloc(sizeof(*ranges));

	find_ranges(disk, ranges);
	for (size_t i = 0; i < ranges->count; i++) {
		const struct range *range = &ranges->ranges[i];
		size_t size;
		uint8_t *bytes = fault_disk_file(disk, range->name, &size);

		for (size_t at = range->first; at < range->first + range->size;
		     at += FAULT_SECTOR) {
			size_t left = range->first + range->size - at;
			size_t count = left < FAULT_SECTOR ? left :
							     FAULT_SECTOR;
			uint8_t kept[FAULT_SECTOR];
			static const uint8_t zeros[FAULT_SECTOR];

			if (memcmp(bytes + at, zeros, count) == 0)
				continue;
			memcpy(kept, bytes + at, count);
			memset(bytes + at, 0, count);
			if (count_faults(disk) == 0)
				fail_msg("sector at %zu of %s is nobody's", at,
					 range->name);
			memcpy(bytes + at, kept, count);
		}
	}
	free(ranges);
	fault_disk_destroy(disk);
}

/* ---- a manifest from earlier ---- */

enum { SESSIONS = 21, PAST_MAX = 8 * SESSIONS };

struct past {
	uint8_t *bytes;
	size_t size;
	uint64_t writes; /* how often it was written */
	bool is_clean;
};

struct pasts {
	struct past pasts[PAST_MAX];
	size_t count;
};

/* Each manifest once. */
static void
remember(struct pasts *pasts, struct fault_disk *disk)
{
	size_t size;
	const uint8_t *bytes = fault_disk_file(disk, MANIFEST_NAME, &size);
	uint64_t writes = load_u64_le(bytes + 72);
	struct past *past = &pasts->pasts[pasts->count];

	if (pasts->count > 0 && past[-1].writes == writes)
		return;
	assert_true(pasts->count < PAST_MAX);
	*past = (struct past){ .bytes = malloc(size),
			       .size = size,
			       .writes = writes,
			       .is_clean = (bytes[64] & MANIFEST_CLEAN) != 0 };
	memcpy(past->bytes, bytes, size);
	pasts->count++;
}

static void
forget(struct pasts *pasts)
{
	for (size_t i = 0; i < pasts->count; i++)
		free(pasts->pasts[i].bytes);
	free(pasts);
}

static void
name_row(char key[16], int session, int row)
{
	snprintf(key, 16, "s%d.%d", session, row);
}

enum { SESSION_ROWS = 16 };

/* Adds rows, and deletes every other row of the session before. */
static void
live_session(struct engine *engine, struct fault_disk *disk, uint32_t table,
	     int session, struct pasts *pasts)
{
	char key[16], value[500];

	memset(value, 'a' + session, sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	remember(pasts, disk);
	for (int i = 0; i < SESSION_ROWS; i++) {
		name_row(key, session, i);
		driver_put(engine, table, key, value);
		if (i % 2 != 0 && session > 0) {
			name_row(key, session - 1, i);
			driver_delete(engine, table, key);
		}
	}
	driver_commit(engine, engine_last_lsn(engine));
	remember(pasts, disk);
	if (session % 3 == 1)
		driver_checkpoint(engine);
	remember(pasts, disk);
	if (session % 5 == 4)
		driver_compact(engine);
	remember(pasts, disk);
}

static struct fault_disk *
make_sessions(uint32_t *table, struct pasts *pasts)
{
	struct fault_disk *disk = fault_disk_create(23);
	struct engine *engine = driver_open(fault_disk_open(disk), &small);

	*table = driver_create_table(engine);
	for (int i = 0; i < SESSIONS; i++) {
		live_session(engine, disk, *table, i, pasts);
		driver_close(engine);
		remember(pasts, disk);
		engine = driver_open(fault_disk_open(disk), &small);
	}
	driver_close(engine);
	remember(pasts, disk);
	return disk;
}

static void
expect_sessions(struct engine *engine, uint32_t table, uint64_t writes)
{
	char key[16];

	for (int i = 0; i < SESSIONS; i++) {
		for (int j = 0; j < SESSION_ROWS; j++) {
			bool is_live = j % 2 == 0 || i == SESSIONS - 1;
			const char *value;

			name_row(key, i, j);
			value = driver_get(engine, table, key);
			if ((value != NULL) != is_live ||
			    (is_live && value[0] != 'a' + i))
				fail_msg("with manifest %d, %s is %.4s",
					 (int)writes, key,
					 value == NULL ? "gone" : value);
		}
	}
}

/* False when opening refuses. */
static bool
try_past(const struct fault_disk *disk, uint32_t table,
	 const struct past *past)
{
	struct fault_disk *copy = fault_disk_copy(disk);
	struct error error = ERROR_INIT;
	struct engine *engine;
	bool is_open;

	fault_disk_remove(copy, MANIFEST_NAME);
	fault_disk_add(copy, MANIFEST_NAME, past->bytes, past->size);
	is_open = engine_open(fault_disk_open(copy), &small, &engine,
			      &error) == 0;
	if (is_open) {
		expect_sessions(engine, table, past->writes);
		driver_commit(engine, driver_put(engine, table, "new", "1"));
		driver_close(engine);
		engine = driver_open(fault_disk_open(copy), &small);
		expect_sessions(engine, table, past->writes);
		assert_string_equal(driver_get(engine, table, "new"), "1");
		driver_close(engine);
	}
	fault_disk_destroy(copy);
	return is_open;
}

TEST(an_earlier_manifest_that_comes_back_hides_nothing)
{
	struct pasts *pasts = calloc(1, sizeof(*pasts));
	size_t opened = 0, clean = 0;
	uint32_t table;
	struct fault_disk *disk = make_sessions(&table, pasts);

	for (size_t i = 0; i < pasts->count; i++) {
		bool is_open = try_past(disk, table, &pasts->pasts[i]);

		opened += is_open;
		clean += is_open && pasts->pasts[i].is_clean;
	}
	/* The last three could be from a crash; the others are two or more
	 * behind the one aside. */
	assert_int_equal(opened, 3);
	assert_int_equal(clean, 2);
	forget(pasts);
	fault_disk_destroy(disk);
}

UNIT_MAIN()
