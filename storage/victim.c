/* SPDX-License-Identifier: MIT */
#include "storage/victim.h"

#include "storage/separator.h"

#include <assert.h>
#include <stdlib.h>

enum { LOOKUP_STEP = 16, GENERATION_MAX = 3 };

bool
victim_init(struct victim *victim, uint32_t segment_size)
{
	void *data;

	if (posix_memalign(&data, IO_ALIGNMENT, segment_size) != 0)
		return false;
	victim->data = data;
	return true;
}

void
victim_finish(struct victim *victim)
{
	assert(victim->stage != VICTIM_READING);
	free(victim->data);
}

static void
on_read_done(struct io_operation *operation)
{
	CONTAINER_OF(operation, struct victim, operation)->stage = VICTIM_READ;
}

void
victim_begin(struct engine *engine, struct victim *victim, uint32_t segment)
{
	struct segment_manager *segments = &engine->segments;
	struct segment_place place =
		segment_manager_place(segments, segment, 0);

	assert(victim->stage == VICTIM_UNUSED);
	victim->stage = VICTIM_READING;
	victim->segment = segment;
	victim->life = segments->segments[segment].life;
	victim->at = 0;
	victim->end = 0;
	victim->seen_bytes = 0;
	victim->seed = segment_manager_seed(segments, segment);
	segment_manager_begin_victim(segments, segment);
	victim->operation = (struct io_operation){
		.kind = IO_READ,
		.file = place.file,
		.offset = place.offset,
		.data = victim->data,
		.size = segments->segment_size,
		.on_done = on_read_done,
	};
	engine->counters.device_reads++;
	engine->io->methods->submit(engine->io, &victim->operation);
}

/* ---- walking ---- */

static const struct segment *
segment_of(const struct engine *engine, const struct victim *victim)
{
	return &engine->segments.segments[victim->segment];
}

/* The next buffer of this life; false when there is none that is sound. */
static bool
enter_buffer(const struct engine *engine, struct victim *victim)
{
	uint32_t size = engine->segments.segment_size;
	const struct segment *segment = segment_of(engine, victim);
	struct buffer_place place = {
		.database_id = engine->segments.database_id,
		.segment = victim->segment,
		.offset = victim->at,
	};
	struct buffer_header header;

	if (size - victim->at < FORMAT_BLOCK_SIZE ||
	    format_open_buffer(victim->data + victim->at, size - victim->at,
			       &place, &header) != FORMAT_VALID ||
	    header.segment_sequence != segment->sequence ||
	    header.kind == BUFFER_PART)
		return false;
	victim->at += FORMAT_HEADER_SIZE;
	victim->end = victim->at + header.data_size;
	return true;
}

/* Records of one table, one behind the other. */
struct group {
	struct table *table; /* NULL: it is gone */
	uint32_t count;
	struct index_entry entries[LOOKUP_STEP]; /* as they stand here */
	struct index_entry found_entries[LOOKUP_STEP];
	bool found[LOOKUP_STEP];
};

/* The next records of the buffer; false when something else stands there. */
static bool
collect(struct engine *engine, struct victim *victim, struct group *group)
{
	uint32_t at = victim->at;
	uint32_t id = 0;

	group->count = 0;
	while (at < victim->end && group->count < LOOKUP_STEP) {
		struct index_entry *entry = &group->entries[group->count];
		struct record record;
		struct key_hash hash;
		uint32_t size = record_decode(victim->data + at,
					      victim->end - at, &record);

		if (size == 0)
			return false;
		if (group->count > 0 && record.table != id)
			break;
		id = record.table;
		hash = engine_hash_key(engine, record.key);
		entry->token = hash.token;
		entry->fingerprint = hash.fingerprint;
		entry->location =
			(struct location){ victim->segment, at, size };
		group->found_entries[group->count].token = hash.token;
		group->found_entries[group->count].fingerprint =
			hash.fingerprint;
		group->count++;
		at += size;
	}
	group->table = table_registry_find(&engine->tables, id);
	return true;
}

static bool
is_live(const struct group *group, uint32_t i)
{
	const struct location *here = &group->entries[i].location;
	const struct location *there = &group->found_entries[i].location;

	return group->found[i] && there->segment == here->segment &&
	       there->offset == here->offset && there->size == here->size;
}

static bool
is_intact(const struct victim *victim, const struct index_entry *entry)
{
	struct location at = entry->location;

	return record_is_intact(victim->data + at.offset, at.size,
				format_record_seed(victim->seed, at.offset));
}

/* Gives the live ones to the separator, and moves on behind each. */
static enum victim_outcome
separate_group(struct engine *engine, struct victim *victim,
	       struct group *group)
{
	uint8_t generation = segment_of(engine, victim)->generation;

	if (generation < GENERATION_MAX)
		generation++;
	if (group->table != NULL)
		primary_index_find_many(group->table->index,
					group->found_entries, group->found,
					group->count);
	for (uint32_t i = 0; i < group->count; i++) {
		const struct index_entry *entry = &group->entries[i];
		uint32_t size = entry->location.size;

		if (group->table != NULL && is_live(group, i)) {
			if (!is_intact(victim, entry))
				return VICTIM_FAILED;
			if (!separator_add(engine, group->table, entry,
					   victim->data + victim->at,
					   generation, 0))
				return VICTIM_STUCK;
		}
		victim->at += size;
		victim->seen_bytes += size;
	}
	return VICTIM_MORE;
}

static enum victim_outcome
separate_some(struct engine *engine, struct victim *victim)
{
	struct group group;

	if (victim->at == victim->end) {
		/* Behind a buffer, at the next block. */
		victim->at = (victim->at + FORMAT_BLOCK_SIZE - 1) /
			     FORMAT_BLOCK_SIZE * FORMAT_BLOCK_SIZE;
		if (victim->seen_bytes >=
		    segment_of(engine, victim)->record_bytes)
			return VICTIM_DONE;
		return enter_buffer(engine, victim) ? VICTIM_MORE :
						      VICTIM_FAILED;
	}
	if (!collect(engine, victim, &group))
		return VICTIM_FAILED;
	return separate_group(engine, victim, &group);
}

enum victim_outcome
victim_separate(struct engine *engine, struct victim *victim,
		uint64_t *budget)
{
	enum victim_outcome outcome = VICTIM_MORE;
	const struct segment *segment = segment_of(engine, victim);

	assert(victim->stage == VICTIM_READ);
	assert(segment->life == victim->life &&
	       segment->state == SEGMENT_VICTIM);
	if (victim->operation.result != (int64_t)victim->operation.size)
		return VICTIM_FAILED;
	/* Nothing lives there any more: nothing is left to find. */
	while (outcome == VICTIM_MORE && segment->live_bytes > 0 &&
	       *budget > 0) {
		uint32_t before = victim->at;
		uint64_t done;

		outcome = separate_some(engine, victim);
		done = victim->at - before;
		*budget -= done < *budget ? done : *budget;
	}
	return segment->live_bytes == 0 ? VICTIM_DONE : outcome;
}
