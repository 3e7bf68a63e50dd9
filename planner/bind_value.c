/* SPDX-License-Identifier: MIT */
#include "planner/statement.h"

#include "base/pack.h"
#include "types/value.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- metadata ---- */

static const struct marker *
find_marker(const logstor_statement *statement, uint32_t index)
{
	if (statement == NULL || index >= statement->plan->marker_count)
		return NULL;
	return &statement->plan->markers[index];
}

uint32_t
logstor_marker_count(const logstor_statement *statement)
{
	return statement == NULL ? 0 : statement->plan->marker_count;
}

const char *
logstor_marker_name(const logstor_statement *statement, uint32_t index)
{
	const struct marker *marker = find_marker(statement, index);

	if (marker == NULL)
		return "";
	return statement_marker_strings(statement, index)->name;
}

const char *
logstor_marker_type_name(const logstor_statement *statement, uint32_t index)
{
	const struct marker *marker = find_marker(statement, index);

	if (marker == NULL)
		return "";
	return statement_marker_strings(statement, index)->type;
}

int32_t
logstor_marker_index(const logstor_statement *statement, const char *name)
{
	if (statement == NULL || name == NULL)
		return -1;
	for (uint32_t i = 0; i < statement->plan->marker_count; i++) {
		if (slice_is_equal(statement->plan->markers[i].name,
				   slice_from_string(name)))
			return (int32_t)i;
	}
	return -1;
}

enum logstor_type
logstor_marker_type(const logstor_statement *statement, uint32_t index)
{
	const struct marker *marker = find_marker(statement, index);

	if (marker == NULL)
		return LOGSTOR_BLOB;
	return (enum logstor_type)marker->type->kind;
}

int32_t
logstor_marker_key_part(const logstor_statement *statement, uint32_t index)
{
	const struct marker *marker = find_marker(statement, index);

	return marker == NULL ? -1 : marker->key_part;
}

/* ---- binding ---- */

static int
begin_bind(logstor_statement *statement, uint32_t index)
{
	if (statement == NULL)
		return LOGSTOR_MISUSE;
	if (index >= statement->plan->marker_count)
		return session_misuse(statement->session,
				      "there is no marker of that number");
	if (statement->is_running)
		return session_misuse(statement->session,
				      "a running statement's values can't be "
				      "changed: reset it first");
	session_begin_call(statement->session);
	return LOGSTOR_OK;
}

static int
fail(logstor_statement *statement)
{
	return session_fail(statement->session, statement_text(statement));
}

/* Copies the value; what fits goes without an allocation. */
static int
store(logstor_statement *statement, uint32_t index, struct slice value)
{
	struct binding *binding = &statement->bindings[index];
	uint8_t *to = binding->small;

	if (value.size > sizeof(binding->small)) {
		if (value.size > binding->heap_size) {
			uint8_t *heap = realloc(binding->heap, value.size);

			if (heap == NULL) {
				(void)error_no_memory(
					&statement->session->error);
				return LOGSTOR_ERROR;
			}
			binding->heap = heap;
			binding->heap_size = value.size;
		}
		to = binding->heap;
	}
	if (value.size > 0)
		memcpy(to, value.data, value.size);
	binding->value = slice_make(to, value.size);
	binding->kind = BINDING_VALUE;
	return LOGSTOR_OK;
}

/* What can't be: ${what} is the kind of value that was given. */
static int
refuse(logstor_statement *statement, uint32_t index, const char *what)
{
	const struct marker *marker = &statement->plan->markers[index];
	struct buffer type = { 0 };

	type_print(marker->type, &type);
	buffer_append_byte(&type, 0);
	(void)error_set(&statement->session->error, ERROR_INVALID,
			"%s can't be a value of type %s for \"%.*s\"", what,
			type.has_failed ? "?" : (const char *)type.data,
			SLICE_ARGUMENTS(marker->name));
	buffer_finish(&type);
	return LOGSTOR_ERROR;
}

int
logstor_bind_null(logstor_statement *statement, uint32_t index)
{
	int result = begin_bind(statement, index);

	if (result == LOGSTOR_OK)
		statement->bindings[index].kind = BINDING_NULL;
	return result;
}

int
logstor_bind_unset(logstor_statement *statement, uint32_t index)
{
	int result = begin_bind(statement, index);

	if (result == LOGSTOR_OK)
		statement->bindings[index].kind = BINDING_UNSET;
	return result;
}

int
logstor_clear_bindings(logstor_statement *statement)
{
	if (statement == NULL)
		return LOGSTOR_MISUSE;
	for (uint32_t i = 0; i < statement->plan->marker_count; i++) {
		int result = logstor_bind_unset(statement, i);

		if (result != LOGSTOR_OK)
			return result;
	}
	return LOGSTOR_OK;
}

int
logstor_bind_bool(logstor_statement *statement, uint32_t index, bool value)
{
	uint8_t byte = value;
	int result = begin_bind(statement, index);

	if (result != LOGSTOR_OK)
		return result;
	if (statement->plan->markers[index].type->kind != TYPE_BOOLEAN)
		return refuse(statement, index, "a boolean");
	return store(statement, index, slice_make(&byte, 1));
}

/* Big-endian, of a type's width; 0 when the number is out of its range. */
static size_t
encode_integer(enum type_kind kind, int64_t value, uint8_t bytes[8])
{
	static const int64_t day_ns = 86400LL * 1000 * 1000 * 1000;

	switch (kind) {
	case TYPE_TINYINT:
		bytes[0] = (uint8_t)value;
		return value >= INT8_MIN && value <= INT8_MAX ? 1 : 0;
	case TYPE_SMALLINT:
		store_u16_be(bytes, (uint16_t)value);
		return value >= INT16_MIN && value <= INT16_MAX ? 2 : 0;
	case TYPE_INT:
		store_u32_be(bytes, (uint32_t)value);
		return value >= INT32_MIN && value <= INT32_MAX ? 4 : 0;
	case TYPE_DATE: /* days, 2^31 is 1970-01-01 */
		store_u32_be(bytes, (uint32_t)value);
		return value >= 0 && value <= UINT32_MAX ? 4 : 0;
	case TYPE_TIME:
		store_u64_be(bytes, (uint64_t)value);
		return value >= 0 && value < day_ns ? 8 : 0;
	case TYPE_BIGINT:
	case TYPE_TIMESTAMP:
		store_u64_be(bytes, (uint64_t)value);
		return 8;
	default:
		return 0;
	}
}

static size_t
encode_double(enum type_kind kind, double value, uint8_t bytes[8])
{
	if (kind == TYPE_DOUBLE) {
		uint64_t bits;

		memcpy(&bits, &value, sizeof(bits));
		store_u64_be(bytes, bits);
		return 8;
	}
	if (kind == TYPE_FLOAT) {
		float narrow;
		uint32_t bits;

		if (isfinite(value) && fabs(value) > (double)FLT_MAX)
			return 0;
		narrow = (float)value;
		memcpy(&bits, &narrow, sizeof(bits));
		store_u32_be(bytes, bits);
		return 4;
	}
	return 0;
}

/* Does a float of that many bits hold the integer as it is? */
static bool
is_exact(int64_t value, int mantissa_bits)
{
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value :
					 (uint64_t)value;

	while (magnitude != 0 && magnitude % 2 == 0)
		magnitude /= 2;
	return magnitude < 1ULL << mantissa_bits;
}

int
logstor_bind_int64(logstor_statement *statement, uint32_t index, int64_t value)
{
	int result = begin_bind(statement, index);
	enum type_kind kind;
	uint8_t bytes[8];
	size_t size = 0;

	if (result != LOGSTOR_OK)
		return result;
	kind = statement->plan->markers[index].type->kind;
	if (kind == TYPE_FLOAT || kind == TYPE_DOUBLE) {
		if (is_exact(value, kind == TYPE_FLOAT ? FLT_MANT_DIG :
							 DBL_MANT_DIG))
			size = encode_double(kind, (double)value, bytes);
	} else {
		size = encode_integer(kind, value, bytes);
	}
	if (size == 0) {
		char text[32];

		snprintf(text, sizeof(text), "%lld", (long long)value);
		return refuse(statement, index, text);
	}
	return store(statement, index, slice_make(bytes, size));
}

int
logstor_bind_double(logstor_statement *statement, uint32_t index, double value)
{
	int result = begin_bind(statement, index);
	enum type_kind kind;
	uint8_t bytes[8];
	size_t size;

	if (result != LOGSTOR_OK)
		return result;
	kind = statement->plan->markers[index].type->kind;
	size = encode_double(kind, value, bytes);
	/* A whole number fits the integer types that hold it. */
	if (size == 0 && kind != TYPE_FLOAT && value >= -0x1p63 &&
	    value < 0x1p63 && value == floor(value))
		size = encode_integer(kind, (int64_t)value, bytes);
	if (size == 0) {
		char text[64];

		snprintf(text, sizeof(text), "%.17g", value);
		return refuse(statement, index, text);
	}
	return store(statement, index, slice_make(bytes, size));
}

/* A literal of a type that isn't text itself. */
static int
parse_literal(logstor_statement *statement, uint32_t index, struct slice text)
{
	const struct type *type = statement->plan->markers[index].type;
	struct buffer *scratch = &statement->session->scratch;
	struct error *error = &statement->session->error;
	int result;

	buffer_clear(scratch);
	result = value_parse(type, LITERAL_STRING, text, scratch, error);
	if (result == VALUE_WRONG_LITERAL)
		result = value_parse(type, LITERAL_UUID, text, scratch, error);
	if (result == VALUE_WRONG_LITERAL)
		return refuse(statement, index, "a text");
	if (result < 0)
		return fail(statement);
	if (scratch->has_failed) {
		(void)error_no_memory(error);
		return LOGSTOR_ERROR;
	}
	return store(statement, index, buffer_slice(scratch));
}

int
logstor_bind_text(logstor_statement *statement, uint32_t index,
		  const char *text, ptrdiff_t size)
{
	int result = begin_bind(statement, index);
	const struct type *type;
	struct slice value;

	if (result != LOGSTOR_OK)
		return result;
	if (size < -1 || (text == NULL && size != 0))
		return session_misuse(statement->session,
				      "a text without bytes");
	value = slice_make(text == NULL ? "" : text,
			   size < 0 ? strlen(text) : (size_t)size);
	type = statement->plan->markers[index].type;
	if (type->kind != TYPE_TEXT && type->kind != TYPE_ASCII)
		return parse_literal(statement, index, value);
	if (value_validate(type, value, &statement->session->error) < 0)
		return fail(statement);
	return store(statement, index, value);
}

int
logstor_bind_blob(logstor_statement *statement, uint32_t index,
		  const void *bytes, size_t size)
{
	int result = begin_bind(statement, index);

	if (result != LOGSTOR_OK)
		return result;
	if (bytes == NULL && size > 0)
		return session_misuse(statement->session,
				      "a blob without bytes");
	if (statement->plan->markers[index].type->kind != TYPE_BLOB)
		return refuse(statement, index, "a blob");
	return store(statement, index,
		     slice_make(bytes == NULL ? "" : bytes, size));
}

int
logstor_bind_raw(logstor_statement *statement, uint32_t index,
		 const void *bytes, size_t size)
{
	int result = begin_bind(statement, index);
	struct slice value;

	if (result != LOGSTOR_OK)
		return result;
	if (bytes == NULL && size > 0)
		return session_misuse(statement->session,
				      "a value without bytes");
	value = slice_make(bytes == NULL ? "" : bytes, size);
	if (value_validate(statement->plan->markers[index].type, value,
			   &statement->session->error) < 0)
		return fail(statement);
	return store(statement, index, value);
}
