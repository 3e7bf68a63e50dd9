/* SPDX-License-Identifier: MIT
 *
 * "did you mean 'users'?": of the names that exist, the one nearest to a name
 * that doesn't.  Offer every candidate, then ask for the hint. */
#ifndef PLANNER_SUGGESTION_H
#define PLANNER_SUGGESTION_H

#include "base/error.h"
#include "base/slice.h"

struct suggestion {
	struct slice wanted;
	struct slice best;  /* null: nothing near enough; borrowed */
	size_t distance;
};

struct suggestion suggestion_make(struct slice wanted);
void suggestion_offer(struct suggestion *suggestion, struct slice name);

/* Sets the hint when something was near; tells whether it did. */
bool suggestion_hint(const struct suggestion *suggestion,
		     struct error *error);

#endif
