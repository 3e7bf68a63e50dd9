/* SPDX-License-Identifier: MIT
 *
 * Where errors point, what they are called, and what they hint at. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <stdio.h>
#include <string.h>

static struct api api;

static void
open_table(void)
{
	api_open(&api);
	api_must(&api, "CREATE TABLE cities (id int PRIMARY KEY, name text)");
}

struct place {
	const char *cql;
	const char *underlined; /* the bytes that the position names */
	uint32_t line, column;
	enum logstor_error_code code;
	const char *hint; /* NULL: any */
};

static const struct place places[] = {
	{ "SELECT nme FROM cities", "nme", 1, 8, LOGSTOR_ERROR_INVALID,
	  "did you mean 'name'?" },
	{ "SELECT name\nFROM citys", "citys", 2, 6, LOGSTOR_ERROR_INVALID,
	  "did you mean 'cities'?" },
	{ "SELECT name FROM cities WHERE id = 'é' AND id = 2", "'é'", 1, 36,
	  LOGSTOR_ERROR_INVALID, NULL },
	{ "SELECT 'é', nme FROM cities", "'é'", 1, 8, LOGSTOR_ERROR_INVALID,
	  NULL },
	{ "/* éé */ SELECT nme FROM cities", "nme", 1, 17,
	  LOGSTOR_ERROR_INVALID, NULL },
	{ "INSERT INTO cities (id, name)\n  VALUES (1, 2)", "2", 2, 14,
	  LOGSTOR_ERROR_INVALID, NULL },
	{ "INSERT INTO cities (id, name) VALUES (1)", "(1)", 1, 38,
	  LOGSTOR_ERROR_INVALID, NULL },
	{ "INSERT INTO cities (id) VALUES (99999999999)", "99999999999", 1,
	  33, LOGSTOR_ERROR_INVALID, NULL },
	{ "SELECT noww() FROM cities", "noww", 1, 8, LOGSTOR_ERROR_INVALID,
	  "did you mean 'now'?" },
	{ "SELECT name FROM cities LIMIT 0", "0", 1, 31,
	  LOGSTOR_ERROR_INVALID, NULL },
	{ "SELECT name FROM cities WHERE id IN (1, null)", "null", 1, 41,
	  LOGSTOR_ERROR_INVALID, NULL },
	{ "INSERT INTO cities (id) VALUES (1) USING TTL -5", "-5", 1, 46,
	  LOGSTOR_ERROR_INVALID, NULL },
	{ "SELEC name FROM cities", "SELEC", 1, 1, LOGSTOR_ERROR_SYNTAX,
	  NULL },
	{ "CREATE TABLE x (a int PRIMARY KEY) WITH nope = 1", "nope", 1, 41,
	  LOGSTOR_ERROR_SYNTAX, NULL },
};

static void
check_place(const struct place *place, const char *text, size_t before)
{
	size_t offset = 0;
	size_t size = 0;
	uint32_t line = 0;
	uint32_t column = 0;

	assert_int_equal(logstor_error_code(api.session), place->code);
	if (!logstor_error_position(api.session, &offset, &size, &line,
				    &column))
		fail_msg("%s: no position", place->cql);
	if (size != strlen(place->underlined) ||
	    memcmp(text + offset, place->underlined, size) != 0)
		fail_msg("%s: points at \"%.*s\"", place->cql, (int)size,
			 text + offset);
	assert_true(offset >= before);
	if (before == 0) {
		assert_int_equal(line, place->line);
		assert_int_equal(column, place->column);
	} else {
		assert_int_equal(line, place->line + 2);
	}
	if (place->hint != NULL)
		assert_string_equal(logstor_error_hint(api.session),
				    place->hint);
}

TEST(errors_point_at_the_term_that_is_wrong)
{
	open_table();
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *result = api_query(&api, places[i].cql);

		if (strstr(result, ": ") == NULL)
			fail_msg("%s: %s", places[i].cql, result);
		check_place(&places[i], places[i].cql, 0);
	}
	api_close(&api);
}

TEST(positions_count_from_the_whole_script)
{
	static const char before[] = "USE ks;\n-- é\n";

	open_table();
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char script[512];

		strcpy(script, before);
		strcat(script, places[i].cql);
		assert_int_equal(logstor_execute(api.session, script, NULL,
						 NULL),
				 LOGSTOR_ERROR);
		check_place(&places[i], script, strlen(before));
	}
	api_close(&api);
}

TEST(codes_have_the_names_that_drivers_know)
{
	static const struct {
		const char *cql;
		int code;
		const char *name;
	} cases[] = {
		{ "SELEC", 0x2000, "SyntaxException" },
		{ "SELECT * FROM nope", 0x2200, "InvalidRequest" },
		{ "CREATE TABLE x (a int PRIMARY KEY) WITH storage_engine ="
		  " 'x'", 0x2300, "ConfigurationException" },
		{ "CREATE TABLE cities (a int PRIMARY KEY)", 0x2400,
		  "AlreadyExists" },
	};

	open_table();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		api_query(&api, cases[i].cql);
		assert_int_equal(logstor_error_code(api.session),
				 cases[i].code);
		assert_string_equal(logstor_error_name(api.session),
				    cases[i].name);
	}
	/* The next call forgets it. */
	api_query(&api, "SELECT * FROM cities");
	assert_int_equal(logstor_error_code(api.session), LOGSTOR_ERROR_NONE);
	assert_string_equal(logstor_error_message(api.session), "");
	assert_false(logstor_error_position(api.session, NULL, NULL, NULL,
					    NULL));
	api_close(&api);
}

TEST(the_tail_is_where_the_next_statement_begins)
{
	static const char script[] =
		"SELECT * FROM cities; SELEC x; -- ;\nSELECT name FROM cities";
	static const bool is_good[] = { true, false, true };
	size_t offset = 0;

	open_table();
	for (size_t i = 0; i < 3; i++) {
		logstor_statement *statement;
		size_t tail;
		int result = logstor_prepare(api.session, script + offset, -1,
					     &statement, &tail);

		assert_int_equal(result,
				 is_good[i] ? LOGSTOR_OK : LOGSTOR_ERROR);
		assert_int_equal(statement != NULL, is_good[i]);
		logstor_finalize(statement);
		offset += tail;
	}
	assert_int_equal(offset, strlen(script));
	api_close(&api);
}

TEST(a_text_without_a_statement_is_no_error)
{
	static const char *const texts[] = { "", " \n\t", ";", "; ;",
					     "-- only\n", "/* a */ ;" };

	open_table();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		logstor_statement *statement;
		size_t tail = 99;

		assert_int_equal(logstor_prepare(api.session, texts[i], -1,
						 &statement, &tail),
				 LOGSTOR_OK);
		assert_null(statement);
		assert_int_equal(tail, strlen(texts[i]));
	}
	api_close(&api);
}

/* Longer than what is parsed at first: with and without more behind it. */
TEST(long_statements_and_long_scripts_are_cut_right)
{
	enum { SIZE = 20000 };
	static char script[2 * SIZE];
	size_t start;

	open_table();
	for (size_t padding = 900; padding < 1100; padding++) {
		size_t size = (size_t)sprintf(
			script, "INSERT INTO cities (id, name) VALUES (1, '");

		memset(script + size, 'x', padding);
		strcpy(script + size + padding, "'); SELECT id FROM cities");
		api_must(&api, script);
	}
	start = (size_t)sprintf(script, "-- ");
	memset(script + start, 'c', SIZE);
	strcpy(script + start + SIZE, "\nSELECT nme FROM cities; SELECT 1");
	assert_int_equal(logstor_execute(api.session, script, NULL, NULL),
			 LOGSTOR_ERROR);
	assert_string_equal(logstor_error_message(api.session),
			    "Unrecognized name nme");
	api_close(&api);
}

UNIT_MAIN()
