/* SPDX-License-Identifier: MIT
 *
 * When checkpoints are taken, what is in them, what they drop, and what happens
 * when the disk doesn't want them. */
#include "base/pack.h"
#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/moving/segment_freeing.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S = 1000000 };

static uint64_t
checkpoints_of(const struct engine *engine)
{
	struct engine_statistics statistics;

	engine_get_statistics(engine, &statistics);
	return engine->counters.checkpoints;
}

/* A segment of 4 KiB, full, for each of them. */
static void
fill_segments(struct engine *engine, uint32_t table, int first, int count)
{
	char value[3801];

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = first; i < first + count; i++) {
		char key[24];

		snprintf(key, sizeof(key), "large-%d", i);
		driver_commit(engine,
			      driver_put(engine, table, key, value));
	}
}

/* ---- what is in them ---- */

struct content {
	struct checkpoint checkpoint;
	struct index_entry entries[4096];
	uint32_t tables[4096];
	size_t count;
};

/* The newest one on a disk, read through another door. */
static struct content *
read_newest(const struct fault_disk *disk)
{
	struct fault_disk *copy = fault_disk_copy(disk);
	struct io *io = fault_disk_open(copy);
	struct content *content = calloc(1, sizeof(*content));
	struct checkpoint_reader *reader;
	struct manifest manifest;
	struct error error = ERROR_INIT;
	int status;

	assert_non_null(content);
	assert_int_equal(manifest_load(io, &manifest, &error), 0);
	assert_int_equal(checkpoint_open(io, &manifest,
					 &manifest.checkpoints[0],
					 &content->checkpoint, &reader,
					 &error),
			 0);
	do {
		uint32_t table = 0;

		assert_true(content->count < 4096);
		status = checkpoint_next(reader, &table,
					 content->entries + content->count,
					 4096 - content->count, &error);
		assert_true(status >= 0);
		for (int i = 0; i < status; i++)
			content->tables[content->count++] = table;
	} while (status > 0);
	checkpoint_close(reader);
	manifest_finish(&manifest);
	io->methods->destroy(io);
	fault_disk_destroy(copy);
	return content;
}

static void
free_content(struct content *content)
{
	checkpoint_finish(&content->checkpoint);
	free(content);
}

static size_t
count_entries(const struct content *content, uint32_t table)
{
	size_t count = 0;

	for (size_t i = 0; i < content->count; i++)
		count += content->tables[i] == table;
	return count;
}

TEST(a_checkpoint_holds_every_entry_segment_and_table)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t first = driver_create_table(engine);
	uint32_t second = driver_create_table(engine);
	struct content *content;
	const struct checkpoint_segment *segments;
	uint64_t settled;

	/* Nothing is overwritten, so that nothing moves meanwhile. */
	driver_put_many(engine, first, 0, 200);
	driver_put_many(engine, second, 0, 30);
	driver_commit(engine, driver_delete(engine, second, "key-3"));
	settled = engine->writer.settled;
	driver_checkpoint(engine);
	content = read_newest(disk);
	assert_int_equal(content->checkpoint.start.number, 1);
	assert_int_equal(content->checkpoint.start.user_sequence, settled);
	assert_int_equal(content->checkpoint.start.moving_sequence, 0);
	assert_int_equal(count_entries(content, first), 200);
	assert_int_equal(count_entries(content, second), 30);
	assert_int_equal(count_entries(content, ENGINE_TABLE_REGISTRY), 2);
	assert_int_equal(content->checkpoint.segment_count,
			 engine->segments.segment_count);
	segments = content->checkpoint.segments;
	for (uint32_t i = 0; i < content->checkpoint.segment_count; i++) {
		const struct segment *now = &engine->segments.segments[i];

		assert_int_equal(segments[i].is_free,
				 now->state == SEGMENT_FREE);
		assert_int_equal(segments[i].is_open,
				 now->state == SEGMENT_OPEN);
		if (segments[i].is_free)
			continue;
		assert_int_equal(segments[i].sequence, now->sequence);
		assert_int_equal(segments[i].life, now->life);
	}
	for (size_t i = 0; i < content->count; i++) {
		struct table *table = table_registry_find(&engine->tables,
							  content->tables[i]);
		struct index_entry *entry = &content->entries[i], found;

		assert_true(primary_index_find(table->index, entry->token,
					       entry->fingerprint, &found));
		assert_int_equal(found.timestamp_us, entry->timestamp_us);
		assert_int_equal(found.location.segment,
				 entry->location.segment);
		assert_int_equal(found.location.offset,
				 entry->location.offset);
		assert_int_equal(found.is_tombstone, entry->is_tombstone);
	}
	free_content(content);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(rows_that_are_written_meanwhile_may_be_in_it_or_not)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct error error = ERROR_INIT;
	struct content *content;
	int round = 0;

	driver_put_many(engine, table, 0, 1500);
	while (engine_checkpoint(engine, &error) == ENGINE_PENDING) {
		driver_put_many(engine, table, 5000 + round * 2, 2);
		round++;
	}
	assert_true(round > 2);
	content = read_newest(disk);
	assert_true(count_entries(content, table) >= 1500);
	assert_true(content->checkpoint.start.user_sequence <
		    engine->writer.settled);
	free_content(content);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(a_table_that_goes_meanwhile_is_left_out)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t kept = driver_create_table(engine);
	uint32_t gone = driver_create_table(engine);
	struct error error = ERROR_INIT;
	struct content *content;

	driver_put_many(engine, kept, 0, 1500);
	driver_put_many(engine, gone, 0, 20);
	assert_int_equal(engine_checkpoint(engine, &error), ENGINE_PENDING);
	assert_int_equal(engine_poll(engine, 0, &error), 0);
	driver_commit(engine, driver_drop_table(engine, gone));
	driver_checkpoint(engine);
	content = read_newest(disk);
	assert_int_equal(count_entries(content, kept), 1500);
	assert_int_equal(count_entries(content, gone), 0);
	free_content(content);
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* ---- when ---- */

TEST(one_is_due_after_enough_log)
{
	struct engine_options options = driver_small;
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine;
	uint32_t table;
	uint64_t bytes;

	options.checkpoint_size = 300 << 10;
	engine = driver_open(fault_disk_open(disk), &options);
	table = driver_create_table(engine);
	fill_segments(engine, table, 0, 72);
	assert_int_equal(checkpoints_of(engine), 0);
	fill_segments(engine, table, 72, 20);
	assert_int_equal(checkpoints_of(engine), 1);
	bytes = engine->counters.checkpoint_bytes_written;
	assert_true(bytes > 4096 && bytes < 30000);
	/* Thirty times its own bytes, if that is more. */
	driver_close(engine);
	options.checkpoint_size = 1;
	engine = driver_open(fault_disk_open(disk), &options);
	driver_checkpoint(engine);
	bytes = engine->counters.checkpoint_bytes_written;
	fill_segments(engine, table, 100, (int)(bytes * 30 / 4096) - 1);
	assert_int_equal(checkpoints_of(engine), 1);
	fill_segments(engine, table, 900, 24);
	assert_int_equal(checkpoints_of(engine), 2);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(one_that_is_wanted_while_another_is_under_way_comes_behind_it)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct error error = ERROR_INIT;
	struct content *content;

	driver_put_many(engine, table, 0, 1000);
	checkpoint_writer_demand(engine);
	assert_int_equal(engine_poll(engine, 0, &error), 0);
	assert_false(checkpoint_writer_is_idle(engine->checkpoints));
	driver_put_many(engine, table, 1000, 1);
	driver_checkpoint(engine);
	assert_int_equal(checkpoints_of(engine), 2);
	content = read_newest(disk);
	assert_int_equal(count_entries(content, table), 1001);
	free_content(content);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(files_go_in_turns_and_keep_their_room)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	size_t sizes[3], size;

	driver_put_many(engine, table, 0, 500);
	for (int i = 0; i < 3; i++)
		driver_checkpoint(engine);
	for (int i = 0; i < 3; i++) {
		char name[CHECKPOINT_NAME_SIZE];

		checkpoint_name((uint64_t)i, name);
		assert_non_null(fault_disk_file(disk, name, &sizes[i]));
		assert_true(sizes[i] > 500 * 32);
	}
	for (int i = 0; i < 500; i++) {
		char key[24];

		snprintf(key, sizeof(key), "key-%d", i);
		driver_commit(engine, driver_delete(engine, table, key));
	}
	for (int i = 0; i < 7; i++)
		driver_checkpoint(engine);
	assert_non_null(fault_disk_file(disk, "00-1.checkpoint", &size));
	assert_true(size >= sizes[1]);
	assert_true(engine->manifest.checkpoints[0].number >= 10);
	assert_int_equal(engine->manifest.checkpoints[1].number,
			 engine->manifest.checkpoints[0].number - 1);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(the_horizon_is_the_start_of_the_older_one)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	uint64_t before;

	driver_put_many(engine, table, 0, 20);
	driver_checkpoint(engine);
	assert_int_equal(engine->horizon.user_sequence, 0);
	for (int i = 0; i < 4; i++) {
		before = checkpoint_writer_newest(engine->checkpoints)
				 .user_sequence;
		driver_put_many(engine, table, 0, 5);
		driver_checkpoint(engine);
		assert_int_equal(engine->horizon.user_sequence, before);
		assert_int_equal(engine->manifest.horizon.user_sequence,
				 before);
		assert_true(engine->manifest.user_watermark > before);
		assert_int_equal(engine->manifest.flags & MANIFEST_CLEAN, 0);
	}
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* What a clean manifest lists was written since the newest one. */
TEST(an_opening_from_the_older_one_is_not_a_clean_one)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	size_t size;

	driver_put_many(engine, table, 0, 20);
	driver_checkpoint(engine);
	driver_put_many(engine, table, 20, 20);
	driver_checkpoint(engine);
	driver_close(engine);
	fault_disk_file(disk, "00-2.checkpoint", &size)[200] ^= 1;
	engine = driver_open_disk(disk);
	assert_int_equal(engine->manifest.checkpoints[0].number, 1);
	assert_int_equal(engine->manifest.flags & MANIFEST_CLEAN, 0);
	assert_int_equal(engine->manifest.tail_count, 0);
	assert_int_equal(driver_count(engine, table), 40);
	driver_abandon(engine, disk);
}

static struct index_entry
find_tombstone(struct engine *engine, uint32_t table)
{
	struct index_entry entries[16];
	size_t count = primary_index_range(
		table_registry_find(&engine->tables, table)->index, INT64_MIN,
		0, INT64_MAX, entries, 16);

	for (size_t i = 0; i < count; i++) {
		if (entries[i].is_tombstone)
			return entries[i];
	}
	return (struct index_entry){ 0 };
}

/* A tombstone whose entry is in the newest checkpoint, and in no index: the
 * place where it stands. */
static uint32_t
drop_without_publishing(struct engine *engine, uint32_t table)
{
	uint32_t place;

	driver_commit(engine, driver_delete(engine, table, "gone"));
	place = find_tombstone(engine, table).location.segment;
	for (int i = 0; i < 2; i++) {
		fill_segments(engine, table, 0, 2);
		driver_checkpoint(engine);
	}
	checkpoint_writer_demand(engine);
	while (find_tombstone(engine, table).is_tombstone)
		assert_int_equal(engine_poll(engine, -1, NULL), 0);
	checkpoint_writer_cancel(engine);
	assert_int_equal(engine->manifest.checkpoints[0].number, 2);
	return place;
}

/* What the newest checkpoint leads to there must not be believed. */
TEST(a_place_that_was_used_again_and_freed_is_in_the_tail)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	const struct segment *place;
	uint64_t life;
	uint32_t number;

	number = drop_without_publishing(engine, table);
	life = engine->segments.segments[number].sequence;
	/* As if a crash had made the entry stale: what is dropped keeps its
	 * place. */
	engine->segments.segments[number].dropped_by = 0;
	place = &engine->segments.segments[number];
	for (int i = 0; place->sequence == life ||
			place->state != SEGMENT_FREE;
	     i++) {
		assert_true(i < 1000);
		fill_segments(engine, table, i % 2, 1);
		place = &engine->segments.segments[number];
	}
	assert_int_equal(engine->manifest.checkpoints[0].number, 2);
	driver_close(engine);
	engine = driver_open_disk(disk);
	assert_int_equal(engine->manifest.checkpoints[0].number, 2);
	assert_int_equal(engine->segments.segments[number].live_bytes, 0);
	assert_false(find_tombstone(engine, table).is_tombstone);
	driver_abandon(engine, disk);
}

/* An opening that begins with the last one must find the place as it was. */
TEST(a_dropped_place_is_kept_until_a_checkpoint_without_it_is_there)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	const struct segment *place;
	uint32_t number;

	number = drop_without_publishing(engine, table);
	segment_freeing_step(engine, true);
	place = &engine->segments.segments[number];
	assert_int_equal(place->live_bytes, 0);
	assert_int_equal(place->state, SEGMENT_DEAD);
	driver_checkpoint(engine);
	segment_freeing_step(engine, true);
	assert_true(place->state == SEGMENT_FREEING ||
		    place->state == SEGMENT_FREE);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(the_moving_stream_is_held_until_it_is_empty)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	struct error error = ERROR_INIT;

	driver_create_table(engine);
	/* As if a moving buffer were on its way. */
	engine->moving.count = 1;
	checkpoint_writer_demand(engine);
	checkpoint_writer_step(engine, 1 << 20);
	checkpoint_writer_step(engine, 1 << 20);
	assert_true(engine->moving.is_held);
	engine->moving.count = 0;
	checkpoint_writer_step(engine, 1 << 20);
	assert_false(engine->moving.is_held);
	while (!checkpoint_writer_is_idle(engine->checkpoints))
		assert_int_equal(engine_poll(engine, -1, &error), 0);
	assert_int_equal(checkpoint_writer_outcome(engine->checkpoints,
						   &error),
			 0);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(what_entries_point_at_is_durable_before_it_is_published)
{
	static const enum engine_sync modes[] = { ENGINE_SYNC_GROUP,
						  ENGINE_SYNC_OFF };

	for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
		struct engine_options options = driver_small;
		struct fault_disk *disk = fault_disk_create(1), *crashed;
		struct engine *engine;
		struct content *content;
		uint32_t table;

		options.sync = modes[i];
		engine = driver_open(fault_disk_open(disk), &options);
		table = driver_create_table(engine);
		driver_put_many(engine, table, 0, 100);
		driver_checkpoint(engine);
		crashed = driver_crash(engine, disk, 17);
		content = read_newest(crashed);
		assert_int_equal(count_entries(content, table), 100);
		free_content(content);
		engine = driver_open_disk(crashed);
		assert_int_equal(driver_scan_count(engine, table), 100);
		driver_close(engine);
		fault_disk_destroy(crashed);
	}
}

/* ---- what they drop ---- */

static size_t
entries_in(struct engine *engine, uint32_t table)
{
	struct table *found = table_registry_find(&engine->tables, table);

	return (size_t)primary_index_count(found->index);
}

static bool
has_forgotten(const struct engine *engine)
{
	return (engine->manifest.flags & MANIFEST_FORGOTTEN) != 0;
}

/* Whatever is written next goes into another segment. */
static void
leave_segment(struct engine *engine, uint32_t table)
{
	fill_segments(engine, table, 9000, 2);
}

TEST(tombstones_go_when_two_checkpoints_began_behind_them)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);

	driver_put_many(engine, table, 0, 10);
	driver_commit(engine, driver_delete(engine, table, "key-3"));
	driver_commit(engine, driver_delete(engine, table, "key-4"));
	leave_segment(engine, table);
	for (int i = 0; i < 2; i++) {
		driver_checkpoint(engine);
		assert_int_equal(entries_in(engine, table), 12);
		assert_false(has_forgotten(engine));
	}
	driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 10);
	assert_true(has_forgotten(engine));
	assert_null(driver_get(engine, table, "key-3"));
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* So that a few rows leave one open. */
static struct engine *
open_with_large_segments(struct fault_disk *disk)
{
	struct engine_options options = driver_small;

	options.segment_size = 65536;
	return driver_open(fault_disk_open(disk), &options);
}

/* The segment was opened before the horizon; the tombstone in it is newer. */
TEST(a_tombstone_behind_the_start_in_a_segment_before_it_stays)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = open_with_large_segments(disk);
	uint32_t table = driver_create_table(engine);

	driver_put_many(engine, table, 0, 3);
	driver_checkpoint(engine);
	driver_commit(engine, driver_delete(engine, table, "key-1"));
	fill_segments(engine, table, 10, 20);
	driver_checkpoint(engine);
	driver_checkpoint(engine);
	/* Now the horizon is behind it, and this one drops it. */
	assert_int_equal(entries_in(engine, table), 23);
	driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 22);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(a_tombstone_in_an_open_segment_stays)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = open_with_large_segments(disk);
	uint32_t table = driver_create_table(engine);

	driver_put_many(engine, table, 0, 2);
	driver_commit(engine, driver_delete(engine, table, "key-1"));
	for (int i = 0; i < 5; i++)
		driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 2);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(expired_rows_go_when_a_manifest_has_seen_their_second)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	uint32_t now_s = engine_now_s(engine);
	uint32_t seconds[] = { 0, 10, 1000 };
	uint64_t lsn = 0;
	struct error error = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(seconds); i++) {
		char key[] = { 'a', (char)('0' + i), 0 };
		struct engine_write write = {
			.kind = ENGINE_WRITE_ROW,
			.table = table,
			.key = slice_from_string(key),
			.value = SLICE("v"),
			.timestamp_us = engine_timestamp_us(engine),
			.expires_at_s = seconds[i] == 0 ? 0 :
							  now_s + seconds[i],
		};

		assert_int_equal(driver_try_write(engine, &write, 1, &lsn,
						  &error),
				 0);
		driver_commit(engine, lsn);
	}
	leave_segment(engine, table);
	for (int i = 0; i < 3; i++)
		driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 5);
	disk->clock_us += INT64_C(100) * S;
	/* This one's manifest is the first that knows the time. */
	driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 5);
	assert_null(driver_get(engine, table, "a1"));
	driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 4);
	assert_string_equal(driver_get(engine, table, "a2"), "v");
	disk->clock_us += INT64_C(1000) * S;
	driver_checkpoint(engine);
	driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 3);
	assert_string_equal(driver_get(engine, table, "a0"), "v");
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(registrations_of_dropped_tables_go_and_no_others)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t kept = driver_create_table(engine);
	uint32_t gone = driver_create_table(engine);

	driver_put_many(engine, gone, 0, 2);
	driver_commit(engine, driver_drop_table(engine, gone));
	leave_segment(engine, kept);
	for (int i = 0; i < 2; i++)
		driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, ENGINE_TABLE_REGISTRY), 2);
	for (int i = 0; i < 3; i++)
		driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, ENGINE_TABLE_REGISTRY), 1);
	assert_string_equal(driver_get(engine, kept, "large-9000") + 3798,
			    "vv");
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* A row and then its deletion, in a segment that nobody writes any more. */
static void
delete_with_own_timestamps(struct engine *engine, uint32_t table)
{
	struct engine_write write = {
		.kind = ENGINE_WRITE_ROW,
		.table = table,
		.key = SLICE("late"),
		.value = SLICE("v"),
		.timestamp_us = 5,
		.is_explicit = true,
	};
	struct error error = ERROR_INIT;
	uint64_t lsn;

	assert_int_equal(driver_try_write(engine, &write, 1, &lsn, &error), 0);
	write.kind = ENGINE_WRITE_TOMBSTONE;
	write.value = (struct slice){ 0 };
	write.timestamp_us = 6;
	assert_int_equal(driver_try_write(engine, &write, 1, &lsn, &error), 0);
	driver_commit(engine, lsn);
	leave_segment(engine, table);
}

TEST(tombstones_wait_where_timestamps_are_the_users_own)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);

	delete_with_own_timestamps(engine, table);
	engine_set_gc_grace(engine, table, 3600);
	for (int i = 0; i < 4; i++)
		driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 3);
	disk->clock_us += INT64_C(3500) * S;
	driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 3);
	disk->clock_us += INT64_C(200) * S;
	driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 2);
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(tombstones_wait_ten_days_until_told)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);

	delete_with_own_timestamps(engine, table);
	for (int i = 0; i < 4; i++)
		driver_checkpoint(engine);
	disk->clock_us += INT64_C(863000) * S;
	driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 3);
	disk->clock_us += INT64_C(2000) * S;
	driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 2);
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* How long isn't stored: who opens it reads first what to tell. */
TEST(tombstones_of_earlier_openings_wait_to_be_told)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);

	delete_with_own_timestamps(engine, table);
	engine_set_gc_grace(engine, table, 2000000);
	driver_close(engine);
	disk->clock_us += INT64_C(1000000) * S;
	engine = driver_open_disk(disk);
	for (int i = 0; i < 4; i++)
		driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 3);
	engine_set_gc_grace(engine, table, 2000000);
	disk->clock_us += INT64_C(1100000) * S;
	driver_checkpoint(engine);
	assert_int_equal(entries_in(engine, table), 2);
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* ---- a disk that fails ---- */

TEST(a_full_disk_gives_the_checkpoint_up_and_nothing_else)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct error error = ERROR_INIT;

	driver_put_many(engine, table, 0, 300);
	driver_checkpoint(engine);
	disk->fail_kinds = 1u << IO_WRITE;
	disk->fail_errno = ENOSPC;
	for (uint64_t after = 0;; after++) {
		struct content *content;
		int status;

		disk->fail_after = after;
		disk->fails_once = true;
		disk->fail_errno = ENOSPC;
		status = driver_try_checkpoint(engine, &error);
		disk->fail_errno = 0;
		if (status == 0)
			break;
		assert_int_equal(error.code, ERROR_FULL);
		content = read_newest(disk);
		assert_int_equal(content->checkpoint.start.number,
				 engine->manifest.checkpoints[0].number);
		free_content(content);
		driver_put_many(engine, table, 0, 1);
		assert_true(after < 100);
	}
	driver_checkpoint(engine);
	driver_close(engine);
	fault_disk_destroy(disk);
}

/* Whatever fails, and wherever: the database goes on from the last checkpoint
 * that was published, and the next one can be taken. */
TEST(a_failure_anywhere_leaves_the_last_one)
{
	bool is_done = false;

	for (uint64_t after = 0; !is_done; after++) {
		struct fault_disk *disk = fault_disk_create(1), *crashed;
		struct engine *engine = driver_open_disk(disk);
		uint32_t table = driver_create_table(engine);
		struct error error = ERROR_INIT;
		struct content *content;

		driver_put_many(engine, table, 0, 100);
		driver_checkpoint(engine);
		driver_put_many(engine, table, 100, 10);
		disk->fail_errno = EIO;
		disk->fails_once = true;
		disk->fail_after = after;
		is_done = driver_try_checkpoint(engine, &error) == 0;
		disk->fail_errno = 0;
		crashed = fault_disk_crash(disk, after);
		content = read_newest(crashed);
		assert_true(count_entries(content, table) >= 100);
		free_content(content);
		fault_disk_destroy(crashed);
		driver_checkpoint(engine);
		content = read_newest(disk);
		assert_int_equal(count_entries(content, table), 110);
		free_content(content);
		driver_close(engine);
		fault_disk_destroy(disk);
		assert_true(after < 200);
	}
}

TEST(a_crash_anywhere_leaves_one_that_can_be_read)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct error error = ERROR_INIT;

	driver_put_many(engine, table, 0, 300);
	driver_checkpoint(engine);
	for (uint64_t round = 0; round < 6; round++) {
		while (engine_checkpoint(engine, &error) == ENGINE_PENDING) {
			struct fault_disk *crashed =
				fault_disk_crash(disk, round);
			struct content *content = read_newest(crashed);

			assert_true(count_entries(content, table) >= 300);
			free_content(content);
			fault_disk_destroy(crashed);
			assert_int_equal(engine_poll(engine, -1, &error), 0);
		}
		driver_put_many(engine, table, 0, 3);
	}
	driver_close(engine);
	fault_disk_destroy(disk);
}

TEST(nothing_is_published_once_writing_has_failed)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct error error = ERROR_INIT;
	uint64_t lsn;

	driver_put_many(engine, table, 0, 1000);
	assert_int_equal(engine_checkpoint(engine, &error), ENGINE_PENDING);
	assert_int_equal(engine_poll(engine, 0, &error), 0);
	lsn = driver_put(engine, table, "more", "v");
	disk->fail_errno = EIO;
	assert_true(driver_try_commit(engine, lsn, &error) < 0);
	disk->fail_errno = 0;
	assert_int_equal(driver_try_checkpoint(engine, &error), -ERROR_IO);
	for (int i = 0; i < 20; i++)
		assert_int_equal(engine_poll(engine, 0, &error), 0);
	assert_true(checkpoint_writer_is_idle(engine->checkpoints));
	assert_int_equal(engine->manifest.checkpoints[0].number, 0);
	assert_string_equal(driver_get(engine, table, "key-5"),
			    "a value of some length");
	(void)!engine_close(engine, &error);
	fault_disk_destroy(disk);
}

/* ---- closing ---- */

TEST(closing_in_the_middle_of_one_is_fine)
{
	for (int polls = 0; polls < 30; polls++) {
		struct fault_disk *disk = fault_disk_create(1);
		struct engine *engine = driver_open_disk(disk);
		uint32_t table = driver_create_table(engine);
		struct error error = ERROR_INIT;

		driver_put_many(engine, table, 0, 300);
		for (int i = 0; i < polls; i++) {
			int status = engine_checkpoint(engine, &error);

			assert_true(status >= 0);
			assert_int_equal(engine_poll(engine, 0, &error), 0);
		}
		driver_close(engine);
		engine = driver_open_disk(disk);
		assert_int_equal(driver_scan_count(engine, table), 300);
		driver_close(engine);
		fault_disk_destroy(disk);
	}
}

TEST(closing_takes_one_when_opening_would_take_long)
{
	struct fault_disk *disk = fault_disk_create(1);
	struct engine *engine = driver_open_disk(disk);
	uint32_t table = driver_create_table(engine);
	struct content *content;

	driver_put_many(engine, table, 0, 10);
	/* As if so many records had been written. */
	engine->last_lsn += 300000;
	engine->writer.settled_lsn += 300000;
	driver_close(engine);
	content = read_newest(disk);
	assert_int_equal(count_entries(content, table), 10);
	free_content(content);
	fault_disk_destroy(disk);
}

UNIT_MAIN()
