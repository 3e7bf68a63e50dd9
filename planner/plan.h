/* SPDX-License-Identifier: MIT
 *
 * What a statement will do, decided: names and types bound, access chosen.  A
 * plan is made by bind_*, never changes afterwards, can be printed (EXPLAIN),
 * lives in the statement's arena and holds a reference on its table.  Its
 * execution has a state of its own (execute_*). */
#ifndef PLANNER_PLAN_H
#define PLANNER_PLAN_H

#include "parser/ast.h"
#include "planner/catalog.h"
#include "planner/expression.h"
#include "planner/session.h"

/* A column of the result. */
struct result_column {
	struct slice name;
	const struct type *type;
	struct slice keyspace; /* of the table it comes from; may be null */
	struct slice table;
	bool is_key;
};

/* A bind marker: what can be bound to it. */
struct marker {
	struct slice name;     /* without its colon, or what CQL reports */
	bool is_named;         /* :name, not ? */
	const struct type *type; /* NULL only while binding */
	int32_t key_part;      /* part of the partition key that it gives, or
				  -1 */
	struct ast_place place; /* where it stands first */
};

/* One part of the key in WHERE: `k = value` is a list of one. */
struct key_restriction {
	struct expression **values;
	uint32_t value_count;
	bool is_in; /* written IN */
	/* k IN ?: values[0] is a list whose elements are the values */
	bool is_list;
};

enum access_kind {
	ACCESS_KEYS,  /* the whole key is given: = and IN */
	ACCESS_TOKENS /* a token range, or everything */
};

struct access {
	enum access_kind kind;
	struct key_restriction *keys; /* KEYS: key_count of the table */
	/* TOKENS: NULL where unbounded; bigint expressions */
	struct expression *first, *last;
	bool first_is_exclusive, last_is_exclusive;
};

struct plan_select {
	struct access access;
	struct expression **selectors; /* one for each result column */
	struct expression *limit;      /* NULL: none */
	bool is_count;   /* aggregates: exactly one row */
	bool needs_rows; /* false: count(*) from the index alone */
};

struct plan_insert {
	struct expression **values; /* one for each table column, NULL: not
				       named */
	struct expression *timestamp_us, *ttl_s; /* NULL: not given */
	bool if_not_exists;
};

struct plan_delete {
	struct key_restriction *keys;
	struct expression *timestamp_us;
	bool if_exists;
};

enum plan_kind {
	PLAN_SELECT, PLAN_INSERT, PLAN_DELETE,
	PLAN_SCHEMA,  /* CREATE, DROP, TRUNCATE: execute_schema */
	PLAN_USE,
	PLAN_DESCRIBE,
	PLAN_EXPLAIN,
	PLAN_CHECK,
	PLAN_COMPACT,
	PLAN_SHOW_STORAGE
};

struct plan {
	enum plan_kind kind;
	uint64_t catalog_version;
	struct table *table; /* referenced; NULL where none is concerned */
	struct result_column *columns;
	uint32_t column_count;
	struct marker *markers; /* of the statement */
	uint32_t marker_count;
	uint32_t once_count;    /* calls evaluated once an execution */
	bool is_conditional;
	const struct ast_statement *statement; /* SCHEMA, USE, DESCRIBE work on
						  the AST itself */
	union {
		struct plan_select select;
		struct plan_insert insert;
		struct plan_delete delete;
		struct plan *explained; /* EXPLAIN */
	} as;
};

/* Rows made at once (DESCRIBE, EXPLAIN, SHOW STORAGE): column_count values a
 * row, in an arena. */
struct row_list {
	struct row_list_row {
		struct row_list_row *next;
		struct slice *values;
	} *first, **last;
};

#endif
