/* SPDX-License-Identifier: MIT */
#include "planner/table_option.h"

#include "base/limits.h"
#include "types/uuid.h"

enum { GC_GRACE_S = 864000 }; /* CQL's default */

/* ---- checks beyond the kind of a value ---- */

static int
check_engine(struct option_value *value, struct arena *arena,
	     struct error *error)
{
	int result;

	(void)arena;
	if (slice_is_equal(value->text, SLICE("logstor")))
		return 0;
	result = option_error(error, ERROR_CONFIG, value->property,
			      "Illegal value for 'storage_engine'");
	error_hint(error, "the only storage engine here is 'logstor'");
	return result;
}

static int
check_id(struct option_value *value, struct arena *arena, struct error *error)
{
	uint8_t uuid[UUID_SIZE];

	(void)arena;
	if (uuid_parse(value->text, uuid))
		return 0;
	return option_error(error, ERROR_CONFIG, value->property,
			    "Invalid table id");
}

static int
check_time_to_live(struct option_value *value, struct arena *arena,
		   struct error *error)
{
	(void)arena;
	if (value->integer <= TTL_MAX_S)
		return 0;
	return option_error(error, ERROR_CONFIG, value->property,
			    "default_time_to_live must be less than or equal "
			    "to %d (got %lld)",
			    TTL_MAX_S, (long long)value->integer);
}

static int
check_false_positives(struct option_value *value, struct arena *arena,
		      struct error *error)
{
	(void)arena;
	if (value->number > 0 && value->number <= 1)
		return 0;
	return option_error(error, ERROR_CONFIG, value->property,
			    "bloom_filter_fp_chance must be larger than 0 "
			    "and less than or equal to 1.0 (got %g)",
			    value->number);
}

static int
check_crc_chance(struct option_value *value, struct arena *arena,
		 struct error *error)
{
	(void)arena;
	if (value->number >= 0 && value->number <= 1)
		return 0;
	return option_error(error, ERROR_CONFIG, value->property,
			    "crc_check_chance must be between 0.0 and 1.0 "
			    "(got %g)",
			    value->number);
}

static int
check_flush_period(struct option_value *value, struct arena *arena,
		   struct error *error)
{
	(void)arena;
	if (value->integer == 0 || value->integer >= 60000)
		return 0;
	return option_error(error, ERROR_CONFIG, value->property,
			    "memtable_flush_period_in_ms must be 0 or "
			    "greater than 60000");
}

static bool
is_one_of(struct slice text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is_equal_ignoring_case(slice_from_string(words[i]),
						 text))
			return true;
	return false;
}

static bool
has_end(struct slice text, const char *end)
{
	size_t size = strlen(end);

	return text.size > size &&
	       slice_is_equal_ignoring_case(
		       slice_from(text, text.size - size),
		       slice_from_string(end));
}

/* NONE, ALWAYS, 99.0PERCENTILE, 50ms and Cassandra's MIN(…), MAX(…). */
static int
check_speculation(struct option_value *value, struct arena *arena,
		  struct error *error)
{
	static const char *const words[] = { "NONE", "NEVER", "ALWAYS" };
	struct slice text = value->text;

	(void)arena;
	if (is_one_of(text, words, ARRAY_COUNT(words)))
		return 0;
	if (text.size > 0 && (text.data[0] == 'M' || text.data[0] == 'm') &&
	    has_end(text, ")"))
		return 0;
	if (text.size > 0 && text.data[0] >= '0' && text.data[0] <= '9' &&
	    (has_end(text, "ms") || has_end(text, "PERCENTILE") ||
	     has_end(text, "p")))
		return 0;
	return option_error(error, ERROR_CONFIG, value->property,
			    "Invalid value '%.*s' for option '%.*s'",
			    SLICE_ARGUMENTS(text),
			    SLICE_ARGUMENTS(value->property->name.text));
}

/* ScyllaDB knows the option for views alone. */
static int
refuse_synchronous_updates(struct option_value *value, struct arena *arena,
			   struct error *error)
{
	(void)arena;
	return option_error(error, ERROR_INVALID, value->property,
			    "The synchronous_updates option is only "
			    "applicable to materialized views, not to base "
			    "tables");
}

/* ---- maps ---- */

static int
check_compaction(struct option_value *value, struct arena *arena,
		 struct error *error)
{
	static const char *const classes[] = {
		"SizeTieredCompactionStrategy", "LeveledCompactionStrategy",
		"TimeWindowCompactionStrategy",
		"IncrementalCompactionStrategy", "NullCompactionStrategy",
		"DateTieredCompactionStrategy", "UnifiedCompactionStrategy",
	};
	const struct option_entry *class =
		option_map_find(&value->map, "class");
	struct slice name;

	(void)arena;
	if (class == NULL)
		return option_error(error, ERROR_CONFIG, value->property,
				    "Missing sub-option 'class' for the "
				    "'compaction' option.");
	name = class->value;
	for (size_t i = name.size; i > 0; i--)
		if (name.data[i - 1] == '.') {
			name = slice_from(name, i);
			break;
		}
	if (is_one_of(name, classes, ARRAY_COUNT(classes)))
		return 0;
	return error_at(error, ERROR_CONFIG, class->place.start,
			class->place.size,
			"Unable to find compaction strategy class '%.*s'",
			SLICE_ARGUMENTS(class->value));
}

static int
check_compression(struct option_value *value, struct arena *arena,
		  struct error *error)
{
	static const char *const names[] = { "chunk_length_in_kb",
					     "chunk_length_kb" };

	(void)arena;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		const struct option_entry *size =
			option_map_find(&value->map, names[i]);
		int64_t number;

		if (size == NULL)
			continue;
		if (!option_parse_integer(size->value, &number))
			return error_at(error, ERROR_SYNTAX,
					size->place.start, size->place.size,
					"Invalid integer value %.*s for '%s'",
					SLICE_ARGUMENTS(size->value),
					names[i]);
		if (number <= 0 || (number & (number - 1)) != 0)
			return error_at(error, ERROR_CONFIG,
					size->place.start, size->place.size,
					"%s must be a power of 2.",
					names[i]);
	}
	return 0;
}

static int
check_caching(struct option_value *value, struct arena *arena,
	      struct error *error)
{
	static const char *const names[] = { "keys", "rows_per_partition",
					     "enabled" };

	(void)arena;
	for (uint32_t i = 0; i < value->map.count; i++) {
		const struct option_entry *entry = &value->map.entries[i];

		if (!is_one_of(entry->name, names, ARRAY_COUNT(names)))
			return option_error(error, ERROR_CONFIG,
					    value->property,
					    "Invalid caching option: %.*s",
					    SLICE_ARGUMENTS(entry->name));
	}
	return 0;
}

/* ---- the table of options, by name ---- */

static const struct option_rule rules[] = {
	{ .name = "additional_write_policy", .kind = OPTION_TEXT,
	  .check = check_speculation },
	{ .name = "bloom_filter_fp_chance", .kind = OPTION_NUMBER,
	  .check = check_false_positives },
	{ .name = "caching", .kind = OPTION_MAP, .check = check_caching },
	{ .name = "cdc", .kind = OPTION_BOOLEAN_OR_MAP },
	{ .name = "comment", .kind = OPTION_TEXT },
	{ .name = "compaction", .kind = OPTION_MAP, .check = check_compaction },
	{ .name = "compression", .kind = OPTION_MAP,
	  .check = check_compression },
	{ .name = "crc_check_chance", .kind = OPTION_NUMBER,
	  .check = check_crc_chance },
	{ .name = "dclocal_read_repair_chance", .kind = OPTION_OBSOLETE },
	{ .name = "default_time_to_live", .kind = OPTION_INTEGER,
	  .check = check_time_to_live },
	{ .name = "encryption", .kind = OPTION_MAP },
	{ .name = "extensions", .kind = OPTION_MAP },
	{ .name = "gc_grace_seconds", .kind = OPTION_INTEGER,
	  .ordinary = GC_GRACE_S },
	{ .name = "id", .kind = OPTION_TEXT, .is_dropped = true,
	  .check = check_id },
	{ .name = "in_memory", .kind = OPTION_BOOLEAN },
	{ .name = "index_interval", .kind = OPTION_OBSOLETE },
	{ .name = "large_data_guardrails_enabled", .kind = OPTION_BOOLEAN },
	{ .name = "max_index_interval", .kind = OPTION_INTEGER, .least = 1,
	  .ordinary = 2048 },
	{ .name = "memtable_flush_period_in_ms", .kind = OPTION_INTEGER,
	  .check = check_flush_period },
	{ .name = "min_index_interval", .kind = OPTION_INTEGER, .least = 1,
	  .ordinary = 128 },
	{ .name = "paxos_grace_seconds", .kind = OPTION_INTEGER,
	  .ordinary = 864000 },
	{ .name = "per_partition_rate_limit", .kind = OPTION_MAP },
	{ .name = "populate_io_cache_on_flush", .kind = OPTION_OBSOLETE },
	{ .name = "read_repair", .kind = OPTION_TEXT },
	{ .name = "read_repair_chance", .kind = OPTION_OBSOLETE },
	{ .name = "replicate_on_write", .kind = OPTION_OBSOLETE },
	{ .name = "speculative_retry", .kind = OPTION_TEXT,
	  .check = check_speculation },
	{ .name = "storage_engine", .kind = OPTION_TEXT, .is_dropped = true,
	  .check = check_engine },
	{ .name = "synchronous_updates", .kind = OPTION_BOOLEAN,
	  .check = refuse_synchronous_updates },
	{ .name = "tablets", .kind = OPTION_MAP },
	{ .name = "tombstone_gc", .kind = OPTION_MAP },
};

static const struct option_rules table_rules = { rules, ARRAY_COUNT(rules) };

/* ---- the door ---- */

const char *
table_option_name_at(size_t index)
{
	return index < ARRAY_COUNT(rules) ? rules[index].name : NULL;
}

uint32_t
table_option_gc_grace_s(const struct table *table)
{
	const struct option *option = option_find(
		table->options, table->option_count,
		SLICE("gc_grace_seconds"));
	int64_t number;

	if (option == NULL || !option_parse_integer(option->text, &number) ||
	    number < 0 || number > UINT32_MAX)
		return GC_GRACE_S;
	return (uint32_t)number;
}

/* They have been checked one by one; now together. */
static int
check_intervals(const struct ast_property *properties, struct error *error)
{
	const struct ast_property *least =
		option_find_property(properties, "min_index_interval");
	const struct ast_property *most =
		option_find_property(properties, "max_index_interval");
	int64_t least_number = 128, most_number = 2048;
	int result;

	if (least != NULL) {
		result = option_read_integer(least, &least_number, error);
		if (result < 0)
			return result;
	}
	if (most != NULL) {
		result = option_read_integer(most, &most_number, error);
		if (result < 0)
			return result;
	}
	if (least_number <= most_number)
		return 0;
	return option_error(error, ERROR_CONFIG, most != NULL ? most : least,
			    "max_index_interval cannot be smaller than "
			    "min_index_interval (%lld)",
			    (long long)least_number);
}

/* What the rest of the planner works with, taken out of the options. */
static int
take_values(const struct ast_property *properties, struct table *table,
	    bool *has_uuid, struct error *error)
{
	const struct ast_property *property;
	int64_t number;
	struct slice text;
	int result;

	property = option_find_property(properties, "default_time_to_live");
	if (property != NULL) {
		result = option_read_integer(property, &number, error);
		if (result < 0)
			return result;
		table->default_time_to_live_s = (uint32_t)number;
	}
	property = option_find_property(properties, "id");
	*has_uuid = property != NULL;
	if (property != NULL) {
		result = option_read_text(property, &text, error);
		if (result < 0)
			return result;
		*has_uuid = uuid_parse(text, table->uuid);
	}
	return 0;
}

int
table_option_bind(const struct ast_property *properties, struct table *table,
		  bool *has_uuid, struct error *error)
{
	int result = option_bind(&table_rules, properties, &table->arena,
				 &table->options, &table->option_count,
				 error);

	if (result < 0)
		return result;
	result = check_intervals(properties, error);
	if (result < 0)
		return result;
	return take_values(properties, table, has_uuid, error);
}
