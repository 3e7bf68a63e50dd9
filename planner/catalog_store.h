/* SPDX-License-Identifier: MIT
 *
 * The schema on disk: rows of ENGINE_TABLE_CATALOG, one for each keyspace and
 * table.  Keys: a kind byte ('k' or 't'), the keyspace's name, a zero byte,
 * the table's name (empty for a keyspace).  Values begin with a version;
 * unknown ones are refused.  Their layout is at the top of catalog_store.c;
 * catalog_load.c reads them all at opening. */
#ifndef PLANNER_CATALOG_STORE_H
#define PLANNER_CATALOG_STORE_H

#include "planner/catalog.h"
#include "storage/engine.h"

/* Reads the whole schema at opening; blocks. */
MUST_CHECK int catalog_store_load(struct engine *engine,
				  struct catalog *catalog,
				  struct error *error);

/* The same in a database that was salvaged: a keyspace whose own row is lost
 * is made again, in the engine too, and told to ${on_keyspace}. */
MUST_CHECK int catalog_store_repair(
	struct engine *engine, struct catalog *catalog,
	void (*on_keyspace)(void *context, const struct keyspace *keyspace),
	void *context, struct error *error);

/* Keys and values for engine_write, in ${arena}; null when out of memory. */
struct slice catalog_store_keyspace_key(struct slice keyspace,
					struct arena *arena);
struct slice catalog_store_table_key(struct slice keyspace, struct slice table,
				     struct arena *arena);
struct slice catalog_store_keyspace_value(const struct keyspace *keyspace,
					  struct arena *arena);
struct slice catalog_store_table_value(const struct table *table,
				       struct arena *arena);

/* A row's value back as what it defines, named as its key says. */
MUST_CHECK int catalog_store_decode_keyspace(struct slice name,
					     struct slice value,
					     struct keyspace **keyspace,
					     struct error *error);
MUST_CHECK int catalog_store_decode_table(struct slice keyspace,
					  struct slice name,
					  struct slice value,
					  struct table **table,
					  struct error *error);

#endif
