/* SPDX-License-Identifier: MIT */
#include "types/temporal.h"

#include "base/pack.h"
#include "tests/unit/types/literal.h"

#include <stdio.h>

#include "tests/support/unit.h"

TEST(known_days)
{
	static const struct {
		struct civil_date date;
		int64_t days;
	} rows[] = {
		{ { 1970, 1, 1 }, 0 },        { { 1969, 12, 31 }, -1 },
		{ { 2000, 2, 29 }, 11016 },   { { 2000, 3, 1 }, 11017 },
		{ { 1900, 3, 1 }, -25508 },   { { 2011, 1, 26 }, 15000 },
		{ { 0, 3, 1 }, -719468 },     { { 1, 1, 1 }, -719162 },
		{ { 9999, 12, 31 }, 2932896 },
		{ { -5877641, 6, 23 }, INT32_MIN },
		{ { 5881580, 7, 11 }, INT32_MAX },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct civil_date back =
			temporal_civil_from_days(rows[i].days);

		assert_true(temporal_days_from_civil(rows[i].date) ==
			    rows[i].days);
		assert_true(back.year == rows[i].date.year);
		assert_int_equal(back.month, rows[i].date.month);
		assert_int_equal(back.day, rows[i].date.day);
	}
}

/* Counts 800 years day by day: two whole cycles, with year 0 inside. */
TEST(the_calendar_has_no_gaps)
{
	struct civil_date date = { -400, 1, 1 };
	int64_t days = temporal_days_from_civil(date);

	while (date.year < 400) {
		struct civil_date next = { date.year, date.month,
					   date.day + 1 };
		struct civil_date found = temporal_civil_from_days(++days);

		if (!temporal_is_civil(next))
			next = (struct civil_date){ date.year, date.month + 1,
						    1 };
		if (next.month == 13)
			next = (struct civil_date){ date.year + 1, 1, 1 };
		assert_true(found.year == next.year &&
			    found.month == next.month &&
			    found.day == next.day);
		assert_true(temporal_days_from_civil(next) == days);
		date = next;
	}
}

TEST(only_existing_days_are_dates)
{
	assert_true(temporal_is_civil((struct civil_date){ 2000, 2, 29 }));
	assert_false(temporal_is_civil((struct civil_date){ 1900, 2, 29 }));
	assert_false(temporal_is_civil((struct civil_date){ 2001, 2, 29 }));
	assert_true(temporal_is_civil((struct civil_date){ -4, 2, 29 }));
	assert_false(temporal_is_civil((struct civil_date){ 2001, 4, 31 }));
	assert_false(temporal_is_civil((struct civil_date){ 2001, 0, 1 }));
	assert_false(temporal_is_civil((struct civil_date){ 2001, 13, 1 }));
	assert_false(temporal_is_civil((struct civil_date){ 2001, 1, 0 }));
}

TEST(midnight_of_a_date)
{
	assert_true(temporal_ms_from_date(TEMPORAL_DATE_EPOCH) == 0);
	assert_true(temporal_ms_from_date(TEMPORAL_DATE_EPOCH - 1) ==
		    -86400000);
	assert_true(temporal_ms_from_date(0) ==
		    (int64_t)INT32_MIN * 86400000);
}

/* ${problem} is the message's start, NULL when the text is fine. */
static void
check(enum type_kind kind, enum literal_kind literal, const char *text,
      uint64_t expected, const char *problem)
{
	struct error error = ERROR_INIT;
	struct buffer out = { 0 };
	int result = value_parse(type_native(kind), literal,
				 slice_from_string(text), &out, &error);
	char message[512];

	if (problem == NULL) {
		if (result != 0)
			fail_msg("'%s': %s", text, error.message);
		if ((out.size == 4 ? load_u32_be(out.data)
				   : load_u64_be(out.data)) != expected)
			fail_msg("wrong value of '%s'", text);
	} else {
		if (result != -ERROR_INVALID)
			fail_msg("'%s' is accepted", text);
		snprintf(message, sizeof(message), problem, text);
		assert_string_equal(error.message, message);
		assert_int_equal(out.size, 0);
	}
	buffer_finish(&out);
}

TEST(timestamps_are_read_in_cqls_forms)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "0", 0 },
		{ "-1", -1 },
		{ "1296705900123", 1296705900123 },
		{ "2011-02-03", 1296691200000 },
		{ "2011-2-3", 1296691200000 },
		{ "2011-02-03+0000", 1296691200000 },
		{ "2011-02-03-0400", 1296705600000 },
		{ "2011-02-03Z", 1296691200000 },
		{ "2011-02-03 04:05", 1296705900000 },
		{ "2011-02-03 04:05+0000", 1296705900000 },
		{ "2011-02-03 04:05:00", 1296705900000 },
		{ "2011-02-03T04:05:00", 1296705900000 },
		{ "2011-02-03 04:05:00.1", 1296705900100 },
		{ "2011-02-03 04:05:00.12", 1296705900120 },
		{ "2011-02-03 04:05:00.123", 1296705900123 },
		{ "2011-02-03 04:05:00.123Z", 1296705900123 },
		{ "2011-02-03 04:05:00.123 Z", 1296705900123 },
		{ "2011-02-03 04:05:00 UTC", 1296705900000 },
		{ "2011-02-03 04:05:00GMT", 1296705900000 },
		{ "2011-02-03 04:05:00+01", 1296702300000 },
		{ "2011-02-03 04:05:00 +0100", 1296702300000 },
		{ "2011-02-03T04:05:00-01:30", 1296711300000 },
		{ "1969-12-31 23:59:59.999", -1 },
		{ "0000-01-01", -62167219200000 },
		{ "9999-12-31 23:59:59.999", 253402300799999 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		check(TYPE_TIMESTAMP, LITERAL_STRING, rows[i].text,
		      (uint64_t)rows[i].ms, NULL);
	check(TYPE_TIMESTAMP, LITERAL_INTEGER, "-9223372036854775808",
	      (uint64_t)INT64_MIN, NULL);
}

TEST(other_timestamps_are_refused)
{
	static const char *const rows[] = {
		"", "xyz", "now", "2011", "2011-02", "2011-02-30",
		"2011-13-01", "11-02-03", "20111-02-03", "-2011-02-03",
		"2011-02-03 ", "2011-02-03T", "2011-02-03 4",
		"2011-02-03 24:00", "2011-02-03 23:60", "2011-02-03 23:59:60",
		"2011-02-03 04:05:00.", "2011-02-03 04:05:00.1234",
		"2011-02-03 04:05:00.123000+0000", "2011-02-03 04:05:00 EST",
		"2011-02-03 04:05:00+1", "2011-02-03 04:05:00+123",
		"2011-02-03 04:05:00+24", "2011-02-03 04:05:00+01:60",
		"2011-02-03 04:05:00+01:", "2011-02-03 04:05:00ZZ",
		"2011-02-03  04:05", " 2011-02-03", "2011-02-03x",
		"2011-002-03", "2011-02-003",
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (i != 3)
			check(TYPE_TIMESTAMP, LITERAL_STRING, rows[i], 0,
			      "Unable to coerce '%s' to a formatted date "
			      "(long)");
	check(TYPE_TIMESTAMP, LITERAL_STRING, rows[3], 2011, NULL);
	check(TYPE_TIMESTAMP, LITERAL_INTEGER, "9223372036854775808", 0,
	      "Unable to make long (for date) from: '%s'");
}

TEST(dates_reach_from_one_end_of_32_bits_to_the_other)
{
	static const struct {
		const char *text;
		uint32_t raw;
	} rows[] = {
		{ "1970-01-01", 0x80000000 }, { "1969-12-31", 0x7fffffff },
		{ "2011-1-26", 0x80000000 + 15000 },
		{ "-5877641-06-23", 0 },      { "5881580-07-11", UINT32_MAX },
		{ "10000-01-01", 0x80000000 + 2932897 },
		{ "0", 0 },                   { "2147483648", 0x80000000 },
		{ "4294967295", UINT32_MAX },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		check(TYPE_DATE, LITERAL_STRING, rows[i].text, rows[i].raw,
		      NULL);
	check(TYPE_DATE, LITERAL_INTEGER, "2147483648", 0x80000000, NULL);
}

TEST(other_dates_are_refused)
{
	static const char *const rows[] = {
		"", "xyz", "2011-02-29", "-5877641-06-22", "5881580-07-12",
		"99999999-01-01", "2011-02-03 04:05", "2011/02/03", "-1",
		"4294967296", "--1-01-01", "2011-2", "2011-02-03Z",
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		check(TYPE_DATE, LITERAL_STRING, rows[i], 0,
		      "Unable to coerce '%s' to a formatted date (long)");
	check(TYPE_DATE, LITERAL_INTEGER, "-1", 0,
	      "Unable to make unsigned int (for date) from: '%s'");
	check(TYPE_DATE, LITERAL_INTEGER, "4294967296", 0,
	      "Unable to make unsigned int (for date) from: '%s'");
}

TEST(times_lie_within_a_day)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} rows[] = {
		{ "00:00:00", 0 },
		{ "00:00:00.000000001", 1 },
		{ "00:00:00.1", 100000000 },
		{ "1:2:3", UINT64_C(3723000000000) },
		{ "23:59:59.999999999", UINT64_C(86399999999999) },
		{ "86399999999999", UINT64_C(86399999999999) },
	};
	static const char *const wrong[] = {
		"", "xyz", "24:00:00", "23:60:00", "23:59:60", "12:30",
		"00:00:00.", "00:00:00.1234567890", "00:00:00Z", "-1",
		"86400000000000", "-00:00:01", "00:00:00 ",
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		check(TYPE_TIME, LITERAL_STRING, rows[i].text, rows[i].ns,
		      NULL);
	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
		check(TYPE_TIME, LITERAL_STRING, wrong[i], 0,
		      "Unable to coerce '%s' to a formatted time (long)");
}

TEST(far_years_print_so_that_they_read_back)
{
	static const struct {
		enum type_kind kind;
		struct slice value;
		const char *literal;
	} rows[] = {
		{ TYPE_DATE, SLICE_LITERAL("\0\0\0\0"), "'-5877641-06-23'" },
		{ TYPE_DATE, SLICE_LITERAL("\xff\xff\xff\xff"),
		  "'5881580-07-11'" },
		{ TYPE_TIMESTAMP, SLICE_LITERAL("\x80\0\0\0\0\0\0\0"),
		  "-9223372036854775808" },
		{ TYPE_TIMESTAMP, SLICE_LITERAL("\0\0\xe6\x77\xd2\x1f\xdb"
						"\xff"),
		  "'9999-12-31 23:59:59.999Z'" },
		{ TYPE_TIMESTAMP, SLICE_LITERAL("\0\0\xe6\x77\xd2\x1f\xdc\0"),
		  "253402300800000" },
	};
	struct arena arena = { 0 };

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct type *type = type_native(rows[i].kind);

		assert_string_equal(literal_print(&arena, type, rows[i].value,
						  VALUE_LITERAL),
				    rows[i].literal);
		assert_true(slice_is_equal(
			literal_value(&arena, type, rows[i].literal),
			rows[i].value));
	}
	arena_finish(&arena);
}

UNIT_MAIN()
