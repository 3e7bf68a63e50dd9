/* SPDX-License-Identifier: MIT */
#include "types/type_table.h"

#include "types/boolean.h"
#include "types/collection_value.h"
#include "types/float.h"
#include "types/inet.h"
#include "types/integer.h"
#include "types/temporal.h"
#include "types/text.h"
#include "types/uuid_value.h"

#define STRINGS (1 << LITERAL_STRING)
#define INTEGERS (1 << LITERAL_INTEGER)
#define FLOATS (1 << LITERAL_FLOAT)
#define BOOLEANS (1 << LITERAL_BOOLEAN)
#define UUIDS (1 << LITERAL_UUID)
#define HEXES (1 << LITERAL_HEX)
#define DURATIONS (1 << LITERAL_DURATION)

/* Their names are words of the language already; their values come later. */
static int
refuse_parse(const struct type *type, enum literal_kind kind,
	     struct slice text, struct buffer *out, struct error *error)
{
	(void)kind;
	(void)text;
	(void)out;
	return error_set(error, ERROR_INVALID, "type %s is not supported",
			 type_table_find(type->kind)->name);
}

static int
refuse_value(const struct type *type, struct slice value, struct error *error)
{
	(void)value;
	return error_set(error, ERROR_INVALID, "type %s is not supported",
			 type_table_find(type->kind)->name);
}

#define INTEGER_ROW(called, bytes)                                       \
	{                                                                \
		.name = called, .size = bytes, .literals = INTEGERS,     \
		.is_supported = true, .is_empty_allowed = true,          \
		.parse = integer_parse_value,                            \
		.compare = integer_compare_values,                       \
		.print = integer_print_value,                            \
	}

#define FLOAT_ROW(called, bytes)                                         \
	{                                                                \
		.name = called, .size = bytes,                           \
		.literals = INTEGERS | FLOATS, .is_supported = true,     \
		.is_empty_allowed = true, .parse = float_parse_value,    \
		.compare = float_compare_values,                         \
		.print = float_print_value,                              \
	}

#define COLLECTION_ROW(called, may_be_empty)                             \
	{                                                                \
		.name = called, .is_supported = true,                    \
		.is_empty_allowed = may_be_empty,                        \
		.validate = collection_validate_value,                   \
		.compare = collection_compare_values,                    \
		.print = collection_print_value,                         \
	}

#define LATER_ROW(called, constants)                                     \
	{                                                                \
		.name = called, .literals = constants,                   \
		.parse = refuse_parse, .validate = refuse_value,         \
		.compare = text_compare_values,                          \
		.print = text_print_blob,                                \
	}

static const struct type_row table[TYPE_TUPLE + 1] = {
	[TYPE_ASCII] = {
		.name = "ascii", .literals = STRINGS, .is_supported = true,
		.is_empty_allowed = true,
		.parse = text_parse_value, .validate = text_validate_value,
		.compare = text_compare_values, .print = text_print_value,
	},
	[TYPE_BIGINT] = INTEGER_ROW("bigint", 8),
	[TYPE_BLOB] = {
		.name = "blob", .literals = HEXES, .is_supported = true,
		.is_empty_allowed = true,
		.parse = text_parse_blob, .compare = text_compare_values,
		.print = text_print_blob,
	},
	[TYPE_BOOLEAN] = {
		.name = "boolean", .size = 1, .literals = BOOLEANS,
		.is_supported = true, .is_empty_allowed = true,
		.parse = boolean_parse_value,
		.compare = boolean_compare_values,
		.print = boolean_print_value,
	},
	[TYPE_COUNTER] = LATER_ROW("counter", INTEGERS),
	[TYPE_DECIMAL] = LATER_ROW("decimal", INTEGERS | FLOATS),
	[TYPE_DOUBLE] = FLOAT_ROW("double", 8),
	[TYPE_FLOAT] = FLOAT_ROW("float", 4),
	[TYPE_INT] = INTEGER_ROW("int", 4),
	[TYPE_TIMESTAMP] = {
		.name = "timestamp", .size = 8,
		.literals = STRINGS | INTEGERS, .is_supported = true,
		.is_empty_allowed = true,
		.parse = temporal_parse_timestamp,
		.compare = integer_compare_values,
		.print = temporal_print_timestamp,
	},
	[TYPE_UUID] = {
		.name = "uuid", .size = 16, .literals = UUIDS,
		.is_supported = true,
		.is_empty_allowed = true, .parse = uuid_parse_value,
		.compare = uuid_compare_values, .print = uuid_print_value,
	},
	[TYPE_TEXT] = {
		.name = "text", .literals = STRINGS, .is_supported = true,
		.is_empty_allowed = true,
		.parse = text_parse_value, .validate = text_validate_value,
		.compare = text_compare_values, .print = text_print_value,
	},
	[TYPE_VARINT] = LATER_ROW("varint", INTEGERS),
	[TYPE_TIMEUUID] = {
		.name = "timeuuid", .size = 16, .literals = UUIDS,
		.is_supported = true,
		.is_empty_allowed = true, .parse = uuid_parse_value,
		.validate = uuid_validate_time,
		.compare = uuid_compare_times, .print = uuid_print_value,
	},
	[TYPE_INET] = {
		.name = "inet", .literals = STRINGS, .is_supported = true,
		.is_empty_allowed = true,
		.parse = inet_parse_value, .validate = inet_validate_value,
		.compare = text_compare_values, .print = inet_print_value,
	},
	/* Unsigned and big-endian, so that dates compare as bytes do. */
	[TYPE_DATE] = {
		.name = "date", .size = 4, .literals = STRINGS | INTEGERS,
		.is_supported = true,
		.is_empty_allowed = true, .parse = temporal_parse_date,
		.compare = text_compare_values,
		.print = temporal_print_date,
	},
	[TYPE_TIME] = {
		.name = "time", .size = 8, .literals = STRINGS | INTEGERS,
		.is_supported = true,
		.is_empty_allowed = true, .parse = temporal_parse_time,
		.validate = temporal_validate_time,
		.compare = integer_compare_values,
		.print = temporal_print_time,
	},
	[TYPE_SMALLINT] = INTEGER_ROW("smallint", 2),
	[TYPE_TINYINT] = INTEGER_ROW("tinyint", 1),
	[TYPE_DURATION] = LATER_ROW("duration", DURATIONS),
	[TYPE_LIST] = COLLECTION_ROW("list", false),
	[TYPE_MAP] = COLLECTION_ROW("map", false),
	[TYPE_SET] = COLLECTION_ROW("set", false),
	/* A tuple may end early, so it may end before its first component. */
	[TYPE_TUPLE] = COLLECTION_ROW("tuple", true),
};

const struct type_row *
type_table_find(enum type_kind kind)
{
	if ((unsigned)kind >= ARRAY_COUNT(table) || table[kind].name == NULL)
		return NULL;
	return &table[kind];
}
