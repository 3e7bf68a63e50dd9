/* SPDX-License-Identifier: MIT
 *
 * The moving stream: buffers that are alone in their segment, full or mixed,
 * several on their way at once, settled in the order of their write sequences.
 *
 * Engine thread only. */
#ifndef STORAGE_MOVING_WRITER_H
#define STORAGE_MOVING_WRITER_H

#include "storage/segment_manager.h"
#include "storage/write_buffer.h"

enum { MOVING_IN_FLIGHT_MAX = 4 };

/* One record of a moving buffer: where it came from and where it goes. */
struct moved_record {
	uint32_t table;
	int64_t token;
	uint64_t fingerprint;
	struct location from;
	struct location to;
};

struct moving_buffer {
	bool is_used;
	bool is_written;
	uint8_t *data; /* aligned, as large as a segment */
	uint32_t segment;
	uint64_t write_sequence;
	struct moved_record *records;
	uint32_t record_count;
	uint32_t record_capacity;
	struct io_operation operation;
};

struct engine;

struct moving_writer {
	struct moving_buffer buffers[MOVING_IN_FLIGHT_MAX];
	uint32_t first; /* oldest that isn't settled */
	uint32_t count;
	uint64_t next_write_sequence;
	uint64_t settled; /* write sequence; entries follow when settled */
	uint64_t durable; /* what headers state; settled in sync=full */
	uint64_t bytes_written;
	uint64_t buffers_written;
	bool is_dirty; /* settled, not durable */
};

MUST_CHECK int moving_writer_init(struct engine *engine, struct error *error);
void moving_writer_finish(struct moving_writer *writer);

/* A buffer to fill, or NULL when all are on their way. */
struct moving_buffer *moving_writer_reserve(struct engine *engine);
/* Takes a segment, which must be available, for the reserved buffer, seals it
 * (records and their checksums are the caller's) and sends it.  ${use} says
 * kind, table, tokens, generation and birth; the rest is filled in here. */
void moving_writer_send(struct engine *engine, struct moving_buffer *buffer,
			uint32_t data_size, const struct segment_use *use);
/* What is written in order settles: entries are relocated, what they left dies,
 * the segment is sealed. A failed write fails the engine's writing. */
void moving_writer_step(struct engine *engine);
bool moving_writer_is_busy(const struct moving_writer *writer);

#endif
