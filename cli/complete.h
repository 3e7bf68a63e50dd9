/* SPDX-License-Identifier: MIT
 *
 * What the Tab key offers: names that begin with the word at the cursor. */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "base/buffer.h"
#include "include/logstor.h"

struct complete {
	size_t prefix_size;   /* bytes of the word that are there already */
	struct buffer names;  /* the candidates, sorted, each with its NUL */
	size_t count;
	size_t common_size;   /* bytes that all candidates share */
};

/* Finds the candidates for the end of ${text}: everything of the statement
 * before the cursor.  A zeroed struct complete is filled. */
void complete_find(struct complete *complete, logstor_session *session,
		   struct slice text);
void complete_finish(struct complete *complete);

#endif
