/* SPDX-License-Identifier: MIT */
#include "storage/salvage/salvage_source.h"

#include "storage/format/salvage_target.h"
#include "storage/salvage/salvage_losses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 1 << 20, FILES_MISSING_MAX = 1024 };

/* ---- progress ---- */

int
salvage_go_on(struct salvage_source *source, uint64_t bytes,
	      struct error *error)
{
	struct salvage_report *report = source->report;
	struct engine_progress progress;

	source->done_bytes += bytes;
	progress = (struct engine_progress){ source->done_bytes,
					     source->total_bytes };
	if (report->on_progress != NULL &&
	    report->on_progress(report->context, &progress))
		return error_set(error, ERROR_CANCELLED,
				 "the salvage was interrupted");
	return 0;
}

/* ---- reading ---- */

/* All of it, with zeros where the file has ended or isn't there; or a negative
 * errno. */
static int64_t
read_piece(struct salvage_source *source, uint32_t segment, uint32_t offset,
	   uint8_t *to, size_t size)
{
	struct segment_place place = segment_manager_place(
		&source->engine.segments, segment, offset);
	int64_t got = place.file == NULL ?
			      0 :
			      io_read_now(source->engine.io, place.file,
					  place.offset, to, size);

	if (got >= 0)
		memset(to + got, 0, size - (size_t)got);
	return got;
}

static void
read_block(struct salvage_source *source, uint32_t segment, uint32_t offset,
	   uint8_t *to, size_t size, bool is_told)
{
	if (read_piece(source, segment, offset, to, size) >= 0)
		return;
	memset(to, 0, size);
	if (is_told)
		salvage_lose(source, segment, offset, (uint32_t)size,
			     LOSS_UNREADABLE, 0);
}

void
salvage_read(struct salvage_source *source, uint32_t segment, uint32_t offset,
	     uint8_t *to, size_t size, bool is_told)
{
	if (read_piece(source, segment, offset, to, size) >= 0)
		return;
	/* Some of it can't be read: block by block, so that little is lost. */
	for (size_t done = 0; done < size; done += FORMAT_BLOCK_SIZE) {
		size_t left = size - done;

		read_block(source, segment, offset + (uint32_t)done, to + done,
			   left < FORMAT_BLOCK_SIZE ? left :
						      FORMAT_BLOCK_SIZE,
			   is_told);
	}
}

/* ---- files ---- */

struct file_names {
	struct salvage_source *source;
	uint32_t there; /* files of any number */
	uint32_t limit; /* numbers from here on are nobody's */
	uint32_t count; /* one more than the highest number */
};

static bool
is_segment_file(const char *name, uint32_t *number)
{
	char canonical[SEGMENT_FILE_NAME_SIZE];
	uint32_t shard;

	if (!segment_file_parse_name(name, &shard, number))
		return false;
	segment_file_name(*number, canonical);
	return shard == 0 && strcmp(name, canonical) == 0;
}

static int
count_name(void *context, const char *name)
{
	struct file_names *names = context;
	uint32_t number;

	names->there += is_segment_file(name, &number);
	return 0;
}

static int
visit_name(void *context, const char *name)
{
	struct file_names *names = context;
	uint32_t number;

	if (!is_segment_file(name, &number))
		return 0;
	if (number >= names->limit)
		salvage_note(names->source, name, UINT64_MAX,
			     "it isn't one of the database's files");
	else if (number >= names->count)
		names->count = number + 1;
	return 0;
}

/* Files are numbered without gaps, and the manifest counts them before anything
 * is written there; but an old one may have been given back, and without one
 * many may be missing.  A stray file far behind them would make all that isn't
 * between them a loss. */
static uint32_t
limit_files(const struct salvage_source *source, uint32_t there)
{
	const struct manifest *manifest = &source->engine.manifest;
	uint64_t limit = source->has_manifest ?
				 (uint64_t)manifest->file_count + there :
				 (uint64_t)there * 4 + FILES_MISSING_MAX;

	return limit < FILES_MAX ? (uint32_t)limit : FILES_MAX;
}

/* How many files there are, or should be. */
static int
find_files(struct salvage_source *source, uint32_t *count, struct error *error)
{
	const struct manifest *manifest = &source->engine.manifest;
	struct io *io = source->engine.io;
	struct file_names names = { .source = source };
	int status = io->methods->list(io, count_name, &names);

	if (status >= 0) {
		names.limit = limit_files(source, names.there);
		status = io->methods->list(io, visit_name, &names);
	}
	if (status < 0)
		return io_error(io, status, "list", NULL, IO_NO_OFFSET, error);
	*count = names.count;
	if (source->has_manifest && *count < manifest->file_count &&
	    manifest->file_count < FILES_MAX)
		*count = manifest->file_count;
	return 0;
}

/* Rows that can be had must not be given up as lost. */
static int
open_file(struct salvage_source *source, uint32_t number, struct error *error)
{
	struct io *io = source->engine.io;
	struct segment_file *file = &source->engine.segments.files[number];
	struct salvage_file *known = &source->files[number];
	char name[SEGMENT_FILE_NAME_SIZE];
	int status;

	segment_file_name(number, name);
	status = io->methods->open(io, name, IO_READ_ONLY, &file->file);
	if (io_is_refused(status))
		return io_error(io, status, "open", name, IO_NO_OFFSET, error);
	known->is_there =
		status == 0 &&
		io->methods->size(io, file->file, &known->size) == 0;
	if (known->is_there)
		return 0;
	if (status == 0)
		io->methods->close(io, file->file);
	file->file = NULL;
	known->size = 0;
	known->reason = status == -ENOENT  ? "it is missing" :
			status == -ENOTSUP ? "it isn't a regular file" :
					     "it can't be opened";
	return 0;
}

static int
open_files(struct salvage_source *source, struct error *error)
{
	struct segment_manager *segments = &source->engine.segments;
	uint32_t count = 0;
	int status = find_files(source, &count, error);

	if (status < 0)
		return status;
	/* One more, so that there is memory without any. */
	if (!segment_manager_reserve(segments, count + 1, 1))
		return error_no_memory(error);
	source->files =
		calloc((size_t)count + 1, sizeof(*source->files));
	if (source->files == NULL)
		return error_no_memory(error);
	for (uint32_t i = 0; i < count && status == 0; i++) {
		segments->files[i] = (struct segment_file){ 0 };
		segments->file_count++;
		status = open_file(source, i, error);
	}
	return status;
}

/* Segments are written only when they are whole, and a counted file has one:
 * where something stands in a part of one, the rest is gone. */
static bool
is_cut(struct salvage_source *source, uint32_t number)
{
	const struct segment_manager *segments = &source->engine.segments;
	uint64_t size = source->files[number].size;
	size_t part = (size_t)(size % segments->segment_size);

	if (!source->files[number].is_there ||
	    size > (uint64_t)segments->file_segments * segments->segment_size)
		return false;
	if (size < segments->segment_size && source->has_manifest &&
	    number < source->engine.manifest.file_count)
		return true;
	if (part == 0 ||
	    io_read_now(source->engine.io, segments->files[number].file,
			size - part, source->data, part) != (int64_t)part)
		return false;
	for (size_t i = 0; i < part; i++) {
		if (source->data[i] != 0)
			return true;
	}
	return false;
}

/* When the geometry is known: which segments there are. */
static int
count_segments(struct salvage_source *source, struct error *error)
{
	struct segment_manager *segments = &source->engine.segments;
	uint64_t count = 0;

	for (uint32_t i = 0; i < segments->file_count; i++) {
		/* One may be cut in a segment's middle. */
		uint64_t whole = (source->files[i].size +
				  segments->segment_size - 1) /
				 segments->segment_size;

		source->files[i].is_cut = is_cut(source, i);
		if (whole > segments->file_segments)
			whole = segments->file_segments;
		if (whole > 0)
			count = (uint64_t)i * segments->file_segments + whole;
	}
	if (count >= INDEX_SEGMENTS_MAX ||
	    !segment_manager_reserve(segments, segments->file_count,
				     (uint32_t)count + 1))
		return error_no_memory(error);
	segments->segment_count = (uint32_t)count;
	return 0;
}

int
salvage_source_extend(struct salvage_source *source, uint32_t count,
		      struct error *error)
{
	struct segment_manager *segments = &source->engine.segments;
	uint32_t before = segments->segment_count;

	if (count <= before ||
	    count > (uint64_t)segments->file_count * segments->file_segments)
		return 0;
	if (!segment_manager_reserve(segments, segments->file_count, count + 1))
		return error_no_memory(error);
	memset(&segments->segments[before], 0,
	       (count - before) * sizeof(*segments->segments));
	segments->segment_count = count;
	source->files[(count - 1) / segments->file_segments].is_cut = true;
	return 0;
}

/* ---- opening and closing ---- */

/* Nor must what is deleted come back where the manifest can be had. */
static int
check_access(struct io *io, struct error *error)
{
	struct io_file *file;
	int status =
		io->methods->open(io, MANIFEST_NAME, IO_READ_ONLY, &file);

	if (status == 0)
		io->methods->close(io, file);
	return io_is_refused(status) ?
		       io_error(io, status, "open", MANIFEST_NAME,
				IO_NO_OFFSET, error) :
		       0;
}

static int
load_manifest(struct salvage_source *source, struct error *error)
{
	struct engine *engine = &source->engine;
	struct error failure = ERROR_INIT;
	int status = manifest_load(engine->io, &engine->manifest, &failure);

	source->has_manifest = status == 0;
	if (status == MANIFEST_MISSING)
		salvage_note(source, MANIFEST_NAME, UINT64_MAX,
			     "it is missing");
	if (status >= 0)
		return 0;
	if (failure.code == ERROR_IO && check_access(engine->io, error) < 0)
		return -(int)error->code;
	if (failure.code == ERROR_CORRUPT || failure.code == ERROR_IO) {
		salvage_note_failure(source, MANIFEST_NAME, failure.message);
		return 0;
	}
	*error = failure; /* of a newer format, or no memory: no damage */
	return status;
}

/* A writer would change under us what we look at. */
static int
lock(struct io *io, struct error *error)
{
	int64_t owner;

	if (io->methods->lock(io, "lock", true, &owner) != -EBUSY)
		return 0;
	return error_set(error, ERROR_BUSY, "database %s is in use",
			 io->methods->path(io));
}

static int
open_source(struct salvage_source *source, struct error *error)
{
	struct engine *engine = &source->engine;
	struct segment_manager *segments = &engine->segments;
	int status = lock(engine->io, error);
	void *data;

	if (posix_memalign(&data, IO_ALIGNMENT, FORMAT_SEGMENT_SIZE_MAX) != 0)
		return error_no_memory(error);
	source->data = data;
	segments->io = engine->io;
	segments->file_flags = IO_READ_ONLY;
	if (status == 0)
		status = salvage_target_check(engine->io, error);
	if (status == 0)
		status = load_manifest(source, error);
	if (status == 0)
		status = open_files(source, error);
	if (status == 0 && !source->has_manifest)
		status = salvage_deduce(source, error);
	if (status < 0)
		return status;
	segments->database_id = engine->manifest.database_id;
	segments->segment_size = engine->manifest.segment_size;
	segments->file_segments = engine->manifest.file_segments;
	engine->clock_us = engine->manifest.clock_us;
	return count_segments(source, error);
}

int
salvage_source_open(struct salvage_source *source, struct io *io,
		    struct salvage_report *report, struct error *error)
{
	int status;

	*source = (struct salvage_source){ .report = report };
	source->engine.io = io;
	source->engine.is_read_only = true;
	source->engine.retired_token = INT64_MIN;
	status = open_source(source, error);
	if (status < 0)
		salvage_source_close(source);
	return status;
}

void
salvage_source_close(struct salvage_source *source)
{
	struct engine *engine = &source->engine;
	struct segment_manager *segments = &engine->segments;
	struct io *io = engine->io;

	for (uint32_t i = 0; i < segments->file_count; i++) {
		if (segments->files[i].file != NULL)
			io->methods->close(io, segments->files[i].file);
	}
	segments->file_count = 0;
	segments->io = io;
	segment_manager_finish(segments);
	table_registry_finish(&engine->tables);
	manifest_finish(&engine->manifest);
	free(source->files);
	free(source->losses.losses);
	free(source->data);
	io->methods->destroy(io);
}
