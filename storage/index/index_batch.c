/* SPDX-License-Identifier: MIT
 *
 * Many keys of a primary index at once: each round brings nearer what the next
 * one touches, so that the memory is waited for once a batch, not once a
 * key. */
#include "storage/index/primary_index.h"

#include "storage/index/index_directory.h"

enum { BATCH = 32 };

/* What is known of one key. */
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

/* Where the search for each of them goes on; the slots that lead there
 * first. */
static void
seek_batch(const struct primary_index *index, struct sought *batch,
	   size_t count)
{
	for (size_t i = 0; i < count; i++)
		__builtin_prefetch(
			&index->root[index_root_slot(index, batch[i].key)]);
	start_batch(index, batch, count);
}

/* Whether the key is there: then *at says where in its page. */
static bool
end_search(const struct sought *sought, unsigned *at)
{
	if (sought->page.entries == NULL)
		return false;
	*at = index_page_search_from(&sought->page, sought->key,
				     sought->guess);
	return index_page_has(&sought->page, *at, sought->key);
}

static void
find_batch(const struct primary_index *index, struct index_entry *entries,
	   bool *found, size_t count)
{
	struct sought batch[BATCH];

	for (size_t i = 0; i < count; i++)
		batch[i].key = index_page_make_key(entries[i].token,
						   entries[i].fingerprint);
	seek_batch(index, batch, count);
	for (size_t i = 0; i < count; i++) {
		unsigned at;

		found[i] = end_search(&batch[i], &at);
		if (found[i])
			index_page_get(&batch[i].page, at, &entries[i]);
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

static bool
relocate(struct sought *sought, const struct index_move *move)
{
	struct index_entry entry;
	unsigned at;

	if (!end_search(sought, &at))
		return false;
	index_page_get(&sought->page, at, &entry);
	if (!is_same_location(entry.location, move->from))
		return false;
	entry.location = move->to;
	index_page_set(&sought->page, at, &entry);
	return true;
}

static void
relocate_batch(struct primary_index *index, struct index_move *moves,
	       size_t count)
{
	struct sought batch[BATCH];

	for (size_t i = 0; i < count; i++)
		batch[i].key = index_page_make_key(moves[i].token,
						   moves[i].fingerprint);
	seek_batch(index, batch, count);
	/* No page moves by that. */
	for (size_t i = 0; i < count; i++)
		moves[i].is_moved = relocate(&batch[i], &moves[i]);
}

void
primary_index_relocate(struct primary_index *index, struct index_move *moves,
		       size_t count)
{
	for (size_t i = 0; i < count; i += BATCH)
		relocate_batch(index, moves + i,
			       count - i < BATCH ? count - i : BATCH);
}

/* ---- inserting ---- */

/* As primary_index_insert, into the page that was found; 0 when the page can't
 * take it as it is. */
static int
insert_there(struct primary_index *index, struct sought *sought,
	     const struct index_entry *entry, struct index_entry *old)
{
	unsigned at;

	if (sought->page.entries == NULL)
		return 0;
	at = index_page_search_from(&sought->page, sought->key,
				    sought->guess);
	return index_put_entry(index, &sought->page, at, sought->key, entry,
			       old);
}

static int
insert_batch(struct primary_index *index, const struct index_entry *entries,
	     struct index_entry *olds, uint8_t *outcomes, size_t count)
{
	struct sought batch[BATCH];
	bool is_same = true; /* pages are where they were found */

	for (size_t i = 0; i < count; i++)
		batch[i].key = index_page_make_key(entries[i].token,
						   entries[i].fingerprint);
	seek_batch(index, batch, count);
	for (size_t i = 0; i < count; i++) {
		int outcome = 0;

		if (is_same)
			outcome = insert_there(index, &batch[i], &entries[i],
					       &olds[i]);
		if (outcome == 0) {
			is_same = false;
			outcome = primary_index_insert(index, &entries[i],
						       &olds[i]);
		}
		if (outcome < 0)
			return outcome;
		outcomes[i] = (uint8_t)outcome;
	}
	return 0;
}

int
primary_index_insert_many(struct primary_index *index,
			  const struct index_entry *entries,
			  struct index_entry *olds, uint8_t *outcomes,
			  size_t count)
{
	for (size_t i = 0; i < count; i += BATCH) {
		size_t some = count - i < BATCH ? count - i : BATCH;
		int status = insert_batch(index, entries + i, olds + i,
					  outcomes + i, some);

		if (status < 0)
			return status;
	}
	return 0;
}
