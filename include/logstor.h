/* SPDX-License-Identifier: MIT
 *
 * logstor: CQL on a log-structured database directory, in your process.
 *
 *     logstor_database *database;
 *     logstor_session *session;
 *     logstor_statement *statement;
 *
 *     logstor_open("cities.db", NULL, &database);
 *     logstor_session_open(database, &session);
 *     logstor_execute(session, "USE geo", NULL, NULL);
 *     logstor_prepare(session, "SELECT name FROM city WHERE id = ?", -1,
 *                     &statement, NULL);
 *     logstor_bind_int64(statement, 0, 42);
 *     while (logstor_step(statement) == LOGSTOR_ROW)
 *             puts(logstor_column_text(statement, 0, LOGSTOR_TEXT, NULL));
 *     logstor_finalize(statement);
 *
 * Rules that hold everywhere:
 *
 * - Every function that can fail returns an enum logstor_result: LOGSTOR_OK
 *   (0), LOGSTOR_ROW, LOGSTOR_DONE and LOGSTOR_PENDING are positive or zero;
 *   errors are negative.  The message is then at logstor_error_message() of
 *   the session (of the database for logstor_open and database calls) until
 *   its next call.
 * - A database, its sessions and statements are used by one thread.  Only
 *   logstor_interrupt() may be called from elsewhere.
 * - After a fork they are the parent's.  In the child they can be released,
 *   and calls that need the files fail: nothing it does reaches them.
 * - Text is UTF-8; sizes are in bytes; a size of -1 means "up to the NUL".
 *   Pointers that come out are owned by the library and live until the next
 *   step, reset or finalize of their statement unless said otherwise.  What
 *   goes in is copied.
 * - NULL is accepted where a database, session or statement is released.
 * - No function ends the process, prints, or touches signals. */
#ifndef LOGSTOR_H
#define LOGSTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LOGSTOR_API __attribute__((visibility("default")))
#else
#define LOGSTOR_API
#endif

typedef struct logstor_database logstor_database;
typedef struct logstor_session logstor_session;
typedef struct logstor_statement logstor_statement;

enum logstor_result {
	LOGSTOR_OK = 0,
	LOGSTOR_ROW = 1,     /* step: a row is ready */
	LOGSTOR_DONE = 2,    /* step: no more rows (of this page) */
	LOGSTOR_PENDING = 3, /* non-blocking: call logstor_poll, then again */
	LOGSTOR_ERROR = -1,  /* the statement failed: logstor_error_code() */
	LOGSTOR_MISUSE = -2  /* the call is not allowed here */
};

/* CQL's error codes (native protocol), as logstor_error_code() returns. */
enum logstor_error_code {
	LOGSTOR_ERROR_NONE = -1,
	LOGSTOR_ERROR_SERVER = 0x0000,       /* I/O, damage, interrupts */
	LOGSTOR_ERROR_PROTOCOL = 0x000A,     /* misuse of the API */
	LOGSTOR_ERROR_OVERLOADED = 0x1001,   /* no room: disk, size limit, or
						memory */
	LOGSTOR_ERROR_FUNCTION = 0x1400,
	LOGSTOR_ERROR_SYNTAX = 0x2000,
	LOGSTOR_ERROR_INVALID = 0x2200,
	LOGSTOR_ERROR_CONFIG = 0x2300,
	LOGSTOR_ERROR_EXISTS = 0x2400
};

LOGSTOR_API const char *logstor_version(void); /* "0.1.0" */

/* ---- a database ---- */

enum logstor_sync {
	LOGSTOR_SYNC_FULL = 0,  /* committed is on stable storage (default) */
	LOGSTOR_SYNC_GROUP = 1, /* … within 10 ms */
	LOGSTOR_SYNC_OFF = 2    /* … when the system likes */
};

/* Zeroed fields are defaults.  Set size to sizeof(struct logstor_options):
 * later versions append fields. */
struct logstor_options {
	size_t size;
	enum logstor_sync sync;
	/* Never writes to the directory.  There may be any number of readers,
	 * or one writer: who comes in the way of the others is refused. */
	bool read_only;
	bool must_exist;        /* fail rather than make a new database */
	uint32_t segment_size;  /* bytes; of a new database; default 128 KiB */
	uint32_t file_segments; /* of a new database; default 256 */
	/* Bytes of data files.  The database keeps it: 0 is what it has, or
	 * none for a new one; LOGSTOR_SIZE_UNLIMITED lifts it.  Deletions that
	 * find no room go beyond it by four segments, once.  Three checkpoints
	 * come on top, of at most 50 bytes a row each. */
	uint64_t size_max;
	bool no_io_uring;       /* use pread and pwrite */
	uint64_t cache_size;    /* bytes of memory for rows; default 64 MiB,
				   LOGSTOR_CACHE_NONE: none */
	/* Bytes of rows that may wait in memory to be put beside their
	 * neighbours; default 32 MiB. */
	uint64_t separator_size;
	/* Bytes that are written between two checkpoints, at least; default
	 * 64 MiB.  Less makes opening after a crash faster, and writes more. */
	uint64_t checkpoint_size;
	/* Puts rows beside their neighbours at once, not when their space is
	 * reclaimed: scans are faster, and each row is written twice. */
	bool eager_separation;
};

#define LOGSTOR_CACHE_NONE UINT64_MAX
#define LOGSTOR_SIZE_UNLIMITED UINT64_MAX

/* Opens the directory ${path}, making a database there when it is missing or
 * empty; a NULL path is a database in memory.  On failure *database is still
 * set (unless memory ran out) so that its message can be read; close it.
 *
 * Each file, of 32 MiB by default, takes two descriptors.  Where the process
 * may have no more (RLIMIT_NOFILE, which is left alone) the database is
 * full. */
LOGSTOR_API int logstor_open(const char *path,
			     const struct logstor_options *options,
			     logstor_database **database);

/* Finalizes nothing: statements and sessions must be gone, otherwise it
 * returns LOGSTOR_MISUSE and the database stays open.  Makes everything
 * durable.  The database is freed also when that fails; the message then goes
 * into ${message} (may be NULL), cut to ${size} bytes with its NUL. */
LOGSTOR_API int logstor_close(logstor_database *database, char *message,
			      size_t size);

LOGSTOR_API const char *logstor_database_error(
	const logstor_database *database);

/* What to do about it; empty when there is nothing to say. */
LOGSTOR_API const char *logstor_database_hint(
	const logstor_database *database);

/* What opening found damaged and could do without, in words, for who looks
 * after the database; NULL when nothing was.  It is told once: a writer then
 * puts something whole in its place. */
LOGSTOR_API const char *logstor_open_warning(
	const logstor_database *database);

/* Makes all sessions' statements so far durable.  Blocks, or returns
 * LOGSTOR_PENDING in non-blocking mode. */
LOGSTOR_API int logstor_commit(logstor_database *database);

/* Deferred: a statement is done when it is visible, and durable only after
 * logstor_commit().  What is read or printed before isn't promised to
 * survive.  Off at first. */
LOGSTOR_API void logstor_set_deferred_commit(logstor_database *database,
					     bool is_deferred);

/* Non-blocking: steps and commits return LOGSTOR_PENDING instead of waiting.
 * Off at first. */
LOGSTOR_API void logstor_set_blocking(logstor_database *database,
				      bool is_blocking);

/* Moves all I/O on, waiting up to ${wait_us} microseconds (0: not, negative:
 * until something completes). */
LOGSTOR_API int logstor_poll(logstor_database *database, int64_t wait_us);

/* Ends the running statement with an error as soon as it can; safe in a
 * signal handler and from other threads. */
LOGSTOR_API void logstor_interrupt(logstor_database *database);

/* Called now and then while a call works; returning true interrupts it. */
typedef bool (*logstor_progress)(void *context, uint64_t rows_done);
LOGSTOR_API void logstor_set_progress(logstor_database *database,
				      logstor_progress progress,
				      void *context);
/* In the callback: how far a CHECK or COMPACT has come, in bytes of which the
 * total may still grow; zeros for other statements. */
LOGSTOR_API void logstor_progress_bytes(const logstor_database *database,
					uint64_t *done, uint64_t *total);

/* As SHOW STORAGE tells them (docs/language.md): what is there, and counts
 * since opening. */
struct logstor_statistics {
	size_t size; /* set to sizeof(struct logstor_statistics) */
	uint64_t keys, live_bytes, dead_bytes, disk_bytes;
	uint64_t segments, segments_free;
	uint64_t user_bytes_written, device_bytes_written, buffers_written;
	uint64_t device_reads, index_bytes;
	uint64_t recovery_us, recovered_records, discarded_bytes;
	const char *io_name;
	uint64_t cache_bytes, cache_hits, cache_misses;
	uint64_t compactions, segments_freed, moved_bytes;
	uint64_t separator_flushes, separator_bytes;
	uint64_t checkpoints, checkpoint_bytes_written;
	uint64_t tombstones, segments_quarantined;
};
LOGSTOR_API int logstor_stats(logstor_database *database,
			      struct logstor_statistics *statistics);

/* ---- sessions: a keyspace in use and an error ---- */

LOGSTOR_API int logstor_session_open(logstor_database *database,
				     logstor_session **session);
/* A session that still has statements is freed with the last of them. */
LOGSTOR_API void logstor_session_close(logstor_session *session);
LOGSTOR_API logstor_database *logstor_session_database(
	const logstor_session *session);
/* The keyspace in use, or NULL. */
LOGSTOR_API const char *logstor_session_keyspace(
	const logstor_session *session);

/* About the session's last failed call. */
LOGSTOR_API enum logstor_error_code logstor_error_code(
	const logstor_session *session);
/* InvalidRequest, SyntaxException, … as cqlsh names the code. */
LOGSTOR_API const char *logstor_error_name(const logstor_session *session);
LOGSTOR_API const char *logstor_error_message(const logstor_session *session);
LOGSTOR_API const char *logstor_error_hint(const logstor_session *session);
/* Where in the text given to prepare or execute: false when nowhere.  Offset
 * and size are bytes; line and column count from 1, columns in code points. */
LOGSTOR_API bool logstor_error_position(const logstor_session *session,
					size_t *offset, size_t *size,
					uint32_t *line, uint32_t *column);

/* ---- statements ---- */

/* Prepares the first statement of ${text}.  ${tail} (may be NULL) is set to
 * the offset where the next one begins, also after an error.  An empty text
 * gives LOGSTOR_OK and a NULL statement. */
LOGSTOR_API int logstor_prepare(logstor_session *session, const char *text,
				ptrdiff_t size, logstor_statement **statement,
				size_t *tail);

/* Runs every statement of ${text}, calling ${on_row} (may be NULL) for each
 * row; stops at the first error.  A bind marker is one, since nobody could
 * have bound it.  on_row returns true to go on; when it
 * doesn't, the script ends with LOGSTOR_DONE.  Always blocks.  Unless commits
 * are deferred, what the script wrote is durable before a row is shown and
 * when the call returns, but not after each statement. */
typedef bool (*logstor_row_callback)(void *context,
				     logstor_statement *statement);
LOGSTOR_API int logstor_execute(logstor_session *session, const char *text,
				logstor_row_callback on_row, void *context);

/* Is ${text} a whole statement (true), or does it need more?  ${end} is the
 * offset behind its semicolon, ${is_empty} tells of blanks and comments (for
 * which it returns false).  Both may be NULL. */
LOGSTOR_API bool logstor_complete(const char *text, size_t size, size_t *end,
				  bool *is_empty);

/* LOGSTOR_ROW, LOGSTOR_DONE, LOGSTOR_PENDING or an error.  After DONE or an
 * error the next step starts over (as after reset).  Unless commits are
 * deferred, rows and DONE come only when what they tell of is durable. */
LOGSTOR_API int logstor_step(logstor_statement *statement);
/* Ends an execution; bindings stay. */
LOGSTOR_API int logstor_reset(logstor_statement *statement);
LOGSTOR_API void logstor_finalize(logstor_statement *statement);
LOGSTOR_API logstor_session *logstor_statement_session(
	const logstor_statement *statement);

/* What kind of statement it is, for a shell or server. */
enum logstor_statement_kind {
	LOGSTOR_STATEMENT_SELECT = 1, /* also EXPLAIN: has rows */
	LOGSTOR_STATEMENT_MODIFY = 2, /* INSERT, DELETE, … */
	LOGSTOR_STATEMENT_SCHEMA = 3,
	LOGSTOR_STATEMENT_USE = 4,
	LOGSTOR_STATEMENT_DESCRIBE = 5,
	LOGSTOR_STATEMENT_CHECK = 6,   /* a row for each fault; none: sound */
	LOGSTOR_STATEMENT_COMPACT = 7, /* a row, when it is done */
	LOGSTOR_STATEMENT_STORAGE = 8  /* SHOW STORAGE: a row */
};
LOGSTOR_API enum logstor_statement_kind logstor_statement_kind(
	const logstor_statement *statement);
/* A conditional statement: answers with [applied]. */
LOGSTOR_API bool logstor_statement_is_conditional(
	const logstor_statement *statement);

/* ---- markers ---- */

enum logstor_type {
	LOGSTOR_ASCII = 0x01, LOGSTOR_BIGINT = 0x02, LOGSTOR_BLOB = 0x03,
	LOGSTOR_BOOLEAN = 0x04, LOGSTOR_COUNTER = 0x05, LOGSTOR_DECIMAL = 0x06,
	LOGSTOR_DOUBLE = 0x07, LOGSTOR_FLOAT = 0x08, LOGSTOR_INT = 0x09,
	LOGSTOR_TIMESTAMP = 0x0B, LOGSTOR_UUID = 0x0C, LOGSTOR_TEXT_TYPE = 0x0D,
	LOGSTOR_VARINT = 0x0E, LOGSTOR_TIMEUUID = 0x0F, LOGSTOR_INET = 0x10,
	LOGSTOR_DATE = 0x11, LOGSTOR_TIME = 0x12, LOGSTOR_SMALLINT = 0x13,
	LOGSTOR_TINYINT = 0x14, LOGSTOR_DURATION = 0x15, LOGSTOR_LIST = 0x20,
	LOGSTOR_MAP = 0x21, LOGSTOR_SET = 0x22, LOGSTOR_TUPLE = 0x31
};

LOGSTOR_API uint32_t logstor_marker_count(const logstor_statement *statement);
/* A marker's name without its colon; for ? the name that CQL reports (the
 * column's, "[limit]", "[ttl]", …). */
LOGSTOR_API const char *logstor_marker_name(const logstor_statement *statement,
					    uint32_t index);
/* -1 when there is none of that name. */
LOGSTOR_API int32_t logstor_marker_index(const logstor_statement *statement,
					 const char *name);
LOGSTOR_API enum logstor_type logstor_marker_type(
	const logstor_statement *statement, uint32_t index);
/* CQL's spelling of the type: "map<text, int>". */
LOGSTOR_API const char *logstor_marker_type_name(
	const logstor_statement *statement, uint32_t index);
/* Which part of the partition key the marker gives (0 …), or -1. */
LOGSTOR_API int32_t logstor_marker_key_part(const logstor_statement *statement,
					    uint32_t index);

/* Values stay bound until rebound, also when the schema changes and the
 * statement is planned again, unless the marker's type has changed.  A marker
 * never bound is unset.  Numbers fit every numeric type that can hold them
 * (timestamps, dates and times too, in CQL's units); text is parsed as a
 * literal of types that CQL writes as strings, and of uuids.  Not while the
 * statement runs: reset it first. */
LOGSTOR_API int logstor_bind_null(logstor_statement *, uint32_t index);
LOGSTOR_API int logstor_bind_unset(logstor_statement *, uint32_t index);
LOGSTOR_API int logstor_bind_bool(logstor_statement *, uint32_t index,
				  bool value);
LOGSTOR_API int logstor_bind_int64(logstor_statement *, uint32_t index,
				   int64_t value);
LOGSTOR_API int logstor_bind_double(logstor_statement *, uint32_t index,
				    double value);
LOGSTOR_API int logstor_bind_text(logstor_statement *, uint32_t index,
				  const char *text, ptrdiff_t size);
LOGSTOR_API int logstor_bind_blob(logstor_statement *, uint32_t index,
				  const void *bytes, size_t size);
/* CQL's wire encoding of the marker's type, validated. */
LOGSTOR_API int logstor_bind_raw(logstor_statement *, uint32_t index,
				 const void *bytes, size_t size);
LOGSTOR_API int logstor_clear_bindings(logstor_statement *);
/* The timestamp (µs) of the next executions instead of the clock's; INT64_MIN
 * for the clock's again.  USING TIMESTAMP in the text goes before it. */
LOGSTOR_API void logstor_set_timestamp(logstor_statement *,
				       int64_t timestamp_us);

/* ---- columns of the result ---- */

/* While there is a row, its columns.  A conditional statement answers with
 * [applied] alone, or with [applied] and the row that was in its way: which
 * of them is known with its row; before, the count is the most that may
 * come. */
LOGSTOR_API uint32_t logstor_column_count(const logstor_statement *statement);
LOGSTOR_API const char *logstor_column_name(const logstor_statement *statement,
					    uint32_t index);
LOGSTOR_API enum logstor_type logstor_column_type(
	const logstor_statement *statement, uint32_t index);
LOGSTOR_API const char *logstor_column_type_name(
	const logstor_statement *statement, uint32_t index);
/* Part of the table's partition key?  For colours and metadata. */
LOGSTOR_API bool logstor_column_is_key(const logstor_statement *statement,
				       uint32_t index);
LOGSTOR_API const char *logstor_column_keyspace(
	const logstor_statement *statement, uint32_t index);
LOGSTOR_API const char *logstor_column_table(
	const logstor_statement *statement, uint32_t index);
/* Counts changes of the columns: when a schema change made the statement
 * re-plan with other columns, this number has grown. */
LOGSTOR_API uint64_t logstor_metadata_version(
	const logstor_statement *statement);

/* Of the current row. Typed readers convert between numbers, and give 0 for
 * null and for what they can't convert. */
LOGSTOR_API bool logstor_column_is_null(logstor_statement *, uint32_t index);
LOGSTOR_API bool logstor_column_bool(logstor_statement *, uint32_t index);
LOGSTOR_API int64_t logstor_column_int64(logstor_statement *, uint32_t index);
LOGSTOR_API double logstor_column_double(logstor_statement *, uint32_t index);
/* CQL's wire encoding, borrowed; NULL for null. */
LOGSTOR_API const void *logstor_column_raw(logstor_statement *,
					   uint32_t index, size_t *size);

enum logstor_text_form {
	LOGSTOR_TEXT = 0,    /* text and dates bare, the rest as a literal */
	LOGSTOR_LITERAL = 1, /* a CQL literal that reads back */
	LOGSTOR_DISPLAY = 2, /* what cqlsh prints */
	LOGSTOR_JSON = 3
};
/* The value as NUL-terminated text (which may hold NULs inside: see ${size},
 * which may be NULL). NULL only when memory ran out. Lives until the next
 * step. */
LOGSTOR_API const char *logstor_column_text(logstor_statement *,
					    uint32_t index,
					    enum logstor_text_form form,
					    size_t *size);

/* ---- paging ---- */

/* At most ${rows} rows of a SELECT before LOGSTOR_DONE (0: all).  When
 * logstor_paging_state() is then not NULL there are more, and stepping again
 * with that state set returns them.  The state is opaque, fits the same
 * statement only, is validated, and may be kept and sent anywhere.
 *
 * CHECK, DESCRIBE, EXPLAIN and SHOW STORAGE have pages too; each runs anew for
 * its next page, and leaves out as many rows as were given: for CHECK, that is
 * reading everything again. */
LOGSTOR_API int logstor_set_page(logstor_statement *, uint32_t rows,
				 const void *state, size_t size);
LOGSTOR_API const void *logstor_paging_state(const logstor_statement *,
					     size_t *size);

/* ---- salvage ---- */

/* What logstor_salvage tells while it works, each NULL or a function, and what
 * came out of it. */
struct logstor_salvage {
	size_t size; /* set to sizeof(struct logstor_salvage) */
	void *context;
	/* Something is lost, or may be: where, and why; one call for each
	 * stretch of a file.  Without a file it is about the schema; an offset
	 * of UINT64_MAX is none. */
	void (*on_fault)(void *context, const char *file, uint64_t offset,
			 const char *fault);
	/* A table of the new database, and how many rows it has. */
	void (*on_table)(void *context, const char *keyspace,
			 const char *table, uint64_t rows);
	/* Now and then, in bytes that were looked at, of which the total may
	 * change; true ends it. */
	bool (*on_progress)(void *context, uint64_t done, uint64_t total);
	bool no_io_uring; /* use pread and pwrite */
	/* Out. */
	uint64_t tables, rows, faults;
	/* Deletions that had been carried out for good were forgotten, as is
	 * right: rows that they removed may be there again. */
	bool deleted_may_return;
	/* In: something was damaged that holds no rows (the manifest, a
	 * checkpoint): nothing is lost by it.  Arguments as of on_fault. */
	void (*on_note)(void *context, const char *file, uint64_t offset,
			const char *note);
	/* Out. */
	uint64_t notes;
	uint64_t bytes; /* keys and values of the rows that were saved */
};

/* Saves every intact row of the damaged database ${from} in a new database
 * ${to}, a directory that is empty or not there.  Nothing is written to
 * ${from}.  LOGSTOR_OK also when something was lost: then salvage->faults is
 * not 0.  Otherwise the message goes into ${message} (may be NULL), cut to
 * ${size} bytes with its NUL, and ${to} is as it was before.  Until all is
 * saved, a file in ${to} marks it as unfinished, and it doesn't open: if the
 * process is killed, remove it and salvage again. */
LOGSTOR_API int logstor_salvage(const char *from, const char *to,
				struct logstor_salvage *salvage,
				char *message, size_t size);

/* ---- names, for completion ---- */

enum logstor_name_kind {
	LOGSTOR_NAME_KEYSPACE, LOGSTOR_NAME_TABLE, LOGSTOR_NAME_COLUMN,
	LOGSTOR_NAME_TYPE, LOGSTOR_NAME_FUNCTION, LOGSTOR_NAME_KEYWORD,
	LOGSTOR_NAME_TABLE_OPTION
};
/* Calls ${visit} for each name of a kind, in order: tables of ${keyspace}
 * (NULL: the one in use), columns of ${table}.  Stops when it returns
 * false. */
LOGSTOR_API int logstor_names(logstor_session *session,
			      enum logstor_name_kind kind,
			      const char *keyspace, const char *table,
			      bool (*visit)(void *context, const char *name),
			      void *context);

#ifdef __cplusplus
}
#endif

#endif
