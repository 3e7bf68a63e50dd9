/* SPDX-License-Identifier: MIT
 *
 * Delta debugging: ever smaller stretches of a plan are left out for as long
 * as it still fails in the same way. */
#include "tests/simulator/episode.h"

#include "tests/simulator/memory.h"

#include <stdlib.h>
#include <string.h>

static void
copy_without(struct plan *to, const struct plan *from, size_t first,
	     size_t count)
{
	*to = *from;
	to->count = from->count - count;
	to->operations = memory_take((to->count + 1) * sizeof(*to->operations));
	memcpy(to->operations, from->operations,
	       first * sizeof(*to->operations));
	memcpy(to->operations + first, from->operations + first + count,
	       (to->count - first) * sizeof(*to->operations));
}

/* Whether it fails without them too; then they are left out. */
static bool
leave_out(struct plan *plan, size_t first, size_t count,
	  struct result *result)
{
	struct plan shorter;
	struct result now;

	copy_without(&shorter, plan, first, count);
	episode_run(&shorter, false, &now);
	if (now.violation != result->violation) {
		free(shorter.operations);
		return false;
	}
	free(plan->operations);
	*plan = shorter;
	*result = now;
	return true;
}

unsigned
plan_reduce(struct plan *plan, struct result *result)
{
	unsigned runs = 0;

	/* What comes behind the violation never mattered. */
	if (result->operation + 1 < plan->count)
		plan->count = result->operation + 1;
	for (size_t size = plan->count; size > 0; size /= 2) {
		size_t first = 0;

		while (first < plan->count) {
			size_t count = plan->count - first < size ?
					       plan->count - first :
					       size;

			runs++;
			if (!leave_out(plan, first, count, result))
				first += count;
		}
	}
	return runs;
}
