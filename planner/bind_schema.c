/* SPDX-License-Identifier: MIT
 *
 * Preparing a change of the schema checks what the statement says by itself:
 * names, types, options.  What depends on the catalog is left to the
 * execution, so that a script can be prepared as a whole.  The plan is the
 * statement with its keyspace written in: a later USE doesn't change what it
 * means. */
#include "planner/keyspace_option.h"
#include "planner/schema.h"
#include "planner/table_definition.h"

/* ---- what there isn't ---- */

static const char *
unsupported_name(enum ast_statement_kind kind)
{
	switch (kind) {
	case AST_ALTER_KEYSPACE:
		return "ALTER KEYSPACE";
	case AST_ALTER_TABLE:
		return "ALTER TABLE";
	case AST_CREATE_TYPE:
		return "CREATE TYPE";
	case AST_ALTER_TYPE:
		return "ALTER TYPE";
	case AST_DROP_TYPE:
		return "DROP TYPE";
	default:
		return NULL;
	}
}

static int
refuse(const struct ast_statement *statement, struct slice what,
       struct error *error)
{
	return error_at(error, ERROR_INVALID, statement->verb.start,
			statement->verb.size, "%.*s is not supported",
			SLICE_ARGUMENTS(what));
}

/* ---- the statement by itself ---- */

/* Clients look for these names and expect Cassandra's tables behind them. */
static int
check_reserved(const struct ast_name *name, struct error *error)
{
	static const struct slice reserved[] = {
		SLICE_LITERAL("system"),
		SLICE_LITERAL("system_auth"),
		SLICE_LITERAL("system_distributed"),
		SLICE_LITERAL("system_distributed_everywhere"),
		SLICE_LITERAL("system_replicated_keys"),
		SLICE_LITERAL("system_schema"),
		SLICE_LITERAL("system_traces"),
		SLICE_LITERAL("system_views"),
		SLICE_LITERAL("system_virtual_schema"),
	};

	for (size_t i = 0; i < ARRAY_COUNT(reserved); i++)
		if (slice_is_equal_ignoring_case(reserved[i], name->text))
			return error_at(error, ERROR_INVALID,
					name->place.start, name->place.size,
					"%.*s keyspace is not "
					"user-modifiable",
					SLICE_ARGUMENTS(name->text));
	return 0;
}

static int
check_create_keyspace(const struct ast_create_keyspace *statement,
		      struct error *error)
{
	struct keyspace *keyspace;
	int result = table_definition_check_name(&statement->name,
						 "keyspace", error);

	if (result == 0)
		result = check_reserved(&statement->name, error);
	if (result < 0)
		return result;
	keyspace = keyspace_create();
	if (keyspace == NULL)
		return error_no_memory(error);
	result = keyspace_option_bind(statement->properties, keyspace,
				      error);
	keyspace_destroy(keyspace);
	return result;
}

static int
check_create_table(const struct ast_create_table *statement,
		   struct error *error)
{
	struct table *table;
	bool has_uuid;
	int result = table_definition_build(statement, &table, &has_uuid,
					    error);

	if (result == 0)
		table_release(table);
	return result;
}

static int
check_statement(const struct ast_statement *statement, struct error *error)
{
	if (statement->kind == AST_CREATE_KEYSPACE)
		return check_create_keyspace(&statement->as.keyspace, error);
	if (statement->kind == AST_CREATE_TABLE)
		return check_create_table(&statement->as.create_table, error);
	return 0;
}

/* ---- its keyspace ---- */

/* The table that the statement is about, or NULL. */
static struct ast_qualified_name *
find_name(struct ast_statement *statement)
{
	switch (statement->kind) {
	case AST_CREATE_TABLE:
		return &statement->as.create_table.name;
	case AST_DROP_TABLE:
		return &statement->as.drop.name;
	case AST_TRUNCATE:
		return &statement->as.truncate.table;
	default:
		return NULL;
	}
}

static int
write_in_keyspace(struct logstor_session *session,
		  struct ast_statement *statement, struct arena *arena,
		  struct error *error)
{
	struct ast_qualified_name *name = find_name(statement);
	struct slice keyspace = session_keyspace(session);

	if (name == NULL || !slice_is_null(name->keyspace.text))
		return 0;
	if (slice_is_null(keyspace))
		return bind_refuse_no_keyspace(session, name->name.place,
					       error);
	name->keyspace.text = arena_copy(arena, keyspace);
	name->keyspace.place = name->name.place;
	if (slice_is_null(name->keyspace.text))
		return error_no_memory(error);
	return 0;
}

/* ---- the door ---- */

int
bind_schema(struct logstor_session *session,
	    const struct ast_statement *statement, struct arena *arena,
	    struct plan *plan, struct error *error)
{
	const char *unsupported = unsupported_name(statement->kind);
	struct ast_statement *copy;
	int result;

	if (unsupported != NULL)
		return refuse(statement, slice_from_string(unsupported),
			      error);
	if (statement->kind == AST_UNSUPPORTED)
		return refuse(statement, statement->as.unsupported.what,
			      error);
	copy = arena_new(arena, struct ast_statement);
	if (copy == NULL)
		return error_no_memory(error);
	*copy = *statement;
	result = write_in_keyspace(session, copy, arena, error);
	if (result < 0)
		return result;
	result = check_statement(copy, error);
	if (result < 0)
		return result;
	plan->kind = statement->kind == AST_USE ? PLAN_USE : PLAN_SCHEMA;
	plan->statement = copy;
	plan->catalog_version = session->database->catalog.version;
	return 0;
}

int
execute_use(struct logstor_session *session,
	    const struct ast_statement *statement, struct error *error)
{
	const struct ast_name *name = &statement->as.use;
	struct buffer keyspace = { 0 };
	int result;

	if (catalog_find_keyspace(&session->database->catalog,
				  name->text) == NULL) {
		result = error_at(error, ERROR_INVALID, name->place.start,
				  name->place.size,
				  "Keyspace '%.*s' does not exist",
				  SLICE_ARGUMENTS(name->text));
		bind_hint_keyspace(session, name->text, error);
		return result;
	}
	buffer_append_slice(&keyspace, name->text);
	buffer_append_byte(&keyspace, '\0');
	if (keyspace.has_failed) {
		buffer_finish(&keyspace);
		return error_no_memory(error);
	}
	buffer_finish(&session->keyspace);
	session->keyspace = keyspace;
	return 0;
}
