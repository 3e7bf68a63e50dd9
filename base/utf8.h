/* SPDX-License-Identifier: MIT
 *
 * UTF-8 text from outside: validity, code points, columns on a terminal
 * (libutf8proc). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/slice.h"

/* Overlong forms, surrogates and what lies above U+10FFFF are invalid; NUL is
 * a character like any other. */
bool utf8_is_valid(struct slice text);

/* Decodes the character at ${text} into ${code_point} and returns its bytes;
 * 0 when the text is empty or invalid there. */
size_t utf8_decode(struct slice text, uint32_t *code_point);

/* Code points in ${text}; an invalid byte counts as one. */
size_t utf8_count(struct slice text);

/* Cells on a terminal: 2 for East Asian wide characters, 0 for combining
 * ones, 0 for controls. */
size_t utf8_width(struct slice text);

#endif
