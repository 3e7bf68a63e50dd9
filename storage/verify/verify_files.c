/* SPDX-License-Identifier: MIT
 *
 * The part of CHECK that looks at files as such: whether their names and sizes
 * are right, and the manifest is the one that was written. */
#include "storage/engine_storing.h"
#include "storage/verify/verify_state.h"

#include "storage/verify/fault_text.h"

#include <stdio.h>
#include <string.h>

/* ---- faults of files ---- */

void
verify_add_file_fault(struct engine_check *check, const char *name,
		      uint64_t offset, const char *what)
{
	struct file_fault *fault;

	if (check->file_fault_count == CHECK_FILE_FAULTS_MAX)
		return;
	fault = &check->file_faults[check->file_fault_count++];
	fault->offset = offset;
	snprintf(fault->name, sizeof(fault->name), "%s", name);
	snprintf(fault->what, sizeof(fault->what), "%s", what);
}

void
verify_add_message(struct engine_check *check, const char *name,
		   const char *message)
{
	uint64_t offset;
	const char *what = fault_text_take_apart(message, &offset);

	verify_add_file_fault(check, name, offset, what);
}

static int
visit_name(void *context, const char *name)
{
	struct engine_check *check = context;
	const struct segment_manager *segments = &check->engine->segments;
	char canonical[SEGMENT_FILE_NAME_SIZE];
	uint32_t shard, number;

	if (!segment_file_parse_name(name, &shard, &number))
		return 0;
	segment_file_name(number, canonical);
	/* The one behind the last may be about to be grown. */
	if (shard != 0 || strcmp(name, canonical) != 0 ||
	    number > segments->file_count)
		verify_add_file_fault(check, name, UINT64_MAX,
			       "it doesn't belong to this database");
	return 0;
}

static void
check_size(struct engine_check *check, uint32_t number)
{
	const struct segment_manager *segments = &check->engine->segments;
	const struct segment_file *file = &segments->files[number];
	struct io *io = segments->io;
	uint64_t least = (uint64_t)file->segment_count * segments->segment_size;
	uint64_t most =
		(uint64_t)segments->file_segments * segments->segment_size;
	char name[SEGMENT_FILE_NAME_SIZE];
	uint64_t size;

	segment_file_name(number, name);
	if (io->methods->size(io, file->file, &size) < 0)
		verify_add_file_fault(check, name, UINT64_MAX,
			       "its size can't be read");
	else if (size < least)
		verify_add_file_fault(check, name, size, "it is cut off there");
	else if (size > most)
		verify_add_file_fault(check, name, most,
			       "it is longer than it can be");
}

/* ---- the manifest ---- */

/* One that counts a file more is there when storing it failed at its very
 * end. */
static bool
is_same_manifest(const struct manifest *stored, const struct manifest *known)
{
	return stored->database_id == known->database_id &&
	       stored->secret == known->secret &&
	       stored->segment_size == known->segment_size &&
	       stored->file_segments == known->file_segments &&
	       stored->generation == known->generation &&
	       stored->file_count - known->file_count <= 1;
}

/* 0 where it isn't there: that is told when it is read. */
static uint64_t
checkpoint_size(const struct engine_check *check, uint64_t number)
{
	struct io *io = check->engine->io;
	char name[CHECKPOINT_NAME_SIZE];
	struct io_file *file;
	uint64_t size = 0;

	checkpoint_name(number, name);
	if (number == 0 || io->methods->is_volatile ||
	    io->methods->open(io, name, IO_READ_ONLY, &file) < 0)
		return 0;
	if (io->methods->size(io, file, &size) < 0)
		size = 0;
	io->methods->close(io, file);
	return size;
}

static int
check_manifest(struct engine_check *check, struct error *error)
{
	struct engine *engine = check->engine;
	struct manifest stored = { 0 };
	struct error failure = ERROR_INIT;
	int status;

	/* The one that is there is to be the one that is known. */
	engine_storing_wait(engine);
	status = manifest_load(engine->io, &stored, &failure);
	if (status == MANIFEST_MISSING)
		verify_add_file_fault(check, MANIFEST_NAME, UINT64_MAX,
			       "it is missing");
	else if (status < 0 && failure.code == ERROR_FULL)
		*error = failure;
	else if (status < 0)
		verify_add_message(check, MANIFEST_NAME, failure.message);
	else if (!is_same_manifest(&stored, &engine->manifest))
		verify_add_file_fault(check, MANIFEST_NAME, 0,
			       "it isn't the one that was written");
	memcpy(check->checkpoints,
	       status == 0 ? stored.checkpoints : engine->manifest.checkpoints,
	       sizeof(check->checkpoints));
	for (int i = 0; i < 2; i++)
		check->checkpoint_sizes[i] = checkpoint_size(
			check, check->checkpoints[i].number);
	check->generation = engine->manifest.generation;
	manifest_finish(&stored);
	return status < 0 && failure.code == ERROR_FULL ? status : 0;
}

int
verify_step_files(struct engine_check *check, struct error *error)
{
	const struct segment_manager *segments = &check->engine->segments;
	struct io *io = segments->io;
	int status = io->methods->list(io, visit_name, check);

	if (status < 0)
		return io_error(io, status, "list", NULL, IO_NO_OFFSET, error);
	for (uint32_t i = 0; i < segments->file_count; i++)
		check_size(check, i);
	check->phase = CHECK_SEGMENTS;
	return check_manifest(check, error);
}
