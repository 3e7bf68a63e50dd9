/* SPDX-License-Identifier: MIT
 *
 * One row per CQL type: its name, the constants it accepts and the functions
 * that know its bytes.  A new type is a new row; value.c and type.c go by the
 * table and name no type themselves. */
#ifndef TYPES_TYPE_TABLE_H
#define TYPES_TYPE_TABLE_H

#include "types/value.h"

/* Where a value is printed: at the top, or inside a collection or tuple,
 * where CQL puts quotes around more things. */
struct print_style {
	enum value_form form;
	bool is_inside;
};

/* The functions see only what value.c lets through: parse gets a kind of
 * constant that the row accepts; compare and print get valid values that are
 * neither null nor, unless the size varies, empty. */
struct type_row {
	const char *name;
	uint8_t size;          /* bytes of every value; 0: they vary */
	uint8_t literals;      /* 1 << enum literal_kind, for each accepted */
	bool is_supported;
	bool is_empty_allowed; /* is a value of no bytes one of this type? */
	int (*parse)(const struct type *type, enum literal_kind kind,
		     struct slice text, struct buffer *out,
		     struct error *error);
	/* What the size doesn't tell; NULL when that is nothing. */
	int (*validate)(const struct type *type, struct slice value,
			struct error *error);
	int (*compare)(const struct type *type, struct slice a,
		       struct slice b);
	void (*print)(const struct type *type, struct slice value,
		      struct print_style style, struct buffer *out);
};

/* The row of a kind, or NULL when there is no such kind. */
const struct type_row *type_table_find(enum type_kind kind);

/* Prints a value that has been validated, or null, as a part of a larger one
 * or alone. */
void value_print_styled(const struct type *type, struct slice value,
			struct print_style style, struct buffer *out);

/* The quote that goes around a constant written as a string (a date, an
 * address), or 0.  cqlsh quotes some of them inside collections and others
 * nowhere: ${is_quoted_inside}. */
uint8_t print_style_quote(struct print_style style, bool is_quoted_inside);

/* Appends ${quote} unless it is 0. */
void print_style_append(uint8_t quote, struct buffer *out);

#endif
