/* SPDX-License-Identifier: MIT */
#include "tests/support/unit.h"

#include "base/limits.h"
#include "planner/paging.h"

#include <stdlib.h>
#include <string.h>

TEST(a_position_comes_back)
{
	static const uint64_t limits[] = { 1, 2, 1000000, UINT64_MAX };
	static uint8_t bytes[KEY_SIZE_MAX];
	struct buffer state_bytes = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
		for (size_t size = 1; size <= sizeof(bytes); size *= 5) {
			struct paging_position in = {
				.kind = i % 2 ? ACCESS_KEYS : ACCESS_TOKENS,
				.rows_left = limits[i],
				.key = slice_make(bytes, size),
			};
			struct paging_position out;
			struct error error = ERROR_INIT;

			paging_encode(&in, 42, &state_bytes);
			assert_int_equal(
				paging_decode(buffer_slice(&state_bytes), 42,
					      in.kind, &out, &error), 0);
			assert_int_equal(out.kind, in.kind);
			assert_true(out.rows_left == in.rows_left);
			assert_true(slice_is_equal(out.key, in.key));
		}
	}
	buffer_finish(&state_bytes);
}

TEST(anything_else_is_refused)
{
	struct paging_position in = { .kind = ACCESS_TOKENS,
				      .rows_left = 5,
				      .key = SLICE("key") };
	struct paging_position out;
	struct buffer encoded = { 0 };
	struct error error = ERROR_INIT;
	uint8_t *bytes;

	paging_encode(&in, 42, &encoded);
	bytes = malloc(encoded.size);
	for (size_t i = 0; i < encoded.size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(bytes, encoded.data, encoded.size);
			bytes[i] ^= (uint8_t)(1 << bit);
			assert_int_equal(
				paging_decode(slice_make(bytes, encoded.size),
					      42, ACCESS_TOKENS, &out,
					      &error), -ERROR_INVALID);
		}
		memcpy(bytes, encoded.data, encoded.size);
		assert_int_equal(paging_decode(slice_make(bytes, i), 42,
					       ACCESS_TOKENS, &out, &error),
				 -ERROR_INVALID);
	}
	assert_int_equal(paging_decode(buffer_slice(&encoded), 43,
				       ACCESS_TOKENS, &out, &error),
			 -ERROR_INVALID);
	assert_int_equal(paging_decode(buffer_slice(&encoded), 42,
				       ACCESS_KEYS, &out, &error),
			 -ERROR_INVALID);
	free(bytes);
	buffer_finish(&encoded);
}

/* A checksum keeps accidents away, not people: what is behind it is doubted
 * all the same. */
TEST(a_state_with_a_good_checksum_is_doubted_too)
{
	struct paging_position cases[] = {
		{ .kind = ACCESS_TOKENS, .rows_left = 0, .key = SLICE("k") },
		{ .kind = ACCESS_TOKENS, .rows_left = 1, .key = SLICE("") },
	};
	struct buffer encoded = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct paging_position out;
		struct error error = ERROR_INIT;

		paging_encode(&cases[i], 42, &encoded);
		assert_int_equal(paging_decode(buffer_slice(&encoded), 42,
					       ACCESS_TOKENS, &out, &error),
				 -ERROR_INVALID);
	}
	buffer_finish(&encoded);
}

UNIT_MAIN()
