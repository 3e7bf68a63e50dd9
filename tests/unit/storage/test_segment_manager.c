/* SPDX-License-Identifier: MIT */
#include "storage/segment_manager.h"
#include "tests/support/io_fault.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <string.h>

enum { SEGMENT = 4096, PER_FILE = 32 };

static struct segment_manager
make(struct fault_disk *disk, uint64_t size_max)
{
	return (struct segment_manager){
		.io = fault_disk_open(disk),
		.database_id = 1,
		.segment_size = SEGMENT,
		.file_segments = PER_FILE,
		.size_max = size_max,
		.file_flags = IO_DURABLE,
	};
}

static void
finish(struct segment_manager *manager)
{
	struct io *io = manager->io;

	segment_manager_finish(manager);
	io->methods->destroy(io);
}

/* One step of growth, to its end. */
static enum growth_state
grow(struct segment_manager *manager)
{
	segment_growth_start(manager);
	while (manager->growth.state != GROWTH_IDLE &&
	       manager->growth.state != GROWTH_FAILED) {
		manager->io->methods->poll(manager->io, -1);
		segment_growth_step(manager, true);
		if (manager->growth.state == GROWTH_RECORDING)
			segment_growth_recorded(manager, 0);
		else if (manager->growth.state == GROWTH_IDLE)
			break;
	}
	return manager->growth.state;
}

TEST(names_of_segment_files_are_told_from_others)
{
	static const struct {
		const char *name;
		bool is_one;
		uint32_t shard, number;
	} cases[] = {
		{ "00-000000.segments", true, 0, 0 },
		{ "00-000012.segments", true, 0, 12 },
		{ "07-1234567.segments", true, 7, 1234567 },
		{ "00-9999999999.segments", true, 0, UINT32_MAX },
		{ "00-00012.segments", false, 0, 0 },
		{ "0-000012.segments", false, 0, 0 },
		{ "000-000012.segments", false, 0, 0 },
		{ "00-000012.segments.bak", false, 0, 0 },
		{ "00-00001x.segments", false, 0, 0 },
		{ "manifest", false, 0, 0 },
		{ "", false, 0, 0 },
	};
	char name[SEGMENT_FILE_NAME_SIZE];

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint32_t shard = 99, number = 99;

		assert_int_equal(segment_file_parse_name(cases[i].name, &shard,
							 &number),
				 cases[i].is_one);
		if (!cases[i].is_one)
			continue;
		assert_int_equal(shard, cases[i].shard);
		assert_int_equal(number, cases[i].number);
	}
	segment_file_name(12, name);
	assert_string_equal(name, "00-000012.segments");
}

TEST(files_grow_in_doubling_steps_that_end_with_the_file)
{
	static const uint32_t totals[] = { 8, 16, 32, 64, 96, 128, 160 };
	struct fault_disk *disk = fault_disk_create(1);
	struct segment_manager manager = make(disk, 0);

	for (size_t i = 0; i < ARRAY_COUNT(totals); i++) {
		assert_int_equal(grow(&manager), GROWTH_IDLE);
		assert_int_equal(manager.segment_count, totals[i]);
		assert_int_equal(manager.file_count,
				 (totals[i] + PER_FILE - 1) / PER_FILE);
	}
	finish(&manager);
	fault_disk_destroy(disk);
}

TEST(what_was_handed_out_survives_a_crash)
{
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct fault_disk *disk = fault_disk_create(seed), *crashed;
		struct segment_manager manager = make(disk, 0);
		size_t size;

		assert_int_equal(grow(&manager), GROWTH_IDLE);
		assert_int_equal(grow(&manager), GROWTH_IDLE);
		crashed = fault_disk_crash(disk, seed);
		assert_non_null(fault_disk_file(crashed, "00-000000.segments",
						&size));
		assert_true(size >= 16 * SEGMENT);
		finish(&manager);
		fault_disk_destroy(disk);
		fault_disk_destroy(crashed);
	}
}

TEST(a_place_is_a_file_and_an_offset)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct segment_manager manager = make(disk, 0);
	struct segment_use use = { .kind = BUFFER_MIXED,
				   .stream = STREAM_USER };
	struct segment_place place;
	struct error error;

	while (manager.segment_count < 64)
		assert_int_equal(grow(&manager), GROWTH_IDLE);
	place = segment_manager_place(&manager, 33, 128);
	assert_int_equal(place.file_number, 1);
	assert_int_equal(place.offset, SEGMENT + 128);
	assert_ptr_equal(place.file, manager.files[1].file);
	segment_manager_damaged(&manager, 33, 128, "rotten", &error);
	assert_string_equal(error.message,
			    "/disk/00-000001.segments is damaged at offset "
			    "4224: rotten");
	manager.next_sequence = 7;
	assert_int_equal(segment_manager_take(&manager, &use), 0);
	assert_int_equal(segment_manager_take(&manager, &use), 1);
	assert_int_equal(manager.segments[1].sequence, 8);
	assert_int_equal(segment_manager_available(&manager), 62);
	assert_true(segment_manager_seed(&manager, 0) !=
		    segment_manager_seed(&manager, 1));
	finish(&manager);
	fault_disk_destroy(disk);
}

TEST(a_step_that_fits_in_part_is_used_in_part)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct segment_manager manager = make(disk, 0);
	struct error error;

	disk->bytes_max = 11 * SEGMENT;
	assert_int_equal(grow(&manager), GROWTH_IDLE);
	assert_int_equal(grow(&manager), GROWTH_IDLE);
	assert_int_equal(manager.segment_count, 11);
	assert_int_equal(grow(&manager), GROWTH_FAILED);
	assert_int_equal(segment_growth_error(&manager, &error),
			 -(int)ERROR_FULL);
	assert_string_equal(error.message,
			    "disk full: cannot extend "
			    "/disk/00-000000.segments: No space left on "
			    "device");
	disk->bytes_max = 0;
	assert_int_equal(grow(&manager), GROWTH_IDLE);
	assert_int_equal(manager.segment_count, 22);
	finish(&manager);
	fault_disk_destroy(disk);
}

TEST(an_error_that_is_no_lack_of_room_is_not_tried_again)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct segment_manager manager = make(disk, 0);
	struct error error;
	uint64_t operations;

	disk->fail_errno = EIO;
	disk->fails_once = true;
	disk->fail_kinds = 1u << IO_SYNC;
	assert_int_equal(grow(&manager), GROWTH_FAILED);
	assert_int_equal(segment_growth_error(&manager, &error),
			 -(int)ERROR_IO);
	operations = disk->operations;
	assert_int_equal(grow(&manager), GROWTH_FAILED);
	assert_int_equal(disk->operations, operations);
	finish(&manager);
	fault_disk_destroy(disk);
}

TEST(live_and_dead_bytes_add_up)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct segment_manager manager = make(disk, 0);
	struct location a = { 0, 128, 100 }, b = { 1, 128, 200 };

	assert_int_equal(grow(&manager), GROWTH_IDLE);
	segment_manager_add_record(&manager, a);
	segment_manager_add_record(&manager, b);
	segment_manager_add_dead_record(&manager, b);
	segment_manager_kill_record(&manager, a);
	assert_int_equal(manager.live_bytes, 200);
	assert_int_equal(manager.record_bytes, 500);
	assert_int_equal(manager.segments[0].live_bytes, 0);
	assert_int_equal(manager.segments[0].record_bytes, 100);
	assert_int_equal(manager.segments[1].live_bytes, 200);
	finish(&manager);
	fault_disk_destroy(disk);
}

UNIT_MAIN()
