/* SPDX-License-Identifier: MIT */
#include "cli/text.h"

#include "base/compiler.h"
#include "base/utf8.h"

/* Every byte that doesn't continue a character begins one; a loop without
 * branches, since it sees every byte of every script. */
static uint32_t
count_columns(const uint8_t *at, const uint8_t *end)
{
	uint32_t count = 0;

	while (at < end)
		count += (*at++ & 0xc0) != 0x80;
	return count;
}

void
text_position_advance(struct text_position *position, struct slice passed)
{
	const uint8_t *end = passed.data + passed.size;
	const uint8_t *at = passed.data;
	const uint8_t *newline;

	while (at < end &&
	       (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		position->line++;
		position->column = 1;
		at = newline + 1;
	}
	position->column += count_columns(at, end);
}

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool
is_pair(struct slice text, size_t at, const char *pair)
{
	return text.size - at >= 2 && memcmp(text.data + at, pair, 2) == 0;
}

/* The offset behind the comment at ${at}, or ${at} when it doesn't end. */
static size_t
skip_comment(struct slice text, size_t at)
{
	struct slice rest = slice_from(text, at + 2);
	const uint8_t *end;

	if (text.data[at + 1] == '*')
		end = memmem(rest.data, rest.size, "*/", 2);
	else
		end = memchr(rest.data, '\n', rest.size);
	if (end == NULL)
		return at;
	return (size_t)(end - text.data) + (*end == '*' ? 2 : 1);
}

size_t
text_skip_blanks(struct slice text, size_t at)
{
	while (at < text.size) {
		size_t end;

		if (is_blank(text.data[at])) {
			at++;
			continue;
		}
		if (!is_pair(text, at, "--") && !is_pair(text, at, "//") &&
		    !is_pair(text, at, "/*"))
			break;
		end = skip_comment(text, at);
		if (end == at)
			break;
		at = end;
	}
	return at;
}

struct slice
text_word(struct slice text, size_t at)
{
	size_t end = at;

	while (end < text.size) {
		uint8_t byte = text.data[end];

		if (!(byte >= '0' && byte <= '9') && byte != '_' &&
		    !((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'))
			break;
		end++;
	}
	return slice_make(text.data + at, end - at);
}

static bool
is_bidi_control(uint32_t code_point)
{
	return (code_point >= 0x202a && code_point <= 0x202e) ||
	       (code_point >= 0x2066 && code_point <= 0x2069) ||
	       code_point == 0x200e || code_point == 0x200f ||
	       code_point == 0x061c;
}

static bool
is_special(uint32_t code_point, unsigned escapes)
{
	if (code_point == '\n' || code_point == '\t')
		return (escapes & TEXT_KEEP_LINES) == 0;
	if (code_point == '\\' || code_point == 0xa0)
		return (escapes & TEXT_ESCAPE_BACKSLASH) != 0;
	if (code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0))
		return true;
	return (escapes & TEXT_ESCAPE_BIDI) && is_bidi_control(code_point);
}

static void
append_special(struct buffer *buffer, uint32_t code_point, unsigned escapes)
{
	if (code_point == '\\')
		buffer_append_string(buffer, "\\\\");
	else if (code_point == '\n')
		buffer_append_string(buffer, "\\n");
	else if (code_point == '\r')
		buffer_append_string(buffer, "\\r");
	else if (code_point == '\t')
		buffer_append_string(buffer, "\\t");
	else if (code_point > 0xff || (escapes & TEXT_ESCAPE_JSON))
		buffer_printf(buffer, "\\u%04x", (unsigned)code_point);
	else
		buffer_printf(buffer, "\\x%02x", (unsigned)code_point);
}

void
text_append_escaped(struct buffer *buffer, struct slice text, unsigned escapes)
{
	size_t plain = 0; /* where the run of text that needs nothing began */

	for (size_t at = 0; at < text.size;) {
		uint32_t code_point = 0;
		size_t size = utf8_decode(slice_from(text, at), &code_point);

		if (size != 0 && !is_special(code_point, escapes)) {
			at += size;
			continue;
		}
		buffer_append(buffer, text.data + plain, at - plain);
		append_special(buffer, size == 0 ? text.data[at] : code_point,
			       escapes);
		at += size == 0 ? 1 : size;
		plain = at;
	}
	buffer_append(buffer, text.data + plain, text.size - plain);
}

void
text_append_quoted(struct buffer *buffer, struct slice text)
{
	buffer_append_byte(buffer, '"');
	for (size_t at = 0; at < text.size; at++) {
		if (text.data[at] == '"')
			buffer_append_byte(buffer, '"');
		buffer_append_byte(buffer, text.data[at]);
	}
	buffer_append_byte(buffer, '"');
}

void
text_append_bytes(struct buffer *buffer, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double number = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		buffer_printf(buffer, "%u byte%s", (unsigned)bytes,
			      bytes == 1 ? "" : "s");
		return;
	}
	while (number >= 1024 && unit + 1 < ARRAY_COUNT(units)) {
		number /= 1024;
		unit++;
	}
	buffer_printf(buffer, "%.1f %s", number, units[unit]);
}
