/* SPDX-License-Identifier: MIT
 *
 * Rows come in token order, so that a table may come before its keyspace:
 * tables wait in a list until all rows have been read. */
#include "base/limits.h"
#include "planner/catalog_store.h"
#include "planner/table_option.h"

struct loader {
	struct engine *engine;
	struct catalog *catalog;
	struct table *waiting;
	/* Of a repair; NULL: what is missing is damage. */
	void (*on_keyspace)(void *context, const struct keyspace *keyspace);
	void *context;
	struct error *error;
};

static bool
is_name(struct slice name)
{
	return catalog_is_name(name) && name.size <= NAME_SIZE_MAX;
}

static int
load_keyspace(struct loader *loader, struct slice name, struct slice value)
{
	struct keyspace *keyspace;
	int result = catalog_store_decode_keyspace(name, value, &keyspace,
						   loader->error);

	if (result < 0)
		return result;
	catalog_add_keyspace(loader->catalog, keyspace);
	return 0;
}

static int
load_table(struct loader *loader, struct slice keyspace, struct slice name,
	   struct slice value)
{
	struct table *table;
	int result = catalog_store_decode_table(keyspace, name, value, &table,
						loader->error);

	if (result < 0)
		return result;
	table->next = loader->waiting;
	loader->waiting = table;
	return 0;
}

/* The key is checked to the last byte: what it names goes into messages. */
static int
load_row(struct loader *loader, const struct engine_row *row)
{
	const uint8_t *zero = memchr(row->key.data, 0, row->key.size);
	struct slice keyspace, name;
	uint8_t kind;

	if (zero == NULL || zero == row->key.data)
		return error_set(loader->error, ERROR_CORRUPT,
				 "catalog: a row's key is damaged");
	kind = row->key.data[0];
	keyspace = slice_make(row->key.data + 1,
			      (size_t)(zero - row->key.data) - 1);
	name = slice_from(row->key, (size_t)(zero - row->key.data) + 1);
	if (kind == 'k' && is_name(keyspace) && name.size == 0)
		return load_keyspace(loader, keyspace, row->value);
	if (kind == 't' && is_name(keyspace) && is_name(name))
		return load_table(loader, keyspace, name, row->value);
	return error_set(loader->error, ERROR_CORRUPT,
			 "catalog: a row's key is damaged");
}

static int
load_rows(struct loader *loader, struct engine_scan *scan)
{
	struct engine_row row;
	int result;

	for (;;) {
		result = engine_scan_next(scan, &row, loader->error);
		if (result == ENGINE_END)
			return 0;
		if (result == ENGINE_PENDING)
			result = engine_poll(loader->engine, -1, loader->error);
		else if (result == 0)
			result = load_row(loader, &row);
		if (result < 0)
			return result;
	}
}

/* Writes a keyspace's row, waiting for room. */
static int
store_keyspace(struct loader *loader, const struct keyspace *keyspace)
{
	struct arena arena = { 0 };
	struct engine_write write = {
		.kind = ENGINE_WRITE_ROW,
		.table = ENGINE_TABLE_CATALOG,
		.key = catalog_store_keyspace_key(keyspace->name, &arena),
		.value = catalog_store_keyspace_value(keyspace, &arena),
		.timestamp_us = engine_timestamp_us(loader->engine),
	};
	uint64_t lsn;
	int result = arena.has_failed ? error_no_memory(loader->error) :
					ENGINE_PENDING;

	while (result == ENGINE_PENDING) {
		result = engine_write(loader->engine, &write, 1, &lsn,
				      loader->error);
		if (result == ENGINE_PENDING &&
		    engine_poll(loader->engine, -1, loader->error) < 0)
			result = -(int)ERROR_IO;
	}
	arena_finish(&arena);
	return result;
}

static int
make_keyspace(struct loader *loader, struct slice name)
{
	struct keyspace *keyspace = keyspace_create();
	int result;

	if (keyspace == NULL)
		return error_no_memory(loader->error);
	keyspace->name = arena_copy(&keyspace->arena, name);
	if (keyspace->arena.has_failed)
		result = error_no_memory(loader->error);
	else
		result = store_keyspace(loader, keyspace);
	if (result < 0) {
		keyspace_destroy(keyspace);
		return result;
	}
	catalog_add_keyspace(loader->catalog, keyspace);
	loader->on_keyspace(loader->context, keyspace);
	return 0;
}

static int
need_keyspace(struct loader *loader, const struct table *table)
{
	if (catalog_find_keyspace(loader->catalog, table->keyspace) != NULL)
		return 0;
	if (loader->on_keyspace != NULL)
		return make_keyspace(loader, table->keyspace);
	return error_set(loader->error, ERROR_CORRUPT,
			 "catalog: table %.*s.%.*s is in no keyspace",
			 SLICE_ARGUMENTS(table->keyspace),
			 SLICE_ARGUMENTS(table->name));
}

static int
add_waiting(struct loader *loader)
{
	while (loader->waiting != NULL) {
		struct table *table = loader->waiting;
		int result = need_keyspace(loader, table);

		if (result < 0)
			return result;
		loader->waiting = table->next;
		table->next = NULL;
		engine_set_gc_grace(loader->engine, table->storage_id,
				    table_option_gc_grace_s(table));
		catalog_put_table(loader->catalog, table);
	}
	return 0;
}

static int
load(struct loader *loader)
{
	static const struct engine_scan_range range = {
		.table = ENGINE_TABLE_CATALOG,
		.first_token = INT64_MIN,
		.last_token = INT64_MAX,
	};
	struct engine_scan *scan;
	int result = engine_scan_open(loader->engine, &range, &scan,
				      loader->error);

	if (result < 0)
		return result;
	result = load_rows(loader, scan);
	engine_scan_close(scan);
	if (result == 0)
		result = add_waiting(loader);
	while (loader->waiting != NULL) {
		struct table *table = loader->waiting;

		loader->waiting = table->next;
		table->next = NULL;
		table_release(table);
	}
	return result;
}

int
catalog_store_load(struct engine *engine, struct catalog *catalog,
		   struct error *error)
{
	return load(&(struct loader){
		.engine = engine,
		.catalog = catalog,
		.error = error,
	});
}

int
catalog_store_repair(struct engine *engine, struct catalog *catalog,
		     void (*on_keyspace)(void *context,
					 const struct keyspace *keyspace),
		     void *context, struct error *error)
{
	return load(&(struct loader){
		.engine = engine,
		.catalog = catalog,
		.on_keyspace = on_keyspace,
		.context = context,
		.error = error,
	});
}
