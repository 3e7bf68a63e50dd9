/* SPDX-License-Identifier: MIT
 *
 * What is wrong with the bytes of one segment: looks at every buffer of the
 * life that the segment is in, every record, and whether the indexes point at
 * as much of it as is counted.  For CHECK. */
#ifndef STORAGE_VERIFY_CHECK_PLACE_H
#define STORAGE_VERIFY_CHECK_PLACE_H

#include "storage/engine_state.h"

enum {
	CHECK_FAULTS_MAX = 64, /* of one segment */
	CHECK_WHAT_SIZE = 112
};

struct check_fault {
	uint32_t segment;
	uint32_t offset;
	char what[CHECK_WHAT_SIZE];
};

struct check_faults {
	struct check_fault faults[CHECK_FAULTS_MAX];
	uint32_t count;
};

void check_faults_add(struct check_faults *faults, uint32_t segment,
		      uint32_t offset, const char *what);

/* Bytes of a segment that are settled, from its start; 0: nothing is yet, or
 * it is free. */
uint32_t check_place_limit(const struct engine *engine, uint32_t segment);

/* The first ${limit} bytes of ${segment}.  ${run_parts} is set to the parts of
 * a run that begins there, else to 0. */
void check_place(struct engine *engine, uint32_t segment, const uint8_t *bytes,
		 uint32_t limit, uint32_t *run_parts,
		 struct check_faults *faults);

/* The segments of a run, from the start of the first one on. */
void check_run(struct engine *engine, uint32_t segment, uint32_t parts,
	       uint8_t *bytes, struct check_faults *faults);

#endif
