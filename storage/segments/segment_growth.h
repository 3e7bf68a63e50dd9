/* SPDX-License-Identifier: MIT
 *
 * How segment files grow: in steps that are written with zeros and synced
 * before their segments are handed out, ahead of need and without blocking.
 * Growing is a small state machine that segment_growth_step() moves on; it is
 * a part of struct segment_manager.
 *
 * Engine thread only. */
#ifndef STORAGE_SEGMENTS_SEGMENT_GROWTH_H
#define STORAGE_SEGMENTS_SEGMENT_GROWTH_H

#include "base/error.h"
#include "storage/io/io.h"

struct segment_manager;

enum {
	SEGMENT_STEP_MIN = 8,   /* segments of the first step of growth */
	SEGMENT_STEP_MAX = 128, /* of the largest */
	SEGMENT_RETRY_US = 100000 /* a full disk is tried that often */
};

enum growth_state {
	GROWTH_IDLE,
	GROWTH_WRITING,
	GROWTH_SYNCING,
	GROWTH_RECORDING, /* the manifest must learn of a new file, and syncs
			     the directory before */
	GROWTH_FAILED
};

struct growth {
	enum growth_state state;
	struct io_file *file; /* a handle of its own; NULL: none open */
	uint32_t number;      /* of the file */
	uint32_t first;       /* segment in the file where the step starts */
	uint32_t count;       /* segments of the step */
	uint32_t last_count;  /* of the step before */
	uint64_t written;     /* bytes of the step */
	uint32_t piece;       /* most bytes of one write */
	bool is_new_file;
	bool is_in_flight;
	int failure;          /* negative errno; 0: size_max is reached */
	bool is_told;         /* somebody was answered with the failure */
	bool is_beyond;       /* size_max is exceeded by the reserve */
	int64_t failed_us;    /* monotonic */
	uint8_t *zeros;
	struct io_operation operation;
};

/* Closes and frees; nothing may be in flight. */
void segment_growth_finish(struct segment_manager *manager);

/* Moves growing on: starts when few segments are left and it ${may_start},
 * goes on when an operation has completed. Never blocks. */
void segment_growth_step(struct segment_manager *manager, bool may_start);
/* Starts a step of growth now, unless one is under way; forgets an earlier
 * failure for lack of room. */
void segment_growth_start(struct segment_manager *manager);
/* For who needs more segments than there are.  0: growing is under way, ask
 * again after a poll.  Negative: the reason of GROWTH_FAILED; most answers
 * come from memory, since the disk is asked for room again only when
 * SEGMENT_RETRY_US have passed. */
MUST_CHECK int segment_growth_demand(struct segment_manager *manager,
				     struct error *error);
/* The last resort of who makes room where none is left: true when files grow by
 * the reserve beyond what is allowed, as they do once. */
bool segment_growth_go_beyond(struct segment_manager *manager);
/* Answers GROWTH_RECORDING: the manifest counts the new file, or couldn't be
 * written (a negative status). */
void segment_growth_recorded(struct segment_manager *manager, int status);
/* Files can't grow, as far as is known. */
bool segment_growth_has_failed(const struct segment_manager *manager);
/* The reason of GROWTH_FAILED. */
int segment_growth_error(const struct segment_manager *manager,
			 struct error *error);

#endif
