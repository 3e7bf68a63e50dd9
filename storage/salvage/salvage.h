/* SPDX-License-Identifier: MIT
 *
 * Saves what is left of a damaged database: every intact row, in its newest
 * intact version, into a new one.  Reads all segments, believes no checkpoint,
 * and never writes to the damaged directory. */
#ifndef STORAGE_SALVAGE_SALVAGE_H
#define STORAGE_SALVAGE_SALVAGE_H

#include "storage/engine.h"

struct salvage_report {
	/* The caller's; each may be NULL.  A fault: rows are lost there, or may
	 * be.  A note: something was damaged that holds no rows. */
	void (*on_fault)(void *context, const struct engine_fault *fault);
	void (*on_note)(void *context, const struct engine_fault *note);
	/* At the end, for each user table that the new database knows: its
	 * live rows, and their keys and values. */
	void (*on_table)(void *context, uint32_t table, uint64_t rows,
			 uint64_t bytes);
	/* Now and then; true ends it with ERROR_CANCELLED. */
	bool (*on_progress)(void *context,
			    const struct engine_progress *progress);
	void *context;
	/* What became of it. */
	uint64_t rows;      /* saved, of user tables */
	uint64_t bytes;     /* their keys and values */
	uint64_t faults;
	uint64_t notes;
	bool may_resurrect; /* tombstones had been dropped: what they hid may
			       be back */
};

/* Both ios are owned from here on, also when it fails; ${fresh} is a directory
 * that holds nothing but the mark of salvage_target.h.  0 also when something
 * was lost: report->faults says so. */
MUST_CHECK int salvage_run(struct io *damaged, struct io *fresh,
			   struct salvage_report *report, struct error *error);

#endif
