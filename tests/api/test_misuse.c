/* SPDX-License-Identifier: MIT
 *
 * Calls that the header forbids, and calls with nothing: an answer, never a
 * crash. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct api api;

TEST(null_handles_are_misuse_or_nothing)
{
	struct logstor_statistics statistics = { .size = sizeof(statistics) };
	logstor_session *session;
	logstor_statement *statement;
	struct logstor_salvage unsized = { 0 };
	uint64_t done = 1, total = 1;
	size_t size = 1;

	assert_int_equal(logstor_open("/tmp/x", NULL, NULL), LOGSTOR_MISUSE);
	assert_int_equal(logstor_close(NULL, NULL, 0), LOGSTOR_OK);
	assert_non_null(logstor_database_error(NULL));
	assert_int_equal(logstor_commit(NULL), LOGSTOR_MISUSE);
	assert_int_equal(logstor_poll(NULL, 0), LOGSTOR_MISUSE);
	assert_int_equal(logstor_salvage(NULL, "x", NULL, NULL, 0),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_salvage("x", NULL, NULL, NULL, 0),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_salvage("x", "y", &unsized, NULL, 0),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_stats(NULL, &statistics), LOGSTOR_MISUSE);
	logstor_set_blocking(NULL, false);
	logstor_set_deferred_commit(NULL, true);
	logstor_set_progress(NULL, NULL, NULL);
	logstor_progress_bytes(NULL, NULL, NULL);
	logstor_progress_bytes(NULL, &done, &total);
	assert_int_equal(done + total, 0);
	logstor_interrupt(NULL);
	assert_int_equal(logstor_session_open(NULL, &session),
			 LOGSTOR_MISUSE);
	assert_null(session);
	logstor_session_close(NULL);
	assert_null(logstor_session_database(NULL));
	assert_null(logstor_session_keyspace(NULL));
	assert_int_equal(logstor_error_code(NULL), LOGSTOR_ERROR_PROTOCOL);
	assert_non_null(logstor_error_name(NULL));
	assert_non_null(logstor_error_message(NULL));
	assert_non_null(logstor_error_hint(NULL));
	assert_false(logstor_error_position(NULL, NULL, NULL, NULL, NULL));
	assert_int_equal(logstor_prepare(NULL, "", -1, &statement, NULL),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_execute(NULL, "", NULL, NULL),
			 LOGSTOR_MISUSE);
	assert_false(logstor_complete(NULL, 0, NULL, NULL));
	assert_int_equal(logstor_step(NULL), LOGSTOR_MISUSE);
	assert_int_equal(logstor_reset(NULL), LOGSTOR_MISUSE);
	logstor_finalize(NULL);
	assert_null(logstor_statement_session(NULL));
	(void)logstor_statement_kind(NULL);
	assert_false(logstor_statement_is_conditional(NULL));
	assert_int_equal(logstor_marker_count(NULL), 0);
	assert_string_equal(logstor_marker_name(NULL, 0), "");
	assert_int_equal(logstor_marker_index(NULL, "a"), -1);
	(void)logstor_marker_type(NULL, 0);
	assert_string_equal(logstor_marker_type_name(NULL, 0), "");
	assert_int_equal(logstor_marker_key_part(NULL, 0), -1);
	assert_int_equal(logstor_bind_null(NULL, 0), LOGSTOR_MISUSE);
	assert_int_equal(logstor_bind_int64(NULL, 0, 1), LOGSTOR_MISUSE);
	assert_int_equal(logstor_clear_bindings(NULL), LOGSTOR_MISUSE);
	logstor_set_timestamp(NULL, 0);
	assert_int_equal(logstor_column_count(NULL), 0);
	assert_string_equal(logstor_column_name(NULL, 0), "");
	(void)logstor_column_type(NULL, 0);
	assert_string_equal(logstor_column_type_name(NULL, 0), "");
	assert_false(logstor_column_is_key(NULL, 0));
	assert_string_equal(logstor_column_keyspace(NULL, 0), "");
	assert_string_equal(logstor_column_table(NULL, 0), "");
	assert_int_equal(logstor_metadata_version(NULL), 0);
	assert_true(logstor_column_is_null(NULL, 0));
	assert_false(logstor_column_bool(NULL, 0));
	assert_int_equal(logstor_column_int64(NULL, 0), 0);
	assert_true(logstor_column_double(NULL, 0) == 0.0);
	assert_null(logstor_column_raw(NULL, 0, &size));
	assert_int_equal(size, 0);
	assert_null(logstor_column_text(NULL, 0, LOGSTOR_TEXT, NULL));
	assert_int_equal(logstor_set_page(NULL, 1, NULL, 0), LOGSTOR_MISUSE);
	assert_null(logstor_paging_state(NULL, NULL));
	assert_int_equal(logstor_names(NULL, LOGSTOR_NAME_TYPE, NULL, NULL,
				       NULL, NULL),
			 LOGSTOR_MISUSE);
}

TEST(arguments_out_of_range_are_told)
{
	logstor_statement *statement;

	api_open(&api);
	api_must(&api, "CREATE TABLE t (k int PRIMARY KEY, v text)");
	assert_int_equal(logstor_prepare(api.session, NULL, -1, &statement,
					 NULL),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_error_code(api.session),
			 LOGSTOR_ERROR_PROTOCOL);
	assert_int_equal(logstor_prepare(api.session, "x", -2, &statement,
					 NULL),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_execute(api.session, NULL, NULL, NULL),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_names(api.session, (enum logstor_name_kind)99,
				       NULL, NULL, NULL, NULL),
			 LOGSTOR_MISUSE);
	statement = api_prepare(&api,
				"INSERT INTO t (k, v) VALUES (?, ?)");
	assert_int_equal(logstor_bind_int64(statement, 2, 1), LOGSTOR_MISUSE);
	assert_int_equal(logstor_bind_text(statement, 1, NULL, 5),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_bind_text(statement, 1, "x", -2),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_bind_raw(statement, 1, NULL, 5),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_bind_blob(statement, 1, NULL, 5),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_set_page(statement, 1, NULL, 5),
			 LOGSTOR_MISUSE);
	assert_string_equal(logstor_marker_name(statement, 2), "");
	assert_int_equal(logstor_marker_key_part(statement, 2), -1);
	assert_true(logstor_column_is_null(statement, 0));
	logstor_finalize(statement);
	api_close(&api);
}

TEST(a_running_statement_keeps_its_values)
{
	logstor_statement *statement;

	api_open(&api);
	api_must(&api, "CREATE TABLE t (k int PRIMARY KEY, v text);"
		       "INSERT INTO t (k) VALUES (1);"
		       "INSERT INTO t (k) VALUES (2)");
	statement = api_prepare(&api, "SELECT k FROM t WHERE k IN (?, ?)");
	assert_int_equal(logstor_bind_int64(statement, 0, 1), LOGSTOR_OK);
	assert_int_equal(logstor_bind_int64(statement, 1, 2), LOGSTOR_OK);
	assert_int_equal(logstor_step(statement), LOGSTOR_ROW);
	assert_int_equal(logstor_bind_int64(statement, 0, 5), LOGSTOR_MISUSE);
	assert_int_equal(logstor_set_page(statement, 1, NULL, 0),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_reset(statement), LOGSTOR_OK);
	assert_true(logstor_column_is_null(statement, 0));
	assert_int_equal(logstor_bind_int64(statement, 0, 5), LOGSTOR_OK);
	assert_string_equal(api_run(&api, statement), "2");
	logstor_finalize(statement);
	api_close(&api);
}

TEST(a_database_outlives_its_sessions)
{
	char message[128];
	logstor_statement *statement;

	api_open(&api);
	api_must(&api, "CREATE TABLE t (k int PRIMARY KEY)");
	assert_int_equal(logstor_close(api.database, message,
				       sizeof(message)),
			 LOGSTOR_MISUSE);
	assert_non_null(strstr(message, "sessions"));
	/* It works on, and a closed session lives with its statements. */
	statement = api_prepare(&api, "SELECT k FROM t");
	assert_int_equal(logstor_step(statement), LOGSTOR_DONE);
	logstor_session_close(api.session);
	assert_int_equal(logstor_close(api.database, NULL, 0),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_step(statement), LOGSTOR_DONE);
	logstor_finalize(statement);
	assert_int_equal(logstor_close(api.database, NULL, 0), LOGSTOR_OK);
}

TEST(a_failed_opening_tells_why_and_closes)
{
	struct logstor_options options = { .size = sizeof(options),
					   .must_exist = true };
	struct logstor_options unsized = { .size = 0 };
	logstor_database *database;
	logstor_session *session;

	assert_int_equal(logstor_open("/nonexistent/x", &options, &database),
			 LOGSTOR_ERROR);
	assert_non_null(database);
	assert_true(strlen(logstor_database_error(database)) > 0);
	assert_int_equal(logstor_session_open(database, &session),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_commit(database), LOGSTOR_MISUSE);
	assert_int_equal(logstor_close(database, NULL, 0), LOGSTOR_OK);
	assert_int_equal(logstor_open(NULL, &unsized, &database),
			 LOGSTOR_MISUSE);
	assert_int_equal(logstor_close(database, NULL, 0), LOGSTOR_OK);
}

/* It is made before it is opened, for which there may be no descriptor. */
TEST(a_directory_that_was_made_in_vain_is_removed)
{
	char *parent = api_make_directory();
	struct rlimit limit, none;
	logstor_database *database;
	char path[80];
	int next = dup(0);

	assert_true(next >= 0);
	close(next);
	snprintf(path, sizeof(path), "%s/db", parent);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(logstor_open(path, NULL, &database), LOGSTOR_ERROR);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_non_null(strstr(logstor_database_error(database),
			       "Too many open files"));
	logstor_close(database, NULL, 0);
	assert_int_equal(access(path, F_OK), -1);
	api_remove_directory(parent);
}

TEST(structs_of_other_versions_are_read_and_filled_as_far_as_they_go)
{
	struct logstor_options options = {
		.size = offsetof(struct logstor_options, read_only),
		.must_exist = true, /* beyond the size: not read */
	};
	struct logstor_statistics statistics;

	memset(&statistics, 0xee, sizeof(statistics));
	statistics.size = offsetof(struct logstor_statistics, live_bytes);
	api_open_path(&api, NULL, &options);
	assert_int_equal(logstor_stats(api.database, &statistics),
			 LOGSTOR_OK);
	assert_int_equal(statistics.keys, 0);
	assert_int_equal((uint8_t)(statistics.live_bytes & 0xff), 0xee);
	api_close(&api);
}

UNIT_MAIN()
