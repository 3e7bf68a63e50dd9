/* SPDX-License-Identifier: MIT
 *
 * What a point read in progress needs.  It is kept for the next read, so that a
 * steady stream of them allocates nothing. */
#ifndef STORAGE_READING_READ_STATE_H
#define STORAGE_READING_READ_STATE_H

#include "storage/engine_state.h"

struct read_operation {
	struct io_operation operation;
	struct engine_read_state *state;
	struct location location;
	uint64_t segment_seed; /* of the life that it was submitted in */
	size_t unknown;        /* which one it is for */
	bool is_gathered;
};

struct engine_read_state {
	struct engine_read_state *next; /* among the kept ones */
	struct engine *engine;
	size_t capacity;                /* keys */
	struct key_hash *hashes;
	/* Keys that neither buffers nor the cache have, in order. */
	size_t unknown_count;
	size_t *unknown_rows;
	struct index_entry *entries;
	bool *is_found;
	struct read_operation *operations;
	size_t operation_count;
	size_t finished_count;
	size_t in_flight;
	bool is_complete;
	uint8_t *bytes;
	size_t bytes_capacity;
};

/* For ${count} keys; NULL when out of memory. */
struct engine_read_state *read_state_take(struct engine *engine, size_t count);
/* Room for so many bytes of values and records. */
MUST_CHECK bool read_state_reserve(struct engine_read_state *state,
				   size_t size);
void read_state_give_back(struct engine *engine,
			  struct engine_read_state *state);

#endif
