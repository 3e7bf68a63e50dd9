/* SPDX-License-Identifier: MIT
 *
 * Which segments were written since the checkpoint. */
#include "storage/recovery/recovery_state.h"

#include "storage/recovery/probe.h"

/* Only what was written since the newest checkpoint is listed. */
static bool
is_tail_known(const struct recovery *recovery)
{
	const struct manifest *manifest = &recovery->engine->manifest;

	return manifest->version > 1 && recovery->which == 0 &&
	       (manifest->flags & MANIFEST_CLEAN) != 0;
}

/* A place that is blank where it begins is read too: its first buffer may have
 * been lost, and those behind it say so.  Places that were never used are few,
 * since files grow in steps. */
static void
look_at_place(void *context, uint32_t segment, const uint8_t *block)
{
	struct recovery *recovery = context;
	const struct checkpoint_segment *known =
		recovery_known_life(recovery, segment);
	struct buffer_place place = {
		recovery->engine->manifest.database_id, segment, 0
	};
	struct buffer_header header;
	bool is_same = known != NULL &&
		       format_peek_buffer(block, &place, &header) &&
		       header.segment_sequence == known->sequence;

	recovery->is_there[segment] = is_same && !known->is_free;
	recovery->is_wanted[segment] =
		!is_same || known->is_open || is_tail_known(recovery);
}

static void
list_all(struct recovery *recovery)
{
	uint32_t count = recovery->engine->segments.segment_count;

	for (uint32_t i = 0; i < count; i++)
		recovery->list[i] = i;
	recovery->list_count = count;
}

static int
list_tail(struct recovery *recovery, struct error *error)
{
	const struct manifest *manifest = &recovery->engine->manifest;
	uint32_t count = recovery->engine->segments.segment_count;

	for (uint32_t i = 0; i < recovery->checkpoint.segment_count; i++)
		recovery->is_there[i] =
			!recovery->checkpoint.segments[i].is_free;
	for (uint32_t i = 0; i < manifest->tail_count; i++) {
		if (manifest->tail[i] >= count)
			return segment_manager_damaged(
				&recovery->engine->segments, count, 0,
				"it ends there, and the manifest knows more "
				"segments",
				error);
		recovery->is_wanted[manifest->tail[i]] = true;
	}
	if (manifest->offset != 0)
		recovery->is_wanted[manifest->segment] = true;
	for (uint32_t i = 0; i < count; i++) {
		if (recovery->is_wanted[i])
			recovery->list[recovery->list_count++] = i;
	}
	return 0;
}

int
recovery_find_tail(struct recovery *recovery, struct error *error)
{
	const struct segment_manager *segments = &recovery->engine->segments;
	int status = 0;

	if (is_tail_known(recovery))
		status = list_tail(recovery, error);
	else
		list_all(recovery);
	if (status == 0)
		status = probe_segments(segments, recovery->list,
					recovery->list_count, look_at_place,
					recovery, error);
	recovery->list_count = 0;
	for (uint32_t i = 0; i < segments->segment_count; i++) {
		if (recovery->is_wanted[i])
			recovery->list[recovery->list_count++] = i;
	}
	return status;
}
