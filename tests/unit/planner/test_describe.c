/* SPDX-License-Identifier: MIT */
#include "tests/unit/planner/schema_fixture.h"

#include "tests/support/unit.h"

#include <stdio.h>

static void
assert_describes(struct fixture *fixture, const char *text,
		 const char *expected)
{
	struct error error = ERROR_INIT;
	struct buffer out = { 0 };

	if (fixture_describe(fixture, text, &out, &error) != 0)
		fail_msg("%s: %s", text, error.message);
	assert_string_equal((const char *)out.data, expected);
	buffer_finish(&out);
}

static void
assert_fails(struct fixture *fixture, const char *text, const char *message)
{
	struct error error = ERROR_INIT;
	struct buffer out = { 0 };

	assert_int_equal(fixture_describe(fixture, text, &out, &error),
			 -ERROR_INVALID);
	assert_string_equal(error.message, message);
	buffer_finish(&out);
}

#define PLAIN_REPLICATION                                                \
	"{'class': 'org.apache.cassandra.locator.SimpleStrategy', "      \
	"'replication_factor': '1'}"
#define SHOP                                                             \
	"shop|keyspace|shop|CREATE KEYSPACE shop WITH replication = "    \
	PLAIN_REPLICATION " AND durable_writes = true;\n"
#define USERS                                                            \
	"shop|table|users|CREATE TABLE shop.users (\n"                   \
	"    id int,\n"                                                  \
	"    name text,\n"                                               \
	"    PRIMARY KEY (id)\n"                                         \
	") WITH storage_engine = 'logstor';\n"

static void
open_shop(struct fixture *fixture)
{
	fixture_open(fixture, NULL);
	fixture_must(fixture, "CREATE KEYSPACE shop");
	fixture_must(fixture, "CREATE KEYSPACE \"Lab\" WITH replication = "
		     "{'class': 'NetworkTopologyStrategy', 'dc1': 3} AND "
		     "durable_writes = false AND tablets = "
		     "{'enabled': false}");
	fixture_must(fixture, "CREATE TABLE shop.users (name text, id int "
		     "PRIMARY KEY)");
	fixture_must(fixture, "CREATE TABLE shop.\"Orders\" (z int, a "
		     "frozen<list<int>>, \"select\" set<text>, \"B\" int, "
		     "PRIMARY KEY ((z, a))) WITH "
		     "speculative_retry = 'NONE' AND tombstone_gc = {} AND "
		     "comment = 'o''s' AND default_time_to_live = 5");
}

TEST(listings_have_names)
{
	struct fixture fixture;

	open_shop(&fixture);
	assert_describes(&fixture, "DESCRIBE KEYSPACES",
			 "\"Lab\"|keyspace|\"Lab\"\n"
			 "shop|keyspace|shop\n");
	assert_describes(&fixture, "DESCRIBE TABLES",
			 "shop|table|\"Orders\"\nshop|table|users\n");
	fixture_must(&fixture, "USE \"Lab\"");
	assert_describes(&fixture, "DESC TABLES", "");
	fixture_must(&fixture, "USE shop");
	assert_describes(&fixture, "DESC TABLES",
			 "shop|table|\"Orders\"\nshop|table|users\n");
	assert_describes(&fixture, "DESCRIBE TYPES", "");
	assert_describes(&fixture, "DESCRIBE FUNCTIONS", "");
	assert_describes(&fixture, "DESCRIBE AGGREGATES", "");
	assert_describes(&fixture, "DESCRIBE CLUSTER",
			 "logstor|org.apache.cassandra.dht."
			 "Murmur3Partitioner|org.apache.cassandra.locator."
			 "SimpleSnitch\n");
	fixture_close(&fixture);
}

TEST(tables_are_printed_as_declared)
{
	struct fixture fixture;

	open_shop(&fixture);
	assert_describes(&fixture, "DESCRIBE TABLE shop.users", USERS);
	assert_describes(&fixture, "DESCRIBE shop.users", USERS);
	assert_describes(&fixture, "DESCRIBE shop.\"Orders\"",
			 "shop|table|\"Orders\"|"
			 "CREATE TABLE shop.\"Orders\" (\n"
			 "    z int,\n"
			 "    a frozen<list<int>>,\n"
			 "    \"B\" int,\n"
			 "    \"select\" set<text>,\n"
			 "    PRIMARY KEY ((z, a))\n"
			 ") WITH comment = 'o''s'\n"
			 "    AND default_time_to_live = 5\n"
			 "    AND speculative_retry = 'NONE'\n"
			 "    AND storage_engine = 'logstor'\n"
			 "    AND tombstone_gc = {};\n");
	fixture_must(&fixture, "USE shop");
	assert_describes(&fixture, "DESCRIBE TABLE users", USERS);
	assert_describes(&fixture, "DESC users", USERS);
	fixture_close(&fixture);
}

TEST(keyspaces_are_printed_with_their_tables)
{
	struct fixture fixture;

	open_shop(&fixture);
	fixture_must(&fixture, "DROP TABLE shop.\"Orders\"");
	assert_describes(&fixture, "DESCRIBE KEYSPACE shop", SHOP USERS);
	assert_describes(&fixture, "DESCRIBE shop", SHOP USERS);
	assert_describes(&fixture, "DESCRIBE \"Lab\"",
			 "\"Lab\"|keyspace|\"Lab\"|CREATE KEYSPACE \"Lab\" "
			 "WITH replication = {'class': 'org.apache.cassandra."
			 "locator.NetworkTopologyStrategy', 'dc1': '3'} AND "
			 "durable_writes = false AND tablets = {'enabled': "
			 "'false'};\n");
	fixture_must(&fixture, "DROP KEYSPACE \"Lab\"");
	assert_describes(&fixture, "DESCRIBE SCHEMA", SHOP USERS);
	assert_describes(&fixture, "DESCRIBE FULL SCHEMA", SHOP USERS);
	fixture_must(&fixture, "USE shop");
	assert_describes(&fixture, "DESCRIBE KEYSPACE", SHOP USERS);
	assert_describes(&fixture, "DESCRIBE ONLY KEYSPACE shop", SHOP);
	fixture_close(&fixture);
}

TEST(internals_are_the_id)
{
	struct fixture fixture;

	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	fixture_must(&fixture, "CREATE TABLE ks.t (k int PRIMARY KEY) WITH "
		     "id = 5a1c395e-b41f-11e5-9f22-ba0be0483c18");
	assert_describes(&fixture, "DESCRIBE TABLE ks.t WITH INTERNALS",
			 "ks|table|t|CREATE TABLE ks.t (\n"
			 "    k int,\n"
			 "    PRIMARY KEY (k)\n"
			 ") WITH id = 5a1c395e-b41f-11e5-9f22-ba0be0483c18\n"
			 "    AND storage_engine = 'logstor';\n");
	fixture_close(&fixture);
}

TEST(what_is_not_found_is_said)
{
	struct fixture fixture;

	open_shop(&fixture);
	assert_fails(&fixture, "DESCRIBE KEYSPACE nope",
		     "'nope' not found in keyspaces");
	assert_fails(&fixture, "DESCRIBE nope",
		     "'nope' not found in keyspaces");
	assert_fails(&fixture, "DESCRIBE KEYSPACE",
		     "No keyspace specified and no current keyspace");
	assert_fails(&fixture, "DESCRIBE TABLE users",
		     "No keyspace specified and no current keyspace");
	assert_fails(&fixture, "DESCRIBE TABLE shop.nope",
		     "Table 'nope' not found in keyspace 'shop'");
	assert_fails(&fixture, "DESCRIBE nope.users",
		     "'nope' not found in keyspaces");
	fixture_must(&fixture, "USE shop");
	assert_fails(&fixture, "DESCRIBE nope",
		     "'nope' not found in keyspace 'shop'");
	assert_fails(&fixture, "DESCRIBE TYPE nope",
		     "User defined type 'nope' not found in keyspace "
		     "'shop'");
	fixture_must(&fixture, "DROP KEYSPACE shop");
	assert_fails(&fixture, "DESCRIBE TABLES",
		     "'shop' not found in keyspaces");
	fixture_close(&fixture);
}

/* The statement of the one table or keyspace that ${text} describes. */
static void
get_statement(struct fixture *fixture, const char *text, struct buffer *out)
{
	struct error error = ERROR_INIT;

	if (fixture_describe(fixture, text, out, &error) != 0)
		fail_msg("%s: %s", text, error.message);
}

static const char *
statement_in(const struct buffer *row)
{
	const char *text = (const char *)row->data;

	for (int i = 0; i < 3; i++) {
		text = strchr(text, '|');
		assert_non_null(text);
		text++;
	}
	return text;
}

TEST(what_describe_prints_makes_the_same_again)
{
	static const char *const tables[] = {
		"(k int PRIMARY KEY)",
		"(b tinyint, a smallint, c bigint, d boolean, e float, "
		"f double, g text, h ascii, i blob, j uuid, k timeuuid, "
		"l timestamp, m date, n time, o inet, p list<int>, "
		"q frozen<set<text>>, r map<int, frozen<map<text, "
		"frozen<list<date>>>>>, s tuple<int, frozen<tuple<text, "
		"set<int>>>>, PRIMARY KEY ((b, a)))",
		"(\"a\"\"b\" int, \"é ü\" text, \"SELECT\" int, \"from\" "
		"int, \"1a\" int, \"int\" int, PRIMARY KEY ((\"a\"\"b\", "
		"\"from\")))",
		"(k frozen<tuple<int, text>> PRIMARY KEY) WITH comment = "
		"'a;b--''$$\n' AND bloom_filter_fp_chance = 0.123456789 AND "
		"caching = {'keys': 'ALL', 'rows_per_partition': 'NONE'} AND "
		"cdc = {'enabled': true} AND compaction = {'class': "
		"'SizeTieredCompactionStrategy'} AND compression = "
		"{'sstable_compression': ''} AND crc_check_chance = 1.0 AND "
		"default_time_to_live = 0 AND gc_grace_seconds = 0 AND "
		"extensions = {'x': 0xab} AND max_index_interval = 4000 AND "
		"min_index_interval = 100 AND speculative_retry = '50ms' AND "
		"read_repair = 'BLOCKING' AND "
		"memtable_flush_period_in_ms = 0 AND tombstone_gc = "
		"{'mode': 'repair'} AND dclocal_read_repair_chance = 1",
	};
	struct fixture fixture;

	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
		struct buffer text = { 0 }, first = { 0 }, second = { 0 };

		buffer_append_string(&text, "CREATE TABLE ks.t ");
		buffer_append(&text, tables[i], strlen(tables[i]) + 1);
		fixture_must(&fixture, (const char *)text.data);
		get_statement(&fixture, "DESCRIBE ks.t", &first);
		fixture_must(&fixture, "DROP TABLE ks.t");
		fixture_must(&fixture, statement_in(&first));
		get_statement(&fixture, "DESCRIBE ks.t", &second);
		assert_string_equal((const char *)first.data,
				    (const char *)second.data);
		fixture_must(&fixture, "DROP TABLE ks.t");
		buffer_finish(&text);
		buffer_finish(&first);
		buffer_finish(&second);
	}
	fixture_close(&fixture);
}

TEST(a_keyspace_printed_makes_the_same_again)
{
	static const char *const names[] = { "shop", "\"Lab\"" };
	struct fixture fixture;

	open_shop(&fixture);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		struct buffer text = { 0 }, first = { 0 }, second = { 0 };
		char drop[64];

		buffer_printf(&text, "DESCRIBE ONLY KEYSPACE %s", names[i]);
		buffer_append_byte(&text, '\0');
		get_statement(&fixture, (const char *)text.data, &first);
		snprintf(drop, sizeof(drop), "DROP KEYSPACE %s", names[i]);
		fixture_must(&fixture, drop);
		fixture_must(&fixture, statement_in(&first));
		get_statement(&fixture, (const char *)text.data, &second);
		assert_string_equal((const char *)first.data,
				    (const char *)second.data);
		buffer_finish(&text);
		buffer_finish(&first);
		buffer_finish(&second);
	}
	fixture_close(&fixture);
}

UNIT_MAIN()
