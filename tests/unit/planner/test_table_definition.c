/* SPDX-License-Identifier: MIT */
#include "tests/unit/planner/schema_fixture.h"

#include "planner/table_option.h"
#include "tests/support/unit.h"

#include <stdio.h>

#define CREATE "CREATE TABLE ks.t "

TEST(columns_stand_in_the_order_of_select_star)
{
	struct error error = ERROR_INIT;
	struct table *table;
	static const char *const names[] = { "z", "b", "A", "a", "c" };

	assert_int_equal(fixture_build(
		CREATE "(c int, b int, a text, \"A\" text, z uuid, "
		"PRIMARY KEY ((z, b)))", &table, &error), 0);
	assert_int_equal(table->column_count, ARRAY_COUNT(names));
	assert_int_equal(table->key_count, 2);
	assert_int_equal(table->next_column_id, ARRAY_COUNT(names));
	for (uint32_t i = 0; i < ARRAY_COUNT(names); i++) {
		const struct column *column = &table->columns[i];

		assert_true(slice_is_equal(column->name,
					   slice_from_string(names[i])));
		assert_int_equal(column->kind,
				 i < 2 ? COLUMN_KEY : COLUMN_REGULAR);
		assert_int_equal(column->key_position, i < 2 ? i : 0);
	}
	assert_int_equal(table->columns[0].type->kind, TYPE_UUID);
	table_release(table);
}

TEST(what_cql_accepts_is_accepted)
{
	static const char *const texts[] = {
		CREATE "(k int PRIMARY KEY)",
		CREATE "(k int, PRIMARY KEY (k))",
		CREATE "(k int, PRIMARY KEY ((k)))",
		CREATE "(k int PRIMARY KEY, v list<int>)",
		CREATE "(k int PRIMARY KEY, v map<int, frozen<list<int>>>)",
		CREATE "(k int PRIMARY KEY, v frozen<list<list<int>>>)",
		CREATE "(k int PRIMARY KEY, v list<tuple<int, list<int>>>)",
		CREATE "(k frozen<list<int>> PRIMARY KEY)",
		CREATE "(k tuple<int, text> PRIMARY KEY)",
		CREATE "(k int PRIMARY KEY, v frozen<tuple<int, int>>)",
		CREATE "(\"k \"\" é\" int PRIMARY KEY)",
		CREATE "(k varchar PRIMARY KEY, \"int\" int, list int)",
		CREATE "(k int PRIMARY KEY) WITH storage_engine = 'logstor'",
	};

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		struct error error = ERROR_INIT;
		struct table *table;

		if (fixture_build(texts[i], &table, &error) != 0)
			fail_msg("%s: %s", texts[i], error.message);
		table_release(table);
	}
}

/* ${at}: what the caret points at; NULL: nothing. */
static void
assert_refused(const char *text, int code, const char *message,
	       const char *at)
{
	struct error error = ERROR_INIT;
	struct table *table;
	int result = fixture_build(text, &table, &error);

	if (result != -code)
		fail_msg("%s: %d %s", text, result, error.message);
	assert_contains(error.message, message);
	assert_null(table);
	if (at == NULL) {
		assert_int_equal(error.position, ERROR_NO_POSITION);
		return;
	}
	if (error.position > strlen(text) ||
	    strncmp(text + error.position, at, strlen(at)) != 0)
		fail_msg("%s: points at %u", text, error.position);
	assert_int_equal(error.size, strlen(at));
}

TEST(what_makes_no_table_is_refused_with_cqls_words)
{
	static const struct {
		const char *text;
		int code;
		const char *message;
		const char *at;
	} cases[] = {
		{ CREATE "(k int)", ERROR_INVALID,
		  "No PRIMARY KEY specified (exactly one required)", "t" },
		{ CREATE "(k int PRIMARY KEY, PRIMARY KEY (k))",
		  ERROR_INVALID, "Multiple PRIMARY KEYs specified", NULL },
		{ CREATE "(k int PRIMARY KEY, v int PRIMARY KEY)",
		  ERROR_INVALID, "Multiple PRIMARY KEYs specified", NULL },
		{ CREATE "(k int, PRIMARY KEY (k), PRIMARY KEY (k))",
		  ERROR_INVALID, "Multiple PRIMARY KEYs specified", NULL },
		{ CREATE "(k int, PRIMARY KEY (x))", ERROR_INVALID,
		  "Unknown definition x referenced in PRIMARY KEY", "x" },
		{ CREATE "(k int PRIMARY KEY, v int, v text)", ERROR_INVALID,
		  "Multiple definition of identifier v", "v" },
		{ CREATE "(k int, PRIMARY KEY ((k, k)))", ERROR_INVALID,
		  "Column k stands twice in the PRIMARY KEY", "k" },
		{ CREATE "(k list<int> PRIMARY KEY)", ERROR_INVALID,
		  "Invalid non-frozen collection type for PRIMARY KEY "
		  "component k", "list<int>" },
		{ CREATE "(k duration PRIMARY KEY)", ERROR_INVALID,
		  "duration type is not supported for PRIMARY KEY part k",
		  "duration" },
		{ CREATE "(k counter PRIMARY KEY)", ERROR_INVALID,
		  "counter type is not supported for PRIMARY KEY part k",
		  "counter" },
		{ CREATE "(k int PRIMARY KEY, v counter)", ERROR_INVALID,
		  "type counter is not supported", "counter" },
		{ CREATE "(k int PRIMARY KEY, v decimal)", ERROR_INVALID,
		  "type decimal is not supported", "decimal" },
		{ CREATE "(k int PRIMARY KEY, v varint)", ERROR_INVALID,
		  "type varint is not supported", "varint" },
		{ CREATE "(k int PRIMARY KEY, v list<duration>)",
		  ERROR_INVALID, "type duration is not supported",
		  "duration" },
		{ CREATE "(k int PRIMARY KEY, v vector<float, 3>)",
		  ERROR_INVALID, "type vector<float, 3> is not supported",
		  "vector<float, 3>" },
		{ CREATE "(k int PRIMARY KEY, v foo)", ERROR_INVALID,
		  "Unknown type ks.foo", "foo" },
		{ CREATE "(k int PRIMARY KEY, v other.foo)", ERROR_INVALID,
		  "Unknown type other.foo", "other.foo" },
		{ CREATE "(k int PRIMARY KEY, v \"int\")", ERROR_INVALID,
		  "Unknown type ks.int", "\"int\"" },
		{ CREATE "(k int PRIMARY KEY, v frozen<int>)", ERROR_INVALID,
		  "frozen<> is only allowed on collections, tuples, and "
		  "user-defined types (got int)", "int" },
		{ CREATE "(k int PRIMARY KEY, v list<set<int>>)",
		  ERROR_INVALID,
		  "Non-frozen user types or collections are not allowed "
		  "inside collections: list<set<int>>", "list<set<int>>" },
		{ CREATE "(k int PRIMARY KEY, v map<text, list<int>>)",
		  ERROR_INVALID,
		  "not allowed inside collections: map<text, list<int>>",
		  "map<text, list<int>>" },
		{ CREATE "(k int, c int, PRIMARY KEY (k, c))", ERROR_CONFIG,
		  "The 'logstor' storage engine cannot be used with tables "
		  "that have clustering columns", "c" },
		{ CREATE "(k int, c int, s int STATIC, PRIMARY KEY (k))",
		  ERROR_INVALID,
		  "Static columns are only useful (and thus allowed) if the "
		  "table has at least one clustering column", NULL },
		{ CREATE "(k int PRIMARY KEY) WITH COMPACT STORAGE",
		  ERROR_INVALID, "COMPACT STORAGE is not supported", NULL },
		{ CREATE "(k int PRIMARY KEY) WITH CLUSTERING ORDER BY "
		  "(k DESC)", ERROR_INVALID,
		  "Only clustering key columns can be defined", "k" },
		{ "CREATE TABLE ks.\"a-b\" (k int PRIMARY KEY)",
		  ERROR_INVALID, "\"a-b\" is not a valid table name",
		  "\"a-b\"" },
		{ CREATE "(k int PRIMARY KEY) WITH storage_engine = 'x'",
		  ERROR_CONFIG, "Illegal value for 'storage_engine'",
		  "'x'" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct error error = ERROR_INIT;
		struct table *table;

		if (cases[i].at != NULL) {
			assert_refused(cases[i].text, cases[i].code,
				       cases[i].message, cases[i].at);
			continue;
		}
		assert_int_equal(fixture_build(cases[i].text, &table, &error),
				 -cases[i].code);
		assert_contains(error.message, cases[i].message);
	}
}

TEST(a_hint_says_what_to_write_instead)
{
	static const struct {
		const char *text;
		const char *hint;
	} cases[] = {
		{ CREATE "(a int, \"B\" int, c int, PRIMARY KEY (a, \"B\", "
		  "c))", "write PRIMARY KEY ((a, \"B\", c))" },
		{ CREATE "(k int PRIMARY KEY, v map<int, list<text>>)",
		  "write frozen<list<text>>" },
		{ CREATE "(k int, v int)", "PRIMARY KEY (k)" },
		{ CREATE "(number int, PRIMARY KEY (nubmer))",
		  "did you mean 'number'?" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct error error = ERROR_INIT;
		struct table *table;

		assert_true(fixture_build(cases[i].text, &table, &error) < 0);
		assert_contains(error.hint, cases[i].hint);
	}
}

TEST(a_name_has_at_most_192_letters)
{
	char name[194], text[300];
	struct error error = ERROR_INIT;
	struct table *table;

	for (size_t size = 192; size <= 193; size++) {
		memset(name, 'x', size);
		name[size] = '\0';
		snprintf(text, sizeof(text),
			 "CREATE TABLE ks.%s (k int PRIMARY KEY)", name);
		assert_int_equal(fixture_build(text, &table, &error),
				 size == 192 ? 0 : -ERROR_INVALID);
		table_release(table);
	}
	assert_contains(error.message, "shouldn't be more than 192");
}

TEST(wide_tables_are_made_in_reasonable_time)
{
	struct buffer text = { 0 };
	struct error error = ERROR_INIT;
	struct table *table;

	buffer_append_string(&text, CREATE "(");
	for (int i = 0; i < 60000; i++)
		buffer_printf(&text, "c%d int, ", i);
	buffer_append_string(&text, "PRIMARY KEY ((");
	for (int i = 0; i < 20000; i++)
		buffer_printf(&text, "%sc%d", i == 0 ? "" : ", ", i);
	buffer_append_string(&text, ")))");
	buffer_append_byte(&text, '\0');
	assert_int_equal(fixture_build((const char *)text.data, &table,
				       &error), 0);
	assert_int_equal(table->key_count, 20000);
	assert_int_equal(table->column_count, 60000);
	table_release(table);
	buffer_finish(&text);
}

TEST(deep_types_are_refused_before_the_stack_is_used_up)
{
	struct error error = ERROR_INIT;
	struct arena arena = { 0 };
	const struct type *type;
	struct ast_type types[200];

	/* past the parser, which has a limit of its own */
	memset(types, 0, sizeof(types));
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		types[i].name.name.text = SLICE("tuple");
		types[i].arguments = &types[i + 1];
	}
	types[199].name.name.text = SLICE("int");
	types[199].arguments = NULL;
	assert_int_equal(bind_type(types, &arena, &type, &error),
			 -ERROR_INVALID);
	assert_contains(error.message, "nested too deeply");
	assert_int_equal(bind_type(types + 170, &arena, &type, &error), 0);
	arena_finish(&arena);
}

TEST(deletions_are_kept_as_long_as_the_table_says)
{
	static const struct {
		const char *text;
		uint32_t gc_grace_s;
	} rows[] = {
		{ CREATE "(k int PRIMARY KEY)", 864000 },
		{ CREATE "(k int PRIMARY KEY) WITH gc_grace_seconds = 0", 0 },
		{ CREATE "(k int PRIMARY KEY) WITH comment = 'x' AND "
			 "gc_grace_seconds = '7'", 7 },
		{ CREATE "(k int PRIMARY KEY) WITH gc_grace_seconds = "
			 "2147483647", 2147483647 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct error error = ERROR_INIT;
		struct table *table;

		assert_int_equal(fixture_build(rows[i].text, &table, &error),
				 0);
		assert_int_equal(table_option_gc_grace_s(table),
				 rows[i].gc_grace_s);
		table_release(table);
	}
}

UNIT_MAIN()
