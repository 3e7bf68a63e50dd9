/* SPDX-License-Identifier: MIT
 *
 * What stands behind the opaque structs of include/logstor.h: a database
 * (engine and catalog), its sessions, and their errors.  The functions of the
 * header are in database.c, session.c, statement.c, bind_value.c (values into
 * markers), column.c (values out of rows) and names.c. */
#ifndef PLANNER_SESSION_H
#define PLANNER_SESSION_H

#include "base/buffer.h"
#include "base/error.h"
#include "include/logstor.h"
#include "planner/catalog.h"
#include "storage/engine.h"

#include <stdatomic.h>

struct logstor_database {
	struct engine *engine;
	struct catalog catalog;
	bool is_read_only;
	bool is_deferred;     /* logstor_set_deferred_commit */
	bool is_blocking;
	/* Calls of logstor_interrupt(): an execution notes the number when it
	 * begins and ends when it is another, so that nothing has to be reset
	 * and an interrupt ends all that runs, nothing that comes later. */
	atomic_uint interrupt_count;
	logstor_progress progress;
	void *progress_context;
	uint32_t progress_ticks; /* checks since the progress was last told */
	struct engine_progress work; /* of the statement that tells it */
	uint32_t compact_count;  /* COMPACT statements that run */
	uint32_t session_count;  /* closed ones with statements left too */
	/* Writes that settled equal timestamps: while it stands still, a live
	 * row with an unchanged timestamp is unchanged (execute_write.c). */
	uint64_t tie_count;
	uint8_t node[8];         /* of now()'s uuids: random for each opening */
	struct error error;
};

struct logstor_session {
	struct logstor_database *database;
	struct buffer keyspace; /* name and NUL; empty: none in use */
	uint32_t statement_count;
	bool is_closed;         /* freed with its last statement */
	unsigned interrupts_seen; /* by the execution that is in a call now */
	struct engine_progress work; /* of CHECK and COMPACT, so far */
	bool is_in_script; /* logstor_execute(): statements are committed
			      together and interrupted together */
	struct logstor_statement *spare; /* finalized, to be used again */
	uint32_t spare_count;
	/* Set by who puts the first one there, who knows what they are. */
	void (*destroy_spare)(struct logstor_session *session);
	struct buffer scratch;  /* where binding and evaluation build values */
	struct error error;
	/* where error.position points, counted in the text given to prepare */
	bool has_position;
	size_t error_offset;
	uint32_t error_line;
	uint32_t error_column;
};

/* The keyspace in use, or a null slice. */
struct slice session_keyspace(const struct logstor_session *session);

/* What every call that can fail begins with: forgets the last error. */
void session_begin_call(struct logstor_session *session);

/* The result for the caller of the API: LOGSTOR_ERROR or LOGSTOR_MISUSE, with
 * the error's position counted as line and column in ${text}, whose first
 * byte is what error->position counts from. */
int session_fail(struct logstor_session *session, struct slice text);
/* The same for a call that is not allowed. */
int session_misuse(struct logstor_session *session, const char *message);

/* Line and column (code points), both from 1, of a byte of ${text}. */
void session_locate(struct slice text, size_t offset, uint32_t *line,
		    uint32_t *column);

/* Frees a closed session once its last statement is gone. */
void session_release(struct logstor_session *session);

/* Negative with ERROR_CANCELLED once logstor_interrupt() was called or the
 * progress callback said so; asked between rows. */
MUST_CHECK int session_check_interrupt(struct logstor_session *session,
				       uint64_t rows_done,
				       struct error *error);

/* The engine's figures count what is committed: ENGINE_PENDING until that is
 * everything, then 0.  What can't be committed is told to who asks for that,
 * not here. */
int session_settle(struct logstor_session *session);

/* Moves the engine on, waiting a moment; fails as the check does. */
MUST_CHECK int session_wait(struct logstor_session *session,
			    uint64_t rows_done, struct error *error);

#endif
