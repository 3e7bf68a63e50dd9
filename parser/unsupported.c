/* SPDX-License-Identifier: MIT */
#include "parser/unsupported.h"

#include "base/compiler.h"
#include "parser/grammar.h"

/* None is the beginning of another. */
static const char *const phrases[] = {
	"CREATE INDEX",
	"CREATE CUSTOM INDEX",
	"CREATE MATERIALIZED VIEW",
	"CREATE OR REPLACE FUNCTION",
	"CREATE FUNCTION",
	"CREATE OR REPLACE AGGREGATE",
	"CREATE AGGREGATE",
	"CREATE TRIGGER",
	"CREATE ROLE",
	"CREATE USER",
	"CREATE SERVICE LEVEL",
	"CREATE SERVICE_LEVEL",
	"ALTER MATERIALIZED VIEW",
	"ALTER ROLE",
	"ALTER USER",
	"ALTER SERVICE LEVEL",
	"ALTER SERVICE_LEVEL",
	"DROP INDEX",
	"DROP MATERIALIZED VIEW",
	"DROP FUNCTION",
	"DROP AGGREGATE",
	"DROP TRIGGER",
	"DROP ROLE",
	"DROP USER",
	"DROP SERVICE LEVEL",
	"DROP SERVICE_LEVEL",
	"DESCRIBE INDEX",
	"DESC INDEX",
	"DESCRIBE MATERIALIZED VIEW",
	"DESC MATERIALIZED VIEW",
	"DESCRIBE FUNCTION",
	"DESC FUNCTION",
	"DESCRIBE AGGREGATE",
	"DESC AGGREGATE",
	"ADD IDENTITY",
	"DROP IDENTITY",
	"COMMENT ON",
	"SECURITY LABEL",
	"GRANT",
	"REVOKE",
	"LIST",
	"PRUNE MATERIALIZED VIEW",
	"ATTACH",
	"DETACH",
	"BEGIN TRANSACTION",
};

/* Is the next lexeme the word at ${word}, which ends in a blank or a NUL?
 * Its size, or 0. */
static size_t
match_word(struct lexer *lexer, const char *word)
{
	size_t size = strcspn(word, " ");

	if (lexer_next(lexer) != LEXEME_NAME)
		return 0;
	if (!slice_is_equal_ignoring_case(lexer_text(lexer),
					  slice_make(word, size)))
		return 0;
	return size;
}

static bool
match_phrase(struct lexer lexer, const char *phrase, const uint8_t **end)
{
	for (;;) {
		size_t size = match_word(&lexer, phrase);

		if (size == 0)
			return false;
		phrase += size;
		if (*phrase == '\0') {
			*end = lexer.cursor;
			return true;
		}
		phrase++;
	}
}

struct slice
unsupported_find(const struct lexer *lexer, const uint8_t **end)
{
	for (size_t i = 0; i < ARRAY_COUNT(phrases); i++)
		if (match_phrase(*lexer, phrases[i], end))
			return slice_from_string(phrases[i]);
	return SLICE_NULL;
}
