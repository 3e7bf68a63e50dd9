/* SPDX-License-Identifier: MIT */
#include "planner/bind_modify.h"

#include "planner/bind_using.h"
#include "planner/restriction.h"
#include "planner/schema.h"

/* ---- what modifications share ---- */

static int
bind_target(struct binder *binder, const struct ast_qualified_name *name,
	    enum plan_kind kind)
{
	int result = bind_table(binder->session, name, &binder->table,
				binder->error);

	if (result < 0)
		return result;
	binder->plan->kind = kind;
	binder->plan->table = table_reference(binder->table);
	return 0;
}

/* A conditional statement answers with [applied], and when a row was in its
 * way, with that row: column_count says the most that it may answer with. */
static int
bind_applied(struct binder *binder, bool answers_row)
{
	const struct table *table = binder->table;
	struct plan *plan = binder->plan;
	uint32_t count = answers_row ? table->column_count : 0;

	plan->column_count = count + 1;
	plan->columns = arena_new_array(binder->arena, struct result_column,
					count + 1);
	if (plan->columns == NULL)
		return error_no_memory(binder->error);
	plan->columns[0] = (struct result_column){
		.name = SLICE("[applied]"),
		.type = type_native(TYPE_BOOLEAN),
		.keyspace = table->keyspace,
		.table = table->name,
	};
	for (uint32_t i = 0; i < count; i++)
		plan->columns[i + 1] = (struct result_column){
			.name = table->columns[i].name,
			.type = table->columns[i].type,
			.keyspace = table->keyspace,
			.table = table->name,
			.is_key = table->columns[i].kind == COLUMN_KEY,
		};
	return 0;
}

/* ---- INSERT ---- */

static int
check_counts(struct binder *binder, const struct ast_insert *insert)
{
	const struct ast_name_list *column = insert->columns;
	const struct ast_term *value = insert->values;

	while (column != NULL && value != NULL) {
		column = column->next;
		value = value->next;
	}
	if (column == NULL && value == NULL)
		return 0;
	return bind_error_at(binder, insert->values_place,
			     "Unmatched column names/values");
}

static int
bind_insert_values(struct binder *binder, const struct ast_insert *insert,
		   struct expression **values)
{
	const struct ast_term *term = insert->values;

	for (const struct ast_name_list *name = insert->columns; name != NULL;
	     name = name->next, term = term->next) {
		const struct column *column;
		struct receiver receiver;
		struct expression **value;
		int result = bind_column(binder, &name->name,
					 BIND_UNKNOWN_IDENTIFIER, &column);

		if (result < 0)
			return result;
		value = &values[column - binder->table->columns];
		if (*value != NULL)
			return bind_error_at(binder, name->name.place,
					     "Multiple definitions found for "
					     "column %.*s",
					     SLICE_ARGUMENTS(column->name));
		receiver = receiver_of_column(column);
		result = bind_term(binder, term, &receiver, value);
		if (result < 0)
			return result;
	}
	return 0;
}

static int
check_key_is_given(struct binder *binder, const struct ast_insert *insert,
		   struct expression *const *values)
{
	const struct table *table = binder->table;

	for (uint32_t i = 0; i < table->key_count; i++) {
		if (values[i] == NULL)
			return bind_error_at(binder, insert->table.name.place,
					     "Missing mandatory PRIMARY KEY "
					     "part %.*s",
					     SLICE_ARGUMENTS(
						     table->columns[i].name));
	}
	return 0;
}

static int
bind_insert_using(struct binder *binder, const struct ast_insert *insert)
{
	struct plan_insert *plan = &binder->plan->as.insert;
	int result = bind_using_timestamp(binder, &insert->using,
				    &plan->timestamp_us);

	if (result < 0)
		return result;
	result = bind_using_ttl(binder, &insert->using, &plan->ttl_s);
	if (result < 0)
		return result;
	return bind_using_timeout(binder, &insert->using);
}

int
bind_insert(struct binder *binder, const struct ast_insert *insert)
{
	struct plan *plan = binder->plan;
	struct expression **values;
	int result = bind_target(binder, &insert->table, PLAN_INSERT);

	if (result < 0)
		return result;
	if (insert->json != NULL)
		return bind_unsupported(binder, insert->json->place,
					"INSERT JSON");
	result = check_counts(binder, insert);
	if (result < 0)
		return result;
	values = arena_new_array(binder->arena, struct expression *,
				 binder->table->column_count);
	if (values == NULL)
		return error_no_memory(binder->error);
	plan->as.insert.values = values;
	plan->as.insert.if_not_exists = insert->if_not_exists;
	plan->is_conditional = insert->if_not_exists;
	result = bind_insert_values(binder, insert, values);
	if (result < 0)
		return result;
	result = check_key_is_given(binder, insert, values);
	if (result < 0)
		return result;
	result = bind_insert_using(binder, insert);
	if (result < 0 || !plan->is_conditional)
		return result;
	return bind_applied(binder, true);
}

/* ---- DELETE ---- */

static int
refuse_unsupported(struct binder *binder, const struct ast_delete *delete)
{
	if (delete->deletions != NULL)
		return bind_unsupported(binder, delete->deletions->column.place,
					"DELETE of columns");
	if (delete->conditions != NULL)
		return bind_unsupported(binder, delete->conditions->place,
					"DELETE with IF conditions");
	if (delete->using.ttl != NULL)
		return bind_error_at(binder, delete->using.ttl->place,
				     "DELETE takes no TTL");
	return 0;
}

/* The condition must be decided for one row. */
static int
refuse_conditional_in(struct binder *binder, const struct ast_delete *delete)
{
	const struct key_restriction *keys = binder->plan->as.delete.keys;

	for (uint32_t i = 0; i < binder->table->key_count; i++) {
		if (keys[i].is_in)
			return bind_error_at(binder, delete->where->place,
					     "IN on the partition key is not "
					     "supported with conditional "
					     "updates");
	}
	return 0;
}

int
bind_delete(struct binder *binder, const struct ast_delete *delete)
{
	struct plan *plan = binder->plan;
	int result = bind_target(binder, &delete->table, PLAN_DELETE);

	if (result < 0)
		return result;
	result = refuse_unsupported(binder, delete);
	if (result < 0)
		return result;
	plan->as.delete.if_exists = delete->if_exists;
	plan->is_conditional = delete->if_exists;
	result = bind_using_timestamp(binder, &delete->using,
				&plan->as.delete.timestamp_us);
	if (result < 0)
		return result;
	result = bind_using_timeout(binder, &delete->using);
	if (result < 0)
		return result;
	result = restriction_bind_key(binder, delete->where,
				      delete->table.name.place,
				      &plan->as.delete.keys);
	if (result < 0 || !plan->is_conditional)
		return result;
	result = refuse_conditional_in(binder, delete);
	if (result < 0)
		return result;
	return bind_applied(binder, false);
}
