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
#ifndef STORAGE_LOG_BUFFERED_WRITER_H
#define STORAGE_LOG_BUFFERED_WRITER_H

#include "storage/engine.h"
#include "storage/log/write_buffer.h"
#include "storage/segments/segment_manager.h"

enum {
	/* Buffers of a segment each, for records that fit one. */
	BUFFERED_WRITER_RING_MIN = 8,
	BUFFERED_WRITER_RING_MAX = 64,
	/* Runs beside them. */
	BUFFERED_WRITER_RUNS_MAX = 1024,
	BUFFERED_WRITER_RUN_BYTES_MAX = 64 << 20,
	BUFFERED_WRITER_IN_FLIGHT_MAX = 4,
	BUFFERED_WRITER_SYNC_US = 10000 /* of sync=group */
};

struct buffered_writer {
	struct io *io;
	struct segment_manager *segments;
	enum engine_sync sync;
	uint64_t database_id;

	struct write_buffer **ring;
	uint32_t ring_size;
	uint32_t first; /* oldest buffer that isn't released */
	uint32_t count; /* buffers that aren't free, from first on */
	uint32_t sent;  /* of them, given to the io */
	uint32_t in_flight;
	struct write_buffer *open; /* takes records that fit one, or NULL */

	struct write_buffer *mixed; /* memory of those that aren't runs */
	uint32_t mixed_count;
	struct write_buffer *free_mixed; /* of them, not in the ring */
	uint32_t free_mixed_count;
	uint32_t runs;       /* in the ring */
	uint64_t run_bytes;  /* memory of runs, prepared ones too */
	struct write_buffer *prepared; /* runs of the batch that is about to
					  be appended, in order */

	/* Where the next buffer goes, while none is open. */
	uint32_t segment;
	uint32_t offset; /* the segment's end, or 0 of none: take another */
	uint64_t segment_sequence;
	bool is_of_reserve; /* it was one of those that are kept back */
	uint64_t next_write_sequence;

	uint64_t wanted_lsn;     /* somebody waits for it */
	uint32_t patience;       /* polls that don't wait until a small buffer
				    leaves: more may be appended first */
	uint64_t settled;        /* write sequence */
	uint64_t settled_lsn;
	uint64_t durable;        /* write sequence: what headers state */
	uint64_t moving_watermark; /* what headers state of the other stream */
	int64_t clock_us;        /* high mark for headers */
	bool has_failed;         /* a write or sync has; see failure */
	struct error failure;

	/* sync=group and off: one file after another is synced, for both
	 * streams. */
	struct io_operation sync_operation;
	bool is_syncing;
	bool is_dirty;
	bool is_sync_wanted;    /* now, whatever the mode */
	bool has_sync_target;
	uint32_t sync_file;
	uint64_t sync_target;   /* durable when the last file is synced */
	uint64_t moving_target; /* the same of the moving stream */
	uint64_t moving_settled; /* told before each step */
	uint64_t moving_durable; /* an outcome */
	int64_t synced_at_us;

	uint64_t bytes_written;
	uint64_t buffers_written;
};

MUST_CHECK int buffered_writer_init(struct buffered_writer *writer,
				    struct error *error);
/* Nothing may be in flight. */
void buffered_writer_finish(struct buffered_writer *writer);

/* Buffers that aren't released, the oldest first: 0 … count - 1. */
struct write_buffer *buffered_writer_at(const struct buffered_writer *writer,
					uint32_t position);
/* Most records that can be in the ring. */
size_t buffered_writer_records_max(const struct buffered_writer *writer);

/* How much room a batch takes, before anything is appended. */
struct write_plan {
	uint32_t left;     /* bytes in the buffer that is filled last */
	bool is_place;     /* where none stands yet: a run before it takes
				   the sequence that must come next there */
	uint32_t buffers;  /* to open */
	uint32_t segments; /* to take for them */
	uint32_t runs;
	uint32_t longest_run; /* segments */
	uint32_t run_segments;
	uint64_t run_bytes; /* of memory */
};
struct write_plan buffered_writer_plan(const struct buffered_writer *writer);
void write_plan_add(struct write_plan *plan, uint32_t segment_size,
		    uint32_t record_size);

/* Buffers of the largest batch. */
uint32_t buffered_writer_batch_max(const struct buffered_writer *writer);
/* Whether the ring has room for the plan. */
bool buffered_writer_has_room(const struct buffered_writer *writer,
			      const struct write_plan *plan);

/* The open buffer with room for a record, opened when necessary: ring and
 * segments must have room. */
struct write_buffer *buffered_writer_reserve(struct buffered_writer *writer,
					     uint32_t record_size);

/* Sets memory and segments aside for a record that needs a run: those of a
 * batch one after the other, before anything of it is appended.
 * PREPARE_NO_MEMORY, PREPARE_NO_NEIGHBOURS: cancel. */
enum { PREPARE_NO_MEMORY = 1, PREPARE_NO_NEIGHBOURS = 2 };
MUST_CHECK int buffered_writer_prepare_run(struct buffered_writer *writer,
					   uint32_t record_size);
/* Gives the oldest prepared run back, or all of them. */
void buffered_writer_skip_run(struct buffered_writer *writer);
void buffered_writer_cancel_runs(struct buffered_writer *writer);
/* Opens the oldest prepared run behind all buffers. */
struct write_buffer *buffered_writer_take_run(struct buffered_writer *writer);
/* The batch has had runs: a buffer that was opened before them takes no
 * records of other batches. */
void buffered_writer_end_runs(struct buffered_writer *writer);

/* What is opened next begins another segment. */
void buffered_writer_leave_segment(struct buffered_writer *writer);

/* Sends what is there on its way: everything up to ${lsn} at least. */
void buffered_writer_flush(struct buffered_writer *writer, uint64_t lsn);
/* Makes everything that is settled durable as soon as possible, in every sync
 * mode; buffered_writer_step goes on with it. */
void buffered_writer_want_sync(struct buffered_writer *writer);
/* After each poll of the io: counts what is written, sends what waits. */
void buffered_writer_step(struct buffered_writer *writer);
/* A part of it: storage/log/buffered_writer_sync.c. */
void buffered_writer_sync_step(struct buffered_writer *writer);

/* The oldest buffer that is settled and not released, or NULL. */
struct write_buffer *buffered_writer_settled(struct buffered_writer *writer);
void buffered_writer_release(struct buffered_writer *writer,
			     struct write_buffer *buffer);

/* Whether anything is in the kernel's hands. */
bool buffered_writer_is_busy(const struct buffered_writer *writer);
/* Drops what isn't settled; after a failure, when nothing is in flight. */
void buffered_writer_drop(struct buffered_writer *writer);

#endif
