/* SPDX-License-Identifier: MIT
 *
 * The primary index alone: inserts, appending, lookups one at a time and in
 * batches of sixteen, ordered reading, and memory, as the index counts it and
 * as the kernel does.  Prints one JSON object a line; the first of each size is
 * what one access to the machine's memory costs at that moment, the unit in
 * which a lookup is to be judged.
 *
 *     primary_index [KEYS…]        default: 2000000 10000000 */
#include "storage/index/primary_index.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 16, LOOKUPS = 4000000, RANGE = 256 };

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t
resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	uint64_t pages = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%*u %" SCNu64, &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t
hash(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static void
set_key(struct index_entry *entry, uint64_t number)
{
	entry->token = (int64_t)hash(number);
	entry->fingerprint = hash(~number);
}

static uint64_t
random_key(uint64_t *seed, uint64_t keys)
{
	return hash(++*seed) % keys;
}

struct peak {
	double counted; /* bytes a key */
	double resident;
};

static void
note_peak(struct peak *peak, const struct primary_index *index,
	  uint64_t resident_before)
{
	double count = (double)primary_index_count(index);
	double counted = (double)primary_index_bytes(index) / count;
	double resident = (double)(resident_bytes() - resident_before) / count;

	if (counted > peak->counted)
		peak->counted = counted;
	if (resident > peak->resident)
		peak->resident = resident;
}

static void
build(struct primary_index *index, uint64_t keys)
{
	uint64_t before = resident_bytes();
	struct peak peak = { 0 };
	double start = now_s();
	double seconds;

	for (uint64_t i = 0; i < keys; i++) {
		struct index_entry entry = {
			.timestamp_us = (int64_t)i,
			.location = { (uint32_t)(i >> 10),
				      (uint32_t)(i & 1023) * 128, 128 },
		};
		struct index_entry old;

		set_key(&entry, i);
		if (primary_index_insert(index, &entry, &old) < 0)
			exit(1);
		/* Growth from a tenth of the way on: smaller sizes have runs
		 * of their own. */
		if (i % (keys / 100) == 0 && i > keys / 10)
			note_peak(&peak, index, before);
	}
	seconds = now_s() - start;
	note_peak(&peak, index, before);
	printf("{\"bench\": \"primary_index\", \"what\": \"insert\", "
	       "\"keys\": %" PRIu64 ", \"per_s\": %.0f, "
	       "\"bytes_per_key\": %.2f, \"rss_per_key\": %.2f, "
	       "\"bytes_per_key_peak\": %.2f, \"rss_per_key_peak\": %.2f}\n",
	       keys, (double)keys / seconds,
	       (double)primary_index_bytes(index) / (double)keys,
	       (double)(resident_bytes() - before) / (double)keys,
	       peak.counted, peak.resident);
}

static void
report(const char *what, uint64_t keys, uint64_t operations, double seconds)
{
	printf("{\"bench\": \"primary_index\", \"what\": \"%s\", "
	       "\"keys\": %" PRIu64 ", \"per_s\": %.0f, \"ns\": %.1f}\n",
	       what, keys, (double)operations / seconds,
	       seconds / (double)operations * 1e9);
	fflush(stdout);
}

/* Follows a random cycle through 64 MiB of huge pages, a line at a time. */
static void
measure_memory(uint64_t keys)
{
	enum { SIZE = 64 << 20, STEP = 64 / sizeof(uint64_t),
	       LINES = SIZE / 64, LOADS = 1000000 };
	uint64_t *lines = aligned_alloc(2 << 20, SIZE);
	uint64_t at = 0;
	double start;

	if (lines == NULL)
		exit(1);
	madvise(lines, SIZE, MADV_HUGEPAGE);
	for (uint64_t i = 0; i < LINES; i++)
		lines[i * STEP] = i;
	/* Sattolo's shuffle: one cycle through all. */
	for (uint64_t i = LINES - 1; i > 0; i--) {
		uint64_t other = hash(i) % i;
		uint64_t line = lines[i * STEP];

		lines[i * STEP] = lines[other * STEP];
		lines[other * STEP] = line;
	}
	start = now_s();
	for (unsigned i = 0; i < LOADS; i++)
		at = lines[at * STEP];
	/* The index is never that large: the loop can't be left out. */
	report(at == UINT64_MAX ? "" : "dependent_load", keys, LOADS,
	       now_s() - start);
	free(lines);
}

static void
find_one_by_one(const struct primary_index *index, uint64_t keys)
{
	uint64_t seed = 1;
	double start = now_s();

	for (uint64_t i = 0; i < LOOKUPS; i++) {
		struct index_entry entry = { 0 };

		/* The next key depends on this answer, so that lookups can't
		 * overlap. */
		set_key(&entry, random_key(&seed, keys));
		if (!primary_index_find(index, entry.token, entry.fingerprint,
					&entry))
			exit(1);
		seed += (uint64_t)entry.timestamp_us;
	}
	report("find", keys, LOOKUPS, now_s() - start);
}

static void
find_in_batches(const struct primary_index *index, uint64_t keys)
{
	uint64_t seed = 2;
	double start = now_s();

	for (uint64_t i = 0; i < LOOKUPS; i += BATCH) {
		struct index_entry entries[BATCH];
		bool found[BATCH];

		for (size_t j = 0; j < BATCH; j++)
			set_key(&entries[j], random_key(&seed, keys));
		primary_index_find_many(index, entries, found, BATCH);
		for (size_t j = 0; j < BATCH; j++)
			if (!found[j])
				exit(1);
	}
	report("find_16", keys, LOOKUPS, now_s() - start);
}

static void
read_in_order(const struct primary_index *index, uint64_t keys)
{
	static struct index_entry entries[RANGE];
	struct index_entry next = { .token = INT64_MIN };
	uint64_t seen = 0;
	double start = now_s();
	size_t count;

	do {
		count = primary_index_range(index, next.token,
					    next.fingerprint, INT64_MAX,
					    entries, RANGE);
		seen += count;
		if (count > 0)
			next = entries[count - 1];
		next.fingerprint++;
	} while (count == RANGE);
	if (seen != keys)
		exit(1);
	report("range", keys, seen, now_s() - start);
	start = now_s();
	if (primary_index_count_live(index, INT64_MIN, INT64_MAX, 0) != keys)
		exit(1);
	report("count_live", keys, keys, now_s() - start);
}

static int
compare_entries(const void *a, const void *b)
{
	const struct index_entry *left = a, *right = b;

	if (left->token != right->token)
		return left->token < right->token ? -1 : 1;
	return left->fingerprint < right->fingerprint ? -1 : 1;
}

/* In order, in the pieces in which a checkpoint gives them. */
static void
append(uint64_t keys)
{
	enum { PIECE = 512 };
	struct primary_index *index = primary_index_create();
	struct index_entry *entries = calloc(keys, sizeof(*entries));
	double start;

	if (index == NULL || entries == NULL)
		exit(1);
	for (uint64_t i = 0; i < keys; i++)
		set_key(&entries[i], i);
	qsort(entries, keys, sizeof(*entries), compare_entries);
	start = now_s();
	primary_index_expect(index, keys);
	for (uint64_t i = 0; i < keys; i += PIECE)
		if (primary_index_append(index, entries + i,
					 keys - i < PIECE ? keys - i : PIECE) <
		    0)
			exit(1);
	report("append", keys, keys, now_s() - start);
	printf("{\"bench\": \"primary_index\", \"what\": \"append\", "
	       "\"keys\": %" PRIu64 ", \"bytes_per_key\": %.2f}\n",
	       keys, (double)primary_index_bytes(index) / (double)keys);
	primary_index_destroy(index);
	free(entries);
}

static void
run(uint64_t keys)
{
	struct primary_index *index = primary_index_create();

	if (index == NULL || keys < 1000)
		exit(1);
	measure_memory(keys);
	build(index, keys);
	find_one_by_one(index, keys);
	find_in_batches(index, keys);
	read_in_order(index, keys);
	primary_index_destroy(index);
	append(keys);
}

int
main(int count, char **arguments)
{
	if (count < 2) {
		run(2000000);
		run(10000000);
	}
	for (int i = 1; i < count; i++)
		run(strtoull(arguments[i], NULL, 10));
	return 0;
}
