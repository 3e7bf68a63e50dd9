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
