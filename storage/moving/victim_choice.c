/* SPDX-License-Identifier: MIT */
#include "storage/moving/victim_choice.h"

#include "storage/checkpoint/freed_life.h"

#include <assert.h>

enum {
	LOOKS = 8,      /* segments of a bucket that are compared */
	PASSES = 64,    /* and passed over, as they can't be moved */
	BUCKET_NONE = 0 /* in a segment: it is in none; else the number + 1 */
};

/* What holds no record, and isn't lost by packing alone: a user's small buffers
 * are rounded up to blocks; where another record would have found room, or in a
 * segment that is less than half full, others can be packed in. */
static uint32_t
loose_room(const struct victim_choice *choice, uint32_t segment)
{
	const struct segment_manager *segments = choice->segments;
	const struct segment *entry = &segments->segments[segment];
	uint32_t room = segments->segment_size - FORMAT_HEADER_SIZE;
	uint32_t tail = room - entry->record_bytes;
	uint32_t least = entry->last_write > entry->first_write ? room / 8 :
								   room / 2;

	if (choice->tail_min < least)
		least = choice->tail_min;
	return tail > least ? tail : 0;
}

/* Bytes that moving a segment's records wins. */
static uint32_t
gain_of(const struct victim_choice *choice, uint32_t segment)
{
	const struct segment *entry = &choice->segments->segments[segment];

	return entry->record_bytes - entry->live_bytes +
	       loose_room(choice, segment);
}

static unsigned
bucket_of(const struct segment_manager *segments, uint32_t segment)
{
	const struct segment *entry = &segments->segments[segment];

	if (entry->state != SEGMENT_SEALED || entry->kind == BUFFER_PART)
		return BUCKET_NONE;
	assert(entry->live_bytes <= segments->segment_size);
	return 1 + (unsigned)((uint64_t)entry->live_bytes * VICTIM_BUCKETS /
			      (segments->segment_size + 1));
}

void
victim_choice_update(struct victim_choice *choice, uint32_t segment)
{
	struct segment_manager *segments = choice->segments;
	struct segment *entry = &segments->segments[segment];
	unsigned bucket = bucket_of(segments, segment);

	choice->changes++;
	if (bucket == entry->bucket)
		return;
	if (entry->bucket != BUCKET_NONE)
		segment_list_remove(segments,
				    &choice->buckets[entry->bucket - 1],
				    segment);
	entry->bucket = (uint8_t)bucket;
	if (bucket != BUCKET_NONE)
		segment_list_append(segments, &choice->buckets[bucket - 1],
				    segment);
}

void
victim_choice_init(struct victim_choice *choice,
		   struct segment_manager *segments)
{
	*choice = (struct victim_choice){ .segments = segments,
					  .before = UINT64_MAX,
					  .tail_min = UINT32_MAX };
	for (unsigned i = 0; i < VICTIM_BUCKETS; i++)
		choice->buckets[i] = (struct segment_list){ SEGMENT_NONE,
							    SEGMENT_NONE, 0 };
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		segments->segments[i].bucket = BUCKET_NONE;
		victim_choice_update(choice, i);
	}
}

static bool
may_move(const struct victim_choice *choice, uint32_t segment,
	 uint32_t gain_min)
{
	const struct segment *entry = &choice->segments->segments[segment];
	uint64_t durable = entry->stream == STREAM_MOVING ?
				   choice->moving_durable :
				   choice->user_durable;

	return entry->last_write <= durable &&
	       entry->sequence < choice->before &&
	       gain_of(choice, segment) >= gain_min;
}

/* (1 - u) / u * age, without fractions: the product of two such numbers stays
 * in bounds. */
struct score {
	uint64_t value;
	uint64_t cost;
};

static struct score
score_of(const struct victim_choice *choice, uint32_t segment)
{
	const struct segment_manager *segments = choice->segments;
	const struct segment *entry = &segments->segments[segment];
	uint64_t age = segments->next_sequence - entry->sequence;

	if (age > UINT32_MAX)
		age = UINT32_MAX;
	return (struct score){
		.value = age * gain_of(choice, segment),
		.cost = entry->live_bytes,
	};
}

static bool
is_better(struct score a, struct score b)
{
	__extension__ typedef unsigned __int128 product;

	return (product)a.value * b.cost > (product)b.value * a.cost;
}

/* A look through a bucket's first segments. */
struct look {
	uint32_t segment;
	uint32_t left; /* segments, that one included */
	unsigned looks, passes;
};

struct best {
	uint32_t segment;
	struct score score;
};

/* What is compared of a segment; it may begin in one line and end in the
 * next. */
static void
prefetch_segment(const struct victim_choice *choice, uint32_t segment)
{
	const struct segment *entry = &choice->segments->segments[segment];

	__builtin_prefetch(&entry->sequence);
	__builtin_prefetch(&entry->stream);
}

/* Compares one segment; false when the look is at its end. */
static bool
look_on(const struct victim_choice *choice, struct look *look,
	uint32_t gain_min, struct best *best)
{
	uint32_t segment = look->segment;
	struct score score;

	look->segment = choice->segments->segments[segment].next;
	look->left--;
	if (may_move(choice, segment, gain_min)) {
		look->looks--;
		score = score_of(choice, segment);
		if (best->segment == SEGMENT_NONE ||
		    is_better(score, best->score))
			*best = (struct best){ segment, score };
	} else {
		look->passes--;
	}
	return look->left > 0 && look->looks > 0 && look->passes > 0;
}

/* All buckets side by side: each step waits for memory, and they wait
 * together. */
uint32_t
victim_choice_best(const struct victim_choice *choice, uint32_t gain_min)
{
	struct best best = { .segment = SEGMENT_NONE };
	struct look looks[VICTIM_BUCKETS];
	unsigned count = 0;

	for (unsigned i = 0; i < VICTIM_BUCKETS; i++) {
		const struct segment_list *bucket = &choice->buckets[i];

		if (bucket->count == 0)
			continue;
		prefetch_segment(choice, bucket->first);
		looks[count++] = (struct look){ bucket->first, bucket->count,
						LOOKS, PASSES };
	}
	while (count > 0) {
		unsigned kept = 0;

		for (unsigned i = 0; i < count; i++) {
			if (!look_on(choice, &looks[i], gain_min, &best))
				continue;
			prefetch_segment(choice, looks[i].segment);
			looks[kept++] = looks[i];
		}
		count = kept;
	}
	return best.segment;
}

uint32_t
victim_choice_any(const struct victim_choice *choice)
{
	const struct segment_manager *segments = choice->segments;

	for (unsigned i = 0; i < VICTIM_BUCKETS; i++) {
		uint32_t segment = choice->buckets[i].first;

		for (uint32_t left = choice->buckets[i].count; left > 0;
		     left--, segment = segments->segments[segment].next) {
			if (may_move(choice, segment, 1))
				return segment;
		}
	}
	return SEGMENT_NONE;
}

/* ---- whether it is worth it ---- */

/* Victims, and what they take instead. */
struct plan {
	uint64_t segments;
	uint64_t bytes;
	bool needs_rows;
};

/* A buffer of rows of table 3 takes a whole segment where segments are small,
 * but it is a victim as soon as it is written: what it costs in the end is its
 * rows.  Where there is no room for it, checkpoints do instead. */
static int64_t
value_of(const struct victim_choice *choice, const struct plan *plan)
{
	uint64_t room = choice->segments->segment_size - FORMAT_HEADER_SIZE;
	uint64_t moved = (plan->bytes + room - 1) / room;
	uint64_t rows = 0;

	if (plan->needs_rows)
		rows = (plan->segments * FREED_RECORD_SIZE + room - 1) / room;
	return (int64_t)plan->segments - (int64_t)moved - (int64_t)rows;
}

bool
victim_choice_needs_row(const struct victim_choice *choice, uint32_t segment)
{
	const struct segment *entry = &choice->segments->segments[segment];

	return !horizon_covers(&choice->horizon, entry->stream,
			       entry->last_write);
}

bool
victim_choice_is_worth(const struct victim_choice *choice, uint32_t victims,
		       uint64_t bytes, bool needs_rows, bool is_free_of_rows)
{
	const struct segment_manager *segments = choice->segments;
	struct plan plan = { .segments = victims,
			     .bytes = bytes,
			     .needs_rows = needs_rows && !is_free_of_rows };
	int64_t base = value_of(choice, &plan);

	if (base < 0)
		base = 0;
	for (unsigned i = 0; i < VICTIM_BUCKETS; i++) {
		uint32_t segment = choice->buckets[i].first;

		for (uint32_t left = choice->buckets[i].count; left > 0;
		     left--, segment = segments->segments[segment].next) {
			if (!may_move(choice, segment, 1))
				continue;
			plan.segments++;
			plan.bytes += segments->segments[segment].live_bytes;
			if (!is_free_of_rows &&
			    victim_choice_needs_row(choice, segment))
				plan.needs_rows = true;
			if (value_of(choice, &plan) > base)
				return true;
		}
	}
	return false;
}
