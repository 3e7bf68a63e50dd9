/* SPDX-License-Identifier: MIT
 *
 * A segment whose live records are moved: it is read whole, then walked buffer
 * by buffer; each record whose index entry points here goes to the separator.
 * Nothing that is stored there is believed before its checksum is.
 *
 * Engine thread only. */
#ifndef STORAGE_MOVING_VICTIM_H
#define STORAGE_MOVING_VICTIM_H

#include "storage/engine_state.h"

enum victim_stage { VICTIM_UNUSED, VICTIM_READING, VICTIM_READ };

struct victim {
	enum victim_stage stage;
	uint8_t *data;     /* aligned, as large as a segment */
	uint32_t segment;
	uint32_t life;
	uint32_t at;         /* offset of the next record, or header */
	uint32_t end;        /* of the buffer that ->at is in; ->at: a header
				comes next */
	uint32_t seen_bytes; /* of records before ->at */
	uint64_t live_found; /* bytes of those that may live: no fewer than the
				index has there */
	uint64_t seed;       /* of the life */
	struct io_operation operation;
};

MUST_CHECK bool victim_init(struct victim *victim, uint32_t segment_size);
void victim_finish(struct victim *victim);

/* Begins to read a sealed segment, which becomes a victim. */
void victim_begin(struct engine *engine, struct victim *victim,
		  uint32_t segment);

/* One that is read: separates records for about ${*budget} bytes, which are
 * taken off.  DONE: all are.  MORE: the budget is used up.  STUCK: the
 * separator takes no more now.  FAILED: it couldn't be read, is damaged, or the
 * index leads to more than is there. */
enum victim_outcome { VICTIM_DONE, VICTIM_MORE, VICTIM_STUCK, VICTIM_FAILED };
enum victim_outcome victim_separate(struct engine *engine,
				    struct victim *victim, uint64_t *budget);

#endif
