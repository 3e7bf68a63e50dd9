/* SPDX-License-Identifier: MIT */
#include "parser/ast_build.h"

#include "base/limits.h"
#include "parser/parse_state.h"

#include <assert.h>

enum { MARKER_BUCKETS = 64 }; /* a power of two */

struct named_markers {
	struct named_marker {
		struct named_marker *next;
		struct slice name;
		uint32_t index;
	} *buckets[MARKER_BUCKETS];
};

static uint32_t
place_end(struct ast_place place)
{
	return place.start + place.size;
}

static struct ast_place
place_between(struct ast_place first, struct ast_place last)
{
	return (struct ast_place){ first.start,
				   place_end(last) - first.start };
}

/* ---- names ---- */

static bool
has_capital(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] >= 'A' && text.data[i] <= 'Z')
			return true;
	return false;
}

static struct slice
fold(struct parse *parse, struct slice text)
{
	uint8_t *folded = arena_allocate_bytes(parse->arena, text.size);

	if (folded == NULL) {
		parse_fail_memory(parse);
		return text;
	}
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];

		folded[i] = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20)
						       : byte;
	}
	return slice_make(folded, text.size);
}

struct ast_name
build_name(struct parse *parse, struct ast_place place)
{
	struct slice text = parse_text_at(parse, place);

	if (has_capital(text))
		text = fold(parse, text);
	return (struct ast_name){ text, place, false };
}

/* ${content} with each doubled quote once; borrowed when there is none. */
static struct slice
undouble(struct parse *parse, struct slice content, uint8_t quote)
{
	uint8_t *out;
	size_t size = 0;

	if (memchr(content.data, quote, content.size) == NULL)
		return content;
	out = arena_allocate_bytes(parse->arena, content.size);
	if (out == NULL) {
		parse_fail_memory(parse);
		return content;
	}
	for (size_t i = 0; i < content.size; i++) {
		out[size++] = content.data[i];
		if (content.data[i] == quote)
			i++;
	}
	return slice_make(out, size);
}

struct ast_name
build_quoted_name(struct parse *parse, struct ast_place place)
{
	struct slice text = parse_text_at(parse, place);
	struct slice content = slice_make(text.data + 1, text.size - 2);

	return (struct ast_name){ undouble(parse, content, '"'), place, true };
}

/* ---- types ---- */

static bool
takes_dimension(const struct ast_qualified_name *name)
{
	return slice_is_null(name->keyspace.text) && !name->name.is_quoted &&
	       slice_is_equal(name->name.text, SLICE("vector"));
}

static void
set_arguments(struct parse *parse, struct ast_type *type,
	      const struct type_list *arguments)
{
	type->arguments = arguments->first;
	type->depth += arguments->depth;
	if (arguments->dimension.size == 0)
		return;
	if (!takes_dimension(&type->name))
		parse_fail(parse, arguments->dimension,
			   "only a vector has a dimension");
	type->dimension = parse_text_at(parse, arguments->dimension);
}

struct ast_type *
build_type(struct parse *parse, const struct ast_qualified_name *name,
	   const struct type_list *arguments)
{
	struct ast_type *type = arena_new(parse->arena, struct ast_type);
	const struct ast_name *first = slice_is_null(name->keyspace.text)
					       ? &name->name
					       : &name->keyspace;

	if (type == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	type->name = *name;
	type->depth = 1;
	type->place = place_between(first->place, name->name.place);
	if (arguments != NULL) {
		set_arguments(parse, type, arguments);
		type->place = parse_place_from(parse, first->place.start);
	}
	if (type->depth > NESTING_MAX)
		parse_fail_nesting(parse, type->place);
	return type;
}

struct ast_type *
build_native_type(struct parse *parse, struct ast_place place)
{
	struct ast_qualified_name name = { .name = build_name(parse, place) };

	return build_type(parse, &name, NULL);
}

struct ast_type *
build_set_type(struct parse *parse, struct ast_place place,
	       const struct type_list *arguments)
{
	struct ast_qualified_name name = { .name = build_name(parse, place) };

	return build_type(parse, &name, arguments);
}

/* [keyspace.]name out of a path; more parts are an error. */
static struct ast_qualified_name
qualify(struct parse *parse, const struct name_list *path)
{
	struct ast_qualified_name name = { 0 };

	if (path->first == NULL)
		return name;
	if (path->first->next == NULL) {
		name.name = path->first->name;
		return name;
	}
	name.keyspace = path->first->name;
	name.name = path->first->next->name;
	if (path->first->next->next != NULL)
		parse_fail(parse, path->last->name.place,
			   "a name has two parts at most, keyspace.name");
	return name;
}

struct ast_type *
build_path_type(struct parse *parse, const struct name_list *path,
		const struct type_list *arguments)
{
	struct ast_qualified_name name = qualify(parse, path);
	struct ast_type *type = build_type(parse, &name, arguments);

	/* A hint's parenthesis and operand have been read since. */
	if (type != NULL && path->first != NULL)
		type->place = place_between(path->first->name.place,
					    path->last->name.place);
	return type;
}

struct ast_type *
build_custom_type(struct parse *parse, struct ast_place place)
{
	struct ast_qualified_name name = {
		.name = { parse_text_at(parse, place), place, true }
	};

	parse_note_unsupported(parse, place,
			       "a type named by its Java class");
	return build_type(parse, &name, NULL);
}

/* ---- terms ---- */

/* ${depth} is that of the deepest part. */
static struct ast_term *
new_term(struct parse *parse, enum ast_term_kind kind, struct ast_place place,
	 uint32_t depth)
{
	struct ast_term *term;

	if (UNLIKELY(depth >= NESTING_MAX)) {
		parse_fail_nesting(parse, place);
		return NULL;
	}
	term = arena_new(parse->arena, struct ast_term);
	if (term == NULL) {
		parse_fail_memory(parse);
		return NULL;
	}
	term->kind = kind;
	term->place = place;
	term->depth = depth + 1;
	return term;
}

static uint32_t
depth_of(const struct ast_term *term)
{
	return term == NULL ? 0 : term->depth;
}

static uint32_t
deeper(const struct ast_term *a, const struct ast_term *b)
{
	return depth_of(a) > depth_of(b) ? depth_of(a) : depth_of(b);
}

struct ast_term *
build_constant(struct parse *parse, enum ast_constant_kind kind,
	       struct ast_place place)
{
	struct ast_term *term = new_term(parse, AST_CONSTANT, place, 0);

	if (term == NULL)
		return NULL;
	term->as.constant.kind = kind;
	term->as.constant.text = parse_text_at(parse, place);
	return term;
}

struct ast_term *
build_string(struct parse *parse, struct ast_place place)
{
	struct ast_term *term = build_constant(parse, AST_STRING, place);
	struct slice text = parse_text_at(parse, place);

	if (term == NULL)
		return NULL;
	if (text.data[0] == '$')
		term->as.constant.text =
			slice_make(text.data + 2, text.size - 4);
	else
		term->as.constant.text = undouble(
			parse, slice_make(text.data + 1, text.size - 2), '\'');
	return term;
}

struct ast_term *
build_null(struct parse *parse, struct ast_place place)
{
	return new_term(parse, AST_NULL, place, 0);
}

static uint32_t
next_marker(struct parse *parse, struct ast_place place)
{
	if (parse->marker_count >= MARKERS_MAX)
		parse_fail_limit(parse, place,
				 "too many bind markers: at most %d",
				 MARKERS_MAX);
	return parse->marker_count++;
}

struct ast_term *
build_marker(struct parse *parse, struct ast_place place)
{
	struct ast_term *term = new_term(parse, AST_MARKER, place, 0);

	if (term != NULL)
		term->as.marker.index = next_marker(parse, place);
	return term;
}

static struct named_marker **
marker_bucket(struct parse *parse, struct slice name)
{
	uint32_t hash = 2166136261;

	if (parse->named_markers == NULL)
		parse->named_markers =
			arena_new(parse->arena, struct named_markers);
	if (parse->named_markers == NULL)
		return NULL;
	for (size_t i = 0; i < name.size; i++)
		hash = (hash ^ name.data[i]) * 16777619;
	return &parse->named_markers->buckets[(hash ^ hash >> 16) %
					      MARKER_BUCKETS];
}

/* The index that ${name} got where it stood first, or the next one. */
static uint32_t
marker_index(struct parse *parse, struct ast_place place, struct slice name)
{
	struct named_marker **bucket = marker_bucket(parse, name);
	struct named_marker *marker;

	if (bucket == NULL)
		goto no_memory;
	for (marker = *bucket; marker != NULL; marker = marker->next)
		if (slice_is_equal(marker->name, name))
			return marker->index;
	marker = arena_new(parse->arena, struct named_marker);
	if (marker == NULL)
		goto no_memory;
	marker->name = name;
	marker->index = next_marker(parse, place);
	marker->next = *bucket;
	*bucket = marker;
	return marker->index;
no_memory:
	parse_fail_memory(parse);
	return 0;
}

struct ast_term *
build_named_marker(struct parse *parse, struct ast_place colon,
		   const struct ast_name *name)
{
	struct ast_term *term = new_term(
		parse, AST_MARKER, place_between(colon, name->place), 0);

	if (term == NULL)
		return NULL;
	term->as.marker.name = name->text;
	term->as.marker.index = marker_index(parse, term->place, name->text);
	return term;
}

struct ast_term *
build_path(struct parse *parse, const struct name_list *path)
{
	struct ast_term *term;

	if (path->first == NULL)
		return NULL;
	term = new_term(parse, AST_PATH,
			place_between(path->first->name.place,
				      path->last->name.place),
			0);
	if (term != NULL)
		term->as.path = path->first;
	return term;
}

struct ast_term *
build_name_path(struct parse *parse, struct ast_place place)
{
	struct ast_name name = build_name(parse, place);
	struct name_list path = build_name_list(parse, &name);

	return build_path(parse, &path);
}

static struct ast_term *
new_call(struct parse *parse, uint32_t start,
	 const struct ast_qualified_name *function,
	 const struct term_list *arguments)
{
	struct ast_term *term = new_term(
		parse, AST_CALL, parse_place_from(parse, start),
		arguments == NULL ? 0 : arguments->depth);

	if (term == NULL)
		return NULL;
	term->as.call.function = *function;
	if (arguments != NULL)
		term->as.call.arguments = arguments->first;
	return term;
}

struct ast_term *
build_call(struct parse *parse, const struct name_list *path,
	   const struct term_list *arguments, bool has_star)
{
	struct ast_qualified_name function = qualify(parse, path);
	struct ast_term *term;

	if (path->first == NULL)
		return NULL;
	term = new_call(parse, path->first->name.place.start, &function,
			arguments);
	if (term != NULL)
		term->as.call.has_star = has_star;
	return term;
}

struct ast_term *
build_token_call(struct parse *parse, const struct name_list *path,
		 struct ast_place token, const struct term_list *arguments)
{
	struct ast_qualified_name function = {
		.name = build_name(parse, token)
	};
	uint32_t start = token.start;

	if (path != NULL && path->first != NULL) {
		function.keyspace = path->first->name;
		start = path->first->name.place.start;
		if (path->first->next != NULL)
			parse_fail(parse, token,
				   "a name has two parts at most, "
				   "keyspace.name");
	}
	return new_call(parse, start, &function, arguments);
}

struct ast_term *
build_cast(struct parse *parse, const struct name_list *path,
	   struct ast_term *operand, struct ast_type *type)
{
	const struct ast_name *name;
	struct ast_term *term;

	if (path->first == NULL)
		return NULL;
	name = &path->first->name;
	if (path->first->next != NULL || name->is_quoted ||
	    !slice_is_equal(name->text, SLICE("cast"))) {
		parse_fail(parse, name->place,
			   "only CAST takes a type with AS");
		return NULL;
	}
	term = new_term(parse, AST_CAST,
			parse_place_from(parse, name->place.start),
			depth_of(operand));
	if (term == NULL)
		return NULL;
	term->as.cast.operand = operand;
	term->as.cast.type = type;
	return term;
}

struct ast_term *
build_hint(struct parse *parse, struct ast_place open, struct ast_type *type,
	   struct ast_term *operand)
{
	struct ast_term *term = new_term(parse, AST_TYPE_HINT,
					 parse_place_from(parse, open.start),
					 depth_of(operand));

	if (term == NULL)
		return NULL;
	term->as.cast.operand = operand;
	term->as.cast.type = type;
	return term;
}

struct ast_term *
build_elements(struct parse *parse, enum ast_term_kind kind,
	       struct ast_place open, const struct term_list *elements)
{
	struct ast_term *term = new_term(parse, kind,
					 parse_place_from(parse, open.start),
					 elements->depth);

	assert(kind == AST_LIST || kind == AST_SET || kind == AST_MAP ||
	       kind == AST_TUPLE);
	if (term != NULL)
		term->as.elements = elements->first;
	return term;
}

struct ast_term *
build_parenthesis(struct parse *parse, struct ast_place open,
		  struct ast_term *element)
{
	struct term_list elements = build_term_list(parse, element);

	return build_elements(parse, AST_TUPLE, open, &elements);
}

struct ast_term *
build_subscript(struct parse *parse, struct ast_term *base,
		const struct index *index)
{
	uint32_t inside = deeper(index->from, index->to);
	struct ast_term *term;

	if (base == NULL)
		return NULL;
	term = new_term(parse, index->kind,
			parse_place_from(parse, base->place.start),
			base->depth > inside ? base->depth : inside);
	if (term == NULL)
		return NULL;
	term->as.subscript.base = base;
	term->as.subscript.from = index->from;
	term->as.subscript.to = index->to;
	return term;
}

struct ast_term *
build_field(struct parse *parse, struct ast_term *base,
	    const struct ast_name *name)
{
	struct ast_term *term;

	if (base == NULL)
		return NULL;
	term = new_term(parse, AST_FIELD,
			place_between(base->place, name->place), base->depth);
	if (term == NULL)
		return NULL;
	term->as.field.base = base;
	term->as.field.name = *name;
	return term;
}

static bool
is_unsigned_number(const struct ast_term *term)
{
	return term->kind == AST_CONSTANT &&
	       (term->as.constant.kind == AST_INTEGER ||
		term->as.constant.kind == AST_FLOAT ||
		term->as.constant.kind == AST_DURATION) &&
	       term->as.constant.text.data[0] != '-';
}

/* The constant begins right behind the minus, or a blank or a comment stands
 * between them and the text must be put together. */
static void
fold_minus(struct parse *parse, struct ast_place minus,
	   struct ast_term *constant)
{
	struct slice *text = &constant->as.constant.text;
	uint8_t *joined;

	if (place_end(minus) == constant->place.start) {
		*text = slice_make(text->data - 1, text->size + 1);
	} else {
		joined = arena_allocate_bytes(parse->arena, text->size + 1);
		if (joined == NULL) {
			parse_fail_memory(parse);
			return;
		}
		joined[0] = '-';
		memcpy(joined + 1, text->data, text->size);
		*text = slice_make(joined, text->size + 1);
	}
	constant->place = place_between(minus, constant->place);
}

struct ast_term *
build_negation(struct parse *parse, struct ast_place minus,
	       struct ast_term *operand)
{
	struct ast_term *term;

	if (operand == NULL)
		return NULL;
	if (is_unsigned_number(operand)) {
		fold_minus(parse, minus, operand);
		return operand;
	}
	term = new_term(parse, AST_NEGATE,
			place_between(minus, operand->place), operand->depth);
	if (term != NULL)
		term->as.operand = operand;
	return term;
}

struct ast_term *
build_arithmetic(struct parse *parse, uint8_t operator_byte,
		 struct ast_term *left, struct ast_term *right)
{
	struct ast_term *term;

	if (left == NULL || right == NULL)
		return NULL;
	term = new_term(parse, AST_ARITHMETIC,
			place_between(left->place, right->place),
			deeper(left, right));
	if (term == NULL)
		return NULL;
	term->as.arithmetic.operator_byte = operator_byte;
	term->as.arithmetic.left = left;
	term->as.arithmetic.right = right;
	return term;
}
