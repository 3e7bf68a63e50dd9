/* SPDX-License-Identifier: MIT */
#include "planner/session.h"

#include "base/shell_word.h"
#include "planner/catalog_store.h"
#include "planner/directory.h"

#include <stdio.h>
#include <stdlib.h>

const char *
logstor_version(void)
{
	return "0.1.0";
}

/* ---- opening ---- */

static int
open_io(const char *path, const struct logstor_options *options,
	struct io **io, bool *is_made, struct error *error)
{
	const struct directory_options directory = {
		.may_create = !options->must_exist && !options->read_only,
		.no_io_uring = options->no_io_uring,
	};

	*is_made = false;
	if (path == NULL)
		return io_memory_create(io, error);
	return directory_open(path, &directory, io, is_made, error);
}

static int
open_engine(struct logstor_database *database, const char *path,
	    const struct logstor_options *options)
{
	struct engine_options engine_options = {
		.sync = (enum engine_sync)options->sync,
		.is_read_only = options->read_only,
		.must_exist = options->must_exist,
		.segment_size = options->segment_size,
		.file_segments = options->file_segments,
		.size_max = options->size_max,
		.cache_size = options->cache_size,
		.separator_size = options->separator_size,
		.checkpoint_size = options->checkpoint_size,
		.is_separation_eager = options->eager_separation,
	};
	struct io *io;
	bool is_made;
	int result = open_io(path, options, &io, &is_made, &database->error);

	if (result < 0)
		return result;
	result = engine_open(io, &engine_options, &database->engine,
			     &database->error);
	if (result < 0) {
		database->engine = NULL;
		if (is_made)
			directory_unmake(path);
		return result;
	}
	engine_random(database->engine, database->node,
		      sizeof(database->node));
	return catalog_store_load(database->engine, &database->catalog,
				  &database->error);
}

/* A caller of an older header has a shorter struct. */
static int
read_options(const struct logstor_options *given,
	     struct logstor_options *options, struct error *error)
{
	*options = (struct logstor_options){ .size = sizeof(*options) };
	if (given == NULL)
		return 0;
	if (given->size < sizeof(given->size))
		return error_set(error, ERROR_MISUSE,
				 "the size of struct logstor_options is not "
				 "set");
	memcpy(options, given,
	       given->size < sizeof(*options) ? given->size :
						sizeof(*options));
	if ((unsigned)options->sync > LOGSTOR_SYNC_OFF)
		return error_set(error, ERROR_MISUSE, "no such sync mode");
	return 0;
}

static void
close_engine(struct logstor_database *database)
{
	struct error ignored = ERROR_INIT;

	if (database->engine != NULL)
		(void)engine_close(database->engine, &ignored);
	database->engine = NULL;
	catalog_finish(&database->catalog);
}

static void
suggest_salvage(const char *path, struct error *error)
{
	char word[SHELL_WORD_SIZE];

	error_hint(error, "logstor --salvage %s NEW saves every intact row",
		   shell_word(path, "DAMAGED", word, sizeof(word)));
}

int
logstor_open(const char *path, const struct logstor_options *options,
	     logstor_database **database)
{
	struct logstor_database *opened;
	struct logstor_options wanted;
	int result;

	if (database == NULL)
		return LOGSTOR_MISUSE;
	opened = calloc(1, sizeof(*opened));
	*database = opened;
	if (opened == NULL)
		return LOGSTOR_ERROR;
	opened->error = ERROR_INIT;
	opened->is_blocking = true;
	result = read_options(options, &wanted, &opened->error);
	if (result < 0)
		return LOGSTOR_MISUSE;
	opened->is_read_only = wanted.read_only;
	result = open_engine(opened, path, &wanted);
	if (result == 0)
		return LOGSTOR_OK;
	if (path != NULL && opened->error.code == ERROR_CORRUPT &&
	    opened->error.hint[0] == '\0')
		suggest_salvage(path, &opened->error);
	close_engine(opened);
	return LOGSTOR_ERROR;
}

static void
tell(const char *text, char *message, size_t size)
{
	if (message != NULL && size > 0)
		snprintf(message, size, "%s", text);
}

int
logstor_close(logstor_database *database, char *message, size_t size)
{
	struct error error = ERROR_INIT;
	int result = 0;

	tell("", message, size);
	if (database == NULL)
		return LOGSTOR_OK;
	if (database->session_count > 0) {
		tell("the database has open sessions or statements", message,
		     size);
		return LOGSTOR_MISUSE;
	}
	if (database->engine != NULL)
		result = engine_close(database->engine, &error);
	tell(error.message, message, size);
	catalog_finish(&database->catalog);
	free(database);
	return result < 0 ? LOGSTOR_ERROR : LOGSTOR_OK;
}

const char *
logstor_database_error(const logstor_database *database)
{
	return database == NULL ? "out of memory" : database->error.message;
}

const char *
logstor_database_hint(const logstor_database *database)
{
	return database == NULL ? "" : database->error.hint;
}

const char *
logstor_open_warning(const logstor_database *database)
{
	return database == NULL || database->engine == NULL ?
		       NULL :
		       engine_warning(database->engine);
}

/* ---- driving ---- */

static bool
is_open(logstor_database *database)
{
	if (database == NULL)
		return false;
	if (database->engine != NULL)
		return true;
	(void)error_set(&database->error, ERROR_MISUSE,
			"the database is not open");
	return false;
}

/* Commits are waited for in pieces, so that an interrupt ends the wait. */
enum { COMMIT_WAIT_US = 50 * 1000 };

int
logstor_commit(logstor_database *database)
{
	unsigned interrupts_seen;
	uint64_t lsn;

	if (!is_open(database))
		return LOGSTOR_MISUSE;
	error_clear(&database->error);
	interrupts_seen = atomic_load(&database->interrupt_count);
	lsn = engine_last_lsn(database->engine);
	while (lsn > 0) {
		int result = engine_commit(database->engine, lsn,
					   &database->error);

		if (result == 0)
			break;
		if (result > 0 && !database->is_blocking)
			return LOGSTOR_PENDING;
		if (result > 0)
			result = engine_poll(database->engine, COMMIT_WAIT_US,
					     &database->error);
		if (result == 0 && interrupts_seen !=
				atomic_load(&database->interrupt_count))
			result = error_set(&database->error, ERROR_CANCELLED,
					   "the commit was interrupted");
		if (result < 0)
			return LOGSTOR_ERROR;
	}
	return LOGSTOR_OK;
}

int
logstor_poll(logstor_database *database, int64_t wait_us)
{
	if (!is_open(database))
		return LOGSTOR_MISUSE;
	error_clear(&database->error);
	if (engine_poll(database->engine, wait_us, &database->error) < 0)
		return LOGSTOR_ERROR;
	return LOGSTOR_OK;
}

void
logstor_set_deferred_commit(logstor_database *database, bool is_deferred)
{
	if (database != NULL)
		database->is_deferred = is_deferred;
}

void
logstor_set_blocking(logstor_database *database, bool is_blocking)
{
	if (database != NULL)
		database->is_blocking = is_blocking;
}

void
logstor_interrupt(logstor_database *database)
{
	if (database != NULL)
		atomic_fetch_add(&database->interrupt_count, 1);
}

void
logstor_set_progress(logstor_database *database, logstor_progress progress,
		     void *context)
{
	if (database == NULL)
		return;
	database->progress = progress;
	database->progress_context = context;
}

void
logstor_progress_bytes(const logstor_database *database, uint64_t *done,
		       uint64_t *total)
{
	static const struct engine_progress none;
	const struct engine_progress *work =
		database == NULL ? &none : &database->work;

	if (done != NULL)
		*done = work->done_bytes;
	if (total != NULL)
		*total = work->total_bytes;
}

int
logstor_stats(logstor_database *database,
	      struct logstor_statistics *statistics)
{
	struct engine_statistics engine;
	struct logstor_statistics all;
	size_t size;

	if (!is_open(database) || statistics == NULL ||
	    statistics->size < sizeof(statistics->size))
		return LOGSTOR_MISUSE;
	engine_get_statistics(database->engine, &engine);
	all = (struct logstor_statistics){
		.keys = engine.keys,
		.live_bytes = engine.live_bytes,
		.dead_bytes = engine.dead_bytes,
		.disk_bytes = engine.disk_bytes,
		.segments = engine.segments,
		.segments_free = engine.segments_free,
		.user_bytes_written = engine.user_bytes_written,
		.device_bytes_written = engine.device_bytes_written,
		.buffers_written = engine.buffers_written,
		.device_reads = engine.device_reads,
		.index_bytes = engine.index_bytes,
		.recovery_us = engine.recovery_us,
		.recovered_records = engine.recovered_records,
		.discarded_bytes = engine.discarded_bytes,
		.io_name = engine.io_name,
		.cache_bytes = engine.cache_bytes,
		.cache_hits = engine.cache_hits,
		.cache_misses = engine.cache_misses,
		.compactions = engine.compactions,
		.segments_freed = engine.segments_freed,
		.moved_bytes = engine.moved_bytes,
		.separator_flushes = engine.separator_flushes,
		.separator_bytes = engine.separator_bytes,
		.checkpoints = engine.checkpoints,
		.checkpoint_bytes_written = engine.checkpoint_bytes_written,
		.tombstones = engine.tombstones,
		.segments_quarantined = engine.quarantined,
	};
	size = statistics->size < sizeof(all) ? statistics->size :
						sizeof(all);
	all.size = size;
	memcpy(statistics, &all, size);
	return LOGSTOR_OK;
}
