/* SPDX-License-Identifier: MIT
 *
 * Hexadecimal digits, which blobs, UUIDs and escapes share. */
#ifndef TYPES_HEX_H
#define TYPES_HEX_H

#include <stdint.h>

/* 0 to 15, or 16 for what is no hexadecimal digit of either case. */
static inline unsigned
hex_value(uint8_t digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - (unsigned)'0';
	digit |= 0x20;
	if (digit >= 'a' && digit <= 'f')
		return digit - (unsigned)'a' + 10;
	return 16;
}

/* Two digits, lower case, at ${to}. */
static inline void
hex_write(uint8_t byte, uint8_t to[2])
{
	static const char digits[] = "0123456789abcdef";

	to[0] = (uint8_t)digits[byte >> 4];
	to[1] = (uint8_t)digits[byte & 15];
}

#endif
