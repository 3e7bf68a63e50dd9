/* SPDX-License-Identifier: MIT */
#include "storage/reading/read_state.h"

#include <stdlib.h>

enum {
	KEPT_READS_MAX = 4,
	KEPT_KEYS_MAX = 1024,
	KEPT_BYTES_MAX = 256 << 10,
	BYTES_MIN = 4096
};

static void
free_keys(struct engine_read_state *state)
{
	free(state->hashes);
	free(state->unknown_rows);
	free(state->entries);
	free(state->is_found);
	free(state->operations);
	state->capacity = 0;
}

static void
free_state(struct engine_read_state *state)
{
	free_keys(state);
	free(state->bytes);
	free(state);
}

void
engine_free_reads(struct engine *engine)
{
	while (engine->free_reads != NULL) {
		struct engine_read_state *state = engine->free_reads;

		engine->free_reads = state->next;
		free_state(state);
	}
}

static bool
allocate_keys(struct engine_read_state *state, size_t count)
{
	if (count <= state->capacity)
		return true;
	free_keys(state);
	state->hashes = calloc(count, sizeof(*state->hashes));
	state->unknown_rows = calloc(count, sizeof(*state->unknown_rows));
	state->entries = calloc(count, sizeof(*state->entries));
	state->is_found = calloc(count, sizeof(*state->is_found));
	state->operations = calloc(count, sizeof(*state->operations));
	if (state->hashes == NULL || state->unknown_rows == NULL ||
	    state->entries == NULL || state->is_found == NULL ||
	    state->operations == NULL)
		return false;
	state->capacity = count;
	return true;
}

bool
read_state_reserve(struct engine_read_state *state, size_t size)
{
	if (size <= state->bytes_capacity && state->bytes != NULL)
		return true;
	free(state->bytes);
	state->bytes_capacity = 0;
	if (size < BYTES_MIN)
		size = BYTES_MIN;
	state->bytes = malloc(size);
	if (state->bytes == NULL)
		return false;
	state->bytes_capacity = size;
	return true;
}

struct engine_read_state *
read_state_take(struct engine *engine, size_t count)
{
	struct engine_read_state *state = engine->free_reads;

	if (state != NULL)
		engine->free_reads = state->next;
	else
		state = calloc(1, sizeof(*state));
	if (state == NULL)
		return NULL;
	if (!allocate_keys(state, count)) {
		free_state(state);
		return NULL;
	}
	state->engine = engine;
	state->unknown_count = 0;
	state->operation_count = 0;
	state->finished_count = 0;
	state->in_flight = 0;
	state->is_complete = false;
	return state;
}

void
read_state_give_back(struct engine *engine, struct engine_read_state *state)
{
	size_t kept = 0;

	for (const struct engine_read_state *other = engine->free_reads;
	     other != NULL; other = other->next)
		kept++;
	if (kept >= KEPT_READS_MAX || state->capacity > KEPT_KEYS_MAX ||
	    state->bytes_capacity > KEPT_BYTES_MAX) {
		free_state(state);
		return;
	}
	state->next = engine->free_reads;
	engine->free_reads = state;
}
