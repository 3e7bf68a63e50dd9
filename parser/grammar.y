/* SPDX-License-Identifier: MIT
 *
 * CQL for lemon: LALR(1), without a conflict that isn't settled by a written
 * precedence.  Actions only hand their parts to ast_build.h, so that the C in
 * here stays small (lemon's output is compiled without warnings).
 *
 * - Unreserved words fall back to NAME wherever their own meaning is not
 *   acceptable.  This works because the table is not compressed (lemon -c):
 *   a default reduction would hide that a word is acceptable.  It also makes
 *   the list of what was expected exact.
 * - COUNT, WRITETIME, TTL(…) and CAST are no words here but functions; CAST
 *   is told by its AS.
 * - Native types are one lexeme, NATIVE_TYPE, because `(int) x` is a type
 *   hint but `(x) …` a parenthesis.  Everywhere else they are names.
 * - `a.b.c` is a path; whether it is a column, a field or a function is
 *   decided by what follows, or by the binder.
 * - An action runs when the lexeme behind its rule has come, so the place of
 *   what it builds ends where the lexeme before that one did. */
%name grammar
%token_prefix LEXEME_
%token_type {struct ast_place}
%extra_context {struct parse *parse}
%start_symbol input
/* A level of terms takes at most five entries (`{a: 1, b: {…`), one of types
 * four: NESTING_MAX of both fit.  Large things are on it as pointers. */
%stack_size 500

%include {
#include "parser/ast_build.h"
#include "parser/grammar.h"
#include "parser/parse_state.h"

/* The first syntax error ends the parse. */
#define YYNOERRORRECOVERY 1
#define grammar_ENGINEALWAYSONSTACK 1

struct yyParser;
static void report_syntax_error(const struct yyParser *parser, int lexeme);
}

%stack_overflow { parse_fail_nesting(parse, parse->lexeme); }
%syntax_error { report_syntax_error(yypParser, yymajor); }
%code {
/* Would the grammar take ${lexeme} next?  Plays the reductions that it causes
 * on a copy of the states, because an LALR(1) state may reduce although the
 * state below then finds an error. */
static bool
is_acceptable(const yyParser *parser, int lexeme)
{
	_Static_assert(YYNTOKEN <= PARSE_LEXEMES_MAX, "all can be expected");
	YYACTIONTYPE states[YYSTACKDEPTH + 1];
	ptrdiff_t top = parser->yytos - parser->yystack;

	for (ptrdiff_t i = 0; i <= top; i++)
		states[i] = parser->yystack[i].stateno;
	for (;;) {
		YYACTIONTYPE action = states[top];
		unsigned rule;

		if (action <= YY_MAX_SHIFT) {
			int i = yy_shift_ofst[action] + lexeme;

			if (yy_lookahead[i] != lexeme)
				return false;
			action = yy_action[i];
		}
		if (action < YY_MIN_REDUCE)
			return action <= YY_MAX_SHIFTREDUCE ||
			       action == YY_ACCEPT_ACTION;
		rule = action - YY_MIN_REDUCE;
		top += yyRuleInfoNRhs[rule];
		if (top + 1 > YYSTACKDEPTH)
			return false;
		action = yy_find_reduce_action(states[top],
					       yyRuleInfoLhs[rule]);
		states[++top] = action;
	}
}

static void
report_syntax_error(const struct yyParser *parser, int lexeme)
{
	struct parse *parse = parser->parse;

	for (int i = 0; i < YYNTOKEN; i++)
		parse->is_expected[i] = is_acceptable(parser, i);
	parse_fail_syntax(parse, lexeme);
}

void
grammar_run(struct parse *parse)
{
	struct parse_lexeme lexeme;
	yyParser parser;

	grammarInit(&parser, parse);
	do {
		lexeme = parse_next_lexeme(parse);
		if (parse->result != 0)
			break;
		grammar(&parser, lexeme.code, lexeme.place);
	} while (lexeme.code != 0 && parse->result == 0);
}
}

%token RESERVED.
%fallback NAME AGGREGATES ANALYZE ANN AS BETWEEN BYPASS CACHE CHECK CLUSTER
	CLUSTERING COMPACT CONTAINS DEFAULT DESC DESCRIBE DISTINCT EXISTS
	EXPLAIN FILTERING FUNCTIONS GROUP INTERNALS JSON KEY KEYSPACES LIKE
	MASKED ONLY PARTITION PER SHOW STATIC STORAGE TABLES TIMEOUT TTL TYPE
	TYPES UNSET VALUES.

/* LOW loses against a lexeme that could be shifted: `(date) -1` is a hint. */
%nonassoc LOW.
%left PLUS MINUS.
%left STAR SLASH PERCENT.
%right UNARY.
%nonassoc RP LB COLON.

input ::= statement(S). { parse->statement = S; }

%type statement {struct ast_statement *}
%type plain_statement {struct ast_statement *}
statement(A) ::= plain_statement(A).
statement(A) ::= EXPLAIN(E) plain_statement(S). {
	A = build_statement(parse, E, &(struct ast_statement){
		.kind = AST_EXPLAIN, .as.explain = { false, S } });
}
statement(A) ::= EXPLAIN(E) ANALYZE plain_statement(S). {
	A = build_statement(parse, E, &(struct ast_statement){
		.kind = AST_EXPLAIN, .as.explain = { true, S } });
}
plain_statement(A) ::= select(A).
plain_statement(A) ::= modification(A).
plain_statement(A) ::= batch(A).
plain_statement(A) ::= schema_change(A).
plain_statement(A) ::= describe(A).
plain_statement(A) ::= USE(U) name(N). {
	A = build_statement(parse, U, &(struct ast_statement){
		.kind = AST_USE, .as.use = N });
}
plain_statement(A) ::= CHECK(C). {
	A = build_statement(parse, C, &(struct ast_statement){
		.kind = AST_CHECK });
}
plain_statement(A) ::= COMPACT(C). {
	A = build_statement(parse, C, &(struct ast_statement){
		.kind = AST_COMPACT });
}
plain_statement(A) ::= COMPACT(C) qualified_name. {
	parse_note_unsupported(parse, C, "COMPACT of one table");
	A = build_statement(parse, C, &(struct ast_statement){
		.kind = AST_UNSUPPORTED });
}
plain_statement(A) ::= SHOW(S) STORAGE. {
	A = build_statement(parse, S, &(struct ast_statement){
		.kind = AST_SHOW_STORAGE });
}

/* ---- names ---- */

%type name {struct ast_name}
name(A) ::= NAME(N). { A = build_name(parse, N); }
name(A) ::= QUOTED_NAME(N). { A = build_quoted_name(parse, N); }
name(A) ::= native_type(N). [LOW] { A = build_name(parse, N); }

%type native_type {struct ast_place}
native_type(A) ::= NATIVE_TYPE(A).
native_type(A) ::= COUNTER(A).
native_type(A) ::= TIMESTAMP(A).

%type names {struct name_list}
names(A) ::= name(N). { A = build_name_list(parse, &N); }
names(A) ::= names(A) COMMA name(N). { name_list_add(parse, &A, &N); }

%type qualified_name {struct ast_qualified_name}
qualified_name(A) ::= name(N). {
	A = (struct ast_qualified_name){ .name = N };
}
qualified_name(A) ::= name(K) DOT name(N). {
	A = (struct ast_qualified_name){ K, N };
}

%type path {struct name_list}
path(A) ::= name(N). { A = build_name_list(parse, &N); }
path(A) ::= path(A) DOT name(N). { name_list_add(parse, &A, &N); }

/* ---- terms ---- */

/* `simple` is what a user type's hint may stand before; the other classes
 * are told apart so that an ordinary value is two reductions and no more. */
%type term {struct ast_term *}
%type hint {struct ast_term *}
%type postfix {struct ast_term *}
%type simple {struct ast_term *}
%type grouped {struct ast_term *}
%type marker {struct ast_term *}
%type call {struct ast_term *}
%type braced {struct ast_term *}
%type index {struct index}
%type terms {struct term_list}
%type optional_terms {struct term_list}
%type pairs {struct term_list}

term(A) ::= term(L) PLUS term(R). { A = build_arithmetic(parse, '+', L, R); }
term(A) ::= term(L) MINUS term(R). { A = build_arithmetic(parse, '-', L, R); }
term(A) ::= term(L) STAR term(R). { A = build_arithmetic(parse, '*', L, R); }
term(A) ::= term(L) SLASH term(R). { A = build_arithmetic(parse, '/', L, R); }
term(A) ::= term(L) PERCENT term(R). {
	A = build_arithmetic(parse, '%', L, R);
}
term(A) ::= MINUS(M) term(T). [UNARY] { A = build_negation(parse, M, T); }
term(A) ::= hint(A).
term(A) ::= postfix(A).
term(A) ::= simple(A).
term(A) ::= grouped(A).
term(A) ::= path(P). [LOW] { A = build_path(parse, &P); }

/* A user type's hint is only told from a parenthesis by what follows. */
hint(A) ::= LP(L) native_type(N) RP term(T). [UNARY] {
	A = build_hint(parse, L, build_native_type(parse, N), T);
}
hint(A) ::= LP(L) path(P) LT type_arguments(G) GT RP term(T). [UNARY] {
	A = build_hint(parse, L, build_path_type(parse, &P, &G), T);
}
hint(A) ::= LP(L) SET(S) LT type_arguments(G) GT RP term(T). [UNARY] {
	A = build_hint(parse, L, build_set_type(parse, S, &G), T);
}
hint(A) ::= LP(L) path(P) RP simple(T). {
	A = build_hint(parse, L, build_path_type(parse, &P, NULL), T);
}
hint(A) ::= LP(L) path(P) RP path(T). [LOW] {
	A = build_hint(parse, L, build_path_type(parse, &P, NULL),
		       build_path(parse, &T));
}

postfix(A) ::= postfix(B) index(I). { A = build_subscript(parse, B, &I); }
postfix(A) ::= simple(B) index(I). { A = build_subscript(parse, B, &I); }
postfix(A) ::= grouped(B) index(I). { A = build_subscript(parse, B, &I); }
postfix(A) ::= path(P) index(I). {
	A = build_subscript(parse, build_path(parse, &P), &I);
}
postfix(A) ::= postfix(B) DOT name(N). { A = build_field(parse, B, &N); }
postfix(A) ::= simple(B) DOT name(N). { A = build_field(parse, B, &N); }
postfix(A) ::= grouped(B) DOT name(N). { A = build_field(parse, B, &N); }
index(A) ::= LB term(I) RB. {
	A = (struct index){ AST_SUBSCRIPT, I, NULL };
}
index(A) ::= LB term(F) RANGE RB. { A = (struct index){ AST_SLICE, F, NULL }; }
index(A) ::= LB term(F) RANGE term(T) RB. {
	A = (struct index){ AST_SLICE, F, T };
}
index(A) ::= LB RANGE term(T) RB. { A = (struct index){ AST_SLICE, NULL, T }; }

grouped(A) ::= COLON(C) name(N). { A = build_named_marker(parse, C, &N); }
grouped(A) ::= LB(L) optional_terms(T) RB. {
	A = build_elements(parse, AST_LIST, L, &T);
}
grouped(A) ::= LP(L) terms(T) RP. {
	A = build_elements(parse, AST_TUPLE, L, &T);
}
grouped(A) ::= LP(L) path(P) RP. [LOW] {
	A = build_parenthesis(parse, L, build_path(parse, &P));
}
grouped(A) ::= LP(L) native_type(N) RP. [LOW] {
	A = build_parenthesis(parse, L, build_name_path(parse, N));
}

simple(A) ::= call(A).
simple(A) ::= braced(A).
simple(A) ::= NULL(N). { A = build_null(parse, N); }
simple(A) ::= QUESTION(Q). { A = build_marker(parse, Q); }
simple(A) ::= STRING(S). { A = build_string(parse, S); }
simple(A) ::= INTEGER(C). { A = build_constant(parse, AST_INTEGER, C); }
simple(A) ::= FLOAT(C). { A = build_constant(parse, AST_FLOAT, C); }
simple(A) ::= NAN(C). { A = build_constant(parse, AST_FLOAT, C); }
simple(A) ::= INFINITY(C). { A = build_constant(parse, AST_FLOAT, C); }
simple(A) ::= TRUE(C). { A = build_constant(parse, AST_BOOLEAN, C); }
simple(A) ::= FALSE(C). { A = build_constant(parse, AST_BOOLEAN, C); }
simple(A) ::= UUID(C). { A = build_constant(parse, AST_UUID, C); }
simple(A) ::= HEX(C). { A = build_constant(parse, AST_HEX, C); }
simple(A) ::= DURATION(C). { A = build_constant(parse, AST_DURATION, C); }

marker(A) ::= QUESTION(Q). { A = build_marker(parse, Q); }
marker(A) ::= COLON(C) name(N). { A = build_named_marker(parse, C, &N); }

call(A) ::= path(P) LP optional_terms(T) RP. {
	A = build_call(parse, &P, &T, false);
}
call(A) ::= path(P) LP STAR RP. { A = build_call(parse, &P, NULL, true); }
call(A) ::= path(P) LP term(T) AS type(Y) RP. {
	A = build_cast(parse, &P, T, Y);
}
call(A) ::= TOKEN(N) LP optional_terms(T) RP. {
	A = build_token_call(parse, NULL, N, &T);
}
call(A) ::= path(P) DOT TOKEN(N) LP optional_terms(T) RP. {
	A = build_token_call(parse, &P, N, &T);
}

braced(A) ::= LC(L) optional_terms(T) RC. {
	A = build_elements(parse, AST_SET, L, &T);
}
braced(A) ::= LC(L) pairs(T) RC. {
	A = build_elements(parse, AST_MAP, L, &T);
}
pairs(A) ::= term(K) COLON term(V). {
	A = build_term_list(parse, K);
	term_list_add(parse, &A, V);
}
pairs(A) ::= pairs(A) COMMA term(K) COLON term(V). {
	term_list_add(parse, &A, K);
	term_list_add(parse, &A, V);
}

optional_terms(A) ::= . { A = (struct term_list){ 0 }; }
optional_terms(A) ::= terms(A).
terms(A) ::= term(T). { A = build_term_list(parse, T); }
terms(A) ::= terms(A) COMMA term(T). { term_list_add(parse, &A, T); }

/* ---- types ---- */

%type type {struct ast_type *}
%type type_arguments {struct type_list}
%type dimension {struct ast_place}
type(A) ::= qualified_name(N). { A = build_type(parse, &N, NULL); }
type(A) ::= qualified_name(N) LT type_arguments(G) GT. {
	A = build_type(parse, &N, &G);
}
type(A) ::= SET(S) LT type_arguments(G) GT. {
	A = build_set_type(parse, S, &G);
}
type(A) ::= STRING(S). { A = build_custom_type(parse, S); }
type_arguments(A) ::= type(T). { A = build_type_list(parse, T); }
type_arguments(A) ::= type_arguments(A) COMMA type(T). {
	type_list_add(parse, &A, T);
}
type_arguments(A) ::= type_arguments(A) COMMA dimension(D). {
	type_list_set_dimension(parse, &A, D);
}
dimension(A) ::= INTEGER(A).
dimension(A) ::= MINUS(M) INTEGER. { A = parse_place_from(parse, M.start); }

/* ---- WHERE and IF ---- */

%type relation {struct ast_relation *}
%type plain_relation {struct ast_relation *}
%type condition {struct ast_relation *}
%type relations {struct relation_list}
%type conditions {struct relation_list}
%type where {struct ast_relation *}
%type predicate {struct predicate}
%type comparison {enum ast_operator}
%type in {enum ast_operator}
%type contains {enum ast_operator}

where(A) ::= WHERE relations(L). { A = L.first; }
relations(A) ::= relation(R). { A = build_relation_list(R); }
relations(A) ::= relations(A) AND relation(R). {
	relation_list_add(parse, &A, R);
}
conditions(A) ::= condition(R). { A = build_relation_list(R); }
conditions(A) ::= conditions(A) AND condition(R). {
	relation_list_add(parse, &A, R);
}
relation(A) ::= plain_relation(A).
relation(A) ::= LP relation(R) RP. { A = R; }
relation(A) ::= TOKEN(T) LP names(N) RP predicate(P). {
	A = build_relation(parse, AST_RELATION_TOKEN, T.start, &N, &P);
}
relation(A) ::= LP(L) names(N) RP predicate(P). {
	A = build_relation(parse, AST_RELATION_TUPLE, L.start, &N, &P);
}
condition(A) ::= plain_relation(A).
condition(A) ::= name(C) DOT name(F) predicate(P). {
	A = build_column_relation(parse, &C, NULL, &F, &P);
}
plain_relation(A) ::= name(C) predicate(P). {
	A = build_column_relation(parse, &C, NULL, NULL, &P);
}
plain_relation(A) ::= name(C) LB term(S) RB predicate(P). {
	A = build_column_relation(parse, &C, S, NULL, &P);
}

predicate(A) ::= comparison(O) term(T). { A = build_predicate(O, T, NULL); }
predicate(A) ::= in(O) LP optional_terms(T) RP. {
	A = (struct predicate){ O, T.first, false };
}
predicate(A) ::= in(O) marker(M). { A = (struct predicate){ O, M, true }; }
predicate(A) ::= BETWEEN term(F) AND term(T). {
	A = build_predicate(AST_BETWEEN, F, T);
}
predicate(A) ::= contains(O) term(T). { A = build_predicate(O, T, NULL); }
predicate(A) ::= IS NOT NULL. {
	A = build_predicate(AST_IS_NOT_NULL, NULL, NULL);
}
comparison(A) ::= EQ. { A = AST_EQ; }
comparison(A) ::= NE. { A = AST_NE; }
comparison(A) ::= LT. { A = AST_LT; }
comparison(A) ::= LE. { A = AST_LE; }
comparison(A) ::= GT. { A = AST_GT; }
comparison(A) ::= GE. { A = AST_GE; }
comparison(A) ::= LIKE. { A = AST_LIKE; }
in(A) ::= IN. { A = AST_IN; }
in(A) ::= NOT IN. { A = AST_NOT_IN; }
contains(A) ::= CONTAINS. { A = AST_CONTAINS; }
contains(A) ::= CONTAINS KEY. { A = AST_CONTAINS_KEY; }
contains(A) ::= NOT CONTAINS. { A = AST_NOT_CONTAINS; }
contains(A) ::= NOT CONTAINS KEY. { A = AST_NOT_CONTAINS_KEY; }

/* ---- clauses that several statements share ---- */

%type using {struct ast_using}
%type using_items {struct ast_using}
%type using_item {struct ast_using}
%type if_exists {bool}
%type if_not_exists {bool}
using(A) ::= . { A = (struct ast_using){ 0 }; }
using(A) ::= USING using_items(U). { A = U; }
using_items(A) ::= using_item(A).
using_items(A) ::= using_items(A) AND using_item(U). {
	A = build_using(parse, &A, &U);
}
using_item(A) ::= TIMESTAMP term(T). {
	A = (struct ast_using){ .timestamp = T };
}
using_item(A) ::= TTL term(T). { A = (struct ast_using){ .ttl = T }; }
using_item(A) ::= TIMEOUT term(T). { A = (struct ast_using){ .timeout = T }; }
if_exists(A) ::= . { A = false; }
if_exists(A) ::= IF EXISTS. { A = true; }
if_not_exists(A) ::= . { A = false; }
if_not_exists(A) ::= IF NOT EXISTS. { A = true; }

/* ---- SELECT ---- */

%type select {struct ast_statement *}
%type select_head {struct select_head}
%type selectors {struct selector_list}
%type selector {struct ast_selector *}
%type optional_where {struct ast_relation *}
%type group_by {struct term_clause}
%type order_by {struct ast_ordering *}
%type orderings {struct ordering_list}
%type ordering {struct ast_ordering *}
%type per_partition_limit {struct term_clause}
%type limit {struct ast_term *}
%type allow_filtering {bool}
%type bypass_cache {bool}

select(A) ::= SELECT(S) select_head(H). {
	A = build_select(parse, S, &H, &(struct ast_select){ 0 });
}
select(A) ::= SELECT(S) select_head(H) FROM qualified_name(T)
		optional_where(W) group_by(G) order_by(O)
		per_partition_limit(P) limit(L) allow_filtering(F)
		bypass_cache(B) using(U). {
	A = build_select(parse, S, &H, &(struct ast_select){
		.table = T, .where = W, .group_by = G.term,
		.group_place = G.place, .order_by = O,
		.per_partition_limit = P.term,
		.per_partition_place = P.place, .limit = L,
		.allows_filtering = F, .bypasses_cache = B, .using = U });
}
select(A) ::= SELECT(S) select_head(H) FROM name(N) LP qualified_name RP
		optional_where group_by order_by per_partition_limit limit
		allow_filtering bypass_cache using. {
	build_table_function(parse, &N);
	A = build_select(parse, S, &H, &(struct ast_select){ 0 });
}
select_head(A) ::= selectors(L). {
	A = (struct select_head){ .selectors = L };
}
select_head(A) ::= DISTINCT(D) selectors(L). {
	A = (struct select_head){ .selectors = L, .distinct = D };
}
select_head(A) ::= JSON(J) selectors(L). {
	A = (struct select_head){ .selectors = L, .json = J };
}
select_head(A) ::= JSON(J) DISTINCT(D) selectors(L). {
	A = (struct select_head){ L, J, D };
}
selectors(A) ::= STAR. { A = (struct selector_list){ .is_star = true }; }
selectors(A) ::= selector_list(A).
%type selector_list {struct selector_list}
selector_list(A) ::= selector(S). { A = build_selector_list(S); }
selector_list(A) ::= selector_list(A) COMMA selector(S). {
	selector_list_add(&A, S);
}
selector(A) ::= term(T). { A = build_selector(parse, T, NULL); }
selector(A) ::= term(T) AS name(N). { A = build_selector(parse, T, &N); }
optional_where(A) ::= . { A = NULL; }
optional_where(A) ::= where(A).
group_by(A) ::= . { A = (struct term_clause){ 0 }; }
group_by(A) ::= GROUP(G) BY(B) terms(T). {
	A = (struct term_clause){ T.first, parse_span(G, B) };
}
order_by(A) ::= . { A = NULL; }
order_by(A) ::= ORDER BY orderings(L). { A = L.first; }
orderings(A) ::= ordering(O). { A = build_ordering_list(O); }
orderings(A) ::= orderings(A) COMMA ordering(O). {
	ordering_list_add(&A, O);
}
ordering(A) ::= name(N). { A = build_ordering(parse, &N, false, NULL); }
ordering(A) ::= name(N) ASC. { A = build_ordering(parse, &N, false, NULL); }
ordering(A) ::= name(N) DESC. { A = build_ordering(parse, &N, true, NULL); }
ordering(A) ::= name(N) ANN OF term(T). {
	A = build_ordering(parse, &N, false, T);
}
per_partition_limit(A) ::= . { A = (struct term_clause){ 0 }; }
per_partition_limit(A) ::= PER(P) PARTITION LIMIT(L) term(T). {
	A = (struct term_clause){ T, parse_span(P, L) };
}
limit(A) ::= . { A = NULL; }
limit(A) ::= LIMIT term(T). { A = T; }
allow_filtering(A) ::= . { A = false; }
allow_filtering(A) ::= ALLOW FILTERING. { A = true; }
bypass_cache(A) ::= . { A = false; }
bypass_cache(A) ::= BYPASS CACHE. { A = true; }

/* ---- INSERT, UPDATE, DELETE, BATCH ---- */

%type modification {struct ast_statement *}
%type insert {struct ast_statement *}
%type update {struct ast_statement *}
%type delete {struct ast_statement *}
%type batch {struct ast_statement *}
%type json_value {struct ast_term *}
%type json_default {bool}
modification(A) ::= insert(A).
modification(A) ::= update(A).
modification(A) ::= delete(A).

insert(A) ::= INSERT(I) INTO qualified_name(T) LP names(C) RP VALUES
		LP(L) terms(V) RP(R) if_not_exists(E) using(U). {
	A = build_statement(parse, I, &(struct ast_statement){
		.kind = AST_INSERT, .as.insert = {
			.table = T, .columns = C.first, .values = V.first,
			.values_place = { L.start,
					  R.start + R.size - L.start },
			.if_not_exists = E, .using = U } });
}
insert(A) ::= INSERT(I) INTO qualified_name(T) JSON json_value(J)
		json_default(D) if_not_exists(E) using(U). {
	A = build_statement(parse, I, &(struct ast_statement){
		.kind = AST_INSERT, .as.insert = {
			.table = T, .json = J, .json_default_unset = D,
			.if_not_exists = E, .using = U } });
}
json_value(A) ::= STRING(S). { A = build_string(parse, S); }
json_value(A) ::= marker(A).
json_default(A) ::= . { A = false; }
json_default(A) ::= DEFAULT NULL. { A = false; }
json_default(A) ::= DEFAULT UNSET. { A = true; }

%type assignments {struct assignment_list}
%type assignment {struct ast_assignment *}
%type modify_if {struct modify_if}
update(A) ::= UPDATE(U) qualified_name(T) using(G) SET assignments(L) where(W)
		modify_if(I). {
	A = build_statement(parse, U, &(struct ast_statement){
		.kind = AST_UPDATE, .as.update = {
			.table = T, .using = G, .assignments = L.first,
			.where = W, .if_exists = I.if_exists,
			.conditions = I.conditions } });
}
modify_if(A) ::= . { A = (struct modify_if){ 0 }; }
modify_if(A) ::= IF EXISTS. { A = (struct modify_if){ .if_exists = true }; }
modify_if(A) ::= IF conditions(L). {
	A = (struct modify_if){ .conditions = L.first };
}
assignments(A) ::= assignment(S). { A = build_assignment_list(S); }
assignments(A) ::= assignments(A) COMMA assignment(S). {
	assignment_list_add(&A, S);
}
assignment(A) ::= name(C) EQ term(T). {
	A = build_assignment(parse, AST_ASSIGN, &C, T);
}
assignment(A) ::= name(C) ADD_ASSIGN term(T). {
	A = build_assignment(parse, AST_ASSIGN_ADD, &C, T);
}
assignment(A) ::= name(C) SUBTRACT_ASSIGN term(T). {
	A = build_assignment(parse, AST_ASSIGN_SUBTRACT, &C, T);
}
assignment(A) ::= name(C) LB term(S) RB EQ term(T). {
	A = build_assignment(parse, AST_ASSIGN_ELEMENT, &C, T);
	if (A != NULL)
		A->subscript = S;
}
assignment(A) ::= name(C) DOT name(F) EQ term(T). {
	A = build_assignment(parse, AST_ASSIGN_FIELD, &C, T);
	if (A != NULL)
		A->field = F;
}

%type optional_deletions {struct deletion_list}
%type deletions {struct deletion_list}
%type deletion {struct ast_deletion *}
delete(A) ::= DELETE(D) optional_deletions(L) FROM qualified_name(T) using(U)
		where(W) modify_if(I). {
	A = build_statement(parse, D, &(struct ast_statement){
		.kind = AST_DELETE, .as.delete = {
			.table = T, .deletions = L.first, .using = U,
			.where = W, .if_exists = I.if_exists,
			.conditions = I.conditions } });
}
optional_deletions(A) ::= . { A = (struct deletion_list){ 0 }; }
optional_deletions(A) ::= deletions(A).
deletions(A) ::= deletion(D). { A = build_deletion_list(D); }
deletions(A) ::= deletions(A) COMMA deletion(D). {
	deletion_list_add(&A, D);
}
deletion(A) ::= name(C). { A = build_deletion(parse, &C, NULL, NULL); }
deletion(A) ::= name(C) LB term(S) RB. {
	A = build_deletion(parse, &C, S, NULL);
}
deletion(A) ::= name(C) DOT name(F). {
	A = build_deletion(parse, &C, NULL, &F);
}

%type batch_kind {int}
%type batch_statements {struct statement_list}
batch(A) ::= BEGIN(B) batch_kind(K) BATCH using(U) batch_statements(L) APPLY
		BATCH. {
	A = build_statement(parse, B, &(struct ast_statement){
		.kind = AST_BATCH, .as.batch = {
			.kind = K, .using = U, .statements = L.first } });
}
batch_kind(A) ::= . { A = AST_BATCH_LOGGED; }
batch_kind(A) ::= UNLOGGED. { A = AST_BATCH_UNLOGGED; }
batch_kind(A) ::= COUNTER. { A = AST_BATCH_COUNTER; }
batch_statements(A) ::= . { A = (struct statement_list){ 0 }; }
batch_statements(A) ::= batch_statements(A) SEMICOLON.
batch_statements(A) ::= batch_statements(A) modification(S). {
	statement_list_add(&A, S);
}

/* ---- schema ---- */

%type schema_change {struct ast_statement *}
%type properties {struct property_list}
%type property {struct ast_property *}
%type optional_with {struct ast_property *}
%type alter {struct ast_alter *}
keyspace ::= KEYSPACE.
keyspace ::= SCHEMA.
schema_change(A) ::= CREATE(C) keyspace if_not_exists(E) name(N)
		optional_with(P). {
	A = build_statement(parse, C, &(struct ast_statement){
		.kind = AST_CREATE_KEYSPACE, .as.keyspace = {
			.name = N, .if_not_exists = E, .properties = P } });
}
schema_change(A) ::= ALTER(C) keyspace if_exists(E) name(N) WITH
		properties(P). {
	A = build_statement(parse, C, &(struct ast_statement){
		.kind = AST_ALTER_KEYSPACE, .as.keyspace = {
			.name = N, .if_exists = E, .properties = P.first } });
}
schema_change(A) ::= DROP(D) keyspace if_exists(E) name(N). {
	A = build_statement(parse, D, &(struct ast_statement){
		.kind = AST_DROP_KEYSPACE, .as.drop = {
			.name.name = N, .if_exists = E } });
}
schema_change(A) ::= DROP(D) TABLE if_exists(E) qualified_name(N). {
	A = build_statement(parse, D, &(struct ast_statement){
		.kind = AST_DROP_TABLE, .as.drop = { N, E } });
}
schema_change(A) ::= DROP(D) TYPE if_exists(E) qualified_name(N). {
	A = build_statement(parse, D, &(struct ast_statement){
		.kind = AST_DROP_TYPE, .as.drop = { N, E } });
}
schema_change(A) ::= TRUNCATE(T) qualified_name(N) using(U). {
	A = build_statement(parse, T, &(struct ast_statement){
		.kind = AST_TRUNCATE, .as.truncate = { N, U } });
}
schema_change(A) ::= TRUNCATE(T) TABLE qualified_name(N) using(U). {
	A = build_statement(parse, T, &(struct ast_statement){
		.kind = AST_TRUNCATE, .as.truncate = { N, U } });
}
optional_with(A) ::= . { A = NULL; }
optional_with(A) ::= WITH properties(P). { A = P.first; }
properties(A) ::= property(P). { A = build_property_list(P); }
properties(A) ::= properties(A) AND property(P). {
	property_list_add(&A, P);
}
property(A) ::= name(N) EQ term(T). { A = build_property(parse, &N, T); }

%type table_body {struct table_body}
%type table_with {struct table_with}
%type table_options {struct table_with}
%type table_option {struct table_with}
%type primary_key {struct ast_primary_key *}
%type partition_key {struct name_list}
%type clustering {struct name_list}
schema_change(A) ::= CREATE(C) TABLE if_not_exists(E) qualified_name(N)
		LP table_body(B) RP table_with(W). {
	A = build_statement(parse, C, &(struct ast_statement){
		.kind = AST_CREATE_TABLE, .as.create_table = {
			.name = N, .if_not_exists = E,
			.columns = B.columns.first,
			.primary_keys = B.first_key,
			.is_compact = W.compact.size > 0,
			.compact_place = W.compact,
			.clustering_order = W.clustering_order,
			.properties = W.properties.first } });
}
schema_change(A) ::= CREATE(C) TABLE if_not_exists qualified_name
		LIKE(L) qualified_name table_with. {
	parse_note_unsupported(parse, L, "CREATE TABLE LIKE");
	A = build_statement(parse, C, &(struct ast_statement){
		.kind = AST_UNSUPPORTED });
}
table_body(A) ::= column(C). {
	A = (struct table_body){ 0 };
	column_list_add(&A.columns, C);
}
table_body(A) ::= primary_key(K). {
	A = (struct table_body){ 0 };
	table_body_add_key(&A, K);
}
table_body(A) ::= table_body(A) COMMA column(C). {
	column_list_add(&A.columns, C);
}
table_body(A) ::= table_body(A) COMMA primary_key(K). {
	table_body_add_key(&A, K);
}
table_body(A) ::= table_body(A) COMMA.
primary_key(A) ::= PRIMARY(P) KEY LP partition_key(K) clustering(C) RP. {
	A = build_primary_key(parse, P, &K, &C);
}
partition_key(A) ::= name(N). { A = build_name_list(parse, &N); }
partition_key(A) ::= LP names(L) RP. { A = L; }
clustering(A) ::= . { A = (struct name_list){ 0 }; }
clustering(A) ::= clustering(A) COMMA name(N). {
	name_list_add(parse, &A, &N);
}

%type column {struct ast_column *}
%type column_flags {int}
%type column_flag {int}
%type columns {struct column_list}
%type field {struct ast_column *}
column(A) ::= field(C) column_flags(F). {
	A = C;
	column_set_flags(parse, A, F);
}
field(A) ::= name(N) type(T). { A = build_column(parse, &N, T); }
columns(A) ::= field(C). { A = build_column_list(C); }
columns(A) ::= columns(A) COMMA field(C). {
	column_list_add(&A, C);
}
columns(A) ::= columns(A) COMMA.
column_flags(A) ::= . { A = 0; }
column_flags(A) ::= column_flags(A) column_flag(F). { A |= F; }
column_flag(A) ::= STATIC. { A = COLUMN_STATIC; }
column_flag(A) ::= PRIMARY KEY. { A = COLUMN_PRIMARY_KEY; }
column_flag(A) ::= TTL(T). {
	parse_note_unsupported(parse, T, "a TTL of one column");
	A = 0;
}
column_flag(A) ::= mask. { A = 0; }
column_flag(A) ::= check. { A = 0; }
mask ::= MASKED(M) WITH DEFAULT. {
	parse_note_unsupported(parse, M, "MASKED WITH");
}
mask ::= MASKED(M) WITH call. {
	parse_note_unsupported(parse, M, "MASKED WITH");
}
check ::= CHECK(C) constraints. {
	parse_note_unsupported(parse, C, "CHECK");
}
constraints ::= constraint.
constraints ::= constraints AND constraint.
constraint ::= plain_relation.
constraint ::= name.
constraint ::= NOT NULL.
constraint ::= call.
constraint ::= call comparison term.

table_with(A) ::= . { A = (struct table_with){ 0 }; }
table_with(A) ::= WITH table_options(W). { A = W; }
table_options(A) ::= table_option(A).
table_options(A) ::= table_options(A) AND table_option(W). {
	table_with_add(parse, &A, &W);
}
table_option(A) ::= property(P). {
	A = (struct table_with){ .properties = build_property_list(P) };
}
table_option(A) ::= COMPACT(C) STORAGE(S). {
	A = (struct table_with){ .compact = parse_span(C, S) };
}
table_option(A) ::= CLUSTERING ORDER BY LP orderings(L) RP. {
	A = (struct table_with){ .clustering_order = L.first };
}

schema_change(A) ::= CREATE(C) TYPE if_not_exists(E) qualified_name(N)
		LP columns(F) RP. {
	A = build_statement(parse, C, &(struct ast_statement){
		.kind = AST_CREATE_TYPE, .as.create_type = {
			.name = N, .if_not_exists = E, .fields = F.first } });
}

%type added {struct column_list}
%type added_column {struct ast_column *}
%type added_columns {struct column_list}
%type renames {struct rename_list}
%type rename {struct ast_rename *}
schema_change(A) ::= ALTER(L) TABLE if_exists(E) qualified_name(N) alter(C). {
	A = build_alter_statement(parse, AST_ALTER_TABLE, L, E, &N, C);
}
schema_change(A) ::= ALTER(L) TYPE if_exists(E) qualified_name(N)
		alter_fields(C). {
	A = build_alter_statement(parse, AST_ALTER_TYPE, L, E, &N, C);
}
%type alter_fields {struct ast_alter *}
alter(A) ::= alter_fields(A).
alter(A) ::= DROP if_exists(E) name(N) using(U). {
	A = build_alter(parse, &(struct ast_alter){
		.kind = AST_ALTER_DROP, .skips_missing = E,
		.dropped = build_name_list(parse, &N).first,
		.using = U });
}
alter(A) ::= DROP if_exists(E) LP names(N) RP using(U). {
	A = build_alter(parse, &(struct ast_alter){
		.kind = AST_ALTER_DROP, .skips_missing = E,
		.dropped = N.first, .using = U });
}
alter(A) ::= DROP COMPACT(C) STORAGE. {
	parse_note_unsupported(parse, C, "DROP COMPACT STORAGE");
	A = build_alter(parse, &(struct ast_alter){
		.kind = AST_ALTER_DROP });
}
alter(A) ::= ALTER if_exists name constraint_change. {
	A = build_alter(parse, &(struct ast_alter){
		.kind = AST_ALTER_COLUMN_TYPE });
}
constraint_change ::= mask.
constraint_change ::= check.
constraint_change ::= DROP MASKED(M). {
	parse_note_unsupported(parse, M, "DROP MASKED");
}
constraint_change ::= DROP CHECK(C). {
	parse_note_unsupported(parse, C, "DROP CHECK");
}
alter(A) ::= WITH properties(P). {
	A = build_alter(parse, &(struct ast_alter){
		.kind = AST_ALTER_WITH,
		.properties = P.first });
}
alter_fields(A) ::= ADD if_not_exists(E) added(L). {
	A = build_alter(parse, &(struct ast_alter){
		.kind = AST_ALTER_ADD, .skips_existing = E,
		.columns = L.first });
}
alter_fields(A) ::= RENAME if_exists(E) renames(L). {
	A = build_alter(parse, &(struct ast_alter){
		.kind = AST_ALTER_RENAME, .skips_missing = E,
		.renames = L.first });
}
alter_fields(A) ::= ALTER if_exists(E) name(N) TYPE type(T). {
	A = build_alter(parse, &(struct ast_alter){
		.kind = AST_ALTER_COLUMN_TYPE,
		.skips_missing = E,
		.columns = build_column(parse, &N, T) });
}
added(A) ::= added_columns(A).
added(A) ::= LP added_columns(L) RP. { A = L; }
added_columns(A) ::= added_column(C). { A = build_column_list(C); }
added_columns(A) ::= added_columns(A) COMMA added_column(C). {
	column_list_add(&A, C);
}
added_column(A) ::= field(A).
added_column(A) ::= field(C) STATIC. {
	A = C;
	column_set_flags(parse, A, COLUMN_STATIC);
}
added_column(A) ::= field(A) mask.
added_column(A) ::= field(A) check.
renames(A) ::= rename(R). { A = build_rename_list(R); }
renames(A) ::= renames(A) AND rename(R). {
	rename_list_add(&A, R);
}
rename(A) ::= name(F) TO name(T). { A = build_rename(parse, &F, &T); }

/* ---- DESCRIBE ---- */

%type describe {struct ast_statement *}
%type describe_word {struct ast_place}
%type described {struct ast_describe *}
%type with_internals {bool}
describe(A) ::= describe_word(D) described(W) with_internals(I). {
	A = build_describe_statement(parse, D, W, I);
}
describe_word(A) ::= DESCRIBE(A).
describe_word(A) ::= DESC(A).
with_internals(A) ::= . { A = false; }
with_internals(A) ::= WITH INTERNALS. { A = true; }
described(A) ::= CLUSTER. {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_CLUSTER });
}
described(A) ::= SCHEMA. {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_SCHEMA });
}
described(A) ::= FULL SCHEMA. {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_SCHEMA,
		.is_full = true });
}
described(A) ::= KEYSPACES. {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_KEYSPACES });
}
described(A) ::= KEYSPACE. {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_KEYSPACE });
}
described(A) ::= KEYSPACE name(N). {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_KEYSPACE,
		.name.name = N });
}
described(A) ::= ONLY KEYSPACE. {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_KEYSPACE,
		.is_only = true });
}
described(A) ::= ONLY KEYSPACE name(N). {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_KEYSPACE,
		.name.name = N, .is_only = true });
}
described(A) ::= TABLES. {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_TABLES });
}
described(A) ::= TABLE qualified_name(N). {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_TABLE, .name = N });
}
described(A) ::= TYPES. {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_TYPES });
}
described(A) ::= TYPE qualified_name(N). {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_TYPE, .name = N });
}
described(A) ::= FUNCTIONS. {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_FUNCTIONS });
}
described(A) ::= AGGREGATES. {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_AGGREGATES });
}
described(A) ::= qualified_name(N). {
	A = build_describe(parse, &(struct ast_describe){
		.kind = AST_DESCRIBE_NAME, .name = N });
}
