/* SPDX-License-Identifier: MIT
 *
 * How every layer fails.  A function has three ways out, told apart by sign:
 *
 *     0         done
 *     negative  -ERROR_*: the operation has failed and `error` holds the
 *               message.  Pass the number up unchanged; never test which.
 *     positive  an outcome that the function documents, such as
 *               ENGINE_PENDING.  The caller handles it, never passes it up
 *               as something else.
 *
 * A broken invariant is none of these: it is a bug, and assert() stops on it.
 * A message is written once, by the lowest layer that knows the user's terms
 * (storage says which file and offset, bind says which column); it is never
 * re-wrapped.  Messages name the thing and say what was expected. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/compiler.h"
#include "base/slice.h"

#include <stdint.h>

enum error_code {
	ERROR_NONE = 0,
	ERROR_IO = 1,        /* the system refused: file and reason */
	ERROR_CORRUPT = 2,   /* stored bytes that we never wrote so */
	ERROR_SYNTAX = 3,    /* not CQL */
	ERROR_INVALID = 4,   /* CQL that means nothing here */
	ERROR_CONFIG = 5,    /* a schema or an option that can't be */
	ERROR_FUNCTION = 6,  /* a function failed on its arguments */
	ERROR_EXISTS = 7,    /* keyspace or table is already there */
	ERROR_FULL = 8,      /* no room: disk, configured maximum, memory */
	ERROR_CANCELLED = 9, /* logstor_interrupt() */
	ERROR_BUSY = 10,     /* another process has the database */
	ERROR_MISUSE = 11    /* a call that the API forbids */
};

#define ERROR_NO_POSITION UINT32_MAX

struct error {
	enum error_code code;
	uint32_t position;  /* byte offset in the statement's text, or
			       ERROR_NO_POSITION */
	uint32_t size;      /* bytes that the caret underlines, at least 1 */
	const char *file;   /* where in our source it was raised */
	int line;
	char message[512];  /* NUL-terminated, lower case, no full stop */
	char hint[256];     /* what to do about it; empty when there is none */
};

#define ERROR_INIT ((struct error){ .position = ERROR_NO_POSITION })

/* Fill ${error} (which may be NULL) and return -code, in one line:
 *     return error_set(error, ERROR_IO, "…", …); */
#define error_set(error, code, ...)                                      \
	error_raise((error), (code), ERROR_NO_POSITION, 0, __FILE__,     \
		    __LINE__, __VA_ARGS__)
#define error_at(error, code, position, size, ...)                       \
	error_raise((error), (code), (position), (size), __FILE__,       \
		    __LINE__, __VA_ARGS__)
#define error_no_memory(error) \
	error_set(error, ERROR_FULL, "out of memory")

int error_raise(struct error *error, enum error_code code, uint32_t position,
		uint32_t size, const char *file, int line, const char *format,
		...) PRINTF_LIKE(7, 8);

/* Adds what the user can do; a second hint replaces the first. */
void error_hint(struct error *error, const char *format, ...)
	PRINTF_LIKE(2, 3);

void error_clear(struct error *error);

#endif
