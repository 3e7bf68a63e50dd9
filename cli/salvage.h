/* SPDX-License-Identifier: MIT
 *
 * logstor --salvage DAMAGED NEW: saves what is left of a damaged database, and
 * tells what was saved and what is lost. */
#ifndef CLI_SALVAGE_H
#define CLI_SALVAGE_H

#include "cli/output.h"

enum salvage_outcome {
	SALVAGE_WHOLE = 0, /* everything was saved */
	SALVAGE_LOST = 1,  /* something wasn't */
	SALVAGE_STOPPED = 2,
	SALVAGE_FAILED = -1
};

enum salvage_outcome salvage_databases(struct output *output,
				       const char *from, const char *to);

#endif
