/* SPDX-License-Identifier: MIT
 *
 * What can be done with a value of any type.  A value is a slice of CQL's
 * wire encoding (the bytes of a [value] in the native protocol, without its
 * length); the null slice is null; a slice of size 0 is CQL's "empty" value.
 * These functions dispatch through the type table: one row per CQL type.
 * Where an error is asked for, NULL will do for who doesn't want to know. */
#ifndef TYPES_VALUE_H
#define TYPES_VALUE_H

#include "types/type.h"

/* How a constant was written.  A type accepts some of these. */
enum literal_kind {
	LITERAL_STRING,
	LITERAL_INTEGER,
	LITERAL_FLOAT,   /* also NaN and Infinity, signed or not */
	LITERAL_BOOLEAN,
	LITERAL_UUID,
	LITERAL_HEX,
	LITERAL_DURATION
};

enum value_form {
	VALUE_LITERAL, /* a CQL literal that reads back as the same value:
			  'it''s', 0x00ff, {1: 'a'}, shortest floats */
	VALUE_DISPLAY, /* what cqlsh prints in a result: text bare at the top
			  and escaped, True, %.5g floats */
	VALUE_TEXT,    /* for csv: text and dates bare at the top, otherwise
			  as VALUE_LITERAL */
	VALUE_JSON     /* what SELECT JSON writes */
};

/* Encodes the constant ${text} (the content of a string without its quotes,
 * otherwise as written) as a value of a native type and appends it to
 * ${out}.  Fails with CQL's words: `Unable to make int from '…'`; when the
 * kind of constant doesn't fit at all, returns the outcome
 * VALUE_WRONG_LITERAL, and the caller, who knows the column, says
 * `Invalid STRING constant (x) for "c" of type int`. */
enum { VALUE_WRONG_LITERAL = 1 };
MUST_CHECK int value_parse(const struct type *type, enum literal_kind kind,
			   struct slice text, struct buffer *out,
			   struct error *error);

/* STRING, INTEGER, … as CQL's messages name them. */
const char *literal_kind_name(enum literal_kind kind);

/* Are these foreign bytes (bound by a client) a value of the type?  Null is,
 * and an empty value of any type but list, set and map.  Sets and maps must
 * be sorted and without duplicates.  Negative with a message when not. */
MUST_CHECK int value_validate(const struct type *type, struct slice value,
			      struct error *error);

/* The order of the type: -1, 0, 1.  Both must be valid and not null; empty
 * comes first. */
int value_compare(const struct type *type, struct slice a, struct slice b);

/* Appends the value in one of the forms; null is `null` (nothing in
 * VALUE_TEXT).  The bytes may be foreign: what is no value of the type prints
 * as 0x… */
void value_print(const struct type *type, struct slice value,
		 enum value_form form, struct buffer *out);

#endif
