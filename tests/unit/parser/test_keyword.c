/* SPDX-License-Identifier: MIT */
#include "parser/keyword.h"

#include "base/compiler.h"
#include "parser/grammar.h"
#include "tests/support/unit.h"

#include <ctype.h>

TEST(every_word_is_found_in_any_case)
{
	const struct keyword *keyword;
	size_t count = 0;

	for (; (keyword = keyword_at(count)) != NULL; count++) {
		char small[KEYWORD_SIZE_MAX + 1];

		assert_in_range(keyword->size, 2, KEYWORD_SIZE_MAX);
		assert_int_equal(strlen(keyword->word), keyword->size);
		for (size_t i = 0; i <= keyword->size; i++)
			small[i] = (char)tolower(keyword->word[i]);
		assert_ptr_equal(
			keyword_find(slice_from_string(keyword->word)),
			keyword);
		assert_ptr_equal(keyword_find(slice_from_string(small)),
				 keyword);
		small[0] = (char)toupper(small[0]);
		assert_ptr_equal(keyword_find(slice_from_string(small)),
				 keyword);
	}
	assert_true(count > 100);
}

TEST(words_are_in_alphabetical_order)
{
	for (size_t i = 1; keyword_at(i) != NULL; i++)
		assert_true(strcmp(keyword_at(i - 1)->word,
				   keyword_at(i)->word) < 0);
}

TEST(other_names_are_no_words)
{
	static const char *const names[] = {
		"", "a", "selec", "selects", "select_", "zebra", "x1",
		"superuser", "[dd", "count", "writetime",
		"averyveryverylongname",
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		assert_null(keyword_find(slice_from_string(names[i])));
}

TEST(reserved_words_are_those_of_cassandra_without_scyllas_free_ones)
{
	static const char *const reserved[] = {
		"add", "allow", "alter", "and", "apply", "asc", "authorize",
		"batch", "begin", "by", "columnfamily", "create", "delete",
		"drop", "entries", "from", "full", "grant", "if", "in",
		"index", "infinity", "insert", "into", "is", "keyspace",
		"limit", "materialized", "modify", "nan", "norecursive",
		"not", "null", "of", "on", "or", "order", "primary", "rename",
		"revoke", "schema", "select", "set", "table", "to", "token",
		"truncate", "unlogged", "update", "use", "using", "view",
		"where", "with", "true", "false",
	};
	static const char *const unreserved[] = {
		"desc", "describe", "key", "ttl", "text", "timestamp", "json",
		"distinct", "values", "type", "static", "explain", "date",
	};
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_COUNT(reserved); i++)
		assert_true(keyword_find(slice_from_string(reserved[i]))
				    ->is_reserved);
	for (size_t i = 0; keyword_at(i) != NULL; i++)
		count += keyword_at(i)->is_reserved;
	assert_int_equal(count, ARRAY_COUNT(reserved));
	for (size_t i = 0; i < ARRAY_COUNT(unreserved); i++)
		assert_false(keyword_find(slice_from_string(unreserved[i]))
				     ->is_reserved);
	assert_null(keyword_find(SLICE("execute")));
}

TEST(a_lexeme_is_named_by_its_own_word)
{
	assert_string_equal(keyword_of_lexeme(LEXEME_TABLE)->word, "TABLE");
	assert_string_equal(keyword_of_lexeme(LEXEME_TABLES)->word, "TABLES");
	assert_string_equal(keyword_of_lexeme(LEXEME_SELECT)->word, "SELECT");
	assert_null(keyword_of_lexeme(LEXEME_COMMA));
}

UNIT_MAIN()
