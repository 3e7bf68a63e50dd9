/* SPDX-License-Identifier: MIT */
#include "storage/moving/separator_build.h"

#include "base/compiler.h"
#include "storage/engine_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOOKUP_STEP = 16,
	SORT_RUN = 8,
	COPY_AHEAD = 4, /* records */
	COPY_LINES = 4,
	LINE_SIZE = 64,
	CHECKED_SHARE = 16 /* one record in so many is asked about twice */
};

#define SIGN_BIT (UINT64_C(1) << 63)

bool
separator_build_init(struct separator_build *build, struct engine *engine)
{
	size_t most = (engine->segments.segment_size - FORMAT_HEADER_SIZE) /
		      RECORD_SIZE_MIN;

	*build = (struct separator_build){ .engine = engine };
	build->picks = malloc(most * sizeof(*build->picks));
	build->aside = malloc(most * sizeof(*build->aside));
	return build->picks != NULL && build->aside != NULL;
}

void
separator_build_finish(struct separator_build *build)
{
	free(build->picks);
	free(build->aside);
}

void
separator_build_begin(struct separator_build *build,
		      struct moving_buffer *buffer)
{
	build->buffer = buffer;
	build->count = 0;
	build->room = build->engine->segments.segment_size -
		      FORMAT_HEADER_SIZE;
	build->generation = 0;
	build->only = NULL;
	build->is_mixed = false;
}

/* ---- taking ---- */

/* Records of one output whose liveness is looked up together. */
struct candidates {
	struct waiting *waiting[LOOKUP_STEP];
	struct output_chunk *chunks[LOOKUP_STEP];
	struct index_entry entries[LOOKUP_STEP];
	bool found[LOOKUP_STEP];
	uint32_t count;
};

static bool
is_still_there(const struct waiting *waiting, const struct index_entry *entry)
{
	return entry->location.segment == waiting->from.segment &&
	       entry->location.offset == waiting->from.offset &&
	       entry->location.size == waiting->from.size;
}

/* What must agree with the map of deaths; asked of one record in CHECKED_SHARE,
 * as each question costs an access to memory far away. */
MAYBE_UNUSED static bool
is_in_index(const struct table *table, const struct waiting *waiting)
{
	struct index_entry entry;

	return primary_index_find(table->index, waiting->token,
				  waiting->fingerprint, &entry) &&
	       is_still_there(waiting, &entry);
}

/* What is known without the index. */
enum liveness { IS_LIVE, IS_DEAD, IS_UNKNOWN };

static enum liveness
liveness_of(const struct separator_build *build, const struct table *table,
	    const struct waiting *waiting)
{
	const struct segment_manager *segments = &build->engine->segments;

	if (table == NULL ||
	    segments->segments[waiting->from.segment].life != waiting->life)
		return IS_DEAD;
	return segment_manager_may_be_dead(segments, waiting->from) ?
		       IS_UNKNOWN :
		       IS_LIVE;
}

static void
pick(struct separator_build *build, const struct output *output,
     struct waiting *waiting, struct output_chunk *chunk)
{
	build->picks[build->count++] = (struct pick){
		.table = output->key.table,
		.token = (uint64_t)waiting->token ^ SIGN_BIT,
		.waiting = waiting,
		.chunk = chunk,
	};
	build->room -= waiting->from.size;
	if (output->generation > build->generation)
		build->generation = output->generation;
	if (build->only == NULL)
		build->only = output;
	else if (memcmp(&build->only->key, &output->key,
			sizeof(output->key)) != 0)
		build->is_mixed = true;
}

static void
judge(struct separator_build *build, const struct output *output,
      const struct table *table, struct candidates *candidates)
{
	if (candidates->count > 0)
		primary_index_find_many(table->index, candidates->entries,
					candidates->found, candidates->count);
	for (uint32_t i = 0; i < candidates->count; i++) {
		struct waiting *waiting = candidates->waiting[i];

		if (!candidates->found[i] ||
		    !is_still_there(waiting, &candidates->entries[i]))
			output_take(candidates->chunks[i], waiting);
		else if (waiting->from.size <= build->room)
			pick(build, output, waiting, candidates->chunks[i]);
	}
	candidates->count = 0;
}

static void
add_candidate(struct candidates *candidates, struct waiting *waiting,
	      struct output_chunk *chunk)
{
	uint32_t i = candidates->count++;

	candidates->waiting[i] = waiting;
	candidates->chunks[i] = chunk;
	candidates->entries[i].token = waiting->token;
	candidates->entries[i].fingerprint = waiting->fingerprint;
}

static bool
is_wanted(const struct waiting *waiting, enum build_filter filter,
	  uint32_t segment)
{
	if (filter == BUILD_ALL)
		return true;
	return (waiting->from.segment == segment) == (filter == BUILD_FROM);
}

void
separator_build_take(struct separator_build *build, struct output *output,
		     enum build_filter filter, uint32_t segment)
{
	const struct table *table = table_registry_find(
		&build->engine->tables, output->key.table);
	struct output_chunk *chunk = output->first;
	struct candidates candidates;

	candidates.count = 0;
	for (; chunk != NULL && build->room >= RECORD_SIZE_MIN;
	     chunk = chunk->next) {
		struct waiting *waiting;
		uint32_t at = 0;

		while ((waiting = output_next(chunk, &at)) != NULL) {
			if (waiting->from.size > build->room ||
			    !is_wanted(waiting, filter, segment))
				continue;
			switch (liveness_of(build, table, waiting)) {
			case IS_DEAD:
				output_take(chunk, waiting);
				break;
			case IS_LIVE:
				assert(build->count % CHECKED_SHARE != 0 ||
				       is_in_index(table, waiting));
				pick(build, output, waiting, chunk);
				break;
			case IS_UNKNOWN:
				add_candidate(&candidates, waiting, chunk);
				if (candidates.count == LOOKUP_STEP)
					judge(build, output, table,
					      &candidates);
				break;
			}
		}
	}
	judge(build, output, table, &candidates);
}

/* ---- sorting ---- */

static bool
is_before(const struct pick *a, const struct pick *b)
{
	if (a->table != b->table)
		return a->table < b->table;
	if (a->token != b->token)
		return a->token < b->token;
	return a->waiting->fingerprint < b->waiting->fingerprint;
}

static void
sort_run(struct pick *picks, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		struct pick moving = picks[i];
		uint32_t at = i;

		for (; at > 0 && is_before(&moving, &picks[at - 1]); at--)
			picks[at] = picks[at - 1];
		picks[at] = moving;
	}
}

static void
merge(const struct pick *a, uint32_t a_count, const struct pick *b,
      uint32_t b_count, struct pick *to)
{
	while (a_count > 0 && b_count > 0) {
		if (is_before(b, a)) {
			*to++ = *b++;
			b_count--;
		} else {
			*to++ = *a++;
			a_count--;
		}
	}
	memcpy(to, a, a_count * sizeof(*a));
	memcpy(to + a_count, b, b_count * sizeof(*b));
}

/* Bottom up, whatever the tokens are: users choose keys. */
static void
sort_picks(struct separator_build *build)
{
	uint32_t count = build->count;

	for (uint32_t i = 0; i < count; i += SORT_RUN)
		sort_run(build->picks + i,
			 count - i < SORT_RUN ? count - i : SORT_RUN);
	for (uint32_t width = SORT_RUN; width < count; width *= 2) {
		struct pick *sorted = build->aside;

		for (uint32_t i = 0; i < count; i += 2 * width) {
			uint32_t left = count - i < width ? count - i : width;
			uint32_t right = count - i - left < width ?
						 count - i - left :
						 width;

			merge(build->picks + i, left, build->picks + i + left,
			      right, sorted + i);
		}
		build->aside = build->picks;
		build->picks = sorted;
	}
}

/* ---- sending ---- */

/* They come in the order in which tokens made them stand, anywhere. */
static void
prefetch(const struct waiting *waiting)
{
	const uint8_t *bytes = (const uint8_t *)waiting;

	for (int i = 0; i < COPY_LINES; i++)
		__builtin_prefetch(bytes + i * LINE_SIZE);
}

static uint32_t
copy_picks(struct separator_build *build)
{
	struct moving_buffer *buffer = build->buffer;
	uint32_t offset = FORMAT_HEADER_SIZE;

	for (uint32_t i = 0; i < build->count; i++) {
		const struct pick *pick = &build->picks[i];
		struct waiting *waiting = pick->waiting;
		uint32_t size = waiting->from.size;

		if (i + COPY_AHEAD < build->count)
			prefetch(build->picks[i + COPY_AHEAD].waiting);
		memcpy(buffer->data + offset, waiting_record(waiting), size);
		buffer->records[i] = (struct moved_record){
			.token = waiting->token,
			.fingerprint = waiting->fingerprint,
			.from = waiting->from,
			.to = { .offset = offset, .size = size },
			.table = pick->table,
			.life = waiting->life,
		};
		offset += size;
		output_take(pick->chunk, waiting);
	}
	buffer->record_count = build->count;
	return offset - FORMAT_HEADER_SIZE;
}

bool
separator_build_send(struct separator_build *build)
{
	struct segment_use use = {
		.kind = BUFFER_MIXED,
		.generation = build->generation,
	};
	uint32_t size;

	if (build->count == 0)
		return false;
	sort_picks(build);
	if (!build->is_mixed) {
		use.kind = BUFFER_FULL;
		use.table = build->picks[0].table;
		use.first_token = build->picks[0].waiting->token;
		use.last_token =
			build->picks[build->count - 1].waiting->token;
	}
	size = copy_picks(build);
	moving_writer_send(build->engine, build->buffer, size, &use);
	return true;
}
