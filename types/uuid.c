/* SPDX-License-Identifier: MIT */
#include "types/uuid.h"

#include "base/pack.h"
#include "types/hex.h"

/* 100 ns units from 15 October 1582, where RFC 4122 starts to count, to
 * 1970. */
#define EPOCH_100NS INT64_C(0x01b21dd213814000)

enum { UUID_TEXT_SIZE = 36, UNITS_IN_MS = 10000 };

static void
set_version(uint8_t uuid[UUID_SIZE], unsigned version)
{
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | version << 4);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

void
uuid_make_random(const uint8_t random[UUID_SIZE], uint8_t uuid[UUID_SIZE])
{
	memmove(uuid, random, UUID_SIZE);
	set_version(uuid, 4);
}

void
uuid_make_time(int64_t time_100ns, const uint8_t node[8],
	       uint8_t uuid[UUID_SIZE])
{
	uint64_t time = (uint64_t)time_100ns + (uint64_t)EPOCH_100NS;

	store_u32_be(uuid, (uint32_t)time);
	store_u16_be(uuid + 4, (uint16_t)(time >> 32));
	store_u16_be(uuid + 6, (uint16_t)(time >> 48));
	memcpy(uuid + 8, node, 8);
	set_version(uuid, 1);
}

uint64_t
uuid_time(const uint8_t uuid[UUID_SIZE])
{
	return (uint64_t)(load_u16_be(uuid + 6) & 0x0fff) << 48 |
	       (uint64_t)load_u16_be(uuid + 4) << 32 | load_u32_be(uuid);
}

/* Rounded towards the past, also before 1970. */
int64_t
uuid_time_ms(const uint8_t uuid[UUID_SIZE])
{
	int64_t units = (int64_t)uuid_time(uuid) - EPOCH_100NS;
	int64_t ms = units / UNITS_IN_MS;

	return units % UNITS_IN_MS < 0 ? ms - 1 : ms;
}

unsigned
uuid_version(const uint8_t uuid[UUID_SIZE])
{
	return uuid[6] >> 4;
}

static bool
is_dash_place(size_t at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

bool
uuid_parse(struct slice text, uint8_t uuid[UUID_SIZE])
{
	size_t at = 0;

	if (text.size != UUID_TEXT_SIZE)
		return false;
	for (size_t i = 0; i < UUID_SIZE; i++, at += 2) {
		unsigned high, low;

		if (is_dash_place(at) && text.data[at++] != '-')
			return false;
		high = hex_value(text.data[at]);
		low = hex_value(text.data[at + 1]);
		if (high > 15 || low > 15)
			return false;
		uuid[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void
uuid_print(const uint8_t uuid[UUID_SIZE], struct buffer *out)
{
	uint8_t *at = buffer_extend(out, UUID_TEXT_SIZE);

	if (at == NULL)
		return;
	for (size_t i = 0; i < UUID_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		hex_write(uuid[i], at);
		at += 2;
	}
}
