/* SPDX-License-Identifier: MIT
 *
 * Messages.  They begin as CQL's own parser has them (`line 1:7 no viable
 * alternative at input 'x'`), because that is what people search for; what
 * helps stands in the hint: what was expected, or the likeliest mistake. */
#include "parser/parse_state.h"

#include "base/buffer.h"
#include "base/utf8.h"
#include "parser/grammar.h"
#include "parser/keyword.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	QUOTED_SIZE_MAX = 40, /* bytes of the text that a message repeats */
	EXPECTED_MAX = 6      /* words that a hint lists */
};

/* ---- places ---- */

/* Lines count from 1, columns from 0 in code points, as ANTLR's do. */
struct line_column {
	size_t line;
	size_t column;
};

static struct line_column
line_column_of(const struct parse *parse, uint32_t position)
{
	const uint8_t *line = parse->text.data;
	const uint8_t *at = parse->text.data + position;
	struct line_column result = { 1, 0 };
	const uint8_t *feed;

	if (position >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3;
	while ((feed = memchr(line, '\n', (size_t)(at - line))) != NULL) {
		result.line++;
		line = feed + 1;
	}
	result.column = utf8_count(slice_make(line, (size_t)(at - line)));
	return result;
}

/* A caret is always under something. */
static uint32_t
visible_size(struct ast_place place)
{
	return place.size == 0 ? 1 : place.size;
}

/* The start of ${text} as a message may show it: whole characters, one
 * line. */
static struct slice
excerpt(struct slice text)
{
	const uint8_t *feed;

	if (text.size > QUOTED_SIZE_MAX) {
		text.size = QUOTED_SIZE_MAX;
		while (text.size > 0 && (text.data[text.size] & 0xc0) == 0x80)
			text.size--;
	}
	feed = text.size == 0 ? NULL : memchr(text.data, '\n', text.size);
	if (feed != NULL)
		text.size = (size_t)(feed - text.data);
	return text;
}

/* ---- raising ---- */

void
parse_fail(struct parse *parse, struct ast_place place, const char *format,
	   ...)
{
	struct line_column at;
	char message[400];
	va_list arguments;

	if (parse->result != 0)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	at = line_column_of(parse, place.start);
	parse->result = error_at(parse->error, ERROR_SYNTAX, place.start,
				 visible_size(place), "line %zu:%zu %s",
				 at.line, at.column, message);
}

void
parse_fail_limit(struct parse *parse, struct ast_place place,
		 const char *format, ...)
{
	char message[400];
	va_list arguments;

	if (parse->result != 0)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	parse->result = error_at(parse->error, ERROR_INVALID, place.start,
				 visible_size(place), "%s", message);
}

void
parse_fail_memory(struct parse *parse)
{
	if (parse->result == 0)
		parse->result = error_no_memory(parse->error);
}

void
parse_fail_nesting(struct parse *parse, struct ast_place place)
{
	parse_fail_limit(parse, place, "nested too deeply");
}

/* ---- what the lexer found ---- */

static void
fail_character(struct parse *parse, struct ast_place place)
{
	uint32_t code_point = 0;
	struct slice text = parse_text_at(parse, place);

	(void)utf8_decode(text, &code_point);
	if (code_point < 0x20 || (code_point >= 0x7f && code_point <= 0xa0) ||
	    (code_point >= 0x2000 && code_point <= 0x200f) ||
	    code_point == 0xfeff)
		parse_fail(parse, place, "unexpected character U+%04X",
			   (unsigned)code_point);
	else
		parse_fail(parse, place, "unexpected character '%.*s'",
			   SLICE_ARGUMENTS(text));
	if (code_point == 0x2018 || code_point == 0x2019 || code_point == '`')
		error_hint(parse->error, "strings stand in plain single quotes "
					 "('), names in double quotes (\")");
	else if (code_point == 0x201c || code_point == 0x201d)
		error_hint(parse->error, "names stand in plain double quotes "
					 "(\"), strings in single quotes (')");
	else if (code_point == '_' || code_point >= 0x80)
		error_hint(parse->error,
			   "a name begins with a letter from A to Z and goes "
			   "on with letters, digits and _; any other stands in "
			   "double quotes");
}

void
parse_fail_lexer(struct parse *parse, int fault)
{
	struct ast_place place = {
		(uint32_t)(parse->lexer.start - parse->text.data),
		(uint32_t)(parse->lexer.cursor - parse->lexer.start)
	};
	struct ast_place first = { place.start, 1 };

	if (parse->result != 0)
		return;
	switch (fault) {
	case LEXER_BAD_CHARACTER:
		fail_character(parse, place);
		return;
	case LEXER_BAD_UTF8:
		parse_fail(parse, first, "the text is not valid UTF-8: byte "
					 "0x%02x",
			   *parse->lexer.start);
		return;
	case LEXER_NUL:
		parse_fail(parse, first, "a NUL byte outside a string");
		return;
	case LEXER_OPEN_STRING:
		parse_fail(parse, first, "unterminated string: its closing "
					 "quote (') is missing");
		error_hint(parse->error,
			   "a quote inside a string is written twice ('')");
		return;
	case LEXER_OPEN_DOLLARS:
		parse_fail(parse, (struct ast_place){ place.start, 2 },
			   "unterminated string: its closing $$ is missing");
		return;
	case LEXER_OPEN_NAME:
		parse_fail(parse, first, "unterminated name: its closing "
					 "quote (\") is missing");
		return;
	case LEXER_OPEN_COMMENT:
		parse_fail(parse, (struct ast_place){ place.start, 2 },
			   "unterminated comment: its closing */ is missing");
		return;
	default:
		parse_fail(parse, place, "a name must not be empty");
		return;
	}
}

/* ---- what the grammar expected ---- */

static const struct sign {
	int lexeme;
	const char *text;
} signs[] = {
	{ LEXEME_COMMA, "','" },
	{ LEXEME_RP, "')'" },
	{ LEXEME_LP, "'('" },
	{ LEXEME_RB, "']'" },
	{ LEXEME_RC, "'}'" },
	{ LEXEME_GT, "'>'" },
	{ LEXEME_EQ, "'='" },
	{ LEXEME_COLON, "':'" },
	{ LEXEME_STAR, "'*'" },
	{ LEXEME_DOT, "'.'" },
	{ LEXEME_LT, "'<'" },
	{ LEXEME_INTEGER, "an integer" },
	{ LEXEME_STRING, "a string" },
	{ LEXEME_QUESTION, "'?'" },
};

/* The words of a hint: the first few, and how many there were. */
struct expected {
	const char *words[EXPECTED_MAX];
	size_t count;
};

static void
expect(struct expected *expected, const char *word)
{
	if (expected->count < EXPECTED_MAX)
		expected->words[expected->count] = word;
	expected->count++;
}

/* Names and values are said at once, and what logstor hasn't is not worth
 * the room. */
static bool
is_worth_saying(const struct parse *parse, const struct keyword *keyword)
{
	bool is_value = parse->is_expected[LEXEME_INTEGER];

	switch (keyword->lexeme) {
	case LEXEME_RESERVED:
	case LEXEME_MASKED:
	case LEXEME_CHECK:
		return false;
	case LEXEME_TTL:
		return !parse->is_expected[LEXEME_STATIC];
	case LEXEME_NATIVE_TYPE:
	case LEXEME_COUNTER:
	case LEXEME_TIMESTAMP:
		return !parse->is_expected[LEXEME_NAME];
	case LEXEME_NULL:
	case LEXEME_TRUE:
	case LEXEME_FALSE:
	case LEXEME_NAN:
	case LEXEME_INFINITY:
	case LEXEME_TOKEN:
		return !is_value;
	case LEXEME_SET:
		return !parse->is_expected[LEXEME_NAME];
	default:
		return true;
	}
}

static void
expect_keywords(const struct parse *parse, struct expected *expected)
{
	const struct keyword *keyword;

	for (size_t i = 0; (keyword = keyword_at(i)) != NULL; i++)
		if (parse->is_expected[keyword->lexeme] &&
		    keyword_of_lexeme(keyword->lexeme) == keyword &&
		    is_worth_saying(parse, keyword))
			expect(expected, keyword->word);
}

/* Operators could stand behind every term; saying so helps nobody. */
static void
expect_signs(const struct parse *parse, struct expected *expected)
{
	bool begins = parse->is_expected[LEXEME_STRING] &&
		      (parse->is_expected[LEXEME_INTEGER] ||
		       parse->is_expected[LEXEME_NAME]);
	bool continues = parse->is_expected[LEXEME_PLUS];

	for (size_t i = 0; i < ARRAY_COUNT(signs); i++) {
		int lexeme = signs[i].lexeme;

		if (!parse->is_expected[lexeme])
			continue;
		if (begins && (lexeme == LEXEME_LP || lexeme == LEXEME_COLON ||
			       lexeme == LEXEME_INTEGER ||
			       lexeme == LEXEME_STRING ||
			       lexeme == LEXEME_QUESTION))
			continue;
		if (continues && (lexeme == LEXEME_STAR ||
				  lexeme == LEXEME_DOT ||
				  lexeme == LEXEME_LP || lexeme == LEXEME_LT))
			continue;
		expect(expected, signs[i].text);
	}
}

static void
collect_expected(const struct parse *parse, struct expected *expected)
{
	bool is_string = parse->is_expected[LEXEME_STRING];
	bool is_name = parse->is_expected[LEXEME_NAME];

	*expected = (struct expected){ 0 };
	if (is_string && parse->is_expected[LEXEME_INTEGER])
		expect(expected, "a value");
	else if (is_string && is_name)
		expect(expected, "a type");
	else if (is_name)
		expect(expected, "a name");
	expect_keywords(parse, expected);
	expect_signs(parse, expected);
	if (parse->is_expected[0])
		expect(expected, "the statement's end");
}

static void
hint_expected(struct parse *parse, const struct expected *expected)
{
	char hint[sizeof(parse->error->hint)];
	size_t used = 0;

	if (expected->count == 0)
		return;
	if (parse->is_expected[LEXEME_SELECT] &&
	    parse->is_expected[LEXEME_CREATE]) {
		error_hint(parse->error, "expected a statement, such as "
					 "SELECT, INSERT, UPDATE, DELETE or "
					 "CREATE");
		return;
	}
	for (size_t i = 0; i < expected->count && i < EXPECTED_MAX; i++) {
		const char *between =
			i == 0 ? "" : i + 1 == expected->count ? " or " : ", ";
		int size = snprintf(hint + used, sizeof(hint) - used, "%s%s",
				    between, expected->words[i]);

		if (size < 0 || (size_t)size >= sizeof(hint) - used)
			break;
		used += (size_t)size;
	}
	error_hint(parse->error, "expected %s%s", hint,
		   expected->count > EXPECTED_MAX ? ", …" : "");
}

/* ---- likely mistakes ---- */

/* The expected keyword that ${text} is nearly; NULL when none is near. */
static const struct keyword *
nearest_keyword(const struct parse *parse, struct slice text)
{
	const struct keyword *nearest = NULL;
	const struct keyword *keyword;
	size_t least = text.size <= 3 ? 1 : 2;

	for (size_t i = 0; (keyword = keyword_at(i)) != NULL; i++) {
		struct slice word = slice_make(keyword->word, keyword->size);
		size_t distance;

		if (!parse->is_expected[keyword->lexeme] || text.size < 2)
			continue;
		distance = slice_edit_distance(text, word);
		if (distance < least || (distance == least && !nearest)) {
			nearest = keyword;
			least = distance;
		}
	}
	return nearest;
}

static const struct clause_order {
	int first;
	const char *statement;
	const char *clauses;
	int lexemes[12];
} clause_orders[] = {
	{ LEXEME_SELECT, "SELECT",
	  "FROM, WHERE, GROUP BY, ORDER BY, PER PARTITION LIMIT, LIMIT, "
	  "ALLOW FILTERING, BYPASS CACHE, USING",
	  { LEXEME_WHERE, LEXEME_GROUP, LEXEME_ORDER, LEXEME_PER, LEXEME_LIMIT,
	    LEXEME_ALLOW, LEXEME_BYPASS, LEXEME_USING } },
	{ LEXEME_INSERT, "INSERT", "VALUES or JSON, IF NOT EXISTS, USING",
	  { LEXEME_IF, LEXEME_USING } },
	{ LEXEME_UPDATE, "UPDATE", "USING, SET, WHERE, IF",
	  { LEXEME_USING, LEXEME_SET, LEXEME_WHERE, LEXEME_IF } },
	{ LEXEME_DELETE, "DELETE", "FROM, USING, WHERE, IF",
	  { LEXEME_USING, LEXEME_WHERE, LEXEME_IF } },
};

/* A clause of the statement where it can't stand any more (or not yet). */
static bool
hint_clause_order(struct parse *parse, int lexeme)
{
	for (size_t i = 0; i < ARRAY_COUNT(clause_orders); i++) {
		const struct clause_order *order = &clause_orders[i];

		if (order->first != parse->first_code)
			continue;
		for (const int *clause = order->lexemes; *clause != 0;
		     clause++) {
			if (*clause != lexeme)
				continue;
			error_hint(parse->error,
				   "the clauses of %s come in this order: %s",
				   order->statement, order->clauses);
			return true;
		}
	}
	return false;
}

/* The byte before the offending lexeme, 0 at the text's start. */
static uint8_t
byte_before(const struct parse *parse)
{
	uint32_t start = parse->lexeme.start;

	return start == 0 ? 0 : parse->text.data[start - 1];
}

/* What other languages have and CQL hasn't; NULL: it is none of that. */
static const char *
find_foreign(const struct parse *parse, int lexeme, struct slice text)
{
	uint8_t before = byte_before(parse);

	if (slice_is_equal_ignoring_case(text, SLICE("OR")))
		return "CQL has no OR; IN (…) takes several values of one "
		       "column";
	if (slice_is_equal_ignoring_case(text, SLICE("JOIN")))
		return "CQL has no joins";
	if (lexeme == LEXEME_SELECT && before == '(')
		return "CQL has no subqueries";
	/* But not in `tuple<>`. */
	if (lexeme == LEXEME_GT && before == '<' &&
	    parse->is_expected[LEXEME_INTEGER])
		return "CQL writes \"not equal\" as !=";
	if (lexeme == LEXEME_EQ && before == '=')
		return "CQL writes \"equal\" as =";
	if (lexeme == LEXEME_STAR && parse->first_code == LEXEME_DELETE)
		return "DELETE without columns deletes the row, "
		       "DELETE FROM … WHERE …";
	if (lexeme == LEXEME_VALUES && parse->is_expected[LEXEME_LP])
		return "CQL wants the columns named, "
		       "INSERT INTO t (a, b) VALUES (1, 2)";
	if (lexeme == LEXEME_NAME && before == '\'')
		return "a quote inside a string is written twice ('')";
	return NULL;
}

static bool
hint_reserved(struct parse *parse, struct slice text,
	      const struct expected *expected)
{
	const struct keyword *keyword = keyword_find(text);

	if (keyword == NULL || !keyword->is_reserved ||
	    !parse->is_expected[LEXEME_NAME])
		return false;
	error_hint(parse->error,
		   "expected %s; %s is a reserved word, which needs double "
		   "quotes as a name",
		   expected->words[0], keyword->word);
	return true;
}

static void
hint_mistake(struct parse *parse, int lexeme, const struct expected *expected)
{
	struct slice text = parse_text_at(parse, parse->lexeme);
	bool is_word = lexeme == LEXEME_NAME || keyword_find(text) != NULL;
	const char *foreign = find_foreign(parse, lexeme, text);
	const struct keyword *near;

	if (foreign != NULL) {
		error_hint(parse->error, "%s", foreign);
		return;
	}
	if (hint_reserved(parse, text, expected))
		return;
	near = is_word ? nearest_keyword(parse, text) : NULL;
	if (near != NULL)
		error_hint(parse->error, "did you mean '%s'?", near->word);
	else if (!hint_clause_order(parse, lexeme))
		hint_expected(parse, expected);
}

/* What the name would be of that stands where the last lexeme does. */
static const char *
find_named_thing(const struct parse *parse)
{
	int before = parse->previous_code;

	if (before == LEXEME_EXISTS)
		before = parse->second_code;
	switch (before) {
	case LEXEME_USE:
	case LEXEME_KEYSPACE:
	case LEXEME_SCHEMA:
		return "keyspace names";
	case LEXEME_TABLE:
	case LEXEME_FROM:
	case LEXEME_INTO:
	case LEXEME_UPDATE:
	case LEXEME_TRUNCATE:
		return "table names";
	case LEXEME_TYPE:
		return "type names";
	case LEXEME_LP:
	case LEXEME_COMMA:
	case LEXEME_BY:
	case LEXEME_ADD:
		return "column names";
	default:
		return "names";
	}
}

static bool
is_marker_for_name(const struct parse *parse, int lexeme)
{
	return (lexeme == LEXEME_QUESTION || lexeme == LEXEME_COLON) &&
	       parse->is_expected[LEXEME_NAME] &&
	       !parse->is_expected[LEXEME_QUESTION];
}

void
parse_fail_syntax(struct parse *parse, int lexeme)
{
	struct slice text = excerpt(parse_text_at(parse, parse->lexeme));
	struct expected expected;

	if (parse->result != 0)
		return;
	if (is_marker_for_name(parse, lexeme)) {
		parse_fail(parse, parse->lexeme,
			   "Bind variables cannot be used for %s",
			   find_named_thing(parse));
		return;
	}
	collect_expected(parse, &expected);
	if (lexeme == 0 && expected.count == 1)
		parse_fail(parse, parse->lexeme, ": Missing %s",
			   expected.words[0]);
	else if (lexeme == 0)
		parse_fail(parse, parse->lexeme,
			   "no viable alternative at input '<EOF>'");
	else if (expected.count == 1)
		parse_fail(parse, parse->lexeme,
			   "mismatched input '%.*s' expecting %s",
			   SLICE_ARGUMENTS(text), expected.words[0]);
	else
		parse_fail(parse, parse->lexeme,
			   "no viable alternative at input '%.*s'",
			   SLICE_ARGUMENTS(text));
	if (lexeme == 0)
		hint_expected(parse, &expected);
	else
		hint_mistake(parse, lexeme, &expected);
}
