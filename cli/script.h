/* SPDX-License-Identifier: MIT
 *
 * Scripts: -e, -f, standard input and SOURCE.  Text is read as it comes and
 * each statement runs as soon as it is whole, so that a pipe which pauses has
 * everything before answered. */
#ifndef CLI_SCRIPT_H
#define CLI_SCRIPT_H

#include "cli/shell.h"

/* How deep scripts may SOURCE one another. */
enum { SCRIPT_DEPTH_MAX = 32 };

/* Opens a script for reading; -1 with errno, which is EINTR only when a signal
 * asks us to stop.  Directories are refused. */
int script_open(const char *path);
/* Whether that would fail now: 0, or -1 with errno. */
int script_check(const char *path);

/* Run to the end and commit; failures are noted in the shell.  ${name} is for
 * messages. */
void script_run_text(struct shell *shell, const char *name, const char *text);
void script_run_file(struct shell *shell, const char *name, int fd);

#endif
