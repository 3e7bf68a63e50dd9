/* SPDX-License-Identifier: MIT
 *
 * Two entries of an index that must be alike in every field. */
#ifndef TESTS_SUPPORT_SAME_ENTRY_H
#define TESTS_SUPPORT_SAME_ENTRY_H

#include "storage/index/primary_index.h"
#include "tests/support/unit.h"

static inline void
assert_same_entry(const struct index_entry *a, const struct index_entry *b)
{
	assert_int_equal(a->token, b->token);
	assert_int_equal(a->fingerprint, b->fingerprint);
	assert_int_equal(a->timestamp_us, b->timestamp_us);
	assert_int_equal(a->location.segment, b->location.segment);
	assert_int_equal(a->location.offset, b->location.offset);
	assert_int_equal(a->location.size, b->location.size);
	assert_int_equal(a->expires_at_s, b->expires_at_s);
	assert_int_equal(a->is_tombstone, b->is_tombstone);
	assert_int_equal(a->has_tie, b->has_tie);
}

#endif
