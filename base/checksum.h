/* SPDX-License-Identifier: MIT
 *
 * XXH3-64 (libxxhash; the algorithm is frozen since 0.8.0) for everything
 * that is stored, and for keyed fingerprints of keys. */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include "base/slice.h"

uint64_t checksum_seeded(struct slice bytes, uint64_t seed);

/* Folds several numbers into one seed, order included. */
uint64_t checksum_mix(uint64_t seed, uint64_t number);

#endif
