/* SPDX-License-Identifier: MIT
 *
 * USING: what a statement says about its own writing and waiting. */
#ifndef PLANNER_BIND_USING_H
#define PLANNER_BIND_USING_H

#include "planner/binder.h"

/* Each binds its part, when it was written, to ${…}; NULL otherwise stays. */
MUST_CHECK int bind_using_timestamp(struct binder *binder,
				    const struct ast_using *using,
				    struct expression **timestamp_us);
MUST_CHECK int bind_using_ttl(struct binder *binder,
			      const struct ast_using *using,
			      struct expression **ttl_s);

/* Accepted, since nothing here waits for other machines. */
MUST_CHECK int bind_using_timeout(struct binder *binder,
				  const struct ast_using *using);

#endif
