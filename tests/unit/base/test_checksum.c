/* SPDX-License-Identifier: MIT */
#include "base/checksum.h"

#include "tests/support/unit.h"

/* Files of other machines and years carry these. */
TEST(checksums_are_xxh3)
{
	assert_true(checksum_seeded(SLICE(""), 0) ==
		    UINT64_C(0x2d06800538d394c2));
	assert_true(checksum_seeded(SLICE("a"), 0) ==
		    UINT64_C(0xe6c632b61e964e1f));
}

/* Long ones are the work of other code, chosen by the processor. */
TEST(checksums_of_all_lengths_are_xxh3)
{
	static const struct {
		size_t size;
		uint64_t checksum;
	} cases[] = {
		{ 240, UINT64_C(0xdf32419063bc489a) },
		{ 241, UINT64_C(0xc70f3b1cd146d8eb) },
		{ 511, UINT64_C(0x5e759399f1f2400b) },
		{ 512, UINT64_C(0xac4152e1d7e0d6a2) },
		{ 513, UINT64_C(0x892681f408fdb693) },
		{ 1025, UINT64_C(0x31b84950a330387d) },
		{ 5000, UINT64_C(0xd554deb7f41cc655) },
	};
	uint8_t bytes[5000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(checksum_seeded(slice_make(bytes, cases[i].size),
					    UINT64_C(0x123456789abcdef)) ==
			    cases[i].checksum);
}

TEST(the_seed_matters)
{
	assert_true(checksum_seeded(SLICE("abc"), 1) !=
		    checksum_seeded(SLICE("abc"), 2));
	assert_true(checksum_seeded(SLICE(""), 1) !=
		    checksum_seeded(SLICE(""), 2));
}

TEST(mixing_depends_on_the_order)
{
	uint64_t forth = checksum_mix(checksum_mix(0, 1), 2);
	uint64_t back = checksum_mix(checksum_mix(0, 2), 1);

	assert_true(forth != back);
	assert_true(checksum_mix(0, 1) != checksum_mix(1, 0));
	assert_true(checksum_mix(5, 6) == checksum_mix(5, 6));
}

UNIT_MAIN()
