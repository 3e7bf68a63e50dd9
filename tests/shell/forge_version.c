/* SPDX-License-Identifier: MIT
 *
 *     forge_version MANIFEST
 *
 * Makes a manifest one of the next format version, checksum included, as a
 * later logstor would leave it behind. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum { VERSION_AT = 16, SIZE_AT = 20, CHECKED_FROM = 8, FILE_MAX = 1 << 20 };

int
main(int argc, char **argv)
{
	static uint8_t bytes[FILE_MAX];
	FILE *file = argc == 2 ? fopen(argv[1], "r+b") : NULL;
	size_t size = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
	uint32_t used;
	uint64_t checksum;

	if (size <= SIZE_AT + sizeof(used)) {
		fprintf(stderr, "usage: forge_version MANIFEST\n");
		return 1;
	}
	memcpy(&used, bytes + SIZE_AT, sizeof(used));
	if (used > size || used < CHECKED_FROM) {
		fprintf(stderr, "%s: no manifest\n", argv[1]);
		return 1;
	}
	bytes[VERSION_AT]++;
	checksum = XXH3_64bits_withSeed(bytes + CHECKED_FROM,
					used - CHECKED_FROM, 0);
	memcpy(bytes, &checksum, sizeof(checksum));
	rewind(file);
	if (fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
		return 1;
	return 0;
}
