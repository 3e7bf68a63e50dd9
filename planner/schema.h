/* SPDX-License-Identifier: MIT
 *
 * The planner's schema half: CREATE, DROP, TRUNCATE and DESCRIBE.  bind_schema
 * checks a statement against the catalog as far as preparing can, then
 * execute_schema checks again and changes storage and catalog together. */
#ifndef PLANNER_SCHEMA_H
#define PLANNER_SCHEMA_H

#include "planner/plan.h"

/* Fills ${plan} for CREATE/ALTER/DROP KEYSPACE, TABLE, TYPE, TRUNCATE and
 * USE; says `… is not supported` for those that aren't yet. */
MUST_CHECK int bind_schema(struct logstor_session *session,
			   const struct ast_statement *statement,
			   struct arena *arena, struct plan *plan,
			   struct error *error);

/* Runs a PLAN_SCHEMA; ENGINE_PENDING until it is visible (in the engine and
 * the catalog).  ${state} is zeroed before the first call and keeps what must
 * outlive a wait; execute_schema_finish releases it at any moment.  On 0,
 * ${lsn} is what engine_commit must cover. */
struct execute_schema_state {
	struct arena arena;
	struct table *table;       /* made, not yet in the catalog */
	struct keyspace *keyspace;
	struct engine_write *writes;
	size_t write_count;
	uint64_t catalog_version;  /* that the writes were made for */
	bool is_prepared;
	bool is_nothing;           /* IF [NOT] EXISTS: nothing to do */
	uint64_t lsn;
};
MUST_CHECK int execute_schema(struct logstor_session *session,
			      const struct plan *plan,
			      struct execute_schema_state *state,
			      uint64_t *lsn, struct error *error);
void execute_schema_finish(struct execute_schema_state *state);

/* Checks that the keyspace exists and puts it in use. */
MUST_CHECK int execute_use(struct logstor_session *session,
			   const struct ast_statement *statement,
			   struct error *error);

/* DESCRIBE: columns at bind, rows at execution. */
MUST_CHECK int bind_describe(struct logstor_session *session,
			     const struct ast_statement *statement,
			     struct arena *arena, struct plan *plan,
			     struct error *error);
MUST_CHECK int execute_describe(struct logstor_session *session,
				const struct plan *plan, struct arena *arena,
				struct row_list *rows, struct error *error);

/* The table that ${name} means: in its keyspace or the one in use.  Fails
 * with CQL's words ("No keyspace has been specified…", "Keyspace x does not
 * exist", "unconfigured table x" + did you mean). Borrowed. */
MUST_CHECK int bind_table(struct logstor_session *session,
			  const struct ast_qualified_name *name,
			  struct table **table, struct error *error);

/* The keyspace that must be there, for a table; and what says that none is in
 * use. */
MUST_CHECK int bind_keyspace(struct logstor_session *session,
			     const struct ast_name *name,
			     struct keyspace **keyspace, struct error *error);
int bind_refuse_no_keyspace(struct logstor_session *session,
			    struct ast_place place, struct error *error);

/* Hints at the keyspace whose name is nearest; false when none is near. */
bool bind_hint_keyspace(struct logstor_session *session, struct slice name,
			struct error *error);

/* A written type as a type, checked as CQL does (unknown names, frozen
 * inside collections, unsupported ones). */
MUST_CHECK int bind_type(const struct ast_type *written, struct arena *arena,
			 const struct type **type, struct error *error);

/* The same; unknown names are said to be missing in ${keyspace}. */
MUST_CHECK int bind_type_of_keyspace(const struct ast_type *written,
				     struct slice keyspace,
				     struct arena *arena,
				     const struct type **type,
				     struct error *error);

#endif
