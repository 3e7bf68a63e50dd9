/* SPDX-License-Identifier: MIT
 *
 * Finds the newest intact version of every row of a damaged database.  What a
 * usable checkpoint knows is believed; the log behind it, or all of it where
 * there is none, is taken as far as it is intact: first a look at all headers
 * and rows of table 3, then the records. */
#ifndef STORAGE_SALVAGE_SALVAGE_SCAN_H
#define STORAGE_SALVAGE_SALVAGE_SCAN_H

#include "storage/salvage/salvage_source.h"

/* Fills the source's tables with entries; sets report->may_resurrect. */
MUST_CHECK int salvage_scan(struct salvage_source *source,
			    struct error *error);

#endif
