/* SPDX-License-Identifier: MIT */
#include "tests/oracle/subject.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_SIZE = 6, PATH_MAX_SIZE = 512 };

/* A statement that was prepared earlier and is executed again. */
struct cached {
	struct buffer text;
	logstor_statement *statement;
};

struct subject {
	struct subject_options options;
	char path[PATH_MAX_SIZE];
	logstor_database *database;
	logstor_session *session;
	struct cached cache[CACHE_SIZE];
	unsigned cache_next;
};

static void
set_error(struct result *result, int code, const char *message)
{
	result->error_code = code;
	result->message = arena_copy(&result->arena,
				     slice_from_string(message));
	result->row_count = 0;
	result->column_count = 0;
}

static void
set_session_error(struct subject *subject, struct result *result)
{
	set_error(result, (int)logstor_error_code(subject->session),
		  logstor_error_message(subject->session));
	/* Code 0 is an error too, and none is not. */
	if (result->error_code == 0)
		result->error_code = -1;
}

/* ---- life ---- */

static bool
open_database(struct subject *subject, struct result *result)
{
	struct logstor_options options = {
		.size = sizeof(options),
		.sync = subject->options.sync,
		.no_io_uring = subject->options.is_without_uring,
		.segment_size = subject->options.segment_size,
		.file_segments = subject->options.file_segments,
	};
	bool is_memory = subject->options.is_in_memory;
	int code = logstor_open(is_memory ? NULL : subject->path, &options,
				&subject->database);

	if (code < 0 || logstor_session_open(subject->database,
					     &subject->session) < 0) {
		set_error(result, SUBJECT_BAD_OPEN,
			  logstor_database_error(subject->database));
		(void)logstor_close(subject->database, NULL, 0);
		subject->database = NULL;
		subject->session = NULL;
		return false;
	}
	logstor_set_deferred_commit(subject->database,
				    subject->options.is_deferred);
	return true;
}

static void
clear_cache(struct subject *subject)
{
	for (unsigned i = 0; i < CACHE_SIZE; i++) {
		logstor_finalize(subject->cache[i].statement);
		subject->cache[i].statement = NULL;
		buffer_finish(&subject->cache[i].text);
	}
}

static void
close_database(struct subject *subject, struct result *result)
{
	char message[256] = "";

	if (!subject->database)
		return;
	clear_cache(subject);
	logstor_session_close(subject->session);
	subject->session = NULL;
	if (logstor_close(subject->database, message, sizeof(message)) < 0)
		set_error(result, SUBJECT_BAD_OPEN, message);
	subject->database = NULL;
}

static void
execute(struct subject *subject, const char *text, struct result *result)
{
	if (logstor_execute(subject->session, text, NULL, NULL) < 0)
		set_session_error(subject, result);
}

struct subject *
subject_create(const struct subject_options *options, const char *path)
{
	struct subject *subject = calloc(1, sizeof(*subject));
	struct result result = { 0 };

	assert(subject);
	subject->options = *options;
	snprintf(subject->path, sizeof(subject->path), "%s", path);
	if (open_database(subject, &result))
		execute(subject, "CREATE KEYSPACE oracle; USE oracle;",
			&result);
	if (result.error_code != 0) {
		fprintf(stderr, "oracle: no database at %s: %.*s\n", path,
			SLICE_ARGUMENTS(result.message));
		abort();
	}
	logstor_set_blocking(subject->database, !options->is_non_blocking);
	return subject;
}

void
subject_destroy(struct subject *subject)
{
	struct result ignored = { 0 };

	close_database(subject, &ignored);
	result_finish(&ignored);
	free(subject);
}

static void
restart(struct subject *subject, struct result *result)
{
	if (subject->options.is_in_memory)
		return;
	close_database(subject, result);
	if (result->error_code != 0 || !open_database(subject, result))
		return;
	execute(subject, "USE oracle", result);
	logstor_set_blocking(subject->database,
			     !subject->options.is_non_blocking);
}

/* ---- statements ---- */

static int
step(struct subject *subject, logstor_statement *statement)
{
	int code = logstor_step(statement);

	while (code == LOGSTOR_PENDING) {
		if (logstor_poll(subject->database, 1000) < 0)
			return LOGSTOR_ERROR;
		code = logstor_step(statement);
	}
	return code;
}

static void
commit(struct subject *subject, struct result *result)
{
	int code = logstor_commit(subject->database);

	while (code == LOGSTOR_PENDING) {
		code = logstor_poll(subject->database, 1000);
		if (code >= 0)
			code = logstor_commit(subject->database);
	}
	if (code < 0)
		set_error(result, SUBJECT_BAD_OPEN,
			  logstor_database_error(subject->database));
}

static void
take_row(logstor_statement *statement, struct result *result)
{
	struct cell *cells = result_add_row(result);
	const void *bytes;
	size_t size;

	for (unsigned i = 0; i < result->column_count; i++) {
		if (logstor_column_is_null(statement, i))
			continue;
		bytes = logstor_column_raw(statement, i, &size);
		cells[i].bytes = arena_copy(&result->arena,
					    slice_make(bytes ? bytes : "",
						       size));
	}
}

/* One page; a negative code when it failed.  How many columns a conditional
 * statement answers with is known with its row. */
static int
take_rows(struct subject *subject, logstor_statement *statement,
	  struct result *result)
{
	int code = step(subject, statement);

	result->column_count = logstor_column_count(statement);
	for (; code == LOGSTOR_ROW; code = step(subject, statement))
		take_row(statement, result);
	return code;
}

static void
take_pages(struct subject *subject, logstor_statement *statement,
	   uint32_t page, struct result *result)
{
	const void *state = NULL;
	size_t size = 0, before;

	do {
		before = result->row_count;
		if (logstor_set_page(statement, page, state, size) < 0 ||
		    take_rows(subject, statement, result) < 0) {
			set_session_error(subject, result);
			return;
		}
		state = logstor_paging_state(statement, &size);
		if (page > 0 && result->row_count - before > page) {
			set_error(result, SUBJECT_BAD_PAGE,
				  "a page has too many rows");
			return;
		}
		if (state && result->row_count == before) {
			set_error(result, SUBJECT_BAD_PAGE,
				  "an empty page says that there is more");
			return;
		}
	} while (state);
}

static int
bind_values(logstor_statement *statement, const struct operation *operation)
{
	struct value values[SCHEMA_COLUMNS_MAX];
	unsigned count = operation_bindings(operation, values);
	int code = 0;

	logstor_set_timestamp(statement, operation->has_timestamp
					     ? operation->timestamp_us
					     : INT64_MIN);
	for (unsigned i = 0; i < count && code >= 0; i++) {
		if (slice_is_null(values[i].wire))
			code = logstor_bind_null(statement, i);
		else
			code = logstor_bind_raw(statement, i,
						values[i].wire.data,
						values[i].wire.size);
	}
	return code;
}

/* Prepared statements are kept and found again by their text. */
static logstor_statement *
find_cached(struct subject *subject, struct buffer *text)
{
	struct cached *cached;

	for (unsigned i = 0; i < CACHE_SIZE; i++) {
		cached = &subject->cache[i];
		if (cached->statement &&
		    slice_is_equal(buffer_slice(&cached->text),
				   buffer_slice(text)))
			return cached->statement;
	}
	return NULL;
}

static logstor_statement *
prepare_cached(struct subject *subject, struct buffer *text)
{
	logstor_statement *statement = find_cached(subject, text);
	struct cached *cached;

	if (statement)
		return statement;
	if (logstor_prepare(subject->session, (const char *)text->data,
			    (ptrdiff_t)text->size, &statement, NULL) < 0)
		return NULL;
	cached = &subject->cache[subject->cache_next++ % CACHE_SIZE];
	logstor_finalize(cached->statement);
	buffer_finish(&cached->text);
	*cached = (struct cached){ *text, statement };
	*text = (struct buffer){ 0 };
	return statement;
}

static void
run_bound(struct subject *subject, const struct operation *operation,
	  struct result *result)
{
	struct buffer text = { 0 };
	logstor_statement *statement;

	operation_print(operation, true, &text);
	statement = prepare_cached(subject, &text);
	if (!statement || bind_values(statement, operation) < 0)
		set_session_error(subject, result);
	else
		take_pages(subject, statement, operation->page, result);
	buffer_finish(&text);
}

static void
run_text(struct subject *subject, const struct operation *operation,
	 struct result *result)
{
	logstor_statement *statement = NULL;

	if (logstor_prepare(subject->session,
			    (const char *)operation->text.data,
			    (ptrdiff_t)operation->text.size, &statement,
			    NULL) < 0)
		set_session_error(subject, result);
	else
		take_pages(subject, statement, operation->page, result);
	logstor_finalize(statement);
}

void
subject_run(struct subject *subject, const struct operation *operation,
	    struct result *result)
{
	if (!subject->database) {
		set_error(result, SUBJECT_BAD_OPEN, "the database is closed");
		return;
	}
	switch (operation->kind) {
	case OPERATION_RESTART:
		restart(subject, result);
		return;
	case OPERATION_COMMIT:
		commit(subject, result);
		return;
	case OPERATION_CREATE:
	case OPERATION_DROP:
		/* What was prepared for the old table would be bound by the
		 * old table's types. */
		clear_cache(subject);
		break;
	default:
		break;
	}
	if (operation->is_bound)
		run_bound(subject, operation, result);
	else
		run_text(subject, operation, result);
}
