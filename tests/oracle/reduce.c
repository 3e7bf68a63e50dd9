/* SPDX-License-Identifier: MIT
 *
 * Delta debugging (Zeller): leave out half of the operations, then quarters,
 * and so on down to single ones, and keep what still fails. */
#include "tests/oracle/episode.h"

#include <string.h>

enum { RUNS_MAX = 3000 };

/* Does it still fail without ${size} operations from ${first} on?  Then it
 * ends where it fails. */
static bool
try_without(struct episode *episode, struct model *model, const char *path,
	    size_t first, size_t size, struct failure *failure)
{
	struct episode shorter = *episode;
	struct failure found = { 0 };

	memmove(&shorter.operations[first], &shorter.operations[first + size],
		(shorter.count - first - size) *
			sizeof(shorter.operations[0]));
	shorter.count -= size;
	if (!episode_run(&shorter, model, path, &found)) {
		failure_finish(&found);
		return false;
	}
	shorter.count = found.index + 1;
	*episode = shorter;
	failure_finish(failure);
	*failure = found;
	return true;
}

void
episode_reduce(struct episode *episode, struct model *model, const char *path,
	       struct failure *failure)
{
	unsigned runs = 0;
	bool has_shrunk;
	size_t end;

	episode->count = failure->index + 1;
	for (size_t size = episode->count / 2; size > 0;
	     size = has_shrunk ? size : size / 2) {
		has_shrunk = false;
		end = episode->count - 1;
		while (end >= size && runs++ < RUNS_MAX) {
			if (try_without(episode, model, path, end - size, size,
					failure)) {
				has_shrunk = true;
				end = episode->count - 1;
			} else {
				end -= size;
			}
		}
	}
}
