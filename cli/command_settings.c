/* SPDX-License-Identifier: MIT
 *
 * Commands that change how the shell behaves. */
#include "cli/command.h"

enum { PAGE_ROWS_MAX = 1000000 };

void
command_expand(struct command_call *call)
{
	struct shell *shell = call->shell;
	bool is_expanded = shell->render == &render_expanded;
	bool was_expanded = is_expanded;

	command_switch(call, &is_expanded);
	if (is_expanded != was_expanded)
		shell->render = is_expanded ? &render_expanded : &render_table;
}

void
command_format(struct command_call *call)
{
	const struct render *render;

	if (call->word_count == 0) {
		command_answer(call, "FORMAT is %s", call->shell->render->name);
		return;
	}
	if (call->word_count > 1) {
		command_fail_usage(call);
		return;
	}
	render = render_find(call->words[0]);
	if (render != NULL)
		call->shell->render = render;
	else if (render_is_planned(call->words[0]))
		command_fail(call, NULL, "FORMAT %.*s is not supported yet",
			     SLICE_ARGUMENTS(call->words[0]));
	else
		command_fail(call, "formats are table, expanded, csv and json",
			     "unknown format %.*s",
			     SLICE_ARGUMENTS(call->words[0]));
}

void
command_timing(struct command_call *call)
{
	command_switch(call, &call->shell->is_timed);
}

/* A number of 1 to PAGE_ROWS_MAX, or 0. */
static uint32_t
parse_rows(struct slice word)
{
	uint32_t rows = 0;

	for (size_t at = 0; at < word.size; at++) {
		uint8_t byte = word.data[at];

		if (byte < '0' || byte > '9')
			return 0;
		rows = rows * 10 + (uint32_t)(byte - '0');
		if (rows > PAGE_ROWS_MAX)
			return 0;
	}
	return rows;
}

void
command_paging(struct command_call *call)
{
	uint32_t *page_rows = &call->shell->page_rows;
	bool is_on = *page_rows > 0;
	uint32_t rows =
		call->word_count == 1 ? parse_rows(call->words[0]) : 0;

	if (rows > 0) {
		*page_rows = rows;
		command_confirm(call, "PAGING is now on, %u rows a page",
				(unsigned)rows);
	} else if (call->word_count == 0 && is_on) {
		command_answer(call, "PAGING is on, %u rows a page",
			       (unsigned)*page_rows);
	} else {
		command_switch(call, &is_on);
		if (is_on && *page_rows == 0)
			*page_rows = SHELL_PAGE_ROWS;
		else if (!is_on)
			*page_rows = 0;
	}
}

static const char *
find_level(struct slice word)
{
	static const char *const levels[] = {
		"ANY", "ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_QUORUM",
		"EACH_QUORUM", "SERIAL", "LOCAL_SERIAL", "LOCAL_ONE",
	};

	for (size_t i = 0; i < ARRAY_COUNT(levels); i++)
		if (slice_is_equal_ignoring_case(
			    word, slice_from_string(levels[i])))
			return levels[i];
	return NULL;
}

static const char one_machine[] =
	"(the database is on this machine: every level means the same)";

void
command_consistency(struct command_call *call)
{
	const char *level;

	if (call->word_count == 0) {
		command_answer(call, "CONSISTENCY is %s %s",
			       call->shell->consistency, one_machine);
		return;
	}
	level = find_level(call->words[0]);
	if (call->word_count > 1 || level == NULL) {
		command_fail(call, "levels are ONE, QUORUM, LOCAL_QUORUM, …",
			     "unknown consistency level %.*s",
			     SLICE_ARGUMENTS(call->words[0]));
		return;
	}
	call->shell->consistency = level;
	command_confirm(call, "CONSISTENCY is now %s %s", level, one_machine);
}

void
command_serial(struct command_call *call)
{
	const char *level = NULL;

	if (!command_word_is(call, 0, "CONSISTENCY") || call->word_count > 2) {
		command_fail_usage(call);
		return;
	}
	if (call->word_count == 1) {
		command_answer(call, "SERIAL CONSISTENCY is SERIAL %s",
			       one_machine);
		return;
	}
	level = find_level(call->words[1]);
	if (level == NULL || strstr(level, "SERIAL") == NULL)
		command_fail(call, "levels are SERIAL and LOCAL_SERIAL",
			     "unknown serial consistency level %.*s",
			     SLICE_ARGUMENTS(call->words[1]));
}
