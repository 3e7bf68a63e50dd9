/* SPDX-License-Identifier: MIT */
#include "tests/api/api_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void
api_open_path(struct api *api, const char *path,
	      const struct logstor_options *options)
{
	memset(api, 0, sizeof(*api));
	if (logstor_open(path, options, &api->database) != LOGSTOR_OK)
		fail_msg("open: %s", logstor_database_error(api->database));
	assert_int_equal(logstor_session_open(api->database, &api->session),
			 LOGSTOR_OK);
}

void
api_open(struct api *api)
{
	api_open_path(api, NULL, NULL);
	api_must(api, "CREATE KEYSPACE ks; USE ks");
}

const struct logstor_options api_small = {
	.size = sizeof(api_small),
	.segment_size = 4096,
	.file_segments = 16,
	.cache_size = 1 << 20,
	.separator_size = 256 << 10,
	.checkpoint_size = 256 << 10,
};

void
api_open_table(struct api *api, const char *path,
	       const struct logstor_options *options)
{
	api_open_path(api, path, options);
	api_must(api, "CREATE KEYSPACE IF NOT EXISTS ks; USE ks;"
		      "CREATE TABLE IF NOT EXISTS t (k int PRIMARY KEY,"
		      " v text)");
}

void
api_fill(struct api *api, int count, int times)
{
	logstor_statement *insert;
	char text[201];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	logstor_set_deferred_commit(api->database, true);
	insert = api_prepare(api, "INSERT INTO t (k, v) VALUES (?, ?)");
	for (int i = 0; i < count * times; i++) {
		assert_int_equal(logstor_bind_int64(insert, 0, i % count),
				 LOGSTOR_OK);
		assert_int_equal(logstor_bind_text(insert, 1, text, -1),
				 LOGSTOR_OK);
		if (logstor_step(insert) != LOGSTOR_DONE)
			fail_msg("%s", logstor_error_message(api->session));
	}
	logstor_finalize(insert);
	assert_int_equal(logstor_commit(api->database), LOGSTOR_OK);
	logstor_set_deferred_commit(api->database, false);
}

void
api_close(struct api *api)
{
	char message[256];

	logstor_session_close(api->session);
	if (logstor_close(api->database, message, sizeof(message)) !=
	    LOGSTOR_OK)
		fail_msg("close: %s", message);
}

static void
add(struct api *api, const char *text)
{
	size_t size = strlen(api->result);

	assert_true(size + strlen(text) < sizeof(api->result));
	strcpy(api->result + size, text);
}

static void
add_row(struct api *api, logstor_statement *statement)
{
	if (api->result[0] != '\0')
		add(api, ";");
	for (uint32_t i = 0; i < logstor_column_count(statement); i++) {
		if (i > 0)
			add(api, "|");
		add(api, logstor_column_text(statement, i, LOGSTOR_LITERAL,
					     NULL));
	}
}

static const char *
tell_error(struct api *api, logstor_session *session)
{
	snprintf(api->result, sizeof(api->result), "%s: %s",
		 logstor_error_name(session), logstor_error_message(session));
	return api->result;
}

const char *
api_run(struct api *api, logstor_statement *statement)
{
	int result;

	api->result[0] = '\0';
	while ((result = logstor_step(statement)) == LOGSTOR_ROW)
		add_row(api, statement);
	if (result != LOGSTOR_DONE)
		return tell_error(api, logstor_statement_session(statement));
	return api->result;
}

const char *
api_query_in(struct api *api, logstor_session *session, const char *cql)
{
	logstor_statement *statement;

	if (logstor_prepare(session, cql, -1, &statement, NULL) != LOGSTOR_OK)
		return tell_error(api, session);
	assert_non_null(statement);
	api_run(api, statement);
	logstor_finalize(statement);
	return api->result;
}

const char *
api_query(struct api *api, const char *cql)
{
	return api_query_in(api, api->session, cql);
}

void
api_must(struct api *api, const char *cql)
{
	if (logstor_execute(api->session, cql, NULL, NULL) != LOGSTOR_OK)
		fail_msg("%s: %s", cql, logstor_error_message(api->session));
}

logstor_statement *
api_prepare(struct api *api, const char *cql)
{
	logstor_statement *statement;

	if (logstor_prepare(api->session, cql, -1, &statement, NULL) !=
	    LOGSTOR_OK)
		fail_msg("%s: %s", cql, logstor_error_message(api->session));
	assert_non_null(statement);
	return statement;
}

void
api_check(struct api *api, const struct api_case *cases, size_t count)
{
	bool has_failed = false;

	for (size_t i = 0; i < count; i++) {
		const char *result = api_query(api, cases[i].cql);

		if (strcmp(result, cases[i].expected) == 0)
			continue;
		print_message("%s\n  expected: %s\n  got:      %s\n",
			      cases[i].cql, cases[i].expected, result);
		has_failed = true;
	}
	assert_false(has_failed);
}

char *
api_make_directory(void)
{
	char *path = strdup("/tmp/logstor-api-XXXXXX");

	assert_non_null(path);
	assert_non_null(mkdtemp(path));
	return path;
}

void
api_remove_directory(char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char name[512];

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.' && strlen(entry->d_name) < 3)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		unlink(name);
	}
	closedir(directory);
	rmdir(path);
	free(path);
}
