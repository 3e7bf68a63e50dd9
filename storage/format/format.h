/* SPDX-License-Identifier: MIT
 *
 * What stands on disk: the sizes and numbers that every file of a database
 * has in common, the header of a buffer, and the seeds of all checksums.
 * docs/format.md explains the whole; record.h and manifest.h have the other
 * two layouts.  All numbers are little-endian.
 *
 * A buffer's header, 128 bytes:
 *
 *	  0   8  checksum of everything behind it, header and data
 *	  8   4  magic "LGSB"
 *	 12   2  format version
 *	 14   1  kind                     (enum buffer_kind)
 *	 15   1  stream                   (enum buffer_stream)
 *	 16   2  flags                    (enum buffer_flags)
 *	 18   2  part, counted from 0     (runs)
 *	 20   2  parts of the run, 1 when it is none
 *	 22   2  reserved, zero
 *	 24   4  segment
 *	 28   4  offset in the segment
 *	 32   8  segment sequence: which life of the segment
 *	 40   4  lives that this place has had, the first is 1
 *	 44   4  bytes of data behind the header
 *	 48   8  write sequence, in its stream
 *	 56   4  records that begin in this buffer
 *	 60   4  table                    (full segments, else 0)
 *	 64   8  watermark of the user stream
 *	 72   8  watermark of the moving stream
 *	 80   8  high mark of the clock, microseconds since 1970
 *	 88   8  first token              (full segments, else 0)
 *	 96   8  last token               (full segments, else 0)
 *	104   8  highest LSN in the buffer
 *	112   8  database id
 *	120   8  reserved, zero
 *
 * Version 1 had mixed buffers of the user stream only. */
#ifndef STORAGE_FORMAT_FORMAT_H
#define STORAGE_FORMAT_FORMAT_H

#include "base/compiler.h"
#include "base/slice.h"

#include <stdint.h>

enum {
	FORMAT_VERSION = 3,        /* what is written */
	FORMAT_VERSION_OLDEST = 1, /* what is read */
	FORMAT_BLOCK_SIZE = 4096, /* buffers start and end on it */
	FORMAT_HEADER_SIZE = 128,
	FORMAT_BUFFER_MAGIC = 0x4253474c, /* "LGSB" */
	FORMAT_SEGMENT_SIZE_MIN = 4096,
	FORMAT_SEGMENT_SIZE_MAX = 1 << 20,
	FORMAT_FILE_SEGMENTS_MAX = 1 << 16
};

enum buffer_kind {
	BUFFER_MIXED = 1, /* several in a segment, records of any table */
	BUFFER_FULL = 2,  /* alone in its segment, one table, by token */
	BUFFER_PART = 3   /* of a run of segments that hold one record */
};

enum buffer_stream { STREAM_USER = 1, STREAM_MOVING = 2 };

enum buffer_flags {
	BUFFER_ENDS_BATCH = 1 << 0 /* its last record ends a batch */
};

struct buffer_header {
	uint16_t version;
	uint8_t kind;
	uint8_t stream;
	uint16_t flags;
	uint16_t part;
	uint16_t part_count;
	uint32_t segment;
	uint32_t offset;
	uint64_t segment_sequence;
	uint32_t life;
	uint32_t data_size;
	uint64_t write_sequence;
	uint32_t record_count;
	uint32_t table;
	uint64_t user_watermark;
	uint64_t moving_watermark;
	int64_t clock_us;
	int64_t first_token;
	int64_t last_token;
	uint64_t last_lsn;
	uint64_t database_id;
};

/* Where a buffer stands; all of it goes into its checksum. */
struct buffer_place {
	uint64_t database_id;
	uint32_t segment;
	uint32_t offset;
};

/* The part of all seeds that a segment's life has in common. */
uint64_t format_segment_seed(uint64_t database_id, uint32_t segment,
			     uint64_t segment_sequence);
uint64_t format_buffer_seed(uint64_t segment_seed, uint32_t offset);
uint64_t format_record_seed(uint64_t segment_seed, uint32_t offset);

/* What a buffer that is intact says of itself and none of its version would
 * ever say: damage, for a message; NULL when there is no such thing. */
const char *format_find_nonsense(const struct buffer_header *header);

/* Bytes on disk of a buffer with ${data_size} bytes of data. */
uint32_t format_buffer_size(uint32_t data_size);

/* Writes the header to the start of a buffer whose data is behind it already,
 * and the checksum of both. */
void format_seal_buffer(const struct buffer_header *header, uint8_t *buffer);

enum format_verdict {
	FORMAT_VALID = 0,
	FORMAT_BLANK = 1,  /* no header here */
	FORMAT_DAMAGED = 2,
	FORMAT_FOREIGN = 3, /* intact, but of another database */
	FORMAT_NEWER = 4    /* intact, but of a later format version, which is
			       in the header */
};

/* Doubts the bytes at ${place}, of which ${available} reach to the end of the
 * segment.  Fills ${header} in unless the verdict is BLANK or DAMAGED. */
enum format_verdict format_open_buffer(const uint8_t *bytes, size_t available,
				       const struct buffer_place *place,
				       struct buffer_header *header);

/* What a header says, believed; false when there is none. */
bool format_read_header(const uint8_t *bytes, struct buffer_header *header);

/* Of the first block of a buffer alone: what it says of itself if it is intact,
 * which only the rest can tell.  False when no buffer of this database seems
 * to start at ${place}. */
bool format_peek_buffer(const uint8_t *block,
			const struct buffer_place *place,
			struct buffer_header *header);

#endif
