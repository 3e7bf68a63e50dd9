/* SPDX-License-Identifier: MIT
 *
 * Sorts records by compaction group and generation: each has an output, which
 * gathers copies of records from many segments until it is full, and then
 * leaves as one full segment, in token order, by the moving writer.  Outputs
 * that are small when room is needed leave together in a mixed segment.  A
 * record that is dead by then isn't written.
 *
 * Groups are token prefixes: as many bits as make a group at most
 * SEPARATOR_GROUP_BYTES of live rows, no more than there is memory for outputs.
 *
 * Engine thread only. */
#ifndef STORAGE_SEPARATOR_H
#define STORAGE_SEPARATOR_H

#include "storage/engine_state.h"

enum { SEPARATOR_GROUP_BYTES = 16 << 20, SEPARATOR_GENERATIONS = 3 };

MUST_CHECK int separator_create(struct engine *engine, uint64_t memory_size,
				struct error *error);
void separator_destroy(struct separator *separator);

/* Bits of the token that tell ${table}'s groups apart, by its live bytes. */
unsigned separator_group_bits(const struct engine *engine,
			      const struct table *table);

/* Copies a live record that stands at ${entry}'s place; false when there is no
 * room for it until outputs have been flushed. */
MUST_CHECK bool separator_add(struct engine *engine, struct table *table,
			      const struct index_entry *entry,
			      const uint8_t *record, uint8_t generation,
			      uint64_t birth);

/* Sends full outputs on their way, as far as buffers and segments allow. */
void separator_step(struct engine *engine);
/* Asks for everything to leave, small outputs together; done when
 * separator_is_empty. */
void separator_flush(struct engine *engine);
bool separator_is_empty(const struct separator *separator);
/* Bytes of records that wait, and segments that writing all of them takes. */
uint64_t separator_bytes(const struct separator *separator);
uint32_t separator_segments(const struct engine *engine);

#endif
