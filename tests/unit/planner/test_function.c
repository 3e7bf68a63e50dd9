/* SPDX-License-Identifier: MIT */
#include "tests/support/unit.h"

#include "base/pack.h"
#include "planner/function.h"
#include "planner/session.h"
#include "tests/unit/planner/schema_fixture.h"
#include "types/uuid.h"
#include "types/value.h"

#include <string.h>

TEST(names_are_found_in_any_case_and_once_for_each_signature)
{
	static const struct {
		const char *name;
		unsigned signatures;
	} cases[] = {
		{ "now", 1 }, { "NOW", 1 }, { "toTimestamp", 3 },
		{ "uuid", 1 }, { "nope", 0 }, { "", 0 }, { "no", 0 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct slice name = slice_from_string(cases[i].name);
		const struct function *function = NULL;
		unsigned count = 0;

		while ((function = function_find(name, function)) != NULL)
			count++;
		assert_int_equal(count, cases[i].signatures);
	}
}

TEST(what_cql_has_and_we_have_not_is_known)
{
	static const char *const known[] = {
		"min", "MAX", "sum", "avg", "toJson", "intAsBlob",
		"blobAsInt", "blob_as_timeuuid", "text_as_blob",
		"currentTimestamp", "mask_hash",
	};
	static const char *const unknown[] = {
		"foo", "asblob", "blobas", "fooasblob", "blobasfoo", "",
	};

	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		if (!function_is_known(slice_from_string(known[i])))
			fail_msg("%s", known[i]);
	for (size_t i = 0; i < ARRAY_COUNT(unknown); i++)
		if (function_is_known(slice_from_string(unknown[i])))
			fail_msg("%s", unknown[i]);
}

/* A row of the table that completion would not offer is a row forgotten. */
TEST(every_name_offered_exists)
{
	static const char *const special[] = { "count", "token", "ttl",
					       "writetime" };

	for (size_t i = 0; function_name_at(i) != NULL; i++) {
		bool is_special = false;

		for (size_t j = 0; j < ARRAY_COUNT(special); j++)
			is_special |= strcmp(function_name_at(i),
					     special[j]) == 0;
		assert_true(is_special ||
			    function_find(slice_from_string(
						  function_name_at(i)),
					  NULL) != NULL);
		assert_true(i == 0 || strcmp(function_name_at(i - 1),
					     function_name_at(i)) < 0);
	}
}

static struct slice
call(const char *name, enum type_kind argument_kind, struct slice argument,
     struct fixture *fixture, struct buffer *out)
{
	struct evaluation evaluation = { .database = &fixture->database };
	const struct function *function = NULL;
	struct error error = ERROR_INIT;

	while ((function = function_find(slice_from_string(name),
					 function)) != NULL) {
		if (argument_kind == 0 ||
		    function->arguments[0] == argument_kind)
			break;
	}
	assert_non_null(function);
	buffer_clear(out);
	assert_int_equal(function->evaluate(&evaluation, &argument, out,
					    &error), 0);
	return buffer_slice(out);
}

TEST(uuids_are_of_their_version_and_never_the_same)
{
	struct fixture fixture = { 0 };
	struct buffer out = { 0 };
	uint8_t last[UUID_SIZE] = { 0 };

	fixture_open(&fixture, NULL);
	for (int i = 0; i < 1000; i++) {
		struct slice uuid = call("now", 0, SLICE_NULL, &fixture,
					 &out);

		assert_int_equal(uuid.size, UUID_SIZE);
		assert_int_equal(uuid.data[6] >> 4, 1);
		assert_int_equal(uuid.data[8] >> 6, 2);
		if (i > 0)
			assert_int_equal(value_compare(
						 type_native(TYPE_TIMEUUID),
						 slice_make(last, UUID_SIZE),
						 uuid), -1);
		memcpy(last, uuid.data, UUID_SIZE);
	}
	for (int i = 0; i < 100; i++) {
		struct slice uuid = call("uuid", 0, SLICE_NULL, &fixture,
					 &out);

		assert_int_equal(uuid.data[6] >> 4, 4);
		assert_memory_not_equal(uuid.data, last, UUID_SIZE);
		memcpy(last, uuid.data, UUID_SIZE);
	}
	buffer_finish(&out);
	fixture_close(&fixture);
}

TEST(timestamps_come_from_dates_and_timeuuids)
{
	static const struct {
		uint32_t date;
		int64_t ms;
	} dates[] = {
		{ 1u << 31, 0 },
		{ (1u << 31) + 1, 86400000 },
		{ (1u << 31) - 1, -86400000 },
		{ 0, -185542587187200000 },
		{ UINT32_MAX, 185542587100800000 },
	};
	struct fixture fixture = { 0 };
	struct buffer out = { 0 };
	uint8_t uuid[UUID_SIZE];
	uint8_t bytes[4];
	struct slice made;

	fixture_open(&fixture, NULL);
	for (size_t i = 0; i < ARRAY_COUNT(dates); i++) {
		store_u32_be(bytes, dates[i].date);
		made = call("totimestamp", TYPE_DATE,
			    slice_make(bytes, sizeof(bytes)), &fixture, &out);
		assert_true((int64_t)load_u64_be(made.data) == dates[i].ms);
	}
	uuid_make_time(1234567890123LL * 10000, (const uint8_t *)"nodenode",
		       uuid);
	made = call("totimestamp", TYPE_TIMEUUID,
		    slice_make(uuid, UUID_SIZE), &fixture, &out);
	assert_true((int64_t)load_u64_be(made.data) == 1234567890123LL);
	buffer_finish(&out);
	fixture_close(&fixture);
}

UNIT_MAIN()
