/* SPDX-License-Identifier: MIT
 *
 * Operations that write and commit. */
#include "tests/simulator/batch.h"

#include <inttypes.h>

enum {
	FLOOD_ROW_MAX = 30000,
	BIG_ROW_MAX = 200000, /* mostly */
	OVERWRITES_MAX = 150,
	FILL_WRITES_MAX = 400
};

/* ---- rows ---- */

static uint32_t
row_size_max(const struct world *world)
{
	return engine_row_size_max(world->engine) - KEY_SIZE_MAX_HERE;
}

/* Of a value that fits into a segment. */
static uint32_t
ordinary_size_max(const struct world *world)
{
	uint32_t most = world_segment_size(world) - 256 - KEY_SIZE_MAX_HERE;

	return most < row_size_max(world) ? most : row_size_max(world);
}

static uint32_t
draw_flood_size(struct world *world)
{
	uint32_t most = ordinary_size_max(world);

	most = most < FLOOD_ROW_MAX ? most : FLOOD_ROW_MAX;
	return most / 2 + draw(world, most / 2);
}

/* About the largest that fits a segment, and a little more. */
static uint32_t
draw_segment_size(struct world *world)
{
	uint32_t size = world_segment_size(world) - 320 + draw(world, 240);

	return size < row_size_max(world) ? size : row_size_max(world);
}

static uint32_t
draw_size(struct world *world)
{
	uint32_t most = ordinary_size_max(world);

	switch (draw(world, 12)) {
	case 0:
		return 0;
	case 1:
		if (world->plan->has_large_rows)
			return draw_segment_size(world);
		break;
	case 2:
		if (world->plan->has_large_rows)
			return 8 + draw(world, most - 8);
		break;
	}
	return 8 + draw(world, world->plan->has_cached_rows ? 750 : 150);
}

static uint32_t
draw_big_size(struct world *world)
{
	uint32_t most = row_size_max(world);

	if (chance(world, 15))
		return most - draw(world, 16);
	if (chance(world, 20))
		return 8 + draw(world, most - 8);
	most = most < BIG_ROW_MAX ? most : BIG_ROW_MAX;
	return most / 8 + draw(world, most - most / 8);
}

static uint32_t
draw_big_or_flood_size(struct world *world)
{
	return world->plan->has_big_rows ? draw_big_size(world) :
					   draw_flood_size(world);
}

static void
add_row(struct world *world, struct batch *batch, unsigned table)
{
	unsigned key = draw(world, MODEL_KEYS);

	if (chance(world, 25))
		batch_add_tombstone(world, batch, table, key);
	else
		batch_add_row(world, batch, table, key, draw_size(world));
}

void
act_write(struct world *world)
{
	struct batch batch = { .count = 0 };
	size_t count = chance(world, 5) ? 20 : 1 + draw(world, 6);

	batch.may_be_too_large = count > 3;
	while (batch.count < count)
		add_row(world, &batch, act_draw_table(world));
	batch_write(world, &batch);
	batch_finish(&batch);
}

void
act_flood(struct world *world)
{
	struct batch batch = { .may_be_too_large = true };
	size_t count = 10 + draw(world, BATCH_MAX - 10);

	while (batch.count < count) {
		unsigned table = act_draw_table(world);
		unsigned key = draw(world, MODEL_KEYS);

		batch_add_row(world, &batch, table, key,
				draw_flood_size(world));
	}
	batch_write(world, &batch);
	batch_finish(&batch);
}

/* More versions of a row in one batch, which may stand in several buffers. */
static void
pile_up(struct world *world, struct batch *batch, unsigned table, unsigned key)
{
	size_t count = batch->count + 1 + draw(world, 4);

	while (batch->count < count) {
		if (chance(world, 15))
			batch_add_tombstone(world, batch, table, key);
		else
			batch_add_row(world, batch, table, key,
				      chance(world, 50) ?
					      draw_size(world) :
					      draw_big_or_flood_size(world));
	}
}

/* Alone, or with other rows in its batch. */
void
act_big(struct world *world)
{
	struct batch batch = { .count = 0 };
	unsigned table = act_draw_table(world);
	unsigned key = draw(world, MODEL_KEYS);
	uint32_t size = draw_big_or_flood_size(world);

	if (chance(world, 20))
		add_row(world, &batch, act_draw_table(world));
	batch_add_row(world, &batch, table, key, size);
	if (chance(world, 20))
		add_row(world, &batch, act_draw_table(world));
	if (chance(world, 40))
		pile_up(world, &batch, table, key);
	/* It alone fits by definition. */
	batch.may_be_too_large = batch.count > 1;
	batch_write(world, &batch);
	batch_finish(&batch);
}

/* Segments die, are freed and used again, several times over. */
void
act_overwrite(struct world *world)
{
	uint32_t count = 10 + draw(world, OVERWRITES_MAX);
	unsigned keys = 1 + draw(world, 4);
	unsigned first = draw(world, MODEL_KEYS - keys);
	uint32_t size = 8 + draw(world, ordinary_size_max(world) / 3);
	uint32_t commits = draw(world, 50);
	bool is_done = true;

	for (uint32_t i = 0; i < count && is_done && act_may_go_on(world);
	     i++) {
		struct batch batch = { .count = 0 };
		unsigned table = act_draw_table(world);
		unsigned key = first + draw(world, keys);

		if (chance(world, 5))
			batch_add_tombstone(world, &batch, table, key);
		else
			batch_add_row(world, &batch, table, key, size);
		is_done = batch_write(world, &batch);
		batch_finish(&batch);
		if (is_done && chance(world, commits) &&
		    !world_is_over(world))
			act_commit(world, chance(world, 50));
	}
}

/* ---- a full database ---- */

bool
act_fill_up(struct world *world)
{
	for (unsigned i = 0; i < FILL_WRITES_MAX && act_may_go_on(world);
	     i++) {
		struct batch batch = { .count = 0 };
		unsigned table = act_draw_table(world);
		bool is_done;

		batch_add_row(world, &batch, table, i % MODEL_KEYS,
				draw_flood_size(world));
		is_done = batch_write(world, &batch);
		batch_finish(&batch);
		if (!is_done)
			return true;
	}
	return false;
}

/* With tombstones, one by one, or many in a batch. */
static void
delete_rows(struct world *world, uint32_t percent)
{
	struct batch batch = { .count = 0 };
	size_t most = 1 + draw(world, 8);
	bool is_done = true;

	for (unsigned i = 0; i < MODEL_TABLES * MODEL_KEYS && is_done &&
			     act_may_go_on(world);
	     i++) {
		unsigned table = i / MODEL_KEYS, key = i % MODEL_KEYS;
		const struct model_table *now =
			&world->model.now.tables[table];

		if (now->id == 0 || now->rows[key].kind != VERSION_ROW ||
		    !chance(world, percent))
			continue;
		batch_add_version(world, &batch, table, key,
			    (struct version){ .kind = VERSION_TOMBSTONE,
					      .timestamp_us =
						      batch_server_timestamp(
							      world) },
			    false);
		if (batch.count < most)
			continue;
		is_done = batch_write(world, &batch);
		batch_finish(&batch);
	}
	if (batch.count > 0 && is_done && act_may_go_on(world))
		batch_write(world, &batch);
	batch_finish(&batch);
}

static void
drop_tables(struct world *world)
{
	for (unsigned table = 1; table < MODEL_TABLES && act_may_go_on(world);
	     table++) {
		struct batch batch = { .count = 0 };

		if (world->model.now.tables[table].id == 0 ||
		    chance(world, 30))
			continue;
		batch_add_drop(world, &batch, table);
		if (chance(world, 50))
			batch_add_create(world, &batch, table);
		batch_write(world, &batch);
		batch_finish(&batch);
	}
}

/* What is refused when it must not be is a violation by itself: what makes
 * room at any time, and everything else when there is room. */
void
act_fill(struct world *world)
{
	if (world_size_max(world) == 0 &&
	    world->disk->faults.bytes_max == 0)
		return;
	if (!act_fill_up(world) || !act_may_go_on(world))
		return;
	if (chance(world, 30))
		drop_tables(world);
	else
		delete_rows(world, chance(world, 50) ? 100 : 40);
	if (!act_may_go_on(world))
		return;
	if (chance(world, 50))
		act_read(world);
	if (act_may_go_on(world))
		act_write(world);
}

void
act_table(struct world *world, enum operation_kind kind)
{
	unsigned table = 1 + draw(world, MODEL_TABLES - 1);
	bool exists = world->model.now.tables[table].id != 0;
	struct batch batch = { .count = 0 };

	if (chance(world, 50))
		add_row(world, &batch, 0);
	if (exists && chance(world, 30))
		add_row(world, &batch, table);
	if (exists)
		batch_add_drop(world, &batch, table);
	if (!exists || kind == OPERATION_TRUNCATE)
		batch_add_create(world, &batch, table);
	if (world->model.now.tables[table].id != 0 && chance(world, 30))
		add_row(world, &batch, table);
	batch_write(world, &batch);
	batch_finish(&batch);
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

void
act_commit(struct world *world, bool waits)
{
	const struct model *model = &world->model;
	struct waiting waiting = { 0 };
	struct error error = ERROR_INIT;
	uint64_t lsn = engine_last_lsn(world->engine);
	int status;

	if (model->count > 0 && chance(world, 30))
		lsn = model->batches[draw(world, (uint32_t)model->count)].lsn;
	while ((status = engine_commit(world->engine, lsn, &error)) ==
		       ENGINE_PENDING &&
	       waits) {
		if (!act_wait(world, &waiting, "a commit"))
			return;
	}
	commit_done(world, status, lsn, &error);
}
