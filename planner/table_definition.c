/* SPDX-License-Identifier: MIT */
#include "planner/table_definition.h"

#include "base/limits.h"
#include "parser/ast_print.h"
#include "planner/schema.h"
#include "planner/suggestion.h"
#include "planner/table_option.h"

#include <assert.h>
#include <stdlib.h>

/* A column as written. */
struct written {
	const struct ast_column *column;
	bool is_key; /* already taken into the table as such */
};

/* One CREATE TABLE on its way to a struct table. */
struct builder {
	const struct ast_create_table *statement;
	const struct ast_name_list *key;  /* names of the partition key */
	struct ast_name_list inline_key;  /* of `k int PRIMARY KEY` */
	struct written *columns;          /* sorted by name */
	uint32_t column_count;
	struct arena arena;               /* for the time of building */
	struct table *table;
	struct error *error;
};

/* ---- names ---- */

int
table_definition_check_name(const struct ast_name *name, const char *what,
			    struct error *error)
{
	bool is_table = strcmp(what, "table") == 0;

	if (!catalog_is_name(name->text))
		return error_at(error, ERROR_INVALID, name->place.start,
				name->place.size,
				"\"%.*s\" is not a valid %s name (must be "
				"alphanumeric character only: "
				"[0-9A-Za-z]+)",
				SLICE_ARGUMENTS(name->text), what);
	if (name->text.size > NAME_SIZE_MAX)
		return error_at(error, ERROR_INVALID, name->place.start,
				name->place.size,
				"%s names shouldn't be more than %d "
				"characters long (got \"%.*s\")",
				is_table ? "Table" : "Keyspace",
				NAME_SIZE_MAX, SLICE_ARGUMENTS(name->text));
	return 0;
}

/* ---- columns as written ---- */

static int
compare_written(const void *a, const void *b)
{
	const struct ast_column *left = ((const struct written *)a)->column;
	const struct ast_column *right = ((const struct written *)b)->column;
	int order = slice_compare(left->name.text, right->name.text);

	if (order != 0)
		return order;
	/* Of two with one name the later one is the mistake. */
	return left->name.place.start < right->name.place.start ? -1 : 1;
}

static int
check_doubles(const struct builder *builder)
{
	for (uint32_t i = 1; i < builder->column_count; i++) {
		const struct ast_name *name = &builder->columns[i].column->name;

		if (slice_is_equal(builder->columns[i - 1].column->name.text,
				   name->text))
			return error_at(builder->error, ERROR_INVALID,
					name->place.start, name->place.size,
					"Multiple definition of identifier "
					"%.*s",
					SLICE_ARGUMENTS(name->text));
	}
	return 0;
}

static int
collect_columns(struct builder *builder)
{
	const struct ast_column *column = builder->statement->columns;
	uint32_t count = 0;

	for (; column != NULL; column = column->next)
		if (++count > COLUMNS_MAX ||
		    column->name.text.size > COLUMN_NAME_SIZE_MAX)
			return error_at(builder->error, ERROR_INVALID,
					column->place.start,
					column->place.size,
					count > COLUMNS_MAX ?
						"a table may have at most "
						"%d columns" :
						"a column name may have at "
						"most %d bytes",
					count > COLUMNS_MAX ?
						COLUMNS_MAX :
						COLUMN_NAME_SIZE_MAX);
	builder->columns = arena_new_array(&builder->arena, struct written,
					   count + 1u);
	if (builder->columns == NULL)
		return error_no_memory(builder->error);
	column = builder->statement->columns;
	for (; column != NULL; column = column->next)
		builder->columns[builder->column_count++].column = column;
	qsort(builder->columns, count, sizeof(*builder->columns),
	      compare_written);
	return check_doubles(builder);
}

static struct written *
find_written(const struct builder *builder, struct slice name)
{
	uint32_t low = 0, high = builder->column_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct written *written = &builder->columns[middle];
		int order = slice_compare(written->column->name.text, name);

		if (order == 0)
			return written;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* ---- the key ---- */

static int
refuse_second_key(const struct builder *builder, struct ast_place place)
{
	return error_at(builder->error, ERROR_INVALID, place.start,
			place.size, "Multiple PRIMARY KEYs specified "
			"(exactly one required)");
}

static int
refuse_no_key(const struct builder *builder)
{
	const struct ast_name *name = &builder->statement->name.name;
	const struct ast_column *first = builder->statement->columns;
	int result = error_at(builder->error, ERROR_INVALID,
			      name->place.start, name->place.size,
			      "No PRIMARY KEY specified (exactly one "
			      "required)");

	if (first != NULL)
		error_hint(builder->error, "say which column names a row: "
			   "PRIMARY KEY (%.*s)",
			   SLICE_ARGUMENTS(first->name.text));
	return result;
}

/* The one key, from behind a column's type or from its clause. */
static int
find_key(struct builder *builder)
{
	const struct ast_create_table *statement = builder->statement;
	const struct ast_primary_key *clause = statement->primary_keys;
	const struct ast_column *column = statement->columns;

	for (; column != NULL; column = column->next) {
		if (!column->is_primary_key)
			continue;
		if (builder->key != NULL)
			return refuse_second_key(builder, column->place);
		builder->inline_key.name = column->name;
		builder->key = &builder->inline_key;
	}
	if (clause != NULL && builder->key != NULL)
		return refuse_second_key(builder, clause->place);
	if (clause != NULL && clause->next != NULL)
		return refuse_second_key(builder, clause->next->place);
	if (clause != NULL)
		builder->key = clause->partition_key;
	if (builder->key == NULL)
		return refuse_no_key(builder);
	return 0;
}

static int
refuse_key_name(const struct builder *builder, const struct ast_name *name)
{
	struct suggestion suggestion = suggestion_make(name->text);
	int result = error_at(builder->error, ERROR_INVALID,
			      name->place.start, name->place.size,
			      "Unknown definition %.*s referenced in PRIMARY "
			      "KEY",
			      SLICE_ARGUMENTS(name->text));

	for (uint32_t i = 0; i < builder->column_count; i++)
		suggestion_offer(&suggestion,
				 builder->columns[i].column->name.text);
	suggestion_hint(&suggestion, builder->error);
	return result;
}

/* Types that are known but can't be a key get CQL's words before binding
 * gives its own. */
static int
check_key_type(const struct builder *builder, const struct ast_column *column)
{
	const struct ast_name *type = &column->type->name.name;

	if (type->is_quoted ||
	    (!slice_is_equal(type->text, SLICE("counter")) &&
	     !slice_is_equal(type->text, SLICE("duration"))))
		return 0;
	return error_at(builder->error, ERROR_INVALID,
			column->type->place.start, column->type->place.size,
			"%.*s type is not supported for PRIMARY KEY part "
			"%.*s",
			SLICE_ARGUMENTS(type->text),
			SLICE_ARGUMENTS(column->name.text));
}

static int
check_key(struct builder *builder)
{
	const struct ast_name_list *part = builder->key;

	for (; part != NULL; part = part->next) {
		const struct written *written =
			find_written(builder, part->name.text);
		const struct ast_column *column;
		int result;

		if (written == NULL)
			return refuse_key_name(builder, &part->name);
		column = written->column;
		if (column->is_static)
			return error_at(builder->error, ERROR_INVALID,
					column->place.start,
					column->place.size,
					"Static column %.*s cannot be part "
					"of the PRIMARY KEY",
					SLICE_ARGUMENTS(column->name.text));
		result = check_key_type(builder, column);
		if (result < 0)
			return result;
	}
	return 0;
}

/* ---- what logstor's tables can't have ---- */

static void
append_names(const struct ast_name_list *names, struct buffer *out)
{
	for (; names != NULL; names = names->next) {
		if (out->size > 0)
			buffer_append_string(out, ", ");
		ast_print_name(names->name.text, out);
	}
}

static int
refuse_clustering(const struct builder *builder,
		  const struct ast_primary_key *key)
{
	const struct ast_name *name = &key->clustering->name;
	struct buffer names = { 0 };
	struct slice all;
	int result = error_at(builder->error, ERROR_CONFIG, name->place.start,
			      name->place.size,
			      "The 'logstor' storage engine cannot be used "
			      "with tables that have clustering columns");

	append_names(key->partition_key, &names);
	append_names(key->clustering, &names);
	all = buffer_slice(&names);
	error_hint(builder->error, "to make them all one key, write PRIMARY "
		   "KEY ((%.*s))", SLICE_ARGUMENTS(all));
	buffer_finish(&names);
	return result;
}

static int
check_shape(const struct builder *builder)
{
	const struct ast_create_table *statement = builder->statement;
	const struct ast_primary_key *clause = statement->primary_keys;
	const struct ast_column *column = statement->columns;

	if (clause != NULL && clause->clustering != NULL)
		return refuse_clustering(builder, clause);
	for (; column != NULL; column = column->next)
		if (column->is_static)
			return error_at(builder->error, ERROR_INVALID,
					column->place.start,
					column->place.size,
					"Static columns are only useful (and "
					"thus allowed) if the table has at "
					"least one clustering column");
	if (statement->is_compact)
		return error_at(builder->error, ERROR_INVALID,
				statement->compact_place.start,
				statement->compact_place.size,
				"COMPACT STORAGE is not supported");
	if (statement->clustering_order != NULL) {
		const struct ast_name *name =
			&statement->clustering_order->column;

		return error_at(builder->error, ERROR_INVALID,
				name->place.start, name->place.size,
				"Only clustering key columns can be defined "
				"in CLUSTERING ORDER directive");
	}
	return 0;
}

/* ---- the table ---- */

static int
add_column(struct builder *builder, const struct ast_column *written,
	   enum column_kind kind)
{
	struct table *table = builder->table;
	struct column *column = &table->columns[table->column_count];
	int result;

	column->name = arena_copy(&table->arena, written->name.text);
	if (slice_is_null(column->name))
		return error_no_memory(builder->error);
	result = bind_type_of_keyspace(written->type, table->keyspace,
				       &table->arena, &column->type,
				       builder->error);
	if (result < 0)
		return result;
	column->kind = kind;
	column->id = table->column_count++;
	if (kind != COLUMN_KEY)
		return 0;
	column->key_position = (uint16_t)table->key_count++;
	if (type_is_collection(column->type) && !column->type->is_frozen)
		return error_at(builder->error, ERROR_INVALID,
				written->type->place.start,
				written->type->place.size,
				"Invalid non-frozen collection type for "
				"PRIMARY KEY component %.*s",
				SLICE_ARGUMENTS(column->name));
	if (!type_is_ordered(column->type))
		return error_at(builder->error, ERROR_INVALID,
				written->type->place.start,
				written->type->place.size,
				"duration type is not supported for PRIMARY "
				"KEY part %.*s",
				SLICE_ARGUMENTS(column->name));
	return 0;
}

static int
add_key(struct builder *builder)
{
	const struct ast_name_list *part = builder->key;

	for (; part != NULL; part = part->next) {
		struct written *written =
			find_written(builder, part->name.text);
		int result;

		if (written->is_key)
			return error_at(builder->error, ERROR_INVALID,
					part->name.place.start,
					part->name.place.size,
					"Column %.*s stands twice in the "
					"PRIMARY KEY",
					SLICE_ARGUMENTS(part->name.text));
		written->is_key = true;
		result = add_column(builder, written->column, COLUMN_KEY);
		if (result < 0)
			return result;
	}
	return 0;
}

static int
add_columns(struct builder *builder)
{
	struct table *table = builder->table;
	int result;

	table->columns = arena_new_array(&table->arena, struct column,
					 builder->column_count);
	if (table->columns == NULL)
		return error_no_memory(builder->error);
	result = add_key(builder);
	for (uint32_t i = 0; i < builder->column_count && result == 0; i++)
		if (!builder->columns[i].is_key)
			result = add_column(builder,
					    builder->columns[i].column,
					    COLUMN_REGULAR);
	table->next_column_id = table->column_count;
	return result;
}

static int
build(struct builder *builder, bool *has_uuid)
{
	const struct ast_create_table *statement = builder->statement;
	struct table *table = builder->table;
	int result;

	table->keyspace = arena_copy(&table->arena,
				     statement->name.keyspace.text);
	table->name = arena_copy(&table->arena, statement->name.name.text);
	if (table->arena.has_failed)
		return error_no_memory(builder->error);
	if ((result = table_definition_check_name(
		     &statement->name.name, "table", builder->error)) < 0 ||
	    (result = collect_columns(builder)) < 0 ||
	    (result = table_option_bind(statement->properties, table,
					has_uuid, builder->error)) < 0 ||
	    (result = find_key(builder)) < 0 ||
	    (result = check_key(builder)) < 0 ||
	    (result = check_shape(builder)) < 0 ||
	    (result = add_columns(builder)) < 0)
		return result;
	return table->arena.has_failed ? error_no_memory(builder->error) : 0;
}

int
table_definition_build(const struct ast_create_table *statement,
		       struct table **table, bool *has_uuid,
		       struct error *error)
{
	struct builder builder = { .statement = statement, .error = error };
	int result;

	assert(!slice_is_null(statement->name.keyspace.text));
	*table = NULL;
	builder.table = table_create();
	if (builder.table == NULL)
		return error_no_memory(error);
	result = build(&builder, has_uuid);
	arena_finish(&builder.arena);
	if (result < 0)
		table_release(builder.table);
	else
		*table = builder.table;
	return result;
}
