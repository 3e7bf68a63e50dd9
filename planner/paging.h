/* SPDX-License-Identifier: MIT
 *
 * A paging state: where a page ended, in bytes that anybody may keep and send
 * back, and that are doubted when they come.
 *
 *     u8      version: 1
 *     u8      enum access_kind
 *     u64 LE  fingerprint of the statement
 *     varint  rows that LIMIT still allows; UINT64_MAX: all
 *     varint  size of the key
 *     bytes   key of the last row given
 *     u64 LE  XXH3 of all before, seeded */
#ifndef PLANNER_PAGING_H
#define PLANNER_PAGING_H

#include "planner/plan.h"

struct paging_position {
	enum access_kind kind;
	uint64_t rows_left;
	struct slice key;
};

/* Of statements whose rows have no keys: how many were given.  The kind is
 * PAGING_ROWS then, and the key that number, u64 LE. */
enum { PAGING_ROWS = UINT8_MAX };

/* What makes two executions the same query: the text and the table, which may
 * be NULL. */
uint64_t paging_fingerprint(struct slice text, const struct table *table);

/* Replaces what is in ${out}. */
void paging_encode(const struct paging_position *position,
		   uint64_t fingerprint, struct buffer *out);

/* The key borrows from ${state}. */
MUST_CHECK int paging_decode(struct slice state, uint64_t fingerprint,
			     enum access_kind kind,
			     struct paging_position *position,
			     struct error *error);
int paging_refuse(struct error *error);

void paging_encode_rows(uint64_t rows, uint64_t fingerprint,
			struct buffer *out);
MUST_CHECK int paging_decode_rows(struct slice state, uint64_t fingerprint,
				  uint64_t *rows, struct error *error);

#endif
