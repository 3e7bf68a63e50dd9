/* SPDX-License-Identifier: MIT
 *
 * From a text to a statement's plan, and again when the schema has changed. */
#ifndef PLANNER_PREPARE_H
#define PLANNER_PREPARE_H

#include "planner/statement.h"

/* Parses and binds the first statement of ${whole}: 0 with a plan, or without
 * one for a text that holds no statement.  ${end} is where the next begins. */
MUST_CHECK int prepare_statement(struct logstor_statement *statement,
				 struct slice whole, size_t *end);

/* Makes the plan again, in the keyspace that was in use when the statement
 * was prepared.  On failure the old plan stays, and is tried again with the
 * next execution. */
MUST_CHECK int prepare_again(struct logstor_statement *statement);

#endif
