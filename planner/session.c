/* SPDX-License-Identifier: MIT */
#include "planner/session.h"

#include "base/utf8.h"

#include <stdlib.h>

/* How many checks pass between two calls of the progress callback; a wait,
 * which may be long, counts as many. */
enum { PROGRESS_INTERVAL = 256, PROGRESS_WAIT = 64 };

/* How long a wait is, so that an interrupt is noticed soon. */
enum { WAIT_US = 50 * 1000 };

int
logstor_session_open(logstor_database *database, logstor_session **session)
{
	struct logstor_session *opened;

	if (session == NULL)
		return LOGSTOR_MISUSE;
	*session = NULL;
	if (database == NULL || database->engine == NULL)
		return LOGSTOR_MISUSE;
	opened = calloc(1, sizeof(*opened));
	if (opened == NULL) {
		(void)error_no_memory(&database->error);
		return LOGSTOR_ERROR;
	}
	opened->database = database;
	opened->error = ERROR_INIT;
	opened->interrupts_seen = atomic_load(&database->interrupt_count);
	database->session_count++;
	*session = opened;
	return LOGSTOR_OK;
}

void
session_release(struct logstor_session *session)
{
	if (!session->is_closed || session->statement_count > 0)
		return;
	if (session->spare != NULL)
		session->destroy_spare(session);
	session->database->session_count--;
	buffer_finish(&session->keyspace);
	buffer_finish(&session->scratch);
	free(session);
}

void
logstor_session_close(logstor_session *session)
{
	if (session == NULL)
		return;
	session->is_closed = true;
	session_release(session);
}

logstor_database *
logstor_session_database(const logstor_session *session)
{
	return session == NULL ? NULL : session->database;
}

struct slice
session_keyspace(const struct logstor_session *session)
{
	if (session->keyspace.size == 0)
		return SLICE_NULL;
	return slice_make(session->keyspace.data, session->keyspace.size - 1);
}

const char *
logstor_session_keyspace(const logstor_session *session)
{
	if (session == NULL || session->keyspace.size == 0)
		return NULL;
	return (const char *)session->keyspace.data;
}

/* ---- waiting and being interrupted ---- */

static int
check_progress(struct logstor_session *session, uint64_t rows_done,
	       struct error *error)
{
	struct logstor_database *database = session->database;

	database->work = session->work;
	if (database->progress == NULL ||
	    !database->progress(database->progress_context, rows_done))
		return 0;
	return error_set(error, ERROR_CANCELLED,
			 "the statement was interrupted");
}

int
session_check_interrupt(struct logstor_session *session, uint64_t rows_done,
			struct error *error)
{
	struct logstor_database *database = session->database;

	if (atomic_load_explicit(&database->interrupt_count,
				 memory_order_relaxed) !=
	    session->interrupts_seen)
		return error_set(error, ERROR_CANCELLED,
				 "the statement was interrupted");
	if (++database->progress_ticks < PROGRESS_INTERVAL)
		return 0;
	database->progress_ticks = 0;
	return check_progress(session, rows_done, error);
}

int
session_settle(struct logstor_session *session)
{
	struct engine *engine = session->database->engine;
	struct error ignored = ERROR_INIT;
	uint64_t lsn = engine_last_lsn(engine);

	if (lsn == 0 || engine_commit(engine, lsn, &ignored) <= 0)
		return 0;
	return ENGINE_PENDING;
}

int
session_wait(struct logstor_session *session, uint64_t rows_done,
	     struct error *error)
{
	int result = engine_poll(session->database->engine, WAIT_US, error);

	if (result < 0)
		return result;
	session->database->progress_ticks += PROGRESS_WAIT;
	return session_check_interrupt(session, rows_done, error);
}

/* ---- errors ---- */

void
session_begin_call(struct logstor_session *session)
{
	struct error *error = &session->error;

	error->code = ERROR_NONE;
	error->position = ERROR_NO_POSITION;
	error->message[0] = '\0';
	error->hint[0] = '\0';
	session->has_position = false;
}

void
session_locate(struct slice text, size_t offset, uint32_t *line,
	       uint32_t *column)
{
	size_t line_start = 0;

	*line = 1;
	for (size_t i = 0; i < offset; i++) {
		if (text.data[i] == '\n') {
			(*line)++;
			line_start = i + 1;
		}
	}
	*column = (uint32_t)utf8_count(slice_make(text.data + line_start,
						  offset - line_start)) +
		  1;
}

int
session_fail(struct logstor_session *session, struct slice text)
{
	const struct error *error = &session->error;

	if (error->code == ERROR_MISUSE)
		return LOGSTOR_MISUSE;
	if (error->position != ERROR_NO_POSITION &&
	    error->position <= text.size) {
		session->has_position = true;
		session->error_offset = error->position;
		session_locate(text, error->position, &session->error_line,
			       &session->error_column);
	}
	return LOGSTOR_ERROR;
}

int
session_misuse(struct logstor_session *session, const char *message)
{
	session_begin_call(session);
	(void)error_set(&session->error, ERROR_MISUSE, "%s", message);
	return LOGSTOR_MISUSE;
}

enum logstor_error_code
logstor_error_code(const logstor_session *session)
{
	static const enum logstor_error_code codes[] = {
		[ERROR_NONE] = LOGSTOR_ERROR_NONE,
		[ERROR_IO] = LOGSTOR_ERROR_SERVER,
		[ERROR_CORRUPT] = LOGSTOR_ERROR_SERVER,
		[ERROR_SYNTAX] = LOGSTOR_ERROR_SYNTAX,
		[ERROR_INVALID] = LOGSTOR_ERROR_INVALID,
		[ERROR_CONFIG] = LOGSTOR_ERROR_CONFIG,
		[ERROR_FUNCTION] = LOGSTOR_ERROR_FUNCTION,
		[ERROR_EXISTS] = LOGSTOR_ERROR_EXISTS,
		[ERROR_FULL] = LOGSTOR_ERROR_OVERLOADED,
		[ERROR_CANCELLED] = LOGSTOR_ERROR_SERVER,
		[ERROR_BUSY] = LOGSTOR_ERROR_SERVER,
		[ERROR_MISUSE] = LOGSTOR_ERROR_PROTOCOL,
	};

	if (session == NULL)
		return LOGSTOR_ERROR_PROTOCOL;
	return codes[session->error.code];
}

const char *
logstor_error_name(const logstor_session *session)
{
	switch (logstor_error_code(session)) {
	case LOGSTOR_ERROR_NONE:
		return "";
	case LOGSTOR_ERROR_PROTOCOL:
		return "ProtocolException";
	case LOGSTOR_ERROR_OVERLOADED:
		return "Overloaded";
	case LOGSTOR_ERROR_FUNCTION:
		return "FunctionFailure";
	case LOGSTOR_ERROR_SYNTAX:
		return "SyntaxException";
	case LOGSTOR_ERROR_INVALID:
		return "InvalidRequest";
	case LOGSTOR_ERROR_CONFIG:
		return "ConfigurationException";
	case LOGSTOR_ERROR_EXISTS:
		return "AlreadyExists";
	case LOGSTOR_ERROR_SERVER:
		break;
	}
	return "ServerError";
}

const char *
logstor_error_message(const logstor_session *session)
{
	return session == NULL ? "no session" : session->error.message;
}

const char *
logstor_error_hint(const logstor_session *session)
{
	return session == NULL ? "" : session->error.hint;
}

bool
logstor_error_position(const logstor_session *session, size_t *offset,
		       size_t *size, uint32_t *line, uint32_t *column)
{
	if (session == NULL || !session->has_position)
		return false;
	if (offset != NULL)
		*offset = session->error_offset;
	if (size != NULL)
		*size = session->error.size > 0 ? session->error.size : 1;
	if (line != NULL)
		*line = session->error_line;
	if (column != NULL)
		*column = session->error_column;
	return true;
}
