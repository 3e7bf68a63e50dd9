/* SPDX-License-Identifier: MIT */
#include "planner/statement.h"

#include "base/pack.h"
#include "types/value.h"

/* ---- names as C strings ---- */

static const char *
make_string(struct arena *arena, struct slice text)
{
	uint8_t *copy = arena_allocate_bytes(arena, text.size + 1);

	if (copy == NULL)
		return "";
	if (text.size > 0)
		memcpy(copy, text.data, text.size);
	copy[text.size] = 0;
	return (const char *)copy;
}

static const char *
make_type_string(struct logstor_statement *statement, const struct type *type)
{
	struct buffer text = { 0 };
	const char *string;

	type_print(type, &text);
	string = make_string(&statement->plan_arena, buffer_slice(&text));
	buffer_finish(&text);
	return string;
}

static const struct statement_name nameless = { "", "", "", "" };

/* All at once: who asks for one asks for the others next. */
static void
make_column_names(struct logstor_statement *statement)
{
	struct arena *arena = &statement->plan_arena;
	const struct plan *plan = statement->plan;
	struct statement_name *names = arena_new_array(
		arena, struct statement_name, plan->column_count + 1);

	if (names == NULL)
		return;
	for (uint32_t i = 0; i < plan->column_count; i++) {
		const struct result_column *column = &plan->columns[i];

		names[i].name = make_string(arena, column->name);
		names[i].type = make_type_string(statement, column->type);
		names[i].keyspace = make_string(arena, column->keyspace);
		names[i].table = make_string(arena, column->table);
	}
	statement->column_names = names;
}

/* The names are a cache: the statement stays what it was. */
static struct logstor_statement *
without_const(const logstor_statement *statement)
{
	return (struct logstor_statement *)(uintptr_t)statement;
}

static const struct statement_name *
column_strings(const logstor_statement *statement, uint32_t index)
{
	if (statement == NULL || index >= statement->plan->column_count)
		return &nameless;
	if (statement->column_names == NULL)
		make_column_names(without_const(statement));
	if (statement->column_names == NULL)
		return &nameless;
	return &statement->column_names[index];
}

const struct statement_name *
statement_marker_strings(const struct logstor_statement *statement,
			 uint32_t index)
{
	const struct plan *plan = statement->plan;
	struct logstor_statement *changed = without_const(statement);
	struct statement_name *names = statement->marker_names;

	if (names == NULL) {
		names = arena_new_array(&changed->plan_arena,
					struct statement_name,
					plan->marker_count);
		changed->marker_names = names;
	}
	if (names == NULL)
		return &nameless;
	if (names[index].name == NULL) {
		names[index].name = make_string(&changed->plan_arena,
						plan->markers[index].name);
		names[index].type = make_type_string(
			changed, plan->markers[index].type);
	}
	return &names[index];
}

/* ---- metadata ---- */

uint32_t
logstor_column_count(const logstor_statement *statement)
{
	if (statement == NULL)
		return 0;
	return statement->has_row ? statement->value_count :
				    statement->plan->column_count;
}

const char *
logstor_column_name(const logstor_statement *statement, uint32_t index)
{
	return column_strings(statement, index)->name;
}

const char *
logstor_column_type_name(const logstor_statement *statement, uint32_t index)
{
	return column_strings(statement, index)->type;
}

const char *
logstor_column_keyspace(const logstor_statement *statement, uint32_t index)
{
	return column_strings(statement, index)->keyspace;
}

const char *
logstor_column_table(const logstor_statement *statement, uint32_t index)
{
	return column_strings(statement, index)->table;
}

enum logstor_type
logstor_column_type(const logstor_statement *statement, uint32_t index)
{
	if (statement == NULL || index >= statement->plan->column_count)
		return LOGSTOR_BLOB;
	return (enum logstor_type)statement->plan->columns[index].type->kind;
}

bool
logstor_column_is_key(const logstor_statement *statement, uint32_t index)
{
	return statement != NULL && index < statement->plan->column_count &&
	       statement->plan->columns[index].is_key;
}

uint64_t
logstor_metadata_version(const logstor_statement *statement)
{
	return statement == NULL ? 0 : statement->metadata_version;
}

/* ---- values ---- */

/* Null when there is no row, no such column, or no value. */
static struct slice
find_value(const logstor_statement *statement, uint32_t index,
	   const struct type **type)
{
	*type = type_native(TYPE_BLOB);
	if (statement == NULL || !statement->has_row ||
	    index >= statement->value_count)
		return SLICE_NULL;
	*type = statement->plan->columns[index].type;
	return statement->values[index];
}

bool
logstor_column_is_null(logstor_statement *statement, uint32_t index)
{
	const struct type *type;

	return slice_is_null(find_value(statement, index, &type));
}

const void *
logstor_column_raw(logstor_statement *statement, uint32_t index, size_t *size)
{
	const struct type *type;
	struct slice value = find_value(statement, index, &type);

	if (size != NULL)
		*size = value.size;
	return value.data;
}

/* The number that a value is; false when it is none. */
struct number {
	bool is_double;
	int64_t integer;
	double real;
};

static bool
read_real(const struct type *type, struct slice value, struct number *number)
{
	number->is_double = true;
	if (type->kind == TYPE_DOUBLE && value.size == sizeof(double)) {
		uint64_t bits = load_u64_be(value.data);

		memcpy(&number->real, &bits, sizeof(bits));
		return true;
	}
	if (type->kind == TYPE_FLOAT && value.size == sizeof(float)) {
		uint32_t bits = load_u32_be(value.data);
		float narrow;

		memcpy(&narrow, &bits, sizeof(bits));
		number->real = (double)narrow;
		return true;
	}
	return false;
}

static bool
read_number(const struct type *type, struct slice value,
	    struct number *number)
{
	*number = (struct number){ 0 };
	switch (type->kind) {
	case TYPE_BOOLEAN:
	case TYPE_TINYINT:
		if (value.size != 1)
			return false;
		number->integer = type->kind == TYPE_BOOLEAN ?
					  value.data[0] != 0 :
					  (int8_t)value.data[0];
		return true;
	case TYPE_SMALLINT:
		if (value.size != 2)
			return false;
		number->integer = (int16_t)load_u16_be(value.data);
		return true;
	case TYPE_INT:
	case TYPE_DATE:
		if (value.size != 4)
			return false;
		number->integer = load_u32_be(value.data);
		if (type->kind == TYPE_INT)
			number->integer = (int32_t)number->integer;
		return true;
	case TYPE_BIGINT:
	case TYPE_TIMESTAMP:
	case TYPE_TIME:
		if (value.size != 8)
			return false;
		number->integer = (int64_t)load_u64_be(value.data);
		return true;
	default:
		return read_real(type, value, number);
	}
}

static bool
column_number(const logstor_statement *statement, uint32_t index,
	      struct number *number)
{
	const struct type *type;
	struct slice value = find_value(statement, index, &type);

	return !slice_is_null(value) && read_number(type, value, number);
}

bool
logstor_column_bool(logstor_statement *statement, uint32_t index)
{
	struct number number;

	if (!column_number(statement, index, &number))
		return false;
	return number.is_double ? number.real < 0 || number.real > 0 :
				  number.integer != 0;
}

int64_t
logstor_column_int64(logstor_statement *statement, uint32_t index)
{
	struct number number;

	if (!column_number(statement, index, &number))
		return 0;
	if (!number.is_double)
		return number.integer;
	/* NaN and what lies outside can't be converted. */
	if (!(number.real >= -0x1p63 && number.real < 0x1p63))
		return 0;
	return (int64_t)number.real;
}

double
logstor_column_double(logstor_statement *statement, uint32_t index)
{
	struct number number;

	if (!column_number(statement, index, &number))
		return 0;
	return number.is_double ? number.real : (double)number.integer;
}

const char *
logstor_column_text(logstor_statement *statement, uint32_t index,
		    enum logstor_text_form form, size_t *size)
{
	static const enum value_form forms[] = {
		[LOGSTOR_TEXT] = VALUE_TEXT,
		[LOGSTOR_LITERAL] = VALUE_LITERAL,
		[LOGSTOR_DISPLAY] = VALUE_DISPLAY,
		[LOGSTOR_JSON] = VALUE_JSON,
	};
	const struct type *type;
	struct slice value = find_value(statement, index, &type);
	struct buffer *scratch;
	struct slice text;

	if (size != NULL)
		*size = 0;
	if (statement == NULL || (unsigned)form >= ARRAY_COUNT(forms))
		return NULL;
	scratch = &statement->session->scratch;
	buffer_clear(scratch);
	value_print(type, value, forms[form], scratch);
	buffer_append_byte(scratch, 0);
	if (scratch->has_failed)
		return NULL;
	text = arena_copy(&statement->row_arena, buffer_slice(scratch));
	if (slice_is_null(text))
		return NULL;
	if (size != NULL)
		*size = text.size - 1;
	return (const char *)text.data;
}
