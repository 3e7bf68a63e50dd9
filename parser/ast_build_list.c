/* SPDX-License-Identifier: MIT */
#include "parser/ast_build.h"

#include "base/limits.h"
#include "parser/parse_state.h"

/* A node that could not be made is left out; the parse has failed anyway. */
#define DEFINE_ADD(noun)                                                    \
	void noun##_list_add(struct noun##_list *list,                     \
			     struct ast_##noun *node)                      \
	{                                                                  \
		if (node == NULL)                                          \
			return;                                            \
		if (list->first == NULL)                                   \
			list->first = node;                                \
		else                                                       \
			list->last->next = node;                           \
		list->last = node;                                         \
	}

#define DEFINE_LIST(noun)                                                   \
	DEFINE_ADD(noun)                                                   \
	struct noun##_list build_##noun##_list(struct ast_##noun *node)    \
	{                                                                  \
		struct noun##_list list = { 0 };                           \
                                                                            \
		noun##_list_add(&list, node);                              \
		return list;                                               \
	}

DEFINE_LIST(selector)
DEFINE_LIST(ordering)
DEFINE_LIST(assignment)
DEFINE_LIST(deletion)
DEFINE_LIST(property)
DEFINE_LIST(column)
DEFINE_LIST(rename)
DEFINE_ADD(statement)

void
name_list_add(struct parse *parse, struct name_list *list,
	      const struct ast_name *name)
{
	struct ast_name_list *node = arena_new(parse->arena,
					       struct ast_name_list);

	if (node == NULL) {
		parse_fail_memory(parse);
		return;
	}
	node->name = *name;
	if (list->first == NULL)
		list->first = node;
	else
		list->last->next = node;
	list->last = node;
}

struct name_list
build_name_list(struct parse *parse, const struct ast_name *name)
{
	struct name_list list = { 0 };

	name_list_add(parse, &list, name);
	return list;
}

void
term_list_add(struct parse *parse, struct term_list *list,
	      struct ast_term *term)
{
	if (term == NULL)
		return;
	if (list->count >= TERMS_MAX) {
		parse_fail_limit(parse, term->place,
				 "more than %d values in one list", TERMS_MAX);
		return;
	}
	if (list->first == NULL)
		list->first = term;
	else
		list->last->next = term;
	list->last = term;
	list->count++;
	if (term->depth > list->depth)
		list->depth = term->depth;
}

struct term_list
build_term_list(struct parse *parse, struct ast_term *term)
{
	struct term_list list = { 0 };

	term_list_add(parse, &list, term);
	return list;
}

void
type_list_add(struct parse *parse, struct type_list *list,
	      struct ast_type *type)
{
	if (list->dimension.size != 0)
		parse_fail(parse, list->dimension,
			   "a dimension must be the last argument of a type");
	if (type == NULL)
		return;
	if (list->first == NULL)
		list->first = type;
	else
		list->last->next = type;
	list->last = type;
	if (type->depth > list->depth)
		list->depth = type->depth;
}

struct type_list
build_type_list(struct parse *parse, struct ast_type *type)
{
	struct type_list list = { 0 };

	type_list_add(parse, &list, type);
	return list;
}

void
type_list_set_dimension(struct parse *parse, struct type_list *list,
			struct ast_place dimension)
{
	if (list->dimension.size != 0)
		parse_fail(parse, dimension, "a type has one dimension");
	list->dimension = dimension;
}

void
relation_list_add(struct parse *parse, struct relation_list *list,
		  struct ast_relation *relation)
{
	if (relation == NULL)
		return;
	if (list->count >= RELATIONS_MAX) {
		parse_fail_limit(parse, relation->place,
				 "too many relations in one clause: at most %d",
				 RELATIONS_MAX);
		return;
	}
	if (list->first == NULL)
		list->first = relation;
	else
		list->last->next = relation;
	list->last = relation;
	list->count++;
}

struct relation_list
build_relation_list(struct ast_relation *relation)
{
	struct relation_list list = { relation, relation, 1 };

	return list;
}
