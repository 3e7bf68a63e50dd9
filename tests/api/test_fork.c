/* SPDX-License-Identifier: MIT
 *
 * A host that forks: the database is the parent's. */
#include "tests/support/unit.h"

#include "tests/api/api_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* With io_uring where there is one, and without. */
enum { BACKENDS = 2, PATIENCE_S = 30 };

static struct api api;

static bool is_kernel_old; /* no page is wiped by a fork */

int __real_madvise(void *at, size_t size, int advice);
int __wrap_madvise(void *at, size_t size, int advice);

int
__wrap_madvise(void *at, size_t size, int advice)
{
	if (!is_kernel_old || advice != MADV_WIPEONFORK)
		return __real_madvise(at, size, advice);
	errno = EINVAL;
	return -1;
}

static char *
open_database(int backend)
{
	const struct logstor_options options = {
		.size = sizeof(options),
		.no_io_uring = backend == 1,
	};
	char *path = api_make_directory();

	api_open_table(&api, path, &options);
	return path;
}

static void
insert(int key)
{
	char text[80];

	snprintf(text, sizeof(text), "INSERT INTO t (k, v) VALUES (%d, 'p')",
		 key);
	api_must(&api, text);
}

/* The parent's rows are there, nobody else's, and all is sound. */
static void
check_and_remove(char *path, const char *count)
{
	insert(100);
	assert_string_equal(api_query(&api, "SELECT count(*) FROM t"), count);
	api_close(&api);
	api_open_path(&api, path, NULL);
	assert_string_equal(api_query(&api, "SELECT count(*) FROM ks.t"),
			    count);
	assert_string_equal(api_query(&api, "CHECK"), "");
	api_close(&api);
	api_remove_directory(path);
}

static void
wait_for(pid_t child)
{
	int status;

	assert_true(waitpid(child, &status, 0) == child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

TEST(a_child_that_lives_on_does_not_keep_the_lock)
{
	for (int backend = 0; backend < BACKENDS; backend++) {
		char *path = open_database(backend);
		int ends[2];
		pid_t child;
		char byte;

		assert_int_equal(pipe(ends), 0);
		child = fork();
		if (child == 0) {
			close(ends[1]);
			_exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
		}
		api_close(&api);
		api_open_path(&api, path, NULL);
		api_must(&api, "USE ks");
		close(ends[1]);
		wait_for(child);
		close(ends[0]);
		check_and_remove(path, "1");
	}
}

static void
play_child(void)
{
	alarm(PATIENCE_S);
	if (logstor_execute(api.session,
			    "INSERT INTO t (k, v) VALUES (7, 'child')", NULL,
			    NULL) != LOGSTOR_ERROR)
		_exit(1);
	if (strstr(logstor_error_message(api.session),
		   "belongs to the process that opened it") == NULL)
		_exit(2);
	logstor_session_close(api.session);
	(void)logstor_close(api.database, NULL, 0);
	_exit(0);
}

/* Who doesn't know whose the lock is doesn't give it up. */
TEST(a_child_of_an_old_kernel_leaves_the_lock_to_its_parent)
{
	char *path = open_database(0);
	logstor_database *second;
	pid_t child;

	api_close(&api);
	is_kernel_old = true;
	api_open_path(&api, path, NULL);
	is_kernel_old = false;
	api_must(&api, "USE ks");
	child = fork();
	if (child == 0) {
		alarm(PATIENCE_S);
		logstor_session_close(api.session);
		(void)logstor_close(api.database, NULL, 0);
		_exit(0);
	}
	wait_for(child);
	assert_int_equal(logstor_open(path, NULL, &second), LOGSTOR_ERROR);
	assert_non_null(strstr(logstor_database_error(second), "in use"));
	logstor_close(second, NULL, 0);
	check_and_remove(path, "1");
}

TEST(what_a_child_does_changes_nothing)
{
	for (int backend = 0; backend < BACKENDS; backend++) {
		char *path = open_database(backend);
		pid_t child;

		insert(1);
		child = fork();
		if (child == 0)
			play_child();
		insert(2);
		wait_for(child);
		check_and_remove(path, "3");
	}
}

TEST(what_is_on_its_way_at_a_fork_ends_in_the_parent)
{
	for (int backend = 0; backend < BACKENDS; backend++) {
		char *path = open_database(backend);
		logstor_statement *statement = api_prepare(
			&api, "INSERT INTO t (k, v) VALUES (1, 'p')");
		pid_t child;
		int code;

		logstor_set_blocking(api.database, false);
		assert_int_equal(logstor_step(statement), LOGSTOR_PENDING);
		child = fork();
		if (child == 0) {
			alarm(PATIENCE_S);
			logstor_finalize(statement);
			logstor_session_close(api.session);
			(void)logstor_close(api.database, NULL, 0);
			_exit(0);
		}
		wait_for(child);
		while ((code = logstor_step(statement)) == LOGSTOR_PENDING)
			assert_int_equal(logstor_poll(api.database, -1), 0);
		assert_int_equal(code, LOGSTOR_DONE);
		logstor_finalize(statement);
		logstor_set_blocking(api.database, true);
		check_and_remove(path, "2");
	}
}

UNIT_MAIN()
