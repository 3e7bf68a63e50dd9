/* SPDX-License-Identifier: MIT
 *
 * What the tests of types need from the layers above: types and constants
 * read from CQL's spelling, collections and tuples included. */
#ifndef TESTS_UNIT_TYPES_LITERAL_H
#define TESTS_UNIT_TYPES_LITERAL_H

#include "types/value.h"

/* The type that ${text} spells; the test fails when it spells none. */
const struct type *literal_type(struct arena *arena, const char *text);

/* Reads one constant from the front of ${text} and moves it on; what the
 * constant makes of a value lives in the arena. */
MUST_CHECK int literal_read(struct arena *arena, const struct type *type,
			    struct slice *text, struct slice *value,
			    struct error *error);

/* The value of a whole constant; the test fails when it has none. */
struct slice literal_value(struct arena *arena, const struct type *type,
			   const char *text);

/* What value_print() makes of it, as a string in the arena. */
const char *literal_print(struct arena *arena, const struct type *type,
			  struct slice value, enum value_form form);

#endif
