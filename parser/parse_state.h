/* SPDX-License-Identifier: MIT
 *
 * What one parse knows while it runs; internal to parser/.  The grammar's
 * actions and the builders of the AST get it as their context.  The first
 * error sticks in result; whatever is built afterwards is thrown away. */
#ifndef PARSER_PARSE_STATE_H
#define PARSER_PARSE_STATE_H

#include "base/arena.h"
#include "base/compiler.h"
#include "base/error.h"
#include "parser/ast.h"
#include "parser/block.h"
#include "parser/lexer.h"

enum { PARSE_LEXEMES_MAX = 160 };

struct named_markers;

struct parse {
	struct slice text; /* places are offsets in it */
	struct arena *arena;
	struct error *error;
	int result; /* 0 or -ERROR_* */

	struct lexer lexer;
	enum block_state block;
	int code;                /* of the lexeme that was read last */
	int previous_code;       /* of the one before */
	int first_code;          /* of the statement's first one */
	int second_code;
	struct ast_place second; /* where the second one stands */
	struct ast_place lexeme; /* where the last one stands */
	uint32_t start;          /* where the first one does */
	uint32_t previous_end;   /* of the lexeme before the last one */

	struct ast_statement *statement;
	struct slice unsupported; /* null: nothing that we don't have */
	struct ast_place unsupported_place;
	struct named_markers *named_markers;
	uint32_t marker_count;

	/* Filled by a syntax error: which lexemes would have been taken. */
	bool is_expected[PARSE_LEXEMES_MAX];
};

struct parse_lexeme {
	int code; /* LEXEME_…, 0 at the statement's end */
	struct ast_place place;
};

/* Runs lemon's parser over the lexemes; fills statement or result. */
void grammar_run(struct parse *parse);
/* The next lexeme; result says if that failed. */
struct parse_lexeme parse_next_lexeme(struct parse *parse);

/* From ${start} to the end of the lexeme before the one being looked at:
 * the place of what a rule's action builds. */
static inline struct ast_place
parse_place_from(const struct parse *parse, uint32_t start)
{
	return (struct ast_place){ start, parse->previous_end - start };
}

/* From the start of ${first} to the end of ${last}. */
static inline struct ast_place
parse_span(struct ast_place first, struct ast_place last)
{
	return (struct ast_place){ first.start,
				   last.start + last.size - first.start };
}

static inline struct slice
parse_text_at(const struct parse *parse, struct ast_place place)
{
	return slice_make(parse->text.data + place.start, place.size);
}

/* The statement contains what logstor doesn't have; the first one counts. */
void parse_note_unsupported(struct parse *parse, struct ast_place place,
			    const char *what);

/* The message gets "line L:C " in front of it. */
void parse_fail(struct parse *parse, struct ast_place place,
		const char *format, ...) PRINTF_LIKE(3, 4);
/* A limit of ours, and no mistake in the language: no line in front. */
void parse_fail_limit(struct parse *parse, struct ast_place place,
		      const char *format, ...) PRINTF_LIKE(3, 4);
void parse_fail_memory(struct parse *parse);
void parse_fail_nesting(struct parse *parse, struct ast_place place);
/* ${fault} is what lexer_next() returned. */
void parse_fail_lexer(struct parse *parse, int fault);
/* ${lexeme} is not among is_expected. */
void parse_fail_syntax(struct parse *parse, int lexeme);

#endif
