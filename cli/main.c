/* SPDX-License-Identifier: MIT
 *
 * logstor, the shell: opens a database, runs what the command line says or
 * talks with whoever is at the terminal, and tells by its exit status how it
 * went. */
#include "cli/line_editor.h"
#include "cli/options.h"
#include "cli/prompt.h"
#include "cli/report.h"
#include "cli/salvage.h"
#include "cli/script.h"
#include "cli/shell.h"
#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	STATUS_OK = 0,
	STATUS_USAGE = 1,  /* or the database can't be opened */
	STATUS_FAILED = 2, /* some statement */
	STATUS_SIGNAL = 128
};

/* A file of the database must not become one of the standard streams because
 * that was closed.  What stands in for them can't be written. */
static void
hold_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* A database has its files open, maybe thousands; only programs that
 * pass descriptors to select() need the low limit. */
static void
allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool
commit_before_output(void *context)
{
	return shell_commit(context);
}

/* ---- opening ---- */

static bool
open_database(struct shell *shell, const struct options *options)
{
	if (logstor_open(options->database, &options->how,
			 &shell->database) < 0) {
		report_message(&shell->output, "%s",
			       shell->database == NULL
				       ? "out of memory"
				       : logstor_database_error(
						 shell->database));
		report_hint(&shell->output,
			    logstor_database_hint(shell->database));
		return false;
	}
	if (logstor_session_open(shell->database, &shell->session) < 0) {
		report_message(&shell->output, "%s",
			       logstor_database_error(shell->database));
		return false;
	}
	if (logstor_open_warning(shell->database) != NULL)
		report_message(&shell->output, "warning: %s",
			       logstor_open_warning(shell->database));
	shell_watch_progress(shell);
	return true;
}

static bool
use_keyspace(struct shell *shell, const char *keyspace)
{
	struct buffer text = { 0 };
	int code;

	if (keyspace == NULL)
		return true;
	buffer_append_string(&text, "USE ");
	text_append_quoted(&text, slice_from_string(keyspace));
	buffer_append_byte(&text, '\0');
	code = text.has_failed
		       ? LOGSTOR_ERROR
		       : logstor_execute(shell->session,
					 (const char *)text.data, NULL, NULL);
	buffer_finish(&text);
	if (code >= 0)
		return true;
	report_message(&shell->output, "%s",
		       logstor_error_message(shell->session));
	return false;
}

/* ---- running ---- */

static bool
is_standard_input(const struct options_script *script)
{
	return script->path != NULL && strcmp(script->path, "-") == 0;
}

/* Looked at before anything runs, so that a wrong name changes nothing. */
static bool
check_scripts(struct shell *shell, const struct options *options)
{
	for (size_t i = 0; i < options->script_count; i++) {
		const struct options_script *script = &options->scripts[i];

		if (script->path == NULL || is_standard_input(script) ||
		    script_check(script->path) == 0)
			continue;
		report_message(&shell->output, "cannot read %s: %s",
			       script->path, strerror(errno));
		return false;
	}
	return true;
}

static void
run_script(struct shell *shell, const struct options_script *script)
{
	int fd;

	if (script->text != NULL) {
		script_run_text(shell, "-e", script->text);
		return;
	}
	if (is_standard_input(script)) {
		script_run_file(shell, "<stdin>", STDIN_FILENO);
		return;
	}
	fd = script_open(script->path);
	if (fd < 0 && errno == EINTR) {
		shell_check_signals(shell);
		return;
	}
	if (fd < 0) {
		report_message(&shell->output, "cannot read %s: %s",
			       script->path, strerror(errno));
		shell_fail(shell);
		return;
	}
	script_run_file(shell, script->path, fd);
	close(fd);
}

static void
run_prompt(struct shell *shell)
{
	shell->editor = line_editor_open(shell->session);
	if (shell->editor == NULL) {
		/* A terminal that can't be edited on can still be read. */
		script_run_file(shell, "<stdin>", STDIN_FILENO);
		return;
	}
	prompt_run(shell);
	/* What failed was seen; leaving a prompt is no failure. */
	shell->has_failed = false;
	line_editor_close(shell->editor);
	shell->editor = NULL;
}

static void
run(struct shell *shell, const struct options *options)
{
	/* While the database was opened nothing ran that a signal could end. */
	shell_check_signals(shell);
	for (size_t i = 0; i < options->script_count; i++) {
		if (shell->stop != SHELL_GOES_ON)
			return;
		run_script(shell, &options->scripts[i]);
	}
	if (options->script_count > 0 || shell->stop != SHELL_GOES_ON)
		return;
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		run_prompt(shell);
	else
		script_run_file(shell, "<stdin>", STDIN_FILENO);
}

/* ---- the end ---- */

static void
close_database(struct shell *shell)
{
	char message[1024] = "";

	logstor_session_close(shell->session);
	if (logstor_close(shell->database, message, sizeof(message)) >= 0)
		return;
	report_message(&shell->output, "closing the database: %s", message);
	shell->has_failed = true;
}

static int
exit_status(const struct shell *shell)
{
	if (shell->stop == SHELL_INTERRUPTED)
		return STATUS_SIGNAL + 2;
	if (shell->stop == SHELL_TERMINATED)
		return STATUS_SIGNAL + signals_termination();
	if (shell->has_failed)
		return STATUS_FAILED;
	/* Quietly, as SIGPIPE would have ended it. */
	return shell->stop == SHELL_UNREAD ? STATUS_SIGNAL + SIGPIPE
					   : STATUS_OK;
}

static int
run_shell(struct shell *shell, const struct options *options)
{
	int status = STATUS_USAGE;

	if (check_scripts(shell, options) && open_database(shell, options) &&
	    use_keyspace(shell, options->keyspace)) {
		run(shell, options);
		shell_settle(shell);
		close_database(shell);
		status = exit_status(shell);
	} else {
		logstor_session_close(shell->session);
		logstor_close(shell->database, NULL, 0);
	}
	output_finish(&shell->output);
	return status;
}

/* Has nothing to do with a session: no database is opened. */
static int
run_salvage(struct shell *shell, const struct options *options)
{
	enum salvage_outcome outcome = salvage_databases(
		&shell->output, options->database, options->salvage_to);

	shell_settle(shell);
	output_finish(&shell->output);
	if (outcome == SALVAGE_STOPPED)
		return STATUS_SIGNAL + (signals_termination() != 0
						? signals_termination()
						: SIGINT);
	if (outcome == SALVAGE_FAILED)
		return STATUS_USAGE;
	return outcome == SALVAGE_LOST ? STATUS_FAILED : exit_status(shell);
}

int
main(int count, char **arguments)
{
	struct options options;
	struct shell shell = {
		.page_rows = SHELL_PAGE_ROWS,
		.capture_fd = -1,
		.consistency = "ONE",
		.is_terminal = isatty(STDOUT_FILENO) == 1,
	};
	int outcome;

	hold_standard_streams();
	allow_many_files();
	outcome = options_parse(&options, count, arguments);
	if (outcome == 0 && !signals_install()) {
		fprintf(stderr, "logstor: %s\n", strerror(errno));
		outcome = -1;
	}
	if (outcome != 0) {
		options_finish(&options);
		return outcome < 0 ? STATUS_USAGE : STATUS_OK;
	}
	shell.render = options.render;
	shell.path = options.database;
	shell.bails = options.bails;
	shell.is_safe = options.is_safe;
	output_init(&shell.output, commit_before_output, &shell);
	outcome = options.salvages ? run_salvage(&shell, &options)
				   : run_shell(&shell, &options);
	options_finish(&options);
	return outcome;
}
