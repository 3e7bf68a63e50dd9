/* SPDX-License-Identifier: MIT */
#include "storage/engine_manifest.h"

#include "storage/checkpoint/checkpoint_writer.h"
#include "storage/engine_storing.h"

#include <assert.h>
#include <stdlib.h>

int
engine_begin_writing(struct engine *engine, struct error *error)
{
	return engine_storing_flags(engine, 0, MANIFEST_CLEAN, error);
}

void
engine_continue_log(struct engine *engine, uint64_t settled)
{
	const struct manifest *manifest = &engine->manifest;
	struct buffered_writer *writer = &engine->writer;

	writer->settled = settled;
	writer->durable = settled;
	writer->settled_lsn = engine->last_lsn;
	writer->next_write_sequence = manifest->next_user_sequence;
	engine->moving.next_write_sequence = manifest->next_moving_sequence;
	engine->moving.settled = manifest->moving_watermark;
	engine->moving.durable = manifest->moving_watermark;
	engine->segments.next_sequence = manifest->next_segment_sequence;
	writer->segment = manifest->segment;
	writer->offset = manifest->offset;
	writer->segment_sequence = manifest->segment_sequence;
	writer->is_of_reserve = segment_manager_available(&engine->segments) <
				SEGMENT_RESERVE;
}

/* False when there are too many, or there is no memory: then the end isn't
 * recorded as an orderly one, and the next opening looks for them itself. */
static bool
describe_tail(struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;
	struct checkpoint_start start =
		checkpoint_writer_newest(engine->checkpoints);
	uint32_t count = 0;
	uint32_t *tail;

	for (uint32_t i = 0; i < segments->segment_count; i++)
		count += checkpoint_is_in_tail(&start, &segments->segments[i]);
	if (count > MANIFEST_TAIL_MAX)
		return false;
	tail = malloc((count + 1) * sizeof(*tail));
	if (tail == NULL)
		return false;
	count = 0;
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		if (checkpoint_is_in_tail(&start, &segments->segments[i]))
			tail[count++] = i;
	}
	manifest_set_tail(&engine->manifest, tail, count);
	return true;
}

static void
describe_position(struct engine *engine)
{
	struct manifest *manifest = &engine->manifest;
	const struct buffered_writer *writer = &engine->writer;
	bool is_open = writer->segment_sequence != 0 && writer->offset != 0;

	manifest->segment = is_open ? writer->segment : 0;
	manifest->offset = is_open ? writer->offset : 0;
	manifest->segment_sequence = is_open ? writer->segment_sequence : 0;
}

void
engine_describe(struct engine *engine, bool is_clean)
{
	struct manifest *manifest = &engine->manifest;
	const struct buffered_writer *writer = &engine->writer;
	const struct moving_writer *moving = &engine->moving;

	assert(writer->count == 0);
	manifest->size_max = engine->segments.size_max;
	manifest->file_count = engine->segments.file_count;
	manifest->flags &= ~(uint32_t)MANIFEST_CLEAN;
	if (is_clean && describe_tail(engine))
		manifest->flags |= MANIFEST_CLEAN;
	manifest->next_table = engine->tables.next_id;
	manifest->user_watermark = writer->settled;
	manifest->next_user_sequence = writer->next_write_sequence;
	manifest->moving_watermark = moving->settled;
	if (moving->next_write_sequence > manifest->next_moving_sequence)
		manifest->next_moving_sequence = moving->next_write_sequence;
	manifest->next_segment_sequence = engine->segments.next_sequence;
	manifest->next_lsn = engine->last_lsn + 1;
	manifest->clock_us = engine->clock_us;
	describe_position(engine);
}
