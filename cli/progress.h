/* SPDX-License-Identifier: MIT
 *
 * How far long work has come, on the last line of a terminal:
 *
 *     CHECK: 43 %, 1.2 of 2.8 GiB, 310.0 MiB/s, 5 s left
 *
 * Shown only when standard error is a terminal, only when the work takes long,
 * and taken away before anything else is written and at the end. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/output.h"

#include <stdint.h>

struct progress {
	const char *what;       /* NULL: nothing is being done */
	struct output *output;  /* what writes to the same terminal */
	double begin_ms;
	double shown_ms;        /* when the line was last written */
	unsigned width;         /* of what is shown; 0: nothing is */
	bool is_at_terminal;
	/* Of the work that this is a part of. */
	void (*before_write)(void *context);
	void *before_write_context;
};

/* ${what} is borrowed. */
void progress_begin(struct progress *progress, struct output *output,
		    const char *what);
/* In bytes; as often as one likes. */
void progress_tell(struct progress *progress, uint64_t done, uint64_t total);
/* Takes the line away; fine when nothing has begun. */
void progress_end(struct progress *progress);

#endif
