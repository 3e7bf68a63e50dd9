/* SPDX-License-Identifier: MIT */
#include "cli/page.h"

#include "base/utf8.h"
#include "cli/width.h"

#include <assert.h>
#include <stdlib.h>

enum { CELL_CAPACITY_FIRST = 256 };

void
page_finish(struct page *page)
{
	buffer_finish(&page->text);
	free(page->cells);
	*page = (struct page){ 0 };
}

void
page_clear(struct page *page)
{
	const struct page_cell *last;

	if (page->cell_count < page->column_count)
		return;
	page->cell_count = page->column_count;
	last = &page->cells[page->cell_count - 1];
	page->cell_start = last->offset + last->size;
	page->text.size = page->cell_start;
}

static bool
reserve_cell(struct page *page)
{
	size_t capacity = page->cell_capacity;
	struct page_cell *cells;

	if (page->cell_count < capacity)
		return true;
	capacity = capacity == 0 ? CELL_CAPACITY_FIRST : 2 * capacity;
	cells = realloc(page->cells, capacity * sizeof(*cells));
	if (cells == NULL) {
		page->text.has_failed = true;
		return false;
	}
	page->cells = cells;
	page->cell_capacity = capacity;
	return true;
}

void
page_end_cell(struct page *page)
{
	struct page_cell *cell;

	if (page->text.has_failed || !reserve_cell(page))
		return;
	cell = &page->cells[page->cell_count++];
	cell->offset = page->cell_start;
	cell->size = page->text.size - page->cell_start;
	cell->width = page->is_for_terminal
			      ? utf8_width(page_cell_text(page, cell))
			      : width_in_cqlsh(page_cell_text(page, cell));
	page->cell_start = page->text.size;
}

size_t
page_row_count(const struct page *page)
{
	return page->cell_count / page->column_count - 1;
}

const struct page_cell *
page_cell(const struct page *page, size_t row, uint32_t column)
{
	size_t index = row * page->column_count + column;

	assert(index < page->cell_count);
	return &page->cells[index];
}

struct slice
page_cell_text(const struct page *page, const struct page_cell *cell)
{
	struct slice text = slice_from(buffer_slice(&page->text),
				       cell->offset);

	return slice_make(text.data, cell->size);
}

size_t
page_column_width(const struct page *page, uint32_t column)
{
	size_t width = 0;

	for (size_t at = column; at < page->cell_count;
	     at += page->column_count)
		if (page->cells[at].width > width)
			width = page->cells[at].width;
	return width;
}

bool
page_has_failed(const struct page *page)
{
	return page->text.has_failed;
}
