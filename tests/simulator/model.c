/* SPDX-License-Identifier: MIT */
#include "tests/simulator/model.h"

#include "tests/simulator/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
model_init(struct model *model)
{
	*model = (struct model){ 0 };
	model->base.tables[0].id = ENGINE_TABLE_CATALOG;
	model->grace_s = MODEL_GRACE_DEFAULT_S;
	model->now = model->base;
}

void
model_finish(struct model *model)
{
	free(model->changes);
	free(model->batches);
	*model = (struct model){ 0 };
}

/* ---- writing ---- */

bool
model_is_kept(const struct version *old, int64_t timestamp_us)
{
	if (old->kind == VERSION_NONE)
		return true;
	return timestamp_us > old->timestamp_us ||
	       (timestamp_us == old->timestamp_us &&
		old->kind != VERSION_TOMBSTONE);
}

bool
model_may_be_dropped(const struct version *version, uint32_t now_s,
		     uint32_t grace_s)
{
	if (version->kind == VERSION_ROW)
		return version->expires_at_s != 0 &&
		       version->expires_at_s <= now_s;
	return version->kind == VERSION_TOMBSTONE &&
	       (!version->must_wait ||
		now_s >= (uint64_t)version->deleted_at_s + grace_s);
}

static void
apply(struct model_state *state, const struct model_change *change)
{
	struct model_table *table = &state->tables[change->table];

	switch (change->kind) {
	case CHANGE_ROW:
		table->rows[change->key] = change->version;
		table->has_explicit |= change->is_explicit;
		break;
	case CHANGE_CREATE:
		*table = (struct model_table){ .id = change->id };
		break;
	case CHANGE_DROP:
		*table = (struct model_table){ 0 };
		break;
	}
}

void
model_change(struct model *model, const struct model_change *change)
{
	if (model->change_count == model->change_capacity) {
		model->change_capacity = model->change_capacity * 2 + 64;
		model->changes =
			memory_grow(model->changes,
				    model->change_capacity * sizeof(*change));
	}
	model->changes[model->change_count++] = *change;
	apply(&model->now, change);
}

static size_t
changes_of(const struct model *model, size_t batches)
{
	return batches == 0 ? 0 : model->batches[batches - 1].change_end;
}

void
model_end_batch(struct model *model, uint64_t lsn, int64_t server_us)
{
	if (model->count == model->capacity) {
		model->capacity = model->capacity * 2 + 64;
		model->batches =
			memory_grow(model->batches,
				    model->capacity * sizeof(*model->batches));
	}
	model->batches[model->count++] = (struct model_batch){
		.lsn = lsn,
		.change_end = model->change_count,
		.server_us = server_us,
	};
}

void
model_cancel_batch(struct model *model)
{
	model->change_count = changes_of(model, model->count);
	model->now = model->base;
	for (size_t i = 0; i < model->change_count; i++)
		apply(&model->now, &model->changes[i]);
}

static void
raise_floor(struct model *model, size_t batches, bool is_durable)
{
	if (batches > model->committed)
		model->committed = batches;
	if (is_durable && batches > model->durable)
		model->durable = batches;
}

void
model_acknowledge(struct model *model, uint64_t lsn, bool is_durable)
{
	size_t batches = model->count;

	while (batches > 0 && model->batches[batches - 1].lsn > lsn)
		batches--;
	raise_floor(model, batches, is_durable);
}

void
model_acknowledge_row(struct model *model, unsigned table, unsigned key,
		      bool is_durable)
{
	size_t batches = model->count;

	/* The last batch that changed it. */
	for (size_t i = model->change_count; i-- > 0;) {
		const struct model_change *change = &model->changes[i];

		while (changes_of(model, batches - 1) > i)
			batches--;
		if (change->table == table &&
		    (change->kind != CHANGE_ROW || change->key == key)) {
			raise_floor(model, batches, is_durable);
			return;
		}
	}
}

/* ---- judging ---- */

static void
add_id(uint32_t ids[MODEL_IDS_MAX], size_t *count, uint32_t id)
{
	for (size_t i = 0; i < *count; i++) {
		if (ids[i] == id)
			return;
	}
	if (id != 0 && *count < MODEL_IDS_MAX)
		ids[(*count)++] = id;
}

size_t
model_ids(const struct model *model, uint32_t ids[MODEL_IDS_MAX])
{
	size_t count = 0;

	for (unsigned i = 0; i < MODEL_TABLES; i++) {
		add_id(ids, &count, model->base.tables[i].id);
		add_id(ids, &count, model->now.tables[i].id);
	}
	for (size_t i = model->change_count; i-- > 0;)
		add_id(ids, &count, model->changes[i].id);
	for (size_t i = model->dropped_count; i-- > 0;)
		add_id(ids, &count, model->dropped[i]);
	return count;
}

static const struct model_table *
find_table(const struct model_state *state, uint32_t id)
{
	for (unsigned i = 0; i < MODEL_TABLES; i++) {
		if (state->tables[i].id == id)
			return &state->tables[i];
	}
	return NULL;
}

/* The moment of expiry may lie between the first and the last look. */
static bool
may_be_live(const struct version *version, const struct observation *seen)
{
	return version->expires_at_s == 0 ||
	       version->expires_at_s > seen->from_s;
}

static bool
may_be_expired(const struct version *version, const struct observation *seen)
{
	return version->expires_at_s != 0 &&
	       version->expires_at_s <= seen->to_s;
}

bool
model_is_version(const struct version *version, const struct seen_row *row,
		 const struct observation *seen)
{
	if (version->kind == VERSION_NONE)
		return row->state == ENGINE_ROW_ABSENT;
	if (row->state == ENGINE_ROW_ABSENT)
		return model_may_be_dropped(version, seen->to_s,
					    seen->grace_s);
	if (row->timestamp_us != version->timestamp_us ||
	    row->expires_at_s != version->expires_at_s)
		return false;
	if (version->kind == VERSION_TOMBSTONE)
		return row->state == ENGINE_ROW_DELETED;
	if (row->state == ENGINE_ROW_DELETED)
		return may_be_expired(version, seen);
	return may_be_live(version, seen) &&
	       (row->is_unreadable || (row->value == version->value &&
				       row->size == version->size));
}

static const struct version version_none;

static const struct version *
version_in(const struct model_state *state, uint32_t id, unsigned key)
{
	const struct model_table *table = find_table(state, id);

	return table == NULL ? &version_none : &table->rows[key];
}

static bool
is_same_version(const struct version *a, const struct version *b)
{
	return a->kind == b->kind && a->value == b->value &&
	       a->timestamp_us == b->timestamp_us &&
	       a->expires_at_s == b->expires_at_s;
}

/* The ghost that is seen instead of ${expected}, or NULL. */
static const struct model_ghost *
find_ghost(const struct model *model, const struct version *expected,
	   const struct seen_table *table, unsigned key,
	   const struct observation *seen)
{
	const struct seen_row *row = &table->rows[key];
	size_t count = model->ghost_count < MODEL_GHOSTS_MAX ?
			       model->ghost_count :
			       MODEL_GHOSTS_MAX;

	for (size_t i = 0; i < count && row->state == ENGINE_ROW_DELETED; i++) {
		const struct model_ghost *ghost = &model->ghosts[i];

		if (ghost->id == table->id && ghost->key == key &&
		    is_same_version(&ghost->instead_of, expected) &&
		    model_is_version(&ghost->version, row, seen))
			return ghost;
	}
	return NULL;
}

static bool
is_table_as_in(const struct model *model, const struct model_state *state,
	       const struct seen_table *table, const struct observation *seen)
{
	const struct model_table *expected = find_table(state, table->id);

	if (seen->knows_tables && table->exists != (expected != NULL))
		return false;
	for (unsigned key = 0; key < MODEL_KEYS; key++) {
		const struct version *version =
			version_in(state, table->id, key);

		if (!model_is_version(version, &table->rows[key], seen) &&
		    find_ghost(model, version, table, key, seen) == NULL)
			return false;
	}
	return true;
}

/* The table that is another one than in the state, or NULL. */
static const struct seen_table *
find_difference(const struct model *model, const struct model_state *state,
		const struct observation *seen)
{
	for (size_t i = 0; i < seen->count; i++) {
		if (!is_table_as_in(model, state, &seen->tables[i], seen))
			return &seen->tables[i];
	}
	return NULL;
}

/* Where a row's versions stand in time, seen from the floor. */
struct history {
	bool was_before;     /* what is seen is an older version */
	bool is_possible;    /* it is the one at the floor or a later one */
	bool was_gone;       /* at the floor there is no row */
};

static struct history
look_back(const struct model *model, const struct observation *seen,
	  size_t floor, const struct seen_table *table, unsigned key)
{
	struct model_state state = model->base;
	const struct seen_row *row = &table->rows[key];
	struct history history = { 0 };
	size_t done = 0;

	for (size_t batches = 0; batches <= model->count; batches++) {
		const struct version *version;
		bool is_this;

		while (done < changes_of(model, batches))
			apply(&state, &model->changes[done++]);
		version = version_in(&state, table->id, key);
		is_this = model_is_version(version, row, seen);
		if (batches == floor)
			history.was_gone = version->kind != VERSION_ROW;
		if (batches < floor)
			history.was_before |= is_this;
		else
			history.is_possible |= is_this;
	}
	return history;
}

static enum violation
explain_row(const struct model *model, const struct observation *seen,
	    size_t floor, const struct seen_table *table, unsigned key)
{
	const struct seen_row *row = &table->rows[key];
	struct history history = look_back(model, seen, floor, table, key);

	if (history.is_possible)
		return VIOLATION_NONE;
	if (row->state == ENGINE_ROW_LIVE && history.was_gone)
		return VIOLATION_RESURRECTED;
	if (history.was_before || row->state == ENGINE_ROW_ABSENT)
		return VIOLATION_LOST;
	return VIOLATION_WRONG;
}

static void
describe_row(const struct seen_row *row, uint32_t id, unsigned key,
	     char text[256])
{
	static const char *const states[] = { "absent", "live", "deleted" };

	snprintf(text, 256,
		 "table %" PRIu32 " key %u is %s, value %" PRIu32 " of %" PRIu32
		 " bytes at %" PRId64,
		 id, key, states[row->state], row->value, row->size,
		 row->timestamp_us);
}

static bool
is_existence_possible(const struct model *model, size_t floor,
		      const struct seen_table *table)
{
	struct model_state state = model->base;
	size_t done = 0;

	for (size_t batches = 0; batches <= model->count; batches++) {
		while (done < changes_of(model, batches))
			apply(&state, &model->changes[done++]);
		if (batches >= floor &&
		    table->exists == (find_table(&state, table->id) != NULL))
			return true;
	}
	return false;
}

/* Nothing fits: the first row that can't be, or else the whole is torn. */
static enum violation
explain(const struct model *model, const struct observation *seen,
	size_t floor, char text[256])
{
	for (size_t i = 0; i < seen->count; i++) {
		const struct seen_table *table = &seen->tables[i];

		if (seen->knows_tables &&
		    !is_existence_possible(model, floor, table)) {
			snprintf(text, 256, "table %" PRIu32 " %s", table->id,
				 table->exists ? "is there" : "is missing");
			return table->exists ? VIOLATION_RESURRECTED :
					       VIOLATION_LOST;
		}
		for (unsigned key = 0; key < MODEL_KEYS; key++) {
			enum violation violation = explain_row(
				model, seen, floor, table, key);

			if (violation == VIOLATION_NONE)
				continue;
			describe_row(&table->rows[key], table->id, key, text);
			return violation;
		}
	}
	snprintf(text, 256,
		 "every row is possible, but not all of them together: "
		 "between %zu and %zu batches",
		 floor, model->count);
	return VIOLATION_TORN;
}

enum violation
model_judge(const struct model *model, const struct observation *seen,
	    size_t floor, size_t *batches, char text[256])
{
	struct model_state state = model->base;
	size_t done = 0;

	for (size_t i = 0; i <= model->count; i++) {
		while (done < changes_of(model, i))
			apply(&state, &model->changes[done++]);
		if (i < floor || find_difference(model, &state, seen) != NULL)
			continue;
		*batches = i;
		return VIOLATION_NONE;
	}
	return explain(model, seen, floor, text);
}

static void
remember_dropped(struct model *model, uint32_t id)
{
	if (model->dropped_count == MODEL_DROPPED_MAX) {
		memmove(model->dropped, model->dropped + 1,
			sizeof(model->dropped) - sizeof(*model->dropped));
		model->dropped_count--;
	}
	model->dropped[model->dropped_count++] = id;
}

/* ---- what may have been there ---- */

static void
add_ghost(struct model *model, const struct model_state *base,
	  const struct model_change *change)
{
	const struct model_table *table = &base->tables[change->table];

	if (change->kind != CHANGE_ROW || table->id == 0)
		return;
	model->ghosts[model->ghost_count++ % MODEL_GHOSTS_MAX] =
		(struct model_ghost){
			.id = table->id,
			.key = change->key,
			.version = change->version,
			.instead_of = table->rows[change->key],
		};
}

/* What is seen fits more batches than those that are believed, as well. */
static void
add_ghosts(struct model *model, size_t batches, const struct observation *seen)
{
	struct model_state base = model->base, state;
	size_t believed = changes_of(model, batches), done = 0, most = 0;

	while (done < believed)
		apply(&base, &model->changes[done++]);
	state = base;
	for (size_t i = batches + 1; i <= model->count; i++) {
		while (done < changes_of(model, i))
			apply(&state, &model->changes[done++]);
		if (find_difference(model, &state, seen) == NULL)
			most = i;
	}
	for (size_t i = believed; i < changes_of(model, most); i++)
		add_ghost(model, &base, &model->changes[i]);
}

/* A ghost that is seen is there from now on. */
static void
adopt_ghosts(struct model *model, const struct observation *seen)
{
	for (size_t i = 0; i < seen->count * MODEL_KEYS; i++) {
		const struct seen_table *table = &seen->tables[i / MODEL_KEYS];
		unsigned key = (unsigned)(i % MODEL_KEYS);

		for (unsigned at = 0; at < MODEL_TABLES; at++) {
			struct model_table *base = &model->base.tables[at];
			const struct model_ghost *ghost;

			if (base->id != table->id ||
			    model_is_version(&base->rows[key],
					     &table->rows[key], seen))
				continue;
			ghost = find_ghost(model, &base->rows[key], table, key,
					   seen);
			if (ghost != NULL)
				base->rows[key] = ghost->version;
		}
	}
}

void
model_rebase(struct model *model, size_t batches,
	     const struct observation *seen)
{
	if (seen != NULL)
		add_ghosts(model, batches, seen);
	for (size_t i = 0; i < changes_of(model, batches); i++) {
		const struct model_change *change = &model->changes[i];

		apply(&model->base, change);
		if (change->kind == CHANGE_DROP)
			remember_dropped(model, change->id);
	}
	for (size_t i = 0; i < batches; i++) {
		if (model->batches[i].server_us > model->server_us)
			model->server_us = model->batches[i].server_us;
	}
	if (seen != NULL)
		adopt_ghosts(model, seen);
	model->now = model->base;
	model->count = 0;
	model->change_count = 0;
	model->committed = 0;
	model->durable = 0;
}

/* ---- what goes on for a while ---- */

bool
model_was(const struct model *model, size_t from, uint32_t id, unsigned key,
	  const struct seen_row *row, const struct observation *when)
{
	struct model_state state = model->base;
	size_t done = 0;

	for (size_t batches = 0; batches <= model->count; batches++) {
		while (done < changes_of(model, batches))
			apply(&state, &model->changes[done++]);
		if (batches >= from &&
		    model_is_version(version_in(&state, id, key), row, when))
			return true;
	}
	return false;
}

bool
model_was_always_live(const struct model *model, size_t from, uint32_t id,
		      unsigned key, const struct observation *when)
{
	struct model_state state = model->base;
	size_t done = 0;

	for (size_t batches = 0; batches <= model->count; batches++) {
		const struct version *version;

		while (done < changes_of(model, batches))
			apply(&state, &model->changes[done++]);
		version = version_in(&state, id, key);
		if (batches >= from && (version->kind != VERSION_ROW ||
					may_be_expired(version, when)))
			return false;
	}
	return true;
}

/* Deleted and forgotten are the same to who looks twice. */
static bool
is_same_row(const struct seen_row *x, const struct seen_row *y)
{
	bool x_is_gone = x->state != ENGINE_ROW_LIVE;
	bool y_is_gone = y->state != ENGINE_ROW_LIVE;

	if (x->state == ENGINE_ROW_ABSENT || y->state == ENGINE_ROW_ABSENT)
		return (x_is_gone || x->expires_at_s != 0) &&
		       (y_is_gone || y->expires_at_s != 0);
	/* It may have expired in between. */
	return (x->state == y->state || x->expires_at_s != 0) &&
	       x->timestamp_us == y->timestamp_us &&
	       x->expires_at_s == y->expires_at_s &&
	       (x->state != y->state ||
		(x->value == y->value && x->size == y->size));
}

bool
model_is_same(const struct observation *a, const struct observation *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		for (unsigned key = 0; key < MODEL_KEYS; key++) {
			if (!is_same_row(&a->tables[i].rows[key],
					 &b->tables[i].rows[key]))
				return false;
		}
	}
	return true;
}

void
model_keys(const struct model *model, uint32_t now_s, uint64_t *least,
	   uint64_t *most)
{
	*least = *most = 0;
	for (unsigned i = 1; i < MODEL_TABLES; i++) {
		for (unsigned key = 0; key < MODEL_KEYS; key++) {
			const struct version *version =
				&model->now.tables[i].rows[key];

			if (version->kind != VERSION_ROW)
				continue;
			*least += version->expires_at_s == 0 ||
				  version->expires_at_s > now_s;
			*most += 1;
		}
	}
}

const char *
violation_name(enum violation violation)
{
	static const char *const names[VIOLATION_COUNT] = {
		"none",	     "lost",	 "wrong",    "torn",
		"resurrected", "refused", "unstable", "clock",
		"counters",  "stuck",	 "aborted",  "unrepeatable",
	};

	return names[violation];
}
