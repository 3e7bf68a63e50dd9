/* SPDX-License-Identifier: MIT
 *
 * What holds for every type: which constants it takes, how its values print
 * in each form, which bytes it accepts and how they are ordered. */
#include "types/value.h"

#include "tests/unit/types/literal.h"

#include "tests/support/unit.h"

TEST(each_type_takes_its_kinds_of_constants)
{
	/* One letter a kind, in the order of enum literal_kind. */
	static const struct {
		const char *type;
		const char *kinds;
	} rows[] = {
		{ "ascii", "S" },     { "bigint", "I" },   { "blob", "H" },
		{ "boolean", "B" },   { "date", "SI" },    { "double", "IF" },
		{ "float", "IF" },    { "inet", "S" },     { "int", "I" },
		{ "smallint", "I" },  { "text", "S" },     { "time", "SI" },
		{ "timestamp", "SI" }, { "timeuuid", "U" }, { "tinyint", "I" },
		{ "uuid", "U" },      { "list<int>", "" }, { "set<int>", "" },
		{ "map<int, int>", "" }, { "tuple<int>", "" },
	};
	static const char letters[] = "SIFBUHD";
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct type *type = literal_type(&arena, rows[i].type);

		for (unsigned kind = 0; kind < 7; kind++) {
			struct buffer out = { 0 };
			int result = value_parse(type,
						 (enum literal_kind)kind,
						 SLICE("~"), &out, NULL);
			bool fits = strchr(rows[i].kinds, letters[kind]) !=
				    NULL;

			if (fits == (result == VALUE_WRONG_LITERAL))
				fail_msg("%s and %s", rows[i].type,
					 literal_kind_name(
						 (enum literal_kind)kind));
			buffer_finish(&out);
		}
	}
	arena_finish(&arena);
}

TEST(kinds_of_constants_have_cqls_names)
{
	assert_string_equal(literal_kind_name(LITERAL_STRING), "STRING");
	assert_string_equal(literal_kind_name(LITERAL_INTEGER), "INTEGER");
	assert_string_equal(literal_kind_name(LITERAL_FLOAT), "FLOAT");
	assert_string_equal(literal_kind_name(LITERAL_BOOLEAN), "BOOLEAN");
	assert_string_equal(literal_kind_name(LITERAL_UUID), "UUID");
	assert_string_equal(literal_kind_name(LITERAL_HEX), "HEX");
	assert_string_equal(literal_kind_name(LITERAL_DURATION), "DURATION");
}

TEST(later_types_are_refused_by_name)
{
	struct buffer out = { 0 };
	struct error error = ERROR_INIT;

	assert_int_equal(value_parse(type_native(TYPE_DECIMAL),
				     LITERAL_FLOAT, SLICE("1.5"), &out,
				     &error), -ERROR_INVALID);
	assert_string_equal(error.message, "type decimal is not supported");
	assert_int_equal(value_validate(type_native(TYPE_VARINT),
					SLICE("\1"), &error),
			 -ERROR_INVALID);
	assert_string_equal(error.message, "type varint is not supported");
	buffer_finish(&out);
}

/* The same value in the four forms. */
static const struct {
	const char *type, *literal, *display, *text, *json;
} forms[] = {
	{ "int", "-42", "-42", "-42", "-42" },
	{ "boolean", "true", "True", "true", "true" },
	{ "text", "'it''s'", "it's", "it's", "\"it's\"" },
	{ "text", "'a\\b\n'", "a\\\\b\\n", "a\\b\n", "\"a\\\\b\\n\"" },
	{ "ascii", "'\"'", "\"", "\"", "\"\\\"\"" },
	{ "blob", "0x00ff", "0x00ff", "0x00ff", "\"0x00ff\"" },
	{ "blob", "0x", "0x", "0x", "\"0x\"" },
	{ "double", "0.1", "0.1", "0.1", "0.1" },
	{ "double", "1.0", "1", "1.0", "1.0" },
	{ "double", "NaN", "NaN", "NaN", "null" },
	{ "float", "-Infinity", "-Infinity", "-Infinity", "null" },
	{ "uuid", "123e4567-e89b-12d3-a456-426655440000",
	  "123e4567-e89b-12d3-a456-426655440000",
	  "123e4567-e89b-12d3-a456-426655440000",
	  "\"123e4567-e89b-12d3-a456-426655440000\"" },
	{ "timestamp", "'2011-02-03 04:05:00.123Z'",
	  "2011-02-03 04:05:00.123000+0000", "2011-02-03 04:05:00.123Z",
	  "\"2011-02-03 04:05:00.123Z\"" },
	{ "timestamp", "9223372036854775807", "9223372036854775807",
	  "9223372036854775807", "9223372036854775807" },
	{ "date", "'2011-02-03'", "2011-02-03", "2011-02-03",
	  "\"2011-02-03\"" },
	{ "time", "'04:05:06.000000007'", "04:05:06.000000007",
	  "04:05:06.000000007", "\"04:05:06.000000007\"" },
	{ "inet", "'::1'", "::1", "::1", "\"::1\"" },
	{ "list<int>", "[]", "[]", "[]", "[]" },
	{ "list<text>", "['a', 'b''c']", "['a', 'b''c']", "['a', 'b''c']",
	  "[\"a\", \"b'c\"]" },
	{ "set<text>", "{'a\n'}", "{'a\\n'}", "{'a\n'}", "[\"a\\n\"]" },
	{ "set<date>", "{'2011-02-03'}", "{2011-02-03}", "{'2011-02-03'}",
	  "[\"2011-02-03\"]" },
	{ "set<boolean>", "{false, true}", "{False, True}", "{false, true}",
	  "[false, true]" },
	{ "list<timestamp>", "['1970-01-01 00:00:00.000Z']",
	  "['1970-01-01 00:00:00.000000+0000']",
	  "['1970-01-01 00:00:00.000Z']", "[\"1970-01-01 00:00:00.000Z\"]" },
	{ "list<inet>", "['::1']", "['::1']", "['::1']", "[\"::1\"]" },
	{ "list<time>", "['00:00:00.000000000']", "[00:00:00.000000000]",
	  "['00:00:00.000000000']", "[\"00:00:00.000000000\"]" },
	{ "map<text, int>", "{'a': 1, 'b': 2}", "{'a': 1, 'b': 2}",
	  "{'a': 1, 'b': 2}", "{\"a\": 1, \"b\": 2}" },
	{ "map<int, text>", "{1: 'a'}", "{1: 'a'}", "{1: 'a'}",
	  "{\"1\": \"a\"}" },
	{ "map<boolean, double>", "{true: 0.5}", "{True: 0.5}", "{true: 0.5}",
	  "{\"true\": 0.5}" },
	{ "map<blob, uuid>", "{0x01: 123e4567-e89b-12d3-a456-426655440000}",
	  "{0x01: 123e4567-e89b-12d3-a456-426655440000}",
	  "{0x01: 123e4567-e89b-12d3-a456-426655440000}",
	  "{\"0x01\": \"123e4567-e89b-12d3-a456-426655440000\"}" },
	{ "map<frozen<list<text>>, int>", "{['a']: 1}", "{['a']: 1}",
	  "{['a']: 1}", "{\"[\\\"a\\\"]\": 1}" },
	{ "tuple<int, text, int>", "(1, 'a', null)", "(1, 'a', None)",
	  "(1, 'a', null)", "[1, \"a\", null]" },
	{ "tuple<int>", "(1)", "(1)", "(1)", "[1]" },
};

TEST(values_print_in_four_forms)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
		const struct type *type = literal_type(&arena, forms[i].type);
		struct slice value =
			literal_value(&arena, type, forms[i].literal);
		const char *expected[] = {
			[VALUE_LITERAL] = forms[i].literal,
			[VALUE_DISPLAY] = forms[i].display,
			[VALUE_TEXT] = forms[i].text,
			[VALUE_JSON] = forms[i].json,
		};

		for (unsigned form = 0; form < 4; form++)
			assert_string_equal(
				literal_print(&arena, type, value,
					      (enum value_form)form),
				expected[form]);
	}
	arena_finish(&arena);
}

static void
assert_forms(const struct type *type, struct slice value,
	     const char *const expected[4])
{
	struct arena arena = { 0 };

	for (unsigned form = 0; form < 4; form++)
		assert_string_equal(literal_print(&arena, type, value,
						  (enum value_form)form),
				    expected[form]);
	arena_finish(&arena);
}

TEST(null_is_a_word_but_nothing_in_csv)
{
	assert_forms(type_native(TYPE_INT), SLICE_NULL,
		     (const char *[]){ "null", "null", "", "null" });
	assert_forms(type_native(TYPE_TEXT), SLICE_NULL,
		     (const char *[]){ "null", "null", "", "null" });
}

TEST(empty_values_are_not_null)
{
	assert_forms(type_native(TYPE_TEXT), SLICE(""),
		     (const char *[]){ "''", "", "", "\"\"" });
	assert_forms(type_native(TYPE_INT), SLICE(""),
		     (const char *[]){ "blobAsInt(0x)", "null", "",
				       "\"\"" });
	assert_forms(type_native(TYPE_INET), SLICE(""),
		     (const char *[]){ "blobAsInet(0x)", "null", "",
				       "\"\"" });
}

TEST(bytes_that_are_no_value_print_as_hex)
{
	static const struct {
		const char *type;
		struct slice value;
	} rows[] = {
		{ "int", SLICE_LITERAL("abc") },
		{ "text", SLICE_LITERAL("a\xff") },
		{ "ascii", SLICE_LITERAL("\xc3\xa9") },
		{ "list<int>", SLICE_LITERAL("\0\0\0\1\0\0") },
		{ "decimal", SLICE_LITERAL("\0\0\0\1\5") },
		{ "duration", SLICE_LITERAL("\2\4\6") },
	};
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct type *type = literal_type(&arena, rows[i].type);
		const char *hex = literal_print(&arena,
						type_native(TYPE_BLOB),
						rows[i].value, VALUE_TEXT);
		const char *json = literal_print(&arena,
						 type_native(TYPE_BLOB),
						 rows[i].value, VALUE_JSON);

		assert_forms(type, rows[i].value,
			     (const char *[]){ hex, hex, hex, json });
	}
	arena_finish(&arena);
}

/* Bytes from a client: hexadecimal, and the message or NULL. */
static const struct {
	const char *type;
	struct slice bytes;
	const char *problem;
} foreign[] = {
	{ "int", SLICE_LITERAL("\0\0\0\1"), NULL },
	{ "int", SLICE_LITERAL(""), NULL },
	{ "int", SLICE_LITERAL("\0\0\1"),
	  "expected 4 bytes for a value of type int, got 3" },
	{ "boolean", SLICE_LITERAL("\2"), NULL },
	{ "boolean", SLICE_LITERAL("\0\1"),
	  "expected 1 bytes for a value of type boolean, got 2" },
	{ "text", SLICE_LITERAL("\0"), NULL },
	{ "text", SLICE_LITERAL("\x80"), "String didn't validate: not UTF-8" },
	{ "ascii", SLICE_LITERAL("\x7f"), NULL },
	{ "ascii", SLICE_LITERAL("\x80"),
	  "Invalid ASCII character in string" },
	{ "inet", SLICE_LITERAL("\1\2\3\4"), NULL },
	{ "inet", SLICE_LITERAL("\1\2\3\4\5"),
	  "expected 4 or 16 bytes for a value of type inet, got 5" },
	{ "timeuuid", SLICE_LITERAL("012345\x30" "789abcdef"),
	  "TimeUUID supports only version 1 UUIDs, this one is version 3" },
	{ "timeuuid", SLICE_LITERAL("012345\x1f" "789abcdef"), NULL },
	{ "time", SLICE_LITERAL("\0\0\x4e\x94\x91\x4e\xff\xff"), NULL },
	{ "time", SLICE_LITERAL("\0\0\x4e\x94\x91\x4f\0\0"),
	  "a time must lie between 0 and 86399999999999 ns, "
	  "got 86400000000000" },
	{ "time", SLICE_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff"),
	  "a time must lie between 0 and 86399999999999 ns, got -1" },
	{ "list<int>", SLICE_LITERAL("\0\0\0\0"), NULL },
	{ "list<int>", SLICE_LITERAL(""),
	  "damaged value of type list: the count doesn't fit the bytes" },
	{ "list<int>", SLICE_LITERAL("\0\0\0\0\0"),
	  "damaged value of type list: bytes are left over" },
	{ "list<int>", SLICE_LITERAL("\xff\xff\xff\xff"),
	  "damaged value of type list: the count doesn't fit the bytes" },
	{ "list<int>", SLICE_LITERAL("\x7f\xff\xff\xff\0\0\0\0"),
	  "damaged value of type list: the count doesn't fit the bytes" },
	{ "map<int, int>", SLICE_LITERAL("\x7f\xff\xff\xff\0\0\0\0"),
	  "damaged value of type map: the count doesn't fit the bytes" },
	{ "list<int>", SLICE_LITERAL("\0\0\0\1\xff\xff\xff\xff"),
	  "damaged value of type list: null inside" },
	{ "list<int>", SLICE_LITERAL("\0\0\0\1\xff\xff\xff\xfe"),
	  "damaged value of type list: an element's size is damaged" },
	{ "list<int>", SLICE_LITERAL("\0\0\0\1\0\0\0\4\0\0"),
	  "damaged value of type list: an element is cut off" },
	{ "list<int>", SLICE_LITERAL("\0\0\0\1\0\0\0\1\0"),
	  "expected 4 bytes for a value of type int, got 1" },
	{ "set<tinyint>", SLICE_LITERAL("\0\0\0\2\0\0\0\1\xff\0\0\0\1\1"),
	  NULL },
	{ "set<tinyint>", SLICE_LITERAL("\0\0\0\2\0\0\0\1\1\0\0\0\1\xff"),
	  "a set must be sorted and without duplicates" },
	{ "set<tinyint>", SLICE_LITERAL("\0\0\0\2\0\0\0\1\1\0\0\0\1\1"),
	  "a set must be sorted and without duplicates" },
	{ "map<tinyint, text>",
	  SLICE_LITERAL("\0\0\0\2\0\0\0\1\1\0\0\0\1b\0\0\0\1\2\0\0\0\1a"),
	  NULL },
	{ "map<tinyint, text>",
	  SLICE_LITERAL("\0\0\0\2\0\0\0\1\2\0\0\0\1a\0\0\0\1\1\0\0\0\1b"),
	  "a map must be sorted and without duplicates" },
	{ "tuple<int, text>", SLICE_LITERAL(""), NULL },
	{ "tuple<int, text>", SLICE_LITERAL("\0\0\0\4\0\0\0\1"), NULL },
	{ "tuple<int, text>",
	  SLICE_LITERAL("\xff\xff\xff\xff\0\0\0\1a"), NULL },
	{ "tuple<int, text>",
	  SLICE_LITERAL("\xff\xff\xff\xff\0\0\0\1a\0"),
	  "damaged value of type tuple: bytes are left over" },
	{ "tuple<int, text>", SLICE_LITERAL("\0\0"),
	  "damaged value of type tuple: an element's size is damaged" },
	{ "list<frozen<list<text>>>",
	  SLICE_LITERAL("\0\0\0\1\0\0\0\x9\0\0\0\1\0\0\0\1\xff"),
	  "String didn't validate: not UTF-8" },
};

TEST(foreign_bytes_are_doubted)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(foreign); i++) {
		const struct type *type = literal_type(&arena,
						       foreign[i].type);
		struct error error = ERROR_INIT;
		int result = value_validate(type, foreign[i].bytes, &error);

		assert_int_equal(result,
				 foreign[i].problem ? -ERROR_INVALID : 0);
		assert_string_equal(error.message,
				    foreign[i].problem ? foreign[i].problem
						       : "");
	}
	arena_finish(&arena);
}

TEST(null_belongs_to_every_type)
{
	struct arena arena = { 0 };

	assert_int_equal(value_validate(type_native(TYPE_INT), SLICE_NULL,
					NULL), 0);
	assert_int_equal(value_validate(literal_type(&arena, "list<int>"),
					SLICE_NULL, NULL), 0);
	arena_finish(&arena);
}

/* Constants in ascending order. */
static const struct {
	const char *type;
	const char *ascending[10];
} orders[] = {
	{ "tinyint", { "-128", "-1", "0", "127" } },
	{ "smallint", { "-32768", "-1", "0", "255", "256" } },
	{ "int", { "-2147483648", "-1", "0", "1", "2147483647" } },
	{ "bigint", { "-9223372036854775808", "-1", "0",
		      "9223372036854775807" } },
	{ "boolean", { "false", "true" } },
	{ "double", { "-Infinity", "-1.5", "-0.0", "0.0", "1e-300", "2.0",
		      "Infinity", "NaN" } },
	{ "float", { "-Infinity", "-0.0", "0.0", "1.5", "Infinity",
		     "NaN" } },
	{ "text", { "''", "'A'", "'a'", "'aa'", "'b'", "'é'", "'漢'" } },
	{ "blob", { "0x", "0x00", "0x0000", "0x7f", "0x80" } },
	{ "timestamp", { "'1900-01-01'", "-1", "0", "'2011-01-01'" } },
	{ "date", { "0", "'1969-12-31'", "'1970-01-01'", "'2011-02-03'",
		    "4294967295" } },
	{ "time", { "'00:00:00'", "'00:00:00.000000001'", "'23:59:59'" } },
	{ "inet", { "'0.0.0.0'", "'::'", "'::1'", "'127.0.0.1'",
		    "'128.0.0.1'", "'fe80::1'" } },
	/* Versions 1 (by time, not bytes), 3, 4, 5. */
	{ "uuid", { "ffffffff-0000-1000-8000-000000000000",
		    "00000000-0001-1000-8000-000000000000",
		    "00000000-0001-1000-8000-000000000001",
		    "00000000-0000-3000-8000-000000000000",
		    "00000000-0000-4000-8000-000000000000",
		    "f0000000-0000-4000-8000-000000000000",
		    "00000000-0000-5000-8000-000000000000" } },
	/* By time; then bytes from 0x80 (lowest) to 0x7f. */
	{ "timeuuid", { "ffffffff-0000-1000-7f7f-000000000000",
			"00000000-0001-1000-8080-808080808080",
			"00000000-0001-1000-80ff-000000000000",
			"00000000-0001-1000-8000-0000000000ff",
			"00000000-0001-1000-8000-000000000000",
			"00000000-0001-1000-ff00-000000000000",
			"00000000-0001-1000-7f7f-7f7f7f7f7f7f" } },
	{ "list<int>", { "[]", "[-1]", "[-1, 5]", "[1]", "[1, 0]" } },
	{ "set<text>", { "{}", "{'a'}", "{'a', 'b'}", "{'b'}" } },
	{ "map<int, text>", { "{}", "{1: 'a'}", "{1: 'a', 2: 'a'}",
			      "{1: 'b'}", "{2: 'a'}" } },
	{ "tuple<int, text>", { "(null, null)", "(null, 'a')", "(1, null)",
				"(1, '')", "(1, 'a')", "(2, null)" } },
	{ "list<frozen<set<int>>>", { "[{}]", "[{1}]", "[{1}, {}]",
				      "[{1, 2}]", "[{2}]" } },
};

TEST(values_are_ordered_by_their_type)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(orders); i++) {
		const struct type *type = literal_type(&arena,
						       orders[i].type);
		struct slice values[10];
		size_t count = 0;

		for (; count < 10 && orders[i].ascending[count]; count++)
			values[count] = literal_value(
				&arena, type, orders[i].ascending[count]);
		assert_true(count >= 2);
		for (size_t a = 0; a < count; a++)
			for (size_t b = 0; b < count; b++)
				if (value_compare(type, values[a],
						  values[b]) !=
				    (a > b) - (a < b))
					fail_msg("%s: %s, %s", orders[i].type,
						 orders[i].ascending[a],
						 orders[i].ascending[b]);
		arena_clear(&arena);
	}
	arena_finish(&arena);
}

TEST(empty_comes_before_every_number)
{
	const struct type *type = type_native(TYPE_INT);
	struct slice least = SLICE("\x80\0\0\0");

	assert_int_equal(value_compare(type, SLICE(""), least), -1);
	assert_int_equal(value_compare(type, least, SLICE("")), 1);
	assert_int_equal(value_compare(type, SLICE(""), SLICE("")), 0);
}

TEST(every_true_is_the_same_and_so_is_every_nan)
{
	assert_int_equal(value_compare(type_native(TYPE_BOOLEAN),
				       SLICE("\1"), SLICE("\xff")), 0);
	assert_int_equal(value_compare(type_native(TYPE_FLOAT),
				       SLICE("\x7f\xc0\0\0"),
				       SLICE("\xff\xc0\0\1")), 0);
}

TEST(a_tuple_that_ends_early_equals_one_with_nulls)
{
	struct arena arena = { 0 };
	const struct type *type = literal_type(&arena, "tuple<int, text>");

	assert_int_equal(value_compare(type, SLICE(""),
				       literal_value(&arena, type,
						     "(null, null)")), 0);
	assert_string_equal(literal_print(&arena, type, SLICE(""),
					  VALUE_LITERAL), "(null, null)");
	arena_finish(&arena);
}

TEST(lack_of_memory_is_told)
{
	struct buffer full = { .has_failed = true };
	struct error error = ERROR_INIT;

	assert_int_equal(value_parse(type_native(TYPE_INT), LITERAL_INTEGER,
				     SLICE("1"), &full, &error),
			 -ERROR_FULL);
	assert_string_equal(error.message, "out of memory");
}

UNIT_MAIN()
