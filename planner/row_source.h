/* SPDX-License-Identifier: MIT
 *
 * The stored rows that an access leads to, one after the other: keys looked
 * up many at a time, or a scan of tokens.  A row comes out only when it, and
 * whatever was seen on the way to it, is committed (unless commits are
 * deferred). */
#ifndef PLANNER_ROW_SOURCE_H
#define PLANNER_ROW_SOURCE_H

#include "planner/access.h"

struct row_source {
	struct engine *engine;
	uint32_t table; /* storage id */
	enum access_kind kind;
	bool is_deferred;

	/* KEYS */
	struct slice *keys;
	size_t key_count;
	size_t key_next;         /* first key that is not in a read yet */
	size_t batch_max;        /* keys that are read at once */
	size_t batch_next;       /* … and next, since rows may be large */
	struct engine_read read; /* count 0: none is open */
	size_t read_next;        /* first row of it that hasn't come out */
	bool is_read;            /* it has come back */
	struct engine_row one;
	struct engine_row *many;

	/* TOKENS */
	struct token_range range;
	int64_t after_token;
	struct slice after_key;
	struct engine_scan *scan;
	bool has_row;            /* scanned, waiting for its commit */
	bool is_at_end;
	struct engine_row scanned;

	/* What was seen must be committed before anything leaves. */
	uint64_t lsn_seen;
	uint64_t lsn_committed;
};

/* ${evaluation}'s arena must live as long as the source.  ${rows_max} is how
 * many rows will be asked for, at most.  With ${after_key} the source goes on
 * behind that key, which an earlier one gave. */
MUST_CHECK int row_source_open(struct row_source *source,
			       const struct plan *plan,
			       const struct evaluation *evaluation,
			       uint64_t rows_max, struct slice after_key,
			       struct error *error);
/* Waits for reads in flight; fine on a zeroed source. */
void row_source_close(struct row_source *source);

/* 0 with a row, borrowed until the next call; ENGINE_PENDING, ENGINE_END or
 * negative. */
MUST_CHECK int row_source_next(struct row_source *source,
			       const struct engine_row **row,
			       struct error *error);

/* Is there another row?  Afterwards the source can only be closed. */
MUST_CHECK int row_source_has_more(struct row_source *source, bool *has_more,
				   struct error *error);

/* Instead of next: how many rows there are, from the index alone. */
MUST_CHECK int row_source_count(struct row_source *source, uint64_t *count,
				struct error *error);

#endif
