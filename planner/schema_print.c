/* SPDX-License-Identifier: MIT */
#include "planner/schema_print.h"

#include "parser/ast_print.h"
#include "planner/option.h"
#include "types/uuid.h"

/* ScyllaDB wants to be told; one copy is what there is here. */
#define REPLICATION_DEFAULT                                              \
	"{'class': 'org.apache.cassandra.locator.SimpleStrategy', "      \
	"'replication_factor': '1'}"

static void
print_option_or(const struct keyspace *keyspace, const char *name,
		const char *otherwise, struct buffer *out)
{
	const struct option *option =
		option_find(keyspace->options, keyspace->option_count,
			    slice_from_string(name));

	buffer_printf(out, "%s = ", name);
	if (option != NULL)
		buffer_append_slice(out, option->text);
	else
		buffer_append_string(out, otherwise);
}

void
schema_print_keyspace(const struct keyspace *keyspace, struct buffer *out)
{
	buffer_append_string(out, "CREATE KEYSPACE ");
	ast_print_name(keyspace->name, out);
	buffer_append_string(out, " WITH ");
	print_option_or(keyspace, "replication", REPLICATION_DEFAULT, out);
	buffer_append_string(out, " AND ");
	print_option_or(keyspace, "durable_writes", "true", out);
	for (uint32_t i = 0; i < keyspace->option_count; i++) {
		const struct option *option = &keyspace->options[i];

		if (slice_is_equal(option->name, SLICE("replication")) ||
		    slice_is_equal(option->name, SLICE("durable_writes")))
			continue;
		buffer_append_string(out, " AND ");
		buffer_append_slice(out, option->name);
		buffer_append_string(out, " = ");
		buffer_append_slice(out, option->text);
	}
	buffer_append_byte(out, ';');
}

static void
print_columns(const struct table *table, struct buffer *out)
{
	for (uint32_t i = 0; i < table->column_count; i++) {
		buffer_append_string(out, "    ");
		ast_print_name(table->columns[i].name, out);
		buffer_append_byte(out, ' ');
		type_print(table->columns[i].type, out);
		buffer_append_string(out, ",\n");
	}
}

static void
print_key(const struct table *table, struct buffer *out)
{
	bool is_composite = table->key_count > 1;

	buffer_append_string(out, "    PRIMARY KEY (");
	if (is_composite)
		buffer_append_byte(out, '(');
	for (uint32_t i = 0; i < table->key_count; i++) {
		if (i > 0)
			buffer_append_string(out, ", ");
		ast_print_name(table->columns[i].name, out);
	}
	buffer_append_string(out, is_composite ? "))\n" : ")\n");
}

static void
print_engine(bool *is_first, struct buffer *out)
{
	buffer_append_string(out, *is_first ? ") WITH " : "\n    AND ");
	buffer_append_string(out, "storage_engine = 'logstor'");
	*is_first = false;
}

static void
print_id(const struct table *table, struct buffer *out)
{
	buffer_append_string(out, ") WITH id = ");
	uuid_print(table->uuid, out);
}

/* storage_engine isn't kept, since every table has it; it takes its place
 * among the others by name.  The id comes before all of them. */
static void
print_options(const struct table *table, bool with_id, struct buffer *out)
{
	const struct slice engine = SLICE("storage_engine");
	bool is_first = !with_id, has_engine = false;

	if (with_id)
		print_id(table, out);
	for (uint32_t i = 0; i < table->option_count; i++) {
		const struct option *option = &table->options[i];

		if (!has_engine && slice_compare(option->name, engine) > 0) {
			print_engine(&is_first, out);
			has_engine = true;
		}
		buffer_append_string(out, is_first ? ") WITH " :
						     "\n    AND ");
		buffer_append_slice(out, option->name);
		buffer_append_string(out, " = ");
		buffer_append_slice(out, option->text);
		is_first = false;
	}
	if (!has_engine)
		print_engine(&is_first, out);
	buffer_append_byte(out, ';');
}

void
schema_print_table(const struct table *table, bool with_id,
		   struct buffer *out)
{
	buffer_append_string(out, "CREATE TABLE ");
	ast_print_name(table->keyspace, out);
	buffer_append_byte(out, '.');
	ast_print_name(table->name, out);
	buffer_append_string(out, " (\n");
	print_columns(table, out);
	print_key(table, out);
	print_options(table, with_id, out);
}
