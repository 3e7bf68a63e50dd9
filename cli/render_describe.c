/* SPDX-License-Identifier: MIT
 *
 * DESCRIBE's rows as cqlsh prints them: names side by side in columns, by
 * keyspace where none is in use, and definitions as they are.
 *
 * A listing is gathered in the result's page: row 0 is the keyspace, the
 * names are below. */
#include "cli/render.h"

#include "base/utf8.h"
#include "cli/text.h"

enum { LINE_WIDTH = 80, GAP_WIDTH = 2 };

/* The column of a name, or -1. */
static int64_t
find_column(const struct result *result, const char *name)
{
	for (uint32_t i = 0; i < result->column_count; i++)
		if (strcmp(logstor_column_name(result->statement, i), name) ==
		    0)
			return i;
	return -1;
}

/* The value of a named column; null when there is no such column. */
static struct slice
named_value(struct result *result, const char *name, struct buffer *scratch)
{
	int64_t column = find_column(result, name);

	if (column < 0)
		return SLICE_NULL;
	return render_value(result, (uint32_t)column, LOGSTOR_TEXT, scratch);
}

static size_t
column_width(const struct page *page, size_t first, size_t count)
{
	size_t end = first + count;
	size_t width = 0;

	for (size_t row = first; row < end && row <= page_row_count(page);
	     row++)
		if (page_cell(page, row, 0)->width > width)
			width = page_cell(page, row, 0)->width;
	return width;
}

/* Would the names fit on the line, ${height} of them below one another? */
static bool
fits(const struct page *page, size_t height)
{
	size_t count = page_row_count(page);
	size_t width = 0;

	for (size_t first = 1; first <= count; first += height)
		width += column_width(page, first, height) + GAP_WIDTH;
	return width <= LINE_WIDTH + GAP_WIDTH;
}

static void
append_names(struct buffer *out, const struct page *page)
{
	size_t count = page_row_count(page);
	size_t height = 1;

	while (height < count && !fits(page, height))
		height++;
	for (size_t line = 1; line <= height; line++) {
		for (size_t row = line; row <= count; row += height) {
			const struct page_cell *cell = page_cell(page, row, 0);
			size_t width = column_width(page, row - line + 1,
						    height);

			buffer_append_slice(out, page_cell_text(page, cell));
			if (row + height <= count)
				buffer_append_repeated(
					out, ' ',
					width - cell->width + GAP_WIDTH);
		}
		buffer_append_byte(out, '\n');
	}
}

static void
print_listing(struct result *result)
{
	struct buffer *out = render_out(result);
	struct page *page = &result->page;
	struct slice keyspace;

	if (page->cell_count == 0 || page_has_failed(page))
		return;
	keyspace = page_cell_text(page, page_cell(page, 0, 0));
	buffer_append_byte(out, '\n');
	if (keyspace.size > 0 &&
	    logstor_session_keyspace(
		    logstor_statement_session(result->statement)) == NULL) {
		buffer_printf(out, "Keyspace %.*s\n",
			      SLICE_ARGUMENTS(keyspace));
		buffer_append_repeated(out, '-',
				       sizeof("Keyspace ") - 1 +
					       utf8_width(keyspace));
		buffer_append_byte(out, '\n');
	}
	append_names(out, page);
}

static void
begin_listing(struct page *page, struct slice keyspace)
{
	page->cell_count = 0;
	page->cell_start = 0;
	buffer_clear(&page->text);
	buffer_append_slice(&page->text, keyspace);
	page_end_cell(page);
}

static void
collect_name(struct result *result)
{
	struct page *page = &result->page;
	struct buffer scratch = { 0 };
	struct slice keyspace = named_value(result, "type", &scratch);

	/* Keyspaces themselves are listed without a heading. */
	if (slice_is_equal(keyspace, SLICE("keyspace")))
		keyspace = SLICE("");
	else
		keyspace = named_value(result, "keyspace_name", &scratch);
	if (page->cell_count == 0 ||
	    !slice_is_equal(page_cell_text(page, page_cell(page, 0, 0)),
			    keyspace)) {
		print_listing(result);
		begin_listing(page, keyspace);
	}
	buffer_append_slice(&page->text,
			    named_value(result, "name", &scratch));
	page_end_cell(page);
	buffer_finish(&scratch);
}

static void
print_cluster(struct result *result)
{
	static const struct {
		const char *title, *column;
	} lines[] = {
		{ "Cluster", "cluster" },
		{ "Partitioner", "partitioner" },
		{ "Snitch", "snitch" },
	};
	struct buffer *out = render_out(result);
	struct buffer scratch = { 0 };

	buffer_append_byte(out, '\n');
	for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
		buffer_printf(out, "%s: ", lines[i].title);
		buffer_append_slice(out, named_value(result, lines[i].column,
						     &scratch));
		buffer_append_byte(out, '\n');
	}
	buffer_finish(&scratch);
}

static void
describe_begin(struct result *result)
{
	result->page.column_count = 1;
	result->page.cell_count = 0;
}

static void
describe_row(struct result *result)
{
	struct buffer *out = render_out(result);
	struct buffer scratch = { 0 };
	struct slice statement;

	if (find_column(result, "cluster") >= 0) {
		print_cluster(result);
		return;
	}
	statement = named_value(result, "create_statement", &scratch);
	if (slice_is_null(statement)) {
		collect_name(result);
	} else {
		buffer_append_byte(out, '\n');
		buffer_append_slice(out, statement);
		buffer_append_byte(out, '\n');
		output_settle(result->output);
	}
	buffer_finish(&scratch);
}

static void
describe_end(struct result *result)
{
	if (result->row_count == 0)
		buffer_append_string(render_out(result), "\n<empty>\n");
	else
		print_listing(result);
	buffer_append_byte(render_out(result), '\n');
}

const struct render render_describe = {
	.name = "describe",
	.begin = describe_begin,
	.row = describe_row,
	.end = describe_end,
};
