/* SPDX-License-Identifier: MIT */
#include "storage/index/index_page.h"

#include <assert.h>
#include <string.h>

enum {
	SIZE_LOW_BITS = 14,
	OFFSET_BITS = 17,
	TIE_SHIFT = 1,
	SIZE_SHIFT = TIE_SHIFT + 1,
	OFFSET_SHIFT = SIZE_SHIFT + SIZE_LOW_BITS,
	SEGMENT_SHIFT = OFFSET_SHIFT + OFFSET_BITS
};

#define LOW_BITS(count) ((UINT64_C(1) << (count)) - 1)

static void
pack(struct packed_entry *packed, const struct index_entry *entry)
{
	const struct location *location = &entry->location;
	uint64_t offset = location->offset / INDEX_SIZE_UNIT;
	uint64_t size = location->size / INDEX_SIZE_UNIT;

	assert(location->offset % INDEX_SIZE_UNIT == 0);
	assert(location->size % INDEX_SIZE_UNIT == 0);
	assert(location->segment < INDEX_SEGMENTS_MAX);
	assert(offset <= LOW_BITS(OFFSET_BITS));
	assert(size <= LOW_BITS(8 + SIZE_LOW_BITS));
	packed->token_and_size = (uint64_t)entry->token << 8 |
				 size >> SIZE_LOW_BITS;
	packed->fingerprint = entry->fingerprint;
	packed->timestamp_us = entry->timestamp_us;
	packed->place = (uint64_t)location->segment << SEGMENT_SHIFT |
			offset << OFFSET_SHIFT |
			(size & LOW_BITS(SIZE_LOW_BITS)) << SIZE_SHIFT |
			(uint64_t)entry->has_tie << TIE_SHIFT |
			entry->is_tombstone;
}

static struct location
unpack_location(const struct packed_entry *packed)
{
	uint64_t size_high = packed->token_and_size & LOW_BITS(8);
	uint64_t size_low = packed->place >> SIZE_SHIFT &
			    LOW_BITS(SIZE_LOW_BITS);
	uint64_t offset = packed->place >> OFFSET_SHIFT &
			  LOW_BITS(OFFSET_BITS);

	return (struct location){
		.segment = (uint32_t)(packed->place >> SEGMENT_SHIFT),
		.offset = (uint32_t)offset * INDEX_SIZE_UNIT,
		.size = (uint32_t)(size_high << SIZE_LOW_BITS | size_low) *
			INDEX_SIZE_UNIT,
	};
}

bool
index_page_has(const struct index_page *page, unsigned at, index_key key)
{
	return at < page->info->count && index_page_key(page, at) == key;
}

void
index_page_get(const struct index_page *page, unsigned at,
	       struct index_entry *entry)
{
	const struct packed_entry *packed = &page->entries[at];
	uint64_t unsigned_order = (uint64_t)(index_page_key(page, at) >> 64);

	entry->token = (int64_t)(unsigned_order ^ UINT64_C(1) << 63);
	entry->fingerprint = packed->fingerprint;
	entry->timestamp_us = packed->timestamp_us;
	entry->location = unpack_location(packed);
	entry->expires_at_s = page->expiries == NULL ? 0 : page->expiries[at];
	entry->is_tombstone = packed->place & 1;
	entry->has_tie = packed->place >> TIE_SHIFT & 1;
}

void
index_page_set(struct index_page *page, unsigned at,
	       const struct index_entry *entry)
{
	assert(at < page->info->count);
	assert(page->expiries != NULL || entry->expires_at_s == 0);
	pack(&page->entries[at], entry);
	if (page->expiries != NULL)
		page->expiries[at] = entry->expires_at_s;
}

void
index_page_insert(struct index_page *page, unsigned at,
		  const struct index_entry *entry)
{
	unsigned behind = page->info->count - at;

	assert(at <= page->info->count && page->info->count < page->capacity);
	memmove(&page->entries[at + 1], &page->entries[at],
		behind * sizeof(page->entries[0]));
	if (page->expiries != NULL)
		memmove(&page->expiries[at + 1], &page->expiries[at],
			behind * sizeof(page->expiries[0]));
	page->info->count++;
	index_page_set(page, at, entry);
}

void
index_page_fill(struct index_page *page, const struct index_entry *entries,
		unsigned count)
{
	assert(page->info->count == 0 && count <= page->capacity);
	page->info->count = (uint8_t)count;
	for (unsigned i = 0; i < count; i++)
		pack(&page->entries[i], &entries[i]);
	for (unsigned i = 0; page->expiries != NULL && i < count; i++)
		page->expiries[i] = entries[i].expires_at_s;
}

void
index_page_remove(struct index_page *page, unsigned at)
{
	unsigned behind;

	assert(at < page->info->count);
	behind = page->info->count - at - 1u;
	memmove(&page->entries[at], &page->entries[at + 1],
		behind * sizeof(page->entries[0]));
	if (page->expiries != NULL)
		memmove(&page->expiries[at], &page->expiries[at + 1],
			behind * sizeof(page->expiries[0]));
	page->info->count--;
}

void
index_page_append(struct index_page *page, const struct index_page *from,
		  unsigned first, unsigned count)
{
	unsigned end = page->info->count;

	assert(end + count <= page->capacity);
	assert(page->expiries != NULL || from->expiries == NULL);
	memcpy(&page->entries[end], &from->entries[first],
	       count * sizeof(page->entries[0]));
	if (from->expiries != NULL)
		memcpy(&page->expiries[end], &from->expiries[first],
		       count * sizeof(page->expiries[0]));
	else if (page->expiries != NULL)
		memset(&page->expiries[end], 0,
		       count * sizeof(page->expiries[0]));
	page->info->count = (uint8_t)(end + count);
}

bool
index_page_is_live(const struct index_page *page, unsigned at, uint32_t now_s)
{
	if (page->entries[at].place & 1)
		return false;
	return page->expiries == NULL || page->expiries[at] == 0 ||
	       page->expiries[at] > now_s;
}

void
index_page_check(const struct index_page *page)
{
	const struct index_page_info *info = page->info;
	unsigned rest = INDEX_KEY_BITS - info->depth;

	(void)rest;
	assert(info->count > 0 && info->count <= page->capacity);
	assert(info->depth >= INDEX_DEPTH_MIN);
	assert(info->depth <= INDEX_KEY_BITS);
	for (unsigned i = 1; i < info->count; i++)
		assert(index_page_key(page, i - 1) < index_page_key(page, i));
	assert(rest == INDEX_KEY_BITS ||
	       index_page_key(page, 0) >> rest ==
		       index_page_key(page, info->count - 1u) >> rest);
}
