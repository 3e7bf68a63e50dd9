/* SPDX-License-Identifier: MIT
 *
 * Puts the records of accepted buffers into tables and indexes, in any order:
 * the version with the larger (timestamp, LSN) stays.  For recovery. */
#ifndef STORAGE_REPLAY_H
#define STORAGE_REPLAY_H

#include "storage/engine_state.h"

struct replay {
	struct engine *engine;
	uint64_t last_lsn; /* highest of all records so far */
	uint64_t records;
	uint32_t strays;   /* tables with rows but without a registration */
};

/* The reserved tables, which are always there. */
MUST_CHECK int replay_init(struct replay *replay, struct engine *engine,
			   struct error *error);
/* A buffer whose checksum is right; ${header} is what it says. */
MUST_CHECK int replay_buffer(struct replay *replay,
			     const struct buffer_header *header,
			     const uint8_t *bytes, struct error *error);
/* When all are in: takes out what belongs to dropped tables, and fails if
 * something belongs to a table that never was. */
MUST_CHECK int replay_judge_tables(struct replay *replay,
				   struct error *error);

#endif
