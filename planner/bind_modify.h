/* SPDX-License-Identifier: MIT
 *
 * INSERT and DELETE. */
#ifndef PLANNER_BIND_MODIFY_H
#define PLANNER_BIND_MODIFY_H

#include "planner/binder.h"

MUST_CHECK int bind_insert(struct binder *binder,
			   const struct ast_insert *insert);
MUST_CHECK int bind_delete(struct binder *binder,
			   const struct ast_delete *delete);

#endif
