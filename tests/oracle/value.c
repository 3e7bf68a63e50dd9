/* SPDX-License-Identifier: MIT */
#include "tests/oracle/value.h"

#include "tests/oracle/value_parts.h"

#include <assert.h>
#include <stdlib.h>

struct value_type *
value_type_random(struct random *random, unsigned depth, bool is_key,
		  struct arena *arena)
{
	struct value_type *type = arena_new(arena, struct value_type);
	bool is_native = depth >= 2 || random_percent(random, 70);
	uint32_t first = is_native ? 0 : VALUE_LIST;
	uint32_t end = is_native ? VALUE_LIST : VALUE_KIND_COUNT;

	type->kind = (enum value_kind)(first +
				       random_below(random, end - first));
	if (is_native)
		return type;
	type->is_frozen = depth > 0 || is_key || random_percent(random, 60);
	type->item_count = type->kind == VALUE_MAP ? 2
			   : type->kind == VALUE_TUPLE
				   ? 2 + random_below(random, 2)
				   : 1;
	for (unsigned i = 0; i < type->item_count; i++)
		type->items[i] = value_type_random(random, depth + 1, is_key,
						   arena);
	return type;
}

void
value_type_print(const struct value_type *type, struct buffer *out)
{
	static const char *const names[] = { "list", "set", "map", "tuple" };
	bool has_frozen = type->is_frozen && type->kind != VALUE_TUPLE;

	if (type->kind < VALUE_LIST) {
		buffer_append_string(out, native_name(type->kind));
		return;
	}
	buffer_printf(out, "%s%s<", has_frozen ? "frozen<" : "",
		      names[type->kind - VALUE_LIST]);
	for (unsigned i = 0; i < type->item_count; i++) {
		if (i > 0)
			buffer_append_string(out, ", ");
		value_type_print(type->items[i], out);
	}
	buffer_append_string(out, has_frozen ? ">>" : ">");
}

struct value
value_null(void)
{
	return (struct value){ true, SLICE("null"), SLICE_NULL, SLICE_NULL };
}

void
value_parts_finish(struct value_parts *parts)
{
	buffer_finish(&parts->literal);
	buffer_finish(&parts->wire);
	buffer_finish(&parts->order);
}

static struct slice
copy(struct arena *arena, const struct buffer *buffer)
{
	assert(!buffer->has_failed);
	return arena_copy(arena, buffer_slice(buffer));
}

struct value
value_parts_take(struct value_parts *parts, struct arena *arena)
{
	struct value value = { false, copy(arena, &parts->literal),
			       copy(arena, &parts->wire),
			       copy(arena, &parts->order) };

	value_parts_finish(parts);
	return value;
}

/* Elements of any size stay in order one behind the other when a zero byte
 * is escaped and two end each. */
static void
append_ordered(struct buffer *out, struct slice order)
{
	for (size_t i = 0; i < order.size; i++) {
		buffer_append_byte(out, order.data[i]);
		if (order.data[i] == 0)
			buffer_append_byte(out, 0xff);
	}
	buffer_append_byte(out, 0);
	buffer_append_byte(out, 0);
}

static void
append_sized(struct buffer *out, struct slice wire)
{
	buffer_append_u32_be(out, (uint32_t)wire.size);
	buffer_append_slice(out, wire);
}

/* One element of a list or set, or an entry of a map. */
struct entry {
	struct value items[2];
};

static int
entry_compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	return slice_compare(a->items[0].order, b->items[0].order);
}

/* The literal lists them as they were made, unsorted; what is stored is
 * sorted and without doubles.  Doubles are only ever equal all through: which
 * of two different values a double key keeps is not what is asked here. */
static size_t
sort_entries(struct entry *entries, size_t count)
{
	size_t kept = 0;

	qsort(entries, count, sizeof(*entries), entry_compare);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 &&
		    entry_compare(&entries[kept - 1], &entries[i]) == 0)
			continue;
		entries[kept++] = entries[i];
	}
	return kept;
}

static void
append_literal(struct buffer *out, const struct value_type *type,
	       const struct entry *entries, size_t count)
{
	buffer_append_byte(out, type->kind == VALUE_LIST ? '[' : '{');
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_append_string(out, ", ");
		buffer_append_slice(out, entries[i].items[0].literal);
		if (type->kind != VALUE_MAP)
			continue;
		buffer_append_string(out, ": ");
		buffer_append_slice(out, entries[i].items[1].literal);
	}
	buffer_append_byte(out, type->kind == VALUE_LIST ? ']' : '}');
}

static bool
is_double_key(const struct entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (entry_compare(&entries[i], &entries[count]) == 0)
			return true;
	}
	return false;
}

static struct value
collection_random(struct random *random, const struct value_type *type,
		  struct arena *arena)
{
	struct entry entries[VALUE_ELEMENTS_MAX];
	struct value_parts parts = { 0 };
	size_t wanted = random_below(random, VALUE_ELEMENTS_MAX + 1);
	size_t count = 0;

	for (size_t i = 0; i < wanted; i++) {
		for (unsigned j = 0; j < type->item_count; j++)
			entries[count].items[j] = value_random(
				random, type->items[j], arena);
		if (type->kind != VALUE_MAP || !is_double_key(entries, count))
			count++;
	}
	append_literal(&parts.literal, type, entries, count);
	if (type->kind != VALUE_LIST)
		count = sort_entries(entries, count);
	buffer_append_u32_be(&parts.wire, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		buffer_append_byte(&parts.order, 1);
		for (unsigned j = 0; j < type->item_count; j++) {
			append_sized(&parts.wire, entries[i].items[j].wire);
			append_ordered(&parts.order,
				       entries[i].items[j].order);
		}
	}
	buffer_append_byte(&parts.order, 0);
	if (count > 0 || type->is_frozen)
		return value_parts_take(&parts, arena);
	struct value empty = value_null();
	empty.literal = copy(arena, &parts.literal);
	value_parts_finish(&parts);
	return empty;
}

static struct value
tuple_random(struct random *random, const struct value_type *type,
	     struct arena *arena)
{
	struct value_parts parts = { 0 };
	struct value item;

	buffer_append_byte(&parts.literal, '(');
	for (unsigned i = 0; i < type->item_count; i++) {
		item = random_percent(random, 15)
			       ? value_null()
			       : value_random(random, type->items[i], arena);
		if (i > 0)
			buffer_append_string(&parts.literal, ", ");
		buffer_append_slice(&parts.literal, item.literal);
		buffer_append_byte(&parts.order, item.is_null ? 1 : 2);
		if (item.is_null) {
			buffer_append_u32_be(&parts.wire, UINT32_MAX);
			continue;
		}
		append_sized(&parts.wire, item.wire);
		append_ordered(&parts.order, item.order);
	}
	buffer_append_byte(&parts.literal, ')');
	return value_parts_take(&parts, arena);
}

struct value
value_random(struct random *random, const struct value_type *type,
	     struct arena *arena)
{
	struct value_parts parts = { 0 };

	if (type->kind == VALUE_TUPLE)
		return tuple_random(random, type, arena);
	if (type->kind >= VALUE_LIST)
		return collection_random(random, type, arena);
	native_random(random, type->kind, &parts);
	return value_parts_take(&parts, arena);
}
