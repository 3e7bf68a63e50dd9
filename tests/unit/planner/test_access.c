/* SPDX-License-Identifier: MIT */
#include "tests/support/unit.h"

#include "base/limits.h"
#include "planner/access.h"
#include "planner/bind.h"
#include "planner/key.h"
#include "tests/unit/planner/schema_fixture.h"
#include "types/value.h"

#include <stdio.h>
#include <string.h>

static struct fixture fixture;
static struct arena arena;
static struct plan plan;

static void
open_tables(void)
{
	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	fixture_must(&fixture, "USE ks");
	fixture_must(&fixture, "CREATE TABLE one (k bigint PRIMARY KEY)");
	fixture_must(&fixture, "CREATE TABLE two (a int, b text,"
			       " PRIMARY KEY ((a, b)))");
}

static void
close_tables(void)
{
	arena_finish(&arena);
	buffer_finish(&fixture.session.scratch);
	fixture_close(&fixture);
}

static void
bind(const char *cql)
{
	struct error error = ERROR_INIT;

	plan = (struct plan){ 0 };
	if (bind_statement(&fixture.session, fixture_parse(cql, &arena),
			   &arena, &plan, &error) < 0)
		fail_msg("%s: %s", cql, error.message);
}

static struct evaluation
make_evaluation(void)
{
	return (struct evaluation){
		.database = &fixture.database,
		.scratch = &fixture.session.scratch,
		.arena = &arena,
		.once_arena = &arena,
		.table = plan.table,
	};
}

/* The keys as text: parts by `,`, keys by ` `; or the error. */
static const char *
list_keys(const char *cql)
{
	static char text[4096];
	struct buffer out = { 0 };
	struct error error = ERROR_INIT;
	struct evaluation evaluation;
	struct slice *keys;
	size_t count;

	bind(cql);
	evaluation = make_evaluation();
	if (access_make_keys(plan.table, plan.as.select.access.keys,
			     &evaluation, &keys, &count, &error) < 0) {
		snprintf(text, sizeof(text), "%s", error.message);
		plan_release(&plan);
		return text;
	}
	for (size_t i = 0; i < count; i++) {
		struct slice parts[2];

		assert_int_equal(key_decode(plan.table, keys[i], parts,
					    &error), 0);
		if (i > 0)
			buffer_append_byte(&out, ' ');
		for (uint32_t j = 0; j < plan.table->key_count; j++) {
			if (j > 0)
				buffer_append_byte(&out, ',');
			value_print(plan.table->columns[j].type, parts[j],
				    VALUE_LITERAL, &out);
		}
	}
	buffer_append_byte(&out, 0);
	snprintf(text, sizeof(text), "%s", (const char *)out.data);
	buffer_finish(&out);
	plan_release(&plan);
	return text;
}

TEST(keys_are_sorted_by_value_and_named_once)
{
	static const struct {
		const char *cql, *keys;
	} cases[] = {
		{ "SELECT k FROM one WHERE k = 5", "5" },
		{ "SELECT k FROM one WHERE k IN (5, -1, 300, 5, 2, -1)",
		  "-1 2 5 300" },
		{ "SELECT k FROM one WHERE k IN ()", "" },
		{ "SELECT a FROM two WHERE a = 1 AND b = ''", "1,''" },
		{ "SELECT a FROM two WHERE b IN ('z', 'y') AND a IN (2, -1)",
		  "-1,'y' -1,'z' 2,'y' 2,'z'" },
		{ "SELECT a FROM two WHERE b IN () AND a IN (2, -1)", "" },
		{ "SELECT a FROM two WHERE b = null AND a = 1",
		  "Invalid null value in condition for column b" },
		{ "SELECT k FROM one WHERE k = ?",
		  "Invalid unset value for column k" },
	};

	open_tables();
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		assert_string_equal(list_keys(cases[i].cql), cases[i].keys);
	close_tables();
}

TEST(a_composite_product_is_limited_and_a_single_list_is_not)
{
	struct buffer cql = { 0 };
	char expected[128];

	open_tables();
	buffer_append_string(&cql, "SELECT a FROM two WHERE b IN ('x', 'y') "
				   "AND a IN (0");
	for (int i = 1; i <= IN_PRODUCT_MAX / 2; i++)
		buffer_printf(&cql, ", %d", i);
	buffer_append_string(&cql, ")");
	buffer_append_byte(&cql, 0);
	snprintf(expected, sizeof(expected),
		 "partition-key cartesian product size %d is greater than "
		 "maximum %d", IN_PRODUCT_MAX + 2, IN_PRODUCT_MAX);
	assert_string_equal(list_keys((const char *)cql.data), expected);
	buffer_clear(&cql);
	buffer_append_string(&cql, "SELECT k FROM one WHERE k IN (0");
	for (int i = 1; i <= 3 * IN_PRODUCT_MAX; i++)
		buffer_printf(&cql, ", %d", i);
	buffer_append_string(&cql, ")");
	buffer_append_byte(&cql, 0);
	assert_null(strstr(list_keys((const char *)cql.data), "product"));
	buffer_finish(&cql);
	close_tables();
}

TEST(token_bounds_become_an_inclusive_range)
{
	static const struct {
		const char *where;
		int64_t first, last; /* 1, 0: nothing */
	} cases[] = {
		{ "token(k) > 5", 6, INT64_MAX },
		{ "token(k) >= 5", 5, INT64_MAX },
		{ "token(k) < 5", INT64_MIN, 4 },
		{ "token(k) <= 5", INT64_MIN, 5 },
		{ "token(k) = 5", 5, 5 },
		{ "token(k) > 9223372036854775807", 1, 0 },
		{ "token(k) >= 9223372036854775807", INT64_MAX, INT64_MAX },
		{ "token(k) > -9223372036854775808", INT64_MIN + 1,
		  INT64_MAX },
		{ "token(k) < -9223372036854775808", INT64_MIN, INT64_MAX },
		{ "token(k) <= -9223372036854775808", INT64_MIN, INT64_MAX },
		{ "token(k) = -9223372036854775808", INT64_MIN, INT64_MIN },
		{ "token(k) > 7 AND token(k) < 9", 8, 8 },
	};

	open_tables();
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		char cql[128];
		struct evaluation evaluation;
		struct token_range range;
		struct error error = ERROR_INIT;

		snprintf(cql, sizeof(cql), "SELECT k FROM one WHERE %s",
			 cases[i].where);
		bind(cql);
		evaluation = make_evaluation();
		assert_int_equal(access_make_range(&plan.as.select.access,
						   &evaluation, &range,
						   &error), 0);
		if (range.first != cases[i].first ||
		    range.last != cases[i].last)
			fail_msg("%s: %lld … %lld", cases[i].where,
				 (long long)range.first,
				 (long long)range.last);
		plan_release(&plan);
	}
	close_tables();
}

UNIT_MAIN()
