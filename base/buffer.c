/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include "base/pack.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CAPACITY_FIRST = 64 };

void
buffer_finish(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ 0 };
}

void
buffer_clear(struct buffer *buffer)
{
	buffer->size = 0;
	buffer->has_failed = false;
}

static bool
reserve(struct buffer *buffer, size_t size)
{
	size_t capacity = buffer->capacity;
	uint8_t *data;

	if (buffer->has_failed)
		return false;
	if (size <= capacity - buffer->size && buffer->data != NULL)
		return true;
	if (size > SIZE_MAX / 2 - buffer->size)
		goto fail;
	if (capacity == 0)
		capacity = CAPACITY_FIRST;
	while (capacity - buffer->size < size)
		capacity *= 2;
	data = realloc(buffer->data, capacity);
	if (data == NULL)
		goto fail;
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
fail:
	buffer->has_failed = true;
	return false;
}

uint8_t *
buffer_extend(struct buffer *buffer, size_t size)
{
	uint8_t *start;

	if (!reserve(buffer, size))
		return NULL;
	start = buffer->data + buffer->size;
	buffer->size += size;
	return start;
}

void
buffer_append(struct buffer *buffer, const void *data, size_t size)
{
	uint8_t *start;

	if (size == 0)
		return;
	start = buffer_extend(buffer, size);
	if (start != NULL)
		memcpy(start, data, size);
}

void
buffer_append_slice(struct buffer *buffer, struct slice slice)
{
	buffer_append(buffer, slice.data, slice.size);
}

void
buffer_append_string(struct buffer *buffer, const char *string)
{
	buffer_append(buffer, string, strlen(string));
}

void
buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
	buffer_append(buffer, &byte, 1);
}

void
buffer_append_repeated(struct buffer *buffer, uint8_t byte, size_t count)
{
	uint8_t *start = buffer_extend(buffer, count);

	if (start != NULL && count > 0)
		memset(start, byte, count);
}

void
buffer_append_u16_be(struct buffer *buffer, uint16_t value)
{
	uint8_t *start = buffer_extend(buffer, sizeof(value));

	if (start != NULL)
		store_u16_be(start, value);
}

void
buffer_append_u32_be(struct buffer *buffer, uint32_t value)
{
	uint8_t *start = buffer_extend(buffer, sizeof(value));

	if (start != NULL)
		store_u32_be(start, value);
}

void
buffer_append_u64_be(struct buffer *buffer, uint64_t value)
{
	uint8_t *start = buffer_extend(buffer, sizeof(value));

	if (start != NULL)
		store_u64_be(start, value);
}

void
buffer_append_varint(struct buffer *buffer, uint64_t value)
{
	while (value >= 0x80) {
		buffer_append_byte(buffer, (uint8_t)(value | 0x80));
		value >>= 7;
	}
	buffer_append_byte(buffer, (uint8_t)value);
}

void
buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (size < 0 || !reserve(buffer, (size_t)size + 1)) {
		buffer->has_failed = true;
		return;
	}
	va_start(arguments, format);
	vsnprintf((char *)buffer->data + buffer->size, (size_t)size + 1,
		  format, arguments);
	va_end(arguments);
	buffer->size += (size_t)size;
}

struct slice
buffer_slice(const struct buffer *buffer)
{
	static const uint8_t nothing[1];

	if (buffer->data == NULL)
		return slice_make(nothing, 0);
	return slice_make(buffer->data, buffer->size);
}
