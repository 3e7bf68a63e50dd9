/* SPDX-License-Identifier: MIT
 *
 * Commands that read and write files of the user's; --safe forbids them. */
#include "cli/command.h"

#include "cli/script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The word as a path, with a leading ~/ resolved; to be freed, NULL when
 * memory ran out. */
static char *
make_path(struct slice word)
{
	struct buffer path = { 0 };
	const char *home = getenv("HOME");

	if (word.size >= 2 && memcmp(word.data, "~/", 2) == 0 &&
	    home != NULL) {
		buffer_append_string(&path, home);
		word = slice_from(word, 1);
	}
	buffer_append_slice(&path, word);
	buffer_append_byte(&path, '\0');
	if (path.has_failed) {
		buffer_finish(&path);
		return NULL;
	}
	return (char *)path.data;
}

static bool
is_forbidden(struct command_call *call)
{
	if (!call->shell->is_safe)
		return false;
	command_fail(call, "the shell was started with --safe",
		     "%s is not allowed", call->item->command->name);
	return true;
}

static char *
path_argument(struct command_call *call)
{
	char *path;

	if (call->word_count != 1 || call->words[0].size == 0) {
		command_fail_usage(call);
		return NULL;
	}
	path = make_path(call->words[0]);
	if (path == NULL)
		command_fail(call, NULL, "out of memory");
	return path;
}

void
command_source(struct command_call *call)
{
	char *path;
	int fd;

	if (is_forbidden(call))
		return;
	if (call->shell->script_depth >= SCRIPT_DEPTH_MAX) {
		command_fail(call, "does a script run itself?",
			     "scripts are nested more than %d deep",
			     SCRIPT_DEPTH_MAX);
		return;
	}
	path = path_argument(call);
	if (path == NULL)
		return;
	fd = script_open(path);
	if (fd < 0) {
		command_fail(call, NULL, "cannot read %s: %s", path,
			     strerror(errno));
	} else {
		script_run_file(call->shell, path, fd);
		close(fd);
	}
	free(path);
}

static void
stop_capture(struct shell *shell)
{
	/* What can't be written is told and ends the capture by itself. */
	shell_settle(shell);
	if (shell->capture_fd < 0)
		return;
	output_redirect(&shell->output, -1);
	close(shell->capture_fd);
	shell->capture_fd = -1;
}

static void
start_capture(struct command_call *call, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
				    O_NOCTTY,
		      0666);

	if (fd < 0) {
		command_fail(call, NULL, "cannot write %s: %s", path,
			     strerror(errno));
		return;
	}
	command_confirm(call, "Results go to %s until CAPTURE OFF", path);
	output_redirect(&call->shell->output, fd);
	call->shell->capture_fd = fd;
}

void
command_capture(struct command_call *call)
{
	struct shell *shell = call->shell;
	char *path;

	if (is_forbidden(call))
		return;
	if (call->word_count == 0) {
		command_answer(call, "CAPTURE is %s",
			       shell->capture_fd < 0 ? "off" : "on");
		return;
	}
	if (command_word_is(call, 0, "OFF") && call->word_count == 1) {
		stop_capture(shell);
		return;
	}
	if (shell->capture_fd >= 0) {
		command_fail(call, "end that with CAPTURE OFF",
			     "results are being captured already");
		return;
	}
	path = path_argument(call);
	if (path != NULL)
		start_capture(call, path);
	free(path);
}
