/* SPDX-License-Identifier: MIT
 *
 * What a damaged disk still proves.  The end of the log can't be told from a
 * torn one when it is damaged; but every buffer says up to where all before it
 * was durable, so what an intact one says so of must be found or missed aloud,
 * never silently. */
#ifndef TESTS_SIMULATOR_TAIL_H
#define TESTS_SIMULATOR_TAIL_H

#include "tests/simulator/disk.h"

struct tail_geometry {
	uint64_t database_id;
	uint32_t segment_size;
	uint32_t file_segments;
};

/* The highest LSN that the buffers on the disk prove. */
uint64_t tail_lsn(const struct disk *disk,
		  const struct tail_geometry *geometry);

#endif
