/* SPDX-License-Identifier: MIT
 *
 * The user stream: a ring of write buffers that batches writes, sends them to
 * the disk and pushes back when all of them are busy.
 *
 * A buffer is settled when it and all before it are written (with sync=full:
 * are on stable storage) up to one that ends on a batch's end: the same rule
 * by which recovery accepts buffers, so that what is settled can't be undone.
 * The engine then puts its records into the indexes and releases it.
 *
 * Engine thread only. */
#ifndef STORAGE_BUFFERED_WRITER_H
#define STORAGE_BUFFERED_WRITER_H

#include "storage/engine.h"
#include "storage/segment_manager.h"
#include "storage/write_buffer.h"

enum {
	BUFFERED_WRITER_RING_MIN = 8,
	BUFFERED_WRITER_RING_MAX = 64,
	BUFFERED_WRITER_IN_FLIGHT_MAX = 4,
	BUFFERED_WRITER_SYNC_US = 10000 /* of sync=group */
};

struct buffered_writer {
	struct io *io;
	struct segment_manager *segments;
	enum engine_sync sync;
	uint64_t database_id;

	struct write_buffer *ring;
	uint32_t ring_size;
	uint32_t first; /* oldest buffer that isn't released */
	uint32_t count; /* buffers that aren't free, from first on */
	uint32_t sent;  /* of them, given to the io */
	uint32_t in_flight;
	struct write_buffer *open; /* the newest, or NULL */

	/* Where the next buffer goes, while none is open. */
	uint32_t segment;
	uint32_t offset; /* the segment's end, or 0 of none: take another */
	uint64_t segment_sequence;
	uint64_t next_write_sequence;

	uint64_t wanted_lsn;     /* somebody waits for it */
	uint64_t settled;        /* write sequence */
	uint64_t settled_lsn;
	uint64_t durable;        /* write sequence: what headers state */
	uint64_t moving_watermark; /* what headers state of the other stream */
	int64_t clock_us;        /* high mark for headers */
	bool has_failed;         /* a write or sync has; see failure */
	struct error failure;

	/* sync=group: one file after another is synced. */
	struct io_operation sync_operation;
	bool is_syncing;
	bool is_dirty;
	uint32_t sync_file;
	uint64_t sync_target; /* becomes durable when the last file is synced */
	int64_t synced_at_us;

	uint64_t bytes_written;
	uint64_t buffers_written;
};

MUST_CHECK int buffered_writer_init(struct buffered_writer *writer,
				    struct error *error);
/* Nothing may be in flight. */
void buffered_writer_finish(struct buffered_writer *writer);

/* How much room a batch takes, before anything is appended. */
struct write_plan {
	uint32_t left;     /* bytes in the buffer that is filled last */
	uint32_t buffers;  /* to open */
	uint32_t segments; /* to take */
};
struct write_plan buffered_writer_plan(const struct buffered_writer *writer);
void write_plan_add(struct write_plan *plan, uint32_t segment_size,
		    uint32_t record_size);

/* Buffers of the largest batch. */
uint32_t buffered_writer_batch_max(const struct buffered_writer *writer);
/* Whether the ring has that many buffers free. */
bool buffered_writer_has_room(const struct buffered_writer *writer,
			      uint32_t buffers);

/* The open buffer with room for a record, opened when necessary: ring and
 * segments must have room. */
struct write_buffer *buffered_writer_reserve(struct buffered_writer *writer,
					     uint32_t record_size);

/* Sends what is there on its way: everything up to ${lsn} at least. */
void buffered_writer_flush(struct buffered_writer *writer, uint64_t lsn);
/* After each poll of the io: counts what is written, sends what waits. */
void buffered_writer_step(struct buffered_writer *writer);

/* The oldest buffer that is settled and not released, or NULL. */
struct write_buffer *buffered_writer_settled(struct buffered_writer *writer);
void buffered_writer_release(struct buffered_writer *writer,
			     struct write_buffer *buffer);

/* Whether anything is in the kernel's hands. */
bool buffered_writer_is_busy(const struct buffered_writer *writer);
/* Drops what isn't settled; after a failure, when nothing is in flight. */
void buffered_writer_drop(struct buffered_writer *writer);

#endif
