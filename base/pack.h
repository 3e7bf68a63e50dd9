/* SPDX-License-Identifier: MIT
 *
 * Fixed-width loads and stores at any alignment: little-endian for our files,
 * big-endian for CQL's wire encoding. */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define PACK_DEFINE(bits, order)                                         \
	static inline uint##bits##_t                                     \
	load_u##bits##_##order(const uint8_t *from)                      \
	{                                                                \
		uint##bits##_t raw;                                      \
		memcpy(&raw, from, sizeof(raw));                         \
		return order##bits##toh(raw);                            \
	}                                                                \
	static inline void                                               \
	store_u##bits##_##order(uint8_t *to, uint##bits##_t value)       \
	{                                                                \
		uint##bits##_t raw = hto##order##bits(value);            \
		memcpy(to, &raw, sizeof(raw));                           \
	}

PACK_DEFINE(16, le)
PACK_DEFINE(32, le)
PACK_DEFINE(64, le)
PACK_DEFINE(16, be)
PACK_DEFINE(32, be)
PACK_DEFINE(64, be)

#undef PACK_DEFINE

#endif
