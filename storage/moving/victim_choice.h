/* SPDX-License-Identifier: MIT
 *
 * Which sealed segment is reclaimed next: the one with the largest
 *
 *	(1 - u) / u * age
 *
 * where u is its live share, and age the number of segments that were opened
 * since it was: what is won, for what it costs to copy, for as long as the rest
 * of it will last.  Sealed segments stand in buckets by their live share, each
 * in the order in which they came there; of each bucket only the first few are
 * compared, which is as good as comparing all.
 *
 * Engine thread only. */
#ifndef STORAGE_MOVING_VICTIM_CHOICE_H
#define STORAGE_MOVING_VICTIM_CHOICE_H

#include "storage/format/manifest.h"
#include "storage/segments/segment_manager.h"

enum { VICTIM_BUCKETS = 64 };

struct victim_choice {
	struct segment_manager *segments;
	struct segment_list buckets[VICTIM_BUCKETS];
	uint64_t changes;        /* of segments, so far */
	uint64_t user_durable;   /* only segments that are durable as a whole */
	uint64_t moving_durable; /* move; told by the caller */
	uint64_t before;         /* only lives with a smaller sequence */
	uint32_t tail_min;       /* bytes that a usual record takes */
	/* Recovery can do without segments whose writes it covers: they become
	 * free without a row of table 3. */
	struct horizon horizon;
};

/* Takes every sealed segment in; from then on victim_choice_update. */
void victim_choice_init(struct victim_choice *choice,
			struct segment_manager *segments);
/* A segment's live bytes or state have changed. */
void victim_choice_update(struct victim_choice *choice, uint32_t segment);

/* The best one that wins ${gain_min} bytes at least; SEGMENT_NONE when a short
 * look finds none. */
uint32_t victim_choice_best(const struct victim_choice *choice,
			    uint32_t gain_min);
/* One with few live bytes, of all that win anything. */
uint32_t victim_choice_any(const struct victim_choice *choice);

/* Whether a row of table 3 will be needed when it dies. */
bool victim_choice_needs_row(const struct victim_choice *choice,
			     uint32_t segment);

/* Whether moving more victims, beside ${victims} whose ${bytes} of records are
 * on their way, wins a segment, packed as well as can be.  ${needs_rows}: some
 * of those need rows, which take room too.  ${is_free_of_rows}: as if none
 * did. */
bool victim_choice_is_worth(const struct victim_choice *choice,
			    uint32_t victims, uint64_t bytes, bool needs_rows,
			    bool is_free_of_rows);

#endif
