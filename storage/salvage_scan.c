/* SPDX-License-Identifier: MIT */
#include "storage/salvage_scan.h"

#include "storage/checkpoint_load.h"
#include "storage/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MISSING_TOLD_MAX = 16, /* of one stream */
	/* What a hostile segment may make us hash. */
	HASHED_BYTES_MAX = 64 << 20,
	GUESSED = UINT8_MAX /* a generation: the life is that of a damaged
			       header */
};

struct scan {
	struct salvage_source *source;
	struct engine *engine;
	struct log_intake intake; /* its maps, notes, replay; not its buffers */
	bool *is_there;           /* places of the checkpoint's lives */
	bool has_checkpoint;
	uint64_t first_sequence;  /* of segments: lives from it on are behind
				     the checkpoint */
	uint64_t hashed; /* bytes in this segment */
	uint64_t last_write; /* of the buffer before, in this place */
};

static void
raise(uint64_t *highest, uint64_t number)
{
	if (number > *highest)
		*highest = number;
}

static const struct void_list *
voids_of(const struct scan *scan, uint8_t stream)
{
	const struct manifest *manifest = &scan->engine->manifest;

	return stream == STREAM_MOVING ? &manifest->moving_voids :
					 &manifest->user_voids;
}

/* ---- buffers of a segment ---- */

struct visitor {
	int (*on_buffer)(struct scan *scan, const struct buffer_header *header,
			 const uint8_t *bytes, struct error *error);
	/* Something that was a buffer, or may have been; up to ${end}. */
	int (*on_damage)(struct scan *scan, uint32_t segment, uint32_t offset,
			 uint32_t end, const uint8_t *bytes,
			 struct error *error);
};

static bool
is_blank(const uint8_t *bytes)
{
	return bytes[0] == 0 &&
	       memcmp(bytes, bytes + 1, FORMAT_BLOCK_SIZE - 1) == 0;
}

/* Where the next intact buffer starts, or the segment's end. */
static uint32_t
find_next_buffer(const struct scan *scan, uint32_t segment, uint32_t offset,
		 const uint8_t *bytes)
{
	const struct segment_manager *segments = &scan->engine->segments;
	struct buffer_place place = { segments->database_id, segment, offset };
	struct buffer_header header;

	while (place.offset < segments->segment_size &&
	       format_open_buffer(bytes + place.offset,
				  segments->segment_size - place.offset, &place,
				  &header) != FORMAT_VALID)
		place.offset += FORMAT_BLOCK_SIZE;
	return place.offset;
}

static int
visit_segment(struct scan *scan, uint32_t segment, const uint8_t *bytes,
	      const struct visitor *visitor, struct error *error)
{
	const struct segment_manager *segments = &scan->engine->segments;
	struct buffer_place place = { segments->database_id, segment, 0 };
	uint32_t size = segments->segment_size;

	scan->hashed = 0;
	scan->last_write = 0;
	while (place.offset < size) {
		struct buffer_header header;
		uint32_t next;
		int status = 0;

		if (format_open_buffer(bytes + place.offset,
				       size - place.offset, &place,
				       &header) == FORMAT_VALID) {
			next = place.offset +
			       format_buffer_size(header.data_size);
			status = visitor->on_buffer(scan, &header,
						    bytes + place.offset,
						    error);
		} else {
			next = find_next_buffer(scan, segment,
						place.offset +
							FORMAT_BLOCK_SIZE,
						bytes);
			if (visitor->on_damage != NULL &&
			    !is_blank(bytes + place.offset))
				status = visitor->on_damage(
					scan, segment, place.offset, next,
					bytes, error);
		}
		if (status < 0)
			return status;
		place.offset = next;
	}
	return 0;
}

static int
visit_all(struct scan *scan, const struct visitor *visitor, bool is_told,
	  struct error *error)
{
	const struct segment_manager *segments = &scan->engine->segments;
	uint8_t *bytes = scan->source->data;

	for (uint32_t i = 0; i < segments->segment_count; i++) {
		int status;

		salvage_read(scan->source, i, 0, bytes, segments->segment_size,
			     is_told);
		status = visit_segment(scan, i, bytes, visitor, error);
		if (status == 0)
			status = salvage_go_on(scan->source,
					       segments->segment_size, error);
		if (status < 0)
			return status;
	}
	return 0;
}

/* ---- first look: lives, watermarks, rows of table 3 ---- */

static void
enter_life(struct scan *scan, const struct buffer_header *header)
{
	struct segment *segment =
		&scan->engine->segments.segments[header->segment];
	struct place_note *note = &scan->intake.notes[header->segment];

	/* That of the first buffer, where it is intact. */
	if (note->is_loaded || (note->is_counted && segment->life > 0) ||
	    (segment->generation != GUESSED &&
	     header->segment_sequence <= segment->sequence))
		return;
	*segment = (struct segment){
		.sequence = header->segment_sequence,
		.kind = header->kind,
		.stream = header->stream,
		.life = header->offset == 0,
	};
	note->is_counted = header->offset == 0;
}

/* Where no buffer is intact, a damaged one's header is believed as far as
 * records turn out to be of that life. */
static int
look_at_damage(struct scan *scan, uint32_t segment, uint32_t offset,
	       uint32_t end, const uint8_t *bytes, struct error *error)
{
	struct segment *entry = &scan->engine->segments.segments[segment];
	struct buffer_place place = { scan->engine->manifest.database_id,
				      segment, offset };
	struct buffer_header header;

	(void)end;
	(void)error;
	if (entry->sequence == 0 &&
	    format_peek_buffer(bytes + offset, &place, &header))
		*entry = (struct segment){
			.sequence = header.segment_sequence,
			.kind = header.kind,
			.stream = header.stream,
			.generation = GUESSED,
		};
	return 0;
}

static int
look_at_buffer(struct scan *scan, const struct buffer_header *header,
	       const uint8_t *bytes, struct error *error)
{
	struct log_intake *intake = &scan->intake;
	struct log_stream *stream =
		log_intake_stream(intake, header->stream);
	uint64_t unused;

	raise(&intake->streams[0].watermark, header->user_watermark);
	raise(&intake->streams[1].watermark, header->moving_watermark);
	raise(&intake->last_lsn, header->last_lsn);
	if (header->clock_us > scan->engine->clock_us)
		scan->engine->clock_us = header->clock_us;
	if (format_find_nonsense(header) != NULL)
		return 0;
	enter_life(scan, header);
	if (header->segment_sequence !=
		    scan->engine->segments.segments[header->segment].sequence ||
	    header->write_sequence <= stream->replay_base ||
	    void_list_contains(voids_of(scan, header->stream),
			       header->write_sequence))
		return 0;
	if (log_map_add(&stream->map, header, error) < 0)
		return -(int)ERROR_FULL;
	if (header->kind == BUFFER_PART)
		return 0;
	/* What makes no sense there is told when the records are taken. */
	if (replay_peek(&intake->replay, header, bytes, &unused, error) < 0 &&
	    error->code == ERROR_FULL)
		return -(int)ERROR_FULL;
	return 0;
}

static int
compare_ranges(const void *a, const void *b)
{
	const struct void_range *left = a, *right = b;

	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	return 0;
}

static int
collect_freed(struct scan *scan, uint8_t number, struct error *error)
{
	struct log_stream *stream = log_intake_stream(&scan->intake, number);
	const struct replay *replay = &scan->intake.replay;

	stream->freed =
		malloc((replay->freed_count + 1) * sizeof(*stream->freed));
	if (stream->freed == NULL)
		return error_no_memory(error);
	for (size_t i = 0; i < replay->freed_count; i++) {
		const struct freed_life *life = &replay->freed[i].life;

		if (life->stream == number)
			stream->freed[stream->freed_count++] =
				(struct void_range){ life->first_write,
						     life->last_write };
	}
	if (stream->freed_count > 0)
		qsort(stream->freed, stream->freed_count,
		      sizeof(*stream->freed), compare_ranges);
	return 0;
}

static void
tell_missing(struct scan *scan, const struct log_verdict *verdict)
{
	const struct log_run *before = verdict->before_missing;
	uint32_t segment = before == NULL ? 0 : before->last_segment;
	uint32_t offset = before == NULL ? 0 : before->last_end;
	char what[96];

	snprintf(what, sizeof(what),
		 "the buffer with write sequence %" PRIu64
		 " should stand there, or in a later segment",
		 verdict->missing);
	salvage_tell(scan->source, segment, offset, what);
}

/* Missing buffers are told; what counts above the watermark doesn't depend on
 * them. */
static int
judge_stream(struct scan *scan, uint8_t number, struct error *error)
{
	struct log_stream *stream = log_intake_stream(&scan->intake, number);
	struct log_rules rules = {
		.base = stream->base,
		.watermark = stream->watermark,
		.voids = voids_of(scan, number),
	};
	struct log_verdict verdict;
	int status = collect_freed(scan, number, error);

	if (status < 0)
		return status;
	rules.freed = stream->freed;
	rules.freed_count = stream->freed_count;
	for (int i = 0; i < MISSING_TOLD_MAX; i++) {
		log_map_judge(&stream->map, &rules, &verdict);
		if (verdict.missing == 0)
			break;
		tell_missing(scan, &verdict);
		rules.base = verdict.missing;
	}
	rules.base = stream->watermark;
	log_map_judge(&stream->map, &rules, &verdict);
	stream->accepted = verdict.accepted;
	return 0;
}

/* ---- second look: records ---- */

static bool
is_life_wanted(const struct scan *scan, uint32_t segment, uint64_t sequence)
{
	return scan->engine->segments.segments[segment].sequence == sequence &&
	       !log_intake_is_freed(&scan->intake, sequence);
}

static bool
is_buffer_wanted(struct scan *scan, const struct buffer_header *header)
{
	const struct log_stream *stream =
		log_intake_stream(&scan->intake, header->stream);

	return is_life_wanted(scan, header->segment,
			      header->segment_sequence) &&
	       header->write_sequence > stream->replay_base &&
	       header->write_sequence <= stream->accepted &&
	       !void_list_contains(voids_of(scan, header->stream),
				   header->write_sequence);
}

/* Takes an intact record; nonsense in it is told. */
static int
take_record(struct scan *scan, const struct buffer_header *header,
	    const struct record *record, struct location at,
	    struct error *error)
{
	struct error failure = ERROR_INIT;
	int status;

	if (record->table == ENGINE_TABLE_FREED) /* seen, and of no use */
		return 0;
	status = replay_one(&scan->intake.replay, header, record, at,
			    &failure);
	if (status >= 0)
		return 0;
	if (failure.code == ERROR_FULL) {
		*error = failure;
		return status;
	}
	salvage_tell(scan->source, at.segment, at.offset,
		     "a record there makes no sense");
	return 0;
}

/* A record at ${at}, if there is one that was written there in that life: its
 * bytes, else 0. */
static uint32_t
find_record(struct scan *scan, struct location at, uint64_t seed,
	    const uint8_t *bytes, uint32_t available, struct record *record)
{
	uint32_t size = record_decode(bytes, available, record);

	if (size == 0 || scan->hashed + size > HASHED_BYTES_MAX)
		return 0;
	scan->hashed += size;
	return record_is_intact(bytes, size,
				format_record_seed(seed, at.offset)) ?
		       size :
		       0;
}

/* Every intact record from ${offset} up to ${end}; where one isn't, the next is
 * looked for. */
static int
take_records(struct scan *scan, const struct buffer_header *header,
	     uint32_t offset, uint32_t end, const uint8_t *bytes,
	     struct error *error)
{
	uint64_t seed = format_segment_seed(scan->engine->manifest.database_id,
					    header->segment,
					    header->segment_sequence);
	bool is_whole = true;

	while (offset + RECORD_SIZE_MIN <= end) {
		struct location at = { header->segment, offset, 0 };
		struct record record;
		int status;

		at.size = find_record(scan, at, seed, bytes + offset,
				      end - offset, &record);
		if (at.size == 0) {
			if (is_whole && header->kind != 0)
				salvage_tell(scan->source, header->segment,
					     offset,
					     "a record's checksum is wrong");
			is_whole = false;
			offset += RECORD_ALIGNMENT;
			continue;
		}
		is_whole = true;
		status = take_record(scan, header, &record, at, error);
		if (status < 0)
			return status;
		offset += at.size;
	}
	return 0;
}

/* A run that begins here: the record over all its parts. */
static int
take_run(struct scan *scan, const struct buffer_header *header,
	 struct error *error)
{
	const struct segment_manager *segments = &scan->engine->segments;
	uint32_t segment_size = segments->segment_size;
	uint32_t parts = header->part_count;
	struct location at = { header->segment, FORMAT_HEADER_SIZE, 0 };
	uint32_t most = parts * segment_size - FORMAT_HEADER_SIZE;
	struct record record;
	uint8_t *bytes;
	int status = 0;

	if (parts > segments->segment_count - header->segment ||
	    (uint64_t)parts * segment_size > 2 * (uint64_t)RUN_ROW_SIZE_MAX)
		return 0;
	bytes = malloc(most);
	if (bytes == NULL)
		return error_no_memory(error);
	salvage_read(scan->source, at.segment, at.offset, bytes, most, false);
	at.size = parts * (segment_size - FORMAT_HEADER_SIZE);
	run_gather(bytes, segment_size, at);
	at.size = find_record(scan, at,
			      format_segment_seed(
				      scan->engine->manifest.database_id,
				      at.segment, header->segment_sequence),
			      bytes, at.size, &record);
	if (at.size == 0)
		salvage_tell(scan->source, at.segment, at.offset,
			     "a large row's checksum is wrong");
	else
		status = take_record(scan, header, &record, at, error);
	free(bytes);
	return status;
}

static int
take_buffer(struct scan *scan, const struct buffer_header *header,
	    const uint8_t *bytes, struct error *error)
{
	const char *nonsense = format_find_nonsense(header);

	scan->last_write = header->write_sequence;
	if (!is_buffer_wanted(scan, header))
		return 0;
	if (nonsense != NULL) {
		salvage_tell(scan->source, header->segment, header->offset,
			     nonsense);
		return 0;
	}
	if (header->kind == BUFFER_PART)
		return header->part == 0 ? take_run(scan, header, error) : 0;
	return take_records(scan, header, header->offset + FORMAT_HEADER_SIZE,
			    header->offset + FORMAT_HEADER_SIZE +
				    header->data_size,
			    bytes - header->offset, error);
}

/* The header of a damaged buffer may be right. */
static bool
peek_header(const struct scan *scan, uint32_t segment, uint32_t offset,
	    const uint8_t *bytes, struct buffer_header *header)
{
	struct buffer_place place = { scan->engine->manifest.database_id,
				      segment, offset };

	return format_peek_buffer(bytes, &place, header) &&
	       header->segment_sequence ==
		       scan->engine->segments.segments[segment].sequence &&
	       (header->stream == STREAM_USER ||
		header->stream == STREAM_MOVING);
}

/* Where it isn't, the life is that of the place, and the write sequence follows
 * the one before.  False when nothing tells whether what stands there is older
 * than what the checkpoint knows. */
static bool
guess_header(struct scan *scan, uint32_t segment, uint32_t offset,
	     struct buffer_header *header)
{
	const struct segment *entry =
		&scan->engine->segments.segments[segment];

	*header = (struct buffer_header){
		.kind = entry->kind,
		.stream = entry->stream,
		.segment = segment,
		.offset = offset,
		.part_count = 1,
		.segment_sequence = entry->sequence,
		.write_sequence = scan->last_write + 1,
	};
	if (entry->sequence == 0)
		return false;
	if (scan->last_write > 0)
		return is_buffer_wanted(scan, header);
	return entry->sequence >= scan->first_sequence &&
	       is_life_wanted(scan, segment, entry->sequence);
}

/* What an earlier life left, or a torn write, looks no different at first. */
static int
take_damage(struct scan *scan, uint32_t segment, uint32_t offset, uint32_t end,
	    const uint8_t *bytes, struct error *error)
{
	struct buffer_header header;
	uint64_t before = scan->intake.replay.records;
	bool has_header = peek_header(scan, segment, offset, bytes + offset,
				      &header);
	int status = 0;

	if (has_header && !is_buffer_wanted(scan, &header))
		return 0;
	if (!has_header && !guess_header(scan, segment, offset, &header))
		return 0;
	if (header.kind == BUFFER_PART) {
		if (header.part == 0 && header.part_count > 1)
			status = take_run(scan, &header, error);
	} else {
		header.kind = 0; /* records aren't told one by one */
		status = take_records(scan, &header, offset, end, bytes,
				      error);
	}
	if (has_header || scan->intake.replay.records != before)
		salvage_tell(scan->source, segment, offset,
			     "a buffer's checksum is wrong");
	return status;
}

/* ---- a checkpoint ---- */

static void
find_lives(struct scan *scan, const struct checkpoint *checkpoint)
{
	const struct segment_manager *segments = &scan->engine->segments;
	uint8_t block[FORMAT_BLOCK_SIZE];

	for (uint32_t i = 0; i < checkpoint->segment_count; i++) {
		struct buffer_place place = { segments->database_id, i, 0 };
		struct buffer_header header;

		if (i >= segments->segment_count ||
		    checkpoint->segments[i].is_free)
			continue;
		salvage_read(scan->source, i, 0, block, sizeof(block), false);
		/* An unreadable header says nothing of the records. */
		scan->is_there[i] =
			!format_peek_buffer(block, &place, &header) ||
			header.segment_sequence ==
				checkpoint->segments[i].sequence;
		scan->intake.notes[i].is_loaded = scan->is_there[i];
	}
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		if (scan->is_there[i])
			continue;
		segments->segments[i] = (struct segment){ 0 };
		scan->intake.notes[i] = (struct place_note){ 0 };
	}
}

static void
set_bases(struct scan *scan, const struct checkpoint_start *start)
{
	const struct manifest *manifest = &scan->engine->manifest;
	struct log_stream *user = &scan->intake.streams[0];
	struct log_stream *moving = &scan->intake.streams[1];

	user->watermark = manifest->user_watermark;
	moving->watermark = manifest->moving_watermark;
	user->base = manifest->horizon.user_sequence;
	moving->base = manifest->horizon.moving_sequence;
	user->replay_base = start->user_sequence;
	moving->replay_base = start->moving_sequence;
	raise(&user->watermark, start->user_sequence);
	raise(&moving->watermark, start->moving_sequence);
	raise(&user->base, start->user_sequence);
	raise(&moving->base, start->moving_sequence);
	scan->first_sequence = start->segment_sequence;
	if (scan->engine->tables.next_id < manifest->next_table)
		scan->engine->tables.next_id = manifest->next_table;
}

static int
prepare(struct scan *scan, struct error *error)
{
	uint32_t count = scan->engine->segments.segment_count;
	int status = log_intake_init(&scan->intake, scan->engine, error);

	scan->is_there = calloc((size_t)count + 1, sizeof(bool));
	scan->intake.replayed_from =
		calloc((size_t)count + 1, sizeof(uint32_t));
	if (status == 0 && (scan->is_there == NULL ||
			    scan->intake.replayed_from == NULL))
		status = error_no_memory(error);
	return status;
}

static void
finish(struct scan *scan)
{
	log_intake_finish(&scan->intake);
	free(scan->is_there);
	scan->intake = (struct log_intake){ 0 };
	scan->is_there = NULL;
}

static void
forget(struct scan *scan)
{
	struct segment_manager *segments = &scan->engine->segments;

	finish(scan);
	table_registry_finish(&scan->engine->tables);
	scan->engine->tables = (struct table_registry){ 0 };
	if (segments->segment_count > 0)
		memset(segments->segments, 0,
		       segments->segment_count * sizeof(*segments->segments));
	segments->live_bytes = 0;
	segments->record_bytes = 0;
}

enum { UNUSABLE = 1 };

static int
try_checkpoint(struct scan *scan, const struct manifest_checkpoint *which,
	       struct error *failure)
{
	struct checkpoint checkpoint = { 0 };
	struct checkpoint_reader *reader = NULL;
	int status = prepare(scan, failure);

	if (status == 0)
		status = checkpoint_open(scan->engine->io,
					 &scan->engine->manifest, which,
					 &checkpoint, &reader, failure);
	/* Segments that aren't there any more are lost. */
	if (status == 0 && checkpoint.segment_count >
				   scan->engine->segments.segment_count)
		checkpoint.segment_count =
			scan->engine->segments.segment_count;
	if (status == 0)
		status = checkpoint_load_head(&scan->intake, &checkpoint,
					      failure);
	if (status == 0) {
		set_bases(scan, &checkpoint.start);
		find_lives(scan, &checkpoint);
		scan->intake.replay.replayed_from =
			scan->intake.replayed_from;
		status = checkpoint_load_entries(&scan->intake, reader,
						 scan->is_there, failure);
	}
	checkpoint_close(reader);
	checkpoint_finish(&checkpoint);
	return status;
}

/* The newest one that is whole, or none. */
static int
load(struct scan *scan, struct error *error)
{
	const struct manifest *manifest = &scan->engine->manifest;

	for (int i = 0; i < 2; i++) {
		struct error failure = ERROR_INIT;
		char name[CHECKPOINT_NAME_SIZE];
		int status;

		if (manifest->checkpoints[i].number == 0)
			continue;
		status = try_checkpoint(scan, &manifest->checkpoints[i],
					&failure);
		scan->has_checkpoint = status == 0;
		if (status == 0)
			return 0;
		forget(scan);
		if (status < 0 && failure.code == ERROR_FULL) {
			*error = failure;
			return status;
		}
		checkpoint_name(manifest->checkpoints[i].number, name);
		salvage_tell_file(scan->source, name, UINT64_MAX,
				  failure.message);
	}
	if (prepare(scan, error) < 0)
		return -(int)ERROR_FULL;
	set_bases(scan, &(struct checkpoint_start){ 0 });
	return 0;
}

/* ---- the end ---- */

/* A table without a registration is taken for registered: that row is lost,
 * and its own are not. */
static void
register_strays(struct scan *scan)
{
	struct table_registry *tables = &scan->engine->tables;

	for (size_t i = 0; i < tables->count; i++)
		tables->tables[i]->is_registered = true;
}

/* Rows whose place is gone. */
static void
tell_lost(struct scan *scan, struct table *table)
{
	struct index_entry entry;
	int64_t token = INT64_MIN;
	uint64_t fingerprint = 0;

	while (scan->intake.replay.stale > 0 &&
	       primary_index_range(table->index, token, fingerprint, INT64_MAX,
				   &entry, 1) == 1) {
		struct index_entry old;

		token = entry.token;
		fingerprint = entry.fingerprint + 1;
		if (entry.location.size == 0) {
			if (table->id != ENGINE_TABLE_REGISTRY &&
			    table->id != ENGINE_TABLE_FREED &&
			    engine_is_live(scan->engine, &entry))
				salvage_tell(scan->source,
					     entry.location.segment,
					     entry.location.offset,
					     "a row should stand there");
			if (primary_index_remove(table->index, entry.token,
						 entry.fingerprint, &old))
				scan->intake.replay.stale--;
		}
		if (fingerprint == 0 && token++ == INT64_MAX)
			return;
	}
}

static int
judge(struct scan *scan, struct error *error)
{
	struct table_registry *tables = &scan->engine->tables;
	int status;

	register_strays(scan);
	status = replay_judge_tables(&scan->intake.replay, error);
	if (status < 0)
		return status;
	for (size_t i = 0; i < tables->count; i++)
		tell_lost(scan, tables->tables[i]);
	return 0;
}

static int
look(struct scan *scan, struct error *error)
{
	static const struct visitor first = { .on_buffer = look_at_buffer,
					      .on_damage = look_at_damage };
	static const struct visitor second = { .on_buffer = take_buffer,
					       .on_damage = take_damage };
	int status = visit_all(scan, &first, true, error);

	if (status == 0)
		status = judge_stream(scan, STREAM_USER, error);
	if (status == 0)
		status = judge_stream(scan, STREAM_MOVING, error);
	if (status < 0)
		return status;
	log_intake_settle_freed(&scan->intake);
	return visit_all(scan, &second, false, error);
}

int
salvage_scan(struct salvage_source *source, struct error *error)
{
	struct scan scan = { .source = source, .engine = &source->engine };
	int status;

	source->total_bytes *= 2;
	status = load(&scan, error);
	source->report->may_resurrect =
		!scan.has_checkpoint &&
		(!source->has_manifest ||
		 (source->engine.manifest.flags & MANIFEST_FORGOTTEN) != 0);
	if (status == 0)
		status = look(&scan, error);
	if (status == 0)
		status = judge(&scan, error);
	if (status == 0)
		raise(&source->engine.last_lsn, scan.intake.last_lsn);
	finish(&scan);
	return status;
}
