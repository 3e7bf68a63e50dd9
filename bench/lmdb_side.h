/* SPDX-License-Identifier: MIT
 *
 * LMDB with the rows of engine_side.h, where the build has it: the fastest
 * reader from memory that we know, as a yardstick. */
#ifndef BENCH_LMDB_SIDE_H
#define BENCH_LMDB_SIDE_H

#include "bench/engine_side.h"

struct lmdb_side;

/* A database with ${rows} rows at ${path} (what is there is removed), on
 * stable storage; NULL when the build has no LMDB. */
struct lmdb_side *lmdb_side_create(const char *path, uint64_t rows,
				   uint32_t value_size);
void lmdb_side_close(struct lmdb_side *side);

/* Random rows; a transaction is renewed for each batch, so that it sees the
 * newest version as the engine's reads do, or held over all. A second. */
double lmdb_side_read(struct lmdb_side *side, unsigned batch, bool is_held,
		      uint64_t count);
/* Overwrites in durable transactions of SIDE_BATCH, one after the other. A
 * second. */
double lmdb_side_overwrite(struct lmdb_side *side, double seconds,
			   struct latencies *latencies);

#endif
