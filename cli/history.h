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

/* Both do nothing where there is no place for it: a history is a comfort. */
void history_load(History *entries);
void history_save(History *entries);

#endif
