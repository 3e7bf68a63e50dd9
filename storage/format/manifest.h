/* SPDX-License-Identifier: MIT
 *
 * The small file that says what belongs to the database: who it is, its
 * geometry, where the log stood when the manifest was written, and which
 * stretches of the log are void.  It is only ever replaced whole:
 * manifest_store.h.
 *
 *	  0   8  checksum of everything behind it, seed 0
 *	  8   8  magic "LOGSTORM"
 *	 16   4  format version
 *	 20   4  bytes of the manifest, from 0 on
 *	 24   8  database id
 *	 32   8  secret of the fingerprints of keys
 *	 40   4  bytes of a segment
 *	 44   4  segments of a file
 *	 48   8  most bytes of segment files, 0: no limit
 *	 56   4  shards, 1
 *	 60   4  files (of shard 0) that must be there
 *	 64   4  flags                    (enum manifest_flags)
 *	 68   4  next table number
 *	 72   8  how often the manifest has been written
 *	 80   8  watermark of the user stream
 *	 88   8  watermark of the moving stream
 *	 96   8  next write sequence of the user stream
 *	104   8  next write sequence of the moving stream
 *	112   8  next segment sequence
 *	120   8  next LSN
 *	128   8  high mark of the clock, microseconds since 1970
 *	136   4  segment where the user stream goes on
 *	140   4  offset in it
 *	144   8  its segment sequence; all three 0 when no segment is open
 *	152  16  newest checkpoint: number, checksum; 0 when there is none
 *	168  16  the one before
 *	184   4  void ranges of the user stream
 *	188   4  void ranges of the moving stream
 *	192   8  horizon: write sequence of the user stream
 *	200   8  horizon: write sequence of the moving stream
 *	208   8  horizon: segment sequence
 *	216   4  tail segments; 0 unless the end was orderly
 *	220  36  reserved, zero
 *	256  16  each: first and last void write sequence, ascending, of the
 *		 user stream, then of the moving stream
 *	      4  each: tail segments, ascending
 *
 * The file is padded with zeros to a multiple of 4 KiB.  Version 1 ends its
 * header at 192, has no checkpoints, and names the segment that is yet to be
 * opened where the offset is 0. */
#ifndef STORAGE_FORMAT_MANIFEST_H
#define STORAGE_FORMAT_MANIFEST_H

#include "base/error.h"
#include "storage/io/io.h"

enum {
	MANIFEST_HEADER_SIZE = 256,
	MANIFEST_HEADER_SIZE_1 = 192, /* of version 1 */
	MANIFEST_VOIDS_MAX = 1 << 16, /* of one stream */
	MANIFEST_TAIL_MAX = 1 << 16,
	/* All of it, with as much padding as there may be. */
	MANIFEST_FILE_SIZE_MAX = MANIFEST_HEADER_SIZE +
				 2 * MANIFEST_VOIDS_MAX * 16 +
				 MANIFEST_TAIL_MAX * 4 + 4096
};

#define MANIFEST_NAME "manifest"
#define MANIFEST_NAME_ASIDE "manifest.tmp"

enum manifest_flags {
	MANIFEST_CLEAN = 1 << 0,    /* written by an orderly close */
	MANIFEST_FORGOTTEN = 1 << 1 /* tombstones or void ranges were
				       dropped: the log alone doesn't tell
				       what is deleted */
};

/* Write sequences that count for nothing, both ends included. */
struct void_range {
	uint64_t first;
	uint64_t last;
};

struct void_list {
	struct void_range *ranges; /* ascending, not touching */
	uint32_t count;
};

struct manifest_checkpoint {
	uint64_t number;
	uint64_t checksum;
};

/* The start of the older one of the two checkpoints that are kept; zeros while
 * there are fewer.  Nothing at or below it can be replayed any more. */
struct horizon {
	uint64_t user_sequence; /* write sequences */
	uint64_t moving_sequence;
	uint64_t segment_sequence; /* segments below it are older */
};

/* Whether a write of ${stream} (enum buffer_stream) is at or below it. */
bool horizon_covers(const struct horizon *horizon, uint8_t stream,
		    uint64_t write_sequence);

struct manifest {
	uint32_t version; /* that was read; what is stored has the newest */
	uint64_t database_id;
	uint64_t secret;
	uint32_t segment_size;
	uint32_t file_segments;
	uint64_t size_max;
	uint32_t shard_count;
	uint32_t file_count;
	uint32_t flags;
	uint32_t next_table;
	uint64_t generation;
	uint64_t user_watermark;
	uint64_t moving_watermark;
	uint64_t next_user_sequence;
	uint64_t next_moving_sequence;
	uint64_t next_segment_sequence;
	uint64_t next_lsn;
	int64_t clock_us;
	uint32_t segment;
	uint32_t offset;
	uint64_t segment_sequence;
	struct manifest_checkpoint checkpoints[2];
	struct void_list user_voids;
	struct void_list moving_voids;
	struct horizon horizon;
	/* Segments that hold buffers written since the newest checkpoint's
	 * start (all that are used when there is none), ascending; only after
	 * an orderly end. */
	uint32_t *tail;
	uint32_t tail_count;
};

void manifest_finish(struct manifest *manifest);

/* Whether ${write_sequence} of the list's stream is void. */
bool void_list_contains(const struct void_list *list, uint64_t write_sequence);
/* Adds a range behind all others, joined with the last one where they
 * touch. */
MUST_CHECK int void_list_add(struct void_list *list, uint64_t first,
			     uint64_t last, struct error *error);

/* Forgets ranges that lie wholly at or below ${write_sequence}. */
void void_list_prune(struct void_list *list, uint64_t write_sequence);

/* Takes over ${tail}, which was allocated, and frees the one before. */
void manifest_set_tail(struct manifest *manifest, uint32_t *tail,
		       uint32_t count);

/* The file's bytes, padding included, appended to ${to}. */
void manifest_encode(const struct manifest *manifest, struct buffer *to);
/* Doubts ${bytes}; ${path} is what messages call the database. The manifest
 * must be finished when this returns 0. */
MUST_CHECK int manifest_decode(struct slice bytes, const char *path,
			       struct manifest *manifest,
			       struct error *error);

/* Reads the file; MANIFEST_MISSING when there is none. */
enum { MANIFEST_MISSING = 1 };
MUST_CHECK int manifest_load(struct io *io, struct manifest *manifest,
			     struct error *error);
/* Whether ${manifest}, which was loaded, may not be the last one that was
 * written: one of the same database that isn't older stands aside, or can't be
 * read. The end came before the two were exchanged, or the disk gives back an
 * earlier one; it does for certain, and this fails, when the one aside is two
 * ahead. What isn't intact there says nothing. */
MUST_CHECK int manifest_find_newer(struct io *io,
				   const struct manifest *manifest,
				   bool *is_newer, struct error *error);
#endif
