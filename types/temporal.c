/* SPDX-License-Identifier: MIT
 *
 * The calendar counts in eras of 400 years, after which the Gregorian rules
 * repeat (146097 days), and in years that begin on 1 March, so that the leap
 * day comes last: the day of such a year is then a linear function of the
 * month, (153 m + 2) / 5 with m = 0 for March. */
#include "types/temporal.h"

#include "base/pack.h"
#include "types/integer.h"

enum { DAYS_IN_ERA = 146097, DAYS_TO_EPOCH = 719468 };

#define MS_IN_S INT64_C(1000)
#define MS_IN_MINUTE (60 * MS_IN_S)
#define MS_IN_DAY INT64_C(86400000)
#define NS_IN_S INT64_C(1000000000)
#define NS_IN_DAY (INT64_C(86400) * NS_IN_S)

static int64_t
divide_down(int64_t number, int64_t divisor)
{
	return number / divisor - (number % divisor < 0);
}

static bool
is_leap_year(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool
temporal_is_civil(struct civil_date date)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30,
					31, 31, 30, 31, 30, 31 };
	bool has_leap_day = date.month == 2 && is_leap_year(date.year);

	return date.month >= 1 && date.month <= 12 && date.day >= 1 &&
	       date.day <= days[date.month - 1] + (unsigned)has_leap_day;
}

int64_t
temporal_days_from_civil(struct civil_date date)
{
	int64_t year = date.year - (date.month <= 2);
	int64_t era = divide_down(year, 400);
	int64_t year_of_era = year - era * 400;
	int64_t month = (date.month + 9) % 12;
	int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;

	return era * DAYS_IN_ERA + year_of_era * 365 + year_of_era / 4 -
	       year_of_era / 100 + day_of_year - DAYS_TO_EPOCH;
}

struct civil_date
temporal_civil_from_days(int64_t days)
{
	int64_t shifted = days + DAYS_TO_EPOCH;
	int64_t era = divide_down(shifted, DAYS_IN_ERA);
	int64_t day = shifted - era * DAYS_IN_ERA;
	/* Leap days before this day: one in 4 years (1461 days but for the
	 * last), none in 100, one in 400. */
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * day_of_year + 2) / 153;

	return (struct civil_date){
		.year = year + era * 400 + (month >= 10),
		.month = (unsigned)(month < 10 ? month + 3 : month - 9),
		.day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1),
	};
}

int64_t
temporal_ms_from_date(uint32_t date)
{
	return ((int64_t)date - TEMPORAL_DATE_EPOCH) * MS_IN_DAY;
}

/* Reading takes what is expected, or leaves the text where it is. */

static bool
read_char(struct slice *text, uint8_t expected)
{
	if (text->size == 0 || text->data[0] != expected)
		return false;
	*text = slice_from(*text, 1);
	return true;
}

static bool
read_word(struct slice *text, const char *word)
{
	size_t size = strlen(word);

	if (text->size < size || memcmp(text->data, word, size) != 0)
		return false;
	*text = slice_from(*text, size);
	return true;
}

/* As many digits as there are, which must be between ${least} and ${most};
 * returns how many, or 0. */
static size_t
read_digits(struct slice *text, size_t least, size_t most, int64_t *number)
{
	int64_t sum = 0;
	size_t count = 0;

	while (count < text->size && text->data[count] >= '0' &&
	       text->data[count] <= '9') {
		if (++count > most)
			return 0;
		sum = sum * 10 + (text->data[count - 1] - '0');
	}
	if (count < least)
		return 0;
	*text = slice_from(*text, count);
	*number = sum;
	return count;
}

static bool
read_civil(struct slice *text, size_t year_digits_least,
	   size_t year_digits_most, struct civil_date *date)
{
	int64_t year, month, day;

	if (!read_digits(text, year_digits_least, year_digits_most, &year) ||
	    !read_char(text, '-') || !read_digits(text, 1, 2, &month) ||
	    !read_char(text, '-') || !read_digits(text, 1, 2, &day))
		return false;
	*date = (struct civil_date){ year, (unsigned)month, (unsigned)day };
	return true;
}

/* .f with at most ${most} digits, scaled to ${most}; nothing is 0. */
static bool
read_fraction(struct slice *text, size_t most, int64_t *fraction)
{
	size_t count;

	*fraction = 0;
	if (!read_char(text, '.'))
		return true;
	count = read_digits(text, 1, most, fraction);
	if (count == 0)
		return false;
	for (; count < most; count++)
		*fraction *= 10;
	return true;
}

/* HH:MM and, when they are there or ${needs_seconds}, :SS and a fraction of
 * ${digits} digits.  The result counts in the fraction's units. */
static bool
read_clock(struct slice *text, bool needs_seconds, size_t digits,
	   int64_t units_in_s, int64_t *units)
{
	int64_t hours, minutes, seconds = 0, fraction = 0;

	if (!read_digits(text, 1, 2, &hours) || !read_char(text, ':') ||
	    !read_digits(text, 1, 2, &minutes))
		return false;
	if (read_char(text, ':')) {
		if (!read_digits(text, 1, 2, &seconds) ||
		    !read_fraction(text, digits, &fraction))
			return false;
	} else if (needs_seconds) {
		return false;
	}
	*units = ((hours * 60 + minutes) * 60 + seconds) * units_in_s +
		 fraction;
	return hours < 24 && minutes < 60 && seconds < 60;
}

/* Z, UTC, GMT, ±HH, ±HHMM or ±HH:MM, with or without a space before it; no
 * zone is UTC. */
static bool
read_zone(struct slice *text, int64_t *minutes_east)
{
	int64_t hours, minutes = 0;
	bool is_west;
	size_t digits;

	*minutes_east = 0;
	if (text->size == 0)
		return true;
	read_char(text, ' ');
	if (read_char(text, 'Z') || read_word(text, "UTC") ||
	    read_word(text, "GMT"))
		return true;
	is_west = read_char(text, '-');
	if (!is_west && !read_char(text, '+'))
		return false;
	digits = read_digits(text, 2, 4, &hours);
	if (digits == 4) {
		minutes = hours % 100;
		hours /= 100;
	} else if (digits != 2 ||
		   (read_char(text, ':') &&
		    read_digits(text, 2, 2, &minutes) == 0)) {
		return false;
	}
	*minutes_east = (hours * 60 + minutes) * (is_west ? -1 : 1);
	return hours < 24 && minutes < 60;
}

static bool
read_timestamp(struct slice text, int64_t *ms)
{
	struct civil_date date;
	int64_t ms_of_day = 0, minutes_east;

	if (!read_civil(&text, 4, 4, &date) || !temporal_is_civil(date))
		return false;
	/* After a space comes a time or, without one, a zone. */
	if (text.size >= 2 && text.data[0] == ' ' && text.data[1] >= '0' &&
	    text.data[1] <= '9')
		text = slice_from(text, 1);
	else if (!read_char(&text, 'T'))
		goto zone;
	if (!read_clock(&text, false, 3, MS_IN_S, &ms_of_day))
		return false;
zone:
	if (!read_zone(&text, &minutes_east) || text.size > 0)
		return false;
	*ms = temporal_days_from_civil(date) * MS_IN_DAY + ms_of_day -
	      minutes_east * MS_IN_MINUTE;
	return true;
}

static int
refuse_timestamp(struct slice text, struct error *error)
{
	int result = error_set(
		error, ERROR_INVALID,
		"Unable to coerce '%.*s' to a formatted date (long)",
		SLICE_ARGUMENTS(text));

	error_hint(error, "a timestamp is milliseconds since 1970 or "
		   "'YYYY-MM-DD HH:MM:SS.fff+HHMM', with or without time, "
		   "fraction and zone (then UTC)");
	return result;
}

int
temporal_parse_timestamp(const struct type *type, enum literal_kind kind,
			 struct slice text, struct buffer *out,
			 struct error *error)
{
	int64_t ms;

	(void)type;
	if (!integer_parse(text, &ms)) {
		if (kind == LITERAL_INTEGER)
			return error_set(
				error, ERROR_INVALID,
				"Unable to make long (for date) from: '%.*s'",
				SLICE_ARGUMENTS(text));
		if (!read_timestamp(text, &ms))
			return refuse_timestamp(text, error);
	}
	buffer_append_u64_be(out, (uint64_t)ms);
	return 0;
}

static void
print_civil(struct civil_date date, struct buffer *out)
{
	if (date.year < 0)
		buffer_append_byte(out, '-');
	integer_print_padded((uint64_t)(date.year < 0 ? -date.year
						      : date.year),
			     4, out);
	buffer_append_byte(out, '-');
	integer_print_padded(date.month, 2, out);
	buffer_append_byte(out, '-');
	integer_print_padded(date.day, 2, out);
}

/* HH:MM:SS */
static void
print_clock(int64_t seconds, struct buffer *out)
{
	integer_print_padded((uint64_t)seconds / 3600, 2, out);
	buffer_append_byte(out, ':');
	integer_print_padded((uint64_t)seconds / 60 % 60, 2, out);
	buffer_append_byte(out, ':');
	integer_print_padded((uint64_t)seconds % 60, 2, out);
}

/* Years beyond four digits have no string that CQL reads back: the number
 * does, and cqlsh prints it too. */
void
temporal_print_timestamp(const struct type *type, struct slice value,
			 struct print_style style, struct buffer *out)
{
	int64_t ms = (int64_t)load_u64_be(value.data);
	int64_t days = divide_down(ms, MS_IN_DAY);
	int64_t ms_of_day = (ms % MS_IN_DAY + MS_IN_DAY) % MS_IN_DAY;
	struct civil_date date = temporal_civil_from_days(days);
	uint8_t quote = print_style_quote(style, true);

	(void)type;
	if (date.year < 1 || date.year > 9999) {
		integer_print(ms, out);
		return;
	}
	print_style_append(quote, out);
	print_civil(date, out);
	buffer_append_byte(out, ' ');
	print_clock(ms_of_day / MS_IN_S, out);
	buffer_append_byte(out, '.');
	integer_print_padded((uint64_t)(ms_of_day % MS_IN_S), 3, out);
	buffer_append_string(out, style.form == VALUE_DISPLAY ? "000+0000"
							      : "Z");
	print_style_append(quote, out);
}

static bool
read_date(struct slice text, uint32_t *raw)
{
	bool is_negative = read_char(&text, '-');
	struct civil_date date;
	int64_t days;

	if (!read_civil(&text, 1, 7, &date) || text.size > 0)
		return false;
	if (is_negative)
		date.year = -date.year;
	if (!temporal_is_civil(date))
		return false;
	days = temporal_days_from_civil(date) + TEMPORAL_DATE_EPOCH;
	if (days < 0 || days > UINT32_MAX)
		return false;
	*raw = (uint32_t)days;
	return true;
}

static int
refuse_date(struct slice text, struct error *error)
{
	int result = error_set(
		error, ERROR_INVALID,
		"Unable to coerce '%.*s' to a formatted date (long)",
		SLICE_ARGUMENTS(text));

	error_hint(error, "a date is 'YYYY-MM-DD', from -5877641-06-23 to "
		   "5881580-07-11");
	return result;
}

int
temporal_parse_date(const struct type *type, enum literal_kind kind,
		    struct slice text, struct buffer *out,
		    struct error *error)
{
	int64_t number;
	uint32_t raw;

	(void)type;
	if (integer_parse(text, &number) && number >= 0 &&
	    number <= UINT32_MAX)
		raw = (uint32_t)number;
	else if (kind == LITERAL_INTEGER)
		return error_set(error, ERROR_INVALID,
				 "Unable to make unsigned int (for date) "
				 "from: '%.*s'", SLICE_ARGUMENTS(text));
	else if (!read_date(text, &raw))
		return refuse_date(text, error);
	buffer_append_u32_be(out, raw);
	return 0;
}

void
temporal_print_date(const struct type *type, struct slice value,
		    struct print_style style, struct buffer *out)
{
	int64_t days = (int64_t)load_u32_be(value.data) - TEMPORAL_DATE_EPOCH;
	uint8_t quote = print_style_quote(style, false);

	(void)type;
	print_style_append(quote, out);
	print_civil(temporal_civil_from_days(days), out);
	print_style_append(quote, out);
}

static bool
is_time(int64_t ns)
{
	return ns >= 0 && ns < NS_IN_DAY;
}

int
temporal_parse_time(const struct type *type, enum literal_kind kind,
		    struct slice text, struct buffer *out,
		    struct error *error)
{
	struct slice rest = text;
	int64_t ns;
	int result;

	(void)type;
	(void)kind;
	if ((integer_parse(text, &ns) && is_time(ns)) ||
	    (read_clock(&rest, true, 9, NS_IN_S, &ns) && rest.size == 0)) {
		buffer_append_u64_be(out, (uint64_t)ns);
		return 0;
	}
	result = error_set(
		error, ERROR_INVALID,
		"Unable to coerce '%.*s' to a formatted time (long)",
		SLICE_ARGUMENTS(text));
	error_hint(error, "a time is 'HH:MM:SS', with up to nine digits of "
		   "fraction, or nanoseconds since midnight");
	return result;
}

int
temporal_validate_time(const struct type *type, struct slice value,
		       struct error *error)
{
	int64_t ns = (int64_t)load_u64_be(value.data);

	(void)type;
	if (is_time(ns))
		return 0;
	return error_set(error, ERROR_INVALID,
			 "a time must lie between 0 and 86399999999999 ns, "
			 "got %lld", (long long)ns);
}

void
temporal_print_time(const struct type *type, struct slice value,
		    struct print_style style, struct buffer *out)
{
	int64_t ns = (int64_t)load_u64_be(value.data);
	uint8_t quote = print_style_quote(style, false);

	(void)type;
	print_style_append(quote, out);
	print_clock(ns / NS_IN_S, out);
	buffer_append_byte(out, '.');
	integer_print_padded((uint64_t)(ns % NS_IN_S), 9, out);
	print_style_append(quote, out);
}
