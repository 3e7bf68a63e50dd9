/* SPDX-License-Identifier: MIT */
#include "storage/checkpoint/checkpoint_layout.h"

#include "base/checksum.h"
#include "base/pack.h"
#include "storage/engine.h"
#include "storage/format/format.h"
#include "storage/format/record.h"
#include "storage/format/run.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECKPOINT_MAGIC UINT64_C(0x43524f5453474f4c) /* "LOGSTORC" */

enum {
	VERSION_OLDEST = 2, /* that had checkpoints */
	HEAD_END = 120      /* zeros from there on */
};

enum {
	SEGMENT_IS_FREE = 1 << 0,
	SEGMENT_IS_OPEN = 1 << 1,
	TABLE_HAS_EXPLICIT = 1 << 0,
	GENERATION_MAX = 3
};

/* An entry's last number: segment, offset and size in units of 8 bytes, and
 * what follows it. */
enum {
	PLACE_SEGMENT_BITS = 31,
	PLACE_OFFSET_BITS = 17,
	PLACE_SIZE_BITS = 12, /* a larger size is behind, and 0 here */
	PLACE_OFFSET_AT = PLACE_SEGMENT_BITS,
	PLACE_SIZE_AT = PLACE_OFFSET_AT + PLACE_OFFSET_BITS,
	PLACE_SECONDS_AT = PLACE_SIZE_AT + PLACE_SIZE_BITS,
	PLACE_TIE_AT,
	PLACE_TOMBSTONE_AT,
	PLACE_RESERVED_AT
};

void
checkpoint_name(uint64_t number, char name[CHECKPOINT_NAME_SIZE])
{
	snprintf(name, CHECKPOINT_NAME_SIZE, "00-%u.checkpoint",
		 (unsigned)(number % CHECKPOINT_FILES));
}

void
checkpoint_finish(struct checkpoint *checkpoint)
{
	free(checkpoint->segments);
	free(checkpoint->tables);
	free(checkpoint->freed);
	*checkpoint = (struct checkpoint){ 0 };
}

bool
checkpoint_is_in_tail(const struct checkpoint_start *start,
		      const struct segment *segment)
{
	uint64_t known = segment->stream == STREAM_MOVING ?
				 start->moving_sequence :
				 start->user_sequence;

	/* Its entries may lead to a place that is free again by now. */
	if (start->number != 0 && segment->sequence >= start->segment_sequence)
		return true;
	return segment->state != SEGMENT_FREE && segment->last_write > known;
}

uint64_t
checkpoint_file_size(const struct checkpoint_head *head)
{
	return CHECKPOINT_HEAD_SIZE + head->block_count * head->block_size;
}

/* ---- head ---- */

static uint64_t
head_seed(uint64_t database_id, uint64_t number)
{
	return checksum_mix(database_id, number);
}

static uint64_t
head_checksum(const uint8_t *bytes, uint64_t seed)
{
	return checksum_seeded(slice_make(bytes + 8, CHECKPOINT_HEAD_SIZE - 8),
			       seed);
}

uint64_t
checkpoint_encode_head(const struct checkpoint_head *head,
		       uint64_t database_id, uint8_t to[CHECKPOINT_HEAD_SIZE])
{
	const struct checkpoint_start *start = &head->start;
	uint64_t checksum;

	memset(to, 0, CHECKPOINT_HEAD_SIZE);
	store_u64_le(to + 8, CHECKPOINT_MAGIC);
	store_u32_le(to + 16, FORMAT_VERSION);
	store_u32_le(to + 20, head->block_size);
	store_u64_le(to + 24, database_id);
	store_u64_le(to + 32, start->number);
	store_u64_le(to + 40, head->salt);
	store_u64_le(to + 48, start->user_sequence);
	store_u64_le(to + 56, start->moving_sequence);
	store_u64_le(to + 64, start->segment_sequence);
	store_u64_le(to + 72, start->lsn);
	store_u64_le(to + 80, (uint64_t)start->clock_us);
	store_u32_le(to + 88, start->next_table);
	store_u32_le(to + 92, head->segment_count);
	store_u32_le(to + 96, head->table_count);
	store_u32_le(to + 100, head->freed_count);
	store_u64_le(to + 104, head->entry_count);
	store_u64_le(to + 112, head->block_count);
	checksum = head_checksum(to, head_seed(database_id, start->number));
	store_u64_le(to, checksum);
	return checksum;
}

static void
decode_head(const uint8_t *from, struct checkpoint_head *head)
{
	*head = (struct checkpoint_head){
		.start = {
			.number = load_u64_le(from + 32),
			.user_sequence = load_u64_le(from + 48),
			.moving_sequence = load_u64_le(from + 56),
			.segment_sequence = load_u64_le(from + 64),
			.lsn = load_u64_le(from + 72),
			.clock_us = (int64_t)load_u64_le(from + 80),
			.next_table = load_u32_le(from + 88),
		},
		.block_size = load_u32_le(from + 20),
		.salt = load_u64_le(from + 40),
		.segment_count = load_u32_le(from + 92),
		.table_count = load_u32_le(from + 96),
		.freed_count = load_u32_le(from + 100),
		.entry_count = load_u64_le(from + 104),
		.block_count = load_u64_le(from + 112),
	};
}

static bool
is_head_possible(const struct checkpoint_head *head)
{
	uint32_t size = head->block_size;

	return size >= CHECKPOINT_BLOCK_SIZE_MIN &&
	       size <= CHECKPOINT_BLOCK_SIZE_MAX && (size & (size - 1)) == 0 &&
	       head->start.segment_sequence != 0 &&
	       head->segment_count <= INDEX_SEGMENTS_MAX &&
	       head->block_count <= INT64_MAX / CHECKPOINT_BLOCK_SIZE_MAX - 1;
}

static bool
is_zero(const uint8_t *bytes, size_t size)
{
	return size == 0 ||
	       (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

const char *
checkpoint_decode_head(const uint8_t from[CHECKPOINT_HEAD_SIZE],
		       uint64_t database_id,
		       const struct manifest_checkpoint *which,
		       struct checkpoint_head *head)
{
	uint64_t seed = head_seed(database_id, which->number);
	uint32_t version;

	if (load_u64_le(from + 8) != CHECKPOINT_MAGIC)
		return "it doesn't begin as a checkpoint";
	if (load_u64_le(from) != which->checksum ||
	    head_checksum(from, seed) != which->checksum)
		return "it isn't the checkpoint that the manifest names";
	version = load_u32_le(from + 16);
	if (version < VERSION_OLDEST || version > FORMAT_VERSION)
		return "unknown format version";
	decode_head(from, head);
	if (load_u64_le(from + 24) != database_id ||
	    head->start.number != which->number || !is_head_possible(head) ||
	    !is_zero(from + HEAD_END, CHECKPOINT_HEAD_SIZE - HEAD_END))
		return "it holds impossible numbers";
	return NULL;
}

/* ---- blocks ---- */

static uint64_t
block_seed(const struct checkpoint_head *head, uint64_t database_id,
	   uint64_t index)
{
	uint64_t seed = head_seed(database_id, head->start.number);

	return checksum_mix(checksum_mix(seed, head->salt), index);
}

static uint64_t
block_checksum(const struct checkpoint_head *head, uint64_t database_id,
	       uint64_t index, const uint8_t *block)
{
	return checksum_seeded(slice_make(block + 8, head->block_size - 8),
			       block_seed(head, database_id, index));
}

void
checkpoint_seal_block(const struct checkpoint_head *head, uint64_t database_id,
		      uint64_t index, uint32_t used, uint8_t *block)
{
	uint32_t end = CHECKPOINT_BLOCK_HEADER_SIZE + used;

	assert(used > 0 && end <= head->block_size);
	store_u32_le(block + 8, used);
	store_u32_le(block + 12, 0);
	memset(block + end, 0, head->block_size - end);
	store_u64_le(block, block_checksum(head, database_id, index, block));
}

uint32_t
checkpoint_open_block(const struct checkpoint_head *head, uint64_t database_id,
		      uint64_t index, const uint8_t *block)
{
	uint32_t used = load_u32_le(block + 8);

	if (load_u64_le(block) !=
	    block_checksum(head, database_id, index, block))
		return 0;
	if (used > head->block_size - CHECKPOINT_BLOCK_HEADER_SIZE ||
	    load_u32_le(block + 12) != 0 ||
	    !is_zero(block + CHECKPOINT_BLOCK_HEADER_SIZE + used,
		     head->block_size - CHECKPOINT_BLOCK_HEADER_SIZE - used))
		return 0;
	return used;
}

void
checkpoint_encode_group(uint8_t *to, enum checkpoint_section section,
			uint32_t table, uint32_t count)
{
	store_u32_le(to, (uint32_t)section);
	store_u32_le(to + 4, table);
	store_u32_le(to + 8, count);
}

/* ---- segments, tables, freed lives ---- */

void
checkpoint_encode_segment(const struct checkpoint_segment *segment,
			  uint8_t to[CHECKPOINT_SEGMENT_SIZE])
{
	uint8_t flags = 0;

	if (segment->is_free)
		flags |= SEGMENT_IS_FREE;
	if (segment->is_open)
		flags |= SEGMENT_IS_OPEN;
	store_u64_le(to, segment->sequence);
	store_u64_le(to + 8, segment->first_write);
	store_u64_le(to + 16, segment->last_write);
	store_u64_le(to + 24, segment->birth);
	store_u64_le(to + 32, (uint64_t)segment->first_token);
	store_u64_le(to + 40, (uint64_t)segment->last_token);
	store_u32_le(to + 48, segment->table);
	store_u32_le(to + 52, segment->life);
	store_u32_le(to + 56, segment->record_bytes);
	to[60] = segment->kind;
	to[61] = segment->stream;
	to[62] = segment->generation;
	to[63] = flags;
}

static bool
is_segment_possible(const struct checkpoint_segment *segment,
		    const struct checkpoint_start *start,
		    uint32_t segment_size)
{
	if (segment->sequence >= start->segment_sequence ||
	    (segment->sequence == 0) != (segment->life == 0))
		return false;
	if (segment->is_free)
		return !segment->is_open;
	return segment->sequence != 0 && segment->kind >= BUFFER_MIXED &&
	       segment->kind <= BUFFER_PART &&
	       segment->stream >= STREAM_USER &&
	       segment->stream <= STREAM_MOVING &&
	       segment->generation <= GENERATION_MAX &&
	       segment->record_bytes <= segment_size &&
	       segment->first_write <= segment->last_write &&
	       segment->first_token <= segment->last_token;
}

bool
checkpoint_decode_segment(const uint8_t from[CHECKPOINT_SEGMENT_SIZE],
			  const struct checkpoint_start *start,
			  uint32_t segment_size,
			  struct checkpoint_segment *segment)
{
	uint8_t flags = from[63];

	*segment = (struct checkpoint_segment){
		.sequence = load_u64_le(from),
		.first_write = load_u64_le(from + 8),
		.last_write = load_u64_le(from + 16),
		.birth = load_u64_le(from + 24),
		.first_token = (int64_t)load_u64_le(from + 32),
		.last_token = (int64_t)load_u64_le(from + 40),
		.table = load_u32_le(from + 48),
		.life = load_u32_le(from + 52),
		.record_bytes = load_u32_le(from + 56),
		.kind = from[60],
		.stream = from[61],
		.generation = from[62],
		.is_free = (flags & SEGMENT_IS_FREE) != 0,
		.is_open = (flags & SEGMENT_IS_OPEN) != 0,
	};
	return (flags & ~(SEGMENT_IS_FREE | SEGMENT_IS_OPEN)) == 0 &&
	       is_segment_possible(segment, start, segment_size);
}

void
checkpoint_encode_table(const struct checkpoint_table *table,
			uint8_t to[CHECKPOINT_TABLE_SIZE])
{
	store_u32_le(to, table->id);
	store_u32_le(to + 4, table->has_explicit ? TABLE_HAS_EXPLICIT : 0);
	store_u64_le(to + 8, table->entries);
}

bool
checkpoint_decode_table(const uint8_t from[CHECKPOINT_TABLE_SIZE],
			struct checkpoint_table *table)
{
	uint32_t flags = load_u32_le(from + 4);

	*table = (struct checkpoint_table){
		.id = load_u32_le(from),
		.has_explicit = (flags & TABLE_HAS_EXPLICIT) != 0,
		.entries = load_u64_le(from + 8),
	};
	return (flags & ~(uint32_t)TABLE_HAS_EXPLICIT) == 0 && table->id != 0;
}

void
checkpoint_encode_freed(const struct freed_life *life,
			uint8_t to[CHECKPOINT_FREED_SIZE])
{
	memset(to, 0, CHECKPOINT_FREED_SIZE);
	store_u64_le(to, life->sequence);
	store_u64_le(to + 8, life->first_write);
	store_u64_le(to + 16, life->last_write);
	store_u32_le(to + 24, life->segment);
	to[28] = life->stream;
}

bool
checkpoint_decode_freed(const uint8_t from[CHECKPOINT_FREED_SIZE],
			struct freed_life *life)
{
	*life = (struct freed_life){
		.sequence = load_u64_le(from),
		.first_write = load_u64_le(from + 8),
		.last_write = load_u64_le(from + 16),
		.segment = load_u32_le(from + 24),
		.stream = from[28],
	};
	return life->sequence != 0 && life->first_write != 0 &&
	       life->first_write <= life->last_write &&
	       life->segment < INDEX_SEGMENTS_MAX &&
	       life->stream >= STREAM_USER && life->stream <= STREAM_MOVING &&
	       from[29] == 0 && from[30] == 0 && from[31] == 0;
}

/* ---- entries ---- */

size_t
checkpoint_encode_entry(const struct index_entry *entry,
			uint8_t to[CHECKPOINT_ENTRY_SIZE_MAX])
{
	struct location at = entry->location;
	uint32_t units = at.size / RECORD_ALIGNMENT;
	bool is_large = units >= 1u << PLACE_SIZE_BITS;
	size_t size = CHECKPOINT_ENTRY_SIZE_MIN;
	uint64_t place = at.segment;

	assert(at.size >= RECORD_SIZE_MIN && at.size % RECORD_ALIGNMENT == 0);
	assert(at.segment < INDEX_SEGMENTS_MAX &&
	       at.offset < FORMAT_SEGMENT_SIZE_MAX);
	place |= (uint64_t)(at.offset / RECORD_ALIGNMENT) << PLACE_OFFSET_AT;
	place |= (uint64_t)(is_large ? 0 : units) << PLACE_SIZE_AT;
	place |= (uint64_t)(entry->expires_at_s != 0) << PLACE_SECONDS_AT;
	place |= (uint64_t)entry->has_tie << PLACE_TIE_AT;
	place |= (uint64_t)entry->is_tombstone << PLACE_TOMBSTONE_AT;
	store_u64_le(to, (uint64_t)entry->token);
	store_u64_le(to + 8, entry->fingerprint);
	store_u64_le(to + 16, (uint64_t)entry->timestamp_us);
	store_u64_le(to + 24, place);
	if (is_large) {
		store_u32_le(to + size, units);
		size += 4;
	}
	if (entry->expires_at_s != 0) {
		store_u32_le(to + size, entry->expires_at_s);
		size += 4;
	}
	return size;
}

static uint32_t
bits_of(uint64_t number, unsigned at, unsigned count)
{
	return (uint32_t)(number >> at & ((UINT64_C(1) << count) - 1));
}

static bool
is_location_possible(const struct location *at,
		     const struct manifest *manifest)
{
	uint32_t segment_size = manifest->segment_size;

	if (at->size < RECORD_SIZE_MIN || at->offset < FORMAT_HEADER_SIZE ||
	    at->offset >= segment_size)
		return false;
	if (at->size <= segment_size - at->offset)
		return true;
	return at->offset == FORMAT_HEADER_SIZE &&
	       at->segment % manifest->file_segments +
			       run_parts(segment_size, at->size) <=
		       manifest->file_segments;
}

/* What is in an entry besides the 32 bytes that all have: a size that fits
 * nowhere else, a time.  Bytes of it, or 0 when it is impossible. */
static size_t
decode_rest(const uint8_t *from, size_t available, bool has_size,
	    bool has_seconds, struct index_entry *entry)
{
	size_t size = (has_size ? 4u : 0u) + (has_seconds ? 4u : 0u);

	if (available < size)
		return 0;
	if (has_size) {
		uint32_t units = load_u32_le(from);

		if (units < 1u << PLACE_SIZE_BITS ||
		    units >= (32u << 20) / RECORD_ALIGNMENT)
			return 0;
		entry->location.size = units * RECORD_ALIGNMENT;
	}
	if (has_seconds) {
		entry->expires_at_s = load_u32_le(from + size - 4);
		if (entry->expires_at_s == 0)
			return 0;
	}
	return size;
}

static inline size_t
decode_entry(const uint8_t *from, size_t available,
	     const struct manifest *manifest, struct index_entry *entry)
{
	size_t size = CHECKPOINT_ENTRY_SIZE_MIN;
	uint64_t place;
	uint32_t units;
	bool has_seconds;

	if (available < size)
		return 0;
	place = load_u64_le(from + 24);
	units = bits_of(place, PLACE_SIZE_AT, PLACE_SIZE_BITS);
	has_seconds = bits_of(place, PLACE_SECONDS_AT, 1);
	*entry = (struct index_entry){
		.token = (int64_t)load_u64_le(from),
		.fingerprint = load_u64_le(from + 8),
		.timestamp_us = (int64_t)load_u64_le(from + 16),
		.location.segment = bits_of(place, 0, PLACE_SEGMENT_BITS),
		.location.offset = bits_of(place, PLACE_OFFSET_AT,
					   PLACE_OFFSET_BITS) *
				   RECORD_ALIGNMENT,
		.location.size = units * RECORD_ALIGNMENT,
		.has_tie = bits_of(place, PLACE_TIE_AT, 1),
		.is_tombstone = bits_of(place, PLACE_TOMBSTONE_AT, 1),
	};
	if (units == 0 || has_seconds) {
		size_t rest = decode_rest(from + size, available - size,
					  units == 0, has_seconds, entry);

		if (rest == 0)
			return 0;
		size += rest;
	}
	if (place >> PLACE_RESERVED_AT != 0 ||
	    entry->timestamp_us == INT64_MIN ||
	    !is_location_possible(&entry->location, manifest))
		return 0;
	return size;
}

size_t
checkpoint_decode_entry(const uint8_t *from, size_t available,
			const struct manifest *manifest,
			struct index_entry *entry)
{
	return decode_entry(from, available, manifest, entry);
}

size_t
checkpoint_decode_entries(const uint8_t *from, size_t available,
			  const struct manifest *manifest,
			  struct index_entry *entries, size_t *count)
{
	size_t wanted = *count, done = 0;

	for (*count = 0; *count < wanted; ++*count) {
		size_t size = decode_entry(from + done, available - done,
					   manifest, &entries[*count]);

		if (size == 0)
			break;
		done += size;
	}
	return done;
}
