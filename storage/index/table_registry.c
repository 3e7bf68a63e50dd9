/* SPDX-License-Identifier: MIT */
#include "storage/index/table_registry.h"

#include "base/pack.h"

#include <assert.h>
#include <stdlib.h>

enum { VALUE_VERSION = 1 };

static void
table_destroy(struct table *table)
{
	primary_index_destroy(table->index);
	free(table);
}

void
table_begin_expiry(struct table *table)
{
	table->expires_next_s = 0;
}

void
table_meet_expiry(struct table *table, uint32_t expires_s)
{
	if (table->expires_next_s == 0 || expires_s < table->expires_next_s)
		table->expires_next_s = expires_s;
}

void
table_end_expiry(struct table *table)
{
	table->expires_s = table->expires_next_s;
}

/* Behind a walk or before it, which can't be told here. */
static void
note_expiry(struct table *table, const struct index_entry *entry)
{
	uint32_t expires_s = entry->expires_at_s;

	if (entry->is_tombstone || expires_s == 0)
		return;
	table_meet_expiry(table, expires_s);
	if (table->expires_s == 0 || expires_s < table->expires_s)
		table->expires_s = expires_s;
}

void
table_add_entry(struct table *table, const struct index_entry *entry)
{
	table->live_bytes += entry->location.size;
	table->tombstones += entry->is_tombstone;
	note_expiry(table, entry);
}

void
table_add_entries(struct table *table, const struct index_entry *entries,
		  size_t count)
{
	uint64_t live_bytes = 0, tombstones = 0;

	for (size_t i = 0; i < count; i++) {
		live_bytes += entries[i].location.size;
		tombstones += entries[i].is_tombstone;
		note_expiry(table, &entries[i]);
	}
	table->live_bytes += live_bytes;
	table->tombstones += tombstones;
}

void
table_remove_entry(struct table *table, const struct index_entry *entry)
{
	assert(table->live_bytes >= entry->location.size);
	table->live_bytes -= entry->location.size;
	table->tombstones -= entry->is_tombstone;
}

void
table_registry_finish(struct table_registry *registry)
{
	for (size_t i = 0; i < registry->count; i++)
		table_destroy(registry->tables[i]);
	while (registry->retired != NULL)
		table_registry_dispose(registry);
	free(registry->tables);
	*registry = (struct table_registry){ 0 };
}

/* Where ${id} is, or belongs. */
static size_t
position_of(const struct table_registry *registry, uint32_t id)
{
	size_t low = 0, high = registry->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (registry->tables[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct table *
table_registry_find(struct table_registry *registry, uint32_t id)
{
	size_t at;

	if (registry->recent != NULL && registry->recent->id == id)
		return registry->recent;
	at = position_of(registry, id);
	if (at == registry->count || registry->tables[at]->id != id)
		return NULL;
	registry->recent = registry->tables[at];
	return registry->recent;
}

static bool
grow(struct table_registry *registry)
{
	size_t capacity = registry->capacity == 0 ? 16 : registry->capacity * 2;
	struct table **tables =
		realloc(registry->tables, capacity * sizeof(*tables));

	if (tables == NULL)
		return false;
	registry->tables = tables;
	registry->capacity = capacity;
	return true;
}

struct table *
table_registry_add(struct table_registry *registry, uint32_t id)
{
	size_t at = position_of(registry, id);
	struct table *table;

	assert(at == registry->count || registry->tables[at]->id != id);
	if (registry->count == registry->capacity && !grow(registry))
		return NULL;
	table = calloc(1, sizeof(*table));
	if (table == NULL)
		return NULL;
	table->id = id;
	table->gc_grace_s = TABLE_GC_GRACE_S;
	table->index = primary_index_create();
	if (table->index == NULL) {
		free(table);
		return NULL;
	}
	memmove(registry->tables + at + 1, registry->tables + at,
		(registry->count - at) * sizeof(*registry->tables));
	registry->tables[at] = table;
	registry->count++;
	return table;
}

void
table_registry_retire(struct table_registry *registry, struct table *table)
{
	size_t at = position_of(registry, table->id);
	struct table **link = &registry->retired;

	assert(registry->tables[at] == table);
	registry->count--;
	memmove(registry->tables + at, registry->tables + at + 1,
		(registry->count - at) * sizeof(*registry->tables));
	if (registry->recent == table)
		registry->recent = NULL;
	while (*link != NULL)
		link = &(*link)->next;
	*link = table;
}

void
table_registry_dispose(struct table_registry *registry)
{
	struct table *table = registry->retired;

	registry->retired = table->next;
	table_destroy(table);
}

void
registry_encode_key(uint32_t id, uint8_t key[REGISTRY_KEY_SIZE])
{
	store_u32_le(key, id);
}

void
registry_encode_value(enum registry_state state, uint8_t flags,
		      uint8_t value[REGISTRY_VALUE_SIZE])
{
	value[0] = VALUE_VERSION;
	value[1] = (uint8_t)state;
	value[2] = flags;
	value[3] = 0;
}

bool
registry_decode(struct slice key, struct slice value, uint32_t *id,
		enum registry_state *state)
{
	uint8_t flags;

	if (key.size != REGISTRY_KEY_SIZE || value.size != REGISTRY_VALUE_SIZE)
		return false;
	if (value.data[0] != VALUE_VERSION || value.data[3] != 0)
		return false;
	*id = load_u32_le(key.data);
	*state = (enum registry_state)value.data[1];
	flags = value.data[2];
	if (*state == REGISTRY_CREATED)
		return (flags & ~REGISTRY_EXPLICIT) == 0;
	return *state == REGISTRY_DROPPED && flags == 0;
}

bool
registry_is_explicit(struct slice value)
{
	return (value.data[2] & REGISTRY_EXPLICIT) != 0;
}
