/* SPDX-License-Identifier: MIT
 *
 * Runs CQL from standard input on a database of any geometry, which the shell
 * can't choose:
 *
 *     run_script DIRECTORY SEGMENT_SIZE FILE_SEGMENTS CHECKPOINT_SIZE SIZE_MAX
 *                [die | leave]
 *
 * Sizes are in bytes, 0 is the default.
 * A line `-- step` commits what came before it, so that a log has as many
 * buffers as its script has steps.  With `die` it ends without closing the
 * database; with `leave` too, and syncs as the system likes, so that
 * watermarks lag. */
#include <logstor.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCRIPT_SIZE_MAX = 16 << 20 };

static const char STEP[] = "-- step\n";

static int
run_steps(logstor_session *session, char *script)
{
	while (script != NULL) {
		char *end = strstr(script, STEP);

		if (end != NULL) {
			*end = '\0';
			end += sizeof(STEP) - 1;
		}
		if (logstor_execute(session, script, NULL, NULL) < 0) {
			fprintf(stderr, "run_script: %s\n",
				logstor_error_message(session));
			return 1;
		}
		script = end;
	}
	return 0;
}

static int
run(logstor_database *database, char *script)
{
	logstor_session *session;
	int status;

	if (logstor_session_open(database, &session) != LOGSTOR_OK)
		return 1;
	status = run_steps(session, script);
	logstor_session_close(session);
	return status;
}

int
main(int argc, char **argv)
{
	static char script[SCRIPT_SIZE_MAX];
	struct logstor_options options = { .size = sizeof(options) };
	logstor_database *database;
	bool is_left = argc == 7 && strcmp(argv[6], "leave") == 0;
	bool is_dying = argc == 7 && strcmp(argv[6], "die") == 0;
	int status;

	if (argc != 6 && !is_left && !is_dying)
		return 64;
	script[fread(script, 1, sizeof(script) - 1, stdin)] = '\0';
	options.segment_size = (uint32_t)strtoul(argv[2], NULL, 10);
	options.file_segments = (uint32_t)strtoul(argv[3], NULL, 10);
	options.checkpoint_size = strtoull(argv[4], NULL, 10);
	options.size_max = strtoull(argv[5], NULL, 10);
	options.sync = is_left ? LOGSTOR_SYNC_OFF : LOGSTOR_SYNC_FULL;
	status = logstor_open(argv[1], &options, &database);
	if (status != LOGSTOR_OK) {
		fprintf(stderr, "run_script: %s\n",
			logstor_database_error(database));
		return 1;
	}
	status = run(database, script);
	if (is_left || is_dying)
		_exit(status);
	return logstor_close(database, NULL, 0) == LOGSTOR_OK ? status : 1;
}
