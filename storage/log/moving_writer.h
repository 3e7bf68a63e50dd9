/* SPDX-License-Identifier: MIT
 *
 * The moving stream: buffers that are alone in their segment, full or mixed,
 * several on their way at once, settled in the order of their write sequences.
 *
 * Engine thread only. */
#ifndef STORAGE_LOG_MOVING_WRITER_H
#define STORAGE_LOG_MOVING_WRITER_H

#include "storage/log/write_buffer.h"
#include "storage/segments/segment_manager.h"

enum { MOVING_IN_FLIGHT_MAX = 4 };

/* One record of a moving buffer: where it came from and where it goes. */
struct moved_record {
	int64_t token;
	uint64_t fingerprint;
	struct location from;
	struct location to; /* the segment is filled in when it is sent */
	uint32_t table;
	uint32_t life; /* of the segment it came from: another one's record
			  may stand at the same place by now */
};

struct moving_buffer {
	bool is_written; /* or failed; the operation's result tells */
	bool is_counted; /* the result was looked at */
	uint8_t *data;   /* aligned, as large as a segment */
	uint32_t segment;
	uint64_t write_sequence;
	struct moved_record *records; /* room for as many as fit a segment */
	uint32_t record_count;
	uint32_t settled_count; /* of them, in the index already */
	struct io_operation operation;
};

struct engine;

struct moving_writer {
	struct moving_buffer buffers[MOVING_IN_FLIGHT_MAX];
	uint32_t first; /* oldest that isn't settled */
	uint32_t count;
	uint32_t in_flight;
	bool is_held;       /* a checkpoint waits until nothing is on its way */
	uint64_t next_write_sequence;
	uint64_t settled; /* write sequence; entries follow when settled */
	uint64_t durable; /* what headers state; settled in sync=full */
	uint64_t bytes_written;
	uint64_t buffers_written;
	uint64_t bytes_moved; /* of records whose entries followed */
};

MUST_CHECK int moving_writer_init(struct engine *engine, struct error *error);
/* Nothing may be in the kernel's hands. */
void moving_writer_finish(struct moving_writer *writer);

/* A buffer to fill, or NULL when all are on their way, or nothing may be sent:
 * writing has failed, or a checkpoint waits for the stream.  A buffer that
 * isn't sent needn't be given back.  Records belong behind the header, without
 * gaps: data[to.offset], in the order of records[]. */
struct moving_buffer *moving_writer_reserve(struct engine *engine);
/* Takes a segment, which must be available, for the reserved buffer, seals the
 * records and the buffer and sends it.  ${use} says kind, table, tokens,
 * generation and birth; the rest is filled in here. */
void moving_writer_send(struct engine *engine, struct moving_buffer *buffer,
			uint32_t data_size, const struct segment_use *use);
/* What is written in order settles: entries are relocated, what they left dies,
 * the segment is sealed. A failed write fails the engine's writing. */
void moving_writer_step(struct engine *engine);
/* Anything in the kernel's hands? */
bool moving_writer_is_busy(const struct moving_writer *writer);
/* Nothing is sent that isn't settled: a checkpoint may start. */
bool moving_writer_is_idle(const struct moving_writer *writer);
/* Whether a copy of something in the segment may be on its way. */
bool moving_writer_is_copying(const struct engine *engine, uint32_t segment);
/* What isn't settled is given up; after a failure, when it isn't busy. */
void moving_writer_drop(struct engine *engine);

#endif
