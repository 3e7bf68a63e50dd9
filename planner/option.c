/* SPDX-License-Identifier: MIT */
#include "planner/option.h"

#include "planner/suggestion.h"

#include <stdlib.h>

const struct ast_property *
option_find_property(const struct ast_property *properties, const char *name)
{
	struct slice wanted = slice_from_string(name);

	for (; properties != NULL; properties = properties->next)
		if (slice_is_equal(properties->name.text, wanted))
			return properties;
	return NULL;
}

const struct option *
option_find(const struct option *options, uint32_t count, struct slice name)
{
	for (uint32_t i = 0; i < count; i++)
		if (slice_is_equal(options[i].name, name))
			return &options[i];
	return NULL;
}

/* ---- names ---- */

static const struct option_rule *
find_rule(const struct option_rules *rules, struct slice name)
{
	for (size_t i = 0; i < rules->count; i++)
		if (slice_is_equal(slice_from_string(rules->rules[i].name),
				   name))
			return &rules->rules[i];
	return NULL;
}

static int
refuse_unknown(const struct option_rules *rules, const struct ast_name *name,
	       struct error *error)
{
	struct suggestion suggestion = suggestion_make(name->text);
	int result = error_at(error, ERROR_SYNTAX, name->place.start,
			      name->place.size, "Unknown property '%.*s'",
			      SLICE_ARGUMENTS(name->text));

	for (size_t i = 0; i < rules->count; i++)
		suggestion_offer(&suggestion,
				 slice_from_string(rules->rules[i].name));
	suggestion_hint(&suggestion, error);
	return result;
}

/* Every name is one of the rules', so the quadratic search for doubles ends
 * early whatever the text holds. */
static int
check_names(const struct option_rules *rules,
	    const struct ast_property *properties, struct error *error)
{
	const struct ast_property *property = properties;

	for (; property != NULL; property = property->next) {
		const struct ast_property *other = properties;

		if (find_rule(rules, property->name.text) == NULL)
			return refuse_unknown(rules, &property->name, error);
		while (!slice_is_equal(other->name.text,
				       property->name.text))
			other = other->next;
		if (other != property)
			return error_at(error, ERROR_SYNTAX,
					property->name.place.start,
					property->name.place.size,
					"Multiple definition for property "
					"'%.*s'",
					SLICE_ARGUMENTS(
						property->name.text));
	}
	return 0;
}

/* ---- values ---- */

static int
read_integer(const struct option_rule *rule, struct option_value *value,
	     struct error *error)
{
	int result = option_read_integer(value->property, &value->integer,
					 error);

	if (result < 0)
		return result;
	if (value->integer >= rule->least)
		return 0;
	return option_error(error, ERROR_CONFIG, value->property,
			    "%s cannot be smaller than %d, (default %d)",
			    rule->name, rule->least, rule->ordinary);
}

static int
read_value(const struct option_rule *rule, struct option_value *value,
	   struct arena *arena, struct error *error)
{
	const struct ast_property *property = value->property;

	value->kind = rule->kind;
	if (rule->kind == OPTION_BOOLEAN_OR_MAP)
		value->kind = option_is_map(property) ? OPTION_MAP :
							OPTION_BOOLEAN;
	switch (value->kind) {
	case OPTION_TEXT:
		return option_read_text(property, &value->text, error);
	case OPTION_INTEGER:
		return read_integer(rule, value, error);
	case OPTION_NUMBER:
		return option_read_number(property, &value->number, error);
	case OPTION_BOOLEAN:
		return option_read_boolean(property, &value->truth, error);
	case OPTION_MAP:
		return option_read_map(property, arena, &value->map, error);
	case OPTION_BOOLEAN_OR_MAP:
	case OPTION_OBSOLETE:
		break;
	}
	return 0;
}

static struct slice
print_value(const struct option_value *value, struct arena *arena)
{
	switch (value->kind) {
	case OPTION_TEXT:
		return option_print_text(value->text, arena);
	case OPTION_INTEGER:
		return option_print_integer(value->integer, arena);
	case OPTION_NUMBER:
		return option_print_number(value->number, arena);
	case OPTION_BOOLEAN:
		return option_print_boolean(value->truth, arena);
	case OPTION_MAP:
		return option_print_map(&value->map, arena);
	case OPTION_BOOLEAN_OR_MAP:
	case OPTION_OBSOLETE:
		break;
	}
	return SLICE_NULL;
}

/* ---- all of them ---- */

static int
bind_one(const struct option_rule *rule, const struct ast_property *property,
	 struct arena *arena, struct option *option, struct error *error)
{
	struct option_value value = { .property = property };
	int result = read_value(rule, &value, arena, error);

	if (result < 0)
		return result;
	if (rule->check != NULL) {
		result = rule->check(&value, arena, error);
		if (result < 0)
			return result;
	}
	option->name = slice_from_string(rule->name);
	option->text = print_value(&value, arena);
	return 0;
}

static int
compare_options(const void *a, const void *b)
{
	const struct option *left = a, *right = b;

	return slice_compare(left->name, right->name);
}

int
option_bind(const struct option_rules *rules,
	    const struct ast_property *properties, struct arena *arena,
	    struct option **options, uint32_t *option_count,
	    struct error *error)
{
	int result = check_names(rules, properties, error);

	if (result < 0)
		return result;
	*option_count = 0;
	*options = arena_new_array(arena, struct option, rules->count);
	if (*options == NULL)
		return error_no_memory(error);
	for (; properties != NULL; properties = properties->next) {
		const struct option_rule *rule =
			find_rule(rules, properties->name.text);

		result = bind_one(rule, properties, arena,
				  &(*options)[*option_count], error);
		if (result < 0)
			return result;
		if (!rule->is_dropped && rule->kind != OPTION_OBSOLETE)
			(*option_count)++;
	}
	qsort(*options, *option_count, sizeof(**options), compare_options);
	return arena->has_failed ? error_no_memory(error) : 0;
}
