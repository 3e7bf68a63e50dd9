/* SPDX-License-Identifier: MIT */
#include "cli/shell.h"

#include "cli/command.h"
#include "cli/line_editor.h"
#include "cli/report.h"
#include "cli/result.h"
#include "cli/signals.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

void
shell_fail(struct shell *shell)
{
	shell->has_failed = true;
	if (shell->bails && shell->stop == SHELL_GOES_ON)
		shell->stop = SHELL_BAIL;
}

bool
shell_has_prompt(const struct shell *shell)
{
	return shell->editor != NULL && shell->script_depth == 0;
}

bool
shell_is_interactive(const struct shell *shell)
{
	return shell_has_prompt(shell) && shell->capture_fd < 0;
}

bool
shell_commit(struct shell *shell)
{
	if (!shell->is_dirty)
		return true;
	shell->is_dirty = false;
	if (logstor_commit(shell->database) >= 0)
		return true;
	report_message(&shell->output,
		       "the last changes are not saved, and results since "
		       "then not shown: %s",
		       logstor_database_error(shell->database));
	shell_fail(shell);
	return false;
}

static void
end_capture(struct shell *shell)
{
	report_message(&shell->output, "cannot write the captured file: %s",
		       strerror(shell->output.failure));
	output_redirect(&shell->output, -1);
	close(shell->capture_fd);
	shell->capture_fd = -1;
	shell_fail(shell);
}

/* Whoever read our output may have gone: quietly, that is how `head` ends. */
static void
check_output(struct shell *shell)
{
	struct output *output = &shell->output;

	if (!output->is_broken || shell->stop == SHELL_UNREAD)
		return;
	if (shell->capture_fd >= 0 && !output->is_unanswered) {
		end_capture(shell);
		return;
	}
	if (output->failure != EPIPE) {
		report_message(output, "cannot write the output: %s",
			       strerror(output->failure));
		output_flush(output);
		shell->has_failed = true;
	}
	shell->stop = SHELL_UNREAD;
}

void
shell_settle(struct shell *shell)
{
	/* Results commit on their way out, or stay. */
	output_flush(&shell->output);
	shell_commit(shell);
	output_flush(&shell->output);
	check_output(shell);
}

/* ---- one statement ---- */

/* Between pages at the prompt: Enter goes on, Ctrl-C and Ctrl-D don't. */
static bool
pause_output(void *context)
{
	struct shell *shell = context;

	buffer_append_string(output_begin(&shell->output, OUTPUT_RESULTS),
			     "---MORE---");
	output_flush(&shell->output);
	return line_editor_wait_for_enter(shell->editor);
}

/* A plan is a text of lines, whose indentation says what belongs to what, and
 * faults are sentences. */
static bool
is_text(enum logstor_statement_kind kind, const struct input_item *item)
{
	return kind == LOGSTOR_STATEMENT_CHECK ||
	       slice_is_equal_ignoring_case(text_word(item->text, 0),
					    SLICE("EXPLAIN"));
}

/* Some results aren't rows to who reads them. */
static const struct render *
choose_render(const struct shell *shell, enum logstor_statement_kind kind)
{
	bool is_table = shell->render == &render_table;

	if (kind == LOGSTOR_STATEMENT_DESCRIBE &&
	    (is_table || shell->render == &render_expanded))
		return &render_describe;
	if (kind == LOGSTOR_STATEMENT_STORAGE && is_table)
		return &render_storage;
	return shell->render;
}

/* May it have changed what is there?  Even one that fails may have done
 * something first. */
static bool
may_change(enum logstor_statement_kind kind)
{
	switch (kind) {
	case LOGSTOR_STATEMENT_SELECT:
	case LOGSTOR_STATEMENT_DESCRIBE:
	case LOGSTOR_STATEMENT_CHECK:
	case LOGSTOR_STATEMENT_STORAGE:
		return false;
	default:
		return true;
	}
}

/* Others take long only by their rows, which are seen. */
static void
begin_progress(struct shell *shell, enum logstor_statement_kind kind)
{
	if (kind == LOGSTOR_STATEMENT_CHECK)
		progress_begin(&shell->progress, &shell->output, "CHECK");
	else if (kind == LOGSTOR_STATEMENT_COMPACT)
		progress_begin(&shell->progress, &shell->output, "COMPACT");
}

/* Signals interrupt statements by themselves. */
static bool
tell_progress(void *context, uint64_t rows_done)
{
	struct shell *shell = context;
	uint64_t done, total;

	(void)rows_done;
	logstor_progress_bytes(shell->database, &done, &total);
	progress_tell(&shell->progress, done, total);
	return false;
}

void
shell_watch_progress(struct shell *shell)
{
	logstor_set_progress(shell->database, tell_progress, shell);
}

static int
print_result(struct shell *shell, logstor_statement *statement,
	     const struct input_item *item)
{
	enum logstor_statement_kind kind = logstor_statement_kind(statement);
	bool is_interactive = shell_is_interactive(shell);
	uint64_t row_count = 0;
	struct result_options options = {
		.render = choose_render(shell, kind),
		.output = &shell->output,
		.is_interactive = is_interactive,
		.is_counted = !logstor_statement_is_conditional(statement),
		.is_left = is_text(kind, item),
		.is_escaped = shell->is_terminal && shell->capture_fd < 0,
		.page_rows = shell->page_rows,
		.row_count = &row_count,
		.pause = is_interactive ? pause_output : NULL,
		.pause_context = shell,
	};
	int outcome;

	if (shell->script_depth > 0 && may_change(kind))
		shell->is_dirty = true;
	begin_progress(shell, kind);
	outcome = result_print(statement, &options);
	progress_end(&shell->progress);
	/* A database with faults must not look sound to a script. */
	if (kind == LOGSTOR_STATEMENT_CHECK && row_count > 0 && outcome >= 0)
		shell_fail(shell);
	return outcome;
}

static double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void
report_time(struct shell *shell, double start_ms)
{
	if (shell->is_timed)
		buffer_printf(output_begin(&shell->output, OUTPUT_MESSAGES),
			      "Time: %.3f ms\n", now_ms() - start_ms);
}

/* Nothing here can bind a marker; unbound, it would quietly be a null. */
static bool
refuse_markers(struct shell *shell, const struct input *input,
	       const struct input_item *item,
	       const logstor_statement *statement)
{
	struct report_place place = { input, item, 0, item->text.size };

	if (statement == NULL || logstor_marker_count(statement) == 0)
		return false;
	report_error(&shell->output, &place, "InvalidRequest [2200]",
		     "Invalid amount of bind variables",
		     "the shell has no values for ? and :name: write them in "
		     "their places");
	shell_fail(shell);
	return true;
}

/* The terminal has shown ^C where the cursor was. */
static void
leave_interrupted_line(struct shell *shell)
{
	if (shell_has_prompt(shell) && signals_is_interrupted())
		buffer_append_byte(output_begin(&shell->output,
						OUTPUT_MESSAGES),
				   '\n');
}

static void
fail_statement(struct shell *shell, const struct input *input,
	       const struct input_item *item, int outcome)
{
	struct report_place place = { input, item, 0, 0 };

	if (outcome == RESULT_NO_MEMORY)
		report_error(&shell->output, &place, "ServerError [0000]",
			     "out of memory while printing the result", NULL);
	else
		report_session_error(&shell->output, shell->session, input,
				     item);
	shell_fail(shell);
}

static void
run_statement(struct shell *shell, const struct input *input,
	      const struct input_item *item)
{
	logstor_statement *statement = NULL;
	double start_ms = shell->is_timed ? now_ms() : 0;
	int outcome = RESULT_DONE;

	signals_watch(shell->database);
	if (logstor_prepare(shell->session, (const char *)item->text.data,
			    (ptrdiff_t)item->text.size, &statement,
			    NULL) < 0)
		outcome = RESULT_FAILED;
	else if (signals_is_stopped() ||
		 refuse_markers(shell, input, item, statement))
		outcome = RESULT_STOPPED; /* the database wasn't told in time */
	else if (statement != NULL)
		outcome = print_result(shell, statement, item);
	signals_watch(NULL);
	if (outcome != RESULT_DONE)
		leave_interrupted_line(shell);
	if (outcome < 0)
		fail_statement(shell, input, item, outcome);
	else if (outcome == RESULT_STOPPED && signals_is_interrupted())
		report_message(&shell->output, "interrupted");
	logstor_finalize(statement);
	if (outcome >= 0)
		report_time(shell, start_ms);
}

/* ---- many ---- */

void
shell_check_signals(struct shell *shell)
{
	if (signals_termination() != 0)
		shell->stop = SHELL_TERMINATED;
	else if (signals_is_interrupted() && shell->stop == SHELL_GOES_ON)
		shell->stop = SHELL_INTERRUPTED;
}

bool
shell_run(struct shell *shell, struct input *input)
{
	/* One may have come while nothing ran that it could end. */
	shell_check_signals(shell);
	while (shell->stop == SHELL_GOES_ON) {
		struct input_item item;
		enum input_kind kind = input_next(input, &item);

		if (kind == INPUT_MORE || kind == INPUT_END)
			break;
		if (kind == INPUT_COMMAND)
			command_run(shell, input, &item);
		else
			run_statement(shell, input, &item);
		output_settle(&shell->output);
		check_output(shell);
		shell_check_signals(shell);
	}
	return shell->stop == SHELL_GOES_ON;
}
