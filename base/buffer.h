/* SPDX-License-Identifier: MIT
 *
 * Bytes that grow: output text, encoded values.  A failed allocation sticks
 * in has_failed and later appends do nothing, so that straight-line code
 * checks once at its end. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/compiler.h"
#include "base/slice.h"

struct buffer {
	uint8_t *data;
	size_t size;
	size_t capacity;
	bool has_failed;
};

/* A zeroed struct buffer is ready for use. */
void buffer_finish(struct buffer *buffer);
/* Empties it, keeps its memory, forgets a failure. */
void buffer_clear(struct buffer *buffer);

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_slice(struct buffer *buffer, struct slice slice);
void buffer_append_string(struct buffer *buffer, const char *string);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
void buffer_append_repeated(struct buffer *buffer, uint8_t byte,
			    size_t count);
void buffer_append_u16_be(struct buffer *buffer, uint16_t value);
void buffer_append_u32_be(struct buffer *buffer, uint32_t value);
void buffer_append_u64_be(struct buffer *buffer, uint64_t value);
/* Unsigned LEB128, at most 10 bytes. */
void buffer_append_varint(struct buffer *buffer, uint64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...)
	PRINTF_LIKE(2, 3);

/* Room for ${size} more bytes, which count as appended; NULL on failure
 * only, also for no bytes. */
uint8_t *buffer_extend(struct buffer *buffer, size_t size);

/* Borrowed until the next change; never null. */
struct slice buffer_slice(const struct buffer *buffer);

#endif
