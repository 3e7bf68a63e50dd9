/* SPDX-License-Identifier: MIT
 *
 * Text as a shell meets it: where it stands in a file, where its blanks and
 * comments end, and how foreign text is shown so that it can't drive a
 * terminal. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include "base/buffer.h"

/* Both count from 1; columns count code points. */
struct text_position {
	uint32_t line;
	uint32_t column;
};

#define TEXT_POSITION_START ((struct text_position){ 1, 1 })

/* Moves behind ${passed}, which began at ${position}. */
void text_position_advance(struct text_position *position,
			   struct slice passed);

/* The offset of the first byte at or behind ${at} that is neither a blank nor
 * part of a comment, or of a comment whose end hasn't come. */
size_t text_skip_blanks(struct slice text, size_t at);

/* Letters, digits and underscores at ${at}; empty when there are none. */
struct slice text_word(struct slice text, size_t at);

enum text_escape {
	TEXT_ESCAPE_BACKSLASH = 1, /* double it, as cqlsh shows text */
	TEXT_ESCAPE_BIDI = 2,      /* controls of writing direction, too */
	TEXT_ESCAPE_JSON = 4,      /* \u001b instead of \x1b */
	TEXT_KEEP_LINES = 8        /* line ends and tabs stay as they are */
};

/* Appends ${text} with its control characters and invalid bytes spelled out:
 * \n, \x1b, \u202e. */
void text_append_escaped(struct buffer *buffer, struct slice text,
			 unsigned escapes);

/* Appends ${text} in double quotes, those inside doubled: an identifier of CQL,
 * or a field of CSV. */
void text_append_quoted(struct buffer *buffer, struct slice text);

/* Appends a number of bytes as people say it: "512 bytes", "1.2 GiB". */
void text_append_bytes(struct buffer *buffer, uint64_t bytes);

#endif
