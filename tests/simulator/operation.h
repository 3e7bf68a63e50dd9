/* SPDX-License-Identifier: MIT
 *
 * What a simulated life consists of.  A plan is made of a seed before anything
 * happens; each operation has a seed of its own, so that one can be left out
 * and the others stay what they are. */
#ifndef TESTS_SIMULATOR_OPERATION_H
#define TESTS_SIMULATOR_OPERATION_H

#include "storage/engine.h"
#include "tests/simulator/disk.h"

enum operation_kind {
	OPERATION_WRITE,    /* a batch of rows and tombstones */
	OPERATION_FLOOD,    /* a batch of many large rows */
	OPERATION_CREATE,
	OPERATION_DROP,
	OPERATION_TRUNCATE, /* drop, create and a catalog row in one batch */
	OPERATION_COMMIT,
	OPERATION_SEND,     /* commit, but don't wait */
	OPERATION_POLL,
	OPERATION_READ,
	OPERATION_FIND,
	OPERATION_SCAN,
	OPERATION_COUNT,
	OPERATION_CHECK,    /* everything, in every way */
	OPERATION_REOPEN,   /* in an orderly way */
	OPERATION_CRASH,
	OPERATION_CLOCK,    /* jumps */
	OPERATION_ERRORS,   /* the disk's errors begin or end */
	OPERATION_ROOM,     /* the disk gets full, or gets room */
	OPERATION_FLIP,
	OPERATION_MISDIRECT,
	OPERATION_KINDS
};

struct operation {
	enum operation_kind kind;
	uint64_t seed;
};

enum geometry { GEOMETRY_SMALL, GEOMETRY_REAL };

/* What one seed has switched on. */
struct plan {
	uint64_t seed;
	struct engine_options options;
	bool syncs[3];        /* the sync modes that openings choose from */
	bool has_kills;
	bool has_power_cuts;  /* one of the two, at least */
	bool has_expiry;
	bool has_old_timestamps;
	bool has_large_rows;
	bool has_read_only;
	struct disk_faults faults; /* when they are on */
	struct operation *operations;
	size_t count;
};

void plan_make(struct plan *plan, uint64_t seed, size_t count,
	       enum geometry geometry);
void plan_finish(struct plan *plan);

const char *operation_name(enum operation_kind kind);

#endif
