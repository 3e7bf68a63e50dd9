/* SPDX-License-Identifier: MIT
 *
 * What goes into one checkpoint: segments, tables and freed lives as of its
 * start, copied at that moment, then the index entries, taken while they go on
 * changing.  Everything that changes behind the start is in the log that a
 * recovery from this checkpoint replays.
 *
 * Engine thread only. */
#ifndef STORAGE_CHECKPOINT_CHECKPOINT_CONTENT_H
#define STORAGE_CHECKPOINT_CHECKPOINT_CONTENT_H

#include "storage/checkpoint/checkpoint_drop.h"
#include "storage/checkpoint/checkpoint_output.h"

struct checkpoint_content {
	struct engine *engine;
	struct checkpoint_head head;
	struct checkpoint_drop drop;
	uint8_t *segments; /* encoded */
	uint8_t *freed;    /* encoded */
	struct checkpoint_table *tables;
	uint32_t put_count; /* segments, tables and freed lives that were put */
	uint32_t table;     /* whose entries are put; a place in tables */
	int64_t token;      /* where in its index */
	uint64_t fingerprint;
};

/* The start is now: everything that is settled is in the indexes, and nothing
 * is in flight in the moving stream. */
MUST_CHECK int checkpoint_content_capture(struct checkpoint_content *content,
					  struct engine *engine,
					  struct error *error);
/* A zeroed one is fine. */
void checkpoint_content_finish(struct checkpoint_content *content);

/* Bytes of a file that a checkpoint takes now, about. */
uint64_t checkpoint_content_estimate(const struct engine *engine);
/* No checkpoint is larger that has ${entries} and ${segments} more than there
 * are now, whatever expires and moves. */
uint64_t checkpoint_content_most(const struct engine *engine, uint64_t entries,
				 uint32_t segments);
/* Entries that there are in all tables, or will be once they are settled. */
uint64_t checkpoint_content_entries(const struct engine *engine);

/* Puts what comes next, about ${budget} bytes; true when all of it was put.
 * False also when ${output} takes no more for now, or has failed. */
bool checkpoint_content_put(struct checkpoint_content *content,
			    struct checkpoint_output *output,
			    uint64_t *budget);

#endif
