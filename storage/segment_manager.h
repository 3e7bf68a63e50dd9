/* SPDX-License-Identifier: MIT
 *
 * The files of a database as a row of segments: opens and grows them, hands
 * out segments, translates a segment to a file and an offset, and knows how
 * many live bytes each one holds.
 *
 * Files grow in steps that are written with zeros and synced before their
 * segments are handed out, ahead of need and without blocking: growing is a
 * small state machine that segment_manager_step() moves on.  What is handed
 * out is used from the first segment to the last.
 *
 * Engine thread only. */
#ifndef STORAGE_SEGMENT_MANAGER_H
#define STORAGE_SEGMENT_MANAGER_H

#include "base/error.h"
#include "storage/io.h"
#include "storage/primary_index.h"

enum {
	/* Segments that only deletions may use, so that they work when the
	 * disk is full. */
	SEGMENT_RESERVE = 4,
	SEGMENT_STEP_MIN = 8,   /* segments of the first step of growth */
	SEGMENT_STEP_MAX = 128, /* of the largest */
	SEGMENT_FILE_NAME_SIZE = 32
};

struct segment {
	uint64_t sequence;     /* 0: never opened */
	uint32_t live_bytes;   /* of records that an index points at */
	uint32_t record_bytes; /* of all records */
};

struct segment_file {
	struct io_file *file;
	uint32_t segment_count; /* written and synced */
	bool is_dirty;          /* holds writes that are not synced yet */
};

enum growth_state {
	GROWTH_IDLE,
	GROWTH_WRITING,
	GROWTH_SYNCING,
	GROWTH_NAMING,    /* the directory is being synced */
	GROWTH_RECORDING, /* the manifest must learn of a new file */
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
	uint8_t *zeros;
	struct io_operation operation;
};

struct segment_manager {
	struct io *io;
	uint64_t database_id;
	uint32_t segment_size;
	uint32_t file_segments;
	uint64_t size_max;    /* bytes of all files; 0: no limit */
	unsigned file_flags;  /* how data files are opened */
	struct segment_file *files;
	uint32_t file_count;
	uint32_t file_capacity;
	struct segment *segments;
	uint32_t segment_count;
	uint32_t segment_capacity;
	uint32_t next_segment; /* the first that was never handed out */
	uint64_t live_bytes;
	uint64_t record_bytes;
	uint64_t zero_bytes_written;
	struct growth growth;
};

void segment_manager_finish(struct segment_manager *manager);

/* "00-000012.segments". */
void segment_file_name(uint32_t number, char name[SEGMENT_FILE_NAME_SIZE]);
/* Whether ${name} looks like a segment file of any shard; *shard and *number
 * say which. */
bool segment_file_parse_name(const char *name, uint32_t *shard,
			     uint32_t *number);

/* Opens the next file, which must exist; ${is_last} allows a short one. */
MUST_CHECK int segment_manager_open_file(struct segment_manager *manager,
					 bool is_last, struct error *error);

/* The file, its name and the offset in it of a place in a segment. */
struct segment_place {
	struct io_file *file;
	uint32_t file_number;
	uint64_t offset;
};
struct segment_place segment_manager_place(const struct segment_manager *manager,
					   uint32_t segment, uint32_t offset);

/* ERROR_CORRUPT: "<path>/<file> is damaged at offset N: <what>". */
int segment_manager_damaged(const struct segment_manager *manager,
			    uint32_t segment, uint32_t offset,
			    const char *what, struct error *error);
/* io_error about a place in a segment. */
int segment_manager_io_error(const struct segment_manager *manager,
			     int negative_errno, const char *verb,
			     uint32_t segment, uint32_t offset,
			     struct error *error);

/* The seed of all checksums of the life that ${segment} is in. */
uint64_t segment_manager_seed(const struct segment_manager *manager,
			      uint32_t segment);

/* Segments that can be handed out now. */
uint32_t segment_manager_available(const struct segment_manager *manager);
/* Hands out the next one, which must be available, for a new life. */
uint32_t segment_manager_take(struct segment_manager *manager,
			      uint64_t segment_sequence);

/* Moves growing on: starts when few segments are left, goes on when an
 * operation has completed. Never blocks. */
void segment_manager_step(struct segment_manager *manager);
/* Starts a step of growth now, unless one is under way; forgets an earlier
 * failure for lack of room. */
void segment_manager_grow(struct segment_manager *manager);
/* Answers GROWTH_RECORDING: the manifest counts the new file, or couldn't be
 * written (a negative status). */
void segment_manager_recorded(struct segment_manager *manager, int status);
/* The reason of GROWTH_FAILED. */
int segment_manager_growth_error(const struct segment_manager *manager,
				 struct error *error);

/* Records came to life or died. */
void segment_manager_add_record(struct segment_manager *manager,
				struct location location);
void segment_manager_add_dead_record(struct segment_manager *manager,
				     struct location location);
void segment_manager_kill_record(struct segment_manager *manager,
				 struct location location);

uint64_t segment_manager_disk_bytes(const struct segment_manager *manager);

#endif
