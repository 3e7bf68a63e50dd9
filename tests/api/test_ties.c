/* SPDX-License-Identifier: MIT
 *
 * Writes with one timestamp: whatever the order in which they arrive, and
 * whether a row has expired by then or not, the outcome is one.  Sets of
 * versions are written to keys of their own in every order, cut at every
 * place by a pause in which the short-lived ones expire; all keys of a set
 * must then tell the same, and what a model says. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include "base/compiler.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	SETS = 80,
	SET_SIZE = 3,
	ORDERS = 6,
	PAUSE_S = 2,
	TRIES = 5 /* a machine that stalls for a second gets another */
};

struct version {
	bool is_delete;
	int64_t expiry_s; /* from the beginning; 0: never */
	int v;            /* 0: null */
	int w;
};

static const int orders[ORDERS][SET_SIZE] = {
	{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
	{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
};

static struct api api;

static int64_t
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec;
}

static int64_t
wait_until(int64_t second)
{
	struct timespec nap = { .tv_nsec = 5000000 };

	while (now_s() < second)
		nanosleep(&nap, NULL);
	return now_s();
}

static uint32_t
next_random(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % below;
}

static void
make_set(uint64_t *random, struct version set[SET_SIZE])
{
	static const int64_t expiries[] = { 0, 0, 1, PAUSE_S, 1000, 1001 };

	for (int i = 0; i < SET_SIZE; i++)
		set[i] = (struct version){
			.is_delete = next_random(random, 12) == 0,
			.expiry_s = expiries[next_random(
				random, ARRAY_COUNT(expiries))],
			.v = (int)next_random(random, 4),
			.w = (int)next_random(random, 4),
		};
}

static void
write_version(const struct version *version, int key, int64_t elapsed_s)
{
	char cql[200], v[16] = "null", w[16] = "null";

	if (version->v != 0)
		snprintf(v, sizeof(v), "%d", version->v);
	if (version->w != 0)
		snprintf(w, sizeof(w), "%d", version->w);
	if (version->is_delete)
		snprintf(cql, sizeof(cql),
			 "DELETE FROM t USING TIMESTAMP 10 WHERE k = %d", key);
	else
		snprintf(cql, sizeof(cql),
			 "INSERT INTO t (k, v, w) VALUES (%d, %s, %s)"
			 " USING TIMESTAMP 10 AND TTL %lld", key, v, w,
			 version->expiry_s == 0 ?
				 0LL :
				 (long long)(version->expiry_s - elapsed_s));
	assert_string_equal(api_query(&api, cql), "");
}

/* What expires in the pause can only be written before it. */
static bool
can_be_cut(const struct version *set, const int *order, int cut)
{
	for (int i = cut; i < SET_SIZE; i++) {
		const struct version *version = &set[order[i]];

		if (!version->is_delete && version->expiry_s != 0 &&
		    version->expiry_s <= PAUSE_S)
			return false;
	}
	return true;
}

/* One key for each order and cut. */
static int
key_of(int set, int order, int cut)
{
	return (set * ORDERS + order) * (SET_SIZE + 1) + cut;
}

static void
write_half(struct version sets[SETS][SET_SIZE], bool is_first)
{
	for (int set = 0; set < SETS; set++)
		for (int order = 0; order < ORDERS; order++)
			for (int cut = 0; cut <= SET_SIZE; cut++) {
				int from = is_first ? 0 : cut;
				int to = is_first ? cut : SET_SIZE;

				if (!can_be_cut(sets[set], orders[order], cut))
					continue;
				for (int i = from; i < to; i++)
					write_version(
						&sets[set][orders[order][i]],
						key_of(set, order, cut),
						is_first ? 0 : PAUSE_S);
			}
}

static int
larger(int a, int b)
{
	return a > b ? a : b;
}

static void
predict(const struct version *set, char *text, size_t size)
{
	struct version best = { .expiry_s = -1 };

	text[0] = '\0';
	for (int i = 0; i < SET_SIZE; i++) {
		if (set[i].is_delete)
			return;
		if (set[i].expiry_s > best.expiry_s) {
			best = set[i];
		} else if (set[i].expiry_s == best.expiry_s) {
			best.v = larger(best.v, set[i].v);
			best.w = larger(best.w, set[i].w);
		}
	}
	if (best.expiry_s == 0 || best.expiry_s > PAUSE_S)
		snprintf(text, size, "%.*d%s|%.*d%s", best.v > 0, best.v,
			 best.v > 0 ? "" : "null", best.w > 0, best.w,
			 best.w > 0 ? "" : "null");
}

static void
check_set(const struct version *set, int number)
{
	char expected[64], cql[64];

	predict(set, expected, sizeof(expected));
	for (int order = 0; order < ORDERS; order++)
		for (int cut = 0; cut <= SET_SIZE; cut++) {
			const char *answer;

			if (!can_be_cut(set, orders[order], cut))
				continue;
			snprintf(cql, sizeof(cql),
				 "SELECT v, w FROM t WHERE k = %d",
				 key_of(number, order, cut));
			answer = api_query(&api, cql);
			if (strcmp(answer, expected) == 0)
				continue;
			for (int i = 0; i < SET_SIZE; i++) {
				const struct version *version =
					&set[orders[order][i]];

				print_message("%s%s v %d, w %d, expiry %lld\n",
					      i == cut ? "(later) " : "",
					      version->is_delete ? "delete" :
								   "insert",
					      version->v, version->w,
					      (long long)version->expiry_s);
			}
			fail_msg("expected \"%s\", got \"%s\"", expected,
				 answer);
		}
}

/* False when a half took longer than its second. */
static bool
run(uint64_t seed)
{
	static struct version sets[SETS][SET_SIZE];
	uint64_t random = seed;
	int64_t start_s = wait_until(now_s() + 1);

	for (int set = 0; set < SETS; set++)
		make_set(&random, sets[set]);
	write_half(sets, true);
	if (now_s() != start_s || wait_until(start_s + PAUSE_S) !=
					  start_s + PAUSE_S)
		return false;
	write_half(sets, false);
	if (now_s() != start_s + PAUSE_S)
		return false;
	for (int set = 0; set < SETS; set++)
		check_set(sets[set], set);
	return true;
}

TEST(the_outcome_of_a_tie_depends_on_no_order_and_no_moment)
{
	uint64_t seed = (uint64_t)time(NULL);

	print_message("# seed %llu\n", (unsigned long long)seed);
	for (int try = 0; try < TRIES; try++) {
		bool is_done;

		api_open(&api);
		api_must(&api, "CREATE TABLE t (k int PRIMARY KEY, v int,"
			       " w int)");
		is_done = run(seed);
		api_close(&api);
		if (is_done)
			return;
	}
	skip(); /* nothing was wrong, but nothing was seen either */
}

UNIT_MAIN()
