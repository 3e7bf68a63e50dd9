/* SPDX-License-Identifier: MIT */
#include "cli/line_editor.h"

#include "base/utf8.h"
#include "cli/complete.h"
#include "cli/history.h"
#include "cli/signals.h"
#include "cli/text.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

/* What stands in a line for bytes that are no UTF-8. */
enum { REPLACEMENT = 0xfffd };
static const char replacement_text[] = "\xef\xbf\xbd";

struct line_editor {
	EditLine *edit;
	History *history;
	logstor_session *session;
	const char *prompt;
	struct slice before;   /* the statement's earlier lines */
	struct buffer entered; /* this session's statements, with NULs */
	bool is_interrupted;   /* the line that is read was */
	bool is_invalid;       /* it had bytes that are no UTF-8 */
	bool has_held;
	uint8_t held;          /* a byte that is still to be read */
};

static struct line_editor *
editor_of(EditLine *edit)
{
	struct line_editor *editor = NULL;

	el_get(edit, EL_CLIENTDATA, (void *)&editor);
	return editor;
}

static char *
get_prompt(EditLine *edit)
{
	static char nothing[1];
	struct line_editor *editor = editor_of(edit);

	/* libedit asks for a char * that it doesn't change. */
	return editor == NULL || editor->prompt == NULL
		       ? nothing
		       : (char *)(uintptr_t)editor->prompt;
}

/* ---- reading ---- */

static void
follow_terminal(EditLine *edit)
{
	if (signals_take_resize())
		el_resize(edit);
	if (signals_take_continue()) {
		el_set(edit, EL_PREP_TERM, 1);
		el_set(edit, EL_REFRESH);
	}
}

/* One byte: 1, or 0 at the end and for a signal that stops the line. */
static int
read_byte(EditLine *edit, uint8_t *byte)
{
	struct line_editor *editor = editor_of(edit);

	if (editor->has_held) {
		editor->has_held = false;
		*byte = editor->held;
		return 1;
	}
	while (!signals_is_stopped()) {
		ssize_t size;

		follow_terminal(edit);
		if (!signals_wait(STDIN_FILENO, -1))
			continue;
		size = read(STDIN_FILENO, byte, 1);
		if (size >= 0)
			return (int)size;
	}
	editor->is_interrupted = true;
	return 0;
}

static size_t
sequence_size(uint8_t lead)
{
	if (lead < 0xc0)
		return 1;
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* The bytes of a character, as many as there are of it: what comes instead of
 * the rest belongs to the next one.  0 at the end. */
static size_t
read_sequence(EditLine *edit, uint8_t bytes[4])
{
	struct line_editor *editor = editor_of(edit);
	size_t size;

	if (read_byte(edit, &bytes[0]) != 1)
		return 0;
	size = sequence_size(bytes[0]);
	for (size_t at = 1; at < size; at++) {
		if (read_byte(edit, &bytes[at]) != 1)
			return 0;
		if ((bytes[at] & 0xc0) == 0x80)
			continue;
		editor->has_held = true;
		editor->held = bytes[at];
		return at;
	}
	return size;
}

/* libedit's way of asking for a character, replaced so that signals end it and
 * UTF-8 is read whatever the locale. */
static int
read_character(EditLine *edit, wchar_t *character)
{
	uint8_t bytes[4];
	uint32_t code_point;
	size_t size = read_sequence(edit, bytes);

	if (size == 0)
		return 0;
	if (utf8_decode(slice_make(bytes, size), &code_point) != size) {
		code_point = REPLACEMENT;
		editor_of(edit)->is_invalid = true;
	}
	*character = (wchar_t)code_point;
	return 1;
}

/* ---- Tab ---- */

static size_t
terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

static void
append_candidates(struct buffer *out, const struct complete *complete)
{
	const char *names = (const char *)complete->names.data;
	const char *name = names;
	size_t width = 0, per_line;

	for (size_t i = 0; i < complete->count; i++, name += strlen(name) + 1)
		if (strlen(name) + 2 > width)
			width = strlen(name) + 2;
	per_line = terminal_width() / width;
	if (per_line == 0)
		per_line = 1;
	name = names;
	for (size_t i = 0; i < complete->count; i++) {
		bool is_last = i % per_line == per_line - 1 ||
			       i + 1 == complete->count;

		buffer_append_string(out, name);
		if (is_last)
			buffer_append_byte(out, '\n');
		else
			buffer_append_repeated(out, ' ', width - strlen(name));
		name += strlen(name) + 1;
	}
}

static void
list_candidates(const struct complete *complete)
{
	struct buffer out = { 0 };

	buffer_append_byte(&out, '\n');
	append_candidates(&out, complete);
	if (!out.has_failed && write(STDOUT_FILENO, out.data, out.size) < 0)
		clearerr(stdout); /* the terminal shows it, or it doesn't */
	buffer_finish(&out);
}

/* Types what all candidates share, or shows them. */
static unsigned char
apply_completion(EditLine *edit, const struct complete *complete)
{
	const char *name = (const char *)complete->names.data;
	struct buffer text = { 0 };

	if (complete->count == 0)
		return CC_REFRESH_BEEP;
	if (complete->count > 1 &&
	    complete->common_size <= complete->prefix_size) {
		list_candidates(complete);
		return CC_REDISPLAY;
	}
	buffer_append(&text, name, complete->common_size);
	if (complete->count == 1)
		buffer_append_byte(&text, ' ');
	buffer_append_byte(&text, '\0');
	if (!text.has_failed) {
		/* The word anew: its case may have been another. */
		el_deletestr(edit, (int)complete->prefix_size);
		el_insertstr(edit, (const char *)text.data);
	}
	buffer_finish(&text);
	return CC_REFRESH;
}

static unsigned char
complete_word(EditLine *edit, int key)
{
	struct line_editor *editor = editor_of(edit);
	const LineInfo *line = el_line(edit);
	struct complete complete = { 0 };
	struct buffer text = { 0 };
	unsigned char answer = CC_ERROR;

	(void)key;
	buffer_append_slice(&text, editor->before);
	buffer_append(&text, line->buffer,
		      (size_t)(line->cursor - line->buffer));
	if (!text.has_failed) {
		complete_find(&complete, editor->session,
			      buffer_slice(&text));
		answer = apply_completion(edit, &complete);
		complete_finish(&complete);
	}
	buffer_finish(&text);
	return answer;
}

/* ---- life ---- */

/* libedit speaks wide characters in the locale's encoding; ours is UTF-8. */
static void
choose_locale(void)
{
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static void
configure(struct line_editor *editor)
{
	el_set(editor->edit, EL_CLIENTDATA, editor);
	el_set(editor->edit, EL_PROMPT, get_prompt);
	el_set(editor->edit, EL_EDITOR, "emacs");
	el_set(editor->edit, EL_SIGNAL, 0);
	el_set(editor->edit, EL_GETCFN, read_character);
	/* The wide form, since the narrow one leaks copies of the names. */
	el_wset(editor->edit, EL_ADDFN, L"logstor-complete",
		L"complete the word", complete_word);
	el_set(editor->edit, EL_BIND, "^I", "logstor-complete", NULL);
	el_set(editor->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
	el_set(editor->edit, EL_HIST, history, editor->history);
	/* The user's own key bindings, from ~/.editrc. */
	el_source(editor->edit, NULL);
}

struct line_editor *
line_editor_open(logstor_session *session)
{
	struct line_editor *editor = calloc(1, sizeof(*editor));

	if (editor == NULL)
		return NULL;
	choose_locale();
	editor->session = session;
	editor->history = history_load();
	editor->edit = el_init("logstor", stdin, stdout, stderr);
	if (editor->history == NULL || editor->edit == NULL) {
		line_editor_close(editor);
		return NULL;
	}
	configure(editor);
	return editor;
}

void
line_editor_close(struct line_editor *editor)
{
	if (editor == NULL)
		return;
	if (editor->history != NULL && editor->edit != NULL)
		history_save(buffer_slice(&editor->entered));
	buffer_finish(&editor->entered);
	if (editor->edit != NULL)
		el_end(editor->edit);
	if (editor->history != NULL)
		history_end(editor->history);
	free(editor);
}

enum line_outcome
line_editor_read(struct line_editor *editor, const char *prompt,
		 struct slice before, struct slice *line)
{
	const char *text;
	int size = 0;

	editor->prompt = prompt;
	editor->before = before;
	editor->is_interrupted = false;
	editor->is_invalid = false;
	follow_terminal(editor->edit);
	/* Before the prompt is seen, not after as libedit would: a Ctrl-D that
	 * answers it at once must not get lost in between. */
	el_set(editor->edit, EL_PREP_TERM, 1);
	text = el_gets(editor->edit, &size);
	editor->prompt = NULL;
	if (editor->is_interrupted) {
		editor->has_held = false;
		el_reset(editor->edit);
		return LINE_INTERRUPTED;
	}
	if (text == NULL || size <= 0)
		return LINE_END;
	*line = slice_make(text, (size_t)size);
	/* Somebody may have seen it and put it right. */
	if (editor->is_invalid &&
	    memmem(text, (size_t)size, replacement_text,
		   sizeof(replacement_text) - 1) != NULL)
		return LINE_INVALID;
	return LINE_READ;
}

void
line_editor_remember(struct line_editor *editor, struct slice statement)
{
	struct buffer text = { 0 };
	HistEvent event;

	while (statement.size > 0 &&
	       statement.data[statement.size - 1] <= ' ')
		statement.size--;
	buffer_append_slice(&text, statement);
	buffer_append_byte(&text, '\0');
	if (!text.has_failed && statement.size > 0) {
		history(editor->history, &event, H_ENTER,
			(const char *)text.data);
		buffer_append_slice(&editor->entered, buffer_slice(&text));
	}
	buffer_finish(&text);
}

void
line_editor_print_history(struct line_editor *editor, struct output *output,
			  unsigned long count)
{
	struct buffer *out = output_begin(output, OUTPUT_ANSWERS);
	HistEvent event;
	int code = history(editor->history, &event, H_FIRST);

	/* From the newest back to the first that is wanted, then forth. */
	for (unsigned long i = 1; i < count && code >= 0; i++)
		code = history(editor->history, &event, H_NEXT);
	if (code < 0)
		code = history(editor->history, &event, H_LAST);
	for (; code >= 0;
	     code = history(editor->history, &event, H_PREV)) {
		text_append_escaped(out, slice_from_string(event.str),
				    TEXT_ESCAPE_BIDI | TEXT_KEEP_LINES);
		buffer_append_byte(out, '\n');
	}
}

bool
line_editor_wait_for_enter(struct line_editor *editor)
{
	bool goes_on = true;

	(void)editor;
	/* The terminal edits this line by itself. */
	while (!signals_is_stopped()) {
		char byte = '\0';

		if (!signals_wait(STDIN_FILENO, -1))
			continue;
		if (read(STDIN_FILENO, &byte, 1) != 1)
			return false;
		if (byte == 'q' || byte == 'Q')
			goes_on = false;
		if (byte == '\n')
			return goes_on;
	}
	return false;
}
