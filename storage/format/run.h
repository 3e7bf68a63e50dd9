/* SPDX-License-Identifier: MIT
 *
 * Rows that are larger than a segment: one record over a run of neighbouring
 * segments of one file, each of which begins with a buffer's header.
 *
 *	| header | record's first bytes | header | more | header | last, zeros |
 *	|<--------- segment ----------->|<-- segment --->|<---- segment ---->|
 */
#ifndef STORAGE_FORMAT_RUN_H
#define STORAGE_FORMAT_RUN_H

#include "storage/index/primary_index.h"

/* Key and value of the largest row, whatever the geometry. */
enum { RUN_ROW_SIZE_MAX = 16 << 20 };

/* Segments of a record of ${record_size} bytes that begins a segment; 1: it is
 * no run. */
uint32_t run_parts(uint32_t segment_size, uint64_t record_size);

/* Largest record that fits one file's segments. */
uint64_t run_record_size_max(uint32_t segment_size, uint32_t file_segments);

/* Bytes on the disk from the start of a record to its end, headers between
 * included: location.size unless it is a run. */
uint32_t run_extent(uint32_t segment_size, struct location location);

/* ${bytes} holds a record's extent: closes the gaps that the headers make, so
 * that location.size bytes of the record stand there. Does nothing when it is
 * no run. */
void run_gather(uint8_t *bytes, uint32_t segment_size,
		struct location location);
/* The other way: ${bytes} has room for the extent. The gaps hold rubble. */
void run_scatter(uint8_t *bytes, uint32_t segment_size,
		 struct location location);

#endif
