/* SPDX-License-Identifier: MIT
 *
 * The value of a property in WITH, read as the kind of value that it must be,
 * and its normal form: the text that DESCRIBE prints and that reads back as
 * the same value. */
#ifndef PLANNER_OPTION_VALUE_H
#define PLANNER_OPTION_VALUE_H

#include "base/arena.h"
#include "base/error.h"
#include "parser/ast.h"

/* One `'name': value` of a map; everything in such a map is text. */
struct option_entry {
	struct slice name;
	struct slice value;
	bool is_hex; /* written 0x…, and printed so */
	struct ast_place place; /* of the value */
};

struct option_map {
	struct option_entry *entries; /* sorted by name, 'class' first */
	uint32_t count;
};

/* The property's value as …; otherwise CQL's words for what it should be. */
MUST_CHECK int option_read_text(const struct ast_property *property,
				struct slice *text, struct error *error);
MUST_CHECK int option_read_integer(const struct ast_property *property,
				   int64_t *number, struct error *error);
MUST_CHECK int option_read_number(const struct ast_property *property,
				  double *number, struct error *error);
MUST_CHECK int option_read_boolean(const struct ast_property *property,
				   bool *truth, struct error *error);
MUST_CHECK int option_read_map(const struct ast_property *property,
			       struct arena *arena, struct option_map *map,
			       struct error *error);
bool option_is_map(const struct ast_property *property);

/* NULL when the map has no such entry. */
const struct option_entry *option_map_find(const struct option_map *map,
					   const char *name);

/* A whole number of 64 bits in text; false when it is none. */
bool option_parse_integer(struct slice text, int64_t *number);

/* Normal forms, in ${arena}; null when out of memory. */
struct slice option_print_text(struct slice text, struct arena *arena);
struct slice option_print_integer(int64_t number, struct arena *arena);
struct slice option_print_number(double number, struct arena *arena);
struct slice option_print_boolean(bool truth, struct arena *arena);
struct slice option_print_map(const struct option_map *map,
			      struct arena *arena);

/* An error that points at a property's value. */
#define option_error(error, code, property, ...)                         \
	error_at((error), (code), (property)->value->place.start,        \
		 (property)->value->place.size, __VA_ARGS__)

#endif
