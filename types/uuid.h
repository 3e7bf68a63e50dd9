/* SPDX-License-Identifier: MIT
 *
 * UUIDs (RFC 4122) as CQL uses them.  Randomness and time come from the
 * caller. */
#ifndef TYPES_UUID_H
#define TYPES_UUID_H

#include "types/type.h"

enum { UUID_SIZE = 16 };

/* Version 4 from 16 random bytes. */
void uuid_make_random(const uint8_t random[UUID_SIZE],
		      uint8_t uuid[UUID_SIZE]);

/* Version 1 for a time in 100 ns units since 1970 and 8 bytes that stand for
 * clock sequence and node. */
void uuid_make_time(int64_t time_100ns, const uint8_t node[8],
		    uint8_t uuid[UUID_SIZE]);

unsigned uuid_version(const uint8_t uuid[UUID_SIZE]);

/* The 60 bits of time in a version 1 uuid: 100 ns units since 1582. */
uint64_t uuid_time(const uint8_t uuid[UUID_SIZE]);

/* Milliseconds since 1970 of a version 1 uuid. */
int64_t uuid_time_ms(const uint8_t uuid[UUID_SIZE]);

/* Decodes 8-4-4-4-12 hex digits; false when the text is none. */
bool uuid_parse(struct slice text, uint8_t uuid[UUID_SIZE]);
void uuid_print(const uint8_t uuid[UUID_SIZE], struct buffer *out);

#endif
