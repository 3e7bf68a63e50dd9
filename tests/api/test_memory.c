/* SPDX-License-Identifier: MIT
 *
 * Memory runs out at every allocation in turn: the call fails with an error,
 * nothing leaks or crashes, and afterwards everything works. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long allocations_left = -1; /* negative: as many as wanted */

static bool
is_refused(void)
{
	if (allocations_left < 0)
		return false;
	return allocations_left == 0 || --allocations_left < 0;
}

void *
__wrap_malloc(size_t size)
{
	return is_refused() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return is_refused() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *memory, size_t size)
{
	return is_refused() ? NULL : __real_realloc(memory, size);
}

static struct api api;

/* One statement with everything that a user does with it; negative when any
 * of it failed. */
static int
use(logstor_session *session, const char *cql)
{
	logstor_statement *statement = NULL;
	int result = logstor_prepare(session, cql, -1, &statement, NULL);

	if (result < 0)
		return result;
	for (uint32_t i = 0; i < logstor_marker_count(statement); i++) {
		(void)logstor_marker_name(statement, i);
		(void)logstor_marker_type_name(statement, i);
		result = logstor_bind_text(statement, i,
					   "a text that takes memory", -1);
		if (result < 0)
			break;
	}
	if (result == LOGSTOR_OK)
		result = logstor_set_page(statement, 3, NULL, 0);
	while (result >= 0 &&
	       (result = logstor_step(statement)) == LOGSTOR_ROW) {
		for (uint32_t i = 0; i < logstor_column_count(statement);
		     i++) {
			if (logstor_column_text(statement, i, LOGSTOR_LITERAL,
						NULL) == NULL)
				result = LOGSTOR_ERROR;
			(void)logstor_column_name(statement, i);
		}
	}
	logstor_finalize(statement);
	return result;
}

static void
check_statement(const char *cql)
{
	unsigned failures = 0;

	for (long allowed = 0;; allowed++) {
		logstor_session *session;
		int result;

		/* A new session has no memory left over. */
		assert_int_equal(logstor_session_open(api.database,
						      &session), LOGSTOR_OK);
		if (logstor_execute(session, "USE ks", NULL, NULL) < 0)
			fail_msg("%s", logstor_error_message(session));
		allocations_left = allowed;
		result = use(session, cql);
		allocations_left = -1;
		if (result < 0)
			failures++;
		logstor_session_close(session);
		if (result >= 0 && allowed > 100)
			break;
		assert_true(allowed < 10000);
	}
	if (failures == 0)
		fail_msg("%s: nothing ever failed", cql);
	assert_true(use(api.session, cql) >= 0);
}

TEST(a_statement_that_has_no_memory_fails_and_nothing_else)
{
	static const char *const statements[] = {
		"SELECT * FROM t",
		"SELECT k, v, m, token(k), now() AS n FROM t WHERE k IN "
		"('a', 'b', 'c', 'd')",
		"SELECT count(*), v FROM t WHERE token(k) > token('a')",
		"SELECT k FROM t WHERE k = ?",
		"INSERT INTO t (k, v, m) VALUES (?, 'v', {'a': [1, 2],"
		" 'b': [3]})",
		"INSERT INTO t (k, v) VALUES ('tie', 'x') USING TIMESTAMP 5",
		"INSERT INTO t (k, v) VALUES ('a', 'x') IF NOT EXISTS",
		"DELETE FROM t WHERE k IN ('x', 'y', ?)",
		"EXPLAIN SELECT v FROM t WHERE k = 'a' LIMIT 3",
		"DESCRIBE TABLE t",
		"SHOW STORAGE",
		"COMPACT",
		"CHECK",
	};

	api_open(&api);
	api_must(&api, "CREATE TABLE t (k text PRIMARY KEY, v text,"
		       " m map<text, frozen<list<int>>>);"
		       "INSERT INTO t (k, v) VALUES ('a', '1');"
		       "INSERT INTO t (k, v) VALUES ('b', '2');"
		       "INSERT INTO t (k, v) VALUES ('c', '3');"
		       "INSERT INTO t (k, v) VALUES ('d', '4');"
		       "INSERT INTO t (k, v) VALUES ('tie', 'y')"
		       " USING TIMESTAMP 5");
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]);
	     i++)
		check_statement(statements[i]);
	api_close(&api);
}

TEST(a_plan_is_made_again_without_memory_or_with)
{
	api_open(&api);
	api_must(&api, "CREATE TABLE t (k text PRIMARY KEY)");
	for (long allowed = 0; allowed < 60; allowed++) {
		logstor_statement *statement =
			api_prepare(&api, "SELECT * FROM t WHERE k = ?");

		assert_int_equal(logstor_bind_text(statement, 0, "x", -1),
				 LOGSTOR_OK);
		api_must(&api, "CREATE KEYSPACE other; DROP KEYSPACE other");
		allocations_left = allowed;
		(void)logstor_step(statement);
		allocations_left = -1;
		assert_int_equal(logstor_reset(statement), LOGSTOR_OK);
		assert_string_equal(api_run(&api, statement), "");
		logstor_finalize(statement);
	}
	api_close(&api);
}

UNIT_MAIN()
