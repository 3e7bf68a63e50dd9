/* SPDX-License-Identifier: MIT
 *
 * What the grammar's actions do: make the nodes of the AST in the statement's
 * arena.  Internal to parser/.  A function that can't do its work (no memory,
 * a limit) notes it in the parse and returns NULL; all of them take NULL for
 * a node that came out of such a failure. */
#ifndef PARSER_AST_BUILD_H
#define PARSER_AST_BUILD_H

#include "parser/ast.h"

struct parse;

/* ---- lists under construction ---- */

struct name_list { struct ast_name_list *first, *last; };
struct selector_list { struct ast_selector *first, *last; bool is_star; };
struct ordering_list { struct ast_ordering *first, *last; };
struct assignment_list { struct ast_assignment *first, *last; };
struct deletion_list { struct ast_deletion *first, *last; };
struct property_list { struct ast_property *first, *last; };
struct column_list { struct ast_column *first, *last; };
struct rename_list { struct ast_rename *first, *last; };
struct statement_list { struct ast_statement *first, *last; };

struct term_list {
	struct ast_term *first, *last;
	uint32_t count;
	uint32_t depth; /* of the deepest */
};

struct type_list {
	struct ast_type *first, *last;
	uint32_t depth;
	struct ast_place dimension; /* size 0: none */
};

struct relation_list {
	struct ast_relation *first, *last;
	uint32_t count;
};

void selector_list_add(struct selector_list *list, struct ast_selector *node);
void ordering_list_add(struct ordering_list *list, struct ast_ordering *node);
void assignment_list_add(struct assignment_list *list,
			 struct ast_assignment *node);
void deletion_list_add(struct deletion_list *list, struct ast_deletion *node);
void property_list_add(struct property_list *list, struct ast_property *node);
void column_list_add(struct column_list *list, struct ast_column *node);
void rename_list_add(struct rename_list *list, struct ast_rename *node);
void statement_list_add(struct statement_list *list,
			struct ast_statement *node);
void name_list_add(struct parse *parse, struct name_list *list,
		   const struct ast_name *name);
void term_list_add(struct parse *parse, struct term_list *list,
		   struct ast_term *term);
void type_list_add(struct parse *parse, struct type_list *list,
		   struct ast_type *type);
void type_list_set_dimension(struct parse *parse, struct type_list *list,
			     struct ast_place dimension);
void relation_list_add(struct parse *parse, struct relation_list *list,
		       struct ast_relation *relation);

struct name_list build_name_list(struct parse *parse,
				 const struct ast_name *name);
struct term_list build_term_list(struct parse *parse, struct ast_term *term);
struct type_list build_type_list(struct parse *parse, struct ast_type *type);
struct relation_list build_relation_list(struct ast_relation *relation);
struct selector_list build_selector_list(struct ast_selector *node);
struct ordering_list build_ordering_list(struct ast_ordering *node);
struct assignment_list build_assignment_list(struct ast_assignment *node);
struct deletion_list build_deletion_list(struct ast_deletion *node);
struct property_list build_property_list(struct ast_property *node);
struct column_list build_column_list(struct ast_column *node);
struct rename_list build_rename_list(struct ast_rename *node);

/* ---- names and types ---- */

/* Unquoted: folded to lower case. */
struct ast_name build_name(struct parse *parse, struct ast_place place);
struct ast_name build_quoted_name(struct parse *parse,
				  struct ast_place place);
/* ${arguments} is NULL when there are no <…>. */
struct ast_type *build_type(struct parse *parse,
			    const struct ast_qualified_name *name,
			    const struct type_list *arguments);
struct ast_type *build_native_type(struct parse *parse,
				   struct ast_place place);
struct ast_type *build_set_type(struct parse *parse, struct ast_place place,
				const struct type_list *arguments);
struct ast_type *build_path_type(struct parse *parse,
				 const struct name_list *path,
				 const struct type_list *arguments);
struct ast_type *build_custom_type(struct parse *parse,
				   struct ast_place place);

/* [from] or [from..to] behind a term. */
struct index {
	enum ast_term_kind kind; /* AST_SUBSCRIPT or AST_SLICE */
	struct ast_term *from, *to;
};

/* ---- terms; ${start} and ${open} are the lexeme that a term begins with */

struct ast_term *build_constant(struct parse *parse,
				enum ast_constant_kind kind,
				struct ast_place place);
struct ast_term *build_string(struct parse *parse, struct ast_place place);
struct ast_term *build_null(struct parse *parse, struct ast_place place);
struct ast_term *build_marker(struct parse *parse, struct ast_place place);
struct ast_term *build_named_marker(struct parse *parse,
				    struct ast_place colon,
				    const struct ast_name *name);
struct ast_term *build_path(struct parse *parse,
			    const struct name_list *path);
struct ast_term *build_name_path(struct parse *parse,
				 struct ast_place place);
struct ast_term *build_call(struct parse *parse,
			    const struct name_list *path,
			    const struct term_list *arguments, bool has_star);
struct ast_term *build_token_call(struct parse *parse,
				  const struct name_list *path,
				  struct ast_place token,
				  const struct term_list *arguments);
struct ast_term *build_cast(struct parse *parse, const struct name_list *path,
			    struct ast_term *operand, struct ast_type *type);
struct ast_term *build_hint(struct parse *parse, struct ast_place open,
			    struct ast_type *type, struct ast_term *operand);
struct ast_term *build_elements(struct parse *parse, enum ast_term_kind kind,
				struct ast_place open,
				const struct term_list *elements);
struct ast_term *build_parenthesis(struct parse *parse, struct ast_place open,
				   struct ast_term *element);
struct ast_term *build_subscript(struct parse *parse, struct ast_term *base,
				 const struct index *index);
struct ast_term *build_field(struct parse *parse, struct ast_term *base,
			     const struct ast_name *name);
/* Folds the minus into an unsigned number. */
struct ast_term *build_negation(struct parse *parse, struct ast_place minus,
				struct ast_term *operand);
struct ast_term *build_arithmetic(struct parse *parse, uint8_t operator_byte,
				  struct ast_term *left,
				  struct ast_term *right);

/* ---- relations ---- */

/* What follows a relation's left side. */
struct predicate {
	enum ast_operator operator;
	struct ast_term *values;
	bool is_in_marker;
};

struct predicate build_predicate(enum ast_operator operator,
				 struct ast_term *value,
				 struct ast_term *second);
struct ast_relation *build_relation(struct parse *parse,
				    enum ast_relation_kind kind,
				    uint32_t start,
				    const struct name_list *columns,
				    const struct predicate *predicate);
/* Of ${subscript} and ${field} at most one; both may be NULL. */
struct ast_relation *build_column_relation(struct parse *parse,
					   const struct ast_name *column,
					   struct ast_term *subscript,
					   const struct ast_name *field,
					   const struct predicate *predicate);

/* ---- clauses and statements ---- */

struct modify_if {
	bool if_exists;
	struct ast_relation *conditions;
};

/* What stands before FROM. */
struct select_head {
	struct selector_list selectors;
	struct ast_place json; /* size 0: not there */
	struct ast_place distinct;
};

/* A clause that is one term, or a list of them, and its words. */
struct term_clause {
	struct ast_term *term;
	struct ast_place place;
};

struct table_body {
	struct column_list columns;
	struct ast_primary_key *first_key, *last_key;
};

struct table_with {
	struct property_list properties;
	struct ast_ordering *clustering_order;
	struct ast_place compact; /* size 0: not there */
};

enum { COLUMN_STATIC = 1, COLUMN_PRIMARY_KEY = 2 };

/* A copy of ${contents} with its place. */
struct ast_statement *build_statement(struct parse *parse,
				      struct ast_place start,
				      const struct ast_statement *contents);
/* ${clauses} is everything but the head. */
struct ast_statement *build_select(struct parse *parse,
				   struct ast_place start,
				   const struct select_head *head,
				   const struct ast_select *clauses);
/* FROM ${name}(…): MUTATION_FRAGMENTS, which logstor doesn't have. */
void build_table_function(struct parse *parse, const struct ast_name *name);
struct ast_using build_using(struct parse *parse,
			     const struct ast_using *some,
			     const struct ast_using *more);
struct ast_selector *build_selector(struct parse *parse,
				    struct ast_term *term,
				    const struct ast_name *alias);
struct ast_ordering *build_ordering(struct parse *parse,
				    const struct ast_name *column,
				    bool is_descending,
				    struct ast_term *ann_of);
struct ast_assignment *build_assignment(struct parse *parse,
					enum ast_assignment_kind kind,
					const struct ast_name *column,
					struct ast_term *value);
struct ast_deletion *build_deletion(struct parse *parse,
				    const struct ast_name *column,
				    struct ast_term *subscript,
				    const struct ast_name *field);
struct ast_property *build_property(struct parse *parse,
				    const struct ast_name *name,
				    struct ast_term *value);
struct ast_column *build_column(struct parse *parse,
				const struct ast_name *name,
				struct ast_type *type);
void column_set_flags(struct parse *parse, struct ast_column *column,
		      int flags);
struct ast_primary_key *build_primary_key(struct parse *parse,
					  struct ast_place start,
					  const struct name_list *partition_key,
					  const struct name_list *clustering);
void table_body_add_key(struct table_body *body, struct ast_primary_key *key);
void table_with_add(struct parse *parse, struct table_with *with,
		    const struct table_with *more);
/* A copy; the statement's name comes later. */
struct ast_alter *build_alter(struct parse *parse,
			      const struct ast_alter *contents);
struct ast_statement *build_alter_statement(
	struct parse *parse, enum ast_statement_kind kind,
	struct ast_place start, bool if_exists,
	const struct ast_qualified_name *name, const struct ast_alter *alter);
struct ast_describe *build_describe(struct parse *parse,
				    const struct ast_describe *contents);
struct ast_statement *build_describe_statement(
	struct parse *parse, struct ast_place start,
	const struct ast_describe *describe, bool with_internals);
struct ast_rename *build_rename(struct parse *parse,
				const struct ast_name *from,
				const struct ast_name *to);

#endif
