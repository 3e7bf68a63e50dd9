/* SPDX-License-Identifier: MIT
 *
 * The cache against a model that knows each key's newest version.  The cache
 * may forget anything at any time, but what it finds must be that version. */
#include "storage/index/record_cache.h"

#include "base/pack.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEYS_MAX = 20000, RECORD_SIZE_MAX = 72 << 10 };

struct model {
	struct record_cache *cache;
	uint64_t size; /* the budget */
	uint64_t seed;
	uint32_t keys;
	uint32_t versions[KEYS_MAX]; /* 0: there is none */
	uint32_t sizes[KEYS_MAX];
	uint8_t record[RECORD_SIZE_MAX];
};

static uint64_t
hash(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint64_t
draw(struct model *model, uint64_t range)
{
	return hash(model->seed++) % range;
}

/* Every fourth key shares its fingerprint with the one before, every third
 * its token with others. */
static uint64_t
fingerprint_of(uint32_t key)
{
	return hash(key % 4 == 3 ? key - 1 : key);
}

static int64_t
token_of(uint32_t key)
{
	return key % 3 == 0 ? 7 : (int64_t)hash(~(uint64_t)key);
}

static uint32_t
table_of(uint32_t key)
{
	return 16 + key % 5;
}

/* Every word of a record says whose it is. */
static uint64_t
word_of(uint32_t key, uint32_t version, uint32_t at)
{
	return hash((uint64_t)key << 32 | version) + at;
}

static void
put(struct model *model, uint32_t key, uint32_t size)
{
	uint32_t version = ++model->versions[key];

	model->sizes[key] = size;
	for (uint32_t i = 0; i < size / 8; i++)
		store_u64_le(model->record + (size_t)i * 8,
			     word_of(key, version, i));
	record_cache_put(model->cache, table_of(key), token_of(key),
			 fingerprint_of(key), model->record, size);
}

static void
take_out(struct model *model, uint32_t key)
{
	uint32_t size;

	record_cache_remove(model->cache, table_of(key), token_of(key),
			    fingerprint_of(key));
	assert_null(record_cache_find(model->cache, table_of(key),
				      token_of(key), fingerprint_of(key),
				      &size));
	model->versions[key] = 0;
}

/* Whether the cache has the key; then it must have its newest version. */
static bool
has(struct model *model, uint32_t key)
{
	uint32_t size = 0;
	const uint8_t *found;

	record_cache_prefetch(model->cache, table_of(key),
			      fingerprint_of(key), 0);
	record_cache_prefetch(model->cache, table_of(key),
			      fingerprint_of(key), 1);
	found = record_cache_find(model->cache, table_of(key), token_of(key),
				  fingerprint_of(key), &size);
	if (found == NULL)
		return false;
	assert_int_not_equal(model->versions[key], 0);
	assert_int_equal(size, model->sizes[key]);
	for (uint32_t i = 0; i < size / 8; i++)
		assert_true(load_u64_le(found + (size_t)i * 8) ==
			    word_of(key, model->versions[key], i));
	return true;
}

static struct model *
create_model(uint64_t size, uint32_t keys)
{
	struct model *model = calloc(1, sizeof(*model));

	assert_non_null(model);
	model->size = size;
	model->keys = keys;
	model->cache = record_cache_create(size);
	assert_non_null(model->cache);
	return model;
}

static void
destroy_model(struct model *model)
{
	record_cache_destroy(model->cache);
	free(model);
}

static uint32_t
draw_size(struct model *model)
{
	uint64_t dice = draw(model, 1000);

	if (dice == 0)
		return (uint32_t)draw(model, RECORD_SIZE_MAX / 8) * 8;
	if (dice < 50)
		return (uint32_t)draw(model, 500) * 8;
	/* Often the same size, so that records are replaced in place too. */
	return (uint32_t)(40 + draw(model, 4) * 40);
}

static void
do_something(struct model *model)
{
	uint32_t key = (uint32_t)draw(model, model->keys);
	uint64_t dice = draw(model, 10);

	/* Some keys are sought more than others. */
	if (draw(model, 2) == 0)
		key = key % (1 + model->keys / 16);
	if (dice < 4)
		put(model, key, draw_size(model));
	else if (dice < 5)
		take_out(model, key);
	else
		(void)has(model, key);
}

TEST(what_is_found_is_always_the_newest_version)
{
	static const struct {
		uint64_t size;
		uint32_t keys;
	} rows[] = {
		{ 64 << 10, 30 },
		{ 64 << 10, 5000 },
		{ 300 << 10, 3000 },
		{ 1 << 20, 20000 },
		{ 5 << 20, 20000 },
		{ 64 << 20, 20000 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct model *model = create_model(rows[i].size, rows[i].keys);
		uint32_t there = 0;

		print_message("# row %zu\n", i);
		model->seed = i << 40;
		for (uint32_t j = 0; j < 200000; j++) {
			do_something(model);
			assert_true(record_cache_bytes(model->cache) <=
				    model->size);
		}
		for (uint32_t key = 0; key < model->keys; key++)
			there += has(model, key);
		/* It must be of use, too. */
		assert_true(there > 10);
		destroy_model(model);
	}
}

TEST(what_fits_stays)
{
	struct model *model = create_model(8 << 20, 20000);
	uint32_t there = 0;

	/* 200 bytes each, with everything. */
	for (uint32_t key = 0; key < 20000; key++)
		put(model, key, 152);
	for (uint32_t key = 0; key < 20000; key++)
		there += has(model, key);
	/* Sets may overflow, but hardly. */
	print_message("# %u of 20000\n", there);
	assert_true(there >= 19990);
	destroy_model(model);
}

/* What is read now and then stays while much more is read only once. */
TEST(hot_records_outlive_a_stream_of_cold_ones)
{
	enum { HOT = 2000, ROUNDS = 40 };
	struct model *model = create_model(1 << 20, KEYS_MAX);
	uint32_t next = HOT;
	uint32_t hits = 0;

	for (uint32_t key = 0; key < HOT; key++)
		put(model, key, 152);
	/* Each round puts in half as much as the cache holds. */
	for (uint32_t i = 0; i < ROUNDS; i++) {
		for (uint32_t key = 0; key < HOT; key++) {
			if (has(model, key))
				hits++;
			else
				put(model, key, 152);
		}
		for (uint32_t j = 0; j < 2800; j++) {
			put(model, next, 152);
			if (++next == KEYS_MAX)
				next = HOT;
		}
	}
	print_message("# %u of %u\n", hits, HOT * ROUNDS);
	assert_true(hits > HOT * ROUNDS * 9 / 10);
	destroy_model(model);
}

TEST(a_record_that_is_too_large_takes_the_old_one_away)
{
	struct model *model = create_model(64 << 20, 2);

	put(model, 0, 64 << 10);
	assert_true(has(model, 0));
	put(model, 0, (64 << 10) + 8);
	assert_false(has(model, 0));
	put(model, 1, 80);
	assert_true(has(model, 1));
	destroy_model(model);
	/* A smaller cache takes less. */
	model = create_model(1 << 20, 1);
	put(model, 0, 14 << 10);
	assert_true(has(model, 0));
	put(model, 0, 16 << 10);
	assert_false(has(model, 0));
	destroy_model(model);
}

TEST(a_tiny_cache_keeps_nothing)
{
	static const uint64_t sizes[] = { 1, 4096, (64 << 10) - 1 };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct model *model = create_model(sizes[i], 10);

		put(model, 1, 40);
		assert_false(has(model, 1));
		take_out(model, 1);
		destroy_model(model);
	}
	record_cache_destroy(NULL);
}

static uint64_t
resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The kernel's count, not only ours. */
TEST(memory_is_taken_as_it_is_needed_and_never_more_than_allowed)
{
	enum { SIZE = 48 << 20, SLACK = 1 << 20 };
	struct model *model = create_model(SIZE, 1);
	uint64_t before = resident_bytes();

	for (uint32_t i = 0; i < 1000; i++)
		record_cache_put(model->cache, 16, (int64_t)hash(i), hash(i),
				 model->record, 152);
	assert_true(record_cache_bytes(model->cache) < (512 << 10));
	for (uint32_t i = 0; i < 2000000; i++) {
		record_cache_put(model->cache, 16, (int64_t)hash(i), hash(i),
				 model->record, 40 + i % 16 * 8);
		if (i % 1000 == 0)
			assert_true(record_cache_bytes(model->cache) <= SIZE);
	}
	assert_true(record_cache_bytes(model->cache) > SIZE / 10 * 9);
	assert_true(resident_bytes() - before < SIZE + SLACK);
	destroy_model(model);
}

UNIT_MAIN()
