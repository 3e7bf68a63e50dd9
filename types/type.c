/* SPDX-License-Identifier: MIT
 *
 * The binary form of a type, which the catalog stores:
 *
 *     u8      kind
 *     u8      1 when frozen, else 0; natives are never frozen
 *     varint  number of components, for a tuple only
 *     …       the arguments, each in the same form */
#include "types/type.h"

#include "base/limits.h"
#include "base/reader.h"
#include "types/type_table.h"

#include <assert.h>

#define NATIVE(native) [native] = { .kind = native }

static const struct type natives[TYPE_DURATION + 1] = {
	NATIVE(TYPE_ASCII),    NATIVE(TYPE_BIGINT),    NATIVE(TYPE_BLOB),
	NATIVE(TYPE_BOOLEAN),  NATIVE(TYPE_COUNTER),   NATIVE(TYPE_DECIMAL),
	NATIVE(TYPE_DOUBLE),   NATIVE(TYPE_FLOAT),     NATIVE(TYPE_INT),
	NATIVE(TYPE_TIMESTAMP), NATIVE(TYPE_UUID),     NATIVE(TYPE_TEXT),
	NATIVE(TYPE_VARINT),   NATIVE(TYPE_TIMEUUID),  NATIVE(TYPE_INET),
	NATIVE(TYPE_DATE),     NATIVE(TYPE_TIME),      NATIVE(TYPE_SMALLINT),
	NATIVE(TYPE_TINYINT),  NATIVE(TYPE_DURATION),
};

static bool
is_native(enum type_kind kind)
{
	return (unsigned)kind < ARRAY_COUNT(natives) &&
	       natives[kind].kind != 0;
}

const struct type *
type_native(enum type_kind kind)
{
	assert(is_native(kind));
	return &natives[kind];
}

enum type_kind
type_find_native(struct slice name)
{
	for (unsigned kind = 0; kind < ARRAY_COUNT(natives); kind++) {
		const struct type_row *row =
			type_table_find((enum type_kind)kind);

		if (row != NULL &&
		    slice_is_equal_ignoring_case(name,
						 slice_from_string(row->name)))
			return (enum type_kind)kind;
	}
	if (slice_is_equal_ignoring_case(name, SLICE("varchar")))
		return TYPE_TEXT;
	return (enum type_kind)0;
}

const struct type *
type_create(struct arena *arena, enum type_kind kind,
	    const struct type *const *arguments, uint16_t count,
	    bool is_frozen)
{
	struct type *type = arena_new(arena, struct type);
	const struct type **copy =
		arena_new_array(arena, const struct type *, count);

	assert(!is_native(kind) && type_table_find(kind) != NULL);
	assert(count == 1 || (kind == TYPE_MAP && count == 2) ||
	       (kind == TYPE_TUPLE && count > 0));
	if (type == NULL || copy == NULL)
		return NULL;
	memcpy(copy, arguments, count * sizeof(*copy));
	*type = (struct type){ kind, is_frozen, count, copy };
	return type;
}

/* A tuple is frozen whether or not that was written. */
bool
type_is_equal(const struct type *a, const struct type *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->count != b->count)
		return false;
	if (a->is_frozen != b->is_frozen && a->kind != TYPE_TUPLE)
		return false;
	for (uint16_t i = 0; i < a->count; i++)
		if (!type_is_equal(a->arguments[i], b->arguments[i]))
			return false;
	return true;
}

bool
type_is_collection(const struct type *type)
{
	return type->kind == TYPE_LIST || type->kind == TYPE_SET ||
	       type->kind == TYPE_MAP;
}

bool
type_is_ordered(const struct type *type)
{
	if (type->kind == TYPE_DURATION)
		return false;
	for (uint16_t i = 0; i < type->count; i++)
		if (!type_is_ordered(type->arguments[i]))
			return false;
	return true;
}

bool
type_is_supported(const struct type *type)
{
	if (!type_table_find(type->kind)->is_supported)
		return false;
	for (uint16_t i = 0; i < type->count; i++)
		if (!type_is_supported(type->arguments[i]))
			return false;
	return true;
}

void
type_print(const struct type *type, struct buffer *out)
{
	if (type->is_frozen)
		buffer_append_string(out, "frozen<");
	buffer_append_string(out, type_table_find(type->kind)->name);
	for (uint16_t i = 0; i < type->count; i++) {
		buffer_append_string(out, i == 0 ? "<" : ", ");
		type_print(type->arguments[i], out);
	}
	if (type->count > 0)
		buffer_append_byte(out, '>');
	if (type->is_frozen)
		buffer_append_byte(out, '>');
}

void
type_encode(const struct type *type, struct buffer *out)
{
	buffer_append_byte(out, (uint8_t)type->kind);
	buffer_append_byte(out, type->is_frozen);
	if (type->kind == TYPE_TUPLE)
		buffer_append_varint(out, type->count);
	for (uint16_t i = 0; i < type->count; i++)
		type_encode(type->arguments[i], out);
}

/* Every argument takes two bytes at least: a count that promises more than
 * there can be is refused before memory is taken for it. */
static bool
decode_count(enum type_kind kind, struct reader *reader, uint16_t *count)
{
	uint64_t promised = kind == TYPE_MAP ? 2 : 1;

	if (kind == TYPE_TUPLE)
		promised = reader_varint(reader);
	if (reader->has_failed || promised == 0 || promised > UINT16_MAX ||
	    promised > reader_left(reader) / 2)
		return false;
	*count = (uint16_t)promised;
	return true;
}

static int
decode(struct reader *reader, struct arena *arena, unsigned depth,
       const struct type **type, struct error *error)
{
	enum type_kind kind = (enum type_kind)reader_u8(reader);
	uint8_t frozen = reader_u8(reader);
	const struct type **arguments;
	uint16_t count = 0;

	if (reader->has_failed || type_table_find(kind) == NULL ||
	    frozen > 1 || depth > NESTING_MAX)
		return error_set(error, ERROR_CORRUPT, "damaged type");
	if (is_native(kind)) {
		if (frozen)
			return error_set(error, ERROR_CORRUPT, "damaged type");
		*type = type_native(kind);
		return 0;
	}
	if (!decode_count(kind, reader, &count))
		return error_set(error, ERROR_CORRUPT, "damaged type");
	arguments = arena_new_array(arena, const struct type *, count);
	if (arguments == NULL)
		return error_no_memory(error);
	for (uint16_t i = 0; i < count; i++) {
		int result = decode(reader, arena, depth + 1, &arguments[i],
				    error);

		if (result < 0)
			return result;
	}
	*type = type_create(arena, kind, arguments, count, frozen != 0);
	return *type == NULL ? error_no_memory(error) : 0;
}

int
type_decode(struct slice bytes, struct arena *arena,
	    const struct type **type, struct error *error)
{
	struct reader reader = reader_make(bytes);
	int result = decode(&reader, arena, 1, type, error);

	if (result < 0)
		return result;
	if (!reader_is_at_end(&reader))
		return error_set(error, ERROR_CORRUPT, "damaged type");
	return 0;
}
