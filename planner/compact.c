/* SPDX-License-Identifier: MIT */
#include "planner/compact.h"

#include "base/pack.h"

int
compact_bind(struct binder *binder)
{
	static const struct fixed_column columns[COMPACT_COLUMN_COUNT] = {
		{ "segments_before", TYPE_BIGINT },
		{ "segments_after", TYPE_BIGINT },
		{ "dead_bytes_before", TYPE_BIGINT },
		{ "dead_bytes_after", TYPE_BIGINT },
		{ "live_bytes", TYPE_BIGINT },
		{ "moved_bytes", TYPE_BIGINT },
		{ "disk_bytes", TYPE_BIGINT },
	};

	binder->plan->kind = PLAN_COMPACT;
	return bind_fixed_columns(binder, columns, COMPACT_COLUMN_COUNT);
}

int
execute_compact_begin(struct execute_compact *compact,
		      struct logstor_session *session, struct error *error)
{
	*compact = (struct execute_compact){ .session = session };
	if (session->database->is_read_only)
		return error_set(error, ERROR_INVALID,
				 "the database is open for reading only");
	return 0;
}

static uint64_t
segments_in_use(const struct engine_statistics *statistics)
{
	return statistics->segments - statistics->segments_free;
}

static void
show_result(struct execute_compact *compact)
{
	const struct engine_statistics *before = &compact->before;
	struct engine_statistics after;

	engine_get_statistics(compact->session->database->engine, &after);
	const uint64_t numbers[COMPACT_COLUMN_COUNT] = {
		segments_in_use(before),
		segments_in_use(&after),
		before->dead_bytes,
		after.dead_bytes,
		after.live_bytes,
		after.moved_bytes - before->moved_bytes,
		after.disk_bytes,
	};
	for (size_t i = 0; i < COMPACT_COLUMN_COUNT; i++) {
		store_u64_be(compact->numbers[i], numbers[i]);
		compact->values[i] = slice_make(compact->numbers[i],
						sizeof(uint64_t));
	}
}

int
execute_compact_next(struct execute_compact *compact, struct error *error)
{
	struct logstor_session *session = compact->session;
	int result;

	if (compact->is_done)
		return ENGINE_END;
	if (!compact->is_begun) {
		result = session_settle(session);
		if (result != 0)
			return result;
		engine_get_statistics(session->database->engine,
				      &compact->before);
		session->database->compact_count++;
		compact->is_begun = true;
	}
	result = engine_compact(session->database->engine, &session->work,
				error);
	if (result != 0)
		return result;
	show_result(compact);
	compact->is_done = true;
	return 0;
}

void
execute_compact_finish(struct execute_compact *compact)
{
	struct logstor_database *database;

	if (!compact->is_begun)
		return;
	database = compact->session->database;
	compact->is_begun = false;
	if (--database->compact_count == 0)
		engine_compact_cancel(database->engine);
}
