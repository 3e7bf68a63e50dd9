/* SPDX-License-Identifier: MIT
 *
 * Every limit that user input can meet, in one place.  Each is checked
 * before memory is taken for what it limits. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
	STATEMENT_SIZE_MAX = 64 << 20, /* bytes of one statement's text */
	NESTING_MAX = 50,              /* depth of terms and of types */
	TERMS_MAX = 1 << 20,           /* values in one list, set, map, IN */
	RELATIONS_MAX = 100,           /* relations in one WHERE */
	MARKERS_MAX = 65535,           /* bind markers in one statement */
	COLUMNS_MAX = 65535,           /* columns of one table */
	NAME_SIZE_MAX = 192,           /* keyspace and table names, bytes */
	COLUMN_NAME_SIZE_MAX = 65535,  /* column names, bytes */
	KEY_SIZE_MAX = 65535,          /* serialized partition key, bytes */
	IN_PRODUCT_MAX = 100,          /* keys that one composite IN may name */
	BATCH_SIZE_MAX = 16 << 20,     /* bytes of records written as one */
	TTL_MAX_S = 630720000          /* 20 years, CQL's limit */
};

#endif
