/* SPDX-License-Identifier: MIT
 *
 * DESCRIBE is a statement here, but a command of cqlsh's, whose users end it
 * with its line.  CHECK, COMPACT and SHOW STORAGE, which have nothing but their
 * words, end so as well. */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include "base/buffer.h"

/* The offset of the first line's end that makes ${text} one of them, whole,
 * with nothing behind, not even `;`.  Otherwise 0: then it is like every
 * statement, and may go on. */
size_t describe_line_end(struct slice text);

#endif
