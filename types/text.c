/* SPDX-License-Identifier: MIT */
#include "types/text.h"

#include "base/utf8.h"
#include "types/hex.h"

static bool
is_ascii(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] >= 0x80)
			return false;
	return true;
}

int
text_parse_value(const struct type *type, enum literal_kind kind,
		 struct slice text, struct buffer *out, struct error *error)
{
	int result = text_validate_value(type, text, error);

	(void)kind;
	if (result < 0)
		return result;
	buffer_append_slice(out, text);
	return 0;
}

int
text_validate_value(const struct type *type, struct slice value,
		    struct error *error)
{
	if (type->kind == TYPE_ASCII && !is_ascii(value))
		return error_set(error, ERROR_INVALID,
				 "Invalid ASCII character in string");
	if (type->kind == TYPE_TEXT && !utf8_is_valid(value))
		return error_set(error, ERROR_INVALID,
				 "String didn't validate: not UTF-8");
	return 0;
}

int
text_compare_values(const struct type *type, struct slice a, struct slice b)
{
	(void)type;
	return slice_compare(a, b);
}

void
text_print_literal(struct slice text, struct buffer *out)
{
	size_t start = 0;

	buffer_append_byte(out, '\'');
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] != '\'')
			continue;
		buffer_append(out, text.data + start, i + 1 - start);
		start = i;
	}
	buffer_append_slice(out, slice_from(text, start));
	buffer_append_byte(out, '\'');
}

/* No form escapes these; most bytes are such. */
static inline bool
is_plain(uint8_t byte)
{
	return byte >= 0x20 && byte != '"' && byte != '\'' && byte != '\\' &&
	       byte != 0x7f && byte != 0xc2;
}

/* The bytes of the control character at ${i}, C1 included, or 0.  The text is
 * valid UTF-8, where C2 80 to C2 9F are U+0080 to U+009F. */
static size_t
control_size(struct slice text, size_t i, uint8_t last)
{
	uint8_t byte = text.data[i];

	if (byte < 0x20 || byte == 0x7f)
		return 1;
	if (byte == 0xc2 && i + 1 < text.size && text.data[i + 1] <= last)
		return 2;
	return 0;
}

/* Two hex digits of a control character of either size; its code point is
 * also its last byte. */
static void
print_code(uint8_t code, struct buffer *out)
{
	uint8_t digits[2];

	hex_write(code, digits);
	buffer_append(out, digits, sizeof(digits));
}

static void
print_json_escape(uint8_t code, struct buffer *out)
{
	static const char shorts[0x20] = { ['\b'] = 'b', ['\t'] = 't',
					   ['\n'] = 'n', ['\f'] = 'f',
					   ['\r'] = 'r' };

	buffer_append_byte(out, '\\');
	if (code == '"' || code == '\\') {
		buffer_append_byte(out, code);
	} else if (code < 0x20 && shorts[code] != '\0') {
		buffer_append_byte(out, (uint8_t)shorts[code]);
	} else {
		buffer_append_string(out, "u00");
		print_code(code, out);
	}
}

void
text_print_json(struct slice text, struct buffer *out)
{
	size_t start = 0;

	buffer_append_byte(out, '"');
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];
		size_t size;

		if (is_plain(byte))
			continue;
		size = control_size(text, i, 0x9f);
		if (size == 0 && (byte == '"' || byte == '\\'))
			size = 1;
		if (size == 0)
			continue;
		buffer_append(out, text.data + start, i - start);
		print_json_escape(text.data[i + size - 1], out);
		start = i + size;
		i = start - 1;
	}
	buffer_append_slice(out, slice_from(text, start));
	buffer_append_byte(out, '"');
}

static void
print_escape(uint8_t code, struct buffer *out)
{
	buffer_append_byte(out, code == '\'' ? '\'' : '\\');
	if (code == '\'' || code == '\\') {
		buffer_append_byte(out, code);
	} else if (code == '\n') {
		buffer_append_byte(out, 'n');
	} else if (code == '\r') {
		buffer_append_byte(out, 'r');
	} else if (code == '\t') {
		buffer_append_byte(out, 't');
	} else {
		buffer_append_byte(out, 'x');
		print_code(code, out);
	}
}

void
text_print_escaped(struct slice text, bool is_quoted, struct buffer *out)
{
	size_t start = 0;

	if (is_quoted)
		buffer_append_byte(out, '\'');
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];
		size_t size;

		if (is_plain(byte))
			continue;
		size = control_size(text, i, 0xa0);
		if (byte == '\\' || (byte == '\'' && is_quoted))
			size = 1;
		if (size == 0)
			continue;
		buffer_append(out, text.data + start, i - start);
		print_escape(text.data[i + size - 1], out);
		start = i + size;
		i = start - 1;
	}
	buffer_append_slice(out, slice_from(text, start));
	if (is_quoted)
		buffer_append_byte(out, '\'');
}

void
text_print_value(const struct type *type, struct slice value,
		 struct print_style style, struct buffer *out)
{
	(void)type;
	if (style.form == VALUE_DISPLAY)
		text_print_escaped(value, style.is_inside, out);
	else if (style.form == VALUE_JSON)
		text_print_json(value, out);
	else if (style.form == VALUE_TEXT && !style.is_inside)
		buffer_append_slice(out, value);
	else
		text_print_literal(value, out);
}

static int
refuse_blob(struct slice text, struct error *error)
{
	return error_set(error, ERROR_INVALID,
			 "Unable to make blob from '%.*s'",
			 SLICE_ARGUMENTS(text));
}

int
text_parse_blob(const struct type *type, enum literal_kind kind,
		struct slice text, struct buffer *out, struct error *error)
{
	uint8_t *bytes;
	size_t size;

	(void)type;
	(void)kind;
	if (text.size < 2 || text.data[0] != '0' ||
	    (text.data[1] | 0x20) != 'x')
		return refuse_blob(text, error);
	if (text.size % 2 != 0)
		return error_set(error, ERROR_INVALID,
				 "An hex string representing bytes must have "
				 "an even length");
	for (size_t i = 2; i < text.size; i++)
		if (hex_value(text.data[i]) > 15)
			return refuse_blob(text, error);
	size = text.size / 2 - 1;
	bytes = buffer_extend(out, size);
	if (bytes == NULL)
		return error_no_memory(error);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(hex_value(text.data[2 + 2 * i]) << 4 |
				     hex_value(text.data[3 + 2 * i]));
	return 0;
}

void
text_print_blob(const struct type *type, struct slice value,
		struct print_style style, struct buffer *out)
{
	uint8_t *at;

	(void)type;
	if (style.form == VALUE_JSON)
		buffer_append_byte(out, '"');
	buffer_append(out, "0x", 2);
	at = buffer_extend(out, 2 * value.size);
	if (at == NULL)
		return;
	for (size_t i = 0; i < value.size; i++)
		hex_write(value.data[i], at + 2 * i);
	if (style.form == VALUE_JSON)
		buffer_append_byte(out, '"');
}
