/* SPDX-License-Identifier: MIT */
#include "parser/split.h"

#include "base/compiler.h"
#include "tests/support/unit.h"
#include "tests/unit/parser/fixture.h"

#include <stdio.h>
#include <stdlib.h>

/* `|` stands where the statement begins and where it ends. */
static const struct {
	const char *why;
	const char *text;
	enum split split;
} rows[] = {
	{ "nothing", "||", SPLIT_EMPTY },
	{ "blanks and comments", " -- a\n /* b; */ //c||", SPLIT_EMPTY },
	{ "stray semicolons", " ; ;||", SPLIT_EMPTY },
	{ "one statement", "|SELECT 1;|", SPLIT_COMPLETE },
	{ "the rest is left", " |SELECT 1;| SELECT 2;", SPLIT_COMPLETE },
	{ "behind stray ones", ";; |SELECT 1;|;", SPLIT_COMPLETE },
	{ "no end yet", "|SELECT 1|", SPLIT_INCOMPLETE },
	{ "in a string", "|SELECT ';';|", SPLIT_COMPLETE },
	{ "a doubled quote", "|SELECT 'it''s;';| x", SPLIT_COMPLETE },
	{ "an open string", "|SELECT 'a;|", SPLIT_INCOMPLETE },
	{ "only an open string", "|'a;|", SPLIT_INCOMPLETE },
	{ "in dollars", "|SELECT $$;'$$;|", SPLIT_COMPLETE },
	{ "open dollars", "|SELECT $$;$;|", SPLIT_INCOMPLETE },
	{ "in a name", "|SELECT \";\"\"\";|", SPLIT_COMPLETE },
	{ "an open name", "|SELECT \"a;|", SPLIT_INCOMPLETE },
	{ "in a comment", "|SELECT /*;*/ 1;|", SPLIT_COMPLETE },
	{ "an open comment", "|SELECT /*;|", SPLIT_INCOMPLETE },
	{ "only an open comment", "|/*;|", SPLIT_INCOMPLETE },
	{ "in a line comment", "|SELECT -- ;\n1;|", SPLIT_COMPLETE },
	{ "a comment hides an end", "|SELECT 1 -- ;|", SPLIT_INCOMPLETE },
	{ "a batch", "|BEGIN BATCH a; b; APPLY BATCH;|;", SPLIT_COMPLETE },
	{ "kinds of batch",
	  "|begin unlogged batch a; b apply batch;| c", SPLIT_COMPLETE },
	{ "a batch that goes on", "|BEGIN BATCH a; b;|", SPLIT_INCOMPLETE },
	{ "apply alone is no end",
	  "|BEGIN COUNTER BATCH a; APPLY ; BATCH;|", SPLIT_INCOMPLETE },
	{ "no batch after all", "|BEGIN x;| y;", SPLIT_COMPLETE },
	{ "batch as a later word", "|SELECT begin batch;| x;",
	  SPLIT_COMPLETE },
	{ "an explained batch",
	  "|EXPLAIN ANALYZE BEGIN BATCH a; APPLY BATCH;|", SPLIT_COMPLETE },
	{ "quoted words are names",
	  "|\"BEGIN\" BATCH a;| b", SPLIT_COMPLETE },
	{ "a transaction",
	  "|BEGIN TRANSACTION a; b; COMMIT TRANSACTION;| c", SPLIT_COMPLETE },
	{ "faults don't count", "|SELECT # \xff \"\" '\xff;';| x",
	  SPLIT_COMPLETE },
	{ "a mark at the start", "\xef\xbb\xbf|SELECT 1;|", SPLIT_COMPLETE },
};

TEST(a_statement_is_found_by_its_lexemes)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const char *from = strchr(rows[i].text, '|');
		const char *to = strrchr(rows[i].text, '|');
		char text[200];
		uint8_t *copy;
		size_t start, end, size;
		enum split split;

		size = (size_t)snprintf(text, sizeof(text), "%.*s%.*s%s",
					(int)(from - rows[i].text),
					rows[i].text, (int)(to - from - 1),
					from + 1, to + 1);
		copy = copy_exactly(slice_make(text, size));
		split = split_statement(slice_make(copy, size), &start, &end);
		free(copy);
		if (split != rows[i].split ||
		    start != (size_t)(from - rows[i].text) ||
		    end != (size_t)(to - rows[i].text) - 1)
			fail_msg("%s: %d [%zu, %zu)", rows[i].why, (int)split,
				 start, end);
	}
}

TEST(null_text_is_empty)
{
	size_t start = 1, end = 1;

	assert_int_equal(split_statement(SLICE_NULL, &start, &end),
			 SPLIT_EMPTY);
	assert_int_equal(start, 0);
	assert_int_equal(end, 0);
}

/* Whether a text is whole must not depend on what comes behind it, and no
 * prefix of one statement is complete. */
TEST(a_prefix_of_a_statement_is_never_complete)
{
	static const char text[] =
		"BEGIN BATCH INSERT INTO t (a) VALUES ('x;''y'); DELETE FROM "
		"\"t;\" WHERE k = $$;$$ /* ; */; -- ;\n APPLY BATCH;";
	size_t start, end;

	for (size_t n = 0; n < sizeof(text) - 2; n++)
		assert_int_not_equal(
			split_statement(slice_make(text, n), &start, &end),
			SPLIT_COMPLETE);
	assert_int_equal(split_statement(slice_make(text, sizeof(text) - 1),
					 &start, &end),
			 SPLIT_COMPLETE);
	assert_int_equal(end, sizeof(text) - 1);
}

UNIT_MAIN()
