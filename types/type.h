/* SPDX-License-Identifier: MIT
 *
 * A CQL type: what a column's bytes mean.  Types are immutable trees in an
 * arena; native ones are shared constants.  Equal types may be different
 * pointers: compare with type_is_equal. */
#ifndef TYPES_TYPE_H
#define TYPES_TYPE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

/* The numbers are the native protocol's option ids and stand on disk in the
 * catalog; they never change. */
enum type_kind {
	TYPE_ASCII = 0x01,
	TYPE_BIGINT = 0x02,
	TYPE_BLOB = 0x03,
	TYPE_BOOLEAN = 0x04,
	TYPE_COUNTER = 0x05,
	TYPE_DECIMAL = 0x06,
	TYPE_DOUBLE = 0x07,
	TYPE_FLOAT = 0x08,
	TYPE_INT = 0x09,
	TYPE_TIMESTAMP = 0x0B,
	TYPE_UUID = 0x0C,
	TYPE_TEXT = 0x0D, /* varchar is the same type */
	TYPE_VARINT = 0x0E,
	TYPE_TIMEUUID = 0x0F,
	TYPE_INET = 0x10,
	TYPE_DATE = 0x11,
	TYPE_TIME = 0x12,
	TYPE_SMALLINT = 0x13,
	TYPE_TINYINT = 0x14,
	TYPE_DURATION = 0x15,
	TYPE_LIST = 0x20,
	TYPE_MAP = 0x21,
	TYPE_SET = 0x22,
	TYPE_TUPLE = 0x31
};

struct type {
	enum type_kind kind;
	bool is_frozen;  /* written frozen<…>; tuples always count as frozen */
	uint16_t count;  /* arguments: list 1, set 1, map 2, tuple n */
	const struct type *const *arguments;
};

/* The shared constant for a native kind. */
const struct type *type_native(enum type_kind kind);

/* The native kind that CQL calls ${name} (any case, varchar too), or 0. */
enum type_kind type_find_native(struct slice name);

/* A type with ${count} arguments, whose array is copied; NULL when the arena
 * is out of memory. */
const struct type *type_create(struct arena *arena, enum type_kind kind,
			       const struct type *const *arguments,
			       uint16_t count, bool is_frozen);

bool type_is_equal(const struct type *a, const struct type *b);
bool type_is_collection(const struct type *type); /* list, set or map */

/* May values of this type be ordered, and so be keys, set elements and map
 * keys?  Only durations (and what holds them) may not. */
bool type_is_ordered(const struct type *type);

/* Is the type one that this version stores?  decimal, varint, duration and
 * counter are recognised but not yet: the binder says "not supported". */
bool type_is_supported(const struct type *type);

/* CQL's spelling: map<text, frozen<list<int>>>. */
void type_print(const struct type *type, struct buffer *out);

/* The catalog's binary form, and back: hostile bytes give ERROR_CORRUPT. */
void type_encode(const struct type *type, struct buffer *out);
MUST_CHECK int type_decode(struct slice bytes, struct arena *arena,
			   const struct type **type, struct error *error);

#endif
