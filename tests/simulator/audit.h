/* SPDX-License-Identifier: MIT
 *
 * Compares what an engine counts with what there is. */
#ifndef TESTS_SIMULATOR_AUDIT_H
#define TESTS_SIMULATOR_AUDIT_H

#include "storage/engine.h"
#include "tests/simulator/disk.h"

/* False when something is counted wrongly: ${text} says what.  ${is_quiet}:
 * nobody reads anything. */
bool audit_engine(struct engine *engine, bool is_quiet, char text[256]);

/* The same about bytes of records in sealed segments, and what stands there;
 * the disk is whole and has made up no errors. */
bool audit_records(struct engine *engine, const struct disk *disk,
		   char text[256]);

uint64_t audit_database_id(const struct engine *engine);

#endif
