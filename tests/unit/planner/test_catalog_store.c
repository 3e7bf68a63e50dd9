/* SPDX-License-Identifier: MIT */
#include "planner/catalog_store.h"
#include "tests/unit/planner/schema_fixture.h"

#include "tests/support/unit.h"

#include <stdlib.h>

static const char definition[] =
	"CREATE TABLE ks.t (b text, a int, \"C\" list<int>, d map<text, "
	"frozen<set<uuid>>>, e tuple<int, text>, PRIMARY KEY ((b, a))) "
	"WITH comment = 'it''s' AND default_time_to_live = 60 "
	"AND caching = {'keys': 'ALL'}";

static struct table *
make_table(void)
{
	struct error error = ERROR_INIT;
	struct table *table;

	if (fixture_build(definition, &table, &error) != 0)
		fail_msg("%s", error.message);
	table->storage_id = 300;
	memcpy(table->uuid, "0123456789abcdef", 16);
	return table;
}

static void
assert_same_table(const struct table *a, const struct table *b)
{
	assert_memory_equal(a->uuid, b->uuid, sizeof(a->uuid));
	assert_int_equal(a->storage_id, b->storage_id);
	assert_int_equal(a->next_column_id, b->next_column_id);
	assert_int_equal(a->key_count, b->key_count);
	assert_int_equal(a->column_count, b->column_count);
	assert_int_equal(a->option_count, b->option_count);
	assert_int_equal(a->default_time_to_live_s,
			 b->default_time_to_live_s);
	for (uint32_t i = 0; i < a->column_count; i++) {
		const struct column *left = &a->columns[i];
		const struct column *right = &b->columns[i];

		assert_true(slice_is_equal(left->name, right->name));
		assert_true(type_is_equal(left->type, right->type));
		assert_int_equal(left->id, right->id);
		assert_int_equal(left->kind, right->kind);
		assert_int_equal(left->key_position, right->key_position);
	}
	for (uint32_t i = 0; i < a->option_count; i++) {
		assert_true(slice_is_equal(a->options[i].name,
					   b->options[i].name));
		assert_true(slice_is_equal(a->options[i].text,
					   b->options[i].text));
	}
}

static int
decode(struct slice value, struct table **table, struct error *error)
{
	return catalog_store_decode_table(SLICE("ks"), SLICE("t"), value,
					  table, error);
}

TEST(a_table_comes_back_as_it_was)
{
	struct table *table = make_table(), *copy;
	struct error error = ERROR_INIT;
	struct arena arena = { 0 };
	struct slice value = catalog_store_table_value(table, &arena);

	assert_int_equal(decode(value, &copy, &error), 0);
	assert_same_table(table, copy);
	assert_true(slice_is_equal(copy->keyspace, SLICE("ks")));
	assert_true(slice_is_equal(copy->name, SLICE("t")));
	table_release(copy);
	table_release(table);
	arena_finish(&arena);
}

TEST(keys_tell_keyspaces_and_tables_apart)
{
	struct arena arena = { 0 };

	assert_true(slice_is_equal(
		catalog_store_keyspace_key(SLICE("ks"), &arena),
		slice_make("kks\0", 4)));
	assert_true(slice_is_equal(
		catalog_store_table_key(SLICE("ks"), SLICE("t"), &arena),
		slice_make("tks\0t", 5)));
	arena_finish(&arena);
}

TEST(a_definition_that_is_cut_anywhere_is_refused)
{
	struct table *table = make_table(), *copy;
	struct arena arena = { 0 };
	struct slice value = catalog_store_table_value(table, &arena);

	for (size_t size = 0; size < value.size; size++) {
		struct error error = ERROR_INIT;
		/* memory of its own, so that a read past its end shows */
		uint8_t *cut = malloc(size + 1);

		assert_non_null(cut);
		memcpy(cut, value.data, size);
		assert_int_equal(decode(slice_make(cut, size), &copy,
					&error), -ERROR_CORRUPT);
		assert_contains(error.message, "table ks.t");
		assert_null(copy);
		free(cut);
	}
	table_release(table);
	arena_finish(&arena);
}

/* Any table that decodes keeps the promises that the planner relies on. */
static void
assert_sound(const struct table *table)
{
	assert_true(table->key_count >= 1);
	assert_true(table->key_count <= table->column_count);
	for (uint32_t i = 0; i < table->column_count; i++) {
		const struct column *column = &table->columns[i];

		assert_int_equal(column->kind == COLUMN_KEY,
				 i < table->key_count);
		assert_true(column->id < table->next_column_id);
		assert_ptr_equal(table_find_column(table, column->name),
				 column);
	}
}

TEST(a_changed_byte_is_refused_or_harmless)
{
	struct table *table = make_table(), *copy;
	struct arena arena = { 0 };
	struct slice value = catalog_store_table_value(table, &arena);
	uint8_t *bytes = malloc(value.size);
	size_t refused = 0;

	assert_non_null(bytes);
	memcpy(bytes, value.data, value.size);
	for (size_t i = 0; i < value.size; i++) {
		for (unsigned change = 1; change < 256; change++) {
			struct error error = ERROR_INIT;
			int result;

			bytes[i] = (uint8_t)(value.data[i] ^ change);
			result = decode(slice_make(bytes, value.size), &copy,
					&error);
			if (result == 0) {
				assert_sound(copy);
				table_release(copy);
				continue;
			}
			assert_int_equal(result, -ERROR_CORRUPT);
			assert_contains(error.message, "ks.t");
			refused++;
		}
		bytes[i] = value.data[i];
	}
	assert_true(refused > 255);
	free(bytes);
	table_release(table);
	arena_finish(&arena);
}

TEST(another_version_is_refused_with_a_hint)
{
	struct table *table = make_table(), *copy;
	struct arena arena = { 0 };
	struct slice value = catalog_store_table_value(table, &arena);
	struct error error = ERROR_INIT;
	uint8_t bytes[512];

	assert_true(value.size <= sizeof(bytes));
	memcpy(bytes, value.data, value.size);
	bytes[0] = 2;
	assert_int_equal(decode(slice_make(bytes, value.size), &copy, &error),
			 -ERROR_CORRUPT);
	assert_contains(error.message, "unknown version");
	assert_contains(error.hint, "version 2");
	table_release(table);
	arena_finish(&arena);
}

TEST(broken_promises_are_named)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *message;
	} cases[] = {
#define HEAD "\1" "0123456789abcdef"
#define CASE(text, message) { text, sizeof(text) - 1, message }
		CASE(HEAD "\x0f\1\0\1\0\0\1k\2\x09\0\0", "reserved storage"),
		CASE(HEAD "\x14\1\0\0\0", "number of columns"),
		CASE(HEAD "\x14\1\0\x7f\0\0\1k\2\x09\0\0", "of columns"),
		CASE(HEAD "\x14\1\0\1\1\0\1k\2\x09\0\0", "id out of range"),
		CASE(HEAD "\x14\1\0\1\0\1\1k\2\x09\0\0", "no key column"),
		CASE(HEAD "\x14\1\0\1\0\2\1k\2\x09\0\0", "kind of column"),
		CASE(HEAD "\x14\1\0\1\0\0\1\xff\2\x09\0\0", "column name"),
		CASE(HEAD "\x14\1\0\1\0\0\0\2\x09\0\0", "column name"),
		CASE(HEAD "\x14\1\0\1\0\0\1k\2\x63\0\0", "column type"),
		CASE(HEAD "\x14\1\0\1\0\0\1k\2\x09\0\0x", "behind its end"),
		CASE(HEAD "\x14\1\0\1\0\0\1k\2\x09\0\2\1b\1x\1a\1y",
		     "options out of order"),
		CASE(HEAD "\x14\2\0\2\0\0\1k\2\x09\0\0\1\1v\2\x09\0\0",
		     "a column twice"),
		CASE(HEAD "\x14\2\0\2\0\0\1k\2\x09\0\1\1\1k\2\x09\0\0",
		     "a column twice"),
		CASE(HEAD "\x14\3\0\3\0\0\1k\2\x09\0\1\1\1w\2\x09\0"
		     "\2\1\1v\2\x09\0\0", "columns out of order"),
		CASE(HEAD "\x14\2\0\2\1\1\1v\2\x09\0\0\0\1k\2\x09\0\0",
		     "columns out of order"),
	};
	struct table *table;
	struct error error = ERROR_INIT;

	/* the sound one that the others are broken from */
	assert_int_equal(decode(SLICE(HEAD "\x14\1\0\1\0\0\1k\2\x09\0\0"),
				&table, &error), 0);
	assert_sound(table);
	table_release(table);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		int result = decode(slice_make(cases[i].bytes, cases[i].size),
				    &table, &error);

		if (result != -ERROR_CORRUPT)
			fail_msg("case %zu: %d", i, result);
		assert_contains(error.message, cases[i].message);
	}
}

TEST(a_keyspace_comes_back_as_it_was)
{
	struct error error = ERROR_INIT;
	struct option options[] = {
		{ SLICE("durable_writes"), SLICE("true") },
		{ SLICE("replication"), SLICE("{'class': 'x'}") },
	};
	const struct keyspace keyspace = {
		.name = SLICE("ks"), .options = options, .option_count = 2,
	};
	struct arena arena = { 0 };
	struct slice value = catalog_store_keyspace_value(&keyspace, &arena);
	struct keyspace *copy;

	assert_int_equal(catalog_store_decode_keyspace(SLICE("ks"), value,
						       &copy, &error), 0);
	assert_true(slice_is_equal(copy->name, SLICE("ks")));
	assert_int_equal(copy->option_count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(slice_is_equal(copy->options[i].name,
					   options[i].name));
		assert_true(slice_is_equal(copy->options[i].text,
					   options[i].text));
	}
	keyspace_destroy(copy);
	for (size_t size = 0; size < value.size; size++) {
		assert_int_equal(catalog_store_decode_keyspace(
					 SLICE("ks"),
					 slice_make(value.data, size), &copy,
					 &error), -ERROR_CORRUPT);
		assert_contains(error.message, "keyspace ks");
	}
	arena_finish(&arena);
}

UNIT_MAIN()
