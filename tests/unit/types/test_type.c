/* SPDX-License-Identifier: MIT */
#include "types/type.h"

#include "base/limits.h"
#include "tests/unit/types/literal.h"

#include "tests/support/unit.h"

static const char *const spellings[] = {
	"ascii", "bigint", "blob", "boolean", "counter", "date", "decimal",
	"double", "duration", "float", "inet", "int", "smallint", "text",
	"time", "timestamp", "timeuuid", "tinyint", "uuid", "varint",
	"list<int>", "frozen<list<int>>", "set<text>",
	"map<text, frozen<list<int>>>", "frozen<map<int, blob>>",
	"tuple<int>", "frozen<tuple<int, text>>",
	"list<frozen<tuple<int, frozen<set<text>>, float>>>",
};

static const char *
print(struct arena *arena, const struct type *type)
{
	struct buffer out = { 0 };
	const char *copy;

	type_print(type, &out);
	buffer_append_byte(&out, '\0');
	copy = (const char *)arena_copy(arena, buffer_slice(&out)).data;
	buffer_finish(&out);
	return copy;
}

TEST(types_print_as_cql_spells_them)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(spellings); i++)
		assert_string_equal(
			print(&arena, literal_type(&arena, spellings[i])),
			spellings[i]);
	arena_finish(&arena);
}

TEST(native_names_have_no_case_and_varchar_is_text)
{
	assert_int_equal(type_find_native(SLICE("TimeUUID")), TYPE_TIMEUUID);
	assert_int_equal(type_find_native(SLICE("VARCHAR")), TYPE_TEXT);
	assert_int_equal(type_find_native(SLICE("list")), 0);
	assert_int_equal(type_find_native(SLICE("tuple")), 0);
	assert_int_equal(type_find_native(SLICE("in")), 0);
	assert_int_equal(type_find_native(SLICE("")), 0);
}

TEST(types_are_equal_when_they_are_spelled_alike)
{
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(spellings); i++)
		for (size_t j = 0; j < ARRAY_COUNT(spellings); j++)
			assert_int_equal(
				type_is_equal(
					literal_type(&arena, spellings[i]),
					literal_type(&arena, spellings[j])),
				i == j);
	assert_true(type_is_equal(literal_type(&arena, "tuple<int>"),
				  literal_type(&arena,
					       "frozen<tuple<int>>")));
	arena_finish(&arena);
}

TEST(encoded_types_decode)
{
	struct arena arena = { 0 };
	struct buffer out = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(spellings); i++) {
		const struct type *decoded;

		buffer_clear(&out);
		type_encode(literal_type(&arena, spellings[i]), &out);
		assert_int_equal(type_decode(buffer_slice(&out), &arena,
					     &decoded, NULL), 0);
		assert_string_equal(print(&arena, decoded), spellings[i]);
	}
	buffer_finish(&out);
	arena_finish(&arena);
}

/* Catalogs on disk hold these bytes. */
TEST(the_encoding_never_changes)
{
	struct arena arena = { 0 };
	struct buffer out = { 0 };

	type_encode(literal_type(&arena,
				 "map<text, frozen<tuple<int, blob>>>"),
		    &out);
	assert_int_equal(out.size, 11);
	assert_memory_equal(out.data, "\x21\0\x0d\0\x31\1\2\x09\0\x03\0", 11);
	buffer_finish(&out);
	arena_finish(&arena);
}

TEST(damaged_encodings_are_refused)
{
	static const struct {
		const char *why;
		struct slice bytes;
	} rows[] = {
		{ "nothing", SLICE_LITERAL("") },
		{ "no flags", SLICE_LITERAL("\x09") },
		{ "unknown kind", SLICE_LITERAL("\x0a\0") },
		{ "kind 0", SLICE_LITERAL("\0\0") },
		{ "kind 255", SLICE_LITERAL("\xff\0") },
		{ "unknown flag", SLICE_LITERAL("\x20\2\x09\0") },
		{ "frozen native", SLICE_LITERAL("\x09\1") },
		{ "left over", SLICE_LITERAL("\x09\0\0") },
		{ "list of nothing", SLICE_LITERAL("\x20\0") },
		{ "map without values", SLICE_LITERAL("\x21\0\x09\0") },
		{ "tuple of none", SLICE_LITERAL("\x31\1\0") },
		{ "tuple of too many",
		  SLICE_LITERAL("\x31\1\xff\xff\3\x09\0") },
		{ "tuple count beyond 16 bits",
		  SLICE_LITERAL("\x31\1\x80\x80\x80\x80\1\x09\0") },
		{ "tuple count without end",
		  SLICE_LITERAL("\x31\1\xff\xff\xff\xff\xff\xff\xff\xff\xff"
				"\xff\xff") },
	};
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct type *type;
		struct error error = ERROR_INIT;

		if (type_decode(rows[i].bytes, &arena, &type, &error) !=
		    -ERROR_CORRUPT)
			fail_msg("%s", rows[i].why);
		assert_int_equal(error.code, ERROR_CORRUPT);
	}
	arena_finish(&arena);
}

TEST(nesting_is_bounded)
{
	struct arena arena = { 0 };
	struct buffer bytes = { 0 };
	const struct type *type;

	for (unsigned depth = 1; depth < 200000; depth++) {
		buffer_append(&bytes, "\x20\1", 2);
		if (depth != NESTING_MAX - 1 && depth != NESTING_MAX &&
		    depth != 199999)
			continue;
		buffer_append(&bytes, "\x09\0", 2);
		assert_int_equal(type_decode(buffer_slice(&bytes), &arena,
					     &type, NULL),
				 depth < NESTING_MAX ? 0 : -ERROR_CORRUPT);
		bytes.size -= 2;
	}
	buffer_finish(&bytes);
	arena_finish(&arena);
}

TEST(any_byte_may_be_wrong)
{
	struct arena arena = { 0 };
	struct buffer bytes = { 0 };
	size_t refused = 0;

	type_encode(literal_type(&arena, spellings[ARRAY_COUNT(spellings) -
						   1]), &bytes);
	for (size_t at = 0; at < bytes.size; at++) {
		uint8_t good = bytes.data[at];

		for (unsigned bad = 0; bad < 256; bad++) {
			const struct type *type;

			bytes.data[at] = (uint8_t)bad;
			if (type_decode(buffer_slice(&bytes), &arena, &type,
					NULL) < 0)
				refused++;
			else
				print(&arena, type);
		}
		bytes.data[at] = good;
		arena_clear(&arena);
	}
	assert_true(refused > bytes.size * 100);
	buffer_finish(&bytes);
	arena_finish(&arena);
}

TEST(questions_reach_into_the_arguments)
{
	static const struct {
		const char *text;
		bool is_collection, is_ordered, is_supported;
	} rows[] = {
		{ "int", false, true, true },
		{ "duration", false, false, false },
		{ "counter", false, true, false },
		{ "decimal", false, true, false },
		{ "list<int>", true, true, true },
		{ "set<frozen<list<int>>>", true, true, true },
		{ "map<int, duration>", true, false, false },
		{ "tuple<int, varint>", false, true, false },
		{ "tuple<int, frozen<list<duration>>>", false, false, false },
	};
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct type *type = literal_type(&arena, rows[i].text);

		assert_int_equal(type_is_collection(type),
				 rows[i].is_collection);
		assert_int_equal(type_is_ordered(type), rows[i].is_ordered);
		assert_int_equal(type_is_supported(type),
				 rows[i].is_supported);
	}
	arena_finish(&arena);
}

UNIT_MAIN()
