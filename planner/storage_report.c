/* SPDX-License-Identifier: MIT
 *
 * A table says which field stands in which column; docs/language.md says what
 * each means. */
#include "planner/storage_report.h"

#include "base/pack.h"
#include "types/type.h"

#include <math.h>

/* What the columns are made of. */
struct facts {
	struct engine_statistics counters;
	struct engine_segment_map map;
	uint64_t mixed_segments;
	uint64_t full_segments;
	double write_amplification;
	double space_amplification;
	double index_bytes_per_key;
	double recovery_ms;
};

enum fact_kind { FACT_COUNT, FACT_RATIO, FACT_SHARES, FACT_NAME };

struct fact {
	const char *name;
	enum fact_kind kind;
	size_t offset; /* in struct facts */
};

#define COUNTER(field) \
	{ #field, FACT_COUNT, offsetof(struct facts, counters.field) }
#define RATIO(field) { #field, FACT_RATIO, offsetof(struct facts, field) }

static const struct fact table[] = {
	COUNTER(keys),
	COUNTER(tombstones),
	COUNTER(live_bytes),
	COUNTER(dead_bytes),
	COUNTER(disk_bytes),
	COUNTER(segments),
	COUNTER(segments_free),
	{ "segments_mixed", FACT_COUNT,
	  offsetof(struct facts, mixed_segments) },
	{ "segments_full", FACT_COUNT, offsetof(struct facts, full_segments) },
	{ "segments_run", FACT_COUNT,
	  offsetof(struct facts, map.run_segments) },
	{ "segments_quarantined", FACT_COUNT,
	  offsetof(struct facts, counters.quarantined) },
	COUNTER(user_bytes_written),
	COUNTER(device_bytes_written),
	RATIO(write_amplification),
	RATIO(space_amplification),
	COUNTER(index_bytes),
	RATIO(index_bytes_per_key),
	COUNTER(cache_bytes),
	COUNTER(cache_hits),
	COUNTER(cache_misses),
	COUNTER(device_reads),
	COUNTER(buffers_written),
	COUNTER(compactions),
	COUNTER(segments_freed),
	COUNTER(moved_bytes),
	COUNTER(separator_flushes),
	COUNTER(separator_bytes),
	COUNTER(checkpoints),
	COUNTER(checkpoint_bytes_written),
	RATIO(recovery_ms),
	COUNTER(recovered_records),
	COUNTER(discarded_bytes),
	{ "io", FACT_NAME, offsetof(struct facts, counters.io_name) },
	{ "mixed_by_live_share", FACT_SHARES,
	  offsetof(struct facts, map.mixed) },
	{ "full_by_live_share", FACT_SHARES, offsetof(struct facts, map.full) },
};

enum { FACT_TOTAL = sizeof(table) / sizeof(table[0]) };

/* ---- columns ---- */

int
storage_report_bind(struct binder *binder)
{
	static const enum type_kind kinds[] = {
		[FACT_COUNT] = TYPE_BIGINT,
		[FACT_RATIO] = TYPE_DOUBLE,
		[FACT_SHARES] = TYPE_BIGINT,
		[FACT_NAME] = TYPE_TEXT,
	};
	const struct type *bigint = type_native(TYPE_BIGINT);
	const struct type *shares = type_create(binder->arena, TYPE_LIST,
						&bigint, 1, true);
	struct fixed_column columns[FACT_TOTAL];
	int result;

	for (size_t i = 0; i < FACT_TOTAL; i++)
		columns[i] = (struct fixed_column){ table[i].name,
						   kinds[table[i].kind] };
	binder->plan->kind = PLAN_SHOW_STORAGE;
	result = bind_fixed_columns(binder, columns, FACT_TOTAL);
	if (result == 0 && shares == NULL)
		result = error_no_memory(binder->error);
	if (result < 0)
		return result;
	for (size_t i = 0; i < FACT_TOTAL; i++)
		if (table[i].kind == FACT_SHARES)
			binder->plan->columns[i].type = shares;
	return 0;
}

/* ---- facts ---- */

/* Of nothing there is no ratio: NaN stands for null. */
static double
divide(uint64_t dividend, uint64_t divisor)
{
	return divisor == 0 ? (double)NAN : (double)dividend / (double)divisor;
}

static uint64_t
sum(const uint64_t *counts)
{
	uint64_t total = 0;

	for (size_t i = 0; i < ENGINE_SHARES; i++)
		total += counts[i];
	return total;
}

static void
gather(struct engine *engine, struct facts *facts)
{
	const struct engine_statistics *counters = &facts->counters;

	engine_get_statistics(engine, &facts->counters);
	engine_get_segment_map(engine, &facts->map);
	facts->mixed_segments = sum(facts->map.mixed);
	facts->full_segments = sum(facts->map.full);
	facts->write_amplification = divide(counters->device_bytes_written,
					    counters->user_bytes_written);
	facts->space_amplification =
		divide(counters->disk_bytes, counters->live_bytes);
	facts->index_bytes_per_key =
		divide(counters->index_bytes, counters->keys);
	facts->recovery_ms = (double)counters->recovery_us / 1000;
}

/* ---- values ---- */

static struct slice
encode_u64(uint64_t number, struct arena *arena)
{
	uint8_t bytes[sizeof(uint64_t)];

	store_u64_be(bytes, number);
	return arena_copy(arena, slice_make(bytes, sizeof(bytes)));
}

static struct slice
encode_double(double number, struct arena *arena)
{
	uint64_t bits;

	if (isnan(number))
		return SLICE_NULL;
	memcpy(&bits, &number, sizeof(bits));
	return encode_u64(bits, arena);
}

static struct slice
encode_shares(const uint64_t *counts, struct arena *arena)
{
	enum { ELEMENT = sizeof(uint32_t) + sizeof(uint64_t) };
	uint8_t bytes[sizeof(uint32_t) + ENGINE_SHARES * ELEMENT];
	uint8_t *at = bytes;

	store_u32_be(at, ENGINE_SHARES);
	at += sizeof(uint32_t);
	for (size_t i = 0; i < ENGINE_SHARES; i++) {
		store_u32_be(at, sizeof(uint64_t));
		store_u64_be(at + sizeof(uint32_t), counts[i]);
		at += ELEMENT;
	}
	return arena_copy(arena, slice_make(bytes, sizeof(bytes)));
}

static struct slice
encode(const struct facts *facts, const struct fact *fact,
       struct arena *arena)
{
	const void *at = (const char *)facts + fact->offset;

	switch (fact->kind) {
	case FACT_COUNT:
		return encode_u64(*(const uint64_t *)at, arena);
	case FACT_RATIO:
		return encode_double(*(const double *)at, arena);
	case FACT_SHARES:
		return encode_shares(at, arena);
	case FACT_NAME:
		break;
	}
	return slice_from_string(*(const char *const *)at);
}

int
storage_report_make(struct logstor_session *session, struct arena *arena,
		    struct row_list *rows, struct error *error)
{
	struct row_list_row *row = arena_new(arena, struct row_list_row);
	struct slice *values = arena_new_array(arena, struct slice,
					       FACT_TOTAL);
	struct facts facts;

	if (row == NULL || values == NULL)
		return error_no_memory(error);
	gather(session->database->engine, &facts);
	for (size_t i = 0; i < FACT_TOTAL; i++)
		values[i] = encode(&facts, &table[i], arena);
	if (arena->has_failed)
		return error_no_memory(error);
	row->values = values;
	*rows->last = row;
	rows->last = &row->next;
	return 0;
}
