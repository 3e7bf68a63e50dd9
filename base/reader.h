/* SPDX-License-Identifier: MIT
 *
 * A cursor over foreign bytes whose first failure sticks: decoding is
 * straight-line code with one look at has_failed at its end.  After a
 * failure every read returns zero or null. */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/slice.h"

struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool has_failed;
};

struct reader reader_make(struct slice bytes);

uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16_be(struct reader *reader);
uint32_t reader_u32_be(struct reader *reader);
uint64_t reader_u64_be(struct reader *reader);
uint16_t reader_u16_le(struct reader *reader);
uint32_t reader_u32_le(struct reader *reader);
uint64_t reader_u64_le(struct reader *reader);
/* Unsigned LEB128; fails on more than 64 bits. */
uint64_t reader_varint(struct reader *reader);
/* Borrowed from the bytes that are read. */
struct slice reader_bytes(struct reader *reader, size_t size);

size_t reader_left(const struct reader *reader);
bool reader_is_at_end(const struct reader *reader);

#endif
