/* SPDX-License-Identifier: MIT
 *
 * Where the statements that were typed are kept between sessions:
 * $XDG_STATE_HOME/logstor/history, or below ~/.local/state, for the user's
 * eyes only. */
#ifndef CLI_HISTORY_H
#define CLI_HISTORY_H

#include "base/buffer.h"

#include <histedit.h>

enum { HISTORY_COUNT_MAX = 1000 };

/* Both do without where there is no place for it: a history is a comfort. */

/* What was kept, to be ended with history_end(); NULL when memory ran out. */
History *history_load(void);
/* Keeps ${entries} too, each with its NUL, behind what is there by now: other
 * shells may have ended meanwhile. */
void history_save(struct slice entries);

#endif
