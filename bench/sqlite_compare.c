/* SPDX-License-Identifier: MIT
 *
 *     sqlite_compare DIRECTORY ROUNDS [LOGSTOR SCRIPT.cql SQLITE3 SCRIPT.sql
 *                                      ROWS]
 *
 * logstor and SQLite side by side, in turns, on the same disk; one line of
 * JSON for each comparison.  Both are as durable as they can be: SQLite in
 * WAL mode with synchronous=FULL. */
#include "bench/sides.h"
#include "bench/stopwatch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DURABLE_ROWS = 2000, ROWS = 200000, READS = 200000 };

void
value_make(int64_t key, uint8_t value[VALUE_SIZE])
{
	for (int i = 0; i < VALUE_SIZE; i++)
		value[i] = (uint8_t)((uint64_t)key >> (i % 8 * 8)) ^
			   (uint8_t)i;
}

static int64_t
ascending(uint64_t i, uint64_t count)
{
	(void)count;
	return (int64_t)i;
}

/* Every key of 0 … count - 1 once, in an order that helps no cache: the
 * factor is a prime, and no count of ours is its multiple. */
static int64_t
scattered(uint64_t i, uint64_t count)
{
	return (int64_t)(i * UINT64_C(2654435761) % count);
}

static const struct side_functions *const sides[SIDE_COUNT] = {
	[SIDE_LOGSTOR] = &logstor_side,
	[SIDE_SQLITE] = &sqlite_side,
};

static void
make_path(char path[1024], const char *directory, enum side side, int round)
{
	snprintf(path, 1024, "%s/%s-%d", directory,
		 side == SIDE_LOGSTOR ? "logstor" : "sqlite", round);
}

static void
remove_path(const char *path)
{
	char command[3 * 1024 + 64];

	/* The paths are ours: a directory of the caller and a number. */
	snprintf(command, sizeof(command), "rm -rf '%s' '%s-wal' '%s-shm'",
		 path, path, path);
	if (system(command) != 0)
		exit(EXIT_FAILURE);
}

struct comparison {
	struct stopwatch durable, ascending, scattered;
	struct stopwatch reads, transaction_reads;
};

static double
timed_insert(enum side side, void *context, uint64_t count, key_order order,
	     bool is_each_durable)
{
	double start = stopwatch_now();

	sides[side]->insert(context, count, order, is_each_durable);
	return stopwatch_now() - start;
}

static double
timed_select(enum side side, void *context, bool is_one_transaction)
{
	double start = stopwatch_now();

	sides[side]->select(context, READS, scattered, is_one_transaction);
	return stopwatch_now() - start;
}

static void
run_library(struct comparison *times, enum side side, const char *path)
{
	const struct side_functions *functions = sides[side];
	void *context = functions->open(path);

	stopwatch_add(&times->durable, side,
		      timed_insert(side, context, DURABLE_ROWS, ascending,
				   true));
	functions->close(context);
	remove_path(path);
	context = functions->open(path);
	stopwatch_add(&times->ascending, side,
		      timed_insert(side, context, ROWS, ascending, false));
	stopwatch_add(&times->reads, side,
		      timed_select(side, context, false));
	stopwatch_add(&times->transaction_reads, side,
		      timed_select(side, context, true));
	functions->close(context);
	remove_path(path);
	context = functions->open(path);
	stopwatch_add(&times->scattered, side,
		      timed_insert(side, context, ROWS, scattered, false));
	functions->close(context);
	remove_path(path);
}

/* The program's whole life, from its start to its exit. */
static double
run_program(char *const arguments[], const char *input)
{
	double start = stopwatch_now();
	pid_t pid = fork();
	int status, file;

	if (pid == 0) {
		file = open(input, O_RDONLY | O_CLOEXEC);
		if (file < 0 || dup2(file, STDIN_FILENO) < 0)
			_exit(126);
		execv(arguments[0], arguments);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "%s failed\n", arguments[0]);
		exit(EXIT_FAILURE);
	}
	return stopwatch_now() - start;
}

static void
run_scripts(struct stopwatch *scripts, enum side side, char *path, char **argv)
{
	char file_option[] = "-f", bail[] = "--bail", sqlite_bail[] = "-bail";
	char *logstor[] = { argv[3], bail, file_option, argv[4], path, NULL };
	char *sqlite[] = { argv[5], sqlite_bail, path, NULL };
	char nothing[] = "/dev/null";

	if (side == SIDE_LOGSTOR)
		stopwatch_add(scripts, side, run_program(logstor, nothing));
	else
		stopwatch_add(scripts, side, run_program(sqlite, argv[6]));
	remove_path(path);
}

int
main(int argc, char **argv)
{
	static struct stopwatch scripts = { .name = "unicode script" };
	static struct comparison times = {
		{ .name = "durable INSERT", .operations = DURABLE_ROWS },
		{ .name = "INSERT in one commit, ascending keys",
		  .operations = ROWS },
		{ .name = "INSERT in one commit, scattered keys",
		  .operations = ROWS },
		{ .name = "point SELECT", .operations = READS },
		{ .name = "point SELECT, SQLite in a transaction",
		  .operations = READS },
	};
	int rounds = argc > 2 ? atoi(argv[2]) : 0;
	char path[1024];

	if ((argc != 3 && argc != 8) || rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: sqlite_compare DIRECTORY ROUNDS"
				" [LOGSTOR CQL SQLITE3 SQL ROWS]\n");
		return 2;
	}
	for (int round = 0; round < rounds * SIDE_COUNT; round++) {
		/* Who begins a pair changes, too. */
		enum side side = (enum side)((round + round / 2) % 2);

		make_path(path, argv[1], side, round);
		remove_path(path);
		if (argc == 8)
			run_scripts(&scripts, side, path, argv);
		run_library(&times, side, path);
	}
	if (argc == 8) {
		scripts.operations = strtoull(argv[7], NULL, 10);
		stopwatch_print(&scripts);
	}
	stopwatch_print(&times.durable);
	stopwatch_print(&times.ascending);
	stopwatch_print(&times.scattered);
	stopwatch_print(&times.reads);
	stopwatch_print(&times.transaction_reads);
	return 0;
}
