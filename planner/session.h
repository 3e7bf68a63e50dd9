/* SPDX-License-Identifier: MIT
 *
 * What stands behind the opaque structs of include/logstor.h: a database
 * (engine and catalog), its sessions, and their errors.  The functions of the
 * header are in database.c, session.c, statement.c, bind.c (values into
 * markers) and column.c (values out of rows). */
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
	atomic_bool is_interrupted;
	logstor_progress progress;
	void *progress_context;
	uint32_t session_count;
	struct error error;
};

struct logstor_session {
	struct logstor_database *database;
	struct buffer keyspace; /* name and NUL; empty: none in use */
	uint32_t statement_count;
	struct error error;
	/* where error.position points, counted in the text given to prepare */
	bool has_position;
	size_t error_offset;
	uint32_t error_line;
	uint32_t error_column;
};

/* The keyspace in use, or a null slice. */
struct slice session_keyspace(const struct logstor_session *session);

/* Negative with ERROR_CANCELLED once logstor_interrupt() was called or the
 * progress callback said so; asked between rows. */
MUST_CHECK int session_check_interrupt(struct logstor_session *session,
				       uint64_t rows_done,
				       struct error *error);

#endif
