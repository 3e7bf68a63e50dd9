/* SPDX-License-Identifier: MIT
 *
 * What a write leaves in the log and the index beside its row. */
#include "storage/engine_state.h"
#include "storage/format/manifest.h"
#include "storage/log/write_check.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <errno.h>
#include <string.h>

struct world {
	struct fault_disk *disk;
	struct engine *engine;
	uint32_t table;
};

static struct world
make_world(void)
{
	struct world world = { .disk = fault_disk_create(1) };

	world.engine = driver_open_disk(world.disk);
	world.table = driver_create_table(world.engine);
	return world;
}

static void
kill_and_open(struct world *world)
{
	world->disk = driver_kill(world->engine, world->disk);
	world->engine = driver_open_disk(world->disk);
}

static void
finish(struct world *world)
{
	driver_close(world->engine);
	fault_disk_destroy(world->disk);
}

static struct table *
table_of(struct world *world)
{
	return table_registry_find(&world->engine->tables, world->table);
}

static struct index_entry
settled_entry(struct world *world, const char *key)
{
	struct key_hash hash = engine_hash_key(world->engine,
					       slice_from_string(key));
	struct index_entry entry = { 0 };

	driver_commit(world->engine, engine_last_lsn(world->engine));
	assert_true(primary_index_find(table_of(world)->index, hash.token,
				       hash.fingerprint, &entry));
	return entry;
}

/* The record at an entry's place, as it stands on the disk. */
static uint8_t
flags_on_disk(struct world *world, const struct index_entry *entry)
{
	struct segment_place place = segment_manager_place(
		&world->engine->segments, entry->location.segment,
		entry->location.offset);
	char name[SEGMENT_FILE_NAME_SIZE];
	struct record record;
	const uint8_t *bytes;
	size_t size;

	segment_file_name(place.file_number, name);
	bytes = fault_disk_file(world->disk, name, &size);
	assert_int_equal(record_decode(bytes + place.offset,
				       entry->location.size, &record),
			 entry->location.size);
	return record.flags;
}

static bool
has_tie(struct world *world, const char *key)
{
	struct index_entry entry = settled_entry(world, key);

	assert_int_equal((flags_on_disk(world, &entry) & RECORD_TIE) != 0,
			 entry.has_tie);
	return entry.has_tie;
}

/* ---- ties ---- */

TEST(a_record_over_a_version_with_its_timestamp_says_so)
{
	struct world world = make_world();

	driver_put_at(world.engine, world.table, "k", "1", 10);
	assert_false(has_tie(&world, "k"));
	/* Over a settled one. */
	driver_put_at(world.engine, world.table, "k", "2", 10);
	assert_true(has_tie(&world, "k"));
	driver_put_at(world.engine, world.table, "k", "3", 10);
	assert_true(has_tie(&world, "k"));
	driver_put_at(world.engine, world.table, "k", "4", 11);
	assert_false(has_tie(&world, "k"));
	/* Over a pending one, whatever is settled. */
	driver_put_at(world.engine, world.table, "k", "5", 12);
	driver_put_at(world.engine, world.table, "k", "6", 12);
	assert_true(has_tie(&world, "k"));
	driver_put_at(world.engine, world.table, "k", "7", 13);
	driver_put_at(world.engine, world.table, "k", "8", 14);
	assert_false(has_tie(&world, "k"));
	driver_delete_at(world.engine, world.table, "k", 14);
	assert_true(has_tie(&world, "k"));
	finish(&world);
}

TEST(a_tie_survives_a_crash)
{
	struct world world = make_world();

	driver_put_at(world.engine, world.table, "k", "1", 10);
	driver_put_at(world.engine, world.table, "k", "2", 10);
	driver_put_at(world.engine, world.table, "l", "1", 10);
	driver_commit(world.engine, engine_last_lsn(world.engine));
	for (int i = 0; i < 2; i++) {
		kill_and_open(&world);
		assert_true(has_tie(&world, "k"));
		assert_false(has_tie(&world, "l"));
		assert_string_equal(driver_get(world.engine, world.table, "k"),
				    "2");
	}
	finish(&world);
}

/* ---- explicit timestamps ---- */

static struct engine_write
explicit_write(struct world *world, const char *key,
	       enum engine_write_kind kind, int64_t timestamp_us)
{
	return (struct engine_write){ .kind = kind,
				      .table = world->table,
				      .key = slice_from_string(key),
				      .timestamp_us = timestamp_us,
				      .is_explicit = true };
}

static uint64_t
registry_keys(struct world *world)
{
	return primary_index_count(world->engine->registry->index);
}

TEST(the_first_explicit_timestamp_is_registered_with_its_row)
{
	struct world world = make_world();
	struct engine_write write =
		explicit_write(&world, "k", ENGINE_WRITE_ROW, 7);
	uint64_t lsn, first = engine_last_lsn(world.engine);

	assert_false(table_of(&world)->has_explicit);
	driver_put(world.engine, world.table, "plain", "v");
	assert_int_equal(engine_last_lsn(world.engine), first + 1);
	lsn = driver_write(world.engine, &write, 1);
	assert_int_equal(lsn, first + 3);
	/* True when it can't be undone. */
	assert_false(table_of(&world)->has_explicit);
	/* Once is enough, also before that. */
	lsn = driver_write(world.engine, &write, 1);
	assert_int_equal(lsn, first + 4);
	driver_commit(world.engine, lsn);
	assert_true(table_of(&world)->has_explicit);
	assert_int_equal(driver_write(world.engine, &write, 1), first + 5);
	assert_int_equal(registry_keys(&world), 1);
	for (int i = 0; i < 2; i++) {
		kill_and_open(&world);
		assert_true(table_of(&world)->has_explicit);
		assert_true(table_of(&world)->is_registered);
	}
	driver_close(world.engine);
	world.engine = driver_open_disk(world.disk);
	assert_true(table_of(&world)->has_explicit);
	finish(&world);
}

TEST(what_is_refused_or_superseded_registers_nothing)
{
	struct world world = make_world();
	struct engine_write writes[] = {
		explicit_write(&world, "k", ENGINE_WRITE_ROW, 7),
		explicit_write(&world, "", ENGINE_WRITE_ROW, 7),
	};
	struct error error;
	uint64_t lsn;

	assert_true(driver_try_write(world.engine, writes, 2, &lsn, &error) <
		    0);
	assert_false(table_of(&world)->is_explicit_checked);
	driver_put_at(world.engine, world.table, "k", "v", 8);
	driver_commit(world.engine, driver_write(world.engine, writes, 1));
	assert_false(table_of(&world)->has_explicit);
	writes[0].timestamp_us = 9;
	driver_commit(world.engine, driver_write(world.engine, writes, 1));
	assert_true(table_of(&world)->has_explicit);
	finish(&world);
}

/* Which row it stands before isn't known yet when room is looked for. */
TEST(there_is_room_for_a_registration_wherever_it_stands)
{
	struct world world = make_world();
	struct buffered_writer *writer = &world.engine->writer;
	uint32_t half = (4096 - FORMAT_HEADER_SIZE) / 2, left, room;
	struct engine_write writes[3];
	static char value[4096];
	struct error error = ERROR_INIT;
	struct write_plan plan;
	uint64_t before;

	memset(value, 'v', sizeof(value) - 1);
	driver_put_at(world.engine, world.table, "a", "v", 8);
	value[3000] = '\0';
	driver_put(world.engine, world.table, "filler", value);
	for (int i = 0; i < 3; i++)
		writes[i] = explicit_write(&world, i == 0 ? "a" :
						   i == 1 ? "b" :
							    "c",
					   ENGINE_WRITE_ROW, 7);
	writes[1].is_explicit = false;
	/* The first one, which is superseded, and the registration fill the
	 * open buffer, the others one of their own. */
	left = buffered_writer_plan(writer).left;
	room = left - (uint32_t)record_size(RECORD_ROW, REGISTRY_KEY_SIZE,
					    REGISTRY_VALUE_SIZE);
	writes[0].value = slice_make(value, room - RECORD_HEADER_SIZE - 8);
	writes[1].value = slice_make(value, half - RECORD_HEADER_SIZE - 8);
	writes[2].value = writes[1].value;
	assert_true(left < half);
	assert_int_equal(write_record_size(world.engine, &writes[0]), room);
	assert_int_equal(write_record_size(world.engine, &writes[1]), half);
	assert_int_equal(write_check(world.engine, writes, 3, &plan, &error),
			 0);
	write_forget_checks(world.engine, writes, 3);
	before = writer->next_write_sequence;
	driver_write(world.engine, writes, 3);
	assert_true(writer->next_write_sequence - before <= plan.buffers);
	assert_true(writer->next_write_sequence - before <= plan.segments);
	driver_commit(world.engine, engine_last_lsn(world.engine));
	assert_true(table_of(&world)->has_explicit);
	finish(&world);
}

TEST(a_table_may_be_made_and_written_explicitly_in_one_batch)
{
	struct world world = make_world();
	uint32_t table = engine_allocate_table(world.engine);
	struct engine_write writes[] = {
		{ .kind = ENGINE_WRITE_CREATE_TABLE, .table = table },
		{ .kind = ENGINE_WRITE_ROW,
		  .table = table,
		  .key = SLICE("k"),
		  .timestamp_us = 3,
		  .is_explicit = true },
	};

	driver_commit(world.engine, driver_write(world.engine, writes, 2));
	world.table = table;
	assert_true(table_of(&world)->has_explicit);
	kill_and_open(&world);
	assert_true(table_of(&world)->has_explicit);
	driver_commit(world.engine, driver_drop_table(world.engine, table));
	assert_null(table_of(&world));
	kill_and_open(&world);
	assert_null(table_of(&world));
	finish(&world);
}

TEST(an_explicit_batch_that_is_lost_is_registered_again)
{
	struct world world = make_world();
	struct engine_write write =
		explicit_write(&world, "k", ENGINE_WRITE_ROW, 7);
	uint64_t lsn = driver_write(world.engine, &write, 1);
	struct error error;

	world.disk->fail_errno = EIO;
	world.disk->fail_kinds = 1u << IO_WRITE;
	assert_true(driver_try_commit(world.engine, lsn, &error) < 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(engine_poll(world.engine, 0, NULL), 0);
	assert_false(table_of(&world)->has_explicit);
	assert_false(table_of(&world)->is_explicit_written);
	world.disk->fail_errno = 0;
	kill_and_open(&world);
	driver_commit(world.engine, driver_write(world.engine, &write, 1));
	assert_true(table_of(&world)->has_explicit);
	finish(&world);
}

TEST(batches_that_come_in_a_row_share_a_buffer)
{
	struct world world = make_world();
	struct engine *engine = world.engine;
	uint64_t buffers = engine->writer.buffers_written, lsn;

	lsn = driver_put(engine, world.table, "alone", "value");
	assert_int_equal(engine_commit(engine, lsn, NULL), ENGINE_PENDING);
	assert_int_equal(engine->writer.in_flight, 1);
	for (int i = 0; i < 4; i++) {
		char key[] = { 'k', (char)('0' + i), 0 };

		lsn = driver_put(engine, world.table, key, "value");
		assert_int_equal(engine_commit(engine, lsn, NULL),
				 ENGINE_PENDING);
		assert_int_equal(engine_poll(engine, 0, NULL), 0);
	}
	assert_int_equal(engine->writer.buffers_written, buffers + 1);
	/* Who waits has nothing to append. */
	assert_int_equal(engine_poll(engine, -1, NULL), 0);
	assert_int_equal(engine_commit(engine, lsn, NULL), 0);
	assert_int_equal(engine->writer.buffers_written, buffers + 2);
	finish(&world);
}

TEST(who_asks_again_without_waiting_is_not_held_up)
{
	struct world world = make_world();
	struct engine *engine = world.engine;
	uint64_t lsn;

	lsn = driver_put(engine, world.table, "a", "value");
	(void)!engine_commit(engine, lsn, NULL);
	lsn = driver_put(engine, world.table, "b", "value");
	for (int i = 0; i < 8; i++) {
		if (engine_commit(engine, lsn, NULL) == 0)
			break;
		assert_int_equal(engine_poll(engine, 0, NULL), 0);
	}
	assert_int_equal(engine_commit(engine, lsn, NULL), 0);
	finish(&world);
}

TEST(tombstones_among_explicit_timestamps_keep_their_second)
{
	struct world world = make_world();
	struct engine_write write =
		explicit_write(&world, "k", ENGINE_WRITE_TOMBSTONE, 7);
	uint32_t now_s;

	driver_commit(world.engine,
		      driver_delete(world.engine, world.table, "plain"));
	assert_int_equal(settled_entry(&world, "plain").expires_at_s, 0);
	now_s = engine_now_s(world.engine);
	driver_commit(world.engine, driver_write(world.engine, &write, 1));
	/* The first one, too. */
	assert_true(settled_entry(&world, "k").expires_at_s >= now_s);
	assert_true(settled_entry(&world, "k").is_tombstone);
	driver_commit(world.engine,
		      driver_delete(world.engine, world.table, "later"));
	assert_true(settled_entry(&world, "later").expires_at_s >= now_s);
	assert_int_equal(driver_count(world.engine, world.table), 0);
	kill_and_open(&world);
	assert_true(settled_entry(&world, "k").expires_at_s >= now_s);
	assert_int_equal(driver_count(world.engine, world.table), 0);
	finish(&world);
}

TEST(numbers_of_tables_come_to_an_end)
{
	struct world world = make_world();
	struct engine_write create = { .kind = ENGINE_WRITE_CREATE_TABLE };
	struct error error = ERROR_INIT;
	uint64_t lsn;

	world.engine->tables.next_id = UINT32_MAX - 1;
	create.table = engine_allocate_table(world.engine);
	driver_commit(world.engine, driver_write(world.engine, &create, 1));
	for (int i = 0; i < 20; i++) {
		create.table = engine_allocate_table(world.engine);
		assert_int_equal(driver_try_write(world.engine, &create, 1,
						  &lsn, &error),
				 -(int)ERROR_MISUSE);
	}
	driver_close(world.engine);
	world.engine = driver_open_disk(world.disk);
	finish(&world);
}

/* ---- the clean flag ---- */

static bool
is_clean(struct fault_disk *disk)
{
	struct fault_disk *copy = fault_disk_copy(disk);
	struct io *io = fault_disk_open(copy);
	struct manifest manifest;
	struct error error;
	bool is_clean;

	assert_int_equal(manifest_load(io, &manifest, &error), 0);
	is_clean = (manifest.flags & MANIFEST_CLEAN) != 0;
	manifest_finish(&manifest);
	io->methods->destroy(io);
	fault_disk_destroy(copy);
	return is_clean;
}

TEST(no_segment_is_opened_under_a_clean_manifest)
{
	struct world world = make_world();
	char value[3000];
	uint32_t used;

	driver_close(world.engine);
	assert_true(is_clean(world.disk));
	world.engine = driver_open_disk(world.disk);
	assert_true(is_clean(world.disk));
	used = world.engine->segments.segment_count -
	       segment_manager_available(&world.engine->segments);
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 5; i++) {
		driver_commit(world.engine, driver_put(world.engine,
						       world.table, "k",
						       value));
		assert_int_equal(
			is_clean(world.disk),
			used == world.engine->segments.segment_count -
					segment_manager_available(
						&world.engine->segments));
	}
	assert_false(is_clean(world.disk));
	finish(&world);
}

TEST(a_write_that_cannot_tell_that_it_begins_fails_and_may_be_tried_again)
{
	struct world world = make_world();
	struct engine_write write = { .kind = ENGINE_WRITE_ROW,
				      .table = world.table,
				      .key = SLICE("k"),
				      .value = SLICE("v"),
				      .timestamp_us = 1 };
	struct error error = ERROR_INIT;
	uint64_t lsn;

	driver_close(world.engine);
	world.engine = driver_open_disk(world.disk);
	world.disk->fail_errno = EIO;
	world.disk->fail_kinds = 1u << IO_SYNC;
	world.disk->fails_once = true;
	assert_int_equal(driver_try_write(world.engine, &write, 1, &lsn,
					  &error),
			 -(int)ERROR_IO);
	assert_true(world.engine->writer.count == 0);
	assert_true(is_clean(world.disk));
	driver_commit(world.engine, driver_write(world.engine, &write, 1));
	assert_false(is_clean(world.disk));
	assert_string_equal(driver_get(world.engine, world.table, "k"), "v");
	finish(&world);
}

UNIT_MAIN()
