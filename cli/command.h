/* SPDX-License-Identifier: MIT
 *
 * The shell's own commands: what isn't CQL.  They are told by the first word
 * of a statement. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/compiler.h"
#include "cli/input.h"
#include "cli/shell.h"

enum { COMMAND_WORDS_MAX = 4 };

/* A command as it was given. */
struct command_call {
	struct shell *shell;
	const struct input *input;
	const struct input_item *item;
	/* What follows the command's name; quotes are removed. */
	struct slice words[COMMAND_WORDS_MAX];
	size_t word_count;
};

struct command {
	const char *name;    /* upper case */
	const char *usage;
	const char *summary; /* one line */
	const char *help;    /* more lines, each with its end */
	void (*run)(struct command_call *call);
};

/* The command that ${text} begins with, or NULL: then it is CQL. */
const struct command *command_find(struct slice text);
/* All of them, in the order of HELP. */
const struct command *command_table(size_t *count);

void command_run(struct shell *shell, const struct input *input,
		 const struct input_item *item);

/* ---- for the commands ---- */

/* Reports an error about the call and notes the failure. */
void command_fail(struct command_call *call, const char *hint,
		  const char *format, ...) PRINTF_LIKE(3, 4);
/* "usage: …", for a call with wrong words. */
void command_fail_usage(struct command_call *call);

/* Prints an answer that was asked for. */
void command_answer(struct command_call *call, const char *format, ...)
	PRINTF_LIKE(2, 3);
/* Confirms a change: only to somebody at a prompt. */
void command_confirm(struct command_call *call, const char *format, ...)
	PRINTF_LIKE(2, 3);

/* Is the word ${index} this one, whatever its case? */
bool command_word_is(const struct command_call *call, size_t index,
		     const char *word);

/* Sets ${flag} from ON or OFF, or tells its state when nothing is given:
 * "TIMING is on". */
void command_switch(struct command_call *call, bool *flag);

/* In command_files.c. */
void command_source(struct command_call *call);
void command_capture(struct command_call *call);

/* In command_settings.c. */
void command_expand(struct command_call *call);
void command_format(struct command_call *call);
void command_timing(struct command_call *call);
void command_paging(struct command_call *call);
void command_consistency(struct command_call *call);
void command_serial(struct command_call *call);

/* In command_session.c. */
void command_exit(struct command_call *call);
void command_clear(struct command_call *call);
void command_history(struct command_call *call);
void command_show(struct command_call *call);
void command_unsupported(struct command_call *call);

/* In command_help.c. */
void command_help(struct command_call *call);

#endif
