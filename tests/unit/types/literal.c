/* SPDX-License-Identifier: MIT */
#include "tests/unit/types/literal.h"

#include "types/collection.h"
#include "types/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ELEMENTS_MAX = 4096 };

static bool
take(struct slice *text, const char *word)
{
	size_t size = strlen(word);

	if (text->size < size || memcmp(text->data, word, size) != 0)
		return false;
	*text = slice_from(*text, size);
	return true;
}

static void
skip_spaces(struct slice *text)
{
	while (take(text, " "))
		;
}

static const struct type *
read_type(struct arena *arena, struct slice *text)
{
	static const struct {
		const char *word;
		enum type_kind kind;
	} words[] = { { "list<", TYPE_LIST }, { "set<", TYPE_SET },
		      { "map<", TYPE_MAP }, { "tuple<", TYPE_TUPLE } };
	bool is_frozen = take(text, "frozen<");
	const struct type *arguments[16], *type;
	enum type_kind kind = 0;
	uint16_t count = 0;
	size_t size = 0;

	for (size_t i = 0; i < ARRAY_COUNT(words) && kind == 0; i++)
		if (take(text, words[i].word))
			kind = words[i].kind;
	if (kind == 0) {
		while (size < text->size && text->data[size] >= 'a' &&
		       text->data[size] <= 'z')
			size++;
		kind = type_find_native(slice_make(text->data, size));
		assert_int_not_equal(kind, 0);
		*text = slice_from(*text, size);
		return type_native(kind);
	}
	do {
		skip_spaces(text);
		arguments[count++] = read_type(arena, text);
	} while (take(text, ","));
	assert_true(take(text, ">"));
	assert_true(!is_frozen || take(text, ">"));
	type = type_create(arena, kind, arguments, count, is_frozen);
	assert_non_null(type);
	return type;
}

const struct type *
literal_type(struct arena *arena, const char *text)
{
	struct slice rest = slice_from_string(text);
	const struct type *type = read_type(arena, &rest);

	assert_int_equal(rest.size, 0);
	return type;
}

static struct slice
read_string(struct arena *arena, struct slice *text)
{
	uint8_t *copy = arena_allocate_bytes(arena, text->size + 1);
	size_t size = 0;

	for (;;) {
		assert_true(text->size > 0);
		if (take(text, "''"))
			copy[size++] = '\'';
		else if (take(text, "'"))
			return slice_make(copy, size);
		else {
			copy[size++] = text->data[0];
			*text = slice_from(*text, 1);
		}
	}
}

/* Words and numbers end where the collection goes on. */
static struct slice
read_word(struct slice *text)
{
	struct slice word = *text;

	word.size = 0;
	while (text->size > 0 && memchr(",:]}) ", text->data[0], 6) == NULL) {
		word.size++;
		*text = slice_from(*text, 1);
	}
	return word;
}

static enum literal_kind
find_kind(struct slice word)
{
	uint8_t uuid[UUID_SIZE];

	if (uuid_parse(word, uuid))
		return LITERAL_UUID;
	if (word.size > 1 && word.data[1] == 'x')
		return LITERAL_HEX;
	if (slice_is_equal(word, SLICE("true")) ||
	    slice_is_equal(word, SLICE("false")))
		return LITERAL_BOOLEAN;
	for (size_t i = 0; i < word.size; i++)
		if ((word.data[i] < '0' || word.data[i] > '9') &&
		    word.data[i] != '-')
			return LITERAL_FLOAT;
	return LITERAL_INTEGER;
}

static int
read_constant(struct arena *arena, const struct type *type,
	      struct slice *text, struct slice *value, struct error *error)
{
	struct buffer out = { 0 };
	int result;

	if (take(text, "'")) {
		result = value_parse(type, LITERAL_STRING,
				     read_string(arena, text), &out, error);
	} else {
		struct slice word = read_word(text);

		if (slice_is_equal(word, SLICE("null"))) {
			*value = SLICE_NULL;
			return 0;
		}
		result = value_parse(type, find_kind(word), word, &out,
				     error);
	}
	*value = arena_copy(arena, buffer_slice(&out));
	buffer_finish(&out);
	return result;
}

/* The brackets that CQL writes around a value of the type, or NULL. */
static const char *
find_open(const struct type *type)
{
	switch (type->kind) {
	case TYPE_LIST:
		return "[";
	case TYPE_SET:
	case TYPE_MAP:
		return "{";
	case TYPE_TUPLE:
		return "(";
	default:
		return NULL;
	}
}

static int
read_elements(struct arena *arena, const struct type *type,
	      struct slice *text, struct slice *values, size_t *count,
	      struct error *error)
{
	while (!take(text, "]") && !take(text, "}") && !take(text, ")")) {
		size_t argument = type->kind == TYPE_TUPLE ? *count :
				  type->kind == TYPE_MAP ? *count % 2 : 0;
		int result;

		assert_true(*count < ELEMENTS_MAX);
		result = literal_read(arena, type->arguments[argument], text,
				      &values[(*count)++], error);
		if (result != 0)
			return result;
		skip_spaces(text);
		if (!take(text, ","))
			take(text, ":");
		skip_spaces(text);
	}
	return 0;
}

int
literal_read(struct arena *arena, const struct type *type,
	     struct slice *text, struct slice *value, struct error *error)
{
	const char *open = find_open(type);
	struct buffer out = { 0 };
	struct slice *values;
	size_t count = 0;
	int result;

	skip_spaces(text);
	if (open == NULL || !take(text, open))
		return read_constant(arena, type, text, value, error);
	values = arena_new_array(arena, struct slice, ELEMENTS_MAX);
	assert_non_null(values);
	result = read_elements(arena, type, text, values, &count, error);
	if (result == 0)
		result = collection_build(type, values, count, &out, error);
	*value = arena_copy(arena, buffer_slice(&out));
	buffer_finish(&out);
	return result;
}

struct slice
literal_value(struct arena *arena, const struct type *type, const char *text)
{
	struct slice rest = slice_from_string(text), value;
	struct error error = ERROR_INIT;
	int result = literal_read(arena, type, &rest, &value, &error);

	if (result != 0)
		fail_msg("%s: %d %s", text, result, error.message);
	if (rest.size != 0)
		fail_msg("%s: text is left over", text);
	return value;
}

const char *
literal_print(struct arena *arena, const struct type *type,
	      struct slice value, enum value_form form)
{
	struct buffer out = { 0 };
	struct slice copy;

	value_print(type, value, form, &out);
	assert_false(out.has_failed);
	buffer_append_byte(&out, '\0');
	copy = arena_copy(arena, buffer_slice(&out));
	buffer_finish(&out);
	return (const char *)copy.data;
}
