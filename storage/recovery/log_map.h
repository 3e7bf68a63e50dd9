/* SPDX-License-Identifier: MIT
 *
 * Which write sequences of a stream were found in the log, as runs of
 * neighbours, and what follows from that: is one missing that must be there,
 * and where does the log end?  For recovery. */
#ifndef STORAGE_RECOVERY_LOG_MAP_H
#define STORAGE_RECOVERY_LOG_MAP_H

#include "storage/format/format.h"
#include "storage/format/manifest.h"

/* Buffers that were met one after the other, with sequences without a gap. */
struct log_run {
	uint64_t first;
	uint64_t last;
	uint64_t last_batch_end; /* of them, or 0: none ends a batch */
	uint32_t first_segment;  /* where the first one stands */
	uint32_t first_offset;
	uint32_t last_segment;   /* where the last one ends */
	uint32_t last_end;
};

struct log_map {
	struct log_run *runs;
	size_t count;
	size_t capacity;
};

void log_map_finish(struct log_map *map);

/* For qsort: of anything that begins with its first sequence, as runs and
 * ranges do. */
int log_map_compare(const void *a, const void *b);

MUST_CHECK int log_map_add(struct log_map *map,
			   const struct buffer_header *header,
			   struct error *error);

/* What may be missing. */
struct log_rules {
	uint64_t base;      /* at or below it nothing need be there */
	uint64_t watermark; /* up to it everything must be there, but for… */
	const struct void_list *voids;
	const struct void_range *freed; /* …lives that were freed: ascending
					   by their first sequence */
	size_t freed_count;
};

struct log_verdict {
	const struct log_run *twice; /* begins with a sequence that another run
					has too; or NULL */
	uint64_t missing; /* the first that must be there and isn't; or 0 */
	const struct log_run *before_missing; /* or NULL: nothing is */
	uint64_t accepted; /* the last one that counts */
	uint64_t gapless;  /* up to it each is there or may be missing */
};

/* Above the watermark counts what is gapless, up to a batch's end. Sorts the
 * map. */
void log_map_judge(struct log_map *map, const struct log_rules *rules,
		   struct log_verdict *verdict);

#endif
