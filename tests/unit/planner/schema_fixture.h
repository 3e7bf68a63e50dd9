/* SPDX-License-Identifier: MIT
 *
 * What the tests of the schema need: a statement parsed, and a database with
 * one session under the planner's own functions. */
#ifndef TESTS_UNIT_PLANNER_SCHEMA_FIXTURE_H
#define TESTS_UNIT_PLANNER_SCHEMA_FIXTURE_H

#include "parser/parse.h"
#include "planner/schema.h"

/* The one statement of ${text}, in ${arena}; fails the test when there is
 * none. */
struct ast_statement *fixture_parse(const char *text, struct arena *arena);

/* A CREATE TABLE as a table; the result of table_definition_build. */
int fixture_build(const char *text, struct table **table,
		  struct error *error);

struct fixture {
	struct logstor_database database;
	struct logstor_session session;
	char *path; /* NULL: in memory */
};

/* A new database in memory, or one in the directory ${path}. */
void fixture_open(struct fixture *fixture, const char *path);
void fixture_close(struct fixture *fixture);
/* Closes and opens it; only for one in a directory. */
void fixture_reopen(struct fixture *fixture);

/* Binds and runs a schema statement or USE to its end and commits. */
int fixture_run(struct fixture *fixture, const char *text,
		struct error *error);
/* The same; an error fails the test. */
void fixture_must(struct fixture *fixture, const char *text);

/* execute_schema, called until it need not wait. */
int fixture_execute(struct fixture *fixture, const struct plan *plan,
		    struct execute_schema_state *state, uint64_t *lsn,
		    struct error *error);

/* DESCRIBE: a line for each row, values separated by `|`. */
int fixture_describe(struct fixture *fixture, const char *text,
		     struct buffer *out, struct error *error);

struct table *fixture_table(struct fixture *fixture, const char *keyspace,
			    const char *name);

/* Writes and reads rows past all CQL. */
void fixture_put(struct fixture *fixture, uint32_t table, struct slice key,
		 struct slice value);
void fixture_write(struct fixture *fixture, uint32_t table, const char *key);
bool fixture_has(struct fixture *fixture, uint32_t table, const char *key);

/* ${text} contains ${part}; otherwise the test fails and shows both. */
void assert_contains(const char *text, const char *part);

#endif
