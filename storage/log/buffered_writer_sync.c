/* SPDX-License-Identifier: MIT
 *
 * Makes both streams durable where a completed write isn't: in sync=group
 * every few milliseconds, in sync=off when somebody needs it. */
#include "storage/log/buffered_writer.h"

static void
on_sync_done(struct io_operation *operation)
{
	struct buffered_writer *writer =
		CONTAINER_OF(operation, struct buffered_writer, sync_operation);

	writer->is_syncing = false;
}

static void
sync_done(struct buffered_writer *writer)
{
	writer->has_sync_target = false;
	writer->durable = writer->sync_target;
	writer->moving_durable = writer->moving_target;
}

static void
sync_next_file(struct buffered_writer *writer)
{
	struct segment_manager *segments = writer->segments;

	while (writer->sync_file < segments->file_count &&
	       !segments->files[writer->sync_file].is_dirty)
		writer->sync_file++;
	if (writer->sync_file == segments->file_count) {
		sync_done(writer);
		return;
	}
	/* What is written from here on makes it dirty again. */
	segments->files[writer->sync_file].is_dirty = false;
	writer->sync_operation = (struct io_operation){
		.kind = IO_SYNC,
		.file = segments->files[writer->sync_file].file,
		.on_done = on_sync_done,
	};
	writer->is_syncing = true;
	writer->io->methods->submit(writer->io, &writer->sync_operation);
}

static void
file_synced(struct buffered_writer *writer)
{
	int64_t result = writer->sync_operation.result;

	if (result >= 0) {
		sync_next_file(writer);
		return;
	}
	segment_manager_io_error(writer->segments, (int)result, "sync",
				 writer->sync_file *
					 writer->segments->file_segments,
				 0, &writer->failure);
	writer->has_failed = true;
}

static bool
is_due(struct buffered_writer *writer)
{
	int64_t now_us;

	if (!writer->is_dirty &&
	    writer->moving_settled <= writer->moving_durable)
		return false;
	if (writer->is_sync_wanted)
		return true;
	if (writer->sync != ENGINE_SYNC_GROUP)
		return false;
	now_us = writer->io->methods->monotonic_us(writer->io);
	if (now_us - writer->synced_at_us < BUFFERED_WRITER_SYNC_US)
		return false;
	writer->synced_at_us = now_us;
	return true;
}

void
buffered_writer_sync_step(struct buffered_writer *writer)
{
	if (writer->is_syncing)
		return;
	if (writer->has_sync_target) {
		file_synced(writer);
		return;
	}
	if (is_due(writer)) {
		writer->is_dirty = false;
		writer->has_sync_target = true;
		writer->sync_target = writer->settled;
		writer->moving_target = writer->moving_settled;
		writer->sync_file = 0;
		sync_next_file(writer);
	}
	writer->is_sync_wanted = false;
}

void
buffered_writer_want_sync(struct buffered_writer *writer)
{
	writer->is_sync_wanted = writer->sync != ENGINE_SYNC_FULL;
}
