/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include "base/arena.h"
#include "cli/report.h"

#include <stdarg.h>
#include <stdio.h>

static const struct command commands[] = {
	{ "HELP", "HELP [topic]", "this list, or help about a topic",
	  "Topics are the commands, statements such as SELECT or CREATE\n"
	  "TABLE, and TYPES and FUNCTIONS.\n",
	  command_help },
	{ "EXIT", "EXIT", "leave the shell (also Ctrl-D)",
	  "Everything that was run is saved before the shell ends.  In a\n"
	  "script, nothing behind it is run.\n",
	  command_exit },
	{ "QUIT", "QUIT", "the same as EXIT", "", command_exit },
	{ "SOURCE", "SOURCE 'file'", "run a script",
	  "Runs the statements and commands of the file.  Errors don't stop\n"
	  "it, unless the shell was started with --bail.\n",
	  command_source },
	{ "CAPTURE", "CAPTURE ['file' | OFF]", "append results to a file",
	  "Results go to the end of the file instead of the terminal, until\n"
	  "CAPTURE OFF.  Errors, and answers of commands, are still shown.\n",
	  command_capture },
	{ "FORMAT", "FORMAT [table | expanded | csv | json]",
	  "how results look",
	  "table and expanded are for reading, csv and json for programs.\n"
	  "Alone it tells the current format.\n",
	  command_format },
	{ "EXPAND", "EXPAND [ON | OFF]", "rows as a line for each column",
	  "EXPAND ON is FORMAT expanded, EXPAND OFF is FORMAT table.\n",
	  command_expand },
	{ "PAGING", "PAGING [ON | OFF | rows]", "pause between pages",
	  "Tables are laid out, and at the prompt shown, so many rows at a\n"
	  "time: 100 unless you say otherwise.\n",
	  command_paging },
	{ "TIMING", "TIMING [ON | OFF]", "how long each statement takes", "",
	  command_timing },
	{ "CONSISTENCY", "CONSISTENCY [level]",
	  "accepted for scripts that have it",
	  "The database is on this machine: whatever the level, a statement\n"
	  "that has been answered is saved, and reads see it.\n",
	  command_consistency },
	{ "SERIAL", "SERIAL CONSISTENCY [level]",
	  "accepted, like CONSISTENCY", "", command_serial },
	{ "SHOW", "SHOW VERSION | SHOW STORAGE",
	  "the version, or how the data is stored",
	  "SHOW STORAGE is a statement with one row: what is there, what was\n"
	  "written since opening, and how live the segments are.\n",
	  command_show },
	{ "HISTORY", "HISTORY [count]", "the last statements that you typed",
	  "", command_history },
	{ "CLEAR", "CLEAR", "clear the terminal", "", command_clear },
	{ "CLS", "CLS", "the same as CLEAR", "", command_clear },
	{ "COPY", "COPY", "not supported yet", "", command_unsupported },
	{ "DUMP", "DUMP", "not supported yet", "", command_unsupported },
	{ "TRACING", "TRACING", "not supported yet", "",
	  command_unsupported },
	{ "LOGIN", "LOGIN", "not supported", "", command_unsupported },
};

const struct command *
command_table(size_t *count)
{
	*count = ARRAY_COUNT(commands);
	return commands;
}

/* SHOW STORAGE is a statement, for every user of the library. */
static bool
is_show_storage(struct slice text)
{
	struct slice word = text_word(text, 0);
	struct slice next = text_word(text, text_skip_blanks(text, word.size));

	return slice_is_equal_ignoring_case(word, SLICE("SHOW")) &&
	       slice_is_equal_ignoring_case(next, SLICE("STORAGE"));
}

const struct command *
command_find(struct slice text)
{
	struct slice word = text_word(text, 0);

	if (is_show_storage(text))
		return NULL;
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
		if (slice_is_equal_ignoring_case(
			    slice_from_string(commands[i].name), word))
			return &commands[i];
	return NULL;
}

/* ---- words ---- */

/* The word at ${at}, quoted or not; the answer is the offset behind it, or 0
 * when a quote doesn't end. */
static size_t
take_word(struct slice text, size_t at, struct buffer *word)
{
	uint8_t quote = text.data[at];
	size_t start = at;

	if (quote != '\'' && quote != '"') {
		while (at < text.size && text.data[at] > ' ')
			at++;
		buffer_append(word, text.data + start, at - start);
		return at;
	}
	for (at++; at < text.size; at++) {
		if (text.data[at] == quote) {
			at++;
			if (at == text.size || text.data[at] != quote)
				return at;
		}
		buffer_append_byte(word, text.data[at]);
	}
	return 0;
}

/* Without the `;`, the line's end and the name. */
static struct slice
arguments_of(const struct input_item *item)
{
	struct slice text = item->text;

	if (text.size > 0 && text.data[text.size - 1] == ';')
		text.size--;
	return slice_from(text, text_word(text, 0).size);
}

static bool
split_words(struct command_call *call, struct arena *arena)
{
	struct slice text = arguments_of(call->item);
	struct buffer word = { 0 };
	size_t at = text_skip_blanks(text, 0);
	bool is_good = true;

	while (at < text.size && is_good) {
		buffer_clear(&word);
		at = take_word(text, at, &word);
		is_good = at > 0 && call->word_count < COMMAND_WORDS_MAX &&
			  !word.has_failed;
		if (!is_good)
			break;
		call->words[call->word_count++] =
			arena_copy(arena, buffer_slice(&word));
		at = text_skip_blanks(text, at);
	}
	buffer_finish(&word);
	return is_good && !arena->has_failed;
}

void
command_run(struct shell *shell, const struct input *input,
	    const struct input_item *item)
{
	struct command_call call = {
		.shell = shell,
		.input = input,
		.item = item,
	};
	struct arena arena = { 0 };

	if (memchr(item->text.data, '\0', item->text.size) != NULL)
		command_fail(&call, NULL, "the text contains a NUL byte");
	else if (!split_words(&call, &arena))
		command_fail_usage(&call);
	else
		item->command->run(&call);
	arena_finish(&arena);
}

/* ---- answers ---- */

void
command_fail(struct command_call *call, const char *hint, const char *format,
	     ...)
{
	struct report_place place = {
		.input = call->input,
		.item = call->item,
	};
	va_list arguments;
	char text[512];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	report_error(&call->shell->output, &place, "Error", text, hint);
	shell_fail(call->shell);
}

void
command_fail_usage(struct command_call *call)
{
	command_fail(call, NULL, "usage: %s", call->item->command->usage);
}

void
command_answer(struct command_call *call, const char *format, ...)
{
	struct buffer *out = output_begin(&call->shell->output,
					  OUTPUT_ANSWERS);
	va_list arguments;
	char text[512];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_append_escaped(out, slice_from_string(text),
			    TEXT_ESCAPE_BIDI | TEXT_KEEP_LINES);
	buffer_append_byte(out, '\n');
}

void
command_confirm(struct command_call *call, const char *format, ...)
{
	va_list arguments;
	char text[512];

	if (!shell_has_prompt(call->shell))
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	command_answer(call, "%s", text);
}

bool
command_word_is(const struct command_call *call, size_t index,
		const char *word)
{
	return index < call->word_count &&
	       slice_is_equal_ignoring_case(call->words[index],
					    slice_from_string(word));
}

void
command_switch(struct command_call *call, bool *flag)
{
	const char *name = call->item->command->name;

	if (call->word_count == 0) {
		command_answer(call, "%s is %s", name, *flag ? "on" : "off");
		return;
	}
	if (call->word_count > 1 || (!command_word_is(call, 0, "ON") &&
				     !command_word_is(call, 0, "OFF"))) {
		command_fail_usage(call);
		return;
	}
	*flag = command_word_is(call, 0, "ON");
	command_confirm(call, "%s is now %s", name, *flag ? "on" : "off");
}
