/* SPDX-License-Identifier: MIT
 *
 * Pages of statements whose rows have no keys to go on from: CHECK, DESCRIBE,
 * EXPLAIN, SHOW STORAGE.  A page goes on by running the statement anew and
 * leaving out the rows that were given. */
#ifndef PLANNER_ROW_PAGE_H
#define PLANNER_ROW_PAGE_H

#include "planner/plan.h"

struct row_page {
	bool is_on;          /* of a plan without keys */
	uint32_t rows;       /* of a page; 0: all */
	uint32_t given;      /* of this page */
	uint64_t before;     /* given by the pages before */
	uint64_t to_skip;    /* of them, still */
	uint64_t fingerprint;
	struct buffer *next_state;
};

/* ${state}: where the page begins, empty at the start; ${next_state} is
 * emptied, and set when a row follows the page. */
MUST_CHECK int row_page_begin(struct row_page *page, const struct plan *plan,
			      struct slice text, uint32_t rows,
			      struct slice state, struct buffer *next_state,
			      struct error *error);

enum row_page_answer {
	ROW_PAGE_GIVE, /* the row is one of the page */
	ROW_PAGE_SKIP, /* ask for another */
	ROW_PAGE_FULL  /* it is the next page's */
};
/* About a row that has come. */
enum row_page_answer row_page_take(struct row_page *page);

#endif
