/* SPDX-License-Identifier: MIT */
#include "storage/checkpoint/checkpoint_content.h"

#include <assert.h>
#include <stdlib.h>

enum { WALK_CHUNK = 128 };

void
checkpoint_content_finish(struct checkpoint_content *content)
{
	checkpoint_drop_finish(&content->drop);
	free(content->segments);
	free(content->freed);
	free(content->tables);
	*content = (struct checkpoint_content){ 0 };
}

/* ---- the start ---- */

/* A dead segment is no free one before its row of table 3 is durable: also not
 * for an opening that begins with this checkpoint, and even less for one that
 * has to fall back to the one before. */
static struct checkpoint_segment
describe_segment(const struct segment *segment)
{
	return (struct checkpoint_segment){
		.sequence = segment->sequence,
		.first_write = segment->first_write,
		.last_write = segment->last_write,
		.birth = segment->birth,
		.first_token = segment->first_token,
		.last_token = segment->last_token,
		.table = segment->table,
		.life = segment->life,
		.record_bytes = segment->record_bytes,
		.kind = segment->kind,
		.stream = segment->stream,
		.generation = segment->generation,
		.is_free = segment->state == SEGMENT_FREE,
		.is_open = segment->state == SEGMENT_OPEN,
	};
}

static bool
capture_segments(struct checkpoint_content *content)
{
	const struct segment_manager *segments = &content->engine->segments;
	uint32_t count = segments->segment_count;
	uint8_t *item = malloc((size_t)count * CHECKPOINT_SEGMENT_SIZE + 1);

	content->head.segment_count = count;
	content->segments = item;
	if (item == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct checkpoint_segment segment =
			describe_segment(&segments->segments[i]);

		checkpoint_encode_segment(&segment, item);
		item += CHECKPOINT_SEGMENT_SIZE;
	}
	return true;
}

/* Tables whose registration is settled; others are registered by the log that
 * is written from here on. */
static bool
capture_tables(struct checkpoint_content *content)
{
	const struct table_registry *tables = &content->engine->tables;
	uint32_t count = 0;

	content->tables = calloc(tables->count + 1, sizeof(*content->tables));
	if (content->tables == NULL)
		return false;
	for (size_t i = 0; i < tables->count; i++) {
		const struct table *table = tables->tables[i];

		if (!table->is_registered)
			continue;
		content->tables[count++] = (struct checkpoint_table){
			.id = table->id,
			.has_explicit = table->has_explicit,
			.entries = primary_index_count(table->index),
		};
	}
	content->head.table_count = count;
	return true;
}

/* Its row counts from the start on only if it is settled; otherwise the log
 * that is replayed has it, or nobody has. */
static bool
is_row_settled(struct engine *engine, const struct freed_life *life)
{
	uint8_t key[FREED_KEY_SIZE], value[FREED_VALUE_SIZE];
	struct key_hash hash;

	freed_life_encode(life, key, value);
	hash = engine_hash_key(engine, slice_make(key, sizeof(key)));
	return pending_map_find(&engine->pending, engine->freed, hash.token,
				hash.fingerprint) == NULL;
}

static bool
capture_freed(struct checkpoint_content *content)
{
	struct engine *engine = content->engine;
	const struct freeing *freeing = &engine->freeing;
	uint8_t *item;

	if (freeing->wanted_count > UINT32_MAX)
		return false;
	item = malloc(freeing->wanted_count * CHECKPOINT_FREED_SIZE + 1);
	content->freed = item;
	if (item == NULL)
		return false;
	for (size_t i = 0; i < freeing->wanted_count; i++) {
		if (!is_row_settled(engine, &freeing->wanted[i]))
			continue;
		checkpoint_encode_freed(&freeing->wanted[i], item);
		item += CHECKPOINT_FREED_SIZE;
		content->head.freed_count++;
	}
	return true;
}

static uint32_t
block_size_for(uint32_t segment_size)
{
	return segment_size < CHECKPOINT_BLOCK_SIZE_MAX ?
		       segment_size :
		       CHECKPOINT_BLOCK_SIZE_MAX;
}

int
checkpoint_content_capture(struct checkpoint_content *content,
			   struct engine *engine, struct error *error)
{
	*content = (struct checkpoint_content){
		.engine = engine,
		.head.start = {
			.number = engine->manifest.checkpoints[0].number + 1,
			.user_sequence = engine->writer.settled,
			.moving_sequence = engine->moving.settled,
			.segment_sequence = engine->segments.next_sequence,
			.lsn = engine->last_lsn,
			.clock_us = engine->clock_us,
			.next_table = engine->tables.next_id,
		},
		.head.block_size =
			block_size_for(engine->segments.segment_size),
		.drop.engine = engine,
		.token = INT64_MIN,
	};
	engine_random(engine, &content->head.salt, sizeof(content->head.salt));
	if (capture_segments(content) && capture_tables(content) &&
	    capture_freed(content))
		return 0;
	checkpoint_content_finish(content);
	return error_no_memory(error);
}

/* In whole blocks. */
static uint64_t
size_for(const struct engine *engine, uint64_t bytes)
{
	uint64_t block = block_size_for(engine->segments.segment_size);
	uint64_t room = block - CHECKPOINT_BLOCK_HEADER_SIZE -
			CHECKPOINT_GROUP_HEADER_SIZE -
			CHECKPOINT_ENTRY_SIZE_MAX;

	return CHECKPOINT_HEAD_SIZE + (bytes / room + 2) * block;
}

static uint64_t
settled_entries(const struct engine *engine)
{
	const struct table_registry *tables = &engine->tables;
	uint64_t count = 0;

	for (size_t i = 0; i < tables->count; i++)
		count += primary_index_count(tables->tables[i]->index);
	return count;
}

uint64_t
checkpoint_content_entries(const struct engine *engine)
{
	return settled_entries(engine) + engine->pending.count;
}

/* Beside the entries. */
static uint64_t
bytes_of(const struct engine *engine, uint64_t segment_count,
	 uint64_t freed_count)
{
	return segment_count * CHECKPOINT_SEGMENT_SIZE +
	       freed_count * CHECKPOINT_FREED_SIZE +
	       engine->tables.count * (CHECKPOINT_TABLE_SIZE +
				       CHECKPOINT_GROUP_HEADER_SIZE);
}

uint64_t
checkpoint_content_estimate(const struct engine *engine)
{
	return size_for(engine, bytes_of(engine, engine->segments.segment_count,
					 engine->freeing.wanted_count) +
					settled_entries(engine) *
						CHECKPOINT_ENTRY_SIZE_MIN);
}

uint64_t
checkpoint_content_most(const struct engine *engine, uint64_t entries,
			uint32_t segments)
{
	uint64_t segment_count =
		(uint64_t)engine->segments.segment_count + segments;
	uint64_t freed_count = engine->freeing.wanted_count + segment_count;

	entries += checkpoint_content_entries(engine);
	return size_for(engine, bytes_of(engine, segment_count, freed_count) +
					entries * CHECKPOINT_ENTRY_SIZE_MAX);
}

/* ---- before the entries ---- */

static void
spend(uint64_t *budget, uint64_t bytes)
{
	*budget -= bytes < *budget ? bytes : *budget;
}

/* An item, by its place among all three sections. */
static bool
put_item(struct checkpoint_content *content, struct checkpoint_output *output,
	 uint32_t i)
{
	const struct checkpoint_head *head = &content->head;
	uint8_t table[CHECKPOINT_TABLE_SIZE];

	if (i < head->segment_count)
		return checkpoint_output_put(
			output, CHECKPOINT_SEGMENTS, 0,
			content->segments + (size_t)i * CHECKPOINT_SEGMENT_SIZE,
			CHECKPOINT_SEGMENT_SIZE);
	i -= head->segment_count;
	if (i < head->table_count) {
		checkpoint_encode_table(&content->tables[i], table);
		return checkpoint_output_put(output, CHECKPOINT_TABLES, 0,
					     table, sizeof(table));
	}
	i -= head->table_count;
	return checkpoint_output_put(
		output, CHECKPOINT_FREED, 0,
		content->freed + (size_t)i * CHECKPOINT_FREED_SIZE,
		CHECKPOINT_FREED_SIZE);
}

static bool
put_before_entries(struct checkpoint_content *content,
		   struct checkpoint_output *output, uint64_t *budget)
{
	const struct checkpoint_head *head = &content->head;
	uint64_t count = (uint64_t)head->segment_count + head->table_count +
			 head->freed_count;

	while (content->put_count < count) {
		if (*budget == 0 ||
		    !put_item(content, output, content->put_count))
			return false;
		spend(budget, CHECKPOINT_SEGMENT_SIZE);
		content->put_count++;
	}
	return true;
}

/* ---- entries ---- */

/* The walk goes on behind ${entry}. */
static void
pass(struct checkpoint_content *content, const struct index_entry *entry)
{
	content->token = entry->token;
	content->fingerprint = entry->fingerprint + 1;
	if (content->fingerprint == 0 && entry->token < INT64_MAX)
		content->token++;
}

static bool
put_entry(struct checkpoint_content *content, struct checkpoint_output *output,
	  struct table *table, const struct index_entry *entry)
{
	uint8_t item[CHECKPOINT_ENTRY_SIZE_MAX];

	if (!checkpoint_drop_try(&content->drop, table, entry)) {
		size_t size = checkpoint_encode_entry(entry, item);

		if (!checkpoint_output_put(output, CHECKPOINT_ENTRIES,
					   table->id, item, size))
			return false;
		content->head.entry_count++;
	}
	pass(content, entry);
	return true;
}

enum walk_outcome { WALK_MORE, WALK_WAITS, WALK_END };

static enum walk_outcome
walk_table(struct checkpoint_content *content,
	   struct checkpoint_output *output, struct table *table)
{
	struct index_entry entries[WALK_CHUNK];
	size_t count;

	if (content->token == INT64_MIN && content->fingerprint == 0)
		table_begin_expiry(table);
	count = primary_index_range(table->index, content->token,
				    content->fingerprint, INT64_MAX, entries,
				    WALK_CHUNK);

	for (size_t i = 0; i < count; i++) {
		if (!put_entry(content, output, table, &entries[i]))
			return WALK_WAITS;
		/* Behind the last key that there can be. */
		if (entries[i].token == INT64_MAX &&
		    entries[i].fingerprint == UINT64_MAX)
			return WALK_END;
	}
	return count < WALK_CHUNK ? WALK_END : WALK_MORE;
}

/* A table that was dropped meanwhile is left out. */
static bool
put_entries(struct checkpoint_content *content,
	    struct checkpoint_output *output, uint64_t *budget)
{
	while (content->table < content->head.table_count) {
		struct table *table = table_registry_find(
			&content->engine->tables,
			content->tables[content->table].id);
		enum walk_outcome outcome = WALK_END;

		if (*budget == 0)
			return false;
		spend(budget, WALK_CHUNK * CHECKPOINT_ENTRY_SIZE_MIN);
		if (table != NULL)
			outcome = walk_table(content, output, table);
		if (outcome == WALK_WAITS)
			return false;
		if (outcome == WALK_MORE)
			continue;
		if (table != NULL)
			table_end_expiry(table);
		content->table++;
		content->token = INT64_MIN;
		content->fingerprint = 0;
	}
	return true;
}

bool
checkpoint_content_put(struct checkpoint_content *content,
		       struct checkpoint_output *output, uint64_t *budget)
{
	return put_before_entries(content, output, budget) &&
	       put_entries(content, output, budget);
}
