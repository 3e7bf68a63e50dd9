/* SPDX-License-Identifier: MIT */
#include "parser/ast_print.h"

#include "base/compiler.h"
#include "tests/support/unit.h"
#include "tests/unit/parser/fixture.h"
#include "tests/unit/parser/statements.h"

TEST(what_is_printed_is_what_was_read)
{
	struct buffer printed = { 0 };

	for (size_t i = 0; statements[i] != NULL; i++) {
		struct parsed parsed;

		parsed_init_string(&parsed, statements[i]);
		if (parsed.result != 0)
			fail_msg("%s: %s", statements[i],
				 parsed.error.message);
		assert_int_equal(parsed.end, strlen(statements[i]));
		assert_int_equal(parsed.statement->place.size, parsed.end);
		parsed_print(&parsed, &printed);
		assert_string_equal(printed.data, statements[i]);
		parsed_finish(&parsed);
	}
	buffer_finish(&printed);
}

TEST(other_spellings_print_the_same)
{
	static const struct {
		const char *read, *printed;
	} rows[] = {
		{ "select\n*--x\nfrom KS.T/* y */where(K=1);",
		  "SELECT * FROM ks.t WHERE k = 1" },
		{ "SELECT a-1, -1, - 1, -/*x*/1, $$a'b$$, a.b . c FROM t",
		  "SELECT a - 1, -1, -1, -1, 'a''b', a.b.c FROM t" },
		{ "SELECT DISTINCT(k) FROM t", "SELECT DISTINCT (k) FROM t" },
		{ "SELECT distinct, k FROM t",
		  "SELECT \"distinct\", k FROM t" },
		{ "SELECT json.x FROM t", "SELECT \"json\".x FROM t" },
		{ "SELECT json AS j FROM t", "SELECT \"json\" AS j FROM t" },
		{ "SELECT JSON distinct, json FROM t",
		  "SELECT JSON \"distinct\", json FROM t" },
		{ "SELECT (date) FROM t", "SELECT (\"date\") FROM t" },
		{ "SELECT (date)-1 FROM t", "SELECT (date) -1 FROM t" },
		{ "SELECT max(date)-1, f(text) FROM t",
		  "SELECT max(date) - 1, f(text) FROM t" },
		{ "select cast(a as INT) FROM t",
		  "SELECT CAST(a AS int) FROM t" },
		{ "SELECT \"abc\", \"A\"\"b\", \"select\", Abc FROM t",
		  "SELECT abc, \"A\"\"b\", \"select\", abc FROM t" },
		{ "SELECT * FROM t WHERE ((k = 1)) AND (token(k)) > 3",
		  NULL },
		{ "SELECT * FROM t WHERE ((k = 1)) AND (token(k) > 3)",
		  "SELECT * FROM t WHERE k = 1 AND token(k) > 3" },
		{ "DESC COLUMNFAMILIES", "DESCRIBE TABLES" },
		{ "TRUNCATE COLUMNFAMILY t", "TRUNCATE t" },
		{ "CREATE SCHEMA x", "CREATE KEYSPACE x" },
		{ "CREATE COLUMNFAMILY t (a int PRIMARY KEY,)",
		  "CREATE TABLE t (a int PRIMARY KEY)" },
		{ "ALTER TABLE t ADD a int, b int",
		  "ALTER TABLE t ADD (a int, b int)" },
		{ "BEGIN BATCH;DELETE FROM t WHERE k=1 DELETE FROM t WHERE "
		  "k=2;;APPLY BATCH",
		  "BEGIN BATCH DELETE FROM t WHERE k = 1; DELETE FROM t "
		  "WHERE k = 2; APPLY BATCH" },
		{ "INSERT INTO json JSON '' DEFAULT NULL",
		  "INSERT INTO json JSON ''" },
		{ "INSERT INTO t (a) VALUES (1) USING TTL 1 AND TIMESTAMP 2",
		  "INSERT INTO t (a) VALUES (1) USING TIMESTAMP 2 AND TTL 1" },
	};
	struct buffer printed = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct parsed parsed;

		parsed_init_string(&parsed, rows[i].read);
		if (rows[i].printed == NULL) {
			assert_true(parsed.result < 0);
			parsed_finish(&parsed);
			continue;
		}
		if (parsed.result != 0)
			fail_msg("%s: %s", rows[i].read, parsed.error.message);
		parsed_print(&parsed, &printed);
		assert_string_equal(printed.data, rows[i].printed);
		parsed_finish(&parsed);
	}
	buffer_finish(&printed);
}

TEST(names_are_quoted_when_they_must_be)
{
	static const struct {
		const char *name, *printed;
	} rows[] = {
		{ "abc", "abc" },	{ "a_1", "a_1" },
		{ "key", "key" },	{ "date", "date" },
		{ "desc", "desc" },	{ "Abc", "\"Abc\"" },
		{ "_a", "\"_a\"" },	{ "1a", "\"1a\"" },
		{ "a b", "\"a b\"" },	{ "a\"b", "\"a\"\"b\"" },
		{ "select", "\"select\"" }, { "order", "\"order\"" },
		{ "\xc3\xa9", "\"\xc3\xa9\"" }, { "", "\"\"" },
		{ "true", "\"true\"" }, { "modify", "\"modify\"" },
	};
	struct buffer printed = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		buffer_clear(&printed);
		ast_print_name(slice_from_string(rows[i].name), &printed);
		buffer_append_byte(&printed, '\0');
		assert_string_equal(printed.data, rows[i].printed);
	}
	buffer_finish(&printed);
}

TEST(a_relation_prints_alone)
{
	struct parsed parsed;
	struct buffer printed = { 0 };

	parsed_init_string(&parsed, "SELECT * FROM t WHERE v!=3 AND w = 4");
	assert_int_equal(parsed.result, 0);
	ast_print_relation(parsed.statement->as.select.where, &printed);
	buffer_append_byte(&printed, '\0');
	assert_string_equal(printed.data, "v != 3");
	buffer_finish(&printed);
	parsed_finish(&parsed);
}

UNIT_MAIN()
