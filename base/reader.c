/* SPDX-License-Identifier: MIT */
#include "base/reader.h"

#include "base/pack.h"

struct reader
reader_make(struct slice bytes)
{
	if (slice_is_null(bytes))
		return (struct reader){ 0 };
	return (struct reader){ bytes.data, bytes.data + bytes.size, false };
}

size_t
reader_left(const struct reader *reader)
{
	return reader->at == NULL ? 0 : (size_t)(reader->end - reader->at);
}

bool
reader_is_at_end(const struct reader *reader)
{
	return reader_left(reader) == 0;
}

/* The next ${size} bytes, or NULL once anything has failed. */
static const uint8_t *
take(struct reader *reader, size_t size)
{
	const uint8_t *start = reader->at;

	if (reader->has_failed || start == NULL || reader_left(reader) < size) {
		reader->has_failed = true;
		return NULL;
	}
	reader->at += size;
	return start;
}

uint8_t
reader_u8(struct reader *reader)
{
	const uint8_t *start = take(reader, 1);

	return start == NULL ? 0 : *start;
}

#define READER_DEFINE(bits, order)                                       \
	uint##bits##_t                                                   \
	reader_u##bits##_##order(struct reader *reader)                  \
	{                                                                \
		const uint8_t *start = take(reader, bits / 8);           \
                                                                         \
		return start == NULL ? 0 : load_u##bits##_##order(start);\
	}

READER_DEFINE(16, be)
READER_DEFINE(32, be)
READER_DEFINE(64, be)
READER_DEFINE(16, le)
READER_DEFINE(32, le)
READER_DEFINE(64, le)

uint64_t
reader_varint(struct reader *reader)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = reader_u8(reader);

		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return reader->has_failed ? 0 : value;
	}
	reader->has_failed = true;
	return 0;
}

struct slice
reader_bytes(struct reader *reader, size_t size)
{
	const uint8_t *start = take(reader, size);

	return start == NULL ? SLICE_NULL : slice_make(start, size);
}
