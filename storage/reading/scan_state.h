/* SPDX-License-Identifier: MIT
 *
 * A scan in progress: storage/reading/scan.c hands rows out, scan_gather.c
 * decides what the next chunk holds, scan_select.c gets a long run of equal
 * tokens into the order of keys. */
#ifndef STORAGE_READING_SCAN_STATE_H
#define STORAGE_READING_SCAN_STATE_H

#include "storage/reading/scan_chunk.h"

enum { SCAN_CHUNK_BYTES_FIRST = 32 << 10 };

/* What the chunk that is being loaded is for. */
enum scan_phase {
	SCAN_ROWS,   /* rows between two tokens */
	SCAN_SELECT, /* a pass over a long run */
	SCAN_CHOSEN  /* the rows that the pass has chosen */
};

struct chosen {
	int64_t token;
	uint64_t fingerprint;
	struct slice key; /* a copy */
};

struct engine_scan {
	struct engine *engine;
	uint32_t table;
	int64_t token; /* where the next chunk begins */
	uint64_t fingerprint;
	size_t chunk_bytes;    /* what it may take */
	bool is_scattered;     /* chunks had to be made smaller */
	int64_t last_token;
	bool is_exhausted; /* nothing is left in the index */
	uint64_t wait_lsn; /* must be settled first */

	/* Rows up to this one were handed out, or are not wanted. */
	bool has_after;
	int64_t after_token;
	struct buffer after_key;

	struct scan_chunk *chunk; /* handed out */
	struct scan_chunk *ahead; /* being loaded */
	bool is_loaded;           /* chunk has rows, in the state below */
	bool is_loading;          /* ahead has */
	size_t row;               /* of chunk, next to hand out */

	enum scan_phase phase;
	int64_t run_token;
	struct chosen *chosen; /* ascending by key */
	size_t chosen_count;
	size_t chosen_done; /* of them, in the chunk or gone */
	size_t chosen_key_bytes;
	bool has_more; /* the pass saw more than it could choose */
};

/* Rows up to this key are not wanted (any more). */
void scan_set_after(struct engine_scan *scan, int64_t token,
		    struct slice key);
bool scan_is_behind(const struct engine_scan *scan, int64_t token,
		    struct slice key);

/* storage/reading/scan_gather.c: fills and plans the chunk ahead by the phase,
 * which may change to SCAN_SELECT. */
MUST_CHECK int scan_gather(struct engine_scan *scan,
			   const struct table *table, struct error *error);

/* storage/reading/scan_select.c */
void scan_forget_chosen(struct engine_scan *scan);
/* A run of equal tokens that no chunk holds: the first pass. */
void scan_begin_run(struct engine_scan *scan, int64_t token);
/* Chooses among the rows that were loaded; may be called again when memory ran
 * out. */
MUST_CHECK int scan_choose(struct engine_scan *scan, struct error *error);
/* Adds the chosen rows, as they are now, to the chunk ahead and plans it. */
MUST_CHECK int scan_gather_chosen(struct engine_scan *scan,
				  const struct table *table,
				  struct error *error);
/* They are in memory, to be handed out next; the loading behind them goes on
 * with another pass, or behind the run. */
MUST_CHECK int scan_leave_chosen(struct engine_scan *scan,
				 struct error *error);

#endif
