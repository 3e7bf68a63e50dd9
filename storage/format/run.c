/* SPDX-License-Identifier: MIT */
#include "storage/format/run.h"

#include "storage/format/format.h"

#include <string.h>

/* Bytes of data in each segment. */
static uint32_t
room_of(uint32_t segment_size)
{
	return segment_size - FORMAT_HEADER_SIZE;
}

uint32_t
run_parts(uint32_t segment_size, uint64_t record_size)
{
	uint32_t room = room_of(segment_size);

	if (record_size <= room)
		return 1;
	return (uint32_t)((record_size + room - 1) / room);
}

uint64_t
run_record_size_max(uint32_t segment_size, uint32_t file_segments)
{
	return (uint64_t)room_of(segment_size) * file_segments;
}

uint32_t
run_extent(uint32_t segment_size, struct location location)
{
	return location.size + (run_parts(segment_size, location.size) - 1) *
				       FORMAT_HEADER_SIZE;
}

void
run_gather(uint8_t *bytes, uint32_t segment_size, struct location location)
{
	uint32_t room = room_of(segment_size);
	uint32_t parts = run_parts(segment_size, location.size);

	for (uint32_t i = 1; i < parts; i++) {
		uint32_t done = i * room;
		uint32_t left = location.size - done;

		memmove(bytes + done, bytes + (size_t)i * segment_size,
			left < room ? left : room);
	}
}

void
run_scatter(uint8_t *bytes, uint32_t segment_size, struct location location)
{
	uint32_t room = room_of(segment_size);
	uint32_t parts = run_parts(segment_size, location.size);

	for (uint32_t i = parts - 1; i > 0; i--) {
		uint32_t done = i * room;
		uint32_t left = location.size - done;

		memmove(bytes + (size_t)i * segment_size, bytes + done,
			left < room ? left : room);
	}
}
