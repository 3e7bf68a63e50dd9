/* SPDX-License-Identifier: MIT
 *
 * One buffer on its way to the disk: records are appended to it at their final
 * places, then it is sealed with its header and written in one piece.  A row
 * that is larger than a segment has a buffer of its own over a run of segments
 * (storage/format/run.h), which is written in one piece too.
 *
 * Engine thread only. */
#ifndef STORAGE_LOG_WRITE_BUFFER_H
#define STORAGE_LOG_WRITE_BUFFER_H

#include "storage/format/format.h"
#include "storage/format/record.h"
#include "storage/io/io.h"
#include "storage/log/pending_map.h"

enum write_buffer_state {
	WRITE_BUFFER_FREE,
	WRITE_BUFFER_OPEN,    /* takes records */
	WRITE_BUFFER_CLOSED,  /* takes no more, waits for its turn */
	WRITE_BUFFER_WRITING,
	WRITE_BUFFER_WRITTEN
};

struct write_buffer {
	enum write_buffer_state state;
	uint8_t *data;         /* aligned, as large as a segment, or a run */
	uint32_t size;         /* bytes used, first header included */
	uint32_t capacity;     /* bytes up to the segment's end */
	uint32_t segment_size;
	uint32_t parts;        /* segments of a run; 1: it is none */
	uint32_t segment;      /* the first */
	uint32_t offset;
	uint64_t segment_sequence; /* of the first */
	uint64_t segment_seed;
	uint64_t write_sequence;   /* of the last part */
	uint64_t last_lsn;
	bool ends_batch;
	struct pending *pending; /* an entry for each record, in order */
	uint32_t pending_count;
	uint32_t pending_capacity;
	uint32_t settled_count;  /* of them, in the index already */
	struct io_operation operation;
	struct write_buffer *next; /* among those that aren't in the ring */
};

/* For records of one segment's buffers, or for one record over ${parts}. */
MUST_CHECK bool write_buffer_init(struct write_buffer *buffer,
				  uint32_t segment_size, uint32_t parts);
void write_buffer_finish(struct write_buffer *buffer);

/* Opens it at a place, which reaches to the end of the segment, or of the
 * run's last one. */
void write_buffer_open(struct write_buffer *buffer, uint32_t segment,
		       uint32_t offset, uint64_t segment_sequence,
		       uint64_t segment_seed, uint64_t write_sequence);

uint32_t write_buffer_room(const struct write_buffer *buffer);

/* Appends a record, which must fit; its checksum is still owed. Returns its
 * entry with location and LSN filled in; the caller does the rest. */
struct pending *write_buffer_append(struct write_buffer *buffer,
				    const struct record *record);
/* Finishes a record that was appended: sets ${flags}, then the checksum. From
 * here on a run's record has the gaps for its headers. */
void write_buffer_finish_record(struct write_buffer *buffer,
				const struct pending *pending, uint8_t flags);
/* Copies a finished record: location.size bytes, without gaps. */
void write_buffer_copy_record(const struct pending *pending, uint8_t *to);

/* Writes the header of part ${part}, whose numbers that describe the buffer
 * itself are filled in here, and pads with zeros. */
void write_buffer_seal(struct write_buffer *buffer, uint32_t part,
		       struct buffer_header header);
/* Bytes to write, when all parts are sealed. */
uint32_t write_buffer_write_size(const struct write_buffer *buffer);

#endif
