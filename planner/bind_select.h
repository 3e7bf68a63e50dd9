/* SPDX-License-Identifier: MIT
 *
 * SELECT: its selectors, its WHERE as an access, its LIMIT. */
#ifndef PLANNER_BIND_SELECT_H
#define PLANNER_BIND_SELECT_H

#include "planner/binder.h"

MUST_CHECK int bind_select(struct binder *binder,
			   const struct ast_select *select,
			   struct ast_place verb);

#endif
