/* SPDX-License-Identifier: MIT */
#include "storage/primary_index.h"
#include "base/error.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct primary_index {
	struct index_entry *entries; /* sorted by token, then fingerprint */
	size_t count;
	size_t capacity;
};

struct primary_index *
primary_index_create(void)
{
	return calloc(1, sizeof(struct primary_index));
}

void
primary_index_destroy(struct primary_index *index)
{
	if (index == NULL)
		return;
	free(index->entries);
	free(index);
}

static int
compare(const struct index_entry *entry, int64_t token, uint64_t fingerprint)
{
	if (entry->token != token)
		return entry->token < token ? -1 : 1;
	if (entry->fingerprint != fingerprint)
		return entry->fingerprint < fingerprint ? -1 : 1;
	return 0;
}

/* The first entry at or behind the key. */
static size_t
lower_bound(const struct primary_index *index, int64_t token,
	    uint64_t fingerprint)
{
	size_t low = 0;
	size_t high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&index->entries[middle], token, fingerprint) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct index_entry *
find(const struct primary_index *index, int64_t token, uint64_t fingerprint)
{
	size_t at = lower_bound(index, token, fingerprint);

	if (at == index->count ||
	    compare(&index->entries[at], token, fingerprint) != 0)
		return NULL;
	return &index->entries[at];
}

int
primary_index_insert(struct primary_index *index,
		     const struct index_entry *entry, struct index_entry *old)
{
	size_t at = lower_bound(index, entry->token, entry->fingerprint);

	if (at < index->count && compare(&index->entries[at], entry->token,
					 entry->fingerprint) == 0) {
		*old = index->entries[at];
		index->entries[at] = *entry;
		return INDEX_REPLACED;
	}
	if (index->count == index->capacity) {
		size_t capacity = index->capacity * 2 + 16;
		struct index_entry *entries = realloc(
			index->entries, capacity * sizeof(*entries));

		if (entries == NULL)
			return -ERROR_FULL;
		index->entries = entries;
		index->capacity = capacity;
	}
	memmove(&index->entries[at + 1], &index->entries[at],
		(index->count - at) * sizeof(*entry));
	index->entries[at] = *entry;
	index->count++;
	return INDEX_INSERTED;
}

bool
primary_index_find(const struct primary_index *index, int64_t token,
		   uint64_t fingerprint, struct index_entry *entry)
{
	const struct index_entry *found = find(index, token, fingerprint);

	if (found != NULL)
		*entry = *found;
	return found != NULL;
}

void
primary_index_find_many(const struct primary_index *index,
			struct index_entry *entries, bool *found, size_t count)
{
	for (size_t i = 0; i < count; i++)
		found[i] = primary_index_find(index, entries[i].token,
					      entries[i].fingerprint,
					      &entries[i]);
}

bool
primary_index_relocate(struct primary_index *index, int64_t token,
		       uint64_t fingerprint, struct location from,
		       struct location to)
{
	struct index_entry *entry = find(index, token, fingerprint);

	if (entry == NULL || entry->location.segment != from.segment ||
	    entry->location.offset != from.offset ||
	    entry->location.size != from.size)
		return false;
	entry->location = to;
	return true;
}

bool
primary_index_remove(struct primary_index *index, int64_t token,
		     uint64_t fingerprint, struct index_entry *old)
{
	size_t at = lower_bound(index, token, fingerprint);

	if (at == index->count ||
	    compare(&index->entries[at], token, fingerprint) != 0)
		return false;
	*old = index->entries[at];
	index->count--;
	memmove(&index->entries[at], &index->entries[at + 1],
		(index->count - at) * sizeof(*old));
	return true;
}

uint64_t
primary_index_count(const struct primary_index *index)
{
	return index->count;
}

uint64_t
primary_index_bytes(const struct primary_index *index)
{
	return sizeof(*index) + index->capacity * sizeof(*index->entries);
}

size_t
primary_index_range(const struct primary_index *index, int64_t token,
		    uint64_t fingerprint, int64_t last,
		    struct index_entry *entries, size_t capacity)
{
	size_t at = lower_bound(index, token, fingerprint);
	size_t copied = 0;

	while (copied < capacity && at < index->count &&
	       index->entries[at].token <= last)
		entries[copied++] = index->entries[at++];
	return copied;
}

uint64_t
primary_index_count_live(const struct primary_index *index, int64_t first,
			 int64_t last, uint32_t now_s)
{
	uint64_t live = 0;

	for (size_t at = lower_bound(index, first, 0);
	     at < index->count && index->entries[at].token <= last; at++) {
		const struct index_entry *entry = &index->entries[at];

		if (!entry->is_tombstone && (entry->expires_at_s == 0 ||
					     entry->expires_at_s > now_s))
			live++;
	}
	return live;
}

void
primary_index_check(const struct primary_index *index)
{
	assert(index->count <= index->capacity);
	for (size_t i = 1; i < index->count; i++)
		assert(compare(&index->entries[i - 1], index->entries[i].token,
			       index->entries[i].fingerprint) < 0);
}
