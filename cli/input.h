/* SPDX-License-Identifier: MIT
 *
 * A script, or what is typed, as it comes in pieces: text goes in at one end,
 * whole statements and commands come out of the other, each with its place in
 * the file.  Lines are counted as statements pass, never from the start. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "cli/text.h"

struct command;

struct input {
	const char *name;       /* in messages; NULL at the prompt */
	struct buffer text;     /* what hasn't been run, and a little before */
	size_t at;              /* everything before has been taken */
	struct text_position position; /* of text[at] */
	bool is_final;          /* no more text will come */
};

enum input_kind {
	INPUT_MORE,      /* the item has no end yet */
	INPUT_END,       /* nothing is left */
	INPUT_STATEMENT,
	INPUT_COMMAND
};

struct input_item {
	size_t start;                  /* offset in the input's text */
	struct slice text;             /* borrowed from it; with its `;` */
	struct text_position position; /* of its first byte */
	const struct command *command; /* of INPUT_COMMAND */
};

/* A zeroed input has no text; ${name} is borrowed. */
void input_init(struct input *input, const char *name);
void input_finish(struct input *input);
/* Forgets all text. */
void input_clear(struct input *input);

/* Appends text; a byte order mark at the very beginning is dropped. */
void input_append(struct input *input, struct slice text);
/* Room for ${size} bytes at the end, to be followed by input_extended() with
 * how many were filled; NULL when memory ran out.  Items are void then. */
uint8_t *input_reserve(struct input *input, size_t size);
void input_extended(struct input *input, size_t reserved, size_t filled);

/* Takes the next item.  After INPUT_MORE and INPUT_END nothing is taken. */
enum input_kind input_next(struct input *input, struct input_item *item);

/* Bytes that have come and weren't taken. */
size_t input_pending(const struct input *input);

#endif
