/* SPDX-License-Identifier: MIT
 *
 * Runs a statement and prints what it returns, page by page. */
#ifndef CLI_RESULT_H
#define CLI_RESULT_H

#include "base/compiler.h"
#include "cli/render.h"

enum result_outcome {
	RESULT_DONE = 0,
	RESULT_STOPPED = 1,    /* by a signal, at a pause, or unread */
	RESULT_FAILED = -1,    /* the session has the error */
	RESULT_NO_MEMORY = -2
};

struct result_options {
	const struct render *render;
	struct output *output;
	bool is_interactive; /* as in struct result */
	bool is_counted;
	bool is_left;
	bool is_escaped;
	uint32_t page_rows;  /* 0: all rows are one page */
	uint64_t *row_count; /* set to the rows that came, unless NULL */
	/* Between pages, unless NULL: false ends the result. */
	bool (*pause)(void *context);
	void *pause_context;
};

/* Steps ${statement} to its end.  Statements without columns print nothing,
 * and so does one whose first step fails. */
int result_print(logstor_statement *statement,
		 const struct result_options *options) MUST_CHECK;

#endif
