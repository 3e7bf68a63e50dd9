/* SPDX-License-Identifier: MIT
 *
 * SHOW STORAGE: one row of what the engine knows about itself.  Counters of
 * what is there, counters since opening, ratios, and a map of the segments by
 * how live they are. */
#ifndef PLANNER_STORAGE_REPORT_H
#define PLANNER_STORAGE_REPORT_H

#include "planner/binder.h"

MUST_CHECK int storage_report_bind(struct binder *binder);

/* The row, in ${arena}. */
MUST_CHECK int storage_report_make(struct logstor_session *session,
				   struct arena *arena, struct row_list *rows,
				   struct error *error);

#endif
