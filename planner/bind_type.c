/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "parser/ast_print.h"
#include "planner/schema.h"
#include "planner/suggestion.h"
#include "types/type_table.h"

/* What goes down while a written type is bound. */
struct type_binder {
	struct slice keyspace; /* where unknown names are said to be missing */
	struct arena *arena;
	struct error *error;
	uint32_t depth;
};

static int bind_written(struct type_binder *binder,
			const struct ast_type *written, bool is_frozen,
			const struct type **type);

static uint32_t
count_arguments(const struct ast_type *written)
{
	uint32_t count = 0;

	for (const struct ast_type *argument = written->arguments;
	     argument != NULL; argument = argument->next)
		count++;
	return count;
}

/* An error about a type that quotes it as it was written. */
static int
refuse_written(struct type_binder *binder, const struct ast_type *written,
	       const char *before, const char *after)
{
	struct buffer text = { 0 };
	struct slice shown;
	int result;

	ast_print_type(written, &text);
	shown = buffer_slice(&text);
	result = error_at(binder->error, ERROR_INVALID, written->place.start,
			  written->place.size, "%s%.*s%s", before,
			  SLICE_ARGUMENTS(shown), after);
	buffer_finish(&text);
	return result;
}

/* What other languages call our types. */
static const struct {
	const char *foreign;
	const char *ours;
} type_names[] = {
	{ "string", "text" }, { "char", "text" }, { "nvarchar", "text" },
	{ "varchar2", "text" }, { "clob", "text" }, { "str", "text" },
	{ "integer", "int" }, { "int4", "int" }, { "int32", "int" },
	{ "serial", "int" }, { "number", "int" }, { "long", "bigint" },
	{ "int8", "bigint" }, { "int64", "bigint" }, { "bigserial", "bigint" },
	{ "int2", "smallint" }, { "short", "smallint" },
	{ "int16", "smallint" }, { "byte", "tinyint" },
	{ "bool", "boolean" }, { "bit", "boolean" }, { "real", "float" },
	{ "float4", "float" }, { "float8", "double" }, { "numeric", "double" },
	{ "datetime", "timestamp" }, { "timestamptz", "timestamp" },
	{ "bytea", "blob" }, { "bytes", "blob" }, { "binary", "blob" },
	{ "varbinary", "blob" }, { "guid", "uuid" }, { "array", "list" },
	{ "dict", "map" }, { "json", "text" }, { "jsonb", "text" },
};

static void
hint_type(const struct ast_type *written, struct error *error)
{
	struct slice name = written->name.name.text;
	struct suggestion suggestion = suggestion_make(name);

	for (size_t i = 0; i < ARRAY_COUNT(type_names); i++)
		if (slice_is_equal(name,
				   slice_from_string(type_names[i].foreign))) {
			error_hint(error, "did you mean '%s'?",
				   type_names[i].ours);
			return;
		}
	for (int kind = 1; kind <= TYPE_TUPLE; kind++) {
		const struct type_row *row =
			type_table_find((enum type_kind)kind);

		if (row != NULL && row->is_supported)
			suggestion_offer(&suggestion,
					 slice_from_string(row->name));
	}
	(void)suggestion_hint(&suggestion, error);
}

static int
refuse_unknown(struct type_binder *binder, const struct ast_type *written)
{
	struct slice name = written->name.name.text;
	struct slice keyspace = written->name.keyspace.text;
	int result;

	if (slice_is_null(keyspace))
		keyspace = binder->keyspace;
	result = error_at(binder->error, ERROR_INVALID, written->place.start,
			  written->place.size, "Unknown type %.*s%s%.*s",
			  (int)keyspace.size,
			  slice_is_null(keyspace) ?
				  "" :
				  (const char *)keyspace.data,
			  slice_is_null(keyspace) ? "" : ".",
			  SLICE_ARGUMENTS(name));
	if (slice_is_null(written->name.keyspace.text) &&
	    type_find_native(name) == 0 && binder->error != NULL)
		hint_type(written, binder->error);
	return result;
}

/* ---- collections and tuples ---- */

static enum type_kind
find_generic(struct slice name)
{
	static const struct {
		struct slice name;
		enum type_kind kind;
	} generics[] = {
		{ SLICE_LITERAL("list"), TYPE_LIST },
		{ SLICE_LITERAL("set"), TYPE_SET },
		{ SLICE_LITERAL("map"), TYPE_MAP },
		{ SLICE_LITERAL("tuple"), TYPE_TUPLE },
	};

	for (size_t i = 0; i < ARRAY_COUNT(generics); i++)
		if (slice_is_equal(generics[i].name, name))
			return generics[i].kind;
	return 0;
}

static int
refuse_nested(struct type_binder *binder, const struct ast_type *written,
	      const struct type *inner)
{
	struct buffer text = { 0 };
	struct slice shown;
	int result = refuse_written(binder, written,
				    "Non-frozen user types or collections "
				    "are not allowed inside collections: ",
				    "");

	type_print(inner, &text);
	shown = buffer_slice(&text);
	error_hint(binder->error, "write frozen<%.*s>",
		   SLICE_ARGUMENTS(shown));
	buffer_finish(&text);
	return result;
}

/* What CQL asks of the inside of a collection that is not itself frozen. */
static int
check_inside(struct type_binder *binder, const struct ast_type *written,
	     enum type_kind kind, bool is_frozen,
	     const struct type *const *arguments, uint32_t count)
{
	for (uint32_t i = 0; i < count && !is_frozen; i++)
		if (type_is_collection(arguments[i]) &&
		    !arguments[i]->is_frozen)
			return refuse_nested(binder, written, arguments[i]);
	if (kind == TYPE_SET && !type_is_ordered(arguments[0]))
		return refuse_written(binder, written, "Durations are not "
				      "allowed inside sets: ", "");
	if (kind == TYPE_MAP && !type_is_ordered(arguments[0]))
		return refuse_written(binder, written, "Durations are not "
				      "allowed as map keys: ", "");
	return 0;
}

static int
check_argument_count(struct type_binder *binder,
		     const struct ast_type *written, enum type_kind kind,
		     uint32_t count)
{
	uint32_t wanted = kind == TYPE_MAP ? 2 : 1;

	if (kind == TYPE_TUPLE ? count >= 1 && count <= UINT16_MAX :
				 count == wanted)
		return 0;
	return refuse_written(binder, written, "wrong number of types in ",
			      "");
}

static int
bind_generic(struct type_binder *binder, const struct ast_type *written,
	     enum type_kind kind, bool is_frozen, const struct type **type)
{
	uint32_t count = count_arguments(written), i = 0;
	const struct type **arguments;
	int result = check_argument_count(binder, written, kind, count);

	if (result < 0)
		return result;
	arguments = arena_new_array(binder->arena, const struct type *, count);
	if (arguments == NULL)
		return error_no_memory(binder->error);
	/* What is inside a tuple or a frozen collection is frozen with it. */
	is_frozen = is_frozen || kind == TYPE_TUPLE;
	for (const struct ast_type *argument = written->arguments;
	     argument != NULL; argument = argument->next) {
		result = bind_written(binder, argument, is_frozen,
				      &arguments[i++]);
		if (result < 0)
			return result;
	}
	if (kind != TYPE_TUPLE) {
		result = check_inside(binder, written, kind, is_frozen,
				      arguments, count);
		if (result < 0)
			return result;
	}
	*type = type_create(binder->arena, kind, arguments, (uint16_t)count,
			    is_frozen);
	return *type == NULL ? error_no_memory(binder->error) : 0;
}

/* ---- the rest ---- */

static int
bind_frozen(struct type_binder *binder, const struct ast_type *written,
	    const struct type **type)
{
	const struct ast_type *inner = written->arguments;
	int result;

	if (count_arguments(written) != 1)
		return refuse_written(binder, written,
				      "wrong number of types in ", "");
	result = bind_written(binder, inner, true, type);
	if (result < 0)
		return result;
	if (!type_is_collection(*type) && (*type)->kind != TYPE_TUPLE)
		return refuse_written(binder, inner, "frozen<> is only "
				      "allowed on collections, tuples, and "
				      "user-defined types (got ", ")");
	return 0;
}

static int
bind_native(struct type_binder *binder, const struct ast_type *written,
	    enum type_kind kind, const struct type **type)
{
	*type = type_native(kind);
	if (written->arguments != NULL)
		return refuse_unknown(binder, written);
	if (!type_is_supported(*type))
		return refuse_written(binder, written, "type ",
				      " is not supported");
	return 0;
}

static int
bind_named(struct type_binder *binder, const struct ast_type *written,
	   bool is_frozen, const struct type **type)
{
	struct slice name = written->name.name.text;
	enum type_kind kind;

	/* Only user types are qualified or quoted. */
	if (!slice_is_null(written->name.keyspace.text) ||
	    written->name.name.is_quoted)
		return refuse_unknown(binder, written);
	if (slice_is_equal(name, SLICE("frozen")))
		return bind_frozen(binder, written, type);
	if (slice_is_equal(name, SLICE("vector")))
		return refuse_written(binder, written, "type ",
				      " is not supported");
	kind = find_generic(name);
	if (kind != 0)
		return bind_generic(binder, written, kind, is_frozen, type);
	kind = type_find_native(name);
	if (kind != 0)
		return bind_native(binder, written, kind, type);
	return refuse_unknown(binder, written);
}

static int
bind_written(struct type_binder *binder, const struct ast_type *written,
	     bool is_frozen, const struct type **type)
{
	int result;

	if (binder->depth >= NESTING_MAX)
		return error_at(binder->error, ERROR_INVALID,
				written->place.start, written->place.size,
				"type nested too deeply: more than %d levels",
				NESTING_MAX);
	binder->depth++;
	result = bind_named(binder, written, is_frozen, type);
	binder->depth--;
	return result;
}

int
bind_type_of_keyspace(const struct ast_type *written, struct slice keyspace,
		      struct arena *arena, const struct type **type,
		      struct error *error)
{
	struct type_binder binder = {
		.keyspace = keyspace, .arena = arena, .error = error,
	};

	return bind_written(&binder, written, false, type);
}

int
bind_type(const struct ast_type *written, struct arena *arena,
	  const struct type **type, struct error *error)
{
	return bind_type_of_keyspace(written, SLICE_NULL, arena, type, error);
}
