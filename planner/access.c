/* SPDX-License-Identifier: MIT */
#include "planner/access.h"

#include "base/limits.h"
#include "base/pack.h"
#include "planner/key.h"
#include "types/collection.h"
#include "types/value.h"

#include <assert.h>
#include <stdlib.h>

/* The values of one part of the key. */
struct part_values {
	struct slice *values;
	size_t count;
};

static int
check_key_value(const struct column *column,
		const struct expression *expression, int result,
		struct slice value, struct error *error)
{
	const char *format = "Invalid null value in condition for column %.*s";

	if (result == EXPRESSION_UNSET)
		format = "Invalid unset value for column %.*s";
	else if (!slice_is_null(value))
		return 0;
	return error_at(error, ERROR_INVALID, expression->place.start,
			expression->place.size, format,
			SLICE_ARGUMENTS(column->name));
}

static int
evaluate_key_value(const struct column *column,
		   const struct expression *expression,
		   const struct evaluation *evaluation, struct slice *value,
		   struct error *error)
{
	int result = expression_evaluate(expression, evaluation, value, error);

	if (result < 0)
		return result;
	return check_key_value(column, expression, result, *value, error);
}

/* k IN ?: the elements of the list. */
static int
unpack_list(const struct column *column, const struct expression *expression,
	    const struct evaluation *evaluation, struct part_values *part,
	    struct error *error)
{
	struct collection_cursor cursor;
	struct slice list;
	int result = evaluate_key_value(column, expression, evaluation, &list,
					error);

	if (result < 0)
		return result;
	result = collection_begin(expression->type, list, &cursor, error);
	if (result < 0)
		return result;
	part->values = arena_new_array(evaluation->arena, struct slice,
				       cursor.count + 1);
	if (part->values == NULL)
		return error_no_memory(error);
	for (;;) {
		const struct type *type;
		struct slice value;

		result = collection_next(&cursor, &type, &value, error);
		if (result == COLLECTION_END)
			return 0;
		if (result < 0)
			return result;
		result = check_key_value(column, expression, 0, value, error);
		if (result < 0)
			return result;
		part->values[part->count++] = value;
	}
}

static int
evaluate_values(const struct column *column,
		const struct key_restriction *restriction,
		const struct evaluation *evaluation, struct part_values *part,
		struct error *error)
{
	uint32_t count = restriction->value_count;

	if (restriction->is_list)
		return unpack_list(column, restriction->values[0], evaluation,
				   part, error);
	part->values = arena_new_array(evaluation->arena, struct slice,
				       count + 1);
	part->count = count;
	if (part->values == NULL)
		return error_no_memory(error);
	for (uint32_t i = 0; i < count; i++) {
		int result = evaluate_key_value(column, restriction->values[i],
						evaluation, &part->values[i],
						error);

		if (result < 0)
			return result;
	}
	return 0;
}

/* By the type; values that the type calls equal and that are other bytes are
 * other keys. */
static int
compare_values(const void *a, const void *b, void *type)
{
	const struct slice *left = a;
	const struct slice *right = b;
	int order = value_compare(type, *left, *right);

	return order != 0 ? order : slice_compare(*left, *right);
}

static void
sort_values(const struct type *type, struct part_values *part)
{
	size_t kept = 0;

	if (part->count < 2)
		return;
	qsort_r(part->values, part->count, sizeof(*part->values),
		compare_values, (void *)(uintptr_t)type);
	for (size_t i = 0; i < part->count; i++) {
		if (kept > 0 && slice_is_equal(part->values[kept - 1],
					       part->values[i]))
			continue;
		part->values[kept++] = part->values[i];
	}
	part->count = kept;
}

/* How many keys the parts make, which for several is limited. */
static int
count_product(const struct table *table, const struct part_values *parts,
	      size_t *count, struct error *error)
{
	*count = parts[0].count;
	for (uint32_t i = 1; i < table->key_count; i++)
		*count = *count > TERMS_MAX ? *count :
					      *count * parts[i].count;
	/* A part without values leaves nothing, however many others have. */
	for (uint32_t i = 0; i < table->key_count; i++) {
		if (parts[i].count == 0)
			*count = 0;
	}
	if (table->key_count == 1 || *count <= IN_PRODUCT_MAX)
		return 0;
	return error_set(error, ERROR_INVALID,
			 "partition-key cartesian product size %zu is greater "
			 "than maximum %d",
			 *count, IN_PRODUCT_MAX);
}

/* The last part varies fastest, so that the product comes out sorted. */
static int
make_product(const struct table *table, const struct part_values *parts,
	     const struct evaluation *evaluation, struct slice *keys,
	     size_t count, struct error *error)
{
	struct slice *chosen = arena_new_array(evaluation->arena, struct slice,
					       table->key_count);

	if (chosen == NULL)
		return error_no_memory(error);
	for (size_t i = 0; i < count; i++) {
		size_t rest = i;
		int result;

		for (uint32_t part = table->key_count; part-- > 0;) {
			chosen[part] = parts[part].values[rest %
							  parts[part].count];
			rest /= parts[part].count;
		}
		result = key_encode(table, chosen, evaluation->arena, &keys[i],
				    error);
		if (result < 0)
			return result;
	}
	return 0;
}

/* The commonest query of all: one column, one value. */
static int
make_single_key(const struct table *table,
		const struct key_restriction *restriction,
		const struct evaluation *evaluation, struct slice **keys,
		size_t *count, struct error *error)
{
	struct slice *key = arena_new_array(evaluation->arena, struct slice,
					    1);
	struct slice value;
	int result;

	if (key == NULL)
		return error_no_memory(error);
	result = evaluate_key_value(&table->columns[0], restriction->values[0],
				    evaluation, &value, error);
	if (result < 0)
		return result;
	*keys = key;
	*count = 1;
	return key_encode(table, &value, evaluation->arena, key, error);
}

int
access_make_keys(const struct table *table,
		 const struct key_restriction *restrictions,
		 const struct evaluation *evaluation, struct slice **keys,
		 size_t *count, struct error *error)
{
	struct part_values *parts;
	int result;

	if (table->key_count == 1 && restrictions[0].value_count == 1 &&
	    !restrictions[0].is_list)
		return make_single_key(table, restrictions, evaluation, keys,
				       count, error);
	parts = arena_new_array(evaluation->arena, struct part_values,
				table->key_count);
	if (parts == NULL)
		return error_no_memory(error);
	for (uint32_t i = 0; i < table->key_count; i++) {
		result = evaluate_values(&table->columns[i], &restrictions[i],
					 evaluation, &parts[i], error);
		if (result < 0)
			return result;
		sort_values(table->columns[i].type, &parts[i]);
	}
	result = count_product(table, parts, count, error);
	if (result < 0)
		return result;
	*keys = arena_new_array(evaluation->arena, struct slice, *count + 1);
	if (*keys == NULL)
		return error_no_memory(error);
	return make_product(table, parts, evaluation, *keys, *count, error);
}

static int
evaluate_bound(const struct expression *expression,
	       const struct evaluation *evaluation, int64_t *bound,
	       struct error *error)
{
	struct slice value;
	int result = expression_evaluate(expression, evaluation, &value,
					 error);

	if (result < 0)
		return result;
	if (result == EXPRESSION_UNSET)
		return error_at(error, ERROR_INVALID, expression->place.start,
				expression->place.size,
				"Invalid unset value for the partition key "
				"token");
	if (value.size != sizeof(uint64_t))
		return error_at(error, ERROR_INVALID, expression->place.start,
				expression->place.size,
				"Invalid null token value");
	*bound = (int64_t)load_u64_be(value.data);
	return 0;
}

int
access_make_range(const struct access *access,
		  const struct evaluation *evaluation,
		  struct token_range *range, struct error *error)
{
	bool is_one_token = access->first != NULL &&
			    access->first == access->last;
	int result;

	range->first = INT64_MIN;
	range->last = INT64_MAX;
	if (access->first != NULL) {
		result = evaluate_bound(access->first, evaluation,
					&range->first, error);
		if (result < 0)
			return result;
	}
	if (access->last != NULL) {
		result = evaluate_bound(access->last, evaluation, &range->last,
					error);
		if (result < 0)
			return result;
	}
	/* As ScyllaDB: no token is the smallest number, so that as an upper
	 * bound it stands for the end of the ring. */
	if (access->last != NULL && range->last == INT64_MIN && !is_one_token)
		range->last = INT64_MAX;
	else if (access->last_is_exclusive)
		range->last--;
	if (!access->first_is_exclusive)
		return 0;
	if (range->first == INT64_MAX)
		*range = (struct token_range){ .first = 1, .last = 0 };
	else
		range->first++;
	return 0;
}
