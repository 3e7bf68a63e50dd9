/* SPDX-License-Identifier: MIT
 *
 * Finding entries of a primary index, one at a time or many at once. */
#include "storage/primary_index.h"

#include "storage/index_directory.h"

enum { BATCH = 16 };

bool
primary_index_find(const struct primary_index *index, int64_t token,
		   uint64_t fingerprint, struct index_entry *entry)
{
	struct index_page page;
	unsigned at;

	if (!index_find_key(index, index_page_make_key(token, fingerprint),
			    &page, &at))
		return false;
	index_page_get(&page, at, entry);
	return true;
}

/* What find_batch knows of one key. */
struct sought {
	index_key key;
	struct index_page page; /* without entries: there is none */
	unsigned guess;
};

/* Each round brings nearer what the next one touches. */
static void
start_batch(const struct primary_index *index, struct sought *batch,
	    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct index_place place = index_locate(index, batch[i].key);

		batch[i].page.entries = NULL;
		if (index_name_at(&place) == 0)
			continue;
		batch[i].page = index_pool_view(&index->pool,
						index_name_at(&place));
		__builtin_prefetch(batch[i].page.info);
	}
	for (size_t i = 0; i < count; i++) {
		struct sought *sought = &batch[i];

		if (sought->page.entries == NULL)
			continue;
		sought->guess = index_page_guess(&sought->page, sought->key);
		__builtin_prefetch(&sought->page.entries[sought->guess]);
	}
	for (size_t i = 0; i < count; i++) {
		struct sought *sought = &batch[i];
		unsigned guess;

		if (sought->page.entries == NULL)
			continue;
		guess = index_page_guess_again(&sought->page, sought->guess);
		sought->guess = guess;
		__builtin_prefetch(&sought->page.entries[guess + 1]);
		guess -= guess > 0;
		__builtin_prefetch(&sought->page.entries[guess]);
	}
}

static void
find_batch(const struct primary_index *index, struct index_entry *entries,
	   bool *found, size_t count)
{
	struct sought batch[BATCH];

	for (size_t i = 0; i < count; i++) {
		batch[i].key = index_page_make_key(entries[i].token,
						   entries[i].fingerprint);
		__builtin_prefetch(
			&index->root[index_root_slot(index, batch[i].key)]);
	}
	start_batch(index, batch, count);
	for (size_t i = 0; i < count; i++) {
		const struct index_page *page = &batch[i].page;
		unsigned at;

		found[i] = false;
		if (page->entries == NULL)
			continue;
		at = index_page_search_from(page, batch[i].key,
					    batch[i].guess);
		found[i] = index_page_has(page, at, batch[i].key);
		if (found[i])
			index_page_get(page, at, &entries[i]);
	}
}

void
primary_index_find_many(const struct primary_index *index,
			struct index_entry *entries, bool *found, size_t count)
{
	for (size_t i = 0; i < count; i += BATCH)
		find_batch(index, entries + i, found + i,
			   count - i < BATCH ? count - i : BATCH);
}

static bool
is_same_location(struct location a, struct location b)
{
	return a.segment == b.segment && a.offset == b.offset &&
	       a.size == b.size;
}

bool
primary_index_relocate(struct primary_index *index, int64_t token,
		       uint64_t fingerprint, struct location from,
		       struct location to)
{
	struct index_page page;
	struct index_entry entry;
	unsigned at;

	if (!index_find_key(index, index_page_make_key(token, fingerprint),
			    &page, &at))
		return false;
	index_page_get(&page, at, &entry);
	if (!is_same_location(entry.location, from))
		return false;
	entry.location = to;
	index_page_set(&page, at, &entry);
	return true;
}
