/* SPDX-License-Identifier: MIT */
#include "planner/bind_select.h"

#include "planner/bind_using.h"
#include "planner/restriction.h"
#include "planner/schema.h"

/* What SELECT has in CQL and doesn't here yet. */
static int
refuse_unsupported(struct binder *binder, const struct ast_select *select,
		   struct ast_place verb)
{
	if (select->is_json)
		return bind_unsupported(binder, select->json_place,
					"SELECT JSON");
	if (slice_is_null(select->table.name.text))
		return bind_unsupported(binder, verb, "SELECT without FROM");
	if (select->is_distinct)
		return bind_unsupported(binder, select->distinct_place,
					"SELECT DISTINCT");
	if (select->group_by != NULL)
		return bind_unsupported(binder, select->group_place,
					"GROUP BY");
	if (select->per_partition_limit != NULL)
		return bind_unsupported(binder,
					select->per_partition_place,
					"PER PARTITION LIMIT");
	return 0;
}

/* ---- the selection ---- */

static struct slice
selector_name(struct binder *binder, const struct expression *expression)
{
	struct buffer *scratch = &binder->session->scratch;

	if (expression->kind == EXPRESSION_COLUMN)
		return expression->column->name;
	if (expression->kind == EXPRESSION_COUNT)
		return SLICE("count");
	buffer_clear(scratch);
	expression_print(expression, binder->plan->markers, scratch);
	return arena_copy(binder->arena, buffer_slice(scratch));
}

static void
describe_result(struct binder *binder, const struct expression *expression,
		struct slice name, struct result_column *column)
{
	column->name = name;
	column->type = expression->type;
	column->keyspace = binder->table->keyspace;
	column->table = binder->table->name;
	column->is_key = expression->kind == EXPRESSION_COLUMN &&
			 expression->column->kind == COLUMN_KEY;
}

/* An aggregate looks at all rows: inside a function of one row it would have
 * no value. */
static int
refuse_nested_aggregates(struct binder *binder,
			 const struct expression *expression)
{
	for (uint32_t i = 0; i < expression->argument_count; i++) {
		const struct expression *argument = expression->arguments[i];
		int result;

		if (argument->kind == EXPRESSION_COUNT)
			return bind_unsupported(binder, argument->place,
						"an aggregate inside a "
						"function call");
		result = refuse_nested_aggregates(binder, argument);
		if (result < 0)
			return result;
	}
	return 0;
}

static int
allocate_selection(struct binder *binder, uint32_t count)
{
	struct plan *plan = binder->plan;

	plan->column_count = count;
	plan->columns = arena_new_array(binder->arena, struct result_column,
					count);
	plan->as.select.selectors =
		arena_new_array(binder->arena, struct expression *, count);
	if (plan->columns == NULL || plan->as.select.selectors == NULL)
		return error_no_memory(binder->error);
	return 0;
}

static int
bind_star(struct binder *binder)
{
	const struct table *table = binder->table;
	struct plan *plan = binder->plan;
	int result = allocate_selection(binder, table->column_count);

	if (result < 0)
		return result;
	for (uint32_t i = 0; i < table->column_count; i++) {
		const struct column *column = &table->columns[i];
		struct expression *expression = bind_new_expression(
			binder, EXPRESSION_COLUMN, column->type,
			(struct ast_place){ 0, 0 });

		if (expression == NULL)
			return -ERROR_FULL;
		expression->column = column;
		plan->as.select.selectors[i] = expression;
		describe_result(binder, expression, column->name,
				&plan->columns[i]);
	}
	plan->as.select.needs_rows = true;
	return 0;
}

static int
bind_selector(struct binder *binder, const struct ast_selector *selector,
	      uint32_t index)
{
	static const struct receiver nobody = { .key_part = -1 };
	struct plan *plan = binder->plan;
	struct expression *expression;
	struct slice name = selector->alias.text;
	int result = bind_term(binder, selector->term, &nobody, &expression);

	if (result < 0)
		return result;
	result = refuse_nested_aggregates(binder, expression);
	if (result < 0)
		return result;
	if (slice_is_null(name))
		name = selector_name(binder, expression);
	else
		name = arena_copy(binder->arena, name);
	plan->as.select.selectors[index] = expression;
	describe_result(binder, expression, name, &plan->columns[index]);
	if (expression->kind == EXPRESSION_COUNT)
		plan->as.select.is_count = true;
	else
		plan->as.select.needs_rows = true;
	return 0;
}

static int
bind_selection(struct binder *binder, const struct ast_select *select)
{
	const struct ast_selector *selector = select->selectors;
	uint32_t count = 0;
	int result;

	if (select->is_star)
		return bind_star(binder);
	for (; selector != NULL; selector = selector->next)
		count++;
	result = allocate_selection(binder, count);
	if (result < 0)
		return result;
	binder->has_row = true;
	selector = select->selectors;
	for (uint32_t i = 0; i < count; i++, selector = selector->next) {
		result = bind_selector(binder, selector, i);
		if (result < 0)
			return result;
	}
	binder->has_row = false;
	return 0;
}

/* ---- the rest ---- */

/* CQL sorts by clustering columns only, and there are none. */
static int
refuse_order_by(struct binder *binder, const struct ast_select *select)
{
	const struct ast_ordering *ordering = select->order_by;
	const struct column *column;
	int result;

	if (ordering == NULL)
		return 0;
	if (ordering->ann_of != NULL)
		return bind_unsupported(binder, ordering->column.place,
					"ORDER BY … ANN OF");
	result = bind_column(binder, &ordering->column, BIND_UNRECOGNIZED_NAME,
			     &column);
	if (result < 0)
		return result;
	if (binder->plan->as.select.access.kind != ACCESS_KEYS)
		return bind_error_at(binder, ordering->column.place,
				     "ORDER BY is only supported when the "
				     "partition key is restricted by an EQ or "
				     "an IN.");
	return bind_error_at(binder, ordering->column.place,
			     "Order by is currently only supported on the "
			     "clustered columns of the PRIMARY KEY, got %.*s",
			     SLICE_ARGUMENTS(column->name));
}

static int
bind_limit(struct binder *binder, const struct ast_select *select)
{
	struct receiver receiver = { .name = SLICE("[limit]"),
				     .type = type_native(TYPE_INT),
				     .key_part = -1 };

	if (select->limit == NULL)
		return 0;
	return bind_term(binder, select->limit, &receiver,
			 &binder->plan->as.select.limit);
}

int
bind_select(struct binder *binder, const struct ast_select *select,
	    struct ast_place verb)
{
	struct plan *plan = binder->plan;
	int result = refuse_unsupported(binder, select, verb);

	if (result < 0)
		return result;
	result = bind_table(binder->session, &select->table, &binder->table,
			    binder->error);
	if (result < 0)
		return result;
	plan->kind = PLAN_SELECT;
	plan->table = table_reference(binder->table);
	result = bind_selection(binder, select);
	if (result < 0)
		return result;
	result = restriction_bind_access(binder, select->where,
					 select->allows_filtering,
					 &plan->as.select.access);
	if (result < 0)
		return result;
	result = refuse_order_by(binder, select);
	if (result < 0)
		return result;
	result = bind_limit(binder, select);
	if (result < 0)
		return result;
	return bind_using_timeout(binder, &select->using);
}
