/* SPDX-License-Identifier: MIT */
#include "base/compiler.h"
#include "base/shell_word.h"

#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

TEST(a_path_is_quoted_only_where_it_must_be)
{
	static const struct { const char *path, *word; } rows[] = {
		{ "cities.db", "cities.db" },
		{ "/var/lib/my+db-2_a,b:c@d%", "/var/lib/my+db-2_a,b:c@d%" },
		{ "a b", "'a b'" },
		{ "it's", "'it'\\''s'" },
		{ "$HOME/`x`;*?[]{}|&<>\"\\~#!",
		  "'$HOME/`x`;*?[]{}|&<>\"\\~#!'" },
		{ "Bécs", "'Bécs'" },
		{ "-rf", "./-rf" },
		{ "- x", "./'- x'" },
		{ "", "''" },
		{ "two\nlines", "DAMAGED" },
		{ "\x1b[2J", "DAMAGED" },
		{ "\x7f", "DAMAGED" },
	};
	char word[SHELL_WORD_SIZE];

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_string_equal(shell_word(rows[i].path, "DAMAGED", word,
					       sizeof(word)),
				    rows[i].word);
}

/* ${path}'s word has ${size} characters. */
static void
check_edge(const char *path, size_t size)
{
	char word[SHELL_WORD_SIZE];

	assert_int_equal(strlen(shell_word(path, "X", word, size + 1)), size);
	assert_string_equal(shell_word(path, "X", word, size), "X");
}

TEST(what_does_not_fit_is_left_out_as_a_whole)
{
	check_edge("path", 4);
	check_edge("-path", 7);
	check_edge("a b", 5);
	check_edge("a'b", 8);
}

/* The shell itself must read it back. */
TEST(a_shell_takes_it_for_the_path)
{
	static const char *const paths[] = { "a b", "it's 'so'", "$(x)\\n`y`",
					     "a\"b", "!!", "~", "-n x" };

	for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
		char word[SHELL_WORD_SIZE], command[SHELL_WORD_SIZE + 32];
		char printed[SHELL_WORD_SIZE] = "";
		const char *expected = paths[i];
		const char *got = printed;
		FILE *shell;

		shell_word(paths[i], "DAMAGED", word, sizeof(word));
		snprintf(command, sizeof(command), "printf '%%s' %s", word);
		shell = popen(command, "r");
		assert_non_null(shell);
		assert_non_null(fgets(printed, sizeof(printed), shell));
		assert_int_equal(pclose(shell), 0);
		if (expected[0] == '-')
			got += 2;
		assert_string_equal(got, expected);
	}
}

UNIT_MAIN()
