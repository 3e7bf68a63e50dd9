/* SPDX-License-Identifier: MIT
 *
 * CQL's partition token: the first half of MurmurHash3_x64_128 with seed 0
 * (Austin Appleby, public domain) in Cassandra's variant, in which the bytes
 * of the tail are sign-extended. */
#ifndef BASE_MURMUR3_H
#define BASE_MURMUR3_H

#include "base/slice.h"

/* Never INT64_MIN, which CQL keeps for "before everything". */
int64_t murmur3_token(struct slice key);

#endif
