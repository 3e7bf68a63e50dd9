/* SPDX-License-Identifier: MIT
 *
 * Markers, values bound to them, values read back, and plans made again. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct api api;

static void
open_tables(void)
{
	api_open(&api);
	api_must(&api,
		 "CREATE TABLE t (k int PRIMARY KEY, v text, n bigint,"
		 " ti tinyint, sm smallint, f float, d double, bo boolean,"
		 " bl blob, ts timestamp, da date, tm time, u uuid, a ascii,"
		 " i inet, l list<int>);"
		 "CREATE TABLE c (a int, b text, v int, PRIMARY KEY ((a, b)))");
}

TEST(markers_say_what_they_stand_for)
{
	static const struct {
		const char *cql;
		const char *name, *type;
		int32_t key_part;
	} cases[] = {
		{ "SELECT * FROM t WHERE k = ?", "k", "int", 0 },
		{ "SELECT * FROM t WHERE k = :id", "id", "int", 0 },
		{ "SELECT * FROM c WHERE a = 1 AND b = ?", "b", "text", 1 },
		{ "SELECT * FROM t WHERE k IN (?)", "k", "int", -1 },
		{ "SELECT * FROM t WHERE k IN ?", "IN(k)", "frozen<list<int>>",
		  -1 },
		{ "SELECT * FROM t LIMIT ?", "[limit]", "int", -1 },
		{ "SELECT * FROM t WHERE token(k) > ?", "partition key token",
		  "bigint", -1 },
		{ "SELECT * FROM c WHERE token(a, b) > token(1, ?)", "b",
		  "text", -1 },
		{ "INSERT INTO t (k) VALUES (?)", "k", "int", 0 },
		{ "INSERT INTO t (k, v) VALUES (1, ?)", "v", "text", -1 },
		{ "INSERT INTO t (k, l) VALUES (1, [?])", "value(l)", "int",
		  -1 },
		{ "INSERT INTO t (k) VALUES (1) USING TTL ?", "[ttl]", "int",
		  -1 },
		{ "INSERT INTO t (k) VALUES (1) USING TIMESTAMP ?",
		  "[timestamp]", "bigint", -1 },
		{ "DELETE FROM t USING TIMESTAMP ? WHERE k = 1",
		  "[timestamp]", "bigint", -1 },
		{ "DELETE FROM c WHERE a = ? AND b = 'x'", "a", "int", 0 },
		{ "SELECT (bigint) ? FROM t", "[selection]", "bigint", -1 },
	};

	open_tables();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		logstor_statement *statement = api_prepare(&api,
							   cases[i].cql);

		assert_int_equal(logstor_marker_count(statement), 1);
		assert_string_equal(logstor_marker_name(statement, 0),
				    cases[i].name);
		assert_string_equal(logstor_marker_type_name(statement, 0),
				    cases[i].type);
		assert_int_equal(logstor_marker_key_part(statement, 0),
				 cases[i].key_part);
		assert_int_equal(logstor_marker_index(statement,
						      cases[i].name), 0);
		assert_int_equal(logstor_marker_index(statement, "nope"), -1);
		logstor_finalize(statement);
	}
	api_close(&api);
}

TEST(a_named_marker_is_one_wherever_it_stands)
{
	logstor_statement *statement;

	open_tables();
	statement = api_prepare(&api, "INSERT INTO c (a, b, v) "
				      "VALUES (:x, 'k', :x)");
	assert_int_equal(logstor_marker_count(statement), 1);
	assert_int_equal(logstor_bind_int64(statement, 0, 7), LOGSTOR_OK);
	assert_string_equal(api_run(&api, statement), "");
	logstor_finalize(statement);
	assert_string_equal(api_query(&api, "SELECT * FROM c"), "7|'k'|7");
	assert_string_equal(api_query(&api, "INSERT INTO c (a, b, v) "
					    "VALUES (:x, :x, 1)"),
			    "InvalidRequest: the marker :x stands for values "
			    "of different types");
	api_close(&api);
}

/* Binds one value to `INSERT … (k, COLUMN) VALUES (1, ?)` and reads it. */
static const char *
store(const char *column, int (*bind)(logstor_statement *, const void *),
      const void *value)
{
	char cql[128];
	logstor_statement *statement;
	int result;

	snprintf(cql, sizeof(cql), "INSERT INTO t (k, %s) VALUES (1, ?)",
		 column);
	statement = api_prepare(&api, cql);
	result = bind(statement, value);
	if (result == LOGSTOR_OK)
		result = logstor_step(statement);
	logstor_finalize(statement);
	if (result < 0)
		return logstor_error_message(api.session);
	snprintf(cql, sizeof(cql), "SELECT %s FROM t WHERE k = 1", column);
	return api_query(&api, cql);
}

static int
bind_int64(logstor_statement *statement, const void *value)
{
	return logstor_bind_int64(statement, 0, *(const int64_t *)value);
}

static int
bind_double(logstor_statement *statement, const void *value)
{
	return logstor_bind_double(statement, 0, *(const double *)value);
}

static int
bind_text(logstor_statement *statement, const void *value)
{
	return logstor_bind_text(statement, 0, value, -1);
}

#define REFUSED "can't be a value of type"

TEST(numbers_fit_what_can_hold_them)
{
	static const struct {
		const char *column;
		int64_t value;
		const char *expected;
	} cases[] = {
		{ "ti", 127, "127" }, { "ti", 128, REFUSED },
		{ "ti", -128, "-128" }, { "sm", 32767, "32767" },
		{ "sm", -32769, REFUSED }, { "n", INT64_MIN,
		"-9223372036854775808" }, { "d", 3, "3.0" },
		{ "d", (1LL << 53) + 1, REFUSED }, { "f", 16777217, REFUSED },
		{ "f", 16777216, "16777216.0" }, { "v", 1, REFUSED },
		{ "bo", 1, REFUSED }, { "u", 1, REFUSED },
		{ "ts", 0, "'1970-01-01 00:00:00.000Z'" },
		{ "da", 1LL << 31, "'1970-01-01'" }, { "da", -1, REFUSED },
		{ "tm", 1000000000, "'00:00:01.000000000'" },
		{ "tm", 86400LL * 1000000000, REFUSED },
	};

	open_tables();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *result = store(cases[i].column, bind_int64,
					   &cases[i].value);
		bool is_refused = strstr(result, REFUSED) != NULL;

		if (is_refused ? strcmp(cases[i].expected, REFUSED) != 0 :
				 strcmp(cases[i].expected, result) != 0)
			fail_msg("%s = %lld: %s", cases[i].column,
				 (long long)cases[i].value, result);
	}
	api_close(&api);
}

TEST(doubles_fit_what_can_hold_them)
{
	static const struct {
		const char *column;
		double value;
		bool is_refused;
	} cases[] = {
		{ "d", 0.1, false }, { "f", 0.1, false },
		{ "f", 1e300, true }, { "f", INFINITY, false },
		{ "d", NAN, false }, { "ti", 5.0, false },
		{ "ti", 5.5, true }, { "n", 1e18, false },
		{ "n", 1e19, true }, { "n", NAN, true },
		{ "v", 1.0, true },
	};

	open_tables();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *result = store(cases[i].column, bind_double,
					   &cases[i].value);

		if ((strstr(result, REFUSED) != NULL) != cases[i].is_refused)
			fail_msg("%s = %g: %s", cases[i].column,
				 cases[i].value, result);
	}
	api_close(&api);
}

TEST(texts_are_literals_of_the_types_that_have_them)
{
	static const struct {
		const char *column, *text, *expected;
	} cases[] = {
		{ "v", "it's", "'it''s'" },
		{ "v", "", "''" },
		{ "a", "abc", "'abc'" },
		{ "i", "::1", "'::1'" },
		{ "u", "123e4567-e89b-12d3-a456-426655440000",
		  "123e4567-e89b-12d3-a456-426655440000" },
		{ "da", "2020-02-29", "'2020-02-29'" },
		{ "n", "5", "a text can't be a value of type bigint for "
			    "\"n\"" },
		{ "l", "[1]", "a text can't be a value of type list<int> for "
			      "\"l\"" },
	};

	open_tables();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(store(cases[i].column, bind_text,
					  cases[i].text),
				    cases[i].expected);
	/* Not text at all. */
	assert_non_null(strstr(store("v", bind_text, "\xff"), "UTF"));
	api_close(&api);
}

TEST(raw_bytes_are_checked)
{
	static const uint8_t list[] = { 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9 };
	logstor_statement *statement;

	open_tables();
	statement = api_prepare(&api, "INSERT INTO t (k, l, bo, bl) "
				      "VALUES (?, ?, ?, ?)");
	assert_int_equal(logstor_bind_raw(statement, 0, "\0\0\0\1", 4),
			 LOGSTOR_OK);
	assert_int_equal(logstor_bind_raw(statement, 1, list, sizeof(list)),
			 LOGSTOR_OK);
	assert_int_equal(logstor_bind_bool(statement, 2, true), LOGSTOR_OK);
	assert_int_equal(logstor_bind_blob(statement, 3, "\0\xff", 2),
			 LOGSTOR_OK);
	assert_string_equal(api_run(&api, statement), "");
	assert_string_equal(api_query(&api, "SELECT k, l, bo, bl FROM t"),
			    "1|[9]|true|0x00ff");
	assert_int_equal(logstor_bind_raw(statement, 0, "\0\0\0", 3),
			 LOGSTOR_ERROR);
	assert_int_equal(logstor_bind_raw(statement, 1, list, 11),
			 LOGSTOR_ERROR);
	/* What was bound before is still bound. */
	assert_string_equal(api_run(&api, statement), "");
	logstor_finalize(statement);
	api_close(&api);
}

TEST(null_and_unset_are_nulls_in_an_insert_and_errors_in_a_key)
{
	logstor_statement *statement;

	open_tables();
	statement = api_prepare(&api, "INSERT INTO t (k, v) VALUES (?, ?)"
				      " USING TIMESTAMP ? AND TTL ?");
	assert_string_equal(api_run(&api, statement),
			    "InvalidRequest: Invalid unset value in condition "
			    "for column k");
	assert_int_equal(logstor_bind_null(statement, 0), LOGSTOR_OK);
	assert_string_equal(api_run(&api, statement),
			    "InvalidRequest: Invalid null value in condition "
			    "for column k");
	assert_int_equal(logstor_bind_int64(statement, 0, 1), LOGSTOR_OK);
	/* Unset: as if USING were not there. */
	assert_string_equal(api_run(&api, statement), "");
	assert_string_equal(api_query(&api, "SELECT v, ttl(v) FROM t"),
			    "null|null");
	assert_int_equal(logstor_bind_null(statement, 3), LOGSTOR_OK);
	assert_string_equal(api_run(&api, statement),
			    "InvalidRequest: Invalid null value of TTL");
	assert_int_equal(logstor_clear_bindings(statement), LOGSTOR_OK);
	assert_int_equal(logstor_bind_int64(statement, 0, 2), LOGSTOR_OK);
	assert_int_equal(logstor_bind_text(statement, 1, "x", 1), LOGSTOR_OK);
	assert_int_equal(logstor_bind_int64(statement, 2, 55), LOGSTOR_OK);
	assert_string_equal(api_run(&api, statement), "");
	assert_string_equal(api_query(&api, "SELECT v, writetime(v) FROM t "
					    "WHERE k = 2"),
			    "'x'|55");
	logstor_finalize(statement);
	statement = api_prepare(&api, "SELECT k FROM t WHERE k IN (?, 2)");
	assert_string_equal(api_run(&api, statement),
			    "InvalidRequest: Invalid unset value for column "
			    "k");
	logstor_finalize(statement);
	statement = api_prepare(&api, "SELECT k FROM t LIMIT ?");
	assert_string_equal(api_run(&api, statement), "1;2");
	logstor_finalize(statement);
	api_close(&api);
}

TEST(a_list_can_be_bound_to_in)
{
	static const uint8_t keys[] = { 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 2,
					0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 4,
					0, 0, 0, 2 };
	logstor_statement *statement;

	open_tables();
	api_must(&api, "INSERT INTO t (k) VALUES (1);"
		       "INSERT INTO t (k) VALUES (2)");
	statement = api_prepare(&api, "SELECT k FROM t WHERE k IN ?");
	assert_int_equal(logstor_bind_raw(statement, 0, keys, sizeof(keys)),
			 LOGSTOR_OK);
	assert_string_equal(api_run(&api, statement), "1;2");
	assert_int_equal(logstor_bind_raw(statement, 0, "\0\0\0\0", 4),
			 LOGSTOR_OK);
	assert_string_equal(api_run(&api, statement), "");
	logstor_finalize(statement);
	api_close(&api);
}

TEST(the_callers_timestamp_stands_where_the_text_has_none)
{
	logstor_statement *statement;

	open_tables();
	statement = api_prepare(&api, "INSERT INTO t (k, v) VALUES (1, 'a')");
	logstor_set_timestamp(statement, 77);
	assert_string_equal(api_run(&api, statement), "");
	assert_string_equal(api_query(&api, "SELECT writetime(v) FROM t"),
			    "77");
	logstor_set_timestamp(statement, INT64_MIN);
	assert_string_equal(api_run(&api, statement), "");
	assert_true(strlen(api_query(&api, "SELECT writetime(v) FROM t")) >
		    10);
	logstor_finalize(statement);
	api_close(&api);
}

TEST(columns_are_read_as_what_is_asked_for)
{
	logstor_statement *statement;
	size_t size;

	open_tables();
	api_must(&api, "INSERT INTO t (k, v, n, f, bo, d, ts) VALUES (-7, "
		       "'it''s', 123, 1.5, true, NaN, 1000)");
	statement = api_prepare(&api, "SELECT k, v, n, f, bo, d, ts, bl "
				      "FROM t");
	assert_int_equal(logstor_step(statement), LOGSTOR_ROW);
	assert_int_equal(logstor_column_int64(statement, 0), -7);
	assert_true(logstor_column_double(statement, 0) == -7.0);
	assert_int_equal(logstor_column_int64(statement, 1), 0);
	assert_int_equal(logstor_column_int64(statement, 3), 1);
	assert_true(logstor_column_double(statement, 3) == 1.5);
	assert_true(logstor_column_bool(statement, 4));
	assert_int_equal(logstor_column_int64(statement, 5), 0);
	assert_int_equal(logstor_column_int64(statement, 6), 1000);
	assert_true(logstor_column_is_null(statement, 7));
	assert_null(logstor_column_raw(statement, 7, &size));
	assert_int_equal(logstor_column_type(statement, 6),
			 LOGSTOR_TIMESTAMP);
	assert_string_equal(logstor_column_text(statement, 1, LOGSTOR_TEXT,
						&size),
			    "it's");
	assert_int_equal(size, 4);
	assert_string_equal(logstor_column_text(statement, 1, LOGSTOR_LITERAL,
						NULL),
			    "'it''s'");
	assert_string_equal(logstor_column_text(statement, 1, LOGSTOR_JSON,
						NULL),
			    "\"it's\"");
	assert_string_equal(logstor_column_text(statement, 4, LOGSTOR_DISPLAY,
						NULL),
			    "True");
	assert_memory_equal(logstor_column_raw(statement, 0, &size),
			    "\xff\xff\xff\xf9", 4);
	assert_int_equal(logstor_step(statement), LOGSTOR_DONE);
	assert_true(logstor_column_is_null(statement, 0));
	logstor_finalize(statement);
	api_close(&api);
}

TEST(a_statement_plans_again_when_the_schema_has_changed)
{
	logstor_statement *select;
	logstor_statement *insert;
	uint64_t version;

	open_tables();
	select = api_prepare(&api, "SELECT * FROM c WHERE a = 1 AND b = ?");
	insert = api_prepare(&api, "INSERT INTO c (a, b) VALUES (1, ?)");
	version = logstor_metadata_version(select);
	assert_int_equal(logstor_bind_text(select, 0, "x", 1), LOGSTOR_OK);
	assert_int_equal(logstor_bind_text(insert, 0, "x", 1), LOGSTOR_OK);
	assert_string_equal(api_run(&api, insert), "");
	assert_string_equal(api_run(&api, select), "1|'x'|null");
	/* Another table: nothing here changes but the plan. The keyspace is
	 * the one in which it was prepared. */
	api_must(&api, "CREATE TABLE other (k int PRIMARY KEY);"
		       "CREATE KEYSPACE elsewhere; USE elsewhere");
	assert_string_equal(api_run(&api, select), "1|'x'|null");
	assert_int_equal(logstor_metadata_version(select), version);
	assert_string_equal(logstor_session_keyspace(api.session),
			    "elsewhere");
	/* Truncated: empty, and still to be used. */
	api_must(&api, "TRUNCATE ks.c");
	assert_string_equal(api_run(&api, select), "");
	assert_string_equal(api_run(&api, insert), "");
	assert_string_equal(api_run(&api, select), "1|'x'|null");
	/* Gone. */
	api_must(&api, "DROP TABLE ks.c");
	assert_string_equal(api_run(&api, select),
			    "InvalidRequest: unconfigured table c");
	assert_string_equal(api_run(&api, insert),
			    "InvalidRequest: unconfigured table c");
	/* Back, with other columns: the bindings hold. */
	api_must(&api, "CREATE TABLE ks.c (a int, b text, w blob, x int,"
		       " PRIMARY KEY ((a, b)))");
	assert_string_equal(api_run(&api, insert), "");
	assert_string_equal(api_run(&api, select), "1|'x'|null|null");
	assert_true(logstor_metadata_version(select) > version);
	assert_string_equal(logstor_column_name(select, 3), "x");
	/* Back with another type: what was bound means nothing. */
	api_must(&api, "DROP TABLE ks.c;"
		       "CREATE TABLE ks.c (a int, b int,"
		       " PRIMARY KEY ((a, b)))");
	assert_non_null(strstr(api_run(&api, select), "another type"));
	assert_non_null(strstr(api_run(&api, select), "unset"));
	assert_int_equal(logstor_bind_int64(select, 0, 5), LOGSTOR_OK);
	assert_string_equal(api_run(&api, select), "");
	logstor_finalize(select);
	logstor_finalize(insert);
	api_close(&api);
}

TEST(a_running_select_survives_the_end_of_its_table)
{
	logstor_statement *statement;
	int result;
	int rows = 1;

	open_tables();
	for (int i = 0; i < 500; i++) {
		char cql[64];

		snprintf(cql, sizeof(cql), "INSERT INTO t (k) VALUES (%d)",
			 i);
		api_must(&api, cql);
	}
	statement = api_prepare(&api, "SELECT k FROM t");
	assert_int_equal(logstor_step(statement), LOGSTOR_ROW);
	api_must(&api, "DROP TABLE t");
	while ((result = logstor_step(statement)) == LOGSTOR_ROW)
		rows++;
	assert_int_equal(result, LOGSTOR_DONE);
	assert_true(rows <= 500);
	logstor_finalize(statement);
	api_close(&api);
}

/* Finalized statements are used again: nothing of the last one may show. */
TEST(a_statement_used_again_is_new)
{
	logstor_statement *statement;

	open_tables();
	for (int i = 0; i < 20; i++) {
		statement = api_prepare(&api, "INSERT INTO t (k, v) "
					      "VALUES (?, ?)");
		logstor_set_timestamp(statement, 5);
		logstor_set_page(statement, 1, "x", 1);
		assert_int_equal(logstor_bind_int64(statement, 0, i),
				 LOGSTOR_OK);
		assert_int_equal(logstor_bind_text(
					 statement, 1,
					 "a text of more than sixteen bytes",
					 -1),
				 LOGSTOR_OK);
		logstor_finalize(statement);
		statement = api_prepare(&api, "INSERT INTO t (k, v) "
					      "VALUES (1, ?)");
		assert_string_equal(api_run(&api, statement), "");
		logstor_finalize(statement);
	}
	assert_string_equal(api_query(&api, "SELECT k, v FROM t"), "1|null");
	assert_true(strlen(api_query(&api, "SELECT (bigint) 1, k FROM t")) >
		    0);
	api_close(&api);
}

UNIT_MAIN()
