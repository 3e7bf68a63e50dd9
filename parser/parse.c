/* SPDX-License-Identifier: MIT */
#include "parser/parse.h"

#include "base/limits.h"
#include "parser/grammar.h"
#include "parser/keyword.h"
#include "parser/parse_state.h"
#include "parser/split.h"
#include "parser/unsupported.h"

#include <assert.h>

/* DISTINCT and JSON behind SELECT are columns when what follows could only
 * follow a column: SELECT json FROM t, SELECT distinct, k FROM t. */
static bool
is_selected_name(const struct parse *parse)
{
	struct lexer ahead = parse->lexer;
	const struct keyword *keyword;

	switch (lexer_next(&ahead)) {
	case LEXER_END:
	case LEXEME_SEMICOLON:
	case LEXEME_COMMA:
	case LEXEME_DOT:
	case LEXEME_LB:
	case LEXEME_PLUS:
	case LEXEME_MINUS:
	case LEXEME_SLASH:
	case LEXEME_PERCENT:
		return true;
	case LEXEME_NAME:
		keyword = keyword_find(lexer_text(&ahead));
		return keyword != NULL && (keyword->lexeme == LEXEME_FROM ||
					   keyword->lexeme == LEXEME_AS);
	default:
		return false;
	}
}

static int
code_of_word(const struct parse *parse)
{
	const struct keyword *keyword = keyword_find(
		lexer_text(&parse->lexer));
	int code = keyword == NULL ? LEXEME_NAME : keyword->lexeme;
	bool modifies = (parse->code == LEXEME_SELECT &&
			 (code == LEXEME_DISTINCT || code == LEXEME_JSON)) ||
			(parse->code == LEXEME_JSON &&
			 parse->first_code == LEXEME_SELECT &&
			 code == LEXEME_DISTINCT);

	return modifies && is_selected_name(parse) ? LEXEME_NAME : code;
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
	statement->as.unsupported.what = parse->unsupported;
	parse->statement = statement;
}

static void
parse_text(struct parse *parse)
{
	if (may_be_unsupported(parse))
		parse->unsupported = unsupported_find(&parse->lexer);
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
parse_note_unsupported(struct parse *parse, const char *what)
{
	if (slice_is_null(parse->unsupported))
		parse->unsupported = slice_from_string(what);
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
