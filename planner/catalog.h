/* SPDX-License-Identifier: MIT
 *
 * The schema in memory: keyspaces and tables, found by name.  A struct table
 * is immutable and counted: a change of the schema puts a new one in its
 * place, and whoever still runs on the old one keeps it alive.  What is on
 * disk is catalog_store's; the two change together in execute_schema. */
#ifndef PLANNER_CATALOG_H
#define PLANNER_CATALOG_H

#include "base/arena.h"
#include "base/error.h"
#include "types/type.h"

enum column_kind {
	COLUMN_KEY = 0,    /* part of the partition key */
	COLUMN_REGULAR = 1
};

struct column {
	struct slice name;
	const struct type *type;
	uint32_t id;           /* in stored rows; never used again in a table */
	enum column_kind kind;
	uint16_t key_position; /* COLUMN_KEY: 0 … */
};

/* A WITH option as it was declared, in normal form for DESCRIBE. */
struct option {
	struct slice name;
	struct slice text; /* CQL text of its value: 'x', 0.5, {'class': 'y'} */
};

struct row_shape; /* planner/row.h */

struct table {
	struct slice keyspace; /* name */
	struct slice name;
	uint8_t uuid[16];      /* CQL's id of the table */
	uint32_t storage_id;   /* the engine's table number */
	uint32_t next_column_id;

	/* Key columns in key order, then the others by name: SELECT *'s */
	struct column *columns;
	uint32_t column_count;
	uint32_t key_count;

	struct option *options; /* declared ones only, sorted by name */
	uint32_t option_count;
	uint32_t default_time_to_live_s; /* 0: none */

	/* How its rows are stored: row.h's, made when first asked for. */
	const struct row_shape *row_shape;

	/* the catalog's */
	uint32_t references;
	struct arena arena;    /* everything above lives here */
	struct table *next;    /* in its keyspace, sorted by name */
};

struct keyspace {
	struct slice name;
	struct option *options; /* replication, durable_writes, … declared */
	uint32_t option_count;
	struct table *tables;   /* sorted by name */
	struct arena arena;
	struct keyspace *next;  /* sorted by name */
};

struct catalog {
	struct keyspace *keyspaces;
	uint64_t version; /* grows with every change: plans made under another
			     version are made again */
};

void catalog_finish(struct catalog *catalog);

/* Names of keyspaces and tables, quoted ones too, are letters, digits and
 * underscores; how long they may be is for the caller to check. */
bool catalog_is_name(struct slice name);

/* A new table with one reference and an empty arena; NULL: out of memory. */
struct table *table_create(void);
struct table *table_reference(struct table *table);
void table_release(struct table *table); /* NULL is fine */
const struct column *table_find_column(const struct table *table,
				       struct slice name);

struct keyspace *keyspace_create(void);
void keyspace_destroy(struct keyspace *keyspace);

struct keyspace *catalog_find_keyspace(const struct catalog *catalog,
				       struct slice name);
/* NULL when the keyspace or the table isn't there. */
struct table *catalog_find_table(const struct catalog *catalog,
				 struct slice keyspace, struct slice name);

/* Changes; each raises the version.  The catalog takes the reference. */
void catalog_add_keyspace(struct catalog *catalog, struct keyspace *keyspace);
void catalog_remove_keyspace(struct catalog *catalog, struct slice name);
/* Adds a table or replaces the one of the same name. */
void catalog_put_table(struct catalog *catalog, struct table *table);
void catalog_remove_table(struct catalog *catalog, struct slice keyspace,
			  struct slice name);

#endif
