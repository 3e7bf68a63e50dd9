/* SPDX-License-Identifier: MIT
 *
 * In the place of lmdb_side.c, in a build without LMDB. */
#include "bench/lmdb_side.h"

struct lmdb_side *
lmdb_side_create(const char *path, uint64_t rows, uint32_t value_size)
{
	(void)path;
	(void)rows;
	(void)value_size;
	return NULL;
}

void
lmdb_side_close(struct lmdb_side *side)
{
	(void)side;
}

double
lmdb_side_read(struct lmdb_side *side, unsigned batch, bool is_held,
	       uint64_t count)
{
	(void)side;
	(void)batch;
	(void)is_held;
	(void)count;
	return 0;
}

double
lmdb_side_overwrite(struct lmdb_side *side, double seconds,
		    struct latencies *latencies)
{
	(void)side;
	(void)seconds;
	(void)latencies;
	return 0;
}
