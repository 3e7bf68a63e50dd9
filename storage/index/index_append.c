/* SPDX-License-Identifier: MIT
 *
 * Filling an index with entries in order, as a checkpoint has them.  Where the
 * directory is empty, as many entries as belong together become a page at once,
 * the same pages into which they would have been split one by one; only what
 * falls into a page that is there already is inserted. */
#include "base/error.h"
#include "storage/index/index_directory.h"

static index_key
key_of(const struct index_entry *entry)
{
	return index_page_make_key(entry->token, entry->fingerprint);
}

static size_t
count_ascending(const struct index_entry *entries, size_t count)
{
	size_t i = 1;

	while (i < count && key_of(&entries[i - 1]) < key_of(&entries[i]))
		i++;
	return i;
}

static bool
is_alike(const struct index_entry *a, const struct index_entry *b,
	 unsigned depth)
{
	return (key_of(a) ^ key_of(b)) >> (INDEX_KEY_BITS - depth) == 0;
}

/* How many of the entries, which ascend, and of which the first ${count} do,
 * share their first ${depth} bits; INDEX_PAGE_MAX + 1 when they are more than a
 * page holds. */
static size_t
count_alike(const struct index_entry *entries, size_t count, size_t capacity,
	    unsigned depth)
{
	size_t end = capacity;

	if (end > INDEX_PAGE_MAX + 1)
		end = INDEX_PAGE_MAX + 1;
	while (count < end) {
		size_t middle = count + (end - count) / 2;

		if (is_alike(&entries[0], &entries[middle], depth))
			count = middle + 1;
		else
			end = middle;
	}
	return count;
}

static bool
is_empty(const struct index_place *place, unsigned depth)
{
	uint32_t span = UINT32_C(1) << (place->end - depth);
	uint32_t first = place->slot & ~(span - 1);

	for (uint32_t i = 0; i < span; i++)
		if (place->directory[first + i] != 0)
			return false;
	return true;
}

/* The least depth of a page at ${place} that can hold all that belongs into it;
 * *count is how many do. */
static unsigned
widest_depth(const struct index_place *place,
	     const struct index_entry *entries, size_t capacity, size_t *count)
{
	unsigned least = place->base > INDEX_DEPTH_MIN ? place->base :
							  INDEX_DEPTH_MIN;
	unsigned depth = place->end;

	/* Those that belong there may go on behind the last one. */
	while (depth > least && *count < capacity &&
	       is_empty(place, depth - 1)) {
		size_t wider =
			count_alike(entries, *count, capacity, depth - 1);

		if (wider > INDEX_PAGE_MAX || wider == capacity)
			break;
		*count = wider;
		depth--;
	}
	return depth;
}

static int
make_full_page(struct primary_index *index, struct index_place place,
	       const struct index_entry *entries, unsigned count,
	       unsigned depth)
{
	bool has_expiries = false;
	struct index_page page;
	uint32_t name;

	for (unsigned i = 0; i < count; i++)
		has_expiries |= entries[i].expires_at_s != 0;
	name = index_pool_take(&index->pool, count, has_expiries);
	if (name == 0)
		return -ERROR_FULL;
	page = index_pool_view(&index->pool, name);
	page.info->top = (uint8_t)(key_of(entries) >> (INDEX_KEY_BITS - 8));
	page.info->depth = (uint8_t)depth;
	index_page_fill(&page, entries, count);
	index_set_slots(&place, depth, name);
	index->count += count;
	return 0;
}

/* Appends the first of the entries at ${place}, where nothing is; returns how
 * many.  None when more belong there than a page holds: then the directory is
 * deeper now. */
static int
fill_gap(struct primary_index *index, struct index_place place,
	 const struct index_entry *entries, size_t capacity)
{
	size_t count = count_alike(entries, 1, capacity, place.end);
	unsigned depth;

	if (count > INDEX_PAGE_MAX) {
		if (place.base == 0 && index_may_double_root(index))
			return index_double_root(index);
		return index_put_node(index, place);
	}
	depth = widest_depth(&place, entries, capacity, &count);
	if (make_full_page(index, place, entries, (unsigned)count, depth) < 0)
		return -ERROR_FULL;
	return (int)count;
}

void
primary_index_expect(struct primary_index *index, uint64_t count)
{
	index->expected = count;
}

/* Appends those that ascend. */
static int
append_run(struct primary_index *index, const struct index_entry *entries,
	   size_t count)
{
	size_t done = 0;

	while (done < count) {
		struct index_place place =
			index_locate(index, key_of(&entries[done]));
		struct index_entry old;
		int appended = 1;

		if (index_name_at(&place) == 0)
			appended = fill_gap(index, place, entries + done,
					    count - done);
		else if (primary_index_insert(index, &entries[done], &old) < 0)
			appended = -ERROR_FULL;
		if (appended < 0)
			return appended;
		done += (size_t)appended;
	}
	return 0;
}

int
primary_index_append(struct primary_index *index,
		     const struct index_entry *entries, size_t count)
{
	size_t done = 0;

	while (done < count) {
		size_t ascending =
			count_ascending(entries + done, count - done);
		int status = append_run(index, entries + done, ascending);

		if (status < 0)
			return status;
		done += ascending;
	}
	return 0;
}
