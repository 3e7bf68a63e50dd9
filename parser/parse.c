/* SPDX-License-Identifier: MIT */
#include "parser/parse.h"

#include "base/limits.h"
#include "parser/grammar.h"
#include "parser/keyword.h"
#include "parser/parse_state.h"
#include "parser/split.h"
#include "parser/unsupported.h"

#include <assert.h>

/* A few words have a meaning exactly where a column can stand as well, and
 * only the lexeme behind them tells which it is.  The grammar has one lexeme
 * to look at and that is the word itself, so it is told here. */

static int
next_code(struct lexer *lexer)
{
	int code = lexer_next(lexer);
	const struct keyword *keyword;

	if (code != LEXEME_NAME)
		return code;
	keyword = keyword_find(lexer_text(lexer));
	return keyword == NULL ? code : keyword->lexeme;
}

/* SELECT json FROM t, SELECT distinct, k FROM t, SELECT json AS j FROM t; but
 * SELECT JSON as FROM t has a column of that name. */
static bool
is_selected_name(struct lexer ahead)
{
	int code = next_code(&ahead);

	if (code == LEXEME_AS) {
		code = next_code(&ahead);
		return code != LEXEME_FROM && code != LEXEME_COMMA;
	}
	switch (code) {
	case LEXEME_SEMICOLON:
	case LEXEME_COMMA:
	case LEXEME_DOT:
	case LEXEME_LB:
	case LEXEME_PLUS:
	case LEXEME_MINUS:
	case LEXEME_SLASH:
	case LEXEME_PERCENT:
	case LEXEME_FROM:
	case LEXER_END:
		return true;
	default:
		return false;
	}
}

/* UPDATE … IF exists = 1; but DROP TABLE IF EXISTS contains. */
static bool
is_compared_name(struct lexer ahead)
{
	switch (next_code(&ahead)) {
	case LEXEME_EQ:
	case LEXEME_NE:
	case LEXEME_LT:
	case LEXEME_LE:
	case LEXEME_GT:
	case LEXEME_GE:
	case LEXEME_IN:
	case LEXEME_NOT:
	case LEXEME_IS:
	case LEXEME_LIKE:
	case LEXEME_BETWEEN:
	case LEXEME_CONTAINS:
	case LEXEME_LB:
	case LEXEME_DOT:
		return true;
	default:
		return false;
	}
}

static bool
is_name_here(const struct parse *parse, int code)
{
	struct lexer ahead = parse->lexer;

	switch (parse->code) {
	case LEXEME_SELECT:
		return (code == LEXEME_DISTINCT || code == LEXEME_JSON) &&
		       is_selected_name(ahead);
	case LEXEME_JSON:
		return code == LEXEME_DISTINCT && is_selected_name(ahead);
	case LEXEME_IF:
		return code == LEXEME_EXISTS &&
		       parse->first_code != LEXEME_DROP &&
		       parse->first_code != LEXEME_ALTER &&
		       is_compared_name(ahead);
	case LEXEME_DROP:
		return code == LEXEME_COMPACT &&
		       next_code(&ahead) != LEXEME_STORAGE;
	default:
		return false;
	}
}

static int
code_of_word(const struct parse *parse)
{
	const struct keyword *keyword = keyword_find(
		lexer_text(&parse->lexer));

	if (keyword == NULL || is_name_here(parse, keyword->lexeme))
		return LEXEME_NAME;
	return keyword->lexeme;
}

/* A statement's end has the place behind its last lexeme. */
static struct parse_lexeme
end_statement(struct parse *parse)
{
	parse->lexeme = (struct ast_place){ parse->previous_end, 0 };
	parse->code = 0;
	return (struct parse_lexeme){ 0, parse->lexeme };
}

/* The lexer sees one byte more than is allowed; only a `;` may be there. */
static bool
is_too_long(const struct parse *parse, int code)
{
	return parse->text.size > STATEMENT_SIZE_MAX &&
	       parse->lexer.cursor == parse->lexer.limit &&
	       code != LEXEME_SEMICOLON;
}

struct parse_lexeme
parse_next_lexeme(struct parse *parse)
{
	int code = lexer_next(&parse->lexer);
	struct ast_place place = {
		(uint32_t)(parse->lexer.start - parse->text.data),
		(uint32_t)(parse->lexer.cursor - parse->lexer.start)
	};

	parse->previous_end = parse->lexeme.start + parse->lexeme.size;
	if (UNLIKELY(is_too_long(parse, code))) {
		parse_fail_limit(parse, (struct ast_place){ parse->start, 1 },
				 "a statement must not be longer than %d bytes",
				 STATEMENT_SIZE_MAX);
		return end_statement(parse);
	}
	if (UNLIKELY(code < 0)) {
		parse_fail_lexer(parse, code);
		return end_statement(parse);
	}
	if (code == LEXEME_NAME)
		code = code_of_word(parse);
	if (code == LEXER_END ||
	    (code == LEXEME_SEMICOLON && !block_is_open(parse->block)))
		return end_statement(parse);
	if (parse->second_code == 0 && parse->code != 0) {
		parse->second_code = code;
		parse->second = place;
	}
	parse->previous_code = parse->code;
	parse->code = code;
	parse->lexeme = place;
	if (parse->block != BLOCK_NONE)
		parse->block = block_advance(parse->block, code,
					     lexer_text(&parse->lexer));
	return (struct parse_lexeme){ code, place };
}

/* Stands the lexer before the statement's first lexeme; false when the text
 * has none. */
static bool
find_start(struct parse *parse)
{
	struct lexer before;
	const struct keyword *keyword;
	int code;

	do {
		before = parse->lexer;
		code = lexer_next(&parse->lexer);
	} while (code == LEXEME_SEMICOLON);
	if (code == LEXER_END && !is_too_long(parse, code))
		return false;
	if (code == LEXEME_NAME) {
		keyword = keyword_find(lexer_text(&parse->lexer));
		code = keyword == NULL ? code : keyword->lexeme;
	}
	parse->first_code = code;
	parse->start = (uint32_t)(parse->lexer.start - parse->text.data);
	parse->lexeme = (struct ast_place){ parse->start, 0 };
	parse->lexer = before;
	return true;
}

/* What most statements begin with needs no look at the table. */
static bool
may_be_unsupported(const struct parse *parse)
{
	switch (parse->first_code) {
	case LEXEME_SELECT:
	case LEXEME_INSERT:
	case LEXEME_UPDATE:
	case LEXEME_DELETE:
	case LEXEME_USE:
	case LEXEME_TRUNCATE:
		return false;
	default:
		return true;
	}
}

static void
turn_unsupported(struct parse *parse)
{
	struct ast_statement *statement = arena_new(parse->arena,
						    struct ast_statement);

	if (statement == NULL) {
		parse_fail_memory(parse);
		return;
	}
	statement->kind = AST_UNSUPPORTED;
	statement->place = parse_place_from(parse, parse->start);
	statement->verb = parse->unsupported_place;
	statement->as.unsupported.what = parse->unsupported;
	statement->as.unsupported.place = parse->unsupported_place;
	parse->statement = statement;
}

static void
parse_text(struct parse *parse)
{
	const uint8_t *end;

	if (may_be_unsupported(parse))
		parse->unsupported = unsupported_find(&parse->lexer, &end);
	if (!slice_is_null(parse->unsupported))
		parse->unsupported_place = (struct ast_place){
			parse->start,
			(uint32_t)(end - parse->text.data) - parse->start
		};
	if (slice_is_null(parse->unsupported))
		grammar_run(parse);
	else
		while (parse_next_lexeme(parse).code != 0)
			;
	if (parse->result == 0 && !slice_is_null(parse->unsupported))
		turn_unsupported(parse);
	if (parse->result == 0 && parse->arena->has_failed)
		parse_fail_memory(parse);
}

static void
set_marker_count(struct parse *parse)
{
	struct ast_statement *statement = parse->statement;

	assert(statement != NULL);
	statement->marker_count = parse->marker_count;
	if (statement->kind == AST_EXPLAIN)
		statement->as.explain.statement->marker_count =
			parse->marker_count;
}

void
parse_note_unsupported(struct parse *parse, struct ast_place place,
		       const char *what)
{
	if (!slice_is_null(parse->unsupported))
		return;
	parse->unsupported = slice_from_string(what);
	parse->unsupported_place = place;
}

int
parse_statement(struct slice text, struct arena *arena,
		struct ast_statement **statement, size_t *end,
		struct error *error)
{
	struct parse parse = { .text = text, .arena = arena, .error = error };
	struct slice visible = text;
	size_t start;

	*statement = NULL;
	*end = text.size;
	if (visible.size > STATEMENT_SIZE_MAX)
		visible.size = (size_t)STATEMENT_SIZE_MAX + 1;
	lexer_init(&parse.lexer, visible);
	parse.text.data = parse.lexer.limit - visible.size;
	if (!find_start(&parse))
		return 0;
	parse_text(&parse);
	if (parse.result != 0) {
		(void)split_statement(text, &start, end);
		return parse.result;
	}
	set_marker_count(&parse);
	*statement = parse.statement;
	*end = (size_t)(parse.lexer.cursor - parse.text.data);
	return 0;
}
