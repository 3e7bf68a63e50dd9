/* SPDX-License-Identifier: MIT
 *
 * XXH3-64 as libxxhash computes it: for each size and seed a line, of the
 * bytes that reader/test_reader.py makes the same way. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <xxhash.h>

enum { SIZE_MAX_TESTED = 4200 };

int
main(void)
{
	static const uint64_t seeds[] = { 0, 1, 0x9e3779b97f4a7c15,
					  UINT64_MAX };
	static uint8_t bytes[SIZE_MAX_TESTED];

	for (uint32_t i = 0; i < SIZE_MAX_TESTED; i++)
		bytes[i] = (uint8_t)((i * 2654435761u) >> 24);
	for (uint32_t size = 0; size < SIZE_MAX_TESTED;
	     size += size < 300 ? 1 : 61)
		for (int i = 0; i < 4; i++)
			printf("%" PRIu32 " %" PRIu64 " %" PRIu64 "\n", size,
			       seeds[i],
			       (uint64_t)XXH3_64bits_withSeed(bytes, size,
							      seeds[i]));
	return 0;
}
