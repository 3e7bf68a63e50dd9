/* SPDX-License-Identifier: MIT
 *
 * Records that move: compaction, separator and moving writer, in one process
 * against a model, from half full to as full as it gets.
 *
 *	SEED=n test_moving */
#include "base/checksum.h"
#include "storage/engine_state.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

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
open_world(const struct engine_options *options, uint64_t seed, uint32_t keys,
	   uint32_t size_max)
{
	struct world *world = calloc(1, sizeof(*world));
	struct error error = ERROR_INIT;
	struct io *io;

	assert_non_null(world);
	assert_true(keys <= KEYS_MAX);
	assert_int_equal(io_memory_create(&io, &error), 0);
	world->engine = driver_open(io, options);
	world->random = seed;
	world->keys = keys;
	world->size_max = size_max;
	world->table = driver_create_table(world->engine);
	return world;
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

UNIT_MAIN()
