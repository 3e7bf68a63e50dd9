/* SPDX-License-Identifier: MIT
 *
 * What a statement says, before anybody asks what it means: plain data in the
 * statement's arena, every node with the place in the text where it stands.
 * Lists are singly linked through `next`, in the order written.  Names are
 * already folded (unquoted ones are lower case) and unescaped. */
#ifndef PARSER_AST_H
#define PARSER_AST_H

#include "base/slice.h"

/* Bytes [start, start + size) of the parsed text. */
struct ast_place {
	uint32_t start;
	uint32_t size;
};

struct ast_name {
	struct slice text; /* null: not given */
	struct ast_place place;
	bool is_quoted;
};

/* A list of names: columns of a key, of an INSERT, arguments of token(). */
struct ast_name_list {
	struct ast_name_list *next;
	struct ast_name name;
};

/* [keyspace.]table, [keyspace.]function */
struct ast_qualified_name {
	struct ast_name keyspace; /* null text: not given */
	struct ast_name name;
};

/* ---- terms: everything that can stand where a value can ---- */

enum ast_term_kind {
	AST_CONSTANT,   /* 1, 'a', 0xff, true, 1h30m, NaN, … */
	AST_NULL,
	AST_MARKER,     /* ? or :name */
	AST_PATH,       /* a, a.b, a.b.c: column, field; the binder decides */
	AST_CALL,       /* f(x), ks.f(x), count(*), token(a, b) */
	AST_CAST,       /* CAST(x AS type) */
	AST_TYPE_HINT,  /* (type) x */
	AST_LIST,       /* [a, b] */
	AST_SET,        /* {a, b}; {} too: a set or a map by its receiver */
	AST_MAP,        /* {k: v}; a map or a user type by its receiver */
	AST_TUPLE,      /* (a, b); (a) is also a mere parenthesis, as in
			   (a + b) * c: decided by the receiver */
	AST_SUBSCRIPT,  /* base[index] */
	AST_SLICE,      /* base[from..to], either may be missing */
	AST_FIELD,      /* f(x).field */
	AST_NEGATE,     /* -x where x is no number */
	AST_ARITHMETIC  /* left + right; operator_byte is one of + - * / % */
};

enum ast_constant_kind {
	AST_STRING,   /* text: content, unescaped */
	AST_INTEGER,  /* text as written, a folded minus sign included */
	AST_FLOAT,    /* also NaN, Infinity, -NaN, -Infinity */
	AST_BOOLEAN,  /* true or false in any case */
	AST_UUID,
	AST_HEX,      /* with its 0x */
	AST_DURATION
};

struct ast_term {
	enum ast_term_kind kind;
	uint32_t depth; /* 1 for a leaf, at most NESTING_MAX: what walks terms
			   may recurse */
	struct ast_place place;
	struct ast_term *next; /* in a list of terms */
	union {
		struct {
			enum ast_constant_kind kind;
			struct slice text;
		} constant;
		struct {
			struct slice name; /* null for ? */
			uint32_t index;    /* from 0, in the order written */
		} marker;
		struct ast_name_list *path; /* first part first */
		struct {
			struct ast_qualified_name function;
			struct ast_term *arguments;
			bool has_star; /* count(*) */
		} call;
		struct {
			struct ast_term *operand;
			struct ast_type *type;
		} cast; /* CAST and TYPE_HINT */
		struct ast_term *elements; /* LIST, SET, TUPLE; MAP: keys and
					      values alternate */
		struct {
			struct ast_term *base;
			struct ast_term *from; /* the index of a SUBSCRIPT */
			struct ast_term *to;
		} subscript; /* SUBSCRIPT, SLICE */
		struct {
			struct ast_term *base;
			struct ast_name name;
		} field;
		struct ast_term *operand; /* NEGATE */
		struct {
			uint8_t operator_byte;
			struct ast_term *left;
			struct ast_term *right;
		} arithmetic;
	} as;
};

/* ---- types ---- */

struct ast_type {
	struct ast_qualified_name name; /* int, list, frozen, tuple, vector, or
					   a user type; folded */
	struct ast_type *arguments;     /* of list<…> and the like */
	struct ast_type *next;
	struct slice dimension;         /* vector<t, n>: n as written */
	struct ast_place place;
	uint32_t depth; /* as of a term */
};

/* ---- WHERE ---- */

enum ast_operator {
	AST_EQ, AST_LT, AST_LE, AST_GT, AST_GE, AST_NE,
	AST_IN, AST_NOT_IN, AST_LIKE, AST_CONTAINS, AST_CONTAINS_KEY,
	AST_NOT_CONTAINS, AST_NOT_CONTAINS_KEY, AST_IS_NOT_NULL, AST_BETWEEN
};

enum ast_relation_kind {
	AST_RELATION_COLUMN,  /* column op value */
	AST_RELATION_ELEMENT, /* column[subscript] op value */
	AST_RELATION_FIELD,   /* column.field op value; only in IF */
	AST_RELATION_TOKEN,   /* token(columns) op value */
	AST_RELATION_TUPLE    /* (columns) op value */
	/* Every kind takes every operator: CQL refuses token(k) IN (…) and
	 * the like with messages of its own, and no syntax error. */
};

struct ast_relation {
	enum ast_relation_kind kind;
	enum ast_operator operator;
	struct ast_name_list *columns; /* one, or those of token() or (…) */
	struct ast_term *subscript;    /* ELEMENT */
	struct ast_name field;         /* FIELD */
	struct ast_term *values;       /* =: one; IN (…): as many as written;
					  IN ?: one, with is_in_marker; BETWEEN:
					  two */
	bool is_in_marker;             /* IN ? */
	struct ast_place place;
	struct ast_relation *next;
};

/* ---- statements ---- */

struct ast_property { /* name = value in WITH */
	struct ast_name name;
	struct ast_term *value; /* constant, identifier (a path) or map */
	struct ast_property *next;
};

struct ast_using {
	struct ast_term *timestamp; /* NULL: not given */
	struct ast_term *ttl;
	struct ast_term *timeout;
};

struct ast_selector {
	struct ast_term *term;
	struct ast_name alias; /* null text: none */
	struct ast_selector *next;
};

struct ast_ordering {
	struct ast_name column;
	bool is_descending;
	struct ast_term *ann_of; /* ORDER BY v ANN OF […] */
	struct ast_ordering *next;
};

struct ast_select {
	bool is_json;
	bool is_distinct;
	/* The words of clauses, where they stand; size 0: not there. */
	struct ast_place json_place;
	struct ast_place distinct_place;
	struct ast_place group_place;         /* GROUP BY */
	struct ast_place per_partition_place; /* PER PARTITION LIMIT */
	bool is_star;
	struct ast_selector *selectors; /* NULL when is_star */
	struct ast_qualified_name table; /* null name: no FROM */
	struct ast_relation *where;
	struct ast_term *group_by;
	struct ast_ordering *order_by;
	struct ast_term *per_partition_limit;
	struct ast_term *limit;
	bool allows_filtering;
	bool bypasses_cache;
	struct ast_using using;
};

struct ast_insert {
	struct ast_qualified_name table;
	struct ast_name_list *columns;
	struct ast_term *values;
	struct ast_place values_place; /* the parenthesis after VALUES */
	struct ast_term *json; /* INSERT … JSON: the string or marker */
	bool json_default_unset;
	bool if_not_exists;
	struct ast_using using;
};

enum ast_assignment_kind {
	AST_ASSIGN,         /* column = value, also column = column + value */
	AST_ASSIGN_ADD,     /* column += value */
	AST_ASSIGN_SUBTRACT,/* column -= value */
	AST_ASSIGN_ELEMENT, /* column[subscript] = value */
	AST_ASSIGN_FIELD    /* column.field = value */
};

struct ast_assignment {
	enum ast_assignment_kind kind;
	struct ast_name column;
	struct ast_term *subscript;
	struct ast_name field;
	struct ast_term *value;
	struct ast_place place;
	struct ast_assignment *next;
};

struct ast_update {
	struct ast_qualified_name table;
	struct ast_using using;
	struct ast_assignment *assignments;
	struct ast_relation *where;
	bool if_exists;
	struct ast_relation *conditions;
};

struct ast_deletion { /* what DELETE names: a column, an element, a field */
	struct ast_name column;
	struct ast_term *subscript;
	struct ast_name field;
	struct ast_deletion *next;
};

struct ast_delete {
	struct ast_qualified_name table;
	struct ast_deletion *deletions; /* NULL: the row */
	struct ast_using using;
	struct ast_relation *where;
	bool if_exists;
	struct ast_relation *conditions;
};

struct ast_batch {
	enum { AST_BATCH_LOGGED, AST_BATCH_UNLOGGED, AST_BATCH_COUNTER } kind;
	struct ast_using using;
	struct ast_statement *statements; /* linked by next */
};

struct ast_create_keyspace { /* ALTER KEYSPACE too */
	struct ast_name name;
	bool if_not_exists;
	bool if_exists; /* ALTER */
	struct ast_property *properties;
};

struct ast_drop { /* KEYSPACE: name.name; TABLE, TYPE: qualified */
	struct ast_qualified_name name;
	bool if_exists;
};

struct ast_column {
	struct ast_name name;
	struct ast_type *type;
	bool is_static;
	bool is_primary_key; /* PRIMARY KEY behind the type */
	struct ast_place place;
	struct ast_column *next;
};

struct ast_create_table {
	struct ast_qualified_name name;
	bool if_not_exists;
	struct ast_column *columns;
	/* One entry for each PRIMARY KEY (…) clause that was written. */
	struct ast_primary_key {
		struct ast_name_list *partition_key;
		struct ast_name_list *clustering;
		struct ast_place place;
		struct ast_primary_key *next;
	} *primary_keys;
	bool is_compact;
	struct ast_place compact_place; /* COMPACT STORAGE */
	struct ast_ordering *clustering_order;
	struct ast_property *properties;
};

enum ast_alter_kind {
	AST_ALTER_ADD, AST_ALTER_DROP, AST_ALTER_RENAME, AST_ALTER_WITH,
	AST_ALTER_COLUMN_TYPE
};

struct ast_rename {
	struct ast_name from, to;
	struct ast_rename *next;
};

struct ast_alter { /* TABLE and TYPE */
	struct ast_qualified_name name;
	bool if_exists;
	bool skips_existing; /* ADD IF NOT EXISTS */
	bool skips_missing;  /* DROP, RENAME, ALTER IF EXISTS */
	enum ast_alter_kind kind;
	struct ast_column *columns;     /* ADD; ALTER c TYPE t */
	struct ast_name_list *dropped;  /* DROP */
	struct ast_rename *renames;
	struct ast_property *properties;
	struct ast_using using;
};

struct ast_create_type {
	struct ast_qualified_name name;
	bool if_not_exists;
	struct ast_column *fields;
};

struct ast_truncate {
	struct ast_qualified_name table;
	struct ast_using using;
};

enum ast_describe_kind {
	AST_DESCRIBE_CLUSTER, AST_DESCRIBE_SCHEMA, AST_DESCRIBE_KEYSPACES,
	AST_DESCRIBE_KEYSPACE, AST_DESCRIBE_TABLES, AST_DESCRIBE_TABLE,
	AST_DESCRIBE_TYPES, AST_DESCRIBE_TYPE, AST_DESCRIBE_FUNCTIONS,
	AST_DESCRIBE_AGGREGATES, AST_DESCRIBE_NAME /* DESCRIBE x, x.y */
};

struct ast_describe {
	enum ast_describe_kind kind;
	struct ast_qualified_name name; /* null: the keyspace in use */
	bool is_full;                   /* DESCRIBE FULL SCHEMA */
	bool is_only;                   /* DESCRIBE ONLY KEYSPACE */
	bool with_internals;
};

struct ast_explain {
	bool is_analyze;
	struct ast_statement *statement;
};

/* What CQL has and logstor doesn't: recognised by its first words, skipped to
 * its end, refused by the binder with `… is not supported`.  Parts of other
 * statements that logstor doesn't have (MASKED WITH, custom types) turn the
 * whole statement into one. */
struct ast_unsupported {
	struct slice what; /* CREATE INDEX, GRANT, … in capitals */
	struct ast_place place; /* of the words that say so */
};

enum ast_statement_kind {
	AST_SELECT, AST_INSERT, AST_UPDATE, AST_DELETE, AST_BATCH,
	AST_CREATE_KEYSPACE, AST_ALTER_KEYSPACE, AST_DROP_KEYSPACE, AST_USE,
	AST_CREATE_TABLE, AST_ALTER_TABLE, AST_DROP_TABLE, AST_TRUNCATE,
	AST_CREATE_TYPE, AST_ALTER_TYPE, AST_DROP_TYPE,
	AST_DESCRIBE, AST_EXPLAIN,
	AST_CHECK, AST_COMPACT, AST_SHOW_STORAGE, /* nothing but their words */
	AST_UNSUPPORTED
};

struct ast_statement {
	enum ast_statement_kind kind;
	struct ast_place place;
	struct ast_place verb;      /* its first word, or CREATE TABLE and
				       the like */
	struct ast_statement *next; /* in a batch */
	uint32_t marker_count;      /* ? and :name in the whole statement, one
				       name counted once; set on the
				       outermost statement and on what EXPLAIN
				       explains */
	union {
		struct ast_select select;
		struct ast_insert insert;
		struct ast_update update;
		struct ast_delete delete;
		struct ast_batch batch;
		struct ast_create_keyspace keyspace; /* CREATE, ALTER */
		struct ast_drop drop; /* KEYSPACE, TABLE, TYPE */
		struct ast_name use;
		struct ast_create_table create_table;
		struct ast_alter alter;
		struct ast_truncate truncate;
		struct ast_create_type create_type;
		struct ast_describe describe;
		struct ast_explain explain;
		struct ast_unsupported unsupported;
	} as;
};

#endif
