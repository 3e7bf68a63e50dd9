/* SPDX-License-Identifier: MIT
 *
 * What an engine counts, counted again: live bytes of each segment from the
 * entries of all indexes, and segments by their states.  The one place of the
 * simulator that looks inside. */
#include "tests/simulator/audit.h"

#include "storage/engine_state.h"
#include "tests/simulator/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 64 };

struct audit {
	const struct segment_manager *segments;
	uint64_t *live; /* bytes of each segment */
	uint64_t total;
	char *text;
};

/* A run's record counts in each of its segments. */
static void
count_location(struct audit *audit, struct location location)
{
	uint32_t room = audit->segments->segment_size - FORMAT_HEADER_SIZE;
	uint32_t left = location.size;
	uint32_t segment = location.segment;

	audit->total += location.size;
	if (left <= room) {
		audit->live[segment] += left;
		return;
	}
	for (; left > 0 && segment < audit->segments->segment_count;
	     segment++) {
		uint32_t part = left < room ? left : room;

		audit->live[segment] += part;
		left -= part;
	}
}

/* An index from its beginning to its end; zero-initialised but for these. */
struct walk {
	const struct primary_index *index;
	int64_t token; /* from here on */
	uint64_t fingerprint;
	bool is_over;
	struct index_entry entries[CHUNK];
};

static size_t
walk_next(struct walk *walk)
{
	const struct index_entry *last;
	size_t count = walk->is_over ?
			       0 :
			       primary_index_range(walk->index, walk->token,
						   walk->fingerprint,
						   INT64_MAX, walk->entries,
						   CHUNK);

	if (count == 0)
		return 0;
	last = &walk->entries[count - 1];
	walk->token = last->token;
	walk->fingerprint = last->fingerprint + 1;
	if (walk->fingerprint == 0)
		walk->is_over = walk->token++ == INT64_MAX;
	return count;
}

static bool
audit_table(struct audit *audit, const struct table *table)
{
	struct walk walk = { .index = table->index, .token = INT64_MIN };
	uint64_t bytes = 0, tombstones = 0;
	size_t count;

	while ((count = walk_next(&walk)) > 0) {
		for (size_t i = 0; i < count; i++) {
			count_location(audit, walk.entries[i].location);
			bytes += walk.entries[i].location.size;
			tombstones += walk.entries[i].is_tombstone;
		}
	}
	if (bytes == table->live_bytes && tombstones == table->tombstones)
		return true;
	snprintf(audit->text, 256,
		 "table %" PRIu32 " counts %" PRIu64 " live bytes, %" PRIu64
		 " tombstones; there are %" PRIu64 " and %" PRIu64,
		 table->id, table->live_bytes, table->tombstones, bytes,
		 tombstones);
	return false;
}

static bool
audit_segment(struct audit *audit, uint32_t number, bool is_quiet)
{
	const struct segment *segment = &audit->segments->segments[number];
	bool is_unused = segment->state == SEGMENT_FREE ||
			 segment->state == SEGMENT_DEAD ||
			 segment->state == SEGMENT_FREEING;

	if (segment->live_bytes == audit->live[number] &&
	    segment->live_bytes <= segment->record_bytes &&
	    !(is_unused && segment->live_bytes > 0) &&
	    !(segment->state == SEGMENT_SEALED && segment->live_bytes == 0) &&
	    !(is_quiet && segment->pins > 0))
		return true;
	snprintf(audit->text, 256,
		 "segment %" PRIu32 " in state %d counts %" PRIu32
		 " live bytes of %" PRIu32 " and %d pins; there are %" PRIu64,
		 number, (int)segment->state, segment->live_bytes,
		 segment->record_bytes, (int)segment->pins,
		 audit->live[number]);
	return false;
}

static bool
audit_states(struct audit *audit)
{
	const struct segment_manager *segments = audit->segments;
	uint32_t free_count = 0, dead = 0, freeing = 0;

	for (uint32_t i = 0; i < segments->segment_count; i++) {
		free_count += segments->segments[i].state == SEGMENT_FREE;
		dead += segments->segments[i].state == SEGMENT_DEAD;
		freeing += segments->segments[i].state == SEGMENT_FREEING;
	}
	if (free_count == segments->free_count &&
	    dead == segments->dead.count && freeing == segments->freeing_count)
		return true;
	snprintf(audit->text, 256,
		 "%" PRIu32 " free, %" PRIu32 " dead, %" PRIu32
		 " freeing segments are counted; there are %" PRIu32
		 ", %" PRIu32 ", %" PRIu32,
		 segments->free_count, segments->dead.count,
		 segments->freeing_count, free_count, dead, freeing);
	return false;
}

static bool
run_audit(struct engine *engine, struct audit *audit, bool is_quiet)
{
	for (size_t i = 0; i < engine->tables.count; i++) {
		if (!audit_table(audit, engine->tables.tables[i]))
			return false;
	}
	if (audit->total != audit->segments->live_bytes) {
		snprintf(audit->text, 256,
			 "%" PRIu64 " live bytes are counted; there are %"
			 PRIu64, audit->segments->live_bytes, audit->total);
		return false;
	}
	for (uint32_t i = 0; i < audit->segments->segment_count; i++) {
		if (!audit_segment(audit, i, is_quiet))
			return false;
	}
	return audit_states(audit);
}

bool
audit_engine(struct engine *engine, bool is_quiet, char text[256])
{
	struct audit audit = { .segments = &engine->segments, .text = text };
	bool is_right;

	/* A dropped table's rows become dead step by step. */
	if (engine->tables.retired != NULL)
		return true;
	audit.live = memory_take_zeroed(audit.segments->segment_count + 1,
					sizeof(*audit.live));
	is_right = run_audit(engine, &audit, is_quiet);
	free(audit.live);
	return is_right;
}

/* ---- what stands on the disk ---- */

static const struct bytes *
find_file(const struct disk *disk, uint32_t number)
{
	char name[SEGMENT_FILE_NAME_SIZE];
	struct content *content;

	segment_file_name(number, name);
	content = disk_find(disk, name);
	return content == NULL ? NULL : &content->seen;
}

/* Bytes of records in the buffers of a segment that count. */
static uint64_t
record_bytes(const struct engine *engine, const struct bytes *file,
	     uint32_t number)
{
	const struct segment_manager *segments = &engine->segments;
	const struct segment *segment = &segments->segments[number];
	uint32_t size = segments->segment_size;
	size_t start = (size_t)(number % segments->file_segments) * size;
	struct buffer_place place = { .database_id =
					      engine->manifest.database_id,
				      .segment = number };
	struct buffer_header header;
	uint64_t bytes = 0;

	for (; place.offset < size && start + size <= file->size;
	     place.offset += FORMAT_BLOCK_SIZE) {
		if (format_open_buffer(file->data + start + place.offset,
				       size - place.offset, &place,
				       &header) == FORMAT_VALID &&
		    header.segment_sequence == segment->sequence &&
		    header.write_sequence >= segment->first_write &&
		    header.write_sequence <= segment->last_write)
			bytes += header.data_size;
	}
	return bytes;
}

/* Whether a checkpoint may have left out all that lives there, so that the
 * place was used again, though opening had to do with an earlier one. */
static bool
has_only_forgettable(struct engine *engine, uint32_t segment)
{
	uint32_t now_s = engine_now_s(engine);
	bool is_forgettable = true;

	for (size_t i = 0; i < engine->tables.count; i++) {
		struct walk walk = { .index = engine->tables.tables[i]->index,
				     .token = INT64_MIN };
		size_t count;

		while ((count = walk_next(&walk)) > 0) {
			for (size_t j = 0; j < count; j++) {
				const struct index_entry *entry =
					&walk.entries[j];

				if (entry->location.segment == segment &&
				    !entry->is_tombstone &&
				    (entry->expires_at_s == 0 ||
				     entry->expires_at_s > now_s))
					is_forgettable = false;
			}
		}
	}
	return is_forgettable;
}

bool
audit_records(struct engine *engine, const struct disk *disk,
	      char text[256])
{
	const struct segment_manager *segments = &engine->segments;

	for (uint32_t i = 0; i < segments->segment_count; i++) {
		const struct segment *segment = &segments->segments[i];
		const struct bytes *file =
			find_file(disk, i / segments->file_segments);
		uint64_t bytes;

		if (segment->state != SEGMENT_SEALED || file == NULL ||
		    segment->first_write == 0)
			continue;
		bytes = record_bytes(engine, file, i);
		if (bytes == segment->record_bytes ||
		    has_only_forgettable(engine, i))
			continue;
		snprintf(text, 256,
			 "segment %" PRIu32 " counts %" PRIu32
			 " bytes of records; on the disk there are %" PRIu64,
			 i, segment->record_bytes, bytes);
		return false;
	}
	return true;
}

uint64_t
audit_database_id(const struct engine *engine)
{
	return engine->manifest.database_id;
}
