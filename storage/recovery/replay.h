/* SPDX-License-Identifier: MIT
 *
 * Puts the records of accepted buffers into tables and indexes, in any order:
 * the version with the larger (timestamp, LSN) stays.  For recovery.
 *
 * What was loaded from a checkpoint gives way to whatever is replayed: only
 * buffers behind the checkpoint's start are, and a record is appended only
 * when nothing newer is known.  So timestamps and LSNs are compared only among
 * replayed records. */
#ifndef STORAGE_RECOVERY_REPLAY_H
#define STORAGE_RECOVERY_REPLAY_H

#include "storage/checkpoint/freed_life.h"
#include "storage/engine_state.h"

/* A row of table 3, and the buffer that it was found in. */
struct freed_row {
	struct freed_life life;
	uint64_t lsn;
	uint64_t write_sequence;
	uint8_t stream;
};

struct replay {
	struct engine *engine;
	uint64_t last_lsn; /* highest of all records so far */
	uint64_t records;
	uint64_t stale;    /* loaded entries whose place is gone, and that
			      nothing has replaced */
	/* For each segment, where the buffers begin that are replayed: an
	 * entry before that was loaded. NULL: none was. */
	const uint32_t *replayed_from;
	/* For each segment, whether loaded entries lead there, so that they
	 * give way where they can't be read. NULL: that is an error. */
	const bool *is_loaded;
	struct freed_row *freed; /* may hold one twice */
	size_t freed_count;
	size_t freed_capacity;
};

void replay_finish(struct replay *replay);

/* The reserved tables, which are always there. */
MUST_CHECK int replay_init(struct replay *replay, struct engine *engine,
			   struct error *error);
/* A table that a checkpoint tells of. */
MUST_CHECK int replay_add_table(struct replay *replay, uint32_t id,
				bool has_explicit, struct error *error);
/* A buffer whose checksum is right, of the life that its segment is in;
 * ${header} is what it says. */
MUST_CHECK int replay_buffer(struct replay *replay,
			     const struct buffer_header *header,
			     const uint8_t *bytes, struct error *error);
/* The record of a run, ${size} bytes put together; ${header} is the first
 * part's. */
MUST_CHECK int replay_run(struct replay *replay,
			  const struct buffer_header *header,
			  const uint8_t *record, uint32_t size,
			  struct error *error);
/* One intact record; ${header}: of the buffer that it stands in. */
MUST_CHECK int replay_one(struct replay *replay,
			  const struct buffer_header *header,
			  const struct record *record, struct location at,
			  struct error *error);
/* A buffer that is replayed later, if at all: notes its rows of table 3 now,
 * and the highest LSN of its records. */
MUST_CHECK int replay_peek(struct replay *replay,
			   const struct buffer_header *header,
			   const uint8_t *bytes, uint64_t *last_lsn,
			   struct error *error);

/* When all are in: takes out what belongs to dropped tables, and fails if
 * something belongs to a table that never was. */
MUST_CHECK int replay_judge_tables(struct replay *replay,
				   struct error *error);
/* Takes out entries that lead nowhere any more: what was deleted or has
 * expired may have been dropped; a live row among them is damage. */
MUST_CHECK int replay_judge_stale(struct replay *replay, struct error *error);
/* Takes out rows of table 3 but those of ${wanted}, which are ascending by the
 * sequence of the segment. */
MUST_CHECK int replay_judge_freed(struct replay *replay,
				  const struct freed_row *wanted, size_t count,
				  struct error *error);

#endif
