/* SPDX-License-Identifier: MIT
 *
 * One output of the separator: copies of records of one compaction group, in
 * the order in which they came, until they are taken.  A record stands in a
 * chunk of memory behind a struct waiting; a chunk goes when all of its records
 * have left.
 *
 * Engine thread only. */
#ifndef STORAGE_MOVING_SEPARATOR_OUTPUT_H
#define STORAGE_MOVING_SEPARATOR_OUTPUT_H

#include "storage/index/primary_index.h"

/* Before each record in a chunk. */
struct waiting {
	int64_t token;
	uint64_t fingerprint;
	struct location from; /* segment SEGMENT_NONE: it has left */
	uint32_t life;        /* of that segment */
};

struct output_chunk {
	struct output_chunk *next;
	struct output *output;
	uint32_t used;
	uint32_t capacity;
	uint32_t count; /* records that haven't left */
	uint32_t reserved;
	uint8_t bytes[];
};

/* Which records: those of one table whose tokens begin with ${bits} bits. */
struct output_key {
	uint32_t table;
	uint32_t bits;
	uint64_t prefix;
};

struct output {
	struct output_key key;
	uint8_t generation;  /* highest of its records' segments */
	bool is_full;        /* in the list of those that leave next */
	uint32_t count;      /* records that wait */
	uint64_t bytes;      /* of them */
	uint64_t memory;     /* of its chunks */
	uint64_t counted_bytes;  /* of both, in the separator's sums */
	uint64_t counted_memory;
	uint64_t number;     /* outputs are numbered as they are made */
	uint64_t since;      /* next segment sequence then */
	uint64_t user_write; /* write sequence that must be durable before
				anything may leave */
	struct output_chunk *first, *last;
	struct output *older, *newer; /* in a list */
	struct output *chain;         /* in the separator's map */
};

/* NULL when out of memory. */
struct output *output_create(const struct output_key *key);
void output_destroy(struct output *output);

/* Copies a record of ${entry}'s place; false when out of memory. */
MUST_CHECK bool output_append(struct output *output,
			      const struct index_entry *entry, uint32_t life,
			      const uint8_t *record, uint32_t chunk_size);

/* The record has left (its copy isn't needed any more). */
void output_take(struct output_chunk *chunk, struct waiting *waiting);
/* Frees chunks that nothing waits in. */
void output_trim(struct output *output);

/* Walks through a chunk: the record at ${*at}, which moves on, or NULL at the
 * end.  Those that have left are skipped. */
struct waiting *output_next(struct output_chunk *chunk, uint32_t *at);
static inline uint8_t *
waiting_record(struct waiting *waiting)
{
	return (uint8_t *)(waiting + 1);
}

#endif
