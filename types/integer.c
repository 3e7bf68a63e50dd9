/* SPDX-License-Identifier: MIT */
#include "types/integer.h"

#include "base/pack.h"

#include <assert.h>

enum { DIGITS_MAX = 20 };

bool
integer_parse(struct slice text, int64_t *number)
{
	bool is_negative = text.size > 0 && text.data[0] == '-';
	uint64_t limit = (uint64_t)INT64_MAX + is_negative;
	uint64_t sum = 0;

	if (text.size == (size_t)is_negative)
		return false;
	for (size_t i = is_negative; i < text.size; i++) {
		unsigned digit = (unsigned)text.data[i] - '0';

		if (digit > 9 || sum > (limit - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*number = (int64_t)(is_negative ? 0 - sum : sum);
	return true;
}

void
integer_print_padded(uint64_t number, unsigned width, struct buffer *out)
{
	uint8_t digits[DIGITS_MAX];
	size_t at = DIGITS_MAX;

	assert(width <= DIGITS_MAX);
	do {
		digits[--at] = (uint8_t)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (DIGITS_MAX - at < width)
		digits[--at] = '0';
	buffer_append(out, digits + at, DIGITS_MAX - at);
}

void
integer_print(int64_t number, struct buffer *out)
{
	uint64_t magnitude = (uint64_t)number;

	if (number < 0) {
		buffer_append_byte(out, '-');
		magnitude = 0 - magnitude;
	}
	integer_print_padded(magnitude, 1, out);
}

static int64_t
load(struct slice value)
{
	switch (value.size) {
	case 1:
		return (int8_t)value.data[0];
	case 2:
		return (int16_t)load_u16_be(value.data);
	case 4:
		return (int32_t)load_u32_be(value.data);
	default:
		assert(value.size == 8);
		return (int64_t)load_u64_be(value.data);
	}
}

/* Java's names for the widths stand in Cassandra's message; the hint says it
 * in CQL's. */
static int
refuse(const struct type_row *row, struct slice text, struct error *error)
{
	static const char *const words[] = { [1] = "byte", [2] = "short",
					     [4] = "int",  [8] = "long" };
	int64_t most = INT64_MAX >> (64 - 8 * row->size);
	int result = error_set(error, ERROR_INVALID,
			       "Unable to make %s from '%.*s'",
			       words[row->size], SLICE_ARGUMENTS(text));

	error_hint(error, "%s holds whole numbers from %lld to %lld",
		   row->name, (long long)(-most - 1), (long long)most);
	return result;
}

int
integer_parse_value(const struct type *type, enum literal_kind kind,
		    struct slice text, struct buffer *out,
		    struct error *error)
{
	const struct type_row *row = type_table_find(type->kind);
	int64_t most = INT64_MAX >> (64 - 8 * row->size);
	uint8_t bytes[8];
	int64_t number;

	(void)kind;
	if (!integer_parse(text, &number) || number > most ||
	    number < -most - 1)
		return refuse(row, text, error);
	store_u64_be(bytes, (uint64_t)number);
	buffer_append(out, bytes + 8 - row->size, row->size);
	return 0;
}

int
integer_compare_values(const struct type *type, struct slice a,
		       struct slice b)
{
	int64_t left = load(a), right = load(b);

	(void)type;
	return (left > right) - (left < right);
}

void
integer_print_value(const struct type *type, struct slice value,
		    struct print_style style, struct buffer *out)
{
	(void)type;
	(void)style;
	integer_print(load(value), out);
}
