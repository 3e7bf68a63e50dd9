/* SPDX-License-Identifier: MIT */
#include "types/boolean.h"

int
boolean_parse_value(const struct type *type, enum literal_kind kind,
		    struct slice text, struct buffer *out,
		    struct error *error)
{
	(void)type;
	(void)kind;
	if (slice_is_equal_ignoring_case(text, SLICE("true")))
		buffer_append_byte(out, 1);
	else if (slice_is_equal_ignoring_case(text, SLICE("false")))
		buffer_append_byte(out, 0);
	else
		return error_set(error, ERROR_INVALID,
				 "Unable to make boolean from '%.*s'",
				 SLICE_ARGUMENTS(text));
	return 0;
}

int
boolean_compare_values(const struct type *type, struct slice a,
		       struct slice b)
{
	(void)type;
	return (a.data[0] != 0) - (b.data[0] != 0);
}

void
boolean_print_value(const struct type *type, struct slice value,
		    struct print_style style, struct buffer *out)
{
	(void)type;
	if (style.form == VALUE_DISPLAY)
		buffer_append_string(out, value.data[0] ? "True" : "False");
	else
		buffer_append_string(out, value.data[0] ? "true" : "false");
}
