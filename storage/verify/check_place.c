/* SPDX-License-Identifier: MIT */
#include "storage/verify/check_place.h"

#include "storage/format/run.h"

#include <stdio.h>

enum { LOOKUP_STEP = 32 };

void
check_faults_add(struct check_faults *faults, uint32_t segment,
		 uint32_t offset, const char *what)
{
	struct check_fault *fault;

	if (faults->count == CHECK_FAULTS_MAX)
		return;
	fault = &faults->faults[faults->count++];
	fault->segment = segment;
	fault->offset = offset;
	snprintf(fault->what, sizeof(fault->what), "%s", what);
}

/* ---- what is settled ---- */

/* Where the first buffer begins that is still on its way, or the end. */
static uint32_t
unsettled_offset(const struct engine *engine, uint32_t segment)
{
	const struct buffered_writer *writer = &engine->writer;

	for (uint32_t i = 0; i < writer->count; i++) {
		const struct write_buffer *buffer =
			buffered_writer_at(writer, i);

		if (buffer->segment <= segment &&
		    segment < buffer->segment + buffer->parts)
			return buffer->offset;
	}
	return writer->segment_sequence != 0 && writer->segment == segment ?
		       writer->offset :
		       0;
}

uint32_t
check_place_limit(const struct engine *engine, uint32_t segment)
{
	const struct segment *entry = &engine->segments.segments[segment];

	switch ((enum segment_state)entry->state) {
	case SEGMENT_FREE:
	case SEGMENT_ASIDE:
		return 0;
	case SEGMENT_OPEN:
		return entry->stream == STREAM_USER &&
				       !engine->writer.has_failed ?
			       unsettled_offset(engine, segment) :
			       0;
	case SEGMENT_QUARANTINED: /* or a write to it has failed */
		return entry->live_bytes == 0 ? 0 :
						engine->segments.segment_size;
	case SEGMENT_SEALED:
	case SEGMENT_VICTIM:
	case SEGMENT_DEAD:
	case SEGMENT_FREEING:
		break;
	}
	return engine->segments.segment_size;
}

/* ---- records ---- */

struct place {
	struct engine *engine;
	uint32_t segment;
	const uint8_t *bytes;
	uint32_t limit;
	uint64_t seed;
	uint64_t next_write; /* expected of the next buffer */
	uint64_t record_bytes;
	uint64_t live_bytes;
	int64_t last_token;
	uint32_t run_parts;
	uint16_t version; /* of the buffer that is looked at */
	bool is_behind_damage; /* and so is that buffer */
	bool has_fault;
	struct check_faults *faults;
};

static void
add_fault(struct place *place, uint32_t offset, const char *what)
{
	place->has_fault = true;
	check_faults_add(place->faults, place->segment, offset, what);
}

struct found_record {
	struct record record;
	struct location at;
	struct key_hash hash;
};

/* Version 1 had no flag for ties. */
static bool
is_same_version(const struct place *place, const struct found_record *found,
		const struct index_entry *entry)
{
	uint8_t flags = found->record.flags;
	bool has_tie = (flags & RECORD_TIE) != 0 || place->version == 1;

	return found->record.timestamp_us == entry->timestamp_us &&
	       ((flags & RECORD_TOMBSTONE) != 0) == entry->is_tombstone &&
	       has_tie == entry->has_tie &&
	       found->at.size == entry->location.size &&
	       (entry->is_tombstone ||
		found->record.seconds == entry->expires_at_s);
}

static void
look_up(struct place *place, const struct found_record *found, int count)
{
	struct table *table = table_registry_find(
		&place->engine->tables, found[0].record.table);
	struct index_entry entries[LOOKUP_STEP];
	bool is_found[LOOKUP_STEP];

	if (table == NULL)
		return;
	for (int i = 0; i < count; i++) {
		entries[i].token = found[i].hash.token;
		entries[i].fingerprint = found[i].hash.fingerprint;
	}
	primary_index_find_many(table->index, entries, is_found,
				(size_t)count);
	for (int i = 0; i < count; i++) {
		if (!is_found[i] ||
		    entries[i].location.segment != found[i].at.segment ||
		    entries[i].location.offset != found[i].at.offset)
			continue;
		place->live_bytes += entries[i].location.size;
		if (!is_same_version(place, &found[i], &entries[i]))
			add_fault(place, found[i].at.offset,
				  "the index knows another version of this "
				  "record");
	}
}

/* As many as are of one table, a few at most; 0 when there is something
 * else. */
static int
take_records(struct place *place, const struct buffer_header *header,
	     uint32_t *done, uint32_t end, struct found_record *found)
{
	int count = 0;

	while (*done < end && count < LOOKUP_STEP) {
		struct found_record *next = &found[count];
		const uint8_t *at = place->bytes + *done;

		next->at.segment = place->segment;
		next->at.offset = *done;
		next->at.size = record_decode(at, end - *done, &next->record);
		if (next->at.size == 0 ||
		    !record_is_intact(at, next->at.size,
				      format_record_seed(place->seed,
							 *done))) {
			add_fault(place, *done, "a record's checksum is wrong");
			return 0;
		}
		if (count > 0 && next->record.table != found[0].record.table)
			break;
		next->hash = engine_hash_key(place->engine, next->record.key);
		if (header->kind == BUFFER_FULL &&
		    (next->record.table != header->table ||
		     next->hash.token < place->last_token ||
		     next->hash.token > header->last_token)) {
			add_fault(place, *done,
				  "a record is out of its segment's order");
			return 0;
		}
		if (header->kind == BUFFER_FULL)
			place->last_token = next->hash.token;
		*done += next->at.size;
		count++;
	}
	return count;
}

static void
check_records(struct place *place, const struct buffer_header *header)
{
	uint32_t done = header->offset + FORMAT_HEADER_SIZE;
	uint32_t end = done + header->data_size;
	struct found_record found[LOOKUP_STEP];
	uint32_t records = 0;
	bool ends_batch = false;

	place->last_token = header->first_token;
	while (done < end) {
		int count = take_records(place, header, &done, end, found);

		if (count == 0)
			return;
		look_up(place, found, count);
		records += (uint32_t)count;
		ends_batch = (found[count - 1].record.flags &
			      RECORD_ENDS_BATCH) != 0;
	}
	if (records != header->record_count ||
	    ends_batch != ((header->flags & BUFFER_ENDS_BATCH) != 0))
		add_fault(place, header->offset,
			  "a buffer doesn't hold what it says");
}

/* ---- buffers ---- */

static const char *
find_contradiction(const struct place *place,
		   const struct buffer_header *header)
{
	const struct segment *segment =
		&place->engine->segments.segments[place->segment];
	const char *nonsense = format_find_nonsense(header);

	if (nonsense != NULL)
		return nonsense;
	if (header->kind != segment->kind ||
	    header->stream != segment->stream ||
	    header->table != segment->table)
		return "a buffer of another kind than its segment's";
	/* Which ones are gone, nobody knows. */
	if (header->write_sequence < place->next_write ||
	    (header->write_sequence > place->next_write &&
	     !place->is_behind_damage))
		return "a buffer has another write sequence than it should";
	return NULL;
}

static void
check_buffer(struct place *place, const struct buffer_header *header)
{
	const char *contradiction = find_contradiction(place, header);

	place->version = header->version;
	if (contradiction != NULL)
		add_fault(place, header->offset, contradiction);
	place->next_write = header->write_sequence + 1;
	place->record_bytes += header->data_size;
	if (header->kind != BUFFER_PART)
		check_records(place, header);
	else if (header->part == 0)
		place->run_parts = header->part_count;
}

/* Whether the buffers of this life go on: up to the last one that counts, and
 * what is settled. */
static bool
goes_on(const struct place *place, uint32_t offset)
{
	const struct segment *segment =
		&place->engine->segments.segments[place->segment];

	return offset < place->limit &&
	       place->next_write <= segment->last_write;
}

static void
check_buffers(struct place *place)
{
	const struct segment *segment =
		&place->engine->segments.segments[place->segment];
	struct buffer_place at = { place->engine->segments.database_id,
				   place->segment, 0 };

	while (goes_on(place, at.offset)) {
		struct buffer_header header;
		enum format_verdict verdict = format_open_buffer(
			place->bytes + at.offset, place->limit - at.offset,
			&at, &header);

		if (verdict == FORMAT_VALID &&
		    header.segment_sequence == segment->sequence) {
			check_buffer(place, &header);
			at.offset += format_buffer_size(header.data_size);
			place->is_behind_damage = false;
			continue;
		}
		/* One fault for each buffer that is gone. */
		if (!place->is_behind_damage)
			add_fault(place, at.offset,
				  verdict == FORMAT_VALID ?
					  "a buffer of another life stands "
					  "there" :
					  "a buffer's checksum is wrong");
		place->is_behind_damage = true;
		at.offset += FORMAT_BLOCK_SIZE;
	}
	if (!place->has_fault && place->next_write <= segment->last_write &&
	    place->limit == place->engine->segments.segment_size)
		add_fault(place, at.offset, "a buffer is missing");
}

/* ---- a place ---- */

static bool
is_whole_known(const struct place *place)
{
	return place->limit == place->engine->segments.segment_size;
}

/* While a dropped table's records are counted as dead, step by step, nobody
 * knows what is live. */
static bool
is_counting(const struct engine *engine)
{
	if (engine->tables.retired != NULL)
		return true;
	for (size_t i = 0; i < engine->tables.count; i++) {
		if (engine->tables.tables[i]->is_dropping)
			return true;
	}
	return false;
}

void
check_place(struct engine *engine, uint32_t segment, const uint8_t *bytes,
	    uint32_t limit, uint32_t *run_parts, struct check_faults *faults)
{
	const struct segment *entry = &engine->segments.segments[segment];
	struct place place = {
		.engine = engine,
		.segment = segment,
		.bytes = bytes,
		.limit = limit,
		.seed = segment_manager_seed(&engine->segments, segment),
		.next_write = entry->first_write,
		.faults = faults,
	};

	check_buffers(&place);
	*run_parts = place.has_fault ? 0 : place.run_parts;
	if (place.has_fault || !is_whole_known(&place) ||
	    is_counting(engine))
		return;
	if (place.record_bytes != entry->record_bytes)
		add_fault(&place, 0,
			  "more or less stands there than is counted");
	else if (entry->kind != BUFFER_PART &&
		 place.live_bytes != entry->live_bytes)
		add_fault(&place, 0,
			  "the indexes point at records that aren't there");
}

/* ---- a run ---- */

static bool
is_live_everywhere(const struct engine *engine, struct location at,
		   bool is_live)
{
	uint32_t room = engine->segments.segment_size - FORMAT_HEADER_SIZE;
	uint32_t left = at.size;

	for (uint32_t i = at.segment; left > 0; i++) {
		uint32_t size = left < room ? left : room;

		if (engine->segments.segments[i].live_bytes !=
		    (is_live ? size : 0))
			return false;
		left -= size;
	}
	return true;
}

static void
check_run_record(struct place *place, struct location at, const uint8_t *bytes)
{
	struct found_record found = { .at = at };

	if (record_decode(bytes, at.size, &found.record) != at.size ||
	    !record_is_intact(bytes, at.size,
			      format_record_seed(place->seed, at.offset))) {
		add_fault(place, at.offset, "a record's checksum is wrong");
		return;
	}
	found.hash = engine_hash_key(place->engine, found.record.key);
	look_up(place, &found, 1);
	if (!is_counting(place->engine) &&
	    !is_live_everywhere(place->engine, at, place->live_bytes > 0))
		add_fault(place, 0, "a run isn't live in all of its parts");
}

/* The parts' headers and checksums were looked at one by one. */
void
check_run(struct engine *engine, uint32_t segment, uint32_t parts,
	  uint8_t *bytes, struct check_faults *faults)
{
	uint32_t segment_size = engine->segments.segment_size;
	struct place place = {
		.engine = engine,
		.segment = segment,
		.bytes = bytes,
		.seed = segment_manager_seed(&engine->segments, segment),
		.faults = faults,
	};
	struct location at = { segment, FORMAT_HEADER_SIZE, 0 };
	uint32_t before = faults->count;

	for (uint32_t i = 0; i < parts; i++) {
		struct buffer_place where = {
			engine->segments.database_id, segment + i, 0
		};
		struct buffer_header header;

		if (format_open_buffer(bytes + (size_t)i * segment_size,
				       segment_size, &where,
				       &header) != FORMAT_VALID ||
		    header.part != i || header.part_count != parts ||
		    header.segment_sequence !=
			    engine->segments.segments[segment].sequence + i)
			check_faults_add(faults, segment + i, 0,
					 "a part of a run is missing");
		else
			at.size += header.data_size;
		place.version = header.version;
	}
	if (faults->count > before)
		return;
	bytes += FORMAT_HEADER_SIZE;
	if (run_parts(segment_size, at.size) == parts) {
		run_gather(bytes, segment_size, at);
		check_run_record(&place, at, bytes);
	} else {
		add_fault(&place, 0, "a run has too many parts");
	}
}
