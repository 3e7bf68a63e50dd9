/* SPDX-License-Identifier: MIT */
#include "planner/expression.h"

#include "base/murmur3.h"
#include "base/pack.h"
#include "planner/function.h"
#include "planner/key.h"
#include "planner/plan.h"
#include "planner/row.h"
#include "types/collection.h"
#include "types/value.h"

#include <assert.h>

/* Eight bytes, big-endian: a bigint in the arena. */
static int
make_bigint(const struct evaluation *evaluation, int64_t number,
	    struct slice *value, struct error *error)
{
	uint8_t *bytes = arena_allocate_bytes(evaluation->arena,
					      sizeof(uint64_t));

	if (bytes == NULL)
		return error_no_memory(error);
	store_u64_be(bytes, (uint64_t)number);
	*value = slice_make(bytes, sizeof(uint64_t));
	return 0;
}

static int
make_int(const struct evaluation *evaluation, uint32_t number,
	 struct slice *value, struct error *error)
{
	uint8_t *bytes = arena_allocate_bytes(evaluation->arena,
					      sizeof(uint32_t));

	if (bytes == NULL)
		return error_no_memory(error);
	store_u32_be(bytes, number);
	*value = slice_make(bytes, sizeof(uint32_t));
	return 0;
}

static int
evaluate_marker(const struct expression *expression,
		const struct evaluation *evaluation, struct slice *value)
{
	const struct binding *binding;

	if (expression->marker >= evaluation->binding_count)
		return EXPRESSION_UNSET;
	binding = &evaluation->bindings[expression->marker];
	if (binding->kind == BINDING_UNSET)
		return EXPRESSION_UNSET;
	*value = binding->kind == BINDING_NULL ? SLICE_NULL : binding->value;
	return 0;
}

static struct slice
column_value(const struct evaluation *evaluation, const struct column *column)
{
	const struct expression_row *row = evaluation->row;

	assert(row != NULL);
	if (column->kind == COLUMN_KEY)
		return row->key_parts[column->key_position];
	return row->values[row_slot(evaluation->table, row->shape, column)];
}

static int
refuse_unset(const struct expression *argument, struct error *error)
{
	return error_at(error, ERROR_INVALID, argument->place.start,
			argument->place.size,
			"Invalid unset value for an argument");
}

/* All arguments, into the arena; unset ones are refused. */
static int
evaluate_arguments(const struct expression *expression,
		   const struct evaluation *evaluation, struct slice **values,
		   bool *has_null, struct error *error)
{
	uint32_t count = expression->argument_count;

	*has_null = false;
	*values = arena_new_array(evaluation->arena, struct slice, count + 1);
	if (*values == NULL)
		return error_no_memory(error);
	for (uint32_t i = 0; i < count; i++) {
		const struct expression *argument = expression->arguments[i];
		int result = expression_evaluate(argument, evaluation,
						 &(*values)[i], error);

		if (result < 0)
			return result;
		if (result == EXPRESSION_UNSET)
			return refuse_unset(argument, error);
		*has_null |= slice_is_null((*values)[i]);
	}
	return 0;
}

/* What stands in the scratch buffer, moved to where it may stay. */
static int
take_scratch(const struct evaluation *evaluation, struct arena *arena,
	     struct slice *value, struct error *error)
{
	if (evaluation->scratch->has_failed)
		return error_no_memory(error);
	*value = arena_copy(arena, buffer_slice(evaluation->scratch));
	return slice_is_null(*value) ? error_no_memory(error) : 0;
}

static int
evaluate_call(const struct expression *expression,
	      const struct evaluation *evaluation, struct slice *value,
	      struct error *error)
{
	const struct function *function = expression->function;
	struct slice *once = function->is_pure ?
				     NULL :
				     &evaluation->once[expression->once];
	struct slice *arguments;
	bool has_null;
	int result;

	if (once != NULL && !slice_is_null(*once)) {
		*value = *once;
		return 0;
	}
	result = evaluate_arguments(expression, evaluation, &arguments,
				    &has_null, error);
	if (result < 0)
		return result;
	*value = SLICE_NULL;
	if (has_null)
		return 0;
	buffer_clear(evaluation->scratch);
	result = function->evaluate(evaluation, arguments, evaluation->scratch,
				    error);
	if (result != 0)
		return result == FUNCTION_NULL ? 0 : result;
	result = take_scratch(evaluation,
			      once != NULL ? evaluation->once_arena :
					     evaluation->arena,
			      value, error);
	if (result == 0 && once != NULL)
		*once = *value;
	return result;
}

static int
evaluate_collection(const struct expression *expression,
		    const struct evaluation *evaluation, struct slice *value,
		    struct error *error)
{
	struct slice *elements;
	bool has_null;
	int result = evaluate_arguments(expression, evaluation, &elements,
					&has_null, error);

	if (result < 0)
		return result;
	if (has_null && expression->type->kind != TYPE_TUPLE)
		return error_at(error, ERROR_INVALID, expression->place.start,
				expression->place.size,
				"null is not supported inside collections");
	buffer_clear(evaluation->scratch);
	result = collection_build(expression->type, elements,
				  expression->argument_count,
				  evaluation->scratch, error);
	if (result < 0)
		return result;
	return take_scratch(evaluation, evaluation->arena, value, error);
}

/* A null part makes the token null, as in CQL. */
static int
evaluate_token(const struct expression *expression,
	       const struct evaluation *evaluation, struct slice *value,
	       struct error *error)
{
	struct slice *parts;
	struct slice key;
	bool has_null;
	int result;

	if (expression->argument_count == 0)
		return make_bigint(evaluation, evaluation->row->stored->token,
				   value, error);
	result = evaluate_arguments(expression, evaluation, &parts, &has_null,
				    error);
	if (result < 0)
		return result;
	*value = SLICE_NULL;
	if (has_null)
		return 0;
	result = key_encode(expression->table, parts, evaluation->arena, &key,
			    error);
	if (result < 0)
		return result;
	return make_bigint(evaluation, murmur3_token(key), value, error);
}

/* A column that is null has neither: there is nothing that was written. */
static int
evaluate_attribute(const struct expression *expression,
		   const struct evaluation *evaluation, struct slice *value,
		   struct error *error)
{
	const struct engine_row *stored = evaluation->row->stored;

	*value = SLICE_NULL;
	if (slice_is_null(column_value(evaluation, expression->column)))
		return 0;
	if (expression->kind == EXPRESSION_WRITETIME)
		return make_bigint(evaluation, stored->timestamp_us, value,
				   error);
	if (stored->expires_at_s == 0)
		return 0;
	return make_int(evaluation,
			stored->expires_at_s > evaluation->now_s ?
				stored->expires_at_s - evaluation->now_s :
				0,
			value, error);
}

int
expression_evaluate(const struct expression *expression,
		    const struct evaluation *evaluation, struct slice *value,
		    struct error *error)
{
	switch (expression->kind) {
	case EXPRESSION_CONSTANT:
		*value = expression->constant;
		return 0;
	case EXPRESSION_MARKER:
		return evaluate_marker(expression, evaluation, value);
	case EXPRESSION_COLUMN:
		*value = column_value(evaluation, expression->column);
		return 0;
	case EXPRESSION_CALL:
		return evaluate_call(expression, evaluation, value, error);
	case EXPRESSION_COLLECTION:
		return evaluate_collection(expression, evaluation, value,
					   error);
	case EXPRESSION_TOKEN:
		return evaluate_token(expression, evaluation, value, error);
	case EXPRESSION_WRITETIME:
	case EXPRESSION_TTL:
		return evaluate_attribute(expression, evaluation, value,
					  error);
	case EXPRESSION_COUNT:
		break; /* of all rows: execute_read keeps it */
	}
	assert(false); /* not a value of one row */
	return 0;
}

static void
print_arguments(const struct expression *expression,
		const struct marker *markers, struct buffer *out)
{
	bool is_map = expression->kind == EXPRESSION_COLLECTION &&
		      expression->type->kind == TYPE_MAP;

	for (uint32_t i = 0; i < expression->argument_count; i++) {
		if (i > 0)
			buffer_append_string(out,
					     is_map && i % 2 != 0 ? ": " :
								    ", ");
		expression_print(expression->arguments[i], markers, out);
	}
}

static void
print_collection(const struct expression *expression,
		 const struct marker *markers, struct buffer *out)
{
	const char *brackets = expression->type->kind == TYPE_LIST  ? "[]" :
			       expression->type->kind == TYPE_TUPLE ? "()" :
								      "{}";

	buffer_append_byte(out, (uint8_t)brackets[0]);
	print_arguments(expression, markers, out);
	buffer_append_byte(out, (uint8_t)brackets[1]);
}

static void
print_token(const struct expression *expression, const struct marker *markers,
	    struct buffer *out)
{
	const struct table *table = expression->table;

	buffer_append_string(out, "system.token(");
	print_arguments(expression, markers, out);
	for (uint32_t i = 0;
	     expression->argument_count == 0 && i < table->key_count; i++) {
		if (i > 0)
			buffer_append_string(out, ", ");
		buffer_append_slice(out, table->columns[i].name);
	}
	buffer_append_byte(out, ')');
}

static void
print_marker(const struct marker *marker, struct buffer *out)
{
	if (!marker->is_named) {
		buffer_append_byte(out, '?');
		return;
	}
	buffer_append_byte(out, ':');
	buffer_append_slice(out, marker->name);
}

void
expression_print(const struct expression *expression,
		 const struct marker *markers, struct buffer *out)
{
	switch (expression->kind) {
	case EXPRESSION_CONSTANT:
		value_print(expression->type, expression->constant,
			    VALUE_LITERAL, out);
		break;
	case EXPRESSION_MARKER:
		print_marker(&markers[expression->marker], out);
		break;
	case EXPRESSION_COLUMN:
		buffer_append_slice(out, expression->column->name);
		break;
	case EXPRESSION_CALL:
		buffer_printf(out, "system.%s(", expression->function->name);
		print_arguments(expression, markers, out);
		buffer_append_byte(out, ')');
		break;
	case EXPRESSION_COLLECTION:
		print_collection(expression, markers, out);
		break;
	case EXPRESSION_TOKEN:
		print_token(expression, markers, out);
		break;
	case EXPRESSION_WRITETIME:
	case EXPRESSION_TTL:
		buffer_printf(out, "%s(%.*s)",
			      expression->kind == EXPRESSION_TTL ? "ttl" :
								   "writetime",
			      SLICE_ARGUMENTS(expression->column->name));
		break;
	case EXPRESSION_COUNT:
		buffer_append_string(out, "count");
		break;
	}
}
