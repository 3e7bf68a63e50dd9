/* SPDX-License-Identifier: MIT
 *
 * Whether a write is kept depends on whether a tombstone of its key was dropped
 * meanwhile, so the model's changes are made anew for each call that is made
 * again. */
#include "tests/simulator/batch.h"

#include "storage/format/format.h"
#include "storage/format/record.h"
#include "tests/simulator/memory.h"

#include <inttypes.h>
#include <stdlib.h>

int64_t
batch_server_timestamp(struct world *world)
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
draw_timestamp(struct world *world, const struct version *old,
	       bool *is_explicit)
{
	*is_explicit = world->plan->has_old_timestamps && chance(world, 25);
	if (!*is_explicit)
		return batch_server_timestamp(world);
	if (old->kind == VERSION_NONE || chance(world, 30))
		return (int64_t)draw(world, 1000) - 500;
	return old->timestamp_us - 1 + (int64_t)draw(world, 3);
}

static uint32_t
draw_expiry(struct world *world)
{
	uint32_t now_s = engine_now_s(world->engine);

	if (!world->plan->has_expiry || !chance(world, 30))
		return 0;
	return now_s > 5 ? now_s - 2 + draw(world, 20) : now_s + 1;
}

/* ---- what the model says to it ---- */

/* Whether an earlier write of the batch decides already what is there. */
static bool
is_touched(const struct batch *batch, size_t at)
{
	const struct model_change *change = &batch->changes[at];

	for (size_t i = 0; i < at; i++) {
		const struct model_change *other = &batch->changes[i];

		if (other->table == change->table &&
		    (other->kind != CHANGE_ROW || other->key == change->key))
			return true;
	}
	return false;
}

/* What hides nothing any more; the model only knows that it may be so. */
static bool
was_dropped(struct world *world, const struct model_change *change,
	    const struct version *old)
{
	char bytes[KEY_SIZE_MAX_HERE];
	struct engine_row row = { 0 };

	if (old->kind == VERSION_NONE ||
	    (old->kind == VERSION_ROW && old->expires_at_s == 0))
		return false;
	engine_find(world->engine, change->id, key_of(change->key, bytes),
		    &row);
	if (row.state != ENGINE_ROW_ABSENT)
		return false;
	world->deeds.dropped++;
	if (!model_may_be_dropped(old, engine_now_s(world->engine),
				  world->model.grace_s))
		world_violate(world, VIOLATION_WRONG,
			      "table %" PRIu32 " key %u was forgotten too "
			      "early: a tombstone at %" PRId64 " of second "
			      "%" PRIu32 ", to be kept for %" PRIu32 ", now %"
			      PRIu32,
			      change->id, change->key, old->timestamp_us,
			      old->deleted_at_s, world->model.grace_s,
			      engine_now_s(world->engine));
	return true;
}

static void
apply_row(struct world *world, const struct batch *batch, size_t at)
{
	struct model_change change = batch->changes[at];
	const struct model_table *table =
		&world->model.now.tables[change.table];
	const struct version *old = &table->rows[change.key];
	struct version *version = &change.version;
	bool is_dropped = !is_touched(batch, at) &&
			  was_dropped(world, &change, old);

	if (!is_dropped && !model_is_kept(old, version->timestamp_us))
		return;
	/* The catalog's timestamps are the engine's own, outside of here. */
	change.is_explicit &= change.table != 0;
	version->must_wait = table->has_explicit || change.is_explicit;
	version->deleted_at_s = engine_now_s(world->engine);
	model_change(&world->model, &change);
}

static void
apply(struct world *world, const struct batch *batch, size_t at)
{
	if (batch->changes[at].kind == CHANGE_ROW)
		apply_row(world, batch, at);
	else
		model_change(&world->model, &batch->changes[at]);
}

/* ---- making batches ---- */

/* The last write that was put in. */
static void
take_in(struct world *world, struct batch *batch,
	const struct model_change *change)
{
	batch->changes[batch->count] = *change;
	apply(world, batch, batch->count++);
}

void
batch_add_version(struct world *world, struct batch *batch, unsigned table,
	    unsigned key, struct version version, bool is_explicit)
{
	struct engine_write *write = &batch->writes[batch->count];
	uint32_t id = world->model.now.tables[table].id;
	bool is_row = version.kind == VERSION_ROW;

	*write = (struct engine_write){
		.kind = is_row ? ENGINE_WRITE_ROW : ENGINE_WRITE_TOMBSTONE,
		.table = id,
		.key = key_of(key, batch->keys[batch->count]),
		.timestamp_us = version.timestamp_us,
		.is_explicit = is_explicit,
		.expires_at_s = version.expires_at_s,
	};
	if (is_row) {
		version.value = version.size == 0 ? 0 : ++world->next_value;
		batch->values[batch->count] = memory_take(version.size + 1);
		write->value = value_of(version.value, version.size,
					batch->values[batch->count]);
	}
	take_in(world, batch,
		&(struct model_change){ .kind = CHANGE_ROW,
					.table = (uint8_t)table,
					.key = (uint8_t)key,
					.is_explicit = is_explicit,
					.id = id,
					.version = version });
}

void
batch_add_row(struct world *world, struct batch *batch, unsigned table,
		unsigned key, uint32_t size)
{
	const struct version *old =
		&world->model.now.tables[table].rows[key];
	bool is_explicit;
	int64_t timestamp_us = draw_timestamp(world, old, &is_explicit);

	batch_add_version(world, batch, table, key,
		    (struct version){ .kind = VERSION_ROW,
				      .size = size,
				      .expires_at_s = draw_expiry(world),
				      .timestamp_us = timestamp_us },
		    is_explicit);
}

void
batch_add_tombstone(struct world *world, struct batch *batch, unsigned table,
	      unsigned key)
{
	const struct version *old =
		&world->model.now.tables[table].rows[key];
	bool is_explicit;
	int64_t timestamp_us = draw_timestamp(world, old, &is_explicit);

	batch_add_version(world, batch, table, key,
		    (struct version){ .kind = VERSION_TOMBSTONE,
				      .timestamp_us = timestamp_us },
		    is_explicit);
}

void
batch_add_create(struct world *world, struct batch *batch, unsigned table)
{
	uint32_t id = engine_allocate_table(world->engine);

	batch->writes[batch->count] = (struct engine_write){
		.kind = ENGINE_WRITE_CREATE_TABLE,
		.table = id,
	};
	take_in(world, batch,
		&(struct model_change){ .kind = CHANGE_CREATE,
					.table = (uint8_t)table,
					.id = id });
}

void
batch_add_drop(struct world *world, struct batch *batch, unsigned table)
{
	uint32_t id = world->model.now.tables[table].id;

	batch->writes[batch->count] = (struct engine_write){
		.kind = ENGINE_WRITE_DROP_TABLE,
		.table = id,
	};
	take_in(world, batch,
		&(struct model_change){ .kind = CHANGE_DROP,
					.table = (uint8_t)table,
					.id = id });
}

void
batch_finish(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		free(batch->values[i]);
	batch->count = 0;
}

/* ---- refusals ---- */

static bool
is_reclaiming(const struct batch *batch)
{
	size_t tombstones = 0;

	for (size_t i = 0; i < batch->count; i++) {
		if (batch->writes[i].kind == ENGINE_WRITE_DROP_TABLE)
			return true;
		tombstones += batch->writes[i].kind == ENGINE_WRITE_TOMBSTONE;
	}
	return tombstones == batch->count;
}

static uint64_t
bytes_of(const struct batch *batch)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < batch->count; i++)
		bytes += batch->writes[i].key.size +
			 batch->writes[i].value.size + 64;
	return bytes;
}

/* More than a segment holds. */
static bool
has_run(const struct world *world, const struct batch *batch)
{
	uint32_t most = world_segment_size(world) - FORMAT_HEADER_SIZE;

	for (size_t i = 0; i < batch->count; i++) {
		const struct engine_write *write = &batch->writes[i];

		if (record_size(RECORD_ROW | RECORD_EXPIRING, write->key.size,
				write->value.size) > most)
			return true;
	}
	return false;
}

/* A database of limited size must find room where rows are few, and for
 * what makes room always.  Rows larger than a segment need neighbours
 * that are free, so that for them nothing is certain. */
static bool
may_be_full(struct world *world, const struct batch *batch)
{
	struct engine_statistics statistics;
	uint64_t segments, needed;

	if (world->was_full || world->is_damaged || world_holds(world) ||
	    world_injected(world) > world->injected_before ||
	    has_run(world, batch))
		return true;
	if (is_reclaiming(batch))
		return false;
	engine_get_statistics(world->engine, &statistics);
	segments = world_size_max(world) / world_segment_size(world);
	segments -= segments < statistics.quarantined ? segments :
							statistics.quarantined;
	needed = (statistics.live_bytes * 3 / 2 + bytes_of(batch) * 2) /
			 (world_segment_size(world) - 256) +
		 1;
	return batch->may_be_too_large || segments < 12 + 2 * needed;
}

static void
refuse_full(struct world *world, const struct batch *batch)
{
	struct engine_statistics statistics;

	engine_get_statistics(world->engine, &statistics);
	world_violate(world, VIOLATION_REFUSED,
		      "full, it says to %zu writes of %" PRIu64 " bytes%s: "
		      "%" PRIu64 " bytes live, %" PRIu64 " dead, %" PRIu64
		      " of %" PRIu64 " segments free",
		      batch->count, bytes_of(batch),
		      is_reclaiming(batch) ? " that make room" : "",
		      statistics.live_bytes, statistics.dead_bytes,
		      statistics.segments_free, statistics.segments);
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
	if (error->code == ERROR_FULL && world_is_excused(world, error) &&
	    !may_be_full(world, batch)) {
		refuse_full(world, batch);
		return;
	}
	if (!world_is_excused(world, error)) {
		world_violate(world, VIOLATION_REFUSED, "writing: %s",
			      error->message);
		return;
	}
	world->deeds.full += error->code == ERROR_FULL;
	if (error->code != ERROR_FULL) {
		world_restart(world);
	} else if (world->disk->faults.bytes_max == 0) {
		/* There is room again: told so once, and a little later not
		 * any more. */
		world->disk->time_us += US_PER_S;
		world->was_full = false;
	}
}

/* ---- writing ---- */

static int
try_to_write(struct world *world, struct batch *batch, uint64_t *lsn,
	     struct error *error)
{
	struct waiting waiting = { 0 };
	int status;

	while ((status = engine_write(world->engine, batch->writes,
				      batch->count, lsn, error)) ==
	       ENGINE_PENDING) {
		if (!act_wait(world, &waiting, "a write"))
			return -(int)ERROR_IO;
		model_cancel_batch(&world->model);
		for (size_t i = 0; i < batch->count; i++)
			apply(world, batch, i);
	}
	if (waiting.polls > world->deeds.polls_max)
		world->deeds.polls_max = waiting.polls;
	return status;
}

static uint64_t
segments_of(const struct world *world)
{
	struct engine_statistics statistics;

	engine_get_statistics(world->engine, &statistics);
	return statistics.segments;
}

/* Going beyond the maximum is the last resort of deletions: where they always
 * find room, it means that the reserve was wasted. */
static void
check_maximum(struct world *world, const struct batch *batch, uint64_t before)
{
	uint64_t most = world_size_max(world) / world_segment_size(world);
	uint64_t segments = segments_of(world);

	if (most == 0 || segments <= most || segments == before ||
	    may_be_full(world, batch))
		return;
	world_violate(world, VIOLATION_REFUSED,
		      "%zu writes took %" PRIu64 " segments where %" PRIu64
		      " are allowed",
		      batch->count, segments, most);
}

/* False when it was refused. */
bool
batch_write(struct world *world, struct batch *batch)
{
	struct model *model = &world->model;
	struct error error = ERROR_INIT;
	uint64_t lsn = 0;
	size_t before;
	uint64_t segments = segments_of(world);
	int status = try_to_write(world, batch, &lsn, &error);

	if (status < 0) {
		refuse_batch(world, batch, &error);
		return false;
	}
	check_maximum(world, batch, segments);
	/* Where nothing was kept, nothing tells the time. */
	before = model->count == 0 ?
			 0 :
			 model->batches[model->count - 1].change_end;
	model_end_batch(model, lsn,
			model->change_count > before ? world->last_server_us :
						       0);
	world_say(world, "  batch %zu: %zu writes, LSN %" PRIu64, model->count,
		  batch->count, lsn);
	return true;
}
