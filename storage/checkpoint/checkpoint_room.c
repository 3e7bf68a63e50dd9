/* SPDX-License-Identifier: MIT */
#include "storage/checkpoint/checkpoint_room.h"

#include "storage/checkpoint/checkpoint_content.h"
#include "storage/checkpoint/checkpoint_output.h"

#include <errno.h>
#include <string.h>

/* A database that hasn't outgrown its first segments makes no files for what
 * it may never need, unless there is no more room already. */
static bool
is_small(const struct segment_manager *segments, uint32_t more)
{
	return segments->segment_count + more <= SEGMENT_STEP_MIN &&
	       segments->growth.state != GROWTH_FAILED;
}

static bool
is_lack_of_room(int negative_errno)
{
	return negative_errno == -ENOSPC || negative_errno == -EDQUOT;
}

static bool
has_failed_just_now(const struct engine *engine, uint64_t size)
{
	const struct checkpoint_room *room = &engine->checkpoint_room;
	struct io *io = engine->io;

	return room->failure != 0 && size >= room->failed_size &&
	       io->methods->monotonic_us(io) - room->failed_us <
		       SEGMENT_RETRY_US;
}

/* More at once where there is more, so that it isn't asked for by and by. */
static int
take(struct engine *engine, uint64_t size)
{
	struct checkpoint_room *room = &engine->checkpoint_room;
	uint64_t more = size + size / 8 / IO_ALIGNMENT * IO_ALIGNMENT;

	if (size <= room->size)
		return 0;
	if (has_failed_just_now(engine, size))
		return room->failure;
	room->failure = checkpoint_output_reserve(engine->io, more);
	if (room->failure == 0) {
		room->size = more;
		return 0;
	}
	room->failure = checkpoint_output_reserve(engine->io, size);
	if (room->failure == 0) {
		room->size = size;
		return 0;
	}
	room->failed_size = size;
	room->failed_us = engine->io->methods->monotonic_us(engine->io);
	return room->failure;
}

static uint64_t
entries_at_most(const struct engine *engine, uint64_t segments)
{
	return segments * (engine->segments.segment_size / RECORD_SIZE_MIN);
}

/* Where segments are filled with rows as there are in the others; and the last
 * one, which is asked for alone, with the smallest. */
static uint64_t
entries_expected(const struct engine *engine, uint32_t more)
{
	const struct segment_manager *segments = &engine->segments;
	uint64_t used = segments->segment_count - segments->free_count;
	uint64_t left = (uint64_t)segments->free_count + more;
	uint64_t most = entries_at_most(engine, left);
	uint64_t entries;

	entries = used == 0 ? 0 :
			      checkpoint_content_entries(engine) * left / used;
	return (entries < most ? entries : most) + entries_at_most(engine, 1);
}

static int
before_growth(void *context, uint32_t segments)
{
	struct engine *engine = context;
	int status = 0;

	if (!is_small(&engine->segments, segments))
		status = take(engine,
			      checkpoint_content_most(
				      engine,
				      entries_expected(engine, segments),
				      segments));
	return is_lack_of_room(status) ? status : 0;
}

void
checkpoint_room_watch_growth(struct engine *engine)
{
	engine->segments.before_growth = before_growth;
	engine->segments.before_growth_context = engine;
}

int
checkpoint_room_keep(struct engine *engine, struct error *error)
{
	char buffer[64];
	const char *reason;
	int status = 0;

	if (!is_small(&engine->segments, 0))
		status = take(engine,
			      checkpoint_content_most(
				      engine,
				      entries_at_most(engine, 1), 0));
	if (!is_lack_of_room(status))
		return 0;
	reason = strerror_r(-status, buffer, sizeof(buffer));
	status = error_set(error, ERROR_FULL,
			   "disk full: no room for checkpoints of more rows "
			   "in %s: %s",
			   engine->io->methods->path(engine->io), reason);
	error_hint(error, "free some space and try again; deletions still "
			  "work");
	return status;
}
