/* SPDX-License-Identifier: MIT
 *
 * What isn't there says so, at the word that names it; and the commonest
 * mistakes get the hint that helps. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include "base/compiler.h"

#include <stdio.h>
#include <string.h>

static struct api api;

static void
open_table(void)
{
	api_open(&api);
	api_must(&api, "CREATE TABLE t (k int PRIMARY KEY, v int,"
		       " m map<text, int>);"
		       "CREATE TABLE p (a int, b int, PRIMARY KEY ((a, b)))");
}

struct refusal {
	const char *cql;
	const char *message;    /* all of it, or its end behind "… " */
	const char *underlined;
	const char *hint;       /* a part of it; NULL: any */
};

static bool
has_end(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);

	return size >= end_size &&
	       strcmp(text + size - end_size, end) == 0;
}

static bool
is_refused(const struct refusal *refusal)
{
	const char *message = refusal->message;
	const char *told;
	size_t offset = 0, size = 0;

	(void)api_query(&api, refusal->cql);
	told = logstor_error_message(api.session);
	if (strncmp(message, "… ", strlen("… ")) == 0 ?
		    !has_end(told, message + strlen("… ")) :
		    strcmp(told, message) != 0)
		return false;
	if (!logstor_error_position(api.session, &offset, &size, NULL, NULL))
		return false;
	if (size != strlen(refusal->underlined) ||
	    memcmp(refusal->cql + offset, refusal->underlined, size) != 0)
		return false;
	return refusal->hint == NULL ||
	       strstr(logstor_error_hint(api.session), refusal->hint) != NULL;
}

static void
tell(const struct refusal *refusal)
{
	size_t offset = 0, size = 0;

	(void)logstor_error_position(api.session, &offset, &size, NULL, NULL);
	print_message("# %s\n#   %s\n#   at \"%.*s\"\n#   hint: %s\n",
		      refusal->cql, logstor_error_message(api.session),
		      (int)size, refusal->cql + offset,
		      logstor_error_hint(api.session));
}

static void
check(const struct refusal *refusals, size_t count)
{
	bool has_failed = false;

	open_table();
	for (size_t i = 0; i < count; i++)
		if (!is_refused(&refusals[i])) {
			tell(&refusals[i]);
			has_failed = true;
		}
	assert_false(has_failed);
	api_close(&api);
}

TEST(what_cql_has_and_we_have_not_is_named_where_it_stands)
{
	static const struct refusal refusals[] = {
		{ "CREATE TABLE z (k int PRIMARY KEY, v int CHECK v > 1)",
		  "CHECK is not supported", "CHECK", NULL },
		{ "CREATE TABLE z (k int PRIMARY KEY, v text CHECK NOT NULL"
		  " AND LENGTH(v) < 5, w int)",
		  "CHECK is not supported", "CHECK", NULL },
		{ "CREATE TABLE z (k int PRIMARY KEY, v text CHECK JSON)",
		  "CHECK is not supported", "CHECK", NULL },
		{ "CREATE TABLE z (k int PRIMARY KEY, v text CHECK JSON(v))",
		  "CHECK is not supported", "CHECK", NULL },
		{ "CREATE TABLE z (k int PRIMARY KEY, v int MASKED WITH"
		  " DEFAULT)", "MASKED WITH is not supported", "MASKED",
		  NULL },
		{ "ALTER TABLE t ALTER v MASKED WITH DEFAULT",
		  "MASKED WITH is not supported", "MASKED", NULL },
		{ "ALTER TABLE t ALTER v DROP MASKED",
		  "DROP MASKED is not supported", "MASKED", NULL },
		{ "ALTER TABLE t ALTER v CHECK v > 1",
		  "CHECK is not supported", "CHECK", NULL },
		{ "ALTER TABLE t ALTER v DROP CHECK",
		  "DROP CHECK is not supported", "CHECK", NULL },
		{ "ALTER TABLE t ADD w int MASKED WITH mask_inner(1, null)",
		  "MASKED WITH is not supported", "MASKED", NULL },
		{ "ALTER TABLE t ADD w int CHECK w > 0",
		  "CHECK is not supported", "CHECK", NULL },
		{ "ADD IDENTITY 'x' TO ROLE 'r'",
		  "ADD IDENTITY is not supported", "ADD IDENTITY", NULL },
		{ "DROP IDENTITY IF EXISTS 'x'",
		  "DROP IDENTITY is not supported", "DROP IDENTITY", NULL },
		{ "COMMENT ON TABLE t IS 'x'",
		  "COMMENT ON is not supported", "COMMENT ON", NULL },
		{ "SELECT writetime(m['a']) FROM t",
		  "writetime or ttl of an element is not supported",
		  "writetime(m['a'])", NULL },
		{ "SELECT k FROM t WHERE token(k) BETWEEN 1 AND 2",
		  "BETWEEN is not supported", "token(k) BETWEEN 1 AND 2",
		  "token(k) >= 1 AND token(k) <= 2" },
		{ "INSERT INTO t (k, v) VALUES (1, UNSET)",
		  "UNSET is not supported", "UNSET", NULL },
		{ "CREATE TABLE z (k int PRIMARY KEY) WITH COMPACT STORAGE",
		  "COMPACT STORAGE is not supported", "COMPACT STORAGE",
		  NULL },
		{ "CREATE TABLE z (k int PRIMARY KEY) WITH comment = 'x'"
		  " AND COMPACT STORAGE AND gc_grace_seconds = 1",
		  "COMPACT STORAGE is not supported", "COMPACT STORAGE",
		  NULL },
		{ "SELECT JSON k FROM t", "SELECT JSON is not supported",
		  "JSON", NULL },
		{ "SELECT DISTINCT k FROM t",
		  "SELECT DISTINCT is not supported", "DISTINCT", NULL },
		{ "SELECT JSON DISTINCT k FROM t",
		  "SELECT JSON is not supported", "JSON", NULL },
		{ "SELECT k FROM t GROUP BY k", "GROUP BY is not supported",
		  "GROUP BY", NULL },
		{ "SELECT k FROM t PER PARTITION LIMIT 1",
		  "PER PARTITION LIMIT is not supported",
		  "PER PARTITION LIMIT", NULL },
		{ "UPDATE t SET v = 1 WHERE k = 1", "UPDATE is not supported",
		  "UPDATE", NULL },
		{ "BEGIN UNLOGGED BATCH DELETE FROM t WHERE k = 1 APPLY"
		  " BATCH", "BATCH is not supported", "BEGIN", NULL },
		{ "ALTER TABLE t DROP v", "ALTER TABLE is not supported",
		  "ALTER TABLE", NULL },
		{ "CREATE TYPE a (b int)", "CREATE TYPE is not supported",
		  "CREATE TYPE", NULL },
		{ "CREATE INDEX ON t (v)", "CREATE INDEX is not supported",
		  "CREATE INDEX", NULL },
		{ "EXPLAIN ANALYZE SELECT k FROM t",
		  "EXPLAIN ANALYZE is not supported", "EXPLAIN", NULL },
	};

	check(refusals, ARRAY_COUNT(refusals));
}

TEST(mistakes_get_the_hint_that_helps)
{
	static const struct refusal refusals[] = {
		{ "DELETE FROM p WHERE a = 1",
		  "Missing mandatory PRIMARY KEY part b", "p", NULL },
		{ "CREATE TABLE z (k int PRIMARY KEY, v tuple<>)",
		  "… mismatched input '>' expecting a type", ">",
		  "expected a type" },
		{ "SELECT k FROM t WHERE k <> 1",
		  "… mismatched input '>' expecting a value", ">",
		  "CQL writes \"not equal\" as !=" },
		{ "CREATE TABLE z (k int PRIMARY KEY) WITH comment = ?",
		  "… Bind variables cannot be used for property values", "?",
		  NULL },
		{ "CREATE TABLE z (k int PRIMARY KEY) WITH compaction ="
		  " {'class': :c}",
		  "… Bind variables cannot be used for property values",
		  ":c", NULL },
		{ "CREATE TABLE ? (k int PRIMARY KEY)",
		  "… Bind variables cannot be used for table names", "?",
		  NULL },
		{ "CREATE TABLE IF NOT EXISTS ? (k int PRIMARY KEY)",
		  "… Bind variables cannot be used for table names", "?",
		  NULL },
		{ "DROP KEYSPACE ?",
		  "… Bind variables cannot be used for keyspace names", "?",
		  NULL },
		{ "USE ?",
		  "… Bind variables cannot be used for keyspace names", "?",
		  NULL },
		{ "SELECT * FROM ?",
		  "… Bind variables cannot be used for table names", "?",
		  NULL },
		{ "INSERT INTO t (?) VALUES (1)",
		  "… Bind variables cannot be used for column names", "?",
		  NULL },
		{ "SELECT * FROM t WHERE v = 1",
		  "… use ALLOW FILTERING", "v = 1",
		  "filtering is not supported yet" },
		{ "SELECT * FROM p WHERE a = 1",
		  "… use ALLOW FILTERING", "a = 1",
		  "filtering is not supported yet" },
		{ "SELECT * FROM t WHERE k > 1",
		  "… ALLOW FILTERING)", "k > 1",
		  "filtering is not supported yet" },
		{ "CREATE TABLE z (k string PRIMARY KEY)",
		  "Unknown type ks.string", "string",
		  "did you mean 'text'?" },
		{ "CREATE TABLE z (k int PRIMARY KEY, v list<integer>)",
		  "Unknown type ks.integer", "integer",
		  "did you mean 'int'?" },
		{ "CREATE TABLE z (k int PRIMARY KEY, v bool)",
		  "Unknown type ks.bool", "bool",
		  "did you mean 'boolean'?" },
		{ "CREATE TABLE z (k int PRIMARY KEY, v datetime)",
		  "Unknown type ks.datetime", "datetime",
		  "did you mean 'timestamp'?" },
		{ "CREATE TABLE z (k int PRIMARY KEY, v bytea)",
		  "Unknown type ks.bytea", "bytea", "did you mean 'blob'?" },
		{ "CREATE TABLE z (k int PRIMARY KEY, v bigit)",
		  "Unknown type ks.bigit", "bigit",
		  "did you mean 'bigint'?" },
		{ "SELECT 'a' FROM t", "… (try using a cast to force a type)",
		  "'a'", "(text) 'a'" },
		{ "SELECT 12 FROM t", "… (try using a cast to force a type)",
		  "12", "(int) 12" },
		{ "SELECT 1.5 FROM t", "… (try using a cast to force a type)",
		  "1.5", "(double) 1.5" },
		{ "SELECT 0xff FROM t",
		  "… (try using a cast to force a type)", "0xff",
		  "(blob) 0xff" },
		{ "SELECT true FROM t",
		  "… (try using a cast to force a type)", "true",
		  "(boolean) true" },
		{ "SELECT ? FROM t", "… (try using a cast to force a type)",
		  "?", "(int) ?" },
		{ "SELECT [1] FROM t",
		  "… (try using a cast to force a type)", "[1]",
		  "(list<int>) [1]" },
	};

	check(refusals, ARRAY_COUNT(refusals));
}

/* A script has nobody who binds: a marker would be null without a word. */
TEST(a_script_with_markers_is_refused)
{
	static const char *const scripts[] = {
		"INSERT INTO t (k, v) VALUES (1, 1);\n"
		"INSERT INTO t (k, v) VALUES (2, ?)",
		"INSERT INTO t (k, v) VALUES (1, 1);"
		"EXPLAIN SELECT v FROM t WHERE k = :k",
	};

	open_table();
	for (size_t i = 0; i < ARRAY_COUNT(scripts); i++) {
		size_t offset, size;
		uint32_t line, column;

		assert_int_equal(logstor_execute(api.session, scripts[i],
						 NULL, NULL),
				 LOGSTOR_ERROR);
		assert_string_equal(logstor_error_message(api.session),
				    "the statement has 1 bind marker and no "
				    "value for it");
		assert_non_null(strstr(logstor_error_hint(api.session),
				       "prepare"));
		assert_true(logstor_error_position(api.session, &offset,
						   &size, &line, &column));
		assert_true(offset >= strlen("INSERT INTO t (k, v) VALUES "));
		assert_string_equal(api_query(&api, "SELECT k FROM t"), "1");
	}
	api_close(&api);
}

UNIT_MAIN()
