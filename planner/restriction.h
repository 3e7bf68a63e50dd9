/* SPDX-License-Identifier: MIT
 *
 * WHERE: from relations to the access that answers them.  CQL lets a query
 * say only what can be looked up: the whole key by = and IN, a range of
 * tokens, or nothing; the rest is filtering. */
#ifndef PLANNER_RESTRICTION_H
#define PLANNER_RESTRICTION_H

#include "planner/binder.h"

/* Of a SELECT.  Refuses what would need filtering: as CQL does without ALLOW
 * FILTERING, as not supported with it. */
MUST_CHECK int restriction_bind_access(struct binder *binder,
				       const struct ast_relation *where,
				       bool allows_filtering,
				       struct access *access);

/* Of a modification: every part of the key by = or IN. */
MUST_CHECK int restriction_bind_key(struct binder *binder,
				    const struct ast_relation *where,
				    struct ast_place target,
				    struct key_restriction **keys);

#endif
