/* SPDX-License-Identifier: MIT
 *
 * The bytes of a partition key, as CQL composes them and the token hashes
 * them: of a single column its value as it is; of several, for each a u16 BE
 * size, the bytes and a zero byte. */
#ifndef PLANNER_KEY_H
#define PLANNER_KEY_H

#include "base/arena.h"
#include "base/error.h"
#include "planner/catalog.h"

/* Composes ${parts} (one for each key column, none null), which the result
 * borrows or copies into ${arena}.  Fails for an empty key and for one that
 * is too long. */
MUST_CHECK int key_encode(const struct table *table, const struct slice *parts,
			  struct arena *arena, struct slice *key,
			  struct error *error);

/* Cuts a stored key into ${parts}, which borrow from it. */
MUST_CHECK int key_decode(const struct table *table, struct slice key,
			  struct slice *parts, struct error *error);

#endif
