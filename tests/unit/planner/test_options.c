/* SPDX-License-Identifier: MIT */
#include "planner/keyspace_option.h"
#include "planner/table_option.h"
#include "tests/unit/planner/schema_fixture.h"

#include "tests/support/unit.h"

#include <stdio.h>

/* `name = text AND …` of all declared options. */
static void
print_options(const struct option *options, uint32_t count,
	      struct buffer *out)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_string(out, " AND ");
		buffer_append_slice(out, options[i].name);
		buffer_append_string(out, " = ");
		buffer_append_slice(out, options[i].text);
	}
	buffer_append_byte(out, '\0');
}

static int
bind_table_options(const char *with, struct buffer *out, struct error *error)
{
	struct table *table;
	char text[1000];
	int result;

	snprintf(text, sizeof(text),
		 "CREATE TABLE ks.t (k int PRIMARY KEY) WITH %s", with);
	result = fixture_build(text, &table, error);
	if (result == 0)
		print_options(table->options, table->option_count, out);
	table_release(table);
	return result;
}

static int
bind_keyspace_options(const char *with, struct buffer *out,
		      struct error *error)
{
	struct keyspace *keyspace = keyspace_create();
	struct arena arena = { 0 };
	const struct ast_statement *statement;
	char text[1000];
	int result;

	snprintf(text, sizeof(text), "CREATE KEYSPACE ks WITH %s", with);
	statement = fixture_parse(text, &arena);
	assert_non_null(keyspace);
	result = keyspace_option_bind(statement->as.keyspace.properties,
				      keyspace, error);
	if (result == 0)
		print_options(keyspace->options, keyspace->option_count, out);
	keyspace_destroy(keyspace);
	arena_finish(&arena);
	return result;
}

struct accepted {
	const char *with;
	const char *kept;
};

struct refused {
	const char *with;
	int code;
	const char *message;
};

typedef int (*bind_options)(const char *with, struct buffer *out,
			    struct error *error);

static void
check_accepted(bind_options bind, const struct accepted *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct error error = ERROR_INIT;
		struct buffer out = { 0 };

		if (bind(cases[i].with, &out, &error) != 0)
			fail_msg("%s: %s", cases[i].with, error.message);
		assert_string_equal((const char *)out.data, cases[i].kept);
		/* The normal form is its own normal form. */
		if (out.size > 1) {
			struct buffer again = { 0 };

			assert_int_equal(bind((const char *)out.data, &again,
					      &error), 0);
			assert_string_equal((const char *)again.data,
					    (const char *)out.data);
			buffer_finish(&again);
		}
		buffer_finish(&out);
	}
}

static void
check_refused(bind_options bind, const struct refused *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct error error = ERROR_INIT;
		struct buffer out = { 0 };
		int result = bind(cases[i].with, &out, &error);

		if (result != -cases[i].code)
			fail_msg("%s: %d %s", cases[i].with, result,
				 error.message);
		assert_contains(error.message, cases[i].message);
		assert_true(error.position != ERROR_NO_POSITION);
		buffer_finish(&out);
	}
}

TEST(table_options_are_kept_in_normal_form)
{
	static const struct accepted cases[] = {
		{ "comment = 'it''s'", "comment = 'it''s'" },
		{ "comment = ''", "comment = ''" },
		{ "GC_Grace_Seconds = 010", "gc_grace_seconds = 10" },
		{ "gc_grace_seconds = '7'", "gc_grace_seconds = 7" },
		{ "crc_check_chance = 1", "crc_check_chance = 1" },
		{ "bloom_filter_fp_chance = 0.0100",
		  "bloom_filter_fp_chance = 0.01" },
		{ "bloom_filter_fp_chance = 1e-5",
		  "bloom_filter_fp_chance = 1e-05" },
		{ "default_time_to_live = 60 AND comment = 'x'",
		  "comment = 'x' AND default_time_to_live = 60" },
		{ "caching = {'rows_per_partition': 10, 'keys': 'ALL'}",
		  "caching = {'keys': 'ALL', 'rows_per_partition': '10'}" },
		{ "compaction = {'a': true, 'class': "
		  "'LeveledCompactionStrategy'}",
		  "compaction = {'class': 'LeveledCompactionStrategy', "
		  "'a': 'true'}" },
		{ "compression = {}", "compression = {}" },
		{ "compression = {'chunk_length_in_kb': 64}",
		  "compression = {'chunk_length_in_kb': '64'}" },
		{ "cdc = {'enabled': false}", "cdc = {'enabled': 'false'}" },
		{ "cdc = TRUE", "cdc = true" },
		{ "extensions = {'e': 0x00ff}",
		  "extensions = {'e': 0x00ff}" },
		{ "speculative_retry = '99.0PERCENTILE'",
		  "speculative_retry = '99.0PERCENTILE'" },
		{ "speculative_retry = 'NONE'", "speculative_retry = 'NONE'" },
		{ "storage_engine = 'logstor'", "" },
		{ "read_repair_chance = 0.1 AND replicate_on_write = 'x'",
		  "" },
		{ "id = 5a1c395e-b41f-11e5-9f22-ba0be0483c18", "" },
		{ "id = '5a1c395e-b41f-11e5-9f22-ba0be0483c18'", "" },
	};

	check_accepted(bind_table_options, cases, ARRAY_COUNT(cases));
}

TEST(bad_table_options_are_refused)
{
	static const struct refused cases[] = {
		{ "x = 1", ERROR_SYNTAX, "Unknown property 'x'" },
		{ "\"COMMENT\" = 'x'", ERROR_SYNTAX,
		  "Unknown property 'COMMENT'" },
		{ "comment = 'x' AND comment = 'y'", ERROR_SYNTAX,
		  "Multiple definition for property 'comment'" },
		{ "comment = {'a': 'b'}", ERROR_SYNTAX,
		  "It should be a string" },
		{ "caching = 'x'", ERROR_SYNTAX, "It should be a map" },
		{ "caching = {'x': 'y'}", ERROR_CONFIG,
		  "Invalid caching option: x" },
		{ "caching = {'keys': 'a', 'keys': 'b'}", ERROR_SYNTAX,
		  "Multiple definition for 'keys'" },
		{ "gc_grace_seconds = 'abc'", ERROR_SYNTAX,
		  "Invalid integer value abc for 'gc_grace_seconds'" },
		{ "gc_grace_seconds = 1.5", ERROR_SYNTAX,
		  "Invalid integer value 1.5" },
		{ "gc_grace_seconds = 99999999999", ERROR_SYNTAX,
		  "Invalid integer value 99999999999" },
		{ "gc_grace_seconds = -1", ERROR_CONFIG,
		  "gc_grace_seconds cannot be smaller than 0, (default "
		  "864000)" },
		{ "default_time_to_live = -1", ERROR_CONFIG,
		  "default_time_to_live cannot be smaller than 0" },
		{ "default_time_to_live = 630720001", ERROR_CONFIG,
		  "default_time_to_live must be less than or equal to "
		  "630720000" },
		{ "bloom_filter_fp_chance = 0", ERROR_CONFIG,
		  "bloom_filter_fp_chance must be larger than 0" },
		{ "bloom_filter_fp_chance = 1.1", ERROR_CONFIG,
		  "(got 1.1)" },
		{ "bloom_filter_fp_chance = NaN", ERROR_SYNTAX,
		  "Invalid double value" },
		{ "crc_check_chance = 2", ERROR_CONFIG, "between 0.0 and" },
		{ "compaction = {'a': 'b'}", ERROR_CONFIG,
		  "Missing sub-option 'class' for the 'compaction' option" },
		{ "compaction = {'class': 'X'}", ERROR_CONFIG,
		  "Unable to find compaction strategy class 'X'" },
		{ "compression = {'chunk_length_in_kb': 3}", ERROR_CONFIG,
		  "chunk_length_in_kb must be a power of 2" },
		{ "min_index_interval = 0", ERROR_CONFIG,
		  "cannot be smaller than 1, (default 128)" },
		{ "min_index_interval = 10 AND max_index_interval = 5",
		  ERROR_CONFIG, "max_index_interval cannot be smaller" },
		{ "min_index_interval = 4096", ERROR_CONFIG,
		  "max_index_interval cannot be smaller" },
		{ "memtable_flush_period_in_ms = 5", ERROR_CONFIG,
		  "must be 0 or greater than 60000" },
		{ "speculative_retry = 'maybe'", ERROR_CONFIG,
		  "Invalid value 'maybe' for option 'speculative_retry'" },
		{ "cdc = 5", ERROR_SYNTAX, "Invalid boolean value 5" },
		{ "synchronous_updates = true", ERROR_INVALID,
		  "only applicable to materialized views" },
		{ "storage_engine = 'normal'", ERROR_CONFIG,
		  "Illegal value for 'storage_engine'" },
		{ "id = 'abc'", ERROR_CONFIG, "Invalid table id" },
	};

	check_refused(bind_table_options, cases, ARRAY_COUNT(cases));
}

TEST(what_works_of_the_options_is_taken_out)
{
	static const uint8_t expected[16] = {
		0x5a, 0x1c, 0x39, 0x5e, 0xb4, 0x1f, 0x11, 0xe5,
		0x9f, 0x22, 0xba, 0x0b, 0xe0, 0x48, 0x3c, 0x18,
	};
	struct error error = ERROR_INIT;
	struct table *table;

	assert_int_equal(fixture_build(
		"CREATE TABLE ks.t (k int PRIMARY KEY) WITH "
		"default_time_to_live = 86400 AND "
		"id = 5a1c395e-b41f-11e5-9f22-ba0be0483c18",
		&table, &error), 0);
	assert_int_equal(table->default_time_to_live_s, 86400);
	assert_memory_equal(table->uuid, expected, sizeof(expected));
	table_release(table);
}

TEST(a_misspelt_option_gets_a_hint)
{
	struct error error = ERROR_INIT;
	struct buffer out = { 0 };

	assert_int_equal(bind_table_options("default_time_to_life = 1", &out,
					    &error), -ERROR_SYNTAX);
	assert_contains(error.hint, "did you mean 'default_time_to_live'?");
	buffer_finish(&out);
}

#define LOCATOR "org.apache.cassandra.locator."

TEST(keyspace_options_are_kept_in_normal_form)
{
	static const struct accepted cases[] = {
		{ "REPLICATION = {'replication_factor': 3, 'class': "
		  "'SimpleStrategy'}",
		  "replication = {'class': '" LOCATOR "SimpleStrategy', "
		  "'replication_factor': '3'}" },
		{ "replication = {'class': '" LOCATOR
		  "NetworkTopologyStrategy', 'dc1': 2, 'dc 2': '1'} AND "
		  "durable_writes = False",
		  "durable_writes = false AND replication = {'class': '"
		  LOCATOR "NetworkTopologyStrategy', 'dc 2': '1', "
		  "'dc1': '2'}" },
		{ "replication = {'class': 'NetworkTopologyStrategy'} AND "
		  "tablets = {'enabled': true}",
		  "replication = {'class': '" LOCATOR
		  "NetworkTopologyStrategy'} AND tablets = {'enabled': "
		  "'true'}" },
	};

	check_accepted(bind_keyspace_options, cases, ARRAY_COUNT(cases));
}

TEST(bad_keyspace_options_are_refused)
{
	static const struct refused cases[] = {
		{ "replication = {'replication_factor': 1}", ERROR_CONFIG,
		  "Missing mandatory replication strategy class" },
		{ "replication = {}", ERROR_CONFIG,
		  "Missing mandatory replication strategy class" },
		{ "replication = {'class': 'Nope'}", ERROR_CONFIG,
		  "Unable to find replication strategy class 'Nope'" },
		{ "replication = {'class': 'SimpleStrategy'}", ERROR_CONFIG,
		  "requires a replication_factor" },
		{ "replication = {'class': 'SimpleStrategy', "
		  "'replication_factor': 'many'}", ERROR_CONFIG,
		  "Replication factor must be numeric; found many" },
		{ "replication = {'class': 'SimpleStrategy', "
		  "'replication_factor': -1}", ERROR_CONFIG,
		  "Replication factor must be non-negative" },
		{ "replication = {'class': 'SimpleStrategy', "
		  "'replication_factor': 1, 'dc1': 1}", ERROR_CONFIG,
		  "Unrecognized strategy option {dc1}" },
		{ "replication = 'SimpleStrategy'", ERROR_SYNTAX,
		  "It should be a map" },
		{ "durable_writes = 'maybe'", ERROR_SYNTAX,
		  "Invalid boolean value maybe for 'durable_writes'" },
		{ "comment = 'x'", ERROR_SYNTAX,
		  "Unknown property 'comment'" },
	};

	check_refused(bind_keyspace_options, cases, ARRAY_COUNT(cases));
}

UNIT_MAIN()
