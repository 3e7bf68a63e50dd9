/* SPDX-License-Identifier: MIT */
#include "types/uuid.h"

#include "tests/unit/types/literal.h"

#include "tests/support/unit.h"

static const char good[] = "123e4567-e89b-12d3-a456-426655440000";

TEST(uuids_print_as_they_were_read)
{
	uint8_t uuid[UUID_SIZE];
	struct buffer out = { 0 };

	assert_true(uuid_parse(slice_from_string(good), uuid));
	assert_memory_equal(uuid, "\x12\x3e\x45\x67\xe8\x9b\x12\xd3\xa4\x56"
			    "\x42\x66\x55\x44\0\0", UUID_SIZE);
	uuid_print(uuid, &out);
	assert_int_equal(out.size, 36);
	assert_memory_equal(out.data, good, 36);
	buffer_finish(&out);
}

TEST(upper_case_is_read_too)
{
	uint8_t uuid[UUID_SIZE];

	assert_true(uuid_parse(SLICE("ABCDEF01-2345-6789-aBcD-EF0123456789"),
			       uuid));
	assert_int_equal(uuid[0], 0xab);
	assert_int_equal(uuid[15], 0x89);
}

TEST(anything_else_is_no_uuid)
{
	uint8_t uuid[UUID_SIZE];
	char text[37];

	/* Each single wrong character. */
	for (size_t i = 0; i < 36; i++) {
		memcpy(text, good, sizeof(text));
		text[i] = text[i] == '-' ? '0' : '-';
		assert_false(uuid_parse(slice_make(text, 36), uuid));
		text[i] = 'g';
		assert_false(uuid_parse(slice_make(text, 36), uuid));
	}
	assert_false(uuid_parse(slice_make(good, 35), uuid));
	assert_false(uuid_parse(slice_make(good, 37), uuid));
	assert_false(uuid_parse(SLICE(""), uuid));
}

TEST(random_uuids_are_version_4)
{
	uint8_t random[UUID_SIZE], uuid[UUID_SIZE];

	memset(random, 0xff, sizeof(random));
	uuid_make_random(random, uuid);
	assert_int_equal(uuid_version(uuid), 4);
	assert_int_equal(uuid[8], 0xbf);
	assert_int_equal(uuid[6], 0x4f);
	memset(random, 0, sizeof(random));
	uuid_make_random(random, uuid);
	assert_int_equal(uuid_version(uuid), 4);
	assert_int_equal(uuid[8], 0x80);
}

TEST(time_uuids_keep_their_time)
{
	static const int64_t times_ms[] = {
		0, 1, 1296705900123, -1, -12219292800000, 4102444800000,
	};

	for (size_t i = 0; i < ARRAY_COUNT(times_ms); i++) {
		uint8_t uuid[UUID_SIZE];

		uuid_make_time(times_ms[i] * 10000 + 9999,
			       (const uint8_t *)"12345678", uuid);
		assert_int_equal(uuid_version(uuid), 1);
		assert_int_equal(uuid[8] >> 6, 2);
		assert_true(uuid_time_ms(uuid) == times_ms[i]);
	}
}

TEST(the_time_of_a_known_uuid)
{
	uint8_t uuid[UUID_SIZE];

	/* RFC 4122's own count starts in 1582; this one is from 2004. */
	assert_true(uuid_parse(SLICE("58e0a7d7-eebc-11d8-9669-0800200c9a66"),
			       uuid));
	assert_true(uuid_time(uuid) == UINT64_C(0x1d8eebc58e0a7d7));
	assert_true(uuid_time_ms(uuid) == INT64_C(1092575371981));
}

TEST(a_timeuuid_is_version_1)
{
	struct buffer out = { 0 };
	struct error error = ERROR_INIT;

	assert_int_equal(value_parse(
		type_native(TYPE_TIMEUUID), LITERAL_UUID,
		SLICE("00000000-0000-4000-8000-000000000000"), &out, &error),
		-ERROR_INVALID);
	assert_string_equal(error.message,
			    "TimeUUID supports only version 1 UUIDs, this "
			    "one is version 4");
	assert_int_equal(out.size, 0);
	assert_int_equal(value_parse(type_native(TYPE_UUID), LITERAL_UUID,
				     SLICE("0-0"), &out, &error),
			 -ERROR_INVALID);
	assert_string_equal(error.message, "Unable to make UUID from '0-0'");
	buffer_finish(&out);
}

UNIT_MAIN()
