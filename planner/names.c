/* SPDX-License-Identifier: MIT */
#include "planner/session.h"

#include "parser/keyword.h"
#include "planner/function.h"
#include "planner/table_option.h"

struct visitor {
	bool (*visit)(void *context, const char *name);
	void *context;
	struct buffer name; /* with its NUL */
};

/* False when the caller has had enough, or memory ran out. */
static bool
visit_slice(struct visitor *visitor, struct slice name)
{
	buffer_clear(&visitor->name);
	buffer_append_slice(&visitor->name, name);
	buffer_append_byte(&visitor->name, 0);
	if (visitor->name.has_failed)
		return false;
	return visitor->visit(visitor->context,
			      (const char *)visitor->name.data);
}

static void
visit_keyspaces(struct visitor *visitor, const struct catalog *catalog)
{
	for (const struct keyspace *keyspace = catalog->keyspaces;
	     keyspace != NULL; keyspace = keyspace->next) {
		if (!visit_slice(visitor, keyspace->name))
			return;
	}
}

static void
visit_tables(struct visitor *visitor, const struct catalog *catalog,
	     struct slice keyspace_name)
{
	const struct keyspace *keyspace =
		catalog_find_keyspace(catalog, keyspace_name);

	if (keyspace == NULL)
		return;
	for (const struct table *table = keyspace->tables; table != NULL;
	     table = table->next) {
		if (!visit_slice(visitor, table->name))
			return;
	}
}

static void
visit_columns(struct visitor *visitor, const struct catalog *catalog,
	      struct slice keyspace, const char *table_name)
{
	const struct table *table;

	if (table_name == NULL)
		return;
	table = catalog_find_table(catalog, keyspace,
				   slice_from_string(table_name));
	for (uint32_t i = 0; table != NULL && i < table->column_count; i++) {
		if (!visit_slice(visitor, table->columns[i].name))
			return;
	}
}

static void
visit_types(struct visitor *visitor)
{
	static const char *const types[] = {
		"ascii", "bigint", "blob", "boolean", "date", "double",
		"float", "frozen", "inet", "int", "list", "map", "set",
		"smallint", "text", "time", "timestamp", "timeuuid",
		"tinyint", "tuple", "uuid", "varchar",
	};

	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		if (!visitor->visit(visitor->context, types[i]))
			return;
	}
}

static void
visit_functions(struct visitor *visitor)
{
	for (size_t i = 0; function_name_at(i) != NULL; i++) {
		if (!visitor->visit(visitor->context, function_name_at(i)))
			return;
	}
}

static void
visit_keywords(struct visitor *visitor)
{
	for (size_t i = 0; keyword_at(i) != NULL; i++) {
		if (!visitor->visit(visitor->context, keyword_at(i)->word))
			return;
	}
}

static void
visit_table_options(struct visitor *visitor)
{
	for (size_t i = 0; table_option_name_at(i) != NULL; i++) {
		if (!visitor->visit(visitor->context,
				    table_option_name_at(i)))
			return;
	}
}

int
logstor_names(logstor_session *session, enum logstor_name_kind kind,
	      const char *keyspace, const char *table,
	      bool (*visit)(void *context, const char *name), void *context)
{
	struct visitor visitor = { .visit = visit, .context = context };
	const struct catalog *catalog;
	struct slice keyspace_name;

	if (session == NULL)
		return LOGSTOR_MISUSE;
	if (visit == NULL)
		return session_misuse(session, "names need a visitor");
	session_begin_call(session);
	catalog = &session->database->catalog;
	keyspace_name = keyspace != NULL ? slice_from_string(keyspace) :
					   session_keyspace(session);
	switch (kind) {
	case LOGSTOR_NAME_KEYSPACE:
		visit_keyspaces(&visitor, catalog);
		break;
	case LOGSTOR_NAME_TABLE:
		visit_tables(&visitor, catalog, keyspace_name);
		break;
	case LOGSTOR_NAME_COLUMN:
		visit_columns(&visitor, catalog, keyspace_name, table);
		break;
	case LOGSTOR_NAME_TYPE:
		visit_types(&visitor);
		break;
	case LOGSTOR_NAME_FUNCTION:
		visit_functions(&visitor);
		break;
	case LOGSTOR_NAME_KEYWORD:
		visit_keywords(&visitor);
		break;
	case LOGSTOR_NAME_TABLE_OPTION:
		visit_table_options(&visitor);
		break;
	default:
		return session_misuse(session, "no such kind of name");
	}
	buffer_finish(&visitor.name);
	return LOGSTOR_OK;
}
