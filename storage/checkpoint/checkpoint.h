/* SPDX-License-Identifier: MIT
 *
 * A checkpoint's file: what recovery needs to know so that it reads only the
 * log that was written since.  docs/format.md has the layout.
 *
 * Engine thread only. */
#ifndef STORAGE_CHECKPOINT_CHECKPOINT_H
#define STORAGE_CHECKPOINT_CHECKPOINT_H

#include "storage/checkpoint/freed_life.h"
#include "storage/format/manifest.h"
#include "storage/index/primary_index.h"
#include "storage/segments/segment_manager.h"

enum { CHECKPOINT_NAME_SIZE = 32, CHECKPOINT_FILES = 3 };

/* "00-1.checkpoint": the file of checkpoint ${number}. */
void checkpoint_name(uint64_t number, char name[CHECKPOINT_NAME_SIZE]);

/* As of when. */
struct checkpoint_start {
	uint64_t number;            /* from 1 */
	uint64_t user_sequence;     /* last settled write sequences */
	uint64_t moving_sequence;
	uint64_t segment_sequence;  /* the next one to be given */
	uint64_t lsn;
	int64_t clock_us;
	uint32_t next_table;
};

/* Whether a segment in use holds buffers that were written behind the start, or
 * the place was used again since then, and may be free by now. */
bool checkpoint_is_in_tail(const struct checkpoint_start *start,
			   const struct segment *segment);

/* A place as of the start. */
struct checkpoint_segment {
	uint64_t sequence;
	uint64_t first_write, last_write;
	uint64_t birth;
	int64_t first_token, last_token;
	uint32_t table;
	uint32_t life;
	uint32_t record_bytes;
	uint8_t kind, stream, generation;
	bool is_free; /* a dead one isn't yet */
	bool is_open; /* buffers above the start may stand there */
};

struct checkpoint_table {
	uint32_t id;
	bool has_explicit; /* timestamps */
	uint64_t entries;  /* as of the start, about: for progress and memory */
};

/* The part before the entries. */
struct checkpoint {
	struct checkpoint_start start;
	struct checkpoint_segment *segments;
	uint32_t segment_count;
	struct checkpoint_table *tables; /* ascending by id; the registry too */
	uint32_t table_count;
	struct freed_life *freed;
	uint32_t freed_count;
	uint64_t entry_count;
	uint64_t bytes; /* of the file that are used */
};
void checkpoint_finish(struct checkpoint *checkpoint);

/* Opens the file that the manifest names and reads the part before the
 * entries.  CHECKPOINT_UNUSABLE, with the reason in ${error}, when it is
 * missing, damaged or can't be read there; negative where the process may not
 * open it, or memory is wanting, which says nothing of it. */
enum { CHECKPOINT_UNUSABLE = 1 };
struct checkpoint_reader;
MUST_CHECK int checkpoint_open(struct io *io, const struct manifest *manifest,
			       const struct manifest_checkpoint *which,
			       struct checkpoint *checkpoint,
			       struct checkpoint_reader **reader,
			       struct error *error);
/* The next entries, all of one table, ascending, as many as are there up to
 * ${capacity}: their number, or 0 at the end (then everything was there that
 * the head announces).  Damage is -ERROR_CORRUPT with file and offset.  Several
 * large reads are in flight.  Places are possible in this geometry, but may
 * lie behind the last segment. */
MUST_CHECK int checkpoint_next(struct checkpoint_reader *reader,
			       uint32_t *table, struct index_entry *entries,
			       size_t capacity, struct error *error);
/* Bytes of the file that were read, to tell progress. */
uint64_t checkpoint_bytes_read(const struct checkpoint_reader *reader);
/* Waits for what is in flight; NULL is fine. */
void checkpoint_close(struct checkpoint_reader *reader);

#endif
