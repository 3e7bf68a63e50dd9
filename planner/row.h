/* SPDX-License-Identifier: MIT
 *
 * A row's stored value: the columns outside the key, as they stand in the
 * engine.  The key's columns are in the key (key.h), timestamp and expiry in
 * the engine's record.
 *
 *     u8      format version: 1
 *     u8      flags: bit 0, the row marker: the row exists even when all its
 *             columns are null (INSERT sets it).  Bit 1, reserved: each
 *             column has a timestamp and an expiry of its own.  The others
 *             are 0.
 *     then for each column that isn't null, by ascending id:
 *     varint  column id (unsigned LEB128)
 *     varint  size
 *     bytes   CQL's wire encoding of the value
 *
 * Ids are never used again in a table, so the values of a dropped column are
 * skipped for ever.  Unknown versions and flags are refused as corruption: a
 * newer logstor says so in the manifest already. */
#ifndef PLANNER_ROW_H
#define PLANNER_ROW_H

#include "base/arena.h"
#include "base/error.h"
#include "planner/catalog.h"

enum { ROW_VERSION = 1 };
enum { ROW_HAS_MARKER = 1 << 0, ROW_HAS_COLUMN_TIMES = 1 << 1 };

/* The regular columns of a table in the order in which rows store them. A
 * column's place in it is its slot. */
struct row_shape {
	const struct column **columns; /* ascending id */
	uint32_t count;
	uint32_t *slots; /* of each of table->columns; unused for key columns */
};

/* Made at the first call and kept with the table; NULL: out of memory. */
const struct row_shape *row_shape_get(struct table *table);

/* The slot of a regular column of the table. */
uint32_t row_slot(const struct table *table, const struct row_shape *shape,
		  const struct column *column);

/* Encodes ${values} (one for each slot) in ${arena}; null when out of
 * memory. */
struct slice row_encode(const struct row_shape *shape, uint8_t flags,
			const struct slice *values, struct arena *arena);

/* Fills ${values}, one for each slot, with slices of ${bytes}; null where the
 * row has none.  ERROR_CORRUPT names the table. */
MUST_CHECK int row_decode(const struct table *table,
			  const struct row_shape *shape, struct slice bytes,
			  uint8_t *flags, struct slice *values,
			  struct error *error);

#endif
