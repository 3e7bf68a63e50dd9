/* SPDX-License-Identifier: MIT
 *
 * Reads the first block of segments, many at once, and shows it to a
 * visitor, in any order.  For recovery, which so finds out what was written
 * since a checkpoint. */
#ifndef STORAGE_RECOVERY_PROBE_H
#define STORAGE_RECOVERY_PROBE_H

#include "storage/segments/segment_manager.h"

/* ${block} holds FORMAT_BLOCK_SIZE bytes. */
typedef void probe_visit(void *context, uint32_t segment,
			 const uint8_t *block);

MUST_CHECK int probe_segments(const struct segment_manager *segments,
			      const uint32_t *list, uint32_t count,
			      probe_visit *visit, void *context,
			      struct error *error);

#endif
