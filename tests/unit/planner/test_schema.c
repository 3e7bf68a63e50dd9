/* SPDX-License-Identifier: MIT */
#include "planner/catalog_store.h"
#include "tests/unit/planner/schema_fixture.h"

#include "tests/support/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
assert_fails(struct fixture *fixture, const char *text, int code,
	     const char *message)
{
	struct error error = ERROR_INIT;
	uint64_t version = fixture->database.catalog.version;
	int result = fixture_run(fixture, text, &error);

	if (result != -code)
		fail_msg("%s: %d %s", text, result, error.message);
	assert_contains(error.message, message);
	assert_int_equal(fixture->database.catalog.version, version);
}

static const char *
hint_of(struct fixture *fixture, const char *text, struct error *error)
{
	*error = ERROR_INIT;
	assert_true(fixture_run(fixture, text, error) < 0);
	return error->hint;
}

TEST(keyspaces_and_tables_come_and_go)
{
	struct fixture fixture;

	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	fixture_must(&fixture, "CREATE TABLE ks.t (k int PRIMARY KEY)");
	assert_non_null(fixture_table(&fixture, "ks", "t"));
	fixture_must(&fixture, "DROP TABLE ks.t");
	assert_null(fixture_table(&fixture, "ks", "t"));
	fixture_must(&fixture, "CREATE TABLE ks.t (k text PRIMARY KEY)");
	fixture_must(&fixture, "CREATE TABLE ks.u (k text PRIMARY KEY)");
	fixture_must(&fixture, "DROP KEYSPACE ks");
	assert_null(fixture.database.catalog.keyspaces);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	assert_null(fixture_table(&fixture, "ks", "t"));
	fixture_close(&fixture);
}

TEST(what_is_there_is_not_made_again)
{
	struct fixture fixture;
	const struct table *table;
	uint64_t version;

	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	fixture_must(&fixture, "CREATE TABLE ks.t (k int PRIMARY KEY)");
	table = fixture_table(&fixture, "ks", "t");
	assert_fails(&fixture, "CREATE KEYSPACE ks", ERROR_EXISTS,
		     "Cannot add existing keyspace \"ks\"");
	assert_fails(&fixture, "CREATE TABLE ks.t (k text PRIMARY KEY)",
		     ERROR_EXISTS, "Cannot add already existing table \"t\" "
		     "to keyspace \"ks\"");
	version = fixture.database.catalog.version;
	fixture_must(&fixture, "CREATE KEYSPACE IF NOT EXISTS ks");
	fixture_must(&fixture,
		     "CREATE TABLE IF NOT EXISTS ks.t (k text PRIMARY KEY)");
	fixture_must(&fixture, "DROP KEYSPACE IF EXISTS other");
	fixture_must(&fixture, "DROP TABLE IF EXISTS ks.other");
	fixture_must(&fixture, "DROP TABLE IF EXISTS other.t");
	assert_int_equal(fixture.database.catalog.version, version);
	assert_ptr_equal(fixture_table(&fixture, "ks", "t"), table);
	fixture_close(&fixture);
}

TEST(what_is_not_there_is_said_with_cqls_words)
{
	struct fixture fixture;

	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	assert_fails(&fixture, "USE nope", ERROR_INVALID,
		     "Keyspace 'nope' does not exist");
	assert_fails(&fixture, "DROP KEYSPACE nope", ERROR_CONFIG,
		     "Cannot drop non existing keyspace 'nope'.");
	assert_fails(&fixture, "CREATE TABLE nope.t (k int PRIMARY KEY)",
		     ERROR_INVALID, "Keyspace nope does not exist");
	assert_fails(&fixture, "CREATE TABLE t (k int PRIMARY KEY)",
		     ERROR_INVALID, "No keyspace has been specified. USE a "
		     "keyspace, or explicitly specify keyspace.tablename");
	assert_fails(&fixture, "DROP TABLE ks.nope", ERROR_INVALID,
		     "unconfigured table nope");
	assert_fails(&fixture, "TRUNCATE ks.nope", ERROR_INVALID,
		     "unconfigured table nope");
	assert_fails(&fixture, "CREATE KEYSPACE system", ERROR_INVALID,
		     "system keyspace is not user-modifiable");
	assert_fails(&fixture, "CREATE KEYSPACE \"a-b\"", ERROR_INVALID,
		     "\"a-b\" is not a valid keyspace name");
	assert_fails(&fixture, "ALTER TABLE ks.t ADD c int", ERROR_INVALID,
		     "ALTER TABLE is not supported");
	assert_fails(&fixture, "ALTER KEYSPACE ks WITH durable_writes = true",
		     ERROR_INVALID, "ALTER KEYSPACE is not supported");
	assert_fails(&fixture, "CREATE TYPE ks.x (a int)", ERROR_INVALID,
		     "CREATE TYPE is not supported");
	assert_fails(&fixture, "DROP TYPE ks.x", ERROR_INVALID,
		     "DROP TYPE is not supported");
	assert_fails(&fixture, "ALTER TYPE ks.x ADD c int", ERROR_INVALID,
		     "ALTER TYPE is not supported");
	fixture_close(&fixture);
}

TEST(misspelt_names_get_hints)
{
	struct fixture fixture;
	struct error error;

	fixture_open(&fixture, NULL);
	assert_contains(hint_of(&fixture, "DROP TABLE t", &error),
			"CREATE KEYSPACE");
	fixture_must(&fixture, "CREATE KEYSPACE shop");
	fixture_must(&fixture, "CREATE KEYSPACE lab");
	fixture_must(&fixture, "CREATE TABLE shop.users (k int PRIMARY KEY)");
	assert_contains(hint_of(&fixture, "USE shpo", &error),
			"did you mean 'shop'?");
	assert_contains(hint_of(&fixture, "DROP KEYSPACE shops", &error),
			"did you mean 'shop'?");
	assert_contains(hint_of(&fixture, "DROP TABLE shop.user", &error),
			"did you mean 'users'?");
	assert_contains(hint_of(&fixture, "TRUNCATE lab.users", &error),
			"did you mean 'shop.users'?");
	assert_contains(hint_of(&fixture, "DROP TABLE t", &error),
			"USE lab;");
	assert_string_equal(hint_of(&fixture, "DROP TABLE lab.zzz", &error),
			    "");
	fixture_close(&fixture);
}

TEST(a_statement_means_the_keyspace_it_was_prepared_in)
{
	struct fixture fixture;
	struct arena arena = { 0 };
	struct plan plan = { 0 };
	struct execute_schema_state execution = { 0 };
	struct error error = ERROR_INIT;
	uint64_t lsn;

	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE a");
	fixture_must(&fixture, "CREATE KEYSPACE b");
	fixture_must(&fixture, "USE a");
	assert_int_equal(bind_schema(
		&fixture.session,
		fixture_parse("CREATE TABLE t (k int PRIMARY KEY)", &arena),
		&arena, &plan, &error), 0);
	assert_int_equal(plan.kind, PLAN_SCHEMA);
	fixture_must(&fixture, "USE b");
	assert_int_equal(fixture_execute(&fixture, &plan, &execution, &lsn,
					 &error), 0);
	assert_non_null(fixture_table(&fixture, "a", "t"));
	assert_null(fixture_table(&fixture, "b", "t"));
	execute_schema_finish(&execution);
	arena_finish(&arena);
	fixture_close(&fixture);
}

TEST(a_dropped_keyspace_stays_in_use_but_is_not_found)
{
	struct fixture fixture;

	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	fixture_must(&fixture, "USE ks");
	fixture_must(&fixture, "CREATE TABLE t (k int PRIMARY KEY)");
	fixture_must(&fixture, "DROP KEYSPACE ks");
	assert_fails(&fixture, "TRUNCATE t", ERROR_INVALID,
		     "Keyspace ks does not exist");
	fixture_close(&fixture);
}

TEST(truncate_empties_a_table_and_keeps_its_uuid)
{
	struct fixture fixture;
	struct table *before, *after;

	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	fixture_must(&fixture, "CREATE TABLE ks.t (k int PRIMARY KEY, v "
		     "list<text>) WITH comment = 'c'");
	before = table_reference(fixture_table(&fixture, "ks", "t"));
	fixture_write(&fixture, before->storage_id, "key");
	assert_true(fixture_has(&fixture, before->storage_id, "key"));
	fixture_must(&fixture, "TRUNCATE TABLE ks.t");
	after = fixture_table(&fixture, "ks", "t");
	assert_ptr_not_equal(before, after);
	assert_int_not_equal(before->storage_id, after->storage_id);
	assert_memory_equal(before->uuid, after->uuid, 16);
	assert_int_equal(after->column_count, 2);
	assert_int_equal(after->option_count, 1);
	assert_false(fixture_has(&fixture, after->storage_id, "key"));
	fixture_write(&fixture, after->storage_id, "key");
	assert_true(fixture_has(&fixture, after->storage_id, "key"));
	table_release(before);
	fixture_close(&fixture);
}

TEST(every_table_has_its_own_uuid)
{
	struct fixture fixture;
	const struct table *a, *b;

	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	fixture_must(&fixture, "CREATE TABLE ks.a (k int PRIMARY KEY)");
	fixture_must(&fixture, "CREATE TABLE ks.b (k int PRIMARY KEY) WITH "
		     "id = 5a1c395e-b41f-11e5-9f22-ba0be0483c18");
	a = fixture_table(&fixture, "ks", "a");
	b = fixture_table(&fixture, "ks", "b");
	assert_int_equal(a->uuid[6] >> 4, 4);
	assert_int_equal(b->uuid[0], 0x5a);
	assert_int_not_equal(a->storage_id, b->storage_id);
	assert_fails(&fixture, "CREATE TABLE ks.c (k int PRIMARY KEY) WITH "
		     "id = 5a1c395e-b41f-11e5-9f22-ba0be0483c18",
		     ERROR_INVALID, "Table ks.b has that id already");
	fixture_close(&fixture);
}

/* Two sessions make one table at once: the second to get its writes in sees
 * what the first has done. */
TEST(a_change_that_was_overtaken_is_checked_again)
{
	struct fixture fixture;
	struct arena arena = { 0 };
	struct plan plan = { 0 };
	struct execute_schema_state execution = { 0 };
	struct error error = ERROR_INIT;
	const struct table *table;
	uint64_t lsn;

	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	assert_int_equal(bind_schema(
		&fixture.session,
		fixture_parse("CREATE TABLE ks.t (k int PRIMARY KEY)",
			      &arena), &arena, &plan, &error), 0);
	/* As after a first call that found the buffers full. */
	assert_int_equal(fixture_execute(&fixture, &plan, &execution, &lsn,
					 &error), 0);
	table = fixture_table(&fixture, "ks", "t");
	assert_int_equal(fixture_execute(&fixture, &plan, &execution, &lsn,
					 &error), -ERROR_EXISTS);
	assert_ptr_equal(fixture_table(&fixture, "ks", "t"), table);
	execute_schema_finish(&execution);
	arena_finish(&arena);
	fixture_close(&fixture);
}

TEST(a_definition_too_large_to_store_is_refused)
{
	struct fixture fixture;
	struct buffer text = { 0 };

	fixture_open(&fixture, NULL);
	fixture_must(&fixture, "CREATE KEYSPACE ks");
	buffer_append_string(&text, "CREATE TABLE ks.t (k int PRIMARY KEY");
	/* Longer than a file: more than any row may have. */
	for (int i = 0; i < 40000; i++)
		buffer_printf(&text,
			      ", a_column_with_a_rather_long_name_%d int", i);
	buffer_append(&text, ")", 2);
	assert_fails(&fixture, (const char *)text.data, ERROR_INVALID,
		     "the definition of table ks.t takes");
	assert_null(fixture_table(&fixture, "ks", "t"));
	buffer_finish(&text);
	fixture_close(&fixture);
}

/* ---- on disk ---- */

static void
remove_directory(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL)
		unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	rmdir(path);
}

TEST(the_schema_is_there_after_reopening)
{
	char path[] = "/tmp/logstor-schema-XXXXXX";
	struct fixture fixture;
	uint32_t number;
	uint8_t uuid[16];

	assert_non_null(mkdtemp(path));
	fixture_open(&fixture, path);
	fixture_must(&fixture, "CREATE KEYSPACE gone");
	fixture_must(&fixture, "CREATE TABLE gone.t (k int PRIMARY KEY)");
	fixture_must(&fixture, "CREATE KEYSPACE ks WITH replication = "
		     "{'class': 'SimpleStrategy', 'replication_factor': 1}");
	fixture_must(&fixture, "CREATE TABLE ks.a (k int PRIMARY KEY, v "
		     "map<text, int>) WITH comment = 'c'");
	fixture_must(&fixture, "CREATE TABLE ks.b (k int PRIMARY KEY)");
	fixture_must(&fixture, "CREATE TABLE ks.c (k int PRIMARY KEY)");
	fixture_must(&fixture, "DROP KEYSPACE gone");
	fixture_must(&fixture, "DROP TABLE ks.b");
	number = fixture_table(&fixture, "ks", "a")->storage_id;
	memcpy(uuid, fixture_table(&fixture, "ks", "a")->uuid, 16);
	fixture_write(&fixture, number, "kept");
	fixture_write(&fixture, fixture_table(&fixture, "ks",
					      "c")->storage_id, "cut");
	fixture_must(&fixture, "TRUNCATE ks.c");
	fixture_reopen(&fixture);
	assert_null(catalog_find_keyspace(&fixture.database.catalog,
					  SLICE("gone")));
	assert_null(fixture_table(&fixture, "ks", "b"));
	assert_int_equal(fixture_table(&fixture, "ks", "a")->storage_id,
			 number);
	assert_memory_equal(fixture_table(&fixture, "ks", "a")->uuid, uuid,
			    16);
	assert_int_equal(fixture_table(&fixture, "ks", "a")->option_count, 1);
	assert_true(fixture_has(&fixture, number, "kept"));
	assert_false(fixture_has(&fixture,
				 fixture_table(&fixture, "ks",
					       "c")->storage_id, "cut"));
	/* numbers are never used again */
	fixture_must(&fixture, "CREATE TABLE ks.d (k int PRIMARY KEY)");
	assert_true(fixture_table(&fixture, "ks", "d")->storage_id >
		    fixture_table(&fixture, "ks", "c")->storage_id);
	fixture_close(&fixture);
	remove_directory(path);
}

TEST(a_damaged_catalog_is_refused_at_opening)
{
	static const struct {
		struct slice key, value;
		const char *message;
	} cases[] = {
		{ SLICE_LITERAL("tks\0t"), SLICE_LITERAL("\1x"),
		  "the definition of table ks.t is damaged" },
		{ SLICE_LITERAL("kks\0"), SLICE_LITERAL("\1\1"),
		  "the definition of keyspace ks is damaged" },
		{ SLICE_LITERAL("xks\0"), SLICE_LITERAL("\1\0"),
		  "a row's key is damaged" },
		{ SLICE_LITERAL("kks"), SLICE_LITERAL("\1\0"),
		  "a row's key is damaged" },
		{ SLICE_LITERAL("kk\x1b[2J\0"), SLICE_LITERAL("\1\0"),
		  "a row's key is damaged" },
		{ SLICE_LITERAL("tks\0t"),
		  SLICE_LITERAL("\1" "0123456789abcdef"
				"\x14\1\0\1\0\0\1k\2\x09\0\0"),
		  "table ks.t is in no keyspace" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct fixture fixture;
		struct error error = ERROR_INIT;
		struct catalog catalog = { 0 };

		fixture_open(&fixture, NULL);
		fixture_put(&fixture, ENGINE_TABLE_CATALOG, cases[i].key,
			    cases[i].value);
		assert_int_equal(catalog_store_load(fixture.database.engine,
						    &catalog, &error),
				 -ERROR_CORRUPT);
		assert_contains(error.message, cases[i].message);
		catalog_finish(&catalog);
		fixture_close(&fixture);
	}
}

UNIT_MAIN()
