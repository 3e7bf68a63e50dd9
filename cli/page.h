/* SPDX-License-Identifier: MIT
 *
 * The cells of one page of a result: column names in row 0, values below, as
 * text with the width that it takes on a terminal. */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include "base/buffer.h"

struct page_cell {
	size_t offset; /* in the page's text */
	size_t size;
	size_t width;  /* cells on a terminal */
};

struct page {
	struct buffer text;
	struct page_cell *cells; /* row by row */
	size_t cell_count;
	size_t cell_capacity;
	size_t cell_start;       /* where the next cell's text begins */
	uint32_t column_count;   /* above 0 */
	bool is_for_terminal;    /* real widths, not cqlsh's */
};

/* A zeroed page with its column_count set is ready for use. */
void page_finish(struct page *page);
/* Forgets all rows but the names. */
void page_clear(struct page *page);

/* Ends a cell: its text is what was appended to page->text since the last
 * one. */
void page_end_cell(struct page *page);

/* Rows of values. */
size_t page_row_count(const struct page *page);
/* Row 0 has the names, values begin with row 1. */
const struct page_cell *page_cell(const struct page *page, size_t row,
				  uint32_t column);
struct slice page_cell_text(const struct page *page,
			    const struct page_cell *cell);

/* The widest cell of a column, its name included. */
size_t page_column_width(const struct page *page, uint32_t column);

bool page_has_failed(const struct page *page);

#endif
