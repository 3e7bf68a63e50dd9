/* SPDX-License-Identifier: MIT */
#include "tests/simulator/observe.h"

#include "base/checksum.h"
#include "base/pack.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_HEADER_SIZE = 8, TRIES_MAX = 3 };

/* ---- keys and values ---- */

struct slice
key_of(unsigned key, char bytes[KEY_SIZE_MAX_HERE])
{
	/* Some are long, so that records differ in size. */
	int size = key % 5 == 0 ? snprintf(bytes, KEY_SIZE_MAX_HERE,
					   "a-rather-long-key-%032u", key) :
				  snprintf(bytes, KEY_SIZE_MAX_HERE, "k%u",
					   key);

	return slice_make(bytes, (size_t)size);
}

unsigned
key_number(struct slice key)
{
	char bytes[KEY_SIZE_MAX_HERE];
	unsigned number = 0;

	while (number < MODEL_KEYS &&
	       !slice_is_equal(key, key_of(number, bytes)))
		number++;
	return number;
}

static uint8_t
filler(uint32_t value, uint32_t at)
{
	return (uint8_t)(value * 131 + at * 7 + (at >> 8));
}

struct slice
value_of(uint32_t value, uint32_t size, uint8_t *bytes)
{
	if (size >= VALUE_HEADER_SIZE) {
		store_u32_le(bytes, value);
		store_u32_le(bytes + 4, size);
	}
	for (uint32_t i = VALUE_HEADER_SIZE; i < size; i++)
		bytes[i] = filler(value, i);
	return slice_make(bytes, size);
}

bool
value_decode(struct slice bytes, uint32_t *value, uint32_t *size)
{
	*value = 0;
	*size = (uint32_t)bytes.size;
	if (bytes.size == 0)
		return true;
	if (bytes.size < VALUE_HEADER_SIZE ||
	    load_u32_le(bytes.data + 4) != bytes.size)
		return false;
	*value = load_u32_le(bytes.data);
	for (uint32_t i = VALUE_HEADER_SIZE; i < bytes.size; i++) {
		if (bytes.data[i] != filler(*value, i))
			return false;
	}
	return true;
}

/* ---- waiting ---- */

void
drive_poll(struct engine *engine)
{
	struct error error = ERROR_INIT;

	/* Our disk's poll never fails. */
	if (engine_poll(engine, -1, &error) < 0)
		abort();
}

int
drive_commit(struct engine *engine, uint64_t lsn, struct error *error)
{
	int status;

	while ((status = engine_commit(engine, lsn, error)) == ENGINE_PENDING)
		drive_poll(engine);
	return status;
}

int
drive_read(struct engine *engine, struct engine_read *read,
	   struct error *error)
{
	int status;

	while ((status = engine_read(engine, read, error)) == ENGINE_PENDING)
		drive_poll(engine);
	return status;
}

/* ---- looking ---- */

struct look {
	struct engine *engine;
	struct observation *seen;
	uint64_t *hash;
	bool is_damaged;
	char *text;
};

static enum violation
wrong(struct look *look, uint32_t table, unsigned key, const char *what)
{
	snprintf(look->text, 256, "table %" PRIu32 " key %u: %s", table, key,
		 what);
	return VIOLATION_WRONG;
}

static enum violation
refused(struct look *look, const struct error *error)
{
	snprintf(look->text, 256, "reading failed: %.200s", error->message);
	return VIOLATION_REFUSED;
}

/* The timestamp is refused, but only after the table. */
static bool
is_there(struct engine *engine, uint32_t table)
{
	struct error error = ERROR_INIT;
	struct engine_write write = { .kind = ENGINE_WRITE_TOMBSTONE,
				      .table = table,
				      .timestamp_us = INT64_MIN,
				      .key = SLICE("x") };
	uint64_t lsn;

	return engine_write(engine, &write, 1, &lsn, &error) ==
	       -(int)ERROR_INVALID;
}

static void
find_all(struct look *look, struct seen_table *table)
{
	for (unsigned key = 0; key < MODEL_KEYS; key++) {
		char bytes[KEY_SIZE_MAX_HERE];
		struct engine_row row = { 0 };
		struct seen_row *seen = &table->rows[key];

		engine_find(look->engine, table->id, key_of(key, bytes), &row);
		*seen = (struct seen_row){ .state = row.state };
		if (row.state == ENGINE_ROW_ABSENT)
			continue;
		seen->timestamp_us = row.timestamp_us;
		seen->expires_at_s = row.expires_at_s;
	}
}

static enum violation
take_row(struct look *look, struct seen_table *table, unsigned key,
	 const struct engine_row *row)
{
	struct seen_row *seen = &table->rows[key];

	/* What is deleted may be forgotten at any time. */
	if (row->state == ENGINE_ROW_ABSENT &&
	    seen->state == ENGINE_ROW_DELETED)
		*seen = (struct seen_row){ .state = ENGINE_ROW_ABSENT };
	if (row->state != seen->state ||
	    (row->state != ENGINE_ROW_ABSENT &&
	     (row->timestamp_us != seen->timestamp_us ||
	      row->expires_at_s != seen->expires_at_s)))
		return wrong(look, table->id, key,
			     "a read and a find disagree");
	if (row->state != ENGINE_ROW_LIVE)
		return VIOLATION_NONE;
	if (!value_decode(row->value, &seen->value, &seen->size))
		return wrong(look, table->id, key,
			     "the value was never written");
	*look->hash = checksum_mix(*look->hash, seen->value);
	return VIOLATION_NONE;
}

/* After a batch has failed: one by one, to know which row it was. */
static enum violation
read_one(struct look *look, struct seen_table *table, unsigned key)
{
	char bytes[KEY_SIZE_MAX_HERE];
	struct engine_row row = { .key = key_of(key, bytes) };
	struct engine_read read = { .table = table->id,
				    .rows = &row,
				    .count = 1 };
	struct error error = ERROR_INIT;
	enum violation violation = VIOLATION_NONE;

	if (drive_read(look->engine, &read, &error) < 0)
		table->rows[key].is_unreadable = true;
	else
		violation = take_row(look, table, key, &row);
	engine_read_finish(look->engine, &read);
	return violation;
}

static enum violation
read_all(struct look *look, struct seen_table *table)
{
	char bytes[MODEL_KEYS][KEY_SIZE_MAX_HERE];
	struct engine_row rows[MODEL_KEYS] = { 0 };
	struct engine_read read = { .table = table->id,
				    .rows = rows,
				    .count = MODEL_KEYS };
	struct error error = ERROR_INIT;
	enum violation violation = VIOLATION_NONE;
	int status;

	for (unsigned key = 0; key < MODEL_KEYS; key++)
		rows[key].key = key_of(key, bytes[key]);
	status = drive_read(look->engine, &read, &error);
	for (unsigned key = 0; status == 0 && key < MODEL_KEYS &&
			       violation == VIOLATION_NONE;
	     key++)
		violation = take_row(look, table, key, &rows[key]);
	engine_read_finish(look->engine, &read);
	if (status < 0 && !look->is_damaged)
		return refused(look, &error);
	for (unsigned key = 0; status < 0 && key < MODEL_KEYS &&
			       violation == VIOLATION_NONE;
	     key++)
		violation = read_one(look, table, key);
	return violation;
}

struct order {
	bool has_row;
	int64_t token;
	unsigned key;
};

static enum violation
check_order(struct look *look, uint32_t table, struct order *order,
	    const struct engine_row *row, unsigned key)
{
	char bytes[KEY_SIZE_MAX_HERE];

	if (order->has_row &&
	    (row->token < order->token ||
	     (row->token == order->token &&
	      slice_compare(row->key, key_of(order->key, bytes)) <= 0)))
		return wrong(look, table, key, "a scan is out of order");
	*order = (struct order){ true, row->token, key };
	return VIOLATION_NONE;
}

static enum violation
take_scanned(struct look *look, struct seen_table *table,
	     struct order *order, const struct engine_row *row)
{
	unsigned key = key_number(row->key);
	const struct seen_row *seen = &table->rows[key % MODEL_KEYS];
	uint32_t value, size;

	if (key == MODEL_KEYS)
		return wrong(look, table->id, key, "a key from nowhere");
	if (!value_decode(row->value, &value, &size))
		return wrong(look, table->id, key,
			     "the scanned value was never written");
	if (seen->state != ENGINE_ROW_LIVE ||
	    row->timestamp_us != seen->timestamp_us ||
	    (!seen->is_unreadable &&
	     (value != seen->value || size != seen->size)))
		return wrong(look, table->id, key,
			     "a scan and a read disagree");
	return check_order(look, table->id, order, row, key);
}

static unsigned
live_count(const struct seen_table *table)
{
	unsigned count = 0;

	for (unsigned key = 0; key < MODEL_KEYS; key++)
		count += table->rows[key].state == ENGINE_ROW_LIVE;
	return count;
}

static enum violation
scan_all(struct look *look, struct seen_table *table)
{
	struct engine_scan_range range = { .table = table->id,
					   .first_token = INT64_MIN,
					   .last_token = INT64_MAX };
	struct error error = ERROR_INIT;
	enum violation violation = VIOLATION_NONE;
	struct order order = { 0 };
	struct engine_scan *scan;
	struct engine_row row;
	unsigned count = 0;
	int status = engine_scan_open(look->engine, &range, &scan, &error);

	if (status < 0)
		return refused(look, &error);
	while (violation == VIOLATION_NONE) {
		status = engine_scan_next(scan, &row, &error);
		if (status == ENGINE_PENDING) {
			drive_poll(look->engine);
			continue;
		}
		if (status != 0)
			break;
		violation = take_scanned(look, table, &order, &row);
		count++;
	}
	engine_scan_close(scan);
	if (status < 0 && !look->is_damaged)
		return refused(look, &error);
	if (status == ENGINE_END && count != live_count(table))
		return wrong(look, table->id, 0, "a scan misses rows");
	return violation;
}

static enum violation
count_all(struct look *look, struct seen_table *table)
{
	uint64_t lsn = 0;

	if (engine_count(look->engine, table->id, INT64_MIN, INT64_MAX,
			 &lsn) != live_count(table))
		return wrong(look, table->id, 0, "a count is wrong");
	return VIOLATION_NONE;
}

static enum violation
look_at_table(struct look *look, struct seen_table *table)
{
	enum violation violation;

	/* A scan waits for what is written before it opens; so do we, or the
	 * others might see another state. */
	if (look->seen->knows_tables)
		table->exists = is_there(look->engine, table->id);
	find_all(look, table);
	violation = read_all(look, table);
	if (violation == VIOLATION_NONE)
		violation = scan_all(look, table);
	if (violation == VIOLATION_NONE)
		violation = count_all(look, table);
	return violation;
}

enum violation
observe(struct engine *engine, const struct model *model, bool knows_tables,
	bool is_damaged, struct observation *seen, uint64_t *hash,
	char text[256])
{
	struct look look = { engine, seen, hash, is_damaged, text };
	enum violation violation = VIOLATION_NONE;
	uint32_t ids[MODEL_IDS_MAX];

	for (int tries = 0; tries < TRIES_MAX; tries++) {
		*seen = (struct observation){
			.count = model_ids(model, ids),
			.knows_tables = knows_tables,
			.from_s = engine_now_s(engine),
			.grace_s = model->grace_s,
		};
		violation = VIOLATION_NONE;
		for (size_t i = 0;
		     i < seen->count && violation == VIOLATION_NONE; i++) {
			seen->tables[i].id = ids[i];
			violation = look_at_table(&look, &seen->tables[i]);
		}
		seen->to_s = engine_now_s(engine);
		/* A row may have expired between two looks: once more. */
		if (seen->from_s == seen->to_s)
			break;
	}
	return violation;
}

bool
observe_row(const struct engine_row *row, struct seen_row *seen)
{
	*seen = (struct seen_row){ .state = row->state };
	if (row->state == ENGINE_ROW_ABSENT)
		return true;
	seen->timestamp_us = row->timestamp_us;
	seen->expires_at_s = row->expires_at_s;
	return row->state != ENGINE_ROW_LIVE ||
	       value_decode(row->value, &seen->value, &seen->size);
}

bool
observe_is_now(struct engine *engine, const struct version *version,
	       const struct engine_row *row, uint32_t grace_s)
{
	/* It may have expired since the answer was made. */
	uint32_t now_s = engine_now_s(engine);
	struct observation when = { .from_s = now_s > 0 ? now_s - 1 : 0,
				    .to_s = now_s,
				    .grace_s = grace_s };
	struct seen_row seen;

	return observe_row(row, &seen) &&
	       model_is_version(version, &seen, &when);
}
