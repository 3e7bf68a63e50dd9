/* SPDX-License-Identifier: MIT */
#include "storage/format/run.h"

#include "storage/format/format.h"
#include "tests/support/unit.h"

#include <stdlib.h>
#include <string.h>

enum { SEGMENT = 4096, ROOM = SEGMENT - FORMAT_HEADER_SIZE };

TEST(a_run_has_as_many_segments_as_it_needs)
{
	assert_int_equal(run_parts(SEGMENT, 40), 1);
	assert_int_equal(run_parts(SEGMENT, ROOM), 1);
	assert_int_equal(run_parts(SEGMENT, ROOM + 8), 2);
	assert_int_equal(run_parts(SEGMENT, 2 * ROOM), 2);
	assert_int_equal(run_parts(SEGMENT, 2 * ROOM + 8), 3);
	/* Stale entries of recovery. */
	assert_int_equal(run_parts(SEGMENT, 0), 1);
	/* The largest row in the smallest segments fits one file and an entry
	 * of the index. */
	assert_true(run_parts(SEGMENT, RUN_ROW_SIZE_MAX + 64) < 1 << 16);
	assert_true(RUN_ROW_SIZE_MAX + 64 < 1 << 25);
	assert_int_equal(run_record_size_max(SEGMENT, 10), 10 * ROOM);
}

/* Bytes as they stand on the disk from a record's start on. */
static uint8_t *
scatter(const uint8_t *record, uint32_t size, uint32_t extent)
{
	uint8_t *bytes = malloc(extent);
	uint32_t at = 0;

	assert_non_null(bytes);
	memset(bytes, 0xee, extent);
	for (uint32_t done = 0; done < size; at++)
		if (at % SEGMENT < ROOM)
			bytes[at] = record[done++];
	assert_int_equal(at, extent);
	return bytes;
}

TEST(a_record_is_gathered_from_its_segments)
{
	static const uint32_t sizes[] = { 8, ROOM - 8, ROOM, ROOM + 8,
					  2 * ROOM - 8, 2 * ROOM, 2 * ROOM + 8,
					  7 * ROOM + 400, 20 * ROOM };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct location at = { 3, FORMAT_HEADER_SIZE, sizes[i] };
		uint32_t extent = run_extent(SEGMENT, at);
		uint8_t *record = malloc(sizes[i]);
		uint8_t *bytes;

		assert_non_null(record);
		for (uint32_t j = 0; j < sizes[i]; j++)
			record[j] = (uint8_t)(j * 7 + j / 251);
		bytes = scatter(record, sizes[i], extent);
		run_gather(bytes, SEGMENT, at);
		assert_memory_equal(bytes, record, sizes[i]);
		free(record);
		free(bytes);
	}
}

UNIT_MAIN()
