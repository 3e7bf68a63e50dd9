/* SPDX-License-Identifier: MIT */
#include "planner/catalog.h"
#include "planner/suggestion.h"

#include "tests/support/unit.h"

static struct table *
make_table(const char *keyspace, const char *name, uint32_t storage_id)
{
	struct table *table = table_create();

	assert_non_null(table);
	table->keyspace = arena_copy(&table->arena,
				     slice_from_string(keyspace));
	table->name = arena_copy(&table->arena, slice_from_string(name));
	table->storage_id = storage_id;
	return table;
}

static void
add_keyspace(struct catalog *catalog, const char *name)
{
	struct keyspace *keyspace = keyspace_create();

	assert_non_null(keyspace);
	keyspace->name = arena_copy(&keyspace->arena,
				    slice_from_string(name));
	catalog_add_keyspace(catalog, keyspace);
}

static bool
is_named(struct slice name, const char *expected)
{
	return slice_is_equal(name, slice_from_string(expected));
}

TEST(keyspaces_are_kept_in_order_of_their_names)
{
	struct catalog catalog = { 0 };

	add_keyspace(&catalog, "middle");
	add_keyspace(&catalog, "zoo");
	add_keyspace(&catalog, "apple");
	assert_true(is_named(catalog.keyspaces->name, "apple"));
	assert_true(is_named(catalog.keyspaces->next->name, "middle"));
	assert_true(is_named(catalog.keyspaces->next->next->name, "zoo"));
	assert_null(catalog.keyspaces->next->next->next);
	assert_int_equal(catalog.version, 3);
	catalog_remove_keyspace(&catalog, SLICE("middle"));
	assert_null(catalog_find_keyspace(&catalog, SLICE("middle")));
	assert_non_null(catalog_find_keyspace(&catalog, SLICE("zoo")));
	assert_null(catalog_find_keyspace(&catalog, SLICE("zo")));
	assert_null(catalog_find_keyspace(&catalog, SLICE("zooo")));
	assert_int_equal(catalog.version, 4);
	catalog_finish(&catalog);
}

TEST(a_table_put_again_replaces_the_old_one)
{
	struct catalog catalog = { 0 };
	const struct table *table;

	add_keyspace(&catalog, "ks");
	catalog_put_table(&catalog, make_table("ks", "b", 20));
	catalog_put_table(&catalog, make_table("ks", "c", 21));
	catalog_put_table(&catalog, make_table("ks", "a", 22));
	catalog_put_table(&catalog, make_table("ks", "b", 23));
	assert_int_equal(catalog.version, 5);
	table = catalog.keyspaces->tables;
	assert_int_equal(table->storage_id, 22);
	assert_int_equal(table->next->storage_id, 23);
	assert_int_equal(table->next->next->storage_id, 21);
	assert_null(table->next->next->next);
	assert_null(catalog_find_table(&catalog, SLICE("other"),
				       SLICE("a")));
	catalog_finish(&catalog);
}

TEST(a_referenced_table_outlives_its_removal)
{
	struct catalog catalog = { 0 };
	struct table *table;

	add_keyspace(&catalog, "ks");
	catalog_put_table(&catalog, make_table("ks", "t", 20));
	table = table_reference(
		catalog_find_table(&catalog, SLICE("ks"), SLICE("t")));
	catalog_remove_table(&catalog, SLICE("ks"), SLICE("t"));
	assert_null(catalog_find_table(&catalog, SLICE("ks"), SLICE("t")));
	assert_int_equal(table->references, 1);
	assert_true(is_named(table->name, "t"));
	assert_null(table->next);
	table_release(table);
	catalog_put_table(&catalog, make_table("ks", "u", 21));
	table = table_reference(
		catalog_find_table(&catalog, SLICE("ks"), SLICE("u")));
	catalog_remove_keyspace(&catalog, SLICE("ks"));
	assert_true(is_named(table->keyspace, "ks"));
	table_release(table);
	catalog_finish(&catalog);
}

TEST(columns_are_found_among_keys_and_others)
{
	struct column columns[] = {
		{ .name = SLICE("z"), .kind = COLUMN_KEY, .id = 0 },
		{ .name = SLICE("m"), .kind = COLUMN_KEY, .id = 1 },
		{ .name = SLICE("a"), .kind = COLUMN_REGULAR, .id = 2 },
		{ .name = SLICE("b"), .kind = COLUMN_REGULAR, .id = 3 },
		{ .name = SLICE("n"), .kind = COLUMN_REGULAR, .id = 4 },
	};
	const struct table table = {
		.columns = columns, .column_count = 5, .key_count = 2,
	};

	for (uint32_t i = 0; i < 5; i++)
		assert_ptr_equal(table_find_column(&table, columns[i].name),
				 &columns[i]);
	assert_null(table_find_column(&table, SLICE("")));
	assert_null(table_find_column(&table, SLICE("c")));
	assert_null(table_find_column(&table, SLICE("A")));
	assert_null(table_find_column(&table, SLICE("zz")));
}

TEST(a_suggestion_is_near_or_none)
{
	static const struct {
		const char *wanted;
		const char *nearest; /* NULL: none */
	} cases[] = {
		{ "user", "users" },    { "usres", "users" },
		{ "Users", "users" },   { "custommers", "customers" },
		{ "a", NULL },          { "orders", NULL },
		{ "ids", "id" },        { "xyz", NULL },
	};
	static const char *const names[] = { "users", "customers", "b",
					     "id" };

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct suggestion suggestion = suggestion_make(
			slice_from_string(cases[i].wanted));
		struct error error = ERROR_INIT;

		for (size_t n = 0; n < ARRAY_COUNT(names); n++)
			suggestion_offer(&suggestion,
					 slice_from_string(names[n]));
		assert_int_equal(suggestion_hint(&suggestion, &error),
				 cases[i].nearest != NULL);
		if (cases[i].nearest == NULL)
			assert_string_equal(error.hint, "");
		else
			assert_non_null(strstr(error.hint,
					       cases[i].nearest));
	}
}

UNIT_MAIN()
