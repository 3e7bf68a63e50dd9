/* SPDX-License-Identifier: MIT
 *
 * A change of the schema is one batch of the engine: the catalog's rows and
 * the tables' numbers change together, also through a crash.  The order is
 *
 *     1. check against the catalog, make the new struct and the writes;
 *     2. engine_write, which may have to wait for room;
 *     3. change the catalog in memory, which can't fail.
 *
 * When step 2 fails nothing has changed.  While it waits, another session may
 * change the schema: then the writes are stale and step 1 is done again. */
#include "planner/catalog_store.h"
#include "planner/keyspace_option.h"
#include "planner/schema.h"
#include "planner/table_definition.h"
#include "planner/table_option.h"
#include "types/uuid.h"

#include <assert.h>

/* One execution's surroundings. */
struct change {
	struct catalog *catalog;
	struct engine *engine;
	struct logstor_session *session;
	const struct ast_statement *statement;
	struct execute_schema_state *state;
	struct error *error;
};

/* ---- writes ---- */

static int
begin_writes(struct change *change, size_t count)
{
	change->state->writes = arena_new_array(
		&change->state->arena, struct engine_write, count);
	change->state->write_count = 0;
	return change->state->writes == NULL ?
		       error_no_memory(change->error) : 0;
}

static void
add_write(struct change *change, enum engine_write_kind kind, uint32_t table,
	  struct slice key, struct slice value)
{
	struct execute_schema_state *state = change->state;

	state->writes[state->write_count++] = (struct engine_write){
		.kind = kind,
		.table = table,
		.key = key,
		.value = value,
		.timestamp_us = engine_timestamp_us(change->engine),
	};
}

static void
add_table_number(struct change *change, enum engine_write_kind kind,
		 uint32_t table)
{
	add_write(change, kind, table, SLICE_NULL, SLICE_NULL);
}

static void
add_tombstone(struct change *change, struct slice key)
{
	add_write(change, ENGINE_WRITE_TOMBSTONE, ENGINE_TABLE_CATALOG, key,
		  SLICE_NULL);
}

/* Ends the first step; what an arena could not hold shows here. */
static int
finish_writes(struct change *change)
{
	if (change->state->arena.has_failed)
		return error_no_memory(change->error);
	return 0;
}

static int
add_table_row(struct change *change, const struct table *table)
{
	struct arena *arena = &change->state->arena;
	struct slice key = catalog_store_table_key(table->keyspace,
						   table->name, arena);
	struct slice value = catalog_store_table_value(table, arena);
	uint32_t most = engine_row_size_max(change->engine);

	if (key.size + value.size > most)
		return error_set(change->error, ERROR_INVALID,
				 "the definition of table %.*s.%.*s takes %zu "
				 "bytes; at most %u can be stored",
				 SLICE_ARGUMENTS(table->keyspace),
				 SLICE_ARGUMENTS(table->name),
				 key.size + value.size, most);
	add_write(change, ENGINE_WRITE_ROW, ENGINE_TABLE_CATALOG, key, value);
	return finish_writes(change);
}

/* ---- CREATE KEYSPACE ---- */

static int
refuse_existing_keyspace(struct change *change, const struct ast_name *name)
{
	return error_at(change->error, ERROR_EXISTS, name->place.start,
			name->place.size,
			"Cannot add existing keyspace \"%.*s\"",
			SLICE_ARGUMENTS(name->text));
}

static int
prepare_create_keyspace(struct change *change)
{
	const struct ast_create_keyspace *statement =
		&change->statement->as.keyspace;
	struct arena *arena = &change->state->arena;
	struct keyspace *keyspace;
	int result;

	if (catalog_find_keyspace(change->catalog, statement->name.text)) {
		change->state->is_nothing = statement->if_not_exists;
		if (statement->if_not_exists)
			return 0;
		return refuse_existing_keyspace(change, &statement->name);
	}
	keyspace = keyspace_create();
	if (keyspace == NULL)
		return error_no_memory(change->error);
	change->state->keyspace = keyspace;
	keyspace->name = arena_copy(&keyspace->arena, statement->name.text);
	result = keyspace_option_bind(statement->properties, keyspace,
				      change->error);
	if (result < 0)
		return result;
	if (keyspace->arena.has_failed)
		return error_no_memory(change->error);
	result = begin_writes(change, 1);
	if (result < 0)
		return result;
	add_write(change, ENGINE_WRITE_ROW, ENGINE_TABLE_CATALOG,
		  catalog_store_keyspace_key(keyspace->name, arena),
		  catalog_store_keyspace_value(keyspace, arena));
	return finish_writes(change);
}

/* ---- DROP KEYSPACE ---- */

static int
refuse_missing_keyspace(struct change *change, const struct ast_name *name)
{
	int result = error_at(change->error, ERROR_CONFIG, name->place.start,
			      name->place.size,
			      "Cannot drop non existing keyspace '%.*s'.",
			      SLICE_ARGUMENTS(name->text));

	bind_hint_keyspace(change->session, name->text, change->error);
	return result;
}

static int
prepare_drop_keyspace(struct change *change)
{
	const struct ast_drop *statement = &change->statement->as.drop;
	struct arena *arena = &change->state->arena;
	const struct keyspace *keyspace = catalog_find_keyspace(
		change->catalog, statement->name.name.text);
	const struct table *table;
	size_t count = 1;
	int result;

	if (keyspace == NULL) {
		change->state->is_nothing = statement->if_exists;
		if (statement->if_exists)
			return 0;
		return refuse_missing_keyspace(change,
					       &statement->name.name);
	}
	for (table = keyspace->tables; table != NULL; table = table->next)
		count += 2;
	result = begin_writes(change, count);
	if (result < 0)
		return result;
	for (table = keyspace->tables; table != NULL; table = table->next) {
		add_tombstone(change,
			      catalog_store_table_key(keyspace->name,
						      table->name, arena));
		add_table_number(change, ENGINE_WRITE_DROP_TABLE,
				 table->storage_id);
	}
	add_tombstone(change,
		      catalog_store_keyspace_key(keyspace->name, arena));
	return finish_writes(change);
}

/* ---- CREATE TABLE ---- */

static int
refuse_existing_table(struct change *change,
		      const struct ast_qualified_name *name)
{
	return error_at(change->error, ERROR_EXISTS, name->name.place.start,
			name->name.place.size,
			"Cannot add already existing table \"%.*s\" to "
			"keyspace \"%.*s\"",
			SLICE_ARGUMENTS(name->name.text),
			SLICE_ARGUMENTS(name->keyspace.text));
}

/* A given uuid must be new: it is what clients know a table by. */
static int
give_uuid(struct change *change, struct table *table, bool has_uuid)
{
	const struct keyspace *keyspace = change->catalog->keyspaces;
	uint8_t random[UUID_SIZE];

	if (!has_uuid) {
		engine_random(change->engine, random, sizeof(random));
		uuid_make_random(random, table->uuid);
		return 0;
	}
	for (; keyspace != NULL; keyspace = keyspace->next)
		for (const struct table *other = keyspace->tables;
		     other != NULL; other = other->next)
			if (memcmp(other->uuid, table->uuid, UUID_SIZE) == 0)
				return error_set(change->error, ERROR_INVALID,
						 "Table %.*s.%.*s has that "
						 "id already",
						 SLICE_ARGUMENTS(
							 other->keyspace),
						 SLICE_ARGUMENTS(
							 other->name));
	return 0;
}

static int
prepare_create_table(struct change *change)
{
	const struct ast_create_table *statement =
		&change->statement->as.create_table;
	const struct ast_qualified_name *name = &statement->name;
	struct keyspace *keyspace;
	struct table *table;
	bool has_uuid;
	int result = bind_keyspace(change->session, &name->keyspace,
				   &keyspace, change->error);

	if (result < 0)
		return result;
	if (catalog_find_table(change->catalog, name->keyspace.text,
			       name->name.text) != NULL) {
		change->state->is_nothing = statement->if_not_exists;
		if (statement->if_not_exists)
			return 0;
		return refuse_existing_table(change, name);
	}
	result = table_definition_build(statement, &change->state->table,
					&has_uuid, change->error);
	if (result < 0)
		return result;
	table = change->state->table;
	result = give_uuid(change, table, has_uuid);
	if (result == 0)
		result = begin_writes(change, 2);
	if (result < 0)
		return result;
	table->storage_id = engine_allocate_table(change->engine);
	add_table_number(change, ENGINE_WRITE_CREATE_TABLE,
			 table->storage_id);
	return add_table_row(change, table);
}

/* ---- DROP TABLE and TRUNCATE ---- */

static int
prepare_drop_table(struct change *change)
{
	const struct ast_drop *statement = &change->statement->as.drop;
	const struct ast_qualified_name *name = &statement->name;
	struct table *table;
	int result;

	if (statement->if_exists &&
	    catalog_find_table(change->catalog, name->keyspace.text,
			       name->name.text) == NULL) {
		change->state->is_nothing = true;
		return 0;
	}
	result = bind_table(change->session, name, &table, change->error);
	if (result == 0)
		result = begin_writes(change, 2);
	if (result < 0)
		return result;
	add_tombstone(change, catalog_store_table_key(table->keyspace,
						      table->name,
						      &change->state->arena));
	add_table_number(change, ENGINE_WRITE_DROP_TABLE, table->storage_id);
	return finish_writes(change);
}

/* A copy of the table that owns its memory. */
static int
copy_table(struct change *change, const struct table *table,
	   struct table **copy)
{
	struct slice value = catalog_store_table_value(
		table, &change->state->arena);

	*copy = NULL;
	if (slice_is_null(value))
		return error_no_memory(change->error);
	return catalog_store_decode_table(table->keyspace, table->name,
					  value, copy, change->error);
}

/* The same table under a new number, without the old one's rows.  Statements
 * that run on the old struct finish on the old number. */
static int
prepare_truncate(struct change *change)
{
	const struct ast_truncate *statement =
		&change->statement->as.truncate;
	struct table *table;
	int result = bind_table(change->session, &statement->table, &table,
				change->error);

	if (result == 0)
		result = copy_table(change, table, &change->state->table);
	if (result == 0)
		result = begin_writes(change, 3);
	if (result < 0)
		return result;
	change->state->table->storage_id =
		engine_allocate_table(change->engine);
	add_table_number(change, ENGINE_WRITE_CREATE_TABLE,
			 change->state->table->storage_id);
	add_table_number(change, ENGINE_WRITE_DROP_TABLE, table->storage_id);
	return add_table_row(change, change->state->table);
}

/* ---- the steps ---- */

static int
prepare(struct change *change)
{
	switch (change->statement->kind) {
	case AST_CREATE_KEYSPACE:
		return prepare_create_keyspace(change);
	case AST_DROP_KEYSPACE:
		return prepare_drop_keyspace(change);
	case AST_CREATE_TABLE:
		return prepare_create_table(change);
	case AST_DROP_TABLE:
		return prepare_drop_table(change);
	case AST_TRUNCATE:
		return prepare_truncate(change);
	default:
		/* bind_schema lets nothing else through */
		assert(change->statement->kind == AST_TRUNCATE);
		return error_set(change->error, ERROR_MISUSE,
				 "not a change of the schema");
	}
}

/* Nothing here allocates. */
static void
apply(struct change *change)
{
	const struct ast_statement *statement = change->statement;
	struct execute_schema_state *state = change->state;

	if (state->keyspace != NULL) {
		catalog_add_keyspace(change->catalog, state->keyspace);
		state->keyspace = NULL;
	} else if (state->table != NULL) {
		engine_set_gc_grace(change->engine, state->table->storage_id,
				    table_option_gc_grace_s(state->table));
		catalog_put_table(change->catalog, state->table);
		state->table = NULL;
	} else if (statement->kind == AST_DROP_KEYSPACE) {
		catalog_remove_keyspace(change->catalog,
					statement->as.drop.name.name.text);
	} else {
		const struct ast_qualified_name *name =
			&statement->as.drop.name;

		catalog_remove_table(change->catalog, name->keyspace.text,
				     name->name.text);
	}
}

int
execute_schema(struct logstor_session *session, const struct plan *plan,
	       struct execute_schema_state *state, uint64_t *lsn,
	       struct error *error)
{
	struct change change = {
		.catalog = &session->database->catalog,
		.engine = session->database->engine,
		.session = session,
		.statement = plan->statement,
		.state = state,
		.error = error,
	};
	int result;

	if (!state->is_prepared ||
	    state->catalog_version != change.catalog->version) {
		execute_schema_finish(state);
		result = prepare(&change);
		if (result < 0)
			return result;
		state->catalog_version = change.catalog->version;
		state->is_prepared = true;
	}
	if (state->is_nothing) {
		/* What was found may not be durable yet. */
		*lsn = engine_last_lsn(change.engine);
		return 0;
	}
	result = engine_write(change.engine, state->writes,
			      state->write_count, &state->lsn, error);
	if (result != 0)
		return result;
	apply(&change);
	*lsn = state->lsn;
	return 0;
}

void
execute_schema_finish(struct execute_schema_state *state)
{
	table_release(state->table);
	keyspace_destroy(state->keyspace);
	arena_finish(&state->arena);
	*state = (struct execute_schema_state){ 0 };
}
