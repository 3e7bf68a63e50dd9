/* SPDX-License-Identifier: MIT */
#include "planner/restriction.h"

#include "parser/ast_print.h"

#include <assert.h>

static const char filtering_message[] =
	"Cannot execute this query as it might involve data filtering and "
	"thus may have unpredictable performance. If you want to execute this "
	"query despite the performance unpredictability, use ALLOW FILTERING";

static const char slice_message[] =
	"Only EQ and IN relation are supported on the partition key (unless "
	"you use the token() function or ALLOW FILTERING)";

/* What has been gathered from the relations so far. */
struct gathering {
	struct binder *binder;
	bool allows_filtering;
	struct key_restriction *keys; /* value_count 0: not restricted */
	uint32_t keys_given;
	struct ast_place last_key; /* for errors about an incomplete key */
	bool has_token;
	struct ast_place token_place;
	struct access *access;
};

static int
refuse_filtering(struct gathering *gathering, struct ast_place place,
		 const char *message)
{
	int result;

	if (gathering->allows_filtering)
		return bind_unsupported(gathering->binder, place,
					"filtering (ALLOW FILTERING)");
	result = bind_error_at(gathering->binder, place, "%s", message);
	error_hint(gathering->binder->error,
		   "filtering is not supported yet: give the whole key by = "
		   "or IN, or a range of token(…)");
	return result;
}

static int
refuse_not_equal(struct binder *binder, const struct ast_relation *relation)
{
	struct buffer text = { 0 };
	int result;

	ast_print_relation(relation, &text);
	if (text.size > 200)
		text.size = 200;
	result = bind_error_at(binder, relation->place,
			       "Unsupported \"!=\" relation: %.*s",
			       (int)text.size,
			       text.data == NULL ? "" :
						   (const char *)text.data);
	buffer_finish(&text);
	return result;
}

/* ---- the key ---- */

static int
check_restricted_once(struct gathering *gathering,
		      const struct ast_relation *relation,
		      const struct column *column)
{
	const struct key_restriction *key =
		&gathering->keys[column->key_position];

	if (key->value_count == 0 && !key->is_in)
		return 0;
	return bind_error_at(gathering->binder, relation->place,
			     "%.*s cannot be restricted by more than one "
			     "relation if it includes %s",
			     SLICE_ARGUMENTS(column->name),
			     key->is_in || relation->operator == AST_IN ?
				     "a IN" :
				     "an Equal");
}

/* k IN ?: one marker that stands for a list. */
static int
bind_in_marker(struct binder *binder, const struct ast_relation *relation,
	       const struct column *column, struct key_restriction *key)
{
	struct buffer *scratch = &binder->session->scratch;
	struct receiver receiver = { .key_part = -1 };

	buffer_clear(scratch);
	buffer_printf(scratch, "IN(%.*s)", SLICE_ARGUMENTS(column->name));
	receiver.name = arena_copy(binder->arena, buffer_slice(scratch));
	receiver.type = type_create(binder->arena, TYPE_LIST, &column->type, 1,
				    true);
	if (receiver.type == NULL || slice_is_null(receiver.name))
		return error_no_memory(binder->error);
	key->is_list = true;
	return bind_term(binder, relation->values, &receiver, &key->values[0]);
}

static int
bind_key_relation(struct gathering *gathering,
		  const struct ast_relation *relation,
		  const struct column *column)
{
	struct binder *binder = gathering->binder;
	struct key_restriction *key = &gathering->keys[column->key_position];
	struct receiver receiver = receiver_of_column(column);
	const struct ast_term *value = relation->values;
	uint32_t count = 0;
	int result = check_restricted_once(gathering, relation, column);

	if (result < 0)
		return result;
	for (; value != NULL; value = value->next)
		count++;
	key->is_in = relation->operator == AST_IN;
	key->value_count = count;
	key->values = arena_new_array(binder->arena, struct expression *,
				      count + 1);
	if (key->values == NULL)
		return error_no_memory(binder->error);
	gathering->keys_given++;
	gathering->last_key = relation->place;
	if (relation->is_in_marker)
		return bind_in_marker(binder, relation, column, key);
	if (key->is_in)
		receiver.key_part = -1;
	value = relation->values;
	for (uint32_t i = 0; i < count; i++, value = value->next) {
		result = bind_term(binder, value, &receiver, &key->values[i]);
		if (result < 0)
			return result;
	}
	return 0;
}

/* ---- token() ---- */

/* "a, b": the key's columns in their order. */
static void
print_key_columns(const struct table *table, struct buffer *out)
{
	for (uint32_t i = 0; i < table->key_count; i++) {
		if (i > 0)
			buffer_append_string(out, ", ");
		buffer_append_slice(out, table->columns[i].name);
	}
}

static int
check_token_columns(struct binder *binder, const struct ast_relation *relation)
{
	const struct table *table = binder->table;
	struct buffer key = { 0 };
	bool is_in_order = true;
	uint32_t count = 0;
	int result = 0;

	for (const struct ast_name_list *name = relation->columns;
	     name != NULL; name = name->next, count++) {
		const struct column *column;

		result = bind_column(binder, &name->name,
				     BIND_UNRECOGNIZED_NAME, &column);
		if (result < 0)
			return result;
		is_in_order &= count < table->key_count &&
			       column == &table->columns[count];
	}
	if (is_in_order && count == table->key_count)
		return 0;
	print_key_columns(table, &key);
	if (count != table->key_count)
		result = bind_error_at(binder, relation->place,
				       "The token() function must be applied "
				       "to all partition key components or "
				       "none of them");
	else
		result = bind_error_at(binder, relation->place,
				       "The token function arguments must be "
				       "in the partition key order: %.*s",
				       (int)key.size, (const char *)key.data);
	buffer_finish(&key);
	return result;
}

static int
refuse_second_bound(struct binder *binder, const struct ast_relation *relation,
		    const char *which)
{
	struct buffer key = { 0 };
	int result;

	print_key_columns(binder->table, &key);
	result = bind_error_at(binder, relation->place,
			       "More than one restriction was found for the "
			       "%s bound on %.*s",
			       which, (int)key.size, (const char *)key.data);
	buffer_finish(&key);
	return result;
}

static int
bind_token_relation(struct gathering *gathering,
		    const struct ast_relation *relation)
{
	static const char *const names[] = {
		[AST_IN] = "IN", [AST_NOT_IN] = "NOT IN", [AST_LIKE] = "LIKE",
		[AST_CONTAINS] = "CONTAINS",
		[AST_CONTAINS_KEY] = "CONTAINS KEY",
		[AST_NOT_CONTAINS] = "NOT CONTAINS",
		[AST_NOT_CONTAINS_KEY] = "NOT CONTAINS KEY",
		[AST_IS_NOT_NULL] = "IS NOT NULL",
	};
	struct binder *binder = gathering->binder;
	struct access *access = gathering->access;
	struct receiver receiver = { .name = SLICE("partition key token"),
				     .type = type_native(TYPE_BIGINT),
				     .key_part = -1 };
	enum ast_operator operator = relation->operator;
	bool gives_first = operator == AST_EQ || operator == AST_GT ||
			   operator == AST_GE;
	bool gives_last = operator == AST_EQ || operator == AST_LT ||
			  operator == AST_LE;
	struct expression *bound;
	int result = check_token_columns(binder, relation);

	if (result < 0)
		return result;
	if (operator == AST_NE)
		return refuse_not_equal(binder, relation);
	if (operator == AST_BETWEEN) {
		result = bind_unsupported(binder, relation->place, "BETWEEN");
		error_hint(binder->error,
			   "token(k) >= 1 AND token(k) <= 2 says the same");
		return result;
	}
	if (!gives_first && !gives_last)
		return bind_error_at(binder, relation->place,
				     "%s cannot be used with the token "
				     "function",
				     names[operator]);
	if (gives_first && access->first != NULL)
		return refuse_second_bound(binder, relation, "start");
	if (gives_last && access->last != NULL)
		return refuse_second_bound(binder, relation, "end");
	result = bind_term(binder, relation->values, &receiver, &bound);
	if (result < 0)
		return result;
	gathering->has_token = true;
	gathering->token_place = relation->place;
	if (gives_first) {
		access->first = bound;
		access->first_is_exclusive = operator == AST_GT;
	}
	if (gives_last) {
		access->last = bound;
		access->last_is_exclusive = operator == AST_LT;
	}
	return 0;
}

/* ---- a SELECT's relations ---- */

static int
bind_column_relation(struct gathering *gathering,
		     const struct ast_relation *relation)
{
	struct binder *binder = gathering->binder;
	const struct column *column;
	int result = bind_column(binder, &relation->columns->name,
				 BIND_UNRECOGNIZED_NAME, &column);

	if (result < 0)
		return result;
	if (relation->kind == AST_RELATION_FIELD)
		return bind_unsupported(binder, relation->place,
					"a field in WHERE");
	if (relation->operator == AST_NE)
		return refuse_not_equal(binder, relation);
	if (relation->operator == AST_IS_NOT_NULL)
		return bind_error_at(binder, relation->place,
				     "restriction '%.*s IS NOT NULL' is only "
				     "supported in materialized view creation",
				     SLICE_ARGUMENTS(column->name));
	if (relation->kind == AST_RELATION_ELEMENT ||
	    column->kind != COLUMN_KEY)
		return refuse_filtering(gathering, relation->place,
					filtering_message);
	if (relation->operator != AST_EQ && relation->operator != AST_IN)
		return refuse_filtering(gathering, relation->place,
					slice_message);
	return bind_key_relation(gathering, relation, column);
}

static int
bind_relation(struct gathering *gathering, const struct ast_relation *relation)
{
	struct binder *binder = gathering->binder;
	const struct ast_name *first = &relation->columns->name;

	switch (relation->kind) {
	case AST_RELATION_TOKEN:
		return bind_token_relation(gathering, relation);
	case AST_RELATION_TUPLE:
		return bind_error_at(binder, relation->place,
				     "Multi-column relations can only be "
				     "applied to clustering columns but was "
				     "applied to: %.*s",
				     SLICE_ARGUMENTS(first->text));
	default:
		return bind_column_relation(gathering, relation);
	}
}

static int
refuse_mixture(struct gathering *gathering)
{
	struct buffer key = { 0 };
	int result;

	print_key_columns(gathering->binder->table, &key);
	result = bind_error_at(gathering->binder, gathering->token_place,
			       "Columns \"%.*s\" cannot be restricted by both "
			       "a normal relation and a token relation",
			       (int)key.size, (const char *)key.data);
	buffer_finish(&key);
	return result;
}

int
restriction_bind_access(struct binder *binder,
			const struct ast_relation *where,
			bool allows_filtering, struct access *access)
{
	uint32_t key_count = binder->table->key_count;
	struct gathering gathering = {
		.binder = binder,
		.allows_filtering = allows_filtering,
		.access = access,
	};
	int result;

	access->kind = ACCESS_TOKENS;
	if (where == NULL)
		return 0;
	gathering.keys = arena_new_array(binder->arena, struct key_restriction,
					 key_count);
	if (gathering.keys == NULL)
		return error_no_memory(binder->error);
	for (; where != NULL; where = where->next) {
		result = bind_relation(&gathering, where);
		if (result < 0)
			return result;
	}
	if (gathering.keys_given == 0)
		return 0;
	if (gathering.has_token)
		return refuse_mixture(&gathering);
	if (gathering.keys_given < key_count)
		return refuse_filtering(&gathering, gathering.last_key,
					filtering_message);
	access->kind = ACCESS_KEYS;
	access->keys = gathering.keys;
	return 0;
}

/* ---- a modification's ---- */

static int
bind_modified_relation(struct gathering *gathering,
		       const struct ast_relation *relation)
{
	struct binder *binder = gathering->binder;
	const struct column *column;
	int result;

	if (relation->kind == AST_RELATION_TOKEN)
		return bind_error_at(binder, relation->place,
				     "The token function cannot be used in "
				     "WHERE clauses of UPDATE and DELETE "
				     "statements");
	if (relation->kind == AST_RELATION_TUPLE)
		return bind_relation(gathering, relation);
	result = bind_column(binder, &relation->columns->name,
			     BIND_UNRECOGNIZED_NAME, &column);
	if (result < 0)
		return result;
	if (relation->operator == AST_NE)
		return refuse_not_equal(binder, relation);
	if (column->kind != COLUMN_KEY)
		return bind_error_at(binder, relation->place,
				     "Invalid where clause contains non "
				     "PRIMARY KEY columns: %.*s",
				     SLICE_ARGUMENTS(column->name));
	if (relation->kind != AST_RELATION_COLUMN ||
	    (relation->operator != AST_EQ && relation->operator != AST_IN))
		return bind_error_at(binder, relation->place, "%s",
				     slice_message);
	return bind_key_relation(gathering, relation, column);
}

int
restriction_bind_key(struct binder *binder, const struct ast_relation *where,
		     struct ast_place target, struct key_restriction **keys)
{
	const struct table *table = binder->table;
	struct gathering gathering = { .binder = binder };
	int result;

	gathering.keys = arena_new_array(binder->arena, struct key_restriction,
					 table->key_count);
	if (gathering.keys == NULL)
		return error_no_memory(binder->error);
	for (; where != NULL; where = where->next) {
		result = bind_modified_relation(&gathering, where);
		if (result < 0)
			return result;
	}
	for (uint32_t i = 0; i < table->key_count; i++) {
		if (gathering.keys[i].values == NULL)
			return bind_error_at(binder, target,
					     "Missing mandatory PRIMARY KEY "
					     "part %.*s",
					     SLICE_ARGUMENTS(
						     table->columns[i].name));
	}
	*keys = gathering.keys;
	return 0;
}
