/* SPDX-License-Identifier: MIT
 *
 * What an engine is made of, and what all of its parts ask of it. Below them
 * all: nothing here calls one. How it moves on is in engine_step.c. */
#ifndef STORAGE_ENGINE_STATE_H
#define STORAGE_ENGINE_STATE_H

#include "storage/engine.h"
#include "storage/format/manifest_store.h"
#include "storage/index/record_cache.h"
#include "storage/index/table_registry.h"
#include "storage/log/buffered_writer.h"
#include "storage/log/moving_writer.h"
#include "storage/log/pending_map.h"
#include "storage/segments/segment_manager.h"

struct engine_read_state;
struct separator;
struct compaction;
struct checkpoint_writer;

/* Rows of table 3 that are still wanted, in the order in which they came
 * (storage/checkpoint/freed_life.c), and dead segments whose row is on its way
 * (storage/moving/segment_freeing.c). */
struct freeing {
	uint32_t published_walk; /* of the newest checkpoint; 0: none yet */
	uint32_t buried_walk;    /* the last that dead segments were shown */
	uint32_t passed_walk;    /* and the one whose end they wait for that
				    come first in the list of dead ones: */
	uint32_t passed_count;
	uint32_t passed_last;
	uint64_t forgotten_bytes; /* of rows that have died, so far */
	struct freed_life *wanted;
	size_t wanted_count;
	size_t wanted_capacity;
	uint32_t checkpoints; /* asked for since a segment became free */
	struct freeing_segment *waiting; /* for durability and pins */
	size_t waiting_count;
	size_t waiting_capacity;
};

/* Since when somebody waits for segments: storage/moving/room.c. */
struct room_wait {
	bool is_waiting;
	uint32_t steps_left;  /* until nobody does, unless he asks again */
	uint64_t moved;       /* moving buffers written by then */
	uint64_t checkpoints; /* published by then */
	uint64_t user_bytes;  /* written by then */
	uint32_t expiry_checkpoints; /* asked for, to let go what has expired */
	uint32_t neighbours; /* the most that anybody waits for */
};

/* Kept on the disk for checkpoints: storage/checkpoint/checkpoint_room.c. */
struct checkpoint_room {
	uint64_t size;     /* each of the files has as much, at least */
	int failure;       /* negative errno of the last attempt, or 0 */
	uint64_t failed_size;
	int64_t failed_us; /* monotonic */
	uint32_t asked;    /* checkpoints, so that the next ones need less */
};

/* Who has begun to store a manifest: storage/engine_storing.c. */
enum storing_purpose {
	STORING_NOTHING,
	STORING_CHECKPOINT,
	STORING_FILE /* a new file of segments is counted */
};

struct storing {
	struct manifest_store store;
	struct manifest next; /* what is being stored */
	enum storing_purpose purpose;
	bool has_ended; /* the outcome has reached engine->manifest */
	bool is_uncertain; /* one has failed when it had its name already: a
			      crash may show it, or engine->manifest */
	int status;
	struct error failure;
};

struct engine {
	struct io *io;
	enum engine_sync sync;
	bool is_read_only;
	bool has_failed;       /* no more writing; the reason is in failure */
	bool is_closing;       /* nothing is appended any more */
	bool is_out_of_memory; /* a settled record waits for its index */
	bool is_manifest_old;  /* what is stored isn't the clean end: something
				  was appended since then, or was about to be */
	struct error failure;
	struct error warning;  /* of opening; code 0: none */
	struct manifest manifest;
	struct storing storing;
	struct io_waited last_sync; /* while closing */
	struct table_registry tables;
	struct table *registry; /* the reserved table, also in tables */
	struct segment_manager segments;
	struct buffered_writer writer;
	bool is_separation_eager;
	struct moving_writer moving;
	struct separator *separator;           /* NULL: read only */
	struct compaction *compaction;         /* NULL: read only */
	struct checkpoint_writer *checkpoints; /* NULL: read only */
	struct checkpoint_room checkpoint_room;
	struct horizon horizon;
	struct freeing freeing;
	struct room_wait room_wait;
	struct room_wait run_wait; /* for neighbours, which others' writes
				      don't find, or not as many */
	struct table *freed; /* table 3, also in tables */
	struct pending_map pending;
	struct record_cache *cache; /* NULL: none */
	uint64_t last_lsn;
	int64_t clock_us; /* high mark of every time that was told */
	/* How far the first retired table's records are counted as dead. */
	int64_t retired_token;
	uint64_t retired_fingerprint;
	struct engine_read_state *free_reads; /* kept for the next read */
	struct {
		uint64_t user_bytes_written;
		uint64_t device_reads;
		uint64_t cache_hits;
		uint64_t cache_misses; /* live rows that were read */
		uint64_t recovery_us;
		uint64_t recovered_records;
		uint64_t discarded_bytes;
		uint64_t compactions;
		uint64_t moved_bytes;
		uint64_t checkpoints;
		uint64_t checkpoint_bytes_written;
		uint64_t manifest_bytes_written;
	} counters;
};

/* What names a key in the indexes. */
struct key_hash {
	int64_t token;
	uint64_t fingerprint;
};
struct key_hash engine_hash_key(const struct engine *engine, struct slice key);
/* Of struct key_hash, for qsort and bsearch. */
int engine_compare_hashes(const void *a, const void *b);

/* Fails where nothing can be written, with the reason. */
MUST_CHECK int engine_check_writable(const struct engine *engine,
				     struct error *error);

/* A table whose rows can be seen, or NULL. */
struct table *engine_find_table(struct engine *engine, uint32_t table);

/* Whether a version is superseded by an existing one. */
bool engine_is_superseded(const struct index_entry *existing,
			  int64_t timestamp_us);

/* Whether an entry's row can be seen now. */
bool engine_is_live(struct engine *engine, const struct index_entry *entry);

/* Verifies a record that was read from ${entry}'s place: checksum, table and
 * hash of its key (the key itself is the caller's to compare). */
MUST_CHECK int engine_verify_record(const struct engine *engine,
				    uint32_t table,
				    const struct index_entry *entry,
				    const uint8_t *bytes,
				    struct record *record,
				    struct error *error);

/* The same, for one that was read when its segment's life had the seed
 * ${segment_seed}. */
MUST_CHECK int engine_verify_record_of(const struct engine *engine,
				       uint32_t table,
				       const struct index_entry *entry,
				       uint64_t segment_seed,
				       const uint8_t *bytes,
				       struct record *record,
				       struct error *error);

/* storage/reading/read.c */
void engine_free_reads(struct engine *engine);

#endif
