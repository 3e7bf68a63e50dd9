/* SPDX-License-Identifier: MIT */
#include "parser/ast_build.h"

#include "parser/grammar.h"
#include "parser/parse_state.h"

#include <assert.h>

/* ---- relations ---- */

struct predicate
build_predicate(enum ast_operator operator, struct ast_term *value,
		struct ast_term *second)
{
	if (value != NULL)
		value->next = second;
	return (struct predicate){ operator, value, false };
}

struct ast_relation *
build_relation(struct parse *parse, enum ast_relation_kind kind,
	       uint32_t start, const struct name_list *columns,
	       const struct predicate *predicate)
{
	struct ast_relation *relation = arena_new(parse->arena,
						  struct ast_relation);

	if (relation == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	relation->kind = kind;
	relation->operator = predicate->operator;
	relation->columns = columns->first;
	relation->values = predicate->values;
	relation->is_in_marker = predicate->is_in_marker;
	relation->place = parse_place_from(parse, start);
	return relation;
}

struct ast_relation *
build_column_relation(struct parse *parse, const struct ast_name *column,
		      struct ast_term *subscript, const struct ast_name *field,
		      const struct predicate *predicate)
{
	struct name_list columns = build_name_list(parse, column);
	struct ast_relation *relation =
		build_relation(parse, AST_RELATION_COLUMN, column->place.start,
			       &columns, predicate);

	assert(subscript == NULL || field == NULL);
	if (relation == NULL)
		return NULL;
	if (subscript != NULL) {
		relation->kind = AST_RELATION_ELEMENT;
		relation->subscript = subscript;
	} else if (field != NULL) {
		relation->kind = AST_RELATION_FIELD;
		relation->field = *field;
	}
	return relation;
}

/* ---- statements ---- */

/* The first word, and what it is done to. */
static struct ast_place
find_verb(const struct parse *parse, struct ast_place first)
{
	if (first.start != parse->start)
		return first;
	switch (parse->second_code) {
	case LEXEME_TABLE:
	case LEXEME_TYPE:
	case LEXEME_KEYSPACE:
	case LEXEME_SCHEMA:
	case LEXEME_BATCH:
		return parse_span(first, parse->second);
	default:
		return first;
	}
}

struct ast_statement *
build_statement(struct parse *parse, struct ast_place start,
		const struct ast_statement *contents)
{
	struct ast_statement *statement = arena_new(parse->arena,
						    struct ast_statement);

	if (statement == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	*statement = *contents;
	statement->place = parse_place_from(parse, start.start);
	statement->verb = find_verb(parse, start);
	return statement;
}

struct ast_statement *
build_select(struct parse *parse, struct ast_place start,
	     const struct select_head *head, const struct ast_select *clauses)
{
	struct ast_statement *statement =
		build_statement(parse, start, &(struct ast_statement){
			.kind = AST_SELECT, .as.select = *clauses });

	if (statement == NULL)
		return NULL;
	statement->as.select.selectors = head->selectors.first;
	statement->as.select.is_star = head->selectors.is_star;
	statement->as.select.is_json = head->json.size > 0;
	statement->as.select.is_distinct = head->distinct.size > 0;
	statement->as.select.json_place = head->json;
	statement->as.select.distinct_place = head->distinct;
	return statement;
}

void
build_table_function(struct parse *parse, const struct ast_name *name)
{
	if (!slice_is_equal(name->text, SLICE("mutation_fragments")))
		parse_fail(parse, name->place,
			   "no viable alternative at input '%.*s': "
			   "FROM takes the name of a table",
			   SLICE_ARGUMENTS(parse_text_at(parse, name->place)));
	parse_note_unsupported(parse, name->place,
			       "SELECT FROM MUTATION_FRAGMENTS");
}

static struct ast_term *
merge_once(struct parse *parse, struct ast_term *some, struct ast_term *more)
{
	if (some != NULL && more != NULL)
		parse_fail(parse, more->place,
			   "USING has the same word twice");
	return some == NULL ? more : some;
}

struct ast_using
build_using(struct parse *parse, const struct ast_using *some,
	    const struct ast_using *more)
{
	return (struct ast_using){
		merge_once(parse, some->timestamp, more->timestamp),
		merge_once(parse, some->ttl, more->ttl),
		merge_once(parse, some->timeout, more->timeout),
	};
}

struct ast_selector *
build_selector(struct parse *parse, struct ast_term *term,
	       const struct ast_name *alias)
{
	struct ast_selector *selector = arena_new(parse->arena,
						  struct ast_selector);

	if (selector == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	selector->term = term;
	if (alias != NULL)
		selector->alias = *alias;
	return selector;
}

struct ast_ordering *
build_ordering(struct parse *parse, const struct ast_name *column,
	       bool is_descending, struct ast_term *ann_of)
{
	struct ast_ordering *ordering = arena_new(parse->arena,
						  struct ast_ordering);

	if (ordering == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	ordering->column = *column;
	ordering->is_descending = is_descending;
	ordering->ann_of = ann_of;
	return ordering;
}

struct ast_assignment *
build_assignment(struct parse *parse, enum ast_assignment_kind kind,
		 const struct ast_name *column, struct ast_term *value)
{
	struct ast_assignment *assignment = arena_new(parse->arena,
						      struct ast_assignment);

	if (assignment == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	assignment->kind = kind;
	assignment->column = *column;
	assignment->value = value;
	assignment->place = parse_place_from(parse, column->place.start);
	return assignment;
}

struct ast_deletion *
build_deletion(struct parse *parse, const struct ast_name *column,
	       struct ast_term *subscript, const struct ast_name *field)
{
	struct ast_deletion *deletion = arena_new(parse->arena,
						  struct ast_deletion);

	if (deletion == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	deletion->column = *column;
	deletion->subscript = subscript;
	if (field != NULL)
		deletion->field = *field;
	return deletion;
}

/* ---- schema ---- */

/* What is checked when the schema is made can't be bound later. */
static void
refuse_markers(struct parse *parse, const struct ast_term *value)
{
	if (value == NULL)
		return;
	if (value->kind == AST_MARKER)
		parse_fail(parse, value->place,
			   "Bind variables cannot be used for property "
			   "values");
	if (value->kind == AST_MAP || value->kind == AST_SET ||
	    value->kind == AST_LIST || value->kind == AST_TUPLE)
		for (value = value->as.elements; value != NULL;
		     value = value->next)
			refuse_markers(parse, value);
}

struct ast_property *
build_property(struct parse *parse, const struct ast_name *name,
	       struct ast_term *value)
{
	struct ast_property *property = arena_new(parse->arena,
						  struct ast_property);

	if (property == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	refuse_markers(parse, value);
	property->name = *name;
	property->value = value;
	return property;
}

struct ast_column *
build_column(struct parse *parse, const struct ast_name *name,
	     struct ast_type *type)
{
	struct ast_column *column = arena_new(parse->arena, struct ast_column);

	if (column == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	column->name = *name;
	column->type = type;
	column->place = parse_place_from(parse, name->place.start);
	return column;
}

void
column_set_flags(struct parse *parse, struct ast_column *column, int flags)
{
	if (column == NULL || flags == 0)
		return;
	column->is_static = (flags & COLUMN_STATIC) != 0;
	column->is_primary_key = (flags & COLUMN_PRIMARY_KEY) != 0;
	column->place = parse_place_from(parse, column->place.start);
}

struct ast_primary_key *
build_primary_key(struct parse *parse, struct ast_place start,
		  const struct name_list *partition_key,
		  const struct name_list *clustering)
{
	struct ast_primary_key *key = arena_new(parse->arena,
						struct ast_primary_key);

	if (key == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	key->partition_key = partition_key->first;
	key->clustering = clustering->first;
	key->place = parse_place_from(parse, start.start);
	return key;
}

void
table_body_add_key(struct table_body *body, struct ast_primary_key *key)
{
	if (key == NULL)
		return;
	if (body->first_key == NULL)
		body->first_key = key;
	else
		body->last_key->next = key;
	body->last_key = key;
}

void
table_with_add(struct parse *parse, struct table_with *with,
	       const struct table_with *more)
{
	property_list_add(&with->properties, more->properties.first);
	if (with->compact.size == 0)
		with->compact = more->compact;
	if (more->clustering_order == NULL)
		return;
	if (with->clustering_order != NULL)
		parse_fail(parse, more->clustering_order->column.place,
			   "CLUSTERING ORDER BY is written twice");
	with->clustering_order = more->clustering_order;
}

struct ast_rename *
build_rename(struct parse *parse, const struct ast_name *from,
	     const struct ast_name *to)
{
	struct ast_rename *rename = arena_new(parse->arena, struct ast_rename);

	if (rename == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	rename->from = *from;
	rename->to = *to;
	return rename;
}

struct ast_alter *
build_alter(struct parse *parse, const struct ast_alter *contents)
{
	struct ast_alter *alter = arena_new(parse->arena, struct ast_alter);

	if (alter == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	*alter = *contents;
	return alter;
}

struct ast_statement *
build_alter_statement(struct parse *parse, enum ast_statement_kind kind,
		      struct ast_place start, bool if_exists,
		      const struct ast_qualified_name *name,
		      const struct ast_alter *alter)
{
	struct ast_statement *statement = build_statement(
		parse, start, &(struct ast_statement){ .kind = kind });

	if (statement == NULL || alter == NULL)
		return NULL;
	statement->as.alter = *alter;
	statement->as.alter.name = *name;
	statement->as.alter.if_exists = if_exists;
	return statement;
}

/* ---- DESCRIBE ---- */

struct ast_describe *
build_describe(struct parse *parse, const struct ast_describe *contents)
{
	struct ast_describe *describe = arena_new(parse->arena,
						  struct ast_describe);

	if (describe == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	*describe = *contents;
	return describe;
}

struct ast_statement *
build_describe_statement(struct parse *parse, struct ast_place start,
			 const struct ast_describe *describe,
			 bool with_internals)
{
	struct ast_statement *statement = build_statement(
		parse, start, &(struct ast_statement){ .kind = AST_DESCRIBE });

	if (statement == NULL || describe == NULL)
		return NULL;
	statement->as.describe = *describe;
	statement->as.describe.with_internals = with_internals;
	return statement;
}
