/* SPDX-License-Identifier: MIT */
#include "base/checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The library's own code for this processor, chosen when it is first called,
 * beats what was compiled for all of them, but for what is short: there the
 * call costs more. */
enum { DISPATCH_SIZE_MIN = 512 };

#ifdef HAVE_XXH_DISPATCH
uint64_t XXH3_64bits_withSeed_dispatch(const void *bytes, size_t size,
				       uint64_t seed);
#else
#define XXH3_64bits_withSeed_dispatch XXH3_64bits_withSeed
#endif

uint64_t
checksum_seeded(struct slice bytes, uint64_t seed)
{
	if (bytes.size >= DISPATCH_SIZE_MIN)
		return XXH3_64bits_withSeed_dispatch(bytes.data, bytes.size,
						     seed);
	return XXH3_64bits_withSeed(bytes.data, bytes.size, seed);
}

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014) over the sum. */
uint64_t
checksum_mix(uint64_t seed, uint64_t number)
{
	uint64_t mixed = seed * UINT64_C(0x9e3779b97f4a7c15) + number;

	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ (mixed >> 31);
}
