/* SPDX-License-Identifier: MIT
 *
 * Records that move: compaction, separator and moving writer, in one process
 * against a model, from half full to as full as it gets.
 *
 *	SEED=n test_moving */
#include "base/checksum.h"
#include "storage/engine_step.h"
#include "storage/moving/compaction.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 4096, POLLS_MAX = 100000 };

struct model_row {
	uint32_t version; /* 0: there is none */
	uint32_t size;
};

struct world {
	uint64_t random;
	struct engine *engine;
	uint32_t table;
	uint32_t keys;
	uint32_t size_max; /* of a value */
	struct model_row rows[KEYS_MAX];
	uint32_t next_version;
	uint64_t live_bytes; /* of values, about */
	uint64_t polls;
};

static uint32_t
draw(struct world *world, uint32_t below)
{
	world->random = checksum_mix(world->random, 11);
	return (uint32_t)(world->random % below);
}

static uint64_t
seed_of_run(void)
{
	const char *text = getenv("SEED");

	return text == NULL ? 1 : strtoull(text, NULL, 10);
}

static void
fill(uint8_t *bytes, uint32_t size, uint32_t key, uint32_t version)
{
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(key * 7 + version * 13 + i);
}

static struct slice
key_of(uint32_t key, char text[16])
{
	return slice_make(text, (size_t)snprintf(text, 16, "k%u", key));
}

/* ---- what holds at any time ---- */

struct recounted {
	uint32_t *live;
	uint64_t total;
};

static void
recount_table(const struct engine *engine, const struct table *table,
	      uint32_t *live)
{
	struct index_entry entries[64];
	int64_t token = INT64_MIN;
	uint64_t fingerprint = 0;
	size_t count;

	(void)engine;
	while ((count = primary_index_range(table->index, token, fingerprint,
					    INT64_MAX, entries, 64)) > 0) {
		for (size_t i = 0; i < count; i++)
			live[entries[i].location.segment] +=
				entries[i].location.size;
		token = entries[count - 1].token;
		fingerprint = entries[count - 1].fingerprint + 1;
		assert_true(fingerprint != 0);
	}
}

/* Bytes that are counted are the bytes that the indexes point at. */
static void
check_counts(const struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;
	uint32_t *live = calloc(segments->segment_count, sizeof(*live));
	uint64_t sum = 0, records = 0;
	uint32_t free_count = 0;

	assert_non_null(live);
	for (size_t i = 0; i < engine->tables.count; i++)
		recount_table(engine, engine->tables.tables[i], live);
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		const struct segment *segment = &segments->segments[i];

		assert_int_equal(segment->live_bytes, live[i]);
		assert_true(segment->record_bytes >= live[i]);
		sum += live[i];
		records += segment->record_bytes;
		free_count += segment->state == SEGMENT_FREE;
	}
	assert_int_equal(segments->live_bytes, sum);
	assert_int_equal(segments->record_bytes, records);
	assert_int_equal(segments->free_count, free_count);
	free(live);
}

static void
check_row(struct world *world, uint32_t key)
{
	static uint8_t expected[1 << 17];
	const struct model_row *model = &world->rows[key];
	struct engine_row row;
	struct buffer value = { 0 };
	struct error error = ERROR_INIT;
	char text[16];
	int status = driver_try_get(world->engine, world->table,
				    key_of(key, text), &row, &value, &error);

	if (status < 0)
		print_error("%s\n", error.message);
	assert_int_equal(status, 0);
	if (model->version == 0) {
		assert_int_not_equal(row.state, ENGINE_ROW_LIVE);
	} else {
		assert_int_equal(row.state, ENGINE_ROW_LIVE);
		assert_int_equal(value.size, model->size);
		fill(expected, model->size, key, model->version);
		assert_memory_equal(value.data, expected, model->size);
	}
	buffer_finish(&value);
}

static void
check_all(struct world *world)
{
	for (uint32_t key = 0; key < world->keys; key++)
		check_row(world, key);
	check_counts(world->engine);
}

static void
print_state(const struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;

	print_error("%u segments, %u free, %u dead, %u freeing; %llu live "
		    "bytes of %llu; rows of table 3: %zu, waiting %zu\n",
		    segments->segment_count, segments->free_count,
		    segments->dead.count, segments->freeing_count,
		    (unsigned long long)segments->live_bytes,
		    (unsigned long long)segments->record_bytes,
		    engine->freeing.wanted_count,
		    engine->freeing.waiting_count);
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		const struct segment *segment = &segments->segments[i];

		print_error("%u:%u/%u/%u ", segment->state, segment->kind,
			    segment->live_bytes, segment->record_bytes);
	}
	print_error("\n");
}

/* ---- work ---- */

/* False when it was refused for lack of room. */
static bool
write_row(struct world *world, uint32_t key, bool is_delete, uint32_t size)
{
	static uint8_t bytes[1 << 17];
	struct model_row *model = &world->rows[key];
	struct engine_write write = { .kind = ENGINE_WRITE_ROW,
				      .table = world->table };
	struct error error = ERROR_INIT;
	uint32_t version = ++world->next_version;
	uint64_t lsn;
	char text[16];
	int status;

	write.key = key_of(key, text);
	write.timestamp_us = engine_timestamp_us(world->engine);
	if (is_delete) {
		write.kind = ENGINE_WRITE_TOMBSTONE;
	} else {
		fill(bytes, size, key, version);
		write.value = slice_make(bytes, size);
	}
	while ((status = engine_write(world->engine, &write, 1, &lsn,
				      &error)) == ENGINE_PENDING) {
		assert_int_equal(engine_poll(world->engine, -1, &error), 0);
		/* Never stuck. */
		if (++world->polls == POLLS_MAX)
			print_state(world->engine);
		assert_true(world->polls < POLLS_MAX);
	}
	world->polls = 0;
	if (status < 0) {
		assert_int_equal(error.code, ERROR_FULL);
		return false;
	}
	if (draw(world, 8) == 0)
		driver_commit(world->engine, lsn);
	world->live_bytes -= model->version == 0 ? 0 : model->size + 64;
	*model = (struct model_row){ is_delete ? 0 : version, size };
	world->live_bytes += is_delete ? 0 : size + 64;
	return true;
}

static struct world *
make_world(struct io *io, const struct engine_options *options, uint64_t seed,
	   uint32_t keys, uint32_t size_max)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	assert_true(keys <= KEYS_MAX);
	world->engine = driver_open(io, options);
	world->random = seed;
	world->keys = keys;
	world->size_max = size_max;
	world->table = driver_create_table(world->engine);
	return world;
}

static struct world *
open_world(const struct engine_options *options, uint64_t seed, uint32_t keys,
	   uint32_t size_max)
{
	struct error error = ERROR_INIT;
	struct io *io;

	assert_int_equal(io_memory_create(&io, &error), 0);
	return make_world(io, options, seed, keys, size_max);
}

static void
close_world(struct world *world)
{
	driver_close(world->engine);
	free(world);
}

/* Overwrites and deletes at about ${share} percent of all room live. */
static void
churn(struct world *world, uint32_t steps, uint32_t share)
{
	uint64_t most = world->engine->segments.size_max / 100 * share;
	uint32_t refused = 0;

	for (uint32_t i = 0; i < steps; i++) {
		uint32_t key = draw(world, world->keys);
		bool is_delete = world->live_bytes > most ||
				 draw(world, 20) == 0;

		if (!write_row(world, key, is_delete,
			       draw(world, world->size_max)))
			refused++;
		if (i % 997 == 0)
			check_counts(world->engine);
	}
	assert_true(refused <= steps / 2);
	check_all(world);
}

TEST(overwritten_space_is_won_back)
{
	static const uint32_t shares[] = { 50, 70, 80, 90 };

	for (size_t i = 0; i < 4; i++) {
		struct engine_options options = driver_small;
		struct world *world;

		options.size_max = 256 << 12;
		world = open_world(&options, seed_of_run() + i, 2000, 600);
		churn(world, 20000, shares[i]);
		assert_true(world->engine->counters.compactions > 0);
		close_world(world);
	}
}

/* Rows of more than half a segment can't share one: whatever is asked for is
 * granted or refused. */
TEST(no_write_waits_for_ever_however_badly_rows_pack)
{
	static const uint32_t shares[] = { 60, 90, 120 };

	for (size_t i = 0; i < 3; i++) {
		struct engine_options options = driver_small;
		struct world *world;

		options.size_max = (uint64_t)(8 + 24 * i) << 12;
		world = open_world(&options, seed_of_run() + i, 60, 3700);
		for (int step = 0; step < 3000; step++) {
			uint32_t key = draw(world, world->keys);
			uint64_t most = options.size_max / 100 * shares[i];

			write_row(world, key,
				  world->live_bytes > most ||
					  draw(world, 10) == 0,
				  draw(world, world->size_max));
		}
		check_all(world);
		close_world(world);
	}
}

/* ---- the separation of everything ---- */

static void
compact(struct engine *engine)
{
	struct engine_progress progress;
	struct error error = ERROR_INIT;
	int status;

	while ((status = engine_compact(engine, &progress, &error)) ==
	       ENGINE_PENDING) {
		assert_int_equal(engine_poll(engine, -1, &error), 0);
		assert_true(progress.done_bytes <= progress.total_bytes);
	}
	assert_int_equal(status, 0);
}

/* Where a row is, by its token: each full segment once, from its start on. */
struct layout {
	uint32_t segment;
	uint32_t offset;
	uint32_t full_bytes;
	uint32_t mixed_bytes;
	uint32_t segments;
};

static void
note_entry(const struct engine *engine, const struct index_entry *entry,
	   struct layout *layout)
{
	const struct segment *segment =
		&engine->segments.segments[entry->location.segment];

	if (segment->kind != BUFFER_FULL) {
		layout->mixed_bytes += entry->location.size;
		return;
	}
	layout->full_bytes += entry->location.size;
	assert_true(entry->token >= segment->first_token);
	assert_true(entry->token <= segment->last_token);
}

static struct layout
look_at_layout(const struct engine *engine, const struct table *table)
{
	struct layout layout = { 0 };
	struct index_entry entries[64];
	int64_t token = INT64_MIN;
	uint64_t fingerprint = 0;
	size_t count;

	while ((count = primary_index_range(table->index, token, fingerprint,
					    INT64_MAX, entries, 64)) > 0) {
		for (size_t i = 0; i < count; i++)
			note_entry(engine, &entries[i], &layout);
		token = entries[count - 1].token;
		fingerprint = entries[count - 1].fingerprint + 1;
	}
	return layout;
}

/* A full segment spans no more than one group of 2^${bits}. */
static void
check_groups(const struct engine *engine, uint32_t table, unsigned bits)
{
	const struct segment_manager *segments = &engine->segments;

	for (uint32_t i = 0; i < segments->segment_count; i++) {
		const struct segment *segment = &segments->segments[i];
		uint64_t first = (uint64_t)segment->first_token ^
				 UINT64_C(1) << 63;
		uint64_t last = (uint64_t)segment->last_token ^
				UINT64_C(1) << 63;

		if (segment->state != SEGMENT_SEALED ||
		    segment->kind != BUFFER_FULL || segment->table != table)
			continue;
		assert_true(first >> (64 - bits) == last >> (64 - bits));
	}
}

/* Forty megabytes are four groups, and there are outputs for two at a time. */
TEST(everything_is_separated_in_levels)
{
	enum { ROWS = 40000, SIZE = 1000 };
	struct engine_options options = { .segment_size = 16 << 10,
					  .cache_size = ENGINE_CACHE_NONE,
					  .separator_size = 48 << 10 };
	struct world *world = open_world(&options, 1, 1, SIZE);
	struct engine_statistics statistics;
	uint8_t value[SIZE] = { 0 };
	struct layout layout;

	for (int i = 0; i < ROWS * 2; i++) {
		struct engine_write write = { .kind = ENGINE_WRITE_ROW,
					      .table = world->table };
		char text[16];

		write.key = key_of((uint32_t)(i % ROWS), text);
		write.timestamp_us = engine_timestamp_us(world->engine);
		write.value = slice_make(value, SIZE);
		driver_write(world->engine, &write, 1);
	}
	compact(world->engine);
	check_counts(world->engine);
	layout = look_at_layout(
		world->engine,
		table_registry_find(&world->engine->tables, world->table));
	assert_true(layout.mixed_bytes < layout.full_bytes / 100);
	check_groups(world->engine, world->table, 2);
	engine_get_statistics(world->engine, &statistics);
	assert_true((statistics.segments - statistics.segments_free) *
			    (16 << 10) <
		    statistics.live_bytes / 100 * 105);
	assert_int_equal(driver_scan_count(world->engine, world->table),
			 ROWS);
	/* Again: there is nothing to do. */
	statistics.moved_bytes = world->engine->moving.bytes_moved;
	compact(world->engine);
	assert_true(world->engine->moving.bytes_moved <
		    statistics.moved_bytes + (4 << 20));
	close_world(world);
}

TEST(what_stands_together_is_not_moved_again)
{
	struct engine_options options = { .segment_size = 16 << 10 };
	struct world *world = open_world(&options, 1, 1, 100);
	uint64_t moved;

	for (uint32_t i = 0; i < 20; i++) {
		struct engine_write write = { .kind = ENGINE_WRITE_ROW,
					      .table = world->table };
		char text[16];

		write.key = key_of(i, text);
		write.timestamp_us = engine_timestamp_us(world->engine);
		driver_write(world->engine, &write, 1);
	}
	compact(world->engine);
	moved = world->engine->moving.bytes_moved;
	assert_true(moved > 0);
	compact(world->engine);
	assert_int_equal(world->engine->moving.bytes_moved, moved);
	close_world(world);
}

TEST(a_database_is_compacted_while_it_is_written_and_when_it_is_full)
{
	for (uint32_t share = 50; share <= 90; share += 40) {
		struct engine_options options = driver_small;
		struct world *world;

		options.size_max = 128 << 12;
		world = open_world(&options, seed_of_run() + share, 1000, 600);
		churn(world, 5000, share);
		for (int i = 0; i < 5; i++) {
			struct error error = ERROR_INIT;
			int status = ENGINE_PENDING;

			for (int j = 0; status == ENGINE_PENDING; j++) {
				status = engine_compact(world->engine, NULL,
							&error);
				if (j % 50 == 0)
					write_row(world,
						  draw(world, world->keys),
						  false,
						  draw(world, 600));
				assert_int_equal(engine_poll(world->engine, 0,
							     &error),
						 0);
				assert_true(j < POLLS_MAX);
			}
			assert_true(status == 0 || error.code == ERROR_FULL);
			check_all(world);
		}
		churn(world, 2000, share);
		close_world(world);
	}
}

/* ---- what is separated at once ---- */

static uint64_t
count_moved_bytes(const struct engine *engine)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < engine->segments.segment_count; i++) {
		const struct segment *segment = &engine->segments.segments[i];

		if (segment->stream == STREAM_MOVING)
			bytes += segment->live_bytes;
	}
	return bytes;
}

TEST(eager_separation_empties_segments_from_memory)
{
	for (int sync = ENGINE_SYNC_FULL; sync <= ENGINE_SYNC_OFF; sync++) {
		struct engine_options options = driver_small;
		struct world *world;

		options.is_separation_eager = true;
		options.size_max = 256 << 12;
		options.sync = (enum engine_sync)sync;
		world = open_world(&options, seed_of_run(), 1000, 300);
		for (uint32_t i = 0; i < world->keys; i++)
			write_row(world, i, false, 300);
		/* Not before it is durable where it was. */
		for (int i = 0; i < POLLS_MAX &&
				count_moved_bytes(world->engine) <
					world->engine->segments.live_bytes / 2;
		     i++)
			assert_int_equal(engine_poll(world->engine, 0, NULL),
					 0);
		assert_true(count_moved_bytes(world->engine) >
			    world->engine->segments.live_bytes / 2);
		check_all(world);
		churn(world, 4000, 60);
		close_world(world);
	}
}

/* Of a group that gets no more rows: what waits keeps its segment from being
 * freed. */
TEST(what_waits_to_be_separated_leaves_when_it_is_old)
{
	enum { ENOUGH = 64, YOUNG = 16, OLD = 30 };
	struct engine_options options = driver_small;
	struct world *world;
	struct segment_manager *segments;
	uint64_t begun;

	options.is_separation_eager = true;
	world = open_world(&options, seed_of_run(), 2, 9000);
	segments = &world->engine->segments;
	while (segments->segment_count < ENOUGH) {
		segment_growth_start(segments);
		assert_int_equal(engine_poll(world->engine, 0, NULL), 0);
	}
	begun = segments->next_sequence;
	assert_true(write_row(world, 0, false, 100));
	driver_commit(world->engine, engine_last_lsn(world->engine));
	/* Rows that are larger than a segment aren't separated. */
	while (segments->next_sequence <= begun + OLD) {
		assert_true(write_row(world, 1, false, 9000));
		driver_commit(world->engine, engine_last_lsn(world->engine));
		if (segments->next_sequence < begun + YOUNG)
			assert_int_equal(count_moved_bytes(world->engine), 0);
	}
	for (int i = 0; i < 10; i++)
		assert_int_equal(engine_poll(world->engine, 0, NULL), 0);
	assert_true(count_moved_bytes(world->engine) > 100);
	check_row(world, 0);
	check_row(world, 1);
	close_world(world);
}

/* ---- faults ---- */

static void
close_faulty(struct world *world, struct fault_disk *disk)
{
	driver_abandon(world->engine, disk);
	free(world);
}

static uint32_t
count_quarantined(const struct engine *engine)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < engine->segments.segment_count; i++)
		count += engine->segments.segments[i].state ==
			 SEGMENT_QUARANTINED;
	return count;
}

/* Each third segment has a byte that rotted: its records stay where they are,
 * and all others move on. */
TEST(what_cannot_be_read_is_left_alone)
{
	struct engine_options options = driver_small;
	struct fault_disk *disk = fault_disk_create(3);
	struct world *world;
	uint32_t quarantined;
	uint8_t *bytes;
	size_t size;

	options.file_segments = 512;
	options.size_max = 256 << 12;
	world = make_world(fault_disk_open(disk), &options, 1, 1000, 300);
	for (uint32_t i = 0; i < world->keys; i++)
		write_row(world, i, false, 300);
	driver_commit(world->engine, engine_last_lsn(world->engine));
	bytes = fault_disk_file(disk, "00-000000.segments", &size);
	assert_non_null(bytes);
	for (size_t i = 0; i + 4096 <= size; i += 3 * 4096)
		bytes[i + 200] ^= 1;
	for (uint32_t i = 0; i < 20000; i++)
		write_row(world, draw(world, world->keys / 2) * 2, false,
			  draw(world, 300));
	check_counts(world->engine);
	quarantined = count_quarantined(world->engine);
	assert_true(quarantined > 10);
	for (uint32_t i = 0; i < world->keys; i += 2)
		check_row(world, i);
	assert_true(world->engine->counters.compactions > 100);
	close_faulty(world, disk);
}

static uint32_t
find_victim(const struct engine *engine)
{
	for (uint32_t i = 0; i < engine->segments.segment_count; i++) {
		if (engine->segments.segments[i].state == SEGMENT_VICTIM)
			return i;
	}
	return SEGMENT_NONE;
}

/* Its rows died while it was read. */
TEST(a_failed_read_of_what_is_dead_is_no_damage)
{
	struct fault_disk *disk = fault_disk_create(3);
	struct world *world = make_world(fault_disk_open(disk), &driver_small,
					 1, 200, 300);
	struct engine *engine = world->engine;
	struct error error = ERROR_INIT;
	uint32_t victim;

	for (uint32_t i = 0; i < world->keys; i++)
		write_row(world, i, false, 300);
	driver_commit(engine, engine_last_lsn(engine));
	disk->fail_errno = EIO;
	disk->fail_kinds = 1u << IO_READ;
	disk->fails_once = true;
	while ((victim = find_victim(engine)) == SEGMENT_NONE) {
		assert_int_equal(engine_compact(engine, NULL, &error),
				 ENGINE_PENDING);
		engine_step(engine);
	}
	segment_manager_kill_record(
		&engine->segments,
		(struct location){
			.segment = victim,
			.offset = FORMAT_HEADER_SIZE,
			.size = engine->segments.segments[victim].live_bytes,
		});
	assert_int_equal(engine_poll(engine, -1, &error), 0);
	assert_int_equal(disk->fail_errno, 0);
	assert_int_equal(engine->segments.quarantined_count, 0);
	close_faulty(world, disk);
}

/* As an entry of a checkpoint that somebody has forged. */
TEST(a_victim_with_fewer_rows_than_entries_is_damaged)
{
	struct fault_disk *disk = fault_disk_create(3);
	struct world *world = make_world(fault_disk_open(disk), &driver_small,
					 1, 200, 300);
	struct engine *engine = world->engine;
	struct segment_manager *segments = &engine->segments;
	uint32_t forged = 0;

	for (uint32_t i = 0; i < world->keys; i++)
		write_row(world, i, false, 300);
	driver_commit(engine, engine_last_lsn(engine));
	while (segments->segments[forged].state != SEGMENT_SEALED)
		forged++;
	segments->segments[forged].live_bytes += 100;
	segments->live_bytes += 100;
	driver_compact(engine);
	assert_int_equal(segments->segments[forged].state,
			 SEGMENT_QUARANTINED);
	close_faulty(world, disk);
}

TEST(a_failed_read_stops_nothing)
{
	struct engine_options options = driver_small;
	struct fault_disk *disk = fault_disk_create(3);
	struct world *world;

	options.size_max = 256 << 12;
	world = make_world(fault_disk_open(disk), &options, 2, 1000, 600);
	churn(world, 3000, 70);
	for (int i = 0; i < 20; i++) {
		disk->fail_errno = 5;
		disk->fail_kinds = 1u << IO_READ;
		disk->fail_after = 0;
		disk->fails_once = true;
		for (int j = 0; j < 200; j++)
			write_row(world, draw(world, world->keys), false,
				  draw(world, 600));
	}
	disk->fail_errno = 0;
	assert_true(count_quarantined(world->engine) > 0);
	check_all(world);
	driver_close(world->engine);
	free(world);
	fault_disk_destroy(disk);
}

/* Wherever a write fails, a user's or a moving one: nothing that was
 * acknowledged is lost, and reading goes on. */
TEST(a_failed_moving_write_is_the_end_of_writing)
{
	for (uint64_t after = 0; after < 24; after++) {
		struct engine_options options = driver_small;
		struct fault_disk *disk = fault_disk_create(3);
		struct error error = ERROR_INIT;
		struct world *world;
		uint64_t lsn;
		struct engine_write write = { .kind = ENGINE_WRITE_ROW,
					      .key = SLICE("other") };

		options.size_max = 128 << 12;
		world = make_world(fault_disk_open(disk), &options, after, 500,
				   600);
		churn(world, 2000, 70);
		driver_commit(world->engine, engine_last_lsn(world->engine));
		disk->fail_errno = 5;
		disk->fail_kinds = 1u << IO_WRITE;
		disk->fail_after = after;
		write.table = world->table;
		for (int i = 0; i < 4000; i++) {
			write.timestamp_us =
				engine_timestamp_us(world->engine);
			if (driver_try_write(world->engine, &write, 1, &lsn,
					     &error) < 0 ||
			    driver_try_commit(world->engine, lsn, &error) < 0)
				break;
		}
		assert_int_equal(error.code, ERROR_IO);
		for (int i = 0; i < 10; i++)
			assert_int_equal(engine_poll(world->engine, 0, &error),
					 0);
		disk->fail_errno = 0;
		check_all(world);
		assert_true(engine_close(world->engine, &error) < 0);
		world->engine = driver_open(fault_disk_open(disk), &options);
		check_all(world);
		close_faulty(world, disk);
	}
}

TEST(moved_rows_are_there_after_closing_and_after_a_crash)
{
	struct engine_options options = driver_small;
	struct fault_disk *disk = fault_disk_create(seed_of_run());
	struct world *world;

	options.size_max = 256 << 12;
	world = make_world(fault_disk_open(disk), &options, seed_of_run(),
			   1000, 600);
	for (int i = 0; i < 6; i++) {
		churn(world, 3000, 80);
		driver_commit(world->engine, engine_last_lsn(world->engine));
		if (i % 2 == 0)
			driver_close(world->engine);
		else
			disk = driver_crash(world->engine, disk, (uint64_t)i);
		world->engine = driver_open(fault_disk_open(disk), &options);
		check_all(world);
	}
	driver_close(world->engine);
	free(world);
	fault_disk_destroy(disk);
}

UNIT_MAIN()
