/* SPDX-License-Identifier: MIT */
#include "cli/prompt.h"

#include "cli/line_editor.h"
#include "cli/report.h"
#include "cli/signals.h"

#include <inttypes.h>

/* Nobody was told that those writes were done, but it may be news. */
static void
tell_unclean_end(struct shell *shell, struct buffer *out)
{
	struct logstor_statistics statistics = {
		.size = sizeof(statistics),
	};

	if (logstor_stats(shell->database, &statistics) < 0 ||
	    statistics.discarded_bytes == 0)
		return;
	buffer_printf(out,
		      "The last session did not end orderly; %" PRIu64
		      " bytes of unfinished writes were dropped.\n",
		      statistics.discarded_bytes);
}

static void
greet(struct shell *shell)
{
	struct buffer *out = output_begin(&shell->output, OUTPUT_ANSWERS);

	buffer_printf(out, "logstor %s, ", logstor_version());
	if (shell->path == NULL) {
		buffer_append_string(out, "a database in memory");
	} else {
		buffer_append_string(out, "database ");
		text_append_escaped(out, slice_from_string(shell->path),
				    TEXT_ESCAPE_BIDI);
	}
	buffer_append_byte(out, '\n');
	tell_unclean_end(shell, out);
	buffer_append_string(out, "Type HELP for help.\n");
}

/* NUL-terminated. */
static const char *
make_prompt(const struct shell *shell, struct buffer *text, bool is_continued)
{
	const char *keyspace = logstor_session_keyspace(shell->session);

	if (is_continued)
		return "   ... ";
	buffer_clear(text);
	buffer_append_string(text, "logstor");
	if (keyspace != NULL) {
		buffer_append_byte(text, ':');
		text_append_escaped(text, slice_from_string(keyspace),
				    TEXT_ESCAPE_BIDI);
	}
	buffer_append(text, "> ", sizeof("> "));
	return text->has_failed ? "> " : (const char *)text->data;
}

/* Ctrl-C at the prompt forgets what was typed. */
static void
take_interrupt(struct shell *shell, struct input *input,
	       struct buffer *remembered)
{
	signals_clear_interrupt();
	input_clear(input);
	buffer_clear(remembered);
	buffer_append_byte(output_begin(&shell->output, OUTPUT_ANSWERS),
			   '\n');
	output_flush(&shell->output);
}

/* The statement can't be whole without the line.  It is kept for the person to
 * put right. */
static void
refuse_line(struct shell *shell, struct input *input, struct buffer *typed)
{
	line_editor_remember(shell->editor, buffer_slice(typed));
	input_clear(input);
	buffer_clear(typed);
	report_message(&shell->output,
		       "not valid UTF-8 where \xef\xbf\xbd stands: nothing of "
		       "this was run");
	output_flush(&shell->output);
}

/* Runs what is whole.  Positions count from what is typed now, so nothing
 * that was run stays in the input. */
static void
run_typed(struct shell *shell, struct input *input, struct buffer *typed)
{
	shell_run(shell, input);
	shell_settle(shell);
	if (input_pending(input) == 0 || shell->stop != SHELL_GOES_ON) {
		line_editor_remember(shell->editor, buffer_slice(typed));
		buffer_clear(typed);
		input_clear(input);
	}
	/* Ctrl-C has ended the statement, an error with --bail the script,
	 * and that was all they were for. */
	if (shell->stop == SHELL_INTERRUPTED || shell->stop == SHELL_BAIL)
		shell->stop = SHELL_GOES_ON;
	signals_clear_interrupt();
}

static void
converse(struct shell *shell, struct input *input, struct buffer *typed)
{
	struct buffer prompt = { 0 };

	while (shell->stop == SHELL_GOES_ON) {
		struct slice line;
		bool is_continued = input_pending(input) > 0;
		enum line_outcome outcome = line_editor_read(
			shell->editor,
			make_prompt(shell, &prompt, is_continued),
			buffer_slice(typed), &line);

		if (outcome == LINE_INVALID) {
			buffer_append_slice(typed, line);
			refuse_line(shell, input, typed);
		} else if (outcome == LINE_READ) {
			buffer_append_slice(typed, line);
			input_append(input, line);
			run_typed(shell, input, typed);
		} else if (signals_termination() != 0) {
			shell->stop = SHELL_TERMINATED;
		} else if (outcome == LINE_INTERRUPTED) {
			take_interrupt(shell, input, typed);
		} else {
			shell->stop = SHELL_EXIT;
			buffer_append_byte(output_begin(&shell->output,
							OUTPUT_ANSWERS),
					   '\n');
		}
	}
	buffer_finish(&prompt);
}

void
prompt_run(struct shell *shell)
{
	struct buffer typed = { 0 };
	struct input input;

	greet(shell);
	shell_settle(shell);
	input_init(&input, NULL);
	converse(shell, &input, &typed);
	input_finish(&input);
	buffer_finish(&typed);
}
