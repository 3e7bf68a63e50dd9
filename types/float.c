/* SPDX-License-Identifier: MIT
 *
 * Printing starts from printf's %e, which rounds correctly, takes its digits
 * apart and lays them out again: the decimal point is the only thing there
 * that a locale changes, and it is skipped. */
#include "types/float.h"

#include "base/pack.h"

#include <assert.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	DIGITS_MAX = 17,      /* what any double needs to read back */
	DISPLAY_DIGITS = 5,   /* cqlsh's float_precision */
	DISPLAY_EXPONENT = 5, /* below it cqlsh adds digits */
	PLAIN_EXPONENT = 16,  /* from there on, 1e+16 instead of zeros */
	TEXT_SIZE_MAX = 64    /* longer constants are copied to the heap */
};

/* 0.d1d2d3… × 10^(exponent + 1), without zeros at the end. */
struct decimal {
	char digits[DIGITS_MAX];
	int count;
	int exponent;
	bool is_negative;
};

static double
load(struct slice value)
{
	uint64_t bits;
	uint32_t short_bits;
	double wide;
	float narrow;

	if (value.size == sizeof(narrow)) {
		short_bits = load_u32_be(value.data);
		memcpy(&narrow, &short_bits, sizeof(narrow));
		return (double)narrow;
	}
	assert(value.size == sizeof(wide));
	bits = load_u64_be(value.data);
	memcpy(&wide, &bits, sizeof(wide));
	return wide;
}

static void
append(const struct type *type, double number, struct buffer *out)
{
	if (type->kind == TYPE_FLOAT) {
		float narrow = (float)number;
		uint32_t bits;

		memcpy(&bits, &narrow, sizeof(bits));
		buffer_append_u32_be(out, bits);
	} else {
		uint64_t bits;

		memcpy(&bits, &number, sizeof(bits));
		buffer_append_u64_be(out, bits);
	}
}

static size_t
skip_digits(struct slice text, size_t at)
{
	while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9')
		at++;
	return at;
}

/* CQL's INTEGER or FLOAT, with '-' in front or not; strtod alone would also
 * take hexadecimal floats, spaces and signs. */
static bool
is_number(struct slice text)
{
	size_t at = text.size > 0 && text.data[0] == '-';
	size_t end = skip_digits(text, at);

	if (end == at)
		return false;
	if (end < text.size && text.data[end] == '.')
		end = skip_digits(text, end + 1);
	if (end < text.size && (text.data[end] | 0x20) == 'e') {
		end++;
		if (end < text.size &&
		    (text.data[end] == '-' || text.data[end] == '+'))
			end++;
		at = end;
		end = skip_digits(text, at);
		if (end == at)
			return false;
	}
	return end == text.size;
}

/* Rounded once, to the type's own precision. */
static double
convert(const struct type *type, const char *text)
{
	/* The C locale is a constant of the C library: this neither
	 * allocates nor fails. */
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	double number;

	if (type->kind == TYPE_FLOAT)
		number = (double)strtof_l(text, NULL, plain);
	else
		number = strtod_l(text, NULL, plain);
	freelocale(plain);
	return number;
}

static bool
parse_number(const struct type *type, struct slice text, double *number)
{
	char small[TEXT_SIZE_MAX];
	char *copy = small;

	if (!is_number(text))
		return false;
	if (text.size >= sizeof(small)) {
		copy = malloc(text.size + 1);
		if (copy == NULL)
			return false;
	}
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	*number = convert(type, copy);
	if (copy != small)
		free(copy);
	/* A number too large is refused, not stored as Infinity. */
	return isfinite(*number);
}

static bool
parse_word(struct slice text, double *number)
{
	bool is_negative = text.size > 0 && text.data[0] == '-';
	struct slice word = slice_from(text, is_negative);

	if (slice_is_equal_ignoring_case(word, SLICE("NaN")))
		*number = (double)NAN;
	else if (slice_is_equal_ignoring_case(word, SLICE("Infinity")))
		*number = is_negative ? -(double)INFINITY : (double)INFINITY;
	else
		return false;
	return true;
}

int
float_parse_value(const struct type *type, enum literal_kind kind,
		  struct slice text, struct buffer *out, struct error *error)
{
	double number;

	if (!parse_number(type, text, &number) &&
	    (kind != LITERAL_FLOAT || !parse_word(text, &number)))
		return error_set(error, ERROR_INVALID,
				 "Unable to make %s from '%.*s'",
				 type_table_find(type->kind)->name,
				 SLICE_ARGUMENTS(text));
	append(type, number, out);
	return 0;
}

int
float_compare_values(const struct type *type, struct slice a, struct slice b)
{
	double left = load(a), right = load(b);

	(void)type;
	if (isnan(left) || isnan(right))
		return !!isnan(left) - !!isnan(right);
	if (left < right || left > right)
		return left < right ? -1 : 1;
	return !!signbit(right) - !!signbit(left);
}

/* ${text} is what %.*e printed: -d.ddde±dd. */
static void
take_apart(const char *text, struct decimal *decimal)
{
	decimal->count = 0;
	decimal->is_negative = *text == '-';
	for (; *text != 'e'; text++) {
		if (*text < '0' || *text > '9')
			continue;
		assert(decimal->count < DIGITS_MAX);
		decimal->digits[decimal->count++] = *text;
	}
	while (decimal->count > 1 &&
	       decimal->digits[decimal->count - 1] == '0')
		decimal->count--;
	decimal->exponent = atoi(text + 1);
}

static void
round_to(double number, int digits, struct decimal *decimal)
{
	char text[TEXT_SIZE_MAX];

	assert(digits >= 1 && digits <= DIGITS_MAX);
	snprintf(text, sizeof(text), "%.*e", digits - 1, number);
	take_apart(text, decimal);
}

/* Any text of up to FLT_DIG (DBL_DIG) digits survives the way through a
 * normal number, so the search starts there; a subnormal one has fewer. */
static void
shorten(const struct type *type, double number, struct decimal *decimal)
{
	bool is_float = type->kind == TYPE_FLOAT;
	double normal = is_float ? (double)FLT_MIN : DBL_MIN;
	int digits = is_float ? FLT_DIG : DBL_DIG;
	int most = is_float ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
	char text[TEXT_SIZE_MAX];

	if (fabs(number) < normal)
		digits = 1;
	for (; digits <= most; digits++) {
		double back;

		snprintf(text, sizeof(text), "%.*e", digits - 1, number);
		back = is_float ? (double)strtof(text, NULL)
				: strtod(text, NULL);
		if (back == number)
			break;
	}
	assert(digits <= most);
	take_apart(text, decimal);
}

static void
print_scientific(const struct decimal *decimal, struct buffer *out)
{
	unsigned magnitude = (unsigned)abs(decimal->exponent);

	buffer_append(out, decimal->digits, 1);
	if (decimal->count > 1) {
		buffer_append_byte(out, '.');
		buffer_append(out, decimal->digits + 1,
			      (size_t)decimal->count - 1);
	}
	buffer_append_byte(out, 'e');
	buffer_append_byte(out, decimal->exponent < 0 ? '-' : '+');
	if (magnitude >= 100)
		buffer_append_byte(out, (uint8_t)('0' + magnitude / 100));
	buffer_append_byte(out, (uint8_t)('0' + magnitude / 10 % 10));
	buffer_append_byte(out, (uint8_t)('0' + magnitude % 10));
}

/* ${tail} is what a whole number ends in. */
static void
print_plain(const struct decimal *decimal, const char *tail,
	    struct buffer *out)
{
	int whole = decimal->exponent + 1;

	if (whole <= 0) {
		buffer_append(out, "0.", 2);
		buffer_append_repeated(out, '0', (size_t)-whole);
		buffer_append(out, decimal->digits, (size_t)decimal->count);
	} else if (whole >= decimal->count) {
		buffer_append(out, decimal->digits, (size_t)decimal->count);
		buffer_append_repeated(out, '0',
				       (size_t)(whole - decimal->count));
		buffer_append_string(out, tail);
	} else {
		buffer_append(out, decimal->digits, (size_t)whole);
		buffer_append_byte(out, '.');
		buffer_append(out, decimal->digits + whole,
			      (size_t)(decimal->count - whole));
	}
}

static void
print_decimal(const struct decimal *decimal, int plain_exponent,
	      const char *tail, struct buffer *out)
{
	if (decimal->is_negative)
		buffer_append_byte(out, '-');
	if (decimal->exponent < -4 || decimal->exponent >= plain_exponent)
		print_scientific(decimal, out);
	else
		print_plain(decimal, tail, out);
}

/* cqlsh's rule: %.5g, but for numbers from 1e-4 to 1e5 the digits left of the
 * point come on top.  Its exponent is truncated towards zero, so below 1 it
 * is one too high. */
static void
print_display(double number, struct buffer *out)
{
	struct decimal decimal;
	int digits = DISPLAY_DIGITS;

	if (fabs(number) > 0) {
		int exponent = (int)log10(fabs(number));

		if (exponent >= -4 && exponent < DISPLAY_EXPONENT)
			digits += exponent + 1;
	}
	round_to(number, digits, &decimal);
	print_decimal(&decimal, digits, "", out);
}

void
float_print_value(const struct type *type, struct slice value,
		  struct print_style style, struct buffer *out)
{
	double number = load(value);
	struct decimal decimal;

	if (!isfinite(number)) {
		if (style.form == VALUE_JSON)
			buffer_append_string(out, "null");
		else if (isnan(number))
			buffer_append_string(out, "NaN");
		else
			buffer_append_string(out, number < 0 ? "-Infinity"
							     : "Infinity");
	} else if (style.form == VALUE_DISPLAY) {
		print_display(number, out);
	} else {
		shorten(type, number, &decimal);
		print_decimal(&decimal, PLAIN_EXPONENT, ".0", out);
	}
}
