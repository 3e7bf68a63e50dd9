/* SPDX-License-Identifier: MIT
 *
 * One database on one simulated disk, and the model of it: what the parts of
 * an episode share. */
#ifndef TESTS_SIMULATOR_WORLD_H
#define TESTS_SIMULATOR_WORLD_H

#include "tests/simulator/model.h"
#include "tests/simulator/operation.h"

enum { WORLD_HELD_MAX = 4 };

/* What the engines of a life did, to see that it was anything. */
struct deeds {
	uint64_t compactions; /* victims */
	uint64_t moves;       /* moving buffers */
	uint64_t freed;       /* segments, without having been read */
	uint64_t checkpoints;
	uint64_t cancelled;   /* times that everything was being separated */
	uint64_t quarantined;
	uint64_t full;        /* writes that were refused */
	uint64_t dropped;     /* tombstones and expired rows that were seen to
				 be forgotten */
	uint32_t polls_max;   /* that a write has waited for */
};

struct held;
struct verification;

struct world {
	const struct plan *plan;
	struct random random; /* of the operation that is under way */
	struct disk *disk;
	struct engine *engine; /* NULL: it could not be opened, for good */
	struct model model;
	enum engine_sync sync;
	struct engine_options options; /* of the last opening */
	uint64_t openings; /* that may write */
	uint32_t next_value;
	int64_t last_server_us; /* newest timestamp that was given */
	uint64_t injected_before; /* errors made up before the last opening */
	uint64_t refused_before;  /* memory that was refused by then */
	uint64_t dropped_before;  /* failed syncs before the last judgement */
	bool was_full;    /* there was a limit since the last opening */
	bool has_errors;  /* the disk makes up errors */
	bool is_damaged;  /* errors are as good as answers */
	bool is_hasty;    /* nobody looks at what the next opening shows */
	bool spoils_next;     /* the newest checkpoint, at the next opening */
	bool has_spoiled;     /* one, ever: this one at last */
	uint64_t spoiled_number;
	uint64_t spoiled_checksum;
	uint64_t damages; /* how often it was damaged more */
	uint64_t tail_lsn; /* what the damaged disk has proved at each opening
			      since the last judgement */
	uint64_t database_id;
	bool is_compacting;    /* somebody has asked for it, and asks again */
	bool is_checkpointing;
	struct verification *verification; /* that goes on; NULL: none */
	struct held *held[WORLD_HELD_MAX]; /* reads that go on; NULL: none */
	struct deeds deeds;
	bool is_verbose;

	uint64_t hash;    /* of all answers */
	uint64_t crashes;
	uint64_t biting;  /* crashes that met something not durable */
	enum violation violation;
	char text[512];
	/* Large, and used by one function at a time. */
	struct observation seen;
	struct observation seen_before;
};

/* The first violation is kept. */
void world_violate(struct world *world, enum violation violation,
		   const char *format, ...) PRINTF_LIKE(3, 4);
void world_say(struct world *world, const char *format, ...)
	PRINTF_LIKE(2, 3);
/* The operation can't go on: a violation, or the power is off. */
bool world_is_over(const struct world *world);
/* Errors of the disk and refusals of memory that were made up. */
uint64_t world_injected(const struct world *world);
/* Whether a call may fail like this here. */
bool world_is_excused(const struct world *world, const struct error *error);
/* ${what} has failed: a violation unless it is excused. */
void world_refused(struct world *world, const char *what,
		   const struct error *error);

uint32_t world_segment_size(const struct world *world);
/* Bytes that the segments may take; 0: no limit. */
uint64_t world_size_max(const struct world *world);

/* Of the kinds that this life has. */
enum disk_crash world_draw_crash(struct world *world);

void world_set_errors(struct world *world, bool is_on);

/* Opens what is there; nothing is judged. */
int world_open_engine(struct world *world, bool is_read_only,
		      struct error *error);
/* What the engine has begun is lost. */
void world_abandon(struct world *world);

/* Opens a database for the first time. */
void world_begin(struct world *world);
/* After a crash: everything until the engine runs again and is judged. */
void world_recover(struct world *world);
/* A write has failed: what is still there is judged, then a new start. */
void world_restart(struct world *world);
/* An orderly end and a new start. */
void world_reopen(struct world *world);
/* Compares everything with the model's newest state. */
void world_check(struct world *world);
/* Compares what the engine counts with what there is. */
void world_audit(struct world *world);
void world_end(struct world *world);

/* Reads that somebody holds: act_held.c.  They end before the engine does. */
bool world_holds(const struct world *world);
void world_drop_held(struct world *world);
void world_end_verification(struct world *world);
/* By the last look at everything. */
bool world_saw_unreadable(const struct world *world);

/* Executes one operation. */
void world_do(struct world *world, const struct operation *operation);

#endif
