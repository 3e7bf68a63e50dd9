/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static size_t
character_size(uint8_t lead)
{
	return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/* A message that is cut must not end inside a UTF-8 character. */
static void
trim_partial_character(char *text, size_t capacity)
{
	size_t size = strlen(text);
	size_t start = size;

	if (size + 1 < capacity)
		return;
	while (start > 0 && ((uint8_t)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0 &&
	    size - (start - 1) < character_size((uint8_t)text[start - 1]))
		text[start - 1] = '\0';
}

int
error_raise(struct error *error, enum error_code code, uint32_t position,
	    uint32_t size, const char *file, int line, const char *format, ...)
{
	va_list arguments;

	if (error == NULL)
		return -(int)code;
	error->code = code;
	error->position = position;
	error->size = size;
	error->file = file;
	error->line = line;
	error->hint[0] = '\0';
	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	trim_partial_character(error->message, sizeof(error->message));
	return -(int)code;
}

void
error_hint(struct error *error, const char *format, ...)
{
	va_list arguments;

	if (error == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(error->hint, sizeof(error->hint), format, arguments);
	va_end(arguments);
	trim_partial_character(error->hint, sizeof(error->hint));
}

void
error_clear(struct error *error)
{
	*error = ERROR_INIT;
}
