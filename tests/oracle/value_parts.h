/* SPDX-License-Identifier: MIT
 *
 * A value under construction: its three forms grow together. */
#ifndef TESTS_ORACLE_VALUE_PARTS_H
#define TESTS_ORACLE_VALUE_PARTS_H

#include "tests/oracle/value.h"

struct value_parts {
	struct buffer literal;
	struct buffer wire;
	struct buffer order;
};

void value_parts_finish(struct value_parts *parts);
struct value value_parts_take(struct value_parts *parts, struct arena *arena);

/* Fill in a random value of a native type. */
void native_random(struct random *random, enum value_kind kind,
		   struct value_parts *parts);
const char *native_name(enum value_kind kind);

#endif
