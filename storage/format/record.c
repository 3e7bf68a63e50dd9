/* SPDX-License-Identifier: MIT */
#include "storage/format/record.h"

#include "base/checksum.h"
#include "base/pack.h"

#include <assert.h>

static bool
has_seconds(uint8_t flags)
{
	return (flags & (RECORD_EXPIRING | RECORD_TOMBSTONE)) != 0;
}

static size_t
head_size(uint8_t flags)
{
	return RECORD_HEADER_SIZE + (has_seconds(flags) ? 8u : 0u);
}

uint64_t
record_size(uint8_t flags, size_t key_size, size_t value_size)
{
	uint64_t size = (uint64_t)head_size(flags) + key_size + value_size;

	return (size + RECORD_ALIGNMENT - 1) &
	       ~(uint64_t)(RECORD_ALIGNMENT - 1);
}

static bool
are_flags_possible(uint8_t flags)
{
	uint8_t kind = flags & (RECORD_ROW | RECORD_TOMBSTONE);
	uint8_t known = RECORD_ROW | RECORD_TOMBSTONE | RECORD_EXPIRING |
			RECORD_ENDS_BATCH | RECORD_TIE;

	if ((flags & ~known) != 0)
		return false;
	return kind == RECORD_ROW ||
	       (kind == RECORD_TOMBSTONE && (flags & RECORD_EXPIRING) == 0);
}

uint32_t
record_encode(const struct record *record, uint8_t *to)
{
	uint64_t size = record_size(record->flags, record->key.size,
				    record->value.size);
	size_t at = head_size(record->flags);

	assert(are_flags_possible(record->flags));
	assert(record->key.size > 0 && record->key.size <= UINT16_MAX);
	assert(size <= UINT32_MAX);
	store_u64_le(to + 8, record->lsn);
	store_u64_le(to + 16, (uint64_t)record->timestamp_us);
	store_u32_le(to + 24, record->table);
	store_u32_le(to + 28, (uint32_t)record->value.size);
	store_u16_le(to + 32, (uint16_t)record->key.size);
	to[34] = record->flags;
	to[35] = 0;
	if (has_seconds(record->flags))
		store_u64_le(to + RECORD_HEADER_SIZE, record->seconds);
	memcpy(to + at, record->key.data, record->key.size);
	at += record->key.size;
	if (record->value.size > 0)
		memcpy(to + at, record->value.data, record->value.size);
	at += record->value.size;
	memset(to + at, 0, (size_t)size - at);
	return (uint32_t)size;
}

uint64_t
record_lsn(const uint8_t *bytes)
{
	return load_u64_le(bytes + 8);
}

void
record_add_flags(uint8_t *bytes, uint8_t flags)
{
	bytes[34] |= flags;
	assert(are_flags_possible(bytes[34]));
}

static uint64_t
checksum_of(const uint8_t *bytes, uint32_t size, uint64_t seed)
{
	return checksum_seeded(slice_make(bytes + 8, size - 8), seed);
}

void
record_seal(uint8_t *bytes, uint32_t size, uint64_t seed)
{
	assert(size >= RECORD_SIZE_MIN);
	store_u64_le(bytes, checksum_of(bytes, size, seed));
}

uint32_t
record_decode(const uint8_t *bytes, size_t available, struct record *record)
{
	uint64_t size;
	size_t head, key_size, value_size;

	if (available < RECORD_SIZE_MIN || !are_flags_possible(bytes[34]) ||
	    bytes[35] != 0)
		return 0;
	head = head_size(bytes[34]);
	value_size = load_u32_le(bytes + 28);
	key_size = load_u16_le(bytes + 32);
	size = record_size(bytes[34], key_size, value_size);
	if (key_size == 0 || size > available || size > UINT32_MAX)
		return 0;
	*record = (struct record){
		.lsn = load_u64_le(bytes + 8),
		.timestamp_us = (int64_t)load_u64_le(bytes + 16),
		.table = load_u32_le(bytes + 24),
		.flags = bytes[34],
		.seconds = has_seconds(bytes[34]) ?
				   load_u64_le(bytes + RECORD_HEADER_SIZE) :
				   0,
		.key = slice_make(bytes + head, key_size),
		.value = slice_make(bytes + head + key_size, value_size),
	};
	return (uint32_t)size;
}

bool
record_is_intact(const uint8_t *bytes, uint32_t size, uint64_t seed)
{
	return size >= RECORD_SIZE_MIN &&
	       load_u64_le(bytes) == checksum_of(bytes, size, seed);
}
