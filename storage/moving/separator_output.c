/* SPDX-License-Identifier: MIT */
#include "storage/moving/separator_output.h"

#include "storage/segments/segment_manager.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct output *
output_create(const struct output_key *key)
{
	struct output *output = calloc(1, sizeof(*output));

	if (output == NULL)
		return NULL;
	output->key = *key;
	return output;
}

void
output_destroy(struct output *output)
{
	struct output_chunk *chunk = output->first;

	while (chunk != NULL) {
		struct output_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	free(output);
}

static struct output_chunk *
add_chunk(struct output *output, uint32_t capacity)
{
	struct output_chunk *chunk = malloc(sizeof(*chunk) + capacity);

	if (chunk == NULL)
		return NULL;
	*chunk = (struct output_chunk){ .output = output,
					.capacity = capacity };
	if (output->last == NULL)
		output->first = chunk;
	else
		output->last->next = chunk;
	output->last = chunk;
	output->memory += sizeof(*chunk) + capacity;
	return chunk;
}

bool
output_append(struct output *output, const struct index_entry *entry,
	      uint32_t life, const uint8_t *record, uint32_t chunk_size)
{
	struct output_chunk *chunk = output->last;
	uint32_t size = (uint32_t)sizeof(struct waiting) +
			entry->location.size;
	struct waiting *waiting;

	if (chunk == NULL || chunk->capacity - chunk->used < size)
		chunk = add_chunk(output, size > chunk_size ? size :
							      chunk_size);
	if (chunk == NULL)
		return false;
	waiting = (struct waiting *)(void *)(chunk->bytes + chunk->used);
	*waiting = (struct waiting){
		.token = entry->token,
		.fingerprint = entry->fingerprint,
		.from = entry->location,
		.life = life,
	};
	memcpy(waiting + 1, record, entry->location.size);
	chunk->used += size;
	chunk->count++;
	output->count++;
	output->bytes += entry->location.size;
	return true;
}

void
output_take(struct output_chunk *chunk, struct waiting *waiting)
{
	struct output *output = chunk->output;

	assert(waiting->from.segment != SEGMENT_NONE);
	waiting->from.segment = SEGMENT_NONE;
	chunk->count--;
	output->count--;
	output->bytes -= waiting->from.size;
}

void
output_trim(struct output *output)
{
	struct output_chunk **link = &output->first;

	output->last = NULL;
	while (*link != NULL) {
		struct output_chunk *chunk = *link;

		if (chunk->count > 0) {
			output->last = chunk;
			link = &chunk->next;
			continue;
		}
		*link = chunk->next;
		output->memory -= sizeof(*chunk) + chunk->capacity;
		free(chunk);
	}
}

struct waiting *
output_next(struct output_chunk *chunk, uint32_t *at)
{
	while (*at < chunk->used) {
		struct waiting *waiting =
			(struct waiting *)(void *)(chunk->bytes + *at);

		*at += (uint32_t)sizeof(*waiting) + waiting->from.size;
		if (waiting->from.segment != SEGMENT_NONE)
			return waiting;
	}
	return NULL;
}
