/* SPDX-License-Identifier: MIT */
#include "storage/checkpoint/freed_life.h"

#include "base/pack.h"

#include <assert.h>
#include <stdlib.h>

void
freed_life_encode(const struct freed_life *life, uint8_t key[FREED_KEY_SIZE],
		  uint8_t value[FREED_VALUE_SIZE])
{
	store_u64_le(key, life->sequence);
	store_u32_le(value, life->segment);
	store_u32_le(value + 4, life->stream);
	store_u64_le(value + 8, life->first_write);
	store_u64_le(value + 16, life->last_write);
	store_u64_le(value + 24, life->moving_settled);
}

bool
freed_life_decode(struct slice key, struct slice value,
		  struct freed_life *life)
{
	uint32_t stream;

	if (key.size != FREED_KEY_SIZE ||
	    (value.size != FREED_VALUE_SIZE &&
	     value.size != FREED_VALUE_SIZE_SHORT))
		return false;
	stream = load_u32_le(value.data + 4);
	*life = (struct freed_life){
		.sequence = load_u64_le(key.data),
		.segment = load_u32_le(value.data),
		.stream = (uint8_t)stream,
		.first_write = load_u64_le(value.data + 8),
		.last_write = load_u64_le(value.data + 16),
		.moving_settled = value.size == FREED_VALUE_SIZE_SHORT ?
					  0 :
					  load_u64_le(value.data + 24),
	};
	return (stream == STREAM_USER || stream == STREAM_MOVING) &&
	       life->sequence != 0 && life->first_write != 0 &&
	       life->first_write <= life->last_write;
}

static struct key_hash
hash_of(const struct engine *engine, uint64_t sequence)
{
	uint8_t key[FREED_KEY_SIZE];

	store_u64_le(key, sequence);
	return engine_hash_key(engine, slice_make(key, sizeof(key)));
}

/* ---- those whose rows are still wanted ---- */

bool
freed_lives_reserve(struct freeing *freeing, size_t more)
{
	size_t capacity = freeing->wanted_capacity * 2 + 64 + more;
	struct freed_life *wanted;

	if (freeing->wanted_count + more <= freeing->wanted_capacity)
		return true;
	wanted = realloc(freeing->wanted, capacity * sizeof(*wanted));
	if (wanted == NULL)
		return false;
	freeing->wanted = wanted;
	freeing->wanted_capacity = capacity;
	return true;
}

void
freed_lives_add(struct freeing *freeing, const struct freed_life *life)
{
	assert(freeing->wanted_count < freeing->wanted_capacity);
	freeing->wanted[freeing->wanted_count++] = *life;
}

bool
freed_lives_have(const struct engine *engine, uint64_t segment_sequence)
{
	struct key_hash hash = hash_of(engine, segment_sequence);
	struct index_entry entry;

	return primary_index_find(engine->freed->index, hash.token,
				  hash.fingerprint, &entry);
}

/* False while the row isn't settled: later, then. */
static bool
forget_row(struct engine *engine, const struct freed_life *life)
{
	struct table *freed = engine->freed;
	struct key_hash hash = hash_of(engine, life->sequence);
	struct index_entry old;

	if (pending_map_find(&engine->pending, freed, hash.token,
			     hash.fingerprint) != NULL)
		return false;
	if (primary_index_remove(freed->index, hash.token, hash.fingerprint,
				 &old)) {
		table_remove_entry(freed, &old);
		segment_manager_kill_record(&engine->segments, old.location);
		engine->freeing.forgotten_bytes += old.location.size;
	}
	return true;
}

void
freed_lives_forget(struct engine *engine)
{
	struct freeing *freeing = &engine->freeing;
	size_t kept = 0;

	for (size_t i = 0; i < freeing->wanted_count; i++) {
		const struct freed_life *life = &freeing->wanted[i];

		if (!horizon_covers(&engine->horizon, life->stream,
				    life->last_write) ||
		    !forget_row(engine, life))
			freeing->wanted[kept++] = *life;
	}
	freeing->wanted_count = kept;
}

void
freed_lives_finish(struct freeing *freeing)
{
	free(freeing->wanted);
	freeing->wanted = NULL;
	freeing->wanted_count = freeing->wanted_capacity = 0;
}
