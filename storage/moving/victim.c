/* SPDX-License-Identifier: MIT */
#include "storage/moving/victim.h"

#include "base/compiler.h"
#include "storage/moving/separator.h"

#include <assert.h>
#include <stdlib.h>

enum {
	LOOKUP_STEP = 16,
	COLLECT_BYTES = 8 << 10, /* about, of records, dead ones included */
	GENERATION_MAX = 3
};

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
	victim->live_found = 0;
	victim->seed = segment_manager_seed(segments, segment);
	segment_manager_begin_victim(segments, segment);
	victim->operation = (struct io_operation){
		.kind = IO_READ,
		.file = place.file,
		.offset = place.offset,
		.data = victim->data,
		.size = segments->segment_size,
		.on_done = on_read_done,
		.is_direct = true,
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

/* Records of one table, one behind the other, without those that are known to
 * be dead. */
struct group {
	struct table *table; /* NULL: it is gone */
	uint32_t end;        /* where the next record stands */
	uint32_t count;
	struct index_entry entries[LOOKUP_STEP]; /* as they stand here */
	bool is_live[LOOKUP_STEP];
};

static bool
is_same_place(struct location a, struct location b)
{
	return a.segment == b.segment && a.offset == b.offset &&
	       a.size == b.size;
}

/* What must agree with the map of deaths; asked of one record in a group, as
 * each question costs an access to memory far away. */
MAYBE_UNUSED static bool
is_in_index(const struct table *table, const struct index_entry *here)
{
	struct index_entry there;

	return primary_index_find(table->index, here->token, here->fingerprint,
				  &there) &&
	       is_same_place(there.location, here->location);
}

/* Whether a record is dead for sure: its unit's bit can mean nobody else's
 * death. */
static bool
is_dead(const struct engine *engine, struct location location,
	uint32_t size_before)
{
	const struct segment_manager *segments = &engine->segments;

	return size_before >= DEATH_MAP_UNIT &&
	       location.size >= DEATH_MAP_UNIT &&
	       segment_manager_may_be_dead(segments, location) &&
	       death_map_is_known(&segments->deaths, location.segment);
}

static void
add_to_group(struct engine *engine, const struct record *record,
	     struct location location, struct group *group)
{
	uint32_t i = group->count++;
	struct key_hash hash = engine_hash_key(engine, record->key);

	group->entries[i].token = hash.token;
	group->entries[i].fingerprint = hash.fingerprint;
	group->entries[i].location = location;
	group->is_live[i] =
		!segment_manager_may_be_dead(&engine->segments, location);
}

/* The next records of the buffer; false when something else stands there. */
static bool
collect(struct engine *engine, struct victim *victim, struct group *group)
{
	uint32_t id = 0, size = 0, size_before = 0;
	uint32_t limit = victim->at + COLLECT_BYTES;

	group->count = 0;
	group->end = victim->at;
	for (; group->end < victim->end && group->end < limit &&
	       group->count < LOOKUP_STEP;
	     group->end += size) {
		struct location location = { victim->segment, group->end, 0 };
		struct record record;

		size_before = size;
		size = record_decode(victim->data + group->end,
				     victim->end - group->end, &record);
		location.size = size;
		if (size == 0)
			return false;
		if (is_dead(engine, location, size_before))
			continue;
		if (group->count > 0 && record.table != id)
			break;
		id = record.table;
		add_to_group(engine, &record, location, group);
	}
	group->table = table_registry_find(&engine->tables, id);
	return true;
}

/* Asks the index about those of which nothing is known. */
static void
look_up(struct group *group)
{
	struct index_entry sought[LOOKUP_STEP];
	uint32_t numbers[LOOKUP_STEP];
	bool found[LOOKUP_STEP];
	uint32_t count = 0;

	for (uint32_t i = 0; i < group->count; i++) {
		if (group->is_live[i])
			continue;
		sought[count].token = group->entries[i].token;
		sought[count].fingerprint = group->entries[i].fingerprint;
		numbers[count++] = i;
	}
	primary_index_find_many(group->table->index, sought, found, count);
	for (uint32_t i = 0; i < count; i++)
		group->is_live[numbers[i]] =
			found[i] &&
			is_same_place(sought[i].location,
				      group->entries[numbers[i]].location);
}

static bool
is_intact(const struct victim *victim, const struct index_entry *entry)
{
	struct location at = entry->location;

	return record_is_intact(victim->data + at.offset, at.size,
				format_record_seed(victim->seed, at.offset));
}

static void
move_on(struct victim *victim, uint32_t to)
{
	victim->seen_bytes += to - victim->at;
	victim->at = to;
}

/* Gives the live ones to the separator, and moves on behind each. */
static enum victim_outcome
separate_group(struct engine *engine, struct victim *victim,
	       struct group *group)
{
	uint8_t generation = segment_of(engine, victim)->generation;

	if (generation < GENERATION_MAX)
		generation++;
	if (group->table == NULL) {
		/* They die in steps. */
		victim->live_found += group->end - victim->at;
		group->count = 0;
	} else {
		look_up(group);
	}
	for (uint32_t i = 0; i < group->count; i++) {
		const struct index_entry *entry = &group->entries[i];
		uint32_t offset = entry->location.offset;

		if (!group->is_live[i])
			continue;
		if (!is_intact(victim, entry))
			return VICTIM_FAILED;
		assert(i != 0 || is_in_index(group->table, entry));
		move_on(victim, offset);
		if (!separator_add(engine, group->table, entry,
				   victim->data + offset, generation, 0))
			return VICTIM_STUCK;
		victim->live_found += entry->location.size;
	}
	move_on(victim, group->end);
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
	/* Nothing lives there any more: nothing is left to find. */
	if (segment->live_bytes == 0)
		return VICTIM_DONE;
	if (victim->operation.result != (int64_t)victim->operation.size)
		return VICTIM_FAILED;
	while (outcome == VICTIM_MORE && segment->live_bytes > 0 &&
	       *budget > 0) {
		uint32_t before = victim->at;
		uint64_t done;

		outcome = separate_some(engine, victim);
		done = victim->at - before;
		*budget -= done < *budget ? done : *budget;
	}
	if (segment->live_bytes == 0)
		return VICTIM_DONE;
	return outcome == VICTIM_DONE &&
			       segment->live_bytes > victim->live_found ?
		       VICTIM_FAILED :
		       outcome;
}
