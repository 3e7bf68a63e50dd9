/* SPDX-License-Identifier: MIT
 *
 * Sorts records by compaction group: each group has an output, which gathers
 * copies of records from many segments until it is full, and then leaves as one
 * full segment, in token order, by the moving writer.  Outputs that are small
 * when room is needed leave together.  A record that is dead by then isn't
 * written.
 *
 * Groups are token prefixes: as many bits as make a group at most
 * SEPARATOR_GROUP_BYTES of live rows, no more than there is memory for outputs.
 * What waits keeps its victims from being freed, which costs more writing than
 * groups save, so that without being asked for more it is a small part of the
 * database.
 *
 * Engine thread only. */
#ifndef STORAGE_MOVING_SEPARATOR_H
#define STORAGE_MOVING_SEPARATOR_H

#include "storage/engine_state.h"

enum { SEPARATOR_GROUP_BYTES = 16 << 20 };

MUST_CHECK int separator_create(struct engine *engine, uint64_t memory_size,
				struct error *error);
void separator_destroy(struct engine *engine);

/* Bits of the token that would tell ${table}'s groups apart, by its live
 * bytes. */
unsigned separator_group_bits_wanted(const struct table *table);
/* And how many there are outputs for, at least 1. */
uint64_t separator_outputs_max(const struct engine *engine);

/* A separation of everything goes on: as much may wait as memory allows, and
 * ${bits} tell groups apart (at most as many as are wanted).  Ended by
 * SEPARATOR_BITS_USUAL. */
enum { SEPARATOR_BITS_USUAL = 255 };
void separator_set_bits(struct engine *engine, unsigned bits);

/* Copies a live record that stands at ${entry}'s place and is settled, in a
 * segment of ${generation}; it doesn't leave before ${user_write} is durable.
 * False when there is no room for it until outputs have left. */
MUST_CHECK bool separator_add(struct engine *engine, const struct table *table,
			      const struct index_entry *entry,
			      const uint8_t *record, uint8_t generation,
			      uint64_t user_write);

/* Sends on their way: outputs that are full, and small ones where too much
 * waits, as far as buffers and segments allow.  ${unfinished}: a victim of
 * which more records will come, or SEGMENT_NONE.
 *
 * With the last free segments each buffer takes all that waits of one victim
 * first, so that each segment that is used frees another one. */
void separator_step(struct engine *engine, uint32_t unfinished);
/* Asks for everything that waits now to leave, small outputs together: done
 * when separator_is_empty. */
void separator_flush(struct engine *engine);
bool separator_is_empty(const struct separator *separator);
/* There was no memory for the last record. */
bool separator_is_starved(const struct separator *separator);
/* Bytes of records that wait, and how many should at most. */
uint64_t separator_bytes(const struct separator *separator);
uint64_t separator_limit(const struct engine *engine);
uint64_t separator_memory(const struct separator *separator);

/* Forgets all copies. */
void separator_drop(struct engine *engine);

#endif
