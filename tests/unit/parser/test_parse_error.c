/* SPDX-License-Identifier: MIT */
#include "parser/parse.h"

#include "base/compiler.h"
#include "base/limits.h"
#include "tests/support/unit.h"
#include "tests/unit/parser/fixture.h"

/* `|` stands before and behind the offending lexeme.  The hint must contain
 * what is written here; NULL: not looked at. */
static const struct {
	const char *text;
	const char *message;
	const char *hint;
} rows[] = {
	/* the first word */
	{ "|selec| * from t",
	  "line 1:0 no viable alternative at input 'selec'",
	  "did you mean 'SELECT'?" },
	{ "|INSRET| INTO t",
	  "line 1:0 no viable alternative at input 'INSRET'",
	  "did you mean 'INSERT'?" },
	{ "|blah|", "line 1:0 no viable alternative at input 'blah'",
	  "expected a statement, such as SELECT, INSERT" },
	{ "|(|", "line 1:0 no viable alternative at input '('", "expected" },
	{ "|'abc'|", "line 1:0 no viable alternative at input ''abc''", NULL },
	/* words */
	{ "SELECT * |FORM| t",
	  "line 1:9 no viable alternative at input 'FORM'",
	  "did you mean 'FROM'?" },
	{ "INSERT INTO t (a) |VALUE| (1)",
	  "line 1:18 mismatched input 'VALUE' expecting VALUES",
	  "did you mean 'VALUES'?" },
	{ "CREATE |TABEL| t (a int)",
	  "line 1:7 no viable alternative at input 'TABEL'",
	  "did you mean 'TABLE'?" },
	{ "SELECT * FROM t |WERE| k = 1",
	  "line 1:16 no viable alternative at input 'WERE'",
	  "did you mean 'WHERE'?" },
	{ "SELECT * FROM t WHERE k = 1 |LIMT| 5",
	  "line 1:28 no viable alternative at input 'LIMT'",
	  "did you mean 'LIMIT'?" },
	{ "INSERT |t| (a) VALUES (1)",
	  "line 1:7 mismatched input 't' expecting INTO", "expected INTO" },
	{ "CREATE KEYSPACE IF NOT |EXIST| k",
	  "line 1:23 mismatched input 'EXIST' expecting EXISTS",
	  "did you mean 'EXISTS'?" },
	{ "UPDATE t |WHERE| k = 1",
	  "line 1:9 no viable alternative at input 'WHERE'",
	  "UPDATE come in this order: USING, SET, WHERE, IF" },
	{ "DELETE FROM t |SET| a = 1",
	  "line 1:14 no viable alternative at input 'SET'",
	  "expected USING or WHERE" },
	{ "EXPLAIN |EXPLAIN| SELECT 1",
	  "line 1:8 no viable alternative at input 'EXPLAIN'", NULL },
	/* the end */
	{ "SELECT * FROM t WHERE k = 1 AND||",
	  "line 1:31 no viable alternative at input '<EOF>'",
	  "expected a name, TOKEN or '('" },
	{ "USE||", "line 1:3 : Missing a name", "expected a name" },
	{ "USE||  -- ks\n ;", "line 1:3 : Missing a name", NULL },
	{ "CREATE TABLE t (a int||",
	  "line 1:21 no viable alternative at input '<EOF>'",
	  "expected PRIMARY, STATIC, ',' or ')'" },
	{ "BEGIN BATCH||",
	  "line 1:11 no viable alternative at input '<EOF>'",
	  "APPLY" },
	{ "UPDATE t SET a = 1||", NULL, "expected WHERE or ','" },
	{ "SELECT (1||", NULL, "expected ',' or ')'" },
	{ "TRUNCATE||", NULL, "expected a name or TABLE" },
	/* signs */
	{ "SELECT * FROM t WHERE k =|=| 1", NULL, "\"equal\" as =" },
	{ "SELECT * FROM t WHERE k <|>| 1", NULL, "not equal\" as !=" },
	{ "SELECT a |b| FROM t",
	  "line 1:9 no viable alternative at input 'b'",
	  "expected AS, FROM, ',' or the statement's end" },
	{ "SELECT a,|,| b", NULL, "expected a value" },
	{ "SELECT 1|..|5", NULL, NULL },
	{ "SELECT 1d|2|", "line 1:9 no viable alternative at input '2'",
	  NULL },
	{ "INSERT INTO t (a) VALUES (|)|",
	  NULL, "expected a value" },
	{ "INSERT INTO t (|)| VALUES (1)",
	  "line 1:15 mismatched input ')' expecting a name", NULL },
	{ "CREATE TABLE t (a tuple<|>|)", NULL, NULL },
	{ "CREATE TABLE t (a list<int, |3|>)",
	  "line 1:28 only a vector has a dimension", NULL },
	{ "CREATE TABLE t (a int) WITH |(|", NULL, NULL },
	/* the order of clauses */
	{ "SELECT * FROM t LIMIT 5 |WHERE| k = 1",
	  "line 1:24 no viable alternative at input 'WHERE'",
	  "SELECT come in this order: FROM, WHERE, GROUP BY" },
	{ "SELECT * FROM t ALLOW FILTERING |LIMIT| 5", NULL,
	  "in this order" },
	{ "SELECT 1 |WHERE| k = 1", NULL, "in this order: FROM" },
	{ "INSERT INTO t (a) VALUES (1) USING TTL 5 |IF| NOT EXISTS", NULL,
	  "INSERT come in this order: VALUES or JSON, IF NOT EXISTS, USING" },
	{ "UPDATE t SET a = 1 |USING| TTL 5 WHERE k = 1", NULL,
	  "in this order" },
	{ "DELETE FROM t WHERE k = 1 |USING| TIMESTAMP 5", NULL,
	  "in this order" },
	/* what other languages have */
	{ "SELECT * FROM t WHERE k = 1 |OR| k = 2", NULL, "CQL has no OR" },
	{ "SELECT * FROM t |JOIN| u", NULL, "CQL has no joins" },
	{ "SELECT * FROM t WHERE k IN (|SELECT| k FROM u)", NULL,
	  "CQL has no subqueries" },
	{ "BEGIN BATCH |SELECT| 1; APPLY BATCH", NULL,
	  "expected APPLY, DELETE, INSERT, UPDATE" },
	{ "INSERT INTO t |VALUES| (1)", NULL, "wants the columns named" },
	{ "DELETE |*| FROM t WHERE k = 1", NULL, "deletes the row" },
	{ "INSERT INTO t (a) VALUES ('it'|s|')", NULL, "written twice" },
	{ "CREATE TABLE t (a|,| b int)",
	  "line 1:17 mismatched input ',' expecting a type", NULL },
	/* reserved words */
	{ "CREATE TABLE |order| (a int)",
	  "line 1:13 no viable alternative at input 'order'",
	  "expected a name; ORDER is a reserved word" },
	{ "SELECT |from| FROM t", NULL,
	  "expected a value; FROM is a reserved word" },
	{ "CREATE TABLE t (|index| int)", NULL, "INDEX is a reserved word" },
	/* what actions refuse */
	{ "SELECT a.b.|c|(d)", "line 1:11 a name has two parts at most, "
				"keyspace.name", NULL },
	{ "SELECT |f|(a AS int)",
	  "line 1:7 only CAST takes a type with AS", NULL },
	{ "SELECT * FROM |f|(t)", NULL, NULL },
	{ "INSERT INTO t (a) VALUES (1) USING TTL 1 AND TTL |2|",
	  "line 1:49 USING has the same word twice", NULL },
	{ "CREATE TABLE t (a int) WITH CLUSTERING ORDER BY (b) AND "
	  "CLUSTERING ORDER BY (|c|)",
	  "line 1:77 CLUSTERING ORDER BY is written twice", NULL },
	/* the lexer's faults */
	{ "SELECT |'|abc", "line 1:7 unterminated string: its closing quote "
			   "(') is missing", "written twice" },
	{ "SELECT |$$|abc", "line 1:7 unterminated string: its closing $$ is "
			    "missing", NULL },
	{ "SELECT |\"|abc", "line 1:7 unterminated name: its closing quote "
			    "(\") is missing", NULL },
	{ "SELECT |/*| abc", "line 1:7 unterminated comment: its closing */ "
			     "is missing", NULL },
	{ "SELECT |\"\"|", "line 1:7 a name must not be empty", NULL },
	{ "SELECT |#|", "line 1:7 unexpected character '#'", NULL },
	{ "SELECT |_|a", "line 1:7 unexpected character '_'",
	  "a name begins with a letter" },
	{ "SELECT |\xc3\xa9|", "line 1:7 unexpected character '\xc3\xa9'",
	  "double quotes" },
	{ "SELECT |\xe2\x80\x98|x\xe2\x80\x99", NULL, "plain single quotes" },
	{ "SELECT |\xe2\x80\x9c|x\xe2\x80\x9d", NULL, "plain double quotes" },
	{ "SELECT|\xc2\xa0|1", "line 1:6 unexpected character U+00A0", NULL },
	{ "SELECT 'a|\xff|b'", "line 1:9 the text is not valid UTF-8: byte "
			       "0xff", NULL },
	{ "SELECT |\xc3|", "line 1:7 the text is not valid UTF-8: byte 0xc3",
	  NULL },
	/* places */
	{ "SELECT '\xc3\xa9\xe2\x82\xac' |x|",
	  "line 1:12 no viable alternative at input 'x'", NULL },
	{ "SELECT *\n  FROM t\n\n WHERE |5| = 1",
	  "line 4:7 no viable alternative at input '5'", NULL },
	{ "\xef\xbb\xbf|x|",
	  "line 1:0 no viable alternative at input 'x'", NULL },
	{ "SELECT 1 |'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz'|",
	  "line 1:9 no viable alternative at input "
	  "''abcdefghijklmnopqrstuvwxyzabcdefghijklm'", NULL },
};

TEST(errors_point_at_what_is_wrong_and_help)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const char *from = strchr(rows[i].text, '|');
		const char *to = from == NULL ? NULL : strchr(from + 1, '|');
		struct buffer text = { 0 };
		struct parsed parsed;

		for (const char *at = rows[i].text; *at != '\0'; at++)
			if (*at != '|')
				buffer_append_byte(&text, (uint8_t)*at);
		parsed_init(&parsed, buffer_slice(&text));
		if (parsed.result >= 0)
			fail_msg("%s is accepted", rows[i].text);
		assert_int_equal(parsed.error.code, ERROR_SYNTAX);
		assert_null(parsed.statement);
		if (to != NULL) {
			size_t size = (size_t)(to - from) - 1;

			if (parsed.error.position !=
				    (size_t)(from - rows[i].text) ||
			    parsed.error.size != (size == 0 ? 1 : size))
				fail_msg("%s: at %u, %u bytes", rows[i].text,
					 parsed.error.position,
					 parsed.error.size);
		}
		if (rows[i].message != NULL)
			assert_string_equal(parsed.error.message,
					    rows[i].message);
		if (rows[i].hint != NULL &&
		    strstr(parsed.error.hint, rows[i].hint) == NULL)
			fail_msg("%s: the hint is: %s", rows[i].text,
				 parsed.error.hint);
		parsed_finish(&parsed);
		buffer_finish(&text);
	}
}

TEST(a_script_goes_on_behind_an_error)
{
	static const struct {
		const char *text;
		const char *rest;
	} scripts[] = {
		{ "selec 1; USE x", " USE x" },
		{ "SELECT '\xff;' ; USE x", " USE x" },
		{ "BEGIN BATCH x; y; APPLY BATCH; USE x", " USE x" },
		{ ";; selec ';' /*;*/; USE x", " USE x" },
		{ "selec 'abc; USE x", "" },
		{ "selec", "" },
		{ "SELECT 1 2; USE x", " USE x" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(scripts); i++) {
		struct parsed parsed;

		parsed_init_string(&parsed, scripts[i].text);
		assert_true(parsed.result < 0);
		assert_string_equal(scripts[i].text + parsed.end,
				    scripts[i].rest);
		parsed_finish(&parsed);
	}
}

TEST(a_nul_outside_a_string_is_refused_where_it_stands)
{
	struct parsed parsed;

	parsed_init(&parsed, slice_make("SELECT\0" "1", 8));
	assert_int_equal(parsed.result, -ERROR_SYNTAX);
	assert_int_equal(parsed.error.position, 6);
	assert_string_equal(parsed.error.message,
			    "line 1:6 a NUL byte outside a string");
	parsed_finish(&parsed);
	parsed_init(&parsed, slice_make("SELECT '\0'", 10));
	assert_int_equal(parsed.result, 0);
	parsed_finish(&parsed);
}

TEST(nobody_needs_to_want_the_message)
{
	struct arena arena = { 0 };
	struct ast_statement *statement;
	size_t end;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_true(parse_statement(slice_from_string(rows[i].text),
					    &arena, &statement, &end,
					    NULL) < 0);
	arena_finish(&arena);
}

UNIT_MAIN()
