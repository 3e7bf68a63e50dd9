/* SPDX-License-Identifier: MIT */
#include "types/collection_value.h"

#include "types/collection.h"
#include "types/text.h"

/* Is this element one whose place its order decides: a map's key, a set's
 * element? */
static bool
is_key(const struct collection_cursor *cursor)
{
	enum type_kind kind = cursor->type->kind;

	return kind == TYPE_SET ||
	       (kind == TYPE_MAP && cursor->index % 2 == 1);
}

int
collection_validate_value(const struct type *type, struct slice value,
			  struct error *error)
{
	struct collection_cursor cursor;
	const struct type *element_type;
	struct slice element, last_key = SLICE_NULL;
	int result = collection_begin(type, value, &cursor, error);

	if (result < 0)
		return result;
	while ((result = collection_next(&cursor, &element_type, &element,
					 error)) == 0) {
		result = value_validate(element_type, element, error);
		if (result < 0)
			return result;
		if (!is_key(&cursor))
			continue;
		if (!slice_is_null(last_key) &&
		    value_compare(element_type, last_key, element) >= 0)
			return error_set(error, ERROR_INVALID,
					 "a %s must be sorted and without "
					 "duplicates",
					 type_table_find(type->kind)->name);
		last_key = element;
	}
	return result < 0 ? result : 0;
}

/* Only tuples hold nulls; null comes first. */
static int
compare_elements(const struct type *type, struct slice a, struct slice b)
{
	if (slice_is_null(a) || slice_is_null(b))
		return !slice_is_null(a) - !slice_is_null(b);
	return value_compare(type, a, b);
}

int
collection_compare_values(const struct type *type, struct slice a,
			  struct slice b)
{
	struct collection_cursor left, right;

	if (collection_begin(type, a, &left, NULL) < 0 ||
	    collection_begin(type, b, &right, NULL) < 0)
		goto compare_bytes;
	for (;;) {
		const struct type *element_type;
		struct slice element_a, element_b;
		int more_a = collection_next(&left, &element_type,
					     &element_a, NULL);
		int more_b = collection_next(&right, &element_type,
					     &element_b, NULL);
		int order;

		if (more_a < 0 || more_b < 0)
			goto compare_bytes;
		/* The shorter one comes first. */
		if (more_a == COLLECTION_END || more_b == COLLECTION_END)
			return (more_a == 0) - (more_b == 0);
		order = compare_elements(element_type, element_a, element_b);
		if (order != 0)
			return order;
	}
compare_bytes:
	/* Not reached with the valid values that are required, but damage
	 * must have an order too. */
	return slice_compare(a, b);
}

struct brackets {
	uint8_t open;
	uint8_t close;
};

static struct brackets
find_brackets(enum type_kind kind, enum value_form form)
{
	if (kind == TYPE_MAP || (kind == TYPE_SET && form != VALUE_JSON))
		return (struct brackets){ '{', '}' };
	if (kind == TYPE_TUPLE && form != VALUE_JSON)
		return (struct brackets){ '(', ')' };
	return (struct brackets){ '[', ']' };
}

/* A key of a JSON object is a string: whatever prints as something else is
 * put into one. */
static void
print_json_key(const struct type *type, struct slice key, struct buffer *out)
{
	struct print_style style = { VALUE_JSON, true };
	struct buffer printed = { 0 };

	value_print_styled(type, key, style, &printed);
	if (printed.has_failed)
		out->has_failed = true;
	else if (printed.size > 0 && printed.data[0] == '"')
		buffer_append_slice(out, buffer_slice(&printed));
	else
		text_print_json(buffer_slice(&printed), out);
	buffer_finish(&printed);
}

void
collection_print_value(const struct type *type, struct slice value,
		       struct print_style style, struct buffer *out)
{
	struct brackets brackets = find_brackets(type->kind, style.form);
	struct print_style inside = { style.form, true };
	bool is_map = type->kind == TYPE_MAP;
	struct collection_cursor cursor;
	const struct type *element_type;
	struct slice element;

	if (collection_begin(type, value, &cursor, NULL) < 0)
		return;
	buffer_append_byte(out, brackets.open);
	while (collection_next(&cursor, &element_type, &element, NULL) == 0) {
		bool is_value = is_map && cursor.index % 2 == 0;

		if (cursor.index > 1)
			buffer_append_string(out, is_value ? ": " : ", ");
		if (is_map && !is_value && style.form == VALUE_JSON)
			print_json_key(element_type, element, out);
		else
			value_print_styled(element_type, element, inside,
					   out);
	}
	buffer_append_byte(out, brackets.close);
}
