/* SPDX-License-Identifier: MIT
 *
 * Cassandra's token, written a second time and differently, so that a mistake
 * in the product's own can't hide behind itself. */
#ifndef TESTS_ORACLE_TOKEN_H
#define TESTS_ORACLE_TOKEN_H

#include "base/slice.h"

int64_t token_of(struct slice key);

#endif
