/* SPDX-License-Identifier: MIT
 *
 * Random work against a model: every state that a crash may leave is one that
 * the model has been in, at or after what was acknowledged.
 *
 * The model keeps the state after each batch since the last moment at which
 * everything was known to be durable.  After a crash the engine must show one
 * of them, and none that is older than the last commit that was answered.
 *
 *	SEED=n STEPS=n test_engine_model */
#include "base/checksum.h"
#include "tests/support/engine_driver.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	KEYS = 48,
	TABLES = 3,
	STATES_MAX = 4096,
	BATCH_MAX = 6,
	SIZE_LARGE = 300000 /* more takes time and shows nothing new */
};

struct model_row {
	uint32_t value; /* 0: none */
	uint32_t size;
	int64_t timestamp_us;
	bool is_tombstone;
};

struct model_state {
	bool has_table[TABLES];
	uint32_t table[TABLES]; /* its number */
	struct model_row rows[TABLES][KEYS];
	uint64_t lsn;
};

struct world {
	uint64_t random;
	struct fault_disk *disk;
	struct engine *engine;
	struct engine_options options;
	struct model_state *states; /* oldest first */
	size_t count;
	size_t acknowledged; /* index of a state */
	uint32_t next_value;
};

static uint64_t
draw(struct world *world, uint64_t below)
{
	world->random = checksum_mix(world->random, 7);
	return world->random % below;
}

static struct model_state *
newest(struct world *world)
{
	return &world->states[world->count - 1];
}

/* ---- keys and values ---- */

static struct slice
key_of(unsigned number, char text[64])
{
	/* Some keys are long, so that records differ in size. */
	int size = number % 5 == 0 ?
			   snprintf(text, 64, "a-rather-long-key-%040u",
				    number) :
			   snprintf(text, 64, "k%u", number);

	return slice_make(text, (size_t)size);
}

static struct slice
value_of(uint32_t value, uint32_t size, uint8_t *bytes)
{
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * (i % 4)));
	return slice_make(bytes, size);
}

/* ---- writing ---- */

static uint32_t
draw_size(struct world *world)
{
	uint32_t most = engine_row_size_max(world->engine) - 64;

	if (most > SIZE_LARGE)
		most = SIZE_LARGE;
	switch (draw(world, 10)) {
	case 0:
		return 0;
	case 1:
		return (uint32_t)draw(world, most);
	case 2:
		return most - (uint32_t)draw(world, 16);
	default:
		return (uint32_t)draw(world, 120);
	}
}

static bool
is_kept(const struct model_row *old, int64_t timestamp_us)
{
	if (old->value == 0 && !old->is_tombstone)
		return true;
	return timestamp_us > old->timestamp_us ||
	       (timestamp_us == old->timestamp_us && !old->is_tombstone);
}

struct pending_batch {
	struct engine_write writes[BATCH_MAX];
	size_t count;
	char keys[BATCH_MAX][64];
	uint8_t *values[BATCH_MAX];
	struct model_state after;
};

/* A tombstone may be dropped at any time: nothing is older than what is
 * written then. */
static void
forget_dropped(struct world *world, const struct engine_write *write,
	       const struct model_row *before, struct model_row *row)
{
	struct engine_row found = { 0 };

	engine_find(world->engine, write->table, write->key, &found);
	if (before->is_tombstone && found.state == ENGINE_ROW_ABSENT &&
	    before->timestamp_us == row->timestamp_us)
		*row = (struct model_row){ 0 };
}

static void
add_row(struct world *world, struct pending_batch *batch, unsigned table)
{
	struct engine_write *write = &batch->writes[batch->count];
	unsigned key = (unsigned)draw(world, KEYS);
	struct model_row *row = &batch->after.rows[table][key];
	uint32_t size = draw_size(world);
	uint32_t value = ++world->next_value;

	*write = (struct engine_write){
		.kind = draw(world, 4) == 0 ? ENGINE_WRITE_TOMBSTONE :
					      ENGINE_WRITE_ROW,
		.table = batch->after.table[table],
		.key = key_of(key, batch->keys[batch->count]),
		.timestamp_us = engine_timestamp_us(world->engine),
	};
	/* Old and equal timestamps. */
	if (draw(world, 6) == 0 && row->timestamp_us != 0) {
		write->timestamp_us =
			row->timestamp_us - (int64_t)draw(world, 2);
		write->is_explicit = true;
	}
	forget_dropped(world, write, &newest(world)->rows[table][key], row);
	batch->values[batch->count] = malloc(size + 1);
	assert_non_null(batch->values[batch->count]);
	if (write->kind == ENGINE_WRITE_ROW)
		write->value = value_of(value, size,
					batch->values[batch->count]);
	batch->count++;
	if (!is_kept(row, write->timestamp_us))
		return;
	row->is_tombstone = write->kind == ENGINE_WRITE_TOMBSTONE;
	row->value = row->is_tombstone ? 0 : value;
	row->size = size;
	row->timestamp_us = write->timestamp_us;
}

static void
add_table_change(struct world *world, struct pending_batch *batch,
		 unsigned table)
{
	struct engine_write *write = &batch->writes[batch->count];
	struct model_state *after = &batch->after;

	if (after->has_table[table]) {
		*write = (struct engine_write){
			.kind = ENGINE_WRITE_DROP_TABLE,
			.table = after->table[table],
		};
		after->has_table[table] = false;
	} else {
		after->table[table] = engine_allocate_table(world->engine);
		*write = (struct engine_write){
			.kind = ENGINE_WRITE_CREATE_TABLE,
			.table = after->table[table],
		};
		after->has_table[table] = true;
		memset(after->rows[table], 0, sizeof(after->rows[table]));
	}
	batch->values[batch->count++] = NULL;
}

static void
write_batch(struct world *world)
{
	struct pending_batch batch = { .after = *newest(world) };
	size_t wanted = 1 + draw(world, BATCH_MAX);

	while (batch.count < wanted) {
		unsigned table = (unsigned)draw(world, TABLES);

		if (!batch.after.has_table[table] || draw(world, 60) == 0)
			add_table_change(world, &batch, table);
		else
			add_row(world, &batch, table);
	}
	batch.after.lsn =
		driver_write(world->engine, batch.writes, batch.count);
	for (size_t i = 0; i < batch.count; i++)
		free(batch.values[i]);
	assert_true(world->count < STATES_MAX);
	world->states[world->count++] = batch.after;
}

/* ---- comparing ---- */

static bool
is_row_as_in(struct engine *engine, uint32_t table, unsigned key,
	     const struct model_row *row)
{
	static uint8_t expected[SIZE_LARGE];
	struct error error = ERROR_INIT;
	struct buffer value = { 0 };
	struct engine_row found;
	char text[64];
	bool is_same;

	assert_int_equal(driver_try_get(engine, table, key_of(key, text),
					&found, &value, &error),
			 0);
	if (row->value == 0)
		is_same = found.state == ENGINE_ROW_ABSENT ||
			  (found.state == ENGINE_ROW_DELETED &&
			   row->is_tombstone);
	else
		is_same = found.state == ENGINE_ROW_LIVE &&
			  slice_is_equal(buffer_slice(&value),
					 value_of(row->value, row->size,
						  expected));
	if (found.state != ENGINE_ROW_ABSENT && is_same)
		is_same = found.timestamp_us == row->timestamp_us;
	buffer_finish(&value);
	return is_same;
}

static uint64_t
live_rows(const struct model_state *state, unsigned table)
{
	uint64_t count = 0;

	for (unsigned key = 0; key < KEYS; key++)
		count += state->rows[table][key].value != 0;
	return count;
}

static bool
is_table_there(struct engine *engine, uint32_t table)
{
	struct error error = ERROR_INIT;
	struct engine_write write = { .kind = ENGINE_WRITE_TOMBSTONE,
				      .table = table,
				      .timestamp_us = INT64_MIN,
				      .key = SLICE("x") };
	uint64_t lsn;

	/* The timestamp is refused, but only after the table. */
	(void)driver_try_write(engine, &write, 1, &lsn, &error);
	return error.code == ERROR_INVALID;
}

static bool
is_as_in(struct engine *engine, const struct model_state *state)
{
	for (unsigned table = 0; table < TABLES; table++) {
		uint32_t id = state->table[table];

		if (id == 0)
			continue;
		if (is_table_there(engine, id) != state->has_table[table])
			return false;
		if (!state->has_table[table])
			continue;
		for (unsigned key = 0; key < KEYS; key++) {
			if (!is_row_as_in(engine, id, key,
					  &state->rows[table][key]))
				return false;
		}
		if (driver_count(engine, id) != live_rows(state, table))
			return false;
	}
	return true;
}

struct scan_check {
	struct engine *engine;
	int64_t last_token;
	struct buffer last_key;
	bool is_first;
};

static void
check_order(void *context, const struct engine_row *row)
{
	struct scan_check *check = context;

	if (!check->is_first) {
		assert_true(row->token >= check->last_token);
		if (row->token == check->last_token)
			assert_true(slice_compare(
					    row->key,
					    buffer_slice(&check->last_key)) >
				    0);
	}
	check->is_first = false;
	check->last_token = row->token;
	buffer_clear(&check->last_key);
	buffer_append_slice(&check->last_key, row->key);
}

static void
check_scans(struct world *world)
{
	const struct model_state *state = newest(world);

	for (unsigned table = 0; table < TABLES; table++) {
		struct scan_check check = { .is_first = true };
		struct engine_scan_range range = {
			.table = state->table[table],
			.first_token = INT64_MIN,
			.last_token = INT64_MAX,
		};
		struct error error = ERROR_INIT;

		if (!state->has_table[table])
			continue;
		assert_int_equal(driver_scan(world->engine, &range,
					     check_order, &check, &error),
				 live_rows(state, table));
		buffer_finish(&check.last_key);
	}
}

/* ---- opening again ---- */

static void
forget_history(struct world *world)
{
	world->states[0] = *newest(world);
	world->count = 1;
	world->acknowledged = 0;
}

static void
open_again(struct world *world)
{
	static const enum engine_sync modes[] = { ENGINE_SYNC_FULL,
						  ENGINE_SYNC_FULL,
						  ENGINE_SYNC_GROUP,
						  ENGINE_SYNC_OFF };

	world->options.sync = modes[draw(world, ARRAY_COUNT(modes))];
	world->engine =
		driver_open(fault_disk_open(world->disk), &world->options);
}

static void
close_and_open(struct world *world)
{
	driver_close(world->engine);
	if (draw(world, 2) == 0) {
		struct fault_disk *crashed = fault_disk_crash(
			world->disk, draw(world, UINT64_MAX));

		fault_disk_destroy(world->disk);
		world->disk = crashed;
	}
	open_again(world);
	assert_true(is_as_in(world->engine, newest(world)));
	forget_history(world);
}

/* Which of the states it may be in is the engine in? */
static void
find_state(struct world *world, bool may_lose_all)
{
	size_t least = may_lose_all ? 0 : world->acknowledged;
	size_t at = world->count;

	while (at-- > least) {
		if (is_as_in(world->engine, &world->states[at])) {
			world->states[0] = world->states[at];
			world->count = 1;
			world->acknowledged = 0;
			return;
		}
	}
	fail_msg("none of %zu states after the crash, acknowledged %zu",
		 world->count, world->acknowledged);
}

static void
crash_and_open(struct world *world)
{
	bool is_kill = draw(world, 3) == 0;
	bool may_lose_all = !is_kill &&
			    world->options.sync != ENGINE_SYNC_FULL;
	uint64_t seed = draw(world, UINT64_MAX);

	world->disk = is_kill ?
			      driver_kill(world->engine, world->disk) :
			      driver_crash(world->engine, world->disk, seed);
	open_again(world);
	find_state(world, may_lose_all);
	/* Opening again, without or with another crash, changes nothing. */
	if (draw(world, 2) == 0)
		world->disk = driver_crash(world->engine, world->disk, seed);
	else
		driver_close(world->engine);
	open_again(world);
	assert_true(is_as_in(world->engine, newest(world)));
}

static void
commit(struct world *world)
{
	size_t at = world->acknowledged +
		    draw(world, world->count - world->acknowledged);

	driver_commit(world->engine, world->states[at].lsn);
	if (at > world->acknowledged)
		world->acknowledged = at;
}

static void
step(struct world *world)
{
	switch (draw(world, 40)) {
	case 0:
		close_and_open(world);
		break;
	case 1:
	case 2:
		crash_and_open(world);
		break;
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
		commit(world);
		break;
	case 8:
		assert_true(is_as_in(world->engine, newest(world)));
		break;
	case 9:
		check_scans(world);
		break;
	default:
		if (world->count == STATES_MAX)
			close_and_open(world);
		write_batch(world);
		break;
	}
}

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

static void
run(uint64_t seed, uint64_t steps, uint32_t segment_size,
    uint32_t file_segments)
{
	struct world world = { .random = seed };

	world.disk = fault_disk_create(seed);
	world.disk->is_shuffling = seed % 3 != 0;
	world.options.segment_size = segment_size;
	world.options.file_segments = file_segments;
	world.states = calloc(STATES_MAX, sizeof(*world.states));
	assert_non_null(world.states);
	world.count = 1;
	open_again(&world);
	for (uint64_t i = 0; i < steps; i++)
		step(&world);
	close_and_open(&world);
	driver_close(world.engine);
	fault_disk_destroy(world.disk);
	free(world.states);
}

TEST(every_crash_leaves_a_state_that_was_and_loses_nothing_acknowledged)
{
	uint64_t seed = number_from("SEED", 1);
	uint64_t runs = number_from("RUNS", 12);
	uint64_t steps = number_from("STEPS", 600);
	static const uint32_t sizes[] = { 4096, 8192, 16384, 131072 };
	static const uint32_t counts[] = { 1, 8, 16, 64 };

	for (uint64_t i = 0; i < runs; i++) {
		print_message("# SEED=%llu RUNS=1 STEPS=%llu\n",
			      (unsigned long long)(seed + i),
			      (unsigned long long)steps);
		run(seed + i, steps, sizes[(seed + i) % ARRAY_COUNT(sizes)],
		    counts[(seed + i) / 4 % ARRAY_COUNT(counts)]);
	}
}

UNIT_MAIN()
