/* SPDX-License-Identifier: MIT */
#include "cli/render.h"

#include "base/compiler.h"
#include "cli/text.h"

const struct render *
render_find(struct slice name)
{
	static const struct render *const renders[] = {
		&render_table,
		&render_expanded,
		&render_csv,
		&render_json,
	};

	for (size_t i = 0; i < ARRAY_COUNT(renders); i++)
		if (slice_is_equal_ignoring_case(
			    slice_from_string(renders[i]->name), name))
			return renders[i];
	return NULL;
}

bool
render_is_planned(struct slice name)
{
	return slice_is_equal_ignoring_case(name, SLICE("markdown")) ||
	       slice_is_equal_ignoring_case(name, SLICE("insert"));
}

struct buffer *
render_out(struct result *result)
{
	return output_begin(result->output, OUTPUT_RESULTS);
}

struct slice
render_value(struct result *result, uint32_t column,
	     enum logstor_text_form form, struct buffer *scratch)
{
	unsigned escapes = TEXT_ESCAPE_BIDI;
	size_t size = 0;
	const char *text;

	if (form == LOGSTOR_TEXT &&
	    logstor_column_is_null(result->statement, column))
		return SLICE_NULL;
	text = logstor_column_text(result->statement, column, form, &size);
	if (text == NULL) {
		result->has_failed = true;
		return slice_make("", 0);
	}
	if (!result->is_escaped)
		return slice_make(text, size);
	if (form == LOGSTOR_JSON)
		escapes |= TEXT_ESCAPE_JSON;
	if (form == LOGSTOR_TEXT)
		escapes |= TEXT_KEEP_LINES;
	buffer_clear(scratch);
	text_append_escaped(scratch, slice_make(text, size), escapes);
	result->has_failed |= scratch->has_failed;
	return buffer_slice(scratch);
}
