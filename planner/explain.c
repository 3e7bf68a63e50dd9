/* SPDX-License-Identifier: MIT */
#include "planner/explain.h"

#include <stdio.h>

struct explanation {
	const struct plan *plan;
	struct arena *arena;
	struct row_list *rows;
	struct buffer line;
};

int
explain_bind_columns(struct binder *binder)
{
	static const struct fixed_column column = { "plan", TYPE_TEXT };

	return bind_fixed_columns(binder, &column, 1);
}

/* Makes the line a row and begins another. */
static void
end_line(struct explanation *explanation)
{
	struct row_list_row *row =
		arena_new(explanation->arena, struct row_list_row);
	struct slice *value = arena_new(explanation->arena, struct slice);

	if (row != NULL && value != NULL) {
		*value = arena_copy(explanation->arena,
				    buffer_slice(&explanation->line));
		row->values = value;
		*explanation->rows->last = row;
		explanation->rows->last = &row->next;
	}
	buffer_clear(&explanation->line);
}

static void
print_expression(struct explanation *explanation,
		 const struct expression *expression)
{
	expression_print(expression, explanation->plan->markers,
			 &explanation->line);
}

static void
print_table(struct explanation *explanation, const char *what)
{
	const struct table *table = explanation->plan->table;

	buffer_printf(&explanation->line, "%s %.*s.%.*s", what,
		      SLICE_ARGUMENTS(table->keyspace),
		      SLICE_ARGUMENTS(table->name));
}

static void
explain_setting(struct explanation *explanation, const char *name,
		const struct expression *expression)
{
	if (expression == NULL)
		return;
	buffer_printf(&explanation->line, "  %s: ", name);
	print_expression(explanation, expression);
	end_line(explanation);
}

/* ---- the key ---- */

static void
explain_restriction(struct explanation *explanation,
		    const struct column *column,
		    const struct key_restriction *restriction)
{
	struct buffer *line = &explanation->line;
	bool has_brackets = restriction->is_in && !restriction->is_list;

	buffer_printf(line, "%.*s %s ", SLICE_ARGUMENTS(column->name),
		      restriction->is_in ? "IN" : "=");
	if (has_brackets)
		buffer_append_byte(line, '(');
	for (uint32_t i = 0; i < restriction->value_count; i++) {
		if (i > 0)
			buffer_append_string(line, ", ");
		print_expression(explanation, restriction->values[i]);
	}
	if (has_brackets)
		buffer_append_byte(line, ')');
}

static void
explain_key(struct explanation *explanation,
	    const struct key_restriction *restrictions)
{
	const struct table *table = explanation->plan->table;

	buffer_append_string(&explanation->line, "  key: ");
	for (uint32_t i = 0; i < table->key_count; i++) {
		if (i > 0)
			buffer_append_string(&explanation->line, " AND ");
		explain_restriction(explanation, &table->columns[i],
				    &restrictions[i]);
	}
	end_line(explanation);
}

/* How many keys, or UINT64_MAX when only the execution will know. */
static uint64_t
count_keys(const struct table *table,
	   const struct key_restriction *restrictions)
{
	uint64_t count = 1;

	for (uint32_t i = 0; i < table->key_count; i++) {
		if (restrictions[i].is_list)
			return UINT64_MAX;
		if (count < UINT32_MAX)
			count *= restrictions[i].value_count;
	}
	return count;
}

static const char *
name_keys(const struct table *table,
	  const struct key_restriction *restrictions, char *text, size_t size)
{
	uint64_t count = count_keys(table, restrictions);

	if (count == 1)
		return "1 key";
	if (count == UINT64_MAX)
		return "the keys in a list";
	snprintf(text, size, "up to %llu keys", (unsigned long long)count);
	return text;
}

/* ---- SELECT ---- */

static void
print_bound(struct explanation *explanation, const struct expression *bound,
	    const char *operator)
{
	buffer_printf(&explanation->line, "%s ", operator);
	print_expression(explanation, bound);
}

static void
explain_tokens(struct explanation *explanation, const struct access *access)
{
	if (access->first == NULL && access->last == NULL)
		return;
	buffer_append_string(&explanation->line, "  token: ");
	if (access->first == access->last) {
		print_bound(explanation, access->first, "=");
		end_line(explanation);
		return;
	}
	if (access->first != NULL)
		print_bound(explanation, access->first,
			    access->first_is_exclusive ? ">" : ">=");
	if (access->first != NULL && access->last != NULL)
		buffer_append_string(&explanation->line, " and ");
	if (access->last != NULL)
		print_bound(explanation, access->last,
			    access->last_is_exclusive ? "<" : "<=");
	end_line(explanation);
}

static void
print_access(struct explanation *explanation, const struct plan_select *select)
{
	const struct access *access = &select->access;
	const struct plan *plan = explanation->plan;
	bool is_index_only = select->is_count && !select->needs_rows;
	char keys[64];

	if (access->kind == ACCESS_KEYS) {
		uint64_t count = count_keys(plan->table, access->keys);

		if (is_index_only)
			buffer_append_string(&explanation->line,
					     "count, from the index alone, "
					     "of ");
		else
			buffer_append_string(&explanation->line,
					     count == 1 ? "point read of " :
							  "read of ");
		buffer_append_string(&explanation->line,
				     name_keys(plan->table, access->keys, keys,
					       sizeof(keys)));
		print_table(explanation, " of");
		return;
	}
	if (is_index_only)
		buffer_append_string(&explanation->line,
				     "count, from the index alone, of ");
	print_table(explanation,
		    access->first == NULL && access->last == NULL ?
			    (is_index_only ? "all of" : "full scan of") :
			    (is_index_only ? "a token range of" :
					     "token range scan of"));
}

static void
explain_columns(struct explanation *explanation)
{
	const struct plan *plan = explanation->plan;
	struct buffer *line = &explanation->line;

	buffer_append_string(line, "  columns: ");
	for (uint32_t i = 0; i < plan->column_count; i++) {
		if (i > 0)
			buffer_append_string(line, ", ");
		buffer_append_slice(line, plan->columns[i].name);
	}
	end_line(explanation);
}

static void
explain_select(struct explanation *explanation)
{
	const struct plan_select *select = &explanation->plan->as.select;

	print_access(explanation, select);
	end_line(explanation);
	if (select->access.kind == ACCESS_KEYS)
		explain_key(explanation, select->access.keys);
	else
		explain_tokens(explanation, &select->access);
	explain_setting(explanation, "limit", select->limit);
	explain_columns(explanation);
}

/* ---- modifications ---- */

static void
explain_insert(struct explanation *explanation)
{
	const struct plan_insert *insert = &explanation->plan->as.insert;
	const struct table *table = explanation->plan->table;

	print_table(explanation, "write of a whole row of");
	end_line(explanation);
	for (uint32_t i = 0; i < table->column_count; i++) {
		if (insert->values[i] == NULL)
			continue;
		buffer_printf(&explanation->line, "  %.*s = ",
			      SLICE_ARGUMENTS(table->columns[i].name));
		print_expression(explanation, insert->values[i]);
		end_line(explanation);
	}
	explain_setting(explanation, "timestamp", insert->timestamp_us);
	explain_setting(explanation, "ttl", insert->ttl_s);
	if (insert->if_not_exists) {
		buffer_append_string(&explanation->line,
				     "  condition: the row does not exist");
		end_line(explanation);
	}
}

static void
explain_delete(struct explanation *explanation)
{
	const struct plan_delete *delete = &explanation->plan->as.delete;
	char keys[64];

	buffer_printf(&explanation->line, "deletion of %s",
		      name_keys(explanation->plan->table, delete->keys, keys,
				sizeof(keys)));
	print_table(explanation, " of");
	end_line(explanation);
	explain_key(explanation, delete->keys);
	explain_setting(explanation, "timestamp", delete->timestamp_us);
	if (delete->if_exists) {
		buffer_append_string(&explanation->line,
				     "  condition: the row exists");
		end_line(explanation);
	}
}

int
explain_plan(const struct plan *plan, struct arena *arena,
	     struct row_list *rows, struct error *error)
{
	struct explanation explanation = { .plan = plan,
					   .arena = arena,
					   .rows = rows };
	bool has_failed;

	rows->first = NULL;
	rows->last = &rows->first;
	switch (plan->kind) {
	case PLAN_SELECT:
		explain_select(&explanation);
		break;
	case PLAN_INSERT:
		explain_insert(&explanation);
		break;
	case PLAN_DELETE:
		explain_delete(&explanation);
		break;
	default: /* bind_explain refuses the others */
		break;
	}
	has_failed = explanation.line.has_failed || arena->has_failed;
	buffer_finish(&explanation.line);
	return has_failed ? error_no_memory(error) : 0;
}
