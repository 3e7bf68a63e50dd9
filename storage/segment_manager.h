/* SPDX-License-Identifier: MIT
 *
 * The files of a database as a row of segments: opens and grows them, hands
 * out segments, translates a segment to a file and an offset, and knows how
 * many live bytes each one holds.
 *
 * New segments come from storage/segment_growth.h.  What is handed out is used
 * from the first segment to the last.
 *
 * Engine thread only. */
#ifndef STORAGE_SEGMENT_MANAGER_H
#define STORAGE_SEGMENT_MANAGER_H

#include "base/error.h"
#include "storage/io.h"
#include "storage/primary_index.h"
#include "storage/segment_growth.h"

enum {
	/* Segments that only deletions may use, so that they work when the
	 * disk is full. */
	SEGMENT_RESERVE = 4,
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
/* Closes the last file, which must have no segment. */
void segment_manager_close_empty_file(struct segment_manager *manager);

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

/* Room in memory for so many files and segments. */
MUST_CHECK bool segment_manager_reserve(struct segment_manager *manager,
					uint32_t files, uint32_t segments);

/* Records came to life or died. */
void segment_manager_add_record(struct segment_manager *manager,
				struct location location);
void segment_manager_add_dead_record(struct segment_manager *manager,
				     struct location location);
void segment_manager_kill_record(struct segment_manager *manager,
				 struct location location);

uint64_t segment_manager_disk_bytes(const struct segment_manager *manager);

#endif
