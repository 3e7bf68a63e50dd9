/* SPDX-License-Identifier: MIT
 *
 * A JSON object for each row, on a line of its own. */
#include "cli/render.h"

#include "cli/text.h"

static void
append_name(struct buffer *out, struct slice name, bool is_escaped)
{
	struct buffer quoted = { 0 };

	for (size_t at = 0; at < name.size; at++) {
		uint8_t byte = name.data[at];

		if (byte == '"' || byte == '\\')
			buffer_append_byte(&quoted, '\\');
		if (byte < 0x20)
			buffer_printf(&quoted, "\\u%04x", (unsigned)byte);
		else
			buffer_append_byte(&quoted, byte);
	}
	out->has_failed |= quoted.has_failed;
	if (is_escaped)
		text_append_escaped(out, buffer_slice(&quoted),
				    TEXT_ESCAPE_BIDI | TEXT_ESCAPE_JSON);
	else
		buffer_append_slice(out, buffer_slice(&quoted));
	buffer_finish(&quoted);
}

static void
json_begin(struct result *result)
{
	(void)result;
}

static void
json_row(struct result *result)
{
	struct buffer *out = render_out(result);
	struct buffer scratch = { 0 };

	buffer_append_byte(out, '{');
	for (uint32_t i = 0; i < result->column_count; i++) {
		const char *name = logstor_column_name(result->statement, i);

		buffer_append_string(out, i == 0 ? "\"" : ", \"");
		append_name(out, slice_from_string(name), result->is_escaped);
		buffer_append_string(out, "\": ");
		buffer_append_slice(out, render_value(result, i, LOGSTOR_JSON,
						      &scratch));
	}
	buffer_append_string(out, "}\n");
	buffer_finish(&scratch);
	output_settle(result->output);
}

const struct render render_json = {
	.name = "json",
	.begin = json_begin,
	.row = json_row,
	.end = json_begin,
};
