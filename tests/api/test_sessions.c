/* SPDX-License-Identifier: MIT
 *
 * Several sessions on a database, scripts, statements told apart, and the
 * names that completion asks for. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <stdio.h>
#include <string.h>

static struct api api;

TEST(each_session_has_a_keyspace_and_an_error_of_its_own)
{
	logstor_session *other;

	api_open(&api);
	assert_int_equal(logstor_session_open(api.database, &other),
			 LOGSTOR_OK);
	api_must(&api, "CREATE TABLE t (k int PRIMARY KEY, v int);"
		       "INSERT INTO t (k, v) VALUES (1, 2)");
	assert_string_equal(logstor_session_keyspace(api.session), "ks");
	assert_null(logstor_session_keyspace(other));
	assert_ptr_equal(logstor_session_database(other), api.database);
	assert_string_equal(api_query_in(&api, other, "SELECT * FROM t"),
			    "InvalidRequest: No keyspace has been specified. "
			    "USE a keyspace, or explicitly specify "
			    "keyspace.tablename");
	assert_int_equal(logstor_error_code(api.session), LOGSTOR_ERROR_NONE);
	assert_string_equal(api_query_in(&api, other, "USE nope"),
			    "InvalidRequest: Keyspace 'nope' does not exist");
	assert_string_equal(api_query_in(&api, other, "SELECT * FROM ks.t"),
			    "1|2");
	/* What one writes the other sees. */
	assert_string_equal(api_query_in(&api, other,
					 "INSERT INTO ks.t (k, v) "
					 "VALUES (1, 3)"),
			    "");
	assert_string_equal(api_query(&api, "SELECT v FROM t"), "3");
	logstor_session_close(other);
	api_close(&api);
}

static bool
count_rows(void *context, logstor_statement *statement)
{
	int *rows = context;

	assert_int_equal(logstor_column_count(statement), 1);
	return ++*rows < 3;
}

TEST(a_script_runs_to_its_first_error)
{
	int rows = 0;

	api_open(&api);
	api_must(&api, "CREATE TABLE t (k int PRIMARY KEY)");
	assert_int_equal(logstor_execute(api.session,
					 "INSERT INTO t (k) VALUES (1);"
					 "INSERT INTO t (k) VALUES ('x');"
					 "INSERT INTO t (k) VALUES (2)",
					 NULL, NULL),
			 LOGSTOR_ERROR);
	assert_string_equal(logstor_error_message(api.session),
			    "Invalid STRING constant (x) for \"k\" of type "
			    "int");
	assert_string_equal(api_query(&api, "SELECT k FROM t"), "1");
	assert_int_equal(logstor_execute(api.session,
					 "SELECT k FROM t; SELECT k FROM t",
					 count_rows, &rows),
			 LOGSTOR_OK);
	assert_int_equal(rows, 2);
	/* The callback has had enough. */
	assert_int_equal(logstor_execute(api.session,
					 "SELECT k FROM t;"
					 "INSERT INTO t (k) VALUES (7)",
					 count_rows, &rows),
			 LOGSTOR_DONE);
	assert_string_equal(api_query(&api, "SELECT k FROM t WHERE k = 7"),
			    "");
	api_close(&api);
}

TEST(statements_tell_their_kind)
{
	static const struct {
		const char *cql;
		enum logstor_statement_kind kind;
		bool is_conditional;
	} cases[] = {
		{ "SELECT * FROM t", LOGSTOR_STATEMENT_SELECT, false },
		{ "EXPLAIN SELECT * FROM t", LOGSTOR_STATEMENT_SELECT,
		  false },
		{ "INSERT INTO t (k) VALUES (1)", LOGSTOR_STATEMENT_MODIFY,
		  false },
		{ "INSERT INTO t (k) VALUES (1) IF NOT EXISTS",
		  LOGSTOR_STATEMENT_MODIFY, true },
		{ "DELETE FROM t WHERE k = 1 IF EXISTS",
		  LOGSTOR_STATEMENT_MODIFY, true },
		{ "TRUNCATE t", LOGSTOR_STATEMENT_SCHEMA, false },
		{ "CREATE TABLE x (k int PRIMARY KEY)",
		  LOGSTOR_STATEMENT_SCHEMA, false },
		{ "USE ks", LOGSTOR_STATEMENT_USE, false },
		{ "DESCRIBE TABLES", LOGSTOR_STATEMENT_DESCRIBE, false },
	};

	api_open(&api);
	api_must(&api, "CREATE TABLE t (k int PRIMARY KEY)");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		logstor_statement *statement = api_prepare(&api,
							   cases[i].cql);

		assert_int_equal(logstor_statement_kind(statement),
				 cases[i].kind);
		assert_int_equal(logstor_statement_is_conditional(statement),
				 cases[i].is_conditional);
		assert_ptr_equal(logstor_statement_session(statement),
				 api.session);
		logstor_finalize(statement);
	}
	api_close(&api);
}

static bool
collect(void *context, const char *name)
{
	char *all = context;

	strcat(strcat(all, name), " ");
	return strlen(all) < 3000;
}

static bool
take_one(void *context, const char *name)
{
	(void)name;
	++*(int *)context;
	return false;
}

TEST(names_are_there_for_completion)
{
	static const struct {
		enum logstor_name_kind kind;
		const char *keyspace, *table, *expected;
	} cases[] = {
		{ LOGSTOR_NAME_KEYSPACE, NULL, NULL, "ks other " },
		{ LOGSTOR_NAME_TABLE, NULL, NULL, "a b " },
		{ LOGSTOR_NAME_TABLE, "other", NULL, "c " },
		{ LOGSTOR_NAME_TABLE, "nope", NULL, "" },
		{ LOGSTOR_NAME_COLUMN, NULL, "a", "k v w " },
		{ LOGSTOR_NAME_COLUMN, "other", "c", "k " },
		{ LOGSTOR_NAME_COLUMN, NULL, "nope", "" },
		{ LOGSTOR_NAME_COLUMN, NULL, NULL, "" },
		{ LOGSTOR_NAME_FUNCTION, NULL, NULL,
		  "asciiasblob bigintasblob blobasascii blobasbigint "
		  "blobasboolean blobasdate blobasdouble blobasfloat "
		  "blobasinet blobasint blobassmallint blobastext blobastime "
		  "blobastimestamp blobastimeuuid blobastinyint blobasuuid "
		  "blobasvarchar booleanasblob count dateasblob "
		  "doubleasblob floatasblob inetasblob intasblob now "
		  "smallintasblob textasblob timeasblob timestampasblob "
		  "timeuuidasblob tinyintasblob token totimestamp ttl uuid "
		  "uuidasblob varcharasblob writetime " },
	};
	static char all[8192];
	int count = 0;

	api_open(&api);
	api_must(&api, "CREATE TABLE b (k int PRIMARY KEY);"
		       "CREATE TABLE a (w int, k int PRIMARY KEY, v int);"
		       "CREATE KEYSPACE other;"
		       "CREATE TABLE other.c (k int PRIMARY KEY)");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		all[0] = '\0';
		assert_int_equal(logstor_names(api.session, cases[i].kind,
					       cases[i].keyspace,
					       cases[i].table, collect, all),
				 LOGSTOR_OK);
		assert_string_equal(all, cases[i].expected);
	}
	all[0] = '\0';
	logstor_names(api.session, LOGSTOR_NAME_KEYWORD, NULL, NULL, collect,
		      all);
	assert_non_null(strstr(all, "SELECT "));
	all[0] = '\0';
	logstor_names(api.session, LOGSTOR_NAME_TYPE, NULL, NULL, collect,
		      all);
	assert_non_null(strstr(all, "timeuuid "));
	all[0] = '\0';
	logstor_names(api.session, LOGSTOR_NAME_TABLE_OPTION, NULL, NULL,
		      collect, all);
	assert_non_null(strstr(all, "storage_engine "));
	logstor_names(api.session, LOGSTOR_NAME_KEYWORD, NULL, NULL, take_one,
		      &count);
	assert_int_equal(count, 1);
	api_close(&api);
}

/* Every type that completion offers is one that a table can have. */
static bool
try_type(void *context, const char *name)
{
	static int number;
	char cql[128];
	const char *format = "CREATE TABLE type%d (k int PRIMARY KEY, v %s)";

	(void)context;
	if (strcmp(name, "list") == 0 || strcmp(name, "set") == 0)
		format = "CREATE TABLE type%d (k int PRIMARY KEY, v %s<int>)";
	if (strcmp(name, "map") == 0 || strcmp(name, "tuple") == 0)
		format = "CREATE TABLE type%d (k int PRIMARY KEY,"
			 " v %s<int, int>)";
	if (strcmp(name, "frozen") == 0)
		format = "CREATE TABLE type%d (k int PRIMARY KEY,"
			 " v %s<list<int>>)";
	snprintf(cql, sizeof(cql), format, number++, name);
	api_must(&api, cql);
	return true;
}

TEST(the_types_offered_exist)
{
	api_open(&api);
	logstor_names(api.session, LOGSTOR_NAME_TYPE, NULL, NULL, try_type,
		      NULL);
	api_close(&api);
}

TEST(completeness_is_found_from_the_text_alone)
{
	static const struct {
		const char *text;
		bool is_complete, is_empty;
		size_t end;
	} cases[] = {
		{ "SELECT 1;", true, false, 9 },
		{ "SELECT 1; SELECT", true, false, 9 },
		{ "SELECT ';", false, false, 9 },
		{ "  -- x", false, true, 6 },
		{ "BEGIN BATCH INSERT;", false, false, 19 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t end;
		bool is_empty;

		assert_int_equal(logstor_complete(cases[i].text,
						  strlen(cases[i].text), &end,
						  &is_empty),
				 cases[i].is_complete);
		assert_int_equal(is_empty, cases[i].is_empty);
		assert_int_equal(end, cases[i].end);
	}
}

UNIT_MAIN()
