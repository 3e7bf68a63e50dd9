/* SPDX-License-Identifier: MIT
 *
 * The index against a model: a plain sorted array. */
#include "storage/index/primary_index.h"

#include "tests/support/same_entry.h"
#include "tests/support/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

/* Sanitizers take more address space than any limit leaves. */
#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { IS_SANITIZED = true };
#else
enum { IS_SANITIZED = false };
#endif

enum { MODEL_MAX = 12000 };

struct model {
	struct primary_index *index;
	struct index_entry *entries;
	size_t count;
	uint64_t seed;
	/* The keys that operations draw from. */
	void (*draw)(struct model *model, struct index_entry *entry);
	size_t range; /* of what draw chooses from */
};

static uint64_t
next_random(struct model *model)
{
	uint64_t x = model->seed += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint64_t
hash(uint64_t number)
{
	struct model one = { .seed = number };

	return next_random(&one);
}

static int
compare(const struct index_entry *a, int64_t token, uint64_t fingerprint)
{
	if (a->token != token)
		return a->token < token ? -1 : 1;
	return a->fingerprint < fingerprint ? -1 :
					      a->fingerprint > fingerprint;
}

static size_t
model_search(const struct model *model, int64_t token, uint64_t fingerprint)
{
	size_t low = 0;
	size_t high = model->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare(&model->entries[middle], token, fingerprint) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
model_has(const struct model *model, size_t at, const struct index_entry *key)
{
	return at < model->count && compare(&model->entries[at], key->token,
					    key->fingerprint) == 0;
}

/* Loops, because a sanitizer's memmove goes byte by byte. */
static void
model_shift(struct model *model, size_t at)
{
	for (size_t i = model->count++; i > at; i--)
		model->entries[i] = model->entries[i - 1];
}

static void
model_close(struct model *model, size_t at)
{
	model->count--;
	for (size_t i = at; i < model->count; i++)
		model->entries[i] = model->entries[i + 1];
}

static struct location
random_location(struct model *model)
{
	return (struct location){
		.segment = (uint32_t)(next_random(model) % INDEX_SEGMENTS_MAX),
		.offset = (uint32_t)(next_random(model) % (1 << 17)) * 8,
		.size = (uint32_t)(next_random(model) % (1 << 22)) * 8,
	};
}

static void
draw_even(struct model *model, struct index_entry *entry)
{
	uint64_t number = next_random(model) % model->range;

	entry->token = (int64_t)hash(number);
	entry->fingerprint = hash(~number);
}

static void
draw_equal_tokens(struct model *model, struct index_entry *entry)
{
	uint64_t number = next_random(model) % model->range;

	entry->token = number % 4 == 0 ? 77 : 78;
	entry->fingerprint = hash(number);
}

/* Tokens that agree in many bits, at both ends of the range too. */
static void
draw_crowded(struct model *model, struct index_entry *entry)
{
	static const int64_t bases[] = { INT64_MIN + 1, -3, 0,
					 INT64_MAX - 5000, 1 << 20 };
	uint64_t number = next_random(model) % model->range;

	entry->token = bases[number % 5] + (int64_t)(number / 5 % 5000);
	entry->fingerprint = number % 3 == 0 ? 0 : UINT64_MAX - number;
}

static void
draw_entry(struct model *model, struct index_entry *entry)
{
	memset(entry, 0, sizeof(*entry));
	model->draw(model, entry);
	entry->timestamp_us = (int64_t)next_random(model);
	entry->location = random_location(model);
	if (next_random(model) % 16 == 0)
		entry->expires_at_s = (uint32_t)next_random(model);
	entry->is_tombstone = next_random(model) % 8 == 0;
	entry->has_tie = next_random(model) % 8 == 0;
	if (next_random(model) % 8 == 0)
		entry->location.size = 0;
}

static void
do_insert(struct model *model)
{
	struct index_entry entry;
	struct index_entry old;
	size_t at;
	int outcome;

	draw_entry(model, &entry);
	at = model_search(model, entry.token, entry.fingerprint);
	outcome = primary_index_insert(model->index, &entry, &old);
	if (model_has(model, at, &entry)) {
		assert_int_equal(outcome, INDEX_REPLACED);
		assert_same_entry(&old, &model->entries[at]);
	} else {
		assert_int_equal(outcome, INDEX_INSERTED);
		assert_true(model->count < MODEL_MAX);
		model_shift(model, at);
	}
	model->entries[at] = entry;
}

static void
do_remove(struct model *model)
{
	struct index_entry entry;
	struct index_entry old;
	size_t at;
	bool is_there;

	draw_entry(model, &entry);
	at = model_search(model, entry.token, entry.fingerprint);
	is_there = model_has(model, at, &entry);
	assert_int_equal(primary_index_remove(model->index, entry.token,
					      entry.fingerprint, &old),
			 is_there);
	if (!is_there)
		return;
	assert_same_entry(&old, &model->entries[at]);
	model_close(model, at);
}

static void
do_find_many(struct model *model)
{
	struct index_entry entries[40];
	bool found[40];
	size_t count = next_random(model) % 41;

	for (size_t i = 0; i < count; i++)
		draw_entry(model, &entries[i]);
	primary_index_find_many(model->index, entries, found, count);
	for (size_t i = 0; i < count; i++) {
		struct index_entry alone;
		size_t at = model_search(model, entries[i].token,
					 entries[i].fingerprint);

		assert_int_equal(found[i],
				 model_has(model, at, &entries[i]));
		assert_int_equal(primary_index_find(model->index,
						    entries[i].token,
						    entries[i].fingerprint,
						    &alone), found[i]);
		if (!found[i])
			continue;
		assert_same_entry(&entries[i], &model->entries[at]);
		assert_same_entry(&alone, &model->entries[at]);
	}
}

/* Some that are there, some that aren't, and some that have moved on. */
static void
do_relocate(struct model *model)
{
	struct index_move moves[40];
	bool expected[40];
	size_t count = 1 + next_random(model) % 40;

	for (size_t i = 0; i < count; i++) {
		struct index_entry entry;
		size_t at;

		draw_entry(model, &entry);
		at = model_search(model, entry.token, entry.fingerprint);
		expected[i] = model_has(model, at, &entry) &&
			      next_random(model) % 4 > 0;
		moves[i] = (struct index_move){
			.token = entry.token,
			.fingerprint = entry.fingerprint,
			.from = expected[i] ? model->entries[at].location :
					      entry.location,
			.to = random_location(model),
		};
		if (expected[i])
			model->entries[at].location = moves[i].to;
	}
	primary_index_relocate(model->index, moves, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(moves[i].is_moved, expected[i]);
}

static void
do_range(struct model *model)
{
	struct index_entry first;
	struct index_entry last;
	struct index_entry got[50];
	size_t capacity = next_random(model) % 51;
	size_t count;
	size_t at;

	draw_entry(model, &first);
	draw_entry(model, &last);
	count = primary_index_range(model->index, first.token,
				    first.fingerprint, last.token, got,
				    capacity);
	at = model_search(model, first.token, first.fingerprint);
	for (size_t i = 0; i < count; i++)
		assert_same_entry(&got[i], &model->entries[at + i]);
	if (count < capacity && at + count < model->count)
		assert_true(model->entries[at + count].token > last.token);
}

static void
do_count_live(struct model *model)
{
	struct index_entry first;
	struct index_entry last;
	uint32_t now_s = (uint32_t)next_random(model);
	uint64_t live = 0;

	draw_entry(model, &first);
	draw_entry(model, &last);
	for (size_t i = 0; i < model->count; i++) {
		const struct index_entry *entry = &model->entries[i];

		live += entry->token >= first.token &&
			entry->token <= last.token && !entry->is_tombstone &&
			(entry->expires_at_s == 0 ||
			 entry->expires_at_s > now_s);
	}
	assert_int_equal(primary_index_count_live(model->index, first.token,
						  last.token, now_s), live);
}

static void
compare_all(struct model *model)
{
	int64_t token = INT64_MIN;
	uint64_t fingerprint = 0;
	struct index_entry got[100];
	size_t seen = 0;

	primary_index_check(model->index);
	assert_int_equal(primary_index_count(model->index), model->count);
	for (;;) {
		size_t count = primary_index_range(model->index, token,
						   fingerprint, INT64_MAX, got,
						   100);

		for (size_t i = 0; i < count; i++)
			assert_same_entry(&got[i], &model->entries[seen + i]);
		seen += count;
		if (count < 100 || got[99].fingerprint == UINT64_MAX)
			break;
		token = got[99].token;
		fingerprint = got[99].fingerprint + 1;
	}
	assert_int_equal(seen, model->count);
}

static int
compare_entries(const void *a, const void *b)
{
	const struct index_entry *right = b;

	return compare(a, right->token, right->fingerprint);
}

/* Some of them have the key of one before them. */
static void
do_insert_many(struct model *model)
{
	enum { INSERTED_MAX = 150 };
	struct index_entry entries[INSERTED_MAX], olds[INSERTED_MAX];
	uint8_t outcomes[INSERTED_MAX];
	size_t count = 1 + next_random(model) % (INSERTED_MAX - 1);

	for (size_t i = 0; i < count; i++) {
		draw_entry(model, &entries[i]);
		if (i > 0 && next_random(model) % 8 == 0) {
			size_t twin = next_random(model) % i;

			entries[i].token = entries[twin].token;
			entries[i].fingerprint = entries[twin].fingerprint;
		}
	}
	assert_int_equal(primary_index_insert_many(model->index, entries, olds,
						   outcomes, count), 0);
	for (size_t i = 0; i < count; i++) {
		size_t at = model_search(model, entries[i].token,
					 entries[i].fingerprint);

		if (model_has(model, at, &entries[i])) {
			assert_int_equal(outcomes[i], INDEX_REPLACED);
			assert_same_entry(&olds[i], &model->entries[at]);
		} else {
			assert_int_equal(outcomes[i], INDEX_INSERTED);
			assert_true(model->count < MODEL_MAX);
			model_shift(model, at);
		}
		model->entries[at] = entries[i];
	}
}

/* Mostly in order and behind each other, with some that are not. */
static void
do_append(struct model *model)
{
	enum { APPENDED_MAX = 300 };
	struct index_entry entries[APPENDED_MAX];
	size_t count = next_random(model) % APPENDED_MAX;

	for (size_t i = 0; i < count; i++)
		draw_entry(model, &entries[i]);
	qsort(entries, count, sizeof(entries[0]), compare_entries);
	if (next_random(model) % 4 == 0 && count > 1) {
		size_t one = next_random(model) % count;
		struct index_entry entry = entries[one];

		entries[one] = entries[count / 2];
		entries[count / 2] = entry;
	}
	assert_int_equal(primary_index_append(model->index, entries, count),
			 0);
	for (size_t i = 0; i < count; i++) {
		size_t at = model_search(model, entries[i].token,
					 entries[i].fingerprint);

		if (!model_has(model, at, &entries[i])) {
			assert_true(model->count < MODEL_MAX);
			model_shift(model, at);
		}
		model->entries[at] = entries[i];
	}
}

/* ${removals} of 100 operations remove. */
static void
work(struct model *model, unsigned operations, unsigned removals)
{
	for (unsigned i = 0; i < operations; i++) {
		unsigned dice = (unsigned)(next_random(model) % 100);

		if (dice < removals)
			do_remove(model);
		else if (dice < 90)
			do_insert(model);
		else if (dice < 94)
			do_relocate(model);
		else if (dice < 97)
			do_find_many(model);
		else
			do_range(model);
		if (next_random(model) % 2000 == 0)
			do_count_live(model);
		if (next_random(model) % 2000 == 0)
			do_append(model);
		if (next_random(model) % 500 == 0)
			do_insert_many(model);
		if (next_random(model) % 5000 == 0)
			primary_index_check(model->index);
	}
	compare_all(model);
}

TEST(the_index_does_what_a_sorted_array_does)
{
	static const struct {
		void (*draw)(struct model *model, struct index_entry *entry);
		size_t range;
	} rows[] = {
		{ draw_even, 30 },
		{ draw_even, 3000 },
		{ draw_even, 12000 },
		{ draw_equal_tokens, 1000 },
		{ draw_equal_tokens, 5000 },
		{ draw_crowded, 5000 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct model model = {
			.index = primary_index_create(),
			.entries = malloc(MODEL_MAX *
					  sizeof(struct index_entry)),
			.seed = i,
			.draw = rows[i].draw,
			.range = rows[i].range,
		};
		uint64_t empty_bytes = primary_index_bytes(model.index);

		assert_non_null(model.entries);
		print_message("# row %zu\n", i);
		work(&model, 20000, 5);
		work(&model, 20000, 75);
		work(&model, 10000, 10);
		while (model.count > 0) {
			struct index_entry old;
			size_t at = model.count / 2;

			assert_true(primary_index_remove(
				model.index, model.entries[at].token,
				model.entries[at].fingerprint, &old));
			assert_same_entry(&old, &model.entries[at]);
			model_close(&model, at);
		}
		compare_all(&model);
		/* Its memory has gone back, but for the directory. */
		assert_true(primary_index_bytes(model.index) <
			    empty_bytes + (64 << 10));
		free(model.entries);
		primary_index_destroy(model.index);
	}
}

TEST(an_empty_index_finds_nothing)
{
	struct primary_index *index = primary_index_create();
	struct index_entry entry = { 0 };
	bool found = true;

	assert_non_null(index);
	assert_false(primary_index_find(index, 0, 0, &entry));
	assert_false(primary_index_remove(index, 0, 0, &entry));
	primary_index_find_many(index, &entry, &found, 1);
	assert_false(found);
	assert_int_equal(primary_index_range(index, INT64_MIN, 0, INT64_MAX,
					     &entry, 1), 0);
	assert_int_equal(primary_index_count_live(index, INT64_MIN, INT64_MAX,
						  0), 0);
	assert_int_equal(primary_index_count(index), 0);
	primary_index_check(index);
	primary_index_destroy(index);
	primary_index_destroy(NULL);
}

TEST(extremes_come_back_as_they_were)
{
	static const struct index_entry rows[] = {
		{ INT64_MIN, 0, INT64_MIN, { 0, 0, 0 }, 0, false, true },
		{ INT64_MIN + 1, UINT64_MAX, INT64_MAX,
		  { INDEX_SEGMENTS_MAX - 1, (1 << 20) - 8, (1 << 25) - 8 },
		  UINT32_MAX, true, true },
		{ -1, 1, -1, { 1, 8, 16 << 20 }, 1, false, false },
		{ 0, 0, 0, { 0, 0, 8 }, 0, true, false },
		{ INT64_MAX, UINT64_MAX, 5, { 7, 64, 72 }, 0, false, false },
	};
	struct primary_index *index = primary_index_create();
	struct index_entry got[ARRAY_COUNT(rows)];

	for (size_t i = ARRAY_COUNT(rows); i-- > 0;)
		assert_int_equal(primary_index_insert(index, &rows[i], got),
				 INDEX_INSERTED);
	assert_int_equal(primary_index_range(index, INT64_MIN, 0, INT64_MAX,
					     got, ARRAY_COUNT(got)),
			 ARRAY_COUNT(rows));
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_same_entry(&got[i], &rows[i]);
	/* The end of a range is inclusive; a range may be empty. */
	assert_int_equal(primary_index_range(index, -1, 1, 0, got, 5), 2);
	assert_int_equal(primary_index_range(index, -1, 2, 0, got, 5), 1);
	assert_int_equal(primary_index_range(index, 1, 0, 0, got, 5), 0);
	assert_int_equal(primary_index_range(index, INT64_MAX, UINT64_MAX,
					     INT64_MAX, got, 5), 1);
	primary_index_check(index);
	primary_index_destroy(index);
}

/* All of them at once, or in pieces; into an index that knows how many, or not;
 * behind what is there already. */
TEST(entries_are_appended_in_order)
{
	static void (*const draws[])(struct model *,
				     struct index_entry *) = {
		draw_even, draw_equal_tokens, draw_crowded
	};
	enum { COUNT = 10000 };

	for (size_t row = 0; row < 24; row++) {
		struct model model = {
			.index = primary_index_create(),
			.entries = calloc(COUNT, sizeof(struct index_entry)),
			.seed = row,
			.draw = draws[row % 3],
			.range = SIZE_MAX,
		};
		size_t piece = row % 4 == 0 ? COUNT : 1 + 37 * row;
		size_t kept = 0;

		if (row % 2 == 0)
			primary_index_expect(model.index, COUNT);
		for (size_t i = 0; i < COUNT; i++)
			draw_entry(&model, &model.entries[i]);
		qsort(model.entries, COUNT, sizeof(model.entries[0]),
		      compare_entries);
		for (size_t i = 0; i < COUNT; i++)
			if (i == 0 ||
			    compare_entries(&model.entries[i],
					    &model.entries[kept - 1]) != 0)
				model.entries[kept++] = model.entries[i];
		model.count = kept;
		for (size_t at = 0; at < kept; at += piece)
			assert_int_equal(
				primary_index_append(model.index,
						     model.entries + at,
						     kept - at < piece ?
							     kept - at :
							     piece),
				0);
		compare_all(&model);
		primary_index_destroy(model.index);
		free(model.entries);
	}
}

/* What is promised about memory, at a size that a test has time for. */
static double
bytes_per_key(void (*draw)(struct model *model, struct index_entry *entry),
	      size_t count)
{
	struct model model = { .index = primary_index_create(),
			       .range = SIZE_MAX,
			       .draw = draw };
	double worst = 0;

	for (size_t i = 0; i < count; i++) {
		struct index_entry entry = { 0 };
		struct index_entry old;
		double now;

		draw(&model, &entry);
		assert_true(primary_index_insert(model.index, &entry, &old) >
			    0);
		if (i % 64 != 0)
			continue;
		now = (double)primary_index_bytes(model.index) /
		      (double)primary_index_count(model.index);
		if (i > count * 2 / 3 && now > worst)
			worst = now;
	}
	primary_index_check(model.index);
	primary_index_destroy(model.index);
	return worst;
}

TEST(a_key_takes_at_most_36_bytes_while_the_index_grows)
{
	double bytes = bytes_per_key(draw_even, 300000);

	print_message("# %.2f bytes a key\n", bytes);
	assert_true(bytes <= 36);
}

TEST(appended_keys_take_no_more_memory)
{
	enum { COUNT = 300000, PIECE = 1000 };
	struct model model = { .index = primary_index_create(),
			       .range = SIZE_MAX };
	struct index_entry *entries = calloc(COUNT, sizeof(*entries));
	double worst = 0;

	for (size_t i = 0; i < COUNT; i++)
		draw_even(&model, &entries[i]);
	qsort(entries, COUNT, sizeof(entries[0]), compare_entries);
	primary_index_expect(model.index, COUNT);
	for (size_t i = 0; i < COUNT; i += PIECE) {
		double now;

		assert_int_equal(primary_index_append(model.index, entries + i,
						      PIECE),
				 0);
		now = (double)primary_index_bytes(model.index) /
		      (double)primary_index_count(model.index);
		if (i > COUNT / 2 && now > worst)
			worst = now;
	}
	print_message("# %.2f bytes a key\n", worst);
	assert_true(worst <= 36);
	primary_index_check(model.index);
	primary_index_destroy(model.index);
	free(entries);
}

TEST(equal_tokens_take_little_more_memory)
{
	double bytes = bytes_per_key(draw_equal_tokens, 200000);

	print_message("# %.2f bytes a key\n", bytes);
	assert_true(bytes <= 48);
}

/* Groups of tokens that agree in all but the last bits: the worst there is for
 * a trie. */
static void
draw_groups(struct model *model, struct index_entry *entry)
{
	uint64_t number = next_random(model);

	entry->token = (int64_t)(hash(number % 3000) & ~UINT64_C(3)) |
		       (int64_t)(number >> 62);
	entry->fingerprint = number;
}

TEST(crafted_tokens_cost_a_bounded_amount_of_memory)
{
	double bytes = bytes_per_key(draw_groups, 200000);

	print_message("# %.2f bytes a key\n", bytes);
	assert_true(bytes <= 100);
}

static bool
has_keys(const struct primary_index *index, struct model *model,
	 uint64_t count)
{
	model->seed = 0;
	for (uint64_t i = 0; i < count; i++) {
		struct index_entry entry;
		struct index_entry got;

		draw_even(model, &entry);
		if (!primary_index_find(index, entry.token, entry.fingerprint,
					&got) ||
		    got.timestamp_us != (int64_t)i)
			return false;
	}
	return true;
}

/* Fills the index until memory runs out; 0 when nothing is lost by that. */
static int
run_out_of_memory(void)
{
	struct rlimit limit = { 96 << 20, 96 << 20 };
	struct model model = { .index = primary_index_create(),
			       .range = SIZE_MAX };
	uint64_t count = 0;
	struct index_entry entry = { 0 };
	struct index_entry old;
	int status;

	if (setrlimit(RLIMIT_AS, &limit) < 0)
		return 1;
	for (;; count++) {
		draw_even(&model, &entry);
		entry.timestamp_us = (int64_t)count;
		status = primary_index_insert(model.index, &entry, &old);
		if (status < 0)
			break;
	}
	if (status != -ERROR_FULL || count < 100000)
		return 2;
	if (primary_index_count(model.index) != count)
		return 3;
	if (primary_index_find(model.index, entry.token, entry.fingerprint,
			       &old))
		return 4;
	primary_index_check(model.index);
	if (!has_keys(model.index, &model, count))
		return 5;
	/* The room of one that goes is enough for one that comes. */
	model.seed = 0;
	draw_even(&model, &entry);
	if (!primary_index_remove(model.index, entry.token, entry.fingerprint,
				  &old))
		return 6;
	if (primary_index_insert(model.index, &entry, &old) != INDEX_INSERTED)
		return 7;
	primary_index_check(model.index);
	primary_index_destroy(model.index);
	return 0;
}

TEST(when_memory_runs_out_nothing_is_lost)
{
	int status = 0;
	pid_t child;

	if (IS_SANITIZED) {
		print_message("# not with a sanitizer\n");
		return;
	}
	child = fork();
	if (child == 0)
		_exit(run_out_of_memory());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

UNIT_MAIN()
