/* SPDX-License-Identifier: MIT */
#include "base/pack.h"

#include "tests/support/unit.h"

TEST(bytes_stand_in_the_named_order)
{
	uint8_t bytes[8];

	store_u16_be(bytes, 0x0102);
	assert_memory_equal(bytes, "\1\2", 2);
	store_u16_le(bytes, 0x0102);
	assert_memory_equal(bytes, "\2\1", 2);
	store_u32_be(bytes, 0x01020304);
	assert_memory_equal(bytes, "\1\2\3\4", 4);
	store_u32_le(bytes, 0x01020304);
	assert_memory_equal(bytes, "\4\3\2\1", 4);
	store_u64_be(bytes, UINT64_C(0x0102030405060708));
	assert_memory_equal(bytes, "\1\2\3\4\5\6\7\x8", 8);
	store_u64_le(bytes, UINT64_C(0x0102030405060708));
	assert_memory_equal(bytes, "\x8\7\6\5\4\3\2\1", 8);
}

TEST(loads_undo_stores_at_any_alignment)
{
	uint8_t bytes[16];

	for (size_t at = 0; at < 8; at++) {
		store_u64_be(bytes + at, UINT64_C(0xfedcba9876543210));
		assert_true(load_u64_be(bytes + at) ==
			    UINT64_C(0xfedcba9876543210));
		store_u32_le(bytes + at, 0xfedcba98);
		assert_int_equal(load_u32_le(bytes + at), 0xfedcba98);
		store_u16_be(bytes + at, 0xfedc);
		assert_int_equal(load_u16_be(bytes + at), 0xfedc);
	}
}

UNIT_MAIN()
