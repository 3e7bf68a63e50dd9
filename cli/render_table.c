/* SPDX-License-Identifier: MIT
 *
 * cqlsh's table, to the byte: names on the left of their columns, values on
 * the right, no blanks behind the header, each page as wide as it needs. */
#include "cli/render.h"

#include <assert.h>
#include <inttypes.h>

static void
append_header(struct buffer *out, const struct page *page)
{
	size_t last = 0; /* behind the last byte that isn't a blank */

	buffer_append_byte(out, ' ');
	for (uint32_t i = 0; i < page->column_count; i++) {
		const struct page_cell *name = page_cell(page, 0, i);

		if (i > 0)
			buffer_append_string(out, " | ");
		buffer_append_slice(out, page_cell_text(page, name));
		buffer_append_repeated(out, ' ',
				       page_column_width(page, i) -
					       name->width);
	}
	for (last = out->size; !out->has_failed && last > 0; last--)
		if (out->data[last - 1] != ' ')
			break;
	if (!out->has_failed)
		out->size = last;
	buffer_append_byte(out, '\n');
}

void
render_table_header(struct result *result)
{
	struct buffer *out = render_out(result);
	const struct page *page = &result->page;

	append_header(out, page);
	buffer_append_byte(out, '-');
	for (uint32_t i = 0; i < page->column_count; i++) {
		if (i > 0)
			buffer_append_string(out, "-+-");
		buffer_append_repeated(out, '-', page_column_width(page, i));
	}
	buffer_append_string(out, "-\n");
}

/* Where the indentation of a text matters. */
static void
append_row_left(struct buffer *out, const struct page *page, size_t row)
{
	for (uint32_t i = 0; i < page->column_count; i++) {
		const struct page_cell *cell = page_cell(page, row, i);

		buffer_append_string(out, i == 0 ? " " : " | ");
		buffer_append_slice(out, page_cell_text(page, cell));
		if (i + 1 < page->column_count)
			buffer_append_repeated(out, ' ',
					       page_column_width(page, i) -
						       cell->width);
	}
	buffer_append_byte(out, '\n');
}

static void
append_row(struct buffer *out, const struct page *page, const size_t *widths,
	   size_t row)
{
	for (uint32_t i = 0; i < page->column_count; i++) {
		const struct page_cell *cell = page_cell(page, row, i);

		buffer_append_string(out, i == 0 ? " " : " | ");
		buffer_append_repeated(out, ' ', widths[i] - cell->width);
		buffer_append_slice(out, page_cell_text(page, cell));
	}
	buffer_append_byte(out, '\n');
}

static void
table_rows(struct result *result)
{
	const struct page *page = &result->page;
	struct buffer widths = { 0 };
	size_t *width = (size_t *)(void *)buffer_extend(
		&widths, page->column_count * sizeof(*width));

	if (width == NULL) {
		result->has_failed = true;
		return;
	}
	for (uint32_t i = 0; i < page->column_count; i++)
		width[i] = page_column_width(page, i);
	for (size_t row = 1; row <= page_row_count(page); row++) {
		if (result->is_left)
			append_row_left(render_out(result), page, row);
		else
			append_row(render_out(result), page, width, row);
		output_settle(result->output);
	}
	buffer_finish(&widths);
}

static void
table_begin(struct result *result)
{
	buffer_append_byte(render_out(result), '\n');
}

static void
table_page(struct result *result)
{
	size_t row_count = page_row_count(&result->page);

	if (result->page_count == 0 || result->is_interactive)
		render_table_header(result);
	if (row_count > 0)
		table_rows(result);
	if (row_count == 0 || result->is_interactive)
		buffer_append_byte(render_out(result), '\n');
}

void
render_table_count(struct result *result)
{
	struct buffer *out = render_out(result);

	if (!result->is_counted)
		return;
	if (!result->is_interactive)
		buffer_append_byte(out, '\n');
	buffer_printf(out, "(%" PRIu64 " rows)\n", result->row_count);
}

const struct render render_table = {
	.name = "table",
	.begin = table_begin,
	.page = table_page,
	.end = render_table_count,
};
