/* SPDX-License-Identifier: MIT
 *
 * Texts that nobody writes by hand.  Whatever comes in, the parser gives a
 * statement or an error that points into the text, in time and on a small
 * stack; and what it accepts it can print and read again. */
#include "parser/parse.h"

#include "base/compiler.h"
#include "base/limits.h"
#include "parser/split.h"
#include "tests/support/unit.h"
#include "tests/unit/parser/fixture.h"
#include "tests/unit/parser/statements.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	MUTATIONS = 40000,
	NESTING_HOSTILE = 200000,
	STACK_SIZE = 256 << 10, /* many times what a parse needs */
	GARBAGE_SIZE = 1 << 20
};

struct nested_text {
	const char *before, *open, *inside, *close, *after;
};

static const struct nested_text nested_texts[] = {
	{ "SELECT ", "(", "1", ")", "" },
	{ "SELECT ", "[", "1", "]", "" },
	{ "SELECT ", "{", "1", "}", "" },
	{ "SELECT ", "{1: ", "1", "}", "" },
	{ "SELECT ", "f(", "1", ")", "" },
	{ "SELECT ", "- ", "a", "", "" },
	{ "SELECT ", "(int) ", "a", "", "" },
	{ "SELECT ", "1 + ", "1", "", "" },
	{ "SELECT a", "[1]", "", "", "" },
	{ "SELECT ", "a[", "1", "]", "" },
	{ "SELECT f()", ".a", "", "", "" },
	{ "SELECT CAST(a AS ", "list<", "int", ">", ")" },
	{ "SELECT ", "CAST(", "a", " AS int)", "" },
	{ "CREATE TABLE t (a ", "tuple<int, ", "int", ">", " PRIMARY KEY)" },
	{ "SELECT * FROM t WHERE ", "(", "a = 1", ")", "" },
};

static void
build_nested(const struct nested_text *text, size_t depth, struct buffer *out)
{
	buffer_clear(out);
	buffer_append_string(out, text->before);
	for (size_t i = 0; i < depth; i++)
		buffer_append_string(out, text->open);
	buffer_append_string(out, text->inside);
	for (size_t i = 0; i < depth; i++)
		buffer_append_string(out, text->close);
	buffer_append_string(out, text->after);
}

/* Accepted and printed again, or refused inside the text. */
static void
check_any(struct slice text)
{
	struct buffer first = { 0 }, second = { 0 };
	struct parsed parsed, again;
	size_t start, end;

	parsed_init(&parsed, text);
	assert_true(parsed.end <= text.size);
	if (parsed.result < 0) {
		assert_null(parsed.statement);
		assert_in_range(parsed.error.position, 0, text.size);
		assert_true(parsed.error.size >= 1);
		assert_true(parsed.error.position + parsed.error.size <=
			    text.size + 1);
		split_statement(slice_make(parsed.text, text.size), &start,
				&end);
		assert_int_equal(parsed.end, end);
	} else if (parsed.statement != NULL &&
		   parsed.statement->kind != AST_UNSUPPORTED) {
		parsed_print(&parsed, &first);
		parsed_init(&again, slice_make(first.data, first.size - 1));
		if (again.result != 0)
			fail_msg("%.*s\nwas printed as\n%s\n%s",
				 SLICE_ARGUMENTS(text),
				 (const char *)first.data,
				 again.error.message);
		parsed_print(&again, &second);
		assert_string_equal(first.data, second.data);
		parsed_finish(&again);
	}
	parsed_finish(&parsed);
	buffer_finish(&first);
	buffer_finish(&second);
}

/* NULL, or the text that was not refused as it should be.  An assertion must
 * not leave its own thread, so it is made by who waits for this one. */
static void *
parse_nested(void *unused)
{
	struct buffer text = { 0 };
	const char *wrong = NULL;

	(void)unused;
	for (size_t i = 0; i < ARRAY_COUNT(nested_texts); i++) {
		struct parsed parsed;

		build_nested(&nested_texts[i], NESTING_HOSTILE, &text);
		parsed_init(&parsed, buffer_slice(&text));
		if (parsed.result != -ERROR_INVALID ||
		    strcmp(parsed.error.message, "nested too deeply") != 0)
			wrong = nested_texts[i].open;
		parsed_finish(&parsed);
	}
	buffer_finish(&text);
	return (void *)(uintptr_t)wrong;
}

TEST(hostile_nesting_ends_soon_and_on_a_small_stack)
{
	struct timespec before, after;
	pthread_attr_t attributes;
	pthread_t thread;
	void *wrong;

	assert_int_equal(pthread_attr_init(&attributes), 0);
	assert_int_equal(pthread_attr_setstacksize(&attributes, STACK_SIZE),
			 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(pthread_create(&thread, &attributes, parse_nested,
					NULL),
			 0);
	assert_int_equal(pthread_join(thread, &wrong), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	pthread_attr_destroy(&attributes);
	if (wrong != NULL)
		fail_msg("repeated: %s", (const char *)wrong);
	assert_true(after.tv_sec - before.tv_sec < 20);
}

/* The first text that is refused is refused for its depth, never because the
 * parser's stack was too small for what the limit allows. */
TEST(nesting_up_to_the_limit_is_accepted)
{
	struct buffer text = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(nested_texts); i++) {
		struct parsed parsed;

		build_nested(&nested_texts[i], NESTING_MAX - 1, &text);
		parsed_init(&parsed, buffer_slice(&text));
		if (parsed.result != 0)
			fail_msg("%s%s: %s", nested_texts[i].before,
				 nested_texts[i].open, parsed.error.message);
		parsed_finish(&parsed);
		check_any(buffer_slice(&text));
	}
	buffer_finish(&text);
}

static uint64_t
next_random(uint64_t *seed)
{
	/* SplitMix64 */
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

TEST(garbage_is_refused_at_once)
{
	uint8_t *garbage = malloc(GARBAGE_SIZE);
	uint64_t seed = 1;

	assert_non_null(garbage);
	for (size_t i = 0; i < GARBAGE_SIZE; i++)
		garbage[i] = (uint8_t)next_random(&seed);
	check_any(slice_make(garbage, GARBAGE_SIZE));
	memset(garbage, '\'', GARBAGE_SIZE);
	check_any(slice_make(garbage, GARBAGE_SIZE));
	memset(garbage, ';', GARBAGE_SIZE);
	check_any(slice_make(garbage, GARBAGE_SIZE));
	memset(garbage, 'a', GARBAGE_SIZE);
	check_any(slice_make(garbage, GARBAGE_SIZE));
	memset(garbage, '\0', GARBAGE_SIZE);
	check_any(slice_make(garbage, GARBAGE_SIZE));
	free(garbage);
}

TEST(a_statement_may_be_long_but_not_too_long)
{
	size_t size = (size_t)STATEMENT_SIZE_MAX + 100;
	char *text = malloc(size);
	struct ast_statement *statement;
	struct arena arena = { 0 };
	struct error error;
	size_t end;

	assert_non_null(text);
	memset(text, 'x', size);
	memcpy(text, "SELECT '", 8);
	memcpy(text + STATEMENT_SIZE_MAX - 1, "'; USE x", 8);
	memset(text + STATEMENT_SIZE_MAX + 7, ' ', 93);
	assert_int_equal(parse_statement(slice_make(text, size), &arena,
					 &statement, &end, &error),
			 0);
	assert_int_equal(end, STATEMENT_SIZE_MAX + 1);
	text[STATEMENT_SIZE_MAX - 1] = 'x';
	text[STATEMENT_SIZE_MAX] = '\'';
	assert_int_equal(parse_statement(slice_make(text, size), &arena,
					 &statement, &end, &error),
			 -ERROR_INVALID);
	assert_non_null(strstr(error.message, "must not be longer than"));
	assert_int_equal(error.position, 0);
	assert_int_equal(end, size);
	arena_finish(&arena);
	free(text);
}

/* One lexeme of some statement, blanks and all. */
static void
append_piece(struct buffer *out, uint64_t *seed, size_t count)
{
	const char *text = statements[next_random(seed) % count];
	size_t size = strlen(text);
	size_t from = next_random(seed) % size;
	size_t piece = 1 + next_random(seed) % 12;

	if (piece > size - from)
		piece = size - from;
	buffer_append(out, text + from, piece);
}

static void
mutate(struct buffer *text, uint64_t *seed, size_t count)
{
	static const char *const pieces[] = {
		"'", "\"", "$$", "/*", "*/", "--", "\n", ";", "(", ")", "[",
		"]", "{", "}", "<", ">", "..", ".", ",", ":", "?", "-", "\xff",
		"\xc2\xb5", "1e5", "0x", " AND ", " key ", " json ", " (date)",
		" distinct ", "null", "token(", "cast(", " AS int", "\"set\"",
	};
	struct buffer tail = { 0 };
	size_t at = next_random(seed) % (text->size + 1);
	size_t cut = next_random(seed) % 4;

	if (cut > text->size - at)
		cut = text->size - at;
	buffer_append(&tail, text->data + at + cut, text->size - at - cut);
	text->size = at;
	switch (next_random(seed) % 4) {
	case 0:
		append_piece(text, seed, count);
		break;
	case 1:
		buffer_append_byte(text, (uint8_t)next_random(seed));
		break;
	case 2:
		buffer_append_string(text, pieces[next_random(seed) %
						  ARRAY_COUNT(pieces)]);
		break;
	default:
		break;
	}
	buffer_append_slice(text, buffer_slice(&tail));
	buffer_finish(&tail);
}

TEST(mutated_statements_are_accepted_or_refused_in_their_place)
{
	uint64_t seed = 20240607;
	struct buffer text = { 0 };
	size_t count = 0;

	while (statements[count] != NULL)
		count++;
	for (size_t i = 0; i < MUTATIONS; i++) {
		size_t rounds = 1 + next_random(&seed) % 3;

		buffer_clear(&text);
		buffer_append_string(&text, statements[i % count]);
		for (size_t n = 0; n < rounds; n++)
			mutate(&text, &seed, count);
		check_any(buffer_slice(&text));
	}
	buffer_finish(&text);
}

/* Lexemes in random order: further from CQL, nearer to the grammar. */
TEST(shuffled_lexemes_are_accepted_or_refused_in_their_place)
{
	static const char *const words[] = {
		"SELECT", "a", "b", "date", "json", "distinct", "key", "FROM",
		"t", "WHERE", "=", "IN", "(", ")", "1", "-", "'x'", ",", "[",
		"]", "{", "}", ":", "?", "token", "AND", ".", "..", "<", ">",
		"int", "set", "CONTAINS", "IF", "exists", "NOT", "USING",
		"TTL", "1.", "AS", "cast", "+", "*", "null", "1h",
	};
	uint64_t seed = 7;
	struct buffer text = { 0 };

	for (size_t i = 0; i < MUTATIONS; i++) {
		size_t size = 1 + next_random(&seed) % 14;

		buffer_clear(&text);
		buffer_append_string(&text, i % 2 ? "SELECT "
						  : "SELECT * FROM t WHERE ");
		for (size_t n = 0; n < size; n++) {
			buffer_append_string(&text,
					     words[next_random(&seed) %
						   ARRAY_COUNT(words)]);
			if (next_random(&seed) % 3 != 0)
				buffer_append_byte(&text, ' ');
		}
		check_any(buffer_slice(&text));
	}
	buffer_finish(&text);
}

UNIT_MAIN()
