/* SPDX-License-Identifier: MIT
 *
 * EXPLAIN: a plan in words, a row for each line, in one column `plan`. */
#ifndef PLANNER_EXPLAIN_H
#define PLANNER_EXPLAIN_H

#include "planner/binder.h"

MUST_CHECK int explain_bind_columns(struct binder *binder);

/* The lines about ${plan} (the explained one), in ${arena}. */
MUST_CHECK int explain_plan(const struct plan *plan, struct arena *arena,
			    struct row_list *rows, struct error *error);

#endif
