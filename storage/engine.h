/* SPDX-License-Identifier: MIT
 *
 * The storage engine's door: tables of rows, bytes under bytes, in a
 * log-structured database directory.  It knows no CQL: a table is a number, a
 * key is bytes (whose token it computes itself), a value is bytes.
 *
 * One thread owns an engine.  Nothing here blocks except open and close: a
 * call that must wait returns ENGINE_PENDING; engine_poll() moves all I/O on,
 * and the same call with the same arguments is then made again.
 *
 * A write is visible to every later read at once, and durable when
 * engine_commit() of its LSN has returned 0. */
#ifndef STORAGE_ENGINE_H
#define STORAGE_ENGINE_H

#include "base/error.h"
#include "base/slice.h"
#include "storage/io/io.h"

struct engine;

enum engine_outcome {
	ENGINE_PENDING = 1, /* call engine_poll(), then the same call again */
	ENGINE_END = 2      /* a scan has no more rows */
};

enum engine_sync {
	ENGINE_SYNC_FULL = 0,  /* committed is on stable storage */
	ENGINE_SYNC_GROUP = 1, /* committed is with the OS; on stable storage
				  within 10 ms of polling */
	ENGINE_SYNC_OFF = 2    /* committed is with the OS */
};

struct engine_options {
	enum engine_sync sync;
	bool is_read_only;      /* the directory is not written at all */
	bool must_exist;        /* don't make a new database */
	bool is_salvaging;      /* fills what a salvage has marked as
				   unfinished (salvage_target.h) */
	/* Geometry, used when the database is made; 0: the default. */
	uint32_t segment_size;  /* bytes, a power of two, 4 KiB … 1 MiB;
				   default 128 KiB */
	uint32_t file_segments; /* segments of one file; default 256 */
	/* Bytes of segment files, checkpoints not counted; 0: as the database
	 * has it, no limit in a new one; ENGINE_SIZE_UNLIMITED: no limit. */
	uint64_t size_max;
	/* Memory and background work; 0: the default. */
	uint64_t cache_size;      /* bytes of the row cache, default 64 MiB;
				     ENGINE_CACHE_NONE: no cache */
	uint64_t separator_size;  /* bytes of records that may wait to be
				     separated, default 32 MiB */
	uint64_t checkpoint_size; /* bytes of log between two checkpoints, at
				     least; default 64 MiB */
	bool is_separation_eager; /* separate at once, not when reclaiming */
};

#define ENGINE_CACHE_NONE UINT64_MAX
#define ENGINE_SIZE_UNLIMITED UINT64_MAX

/* Table numbers. Below ENGINE_TABLE_FIRST they are reserved. */
enum {
	ENGINE_TABLE_REGISTRY = 1, /* storage's own */
	ENGINE_TABLE_CATALOG = 2,  /* always there, for the planner's schema */
	ENGINE_TABLE_FREED = 3,    /* storage's own: segments that may be
				      missing */
	ENGINE_TABLE_FIRST = 16
};

/* Opens the database on ${io}, which the engine owns from here on (also when
 * it fails).  A new one is made in an empty directory.  Fails with a message
 * that names file and offset, and changes nothing, when the directory holds
 * something else, another process has it, or anything is damaged. */
MUST_CHECK int engine_open(struct io *io, const struct engine_options *options,
			   struct engine **engine, struct error *error);

/* What opening found damaged and could do without, in words; NULL: nothing. */
const char *engine_warning(const struct engine *engine);

/* Makes durable what was written, records the clean end, frees everything
 * (also when it fails; NULL is fine).  Only where the io is broken for good, so
 * that the kernel may still be at work on it, memory and lock are left to the
 * end of the process. */
int engine_close(struct engine *engine, struct error *error);

/* Moves I/O and background work on; waits up to ${wait_us} (negative: as long
 * as it takes) when there is nothing to do yet.  Negative only when the io
 * itself is broken. */
MUST_CHECK int engine_poll(struct engine *engine, int64_t wait_us,
			   struct error *error);

/* Microseconds since 1970: strictly larger at each call, across restarts and
 * jumps of the clock too.  The default timestamp of a write. */
int64_t engine_timestamp_us(struct engine *engine);
/* Seconds since 1970 that never run backwards: what expiry is compared with. */
uint32_t engine_now_s(struct engine *engine);
void engine_random(struct engine *engine, void *bytes, size_t size);

/* ---- writing ---- */

enum engine_write_kind {
	ENGINE_WRITE_ROW = 1,
	ENGINE_WRITE_TOMBSTONE = 2,    /* value: when the server saw the
					  deletion is added by the engine */
	ENGINE_WRITE_CREATE_TABLE = 3, /* registers ${table}, from
					  engine_allocate_table */
	ENGINE_WRITE_DROP_TABLE = 4    /* retires ${table}: its rows are gone
					  in one step, the number never used
					  again */
};

struct engine_write {
	enum engine_write_kind kind;
	uint32_t table;
	struct slice key;      /* 1 … 65535 bytes */
	struct slice value;
	int64_t timestamp_us;  /* never INT64_MIN */
	bool is_explicit;      /* the timestamp is the user's own, not from
				  engine_timestamp_us */
	uint32_t expires_at_s; /* 0: never */
};

/* Appends all ${count} writes as one batch: all of them or none, also through
 * a crash.  A write whose timestamp is older than its key's version (or equal
 * to a tombstone's) is superseded already and not kept; between equal
 * timestamps otherwise the later call wins, so the caller settles ties first
 * (engine_find).  ${lsn} is set to what engine_commit() wants.
 *
 * ENGINE_PENDING: no room in the buffers yet; nothing was appended.
 * Fails, before anything is written: ERROR_INVALID for a row or batch that is
 * too large, ERROR_FULL for a full disk or size_max, ERROR_IO when an earlier
 * sync has failed (the engine is then read-only until it is opened again). */
MUST_CHECK int engine_write(struct engine *engine,
			    const struct engine_write *writes, size_t count,
			    uint64_t *lsn, struct error *error);

/* 0 once everything up to ${lsn} is durable by the sync mode. ENGINE_PENDING
 * before; the first call sends what is buffered on its way. */
MUST_CHECK int engine_commit(struct engine *engine, uint64_t lsn,
			     struct error *error);

/* The highest LSN given so far: commit it to make everything durable. */
uint64_t engine_last_lsn(const struct engine *engine);

/* Largest key + value of one row, bytes. */
uint32_t engine_row_size_max(const struct engine *engine);

/* A number for a table to be registered by ENGINE_WRITE_CREATE_TABLE; each
 * call gives another. */
uint32_t engine_allocate_table(struct engine *engine);

/* How long a table's tombstones are kept at least, seconds, where rows have
 * had explicit timestamps.  Not persistent: until it is told, 864000 in a table
 * that is new, for ever in one that was there when the database was opened. */
void engine_set_gc_grace(struct engine *engine, uint32_t table,
			 uint32_t gc_grace_s);

/* ---- reading ---- */

enum engine_row_state {
	ENGINE_ROW_ABSENT,
	ENGINE_ROW_LIVE,
	ENGINE_ROW_DELETED
};

struct engine_row {
	struct slice key;   /* in for engine_read, out for engine_scan_next */
	enum engine_row_state state; /* expired rows count as DELETED */
	int64_t token;
	int64_t timestamp_us;
	uint32_t expires_at_s;
	uint64_t lsn;       /* 0 when durable already; otherwise an answer that
			       shows this row must wait for its commit */
	struct slice value; /* LIVE: valid until the read is finished, or the
			       next engine_scan_next */
};

/* The newest version of a key without any I/O: state, timestamp, expiry, lsn;
 * no value. */
void engine_find(struct engine *engine, uint32_t table, struct slice key,
		 struct engine_row *row);

/* Reads ${count} keys of one table, all in flight together.  Zero-initialise,
 * set table, rows and count, fill in each row's key; call engine_read until
 * it is not PENDING; then engine_read_finish (which may be called at any
 * moment, and waits for what is in flight).  Duplicate keys are fine. */
struct engine_read {
	uint32_t table;
	struct engine_row *rows;
	size_t count;
	struct engine_read_state *state; /* the engine's */
};
MUST_CHECK int engine_read(struct engine *engine, struct engine_read *read,
			   struct error *error);
void engine_read_finish(struct engine *engine, struct engine_read *read);

/* Rows with first <= token <= last in the order of (token, key), tombstones
 * and expired rows left out, many reads in flight, memory bounded.  A scan
 * sees each key's version at some moment between open and now. */
struct engine_scan;
struct engine_scan_range {
	uint32_t table;
	int64_t first_token; /* inclusive; INT64_MIN: from the start */
	int64_t last_token;  /* inclusive */
	/* Continue behind this (token, key): where an earlier scan stopped.
	 * A null key: from first_token on. */
	int64_t after_token;
	struct slice after_key;
};
MUST_CHECK int engine_scan_open(struct engine *engine,
				const struct engine_scan_range *range,
				struct engine_scan **scan,
				struct error *error);
/* 0 with a row, ENGINE_PENDING, ENGINE_END, or negative. */
MUST_CHECK int engine_scan_next(struct engine_scan *scan,
				struct engine_row *row, struct error *error);
void engine_scan_close(struct engine_scan *scan);

/* Live rows with first <= token <= last, from the index alone.  ${lsn} is
 * raised to what the answer must wait for, as with engine_row.lsn. */
uint64_t engine_count(struct engine *engine, uint32_t table, int64_t first,
		      int64_t last, uint64_t *lsn);

/* ---- work in the background, on demand ---- */

/* Separates everything: afterwards each compaction group's rows stand
 * together, and dead space is free.  ENGINE_PENDING while it goes on;
 * engine_poll does the work, and writes and reads go on beside it.  ${progress}
 * (may be NULL) is filled in each time.  What can't be read, or what there is
 * no room to move, stays where it is: 0 all the same, and engine_get_statistics
 * tells of segments in quarantine.  Fails when memory runs out, and with what a
 * write has failed with. */
struct engine_progress {
	uint64_t done_bytes;
	uint64_t total_bytes; /* may grow */
};
MUST_CHECK int engine_compact(struct engine *engine,
			      struct engine_progress *progress,
			      struct error *error);
/* Gives it up: what was moved stays moved, nothing more is, until somebody
 * asks again.  Fine when none is under way. */
void engine_compact_cancel(struct engine *engine);

/* Takes a checkpoint now: ENGINE_PENDING until it is published. */
MUST_CHECK int engine_checkpoint(struct engine *engine, struct error *error);

/* Reads everything and compares it: each buffer and record, each index entry
 * with its record, checkpoints, manifest, the files' names and sizes.  The
 * database may be used meanwhile.  engine_check_next: 0 with a fault,
 * ENGINE_PENDING, ENGINE_END, or negative when it can't go on. */
struct engine_fault {
	const char *file; /* name in the directory; valid until the next call */
	uint64_t offset;  /* in it, bytes */
	const char *what; /* valid until the next call */
};
struct engine_check;
MUST_CHECK int engine_check_open(struct engine *engine,
				 struct engine_check **check,
				 struct error *error);
MUST_CHECK int engine_check_next(struct engine_check *check,
				 struct engine_fault *fault,
				 struct engine_progress *progress,
				 struct error *error);
void engine_check_close(struct engine_check *check);

/* ---- looking in ---- */

/* Keys and bytes count what is settled: a write from its commit on, a dropped
 * table's rows not any more as soon as it can't be seen. */
struct engine_statistics {
	uint64_t keys;               /* of all user tables; without tombstones,
					with rows that have expired */
	uint64_t live_bytes;         /* records that an index points at: the
					newest of each key, tombstones and
					expired rows too, of all tables */
	uint64_t dead_bytes;         /* other records: superseded ones, and all
					of a dropped table */
	uint64_t disk_bytes;         /* of segment files */
	uint64_t segments;
	uint64_t segments_free;
	uint64_t user_bytes_written; /* keys and values, since opening */
	uint64_t device_bytes_written;
	uint64_t buffers_written;
	uint64_t device_reads;
	uint64_t index_bytes;        /* of memory, dropped tables' until it is
					freed */
	uint64_t recovery_us;
	uint64_t recovered_records;
	uint64_t discarded_bytes;    /* of a torn tail, at opening */
	uint64_t cache_bytes;        /* of memory, its table included */
	uint64_t cache_hits;
	uint64_t cache_misses;
	uint64_t compactions;        /* victims whose records were moved */
	uint64_t segments_freed;     /* without having been read: all that
					they held was superseded */
	uint64_t moved_bytes;        /* of records */
	uint64_t separator_flushes;  /* moving buffers written */
	uint64_t separator_bytes;    /* of memory */
	uint64_t checkpoints;
	uint64_t checkpoint_bytes_written;
	uint64_t tombstones;
	uint64_t quarantined;        /* segments that couldn't be read */
	const char *io_name;         /* io_uring, pread, memory */
};
void engine_get_statistics(const struct engine *engine,
			   struct engine_statistics *statistics);

/* How many segments in use hold how much: counts[i] of those with live bytes
 * of i/10 up to (i+1)/10 of a segment, the last one with all of it too. */
enum { ENGINE_SHARES = 10 };
struct engine_segment_map {
	uint64_t mixed[ENGINE_SHARES];
	uint64_t full[ENGINE_SHARES];
	uint64_t run_segments;
	uint64_t free;
};
void engine_get_segment_map(const struct engine *engine,
			    struct engine_segment_map *map);

#endif
