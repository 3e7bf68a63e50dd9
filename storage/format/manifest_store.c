/* SPDX-License-Identifier: MIT */
#include "storage/format/manifest_store.h"

#include "storage/format/format.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* ---- operations ---- */

static void
on_done(struct io_operation *operation)
{
	CONTAINER_OF(operation, struct manifest_store, operation)
		->is_in_flight = false;
}

static void
submit(struct manifest_store *store, const struct io_operation *operation,
       enum manifest_store_state state)
{
	store->operation = *operation;
	store->operation.on_done = on_done;
	store->state = state;
	store->is_in_flight = true;
	store->io->methods->submit(store->io, &store->operation);
}

static void
sync_names(struct manifest_store *store, enum manifest_store_state state)
{
	submit(store,
	       &(struct io_operation){
		       .kind = IO_SYNC,
		       .file = store->io->methods->directory(store->io) },
	       state);
}

static void
change_names(struct manifest_store *store, enum io_kind kind)
{
	submit(store,
	       &(struct io_operation){
		       .kind = kind,
		       .file = store->io->methods->directory(store->io),
		       .from = MANIFEST_NAME_ASIDE,
		       .to = MANIFEST_NAME },
	       MANIFEST_STORE_RENAMING);
}

/* ---- the file aside ---- */

static void
close_aside(struct manifest_store *store)
{
	if (store->file != NULL)
		store->io->methods->close(store->io, store->file);
	store->file = NULL;
}

/* What is longer than necessary is filled with zeros, since cutting it could
 * block.  A file of another size isn't one of ours. */
static int
fit_to_file(struct manifest_store *store, size_t needed)
{
	const struct io_methods *methods = store->io->methods;
	uint64_t found;
	int status = methods->size(store->io, store->file, &found);

	store->size = needed;
	if (status < 0 || found <= needed)
		return status;
	if (found > MANIFEST_FILE_SIZE_MAX || found % FORMAT_BLOCK_SIZE != 0)
		return methods->resize(store->io, store->file, needed);
	store->size = (size_t)found;
	return 0;
}

static int
open_aside(struct manifest_store *store, size_t needed)
{
	const struct io_methods *methods = store->io->methods;
	int status = methods->open(store->io, MANIFEST_NAME_ASIDE, 0,
				   &store->file);

	if (status == -ENOENT)
		status = methods->open(store->io, MANIFEST_NAME_ASIDE,
				       IO_CREATE, &store->file);
	if (status < 0) {
		store->file = NULL;
		return status;
	}
	return fit_to_file(store, needed);
}

/* Bytes in memory that is aligned as a write wants it. */
static int
copy_aligned(struct manifest_store *store, const struct buffer *bytes)
{
	void *aligned;

	if (posix_memalign(&aligned, IO_ALIGNMENT, store->size) != 0)
		return -ENOMEM;
	memset(aligned, 0, store->size);
	memcpy(aligned, bytes->data, bytes->size);
	store->data = aligned;
	return 0;
}

static int
prepare(struct manifest_store *store)
{
	struct manifest *manifest = store->manifest;
	struct buffer bytes = { 0 };
	int status;

	manifest->version = FORMAT_VERSION;
	manifest->generation++;
	if (manifest->offset == 0)
		manifest->segment = 0;
	manifest_encode(manifest, &bytes);
	status = bytes.has_failed ? -ENOMEM : open_aside(store, bytes.size);
	if (status == 0)
		status = copy_aligned(store, &bytes);
	buffer_finish(&bytes);
	return status;
}

/* Room for the next one where the old manifest couldn't become that. Without it
 * the next one makes its own. */
static void
keep_room_aside(struct manifest_store *store)
{
	const struct io_methods *methods = store->io->methods;
	struct io_file *file;

	if (methods->open(store->io, MANIFEST_NAME_ASIDE, IO_CREATE, &file) < 0)
		return;
	(void)!methods->resize(store->io, file, store->size);
	methods->close(store->io, file);
}

/* ---- one after the other ---- */

static void
finish(struct manifest_store *store, int status)
{
	struct manifest *manifest = store->manifest;

	close_aside(store);
	free(store->data);
	store->data = NULL;
	store->status = status;
	store->state = MANIFEST_STORE_DONE;
	if (!store->is_renamed)
		manifest->generation--;
	if (status == 0 && (manifest->flags & MANIFEST_CLEAN) == 0)
		manifest_set_tail(manifest, NULL, 0);
}

void
manifest_store_begin(struct manifest_store *store, struct io *io,
		     struct manifest *manifest)
{
	int status;

	assert(store->state == MANIFEST_STORE_IDLE);
	*store = (struct manifest_store){ .io = io, .manifest = manifest };
	status = prepare(store);
	if (status < 0)
		finish(store, status);
	else
		sync_names(store, MANIFEST_STORE_NAMES);
}

static void
write_aside(struct manifest_store *store)
{
	submit(store,
	       &(struct io_operation){ .kind = IO_WRITE,
				       .file = store->file,
				       .data = store->data,
				       .size = store->size },
	       MANIFEST_STORE_WRITING);
}

static void
sync_aside(struct manifest_store *store)
{
	submit(store,
	       &(struct io_operation){ .kind = IO_SYNC, .file = store->file },
	       MANIFEST_STORE_SYNCING);
}

/* There is no manifest yet, or the file system can't exchange names. */
static bool
must_replace(const struct manifest_store *store)
{
	int64_t result = store->operation.result;

	return store->operation.kind == IO_EXCHANGE &&
	       (result == -ENOENT || result == -EINVAL ||
		result == -ENOSYS || result == -ENOTSUP);
}

static void
names_changed(struct manifest_store *store)
{
	store->is_renamed = true;
	if (store->operation.kind == IO_RENAME)
		keep_room_aside(store);
	sync_names(store, MANIFEST_STORE_NAMING);
}

static int
status_of(const struct manifest_store *store)
{
	const struct io_operation *operation = &store->operation;

	if (operation->result < 0)
		return (int)operation->result;
	if (operation->kind == IO_WRITE &&
	    (size_t)operation->result != operation->size)
		return -EIO;
	return 0;
}

static void
operation_done(struct manifest_store *store)
{
	int status = status_of(store);

	if (store->state == MANIFEST_STORE_RENAMING && must_replace(store)) {
		change_names(store, IO_RENAME);
		return;
	}
	if (status < 0 && store->state == MANIFEST_STORE_RENAMING)
		store->is_uncertain = true;
	if (status < 0 || store->state == MANIFEST_STORE_NAMING) {
		finish(store, status);
		return;
	}
	if (store->state == MANIFEST_STORE_NAMES)
		write_aside(store);
	else if (store->state == MANIFEST_STORE_WRITING)
		sync_aside(store);
	else if (store->state == MANIFEST_STORE_SYNCING)
		change_names(store, IO_EXCHANGE);
	else
		names_changed(store);
}

void
manifest_store_step(struct manifest_store *store)
{
	if (store->state != MANIFEST_STORE_IDLE &&
	    store->state != MANIFEST_STORE_DONE && !store->is_in_flight)
		operation_done(store);
}

bool
manifest_store_is_busy(const struct manifest_store *store)
{
	return store->state != MANIFEST_STORE_IDLE;
}

bool
manifest_store_is_done(const struct manifest_store *store)
{
	return store->state == MANIFEST_STORE_DONE;
}

int
manifest_store_end(struct manifest_store *store, struct error *error)
{
	int reason = store->status;
	int status;

	assert(store->state == MANIFEST_STORE_DONE);
	store->state = MANIFEST_STORE_IDLE;
	if (reason == 0)
		return 0;
	if (reason == -ENOMEM)
		return error_no_memory(error);
	status = io_error(store->io, reason, "write", MANIFEST_NAME,
			  IO_NO_OFFSET, error);
	if (reason == -ENOSPC || reason == -EDQUOT)
		error_hint(error, "free some space and try again; reading "
				  "needs none");
	return status;
}

void
manifest_store_wait(struct manifest_store *store)
{
	unsigned failures = 0;

	manifest_store_step(store);
	while (manifest_store_is_busy(store) &&
	       !manifest_store_is_done(store) &&
	       io_poll_patiently(store->io, &failures) == 0)
		manifest_store_step(store);
}

int
manifest_store(struct io *io, struct manifest *manifest, struct error *error)
{
	struct manifest_store store = { 0 };

	manifest_store_begin(&store, io, manifest);
	manifest_store_wait(&store);
	if (!manifest_store_is_done(&store))
		return io_error(io, -EIO, "write", MANIFEST_NAME,
				IO_NO_OFFSET, error);
	return manifest_store_end(&store, error);
}
