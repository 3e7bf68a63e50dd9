/* SPDX-License-Identifier: MIT */
#include "storage/checkpoint/checkpoint_writer.h"

#include "storage/checkpoint/checkpoint_content.h"
#include "storage/engine_storing.h"

#include <assert.h>
#include <stdlib.h>

enum {
	INTERVAL_DEFAULT = 64 << 20,
	/* A checkpoint is due after so many times its own bytes of log:
	 * docs/decisions/007. */
	LOG_PER_CHECKPOINT = 30,
	/* What replays in about 0.2 s. */
	REPLAY_BYTES_MAX = 128 << 20,
	REPLAY_RECORDS_MAX = 250000,
	/* Rows of table 3 that wait for the horizon: bytes, and which share of
	 * the segments they may fill. */
	FREED_BYTES_MIN = 4096,
	FREED_SHARE = 64,
	/* A writer's share of the work, and the most at once. */
	PAY_BYTES = 4 << 10,
	PAY_BYTES_MAX = 32 << 10
};

enum state {
	STATE_IDLE,
	STATE_WAITING,
	STATE_CONTENT,
	STATE_FLUSHING,
	STATE_HEAD,
	STATE_SYNCING,
	STATE_SETTLING,
	STATE_PUBLISHING
};

struct checkpoint_writer {
	uint64_t interval;
	enum state state;
	bool is_demanded;
	uint64_t begun;    /* attempts */
	uint64_t finished;
	uint64_t awaited;  /* the attempt that engine_checkpoint waits for */
	struct error outcome; /* of the last attempt; code 0: published */

	struct checkpoint_start newest;
	uint64_t newest_bytes; /* of its file */
	int64_t newest_at;     /* log that was written at its start, since the
				  opening: may be before that */
	uint64_t wanted_rows;  /* of table 3, when it was published */
	uint64_t retry_at;     /* log written, at least, after a failure */
	uint64_t paid_at;      /* bytes appended at the last step */

	/* Of the attempt. */
	struct checkpoint_content content;
	struct checkpoint_output output;
	uint64_t checksum;        /* of the head */
	uint64_t started_at;      /* log written */
	uint64_t user_target;     /* what must be durable */
	uint64_t moving_target;
};

int
checkpoint_writer_create(struct engine *engine, uint64_t interval_bytes,
			 struct error *error)
{
	struct checkpoint_writer *writer = calloc(1, sizeof(*writer));

	if (writer == NULL)
		return error_no_memory(error);
	writer->interval = interval_bytes == 0 ? INTERVAL_DEFAULT :
						 interval_bytes;
	writer->outcome = ERROR_INIT;
	writer->output.failure = ERROR_INIT;
	engine->checkpoints = writer;
	return 0;
}

static void
free_attempt(struct checkpoint_writer *writer)
{
	checkpoint_output_close(&writer->output);
	checkpoint_content_finish(&writer->content);
	writer->output = (struct checkpoint_output){ .failure = ERROR_INIT };
}

void
checkpoint_writer_destroy(struct checkpoint_writer *writer)
{
	if (writer == NULL)
		return;
	free_attempt(writer);
	free(writer);
}

void
checkpoint_writer_restore(struct checkpoint_writer *writer,
			  const struct checkpoint_start *newest,
			  uint64_t file_bytes, uint64_t log_bytes)
{
	writer->newest = *newest;
	writer->newest_bytes = file_bytes;
	writer->newest_at = -(int64_t)log_bytes;
}

struct checkpoint_start
checkpoint_writer_newest(const struct checkpoint_writer *writer)
{
	return writer == NULL ? (struct checkpoint_start){ 0 } :
				writer->newest;
}

/* ---- when ---- */

static uint64_t
log_written(const struct engine *engine)
{
	return engine->writer.bytes_written + engine->moving.bytes_written;
}

static uint64_t
log_since_newest(const struct engine *engine)
{
	return (uint64_t)((int64_t)log_written(engine) -
			  engine->checkpoints->newest_at);
}

/* With small segments their rows would fill the database before the log is
 * long enough. */
static bool
are_freed_rows_many(const struct engine *engine)
{
	const struct segment_manager *segments = &engine->segments;
	uint64_t rows = engine->freeing.wanted_count;
	uint64_t most = segment_manager_disk_bytes(segments) / FREED_SHARE;

	if (rows <= engine->checkpoints->wanted_rows)
		return false;
	rows -= engine->checkpoints->wanted_rows;
	return rows * FREED_RECORD_SIZE >
	       (most < FREED_BYTES_MIN ? FREED_BYTES_MIN : most);
}

static bool
is_due(const struct engine *engine)
{
	const struct checkpoint_writer *writer = engine->checkpoints;
	uint64_t least = writer->newest_bytes * LOG_PER_CHECKPOINT;

	if (least < writer->interval)
		least = writer->interval;
	if (log_written(engine) < writer->retry_at)
		return false;
	return log_since_newest(engine) >= least || are_freed_rows_many(engine);
}

/* Log until the next attempt after one that failed. */
static uint64_t
retry_distance(const struct engine *engine)
{
	uint64_t most = segment_manager_disk_bytes(&engine->segments) / 8;
	uint64_t distance = engine->checkpoints->interval / 8;

	return (distance < most ? distance : most) + 1;
}

/* ---- ends ---- */

static void
end_attempt(struct engine *engine, const struct error *outcome)
{
	struct checkpoint_writer *writer = engine->checkpoints;

	free_attempt(writer);
	writer->outcome = *outcome;
	writer->finished++;
	writer->state = STATE_IDLE;
	engine->moving.is_held = false;
	if (outcome->code != ERROR_NONE)
		writer->retry_at = log_written(engine) + retry_distance(engine);
}

static void
set_horizon(struct manifest *manifest, const struct checkpoint_start *start)
{
	if (manifest->checkpoints[1].number == 0)
		return;
	manifest->horizon = (struct horizon){
		.user_sequence = start->user_sequence,
		.moving_sequence = start->moving_sequence,
		.segment_sequence = start->segment_sequence,
	};
}

static void
raise(uint64_t *highest, uint64_t number)
{
	if (number > *highest)
		*highest = number;
}

/* The manifest as of now, not clean, with the new checkpoint.  Only what is
 * durable is below its watermarks.  The clock is asked, since rows expire also
 * when nobody asks for them. */
static struct manifest
describe(struct engine *engine)
{
	const struct checkpoint_writer *writer = engine->checkpoints;
	struct manifest next = engine->manifest;

	(void)engine_now_s(engine);
	next.flags &= ~(uint32_t)MANIFEST_CLEAN;
	next.tail = NULL;
	next.tail_count = 0;
	next.checkpoints[1] = next.checkpoints[0];
	next.checkpoints[0] = (struct manifest_checkpoint){
		.number = writer->content.head.start.number,
		.checksum = writer->checksum,
	};
	set_horizon(&next, &writer->newest);
	next.next_table = engine->tables.next_id;
	raise(&next.user_watermark, engine->writer.durable);
	raise(&next.moving_watermark, engine->moving.durable);
	raise(&next.next_user_sequence, engine->writer.next_write_sequence);
	raise(&next.next_moving_sequence, engine->moving.next_write_sequence);
	next.next_segment_sequence = engine->segments.next_sequence;
	next.next_lsn = engine->last_lsn + 1;
	next.clock_us = engine->clock_us;
	next.segment = 0;
	next.offset = 0;
	next.segment_sequence = 0;
	return next;
}

/* A full scan, which must leave out what was rejected, is possible only as long
 * as nothing was forgotten. */
void
checkpoint_writer_forget_voids(struct engine *engine)
{
	struct manifest *manifest = &engine->manifest;

	if ((manifest->flags & MANIFEST_FORGOTTEN) == 0)
		return;
	void_list_prune(&manifest->user_voids,
			manifest->horizon.user_sequence);
	void_list_prune(&manifest->moving_voids,
			manifest->horizon.moving_sequence);
}

/* The manifest is stored. */
static void
take_over(struct engine *engine)
{
	const struct manifest *manifest = &engine->manifest;

	checkpoint_writer_forget_voids(engine);
	if (manifest->checkpoints[1].number != 0)
		engine->horizon = manifest->horizon;
	engine->is_manifest_old = true;
}

static void
publish(struct engine *engine)
{
	struct checkpoint_writer *writer = engine->checkpoints;
	struct manifest next;

	if (engine->storing.purpose != STORING_NOTHING)
		return;
	next = describe(engine);
	if (engine_storing_begin(engine, STORING_CHECKPOINT, &next))
		writer->state = STATE_PUBLISHING;
}

static void
end_publishing(struct engine *engine)
{
	struct checkpoint_writer *writer = engine->checkpoints;
	struct error failure = ERROR_INIT;
	uint64_t bytes = writer->output.bytes_written;
	int status = engine_storing_end(engine, STORING_CHECKPOINT, &failure);

	if (status == ENGINE_PENDING)
		return;
	if (status < 0) {
		end_attempt(engine, &failure);
		return;
	}
	take_over(engine);
	writer->newest = writer->content.head.start;
	writer->newest_bytes = bytes;
	writer->newest_at = (int64_t)writer->started_at;
	engine->counters.checkpoints++;
	engine->counters.checkpoint_bytes_written += bytes;
	engine->freeing.published_walk = writer->content.drop.walk;
	freed_lives_forget(engine);
	writer->wanted_rows = engine->freeing.wanted_count;
	end_attempt(engine, &ERROR_INIT);
}

/* ---- the start ---- */

/* Everything that is settled is in the indexes, and no record is on its way
 * from one place to another. */
static bool
may_start(struct engine *engine)
{
	return engine->moving.count == 0 &&
	       buffered_writer_settled(&engine->writer) == NULL;
}

static void
start(struct engine *engine)
{
	struct checkpoint_writer *writer = engine->checkpoints;
	struct checkpoint_content *content = &writer->content;
	struct error failure = ERROR_INIT;
	int status = engine_storing_make_certain(engine, &failure);

	engine->moving.is_held = false;
	if (status == 0)
		status = checkpoint_content_capture(content, engine,
						    &failure);
	content->drop.walk = (uint32_t)writer->begun;
	writer->started_at = log_written(engine);
	if (status == 0)
		status = checkpoint_output_open(
			&writer->output, engine->io,
			engine->manifest.database_id, &content->head,
			checkpoint_content_estimate(engine), &failure);
	if (status < 0)
		end_attempt(engine, &failure);
	else
		writer->state = STATE_CONTENT;
}

static void
put_content(struct engine *engine, uint64_t *budget)
{
	struct checkpoint_writer *writer = engine->checkpoints;

	if (!checkpoint_content_put(&writer->content, &writer->output, budget))
		return;
	checkpoint_output_end(&writer->output);
	writer->state = STATE_FLUSHING;
}

/* ---- making it durable ---- */

static void
settle(struct engine *engine)
{
	struct checkpoint_writer *writer = engine->checkpoints;

	if (engine->writer.durable >= writer->user_target &&
	    engine->moving.durable >= writer->moving_target)
		publish(engine);
	else
		buffered_writer_want_sync(&engine->writer);
}

static void
begin_settling(struct engine *engine)
{
	struct checkpoint_writer *writer = engine->checkpoints;

	writer->user_target = engine->writer.settled;
	writer->moving_target = engine->moving.settled;
	writer->state = STATE_SETTLING;
	settle(engine);
}

/* The next of what is done with the whole file at once. */
static void
finish_file(struct engine *engine)
{
	struct checkpoint_writer *writer = engine->checkpoints;
	struct checkpoint_output *output = &writer->output;

	switch (writer->state) {
	case STATE_FLUSHING:
		checkpoint_output_send_head(output, &writer->checksum);
		writer->state = STATE_HEAD;
		return;
	case STATE_HEAD:
		checkpoint_output_sync(output);
		writer->state = STATE_SYNCING;
		return;
	default:
		/* Its name, too, is durable before the manifest is written. */
		assert(writer->state == STATE_SYNCING);
		begin_settling(engine);
	}
}

/* ---- moving on ---- */

static void
wait_for_start(struct engine *engine)
{
	struct error failure = ERROR_INIT;

	if (may_start(engine)) {
		start(engine);
	} else if (engine->is_out_of_memory) {
		(void)!error_no_memory(&failure);
		end_attempt(engine, &failure);
	}
}

static void
begin(struct engine *engine)
{
	struct checkpoint_writer *writer = engine->checkpoints;

	writer->is_demanded = false;
	writer->begun++;
	writer->state = STATE_WAITING;
	engine->moving.is_held = true;
	wait_for_start(engine);
}

static void
advance(struct engine *engine, uint64_t *budget)
{
	struct checkpoint_writer *writer = engine->checkpoints;

	switch (writer->state) {
	case STATE_IDLE:
		if (writer->is_demanded || is_due(engine))
			begin(engine);
		break;
	case STATE_WAITING:
		wait_for_start(engine);
		break;
	case STATE_CONTENT:
		put_content(engine, budget);
		break;
	case STATE_FLUSHING:
	case STATE_HEAD:
	case STATE_SYNCING:
		if (!checkpoint_output_is_busy(&writer->output))
			finish_file(engine);
		break;
	case STATE_SETTLING:
		settle(engine);
		break;
	case STATE_PUBLISHING:
		end_publishing(engine);
		break;
	}
}

/* Nothing is published any more once writing has failed. */
static void
abandon(struct engine *engine)
{
	struct checkpoint_writer *writer = engine->checkpoints;
	struct error reason = engine->writer.failure;

	if (writer->state == STATE_IDLE) {
		if (!writer->is_demanded)
			return;
		writer->is_demanded = false;
		writer->begun++;
	}
	if (!checkpoint_output_is_busy(&writer->output))
		end_attempt(engine, &reason);
}

void
checkpoint_writer_step(struct engine *engine, uint64_t budget)
{
	struct checkpoint_writer *writer = engine->checkpoints;
	enum state before;

	writer->paid_at = engine->counters.user_bytes_written;
	checkpoint_output_step(&writer->output);
	/* What is on its way to the manifest can't be called back. */
	if (writer->state == STATE_PUBLISHING)
		end_publishing(engine);
	if (writer->state == STATE_PUBLISHING)
		return;
	if (engine->writer.has_failed) {
		abandon(engine);
		return;
	}
	if (writer->output.failure.code != ERROR_NONE &&
	    writer->state != STATE_IDLE) {
		struct error reason = writer->output.failure;

		if (!checkpoint_output_is_busy(&writer->output))
			end_attempt(engine, &reason);
		return;
	}
	do {
		before = writer->state;
		advance(engine, &budget);
	} while (writer->state != before && writer->state != STATE_IDLE &&
		 writer->output.failure.code == ERROR_NONE);
}

void
checkpoint_writer_pay(struct engine *engine)
{
	uint64_t grown = engine->counters.user_bytes_written -
			 engine->checkpoints->paid_at;

	if (grown < PAY_BYTES)
		return;
	checkpoint_writer_step(engine, 2 * (grown < PAY_BYTES_MAX ?
						    grown :
						    PAY_BYTES_MAX));
}

void
checkpoint_writer_demand(struct engine *engine)
{
	engine->checkpoints->is_demanded = true;
}

bool
checkpoint_writer_is_idle(const struct checkpoint_writer *writer)
{
	return writer->state == STATE_IDLE && !writer->is_demanded;
}

bool
checkpoint_writer_is_busy(const struct checkpoint_writer *writer)
{
	return checkpoint_output_is_busy(&writer->output);
}

int
checkpoint_writer_outcome(const struct checkpoint_writer *writer,
			  struct error *error)
{
	if (writer->outcome.code != ERROR_NONE && error != NULL)
		*error = writer->outcome;
	return -(int)writer->outcome.code;
}

/* ---- closing ---- */

static bool
is_replay_long(struct engine *engine)
{
	const struct checkpoint_start *newest = &engine->checkpoints->newest;
	const struct segment_manager *segments = &engine->segments;
	uint32_t tail = 0;

	if (log_since_newest(engine) > REPLAY_BYTES_MAX ||
	    engine->last_lsn - newest->lsn > REPLAY_RECORDS_MAX)
		return true;
	for (uint32_t i = 0; i < segments->segment_count; i++)
		tail += checkpoint_is_in_tail(newest, &segments->segments[i]);
	return tail > MANIFEST_TAIL_MAX;
}

void
checkpoint_writer_cancel(struct engine *engine)
{
	struct checkpoint_writer *writer = engine->checkpoints;
	struct error reason = ERROR_INIT;
	unsigned failures = 0;

	if (writer == NULL)
		return;
	(void)!error_set(&reason, ERROR_CANCELLED, "the database was closed");
	writer->is_demanded = false;
	writer->awaited = 0;
	while (checkpoint_output_is_busy(&writer->output)) {
		if (io_poll_patiently(engine->io, &failures) < 0)
			return;
	}
	checkpoint_output_step(&writer->output);
	if (writer->state == STATE_PUBLISHING) {
		engine_storing_wait(engine);
		end_publishing(engine);
	}
	if (writer->state != STATE_IDLE && writer->state != STATE_PUBLISHING)
		end_attempt(engine, &reason);
}

bool
checkpoint_writer_is_due_at_end(struct engine *engine)
{
	return engine->checkpoints != NULL && !engine->writer.has_failed &&
	       engine->is_manifest_old && is_replay_long(engine);
}

/* ---- the door ---- */

int
engine_checkpoint(struct engine *engine, struct error *error)
{
	struct checkpoint_writer *writer = engine->checkpoints;
	int status = engine_check_writable(engine, error);

	if (status < 0)
		return status;
	if (writer->awaited == 0) {
		writer->awaited = writer->begun + 1;
		checkpoint_writer_demand(engine);
	}
	if (writer->finished < writer->awaited)
		return ENGINE_PENDING;
	writer->awaited = 0;
	return checkpoint_writer_outcome(writer, error);
}
