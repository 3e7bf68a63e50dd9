/* SPDX-License-Identifier: MIT */
#include "types/value.h"

#include "types/text.h"
#include "types/type_table.h"

#include <assert.h>

int
value_parse(const struct type *type, enum literal_kind kind,
	    struct slice text, struct buffer *out, struct error *error)
{
	const struct type_row *row = type_table_find(type->kind);
	int result;

	if ((row->literals & 1u << kind) == 0)
		return VALUE_WRONG_LITERAL;
	result = row->parse(type, kind, text, out, error);
	if (result == 0 && out->has_failed)
		return error_no_memory(error);
	return result;
}

const char *
literal_kind_name(enum literal_kind kind)
{
	static const char *const names[] = {
		[LITERAL_STRING] = "STRING",   [LITERAL_INTEGER] = "INTEGER",
		[LITERAL_FLOAT] = "FLOAT",     [LITERAL_BOOLEAN] = "BOOLEAN",
		[LITERAL_UUID] = "UUID",       [LITERAL_HEX] = "HEX",
		[LITERAL_DURATION] = "DURATION",
	};

	assert((unsigned)kind < ARRAY_COUNT(names));
	return names[kind];
}

int
value_validate(const struct type *type, struct slice value,
	       struct error *error)
{
	const struct type_row *row = type_table_find(type->kind);

	if (slice_is_null(value))
		return 0;
	if (value.size == 0 && row->is_empty_allowed)
		return 0;
	if (row->size != 0 && value.size != row->size)
		return error_set(error, ERROR_INVALID,
				 "expected %u bytes for a value of type %s, "
				 "got %zu", row->size, row->name, value.size);
	return row->validate == NULL ? 0 : row->validate(type, value, error);
}

int
value_compare(const struct type *type, struct slice a, struct slice b)
{
	const struct type_row *row = type_table_find(type->kind);

	assert(!slice_is_null(a) && !slice_is_null(b));
	/* Empty comes first, and tells the rest that there are bytes. */
	if (row->size != 0 && (a.size == 0 || b.size == 0))
		return (a.size != 0) - (b.size != 0);
	return row->compare(type, a, b);
}

uint8_t
print_style_quote(struct print_style style, bool is_quoted_inside)
{
	switch (style.form) {
	case VALUE_LITERAL:
		return '\'';
	case VALUE_JSON:
		return '"';
	case VALUE_TEXT:
		return style.is_inside ? '\'' : 0;
	case VALUE_DISPLAY:
		return style.is_inside && is_quoted_inside ? '\'' : 0;
	}
	return 0;
}

void
print_style_append(uint8_t quote, struct buffer *out)
{
	if (quote != 0)
		buffer_append_byte(out, quote);
}

/* cqlsh prints Python's word for a null that stands inside a tuple, the only
 * place where one can. */
static void
print_null(struct print_style style, struct buffer *out)
{
	if (style.form == VALUE_TEXT && !style.is_inside)
		return;
	buffer_append_string(out, style.form == VALUE_DISPLAY &&
				  style.is_inside ? "None" : "null");
}

/* CQL has no constant for the empty value of a type like int, but a function
 * that makes one.  cqlsh shows it as null. */
static void
print_empty(const struct type_row *row, struct print_style style,
	    struct buffer *out)
{
	if (style.form == VALUE_JSON) {
		buffer_append_string(out, "\"\"");
	} else if (style.form == VALUE_DISPLAY) {
		print_null(style, out);
	} else if (style.form == VALUE_LITERAL || style.is_inside) {
		buffer_append_string(out, "blobAs");
		buffer_append_byte(out, (uint8_t)(row->name[0] - 'a' + 'A'));
		buffer_append_string(out, row->name + 1);
		buffer_append_string(out, "(0x)");
	}
}

void
value_print_styled(const struct type *type, struct slice value,
		   struct print_style style, struct buffer *out)
{
	const struct type_row *row = type_table_find(type->kind);

	if (slice_is_null(value))
		print_null(style, out);
	else if (value.size == 0 &&
		 (row->size != 0 || type->kind == TYPE_INET))
		print_empty(row, style, out);
	else
		row->print(type, value, style, out);
}

void
value_print(const struct type *type, struct slice value, enum value_form form,
	    struct buffer *out)
{
	struct print_style style = { form, false };

	if (value_validate(type, value, NULL) < 0)
		text_print_blob(type, value, style, out);
	else
		value_print_styled(type, value, style, out);
}
