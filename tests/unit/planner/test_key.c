/* SPDX-License-Identifier: MIT */
#include "tests/support/unit.h"

#include "base/limits.h"
#include "base/murmur3.h"
#include "planner/key.h"
#include "tests/unit/planner/schema_fixture.h"

#include <stdlib.h>
#include <string.h>

static struct table *
make_table(const char *cql)
{
	struct error error = ERROR_INIT;
	struct table *table;

	if (fixture_build(cql, &table, &error) < 0)
		fail_msg("%s: %s", cql, error.message);
	return table;
}

static const char composite[] =
	"CREATE TABLE ks.t (a text, b text, PRIMARY KEY ((a, b)))";
static const char single[] = "CREATE TABLE ks.t (a text PRIMARY KEY)";

TEST(keys_hash_to_cassandras_tokens)
{
	static const struct {
		const char *table;
		struct slice parts[2];
		int64_t token;
	} cases[] = {
		{ single, { SLICE_LITERAL("a") }, -8839064797231613815 },
		{ single, { SLICE_LITERAL("hello") }, -3758069500696749310 },
		{ single, { SLICE_LITERAL("\x80") }, -5284281814142962636 },
		{ composite, { SLICE_LITERAL("\0\0\0\1"),
			       SLICE_LITERAL("\0\0\0\2") },
		  4881097376275569167 },
		{ composite, { SLICE_LITERAL("a"), SLICE_LITERAL("") },
		  -7005710260653943986 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct table *table = make_table(cases[i].table);
		struct arena arena = { 0 };
		struct error error = ERROR_INIT;
		struct slice key;
		struct slice parts[2];

		assert_int_equal(key_encode(table, cases[i].parts, &arena,
					    &key, &error), 0);
		assert_true(murmur3_token(key) == cases[i].token);
		assert_int_equal(key_decode(table, key, parts, &error), 0);
		for (uint32_t j = 0; j < table->key_count; j++)
			assert_true(slice_is_equal(parts[j],
						   cases[i].parts[j]));
		arena_finish(&arena);
		table_release(table);
	}
}

TEST(keys_that_cannot_be_are_refused)
{
	struct table *one = make_table(single);
	struct table *two = make_table(composite);
	struct arena arena = { 0 };
	struct error error = ERROR_INIT;
	uint8_t *bytes = calloc(1, KEY_SIZE_MAX + 1);
	struct slice parts[2] = { slice_make(bytes, 0),
				  slice_make(bytes, 0) };
	struct slice key;

	assert_int_equal(key_encode(one, parts, &arena, &key, &error),
			 -ERROR_INVALID);
	assert_string_equal(error.message, "Key may not be empty");
	parts[0].size = KEY_SIZE_MAX;
	assert_int_equal(key_encode(one, parts, &arena, &key, &error), 0);
	parts[0].size = KEY_SIZE_MAX + 1;
	assert_int_equal(key_encode(one, parts, &arena, &key, &error),
			 -ERROR_INVALID);
	assert_string_equal(error.message, "Key length of 65536 is longer "
					   "than maximum of 65535");
	/* The parts' sizes and ends count too. */
	parts[0].size = KEY_SIZE_MAX - 6;
	assert_int_equal(key_encode(two, parts, &arena, &key, &error), 0);
	assert_int_equal(key.size, KEY_SIZE_MAX);
	parts[1].size = 1;
	assert_int_equal(key_encode(two, parts, &arena, &key, &error),
			 -ERROR_INVALID);
	free(bytes);
	arena_finish(&arena);
	table_release(one);
	table_release(two);
}

TEST(hostile_keys_are_refused)
{
	static const struct slice keys[] = {
		SLICE_LITERAL("\0"),
		SLICE_LITERAL("\0\1a"),
		SLICE_LITERAL("\0\1a\0"),
		SLICE_LITERAL("\0\1a\0\0\1b"),
		SLICE_LITERAL("\0\1a\0\0\1b\1"),
		SLICE_LITERAL("\0\1a\1\0\1b\0"),
		SLICE_LITERAL("\0\1a\0\0\2b\0"),
		SLICE_LITERAL("\0\1a\0\0\1b\0\0"),
		SLICE_LITERAL("\xff\xff" "a\0\0\1b\0"),
	};
	struct table *table = make_table(composite);

	for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
		struct error error = ERROR_INIT;
		struct slice parts[2];

		assert_int_equal(key_decode(table, keys[i], parts, &error),
				 -ERROR_CORRUPT);
	}
	table_release(table);
}

UNIT_MAIN()
