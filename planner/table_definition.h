/* SPDX-License-Identifier: MIT
 *
 * CREATE TABLE's text as a struct table: columns in their order, types bound,
 * everything checked that needs no catalog. */
#ifndef PLANNER_TABLE_DEFINITION_H
#define PLANNER_TABLE_DEFINITION_H

#include "parser/ast.h"
#include "planner/catalog.h"

/* Makes a table with one reference that owns all its memory; its keyspace
 * must stand in the statement.  It has no storage id yet, and a uuid only
 * when ${has_uuid}. */
MUST_CHECK int table_definition_build(
	const struct ast_create_table *statement, struct table **table,
	bool *has_uuid, struct error *error);

/* May a keyspace or table be called so?  ${what} is "table" or "keyspace". */
MUST_CHECK int table_definition_check_name(const struct ast_name *name,
					   const char *what,
					   struct error *error);

#endif
