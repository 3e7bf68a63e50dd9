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
	OPERATION_BIG,      /* a row that may be larger than a segment */
	OPERATION_OVERWRITE, /* of few keys, for long */
	OPERATION_FILL,     /* until the database is full, then make room */
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
	OPERATION_HOLD,     /* a read or a scan begins, and others go on */
	OPERATION_RELEASE,  /* it ends */
	OPERATION_COMPACT,  /* begins, and goes on beside everything else; or is
			       given up */
	OPERATION_CHECKPOINT, /* begins as well */
	OPERATION_FINISH,   /* waits for both, or gives up the first */
	OPERATION_IDLE,     /* a while in which nobody wants anything */
	OPERATION_SCHEDULE, /* what hardly ever happens by chance */
	OPERATION_GRACE,    /* how long tombstones are kept is told */
	OPERATION_CHECK,    /* everything, in every way */
	OPERATION_VERIFY,   /* the engine checks itself */
	OPERATION_REOPEN,   /* in an orderly way */
	OPERATION_CRASH,
	OPERATION_CLOCK,    /* jumps */
	OPERATION_ERRORS,   /* the disk's errors begin or end */
	OPERATION_ROOM,     /* the disk gets full, or gets room */
	OPERATION_FLIP,      /* from here on: damage */
	OPERATION_MISDIRECT, /* a write goes elsewhere */
	OPERATION_LOSE,      /* a write that was done isn't there */
	OPERATION_ZERO,      /* sectors or segments */
	OPERATION_SWAP,
	OPERATION_STALE,     /* an older version of itself */
	OPERATION_CUT,       /* a file is shorter */
	OPERATION_SPOIL,     /* a checkpoint can't be used any more */
	OPERATION_ROT,       /* bits of segments, and all of them are moved */
	OPERATION_FAIL,      /* checkpoints, till the next opening */
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
	struct engine_options options; /* of the first opening */
	bool syncs[3];        /* the sync modes that openings choose from */
	bool has_kills;
	bool has_power_cuts;  /* one of the two, at least */
	bool has_expiry;
	bool has_old_timestamps;
	bool has_large_rows;
	bool has_cached_rows; /* of sizes that fill a cache */
	bool has_big_rows; /* larger than a segment */
	bool has_read_only;
	bool is_churning; /* little room, many victims and checkpoints */
	uint32_t gc_grace_s;       /* when it is told */
	struct disk_faults faults; /* when they are on */
	uint32_t memory_refusal;   /* then, too: a chance in 10,000 */
	struct operation *operations;
	size_t count;
};

void plan_make(struct plan *plan, uint64_t seed, size_t count,
	       enum geometry geometry);
/* What the ${opening}th opening of this life asks for, which some lives change:
 * sizes of memory and how much room there is.  ${options} are those of the
 * opening before. */
void plan_change_options(const struct plan *plan, uint64_t opening,
			 struct engine_options *options);
void plan_finish(struct plan *plan);

const char *operation_name(enum operation_kind kind);
/* Nothing fails in it, nor is damaged. */
bool operation_is_peaceful(enum operation_kind kind);

#endif
