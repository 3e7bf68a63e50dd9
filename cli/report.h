/* SPDX-License-Identifier: MIT
 *
 * How the shell tells of errors: where, which, the line with a caret below,
 * and what to do.
 *
 *     cities.cql:3:15: InvalidRequest [2200]: unconfigured table citty
 *       SELECT name FROM citty;
 *                        ^^^^^
 *       hint: did you mean city? */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/input.h"
#include "cli/output.h"
#include "include/logstor.h"

/* A place in an input: an item, or a part of it. */
struct report_place {
	const struct input *input;
	const struct input_item *item;
	size_t offset;    /* in the item's text */
	size_t size;      /* bytes to underline; 0: show no line */
};

/* Reports the session's last error, about ${item}. */
void report_session_error(struct output *output, logstor_session *session,
			  const struct input *input,
			  const struct input_item *item);

/* Reports an error of the shell itself; ${name} may be NULL. */
void report_error(struct output *output, const struct report_place *place,
		  const char *name, const char *message, const char *hint);

/* "  hint: what to do", below a message; nothing when it is empty. */
void report_hint(struct output *output, const char *hint);

/* "logstor: message", for what has no place in a script. */
void report_message(struct output *output, const char *format, ...)
	PRINTF_LIKE(2, 3);

#endif
