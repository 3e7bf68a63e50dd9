/* SPDX-License-Identifier: MIT */
#include "storage/segments/segment_manager.h"
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

/* As storing the manifest does before it counts the file. */
static void
record_file(struct segment_manager *manager)
{
	struct io *io = manager->io;

	assert_int_equal(io_sync_now(io, io->methods->directory(io)), 0);
	segment_growth_recorded(manager, 0);
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
			record_file(manager);
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

/* ---- the life of a place ---- */

static const struct segment_use user_mixed = { .kind = BUFFER_MIXED,
					       .stream = STREAM_USER };

static struct segment_manager
make_grown(struct fault_disk *disk, uint32_t segments)
{
	struct segment_manager manager = make(disk, 0);

	manager.next_sequence = 1;
	while (manager.segment_count < segments)
		assert_int_equal(grow(&manager), GROWTH_IDLE);
	return manager;
}

static void
discard(struct fault_disk *disk, struct segment_manager *manager)
{
	finish(manager);
	fault_disk_destroy(disk);
}

static enum segment_state
state_of(const struct segment_manager *manager, uint32_t segment)
{
	return (enum segment_state)manager->segments[segment].state;
}

TEST(a_segment_lives_dies_and_is_used_again)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct segment_manager manager = make_grown(disk, 8);
	struct location a = { 0, 128, 40 }, b = { 0, 168, 48 };
	uint64_t seed;

	assert_int_equal(segment_manager_take(&manager, &user_mixed), 0);
	seed = segment_manager_seed(&manager, 0);
	assert_int_equal(state_of(&manager, 0), SEGMENT_OPEN);
	assert_int_equal(manager.segments[0].life, 1);
	segment_manager_note_write(&manager, 0, 5);
	segment_manager_note_write(&manager, 0, 6);
	assert_int_equal(manager.segments[0].first_write, 5);
	assert_int_equal(manager.segments[0].last_write, 6);
	segment_manager_add_record(&manager, a);
	segment_manager_add_record(&manager, b);
	/* What is open doesn't die. */
	segment_manager_kill_record(&manager, a);
	segment_manager_seal(&manager, 0);
	assert_int_equal(state_of(&manager, 0), SEGMENT_SEALED);
	segment_manager_kill_record(&manager, b);
	assert_int_equal(state_of(&manager, 0), SEGMENT_DEAD);
	assert_int_equal(manager.dead.first, 0);
	assert_int_equal(manager.dead.count, 1);
	assert_int_equal(segment_manager_available(&manager), 7);
	segment_manager_begin_freeing(&manager, 0);
	assert_int_equal(manager.dead.count, 0);
	assert_int_equal(manager.freeing_count, 1);
	assert_int_equal(manager.record_bytes, 88);
	segment_manager_free(&manager, 0);
	assert_int_equal(manager.freeing_count, 0);
	assert_int_equal(manager.record_bytes, 0);
	assert_int_equal(segment_manager_available(&manager), 8);
	/* All others come first. */
	for (uint32_t i = 1; i < 8; i++)
		assert_int_equal(segment_manager_take(&manager, &user_mixed),
				 i);
	assert_int_equal(segment_manager_take(&manager, &user_mixed), 0);
	assert_int_equal(manager.segments[0].life, 2);
	assert_int_equal(manager.segments[0].sequence, 9);
	assert_int_equal(manager.segments[0].first_write, 0);
	assert_true(segment_manager_seed(&manager, 0) != seed);
	assert_int_equal(segment_manager_available(&manager), 0);
	discard(disk, &manager);
}

TEST(a_segment_without_a_live_record_dies_when_it_is_sealed)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct segment_manager manager = make_grown(disk, 8);

	for (int i = 0; i < 3; i++)
		segment_manager_take(&manager, &user_mixed);
	segment_manager_seal(&manager, 1);
	segment_manager_seal(&manager, 2);
	segment_manager_seal(&manager, 0);
	assert_int_equal(manager.dead.count, 3);
	assert_int_equal(manager.dead.first, 1);
	assert_int_equal(manager.segments[1].next, 2);
	assert_int_equal(manager.dead.last, 0);
	/* From the middle, the end, the start. */
	segment_manager_begin_freeing(&manager, 2);
	assert_int_equal(manager.segments[1].next, 0);
	assert_int_equal(manager.segments[0].previous, 1);
	segment_manager_begin_freeing(&manager, 0);
	assert_int_equal(manager.dead.last, 1);
	segment_manager_begin_freeing(&manager, 1);
	assert_int_equal(manager.dead.count, 0);
	discard(disk, &manager);
}

TEST(a_victim_goes_back_or_dies)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct segment_manager manager = make_grown(disk, 8);
	struct location a = { 0, 128, 40 };

	segment_manager_take(&manager, &user_mixed);
	segment_manager_add_record(&manager, a);
	segment_manager_seal(&manager, 0);
	segment_manager_begin_victim(&manager, 0);
	segment_manager_end_victim(&manager, 0);
	assert_int_equal(state_of(&manager, 0), SEGMENT_SEALED);
	segment_manager_begin_victim(&manager, 0);
	segment_manager_kill_record(&manager, a);
	/* Somebody is still reading it. */
	assert_int_equal(state_of(&manager, 0), SEGMENT_VICTIM);
	segment_manager_end_victim(&manager, 0);
	assert_int_equal(state_of(&manager, 0), SEGMENT_DEAD);
	discard(disk, &manager);
}

TEST(a_quarantined_segment_dies_only_when_its_last_record_does)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct segment_manager manager = make_grown(disk, 8);
	struct location a = { 0, 128, 40 }, b = { 0, 168, 48 };

	segment_manager_take(&manager, &user_mixed);
	segment_manager_add_record(&manager, a);
	segment_manager_add_record(&manager, b);
	segment_manager_seal(&manager, 0);
	segment_manager_quarantine(&manager, 0);
	segment_manager_kill_record(&manager, a);
	assert_int_equal(state_of(&manager, 0), SEGMENT_QUARANTINED);
	segment_manager_kill_record(&manager, b);
	assert_int_equal(state_of(&manager, 0), SEGMENT_DEAD);
	/* One that was never accepted just stays away. */
	segment_manager_take(&manager, &user_mixed);
	segment_manager_abandon(&manager, 1);
	assert_int_equal(state_of(&manager, 1), SEGMENT_QUARANTINED);
	assert_int_equal(manager.dead.count, 1);
	discard(disk, &manager);
}

static void
count_change(void *context, uint32_t segment)
{
	(void)segment;
	(*(int *)context)++;
}

TEST(who_watches_is_told_of_sealed_segments_only)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct segment_manager manager = make_grown(disk, 8);
	struct location a = { 0, 128, 40 }, b = { 0, 168, 48 };
	int changes = 0;

	manager.on_change = count_change;
	manager.on_change_context = &changes;
	segment_manager_take(&manager, &user_mixed);
	segment_manager_add_record(&manager, a);
	segment_manager_add_record(&manager, b);
	assert_int_equal(changes, 0);
	segment_manager_seal(&manager, 0);
	assert_int_equal(changes, 1);
	segment_manager_kill_record(&manager, a);
	assert_int_equal(changes, 2);
	segment_manager_kill_record(&manager, b);
	assert_int_equal(changes, 3);
	discard(disk, &manager);
}

/* ---- runs ---- */

TEST(neighbours_are_found_in_one_file_only)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct segment_manager manager = make_grown(disk, 2 * PER_FILE);

	assert_int_equal(segment_manager_find_run(&manager, PER_FILE + 1),
			 SEGMENT_NONE);
	assert_int_equal(segment_manager_find_run(&manager, PER_FILE), 0);
	segment_manager_take(&manager, &user_mixed);
	assert_int_equal(segment_manager_find_run(&manager, PER_FILE - 1), 1);
	assert_int_equal(segment_manager_find_run(&manager, PER_FILE),
			 PER_FILE);
	segment_manager_set_aside(&manager, PER_FILE, PER_FILE);
	assert_int_equal(segment_manager_find_run(&manager, PER_FILE),
			 SEGMENT_NONE);
	assert_int_equal(segment_manager_available(&manager), PER_FILE - 1);
	segment_manager_put_back(&manager, PER_FILE, PER_FILE);
	/* From where places are used next, then from the start. */
	for (int i = 0; i < PER_FILE + 3; i++)
		segment_manager_take(&manager, &user_mixed);
	segment_manager_seal(&manager, 3);
	segment_manager_seal(&manager, 4);
	for (uint32_t i = 3; i < 5; i++) {
		segment_manager_begin_freeing(&manager, i);
		segment_manager_free(&manager, i);
	}
	assert_int_equal(segment_manager_find_run(&manager, 2), PER_FILE + 4);
	segment_manager_set_aside(&manager, PER_FILE + 4, PER_FILE - 4);
	assert_int_equal(segment_manager_find_run(&manager, 2), 3);
	assert_int_equal(segment_manager_find_run(&manager, 3), SEGMENT_NONE);
	discard(disk, &manager);
}

TEST(a_run_lives_and_dies_as_one)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct segment_manager manager = make_grown(disk, 8);
	struct segment_use use = { .kind = BUFFER_PART,
				   .stream = STREAM_USER };
	uint32_t room = SEGMENT - FORMAT_HEADER_SIZE;
	struct location row = { 2, 128, 2 * room + 8 };

	segment_manager_set_aside(&manager, 2, 3);
	segment_manager_take_run(&manager, &use, 2, 3);
	assert_int_equal(segment_manager_available(&manager), 5);
	segment_manager_add_record(&manager, row);
	for (uint32_t i = 2; i < 5; i++) {
		assert_int_equal(manager.segments[i].sequence, i - 1);
		assert_int_equal(manager.segments[i].kind, BUFFER_PART);
		assert_int_equal(manager.segments[i].live_bytes,
				 i < 4 ? room : 8);
		segment_manager_seal(&manager, i);
		assert_int_equal(state_of(&manager, i), SEGMENT_SEALED);
	}
	assert_int_equal(manager.live_bytes, row.size);
	segment_manager_pin(&manager, row);
	segment_manager_pin(&manager, row);
	segment_manager_unpin(&manager, row);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(manager.segments[i].pins, i >= 2 && i < 5);
	segment_manager_unpin(&manager, row);
	segment_manager_kill_record(&manager, row);
	assert_int_equal(manager.dead.count, 3);
	assert_int_equal(manager.live_bytes, 0);
	discard(disk, &manager);
}

UNIT_MAIN()
