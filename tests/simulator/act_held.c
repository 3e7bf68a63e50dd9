/* SPDX-License-Identifier: MIT
 *
 * Reads and scans that begin now and end later: batches are written between,
 * segments are freed, tables dropped.  Each answer must be a version that was
 * current at some moment in between; a row that was live all the time is in a
 * scan exactly once. */
#include "tests/simulator/batch.h"
#include "tests/simulator/memory.h"

#include "base/murmur3.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_KEYS_MAX = 12, TRIES_MAX = 6 };

struct held {
	bool is_scan;
	uint32_t table;   /* its number */
	size_t from;      /* batches that were there */
	uint32_t from_s;
	uint32_t pace;    /* percent of the operations after which it goes on */
	int status;
	/* A read. */
	struct engine_read read;
	struct engine_row rows[HELD_KEYS_MAX];
	char bytes[HELD_KEYS_MAX][KEY_SIZE_MAX_HERE];
	unsigned keys[HELD_KEYS_MAX];
	/* A scan of everything. */
	struct engine_scan *scan;
	bool is_seen[MODEL_KEYS];
};

static struct observation
moments(struct world *world, const struct held *held)
{
	return (struct observation){
		.from_s = held->from_s,
		.to_s = engine_now_s(world->engine),
		.grace_s = world->model.grace_s,
	};
}

static void
describe(struct world *world, const struct held *held, unsigned key)
{
	for (unsigned i = 0; i < MODEL_TABLES; i++) {
		const struct model_table *table = &world->model.now.tables[i];
		const struct version *version = &table->rows[key];

		if (table->id == held->table)
			world_say(world,
				  "  now it is kind %d, value %" PRIu32
				  " at %" PRId64 ", expires %" PRIu32
				  ", deleted %" PRIu32
				  ", waits: %d; now %" PRIu32,
				  (int)version->kind, version->value,
				  version->timestamp_us, version->expires_at_s,
				  version->deleted_at_s,
				  (int)version->must_wait,
				  engine_now_s(world->engine));
	}
}

static void
check_row(struct world *world, struct held *held, unsigned key,
	  const struct engine_row *row)
{
	struct observation *when = &world->seen;
	struct seen_row seen;

	*when = moments(world, held);
	if (!observe_row(row, &seen)) {
		world_violate(world, VIOLATION_WRONG,
			      "table %" PRIu32 " key %u, read slowly: the "
			      "value was never written",
			      held->table, key);
		return;
	}
	if (model_was(&world->model, held->from, held->table, key, &seen,
		      when))
		return;
	world_violate(world, VIOLATION_WRONG,
		      "table %" PRIu32 " key %u, read slowly: state %d, value "
		      "%" PRIu32 " at %" PRId64 " was never there since %zu "
		      "batches",
		      held->table, key, (int)seen.state, seen.value,
		      seen.timestamp_us, held->from);
	describe(world, held, key);
}

/* ---- beginning ---- */

static void
begin_read(struct world *world, struct held *held)
{
	held->read.table = held->table;
	held->read.rows = held->rows;
	held->read.count = 1 + draw(world, HELD_KEYS_MAX);
	for (size_t i = 0; i < held->read.count; i++) {
		held->keys[i] = draw(world, MODEL_KEYS);
		held->rows[i].key = key_of(held->keys[i], held->bytes[i]);
	}
}

/* False when it was refused. */
static bool
begin_scan(struct world *world, struct held *held)
{
	struct engine_scan_range range = { .table = held->table,
					   .first_token = INT64_MIN,
					   .last_token = INT64_MAX };
	struct error error = ERROR_INIT;

	held->status = engine_scan_open(world->engine, &range, &held->scan,
					&error);
	if (held->status < 0) {
		world_refused(world, "scanning", &error);
		return false;
	}
	held->status = ENGINE_PENDING;
	return true;
}

static void go_on(struct world *world, struct held *held);

/* While the disk is reading what they were. */
static void
overwrite_what_is_read(struct world *world, const struct held *held,
		       unsigned table)
{
	struct batch batch = { .count = 0 };
	bool is_done;

	for (size_t i = 0; i < held->read.count; i++)
		batch_add_row(world, &batch, table, held->keys[i],
			      8 + draw(world, 600));
	is_done = batch_write(world, &batch);
	batch_finish(&batch);
	if (is_done && !world_is_over(world))
		act_commit(world, true);
}

/* The cache had all of them: others may have to be waited for. */
static void
begin_again(struct world *world, struct held *held)
{
	engine_read_finish(world->engine, &held->read);
	held->read = (struct engine_read){ 0 };
	memset(held->rows, 0, sizeof(held->rows));
	held->status = ENGINE_PENDING;
	begin_read(world, held);
	go_on(world, held);
}

void
act_hold(struct world *world)
{
	unsigned table = act_draw_table(world);
	struct held *held;
	size_t at = 0;

	while (at < WORLD_HELD_MAX && world->held[at] != NULL)
		at++;
	if (at == WORLD_HELD_MAX)
		return;
	held = memory_take_zeroed(1, sizeof(*held));
	held->table = world->model.now.tables[table].id;
	held->from = world->model.count;
	held->from_s = engine_now_s(world->engine);
	held->pace = 10 + draw(world, 90);
	held->status = ENGINE_PENDING;
	held->is_scan = chance(world, 40);
	if (!held->is_scan) {
		begin_read(world, held);
	} else if (!begin_scan(world, held)) {
		free(held);
		return;
	}
	world->held[at] = held;
	/* What a read finds is decided when it is asked for first. */
	go_on(world, held);
	for (int tries = 0; tries < TRIES_MAX && held->status == 0 &&
			    !world_is_over(world);
	     tries++)
		begin_again(world, held);
	if (!held->is_scan && held->status == ENGINE_PENDING &&
	    !world_is_over(world) && chance(world, 40))
		overwrite_what_is_read(world, held, table);
}

/* ---- going on ---- */

static void
refused(struct world *world, const struct error *error)
{
	if (!world_is_excused(world, error))
		world_violate(world, VIOLATION_REFUSED, "reading slowly: %s",
			      error->message);
}

static void
go_on_reading(struct world *world, struct held *held)
{
	struct error error = ERROR_INIT;

	held->status = engine_read(world->engine, &held->read, &error);
	if (held->status < 0)
		refused(world, &error);
	for (size_t i = 0; held->status == 0 && i < held->read.count &&
			   !world_is_over(world);
	     i++)
		check_row(world, held, held->keys[i], &held->rows[i]);
}

static void
take_scanned(struct world *world, struct held *held,
	     const struct engine_row *row)
{
	unsigned key = key_number(row->key);

	if (key == MODEL_KEYS || held->is_seen[key]) {
		world_violate(world, VIOLATION_WRONG,
			      "a slow scan of table %" PRIu32
			      " shows key %u, which isn't there or was seen",
			      held->table, key);
		return;
	}
	held->is_seen[key] = true;
	check_row(world, held, key, row);
}

static void
check_scanned(struct world *world, struct held *held)
{
	struct observation *when = &world->seen;

	*when = moments(world, held);
	for (unsigned key = 0; key < MODEL_KEYS; key++) {
		if (!held->is_seen[key] &&
		    model_was_always_live(&world->model, held->from,
					  held->table, key, when))
			world_violate(world, VIOLATION_WRONG,
				      "a slow scan of table %" PRIu32
				      " misses key %u",
				      held->table, key);
	}
}

/* Some rows, not all. */
static void
go_on_scanning(struct world *world, struct held *held)
{
	struct error error = ERROR_INIT;
	uint32_t rows = 1 + draw(world, 6);
	struct engine_row row;

	while (rows-- > 0 && !world_is_over(world)) {
		held->status = engine_scan_next(held->scan, &row, &error);
		if (held->status != 0)
			break;
		if (!world->disk->has_crashed)
			take_scanned(world, held, &row);
	}
	if (held->status == 0)
		held->status = ENGINE_PENDING;
	else if (held->status < 0)
		refused(world, &error);
	else if (held->status == ENGINE_END && !world_is_over(world))
		check_scanned(world, held);
}

static void
go_on(struct world *world, struct held *held)
{
	if (held->is_scan)
		go_on_scanning(world, held);
	else
		go_on_reading(world, held);
}

/* ---- ending ---- */

static void
finish(struct world *world, size_t at)
{
	struct held *held = world->held[at];

	if (held->is_scan)
		engine_scan_close(held->scan);
	else
		engine_read_finish(world->engine, &held->read);
	free(held);
	world->held[at] = NULL;
}

/* What is read slowly and then at once: a cache that took what the slow read
 * has found must not show it when it is old. */
static void
read_again(struct world *world, struct held *held)
{
	if (held->is_scan || held->status != 0 || chance(world, 50))
		return;
	engine_read_finish(world->engine, &held->read);
	held->from = world->model.count;
	held->from_s = engine_now_s(world->engine);
	held->status = ENGINE_PENDING;
	go_on(world, held);
}

void
act_go_on_with_held(struct world *world)
{
	for (size_t i = 0; i < WORLD_HELD_MAX && !world_is_over(world); i++) {
		struct held *held = world->held[i];

		if (held == NULL || !chance(world, held->pace))
			continue;
		go_on(world, held);
		if (!world_is_over(world))
			read_again(world, held);
		if (held->status != ENGINE_PENDING && !world_is_over(world))
			finish(world, i);
	}
}

/* Some are ended early, others are waited for. */
void
act_release(struct world *world)
{
	for (size_t i = 0; i < WORLD_HELD_MAX && !world_is_over(world); i++) {
		struct held *held = world->held[i];
		struct waiting waiting = { 0 };

		if (held == NULL || chance(world, 30))
			continue;
		while (held->status == ENGINE_PENDING && chance(world, 98) &&
		       !world_is_over(world)) {
			go_on(world, held);
			if (held->status == ENGINE_PENDING &&
			    !act_wait(world, &waiting, "a slow read"))
				break;
		}
		finish(world, i);
	}
}

bool
world_holds(const struct world *world)
{
	for (size_t i = 0; i < WORLD_HELD_MAX; i++) {
		if (world->held[i] != NULL)
			return true;
	}
	return false;
}

void
world_drop_held(struct world *world)
{
	for (size_t i = 0; i < WORLD_HELD_MAX; i++) {
		if (world->held[i] != NULL)
			finish(world, i);
	}
}
