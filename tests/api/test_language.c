/* SPDX-License-Identifier: MIT
 *
 * What statements answer, and what CQL says to those that it can't. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <string.h>
#include <unistd.h>

#define CHECK(api, cases) \
	api_check(api, cases, sizeof(cases) / sizeof((cases)[0]))

static struct api api;

static void
open_tables(void)
{
	api_open(&api);
	api_must(&api,
		 "CREATE TABLE t (k int PRIMARY KEY, v text, n bigint,"
		 " l list<int>, fl frozen<list<int>>, s set<text>,"
		 " m map<text, int>, tu tuple<int, text>, u uuid, b blob,"
		 " ts timestamp);"
		 "CREATE TABLE c (a int, b text, v int, PRIMARY KEY ((a, b)));"
		 "CREATE TABLE bare (k text PRIMARY KEY)");
}

TEST(an_insert_replaces_the_whole_row)
{
	static const struct api_case cases[] = {
		{ "INSERT INTO t (k, v, n) VALUES (1, 'one', 10)", "" },
		{ "SELECT k, v, n FROM t WHERE k = 1", "1|'one'|10" },
		{ "INSERT INTO t (k, n) VALUES (1, 11)", "" },
		{ "SELECT k, v, n FROM t WHERE k = 1", "1|null|11" },
		{ "INSERT INTO t (k) VALUES (1)", "" },
		{ "SELECT k, v, n FROM t WHERE k = 1", "1|null|null" },
		{ "INSERT INTO t (k, v, n) VALUES (1, null, 12)", "" },
		{ "SELECT k, v, n FROM t WHERE k = 1", "1|null|12" },
		{ "DELETE FROM t WHERE k = 1", "" },
		{ "SELECT k FROM t", "" },
		{ "INSERT INTO bare (k) VALUES ('x')", "" },
		{ "SELECT * FROM bare", "'x'" },
	};

	open_tables();
	CHECK(&api, cases);
	api_close(&api);
}

TEST(values_of_every_shape_come_back)
{
	static const struct api_case cases[] = {
		{ "INSERT INTO t (k, l, fl, s, m, tu) VALUES (1, [3, 1, 3],"
		  " [], {'b', 'a', 'b'}, {'y': 2, 'x': 1}, (1, 'a'))", "" },
		{ "SELECT l, fl, s, m, tu FROM t WHERE k = 1",
		  "[3, 1, 3]|[]|{'a', 'b'}|{'x': 1, 'y': 2}|(1, 'a')" },
		{ "INSERT INTO t (k, l, fl, s, m, tu) VALUES (1, [], [1], {},"
		  " {}, (null, 'a'))", "" },
		{ "SELECT l, fl, s, m, tu FROM t WHERE k = 1",
		  "null|[1]|null|null|(null, 'a')" },
		{ "INSERT INTO t (k, v, b) VALUES ((1), '', 0x)", "" },
		{ "SELECT v, b FROM t WHERE k = 1", "''|0x" },
		{ "INSERT INTO t (k, v) VALUES ((int) 1, (text) 'hint')", "" },
		{ "SELECT v, (int) 5 AS five FROM t WHERE k = 1",
		  "'hint'|5" },
		{ "INSERT INTO t (k, ts) VALUES (1, 1000)", "" },
		{ "INSERT INTO t (k, u, ts) VALUES (1, uuid(),"
		  " toTimestamp(now()))", "" },
		{ "INSERT INTO t (k, u) VALUES (1, now())", "" },
	};

	open_tables();
	CHECK(&api, cases);
	api_close(&api);
}

TEST(keys_come_in_the_order_of_their_values)
{
	static const struct api_case cases[] = {
		{ "INSERT INTO t (k, v) VALUES (-5, 'm')", "" },
		{ "INSERT INTO t (k, v) VALUES (1, 'a')", "" },
		{ "INSERT INTO t (k, v) VALUES (2, 'b')", "" },
		{ "INSERT INTO t (k, v) VALUES (30, 'c')", "" },
		{ "SELECT k FROM t WHERE k IN (30, 2, -5, 2, 1, 99)",
		  "-5;1;2;30" },
		{ "SELECT k FROM t WHERE k IN (30, 2, -5) LIMIT 2", "-5;2" },
		{ "SELECT k FROM t WHERE k IN ()", "" },
		{ "SELECT count(*) FROM t WHERE k IN (1, 1, 2, 7)", "2" },
		{ "INSERT INTO c (a, b, v) VALUES (1, 'x', 1)", "" },
		{ "INSERT INTO c (a, b, v) VALUES (1, 'y', 2)", "" },
		{ "INSERT INTO c (a, b, v) VALUES (2, 'x', 3)", "" },
		{ "SELECT a, b, v FROM c WHERE a = 1 AND b = 'y'",
		  "1|'y'|2" },
		{ "SELECT v FROM c WHERE b IN ('y', 'x') AND a IN (2, 1)",
		  "1;2;3" },
		{ "DELETE FROM c WHERE a IN (1, 2) AND b = 'x'", "" },
		{ "SELECT * FROM c", "1|'y'|2" },
		{ "DELETE FROM c WHERE a IN () AND b = 'y'", "" },
		{ "SELECT count(1) FROM c", "1" },
	};

	open_tables();
	CHECK(&api, cases);
	api_close(&api);
}

/* The tokens of int 0, 1 and -1 are known from Cassandra. */
TEST(tokens_are_cassandras_and_ranges_obey_their_bounds)
{
	static const struct api_case cases[] = {
		{ "INSERT INTO t (k) VALUES (0)", "" },
		{ "INSERT INTO t (k) VALUES (1)", "" },
		{ "INSERT INTO t (k) VALUES (-1)", "" },
		{ "SELECT k, token(k) FROM t",
		  "1|-4069959284402364209;0|-3485513579396041028;"
		  "-1|7297452126230313552" },
		{ "SELECT k FROM t WHERE token(k) > -4069959284402364209",
		  "0;-1" },
		{ "SELECT k FROM t WHERE token(k) >= -4069959284402364209",
		  "1;0;-1" },
		{ "SELECT k FROM t WHERE token(k) < token(0)", "1" },
		{ "SELECT k FROM t WHERE token(k) <= token(0)", "1;0" },
		{ "SELECT k FROM t WHERE token(k) = token(-1)", "-1" },
		{ "SELECT k FROM t WHERE token(k) > token(1)"
		  " AND token(k) <= token(-1)", "0;-1" },
		{ "SELECT k FROM t WHERE token(k) > 5 AND token(k) < 5", "" },
		{ "SELECT k FROM t WHERE token(k) <= -9223372036854775808",
		  "1;0;-1" },
		{ "SELECT k FROM t WHERE token(k) = -9223372036854775808",
		  "" },
		{ "SELECT k FROM t WHERE token(k) > 9223372036854775807",
		  "" },
		{ "SELECT count(*) FROM t WHERE token(k) >= token(0)", "2" },
		{ "SELECT k FROM t LIMIT 2", "1;0" },
		/* A composite key: (1, 2) as two ints. */
		{ "INSERT INTO two (a, b) VALUES (1, 2)", "" },
		{ "SELECT token(a, b) FROM two", "4881097376275569167" },
	};

	open_tables();
	api_must(&api, "CREATE TABLE two (a int, b int, v int,"
		       " PRIMARY KEY ((a, b)))");
	CHECK(&api, cases);
	api_close(&api);
}

TEST(counts_and_aliases_and_attributes)
{
	static const struct api_case cases[] = {
		{ "SELECT count(*) FROM t", "0" },
		{ "SELECT count(*), k, v FROM t", "0|null|null" },
		{ "INSERT INTO t (k, v, n) VALUES (1, 'a', null)"
		  " USING TIMESTAMP 123 AND TTL 1000", "" },
		{ "SELECT count(*), k, v AS w FROM t", "1|1|'a'" },
		{ "SELECT writetime(v), ttl(n), writetime(n) FROM t",
		  "123|null|null" },
		{ "SELECT count(*) FROM t LIMIT 1", "1" },
		{ "SELECT v, v, v AS v FROM t", "'a'|'a'|'a'" },
		{ "SELECT totimestamp((date) '1970-01-02') FROM t",
		  "'1970-01-02 00:00:00.000Z'" },
	};
	logstor_statement *statement;

	open_tables();
	CHECK(&api, cases);
	statement = api_prepare(&api, "SELECT k AS \"Key\", count(*), "
				      "token(k), ttl(v), Now() FROM t");
	assert_string_equal(logstor_column_name(statement, 0), "Key");
	assert_string_equal(logstor_column_name(statement, 1), "count");
	assert_string_equal(logstor_column_name(statement, 2),
			    "system.token(k)");
	assert_string_equal(logstor_column_name(statement, 3), "ttl(v)");
	assert_string_equal(logstor_column_name(statement, 4),
			    "system.now()");
	assert_true(logstor_column_is_key(statement, 0));
	assert_false(logstor_column_is_key(statement, 2));
	assert_string_equal(logstor_column_type_name(statement, 4),
			    "timeuuid");
	assert_string_equal(logstor_column_keyspace(statement, 0), "ks");
	assert_string_equal(logstor_column_table(statement, 0), "t");
	logstor_finalize(statement);
	api_close(&api);
}

TEST(the_newest_timestamp_wins_and_ties_are_settled_by_value)
{
	static const struct api_case cases[] = {
		{ "INSERT INTO t (k, v) VALUES (1, 'new')"
		  " USING TIMESTAMP 100", "" },
		{ "INSERT INTO t (k, v) VALUES (1, 'old')"
		  " USING TIMESTAMP 99", "" },
		{ "SELECT v FROM t WHERE k = 1", "'new'" },
		/* Equal: column by column the larger, null loses. */
		{ "INSERT INTO t (k, v, n) VALUES (1, 'aaa', 5)"
		  " USING TIMESTAMP 100", "" },
		{ "SELECT v, n FROM t WHERE k = 1", "'new'|5" },
		{ "INSERT INTO t (k, v) VALUES (1, 'zzz')"
		  " USING TIMESTAMP 100", "" },
		{ "SELECT v, n FROM t WHERE k = 1", "'zzz'|5" },
		{ "INSERT INTO t (k, v) VALUES (1, 'zzz')"
		  " USING TIMESTAMP 100", "" },
		{ "SELECT v, n FROM t WHERE k = 1", "'zzz'|5" },
		/* A deletion beats data of the same time. */
		{ "DELETE FROM t USING TIMESTAMP 99 WHERE k = 1", "" },
		{ "SELECT v FROM t WHERE k = 1", "'zzz'" },
		{ "DELETE FROM t USING TIMESTAMP 100 WHERE k = 1", "" },
		{ "SELECT v FROM t WHERE k = 1", "" },
		{ "INSERT INTO t (k, v) VALUES (1, 'again')"
		  " USING TIMESTAMP 100", "" },
		{ "SELECT v FROM t WHERE k = 1", "" },
		{ "INSERT INTO t (k, v) VALUES (1, 'again')"
		  " USING TIMESTAMP 101", "" },
		{ "SELECT v FROM t WHERE k = 1", "'again'" },
		/* Expiring beats staying, and a later expiry an earlier
		 * one, each as a whole row. */
		{ "INSERT INTO t (k, v) VALUES (2, 'a')"
		  " USING TIMESTAMP 7 AND TTL 500", "" },
		{ "INSERT INTO t (k, v) VALUES (2, 'a')"
		  " USING TIMESTAMP 7", "" },
		{ "INSERT INTO t (k, v, n) VALUES (2, 'z', 1)"
		  " USING TIMESTAMP 7", "" },
		{ "INSERT INTO t (k, v, n) VALUES (2, 'y', 2)"
		  " USING TIMESTAMP 7 AND TTL 300", "" },
		{ "SELECT v, n FROM t WHERE k = 2", "'a'|null" },
		{ "INSERT INTO t (k, n) VALUES (2, 3)"
		  " USING TIMESTAMP 7 AND TTL 900", "" },
		{ "SELECT v, n FROM t WHERE k = 2", "null|3" },
	};

	open_tables();
	CHECK(&api, cases);
	api_close(&api);
}

TEST(values_of_no_bytes_read_back_as_the_literals_they_are_shown_as)
{
	static const struct api_case cases[] = {
		{ "INSERT INTO e (k, i, ts) VALUES (1, blobAsInt(0x),"
		  " blobAsTimestamp(0x))", "" },
		{ "SELECT i, ts FROM e", "blobAsInt(0x)|blobAsTimestamp(0x)" },
		{ "SELECT intAsBlob(i), timestamp_as_blob(ts) FROM e",
		  "0x|0x" },
		{ "INSERT INTO e (k, i, ts) VALUES (2, blob_as_int(0x0000002a),"
		  " blobAsTimestamp(bigintAsBlob(1000)))", "" },
		{ "SELECT i, ts FROM e WHERE k = 2",
		  "42|'1970-01-01 00:00:01.000Z'" },
		{ "SELECT blobAsText(textAsBlob('é')) FROM e WHERE k = 2",
		  "'é'" },
		{ "SELECT blobAsInt(bigintAsBlob(5)) FROM e WHERE k = 2",
		  "InvalidRequest: In call to function system.blobasint, "
		  "value 0x0000000000000005 is not a valid binary "
		  "representation for type int" },
		{ "SELECT blobAsAscii(textAsBlob('é')) FROM e WHERE k = 2",
		  "InvalidRequest: In call to function system.blobasascii, "
		  "value 0xc3a9 is not a valid binary representation for "
		  "type ascii" },
		{ "SELECT blobAsInt(i) FROM e WHERE k = 2", "42" },
		{ "SELECT intAsBlob(ts) FROM e WHERE k = 2",
		  "InvalidRequest: Type error: cannot assign ts (type "
		  "timestamp) to arg0(system.intasblob) (type int)" },
	};

	open_tables();
	api_must(&api, "CREATE TABLE e (k int PRIMARY KEY, i int,"
		       " ts timestamp)");
	CHECK(&api, cases);
	api_close(&api);
}

TEST(conditions_are_answered_as_cassandra_does)
{
	static const struct api_case cases[] = {
		{ "INSERT INTO c (a, b, v) VALUES (1, 'x', 5) IF NOT EXISTS",
		  "true" },
		{ "INSERT INTO c (a, b, v) VALUES (1, 'x', 6) IF NOT EXISTS",
		  "false|1|'x'|5" },
		{ "SELECT v FROM c", "5" },
		{ "DELETE FROM c WHERE a = 1 AND b = 'x' IF EXISTS", "true" },
		{ "DELETE FROM c WHERE a = 1 AND b = 'x' IF EXISTS",
		  "false" },
		{ "INSERT INTO c (a, b, v) VALUES (1, 'x', 7) IF NOT EXISTS",
		  "true" },
		/* They follow what they were decided on, however late that
		 * says it is. */
		{ "INSERT INTO c (a, b, v) VALUES (2, 'y', 1)"
		  " USING TIMESTAMP 9000000000000000", "" },
		{ "DELETE FROM c WHERE a = 2 AND b = 'y' IF EXISTS", "true" },
		{ "SELECT v FROM c WHERE a = 2 AND b = 'y'", "" },
		{ "INSERT INTO c (a, b, v) VALUES (2, 'y', 2) IF NOT EXISTS",
		  "true" },
		{ "SELECT v, writetime(v) FROM c WHERE a = 2 AND b = 'y'",
		  "2|9000000000000002" },
	};

	open_tables();
	CHECK(&api, cases);
	api_close(&api);
}

TEST(rows_expire)
{
	open_tables();
	api_must(&api,
		 "CREATE TABLE d (k int PRIMARY KEY, v int)"
		 " WITH default_time_to_live = 100;"
		 "INSERT INTO d (k, v) VALUES (1, 1);"
		 "INSERT INTO d (k, v) VALUES (2, 1) USING TTL 0;"
		 "INSERT INTO d (k, v) VALUES (3, 1) USING TTL 1");
	assert_string_equal(
		api_query(&api, "SELECT ttl(v) FROM d WHERE k = 2"), "null");
	assert_true(strcmp(api_query(&api, "SELECT ttl(v) FROM d WHERE k = 1"),
			   "99") == 0 ||
		    strcmp(api.result, "100") == 0);
	usleep(2100 * 1000);
	assert_string_equal(api_query(&api, "SELECT k FROM d WHERE k = 3"),
			    "");
	assert_string_equal(api_query(&api, "SELECT count(*) FROM d"), "2");
	assert_string_equal(api_query(&api, "INSERT INTO d (k, v) VALUES "
					    "(3, 2) IF NOT EXISTS"),
			    "true");
	api_close(&api);
}

#define FILTERING                                                         \
	"InvalidRequest: Cannot execute this query as it might involve "  \
	"data filtering and thus may have unpredictable performance. If " \
	"you want to execute this query despite the performance "         \
	"unpredictability, use ALLOW FILTERING"
#define SLICED                                                            \
	"InvalidRequest: Only EQ and IN relation are supported on the "   \
	"partition key (unless you use the token() function or ALLOW "    \
	"FILTERING)"

TEST(what_cql_forbids_is_refused_in_its_words)
{
	static const struct api_case cases[] = {
		{ "SELECT * FROM nope",
		  "InvalidRequest: unconfigured table nope" },
		{ "SELECT x FROM t", "InvalidRequest: Unrecognized name x" },
		{ "SELECT k FROM t WHERE x = 1",
		  "InvalidRequest: Unrecognized name x" },
		{ "INSERT INTO t (k, x) VALUES (1, 2)",
		  "InvalidRequest: Unknown identifier x" },
		{ "INSERT INTO t (k, v) VALUES (1)",
		  "InvalidRequest: Unmatched column names/values" },
		{ "INSERT INTO t (k, v, v) VALUES (1, 'a', 'b')",
		  "InvalidRequest: Multiple definitions found for column v" },
		{ "INSERT INTO t (v) VALUES ('a')",
		  "InvalidRequest: Missing mandatory PRIMARY KEY part k" },
		{ "DELETE FROM c WHERE a = 1",
		  "InvalidRequest: Missing mandatory PRIMARY KEY part b" },
		{ "DELETE FROM t WHERE k = 1 AND v = 'x'",
		  "InvalidRequest: Invalid where clause contains non PRIMARY "
		  "KEY columns: v" },
		{ "DELETE FROM t WHERE k > 1", SLICED },
		{ "DELETE FROM t WHERE k IN (1, 2) IF EXISTS",
		  "InvalidRequest: IN on the partition key is not supported "
		  "with conditional updates" },
		{ "SELECT k FROM t WHERE v = 'a'", FILTERING },
		{ "SELECT k FROM t WHERE k = 1 AND v = 'a'", FILTERING },
		{ "SELECT a FROM c WHERE a = 1", FILTERING },
		{ "SELECT k FROM t WHERE k > 1", SLICED },
		{ "SELECT k FROM t WHERE k = 1 AND k = 1",
		  "InvalidRequest: k cannot be restricted by more than one "
		  "relation if it includes an Equal" },
		{ "SELECT k FROM t WHERE v != 'a'",
		  "InvalidRequest: Unsupported \"!=\" relation: v != 'a'" },
		{ "SELECT a FROM c WHERE (a, b) = (1, 'a')",
		  "InvalidRequest: Multi-column relations can only be applied "
		  "to clustering columns but was applied to: a" },
		{ "SELECT a FROM c WHERE token(a) > 1",
		  "InvalidRequest: The token() function must be applied to all "
		  "partition key components or none of them" },
		{ "SELECT a FROM c WHERE token(b, a) > 1",
		  "InvalidRequest: The token function arguments must be in the "
		  "partition key order: a, b" },
		{ "SELECT k FROM t WHERE token(k) > 1 AND k = 1",
		  "InvalidRequest: Columns \"k\" cannot be restricted by both "
		  "a normal relation and a token relation" },
		{ "SELECT k FROM t WHERE token(k) > 1 AND token(k) >= 2",
		  "InvalidRequest: More than one restriction was found for the "
		  "start bound on k" },
		{ "SELECT k FROM t WHERE k = 'x'",
		  "InvalidRequest: Invalid STRING constant (x) for \"k\" of "
		  "type int" },
		{ "SELECT k FROM t WHERE k = null",
		  "InvalidRequest: Invalid null value in condition for column "
		  "k" },
		{ "INSERT INTO t (k) VALUES (null)",
		  "InvalidRequest: Invalid null value in condition for column "
		  "k" },
		{ "INSERT INTO bare (k) VALUES ('')",
		  "InvalidRequest: Key may not be empty" },
		{ "SELECT k FROM t LIMIT 0",
		  "InvalidRequest: LIMIT must be strictly positive" },
		{ "SELECT k FROM t LIMIT null",
		  "InvalidRequest: Invalid null value of limit" },
		{ "INSERT INTO t (k) VALUES (1) USING TTL -1",
		  "InvalidRequest: A TTL must be greater or equal to 0, but "
		  "was -1" },
		{ "INSERT INTO t (k) VALUES (1) USING TTL 630720001",
		  "InvalidRequest: ttl is too large. requested (630720001) "
		  "maximum (630720000)" },
		{ "INSERT INTO t (k) VALUES (1) USING TTL null",
		  "InvalidRequest: Invalid null value of TTL" },
		{ "INSERT INTO t (k) VALUES (1)"
		  " USING TIMESTAMP -9223372036854775808",
		  "InvalidRequest: Out of bound timestamp, must be in "
		  "[-9223372036854775807, 9223372036854775807]" },
		{ "INSERT INTO t (k) VALUES (1) IF NOT EXISTS"
		  " USING TIMESTAMP 5",
		  "InvalidRequest: Cannot provide custom timestamp for "
		  "conditional updates" },
		{ "SELECT writetime(k) FROM t",
		  "InvalidRequest: Cannot use selection function writeTime on "
		  "PRIMARY KEY part k" },
		{ "SELECT foo(k) FROM t",
		  "InvalidRequest: Unknown function foo called" },
		{ "SELECT now(k) FROM t",
		  "InvalidRequest: Invalid number of arguments in call to "
		  "function system.now: 0 required but 1 provided" },
		{ "SELECT token(a) FROM c",
		  "InvalidRequest: Invalid number of arguments in call to "
		  "function system.token: 2 required but 1 provided" },
		{ "INSERT INTO t (k, n) VALUES (1, now())",
		  "InvalidRequest: Type error: cannot assign result of "
		  "function system.now() (type timeuuid) to n (type bigint)" },
		{ "INSERT INTO t (k, l) VALUES (1, {1})",
		  "InvalidRequest: Invalid set type literal for l of type "
		  "list<int>" },
		{ "INSERT INTO t (k, l) VALUES (1, ['a'])",
		  "InvalidRequest: Invalid list literal for l: value 'a' is "
		  "not of type int" },
		{ "INSERT INTO t (k, m) VALUES (1, {1: 1})",
		  "InvalidRequest: Invalid map literal for m: key 1 is not of "
		  "type text" },
		{ "INSERT INTO t (k, l) VALUES (1, [null])",
		  "InvalidRequest: null is not supported inside collections" },
		{ "INSERT INTO t (k, tu) VALUES (1, (1, 'a', 2))",
		  "InvalidRequest: Invalid tuple literal for tu: too many "
		  "elements. Type frozen<tuple<int, text>> expects 2 but got "
		  "3" },
		{ "INSERT INTO t (k, v) VALUES (1, \"a\")",
		  "InvalidRequest: expected a value, found the name a" },
		{ "SELECT k FROM t ORDER BY v",
		  "InvalidRequest: ORDER BY is only supported when the "
		  "partition key is restricted by an EQ or an IN." },
		{ "SELECT k FROM t WHERE k = 1 ORDER BY v",
		  "InvalidRequest: Order by is currently only supported on the "
		  "clustered columns of the PRIMARY KEY, got v" },
		{ "SELECT 1 FROM t",
		  "InvalidRequest: Cannot infer type for term 1 in selection "
		  "clause (try using a cast to force a type)" },
	};

	open_tables();
	CHECK(&api, cases);
	api_close(&api);
}

TEST(what_is_not_here_yet_says_so)
{
	static const char *const statements[] = {
		"UPDATE t SET v = 'a' WHERE k = 1",
		"BEGIN BATCH INSERT INTO t (k) VALUES (1); APPLY BATCH",
		"DELETE v FROM t WHERE k = 1",
		"DELETE FROM t WHERE k = 1 IF v = 'a'",
		"SELECT JSON * FROM t",
		"INSERT INTO t JSON '{}'",
		"SELECT DISTINCT k FROM t",
		"SELECT k FROM t GROUP BY k",
		"SELECT k FROM t PER PARTITION LIMIT 1",
		"SELECT k FROM t WHERE v = 'a' ALLOW FILTERING",
		"SELECT k FROM t WHERE k > 1 ALLOW FILTERING",
		"SELECT min(k) FROM t",
		"SELECT count(v) FROM t",
		"SELECT totimestamp(count(*)) FROM t",
		"SELECT varintAsBlob(k) FROM t",
		"SELECT CAST(k AS text) FROM t",
		"SELECT k + 1 FROM t",
		"SELECT m['a'] FROM t",
		"SELECT v.x FROM t",
		"SELECT 1",
		"CREATE INDEX i ON t (v)",
		"CREATE MATERIALIZED VIEW x AS SELECT * FROM t",
		"GRANT ALL ON t TO u",
		"EXPLAIN ANALYZE SELECT * FROM t",
		"EXPLAIN USE ks",
	};
	bool has_failed = false;

	open_tables();
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]);
	     i++) {
		const char *result = api_query(&api, statements[i]);

		if (strstr(result, "InvalidRequest: ") == result &&
		    strstr(result, " is not supported") != NULL)
			continue;
		print_message("%s\n  got: %s\n", statements[i], result);
		has_failed = true;
	}
	assert_false(has_failed);
	api_close(&api);
}

TEST(what_changes_nothing_is_accepted)
{
	static const struct api_case cases[] = {
		{ "INSERT INTO t (k) VALUES (1) USING TIMEOUT 500ms", "" },
		{ "SELECT k FROM t WHERE k = 1 ALLOW FILTERING", "1" },
		{ "SELECT k FROM t ALLOW FILTERING BYPASS CACHE"
		  " USING TIMEOUT 1s", "1" },
		{ "SELECT system.now() FROM t WHERE k = 9", "" },
		{ "SELECT k FROM ks.t", "1" },
	};

	open_tables();
	CHECK(&api, cases);
	api_close(&api);
}

TEST(explain_says_what_will_be_done)
{
	static const struct api_case cases[] = {
		{ "EXPLAIN SELECT v FROM t WHERE k = 1 LIMIT 5",
		  "'point read of 1 key of ks.t';'  key: k = 1';"
		  "'  limit: 5';'  columns: v'" },
		{ "EXPLAIN SELECT v FROM t WHERE k IN (1, ?)",
		  "'read of up to 2 keys of ks.t';'  key: k IN (1, ?)';"
		  "'  columns: v'" },
		{ "EXPLAIN SELECT v FROM t WHERE k IN :keys",
		  "'read of the keys in a list of ks.t';"
		  "'  key: k IN :keys';'  columns: v'" },
		{ "EXPLAIN SELECT v FROM t WHERE token(k) > 5",
		  "'token range scan of ks.t';'  token: > 5';"
		  "'  columns: v'" },
		{ "EXPLAIN SELECT v FROM t WHERE token(k) = token(1)",
		  "'token range scan of ks.t';"
		  "'  token: = system.token(1)';'  columns: v'" },
		{ "EXPLAIN SELECT k FROM t",
		  "'full scan of ks.t';'  columns: k'" },
		{ "EXPLAIN SELECT count(*) FROM t",
		  "'count, from the index alone, of all of ks.t';"
		  "'  columns: count'" },
		{ "EXPLAIN DELETE FROM c WHERE a = 1 AND b IN ('x', 'y')",
		  "'deletion of up to 2 keys of ks.c';"
		  "'  key: a = 1 AND b IN (''x'', ''y'')'" },
		{ "EXPLAIN INSERT INTO bare (k) VALUES ('x') IF NOT EXISTS"
		  " USING TTL 5",
		  "'write of a whole row of ks.bare';'  k = ''x''';"
		  "'  ttl: 5';'  condition: the row does not exist'" },
	};

	open_tables();
	CHECK(&api, cases);
	api_close(&api);
}

UNIT_MAIN()
