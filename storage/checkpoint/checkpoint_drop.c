/* SPDX-License-Identifier: MIT */
#include "storage/checkpoint/checkpoint_drop.h"

#include "storage/engine_storing.h"
#include "storage/format/run.h"
#include "storage/index/record_cache.h"

#include <assert.h>
#include <stdlib.h>

enum { US_PER_S = 1000000 };

void
checkpoint_drop_finish(struct checkpoint_drop *drop)
{
	free(drop->registered);
	*drop = (struct checkpoint_drop){ 0 };
}

/* ---- the place ---- */

/* What the record hides is at or below the horizon then: a segment that was
 * opened before a checkpoint's start may take tombstones behind it, and what
 * was moved behind it may be what they hide. */
static bool
is_below_horizon(const struct engine *engine, const struct location *at)
{
	const struct segment_manager *segments = &engine->segments;
	uint32_t last = at->segment +
			run_parts(segments->segment_size, at->size) - 1;
	const struct segment *segment = &segments->segments[last];

	return segment->state != SEGMENT_OPEN &&
	       horizon_covers(&engine->horizon, segment->stream,
			      segment->last_write);
}

/* A copy that is on its way is replayed though nothing will lead to it: it
 * would win against a write with an older timestamp, which finds nothing any
 * more. */
static bool
may_be_replayed(const struct engine *engine, const struct location *at)
{
	return !is_below_horizon(engine, at) ||
	       moving_writer_is_copying(engine, at->segment);
}

/* ---- the time ---- */

static uint32_t
seconds_of(int64_t us)
{
	int64_t s = us / US_PER_S;

	if (s < 0)
		return 0;
	return s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

/* A clock that can't be earlier when the database is opened again: where the
 * row's place has got another life, recovery must find it expired too. */
static bool
has_expired_for_good(const struct engine *engine,
		     const struct index_entry *entry)
{
	return !entry->is_tombstone && entry->expires_at_s != 0 &&
	       entry->expires_at_s <= seconds_of(engine->manifest.clock_us);
}

/* Writes with timestamps of their own may come late: older ones than the
 * deletion's must still find it.  Where no write had one before the table was
 * known to have them, a tombstone's timestamp is the clock's. */
static bool
is_grace_over(struct engine *engine, const struct table *table,
	      const struct index_entry *entry)
{
	uint64_t deleted_s = entry->expires_at_s;

	if (!table->has_explicit)
		return true;
	if (table->gc_grace_s == TABLE_GC_GRACE_UNTOLD)
		return false;
	if (deleted_s == 0)
		deleted_s = seconds_of(entry->timestamp_us);
	return deleted_s + table->gc_grace_s <= engine_now_s(engine);
}

/* When the row of an entry that stays may go, for who needs its room.  What
 * could have gone by now, after so many checkpoints, has a reason to stay. */
static void
note_expiry(struct engine *engine, struct table *table,
	    const struct index_entry *entry)
{
	bool is_last = engine->room_wait.expiry_checkpoints ==
		       CHECKPOINT_DROP_EXPIRY;
	uint64_t due_s = entry->expires_at_s;

	if (entry->is_tombstone || entry->expires_at_s == 0)
		return;
	if (table->has_explicit && table->gc_grace_s != TABLE_GC_GRACE_UNTOLD)
		due_s += table->gc_grace_s;
	if (due_s < UINT32_MAX && (!is_last || due_s > engine_now_s(engine)))
		table_meet_expiry(table, (uint32_t)due_s);
}

/* ---- registrations ---- */

/* Tables that come later have numbers, and so registrations, that weren't
 * there before; those that go meanwhile only stay a little longer. */
static bool
know_registered(struct checkpoint_drop *drop)
{
	const struct table_registry *tables = &drop->engine->tables;

	if (drop->registered != NULL)
		return true;
	drop->registered =
		malloc((tables->count + 1) * sizeof(*drop->registered));
	if (drop->registered == NULL)
		return false;
	for (size_t i = 0; i < tables->count; i++) {
		uint8_t key[REGISTRY_KEY_SIZE];

		registry_encode_key(tables->tables[i]->id, key);
		drop->registered[i] = engine_hash_key(
			drop->engine, slice_make(key, sizeof(key)));
	}
	drop->registered_count = tables->count;
	qsort(drop->registered, drop->registered_count,
	      sizeof(*drop->registered), engine_compare_hashes);
	return true;
}

/* Its record is below the horizon, so that a table which it registered was
 * there long before this walk began. */
static bool
is_of_dropped_table(struct checkpoint_drop *drop,
		    const struct index_entry *entry)
{
	struct key_hash hash = { entry->token, entry->fingerprint };

	return know_registered(drop) &&
	       bsearch(&hash, drop->registered, drop->registered_count,
		       sizeof(hash), engine_compare_hashes) == NULL;
}

/* ---- dropping ---- */

static bool
may_drop(struct checkpoint_drop *drop, const struct table *table,
	 const struct index_entry *entry)
{
	struct engine *engine = drop->engine;

	if (table == engine->freed ||
	    may_be_replayed(engine, &entry->location))
		return false;
	if (table == engine->registry)
		return is_of_dropped_table(drop, entry);
	if (!entry->is_tombstone && !has_expired_for_good(engine, entry))
		return false;
	return is_grace_over(engine, table, entry);
}

static bool
admit_forgetting(struct engine *engine)
{
	return engine_storing_flags(engine, MANIFEST_FORGOTTEN, 0, NULL) == 0;
}

/* The last checkpoint points there still: an opening that begins with it must
 * find the place as it is. */
static void
mark_places(struct checkpoint_drop *drop, const struct location *at)
{
	struct segment_manager *segments = &drop->engine->segments;
	uint32_t parts = run_parts(segments->segment_size, at->size);

	for (uint32_t i = 0; i < parts; i++)
		segments->segments[at->segment + i].dropped_by = drop->walk;
}

static void
drop_entry(struct checkpoint_drop *drop, struct table *table,
	   const struct index_entry *entry)
{
	struct engine *engine = drop->engine;
	struct index_entry old;
	bool was_there = primary_index_remove(table->index, entry->token,
					      entry->fingerprint, &old);

	assert(was_there && old.timestamp_us == entry->timestamp_us);
	(void)was_there;
	table_remove_entry(table, &old);
	mark_places(drop, &old.location);
	segment_manager_kill_record(&engine->segments, old.location);
	if (engine->cache != NULL)
		record_cache_remove(engine->cache, table->id, old.token,
				    old.fingerprint);
}

bool
checkpoint_drop_try(struct checkpoint_drop *drop, struct table *table,
		    const struct index_entry *entry)
{
	if (drop->is_refused || !may_drop(drop, table, entry)) {
		note_expiry(drop->engine, table, entry);
		return false;
	}
	if (!admit_forgetting(drop->engine)) {
		drop->is_refused = true;
		note_expiry(drop->engine, table, entry);
		return false;
	}
	drop_entry(drop, table, entry);
	return true;
}
