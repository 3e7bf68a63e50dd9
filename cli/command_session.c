/* SPDX-License-Identifier: MIT
 *
 * Commands about the session, and those that aren't there yet. */
#include "cli/command.h"

#include "cli/line_editor.h"
#include "include/logstor.h"

#include <stdio.h>
#include <stdlib.h>

void
command_exit(struct command_call *call)
{
	if (call->word_count > 0)
		command_fail_usage(call);
	else
		call->shell->stop = SHELL_EXIT;
}

void
command_clear(struct command_call *call)
{
	/* A script's output has nothing to clear. */
	if (shell_has_prompt(call->shell))
		buffer_append_string(output_begin(&call->shell->output,
						  OUTPUT_ANSWERS),
				     "\x1b[H\x1b[2J\x1b[3J");
}

void
command_history(struct command_call *call)
{
	char number[16] = "50";
	unsigned long count;
	char *end;

	if (call->word_count > 1 ||
	    (call->word_count == 1 && call->words[0].size >= sizeof(number))) {
		command_fail_usage(call);
		return;
	}
	if (call->word_count == 1)
		snprintf(number, sizeof(number), "%.*s",
			 SLICE_ARGUMENTS(call->words[0]));
	count = strtoul(number, &end, 10);
	if (*end != '\0' || count == 0) {
		command_fail_usage(call);
		return;
	}
	if (call->shell->editor != NULL)
		line_editor_print_history(call->shell->editor,
					  &call->shell->output, count);
}

void
command_show(struct command_call *call)
{
	if (command_word_is(call, 0, "VERSION") && call->word_count == 1)
		command_answer(call, "logstor %s", logstor_version());
	else if (call->word_count > 0)
		command_fail(call, NULL, "SHOW %.*s is not supported yet",
			     SLICE_ARGUMENTS(call->words[0]));
	else
		command_fail_usage(call);
}

void
command_unsupported(struct command_call *call)
{
	command_fail(call, NULL, "%s is not supported yet",
		     call->item->command->name);
}
