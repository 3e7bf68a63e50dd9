/* SPDX-License-Identifier: MIT
 *
 * One random step of a campaign: a statement with its meaning beside it, so
 * that the model needn't read CQL; or what happens between statements. */
#ifndef TESTS_ORACLE_OPERATION_H
#define TESTS_ORACLE_OPERATION_H

#include "tests/oracle/schema.h"

enum operation_kind {
	OPERATION_CREATE,
	OPERATION_DROP,
	OPERATION_TRUNCATE,
	OPERATION_INSERT,
	OPERATION_DELETE,
	OPERATION_SELECT,
	OPERATION_INVALID, /* must fail with ${error_code}, changing nothing */
	OPERATION_RESTART, /* the database is closed and opened again */
	OPERATION_COMMIT
};

enum { OPERATION_ITEMS_MAX = 6, OPERATION_IN_MAX = 6 };

enum item_kind { ITEM_COLUMN, ITEM_WRITETIME, ITEM_TTL, ITEM_TOKEN };

struct item {
	enum item_kind kind;
	unsigned column;
};

enum where_kind { WHERE_ALL, WHERE_KEY, WHERE_IN, WHERE_TOKEN };

struct in_list {
	unsigned count; /* 1 may be written as = */
	struct value values[OPERATION_IN_MAX];
};

/* A bound on the token: NULL is none; otherwise "<", "<=", ">", ">=", "=". */
struct token_bound {
	const char *relation;
	int64_t token;
};

struct operation {
	enum operation_kind kind;
	struct schema *schema;
	bool is_bound; /* prepared with markers rather than literals */

	/* INSERT; DELETE and SELECT of one key */
	const struct schema_key *key;
	bool is_named[SCHEMA_COLUMNS_MAX]; /* by column */
	struct value values[SCHEMA_COLUMNS_MAX];
	bool has_timestamp;
	int64_t timestamp_us;
	bool has_ttl;
	uint32_t ttl_s;
	bool is_conditional; /* IF NOT EXISTS, IF EXISTS */

	/* DELETE (a key or IN), SELECT */
	enum where_kind where;
	struct in_list in[SCHEMA_KEY_PARTS_MAX];

	/* SELECT */
	struct token_bound lower, upper;
	bool is_star, is_count;
	unsigned item_count;
	struct item items[OPERATION_ITEMS_MAX];
	uint32_t limit; /* 0: none */
	uint32_t page;  /* rows; 0: one page */

	/* INVALID */
	int error_code;

	struct slice text; /* with literals; null for what is no statement */
};

/* A random operation on ${schema}, which is the table's at that moment; for
 * OPERATION_CREATE it is the table to be. */
struct operation *operation_random(struct random *random,
				   enum operation_kind kind,
				   struct schema *schema, struct arena *arena);

/* As OPERATION_INVALID's text and code. */
void operation_make_invalid(struct random *random,
			    struct operation *operation, struct buffer *out);

/* Prints the statement; with markers instead of the values that
 * operation_bindings gives in the same order. */
void operation_print(const struct operation *operation, bool has_markers,
		     struct buffer *out);
unsigned operation_bindings(const struct operation *operation,
			    struct value values[SCHEMA_COLUMNS_MAX]);

#endif
