/* SPDX-License-Identifier: MIT
 *
 * Random CQL types and values.  Each value comes in three forms that were
 * made side by side: as a literal of CQL text, in the wire encoding, and as
 * bytes whose memcmp() order is the order of the type. */
#ifndef TESTS_ORACLE_VALUE_H
#define TESTS_ORACLE_VALUE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "tests/oracle/random.h"

enum value_kind {
	VALUE_TINYINT, VALUE_SMALLINT, VALUE_INT, VALUE_BIGINT, VALUE_BOOLEAN,
	VALUE_FLOAT, VALUE_DOUBLE, VALUE_TEXT, VALUE_ASCII, VALUE_BLOB,
	VALUE_UUID, VALUE_TIMEUUID, VALUE_TIMESTAMP, VALUE_DATE, VALUE_TIME,
	VALUE_INET, VALUE_LIST, VALUE_SET, VALUE_MAP, VALUE_TUPLE,
	VALUE_KIND_COUNT
};

enum { VALUE_ITEMS_MAX = 3, VALUE_ELEMENTS_MAX = 4 };

struct value_type {
	enum value_kind kind;
	bool is_frozen;
	unsigned item_count; /* of a list and set 1, map 2, tuple 2 or 3 */
	struct value_type *items[VALUE_ITEMS_MAX];
};

struct value {
	bool is_null;
	struct slice literal; /* never null: "null" */
	struct slice wire;    /* null for null */
	struct slice order;
};

/* A type; collections at ${depth} 0 may be unfrozen unless ${is_key}. */
struct value_type *value_type_random(struct random *random, unsigned depth,
				     bool is_key, struct arena *arena);
void value_type_print(const struct value_type *type, struct buffer *out);

/* A value that isn't null, except that an empty unfrozen collection is. */
struct value value_random(struct random *random,
			  const struct value_type *type, struct arena *arena);
struct value value_null(void);

#endif
