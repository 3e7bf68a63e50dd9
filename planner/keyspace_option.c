/* SPDX-License-Identifier: MIT */
#include "planner/keyspace_option.h"

#define STRATEGY_PREFIX "org.apache.cassandra.locator."

static struct slice
without_prefix(struct slice class)
{
	const struct slice prefix = SLICE(STRATEGY_PREFIX);

	if (class.size > prefix.size &&
	    memcmp(class.data, prefix.data, prefix.size) == 0)
		return slice_from(class, prefix.size);
	return class;
}

static int
check_factor(const struct option_entry *entry, struct error *error)
{
	int64_t number;

	if (!option_parse_integer(entry->value, &number))
		return error_at(error, ERROR_CONFIG, entry->place.start,
				entry->place.size,
				"Replication factor must be numeric; found "
				"%.*s",
				SLICE_ARGUMENTS(entry->value));
	if (number < 0)
		return error_at(error, ERROR_CONFIG, entry->place.start,
				entry->place.size,
				"Replication factor must be non-negative; "
				"found %.*s",
				SLICE_ARGUMENTS(entry->value));
	return 0;
}

/* Everything but the class is a number of replicas: of the whole cluster or
 * of one data centre, whose name is free. */
static int
check_factors(struct option_value *value, bool is_simple,
	      struct error *error)
{
	for (uint32_t i = 0; i < value->map.count; i++) {
		const struct option_entry *entry = &value->map.entries[i];
		int result;

		if (slice_is_equal(entry->name, SLICE("class")))
			continue;
		if (is_simple && !slice_is_equal(entry->name,
						 SLICE("replication_factor")))
			return option_error(error, ERROR_CONFIG,
					    value->property,
					    "Unrecognized strategy option "
					    "{%.*s} passed to SimpleStrategy",
					    SLICE_ARGUMENTS(entry->name));
		result = check_factor(entry, error);
		if (result < 0)
			return result;
	}
	if (is_simple &&
	    option_map_find(&value->map, "replication_factor") == NULL)
		return option_error(error, ERROR_CONFIG, value->property,
				    "SimpleStrategy requires a "
				    "replication_factor strategy option.");
	return 0;
}

/* The class under its full name, which is how ScyllaDB prints it. */
static int
check_class(struct option_entry *entry, bool *is_simple, struct error *error)
{
	struct slice name = without_prefix(entry->value);

	*is_simple = slice_is_equal(name, SLICE("SimpleStrategy"));
	if (*is_simple) {
		entry->value = SLICE(STRATEGY_PREFIX "SimpleStrategy");
		return 0;
	}
	if (slice_is_equal(name, SLICE("NetworkTopologyStrategy"))) {
		entry->value = SLICE(STRATEGY_PREFIX
				     "NetworkTopologyStrategy");
		return 0;
	}
	return error_at(error, ERROR_CONFIG, entry->place.start,
			entry->place.size,
			"Unable to find replication strategy class '%.*s'",
			SLICE_ARGUMENTS(entry->value));
}

static int
check_replication(struct option_value *value, struct arena *arena,
		  struct error *error)
{
	bool is_simple;
	int result;

	(void)arena;
	/* 'class' is sorted first. */
	if (option_map_find(&value->map, "class") == NULL) {
		result = option_error(error, ERROR_CONFIG, value->property,
				      "Missing mandatory replication "
				      "strategy class");
		error_hint(error, "say {'class': 'SimpleStrategy', "
			   "'replication_factor': 1}, or leave WITH "
			   "replication out");
		return result;
	}
	result = check_class(&value->map.entries[0], &is_simple, error);
	if (result < 0)
		return result;
	return check_factors(value, is_simple, error);
}

static const struct option_rule rules[] = {
	{ .name = "consistency", .kind = OPTION_TEXT },
	{ .name = "durable_writes", .kind = OPTION_BOOLEAN },
	{ .name = "replication", .kind = OPTION_MAP,
	  .check = check_replication },
	{ .name = "storage", .kind = OPTION_MAP },
	{ .name = "tablets", .kind = OPTION_MAP },
};

static const struct option_rules keyspace_rules = { rules,
						    ARRAY_COUNT(rules) };

int
keyspace_option_bind(const struct ast_property *properties,
		     struct keyspace *keyspace, struct error *error)
{
	return option_bind(&keyspace_rules, properties, &keyspace->arena,
			   &keyspace->options, &keyspace->option_count,
			   error);
}
