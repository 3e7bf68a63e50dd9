/* SPDX-License-Identifier: MIT */
#include "tests/oracle/operation.h"

#include "base/compiler.h"

#include <assert.h>

/* Far below the clock, so that many of them meet and tie; and far above, so
 * that ordinary writes lose. */
static int64_t
timestamp_random(struct random *random)
{
	static const int64_t edges[] = { INT64_MIN + 1, -1, 0, 1 };

	if (random_percent(random, 10))
		return edges[random_below(random, ARRAY_COUNT(edges))];
	if (random_percent(random, 3))
		return INT64_C(4102444800000000) + random_below(random, 3);
	return 100 + random_below(random, 6);
}

static void
add_using(struct random *random, struct operation *operation, bool with_ttl)
{
	static const uint32_t ttls[] = { 0, 0, 1, 2, 100000, 100000, 1000000,
					 630720000 };

	if (!operation->is_conditional && random_percent(random, 45)) {
		operation->has_timestamp = true;
		operation->timestamp_us = timestamp_random(random);
	}
	if (with_ttl && random_percent(random, 30)) {
		operation->has_ttl = true;
		operation->ttl_s = ttls[random_below(random,
						     ARRAY_COUNT(ttls))];
	}
}

static const struct schema_key *
key_random(struct random *random, const struct schema *schema)
{
	return &schema->keys[random_below(random, schema->key_count)];
}

static void
make_insert(struct random *random, struct operation *operation,
	    struct arena *arena)
{
	const struct schema *schema = operation->schema;

	operation->key = key_random(random, schema);
	operation->is_bound = random_percent(random, 30);
	operation->is_conditional = random_percent(random, 15);
	for (unsigned i = schema->key_part_count; i < schema->column_count;
	     i++) {
		operation->is_named[i] = random_percent(random, 75);
		operation->values[i] = random_percent(random, 12)
			? value_null()
			: value_random(random, schema->columns[i].type, arena);
	}
	add_using(random, operation, true);
}

static void
make_items(struct random *random, struct operation *operation)
{
	const struct schema *schema = operation->schema;
	struct item *item;

	operation->is_count = random_percent(random, 15);
	operation->is_star = !operation->is_count &&
			     random_percent(random, 50);
	if (operation->is_count || operation->is_star)
		return;
	operation->item_count = 1 + random_below(random, OPERATION_ITEMS_MAX);
	for (unsigned i = 0; i < operation->item_count; i++) {
		item = &operation->items[i];
		item->column = random_below(random, schema->column_count);
		item->kind = random_percent(random, 60)
			? ITEM_COLUMN
			: (enum item_kind)random_below(random, 4);
		/* The key has neither. */
		if (item->column < schema->key_part_count &&
		    item->kind != ITEM_TOKEN)
			item->kind = ITEM_COLUMN;
	}
}

static void
make_in(struct random *random, struct operation *operation,
	struct arena *arena)
{
	const struct schema *schema = operation->schema;
	struct in_list *list;

	for (unsigned i = 0; i < schema->key_part_count; i++) {
		list = &operation->in[i];
		list->count = 1 + random_below(random,
			schema->key_part_count == 1 ? OPERATION_IN_MAX : 4);
		for (unsigned j = 0; j < list->count; j++) {
			list->values[j] = random_percent(random, 85)
				? key_random(random, schema)->parts[i]
				: value_random(random, schema->columns[i].type,
					       arena);
			/* Only a key of several parts may have empty ones. */
			while (schema->key_part_count == 1 &&
			       list->values[j].wire.size == 0)
				list->values[j] =
					key_random(random, schema)->parts[i];
		}
	}
}

static void
make_delete(struct random *random, struct operation *operation,
	    struct arena *arena)
{
	if (random_percent(random, 15)) {
		operation->where = WHERE_IN;
		make_in(random, operation, arena);
	} else {
		operation->where = WHERE_KEY;
		operation->key = key_random(random, operation->schema);
		operation->is_bound = random_percent(random, 30);
		operation->is_conditional = random_percent(random, 20);
	}
	add_using(random, operation, false);
}

static int64_t
token_random(struct random *random, const struct schema *schema)
{
	static const int64_t edges[] = { INT64_MAX, 0, -1, INT64_MIN + 1 };

	if (random_percent(random, 70))
		return key_random(random, schema)->token;
	if (random_percent(random, 40))
		return edges[random_below(random, ARRAY_COUNT(edges))];
	return (int64_t)random_next(random);
}

static void
make_token_range(struct random *random, struct operation *operation)
{
	const struct schema *schema = operation->schema;
	uint32_t dice = random_below(random, 10);

	if (dice == 0) {
		operation->lower = (struct token_bound){
			"=", token_random(random, schema)
		};
		return;
	}
	if (dice < 8)
		operation->lower = (struct token_bound){
			random_percent(random, 50) ? ">" : ">=",
			token_random(random, schema)
		};
	if (dice == 8 || random_percent(random, 60))
		operation->upper = (struct token_bound){
			random_percent(random, 50) ? "<" : "<=",
			token_random(random, schema)
		};
	if (!operation->lower.relation && !operation->upper.relation)
		operation->where = WHERE_ALL;
}

static void
make_select(struct random *random, struct operation *operation,
	    struct arena *arena)
{
	uint32_t dice = random_below(random, 10);

	operation->where = dice < 3   ? WHERE_KEY
			   : dice < 5 ? WHERE_IN
			   : dice < 8 ? WHERE_TOKEN
				      : WHERE_ALL;
	make_items(random, operation);
	if (operation->where == WHERE_KEY) {
		operation->key = key_random(random, operation->schema);
		operation->is_bound = random_percent(random, 40);
	} else if (operation->where == WHERE_IN) {
		make_in(random, operation, arena);
	} else if (operation->where == WHERE_TOKEN) {
		make_token_range(random, operation);
	}
	if (random_percent(random, 25))
		operation->limit = 1 + random_below(random, 12);
	if (random_percent(random, 40))
		operation->page = 1 + random_below(random, 12);
}

struct operation *
operation_random(struct random *random, enum operation_kind kind,
		 struct schema *schema, struct arena *arena)
{
	struct operation *operation = arena_new(arena, struct operation);
	struct buffer text = { 0 };

	operation->kind = kind;
	operation->schema = schema;
	if (kind == OPERATION_INSERT)
		make_insert(random, operation, arena);
	else if (kind == OPERATION_DELETE)
		make_delete(random, operation, arena);
	else if (kind == OPERATION_SELECT)
		make_select(random, operation, arena);
	if (kind == OPERATION_INVALID)
		operation_make_invalid(random, operation, &text);
	else
		operation_print(operation, false, &text);
	assert(!text.has_failed);
	if (text.size > 0)
		operation->text = arena_copy(arena, buffer_slice(&text));
	buffer_finish(&text);
	return operation;
}
