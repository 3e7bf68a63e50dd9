/* SPDX-License-Identifier: MIT */
#include "parser/keyword.h"

#include "base/compiler.h"
#include "parser/grammar.h"

/* In alphabetical order, for the index by first letter below. */
#define KEYWORDS(RESERVED, FREE) \
	RESERVED(ADD, ADD) \
	FREE(AGGREGATES, AGGREGATES) \
	RESERVED(ALLOW, ALLOW) \
	RESERVED(ALTER, ALTER) \
	FREE(ANALYZE, ANALYZE) \
	RESERVED(AND, AND) \
	FREE(ANN, ANN) \
	RESERVED(APPLY, APPLY) \
	FREE(AS, AS) \
	RESERVED(ASC, ASC) \
	FREE(ASCII, NATIVE_TYPE) \
	RESERVED(AUTHORIZE, RESERVED) \
	RESERVED(BATCH, BATCH) \
	RESERVED(BEGIN, BEGIN) \
	FREE(BETWEEN, BETWEEN) \
	FREE(BIGINT, NATIVE_TYPE) \
	FREE(BLOB, NATIVE_TYPE) \
	FREE(BOOLEAN, NATIVE_TYPE) \
	RESERVED(BY, BY) \
	FREE(BYPASS, BYPASS) \
	FREE(CACHE, CACHE) \
	FREE(CHECK, CHECK) \
	FREE(CLUSTER, CLUSTER) \
	FREE(CLUSTERING, CLUSTERING) \
	FREE(COLUMNFAMILIES, TABLES) \
	RESERVED(COLUMNFAMILY, TABLE) \
	FREE(COMPACT, COMPACT) \
	FREE(CONTAINS, CONTAINS) \
	FREE(COUNTER, COUNTER) \
	RESERVED(CREATE, CREATE) \
	FREE(DATE, NATIVE_TYPE) \
	FREE(DECIMAL, NATIVE_TYPE) \
	FREE(DEFAULT, DEFAULT) \
	RESERVED(DELETE, DELETE) \
	FREE(DESC, DESC) \
	FREE(DESCRIBE, DESCRIBE) \
	FREE(DISTINCT, DISTINCT) \
	FREE(DOUBLE, NATIVE_TYPE) \
	RESERVED(DROP, DROP) \
	FREE(DURATION, NATIVE_TYPE) \
	RESERVED(ENTRIES, RESERVED) \
	FREE(EXISTS, EXISTS) \
	FREE(EXPLAIN, EXPLAIN) \
	RESERVED(FALSE, FALSE) \
	FREE(FILTERING, FILTERING) \
	FREE(FLOAT, NATIVE_TYPE) \
	RESERVED(FROM, FROM) \
	RESERVED(FULL, FULL) \
	FREE(FUNCTIONS, FUNCTIONS) \
	RESERVED(GRANT, RESERVED) \
	FREE(GROUP, GROUP) \
	RESERVED(IF, IF) \
	RESERVED(IN, IN) \
	RESERVED(INDEX, RESERVED) \
	FREE(INET, NATIVE_TYPE) \
	RESERVED(INFINITY, INFINITY) \
	RESERVED(INSERT, INSERT) \
	FREE(INT, NATIVE_TYPE) \
	FREE(INTERNALS, INTERNALS) \
	RESERVED(INTO, INTO) \
	RESERVED(IS, IS) \
	FREE(JSON, JSON) \
	FREE(KEY, KEY) \
	RESERVED(KEYSPACE, KEYSPACE) \
	FREE(KEYSPACES, KEYSPACES) \
	FREE(LIKE, LIKE) \
	RESERVED(LIMIT, LIMIT) \
	FREE(MASKED, MASKED) \
	RESERVED(MATERIALIZED, RESERVED) \
	RESERVED(MODIFY, RESERVED) \
	RESERVED(NAN, NAN) \
	RESERVED(NORECURSIVE, RESERVED) \
	RESERVED(NOT, NOT) \
	RESERVED(NULL, NULL) \
	RESERVED(OF, OF) \
	RESERVED(ON, RESERVED) \
	FREE(ONLY, ONLY) \
	RESERVED(OR, RESERVED) \
	RESERVED(ORDER, ORDER) \
	FREE(PARTITION, PARTITION) \
	FREE(PER, PER) \
	RESERVED(PRIMARY, PRIMARY) \
	RESERVED(RENAME, RENAME) \
	RESERVED(REVOKE, RESERVED) \
	RESERVED(SCHEMA, SCHEMA) \
	RESERVED(SELECT, SELECT) \
	RESERVED(SET, SET) \
	FREE(SHOW, SHOW) \
	FREE(SMALLINT, NATIVE_TYPE) \
	FREE(STATIC, STATIC) \
	FREE(STORAGE, STORAGE) \
	RESERVED(TABLE, TABLE) \
	FREE(TABLES, TABLES) \
	FREE(TEXT, NATIVE_TYPE) \
	FREE(TIME, NATIVE_TYPE) \
	FREE(TIMEOUT, TIMEOUT) \
	FREE(TIMESTAMP, TIMESTAMP) \
	FREE(TIMEUUID, NATIVE_TYPE) \
	FREE(TINYINT, NATIVE_TYPE) \
	RESERVED(TO, TO) \
	RESERVED(TOKEN, TOKEN) \
	RESERVED(TRUE, TRUE) \
	RESERVED(TRUNCATE, TRUNCATE) \
	FREE(TTL, TTL) \
	FREE(TYPE, TYPE) \
	FREE(TYPES, TYPES) \
	RESERVED(UNLOGGED, UNLOGGED) \
	FREE(UNSET, UNSET) \
	RESERVED(UPDATE, UPDATE) \
	RESERVED(USE, USE) \
	RESERVED(USING, USING) \
	FREE(UUID, NATIVE_TYPE) \
	FREE(VALUES, VALUES) \
	FREE(VARCHAR, NATIVE_TYPE) \
	FREE(VARINT, NATIVE_TYPE) \
	RESERVED(VIEW, RESERVED) \
	RESERVED(WHERE, WHERE) \
	RESERVED(WITH, WITH)

/* Where each word stands in the table. */
#define PLACE(word, lexeme) AT_##word,
enum { KEYWORDS(PLACE, PLACE) KEYWORD_COUNT };
#undef PLACE

#define RESERVED(word, lexeme) \
	{ #word, sizeof(#word) - 1, LEXEME_##lexeme, true },
#define FREE(word, lexeme) { #word, sizeof(#word) - 1, LEXEME_##lexeme, false },
static const struct keyword keywords[] = { KEYWORDS(RESERVED, FREE) };
#undef RESERVED
#undef FREE

/* The first word of each letter; a letter without words has the next one's,
 * so that its run is empty. */
static const uint8_t runs[27] = {
	AT_ADD, AT_BATCH, AT_CACHE, AT_DATE, AT_ENTRIES, AT_FALSE, AT_GRANT,
	AT_IF, AT_IF, AT_JSON, AT_KEY, AT_LIKE, AT_MASKED, AT_NAN, AT_OF,
	AT_PARTITION, AT_RENAME, AT_RENAME, AT_SCHEMA, AT_TABLE, AT_UNLOGGED,
	AT_VALUES, AT_WHERE, KEYWORD_COUNT, KEYWORD_COUNT, KEYWORD_COUNT,
	KEYWORD_COUNT
};

/* ${text} may have small letters, ${word} has none. */
static bool
is_word(const uint8_t *text, const char *word, size_t size)
{
	for (size_t i = 1; i < size; i++)
		if ((text[i] & 0xdf) != (uint8_t)word[i])
			return false;
	return true;
}

const struct keyword *
keyword_find(struct slice word)
{
	unsigned letter;

	if (word.size < 2 || word.size > KEYWORD_SIZE_MAX)
		return NULL;
	letter = (unsigned)(word.data[0] & 0xdf) - 'A';
	if (letter >= 26)
		return NULL;
	for (unsigned i = runs[letter]; i < runs[letter + 1]; i++)
		if (keywords[i].size == word.size &&
		    is_word(word.data, keywords[i].word, word.size))
			return &keywords[i];
	return NULL;
}

const struct keyword *
keyword_of_lexeme(int lexeme)
{
	for (size_t i = KEYWORD_COUNT; i > 0; i--)
		if (keywords[i - 1].lexeme == lexeme)
			return &keywords[i - 1];
	return NULL;
}

const struct keyword *
keyword_at(size_t index)
{
	return index < KEYWORD_COUNT ? &keywords[index] : NULL;
}
