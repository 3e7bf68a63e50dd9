/* SPDX-License-Identifier: MIT
 *
 * Whether a batch can be written, and how much room it takes.  While a batch
 * is checked, tables are marked by what it will have done so far.
 *
 * Engine thread only. */
#ifndef STORAGE_LOG_WRITE_CHECK_H
#define STORAGE_LOG_WRITE_CHECK_H

#include "storage/engine_state.h"

/* Checks every write and adds up the room that the batch takes.  Whatever it
 * returns, write_append or write_forget_checks must follow. */
MUST_CHECK int write_check(struct engine *engine,
			   const struct engine_write *writes, size_t count,
			   struct write_plan *plan, struct error *error);
/* The batch won't be written: tables as they were. */
void write_forget_checks(struct engine *engine,
			 const struct engine_write *writes, size_t count);

/* Creates or drops a table. */
bool write_is_registration(const struct engine_write *write);
uint8_t write_record_flags(const struct engine_write *write);
/* Bytes of the record; 0 when the row is too large. */
uint32_t write_record_size(const struct engine *engine,
			   const struct engine_write *write);
/* Whether it is the table's first explicit timestamp, so that its registration
 * has to tell. */
bool write_needs_explicit(const struct table *table,
			  const struct engine_write *write);

#endif
