/* SPDX-License-Identifier: MIT */
#include "planner/option_value.h"

#include "base/buffer.h"
#include "types/value.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBER_SIZE_MAX = 40 }; /* no sensible number is longer */

/* ---- reading ---- */

bool
option_is_map(const struct ast_property *property)
{
	const struct ast_term *value = property->value;

	/* `{}` could be a set too. */
	return value->kind == AST_MAP ||
	       (value->kind == AST_SET && value->as.elements == NULL);
}

/* Constants and bare words are text; anything else is not. */
static bool
term_text(const struct ast_term *term, struct slice *text)
{
	if (term->kind == AST_CONSTANT)
		*text = term->as.constant.text;
	else if (term->kind == AST_PATH && term->as.path->next == NULL)
		*text = term->as.path->name.text;
	else
		return false;
	return true;
}

int
option_read_text(const struct ast_property *property, struct slice *text,
		 struct error *error)
{
	if (term_text(property->value, text))
		return 0;
	return option_error(error, ERROR_SYNTAX, property,
			    "Invalid value for property '%.*s'. It should be "
			    "a string",
			    SLICE_ARGUMENTS(property->name.text));
}

/* A NUL-terminated copy for the C library's number readers, which accept
 * more than CQL does: only what a number is made of gets through. */
static bool
copy_number(struct slice text, char copy[NUMBER_SIZE_MAX + 1])
{
	if (text.size == 0 || text.size > NUMBER_SIZE_MAX)
		return false;
	for (size_t i = 0; i < text.size; i++)
		if (strchr("0123456789+-.eE", text.data[i]) == NULL ||
		    text.data[i] == '\0')
			return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	return true;
}

bool
option_parse_integer(struct slice text, int64_t *number)
{
	char copy[NUMBER_SIZE_MAX + 1], *end;

	if (!copy_number(text, copy))
		return false;
	errno = 0;
	*number = strtoll(copy, &end, 10);
	return errno == 0 && end != copy && *end == '\0';
}

int
option_read_integer(const struct ast_property *property, int64_t *number,
		    struct error *error)
{
	struct slice text = SLICE_NULL;
	int result = option_read_text(property, &text, error);

	if (result < 0)
		return result;
	if (option_parse_integer(text, number) && *number >= INT32_MIN &&
	    *number <= INT32_MAX)
		return 0;
	return option_error(error, ERROR_SYNTAX, property,
			    "Invalid integer value %.*s for '%.*s'",
			    SLICE_ARGUMENTS(text),
			    SLICE_ARGUMENTS(property->name.text));
}

int
option_read_number(const struct ast_property *property, double *number,
		   struct error *error)
{
	char copy[NUMBER_SIZE_MAX + 1], *end;
	struct slice text = SLICE_NULL;
	int result = option_read_text(property, &text, error);

	if (result < 0)
		return result;
	if (copy_number(text, copy)) {
		*number = strtod(copy, &end);
		if (end != copy && *end == '\0' && isfinite(*number))
			return 0;
	}
	return option_error(error, ERROR_SYNTAX, property,
			    "Invalid double value %.*s for '%.*s'",
			    SLICE_ARGUMENTS(text),
			    SLICE_ARGUMENTS(property->name.text));
}

int
option_read_boolean(const struct ast_property *property, bool *truth,
		    struct error *error)
{
	static const struct {
		struct slice text;
		bool truth;
	} words[] = {
		{ SLICE_LITERAL("true"), true },
		{ SLICE_LITERAL("yes"), true },
		{ SLICE_LITERAL("1"), true },
		{ SLICE_LITERAL("false"), false },
		{ SLICE_LITERAL("no"), false },
		{ SLICE_LITERAL("0"), false },
	};
	struct slice text = SLICE_NULL;
	int result = option_read_text(property, &text, error);

	if (result < 0)
		return result;
	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		*truth = words[i].truth;
		if (slice_is_equal_ignoring_case(words[i].text, text))
			return 0;
	}
	return option_error(error, ERROR_SYNTAX, property,
			    "Invalid boolean value %.*s for '%.*s'",
			    SLICE_ARGUMENTS(text),
			    SLICE_ARGUMENTS(property->name.text));
}

/* 'class' comes first, as people and other programs write it. */
static int
compare_entries(const void *a, const void *b)
{
	const struct option_entry *left = a, *right = b;
	bool left_is_class = slice_is_equal(left->name, SLICE("class"));
	bool right_is_class = slice_is_equal(right->name, SLICE("class"));

	if (left_is_class != right_is_class)
		return left_is_class ? -1 : 1;
	return slice_compare(left->name, right->name);
}

static int
read_entries(const struct ast_property *property, struct option_map *map,
	     struct error *error)
{
	const struct ast_term *term = property->value->as.elements;

	for (; term != NULL; term = term->next->next) {
		struct option_entry *entry = &map->entries[map->count++];
		const struct ast_term *value = term->next;

		if (!term_text(term, &entry->name) ||
		    !term_text(value, &entry->value))
			return option_error(error, ERROR_SYNTAX, property,
					    "Invalid value for property "
					    "'%.*s'. It should be a map of "
					    "strings",
					    SLICE_ARGUMENTS(
						    property->name.text));
		entry->is_hex = value->kind == AST_CONSTANT &&
				value->as.constant.kind == AST_HEX;
		entry->place = value->place;
	}
	return 0;
}

int
option_read_map(const struct ast_property *property, struct arena *arena,
		struct option_map *map, struct error *error)
{
	uint32_t count = 0;
	int result;

	*map = (struct option_map){ 0 };
	if (!option_is_map(property))
		return option_error(error, ERROR_SYNTAX, property,
				    "Invalid value for property '%.*s'. It "
				    "should be a map",
				    SLICE_ARGUMENTS(property->name.text));
	for (const struct ast_term *term = property->value->as.elements;
	     term != NULL; term = term->next)
		count++;
	map->entries = arena_new_array(arena, struct option_entry,
				       count / 2 + 1);
	if (map->entries == NULL)
		return error_no_memory(error);
	result = read_entries(property, map, error);
	if (result < 0)
		return result;
	qsort(map->entries, map->count, sizeof(*map->entries),
	      compare_entries);
	for (uint32_t i = 1; i < map->count; i++)
		if (slice_is_equal(map->entries[i - 1].name,
				   map->entries[i].name))
			return option_error(error, ERROR_SYNTAX, property,
					    "Multiple definition for '%.*s' "
					    "in property '%.*s'",
					    SLICE_ARGUMENTS(
						    map->entries[i].name),
					    SLICE_ARGUMENTS(
						    property->name.text));
	return 0;
}

const struct option_entry *
option_map_find(const struct option_map *map, const char *name)
{
	struct slice wanted = slice_from_string(name);

	for (uint32_t i = 0; i < map->count; i++)
		if (slice_is_equal(map->entries[i].name, wanted))
			return &map->entries[i];
	return NULL;
}

/* ---- printing ---- */

static struct slice
finish_print(struct buffer *text, struct arena *arena)
{
	struct slice copy = SLICE_NULL;

	if (text->has_failed)
		arena->has_failed = true;
	else
		copy = arena_copy(arena, buffer_slice(text));
	buffer_finish(text);
	return copy;
}

static void
append_quoted(struct buffer *out, struct slice text)
{
	value_print(type_native(TYPE_TEXT), text, VALUE_LITERAL, out);
}

struct slice
option_print_text(struct slice text, struct arena *arena)
{
	struct buffer out = { 0 };

	append_quoted(&out, text);
	return finish_print(&out, arena);
}

struct slice
option_print_integer(int64_t number, struct arena *arena)
{
	struct buffer out = { 0 };

	buffer_printf(&out, "%lld", (long long)number);
	return finish_print(&out, arena);
}

struct slice
option_print_number(double number, struct arena *arena)
{
	struct buffer out = { 0 };
	char text[NUMBER_SIZE_MAX];

	/* The fewest digits that read back as the same number. */
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	buffer_append_string(&out, text);
	return finish_print(&out, arena);
}

struct slice
option_print_boolean(bool truth, struct arena *arena)
{
	return arena_copy(arena, truth ? SLICE("true") : SLICE("false"));
}

struct slice
option_print_map(const struct option_map *map, struct arena *arena)
{
	struct buffer out = { 0 };

	buffer_append_byte(&out, '{');
	for (uint32_t i = 0; i < map->count; i++) {
		const struct option_entry *entry = &map->entries[i];

		if (i > 0)
			buffer_append_string(&out, ", ");
		append_quoted(&out, entry->name);
		buffer_append_string(&out, ": ");
		if (entry->is_hex)
			buffer_append_slice(&out, entry->value);
		else
			append_quoted(&out, entry->value);
	}
	buffer_append_byte(&out, '}');
	return finish_print(&out, arena);
}
