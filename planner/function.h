/* SPDX-License-Identifier: MIT
 *
 * The table of native functions: a row for each signature.  token, writetime,
 * ttl and count are no functions but expressions of their own, since they
 * look at more than values. */
#ifndef PLANNER_FUNCTION_H
#define PLANNER_FUNCTION_H

#include "planner/expression.h"

enum { FUNCTION_ARGUMENTS_MAX = 4 };

struct function {
	const char *name; /* lower case */
	enum type_kind result;
	uint32_t argument_count;
	enum type_kind arguments[FUNCTION_ARGUMENTS_MAX];
	/* Gives the same for the same arguments; the others are called once
	 * an execution. */
	bool is_pure;
	/* Appends the result to ${out}; no argument is null (a null argument
	 * makes the result null without a call). FUNCTION_NULL: the result is
	 * null. */
	int (*evaluate)(const struct evaluation *evaluation,
			const struct slice *arguments, struct buffer *out,
			struct error *error);
};

enum { FUNCTION_NULL = 1 };

/* The next signature of ${name} (any case) behind ${previous} (NULL: the
 * first), or NULL. */
const struct function *function_find(struct slice name,
				     const struct function *previous);

/* A function of CQL's that isn't here yet. */
bool function_is_known(struct slice name);

/* In alphabetical order, names once each and in the older of two spellings,
 * with token, count, writetime and ttl; NULL behind the last. */
const char *function_name_at(size_t index);

#endif
