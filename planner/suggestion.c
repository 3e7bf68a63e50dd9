/* SPDX-License-Identifier: MIT */
#include "planner/suggestion.h"

/* One slip, and one more for every four letters: two letters swapped count as
 * two. */
static size_t
distance_max(struct slice wanted)
{
	return 1 + wanted.size / 4;
}

struct suggestion
suggestion_make(struct slice wanted)
{
	return (struct suggestion){
		.wanted = wanted,
		.distance = distance_max(wanted) + 1,
	};
}

void
suggestion_offer(struct suggestion *suggestion, struct slice name)
{
	size_t distance;

	/* A name of other letters entirely is no correction: `a` for `b`. */
	distance = slice_edit_distance(suggestion->wanted, name);
	if (distance >= suggestion->distance || distance >= name.size)
		return;
	suggestion->distance = distance;
	suggestion->best = name;
}

bool
suggestion_hint(const struct suggestion *suggestion, struct error *error)
{
	if (slice_is_null(suggestion->best))
		return false;
	error_hint(error, "did you mean '%.*s'?",
		   SLICE_ARGUMENTS(suggestion->best));
	return true;
}
