/* SPDX-License-Identifier: MIT
 *
 * RFC 4180 with LF: a header, then a line for each row.  Null is nothing, the
 * empty string is "". */
#include "cli/render.h"

#include "cli/text.h"

static bool
needs_quotes(struct slice field)
{
	for (size_t at = 0; at < field.size; at++) {
		uint8_t byte = field.data[at];

		if (byte == '"' || byte == ',' || byte == '\n' ||
		    byte == '\r')
			return true;
	}
	return field.size == 0;
}

static void
append_field(struct buffer *out, struct slice field)
{
	if (slice_is_null(field))
		return;
	if (needs_quotes(field))
		text_append_quoted(out, field);
	else
		buffer_append_slice(out, field);
}

static void
csv_begin(struct result *result)
{
	struct buffer *out = render_out(result);

	for (uint32_t i = 0; i < result->column_count; i++) {
		struct slice name = slice_from_string(
			logstor_column_name(result->statement, i));
		struct buffer scratch = { 0 };

		if (i > 0)
			buffer_append_byte(out, ',');
		if (result->is_escaped) {
			text_append_escaped(&scratch, name, TEXT_ESCAPE_BIDI);
			name = buffer_slice(&scratch);
		}
		append_field(out, name);
		buffer_finish(&scratch);
	}
	buffer_append_byte(out, '\n');
}

static void
csv_row(struct result *result)
{
	struct buffer *out = render_out(result);
	struct buffer scratch = { 0 };

	for (uint32_t i = 0; i < result->column_count; i++) {
		if (i > 0)
			buffer_append_byte(out, ',');
		append_field(out,
			     render_value(result, i, LOGSTOR_TEXT, &scratch));
	}
	buffer_append_byte(out, '\n');
	buffer_finish(&scratch);
	output_settle(result->output);
}

static void
csv_end(struct result *result)
{
	(void)result;
}

const struct render render_csv = {
	.name = "csv",
	.begin = csv_begin,
	.row = csv_row,
	.end = csv_end,
};
