/* SPDX-License-Identifier: MIT */
#include "planner/catalog.h"

#include <assert.h>
#include <stdlib.h>

bool
catalog_is_name(struct slice name)
{
	for (size_t i = 0; i < name.size; i++) {
		uint8_t byte = name.data[i];

		if (!(byte >= '0' && byte <= '9') &&
		    !(byte >= 'A' && byte <= 'Z') &&
		    !(byte >= 'a' && byte <= 'z') && byte != '_')
			return false;
	}
	return name.size > 0;
}

/* ---- tables ---- */

struct table *
table_create(void)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table != NULL)
		table->references = 1;
	return table;
}

struct table *
table_reference(struct table *table)
{
	assert(table->references > 0);
	table->references++;
	return table;
}

void
table_release(struct table *table)
{
	struct arena arena;

	if (table == NULL)
		return;
	assert(table->references > 0);
	if (--table->references > 0)
		return;
	arena = table->arena;
	arena_finish(&arena);
	free(table);
}

/* Key columns stand in key order, the others are sorted by name. */
const struct column *
table_find_column(const struct table *table, struct slice name)
{
	uint32_t low = table->key_count, high = table->column_count;

	for (uint32_t i = 0; i < table->key_count; i++)
		if (slice_is_equal(table->columns[i].name, name))
			return &table->columns[i];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = slice_compare(table->columns[middle].name, name);

		if (order == 0)
			return &table->columns[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* ---- keyspaces ---- */

struct keyspace *
keyspace_create(void)
{
	return calloc(1, sizeof(struct keyspace));
}

void
keyspace_destroy(struct keyspace *keyspace)
{
	struct arena arena;

	if (keyspace == NULL)
		return;
	while (keyspace->tables != NULL) {
		struct table *table = keyspace->tables;

		keyspace->tables = table->next;
		table->next = NULL;
		table_release(table);
	}
	arena = keyspace->arena;
	arena_finish(&arena);
	free(keyspace);
}

/* ---- the catalog ---- */

void
catalog_finish(struct catalog *catalog)
{
	while (catalog->keyspaces != NULL) {
		struct keyspace *keyspace = catalog->keyspaces;

		catalog->keyspaces = keyspace->next;
		keyspace_destroy(keyspace);
	}
}

/* The link that holds the keyspace called ${name}, or before which it would
 * stand. */
static struct keyspace **
find_keyspace_link(struct keyspace **link, struct slice name)
{
	while (*link != NULL && slice_compare((*link)->name, name) < 0)
		link = &(*link)->next;
	return link;
}

static struct table **
find_table_link(struct table **link, struct slice name)
{
	while (*link != NULL && slice_compare((*link)->name, name) < 0)
		link = &(*link)->next;
	return link;
}

struct keyspace *
catalog_find_keyspace(const struct catalog *catalog, struct slice name)
{
	struct keyspace *keyspace = catalog->keyspaces;

	keyspace = *find_keyspace_link(&keyspace, name);
	if (keyspace == NULL || !slice_is_equal(keyspace->name, name))
		return NULL;
	return keyspace;
}

struct table *
catalog_find_table(const struct catalog *catalog, struct slice keyspace_name,
		   struct slice name)
{
	struct keyspace *keyspace =
		catalog_find_keyspace(catalog, keyspace_name);
	struct table *table;

	if (keyspace == NULL)
		return NULL;
	table = *find_table_link(&keyspace->tables, name);
	if (table == NULL || !slice_is_equal(table->name, name))
		return NULL;
	return table;
}

void
catalog_add_keyspace(struct catalog *catalog, struct keyspace *keyspace)
{
	struct keyspace **link =
		find_keyspace_link(&catalog->keyspaces, keyspace->name);

	assert(*link == NULL ||
	       !slice_is_equal((*link)->name, keyspace->name));
	keyspace->next = *link;
	*link = keyspace;
	catalog->version++;
}

void
catalog_remove_keyspace(struct catalog *catalog, struct slice name)
{
	struct keyspace **link = find_keyspace_link(&catalog->keyspaces, name);
	struct keyspace *keyspace = *link;

	assert(keyspace != NULL && slice_is_equal(keyspace->name, name));
	*link = keyspace->next;
	keyspace_destroy(keyspace);
	catalog->version++;
}

void
catalog_put_table(struct catalog *catalog, struct table *table)
{
	struct keyspace *keyspace =
		catalog_find_keyspace(catalog, table->keyspace);
	struct table **link, *old;

	assert(keyspace != NULL && table->next == NULL);
	link = find_table_link(&keyspace->tables, table->name);
	old = *link;
	if (old != NULL && slice_is_equal(old->name, table->name)) {
		table->next = old->next;
		old->next = NULL;
	} else {
		table->next = old;
		old = NULL;
	}
	*link = table;
	table_release(old);
	catalog->version++;
}

void
catalog_remove_table(struct catalog *catalog, struct slice keyspace_name,
		     struct slice name)
{
	struct keyspace *keyspace =
		catalog_find_keyspace(catalog, keyspace_name);
	struct table **link, *table;

	assert(keyspace != NULL);
	link = find_table_link(&keyspace->tables, name);
	table = *link;
	assert(table != NULL && slice_is_equal(table->name, name));
	*link = table->next;
	table->next = NULL;
	table_release(table);
	catalog->version++;
}
