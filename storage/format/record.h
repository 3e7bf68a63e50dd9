/* SPDX-License-Identifier: MIT
 *
 * One row or tombstone as it stands in the log, and the order of versions.
 *
 *	  0   8  checksum of everything behind it, padding included
 *	  8   8  LSN
 *	 16   8  timestamp, microseconds since 1970
 *	 24   4  table
 *	 28   4  bytes of the value
 *	 32   2  bytes of the key, at least 1
 *	 34   1  flags                    (enum record_flags)
 *	 35   1  reserved, zero
 *	 36   8  seconds since 1970: when an expiring row expires, when a
 *	         deletion was seen by the server; only in those two
 *	      .  key, value, zeros up to a multiple of 8
 *
 * A record's checksum is seeded with the place and the segment's life, so
 * that only a record that was written here and now is believed. */
#ifndef STORAGE_FORMAT_RECORD_H
#define STORAGE_FORMAT_RECORD_H

#include "base/compiler.h"
#include "base/slice.h"

#include <stdint.h>

enum {
	RECORD_HEADER_SIZE = 36,
	RECORD_ALIGNMENT = 8,
	/* A key of one byte and no value. */
	RECORD_SIZE_MIN = 40,
	/* Bytes beside key and value, at most: header, seconds, padding. */
	RECORD_OVERHEAD_MAX = RECORD_HEADER_SIZE + 8
};

enum record_flags {
	RECORD_ROW = 1 << 0,
	RECORD_TOMBSTONE = 1 << 1,
	RECORD_EXPIRING = 1 << 2,
	RECORD_ENDS_BATCH = 1 << 3,
	RECORD_TIE = 1 << 4 /* written over a version of its key with the same
			       timestamp */
};

struct record {
	uint64_t lsn;
	int64_t timestamp_us;
	uint32_t table;
	uint8_t flags;
	uint64_t seconds; /* where the flags say so, else 0 */
	struct slice key;
	struct slice value;
};

/* Bytes of a whole record, padding included. */
uint64_t record_size(uint8_t flags, size_t key_size, size_t value_size);

/* Writes everything but the checksum; returns record_size(). */
uint32_t record_encode(const struct record *record, uint8_t *to);

uint64_t record_lsn(const uint8_t *bytes);
/* Sets further flags in an encoded record. */
void record_add_flags(uint8_t *bytes, uint8_t flags);

/* Writes the checksum; the record is finished. */
void record_seal(uint8_t *bytes, uint32_t size, uint64_t seed);

/* Doubts everything but the checksum: the size of the record at ${bytes}, or 0
 * when there is none that fits ${available} bytes.  Key and value are borrowed
 * from ${bytes}. */
uint32_t record_decode(const uint8_t *bytes, size_t available,
		       struct record *record);

bool record_is_intact(const uint8_t *bytes, uint32_t size, uint64_t seed);

#endif
