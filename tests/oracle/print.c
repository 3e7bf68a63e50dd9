/* SPDX-License-Identifier: MIT
 *
 * Operations as CQL text. */
#include "tests/oracle/operation.h"

#include <inttypes.h>

struct printer {
	const struct operation *operation;
	bool has_markers;
	struct buffer *out;
};

static void
print_value(struct printer *printer, const struct value *value)
{
	if (printer->has_markers)
		buffer_append_byte(printer->out, '?');
	else
		buffer_append_slice(printer->out, value->literal);
}

static void
print_key_names(const struct schema *schema, struct buffer *out)
{
	for (unsigned i = 0; i < schema->key_part_count; i++)
		buffer_printf(out, "%s%s", i > 0 ? ", " : "",
			      schema->columns[i].name);
}

static void
print_where_key(struct printer *printer)
{
	const struct operation *operation = printer->operation;
	const struct schema *schema = operation->schema;

	buffer_append_string(printer->out, " WHERE ");
	for (unsigned i = 0; i < schema->key_part_count; i++) {
		buffer_printf(printer->out, "%s%s = ", i > 0 ? " AND " : "",
			      schema->columns[i].name);
		print_value(printer, &operation->key->parts[i]);
	}
}

/* A timestamp of an execution that is bound is given to the statement, not
 * written. */
static void
print_using(struct printer *printer, bool with_ttl)
{
	const struct operation *operation = printer->operation;
	bool has_timestamp = operation->has_timestamp && !printer->has_markers;
	bool has_ttl = with_ttl && operation->has_ttl;

	if (has_timestamp)
		buffer_printf(printer->out, " USING TIMESTAMP %" PRId64,
			      operation->timestamp_us);
	if (has_ttl)
		buffer_printf(printer->out, " %s TTL %" PRIu32,
			      has_timestamp ? "AND" : "USING",
			      operation->ttl_s);
}

static void
print_insert(struct printer *printer)
{
	const struct operation *operation = printer->operation;
	const struct schema *schema = operation->schema;

	buffer_printf(printer->out, "INSERT INTO t%u (", schema->slot);
	print_key_names(schema, printer->out);
	for (unsigned i = schema->key_part_count; i < schema->column_count;
	     i++) {
		if (operation->is_named[i])
			buffer_printf(printer->out, ", %s",
				      schema->columns[i].name);
	}
	buffer_append_string(printer->out, ") VALUES (");
	for (unsigned i = 0; i < schema->key_part_count; i++) {
		if (i > 0)
			buffer_append_string(printer->out, ", ");
		print_value(printer, &operation->key->parts[i]);
	}
	for (unsigned i = schema->key_part_count; i < schema->column_count;
	     i++) {
		if (!operation->is_named[i])
			continue;
		buffer_append_string(printer->out, ", ");
		print_value(printer, &operation->values[i]);
	}
	buffer_append_byte(printer->out, ')');
	if (operation->is_conditional)
		buffer_append_string(printer->out, " IF NOT EXISTS");
	print_using(printer, true);
}

static void
print_where_in(struct printer *printer)
{
	const struct operation *operation = printer->operation;
	const struct in_list *list;

	for (unsigned i = 0; i < operation->schema->key_part_count; i++) {
		list = &operation->in[i];
		buffer_printf(printer->out, " %s %s", i > 0 ? "AND" : "WHERE",
			      operation->schema->columns[i].name);
		buffer_append_string(printer->out,
				     list->count == 1 ? " = " : " IN (");
		for (unsigned j = 0; j < list->count; j++) {
			if (j > 0)
				buffer_append_string(printer->out, ", ");
			print_value(printer, &list->values[j]);
		}
		if (list->count > 1)
			buffer_append_byte(printer->out, ')');
	}
}

static void
print_delete(struct printer *printer)
{
	buffer_printf(printer->out, "DELETE FROM t%u",
		      printer->operation->schema->slot);
	print_using(printer, false);
	if (printer->operation->where == WHERE_IN)
		print_where_in(printer);
	else
		print_where_key(printer);
	if (printer->operation->is_conditional)
		buffer_append_string(printer->out, " IF EXISTS");
}

static void
print_item(struct printer *printer, const struct item *item)
{
	const struct schema *schema = printer->operation->schema;
	const char *name = schema->columns[item->column].name;

	switch (item->kind) {
	case ITEM_COLUMN:
		buffer_append_string(printer->out, name);
		break;
	case ITEM_WRITETIME:
		buffer_printf(printer->out, "writetime(%s)", name);
		break;
	case ITEM_TTL:
		buffer_printf(printer->out, "TTL(%s)", name);
		break;
	case ITEM_TOKEN:
		buffer_append_string(printer->out, "token(");
		print_key_names(schema, printer->out);
		buffer_append_byte(printer->out, ')');
		break;
	}
}

static void
print_bound(struct printer *printer, const char *word,
	    const struct token_bound *bound)
{
	if (!bound->relation)
		return;
	buffer_printf(printer->out, " %s token(", word);
	print_key_names(printer->operation->schema, printer->out);
	buffer_printf(printer->out, ") %s %" PRId64, bound->relation,
		      bound->token);
}

static void
print_select(struct printer *printer)
{
	const struct operation *operation = printer->operation;

	buffer_append_string(printer->out, "SELECT ");
	if (operation->is_star)
		buffer_append_byte(printer->out, '*');
	else if (operation->is_count)
		buffer_append_string(printer->out, "count(*)");
	for (unsigned i = 0; i < operation->item_count; i++) {
		if (i > 0)
			buffer_append_string(printer->out, ", ");
		print_item(printer, &operation->items[i]);
	}
	buffer_printf(printer->out, " FROM t%u", operation->schema->slot);
	if (operation->where == WHERE_KEY)
		print_where_key(printer);
	else if (operation->where == WHERE_IN)
		print_where_in(printer);
	print_bound(printer, "WHERE", &operation->lower);
	print_bound(printer, operation->lower.relation ? "AND" : "WHERE",
		    &operation->upper);
	if (operation->limit != 0)
		buffer_printf(printer->out, " LIMIT %" PRIu32,
			      operation->limit);
}

void
operation_print(const struct operation *operation, bool has_markers,
		struct buffer *out)
{
	struct printer printer = { operation, has_markers, out };

	switch (operation->kind) {
	case OPERATION_CREATE:
		schema_print(operation->schema, out);
		break;
	case OPERATION_DROP:
		buffer_printf(out, "DROP TABLE t%u", operation->schema->slot);
		break;
	case OPERATION_TRUNCATE:
		buffer_printf(out, "TRUNCATE t%u", operation->schema->slot);
		break;
	case OPERATION_INSERT:
		print_insert(&printer);
		break;
	case OPERATION_DELETE:
		print_delete(&printer);
		break;
	case OPERATION_SELECT:
		print_select(&printer);
		break;
	default:
		break;
	}
}

unsigned
operation_bindings(const struct operation *operation,
		   struct value values[SCHEMA_COLUMNS_MAX])
{
	const struct schema *schema = operation->schema;
	unsigned count = 0;

	for (unsigned i = 0; i < schema->key_part_count; i++)
		values[count++] = operation->key->parts[i];
	for (unsigned i = schema->key_part_count; i < schema->column_count;
	     i++) {
		if (operation->is_named[i])
			values[count++] = operation->values[i];
	}
	return count;
}
