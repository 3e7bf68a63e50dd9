/* SPDX-License-Identifier: MIT
 *
 * The options of CREATE KEYSPACE … WITH.  One process has nothing to
 * replicate; what is declared is checked and kept for DESCRIBE, so that the
 * schema can move on to a cluster. */
#ifndef PLANNER_KEYSPACE_OPTION_H
#define PLANNER_KEYSPACE_OPTION_H

#include "planner/catalog.h"
#include "planner/option.h"

/* Fills the keyspace's options, in its arena. */
MUST_CHECK int keyspace_option_bind(const struct ast_property *properties,
				    struct keyspace *keyspace,
				    struct error *error);

#endif
