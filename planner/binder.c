/* SPDX-License-Identifier: MIT */
#include "planner/binder.h"

#include "planner/suggestion.h"

struct expression *
bind_new_expression(struct binder *binder, enum expression_kind kind,
		    const struct type *type, struct ast_place place)
{
	struct expression *expression =
		arena_new(binder->arena, struct expression);

	if (expression == NULL) {
		(void)error_no_memory(binder->error);
		return NULL;
	}
	expression->kind = kind;
	expression->type = type;
	expression->place = place;
	return expression;
}

int
bind_place_error(struct binder *binder, int result, struct ast_place place)
{
	struct error *error = binder->error;

	if (result < 0 && error != NULL &&
	    error->position == ERROR_NO_POSITION) {
		error->position = place.start;
		error->size = place.size;
	}
	return result;
}

struct receiver
receiver_of_column(const struct column *column)
{
	return (struct receiver){
		.name = column->name,
		.type = column->type,
		.key_part = column->kind == COLUMN_KEY ? column->key_position :
							 -1,
	};
}

int
bind_fixed_columns(struct binder *binder, const struct fixed_column *columns,
		   uint32_t count)
{
	struct plan *plan = binder->plan;

	plan->column_count = count;
	plan->columns = arena_new_array(binder->arena, struct result_column,
					count);
	if (plan->columns == NULL)
		return error_no_memory(binder->error);
	for (uint32_t i = 0; i < count; i++)
		plan->columns[i] = (struct result_column){
			.name = slice_from_string(columns[i].name),
			.type = type_native(columns[i].kind),
		};
	return 0;
}

int
bind_column(struct binder *binder, const struct ast_name *name,
	    enum bind_column_message message, const struct column **column)
{
	const struct table *table = binder->table;
	struct suggestion suggestion;
	int result;

	*column = table_find_column(table, name->text);
	if (*column != NULL)
		return 0;
	result = bind_error_at(binder, name->place,
			       message == BIND_UNKNOWN_IDENTIFIER ?
				       "Unknown identifier %.*s" :
				       "Unrecognized name %.*s",
			       SLICE_ARGUMENTS(name->text));
	suggestion = suggestion_make(name->text);
	for (uint32_t i = 0; i < table->column_count; i++)
		suggestion_offer(&suggestion, table->columns[i].name);
	(void)suggestion_hint(&suggestion, binder->error);
	return result;
}
