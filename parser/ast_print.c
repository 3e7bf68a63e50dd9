/* SPDX-License-Identifier: MIT */
#include "parser/ast_print.h"

#include "base/limits.h"
#include "parser/ast_printer.h"
#include "parser/grammar.h"
#include "parser/keyword.h"

#include <assert.h>

void
ast_printer_text(struct ast_printer *printer, const char *text)
{
	printer->meant = NULL;
	buffer_append_string(printer->out, text);
}

void
ast_printer_slice(struct ast_printer *printer, struct slice text)
{
	printer->meant = NULL;
	buffer_append_slice(printer->out, text);
}

/* ---- names ---- */

/* No capital may be in it, which also keeps durations such as P1D out. */
static bool
is_plain_name(struct slice name)
{
	if (name.size == 0 || name.data[0] < 'a' || name.data[0] > 'z')
		return false;
	for (size_t i = 1; i < name.size; i++) {
		uint8_t byte = name.data[i];

		if (!(byte >= 'a' && byte <= 'z') &&
		    !(byte >= '0' && byte <= '9') && byte != '_')
			return false;
	}
	return true;
}

static void
print_quoted(struct slice text, uint8_t quote, struct buffer *out)
{
	buffer_append_byte(out, quote);
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == quote)
			buffer_append_byte(out, quote);
		buffer_append_byte(out, text.data[i]);
	}
	buffer_append_byte(out, quote);
}

void
ast_print_name(struct slice name, struct buffer *out)
{
	const struct keyword *keyword = keyword_find(name);

	if (is_plain_name(name) && (keyword == NULL || !keyword->is_reserved))
		buffer_append_slice(out, name);
	else
		print_quoted(name, '"', out);
}

static bool
has_meaning(const struct ast_printer *printer, struct slice name)
{
	const struct keyword *keyword =
		printer->meant == NULL ? NULL : keyword_find(name);

	if (keyword == NULL)
		return false;
	for (const int *meant = printer->meant; *meant != 0; meant++)
		if (keyword->lexeme == *meant)
			return true;
	return false;
}

void
ast_printer_name(struct ast_printer *printer, const struct ast_name *name)
{
	if (has_meaning(printer, name->text))
		print_quoted(name->text, '"', printer->out);
	else
		ast_print_name(name->text, printer->out);
	printer->meant = NULL;
}

void
ast_printer_names(struct ast_printer *printer,
		  const struct ast_name_list *names)
{
	for (const struct ast_name_list *at = names; at != NULL;
	     at = at->next) {
		if (at != names)
			ast_printer_text(printer, ", ");
		ast_printer_name(printer, &at->name);
	}
}

void
ast_printer_qualified(struct ast_printer *printer,
		      const struct ast_qualified_name *name)
{
	if (!slice_is_null(name->keyspace.text)) {
		ast_printer_name(printer, &name->keyspace);
		ast_printer_text(printer, ".");
	}
	ast_printer_name(printer, &name->name);
}

/* A function's or a type's name may be a reserved word (token, set) and have
 * a meaning that its quoted form hasn't. */
static void
print_special_name(struct ast_printer *printer,
		   const struct ast_qualified_name *name, struct slice special)
{
	const struct ast_name *last = &name->name;

	if (!slice_is_null(name->keyspace.text)) {
		ast_printer_name(printer, &name->keyspace);
		ast_printer_text(printer, ".");
	}
	if (!last->is_quoted && slice_is_equal(last->text, special))
		ast_printer_slice(printer, last->text);
	else if (last->is_quoted)
		print_quoted(last->text, '"', printer->out);
	else
		ast_printer_name(printer, last);
	printer->meant = NULL;
}

/* ---- types ---- */

void
ast_printer_type(struct ast_printer *printer, const struct ast_type *type)
{
	assert(type->depth <= NESTING_MAX);
	print_special_name(printer, &type->name, SLICE("set"));
	if (type->arguments == NULL)
		return;
	ast_printer_text(printer, "<");
	for (const struct ast_type *at = type->arguments; at != NULL;
	     at = at->next) {
		if (at != type->arguments)
			ast_printer_text(printer, ", ");
		ast_printer_type(printer, at);
	}
	if (!slice_is_null(type->dimension)) {
		ast_printer_text(printer, ", ");
		ast_printer_slice(printer, type->dimension);
	}
	ast_printer_text(printer, ">");
}

/* ---- terms ---- */

static void
print_path(struct ast_printer *printer, const struct ast_name_list *path)
{
	for (const struct ast_name_list *at = path; at != NULL;
	     at = at->next) {
		if (at != path)
			ast_printer_text(printer, ".");
		ast_printer_name(printer, &at->name);
	}
}

static void
print_marker(struct ast_printer *printer, struct slice name)
{
	if (slice_is_null(name)) {
		ast_printer_text(printer, "?");
		return;
	}
	ast_printer_text(printer, ":");
	ast_print_name(name, printer->out);
}

static void
print_call(struct ast_printer *printer, const struct ast_term *term)
{
	print_special_name(printer, &term->as.call.function, SLICE("token"));
	ast_printer_text(printer, "(");
	if (term->as.call.has_star)
		ast_printer_text(printer, "*");
	ast_printer_terms(printer, term->as.call.arguments);
	ast_printer_text(printer, ")");
}

static void
print_map(struct ast_printer *printer, const struct ast_term *elements)
{
	const struct ast_term *key = elements;

	ast_printer_text(printer, "{");
	while (key != NULL) {
		if (key != elements)
			ast_printer_text(printer, ", ");
		ast_printer_term(printer, key);
		ast_printer_text(printer, ": ");
		ast_printer_term(printer, key->next);
		key = key->next->next;
	}
	ast_printer_text(printer, "}");
}

/* A native type alone in parentheses would be a type hint. */
static void
print_tuple(struct ast_printer *printer, const struct ast_term *elements)
{
	static const int hints[] = { LEXEME_NATIVE_TYPE, LEXEME_COUNTER,
				     LEXEME_TIMESTAMP, 0 };

	ast_printer_text(printer, "(");
	if (elements->kind == AST_PATH && elements->next == NULL)
		printer->meant = hints;
	ast_printer_terms(printer, elements);
	ast_printer_text(printer, ")");
}

/* 1. followed by .. would be read as 1 .. . */
static bool
ends_in_dot(const struct ast_term *term)
{
	struct slice text;

	if (term == NULL || term->kind != AST_CONSTANT)
		return false;
	text = term->as.constant.text;
	return term->as.constant.kind == AST_FLOAT &&
	       text.data[text.size - 1] == '.';
}

static void
print_subscript(struct ast_printer *printer, const struct ast_term *term)
{
	const struct ast_term *from = term->as.subscript.from;

	ast_printer_term(printer, term->as.subscript.base);
	ast_printer_text(printer, "[");
	if (from != NULL)
		ast_printer_term(printer, from);
	if (term->kind == AST_SLICE) {
		const struct ast_term *last = from;

		while (last != NULL && last->kind == AST_ARITHMETIC)
			last = last->as.arithmetic.right;
		while (last != NULL && last->kind == AST_TYPE_HINT)
			last = last->as.cast.operand;
		ast_printer_text(printer, ends_in_dot(last) ? " .." : "..");
		if (term->as.subscript.to != NULL)
			ast_printer_term(printer, term->as.subscript.to);
	}
	ast_printer_text(printer, "]");
}

/* 1 .a is a field of a constant (nonsense, but not ours to refuse); 1.a would
 * be a number and a name. */
static void
print_field(struct ast_printer *printer, const struct ast_term *term)
{
	ast_printer_term(printer, term->as.field.base);
	ast_printer_text(printer, term->as.field.base->kind == AST_CONSTANT
					  ? " ."
					  : ".");
	ast_printer_name(printer, &term->as.field.name);
}

/* Two minus signs in a row begin a comment. */
static void
print_negation(struct ast_printer *printer, const struct ast_term *operand)
{
	size_t at;

	ast_printer_text(printer, "-");
	at = printer->out->size;
	ast_printer_term(printer, operand);
	if (printer->out->has_failed || at >= printer->out->size ||
	    printer->out->data[at] != '-')
		return;
	buffer_append_byte(printer->out, ' ');
	if (printer->out->has_failed)
		return;
	memmove(printer->out->data + at + 1, printer->out->data + at,
		printer->out->size - at - 1);
	printer->out->data[at] = ' ';
}

static void
print_arithmetic(struct ast_printer *printer, const struct ast_term *term)
{
	const char text[] = { ' ', (char)term->as.arithmetic.operator_byte,
			      ' ', '\0' };

	ast_printer_term(printer, term->as.arithmetic.left);
	ast_printer_text(printer, text);
	ast_printer_term(printer, term->as.arithmetic.right);
}

static void
print_conversion(struct ast_printer *printer, const struct ast_term *term)
{
	if (term->kind == AST_CAST) {
		ast_printer_text(printer, "CAST(");
		ast_printer_term(printer, term->as.cast.operand);
		ast_printer_text(printer, " AS ");
		ast_printer_type(printer, term->as.cast.type);
		ast_printer_text(printer, ")");
	} else {
		ast_printer_text(printer, "(");
		ast_printer_type(printer, term->as.cast.type);
		ast_printer_text(printer, ") ");
		ast_printer_term(printer, term->as.cast.operand);
	}
}

static void
print_enclosed(struct ast_printer *printer, const char *open,
	       const struct ast_term *elements, const char *close)
{
	ast_printer_text(printer, open);
	ast_printer_terms(printer, elements);
	ast_printer_text(printer, close);
}

void
ast_printer_term(struct ast_printer *printer, const struct ast_term *term)
{
	assert(term->depth <= NESTING_MAX);
	switch (term->kind) {
	case AST_CONSTANT:
		if (term->as.constant.kind == AST_STRING)
			print_quoted(term->as.constant.text, '\'',
				     printer->out);
		else
			buffer_append_slice(printer->out,
					    term->as.constant.text);
		printer->meant = NULL;
		break;
	case AST_NULL:
		ast_printer_text(printer, "null");
		break;
	case AST_MARKER:
		print_marker(printer, term->as.marker.name);
		break;
	case AST_PATH:
		print_path(printer, term->as.path);
		break;
	case AST_CALL:
		print_call(printer, term);
		break;
	case AST_CAST:
	case AST_TYPE_HINT:
		print_conversion(printer, term);
		break;
	case AST_LIST:
		print_enclosed(printer, "[", term->as.elements, "]");
		break;
	case AST_SET:
		print_enclosed(printer, "{", term->as.elements, "}");
		break;
	case AST_MAP:
		print_map(printer, term->as.elements);
		break;
	case AST_TUPLE:
		print_tuple(printer, term->as.elements);
		break;
	case AST_SUBSCRIPT:
	case AST_SLICE:
		print_subscript(printer, term);
		break;
	case AST_FIELD:
		print_field(printer, term);
		break;
	case AST_NEGATE:
		print_negation(printer, term->as.operand);
		break;
	case AST_ARITHMETIC:
		print_arithmetic(printer, term);
		break;
	}
}

void
ast_printer_terms(struct ast_printer *printer, const struct ast_term *terms)
{
	for (const struct ast_term *at = terms; at != NULL; at = at->next) {
		if (at != terms)
			ast_printer_text(printer, ", ");
		ast_printer_term(printer, at);
	}
}

/* ---- relations ---- */

static const char *const operator_texts[] = {
	[AST_EQ] = "=",
	[AST_LT] = "<",
	[AST_LE] = "<=",
	[AST_GT] = ">",
	[AST_GE] = ">=",
	[AST_NE] = "!=",
	[AST_IN] = "IN",
	[AST_NOT_IN] = "NOT IN",
	[AST_LIKE] = "LIKE",
	[AST_CONTAINS] = "CONTAINS",
	[AST_CONTAINS_KEY] = "CONTAINS KEY",
	[AST_NOT_CONTAINS] = "NOT CONTAINS",
	[AST_NOT_CONTAINS_KEY] = "NOT CONTAINS KEY",
	[AST_IS_NOT_NULL] = "IS NOT NULL",
	[AST_BETWEEN] = "BETWEEN",
};

static void
print_left_side(struct ast_printer *printer,
		const struct ast_relation *relation)
{
	switch (relation->kind) {
	case AST_RELATION_COLUMN:
		ast_printer_names(printer, relation->columns);
		break;
	case AST_RELATION_ELEMENT:
		ast_printer_names(printer, relation->columns);
		ast_printer_text(printer, "[");
		ast_printer_term(printer, relation->subscript);
		ast_printer_text(printer, "]");
		break;
	case AST_RELATION_FIELD:
		ast_printer_names(printer, relation->columns);
		ast_printer_text(printer, ".");
		ast_printer_name(printer, &relation->field);
		break;
	case AST_RELATION_TOKEN:
		ast_printer_text(printer, "token(");
		ast_printer_names(printer, relation->columns);
		ast_printer_text(printer, ")");
		break;
	case AST_RELATION_TUPLE:
		ast_printer_text(printer, "(");
		ast_printer_names(printer, relation->columns);
		ast_printer_text(printer, ")");
		break;
	}
}

static void
print_values(struct ast_printer *printer, const struct ast_relation *relation)
{
	static const int key[] = { LEXEME_KEY, 0 };

	switch (relation->operator) {
	case AST_IS_NOT_NULL:
		return;
	case AST_IN:
	case AST_NOT_IN:
		ast_printer_text(printer, relation->is_in_marker ? " " : " (");
		ast_printer_terms(printer, relation->values);
		ast_printer_text(printer, relation->is_in_marker ? "" : ")");
		return;
	case AST_BETWEEN:
		ast_printer_text(printer, " ");
		ast_printer_term(printer, relation->values);
		ast_printer_text(printer, " AND ");
		ast_printer_term(printer, relation->values->next);
		return;
	default:
		ast_printer_text(printer, " ");
		if (relation->operator == AST_CONTAINS ||
		    relation->operator == AST_NOT_CONTAINS)
			printer->meant = key;
		ast_printer_term(printer, relation->values);
		return;
	}
}

void
ast_printer_relations(struct ast_printer *printer,
		      const struct ast_relation *relations)
{
	for (const struct ast_relation *at = relations; at != NULL;
	     at = at->next) {
		if (at != relations)
			ast_printer_text(printer, " AND ");
		print_left_side(printer, at);
		ast_printer_text(printer, " ");
		ast_printer_text(printer, operator_texts[at->operator]);
		print_values(printer, at);
	}
}

/* ---- for everybody else ---- */

void
ast_print_term(const struct ast_term *term, struct buffer *out)
{
	ast_printer_term(&(struct ast_printer){ .out = out }, term);
}

void
ast_print_type(const struct ast_type *type, struct buffer *out)
{
	ast_printer_type(&(struct ast_printer){ .out = out }, type);
}

void
ast_print_relation(const struct ast_relation *relation, struct buffer *out)
{
	struct ast_relation alone = *relation;

	alone.next = NULL;
	ast_printer_relations(&(struct ast_printer){ .out = out }, &alone);
}
