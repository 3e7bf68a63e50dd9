/* SPDX-License-Identifier: MIT */
#include "tests/oracle/schema.h"

#include "base/compiler.h"
#include "tests/oracle/token.h"

#include <assert.h>

/* In the order of their bytes, which is the order of SELECT *. */
static const char *const regular_names[] = {
	"\"B\"", "\"a b\"", "c", "\"d\"\"q\"", "filtering", "key", "text",
	"type", "values", "\"where\"", "\"é\"",
};
static const char *const key_names[] = { "k", "\"K\"", "id", "ttl" };

static bool
is_empty_key(const struct schema *schema, const struct schema_key *key)
{
	return schema->key_part_count == 1 && key->parts[0].wire.size == 0;
}

void
schema_key_seal(const struct schema *schema, struct schema_key *key,
		struct arena *arena)
{
	struct buffer bytes = { 0 };
	struct slice wire;

	for (unsigned i = 0; i < schema->key_part_count; i++) {
		wire = key->parts[i].wire;
		if (schema->key_part_count > 1)
			buffer_append_u16_be(&bytes, (uint16_t)wire.size);
		buffer_append_slice(&bytes, wire);
		if (schema->key_part_count > 1)
			buffer_append_byte(&bytes, 0);
	}
	assert(!bytes.has_failed);
	key->bytes = arena_copy(arena, buffer_slice(&bytes));
	key->token = token_of(key->bytes);
	buffer_finish(&bytes);
}

static void
add_keys(struct random *random, struct schema *schema, struct arena *arena)
{
	unsigned count = 4 + random_below(random, SCHEMA_KEYS_MAX - 4);
	struct schema_key *key;

	while (schema->key_count < count) {
		key = &schema->keys[schema->key_count];
		do {
			for (unsigned i = 0; i < schema->key_part_count; i++)
				key->parts[i] = value_random(
					random, schema->columns[i].type,
					arena);
		} while (is_empty_key(schema, key));
		schema_key_seal(schema, key, arena);
		schema->key_count++;
	}
}

struct schema *
schema_random(struct random *random, unsigned slot, struct arena *arena)
{
	struct schema *schema = arena_new(arena, struct schema);
	uint32_t dice = random_below(random, 10);
	unsigned regular = 0, left;

	schema->slot = slot;
	schema->key_part_count = dice < 6 ? 1 : dice < 9 ? 2 : 3;
	for (unsigned i = 0; i < schema->key_part_count; i++)
		schema->columns[i] = (struct schema_column){
			key_names[i], value_type_random(random, 0, true, arena)
		};
	regular = random_below(random, SCHEMA_COLUMNS_MAX -
				       schema->key_part_count);
	schema->column_count = schema->key_part_count;
	for (unsigned i = 0; i < ARRAY_COUNT(regular_names) && regular > 0;
	     i++) {
		left = (unsigned)ARRAY_COUNT(regular_names) - i;
		if (random_below(random, left) >= regular)
			continue;
		schema->columns[schema->column_count++] =
			(struct schema_column){
				regular_names[i],
				value_type_random(random, 0, false, arena)
			};
		regular--;
	}
	if (random_percent(random, 15))
		schema->default_ttl_s = 5000000;
	add_keys(random, schema, arena);
	return schema;
}

static void
print_columns(const struct schema *schema, bool is_inline, struct buffer *out)
{
	for (unsigned i = 0; i < schema->column_count; i++) {
		if (i > 0)
			buffer_append_string(out, ", ");
		buffer_printf(out, "%s ", schema->columns[i].name);
		value_type_print(schema->columns[i].type, out);
		if (is_inline && i == 0)
			buffer_append_string(out, " PRIMARY KEY");
	}
}

static void
print_primary_key(const struct schema *schema, struct buffer *out)
{
	buffer_append_string(out, ", PRIMARY KEY ((");
	for (unsigned i = 0; i < schema->key_part_count; i++)
		buffer_printf(out, "%s%s", i > 0 ? ", " : "",
			      schema->columns[i].name);
	buffer_append_string(out, "))");
}

void
schema_print(const struct schema *schema, struct buffer *out)
{
	bool is_inline = schema->key_part_count == 1 &&
			 schema->key_count % 2 == 0;

	buffer_printf(out, "CREATE TABLE t%u (", schema->slot);
	print_columns(schema, is_inline, out);
	if (!is_inline)
		print_primary_key(schema, out);
	buffer_append_byte(out, ')');
	if (schema->key_count % 3 == 0)
		buffer_append_string(out, " WITH storage_engine = 'logstor'");
	if (schema->default_ttl_s != 0)
		buffer_printf(out, " %s default_time_to_live = %u",
			      schema->key_count % 3 == 0 ? "AND" : "WITH",
			      schema->default_ttl_s);
}
