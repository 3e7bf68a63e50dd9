/* SPDX-License-Identifier: MIT
 *
 * Takes in the log, segment by segment in any order, and decides which of its
 * buffers count:
 *
 * Let W be the highest watermark of a stream in any header or the manifest.
 * Buffers up to W are replayed at once, later ones are kept until all is read.
 * Then every write sequence of a stream from its base to W must have been
 * there, unless it is void, or a row of table 3 that counts says that the life
 * of its segment was freed, and what was moved until then counts as well. Above
 * W counts what is gapless, up to the last buffer that ends on a batch's end:
 * nobody waited for it, or the answer got lost.  Of moving buffers only those
 * count of whose records the originals do: where syncs are rare, a copy may
 * have become durable before them.
 *
 * In each place counts the life with the highest sequence; buffers of earlier
 * ones stand behind it and mean nothing. */
#ifndef STORAGE_RECOVERY_LOG_INTAKE_H
#define STORAGE_RECOVERY_LOG_INTAKE_H

#include "storage/recovery/log_map.h"
#include "storage/recovery/replay.h"

/* A buffer above every watermark seen so far. */
struct kept_buffer {
	struct buffer_header header;
	uint64_t records_lsn; /* highest of its records */
	uint8_t *bytes;       /* a copy; NULL: to be read again */
};

struct log_stream {
	struct log_map map;
	uint64_t base;          /* what is missing at or below it isn't asked
				   for */
	uint64_t replay_base;   /* at or below it nothing is replayed */
	uint64_t watermark;     /* highest seen */
	uint64_t last_sequence; /* highest seen, of writes */
	uint64_t accepted;      /* the last write sequence that counts */
	uint64_t gapless;       /* up to it each counts or may be missing */
	struct void_range *freed; /* lives, ascending, that may be missing */
	size_t freed_count;
};

struct place_note {
	bool is_loaded;        /* entries that lead there were loaded */
	bool is_counted;       /* buffers of its life were met that count */
	uint32_t record_bytes; /* of them, or of the life that a checkpoint
				  knows */
};

struct log_intake {
	struct engine *engine;
	struct replay replay;
	struct log_stream streams[2]; /* STREAM_USER - 1, STREAM_MOVING - 1 */
	struct kept_buffer *kept;
	size_t kept_first; /* those before are replayed */
	size_t kept_count;
	size_t kept_capacity;
	size_t kept_bytes;
	struct buffer_header *parts; /* of runs */
	size_t part_count;
	size_t part_capacity;
	uint64_t last_segment_sequence;
	uint64_t last_lsn;     /* highest seen, accepted or not */
	uint64_t accepted_lsn; /* of records that count, in the user stream */
	uint32_t *replayed_from; /* for replay; may be NULL */
	struct place_note *notes; /* for each segment */
	uint32_t headless;     /* a place that doesn't begin with a buffer, or
				  SEGMENT_NONE */
	uint64_t torn_bytes;     /* damaged, where the log was going on */
	uint64_t rejected_bytes; /* whole, but not a part of the log */
	/* Of the place that is being looked at. */
	struct buffer_header *headers;
	uint32_t header_count;
};

MUST_CHECK int log_intake_init(struct log_intake *intake,
			       struct engine *engine, struct error *error);
void log_intake_finish(struct log_intake *intake);

struct log_stream *log_intake_stream(struct log_intake *intake,
				     uint8_t stream);

/* A segment from start to end, for log_scan. */
MUST_CHECK int log_intake_segment(void *intake, uint32_t segment,
				  const uint8_t *bytes, struct error *error);

/* When everything was read: judges, and replays what is left. */
MUST_CHECK int log_intake_end(struct log_intake *intake, struct error *error);

/* ---- for salvage, too ---- */

/* Fills the stream's ${freed}: by the rows of table 3 that count, as
 * ${accepted} of both streams and ${gapless} of the moving one have it. */
MUST_CHECK int log_judge_collect_freed(struct log_intake *intake,
				       uint8_t stream, struct error *error);

/* Leaves one of the rows of table 3 that count for each life; a part of
 * log_intake_end. */
void log_judge_settle_freed(struct log_intake *intake);
/* At the end: whether a life may be missing, by the rows that count, which
 * replay.freed holds by then, ascending and each once. */
bool log_judge_is_freed(const struct log_intake *intake, uint64_t sequence);

#endif
