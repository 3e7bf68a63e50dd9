/* SPDX-License-Identifier: MIT */
#include "planner/row_page.h"

#include "planner/paging.h"

static bool
has_pages(const struct plan *plan)
{
	switch (plan->kind) {
	case PLAN_CHECK:
	case PLAN_DESCRIBE:
	case PLAN_EXPLAIN:
	case PLAN_SHOW_STORAGE:
		return true;
	default:
		return false;
	}
}

int
row_page_begin(struct row_page *page, const struct plan *plan,
	       struct slice text, uint32_t rows, struct slice state,
	       struct buffer *next_state, struct error *error)
{
	int result = 0;

	*page = (struct row_page){
		.is_on = has_pages(plan),
		.rows = rows,
		.next_state = next_state,
	};
	if (!page->is_on || (rows == 0 && state.size == 0))
		return 0;
	page->fingerprint = paging_fingerprint(text, NULL);
	if (state.size > 0)
		result = paging_decode_rows(state, page->fingerprint,
					    &page->before, error);
	page->to_skip = page->before;
	buffer_clear(next_state);
	return result;
}

enum row_page_answer
row_page_take(struct row_page *page)
{
	if (!page->is_on)
		return ROW_PAGE_GIVE;
	if (page->to_skip > 0) {
		page->to_skip--;
		return ROW_PAGE_SKIP;
	}
	if (page->rows == 0 || page->given < page->rows) {
		page->given++;
		return ROW_PAGE_GIVE;
	}
	paging_encode_rows(page->before + page->given, page->fingerprint,
			   page->next_state);
	return ROW_PAGE_FULL;
}
