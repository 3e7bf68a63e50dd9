/* SPDX-License-Identifier: MIT
 *
 * Commits, deferred commits, steps that don't wait, and interrupts, on a
 * database in a directory. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

static struct api api;

static const struct logstor_options small = {
	.size = sizeof(small), .segment_size = 16384, .file_segments = 16,
};

static void
open_table(const char *path)
{
	api_open_path(&api, path, &small);
	api_must(&api, "CREATE KEYSPACE IF NOT EXISTS ks; USE ks;"
		       "CREATE TABLE IF NOT EXISTS t (k int PRIMARY KEY,"
		       " v text)");
}

static void
reopen(const char *path)
{
	api_close(&api);
	open_table(path);
}

TEST(what_was_written_is_there_after_reopening)
{
	char *path = api_make_directory();

	open_table(path);
	api_must(&api, "INSERT INTO t (k, v) VALUES (1, 'a');"
		       "INSERT INTO t (k, v) VALUES (2, 'b')"
		       " USING TTL 1000;"
		       "INSERT INTO t (k, v) VALUES (3, 'c');"
		       "DELETE FROM t WHERE k = 3");
	reopen(path);
	assert_string_equal(api_query(&api, "SELECT k, v FROM t"),
			    "1|'a';2|'b'");
	assert_string_equal(api_query(&api, "SELECT count(*) FROM t"), "2");
	api_close(&api);
	api_remove_directory(path);
}

TEST(a_reader_changes_nothing_and_says_so)
{
	struct logstor_options options = small;
	char *path = api_make_directory();

	open_table(path);
	api_must(&api, "INSERT INTO t (k, v) VALUES (1, 'a')");
	api_close(&api);
	options.read_only = true;
	api_open_path(&api, path, &options);
	assert_string_equal(api_query(&api, "SELECT k, v FROM ks.t"),
			    "1|'a'");
	assert_string_equal(api_query(&api, "SELECT count(*) FROM ks.t"),
			    "1");
	assert_non_null(strstr(api_query(&api, "INSERT INTO ks.t (k) "
					       "VALUES (2)"),
			       "read"));
	assert_non_null(strstr(api_query(&api, "DELETE FROM ks.t WHERE "
					       "k = 1"),
			       "read"));
	assert_non_null(strstr(api_query(&api, "CREATE KEYSPACE x"), "read"));
	api_close(&api);
	api_remove_directory(path);
}

TEST(deferred_statements_are_visible_before_they_are_committed)
{
	char *path = api_make_directory();

	open_table(path);
	logstor_set_deferred_commit(api.database, true);
	for (int i = 0; i < 5000; i++) {
		char cql[64];

		snprintf(cql, sizeof(cql),
			 "INSERT INTO t (k, v) VALUES (%d, 'v')", i);
		assert_string_equal(api_query(&api, cql), "");
	}
	assert_string_equal(api_query(&api, "SELECT count(*) FROM t"),
			    "5000");
	assert_string_equal(api_query(&api, "SELECT v FROM t WHERE k = 4999"),
			    "'v'");
	assert_int_equal(logstor_commit(api.database), LOGSTOR_OK);
	assert_int_equal(logstor_commit(api.database), LOGSTOR_OK);
	reopen(path);
	assert_string_equal(api_query(&api, "SELECT count(*) FROM t"),
			    "5000");
	api_close(&api);
	api_remove_directory(path);
}

/* Steps until it need not wait; counts how often it had to. */
static int
step(logstor_statement *statement, int *waits)
{
	int result;

	while ((result = logstor_step(statement)) == LOGSTOR_PENDING) {
		++*waits;
		assert_int_equal(logstor_poll(api.database, -1), LOGSTOR_OK);
	}
	return result;
}

TEST(a_step_that_would_wait_says_pending)
{
	char *path = api_make_directory();
	logstor_statement *insert;
	logstor_statement *select;
	int waits = 0;
	int rows = 0;

	open_table(path);
	logstor_set_blocking(api.database, false);
	insert = api_prepare(&api, "INSERT INTO t (k, v) VALUES (?, 'v')");
	for (int i = 0; i < 50; i++) {
		assert_int_equal(logstor_bind_int64(insert, 0, i),
				 LOGSTOR_OK);
		assert_int_equal(step(insert, &waits), LOGSTOR_DONE);
	}
	assert_true(waits > 0);
	select = api_prepare(&api, "SELECT * FROM t");
	while (step(select, &waits) == LOGSTOR_ROW)
		rows++;
	assert_int_equal(rows, 50);
	logstor_finalize(select);
	logstor_finalize(insert);
	logstor_set_deferred_commit(api.database, true);
	api_must(&api, "INSERT INTO t (k) VALUES (99)");
	while (logstor_commit(api.database) == LOGSTOR_PENDING)
		assert_int_equal(logstor_poll(api.database, -1), LOGSTOR_OK);
	api_close(&api);
	api_remove_directory(path);
}

/* A row that another statement wrote and nobody has committed must not leave
 * before it is durable: the reader waits for it. */
TEST(no_answer_leaves_before_what_it_saw_is_durable)
{
	static const struct {
		const char *before, *after; /* the key; NULL: it has none */
	} queries[] = {
		{ "SELECT v FROM t WHERE k = ", "" },
		{ "SELECT v FROM t WHERE k IN (", ", -1)" },
		{ "SELECT v FROM t", NULL },
		{ "SELECT count(*) FROM t", NULL },
		{ "SELECT count(*) FROM t WHERE k = ", "" },
		{ "INSERT INTO t (k) VALUES (", ") IF NOT EXISTS" },
	};
	char *path = api_make_directory();

	open_table(path);
	logstor_set_blocking(api.database, false);
	for (int i = 0; i < (int)(sizeof(queries) / sizeof(queries[0]));
	     i++) {
		logstor_statement *statement;
		char cql[128];
		int waits = 0;

		logstor_set_deferred_commit(api.database, true);
		snprintf(cql, sizeof(cql),
			 "INSERT INTO t (k, v) VALUES (%d, 'v')", i);
		assert_string_equal(api_query(&api, cql), "");
		logstor_set_deferred_commit(api.database, false);
		if (queries[i].after == NULL)
			snprintf(cql, sizeof(cql), "%s", queries[i].before);
		else
			snprintf(cql, sizeof(cql), "%s%d%s",
				 queries[i].before, i, queries[i].after);
		statement = api_prepare(&api, cql);
		assert_int_equal(step(statement, &waits), LOGSTOR_ROW);
		if (waits == 0)
			fail_msg("%s didn't wait", cql);
		logstor_finalize(statement);
		/* Once it is durable nobody waits. */
		statement = api_prepare(&api, "SELECT count(*) FROM t");
		assert_int_equal(logstor_step(statement), LOGSTOR_ROW);
		logstor_finalize(statement);
	}
	api_close(&api);
	api_remove_directory(path);
}

/* Many statements wait at once, and all end, in whatever order. */
TEST(many_statements_can_be_under_way_together)
{
	enum { COUNT = 64 };
	logstor_statement *statements[COUNT];
	bool is_done[COUNT] = { false };
	char *path = api_make_directory();
	int left = COUNT;

	open_table(path);
	logstor_set_blocking(api.database, false);
	for (int i = 0; i < COUNT; i++) {
		char cql[128];

		/* Half of them collide: one key, one timestamp. */
		if (i % 2 == 0)
			snprintf(cql, sizeof(cql),
				 "INSERT INTO t (k, v) VALUES (%d, 'v')", i);
		else
			snprintf(cql, sizeof(cql),
				 "INSERT INTO t (k, v) VALUES (1, 'v%02d')"
				 " USING TIMESTAMP 1000", i);
		statements[i] = api_prepare(&api, cql);
	}
	while (left > 0) {
		for (int i = 0; i < COUNT; i++) {
			int result;

			if (is_done[i])
				continue;
			result = logstor_step(statements[i]);
			assert_true(result == LOGSTOR_PENDING ||
				    result == LOGSTOR_DONE);
			is_done[i] = result == LOGSTOR_DONE;
			left -= is_done[i];
		}
		assert_int_equal(logstor_poll(api.database, 1000),
				 LOGSTOR_OK);
	}
	for (int i = 0; i < COUNT; i++)
		logstor_finalize(statements[i]);
	logstor_set_blocking(api.database, true);
	assert_string_equal(api_query(&api, "SELECT v FROM t WHERE k = 1"),
			    "'v63'");
	assert_string_equal(api_query(&api, "SELECT count(*) FROM t"), "33");
	api_close(&api);
	api_remove_directory(path);
}

/* Only one of two may insert what doesn't exist. */
TEST(nothing_comes_between_a_condition_and_its_write)
{
	enum { COUNT = 16 };
	logstor_statement *statements[COUNT];
	bool is_done[COUNT] = { false };
	char *path = api_make_directory();
	int applied = 0;
	int left = COUNT;

	open_table(path);
	logstor_set_blocking(api.database, false);
	for (int i = 0; i < COUNT; i++)
		statements[i] = api_prepare(&api,
					    "INSERT INTO t (k, v) VALUES "
					    "(1, 'x') IF NOT EXISTS");
	while (left > 0) {
		for (int i = 0; i < COUNT; i++) {
			int result;

			if (is_done[i])
				continue;
			result = logstor_step(statements[i]);
			if (result == LOGSTOR_ROW)
				applied += logstor_column_bool(statements[i],
							       0);
			is_done[i] = result == LOGSTOR_DONE;
			left -= is_done[i];
			assert_true(result >= 0);
		}
		assert_int_equal(logstor_poll(api.database, 1000),
				 LOGSTOR_OK);
	}
	assert_int_equal(applied, 1);
	for (int i = 0; i < COUNT; i++)
		logstor_finalize(statements[i]);
	api_close(&api);
	api_remove_directory(path);
}

/* Finalized in the middle: what is in flight is waited for. */
TEST(a_statement_may_be_finalized_while_it_waits)
{
	static const char *const statements[] = {
		"SELECT * FROM t", "SELECT v FROM t WHERE k IN (1, 2, 3)",
		"INSERT INTO t (k, v) VALUES (7, 'x')",
		"INSERT INTO t (k, v) VALUES (1, 'x') IF NOT EXISTS",
		"TRUNCATE t",
	};
	char *path = api_make_directory();

	open_table(path);
	api_must(&api, "INSERT INTO t (k) VALUES (1);"
		       "INSERT INTO t (k) VALUES (2)");
	reopen(path);
	logstor_set_blocking(api.database, false);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]);
	     i++) {
		for (int steps = 0; steps < 4; steps++) {
			logstor_statement *statement =
				api_prepare(&api, statements[i]);

			for (int j = 0; j < steps; j++)
				assert_true(logstor_step(statement) >= 0);
			logstor_finalize(statement);
		}
	}
	api_close(&api);
	api_remove_directory(path);
}

static void
fill(int rows)
{
	logstor_statement *insert;

	logstor_set_deferred_commit(api.database, true);
	insert = api_prepare(&api, "INSERT INTO t (k, v) VALUES (?, 'v')");
	for (int i = 0; i < rows; i++) {
		assert_int_equal(logstor_bind_int64(insert, 0, i),
				 LOGSTOR_OK);
		assert_int_equal(logstor_step(insert), LOGSTOR_DONE);
	}
	logstor_finalize(insert);
	logstor_set_deferred_commit(api.database, false);
	assert_int_equal(logstor_commit(api.database), LOGSTOR_OK);
}

static bool
stop_at_once(void *context, uint64_t rows_done)
{
	(void)rows_done;
	++*(int *)context;
	return true;
}

static bool
go_on(void *context, uint64_t rows_done)
{
	(void)rows_done;
	++*(int *)context;
	return false;
}

TEST(an_interrupt_ends_what_runs_and_nothing_later)
{
	static const char interrupted[] =
		"ServerError: the statement was interrupted";
	logstor_statement *statement;
	int calls = 0;

	open_table(NULL);
	fill(2000);
	statement = api_prepare(&api, "SELECT k FROM t");
	assert_int_equal(logstor_step(statement), LOGSTOR_ROW);
	logstor_interrupt(api.database);
	assert_string_equal(api_run(&api, statement), interrupted);
	/* The next one runs: also the same statement again. */
	assert_int_equal(logstor_step(statement), LOGSTOR_ROW);
	logstor_reset(statement);
	logstor_interrupt(api.database);
	assert_int_equal(logstor_step(statement), LOGSTOR_ROW);
	logstor_finalize(statement);
	logstor_set_progress(api.database, go_on, &calls);
	assert_string_equal(api_query(&api, "SELECT count(*), v FROM t"),
			    "2000|'v'");
	assert_true(calls > 0);
	logstor_set_progress(api.database, stop_at_once, &calls);
	assert_string_equal(api_query(&api, "SELECT count(*), v FROM t"),
			    interrupted);
	logstor_set_progress(api.database, NULL, NULL);
	api_close(&api);
}

static logstor_database *to_interrupt;

static void
on_alarm(int signal_number)
{
	(void)signal_number;
	logstor_interrupt(to_interrupt);
}

/* A script that would run for ever, ended from a signal handler. */
static bool
run_again(void *context, logstor_statement *statement)
{
	(void)context;
	(void)statement;
	return true;
}

TEST(a_signal_ends_a_whole_script)
{
	enum { STATEMENTS = 200000 };
	static const char one[] = "SELECT count(*), v FROM t;";
	static char script[STATEMENTS * sizeof(one)];
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { .it_value = { .tv_usec = 50000 } };

	open_table(NULL);
	fill(2000);
	for (size_t i = 0; i < STATEMENTS; i++)
		memcpy(script + i * (sizeof(one) - 1), one, sizeof(one));
	to_interrupt = api.database;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	assert_int_equal(logstor_execute(api.session, script, run_again,
					 NULL),
			 LOGSTOR_ERROR);
	assert_string_equal(logstor_error_message(api.session),
			    "the statement was interrupted");
	signal(SIGALRM, SIG_DFL);
	api_close(&api);
}

TEST(statistics_count)
{
	struct logstor_statistics statistics = { .size = sizeof(statistics) };

	open_table(NULL);
	fill(100);
	assert_int_equal(logstor_stats(api.database, &statistics),
			 LOGSTOR_OK);
	assert_true(statistics.keys >= 100);
	assert_true(statistics.live_bytes > 0);
	assert_non_null(strstr(statistics.io_name, "memory"));
	api_close(&api);
}

UNIT_MAIN()
