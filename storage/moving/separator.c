/* SPDX-License-Identifier: MIT
 *
 * Outputs are found in a map by their key and listed by age; one that is full
 * leaves both for the queue of those that leave next, and a new one takes its
 * place. */
#include "storage/moving/separator.h"

#include "storage/engine_manifest.h"
#include "storage/moving/separator_build.h"
#include "storage/moving/separator_output.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	MEMORY_DEFAULT = 32 << 20,
	CHAINS = 1024,
	CHUNK_SIZE = 8 << 10,
	/* Without being asked for more, 1/512 of the database waits. */
	USUAL_SHARE = 512,
	EAGER_SHARE = 8,
	LIMIT_MIN = 2, /* segments */
	/* An output that is still small when 1/64 of the segments, and a few,
	 * have been opened since it was made, leaves. */
	AGE_SHARE = 64,
	AGE_MIN = 16,
	BITS_MAX = 24,
	GROUPS = 64,
	GROUPS_RECORDS = 4096 /* records until bits are looked at again */
};

struct output_list {
	struct output *oldest, *newest;
	uint32_t count;
};

/* How a table's groups are told apart, for a while. */
struct table_groups {
	uint32_t table;
	uint32_t records_left;
	unsigned bits;
};

struct separator {
	uint64_t memory_size;
	uint64_t memory; /* of all outputs' chunks */
	uint64_t bytes;  /* of records that wait */
	uint32_t chunk_size;
	unsigned bits;   /* of everything's separation, or as usual */
	bool is_starved; /* no memory for a copy */
	uint64_t flush_number; /* outputs with smaller numbers must leave */
	uint64_t next_number;
	struct output_list open;
	struct output_list full;
	struct table_groups groups[GROUPS];
	struct output *chains[CHAINS];
	struct separator_build build;
};

int
separator_create(struct engine *engine, uint64_t memory_size,
		 struct error *error)
{
	uint32_t segment_size = engine->segments.segment_size;
	struct separator *separator = calloc(1, sizeof(*separator));

	if (separator == NULL)
		return error_no_memory(error);
	engine->separator = separator;
	separator->memory_size = memory_size == 0 ? MEMORY_DEFAULT :
						    memory_size;
	if (separator->memory_size < (uint64_t)LIMIT_MIN * segment_size)
		separator->memory_size = (uint64_t)LIMIT_MIN * segment_size;
	separator->chunk_size = segment_size / 4 < CHUNK_SIZE ?
					segment_size / 4 :
					CHUNK_SIZE;
	separator->bits = SEPARATOR_BITS_USUAL;
	return separator_build_init(&separator->build, engine) ?
		       0 :
		       error_no_memory(error);
}

/* ---- lists and the map ---- */

static void
list_append(struct output_list *list, struct output *output)
{
	output->older = list->newest;
	output->newer = NULL;
	if (list->count == 0)
		list->oldest = output;
	else
		list->newest->newer = output;
	list->newest = output;
	list->count++;
}

static void
list_remove(struct output_list *list, struct output *output)
{
	if (output->older == NULL)
		list->oldest = output->newer;
	else
		output->older->newer = output->newer;
	if (output->newer == NULL)
		list->newest = output->older;
	else
		output->newer->older = output->older;
	list->count--;
}

static struct output **
find_link(struct separator *separator, const struct output_key *key)
{
	uint64_t hash = (key->prefix << 6 ^ key->table ^ key->bits) *
			UINT64_C(0x9e3779b97f4a7c15);
	struct output **link = &separator->chains[hash >> 32 & (CHAINS - 1)];

	while (*link != NULL &&
	       memcmp(&(*link)->key, key, sizeof(*key)) != 0)
		link = &(*link)->chain;
	return link;
}

static void
recount(struct separator *separator, struct output *output)
{
	separator->bytes += output->bytes - output->counted_bytes;
	separator->memory += output->memory - output->counted_memory;
	output->counted_bytes = output->bytes;
	output->counted_memory = output->memory;
}

static struct output *
add_output(struct engine *engine, const struct output_key *key)
{
	struct separator *separator = engine->separator;
	struct output *output = output_create(key);
	struct output **link = find_link(separator, key);

	if (output == NULL)
		return NULL;
	assert(*link == NULL);
	output->number = separator->next_number++;
	output->since = engine->segments.next_sequence;
	*link = output;
	list_append(&separator->open, output);
	return output;
}

static void
close_output(struct separator *separator, struct output *output)
{
	struct output **link = find_link(separator, &output->key);

	assert(*link == output && !output->is_full);
	*link = output->chain;
	list_remove(&separator->open, output);
	output->is_full = true;
	list_append(&separator->full, output);
}

static void
remove_output(struct separator *separator, struct output *output)
{
	if (!output->is_full)
		close_output(separator, output);
	list_remove(&separator->full, output);
	separator->bytes -= output->counted_bytes;
	separator->memory -= output->counted_memory;
	output_destroy(output);
}

/* Records of it were taken. */
static void
tidy_output(struct separator *separator, struct output *output)
{
	output_trim(output);
	recount(separator, output);
	if (output->count == 0)
		remove_output(separator, output);
}

void
separator_drop(struct engine *engine)
{
	struct separator *separator = engine->separator;

	while (separator->open.count > 0)
		remove_output(separator, separator->open.oldest);
	while (separator->full.count > 0)
		remove_output(separator, separator->full.oldest);
}

void
separator_destroy(struct engine *engine)
{
	if (engine->separator == NULL)
		return;
	separator_drop(engine);
	separator_build_finish(&engine->separator->build);
	free(engine->separator);
	engine->separator = NULL;
}

/* ---- how much ---- */

static uint32_t
capacity_of(const struct engine *engine)
{
	return engine->segments.segment_size - FORMAT_HEADER_SIZE;
}

/* What is there is needed to make room. */
static bool
is_short(const struct engine *engine)
{
	return segment_manager_available(&engine->segments) <= SEGMENT_RESERVE;
}

/* A separation of everything uses segments before it frees any. */
static uint64_t
limit_by_room(const struct engine *engine)
{
	uint32_t available = segment_manager_available(&engine->segments);

	if (available <= SEGMENT_RESERVE)
		return 0;
	return (uint64_t)(available - SEGMENT_RESERVE) / 4 *
	       engine->segments.segment_size;
}

uint64_t
separator_limit(const struct engine *engine)
{
	const struct separator *separator = engine->separator;
	uint64_t least = (uint64_t)LIMIT_MIN * engine->segments.segment_size;
	uint64_t limit = segment_manager_disk_bytes(&engine->segments);
	uint64_t room = limit_by_room(engine);

	limit /= engine->is_separation_eager ? EAGER_SHARE : USUAL_SHARE;
	if (separator->bits != SEPARATOR_BITS_USUAL)
		limit = separator->memory_size;
	if (limit > separator->memory_size)
		limit = separator->memory_size;
	if (limit > room && separator->bits != SEPARATOR_BITS_USUAL)
		limit = room;
	if (is_short(engine))
		return capacity_of(engine);
	return limit < least ? least : limit;
}

uint64_t
separator_outputs_max(const struct engine *engine)
{
	uint64_t outputs =
		separator_limit(engine) / engine->segments.segment_size;

	return outputs == 0 ? 1 : outputs;
}

uint64_t
separator_bytes(const struct separator *separator)
{
	return separator->bytes;
}

uint64_t
separator_memory(const struct separator *separator)
{
	return separator->memory;
}

bool
separator_is_empty(const struct separator *separator)
{
	return separator->open.count == 0 && separator->full.count == 0;
}

bool
separator_is_starved(const struct separator *separator)
{
	return separator->is_starved;
}

/* ---- groups ---- */

unsigned
separator_group_bits_wanted(const struct table *table)
{
	unsigned bits = 0;

	while (bits < BITS_MAX &&
	       table->live_bytes >> bits > SEPARATOR_GROUP_BYTES)
		bits++;
	return bits;
}

/* The table's share of all outputs. */
static unsigned
bits_by_memory(const struct engine *engine, const struct table *table)
{
	uint64_t share = engine->segments.live_bytes /
			 separator_outputs_max(engine);
	unsigned bits = 0;

	while (bits < BITS_MAX && share > 0 &&
	       table->live_bytes >> (bits + 1) >= share)
		bits++;
	return bits;
}

static unsigned
decide_bits(const struct engine *engine, const struct table *table)
{
	const struct separator *separator = engine->separator;
	unsigned wanted = separator_group_bits_wanted(table);
	unsigned allowed = separator->bits != SEPARATOR_BITS_USUAL ?
				   separator->bits :
				   bits_by_memory(engine, table);

	return wanted < allowed ? wanted : allowed;
}

/* A table has shrunk to a quarter before its groups are joined, so that they
 * don't change to and fro. */
static unsigned
bits_of(struct engine *engine, const struct table *table)
{
	struct table_groups *groups =
		&engine->separator->groups[table->id % GROUPS];
	unsigned bits;

	if (groups->table == table->id && groups->records_left-- > 0)
		return groups->bits;
	bits = decide_bits(engine, table);
	if (groups->table == table->id && bits + 1 == groups->bits)
		bits = groups->bits;
	*groups = (struct table_groups){ table->id, GROUPS_RECORDS, bits };
	return bits;
}

void
separator_set_bits(struct engine *engine, unsigned bits)
{
	struct separator *separator = engine->separator;

	separator->bits = bits;
	memset(separator->groups, 0, sizeof(separator->groups));
}

/* ---- adding ---- */

static struct output_key
key_of(struct engine *engine, const struct table *table, int64_t token)
{
	unsigned bits = bits_of(engine, table);
	uint64_t ordered = (uint64_t)token ^ UINT64_C(1) << 63;

	return (struct output_key){
		.table = table->id,
		.bits = bits,
		.prefix = bits == 0 ? 0 : ordered >> (64 - bits),
	};
}

static bool
append(struct engine *engine, struct output *output,
       const struct index_entry *entry, const uint8_t *record)
{
	struct separator *separator = engine->separator;
	uint32_t life =
		engine->segments.segments[entry->location.segment].life;
	bool is_added = output_append(output, entry, life, record,
				      separator->chunk_size);

	recount(separator, output);
	if (output->count == 0)
		remove_output(separator, output);
	separator->is_starved = !is_added;
	return is_added;
}

bool
separator_add(struct engine *engine, const struct table *table,
	      const struct index_entry *entry, const uint8_t *record,
	      uint8_t generation, uint64_t user_write)
{
	struct separator *separator = engine->separator;
	struct output_key key = key_of(engine, table, entry->token);
	struct output *output = *find_link(separator, &key);

	if (output != NULL &&
	    output->bytes + entry->location.size > capacity_of(engine)) {
		close_output(separator, output);
		output = NULL;
	}
	if (output == NULL)
		output = add_output(engine, &key);
	if (output == NULL) {
		separator->is_starved = true;
		return false;
	}
	if (generation > output->generation)
		output->generation = generation;
	if (user_write > output->user_write)
		output->user_write = user_write;
	return append(engine, output, entry, record);
}

/* ---- leaving ---- */

static bool
is_durable(const struct engine *engine, const struct output *output)
{
	return output->user_write <= engine->writer.durable;
}

static bool
is_separating_all(const struct separator *separator)
{
	return separator->bits != SEPARATOR_BITS_USUAL;
}

/* When everything is being separated, the groups that come next aren't torn
 * into pieces for the sake of those that are through. */
static bool
may_leave_small(const struct engine *engine, const struct output *output)
{
	const struct separator *separator = engine->separator;

	return !is_separating_all(separator) || separator->is_starved ||
	       output->number < separator->flush_number ||
	       separator->bytes > separator_limit(engine);
}

static void
take_from_list(struct engine *engine, struct output *output,
	       enum build_filter filter, uint32_t segment)
{
	struct separator_build *build = &engine->separator->build;

	for (; output != NULL && build->room >= RECORD_SIZE_MIN;
	     output = output->newer) {
		if (filter == BUILD_ALL && !may_leave_small(engine, output))
			return;
		if (is_durable(engine, output))
			separator_build_take(build, output, filter, segment);
	}
}

static void
tidy_list(struct separator *separator, struct output *output)
{
	while (output != NULL) {
		struct output *next = output->newer;

		if (output->bytes != output->counted_bytes)
			tidy_output(separator, output);
		output = next;
	}
}

/* A full output; what has died in it makes room for more of its group. */
static void
send_full(struct engine *engine, struct moving_buffer *buffer)
{
	struct separator *separator = engine->separator;
	struct output *output = separator->full.oldest;
	struct output *next = *find_link(separator, &output->key);

	separator_build_begin(&separator->build, buffer);
	separator_build_take(&separator->build, output, BUILD_ALL, 0);
	if (next != NULL && is_durable(engine, next))
		separator_build_take(&separator->build, next, BUILD_ALL, 0);
	separator_build_send(&separator->build);
	tidy_output(separator, output);
	if (next != NULL)
		tidy_output(separator, next);
}

/* Small outputs together, the oldest first. */
static void
send_mixed(struct engine *engine, struct moving_buffer *buffer)
{
	struct separator *separator = engine->separator;

	separator_build_begin(&separator->build, buffer);
	take_from_list(engine, separator->open.oldest, BUILD_ALL, 0);
	separator_build_send(&separator->build);
	tidy_list(separator, separator->open.oldest);
}

static uint32_t
first_victim_of(struct output *output)
{
	for (struct output_chunk *chunk = output->first; chunk != NULL;
	     chunk = chunk->next) {
		uint32_t at = 0;
		const struct waiting *waiting = output_next(chunk, &at);

		if (waiting != NULL)
			return waiting->from.segment;
	}
	return SEGMENT_NONE;
}

/* The one that waits longest, or nearly. */
static uint32_t
oldest_victim(const struct separator *separator)
{
	struct output *output = separator->full.oldest;

	if (output == NULL)
		output = separator->open.oldest;
	return output == NULL ? SEGMENT_NONE : first_victim_of(output);
}

/* All that waits of one victim, then whatever fits. */
static void
send_victim(struct engine *engine, struct moving_buffer *buffer,
	    uint32_t victim)
{
	struct separator *separator = engine->separator;

	separator_build_begin(&separator->build, buffer);
	take_from_list(engine, separator->full.oldest, BUILD_FROM, victim);
	take_from_list(engine, separator->open.oldest, BUILD_FROM, victim);
	take_from_list(engine, separator->full.oldest, BUILD_NOT_FROM, victim);
	take_from_list(engine, separator->open.oldest, BUILD_NOT_FROM, victim);
	separator_build_send(&separator->build);
	tidy_list(separator, separator->full.oldest);
	tidy_list(separator, separator->open.oldest);
}

static bool
is_flushing(const struct separator *separator)
{
	const struct output *oldest = separator->open.oldest;

	return oldest != NULL && oldest->number < separator->flush_number;
}

static bool
is_old(const struct engine *engine, const struct output *output)
{
	uint64_t age = engine->segments.next_sequence - output->since;

	return age > AGE_MIN + engine->segments.segment_count / AGE_SHARE;
}

/* Whether small outputs leave now. */
static bool
has_too_much(const struct engine *engine)
{
	const struct separator *separator = engine->separator;
	const struct output *oldest = separator->open.oldest;

	if (oldest == NULL)
		return false;
	return is_flushing(separator) || separator->is_starved ||
	       separator->bytes > separator_limit(engine) ||
	       (!is_separating_all(separator) && is_old(engine, oldest));
}

/* At the end of everything's separation groups of some size keep to
 * themselves. */
static void
close_large_outputs(struct engine *engine)
{
	struct separator *separator = engine->separator;
	struct output *output = separator->open.oldest;

	while (output != NULL && output->number < separator->flush_number) {
		struct output *next = output->newer;

		if (output->bytes > capacity_of(engine) / 2)
			close_output(separator, output);
		output = next;
	}
}

void
separator_flush(struct engine *engine)
{
	struct separator *separator = engine->separator;

	separator->flush_number = separator->next_number;
	if (is_separating_all(separator))
		close_large_outputs(engine);
}

/* What came eagerly from a segment that isn't a victim goes on standing
 * there. */
static void
forget_segment(struct output *output, uint32_t segment)
{
	for (; output != NULL; output = output->newer) {
		struct output_chunk *chunk = output->first;

		for (; chunk != NULL; chunk = chunk->next) {
			struct waiting *waiting;
			uint32_t at = 0;

			while ((waiting = output_next(chunk, &at)) != NULL) {
				if (waiting->from.segment == segment)
					output_take(chunk, waiting);
			}
		}
	}
}

/* The victim that leaves next where nothing but victims may. */
static uint32_t
only_victim(struct engine *engine)
{
	struct separator *separator = engine->separator;
	uint32_t victim;

	while ((victim = oldest_victim(separator)) != SEGMENT_NONE &&
	       engine->segments.segments[victim].state != SEGMENT_VICTIM) {
		forget_segment(separator->full.oldest, victim);
		forget_segment(separator->open.oldest, victim);
		tidy_list(separator, separator->full.oldest);
		tidy_list(separator, separator->open.oldest);
	}
	return victim;
}

static bool
are_durable(const struct engine *engine, const struct output *output)
{
	for (; output != NULL; output = output->newer) {
		if (!is_durable(engine, output))
			return false;
	}
	return true;
}

/* The last ones: each that is used must free another one, so that all that
 * waits of a victim leaves together. */
static void
send_with_last_segments(struct engine *engine, struct moving_buffer *buffer,
			uint32_t unfinished)
{
	const struct segment_manager *segments = &engine->segments;
	struct separator *separator = engine->separator;
	uint32_t victim = only_victim(engine);

	if (victim == SEGMENT_NONE ||
	    (victim == unfinished && !separator->is_starved))
		return;
	if (separator->full.count == 0 && !has_too_much(engine))
		return;
	if (segment_manager_available(segments) == 1 &&
	    (segments->dead.count > 0 || segments->freeing_count > 0 ||
	     !moving_writer_is_idle(&engine->moving)))
		return;
	if (are_durable(engine, separator->full.oldest) &&
	    are_durable(engine, separator->open.oldest))
		send_victim(engine, buffer, victim);
	else
		buffered_writer_want_sync(&engine->writer);
}

static bool
send_one(struct engine *engine, uint32_t unfinished)
{
	struct separator *separator = engine->separator;
	uint32_t available = segment_manager_available(&engine->segments);
	uint64_t bytes = separator->bytes;
	struct moving_buffer *buffer;

	if (available == 0 || separator_is_empty(separator))
		return false;
	buffer = moving_writer_reserve(engine);
	if (buffer == NULL || engine_begin_writing(engine, NULL) < 0)
		return false;
	if (available <= SEGMENT_RESERVE)
		send_with_last_segments(engine, buffer, unfinished);
	else if (separator->full.count > 0 &&
	    is_durable(engine, separator->full.oldest))
		send_full(engine, buffer);
	else if (has_too_much(engine))
		send_mixed(engine, buffer);
	if (separator->full.count > 0 &&
	    !is_durable(engine, separator->full.oldest))
		buffered_writer_want_sync(&engine->writer);
	return separator->bytes != bytes;
}

void
separator_step(struct engine *engine, uint32_t unfinished)
{
	while (send_one(engine, unfinished))
		continue;
}
