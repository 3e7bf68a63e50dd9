/* SPDX-License-Identifier: MIT
 *
 * The files of a database as a row of segments: opens them, hands segments
 * out, translates a segment to a file and an offset, and knows of each one in
 * which state it is and how many live bytes it holds.
 *
 *	FREE -> OPEN -> SEALED -> DEAD -> FREEING -> FREE
 *			|  ^
 *			v  |
 *		       VICTIM -> DEAD
 *
 * New segments come from storage/segments/segment_growth.h, used ones come back
 * through storage/moving/segment_freeing.h; docs/decisions/006 has the rules.
 *
 * Engine thread only. */
#ifndef STORAGE_SEGMENTS_SEGMENT_MANAGER_H
#define STORAGE_SEGMENTS_SEGMENT_MANAGER_H

#include "base/error.h"
#include "storage/format/format.h"
#include "storage/index/primary_index.h"
#include "storage/io/io.h"
#include "storage/segments/death_map.h"
#include "storage/segments/free_map.h"
#include "storage/segments/segment_growth.h"

enum {
	/* The last free segments are for moving buffers only, those before them
	 * also for deletions and what the engine writes itself, so that there
	 * is always room to make room. */
	SEGMENT_RESERVE_MOVING = 2,
	SEGMENT_RESERVE = 4,
	SEGMENT_FILE_NAME_SIZE = 32
};

#define SEGMENT_NONE UINT32_MAX

enum segment_state {
	SEGMENT_FREE,    /* can be handed out */
	SEGMENT_OPEN,    /* being filled, or not settled as a whole */
	SEGMENT_SEALED,  /* full and settled; something in it is live */
	SEGMENT_VICTIM,  /* compaction moves its records */
	SEGMENT_DEAD,    /* nothing in it is live any more */
	SEGMENT_FREEING, /* waits until recovery can do without it */
	SEGMENT_QUARANTINED, /* sealed, but it couldn't be read */
	SEGMENT_ASIDE    /* kept for a run that is about to be written; only
			    within engine_write */
};

struct segment {
	uint64_t sequence;    /* of its life; 0: never opened */
	uint64_t first_write; /* write sequences of its buffers, 0: none yet */
	uint64_t last_write;
	uint64_t birth;       /* how old its records are: the segment sequence
				 at which they were written by a user, about */
	uint64_t copied_in;   /* write sequence of the last moving buffer with
				 a copy of a record that stood here; 0: none */
	uint32_t life;        /* lives that it has had, this one included */
	uint32_t live_bytes;  /* of records that an index points at */
	uint32_t record_bytes; /* of all records */
	uint32_t next, previous; /* in a list of segments in its state */
	uint32_t pins;        /* reads that are looking there */
	uint32_t dropped_by;  /* the last walk that has left out an entry which
				 points here (checkpoint_drop.c); 0: none */
	uint8_t state;        /* enum segment_state */
	uint8_t kind;         /* enum buffer_kind */
	uint8_t stream;       /* enum buffer_stream */
	uint8_t generation;   /* how often its records have been moved, 0 … 3 */
	int64_t first_token;  /* full segments: the range of their records */
	int64_t last_token;
	uint32_t table;       /* full segments; else 0 */
	uint8_t bucket;       /* of victim_choice, which alone uses it */
};

/* Double ended, linked through the segments. */
struct segment_list {
	uint32_t first, last; /* SEGMENT_NONE: empty */
	uint32_t count;
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
	struct death_map deaths;
	uint32_t segment_count;
	uint32_t segment_capacity;
	uint64_t next_sequence; /* of segments */
	uint32_t next_free;    /* where to look for a free one first */
	struct free_map frees;
	uint32_t free_count;
	struct segment_list dead; /* in the order of their deaths */
	uint32_t freeing_count;
	uint32_t quarantined_count;
	uint64_t died_unread_count; /* all of it was superseded by itself */
	/* Told when a sealed segment's live bytes change, when a segment
	 * becomes sealed or ceases to be, and when nothing is live in a victim
	 * any more; may be NULL. */
	void (*on_change)(void *context, uint32_t segment);
	void *on_change_context;
	/* Asked before files grow by ${segments}: negative when there isn't
	 * room for what comes along with them; may be NULL. */
	int (*before_growth)(void *context, uint32_t segments);
	void *before_growth_context;
	uint64_t live_bytes;
	uint64_t record_bytes; /* of all segments that aren't free */
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
struct segment_place
segment_manager_place(const struct segment_manager *manager, uint32_t segment,
		      uint32_t offset);

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

/* ---- handing out ---- */

/* The last file has got ${count} more; there is room in memory for them. */
void segment_manager_add_free(struct segment_manager *manager, uint32_t count);
/* Segments that can be handed out now. */
uint32_t segment_manager_available(const struct segment_manager *manager);
/* The first of ${count} free neighbours in one file, or SEGMENT_NONE. */
uint32_t segment_manager_find_run(const struct segment_manager *manager,
				  uint32_t count);

/* What a new life is for. */
struct segment_use {
	enum buffer_kind kind;
	enum buffer_stream stream;
	uint8_t generation;
	uint64_t birth; /* 0: now */
	uint32_t table; /* of full segments, with the range of its tokens */
	int64_t first_token;
	int64_t last_token;
};
/* Hands out a free one, which must be available, for a new life with the next
 * segment sequence: it is OPEN. */
uint32_t segment_manager_take(struct segment_manager *manager,
			      const struct segment_use *use);
/* The same for neighbours that were set aside. */
void segment_manager_take_run(struct segment_manager *manager,
			      const struct segment_use *use, uint32_t first,
			      uint32_t count);
/* Free neighbours aren't available to others, and then are again. */
void segment_manager_set_aside(struct segment_manager *manager, uint32_t first,
			       uint32_t count);
void segment_manager_put_back(struct segment_manager *manager, uint32_t first,
			      uint32_t count);

/* A buffer with this write sequence goes there. */
void segment_manager_note_write(struct segment_manager *manager,
				uint32_t segment, uint64_t write_sequence);
/* OPEN: all its buffers are settled, no more will come. Becomes SEALED, or DEAD
 * when nothing is live there. */
void segment_manager_seal(struct segment_manager *manager, uint32_t segment);
/* OPEN: nothing of it was ever accepted (a failed write). Becomes
 * QUARANTINED: it isn't used again before the database is opened anew. */
void segment_manager_abandon(struct segment_manager *manager,
			     uint32_t segment);
/* SEALED to VICTIM and back (then DEAD, when nothing is live any more). */
void segment_manager_begin_victim(struct segment_manager *manager,
				  uint32_t segment);
void segment_manager_end_victim(struct segment_manager *manager,
				uint32_t segment);
/* VICTIM or SEALED: it couldn't be read. What is live there stays. */
void segment_manager_quarantine(struct segment_manager *manager,
				uint32_t segment);
/* DEAD to FREEING, and then to FREE. */
void segment_manager_begin_freeing(struct segment_manager *manager,
				   uint32_t segment);
void segment_manager_free(struct segment_manager *manager, uint32_t segment);
/* While opening: sets the state of a place whose numbers were filled in by
 * recovery, and all counts and lists that follow from it. */
void segment_manager_restore(struct segment_manager *manager,
			     uint32_t segment, enum segment_state state);

/* A read of a record is on its way: its place isn't used again before the same
 * location is unpinned. */
void segment_manager_pin(struct segment_manager *manager,
			 struct location location);
void segment_manager_unpin(struct segment_manager *manager,
			   struct location location);

void segment_list_append(struct segment_manager *manager,
			 struct segment_list *list, uint32_t segment);
void segment_list_remove(struct segment_manager *manager,
			 struct segment_list *list, uint32_t segment);

/* Room in memory for so many files and segments. */
MUST_CHECK bool segment_manager_reserve(struct segment_manager *manager,
					uint32_t files, uint32_t segments);

/* ---- bytes ---- */

/* Records came to life or died. A record of a run counts in each of its
 * segments. */
void segment_manager_add_record(struct segment_manager *manager,
				struct location location);
void segment_manager_add_dead_record(struct segment_manager *manager,
				     struct location location);
void segment_manager_kill_record(struct segment_manager *manager,
				 struct location location);

/* False: the record that begins there in a sealed segment is live, unless its
 * table is gone.  True: it, or one that begins in the same DEATH_MAP_UNIT
 * bytes, may be dead. */
static inline bool
segment_manager_may_be_dead(const struct segment_manager *manager,
			    struct location location)
{
	return death_map_get(&manager->deaths, location.segment,
			     location.offset);
}

/* A record there is about to die. */
static inline void
segment_manager_prefetch(const struct segment_manager *manager,
			 struct location location)
{
	__builtin_prefetch(&manager->segments[location.segment].live_bytes);
	death_map_prefetch(&manager->deaths, location.segment,
			   location.offset);
}

uint64_t segment_manager_disk_bytes(const struct segment_manager *manager);

#endif
