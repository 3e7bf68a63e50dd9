/* SPDX-License-Identifier: MIT */
#include "planner/row_source.h"

#include "base/murmur3.h"
#include "planner/paging.h"

#include <assert.h>

enum {
	/* Keys in flight together: enough to keep a fast disk busy. */
	BATCH_MAX = 128,
	/* Before it is known how large the rows are, and what they may take
	 * together when it is: a row can have 16 MiB. */
	BATCH_FIRST = 16,
	BATCH_SIZE = 32 << 20
};

static int
resume_keys(struct row_source *source, struct slice after_key,
	    struct error *error)
{
	if (slice_is_null(after_key))
		return 0;
	for (size_t i = 0; i < source->key_count; i++) {
		if (slice_is_equal(source->keys[i], after_key)) {
			source->key_next = i + 1;
			return 0;
		}
	}
	return paging_refuse(error);
}

static int
open_keys(struct row_source *source, const struct plan *plan,
	  const struct evaluation *evaluation, uint64_t rows_max,
	  struct slice after_key, struct error *error)
{
	int result = access_make_keys(plan->table,
				      plan->as.select.access.keys, evaluation,
				      &source->keys, &source->key_count,
				      error);

	if (result < 0)
		return result;
	source->batch_max = source->key_count < BATCH_MAX ?
				    source->key_count :
				    BATCH_MAX;
	if (source->batch_max > rows_max)
		source->batch_max = (size_t)rows_max;
	if (source->batch_max > 1) {
		source->many = arena_new_array(evaluation->arena,
					       struct engine_row,
					       source->batch_max);
		if (source->many == NULL)
			return error_no_memory(error);
	}
	source->batch_next = BATCH_FIRST;
	return resume_keys(source, after_key, error);
}

static int
open_tokens(struct row_source *source, const struct plan *plan,
	    const struct evaluation *evaluation, struct slice after_key,
	    struct error *error)
{
	int result = access_make_range(&plan->as.select.access, evaluation,
				       &source->range, error);

	if (result < 0 || slice_is_null(after_key))
		return result;
	source->after_token = murmur3_token(after_key);
	source->after_key = arena_copy(evaluation->arena, after_key);
	if (slice_is_null(source->after_key))
		return error_no_memory(error);
	if (source->after_token < source->range.first ||
	    source->after_token > source->range.last)
		return paging_refuse(error);
	return 0;
}

int
row_source_open(struct row_source *source, const struct plan *plan,
		const struct evaluation *evaluation, uint64_t rows_max,
		struct slice after_key, struct error *error)
{
	*source = (struct row_source){
		.engine = evaluation->database->engine,
		.table = plan->table->storage_id,
		.kind = plan->as.select.access.kind,
		.is_deferred = evaluation->database->is_deferred,
	};
	if (source->kind == ACCESS_KEYS)
		return open_keys(source, plan, evaluation, rows_max, after_key,
				 error);
	return open_tokens(source, plan, evaluation, after_key, error);
}

static void
close_read(struct row_source *source)
{
	if (source->read.count > 0)
		engine_read_finish(source->engine, &source->read);
	source->read = (struct engine_read){ 0 };
}

void
row_source_close(struct row_source *source)
{
	close_read(source);
	if (source->scan != NULL)
		engine_scan_close(source->scan);
	source->scan = NULL;
}

/* No answer leaves before what it shows is durable. */
static int
wait_committed(struct row_source *source, struct error *error)
{
	int result;

	if (source->is_deferred || source->lsn_seen <= source->lsn_committed)
		return 0;
	result = engine_commit(source->engine, source->lsn_seen, error);
	if (result == 0)
		source->lsn_committed = source->lsn_seen;
	return result;
}

static void
see(struct row_source *source, uint64_t lsn)
{
	if (lsn > source->lsn_seen)
		source->lsn_seen = lsn;
}

/* ---- keys ---- */

static void
begin_batch(struct row_source *source)
{
	size_t left = source->key_count - source->key_next;
	size_t most = source->batch_next < source->batch_max ?
			      source->batch_next :
			      source->batch_max;
	size_t count = left < most ? left : most;
	struct engine_row *rows = source->batch_max > 1 ? source->many :
							  &source->one;

	for (size_t i = 0; i < count; i++)
		rows[i] = (struct engine_row){
			.key = source->keys[source->key_next + i],
		};
	source->key_next += count;
	source->read = (struct engine_read){
		.table = source->table,
		.rows = rows,
		.count = count,
	};
	source->read_next = 0;
	source->is_read = false;
}

/* As many as fit when the next rows are as large as these. */
static void
choose_next_batch(struct row_source *source)
{
	size_t largest = BATCH_SIZE / BATCH_MAX;

	for (size_t i = 0; i < source->read.count; i++)
		if (source->read.rows[i].value.size > largest)
			largest = source->read.rows[i].value.size;
	source->batch_next = largest < BATCH_SIZE ? BATCH_SIZE / largest : 1;
}

static int
fill_batch(struct row_source *source, struct error *error)
{
	int result;

	if (!source->is_read) {
		result = engine_read(source->engine, &source->read, error);
		if (result != 0)
			return result;
		source->is_read = true;
		for (size_t i = 0; i < source->read.count; i++)
			see(source, source->read.rows[i].lsn);
		choose_next_batch(source);
	}
	return wait_committed(source, error);
}

static int
next_key_row(struct row_source *source, const struct engine_row **row,
	     struct error *error)
{
	for (;;) {
		int result;

		if (source->read_next == source->read.count) {
			close_read(source);
			if (source->key_next == source->key_count)
				return ENGINE_END;
			begin_batch(source);
		}
		result = fill_batch(source, error);
		if (result != 0)
			return result;
		while (source->read_next < source->read.count) {
			*row = &source->read.rows[source->read_next++];
			if ((*row)->state == ENGINE_ROW_LIVE)
				return 0;
		}
	}
}

static bool
has_more_keys(struct row_source *source)
{
	for (size_t i = source->read_next; i < source->read.count; i++) {
		if (source->read.rows[i].state == ENGINE_ROW_LIVE)
			return true;
	}
	for (size_t i = source->key_next; i < source->key_count; i++) {
		struct engine_row row;

		engine_find(source->engine, source->table, source->keys[i],
			    &row);
		if (row.state == ENGINE_ROW_LIVE)
			return true;
	}
	return false;
}

/* ---- tokens ---- */

static int
open_scan(struct row_source *source, struct error *error)
{
	struct engine_scan_range range = {
		.table = source->table,
		.first_token = source->range.first,
		.last_token = source->range.last,
		.after_token = source->after_token,
		.after_key = source->after_key,
	};

	return engine_scan_open(source->engine, &range, &source->scan, error);
}

static int
scan_row(struct row_source *source, struct error *error)
{
	int result;

	if (source->has_row || source->is_at_end)
		return 0;
	result = engine_scan_next(source->scan, &source->scanned, error);
	if (result == 0) {
		source->has_row = true;
		/* One wait for all that is on its way, not one for each
		 * row. */
		if (source->scanned.lsn > source->lsn_committed)
			see(source, engine_last_lsn(source->engine));
	} else if (result == ENGINE_END) {
		/* What is absent was seen too. */
		source->is_at_end = true;
		see(source, engine_last_lsn(source->engine));
		result = 0;
	}
	return result;
}

static int
next_token_row(struct row_source *source, const struct engine_row **row,
	       struct error *error)
{
	int result = 0;

	if (source->range.first > source->range.last)
		return ENGINE_END;
	if (source->scan == NULL)
		result = open_scan(source, error);
	if (result == 0)
		result = scan_row(source, error);
	if (result == 0)
		result = wait_committed(source, error);
	if (result != 0)
		return result;
	if (source->is_at_end)
		return ENGINE_END;
	source->has_row = false;
	*row = &source->scanned;
	return 0;
}

int
row_source_next(struct row_source *source, const struct engine_row **row,
		struct error *error)
{
	if (source->kind == ACCESS_KEYS)
		return next_key_row(source, row, error);
	return next_token_row(source, row, error);
}

int
row_source_has_more(struct row_source *source, bool *has_more,
		    struct error *error)
{
	const struct engine_row *row;
	int result;

	if (source->kind == ACCESS_KEYS) {
		*has_more = has_more_keys(source);
		return 0;
	}
	result = next_token_row(source, &row, error);
	*has_more = result == 0;
	return result == ENGINE_END ? 0 : result;
}

static uint64_t
count_keys(struct row_source *source)
{
	uint64_t count = 0;

	for (size_t i = source->key_next; i < source->key_count; i++) {
		struct engine_row row;

		engine_find(source->engine, source->table, source->keys[i],
			    &row);
		see(source, row.lsn);
		count += row.state == ENGINE_ROW_LIVE;
	}
	return count;
}

int
row_source_count(struct row_source *source, uint64_t *count,
		 struct error *error)
{
	/* Counted once: a wait for the commit must not change the answer. */
	if (!source->is_at_end) {
		source->is_at_end = true;
		if (source->kind == ACCESS_KEYS) {
			*count = count_keys(source);
		} else if (source->range.first > source->range.last) {
			*count = 0;
		} else {
			uint64_t lsn = 0;

			*count = engine_count(source->engine, source->table,
					      source->range.first,
					      source->range.last, &lsn);
			see(source, lsn);
		}
	}
	return wait_committed(source, error);
}
