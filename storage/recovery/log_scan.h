/* SPDX-License-Identifier: MIT
 *
 * Reads segments from start to end, neighbours in one piece and several large
 * reads in flight, and shows each one's bytes to a visitor in order.  For
 * recovery. */
#ifndef STORAGE_RECOVERY_LOG_SCAN_H
#define STORAGE_RECOVERY_LOG_SCAN_H

#include "storage/segments/segment_manager.h"

typedef int log_scan_visit(void *context, uint32_t segment,
			   const uint8_t *bytes, struct error *error);

/* ${list} is ascending. Stops with what ${visit} returns when that isn't 0. */
MUST_CHECK int log_scan(const struct segment_manager *segments,
			const uint32_t *list, uint32_t count,
			log_scan_visit *visit, void *context,
			struct error *error);

#endif
