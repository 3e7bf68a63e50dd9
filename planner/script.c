/* SPDX-License-Identifier: MIT
 *
 * A whole script in one call.  What it writes is committed together: before a
 * row is shown, and at the end. */
#include "planner/statement.h"

#include "parser/split.h"

struct script {
	struct logstor_session *session;
	struct slice text;
	size_t offset; /* of the statement that runs */
	logstor_row_callback on_row;
	void *context;
};

static int
commit_all(struct script *script)
{
	struct logstor_session *session = script->session;
	struct engine *engine = session->database->engine;
	uint64_t lsn = engine_last_lsn(engine);

	if (session->database->is_deferred || lsn == 0)
		return LOGSTOR_OK;
	session_begin_call(session);
	for (;;) {
		int result = engine_commit(engine, lsn, &session->error);

		if (result == 0)
			return LOGSTOR_OK;
		if (result > 0)
			result = session_wait(session, 0, &session->error);
		if (result < 0)
			return session_fail(session, SLICE_NULL);
	}
}

/* Errors count from the whole script, not from their statement. */
static int
relocate(struct script *script, int result)
{
	struct logstor_session *session = script->session;

	if (result >= 0 || !session->has_position)
		return result;
	session->error_offset += script->offset;
	session_locate(script->text, session->error_offset,
		       &session->error_line, &session->error_column);
	return result;
}

/* LOGSTOR_OK to go on, LOGSTOR_DONE when the callback has had enough. */
static int
run_statement(struct script *script, logstor_statement *statement)
{
	bool is_committed = false;

	for (;;) {
		int result = logstor_step(statement);

		if (result != LOGSTOR_ROW)
			return result == LOGSTOR_DONE ? LOGSTOR_OK :
							relocate(script,
								 result);
		if (script->on_row == NULL)
			continue;
		if (!is_committed) {
			result = commit_all(script);
			if (result < 0)
				return result;
			is_committed = true;
		}
		if (!script->on_row(script->context, statement))
			return LOGSTOR_DONE;
	}
}

/* In a script nobody can bind a value, and null would be a guess. */
static int
refuse_markers(struct logstor_statement *statement)
{
	struct logstor_session *session = statement->session;
	uint32_t count = statement->plan->marker_count;
	struct ast_place place = statement->plan->markers[0].place;

	session_begin_call(session);
	(void)error_at(&session->error, ERROR_INVALID, place.start,
		       place.size,
		       "the statement has %u bind marker%s and no value for "
		       "%s",
		       count, count == 1 ? "" : "s",
		       count == 1 ? "it" : "them");
	error_hint(&session->error,
		   "write the values, or prepare the statement and bind them");
	return session_fail(session, statement_text(statement));
}

static int
run_script(struct script *script)
{
	while (script->offset < script->text.size) {
		logstor_statement *statement;
		size_t tail;
		int result = logstor_prepare(
			script->session,
			(const char *)script->text.data + script->offset,
			(ptrdiff_t)(script->text.size - script->offset),
			&statement, &tail);

		if (result < 0)
			return relocate(script, result);
		if (statement != NULL &&
		    logstor_marker_count(statement) > 0) {
			result = relocate(script, refuse_markers(statement));
			logstor_finalize(statement);
			return result;
		}
		if (statement != NULL) {
			result = run_statement(script, statement);
			logstor_finalize(statement);
			if (result != LOGSTOR_OK)
				return result;
		}
		script->offset += tail;
	}
	return LOGSTOR_OK;
}

/* What ran before an error is committed all the same, and the error is what
 * is told. */
static int
end_script(struct script *script, int result)
{
	struct logstor_session *session = script->session;
	struct logstor_session told;
	int committed;

	if (result >= 0) {
		committed = commit_all(script);
		return committed < 0 ? committed : result;
	}
	told = *session;
	committed = commit_all(script);
	if (committed < 0)
		return committed;
	session->error = told.error;
	session->has_position = told.has_position;
	return result;
}

int
logstor_execute(logstor_session *session, const char *text,
		logstor_row_callback on_row, void *context)
{
	struct script script = { .session = session,
				 .on_row = on_row,
				 .context = context };
	bool was_in_script;
	bool was_blocking;
	int result;

	if (session == NULL || session->is_closed)
		return LOGSTOR_MISUSE;
	if (text == NULL)
		return session_misuse(session, "execute needs a text");
	script.text = slice_from_string(text);
	was_in_script = session->is_in_script;
	was_blocking = session->database->is_blocking;
	if (!was_in_script)
		session->interrupts_seen =
			atomic_load(&session->database->interrupt_count);
	session->is_in_script = true;
	session->database->is_blocking = true;
	/* As if the script were a statement: a callback that closes the
	 * session must not free it. */
	session->statement_count++;
	result = end_script(&script, run_script(&script));
	session->is_in_script = was_in_script;
	session->database->is_blocking = was_blocking;
	session->statement_count--;
	session_release(session);
	return result;
}

bool
logstor_complete(const char *text, size_t size, size_t *end, bool *is_empty)
{
	size_t start = 0;
	size_t split_end = 0;
	enum split split = SPLIT_EMPTY;

	if (text != NULL)
		split = split_statement(slice_make(text, size), &start,
					&split_end);
	if (end != NULL)
		*end = split_end;
	if (is_empty != NULL)
		*is_empty = split == SPLIT_EMPTY;
	return split == SPLIT_COMPLETE;
}
