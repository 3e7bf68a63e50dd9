/* SPDX-License-Identifier: MIT */
#include "storage/recovery/opening.h"

#include "storage/checkpoint/checkpoint_room.h"
#include "storage/engine_manifest.h"
#include "storage/engine_state.h"
#include "storage/engine_storing.h"
#include "storage/format/salvage_target.h"
#include "storage/recovery/recovery.h"
#include "storage/recovery/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOCK_NAME "lock"

enum { SEGMENT_SIZE_DEFAULT = 128 << 10, FILE_SEGMENTS_DEFAULT = 256 };

/* ---- the directory ---- */

/* What is in a directory without a manifest. */
struct leftovers {
	bool has_segments;
	char other[256]; /* the name of something that isn't ours; or empty */
};

static int
visit_leftover(void *context, const char *name)
{
	struct leftovers *leftovers = context;
	uint32_t shard, number;

	if (strcmp(name, LOCK_NAME) == 0 ||
	    strcmp(name, MANIFEST_NAME_ASIDE) == 0 ||
	    strcmp(name, SALVAGE_TARGET_MARK) == 0)
		return 0;
	if (segment_file_parse_name(name, &shard, &number))
		leftovers->has_segments = true;
	else
		snprintf(leftovers->other, sizeof(leftovers->other), "%s",
			 name);
	return 0;
}

static int
refuse_other_things(struct io *io, const char *found, struct error *error)
{
	int status = error_set(error, ERROR_CONFIG,
			       "%s is not a logstor database and not empty: "
			       "found '%s'",
			       io->methods->path(io), found);

	error_hint(error, "name a new or an empty directory");
	return status;
}

/* ---- how large it may become ---- */

/* What the manifest says: 0 is no limit there. */
static uint64_t
size_max_of(const struct engine_options *options, uint64_t present)
{
	if (options->size_max == 0)
		return present;
	return options->size_max == ENGINE_SIZE_UNLIMITED ? 0 :
							    options->size_max;
}

static uint64_t
least_size_max(const struct manifest *manifest)
{
	return (uint64_t)SEGMENT_STEP_MIN * manifest->segment_size;
}

static int
check_size_max(const struct manifest *manifest, struct error *error)
{
	uint64_t least = least_size_max(manifest);

	if (manifest->size_max == 0 || manifest->size_max >= least)
		return 0;
	return error_set(error, ERROR_CONFIG,
			 "a maximum size of %" PRIu64
			 " bytes is too small: at least %" PRIu64,
			 manifest->size_max, least);
}

/* ---- no database yet ---- */

/* There is no manifest: 0 where a new database may be made, which is only
 * where nothing else is. */
static int
check_new(struct io *io, const struct engine_options *options,
	  struct error *error)
{
	struct leftovers leftovers = { 0 };
	struct manifest wanted = {
		.segment_size = options->segment_size != 0 ?
					options->segment_size :
					SEGMENT_SIZE_DEFAULT,
		.size_max = size_max_of(options, 0),
	};
	const char *path = io->methods->path(io);
	int status = io->methods->list(io, visit_leftover, &leftovers);

	if (status < 0)
		return io_error(io, status, "list", NULL, IO_NO_OFFSET, error);
	if (leftovers.has_segments)
		return error_set(error, ERROR_CORRUPT,
				 "%s/%s is missing, but segment files are "
				 "there: this is a damaged logstor database",
				 path, MANIFEST_NAME);
	if (options->must_exist || options->is_read_only)
		return error_set(error, ERROR_CONFIG,
				 "there is no database in %s", path);
	if (leftovers.other[0] != '\0')
		return refuse_other_things(io, leftovers.other, error);
	/* Before anything is made. */
	return check_size_max(&wanted, error);
}

static int
refuse_busy(struct io *io, int64_t owner, struct error *error)
{
	const char *path = io->methods->path(io);

	if (owner == IO_OWNER_READERS)
		return error_set(error, ERROR_BUSY,
				 "database %s is in use by a reader", path);
	if (owner != 0)
		return error_set(error, ERROR_BUSY,
				 "database %s is in use by process %" PRId64,
				 path, owner);
	return error_set(error, ERROR_BUSY, "database %s is in use", path);
}

/* Where there is no file to lock, or we may not open it, or the file system
 * has no locks, a reader goes on without: it must make nothing, and a copy on
 * a read-only medium, say, has no writer. */
static bool
may_read_unlocked(int negative_errno)
{
	switch (-negative_errno) {
	case ENOENT:
	case EACCES:
	case EPERM:
	case ENOLCK:
	case EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

static int
take_lock(struct io *io, bool is_shared, struct error *error)
{
	int64_t owner = 0;
	int status = io->methods->lock(io, LOCK_NAME, is_shared, &owner);

	if (status == 0 || (is_shared && may_read_unlocked(status)))
		return 0;
	if (status == -EBUSY)
		return refuse_busy(io, owner, error);
	return io_error(io, status, "lock", LOCK_NAME, IO_NO_OFFSET, error);
}

struct file_list {
	uint32_t file_count; /* of the manifest */
	bool has_next;       /* the file behind them is there too */
	char extra[256];     /* a segment file that can't be ours */
};

static int
visit_file(void *context, const char *name)
{
	struct file_list *list = context;
	char canonical[SEGMENT_FILE_NAME_SIZE];
	uint32_t shard, number;

	if (!segment_file_parse_name(name, &shard, &number))
		return 0;
	segment_file_name(number, canonical);
	if (shard != 0 || strcmp(name, canonical) != 0 ||
	    number > list->file_count) {
		snprintf(list->extra, sizeof(list->extra), "%s", name);
		return 1;
	}
	if (number == list->file_count)
		list->has_next = true;
	return 0;
}

/* The file behind the last one that the manifest counts may be there: it was
 * being made when the end came. */
static int
open_files(struct engine *engine, struct error *error)
{
	struct io *io = engine->io;
	struct file_list list = { .file_count = engine->manifest.file_count };
	uint32_t count;
	int status = io->methods->list(io, visit_file, &list);

	if (status < 0)
		return io_error(io, status, "list", NULL, IO_NO_OFFSET, error);
	if (status > 0)
		return error_set(error, ERROR_CORRUPT,
				 "%s/%s doesn't belong to this database, which "
				 "has %" PRIu32 " segment files",
				 io->methods->path(io), list.extra,
				 list.file_count);
	count = list.file_count + list.has_next;
	for (uint32_t i = 0; i < count && status == 0; i++) {
		status = segment_manager_open_file(&engine->segments,
						   i + 1 == count, error);
		/* It was counted when its first segments were synced. */
		if (status == 0 && i < list.file_count &&
		    engine->segments.files[i].segment_count == 0)
			status = segment_manager_damaged(
				&engine->segments,
				i * engine->manifest.file_segments, 0,
				"no whole segment is left of it", error);
	}
	/* One that was only begun isn't counted, since a counted file has a
	 * segment.  It stays for growing to find: opening changes nothing
	 * before the log is known to be sound. */
	if (status == 0 && list.has_next &&
	    engine->segments.files[list.file_count].segment_count == 0)
		segment_manager_close_empty_file(&engine->segments);
	return status;
}

/* ---- the parts of an engine ---- */

static int
init_parts(struct engine *engine, struct error *error)
{
	const struct manifest *manifest = &engine->manifest;
	struct buffered_writer *writer = &engine->writer;

	engine->segments = (struct segment_manager){
		.io = engine->io,
		.database_id = manifest->database_id,
		.segment_size = manifest->segment_size,
		.file_segments = manifest->file_segments,
		.size_max = manifest->size_max,
		.file_flags = engine->is_read_only ? IO_READ_ONLY :
			      engine->sync == ENGINE_SYNC_FULL ? IO_DURABLE :
								 0,
	};
	if (!engine->is_read_only)
		checkpoint_room_watch_growth(engine);
	engine->writer = (struct buffered_writer){
		.io = engine->io,
		.segments = &engine->segments,
		.sync = engine->sync,
		.database_id = manifest->database_id,
		.failure = ERROR_INIT,
	};
	engine->clock_us = manifest->clock_us;
	if (engine->is_read_only)
		return pending_map_init(&engine->pending, 1) ?
			       0 :
			       error_no_memory(error);
	if (buffered_writer_init(writer, error) < 0 ||
	    moving_writer_init(engine, error) < 0)
		return -(int)ERROR_FULL;
	return pending_map_init(&engine->pending,
				buffered_writer_records_max(writer)) ?
		       0 :
		       error_no_memory(error);
}

/* ---- a new database ---- */

static uint64_t
random_number(struct io *io)
{
	uint64_t number = 0;

	while (number == 0)
		io->methods->random(io, &number, sizeof(number));
	return number;
}

static struct manifest
new_manifest(struct io *io, const struct engine_options *options)
{
	struct manifest manifest = {
		.database_id = random_number(io),
		.secret = random_number(io),
		.segment_size = options->segment_size,
		.file_segments = options->file_segments,
		.size_max = size_max_of(options, 0),
		.shard_count = 1,
		.flags = MANIFEST_CLEAN,
		.next_table = ENGINE_TABLE_FIRST,
		.next_user_sequence = 1,
		.next_moving_sequence = 1,
		.next_segment_sequence = 1,
		.next_lsn = 1,
	};

	if (manifest.segment_size == 0)
		manifest.segment_size = SEGMENT_SIZE_DEFAULT;
	if (manifest.file_segments == 0)
		manifest.file_segments = FILE_SEGMENTS_DEFAULT;
	return manifest;
}

/* So that the first write finds a place at once.  When there is no room for
 * that, the first write says so. */
static int
grow_first_segments(struct engine *engine, struct error *error)
{
	struct segment_manager *segments = &engine->segments;

	segment_growth_start(segments);
	while (segment_manager_available(segments) <= SEGMENT_RESERVE &&
	       segments->growth.state != GROWTH_FAILED) {
		int status = engine_poll(engine, -1, error);

		if (status < 0)
			return status;
	}
	return 0;
}

static int
create(struct engine *engine, const struct engine_options *options,
       struct error *error)
{
	struct replay replay;
	int status;

	engine->manifest = new_manifest(engine->io, options);
	status = init_parts(engine, error);
	if (status == 0)
		status = replay_init(&replay, engine, error);
	if (status == 0)
		status = engine_storing_now(engine, error);
	if (status < 0)
		return status;
	engine_continue_log(engine, 0);
	return grow_first_segments(engine, error);
}

/* ---- the door ---- */

static int
open_existing(struct engine *engine, const struct engine_options *options,
	      struct error *error)
{
	struct manifest *manifest = &engine->manifest;
	uint64_t size_max = size_max_of(options, manifest->size_max);
	bool is_changed = size_max != manifest->size_max;
	int status;

	if (manifest->size_max != 0 &&
	    manifest->size_max < least_size_max(manifest))
		return error_set(error, ERROR_CORRUPT,
				 "%s/%s is damaged: a maximum size of %" PRIu64
				 " bytes is impossible",
				 engine->io->methods->path(engine->io),
				 MANIFEST_NAME, manifest->size_max);
	manifest->size_max = size_max;
	status = check_size_max(&engine->manifest, error);
	if (status == 0)
		status = init_parts(engine, error);
	if (status == 0)
		status = open_files(engine, error);
	if (status == 0)
		status = recovery_run(engine, error);
	/* The end stores it, also when nothing is written. */
	if (is_changed)
		engine->is_manifest_old = true;
	return status;
}

static int
look(struct engine *engine, const struct engine_options *options,
     struct error *error)
{
	int status = 0;

	if (!options->is_salvaging)
		status = salvage_target_check(engine->io, error);
	if (status == 0)
		status = manifest_load(engine->io, &engine->manifest, error);
	return status;
}

/* All is looked at again under the lock: somebody may just have made or closed
 * the database, or begun a salvage. */
int
opening_open(struct engine *engine, const struct engine_options *options,
	      struct error *error)
{
	int status = look(engine, options, error);

	if (status == MANIFEST_MISSING)
		status = check_new(engine->io, options, error);
	if (status < 0)
		return status;
	manifest_finish(&engine->manifest);
	status = take_lock(engine->io, options->is_read_only, error);
	if (status == 0)
		status = look(engine, options, error);
	if (status < 0)
		return status;
	if (status == 0)
		return open_existing(engine, options, error);
	status = check_new(engine->io, options, error);
	return status == 0 ? create(engine, options, error) : status;
}
