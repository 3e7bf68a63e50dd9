/* SPDX-License-Identifier: MIT
 *
 * Memory that runs out at every possible moment: the linker puts the functions
 * below in front of the C library's. */
#include "planner/catalog_store.h"
#include "planner/keyspace_option.h"
#include "planner/schema_print.h"
#include "planner/table_definition.h"
#include "tests/unit/planner/schema_fixture.h"

#include "tests/support/unit.h"

#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long allocations_left = -1; /* negative: as many as wanted */

static bool
may_allocate(void)
{
	if (allocations_left > 0)
		allocations_left--;
	return allocations_left != 0;
}

void *
__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *
__wrap_realloc(void *memory, size_t size)
{
	return may_allocate() ? __real_realloc(memory, size) : NULL;
}

/* Runs ${work} with ever more memory until it succeeds. */
static void
starve(int (*work)(const struct ast_statement *statement,
		   struct error *error), const char *text)
{
	struct arena arena = { 0 };
	const struct ast_statement *statement = fixture_parse(text, &arena);
	long failures = 0;
	int result;

	for (long count = 1;; count++) {
		struct error error = ERROR_INIT;

		allocations_left = count;
		result = work(statement, &error);
		allocations_left = -1;
		if (result == 0)
			break;
		if (result != -ERROR_FULL)
			fail_msg("%d: %s", result, error.message);
		assert_string_equal(error.message, "out of memory");
		failures++;
		assert_true(failures < 1000);
	}
	assert_true(failures > 2);
	arena_finish(&arena);
}

static int
store_and_print_table(const struct table *table, struct error *error)
{
	struct arena arena = { 0 };
	struct buffer text = { 0 };
	struct slice value = catalog_store_table_value(table, &arena);
	struct table *copy = NULL;
	int result = slice_is_null(value) ?
			     error_no_memory(error) :
			     catalog_store_decode_table(table->keyspace,
							table->name, value,
							&copy, error);

	if (result == 0)
		schema_print_table(copy, true, &text);
	if (text.has_failed)
		result = error_no_memory(error);
	table_release(copy);
	buffer_finish(&text);
	arena_finish(&arena);
	return result;
}

static int
make_table(const struct ast_statement *statement, struct error *error)
{
	struct table *table;
	bool has_uuid;
	int result = table_definition_build(&statement->as.create_table,
					    &table, &has_uuid, error);

	if (result < 0)
		return result;
	table->storage_id = 100;
	result = store_and_print_table(table, error);
	table_release(table);
	return result;
}

static int
make_keyspace(const struct ast_statement *statement, struct error *error)
{
	struct keyspace *keyspace = keyspace_create(), *copy = NULL;
	struct arena arena = { 0 };
	struct slice value;
	int result;

	if (keyspace == NULL)
		return error_no_memory(error);
	result = keyspace_option_bind(statement->as.keyspace.properties,
				      keyspace, error);
	if (result == 0) {
		value = catalog_store_keyspace_value(keyspace, &arena);
		result = slice_is_null(value) ?
				 error_no_memory(error) :
				 catalog_store_decode_keyspace(
					 SLICE("ks"), value, &copy, error);
	}
	keyspace_destroy(copy);
	keyspace_destroy(keyspace);
	arena_finish(&arena);
	return result;
}

TEST(a_table_needs_memory_or_says_so)
{
	starve(make_table,
	       "CREATE TABLE ks.t (a int, b frozen<map<text, list<int>>>, "
	       "c tuple<int, text>, PRIMARY KEY ((a, b))) WITH comment = 'x' "
	       "AND caching = {'keys': 'ALL'} AND gc_grace_seconds = 1 AND "
	       "bloom_filter_fp_chance = 0.5 AND cdc = true");
}

TEST(a_keyspace_needs_memory_or_says_so)
{
	starve(make_keyspace,
	       "CREATE KEYSPACE ks WITH replication = {'class': "
	       "'SimpleStrategy', 'replication_factor': 1} AND "
	       "durable_writes = true");
}

UNIT_MAIN()
