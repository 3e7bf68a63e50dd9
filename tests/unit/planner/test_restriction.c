/* SPDX-License-Identifier: MIT */
#include "tests/support/unit.h"

#include "base/limits.h"
#include "planner/bind.h"
#include "planner/restriction.h"
#include "tests/unit/planner/schema_fixture.h"

#include <stdio.h>
#include <string.h>

static struct fixture fixture;
static struct arena arena;

static void
open_tables(void)
{
	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	fixture_must(&fixture, "USE ks");
	fixture_must(&fixture, "CREATE TABLE t (a int, b int, v int,"
			       " PRIMARY KEY ((a, b)))");
}

static int
bind(const char *cql, struct plan *plan, struct error *error)
{
	*plan = (struct plan){ 0 };
	return bind_statement(&fixture.session, fixture_parse(cql, &arena),
			      &arena, plan, error);
}

static void
close_tables(void)
{
	arena_finish(&arena);
	buffer_finish(&fixture.session.scratch);
	fixture_close(&fixture);
}

TEST(where_becomes_an_access)
{
	static const struct {
		const char *where;
		enum access_kind kind;
		uint32_t values[2]; /* of the key's parts */
		bool has_first, has_last;
	} cases[] = {
		{ "", ACCESS_TOKENS, { 0 }, false, false },
		{ "WHERE a = 1 AND b = 2", ACCESS_KEYS, { 1, 1 }, 0, 0 },
		{ "WHERE b = 2 AND a = 1", ACCESS_KEYS, { 1, 1 }, 0, 0 },
		{ "WHERE (b = 2) AND a IN (1, 2, 3)", ACCESS_KEYS, { 3, 1 },
		  0, 0 },
		{ "WHERE a IN () AND b IN (1, 1)", ACCESS_KEYS, { 0, 2 }, 0,
		  0 },
		{ "WHERE token(a, b) > 1", ACCESS_TOKENS, { 0 }, true,
		  false },
		{ "WHERE token(a, b) <= 1", ACCESS_TOKENS, { 0 }, false,
		  true },
		{ "WHERE token(a, b) = 1", ACCESS_TOKENS, { 0 }, true, true },
		{ "WHERE token(a, b) >= 1 AND token(a, b) < 5",
		  ACCESS_TOKENS, { 0 }, true, true },
	};

	open_tables();
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		char cql[256];
		struct plan plan;
		struct error error = ERROR_INIT;
		const struct access *access = &plan.as.select.access;

		snprintf(cql, sizeof(cql), "SELECT v FROM t %s",
			 cases[i].where);
		if (bind(cql, &plan, &error) < 0)
			fail_msg("%s: %s", cql, error.message);
		assert_int_equal(access->kind, cases[i].kind);
		for (int part = 0;
		     access->kind == ACCESS_KEYS && part < 2; part++)
			assert_int_equal(access->keys[part].value_count,
					 cases[i].values[part]);
		assert_int_equal(access->first != NULL, cases[i].has_first);
		assert_int_equal(access->last != NULL, cases[i].has_last);
		plan_release(&plan);
	}
	close_tables();
}

TEST(allow_filtering_turns_a_refusal_into_not_supported)
{
	static const char *const wheres[] = {
		"a = 1", "v = 1", "a = 1 AND b = 1 AND v = 1", "a > 1",
		"a = 1 AND b >= 1", "v IN (1, 2)", "v CONTAINS 1",
		"v LIKE 'x'", "a NOT IN (1, 2)", "a BETWEEN 1 AND 2",
		"v['x'] = 1", "token(a, b) > 1 AND v = 1",
	};

	open_tables();
	for (size_t i = 0; i < ARRAY_COUNT(wheres); i++) {
		char cql[256];
		struct plan plan;
		struct error error = ERROR_INIT;

		snprintf(cql, sizeof(cql), "SELECT v FROM t WHERE %s",
			 wheres[i]);
		assert_int_equal(bind(cql, &plan, &error), -ERROR_INVALID);
		assert_contains(error.message, "ALLOW FILTERING");
		assert_int_not_equal(error.position, ERROR_NO_POSITION);
		strcat(cql, " ALLOW FILTERING");
		assert_int_equal(bind(cql, &plan, &error), -ERROR_INVALID);
		assert_contains(error.message, "is not supported");
	}
	close_tables();
}

TEST(a_modification_names_the_whole_key)
{
	static const struct {
		const char *where, *message; /* NULL: fine */
	} cases[] = {
		{ "a = 1 AND b = 2", NULL },
		{ "a IN (1, 2) AND b IN (3, 4)", NULL },
		{ "a = 1", "Missing mandatory PRIMARY KEY part b" },
		{ "a = 1 AND b > 1", "Only EQ and IN relation" },
		{ "token(a, b) = 1", "token function cannot be used" },
		{ "a = 1 AND b = 1 AND v = 1", "non PRIMARY KEY columns: v" },
		{ "a = 1 AND b = 1 AND b = 1", "more than one relation" },
		{ "x = 1", "Unrecognized name x" },
		{ "a != 1 AND b = 1", "Unsupported \"!=\" relation" },
	};

	open_tables();
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		char cql[256];
		struct plan plan;
		struct error error = ERROR_INIT;
		int result;

		snprintf(cql, sizeof(cql), "DELETE FROM t WHERE %s",
			 cases[i].where);
		result = bind(cql, &plan, &error);
		assert_int_equal(result < 0, cases[i].message != NULL);
		if (result < 0)
			assert_contains(error.message, cases[i].message);
		plan_release(&plan);
	}
	close_tables();
}

/* Nested as deep as the parser lets it be: no time is lost on trials. */
TEST(deeply_nested_calls_are_bound_at_once)
{
	struct buffer cql = { 0 };
	struct plan plan;
	struct error error = ERROR_INIT;

	open_tables();
	buffer_append_string(&cql, "SELECT ");
	for (int i = 0; i < NESTING_MAX - 5; i++)
		buffer_append_string(&cql, "totimestamp(");
	buffer_append_string(&cql, "now()");
	buffer_append_repeated(&cql, ')', NESTING_MAX - 5);
	buffer_append_string(&cql, " FROM t");
	buffer_append_byte(&cql, 0);
	assert_int_equal(bind((const char *)cql.data, &plan, &error), 0);
	plan_release(&plan);
	buffer_finish(&cql);
	close_tables();
}

UNIT_MAIN()
