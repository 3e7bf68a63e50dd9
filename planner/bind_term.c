/* SPDX-License-Identifier: MIT */
#include "planner/binder.h"

#include "parser/ast_print.h"
#include "planner/schema.h"
#include "types/collection.h"
#include "types/value.h"

#include <assert.h>

/* The parser's kinds of constants are the types' kinds of literals. */
static_assert((int)AST_STRING == (int)LITERAL_STRING &&
		      (int)AST_INTEGER == (int)LITERAL_INTEGER &&
		      (int)AST_FLOAT == (int)LITERAL_FLOAT &&
		      (int)AST_BOOLEAN == (int)LITERAL_BOOLEAN &&
		      (int)AST_UUID == (int)LITERAL_UUID &&
		      (int)AST_HEX == (int)LITERAL_HEX &&
		      (int)AST_DURATION == (int)LITERAL_DURATION,
	      "kinds of constants");

static bool
types_match(const struct type *a, const struct type *b)
{
	if (a->kind != b->kind || a->count != b->count)
		return false;
	for (uint16_t i = 0; i < a->count; i++) {
		if (!types_match(a->arguments[i], b->arguments[i]))
			return false;
	}
	return true;
}

/* CQL's value-compatible types: the same bytes mean the same in both. */
bool
bind_is_assignable(const struct type *from, const struct type *to)
{
	static const enum type_kind compatible[][2] = {
		{ TYPE_ASCII, TYPE_TEXT },
		{ TYPE_TIMEUUID, TYPE_UUID },
		{ TYPE_TIMESTAMP, TYPE_BIGINT },
		{ TYPE_BIGINT, TYPE_TIMESTAMP },
	};

	if (to->kind == TYPE_BLOB)
		return true;
	for (size_t i = 0; i < ARRAY_COUNT(compatible); i++) {
		if (from->kind == compatible[i][0] &&
		    to->kind == compatible[i][1])
			return true;
	}
	return types_match(from, to);
}

/* An error that shows the term, the receiver and its type: ${format} has
 * three %s. The pieces are cut, since messages are. */
enum { SHOWN_SIZE = 120 };

static const char *
show(struct buffer *text)
{
	if (text->size > SHOWN_SIZE) {
		text->size = SHOWN_SIZE;
		while (text->size > 0 &&
		       (text->data[text->size] & 0xc0) == 0x80)
			text->size--;
		buffer_append_string(text, "…");
	}
	buffer_append_byte(text, 0);
	return text->has_failed ? "?" : (const char *)text->data;
}

/* The receiver whose name the user knows: the column, whatever is nested. */
static const struct receiver *
outermost(const struct receiver *receiver)
{
	while (receiver->collection != NULL)
		receiver = receiver->collection;
	return receiver;
}

static const char *
collection_name(const struct type *type)
{
	switch (type->kind) {
	case TYPE_LIST:
		return "list";
	case TYPE_SET:
		return "set";
	case TYPE_MAP:
		return "map";
	default:
		return "tuple";
	}
}

static int
refuse_constant(struct binder *binder, const struct ast_term *term,
		const struct receiver *receiver)
{
	const struct receiver *column = outermost(receiver);
	struct buffer value = { 0 };
	struct buffer type = { 0 };
	int result;

	type_print(receiver->type, &type);
	if (receiver->collection == NULL) {
		buffer_append_slice(&value, term->as.constant.text);
		result = bind_error_at(
			binder, term->place,
			"Invalid %s constant (%s) for \"%.*s\" of type %s",
			literal_kind_name(
				(enum literal_kind)term->as.constant.kind),
			show(&value), SLICE_ARGUMENTS(column->name),
			show(&type));
	} else {
		ast_print_term(term, &value);
		result = bind_error_at(
			binder, term->place,
			"Invalid %s literal for %.*s: %s %s is not of type %s",
			collection_name(receiver->collection->type),
			SLICE_ARGUMENTS(column->name), receiver->element,
			show(&value), show(&type));
	}
	buffer_finish(&value);
	buffer_finish(&type);
	return result;
}

/* A type that the term may be of, whatever was meant. */
static const char *
fitting_type(const struct ast_term *term)
{
	static const char *const types[] = {
		[AST_STRING] = "text",	    [AST_INTEGER] = "int",
		[AST_FLOAT] = "double",	    [AST_BOOLEAN] = "boolean",
		[AST_UUID] = "uuid",	    [AST_HEX] = "blob",
		[AST_DURATION] = "duration",
	};

	switch (term->kind) {
	case AST_CONSTANT:
		return types[term->as.constant.kind];
	case AST_LIST:
		return "list<int>";
	case AST_SET:
		return "set<int>";
	case AST_MAP:
		return "map<text, int>";
	case AST_TUPLE:
		return "tuple<int, int>";
	default:
		return "int";
	}
}

static int
refuse_untyped(struct binder *binder, const struct ast_term *term)
{
	struct buffer text = { 0 };
	int result;

	ast_print_term(term, &text);
	result = bind_error_at(binder, term->place,
			       "Cannot infer type for term %s in selection "
			       "clause (try using a cast to force a type)",
			       show(&text));
	error_hint(binder->error, "write its type in front: (%s) %s",
		   fitting_type(term), (const char *)text.data);
	buffer_finish(&text);
	return result;
}

static int
bind_constant(struct binder *binder, const struct ast_term *term,
	      const struct receiver *receiver, struct expression **expression)
{
	struct buffer *scratch = &binder->session->scratch;
	int result;

	if (receiver->type == NULL)
		return refuse_untyped(binder, term);
	buffer_clear(scratch);
	result = value_parse(receiver->type,
			     (enum literal_kind)term->as.constant.kind,
			     term->as.constant.text, scratch, binder->error);
	if (result == VALUE_WRONG_LITERAL)
		return refuse_constant(binder, term, receiver);
	if (result < 0)
		return bind_place_error(binder, result, term->place);
	*expression = bind_new_expression(binder, EXPRESSION_CONSTANT,
					  receiver->type, term->place);
	if (*expression == NULL)
		return -ERROR_FULL;
	(*expression)->constant = arena_copy(binder->arena,
					     buffer_slice(scratch));
	if (scratch->has_failed || slice_is_null((*expression)->constant))
		return error_no_memory(binder->error);
	return 0;
}

static int
bind_null(struct binder *binder, const struct ast_term *term,
	  const struct receiver *receiver, struct expression **expression)
{
	if (receiver->type == NULL)
		return refuse_untyped(binder, term);
	if (receiver->collection != NULL &&
	    receiver->collection->type->kind != TYPE_TUPLE)
		return bind_error_at(binder, term->place,
				     "null is not supported inside "
				     "collections");
	*expression = bind_new_expression(binder, EXPRESSION_CONSTANT,
					  receiver->type, term->place);
	return *expression == NULL ? -ERROR_FULL : 0;
}

/* "v", or "value(v)" for an element. */
static struct slice
marker_name(struct binder *binder, const struct receiver *receiver)
{
	struct slice outer;
	uint8_t *name;
	size_t prefix;

	if (receiver->collection == NULL)
		return receiver->name;
	outer = marker_name(binder, receiver->collection);
	prefix = strlen(receiver->element);
	name = arena_allocate_bytes(binder->arena, prefix + outer.size + 2);
	if (name == NULL)
		return outer;
	memcpy(name, receiver->element, prefix);
	name[prefix] = '(';
	memcpy(name + prefix + 1, outer.data, outer.size);
	name[prefix + 1 + outer.size] = ')';
	return slice_make(name, prefix + outer.size + 2);
}

static int
bind_marker(struct binder *binder, const struct ast_term *term,
	    const struct receiver *receiver, struct expression **expression)
{
	uint32_t index = term->as.marker.index;
	struct marker *marker;

	if (receiver->type == NULL)
		return refuse_untyped(binder, term);
	assert(index < binder->plan->marker_count);
	marker = &binder->plan->markers[index];
	if (marker->type != NULL && !types_match(marker->type, receiver->type))
		return bind_error_at(binder, term->place,
				     "the marker :%.*s stands for values of "
				     "different types",
				     SLICE_ARGUMENTS(term->as.marker.name));
	if (marker->type == NULL) {
		marker->is_named = !slice_is_null(term->as.marker.name);
		marker->name = marker->is_named ?
				       arena_copy(binder->arena,
						  term->as.marker.name) :
				       marker_name(binder, receiver);
		marker->type = receiver->type;
		marker->key_part = receiver->key_part;
		marker->place = term->place;
	}
	*expression = bind_new_expression(binder, EXPRESSION_MARKER,
					  receiver->type, term->place);
	if (*expression == NULL)
		return -ERROR_FULL;
	(*expression)->marker = index;
	return 0;
}

/* A name: a column where rows are read, and elsewhere most often a text in
 * the wrong quotes. */
static int
bind_path(struct binder *binder, const struct ast_term *term,
	  struct expression **expression)
{
	const struct ast_name *name = &term->as.path->name;
	const struct column *column;
	int result;

	if (!binder->has_row && !name->is_quoted &&
	    term->as.path->next == NULL &&
	    slice_is_equal(name->text, SLICE("unset"))) {
		result = bind_unsupported(binder, term->place, "UNSET");
		error_hint(binder->error, "leave the column out");
		return result;
	}
	if (!binder->has_row) {
		result = bind_error_at(binder, term->place,
				       "expected a value, found the name %.*s",
				       SLICE_ARGUMENTS(name->text));
		error_hint(binder->error,
			   "text is written in single quotes: '%.*s'",
			   SLICE_ARGUMENTS(name->text));
		return result;
	}
	result = bind_column(binder, name, BIND_UNRECOGNIZED_NAME, &column);
	if (result < 0)
		return result;
	if (term->as.path->next != NULL)
		return bind_unsupported(binder, term->place,
					"selecting a field");
	*expression = bind_new_expression(binder, EXPRESSION_COLUMN,
					  column->type, term->place);
	if (*expression == NULL)
		return -ERROR_FULL;
	(*expression)->column = column;
	return 0;
}

static int
refuse_assignment(struct binder *binder, const struct expression *bound,
		  const struct receiver *receiver)
{
	struct buffer value = { 0 };
	struct buffer from = { 0 };
	struct buffer to = { 0 };
	int result;

	expression_print(bound, binder->plan->markers, &value);
	type_print(bound->type, &from);
	type_print(receiver->type, &to);
	result = bind_error_at(binder, bound->place,
			       "Type error: cannot assign %s%s (type %s) to "
			       "%.*s (type %s)",
			       bound->kind == EXPRESSION_CALL ?
				       "result of function " :
				       "",
			       show(&value), show(&from),
			       SLICE_ARGUMENTS(outermost(receiver)->name),
			       show(&to));
	buffer_finish(&value);
	buffer_finish(&from);
	buffer_finish(&to);
	return result;
}

static int
check_assignable(struct binder *binder, const struct expression *bound,
		 const struct receiver *receiver)
{
	if (receiver->type == NULL ||
	    bind_is_assignable(bound->type, receiver->type))
		return 0;
	return refuse_assignment(binder, bound, receiver);
}

static int
bind_type_hint(struct binder *binder, const struct ast_term *term,
	       const struct receiver *receiver,
	       struct expression **expression)
{
	struct receiver hinted = *receiver;
	int result = bind_type(term->as.cast.type, binder->arena,
			       &hinted.type, binder->error);

	if (result < 0)
		return result;
	if (slice_is_null(hinted.name))
		hinted.name = SLICE("[selection]");
	result = bind_term(binder, term->as.cast.operand, &hinted, expression);
	if (result < 0)
		return result;
	return check_assignable(binder, *expression, receiver);
}

/* ---- collections and tuples ---- */

static const char *
collection_word(enum ast_term_kind kind)
{
	switch (kind) {
	case AST_LIST:
		return "list";
	case AST_SET:
		return "set";
	case AST_MAP:
		return "map";
	default:
		return "tuple";
	}
}

static bool
fits_type(const struct ast_term *term, const struct type *type)
{
	switch (term->kind) {
	case AST_LIST:
		return type->kind == TYPE_LIST;
	case AST_SET: /* {} is also an empty map */
		return type->kind == TYPE_SET ||
		       (type->kind == TYPE_MAP && term->as.elements == NULL);
	case AST_MAP:
		return type->kind == TYPE_MAP;
	default:
		return type->kind == TYPE_TUPLE;
	}
}

static int
refuse_collection(struct binder *binder, const struct ast_term *term,
		  const struct receiver *receiver)
{
	struct buffer type = { 0 };
	int result;

	type_print(receiver->type, &type);
	result = bind_error_at(binder, term->place,
			       "Invalid %s type literal for %.*s of type %s",
			       collection_word(term->kind),
			       SLICE_ARGUMENTS(outermost(receiver)->name),
			       show(&type));
	buffer_finish(&type);
	return result;
}

static int
check_tuple_size(struct binder *binder, const struct ast_term *term,
		 const struct receiver *receiver, uint32_t count)
{
	struct buffer type = { 0 };
	int result;

	if (receiver->type->kind != TYPE_TUPLE ||
	    count <= receiver->type->count)
		return 0;
	type_print(receiver->type, &type);
	result = bind_error_at(binder, term->place,
			       "Invalid tuple literal for %.*s: too many "
			       "elements. Type %s expects %u but got %u",
			       SLICE_ARGUMENTS(outermost(receiver)->name),
			       show(&type), receiver->type->count, count);
	buffer_finish(&type);
	return result;
}

static struct receiver
element_receiver(const struct receiver *collection, uint32_t index)
{
	const struct type *type = collection->type;
	uint32_t argument = 0;
	bool is_key = false;

	if (type->kind == TYPE_TUPLE)
		argument = index;
	if (type->kind == TYPE_MAP) {
		argument = index % 2;
		is_key = argument == 0;
	}
	return (struct receiver){
		.name = collection->name,
		.type = type->arguments[argument],
		.key_part = -1,
		.element = is_key ? "key" : "value",
		.collection = collection,
	};
}

/* A collection of constants is one. */
static int
fold_collection(struct binder *binder, struct expression *expression)
{
	struct buffer *scratch = &binder->session->scratch;
	uint32_t count = expression->argument_count;
	struct slice *values;
	int result;

	for (uint32_t i = 0; i < count; i++) {
		if (expression->arguments[i]->kind != EXPRESSION_CONSTANT)
			return 0;
	}
	values = arena_new_array(binder->arena, struct slice, count + 1);
	if (values == NULL)
		return error_no_memory(binder->error);
	for (uint32_t i = 0; i < count; i++)
		values[i] = expression->arguments[i]->constant;
	buffer_clear(scratch);
	result = collection_build(expression->type, values, count, scratch,
				  binder->error);
	if (result < 0)
		return bind_place_error(binder, result, expression->place);
	expression->kind = EXPRESSION_CONSTANT;
	expression->constant = arena_copy(binder->arena,
					  buffer_slice(scratch));
	if (scratch->has_failed || slice_is_null(expression->constant))
		return error_no_memory(binder->error);
	return 0;
}

static int
bind_collection(struct binder *binder, const struct ast_term *term,
		const struct receiver *receiver,
		struct expression **expression)
{
	const struct ast_term *element = term->as.elements;
	uint32_t count = 0;
	int result;

	for (; element != NULL; element = element->next)
		count++;
	/* (x) is x. */
	if (term->kind == AST_TUPLE && count == 1 &&
	    (receiver->type == NULL || receiver->type->kind != TYPE_TUPLE))
		return bind_term(binder, term->as.elements, receiver,
				 expression);
	if (receiver->type == NULL)
		return refuse_untyped(binder, term);
	if (!fits_type(term, receiver->type))
		return refuse_collection(binder, term, receiver);
	result = check_tuple_size(binder, term, receiver, count);
	if (result < 0)
		return result;
	*expression = bind_new_expression(binder, EXPRESSION_COLLECTION,
					  receiver->type, term->place);
	if (*expression == NULL)
		return -ERROR_FULL;
	(*expression)->arguments = arena_new_array(
		binder->arena, struct expression *, count + 1);
	(*expression)->argument_count = count;
	if ((*expression)->arguments == NULL)
		return error_no_memory(binder->error);
	element = term->as.elements;
	for (uint32_t i = 0; i < count; i++, element = element->next) {
		struct receiver inner = element_receiver(receiver, i);

		result = bind_term(binder, element, &inner,
				   &(*expression)->arguments[i]);
		if (result < 0)
			return result;
	}
	return fold_collection(binder, *expression);
}

int
bind_term(struct binder *binder, const struct ast_term *term,
	  const struct receiver *receiver, struct expression **expression)
{
	int result;

	switch (term->kind) {
	case AST_CONSTANT:
		return bind_constant(binder, term, receiver, expression);
	case AST_NULL:
		return bind_null(binder, term, receiver, expression);
	case AST_MARKER:
		return bind_marker(binder, term, receiver, expression);
	case AST_TYPE_HINT:
		return bind_type_hint(binder, term, receiver, expression);
	case AST_LIST:
	case AST_SET:
	case AST_MAP:
	case AST_TUPLE:
		return bind_collection(binder, term, receiver, expression);
	case AST_PATH:
		result = bind_path(binder, term, expression);
		break;
	case AST_CALL:
		result = bind_call(binder, term, receiver, expression);
		break;
	case AST_CAST:
		return bind_unsupported(binder, term->place, "CAST");
	case AST_SUBSCRIPT:
	case AST_SLICE:
		return bind_unsupported(binder, term->place,
					"selecting elements of a collection");
	case AST_FIELD:
		return bind_unsupported(binder, term->place,
					"selecting a field");
	case AST_NEGATE:
	case AST_ARITHMETIC:
		return bind_unsupported(binder, term->place, "arithmetic");
	default:
		return bind_unsupported(binder, term->place, "this term");
	}
	if (result < 0)
		return result;
	return check_assignable(binder, *expression, receiver);
}
