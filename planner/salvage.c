/* SPDX-License-Identifier: MIT
 *
 * Storage saves rows of numbered tables.  What they are called stands in rows
 * of the catalog, which may be lost like any others: so afterwards the new
 * database is opened and its schema made whole, and each table is told by its
 * name. */
#include "planner/catalog_store.h"
#include "planner/directory.h"
#include "planner/session.h"
#include "storage/format/salvage_target.h"
#include "storage/salvage/salvage.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The engine's count of a table's rows. */
struct saved_table {
	uint32_t number;
	bool is_named; /* the catalog knows it */
	uint64_t rows;
	uint64_t bytes;
};

struct salvage {
	struct logstor_salvage *told; /* the caller's */
	struct saved_table *tables;
	size_t table_count;
	bool has_failed; /* no memory for them */
	bool has_made_directory; /* the new one's */
	bool is_begun;           /* files may have been made in it */
	struct error error;
};

/* ---- what storage tells ---- */

static void
tell_fault(struct salvage *salvage, const char *file, uint64_t offset,
	   const char *what)
{
	salvage->told->faults++;
	if (salvage->told->on_fault != NULL)
		salvage->told->on_fault(salvage->told->context, file, offset,
					what);
}

static void
take_note(void *context, const struct engine_fault *note)
{
	struct logstor_salvage *told = ((struct salvage *)context)->told;

	told->notes++;
	if (told->on_note != NULL)
		told->on_note(told->context, note->file, note->offset,
			      note->what);
}

static void
take_fault(void *context, const struct engine_fault *fault)
{
	tell_fault(context, fault->file, fault->offset, fault->what);
}

static void
take_table(void *context, uint32_t number, uint64_t rows, uint64_t bytes)
{
	struct salvage *salvage = context;
	size_t count = salvage->table_count + 1;
	struct saved_table *tables =
		realloc(salvage->tables, count * sizeof(*tables));

	if (tables == NULL) {
		salvage->has_failed = true;
		return;
	}
	tables[count - 1] = (struct saved_table){ number, false, rows,
						     bytes };
	salvage->tables = tables;
	salvage->table_count = count;
}

static bool
take_progress(void *context, const struct engine_progress *progress)
{
	const struct logstor_salvage *told =
		((struct salvage *)context)->told;

	return told->on_progress != NULL &&
	       told->on_progress(told->context, progress->done_bytes,
				 progress->total_bytes);
}

/* ---- directories ---- */

static int
open_old_directory(struct salvage *salvage, const char *path, struct io **io)
{
	const struct directory_options options = {
		.no_io_uring = salvage->told->no_io_uring,
	};
	bool is_made;

	return directory_open(path, &options, io, &is_made, &salvage->error);
}

/* The directory that ${path} is in, or would be: to be freed, or NULL. */
static char *
resolve_parent(const char *path)
{
	char *copy = strdup(path);
	char *resolved = copy == NULL ? NULL : realpath(dirname(copy), NULL);

	free(copy);
	return resolved;
}

/* What is damaged isn't written to, and a database in it would be: whether
 * ${to} is a directory in it by now, through a link perhaps, or would be. */
static int
check_apart(const char *from, const char *to, struct error *error)
{
	char *outer = realpath(from, NULL);
	char *made = realpath(to, NULL);
	char *inner = made != NULL ? dirname(made) : resolve_parent(to);
	size_t size = outer == NULL ? 0 : strlen(outer);
	int result = 0;

	if (outer != NULL && inner != NULL &&
	    strncmp(inner, outer, size) == 0 &&
	    (inner[size] == '\0' || inner[size] == '/'))
		result = error_set(error, ERROR_CONFIG,
				   "%s is inside of %s, which must stay as it "
				   "is",
				   to, from);
	free(outer);
	free(made != NULL ? made : inner);
	return result;
}

/* ---- leaving nothing behind ---- */

struct names {
	char **names;
	size_t count;
};

static int
collect_name(void *context, const char *name)
{
	struct names *names = context;
	char **more = realloc(names->names,
			      (names->count + 1) * sizeof(*more));

	if (more == NULL)
		return 1;
	names->names = more;
	more[names->count] = strdup(name);
	if (more[names->count] == NULL)
		return 1;
	names->count++;
	return 0;
}

/* It was empty; what is in it now, we have made.  The mark goes last: until
 * then it is no database. */
static bool
remove_files(const char *path)
{
	struct error ignored = ERROR_INIT;
	struct names names = { 0 };
	bool is_done;
	struct io *io;

	if (io_sync_create(path, false, &io, &ignored) < 0)
		return false;
	is_done = io->methods->list(io, collect_name, &names) == 0;
	for (size_t i = 0; i < names.count; i++) {
		if (strcmp(names.names[i], SALVAGE_TARGET_MARK) != 0 &&
		    io->methods->remove(io, names.names[i]) < 0)
			is_done = false;
		free(names.names[i]);
	}
	free(names.names);
	is_done = is_done && salvage_target_end(io, &ignored) == 0;
	io->methods->destroy(io);
	return is_done;
}

static void
undo(struct salvage *salvage, const char *to)
{
	if (salvage->is_begun && !remove_files(to))
		error_hint(&salvage->error,
			   "what is left in %s must be removed", to);
	if (salvage->has_made_directory)
		directory_unmake(to);
}

static int
open_new_directory(struct salvage *salvage, const char *to, struct io **io)
{
	const struct directory_options options = {
		.may_create = true,
		.no_io_uring = salvage->told->no_io_uring,
	};
	int result = directory_open(to, &options, io,
				    &salvage->has_made_directory,
				    &salvage->error);

	if (result == 0)
		result = salvage_target_begin(*io, &salvage->error);
	salvage->is_begun = result == 0;
	if (result < 0 && *io != NULL)
		(*io)->methods->destroy(*io);
	return result;
}

static int
save_rows(struct salvage *salvage, const char *from, const char *to)
{
	struct logstor_salvage *told = salvage->told;
	struct salvage_report report = {
		.on_fault = take_fault,
		.on_note = take_note,
		.on_table = take_table,
		.on_progress = take_progress,
		.context = salvage,
	};
	struct io *damaged = NULL, *fresh = NULL;
	int result;

	result = check_apart(from, to, &salvage->error);
	if (result == 0)
		result = open_old_directory(salvage, from, &damaged);
	if (result < 0)
		return result;
	result = open_new_directory(salvage, to, &fresh);
	if (result < 0) {
		damaged->methods->destroy(damaged);
		return result;
	}
	result = salvage_run(damaged, fresh, &report, &salvage->error);
	told->rows = report.rows;
	told->bytes = report.bytes;
	told->deleted_may_return = report.may_resurrect;
	if (result == 0 && salvage->has_failed)
		return error_no_memory(&salvage->error);
	return result;
}

/* ---- the schema ---- */

static void
tell_keyspace(void *context, const struct keyspace *keyspace)
{
	char what[512];

	snprintf(what, sizeof(what),
		 "the definition of keyspace %.*s is lost; it was made again "
		 "without its options",
		 SLICE_ARGUMENTS(keyspace->name));
	tell_fault(context, NULL, UINT64_MAX, what);
}

static struct saved_table *
find_saved(struct salvage *salvage, uint32_t number)
{
	for (size_t i = 0; i < salvage->table_count; i++)
		if (salvage->tables[i].number == number)
			return &salvage->tables[i];
	return NULL;
}

static void
tell_table(struct salvage *salvage, const struct table *table, uint64_t rows)
{
	struct logstor_salvage *told = salvage->told;
	char keyspace[256], name[256];

	told->tables++;
	if (told->on_table == NULL)
		return;
	snprintf(keyspace, sizeof(keyspace), "%.*s",
		 SLICE_ARGUMENTS(table->keyspace));
	snprintf(name, sizeof(name), "%.*s", SLICE_ARGUMENTS(table->name));
	told->on_table(told->context, keyspace, name, rows);
}

/* A table whose number nobody registered, because that record and all its rows
 * are lost: it is there, and empty. */
static int
register_table(struct salvage *salvage, struct engine *engine,
	       uint32_t number)
{
	struct engine_write write = {
		.kind = ENGINE_WRITE_CREATE_TABLE,
		.table = number,
		.timestamp_us = engine_timestamp_us(engine),
	};
	uint64_t lsn;
	int result;

	do {
		result = engine_write(engine, &write, 1, &lsn,
				      &salvage->error);
		if (result == ENGINE_PENDING &&
		    engine_poll(engine, -1, &salvage->error) < 0)
			return -(int)ERROR_IO;
	} while (result == ENGINE_PENDING);
	return result;
}

static int
settle_table(struct salvage *salvage, struct engine *engine,
	     const struct table *table)
{
	struct saved_table *saved = find_saved(salvage, table->storage_id);

	tell_table(salvage, table, saved == NULL ? 0 : saved->rows);
	if (saved == NULL)
		return register_table(salvage, engine, table->storage_id);
	saved->is_named = true;
	return 0;
}

/* Rows of a table whose name is lost are there, and can't be asked for. */
static void
tell_nameless(struct salvage *salvage)
{
	for (size_t i = 0; i < salvage->table_count; i++) {
		const struct saved_table *table = &salvage->tables[i];
		char what[160];

		if (table->is_named || table->rows == 0)
			continue;
		snprintf(what, sizeof(what),
			 "the definition of table number %lu is lost, and "
			 "its %llu rows with it",
			 (unsigned long)table->number,
			 (unsigned long long)table->rows);
		salvage->told->rows -= table->rows;
		salvage->told->bytes -= table->bytes;
		tell_fault(salvage, NULL, UINT64_MAX, what);
	}
}

static int
settle_tables(struct salvage *salvage, struct engine *engine,
	      const struct catalog *catalog)
{
	const struct keyspace *keyspace = catalog->keyspaces;

	for (; keyspace != NULL; keyspace = keyspace->next) {
		const struct table *table = keyspace->tables;

		for (; table != NULL; table = table->next) {
			int result = settle_table(salvage, engine, table);

			if (result < 0)
				return result;
		}
	}
	tell_nameless(salvage);
	return 0;
}

static int
settle_schema(struct salvage *salvage, const char *to)
{
	const struct engine_options options = { .must_exist = true,
						.is_salvaging = true };
	struct error *error = &salvage->error;
	struct catalog catalog = { 0 };
	struct engine *engine;
	struct io *io;
	int closed;
	int result = open_old_directory(salvage, to, &io);

	if (result == 0)
		result = engine_open(io, &options, &engine, error);
	if (result < 0)
		return result;
	result = catalog_store_repair(engine, &catalog, tell_keyspace,
				      salvage, error);
	if (result == 0)
		result = settle_tables(salvage, engine, &catalog);
	catalog_finish(&catalog);
	closed = engine_close(engine, result < 0 ? NULL : error);
	return result < 0 ? result : closed;
}

/* ---- the door ---- */

/* It is a database from now on. */
static int
unmark(struct salvage *salvage, const char *to)
{
	struct io *io;
	int result = open_old_directory(salvage, to, &io);

	if (result < 0)
		return result;
	result = salvage_target_end(io, &salvage->error);
	io->methods->destroy(io);
	return result;
}

static void
tell_error(const struct error *error, char *message, size_t size)
{
	if (message != NULL && size > 0)
		snprintf(message, size, "%s%s%s", error->message,
			 error->hint[0] == '\0' ? "" : "; ", error->hint);
}

int
logstor_salvage(const char *from, const char *to,
		struct logstor_salvage *given, char *message, size_t size)
{
	struct logstor_salvage told = { .size = sizeof(told) };
	struct salvage salvage = { .told = &told, .error = ERROR_INIT };
	size_t known = sizeof(told);
	int result;

	if (message != NULL && size > 0)
		message[0] = '\0';
	if (from == NULL || to == NULL ||
	    (given != NULL && given->size < sizeof(given->size)))
		return LOGSTOR_MISUSE;
	if (given != NULL) {
		known = given->size < known ? given->size : known;
		memcpy(&told, given, known);
		told.tables = told.rows = told.faults = 0;
		told.notes = told.bytes = 0;
		told.deleted_may_return = false;
	}
	result = save_rows(&salvage, from, to);
	if (result == 0)
		result = settle_schema(&salvage, to);
	if (result == 0)
		result = unmark(&salvage, to);
	/* That on a full disk deletions still work helps nobody here. */
	if (salvage.error.code == ERROR_FULL)
		salvage.error.hint[0] = '\0';
	if (result < 0)
		undo(&salvage, to);
	free(salvage.tables);
	if (given != NULL)
		memcpy(given, &told, known);
	if (result == 0)
		return LOGSTOR_OK;
	tell_error(&salvage.error, message, size);
	return LOGSTOR_ERROR;
}
