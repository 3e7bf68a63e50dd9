/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include "base/pack.h"

#include <utf8proc.h>

/* The top bit of each byte: set in none of them, all are ASCII. */
#define TOP_BITS UINT64_C(0x8080808080808080)

size_t
utf8_decode(struct slice text, uint32_t *code_point)
{
	utf8proc_int32_t decoded;
	utf8proc_ssize_t size;

	if (text.size == 0)
		return 0;
	if (text.data[0] < 0x80) {
		*code_point = text.data[0];
		return 1;
	}
	size = utf8proc_iterate(text.data,
				text.size < 4 ? (utf8proc_ssize_t)text.size : 4,
				&decoded);
	if (size <= 0)
		return 0;
	*code_point = (uint32_t)decoded;
	return (size_t)size;
}

bool
utf8_is_valid(struct slice text)
{
	size_t at = 0;

	while (at < text.size) {
		uint32_t code_point;
		size_t size;

		if (text.size - at >= sizeof(uint64_t) &&
		    (load_u64_le(text.data + at) & TOP_BITS) == 0) {
			at += sizeof(uint64_t);
			continue;
		}
		size = utf8_decode(slice_from(text, at), &code_point);
		if (size == 0)
			return false;
		at += size;
	}
	return true;
}

size_t
utf8_count(struct slice text)
{
	size_t count = 0;

	for (size_t at = 0; at < text.size; count++) {
		uint32_t code_point;
		size_t size = utf8_decode(slice_from(text, at), &code_point);

		at += size == 0 ? 1 : size;
	}
	return count;
}

size_t
utf8_width(struct slice text)
{
	size_t width = 0;

	for (size_t at = 0; at < text.size;) {
		uint32_t code_point = 0;
		size_t size = utf8_decode(slice_from(text, at), &code_point);

		if (size == 1 && code_point >= 0x20 && code_point < 0x7f)
			width++;
		else if (size != 0)
			width += (size_t)utf8proc_charwidth(
				(utf8proc_int32_t)code_point);
		at += size == 0 ? 1 : size;
	}
	return width;
}
