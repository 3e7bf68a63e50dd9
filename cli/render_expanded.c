/* SPDX-License-Identifier: MIT
 *
 * cqlsh's EXPAND ON, to the byte: a line for each column, both sides aligned
 * on the left. */
#include "cli/render.h"

#include <inttypes.h>

static size_t
widest(const struct page *page, size_t first_row, size_t last_row)
{
	size_t width = 0;

	for (size_t row = first_row; row <= last_row; row++)
		for (uint32_t i = 0; i < page->column_count; i++)
			if (page_cell(page, row, i)->width > width)
				width = page_cell(page, row, i)->width;
	return width;
}

static void
append_row(struct buffer *out, const struct page *page, size_t row,
	   size_t name_width)
{
	for (uint32_t i = 0; i < page->column_count; i++) {
		const struct page_cell *name = page_cell(page, 0, i);
		const struct page_cell *value = page_cell(page, row, i);

		buffer_append_byte(out, ' ');
		buffer_append_slice(out, page_cell_text(page, name));
		buffer_append_repeated(out, ' ', name_width - name->width);
		buffer_append_string(out, " | ");
		buffer_append_slice(out, page_cell_text(page, value));
		buffer_append_byte(out, '\n');
	}
	buffer_append_byte(out, '\n');
}

static void
expanded_begin(struct result *result)
{
	buffer_append_byte(render_out(result), '\n');
}

static void
expanded_page(struct result *result)
{
	const struct page *page = &result->page;
	size_t row_count = page_row_count(page);
	uint64_t number = result->row_count - row_count;
	size_t name_width = widest(page, 0, 0);
	size_t value_width = row_count > 0 ? widest(page, 1, row_count) : 0;

	/* Without rows there is only a table's header to show. */
	if (row_count == 0) {
		render_table_header(result);
		buffer_append_byte(render_out(result), '\n');
	}
	for (size_t row = 1; row <= row_count; row++) {
		struct buffer *out = render_out(result);

		buffer_printf(out, "@ Row %" PRIu64 "\n-", ++number);
		buffer_append_repeated(out, '-', name_width);
		buffer_append_string(out, "-+-");
		buffer_append_repeated(out, '-', value_width);
		buffer_append_string(out, "-\n");
		append_row(out, page, row, name_width);
		output_settle(result->output);
	}
}

const struct render render_expanded = {
	.name = "expanded",
	.begin = expanded_begin,
	.page = expanded_page,
	.end = render_table_count,
};
