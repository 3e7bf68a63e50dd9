/* SPDX-License-Identifier: MIT */
#include "parser/parse.h"

#include "base/compiler.h"
#include "base/limits.h"
#include "parser/keyword.h"
#include "tests/support/unit.h"
#include "tests/unit/parser/fixture.h"

#include <stdio.h>

static void
assert_slice(struct slice slice, const char *expected)
{
	assert_int_equal(slice.size, strlen(expected));
	assert_memory_equal(slice.data, expected, slice.size);
}

/* ${place} of the parsed text. */
static void
assert_place(const struct parsed *parsed, struct ast_place place,
	     const char *expected)
{
	assert_true(place.start + place.size <= parsed->size);
	assert_slice(slice_make(parsed->text + place.start, place.size),
		     expected);
}

static void
parse_well(struct parsed *parsed, const char *text)
{
	parsed_init_string(parsed, text);
	if (parsed->result != 0)
		fail_msg("%s: %s", text, parsed->error.message);
}

TEST(a_text_without_a_statement_gives_none)
{
	static const char *const texts[] = {
		"", " ", ";", ";; ;", "-- a", "/* a */ ; -- b", "\xef\xbb\xbf",
		"\xef\xbb\xbf;",
	};

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct parsed parsed;

		parse_well(&parsed, texts[i]);
		assert_null(parsed.statement);
		assert_int_equal(parsed.end, strlen(texts[i]));
		parsed_finish(&parsed);
	}
}

TEST(one_statement_is_read_and_the_next_one_is_found)
{
	static const char text[] = "\xef\xbb\xbf ;; SELECT 1 /* a */ ; USE x";
	struct parsed parsed;

	parse_well(&parsed, text);
	assert_int_equal(parsed.statement->kind, AST_SELECT);
	assert_place(&parsed, parsed.statement->place, "SELECT 1");
	assert_string_equal(text + parsed.end, " USE x");
	parsed_finish(&parsed);
}

TEST(a_batch_holds_its_semicolons)
{
	static const char text[] =
		"BEGIN BATCH DELETE FROM t WHERE k = 1; DELETE FROM t WHERE "
		"k = 2 APPLY BATCH; USE x";
	struct parsed parsed;
	const struct ast_statement *first;

	parse_well(&parsed, text);
	assert_int_equal(parsed.statement->kind, AST_BATCH);
	first = parsed.statement->as.batch.statements;
	assert_place(&parsed, first->place, "DELETE FROM t WHERE k = 1");
	assert_place(&parsed, first->next->place, "DELETE FROM t WHERE k = 2");
	assert_null(first->next->next);
	assert_string_equal(text + parsed.end, " USE x");
	parsed_finish(&parsed);
}

TEST(constants_know_their_kind_and_keep_their_text)
{
	static const struct {
		const char *read;
		enum ast_constant_kind kind;
		const char *text;
	} rows[] = {
		{ "1", AST_INTEGER, "1" },
		{ "-9223372036854775808", AST_INTEGER,
		  "-9223372036854775808" },
		{ "- /**/ 5", AST_INTEGER, "-5" },
		{ "1.", AST_FLOAT, "1." },
		{ "-1.e5", AST_FLOAT, "-1.e5" },
		{ "NaN", AST_FLOAT, "NaN" },
		{ "-infinity", AST_FLOAT, "-infinity" },
		{ "True", AST_BOOLEAN, "True" },
		{ "0X", AST_HEX, "0X" },
		{ "'it''s'", AST_STRING, "it's" },
		{ "''", AST_STRING, "" },
		{ "''''", AST_STRING, "'" },
		{ "$$it''s$$", AST_STRING, "it''s" },
		{ "$$$$", AST_STRING, "" },
		{ "-2mo", AST_DURATION, "-2mo" },
		{ "P1D", AST_DURATION, "P1D" },
		{ "123e4567-e89b-12d3-a456-426655440000", AST_UUID,
		  "123e4567-e89b-12d3-a456-426655440000" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct ast_term *term;
		struct parsed parsed;
		char text[100];

		snprintf(text, sizeof(text), "SELECT %s", rows[i].read);
		parse_well(&parsed, text);
		term = parsed.statement->as.select.selectors->term;
		assert_int_equal(term->kind, AST_CONSTANT);
		assert_int_equal(term->as.constant.kind, rows[i].kind);
		assert_non_null(term->as.constant.text.data);
		assert_slice(term->as.constant.text, rows[i].text);
		assert_place(&parsed, term->place, rows[i].read);
		parsed_finish(&parsed);
	}
}

TEST(a_string_without_quotes_inside_is_borrowed)
{
	struct parsed parsed;
	const struct ast_term *term;

	parse_well(&parsed, "SELECT 'abc', name");
	term = parsed.statement->as.select.selectors->term;
	assert_ptr_equal(term->as.constant.text.data, parsed.text + 8);
	term = parsed.statement->as.select.selectors->next->term;
	assert_ptr_equal(term->as.path->name.text.data, parsed.text + 14);
	parsed_finish(&parsed);
}

TEST(terms_are_of_the_kind_they_look_like)
{
	static const struct {
		const char *read;
		enum ast_term_kind kind;
	} rows[] = {
		{ "null", AST_NULL },
		{ "?", AST_MARKER },
		{ ":a", AST_MARKER },
		{ "a", AST_PATH },
		{ "a.b.c", AST_PATH },
		{ "date", AST_PATH },
		{ "f()", AST_CALL },
		{ "token(a)", AST_CALL },
		{ "ks.token(a)", AST_CALL },
		{ "ttl(a)", AST_CALL },
		{ "cast(a as int)", AST_CAST },
		{ "(int) a", AST_TYPE_HINT },
		{ "(int) -a", AST_TYPE_HINT },
		{ "(int) (a)", AST_TYPE_HINT },
		{ "(int) [1]", AST_TYPE_HINT },
		{ "(counter) :x", AST_TYPE_HINT },
		{ "(list<a>) b", AST_TYPE_HINT },
		{ "(a) 'x'", AST_TYPE_HINT },
		{ "(a) b", AST_TYPE_HINT },
		{ "(a) -b", AST_ARITHMETIC },
		{ "(a) [1]", AST_SUBSCRIPT },
		{ "[]", AST_LIST },
		{ "{}", AST_SET },
		{ "{a}", AST_SET },
		{ "{a: b}", AST_MAP },
		{ "{(date): 1}", AST_SET },
		{ "{(a): 1}", AST_MAP },
		{ "(a)", AST_TUPLE },
		{ "(a, b)", AST_TUPLE },
		{ "a[1]", AST_SUBSCRIPT },
		{ "a[..1]", AST_SLICE },
		{ "f(x).a", AST_FIELD },
		{ "-a", AST_NEGATE },
		{ "- -1", AST_NEGATE },
		{ "-(1)", AST_NEGATE },
		{ "a-1", AST_ARITHMETIC },
		{ "-a*b", AST_ARITHMETIC },
		{ "(int) a + b", AST_ARITHMETIC },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct ast_term *term;
		struct parsed parsed;
		char text[100];

		snprintf(text, sizeof(text), "SELECT %s FROM t",
			 rows[i].read);
		/* A native type's hint takes what could be a marker. */
		if (strcmp(rows[i].read, "{(date): 1}") == 0) {
			parsed_init_string(&parsed, text);
			assert_true(parsed.result < 0);
			parsed_finish(&parsed);
			continue;
		}
		parse_well(&parsed, text);
		term = parsed.statement->as.select.selectors->term;
		if (term->kind != rows[i].kind)
			fail_msg("%s is %d", rows[i].read, (int)term->kind);
		assert_place(&parsed, term->place, rows[i].read);
		parsed_finish(&parsed);
	}
}

TEST(arithmetic_binds_as_everywhere)
{
	const struct ast_term *term;
	struct parsed parsed;

	parse_well(&parsed, "SELECT a - b - c * -d");
	term = parsed.statement->as.select.selectors->term;
	assert_int_equal(term->as.arithmetic.operator_byte, '-');
	assert_int_equal(term->depth, 4);
	assert_place(&parsed, term->as.arithmetic.left->place, "a - b");
	assert_place(&parsed, term->as.arithmetic.right->place, "c * -d");
	parsed_finish(&parsed);
}

TEST(a_marker_counts_once_by_its_name)
{
	static const uint32_t indexes[] = { 0, 1, 2, 0, 3, 2, 4 };
	const struct ast_selector *selector;
	struct parsed parsed;

	parse_well(&parsed,
		   "EXPLAIN SELECT :a, ?, :b, :A, ?, :\"b\", :\"B\"");
	assert_int_equal(parsed.statement->marker_count, 5);
	assert_int_equal(
		parsed.statement->as.explain.statement->marker_count, 5);
	selector = parsed.statement->as.explain.statement->as.select.selectors;
	for (size_t i = 0; i < ARRAY_COUNT(indexes); i++) {
		assert_int_equal(selector->term->as.marker.index, indexes[i]);
		selector = selector->next;
	}
	assert_null(selector);
	parsed_finish(&parsed);
}

TEST(an_insert_has_its_parts)
{
	const struct ast_insert *insert;
	struct parsed parsed;

	parse_well(&parsed, "INSERT INTO Ks.\"T\" (A, \"B\") VALUES (1, ?) "
			    "IF NOT EXISTS USING TTL 5");
	insert = &parsed.statement->as.insert;
	assert_slice(insert->table.keyspace.text, "ks");
	assert_false(insert->table.keyspace.is_quoted);
	assert_slice(insert->table.name.text, "T");
	assert_true(insert->table.name.is_quoted);
	assert_slice(insert->columns->name.text, "a");
	assert_slice(insert->columns->next->name.text, "B");
	assert_place(&parsed, insert->columns->next->name.place, "\"B\"");
	assert_place(&parsed, insert->values_place, "(1, ?)");
	assert_int_equal(insert->values->next->kind, AST_MARKER);
	assert_true(insert->if_not_exists);
	assert_null(insert->using.timestamp);
	assert_place(&parsed, insert->using.ttl->place, "5");
	parsed_finish(&parsed);
}

TEST(a_table_has_its_parts)
{
	const struct ast_create_table *table;
	const struct ast_column *column;
	struct parsed parsed;

	parse_well(&parsed,
		   "CREATE TABLE t (k int PRIMARY KEY, s list<vector<float, "
		   "3>> static, PRIMARY KEY ((a, b), c)) WITH comment = 'x'");
	table = &parsed.statement->as.create_table;
	column = table->columns;
	assert_place(&parsed, column->place, "k int PRIMARY KEY");
	assert_true(column->is_primary_key);
	column = column->next;
	assert_true(column->is_static);
	assert_place(&parsed, column->type->place, "list<vector<float, 3>>");
	assert_int_equal(column->type->depth, 3);
	assert_slice(column->type->arguments->dimension, "3");
	assert_place(&parsed, table->primary_keys->place,
		     "PRIMARY KEY ((a, b), c)");
	assert_slice(table->primary_keys->partition_key->next->name.text, "b");
	assert_slice(table->primary_keys->clustering->name.text, "c");
	assert_slice(table->properties->name.text, "comment");
	parsed_finish(&parsed);
}

TEST(relations_are_of_the_kind_they_look_like)
{
	static const struct {
		const char *read;
		enum ast_relation_kind kind;
		enum ast_operator operator;
	} rows[] = {
		{ "a = 1", AST_RELATION_COLUMN, AST_EQ },
		{ "a IN ?", AST_RELATION_COLUMN, AST_IN },
		{ "a[1] < 2", AST_RELATION_ELEMENT, AST_LT },
		{ "token(a, b) >= 2", AST_RELATION_TOKEN, AST_GE },
		{ "(a, b) NOT IN ((1, 2))", AST_RELATION_TUPLE, AST_NOT_IN },
		{ "(a) = (1)", AST_RELATION_TUPLE, AST_EQ },
		{ "a IS NOT NULL", AST_RELATION_COLUMN, AST_IS_NOT_NULL },
		{ "a BETWEEN 1 AND 2", AST_RELATION_COLUMN, AST_BETWEEN },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct ast_relation *relation;
		struct parsed parsed;
		char text[100];

		snprintf(text, sizeof(text), "SELECT * FROM t WHERE %s",
			 rows[i].read);
		parse_well(&parsed, text);
		relation = parsed.statement->as.select.where;
		assert_int_equal(relation->kind, rows[i].kind);
		assert_int_equal(relation->operator, rows[i].operator);
		assert_place(&parsed, relation->place, rows[i].read);
		assert_null(relation->next);
		parsed_finish(&parsed);
	}
}

TEST(what_logstor_lacks_is_known_by_name)
{
	static const struct {
		const char *read, *what;
	} rows[] = {
		{ "create index on t (a)", "CREATE INDEX" },
		{ "CREATE CUSTOM INDEX i ON t (a) USING 'x'",
		  "CREATE CUSTOM INDEX" },
		{ "CREATE MATERIALIZED VIEW v AS SELECT * FROM t",
		  "CREATE MATERIALIZED VIEW" },
		{ "CREATE OR REPLACE FUNCTION f (a int) RETURNS NULL ON NULL "
		  "INPUT RETURNS int LANGUAGE lua AS $$ return 1; $$",
		  "CREATE OR REPLACE FUNCTION" },
		{ "CREATE AGGREGATE a (int) SFUNC f STYPE int",
		  "CREATE AGGREGATE" },
		{ "CREATE TRIGGER x ON t USING 'y'", "CREATE TRIGGER" },
		{ "CREATE ROLE r WITH LOGIN = true", "CREATE ROLE" },
		{ "CREATE USER u WITH PASSWORD 'x'", "CREATE USER" },
		{ "CREATE SERVICE LEVEL s", "CREATE SERVICE LEVEL" },
		{ "ALTER ROLE r", "ALTER ROLE" },
		{ "ALTER MATERIALIZED VIEW v WITH comment = ''",
		  "ALTER MATERIALIZED VIEW" },
		{ "DROP INDEX i", "DROP INDEX" },
		{ "DROP FUNCTION f(int)", "DROP FUNCTION" },
		{ "GRANT SELECT ON t TO r", "GRANT" },
		{ "REVOKE ALL ON t FROM r", "REVOKE" },
		{ "LIST ROLES", "LIST" },
		{ "PRUNE MATERIALIZED VIEW v", "PRUNE MATERIALIZED VIEW" },
		{ "ATTACH SERVICE LEVEL s TO r", "ATTACH" },
		{ "BEGIN TRANSACTION SELECT 1; COMMIT TRANSACTION",
		  "BEGIN TRANSACTION" },
		{ "COMPACT ks.t", "COMPACT of one table" },
		{ "DESCRIBE INDEX i", "DESCRIBE INDEX" },
		{ "SELECT * FROM MUTATION_FRAGMENTS(ks.t) WHERE k = 1",
		  "SELECT FROM MUTATION_FRAGMENTS" },
		{ "CREATE TABLE a LIKE b", "CREATE TABLE LIKE" },
		{ "CREATE TABLE t (a int PRIMARY KEY, b text MASKED WITH "
		  "mask_inner(1, null))", "MASKED WITH" },
		{ "CREATE TABLE t (a int PRIMARY KEY, b 'org.x.Y')",
		  "a type named by its Java class" },
		{ "ALTER TABLE t DROP COMPACT STORAGE",
		  "DROP COMPACT STORAGE" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct parsed parsed;
		char text[200];

		snprintf(text, sizeof(text), "%s; USE x", rows[i].read);
		parse_well(&parsed, text);
		assert_int_equal(parsed.statement->kind, AST_UNSUPPORTED);
		assert_slice(parsed.statement->as.unsupported.what,
			     rows[i].what);
		assert_place(&parsed, parsed.statement->place, rows[i].read);
		assert_string_equal(text + parsed.end, " USE x");
		parsed_finish(&parsed);
	}
}

/* `%s` is an unreserved word. */
static const char *const word_uses[] = {
	"SELECT %s FROM t",
	"SELECT %s, a FROM t",
	"SELECT %s AS a FROM t",
	"SELECT %s.a, %s[1], a.%s FROM t",
	"SELECT a, %s, f(%s), a AS %s, (%s, a), (%s), {%s: %s} FROM t",
	"SELECT a + %s, %s - 1, -%s FROM t",
	"SELECT JSON %s FROM t",
	"SELECT DISTINCT %s FROM t",
	"SELECT a, %s(1) FROM t",
	"SELECT * FROM %s",
	"SELECT * FROM %s.%s WHERE %s = 1 AND b = %s AND (%s, %s) > (1, 2) "
	"AND token(%s) = 1 AND %s[1] = 2 AND %s IN (%s) AND %s CONTAINS 1 "
	"GROUP BY %s ORDER BY %s, %s DESC LIMIT 1",
	"INSERT INTO %s (%s, %s) VALUES (%s, :%s)",
	"INSERT INTO %s JSON ''",
	"UPDATE %s SET %s = %s + 1, %s += 1, %s[1] = 2, %s.%s = 3 "
	"WHERE %s = 1 IF %s = 1 AND %s.%s = 2 AND %s[1] = 3",
	"UPDATE t SET a = 1 WHERE k = 1 IF %s IN (1)",
	"UPDATE t SET a = 1 WHERE k = 1 IF %s.b >= 1",
	"DELETE %s, %s[1], %s.%s FROM %s WHERE %s = 1 IF %s != 1",
	"CREATE TABLE %s.%s (%s int, a %s, b %s.%s, c list<%s>, "
	"PRIMARY KEY ((%s), %s))",
	"CREATE TABLE t (%s %s PRIMARY KEY)",
	"CREATE TABLE t (%s text STATIC, PRIMARY KEY (%s)) "
	"WITH CLUSTERING ORDER BY (%s DESC)",
	"CREATE TYPE %s (%s int, a %s)",
	"CREATE KEYSPACE %s",
	"ALTER TABLE %s ADD %s int",
	"ALTER TABLE %s DROP %s",
	"ALTER TABLE %s DROP (%s, a)",
	"ALTER TABLE %s RENAME %s TO %s",
	"ALTER TABLE %s WITH a = %s",
	"DROP TABLE %s",
	"DROP TABLE IF EXISTS %s.%s",
	"TRUNCATE %s",
	"USE %s",
	"DESCRIBE TABLE %s",
	"DESCRIBE KEYSPACE %s",
	"SELECT (%s) 'x', (%s.%s) ? FROM t",
};

TEST(unreserved_words_are_names_wherever_a_name_can_be)
{
	const struct keyword *keyword;

	for (size_t i = 0; (keyword = keyword_at(i)) != NULL; i++) {
		if (keyword->is_reserved)
			continue;
		for (size_t n = 0; n < ARRAY_COUNT(word_uses); n++) {
			struct buffer text = { 0 };
			struct parsed parsed;

			for (const char *at = word_uses[n]; *at != '\0';
			     at++) {
				if (*at == '%')
					buffer_append_string(&text,
							     keyword->word);
				else if (at == word_uses[n] || at[-1] != '%')
					buffer_append_byte(&text,
							   (uint8_t)*at);
			}
			parsed_init(&parsed, buffer_slice(&text));
			if (parsed.result != 0)
				fail_msg("%.*s: %s",
					 SLICE_ARGUMENTS(buffer_slice(&text)),
					 parsed.error.message);
			parsed_finish(&parsed);
			buffer_finish(&text);
		}
	}
}

TEST(statements_are_linked_and_counted_up_to_the_limits)
{
	struct buffer text = { 0 };
	struct parsed parsed;

	buffer_append_string(&text, "SELECT * FROM t WHERE k = 1");
	for (int i = 1; i < RELATIONS_MAX; i++)
		buffer_append_string(&text, " AND k = 1");
	parsed_init(&parsed, buffer_slice(&text));
	assert_int_equal(parsed.result, 0);
	parsed_finish(&parsed);
	buffer_append_string(&text, " AND k = 1");
	parsed_init(&parsed, buffer_slice(&text));
	assert_int_equal(parsed.result, -ERROR_INVALID);
	assert_non_null(strstr(parsed.error.message, "too many relations"));
	parsed_finish(&parsed);
	buffer_finish(&text);
}

TEST(lists_are_limited)
{
	struct buffer text = { 0 };
	struct parsed parsed;

	buffer_append_string(&text, "SELECT [1");
	for (int i = 0; i < TERMS_MAX; i++)
		buffer_append_string(&text, ",1");
	buffer_append_string(&text, "]");
	parsed_init(&parsed, buffer_slice(&text));
	assert_int_equal(parsed.result, -ERROR_INVALID);
	assert_non_null(strstr(parsed.error.message, "values in one list"));
	assert_int_equal(parsed.error.position, text.size - 2);
	parsed_finish(&parsed);
	buffer_finish(&text);
}

TEST(markers_are_limited)
{
	for (int extra = 0; extra <= 1; extra++) {
		struct buffer text = { 0 };
		struct parsed parsed;

		buffer_append_string(&text, "SELECT * FROM t WHERE k IN (?");
		for (int i = 1; i < MARKERS_MAX + extra; i++)
			buffer_printf(&text, i % 2 ? ",?" : ",:m%d", i);
		buffer_append_string(&text, ")");
		parsed_init(&parsed, buffer_slice(&text));
		if (extra == 0) {
			assert_int_equal(parsed.result, 0);
			assert_int_equal(parsed.statement->marker_count,
					 MARKERS_MAX);
		} else {
			assert_int_equal(parsed.result, -ERROR_INVALID);
			assert_non_null(strstr(parsed.error.message,
					       "too many bind markers"));
		}
		parsed_finish(&parsed);
		buffer_finish(&text);
	}
}

UNIT_MAIN()
