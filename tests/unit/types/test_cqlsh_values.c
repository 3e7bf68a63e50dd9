/* SPDX-License-Identifier: MIT
 *
 * Values as the real cqlsh printed them, one JSON object a line: type, a CQL
 * literal, and the text that cqlsh shows. */
#include "types/value.h"

#include "tests/unit/types/literal.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/unit.h"

enum { CASES = 400, CASES_LATER = 39 };

static unsigned
read_hex4(const char **at)
{
	char digits[5] = { (*at)[0], (*at)[1], (*at)[2], (*at)[3], '\0' };

	*at += 4;
	return (unsigned)strtoul(digits, NULL, 16);
}

static void
append_code_point(struct buffer *out, unsigned code)
{
	if (code >= 0x800) {
		buffer_append_byte(out, (uint8_t)(0xe0 | code >> 12));
		buffer_append_byte(out, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
	} else if (code >= 0x80) {
		buffer_append_byte(out, (uint8_t)(0xc0 | code >> 6));
	} else {
		buffer_append_byte(out, (uint8_t)code);
		return;
	}
	buffer_append_byte(out, (uint8_t)(0x80 | (code & 0x3f)));
}

/* The string that follows "key":, without its escapes. */
static const char *
read_field(struct arena *arena, const char *line, const char *key)
{
	static const char escapes[] = "n\nt\tr\rb\bf\f";
	struct buffer out = { 0 };
	const char *at = strstr(line, key), *copy;

	assert_non_null(at);
	at += strlen(key);
	while (*at != '"') {
		const char *escape;

		assert_int_not_equal(*at, '\0');
		if (*at != '\\') {
			buffer_append_byte(&out, (uint8_t)*at++);
			continue;
		}
		at += 2;
		escape = strchr(escapes, at[-1]);
		if (at[-1] == 'u')
			append_code_point(&out, read_hex4(&at));
		else
			buffer_append_byte(&out, (uint8_t)(
				escape != NULL ? escape[1] : at[-1]));
	}
	buffer_append_byte(&out, '\0');
	copy = (const char *)arena_copy(arena, buffer_slice(&out)).data;
	buffer_finish(&out);
	return copy;
}

/* A case's type may be one that comes later. */
static bool
check_case(struct arena *arena, const char *line)
{
	const char *literal = read_field(arena, line, "\"literal\": \"");
	const char *text = read_field(arena, line, "\"text\": \"");
	const struct type *type = literal_type(
		arena, read_field(arena, line, "\"type\": \""));
	struct slice value;

	if (!type_is_supported(type))
		return false;
	value = literal_value(arena, type, literal);
	assert_int_equal(value_validate(type, value, NULL), 0);
	assert_string_equal(literal_print(arena, type, value, VALUE_DISPLAY),
			    text);
	return true;
}

TEST(values_look_as_in_cqlsh)
{
	FILE *file = fopen(TEST_DATA "/cqlsh-values.jsonl", "r");
	struct arena arena = { 0 };
	size_t capacity = 0, checked = 0, later = 0;
	char *line = NULL;

	assert_non_null(file);
	while (getline(&line, &capacity, file) > 0) {
		if (check_case(&arena, line))
			checked++;
		else
			later++;
		arena_clear(&arena);
	}
	assert_int_equal(later, CASES_LATER);
	assert_int_equal(checked, CASES - CASES_LATER);
	free(line);
	fclose(file);
	arena_finish(&arena);
}

UNIT_MAIN()
