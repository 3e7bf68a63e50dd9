/* SPDX-License-Identifier: MIT */
#include "cli/describe.h"
#include "tests/support/unit.h"

#include <stdio.h>

TEST(a_whole_describe_ends_with_its_line)
{
	static const char *const lines[] = {
		"DESC TABLES", "describe tables  ", "DESCRIBE t\r",
		"DESC ks.t", "DESC ks . t", "DESC \"a\"\"b\".\"c d\"",
		"DESC TABLE t", "DESC TABLE tables -- why not",
		"DESC/**/t // x", "DESC KEYSPACE", "DESC KEYSPACE ks",
		"DESC ONLY KEYSPACE", "DESC ONLY KEYSPACE ks",
		"DESC FULL SCHEMA", "DESC MATERIALIZED VIEW v",
		"DESC INDEX i", "DESC t WITH INTERNALS",
		"DESC KEYSPACE WITH INTERNALS", "DESC KEYSPACE ks /* ; */",
		"CHECK", "compact -- all of it", "Show Storage ",
	};

	for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
		char text[128];
		size_t size = strlen(lines[i]);

		/* As it comes: first without its end, then with more. */
		assert_int_equal(
			describe_line_end(slice_from_string(lines[i])), 0);
		snprintf(text, sizeof(text), "%s\nSELECT", lines[i]);
		assert_int_equal(describe_line_end(slice_from_string(text)),
				 size);
	}
}

TEST(a_later_line_may_make_it_whole)
{
	static const struct {
		const char *text;
		size_t end;
	} rows[] = {
		{ "DESC\nTABLES\nUSE", 11 },
		{ "DESC TABLE\n\nt -- x\n\n", 18 },
		{ "DESC /*\n*/ t\n", 12 },
		{ "DESC \"a\nb\"\n", 10 },
		{ "DESC KEYSPACE\nks\n", 13 },
		{ "DESC FULL\nSCHEMA;\n", 0 },
		{ "SHOW\nSTORAGE\n", 12 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		assert_int_equal(
			describe_line_end(slice_from_string(rows[i].text)),
			rows[i].end);
}

TEST(what_is_not_whole_goes_on)
{
	static const char *const lines[] = {
		"", "DESC", "DESCRIBE ", "DESC TABLE", "DESC ks.",
		"DESC TABLE ks.", "DESC FULL", "DESC FULL t", "DESC ONLY",
		"DESC MATERIALIZED", "DESC MATERIALIZED VIEW",
		"DESC t WITH", "DESC t WITH x", "DESC KEYSPACE WITH",
		"DESC TABLES;", "DESC TABLES; SELECT", "DESC \"a",
		"DESC /* a", "DESC t /* a", "DESC t u", "DESC 'a'", "DESC +",
		"DESCENDING t", "SELECT t", "CHECK t", "COMPACT ks.t",
		"CHECK;", "SHOW", "SHOW STORAGE x", "SHOW VERSION",
	};

	for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
		char text[128];

		snprintf(text, sizeof(text), "%s\nt */ \";\n", lines[i]);
		assert_int_equal(describe_line_end(slice_from_string(text)),
				 0);
	}
	assert_int_equal(describe_line_end(slice_make("DESC t\0\n", 8)), 0);
}

UNIT_MAIN()
