/* SPDX-License-Identifier: MIT
 *
 * Random values of the native types.  Half of them come from the edges of
 * the type, the rest from a small domain, so that values meet again. */
#include "tests/oracle/value_parts.h"

#include "base/compiler.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	"tinyint", "smallint", "int", "bigint", "boolean", "float", "double",
	"text", "ascii", "blob", "uuid", "timeuuid", "timestamp", "date",
	"time", "inet",
};

const char *
native_name(enum value_kind kind)
{
	return names[kind];
}

static void
append_be(struct buffer *out, uint64_t value, unsigned size)
{
	while (size-- > 0)
		buffer_append_byte(out, (uint8_t)(value >> (8 * size)));
}

/* Two's complement of ${size} bytes; with its sign bit turned over it sorts
 * as bytes. */
static void
append_signed(struct value_parts *parts, int64_t value, unsigned size)
{
	append_be(&parts->wire, (uint64_t)value, size);
	append_be(&parts->order,
		  (uint64_t)value ^ UINT64_C(1) << (8 * size - 1), size);
}

static int64_t
integer_random(struct random *random, unsigned size)
{
	int64_t max = (int64_t)(UINT64_MAX >> (65 - 8 * size));

	switch (random_below(random, 8)) {
	case 0:
		return max;
	case 1:
		return -max - 1;
	case 2:
		return -1 - (int64_t)random_below(random, 3);
	case 3:
		return (int64_t)(random_next(random) &
				 (uint64_t)max);
	default:
		return random_below(random, 12);
	}
}

static void
integer(struct random *random, unsigned size, struct value_parts *parts)
{
	int64_t value = integer_random(random, size);

	append_signed(parts, value, size);
	buffer_printf(&parts->literal, "%" PRId64, value);
}

static void
boolean(struct random *random, struct value_parts *parts)
{
	static const char *const words[] = { "false", "FALSE", "true", "True" };
	uint32_t pick = random_below(random, 4);

	buffer_append_string(&parts->literal, words[pick]);
	buffer_append_byte(&parts->wire, pick >= 2);
	buffer_append_byte(&parts->order, pick >= 2);
}

static double
double_random(struct random *random)
{
	static const double edges[] = { 0.0, -0.0, 1.5, -1.5, 1e10, 1e-7, 3,
					0.1, 123456.789, -2.5e-30 };
	switch (random_below(random, 8)) {
	case 0:
		return (double)NAN;
	case 1:
		return (double)INFINITY;
	case 2:
		return -(double)INFINITY;
	case 3:
		return (double)(int64_t)random_next(random) / 1e12;
	default:
		return edges[random_below(random, ARRAY_COUNT(edges))];
	}
}

static void
print_float(double value, int digits, struct buffer *out)
{
	if (isnan(value))
		buffer_append_string(out, "NaN");
	else if (isinf(value))
		buffer_append_string(out, value < 0 ? "-Infinity" : "Infinity");
	else
		buffer_printf(out, "%.*g", digits, value);
	/* An integer can't carry the sign of zero: write it as a float. */
	if (value == 0 && signbit(value))
		buffer_append_string(out, ".0");
}

/* The order of Java: -0.0 before 0.0, and NaN after everything. */
static void
append_float_bits(struct value_parts *parts, uint64_t bits, unsigned size)
{
	uint64_t sign = UINT64_C(1) << (8 * size - 1);

	append_be(&parts->wire, bits, size);
	append_be(&parts->order, bits & sign ? ~bits : bits ^ sign, size);
}

static void
float_or_double(struct random *random, enum value_kind kind,
		struct value_parts *parts)
{
	double value = double_random(random);
	float narrow = (float)value;
	uint64_t bits = 0;
	uint32_t narrow_bits;

	if (kind == VALUE_DOUBLE) {
		memcpy(&bits, &value, sizeof(bits));
		if (isnan(value))
			bits = UINT64_C(0x7ff8000000000000);
		print_float(value, 17, &parts->literal);
		append_float_bits(parts, bits, 8);
		return;
	}
	memcpy(&narrow_bits, &narrow, sizeof(narrow_bits));
	if (isnan(narrow))
		narrow_bits = 0x7fc00000;
	print_float((double)narrow, 9, &parts->literal);
	append_float_bits(parts, narrow_bits, 4);
}

static void
append_quoted(struct buffer *out, const char *text, bool in_dollars)
{
	if (in_dollars && !strchr(text, '$')) {
		buffer_printf(out, "$$%s$$", text);
		return;
	}
	buffer_append_byte(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buffer_append_byte(out, '\'');
		buffer_append_byte(out, (uint8_t)*text);
	}
	buffer_append_byte(out, '\'');
}

static void
text(struct random *random, bool is_ascii, struct value_parts *parts)
{
	static const char *const pool[] = {
		"a", "b", "ab", "A", "", " ", "it's", "''", "a;b", "-- no",
		"x\ny", "$", "\x7f", "/* no */", "null",
		"a longer text, of more than sixteen bytes, to fill the hash",
		/* not ASCII from here on */
		"é", "ß", "漢字", "😀", "a\xcc\x81", "\xef\xbf\xbd",
	};
	enum { ASCII_COUNT = 16 };
	const char *pick = pool[random_below(
		random, is_ascii ? ASCII_COUNT : ARRAY_COUNT(pool))];

	append_quoted(&parts->literal, pick, random_percent(random, 20));
	buffer_append_string(&parts->wire, pick);
	buffer_append_string(&parts->order, pick);
}

static void
blob(struct random *random, struct value_parts *parts)
{
	static const uint8_t edges[] = { 0x00, 0x7f, 0x80, 0xff };
	uint32_t size = random_percent(random, 70) ? random_below(random, 4)
						   : random_below(random, 40);
	uint8_t byte;

	buffer_append_string(&parts->literal,
			     random_percent(random, 90) ? "0x" : "0X");
	for (uint32_t i = 0; i < size; i++) {
		byte = edges[random_below(random, 4)];
		buffer_printf(&parts->literal, i % 2 ? "%02x" : "%02X", byte);
		buffer_append_byte(&parts->wire, byte);
		buffer_append_byte(&parts->order, byte);
	}
}

static void
print_uuid(struct random *random, const uint8_t uuid[16], struct buffer *out)
{
	const char *form = random_percent(random, 80) ? "%02x" : "%02X";

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buffer_append_byte(out, '-');
		buffer_printf(out, form, uuid[i]);
	}
}

/* Version 1 keeps its time in three pieces, the lowest first. */
static uint64_t
uuid_time(const uint8_t uuid[16])
{
	static const int places[] = { 6, 7, 4, 5, 0, 1, 2, 3 };
	uint64_t time = 0;

	for (int i = 0; i < 8; i++)
		time = time << 8 | uuid[places[i]];
	return time & UINT64_C(0x0fffffffffffffff);
}

static void
uuid(struct random *random, bool is_time, struct value_parts *parts)
{
	uint8_t bytes[16];

	for (int i = 0; i < 16; i++)
		bytes[i] = random_percent(random, 60)
				   ? (uint8_t)(random_below(random, 3) * 127)
				   : (uint8_t)random_next(random);
	if (random_percent(random, 50))
		is_time = true;
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | (is_time ? 0x10 : 0x40));
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	print_uuid(random, bytes, &parts->literal);
	buffer_append(&parts->wire, bytes, 16);
	buffer_append_byte(&parts->order, bytes[6] >> 4);
	if (is_time)
		append_be(&parts->order, uuid_time(bytes), 8);
	buffer_append(&parts->order, bytes, 16);
}

/* Cassandra compares what follows a timeuuid's time as signed bytes. */
static void
timeuuid(struct random *random, struct value_parts *parts)
{
	uuid(random, true, parts);
	while (parts->wire.data[6] >> 4 != 1) {
		buffer_clear(&parts->literal);
		buffer_clear(&parts->wire);
		buffer_clear(&parts->order);
		uuid(random, true, parts);
	}
	buffer_clear(&parts->order);
	append_be(&parts->order, uuid_time(parts->wire.data), 8);
	for (int i = 8; i < 16; i++)
		buffer_append_byte(&parts->order,
				   parts->wire.data[i] ^ 0x80);
}

/* The proleptic Gregorian calendar, counted by years and months: slow, plain
 * and unlike the product's. */
static void
civil(int64_t days, int *year, int *month, int *day)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30,
				       31, 31, 30, 31, 30, 31 };
	int64_t left = days;
	int y = 1970, m = 0;
	bool is_leap;

	for (;; y++) {
		is_leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
		if (left < (is_leap ? 366 : 365))
			break;
		left -= is_leap ? 366 : 365;
	}
	while (left >= lengths[m] + (m == 1 && is_leap)) {
		left -= lengths[m] + (m == 1 && is_leap);
		m++;
	}
	*year = y;
	*month = m + 1;
	*day = (int)left + 1;
}

static void
print_timestamp(struct random *random, int64_t ms, struct buffer *out)
{
	static const char *const zones[] = { "Z", "+0000", "+00:00", "UTC" };
	int year, month, day;
	int64_t in_day = ms % 86400000;

	civil(ms / 86400000, &year, &month, &day);
	buffer_printf(out, "'%04d-%02d-%02d%c%02d:%02d:%02d.%03d%s'", year,
		      month, day, random_percent(random, 50) ? 'T' : ' ',
		      (int)(in_day / 3600000), (int)(in_day / 60000 % 60),
		      (int)(in_day / 1000 % 60), (int)(in_day % 1000),
		      zones[random_below(random, ARRAY_COUNT(zones))]);
}

static void
timestamp(struct random *random, struct value_parts *parts)
{
	int64_t ms = integer_random(random, 8);

	if (random_percent(random, 60)) {
		ms = (int64_t)(random_next(random) % 4102444800000);
		print_timestamp(random, ms, &parts->literal);
	} else {
		buffer_printf(&parts->literal, "%" PRId64, ms);
	}
	append_signed(parts, ms, 8);
}

static void
date(struct random *random, struct value_parts *parts)
{
	static const uint32_t edges[] = { 0, 1, UINT32_MAX, 1U << 31 };
	uint32_t raw = edges[random_below(random, ARRAY_COUNT(edges))];
	int year, month, day;

	if (random_percent(random, 60)) {
		raw = (1U << 31) + random_below(random, 60000);
		civil(raw - (1U << 31), &year, &month, &day);
		buffer_printf(&parts->literal, "'%04d-%02d-%02d'", year, month,
			      day);
	} else {
		buffer_printf(&parts->literal, "%" PRIu32, raw);
	}
	append_be(&parts->wire, raw, 4);
	append_be(&parts->order, raw, 4);
}

static void
time_of_day(struct random *random, struct value_parts *parts)
{
	const int64_t day = INT64_C(86400000000000);
	int64_t ns = random_percent(random, 50)
			     ? random_below(random, 3) * (day - 1) / 2
			     : (int64_t)(random_next(random) % (uint64_t)day);
	int64_t seconds = ns / 1000000000;

	buffer_printf(&parts->literal, "'%02d:%02d:%02d.%09d'",
		      (int)(seconds / 3600), (int)(seconds / 60 % 60),
		      (int)(seconds % 60), (int)(ns % 1000000000));
	append_be(&parts->wire, (uint64_t)ns, 8);
	append_be(&parts->order, (uint64_t)ns, 8);
}

static void
inet(struct random *random, struct value_parts *parts)
{
	static const char *const pool[] = {
		"0.0.0.0", "127.0.0.1", "10.1.2.3", "255.255.255.255",
		"192.168.0.1", "::", "::1", "2001:db8::1", "fe80::1:2:3:4",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "1:2:3:4:5:6:7:8",
	};
	const char *pick = pool[random_below(random, ARRAY_COUNT(pool))];
	int family = strchr(pick, ':') ? AF_INET6 : AF_INET;
	uint8_t bytes[16];
	size_t size = family == AF_INET ? 4 : 16;

	(void)inet_pton(family, pick, bytes);
	buffer_printf(&parts->literal, "'%s'", pick);
	buffer_append(&parts->wire, bytes, size);
	buffer_append(&parts->order, bytes, size);
}

void
native_random(struct random *random, enum value_kind kind,
	      struct value_parts *parts)
{
	switch (kind) {
	case VALUE_TINYINT:
		integer(random, 1, parts);
		break;
	case VALUE_SMALLINT:
		integer(random, 2, parts);
		break;
	case VALUE_INT:
		integer(random, 4, parts);
		break;
	case VALUE_BIGINT:
		integer(random, 8, parts);
		break;
	case VALUE_BOOLEAN:
		boolean(random, parts);
		break;
	case VALUE_FLOAT:
	case VALUE_DOUBLE:
		float_or_double(random, kind, parts);
		break;
	case VALUE_TEXT:
	case VALUE_ASCII:
		text(random, kind == VALUE_ASCII, parts);
		break;
	case VALUE_BLOB:
		blob(random, parts);
		break;
	case VALUE_UUID:
		uuid(random, false, parts);
		break;
	case VALUE_TIMEUUID:
		timeuuid(random, parts);
		break;
	case VALUE_TIMESTAMP:
		timestamp(random, parts);
		break;
	case VALUE_DATE:
		date(random, parts);
		break;
	case VALUE_TIME:
		time_of_day(random, parts);
		break;
	default:
		inet(random, parts);
		break;
	}
}
