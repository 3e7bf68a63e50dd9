/* SPDX-License-Identifier: MIT
 *
 * Reads, scans and counts that are done before anything else happens: each
 * answer is the model's newest state, exactly. */
#include "tests/simulator/act.h"
#include "tests/simulator/memory.h"

#include "base/murmur3.h"

#include <inttypes.h>
#include <stdlib.h>

enum { READS_MAX = 3, READ_KEYS_MAX = 20 };

/* ---- rows ---- */

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

	if (!observe_is_now(world->engine, version, row,
			    world->model.grace_s))
		world_violate(world, VIOLATION_WRONG,
			      "%s of table %" PRIu32 " key %u: state %d at "
			      "%" PRId64 ", expected kind %d at %" PRId64,
			      how, world->model.now.tables[table].id, key,
			      (int)row->state, row->timestamp_us,
			      (int)version->kind, version->timestamp_us);
	else
		acknowledge_seen(world, table, key, row);
}

void
act_find(struct world *world)
{
	for (uint32_t i = 0; i < 8 && !world_is_over(world); i++) {
		unsigned table = act_draw_table(world);
		unsigned key = draw(world, MODEL_KEYS);
		uint32_t id = world->model.now.tables[table].id;
		struct version version =
			world->model.now.tables[table].rows[key];
		char bytes[KEY_SIZE_MAX_HERE];
		struct engine_row row = { 0 };
		uint8_t *value = memory_take(version.size + 1);

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
	*reading = (struct reading){ .table = act_draw_table(world),
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
void
act_read(struct world *world)
{
	struct reading readings[READS_MAX];
	size_t count = 1 + draw(world, READS_MAX);
	size_t pending = count;
	struct waiting waiting = { 0 };

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
		if (pending > 0 && !act_wait(world, &waiting, "a read"))
			break;
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

	*range = (struct range){ .table = act_draw_table(world) };
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

void
act_scan(struct world *world)
{
	struct range range;
	struct engine_scan *scan;
	struct engine_row row;
	struct error error = ERROR_INIT;
	uint32_t limit = chance(world, 30) ? draw(world, 10) : UINT32_MAX;
	struct waiting waiting = { 0 };
	int status;

	draw_range(world, &range);
	draw_continuation(world, &range);
	status = engine_scan_open(world->engine, &range.scan, &scan, &error);
	if (status < 0) {
		world_refused(world, "scanning", &error);
		return;
	}
	while (limit > 0 && status >= 0 && status != ENGINE_END &&
	       world->violation == VIOLATION_NONE) {
		status = engine_scan_next(scan, &row, &error);
		if (status == ENGINE_PENDING) {
			if (!act_wait(world, &waiting, "a scan"))
				break;
		} else if (status == 0 && !world->disk->has_crashed) {
			take_scanned(world, &range, &row);
			limit--;
		}
	}
	engine_scan_close(scan);
	if (status < 0)
		world_refused(world, "scanning", &error);
	if (status == ENGINE_END && !world->disk->has_crashed)
		check_all_seen(world, &range);
}

void
act_count(struct world *world)
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
