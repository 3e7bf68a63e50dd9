/* SPDX-License-Identifier: MIT */
#include "planner/execute_read.h"

#include "base/pack.h"
#include "planner/key.h"
#include "planner/paging.h"
#include "planner/row.h"

#include <assert.h>

static int
evaluate_limit(struct execute_read *read, struct error *error)
{
	const struct expression *limit = read->plan->as.select.limit;
	struct slice value;
	int result;

	read->rows_left = UINT64_MAX;
	if (limit == NULL)
		return 0;
	result = expression_evaluate(limit, read->evaluation, &value, error);
	if (result < 0 || result == EXPRESSION_UNSET)
		return result < 0 ? result : 0;
	if (value.size != sizeof(uint32_t))
		return error_at(error, ERROR_INVALID, limit->place.start,
				limit->place.size,
				"Invalid null value of limit");
	if ((int32_t)load_u32_be(value.data) <= 0)
		return error_at(error, ERROR_INVALID, limit->place.start,
				limit->place.size,
				"LIMIT must be strictly positive");
	read->rows_left = load_u32_be(value.data);
	return 0;
}

static int
allocate_row(struct execute_read *read, struct error *error)
{
	struct arena *arena = read->evaluation->once_arena;
	struct table *table = read->plan->table;

	read->shape = row_shape_get(table);
	if (read->shape == NULL)
		return error_no_memory(error);
	read->key_parts = arena_new_array(arena, struct slice,
					  table->key_count);
	read->values = arena_new_array(arena, struct slice,
				       read->shape->count + 1);
	read->results = arena_new_array(arena, struct slice,
					read->plan->column_count + 1);
	if (read->key_parts == NULL || read->values == NULL ||
	    read->results == NULL)
		return error_no_memory(error);
	read->row.key_parts = read->key_parts;
	read->row.values = read->values;
	read->row.shape = read->shape;
	return 0;
}

static int
begin_page(struct execute_read *read, const struct execute_read_page *page,
	   struct slice *after_key, struct error *error)
{
	struct paging_position position;
	int result;

	*after_key = SLICE_NULL;
	read->page_state = page->next_state;
	/* Aggregates answer with one row: no page is smaller, and so there is
	 * no state that could be one of theirs. */
	if (read->plan->as.select.is_count)
		return slice_is_null(page->state) ? 0 : paging_refuse(error);
	read->page_rows = page->rows;
	read->page_left = page->rows;
	read->fingerprint = page->fingerprint;
	if (slice_is_null(page->state))
		return 0;
	result = paging_decode(page->state, page->fingerprint,
			       read->plan->as.select.access.kind, &position,
			       error);
	if (result < 0)
		return result;
	read->rows_left = position.rows_left;
	*after_key = position.key;
	return 0;
}

/* The most rows that will be asked of the source. */
static uint64_t
rows_max(const struct execute_read *read)
{
	uint64_t rows = read->rows_left;

	if (read->plan->as.select.is_count)
		return UINT64_MAX;
	if (read->page_rows > 0 && read->page_rows < rows)
		rows = read->page_rows;
	return rows;
}

int
execute_read_begin(struct execute_read *read, struct logstor_session *session,
		   const struct plan *plan, struct evaluation *evaluation,
		   const struct execute_read_page *page, struct error *error)
{
	struct evaluation whole = *evaluation;
	struct slice after_key;
	int result;

	*read = (struct execute_read){
		.session = session,
		.plan = plan,
		.evaluation = evaluation,
	};
	result = allocate_row(read, error);
	if (result < 0)
		return result;
	result = evaluate_limit(read, error);
	if (result < 0)
		return result;
	result = begin_page(read, page, &after_key, error);
	if (result < 0)
		return result;
	whole.arena = evaluation->once_arena;
	return row_source_open(&read->source, plan, &whole, rows_max(read),
			       after_key, error);
}

static int
decode_row(struct execute_read *read, const struct engine_row *stored,
	   struct error *error)
{
	const struct table *table = read->plan->table;
	uint8_t flags;
	int result;

	read->row.stored = stored;
	read->evaluation->row = &read->row;
	result = key_decode(table, stored->key, read->key_parts, error);
	if (result < 0)
		return result;
	return row_decode(table, read->shape, stored->value, &flags,
			  read->values, error);
}

static int
evaluate_selectors(struct execute_read *read, struct error *error)
{
	const struct plan *plan = read->plan;

	for (uint32_t i = 0; i < plan->column_count; i++) {
		const struct expression *selector =
			plan->as.select.selectors[i];
		int result;

		if (selector->kind == EXPRESSION_COUNT)
			continue;
		result = expression_evaluate(selector, read->evaluation,
					     &read->results[i], error);
		if (result < 0)
			return result;
		if (result == EXPRESSION_UNSET)
			return error_at(error, ERROR_INVALID,
					selector->place.start,
					selector->place.size,
					"Invalid unset value in the "
					"selection");
	}
	return 0;
}

/* ---- aggregates: one row ---- */

/* A plain column beside an aggregate shows the first row's value, which must
 * outlive that row. */
static int
keep_first_row(struct execute_read *read, struct error *error)
{
	struct arena *arena = read->evaluation->once_arena;
	int result = evaluate_selectors(read, error);

	if (result < 0)
		return result;
	for (uint32_t i = 0; i < read->plan->column_count; i++) {
		struct slice *value = &read->results[i];

		if (slice_is_null(*value))
			continue;
		*value = arena_copy(arena, *value);
		if (slice_is_null(*value))
			return error_no_memory(error);
	}
	return 0;
}

static int
count_rows(struct execute_read *read, struct error *error)
{
	if (!read->plan->as.select.needs_rows)
		return row_source_count(&read->source, &read->count, error);
	for (;;) {
		const struct engine_row *stored;
		int result = session_check_interrupt(read->session,
						     read->count, error);

		if (result == 0)
			result = row_source_next(&read->source, &stored,
						 error);
		if (result == ENGINE_END)
			return 0;
		if (result == 0 && read->count == 0)
			result = decode_row(read, stored, error);
		if (result == 0 && read->count == 0)
			result = keep_first_row(read, error);
		if (result != 0)
			return result;
		read->count++;
	}
}

static int
next_aggregate(struct execute_read *read, struct error *error)
{
	uint8_t *bytes;
	int result = count_rows(read, error);

	if (result != 0)
		return result;
	bytes = arena_allocate_bytes(read->evaluation->once_arena,
				     sizeof(uint64_t));
	if (bytes == NULL)
		return error_no_memory(error);
	store_u64_be(bytes, read->count);
	for (uint32_t i = 0; i < read->plan->column_count; i++) {
		if (read->plan->as.select.selectors[i]->kind ==
		    EXPRESSION_COUNT)
			read->results[i] = slice_make(bytes,
						      sizeof(uint64_t));
	}
	read->is_done = true;
	return 0;
}

/* ---- rows ---- */

/* Where the next page begins, in case there is one. */
static void
note_page_end(struct execute_read *read, const struct engine_row *stored)
{
	struct paging_position position = {
		.kind = read->plan->as.select.access.kind,
		.rows_left = read->rows_left,
		.key = stored->key,
	};

	paging_encode(&position, read->fingerprint, read->page_state);
}

/* The page is full: a state is given only when a row follows, so that no page
 * is empty. */
static int
end_page(struct execute_read *read, struct error *error)
{
	bool has_more;
	int result = row_source_has_more(&read->source, &has_more, error);

	if (result != 0)
		return result;
	read->is_done = true;
	if (!has_more)
		buffer_clear(read->page_state);
	if (read->page_state->has_failed)
		return error_no_memory(error);
	return ENGINE_END;
}

static int
next_row(struct execute_read *read, struct error *error)
{
	const struct engine_row *stored;
	int result = session_check_interrupt(read->session, read->rows_done,
					     error);

	if (result < 0)
		return result;
	if (read->rows_left == 0)
		return ENGINE_END;
	if (read->page_rows > 0 && read->page_left == 0)
		return end_page(read, error);
	result = row_source_next(&read->source, &stored, error);
	if (result != 0)
		return result;
	result = decode_row(read, stored, error);
	if (result < 0)
		return result;
	read->rows_done++;
	if (read->rows_left != UINT64_MAX)
		read->rows_left--;
	if (read->page_rows > 0 && --read->page_left == 0 &&
	    read->rows_left > 0)
		note_page_end(read, stored);
	return evaluate_selectors(read, error);
}

int
execute_read_next(struct execute_read *read, struct error *error)
{
	int result;

	if (read->is_done)
		return ENGINE_END;
	if (read->plan->as.select.is_count)
		return next_aggregate(read, error);
	result = next_row(read, error);
	if (result == ENGINE_END)
		read->is_done = true;
	return result;
}

void
execute_read_finish(struct execute_read *read)
{
	row_source_close(&read->source);
}
