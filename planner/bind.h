/* SPDX-License-Identifier: MIT
 *
 * From AST to plan: names and types get their meaning, and what CQL forbids is
 * refused with CQL's words and the place where it stands.  bind_statement is
 * the door; a file for each kind of statement does its part. */
#ifndef PLANNER_BIND_H
#define PLANNER_BIND_H

#include "planner/plan.h"

/* Binds any statement into ${plan}, which is zeroed and has its markers
 * allocated.  The plan then holds a reference on its table (plan_release). */
MUST_CHECK int bind_statement(struct logstor_session *session,
			      const struct ast_statement *statement,
			      struct arena *arena, struct plan *plan,
			      struct error *error);
void plan_release(struct plan *plan);

#endif
