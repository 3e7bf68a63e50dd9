/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a script: every statement of it is parsed, and what is accepted
 * must print as text that parses and prints the same.  Both the fuzzer and the
 * replay of the corpus stop on an abort(). */
#include "parser/ast_print.h"
#include "parser/parse.h"
#include "parser/split.h"
#include "tests/fuzz/parser_fuzz.h"

#include <stdio.h>
#include <stdlib.h>

static void
require(bool fact, const char *what)
{
	if (fact)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

static void
check_printed(const struct ast_statement *statement)
{
	struct buffer first = { 0 }, second = { 0 };
	struct ast_statement *again;
	struct arena arena = { 0 };
	struct error error = ERROR_INIT;
	size_t end;

	ast_print_statement(statement, &first);
	require(parse_statement(buffer_slice(&first), &arena, &again, &end,
				&error) == 0,
		"what was printed can be read");
	ast_print_statement(again, &second);
	require(slice_is_equal(buffer_slice(&first), buffer_slice(&second)),
		"and prints the same");
	buffer_finish(&first);
	buffer_finish(&second);
	arena_finish(&arena);
}

static void
check_refused(struct slice text, size_t end, const struct error *error)
{
	size_t split_start, split_end;

	require(error->code != ERROR_NONE && error->message[0] != '\0',
		"an error has a message");
	require(error->position <= text.size, "it points into the text");
	(void)split_statement(text, &split_start, &split_end);
	require(end == split_end, "parsing goes on where splitting would");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make(data, size);
	struct arena arena = { 0 };

	while (text.size > 0) {
		struct ast_statement *statement;
		struct error error = ERROR_INIT;
		size_t end;
		int result;

		arena_clear(&arena);
		result = parse_statement(text, &arena, &statement, &end,
					 &error);
		require(end > 0 && end <= text.size, "parsing goes forward");
		if (result < 0)
			check_refused(text, end, &error);
		else if (statement == NULL)
			require(end == text.size, "no statement is the end");
		else if (statement->kind != AST_UNSUPPORTED)
			check_printed(statement);
		text = slice_from(text, end);
	}
	arena_finish(&arena);
	return 0;
}
