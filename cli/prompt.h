/* SPDX-License-Identifier: MIT
 *
 * The conversation at a terminal. */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include "cli/shell.h"

/* Until Ctrl-D, EXIT or a signal that ends the process.  The shell has its
 * editor. */
void prompt_run(struct shell *shell);

#endif
