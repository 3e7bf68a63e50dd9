/* SPDX-License-Identifier: MIT
 *
 * timestamp (milliseconds since 1970, i64), date (days, u32 with 2^31 for 1
 * January 1970) and time (nanoseconds of the day, i64); and the Gregorian
 * calendar, counted back before its invention as Java and ISO 8601 do, year 0
 * included. */
#ifndef TYPES_TEMPORAL_H
#define TYPES_TEMPORAL_H

#include "types/type_table.h"

#define TEMPORAL_DATE_EPOCH UINT32_C(0x80000000)

struct civil_date {
	int64_t year;
	unsigned month; /* 1 to 12 */
	unsigned day;   /* 1 to 31 */
};

/* Days from 1970-01-01 to a date that exists; and back. */
int64_t temporal_days_from_civil(struct civil_date date);
struct civil_date temporal_civil_from_days(int64_t days);
bool temporal_is_civil(struct civil_date date);

/* Midnight UTC of a date value, in milliseconds since 1970. */
int64_t temporal_ms_from_date(uint32_t date);

/* The functions of the rows; see types/type_table.h. */
MUST_CHECK int temporal_parse_timestamp(const struct type *type,
					enum literal_kind kind,
					struct slice text,
					struct buffer *out,
					struct error *error);
void temporal_print_timestamp(const struct type *type, struct slice value,
			      struct print_style style, struct buffer *out);
MUST_CHECK int temporal_parse_date(const struct type *type,
				   enum literal_kind kind, struct slice text,
				   struct buffer *out, struct error *error);
void temporal_print_date(const struct type *type, struct slice value,
			 struct print_style style, struct buffer *out);
MUST_CHECK int temporal_parse_time(const struct type *type,
				   enum literal_kind kind, struct slice text,
				   struct buffer *out, struct error *error);
MUST_CHECK int temporal_validate_time(const struct type *type,
				      struct slice value,
				      struct error *error);
void temporal_print_time(const struct type *type, struct slice value,
			 struct print_style style, struct buffer *out);

#endif
