/* SPDX-License-Identifier: MIT
 *
 * DESCRIBE, answered as Cassandra and ScyllaDB answer it since cqlsh leaves it
 * to the server: a row for each thing, with its CREATE statement unless only
 * names were asked for. */
#include "planner/schema.h"

#include "parser/ast_print.h"
#include "planner/schema_print.h"
#include "planner/suggestion.h"

enum { COLUMN_COUNT_MAX = 4 };

/* One execution. */
struct describer {
	struct logstor_session *session;
	const struct catalog *catalog;
	const struct ast_describe *describe;
	uint32_t column_count;
	struct arena *arena;
	struct row_list *rows;
	struct error *error;
};

/* ---- columns ---- */

static bool
is_listing(enum ast_describe_kind kind)
{
	return kind == AST_DESCRIBE_KEYSPACES ||
	       kind == AST_DESCRIBE_TABLES || kind == AST_DESCRIBE_TYPES ||
	       kind == AST_DESCRIBE_FUNCTIONS ||
	       kind == AST_DESCRIBE_AGGREGATES;
}

int
bind_describe(struct logstor_session *session,
	      const struct ast_statement *statement, struct arena *arena,
	      struct plan *plan, struct error *error)
{
	static const char *const cluster[] = { "cluster", "partitioner",
					       "snitch" };
	static const char *const thing[] = { "keyspace_name", "type", "name",
					     "create_statement" };
	enum ast_describe_kind kind = statement->as.describe.kind;
	const char *const *names =
		kind == AST_DESCRIBE_CLUSTER ? cluster : thing;

	plan->kind = PLAN_DESCRIBE;
	plan->statement = statement;
	plan->catalog_version = session->database->catalog.version;
	plan->column_count =
		kind == AST_DESCRIBE_CLUSTER || is_listing(kind) ? 3 : 4;
	plan->columns = arena_new_array(arena, struct result_column,
					plan->column_count);
	if (plan->columns == NULL)
		return error_no_memory(error);
	for (uint32_t i = 0; i < plan->column_count; i++)
		plan->columns[i] = (struct result_column){
			.name = slice_from_string(names[i]),
			.type = type_native(TYPE_TEXT),
			.keyspace = SLICE("system"),
			.table = SLICE("describe"),
		};
	return 0;
}

/* ---- rows ---- */

static int
add_row(struct describer *describer, const struct slice *values)
{
	struct row_list_row *row =
		arena_new(describer->arena, struct row_list_row);

	if (row != NULL)
		row->values = arena_new_array(describer->arena, struct slice,
					      describer->column_count);
	if (row == NULL || row->values == NULL)
		return error_no_memory(describer->error);
	memcpy(row->values, values,
	       describer->column_count * sizeof(*values));
	if (describer->rows->last == NULL)
		describer->rows->last = &describer->rows->first;
	*describer->rows->last = row;
	describer->rows->last = &row->next;
	return 0;
}

/* What was printed, kept; the buffer is done with. */
static struct slice
keep(struct describer *describer, struct buffer *text)
{
	struct slice copy = SLICE_NULL;

	if (text->has_failed)
		describer->arena->has_failed = true;
	else
		copy = arena_copy(describer->arena, buffer_slice(text));
	buffer_finish(text);
	return copy;
}

static struct slice
keep_name(struct describer *describer, struct slice name)
{
	struct buffer text = { 0 };

	ast_print_name(name, &text);
	return keep(describer, &text);
}

static int
add_thing(struct describer *describer, struct slice keyspace,
	  const char *type, struct slice name, struct buffer *create)
{
	struct slice values[COLUMN_COUNT_MAX] = {
		keep_name(describer, keyspace),
		slice_from_string(type),
		keep_name(describer, name),
		keep(describer, create),
	};

	if (describer->arena->has_failed)
		return error_no_memory(describer->error);
	return add_row(describer, values);
}

static int
add_keyspace(struct describer *describer, const struct keyspace *keyspace)
{
	struct buffer create = { 0 };

	if (describer->column_count == COLUMN_COUNT_MAX)
		schema_print_keyspace(keyspace, &create);
	return add_thing(describer, keyspace->name, "keyspace",
			 keyspace->name, &create);
}

static int
add_table(struct describer *describer, const struct table *table)
{
	struct buffer create = { 0 };

	if (describer->column_count == COLUMN_COUNT_MAX)
		schema_print_table(table, describer->describe->with_internals,
				   &create);
	return add_thing(describer, table->keyspace, "table", table->name,
			 &create);
}

static int
add_tables(struct describer *describer, const struct keyspace *keyspace)
{
	int result = 0;

	for (const struct table *table = keyspace->tables;
	     table != NULL && result == 0; table = table->next)
		result = add_table(describer, table);
	return result;
}

static int
add_whole_keyspace(struct describer *describer,
		   const struct keyspace *keyspace)
{
	int result = add_keyspace(describer, keyspace);

	if (result < 0 || describer->describe->is_only)
		return result;
	return add_tables(describer, keyspace);
}

static int
add_cluster(struct describer *describer)
{
	const struct slice values[COLUMN_COUNT_MAX] = {
		SLICE("logstor"),
		SLICE("org.apache.cassandra.dht.Murmur3Partitioner"),
		SLICE("org.apache.cassandra.locator.SimpleSnitch"),
	};

	return add_row(describer, values);
}

/* ---- finding what is described ---- */

static int
refuse(struct describer *describer, const struct ast_name *name,
       const char *what, struct slice keyspace)
{
	/* The keyspace in use stands nowhere in the statement. */
	uint32_t start = name->place.size > 0 ? name->place.start :
						ERROR_NO_POSITION;

	return error_at(describer->error, ERROR_INVALID, start,
			name->place.size,
			"%s'%.*s' not found in keyspace%s%.*s%s", what,
			SLICE_ARGUMENTS(name->text),
			slice_is_null(keyspace) ? "s" : " '",
			(int)keyspace.size,
			slice_is_null(keyspace) ? "" :
						  (const char *)keyspace.data,
			slice_is_null(keyspace) ? "" : "'");
}

static int
refuse_keyspace(struct describer *describer, const struct ast_name *name)
{
	int result = refuse(describer, name, "", SLICE_NULL);

	bind_hint_keyspace(describer->session, name->text, describer->error);
	return result;
}

static int
refuse_table(struct describer *describer, const struct ast_name *name,
	     const struct keyspace *keyspace, const char *what)
{
	struct suggestion suggestion = suggestion_make(name->text);
	int result = refuse(describer, name, what, keyspace->name);

	for (const struct table *table = keyspace->tables; table != NULL;
	     table = table->next)
		suggestion_offer(&suggestion, table->name);
	suggestion_hint(&suggestion, describer->error);
	return result;
}

/* The keyspace that is named, or else the one in use. */
static int
find_keyspace(struct describer *describer, const struct ast_name *name,
	      const struct keyspace **keyspace)
{
	struct ast_name wanted = *name;

	if (slice_is_null(wanted.text))
		wanted.text = session_keyspace(describer->session);
	if (slice_is_null(wanted.text))
		return error_set(describer->error, ERROR_INVALID,
				 "No keyspace specified and no current "
				 "keyspace");
	*keyspace = catalog_find_keyspace(describer->catalog, wanted.text);
	return *keyspace == NULL ? refuse_keyspace(describer, &wanted) : 0;
}

static int
describe_table(struct describer *describer, const char *what)
{
	const struct ast_qualified_name *name = &describer->describe->name;
	const struct keyspace *keyspace;
	const struct table *table;
	int result = find_keyspace(describer, &name->keyspace, &keyspace);

	if (result < 0)
		return result;
	table = catalog_find_table(describer->catalog, keyspace->name,
				   name->name.text);
	if (table == NULL)
		return refuse_table(describer, &name->name, keyspace, what);
	return add_table(describer, table);
}

/* DESCRIBE x: a keyspace before a table of the one in use. */
static int
describe_name(struct describer *describer)
{
	const struct ast_qualified_name *name = &describer->describe->name;
	const struct keyspace *keyspace;

	if (!slice_is_null(name->keyspace.text))
		return describe_table(describer, "");
	keyspace = catalog_find_keyspace(describer->catalog, name->name.text);
	if (keyspace != NULL)
		return add_whole_keyspace(describer, keyspace);
	if (slice_is_null(session_keyspace(describer->session)))
		return refuse_keyspace(describer, &name->name);
	return describe_table(describer, "");
}

static int
describe_keyspace(struct describer *describer)
{
	const struct keyspace *keyspace;
	int result = find_keyspace(describer, &describer->describe->name.name,
				   &keyspace);

	return result < 0 ? result : add_whole_keyspace(describer, keyspace);
}

/* There are no user types yet, so that none is found. */
static int
describe_type(struct describer *describer)
{
	const struct ast_qualified_name *name = &describer->describe->name;
	const struct keyspace *keyspace;
	int result = find_keyspace(describer, &name->keyspace, &keyspace);

	if (result < 0)
		return result;
	return refuse(describer, &name->name, "User defined type ",
		      keyspace->name);
}

/* ---- listings ---- */

static int
for_all_keyspaces(struct describer *describer,
		  int (*add)(struct describer *describer,
			     const struct keyspace *keyspace))
{
	const struct keyspace *keyspace = describer->catalog->keyspaces;
	int result = 0;

	for (; keyspace != NULL && result == 0; keyspace = keyspace->next)
		result = add(describer, keyspace);
	return result;
}

static int
describe_tables(struct describer *describer)
{
	const struct ast_name none = { .text = SLICE_NULL };
	const struct keyspace *keyspace;
	int result;

	if (slice_is_null(session_keyspace(describer->session)))
		return for_all_keyspaces(describer, add_tables);
	result = find_keyspace(describer, &none, &keyspace);
	return result < 0 ? result : add_tables(describer, keyspace);
}

int
execute_describe(struct logstor_session *session, const struct plan *plan,
		 struct arena *arena, struct row_list *rows,
		 struct error *error)
{
	struct describer describer = {
		.session = session,
		.catalog = &session->database->catalog,
		.describe = &plan->statement->as.describe,
		.column_count = plan->column_count,
		.arena = arena,
		.rows = rows,
		.error = error,
	};

	switch (describer.describe->kind) {
	case AST_DESCRIBE_CLUSTER:
		return add_cluster(&describer);
	case AST_DESCRIBE_SCHEMA:
		return for_all_keyspaces(&describer, add_whole_keyspace);
	case AST_DESCRIBE_KEYSPACES:
		return for_all_keyspaces(&describer, add_keyspace);
	case AST_DESCRIBE_KEYSPACE:
		return describe_keyspace(&describer);
	case AST_DESCRIBE_TABLES:
		return describe_tables(&describer);
	case AST_DESCRIBE_TABLE:
		return describe_table(&describer, "Table ");
	case AST_DESCRIBE_TYPE:
		return describe_type(&describer);
	case AST_DESCRIBE_NAME:
		return describe_name(&describer);
	case AST_DESCRIBE_TYPES:
	case AST_DESCRIBE_FUNCTIONS:
	case AST_DESCRIBE_AGGREGATES:
		break;
	}
	return 0;
}
