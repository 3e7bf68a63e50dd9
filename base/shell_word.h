/* SPDX-License-Identifier: MIT
 *
 * A path as a word of a command, for hints that can be pasted. */
#ifndef BASE_SHELL_WORD_H
#define BASE_SHELL_WORD_H

#include <stddef.h>

enum { SHELL_WORD_SIZE = 160, SHELL_WORD_SIZE_SHORT = 80 };

/* ${path} as a POSIX shell takes it, in ${word} of ${size} bytes: quoted only
 * where it must be, and never like an option.  ${instead} when it is longer
 * than that, or holds what can't be pasted: control characters. */
const char *shell_word(const char *path, const char *instead, char *word,
		       size_t size);

#endif
