/* SPDX-License-Identifier: MIT
 *
 * DESCRIBE is a statement here, but a command of cqlsh's, whose users end it
 * with its line. */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include "base/buffer.h"

/* The offset of the first line's end that makes ${text} a whole DESCRIBE with
 * nothing behind, not even `;`.  Otherwise 0: then it is like every statement,
 * and may go on. */
size_t describe_line_end(struct slice text);

#endif
