/* SPDX-License-Identifier: MIT
 *
 * Each operation: what is asked of the engine, what the model says to it, and
 * which answers count as promises. */
#include "base/murmur3.h"
#include "tests/simulator/observe.h"
#include "tests/simulator/world.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	BATCH_MAX = 64,
	READS_MAX = 3,
	READ_KEYS_MAX = 20,
	CRASH_EVENTS_MAX = 50,
	FLOOD_ROW_MAX = 30000
};

#define US_PER_S INT64_C(1000000)

static uint32_t
draw(struct world *world, uint32_t below)
{
	return random_below(&world->random, below);
}

static bool
chance(struct world *world, uint32_t percent)
{
	return random_percent(&world->random, percent);
}

static bool
promises_durability(const struct world *world)
{
	return world->sync == ENGINE_SYNC_FULL;
}

/* ---- batches ---- */

struct batch {
	struct engine_write writes[BATCH_MAX];
	char keys[BATCH_MAX][KEY_SIZE_MAX_HERE];
	uint8_t *values[BATCH_MAX];
	size_t count;
	bool may_be_too_large;
};

static uint32_t
draw_size(struct world *world, bool is_flood)
{
	uint32_t most = engine_row_size_max(world->engine) -
			KEY_SIZE_MAX_HERE;

	if (is_flood) {
		most = most < FLOOD_ROW_MAX ? most : FLOOD_ROW_MAX;
		return most / 2 + draw(world, most / 2);
	}
	switch (draw(world, 12)) {
	case 0:
		return 0;
	case 1:
		if (world->plan->has_large_rows)
			return most - draw(world, 16);
		break;
	case 2:
		if (world->plan->has_large_rows)
			return 8 + draw(world, most - 8);
		break;
	}
	return 8 + draw(world, 150);
}

static int64_t
draw_server_timestamp(struct world *world)
{
	int64_t before_us = world->last_server_us;

	world->last_server_us = engine_timestamp_us(world->engine);
	if (world->last_server_us <= before_us)
		world_violate(world, VIOLATION_CLOCK,
			      "timestamp %" PRId64 " after %" PRId64,
			      world->last_server_us, before_us);
	return world->last_server_us;
}

static int64_t
draw_timestamp(struct world *world, const struct version *old)
{
	if (world->plan->has_old_timestamps && chance(world, 25)) {
		if (old->kind == VERSION_NONE || chance(world, 30))
			return (int64_t)draw(world, 1000) - 500;
		return old->timestamp_us - 1 + (int64_t)draw(world, 3);
	}
	return draw_server_timestamp(world);
}

static uint32_t
draw_expiry(struct world *world)
{
	uint32_t now_s = engine_now_s(world->engine);

	if (!world->plan->has_expiry || !chance(world, 30))
		return 0;
	return now_s > 5 ? now_s - 2 + draw(world, 20) : now_s + 1;
}

static unsigned
draw_table(struct world *world)
{
	unsigned table = draw(world, MODEL_TABLES);

	return world->model.now.tables[table].id == 0 ? 0 : table;
}

static void
add_row(struct world *world, struct batch *batch, unsigned table,
	bool is_flood)
{
	struct engine_write *write = &batch->writes[batch->count];
	struct model_table *now = &world->model.now.tables[table];
	unsigned key = draw(world, MODEL_KEYS);
	const struct version *old = &now->rows[key];
	bool is_row = is_flood || !chance(world, 25);
	struct version version = {
		.kind = is_row ? VERSION_ROW : VERSION_TOMBSTONE,
		.timestamp_us = draw_timestamp(world, old),
	};

	*write = (struct engine_write){
		.kind = is_row ? ENGINE_WRITE_ROW : ENGINE_WRITE_TOMBSTONE,
		.table = now->id,
		.key = key_of(key, batch->keys[batch->count]),
		.timestamp_us = version.timestamp_us,
	};
	if (is_row) {
		version.size = draw_size(world, is_flood);
		version.value = version.size == 0 ? 0 : ++world->next_value;
		version.expires_at_s = draw_expiry(world);
		batch->values[batch->count] = malloc(version.size + 1);
		if (batch->values[batch->count] == NULL)
			abort();
		write->expires_at_s = version.expires_at_s;
		write->value = value_of(version.value, version.size,
					batch->values[batch->count]);
	}
	batch->count++;
	if (model_is_kept(old, version.timestamp_us))
		model_change(&world->model,
			     &(struct model_change){ .kind = CHANGE_ROW,
						     .table = (uint8_t)table,
						     .key = (uint8_t)key,
						     .id = now->id,
						     .version = version });
}

static void
add_create(struct world *world, struct batch *batch, unsigned table)
{
	uint32_t id = engine_allocate_table(world->engine);

	batch->writes[batch->count++] = (struct engine_write){
		.kind = ENGINE_WRITE_CREATE_TABLE,
		.table = id,
	};
	model_change(&world->model, &(struct model_change){
					    .kind = CHANGE_CREATE,
					    .table = (uint8_t)table,
					    .id = id });
}

static void
add_drop(struct world *world, struct batch *batch, unsigned table)
{
	uint32_t id = world->model.now.tables[table].id;

	batch->writes[batch->count++] = (struct engine_write){
		.kind = ENGINE_WRITE_DROP_TABLE,
		.table = id,
	};
	model_change(&world->model, &(struct model_change){
					    .kind = CHANGE_DROP,
					    .table = (uint8_t)table,
					    .id = id });
}

static void
finish_batch(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		free(batch->values[i]);
}

static void
refuse_batch(struct world *world, const struct batch *batch,
	     const struct error *error)
{
	world_say(world, "  refused: %s", error->message);
	model_cancel_batch(&world->model);
	if (world->disk->has_crashed)
		return;
	if (error->code == ERROR_INVALID && batch->may_be_too_large)
		return;
	if (!world_is_excused(world, error)) {
		world_violate(world, VIOLATION_REFUSED, "writing: %s",
			      error->message);
		return;
	}
	if (error->code != ERROR_FULL) {
		world_restart(world);
	} else if (world->disk->faults.bytes_max == 0) {
		/* There is room again: told so once, and a little later not
		 * any more. */
		world->disk->time_us += US_PER_S;
		world->was_full = false;
	}
}

static void
write_batch(struct world *world, struct batch *batch)
{
	struct error error = ERROR_INIT;
	size_t changes = world->model.change_count;
	size_t before = world->model.count == 0 ?
				0 :
				world->model.batches[world->model.count - 1]
					.change_end;
	uint64_t lsn = 0;
	int status;

	while ((status = engine_write(world->engine, batch->writes,
				      batch->count, &lsn, &error)) ==
	       ENGINE_PENDING)
		drive_poll(world->engine);
	if (status < 0) {
		refuse_batch(world, batch, &error);
		return;
	}
	/* Where nothing was kept, nothing tells the time. */
	model_end_batch(&world->model, lsn,
			changes > before ? world->last_server_us : 0);
	world_say(world, "  batch %zu: %zu writes, LSN %" PRIu64,
		  world->model.count, batch->count, lsn);
}

static void
do_write(struct world *world, bool is_flood)
{
	struct batch batch = { .count = 0 };
	size_t count = 1 + draw(world, 6);

	if (is_flood)
		count = 10 + draw(world, BATCH_MAX - 10);
	else if (chance(world, 5))
		count = 20;
	batch.may_be_too_large = count > 6;
	while (batch.count < count)
		add_row(world, &batch, draw_table(world), is_flood);
	write_batch(world, &batch);
	finish_batch(&batch);
}

static void
do_table(struct world *world, enum operation_kind kind)
{
	unsigned table = 1 + draw(world, MODEL_TABLES - 1);
	bool exists = world->model.now.tables[table].id != 0;
	struct batch batch = { .count = 0 };

	if (chance(world, 50))
		add_row(world, &batch, 0, false);
	if (exists && chance(world, 30))
		add_row(world, &batch, table, false);
	if (exists)
		add_drop(world, &batch, table);
	if (!exists || kind == OPERATION_TRUNCATE)
		add_create(world, &batch, table);
	if (world->model.now.tables[table].id != 0 && chance(world, 30))
		add_row(world, &batch, table, false);
	write_batch(world, &batch);
	finish_batch(&batch);
}

/* ---- committing ---- */

static void
commit_done(struct world *world, int status, uint64_t lsn,
	    const struct error *error)
{
	if (world->disk->has_crashed)
		return;
	if (status == 0) {
		model_acknowledge(&world->model, lsn,
				  promises_durability(world));
		world_say(world, "  committed LSN %" PRIu64, lsn);
	} else if (status < 0 && !world_is_excused(world, error)) {
		world_violate(world, VIOLATION_REFUSED, "committing: %s",
			      error->message);
	} else if (status < 0) {
		world_restart(world);
	}
}

static void
do_commit(struct world *world, bool waits)
{
	const struct model *model = &world->model;
	struct error error = ERROR_INIT;
	uint64_t lsn = engine_last_lsn(world->engine);
	int status;

	if (model->count > 0 && chance(world, 30))
		lsn = model->batches[draw(world, (uint32_t)model->count)].lsn;
	status = waits ? drive_commit(world->engine, lsn, &error) :
			 engine_commit(world->engine, lsn, &error);
	commit_done(world, status, lsn, &error);
}

static void
do_poll(struct world *world)
{
	struct error error = ERROR_INIT;
	uint32_t count = 1 + draw(world, 8);

	for (uint32_t i = 0; i < count && !world->disk->has_crashed; i++) {
		if (engine_poll(world->engine, (int64_t)draw(world, 30),
				&error) < 0)
			abort();
	}
}

/* ---- reading ---- */

static void
acknowledge_seen(struct world *world, unsigned table, unsigned key,
		 const struct engine_row *row)
{
	if (row->lsn == 0 && row->state != ENGINE_ROW_ABSENT)
		model_acknowledge_row(&world->model, table, key,
				      promises_durability(world));
}

static void
compare(struct world *world, unsigned table, unsigned key,
	const struct engine_row *row, const char *how)
{
	const struct version *version =
		&world->model.now.tables[table].rows[key];

	if (!observe_is_now(world->engine, version, row))
		world_violate(world, VIOLATION_WRONG,
			      "%s of table %" PRIu32 " key %u: state %d at "
			      "%" PRId64 ", expected kind %d at %" PRId64,
			      how, world->model.now.tables[table].id, key,
			      (int)row->state, row->timestamp_us,
			      (int)version->kind, version->timestamp_us);
	else
		acknowledge_seen(world, table, key, row);
}

static void
do_find(struct world *world)
{
	for (uint32_t i = 0; i < 8 && !world_is_over(world); i++) {
		unsigned table = draw_table(world);
		unsigned key = draw(world, MODEL_KEYS);
		uint32_t id = world->model.now.tables[table].id;
		struct version version =
			world->model.now.tables[table].rows[key];
		char bytes[KEY_SIZE_MAX_HERE];
		struct engine_row row = { 0 };
		uint8_t *value = malloc(version.size + 1);

		if (value == NULL)
			abort();
		engine_find(world->engine, id, key_of(key, bytes), &row);
		/* A find has no value: the right one is assumed. */
		row.value = value_of(version.value, version.size, value);
		compare(world, table, key, &row, "a find");
		free(value);
	}
}

struct reading {
	struct engine_read read;
	struct engine_row rows[READ_KEYS_MAX];
	char bytes[READ_KEYS_MAX][KEY_SIZE_MAX_HERE];
	unsigned keys[READ_KEYS_MAX];
	unsigned table;
	int status;
};

static void
begin_reading(struct world *world, struct reading *reading)
{
	*reading = (struct reading){ .table = draw_table(world),
				     .status = ENGINE_PENDING };
	reading->read.table = world->model.now.tables[reading->table].id;
	reading->read.rows = reading->rows;
	reading->read.count = 1 + draw(world, READ_KEYS_MAX);
	for (size_t i = 0; i < reading->read.count; i++) {
		reading->keys[i] = draw(world, MODEL_KEYS);
		reading->rows[i].key =
			key_of(reading->keys[i], reading->bytes[i]);
	}
}

static void
end_reading(struct world *world, struct reading *reading)
{
	for (size_t i = 0;
	     reading->status == 0 && i < reading->read.count &&
	     !world_is_over(world);
	     i++)
		compare(world, reading->table, reading->keys[i],
			&reading->rows[i], "a read");
	engine_read_finish(world->engine, &reading->read);
}

/* Several at once; they go on in turn. */
static void
do_read(struct world *world)
{
	struct reading readings[READS_MAX];
	size_t count = 1 + draw(world, READS_MAX);
	size_t pending = count;

	for (size_t i = 0; i < count; i++)
		begin_reading(world, &readings[i]);
	while (pending > 0) {
		pending = 0;
		for (size_t i = 0; i < count; i++) {
			struct error error = ERROR_INIT;
			struct reading *reading = &readings[i];

			if (reading->status == ENGINE_PENDING)
				reading->status =
					engine_read(world->engine,
						    &reading->read, &error);
			if (reading->status < 0 && error.code != ERROR_NONE &&
			    !world_is_excused(world, &error))
				world_violate(world, VIOLATION_REFUSED,
					      "reading: %s", error.message);
			pending += reading->status == ENGINE_PENDING;
		}
		if (pending > 0)
			drive_poll(world->engine);
	}
	for (size_t i = 0; i < count; i++)
		end_reading(world, &readings[i]);
}

/* ---- ranges ---- */

struct range {
	struct engine_scan_range scan;
	char bytes[KEY_SIZE_MAX_HERE];
	unsigned table;
	bool expected[MODEL_KEYS];
};

static bool
is_in_range(const struct range *range, unsigned key)
{
	const struct engine_scan_range *scan = &range->scan;
	char bytes[KEY_SIZE_MAX_HERE];
	struct slice text = key_of(key, bytes);
	int64_t token = murmur3_token(text);

	if (token < scan->first_token || token > scan->last_token)
		return false;
	if (slice_is_null(scan->after_key) || token > scan->after_token)
		return true;
	return token == scan->after_token &&
	       slice_compare(text, scan->after_key) > 0;
}

static bool
is_live(struct world *world, const struct version *version)
{
	return version->kind == VERSION_ROW &&
	       (version->expires_at_s == 0 ||
		version->expires_at_s > engine_now_s(world->engine));
}

static void
draw_range(struct world *world, struct range *range)
{
	const struct model_table *table;

	*range = (struct range){ .table = draw_table(world) };
	table = &world->model.now.tables[range->table];
	range->scan.table = table->id;
	range->scan.first_token = INT64_MIN;
	range->scan.last_token = INT64_MAX;
	if (chance(world, 40))
		range->scan.first_token =
			(int64_t)random_next(&world->random);
	if (chance(world, 40))
		range->scan.last_token = (int64_t)random_next(&world->random);
	for (unsigned key = 0; key < MODEL_KEYS; key++)
		range->expected[key] = is_live(world, &table->rows[key]) &&
				       is_in_range(range, key);
}

static void
draw_continuation(struct world *world, struct range *range)
{
	if (!chance(world, 30))
		return;
	range->scan.after_key = key_of(draw(world, MODEL_KEYS), range->bytes);
	range->scan.after_token = murmur3_token(range->scan.after_key);
	for (unsigned key = 0; key < MODEL_KEYS; key++)
		range->expected[key] = range->expected[key] &&
				       is_in_range(range, key);
}

static void
take_scanned(struct world *world, struct range *range,
	     const struct engine_row *row)
{
	unsigned key = key_number(row->key);

	if (key == MODEL_KEYS || !range->expected[key]) {
		world_violate(world, VIOLATION_WRONG,
			      "a scan of table %" PRIu32
			      " shows key %u, which isn't there",
			      range->scan.table, key);
		return;
	}
	range->expected[key] = false;
	compare(world, range->table, key, row, "a scan");
}

/* What wasn't seen may have expired meanwhile. */
static void
check_all_seen(struct world *world, const struct range *range)
{
	const struct model_table *table =
		&world->model.now.tables[range->table];

	for (unsigned key = 0; key < MODEL_KEYS; key++) {
		if (range->expected[key] && is_live(world, &table->rows[key]))
			world_violate(world, VIOLATION_WRONG,
				      "a scan of table %" PRIu32
				      " misses key %u",
				      range->scan.table, key);
	}
}

static void
do_scan(struct world *world)
{
	struct range range;
	struct engine_scan *scan;
	struct engine_row row;
	struct error error = ERROR_INIT;
	uint32_t limit = chance(world, 30) ? draw(world, 10) : UINT32_MAX;
	int status;

	draw_range(world, &range);
	draw_continuation(world, &range);
	status = engine_scan_open(world->engine, &range.scan, &scan, &error);
	if (status < 0)
		abort();
	while (limit > 0 && status >= 0 && status != ENGINE_END &&
	       world->violation == VIOLATION_NONE) {
		status = engine_scan_next(scan, &row, &error);
		if (status == ENGINE_PENDING) {
			drive_poll(world->engine);
		} else if (status == 0 && !world->disk->has_crashed) {
			take_scanned(world, &range, &row);
			limit--;
		}
	}
	engine_scan_close(scan);
	if (status < 0 && !world_is_excused(world, &error))
		world_violate(world, VIOLATION_REFUSED, "scanning: %s",
			      error.message);
	if (status == ENGINE_END && !world->disk->has_crashed)
		check_all_seen(world, &range);
}

static void
do_count(struct world *world)
{
	struct range range;
	uint64_t expected = 0, lsn = 0;
	uint64_t count;

	draw_range(world, &range);
	for (unsigned key = 0; key < MODEL_KEYS; key++)
		expected += range.expected[key];
	count = engine_count(world->engine, range.scan.table,
			     range.scan.first_token, range.scan.last_token,
			     &lsn);
	if (count != expected)
		world_violate(world, VIOLATION_WRONG,
			      "%" PRIu64 " rows counted in table %" PRIu32
			      " instead of %" PRIu64,
			      count, range.scan.table, expected);
}

/* ---- the world around it ---- */

static enum disk_crash
draw_crash(struct world *world)
{
	if (!world->plan->has_kills)
		return DISK_POWER;
	if (!world->plan->has_power_cuts)
		return DISK_KILL;
	return chance(world, 70) ? DISK_POWER : DISK_KILL;
}

static void
do_crash(struct world *world)
{
	enum disk_crash kind = draw_crash(world);

	if (world->disk->crash_at != 0 || chance(world, 40))
		disk_crash_now(world->disk, kind);
	else
		disk_arm(world->disk, draw(world, CRASH_EVENTS_MAX), kind);
}

static void
do_clock(struct world *world)
{
	static const int64_t jumps_s[] = { 1, 10, 100, 86400, 315360000 };
	int64_t jump_us = jumps_s[draw(world, 5)] * US_PER_S;

	world->disk->time_us += (int64_t)draw(world, 30000);
	if (chance(world, 50))
		return;
	world->disk->clock_offset_us += chance(world, 50) ? jump_us : -jump_us;
}

static void
do_errors(struct world *world)
{
	world->has_errors = !world->has_errors;
	world_set_errors(world, world->has_errors);
}

static void
do_room(struct world *world)
{
	struct disk_faults *faults = &world->disk->faults;

	world->was_full = true;
	if (faults->bytes_max != 0)
		faults->bytes_max = 0;
	else
		faults->bytes_max = disk_used_bytes(world->disk) +
				    draw(world, 96 << 10);
}

static void
do_flip(struct world *world)
{
	for (uint32_t i = 1 + draw(world, 3); i > 0; i--)
		world->is_damaged |= disk_flip(world->disk, &world->random);
}

static void
do_misdirect(struct world *world)
{
	world->is_damaged = true;
	world->disk->misdirects_next = true;
}

/* ---- after it ---- */

/* A write of long ago may have failed meanwhile; from then on everything is
 * seen as it was settled last, and not as the model thinks. */
static void
notice_failure(struct world *world)
{
	struct engine_write write = { .kind = ENGINE_WRITE_TOMBSTONE,
				      .table = ENGINE_TABLE_CATALOG,
				      .timestamp_us = INT64_MIN,
				      .key = SLICE("x") };
	struct error error = ERROR_INIT;
	uint64_t lsn;

	if (world->engine == NULL || world->disk->has_crashed)
		return;
	/* The timestamp is refused, but only when writing goes on at all. */
	if (engine_write(world->engine, &write, 1, &lsn, &error) ==
	    -(int)ERROR_INVALID)
		return;
	if (!world_is_excused(world, &error)) {
		world_violate(world, VIOLATION_REFUSED, "writing: %s",
			      error.message);
		return;
	}
	world->violation = VIOLATION_NONE;
	world_restart(world);
}

static void
act(struct world *world, const struct operation *operation)
{
	switch (operation->kind) {
	case OPERATION_WRITE:
	case OPERATION_FLOOD:
		do_write(world, operation->kind == OPERATION_FLOOD);
		break;
	case OPERATION_CREATE:
	case OPERATION_DROP:
	case OPERATION_TRUNCATE:
		do_table(world, operation->kind);
		break;
	case OPERATION_COMMIT:
	case OPERATION_SEND:
		do_commit(world, operation->kind == OPERATION_COMMIT);
		break;
	case OPERATION_POLL:
		do_poll(world);
		break;
	case OPERATION_READ:
		do_read(world);
		break;
	case OPERATION_FIND:
		do_find(world);
		break;
	case OPERATION_SCAN:
		do_scan(world);
		break;
	case OPERATION_COUNT:
		do_count(world);
		break;
	case OPERATION_CHECK:
		world_check(world);
		break;
	case OPERATION_REOPEN:
		world_reopen(world);
		break;
	case OPERATION_CRASH:
		do_crash(world);
		break;
	case OPERATION_CLOCK:
		do_clock(world);
		break;
	case OPERATION_ERRORS:
		do_errors(world);
		break;
	case OPERATION_ROOM:
		do_room(world);
		break;
	case OPERATION_FLIP:
		do_flip(world);
		break;
	case OPERATION_MISDIRECT:
		do_misdirect(world);
		break;
	case OPERATION_KINDS:
		break;
	}
}

void
world_do(struct world *world, const struct operation *operation)
{
	world->random.state = operation->seed;
	world->disk->random.state = ~operation->seed;
	act(world, operation);
	notice_failure(world);
}
