/* SPDX-License-Identifier: MIT
 *
 * An access with its values put in: the keys to look up, or the tokens to
 * scan. */
#ifndef PLANNER_ACCESS_H
#define PLANNER_ACCESS_H

#include "planner/plan.h"

/* The keys that the restrictions name, each once, in the ascending order of
 * the values of their parts; in evaluation->arena, or borrowed from where the
 * values are. */
MUST_CHECK int access_make_keys(const struct table *table,
				const struct key_restriction *restrictions,
				const struct evaluation *evaluation,
				struct slice **keys, size_t *count,
				struct error *error);

struct token_range {
	int64_t first, last; /* both inclusive; first > last: nothing */
};

MUST_CHECK int access_make_range(const struct access *access,
				 const struct evaluation *evaluation,
				 struct token_range *range,
				 struct error *error);

#endif
