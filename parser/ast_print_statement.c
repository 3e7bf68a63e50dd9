/* SPDX-License-Identifier: MIT */
#include "parser/ast_print.h"
#include "parser/ast_printer.h"
#include "parser/grammar.h"

/* ---- clauses ---- */

static void
print_clause_term(struct ast_printer *printer, const char *before,
		  const struct ast_term *term)
{
	if (term == NULL)
		return;
	ast_printer_text(printer, before);
	ast_printer_term(printer, term);
}

static void
print_using(struct ast_printer *printer, const struct ast_using *using)
{
	const char *between = " USING ";
	const struct {
		const char *word;
		const struct ast_term *term;
	} items[] = {
		{ "TIMESTAMP ", using->timestamp },
		{ "TTL ", using->ttl },
		{ "TIMEOUT ", using->timeout },
	};

	for (size_t i = 0; i < ARRAY_COUNT(items); i++) {
		if (items[i].term == NULL)
			continue;
		ast_printer_text(printer, between);
		ast_printer_text(printer, items[i].word);
		ast_printer_term(printer, items[i].term);
		between = " AND ";
	}
}

static void
print_where(struct ast_printer *printer, const struct ast_relation *where)
{
	if (where == NULL)
		return;
	ast_printer_text(printer, " WHERE ");
	ast_printer_relations(printer, where);
}

static void
print_conditions(struct ast_printer *printer, bool if_exists,
		 const struct ast_relation *conditions)
{
	static const int exists[] = { LEXEME_EXISTS, LEXEME_NOT, 0 };

	if (if_exists) {
		ast_printer_text(printer, " IF EXISTS");
	} else if (conditions != NULL) {
		ast_printer_text(printer, " IF ");
		printer->meant = exists;
		ast_printer_relations(printer, conditions);
	}
}

static void
print_orderings(struct ast_printer *printer,
		const struct ast_ordering *orderings)
{
	for (const struct ast_ordering *at = orderings; at != NULL;
	     at = at->next) {
		if (at != orderings)
			ast_printer_text(printer, ", ");
		ast_printer_name(printer, &at->column);
		if (at->is_descending)
			ast_printer_text(printer, " DESC");
		print_clause_term(printer, " ANN OF ", at->ann_of);
	}
}

/* ---- SELECT ---- */

static void
print_selectors(struct ast_printer *printer, const struct ast_select *select)
{
	static const int modifiers[] = { LEXEME_DISTINCT, LEXEME_JSON, 0 };

	ast_printer_text(printer, "SELECT ");
	if (select->is_json)
		ast_printer_text(printer, "JSON ");
	if (select->is_distinct)
		ast_printer_text(printer, "DISTINCT ");
	if (select->is_star)
		ast_printer_text(printer, "*");
	printer->meant = modifiers;
	for (const struct ast_selector *at = select->selectors; at != NULL;
	     at = at->next) {
		if (at != select->selectors)
			ast_printer_text(printer, ", ");
		ast_printer_term(printer, at->term);
		if (slice_is_null(at->alias.text))
			continue;
		ast_printer_text(printer, " AS ");
		ast_printer_name(printer, &at->alias);
	}
}

static void
print_select(struct ast_printer *printer, const struct ast_select *select)
{
	print_selectors(printer, select);
	if (slice_is_null(select->table.name.text))
		return;
	ast_printer_text(printer, " FROM ");
	ast_printer_qualified(printer, &select->table);
	print_where(printer, select->where);
	if (select->group_by != NULL) {
		ast_printer_text(printer, " GROUP BY ");
		ast_printer_terms(printer, select->group_by);
	}
	if (select->order_by != NULL) {
		ast_printer_text(printer, " ORDER BY ");
		print_orderings(printer, select->order_by);
	}
	print_clause_term(printer, " PER PARTITION LIMIT ",
			  select->per_partition_limit);
	print_clause_term(printer, " LIMIT ", select->limit);
	if (select->allows_filtering)
		ast_printer_text(printer, " ALLOW FILTERING");
	if (select->bypasses_cache)
		ast_printer_text(printer, " BYPASS CACHE");
	print_using(printer, &select->using);
}

/* ---- INSERT, UPDATE, DELETE, BATCH ---- */

static void
print_insert(struct ast_printer *printer, const struct ast_insert *insert)
{
	ast_printer_text(printer, "INSERT INTO ");
	ast_printer_qualified(printer, &insert->table);
	if (insert->json != NULL) {
		print_clause_term(printer, " JSON ", insert->json);
		if (insert->json_default_unset)
			ast_printer_text(printer, " DEFAULT UNSET");
	} else {
		ast_printer_text(printer, " (");
		ast_printer_names(printer, insert->columns);
		ast_printer_text(printer, ") VALUES (");
		ast_printer_terms(printer, insert->values);
		ast_printer_text(printer, ")");
	}
	if (insert->if_not_exists)
		ast_printer_text(printer, " IF NOT EXISTS");
	print_using(printer, &insert->using);
}

static void
print_assignment(struct ast_printer *printer,
		 const struct ast_assignment *assignment)
{
	ast_printer_name(printer, &assignment->column);
	switch (assignment->kind) {
	case AST_ASSIGN:
		ast_printer_text(printer, " = ");
		break;
	case AST_ASSIGN_ADD:
		ast_printer_text(printer, " += ");
		break;
	case AST_ASSIGN_SUBTRACT:
		ast_printer_text(printer, " -= ");
		break;
	case AST_ASSIGN_ELEMENT:
		ast_printer_text(printer, "[");
		ast_printer_term(printer, assignment->subscript);
		ast_printer_text(printer, "] = ");
		break;
	case AST_ASSIGN_FIELD:
		ast_printer_text(printer, ".");
		ast_printer_name(printer, &assignment->field);
		ast_printer_text(printer, " = ");
		break;
	}
	ast_printer_term(printer, assignment->value);
}

static void
print_update(struct ast_printer *printer, const struct ast_update *update)
{
	const char *between = " SET ";

	ast_printer_text(printer, "UPDATE ");
	ast_printer_qualified(printer, &update->table);
	print_using(printer, &update->using);
	for (const struct ast_assignment *at = update->assignments; at != NULL;
	     at = at->next) {
		ast_printer_text(printer, between);
		print_assignment(printer, at);
		between = ", ";
	}
	print_where(printer, update->where);
	print_conditions(printer, update->if_exists, update->conditions);
}

static void
print_delete(struct ast_printer *printer, const struct ast_delete *delete)
{
	const char *between = " ";

	ast_printer_text(printer, "DELETE");
	for (const struct ast_deletion *at = delete->deletions; at != NULL;
	     at = at->next) {
		ast_printer_text(printer, between);
		ast_printer_name(printer, &at->column);
		if (at->subscript != NULL) {
			print_clause_term(printer, "[", at->subscript);
			ast_printer_text(printer, "]");
		} else if (!slice_is_null(at->field.text)) {
			ast_printer_text(printer, ".");
			ast_printer_name(printer, &at->field);
		}
		between = ", ";
	}
	ast_printer_text(printer, " FROM ");
	ast_printer_qualified(printer, &delete->table);
	print_using(printer, &delete->using);
	print_where(printer, delete->where);
	print_conditions(printer, delete->if_exists, delete->conditions);
}

static void print_statement(struct ast_printer *printer,
			    const struct ast_statement *statement);

static void
print_batch(struct ast_printer *printer, const struct ast_batch *batch)
{
	static const char *const kinds[] = {
		[AST_BATCH_LOGGED] = "BEGIN BATCH",
		[AST_BATCH_UNLOGGED] = "BEGIN UNLOGGED BATCH",
		[AST_BATCH_COUNTER] = "BEGIN COUNTER BATCH",
	};

	ast_printer_text(printer, kinds[batch->kind]);
	print_using(printer, &batch->using);
	for (const struct ast_statement *at = batch->statements; at != NULL;
	     at = at->next) {
		ast_printer_text(printer, " ");
		print_statement(printer, at);
		ast_printer_text(printer, ";");
	}
	ast_printer_text(printer, " APPLY BATCH");
}

/* ---- schema ---- */

static void
print_properties(struct ast_printer *printer, const char *between,
		 const struct ast_property *properties)
{
	static const int options[] = { LEXEME_CLUSTERING, LEXEME_COMPACT, 0 };

	for (const struct ast_property *at = properties; at != NULL;
	     at = at->next) {
		ast_printer_text(printer, between);
		printer->meant = options;
		ast_printer_name(printer, &at->name);
		print_clause_term(printer, " = ", at->value);
		between = " AND ";
	}
}

static void
print_keyspace(struct ast_printer *printer, const char *words,
	       const struct ast_create_keyspace *keyspace)
{
	ast_printer_text(printer, words);
	if (keyspace->if_not_exists)
		ast_printer_text(printer, "IF NOT EXISTS ");
	if (keyspace->if_exists)
		ast_printer_text(printer, "IF EXISTS ");
	ast_printer_name(printer, &keyspace->name);
	print_properties(printer, " WITH ", keyspace->properties);
}

static void
print_drop(struct ast_printer *printer, const char *words,
	   const struct ast_drop *drop)
{
	ast_printer_text(printer, words);
	if (drop->if_exists)
		ast_printer_text(printer, "IF EXISTS ");
	ast_printer_qualified(printer, &drop->name);
}

static void
print_columns(struct ast_printer *printer, const struct ast_column *columns)
{
	for (const struct ast_column *at = columns; at != NULL;
	     at = at->next) {
		if (at != columns)
			ast_printer_text(printer, ", ");
		ast_printer_name(printer, &at->name);
		ast_printer_text(printer, " ");
		ast_printer_type(printer, at->type);
		if (at->is_static)
			ast_printer_text(printer, " STATIC");
		if (at->is_primary_key)
			ast_printer_text(printer, " PRIMARY KEY");
	}
}

static void
print_primary_key(struct ast_printer *printer,
		  const struct ast_primary_key *key)
{
	ast_printer_text(printer, "PRIMARY KEY (");
	if (key->partition_key->next != NULL)
		ast_printer_text(printer, "(");
	ast_printer_names(printer, key->partition_key);
	if (key->partition_key->next != NULL)
		ast_printer_text(printer, ")");
	if (key->clustering != NULL)
		ast_printer_text(printer, ", ");
	ast_printer_names(printer, key->clustering);
	ast_printer_text(printer, ")");
}

static void
print_table_options(struct ast_printer *printer,
		    const struct ast_create_table *table)
{
	const char *between = " WITH ";

	if (table->is_compact) {
		ast_printer_text(printer, between);
		ast_printer_text(printer, "COMPACT STORAGE");
		between = " AND ";
	}
	if (table->clustering_order != NULL) {
		ast_printer_text(printer, between);
		ast_printer_text(printer, "CLUSTERING ORDER BY (");
		print_orderings(printer, table->clustering_order);
		ast_printer_text(printer, ")");
		between = " AND ";
	}
	print_properties(printer, between, table->properties);
}

static void
print_create_table(struct ast_printer *printer,
		   const struct ast_create_table *table)
{
	const char *between = table->columns == NULL ? "" : ", ";

	ast_printer_text(printer, "CREATE TABLE ");
	if (table->if_not_exists)
		ast_printer_text(printer, "IF NOT EXISTS ");
	ast_printer_qualified(printer, &table->name);
	ast_printer_text(printer, " (");
	print_columns(printer, table->columns);
	for (const struct ast_primary_key *at = table->primary_keys;
	     at != NULL; at = at->next) {
		ast_printer_text(printer, between);
		print_primary_key(printer, at);
		between = ", ";
	}
	ast_printer_text(printer, ")");
	print_table_options(printer, table);
}

static void
print_create_type(struct ast_printer *printer,
		  const struct ast_create_type *type)
{
	ast_printer_text(printer, "CREATE TYPE ");
	if (type->if_not_exists)
		ast_printer_text(printer, "IF NOT EXISTS ");
	ast_printer_qualified(printer, &type->name);
	ast_printer_text(printer, " (");
	print_columns(printer, type->fields);
	ast_printer_text(printer, ")");
}

static void
print_alter_drop(struct ast_printer *printer, const struct ast_alter *alter)
{
	static const int compact[] = { LEXEME_COMPACT, 0 };
	bool is_list = alter->dropped != NULL && alter->dropped->next != NULL;

	ast_printer_text(printer, " DROP ");
	if (alter->skips_missing)
		ast_printer_text(printer, "IF EXISTS ");
	if (is_list)
		ast_printer_text(printer, "(");
	else
		printer->meant = compact;
	ast_printer_names(printer, alter->dropped);
	if (is_list)
		ast_printer_text(printer, ")");
	print_using(printer, &alter->using);
}

static void
print_renames(struct ast_printer *printer, const struct ast_rename *renames)
{
	for (const struct ast_rename *at = renames; at != NULL;
	     at = at->next) {
		if (at != renames)
			ast_printer_text(printer, " AND ");
		ast_printer_name(printer, &at->from);
		ast_printer_text(printer, " TO ");
		ast_printer_name(printer, &at->to);
	}
}

static void
print_alter(struct ast_printer *printer, const char *words,
	    const struct ast_alter *alter)
{
	ast_printer_text(printer, words);
	if (alter->if_exists)
		ast_printer_text(printer, "IF EXISTS ");
	ast_printer_qualified(printer, &alter->name);
	switch (alter->kind) {
	case AST_ALTER_ADD:
		ast_printer_text(printer, alter->skips_existing
						  ? " ADD IF NOT EXISTS ("
						  : " ADD (");
		print_columns(printer, alter->columns);
		ast_printer_text(printer, ")");
		break;
	case AST_ALTER_DROP:
		print_alter_drop(printer, alter);
		break;
	case AST_ALTER_RENAME:
		ast_printer_text(printer, alter->skips_missing
						  ? " RENAME IF EXISTS "
						  : " RENAME ");
		print_renames(printer, alter->renames);
		break;
	case AST_ALTER_WITH:
		print_properties(printer, " WITH ", alter->properties);
		break;
	case AST_ALTER_COLUMN_TYPE:
		ast_printer_text(printer, alter->skips_missing
						  ? " ALTER IF EXISTS "
						  : " ALTER ");
		ast_printer_name(printer, &alter->columns->name);
		ast_printer_text(printer, " TYPE ");
		ast_printer_type(printer, alter->columns->type);
		break;
	}
}

/* ---- the rest ---- */

static const char *const described[] = {
	[AST_DESCRIBE_CLUSTER] = "CLUSTER",
	[AST_DESCRIBE_SCHEMA] = "SCHEMA",
	[AST_DESCRIBE_KEYSPACES] = "KEYSPACES",
	[AST_DESCRIBE_KEYSPACE] = "KEYSPACE",
	[AST_DESCRIBE_TABLES] = "TABLES",
	[AST_DESCRIBE_TABLE] = "TABLE",
	[AST_DESCRIBE_TYPES] = "TYPES",
	[AST_DESCRIBE_TYPE] = "TYPE",
	[AST_DESCRIBE_FUNCTIONS] = "FUNCTIONS",
	[AST_DESCRIBE_AGGREGATES] = "AGGREGATES",
	[AST_DESCRIBE_NAME] = "",
};

static void
print_describe(struct ast_printer *printer,
	       const struct ast_describe *describe)
{
	static const int objects[] = {
		LEXEME_CLUSTER, LEXEME_KEYSPACES, LEXEME_TABLES, LEXEME_TYPE,
		LEXEME_TYPES, LEXEME_FUNCTIONS, LEXEME_AGGREGATES,
		LEXEME_ONLY, 0
	};
	bool has_name = !slice_is_null(describe->name.name.text);

	ast_printer_text(printer, "DESCRIBE ");
	if (describe->is_full)
		ast_printer_text(printer, "FULL ");
	if (describe->is_only)
		ast_printer_text(printer, "ONLY ");
	ast_printer_text(printer, described[describe->kind]);
	if (has_name && describe->kind != AST_DESCRIBE_NAME)
		ast_printer_text(printer, " ");
	else
		printer->meant = objects;
	if (has_name)
		ast_printer_qualified(printer, &describe->name);
	if (describe->with_internals)
		ast_printer_text(printer, " WITH INTERNALS");
}

static void
print_statement(struct ast_printer *printer,
		const struct ast_statement *statement)
{
	switch (statement->kind) {
	case AST_SELECT:
		print_select(printer, &statement->as.select);
		break;
	case AST_INSERT:
		print_insert(printer, &statement->as.insert);
		break;
	case AST_UPDATE:
		print_update(printer, &statement->as.update);
		break;
	case AST_DELETE:
		print_delete(printer, &statement->as.delete);
		break;
	case AST_BATCH:
		print_batch(printer, &statement->as.batch);
		break;
	case AST_CREATE_KEYSPACE:
		print_keyspace(printer, "CREATE KEYSPACE ",
			       &statement->as.keyspace);
		break;
	case AST_ALTER_KEYSPACE:
		print_keyspace(printer, "ALTER KEYSPACE ",
			       &statement->as.keyspace);
		break;
	case AST_DROP_KEYSPACE:
		print_drop(printer, "DROP KEYSPACE ", &statement->as.drop);
		break;
	case AST_USE:
		ast_printer_text(printer, "USE ");
		ast_printer_name(printer, &statement->as.use);
		break;
	case AST_CREATE_TABLE:
		print_create_table(printer, &statement->as.create_table);
		break;
	case AST_ALTER_TABLE:
		print_alter(printer, "ALTER TABLE ", &statement->as.alter);
		break;
	case AST_DROP_TABLE:
		print_drop(printer, "DROP TABLE ", &statement->as.drop);
		break;
	case AST_TRUNCATE:
		ast_printer_text(printer, "TRUNCATE ");
		ast_printer_qualified(printer, &statement->as.truncate.table);
		print_using(printer, &statement->as.truncate.using);
		break;
	case AST_CREATE_TYPE:
		print_create_type(printer, &statement->as.create_type);
		break;
	case AST_ALTER_TYPE:
		print_alter(printer, "ALTER TYPE ", &statement->as.alter);
		break;
	case AST_DROP_TYPE:
		print_drop(printer, "DROP TYPE ", &statement->as.drop);
		break;
	case AST_DESCRIBE:
		print_describe(printer, &statement->as.describe);
		break;
	case AST_EXPLAIN:
		ast_printer_text(printer, statement->as.explain.is_analyze
						  ? "EXPLAIN ANALYZE "
						  : "EXPLAIN ");
		print_statement(printer, statement->as.explain.statement);
		break;
	case AST_CHECK:
		ast_printer_text(printer, "CHECK");
		break;
	case AST_COMPACT:
		ast_printer_text(printer, "COMPACT");
		break;
	case AST_SHOW_STORAGE:
		ast_printer_text(printer, "SHOW STORAGE");
		break;
	case AST_UNSUPPORTED:
		ast_printer_slice(printer, statement->as.unsupported.what);
		break;
	}
}

void
ast_print_statement(const struct ast_statement *statement, struct buffer *out)
{
	print_statement(&(struct ast_printer){ .out = out }, statement);
}
