/* SPDX-License-Identifier: MIT
 *
 * Lines from a person: libedit's editing, history and Tab, with Ctrl-C and
 * the other signals noticed at once. */
#ifndef CLI_LINE_EDITOR_H
#define CLI_LINE_EDITOR_H

#include "cli/output.h"
#include "include/logstor.h"

struct line_editor;

enum line_outcome {
	LINE_READ,
	LINE_INVALID,    /* read, with U+FFFD for what is no UTF-8 */
	LINE_END,        /* Ctrl-D, or the terminal is gone */
	LINE_INTERRUPTED /* a signal: see signals.h */
};

/* NULL when the terminal can't be used. */
struct line_editor *line_editor_open(logstor_session *session);
/* Saves the history and leaves the terminal as it was. */
void line_editor_close(struct line_editor *editor);

/* Reads a line with its end; it is borrowed until the next call.  ${before}
 * is the statement's earlier lines, for Tab. */
enum line_outcome line_editor_read(struct line_editor *editor,
				   const char *prompt, struct slice before,
				   struct slice *line);

/* Adds a statement to the history. */
void line_editor_remember(struct line_editor *editor, struct slice statement);
/* Prints the last ${count} of them. */
void line_editor_print_history(struct line_editor *editor,
			       struct output *output, unsigned long count);

/* Waits for the Enter key; false for Ctrl-C, Ctrl-D or q. */
bool line_editor_wait_for_enter(struct line_editor *editor);

#endif
