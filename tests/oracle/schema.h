/* SPDX-License-Identifier: MIT
 *
 * A random table, and the few keys that its statements will fight over. */
#ifndef TESTS_ORACLE_SCHEMA_H
#define TESTS_ORACLE_SCHEMA_H

#include "tests/oracle/value.h"

enum {
	SCHEMA_KEY_PARTS_MAX = 3,
	SCHEMA_COLUMNS_MAX = 9, /* with the key's */
	SCHEMA_KEYS_MAX = 40
};

struct schema_column {
	const char *name; /* as CQL text, quoted where it must be */
	struct value_type *type;
};

struct schema_key {
	struct value parts[SCHEMA_KEY_PARTS_MAX];
	struct slice bytes;
	int64_t token;
};

struct schema {
	unsigned slot; /* the table's name is t and this number */
	unsigned key_part_count;
	unsigned column_count; /* key parts first, then in SELECT *'s order */
	struct schema_column columns[SCHEMA_COLUMNS_MAX];
	unsigned key_count;
	struct schema_key keys[SCHEMA_KEYS_MAX];
	uint32_t default_ttl_s; /* 0: none */
};

struct schema *schema_random(struct random *random, unsigned slot,
			     struct arena *arena);
void schema_print(const struct schema *schema, struct buffer *out);

/* Fills in bytes and token from the parts. */
void schema_key_seal(const struct schema *schema, struct schema_key *key,
		     struct arena *arena);

#endif
