/* SPDX-License-Identifier: MIT
 *
 * CHECK: reads everything beside normal work, and compares it with memory.
 *
 *	FILES -> SEGMENTS (and the runs among them) -> CHECKPOINTS -> ENDED
 *
 * Segments are read many at once, pinned so that none is used again meanwhile.
 * Each is judged in one go against what is in memory at that moment, if it is
 * still in the life that was read. */
#include "storage/check_place.h"
#include "storage/checkpoint.h"
#include "storage/run.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	READ_SIZE = 1 << 20, /* at most, but for a single segment or a run */
	READS = 4,
	ENTRIES_STEP = 1024,
	FILE_FAULTS_MAX = 64,
	FAULT_NAME_SIZE = 256
};

enum check_phase {
	CHECK_FILES,
	CHECK_SEGMENTS,
	CHECK_CHECKPOINTS,
	CHECK_ENDED
};

/* One read of neighbouring segments. */
struct check_read {
	struct io_operation operation;
	struct engine_check *check;
	uint8_t *data;
	uint32_t segment; /* the first */
	uint32_t count;
	bool is_in_flight;
	uint32_t limits[READ_SIZE / FORMAT_SEGMENT_SIZE_MIN];
	uint64_t lives[READ_SIZE / FORMAT_SEGMENT_SIZE_MIN];
};

/* About files as such. */
struct file_fault {
	char name[FAULT_NAME_SIZE];
	uint64_t offset;
	char what[FAULT_NAME_SIZE];
};

struct engine_check {
	struct engine *engine;
	enum check_phase phase;
	uint32_t segment_count; /* when it began */
	uint32_t next_segment;  /* to read */
	struct check_read reads[READS];
	unsigned first; /* oldest read */
	unsigned count;
	uint32_t at;    /* segments of the oldest one that are judged */
	uint32_t run;   /* parts of the run that is being read, or 0 */
	uint32_t run_segment;
	uint64_t run_life;
	uint8_t *run_data;
	struct io_operation run_operation;
	bool is_run_in_flight;

	/* Those that the manifest names on the disk: opening may have found one
	 * of them unusable and forgotten it. */
	struct manifest_checkpoint checkpoints[2];
	uint64_t generation; /* of that manifest */
	unsigned checkpoint; /* 0, 1; 2: done */
	uint64_t checkpoint_number;
	struct checkpoint_reader *reader;

	struct check_faults faults; /* of segments, told one by one */
	uint32_t told;
	struct file_fault *file_faults;
	uint32_t file_fault_count;
	uint32_t files_told;
	char name[FAULT_NAME_SIZE]; /* of the fault that is being told */
};

/* ---- faults of files ---- */

static void
add_file_fault(struct engine_check *check, const char *name, uint64_t offset,
	       const char *what)
{
	struct file_fault *fault;

	if (check->file_fault_count == FILE_FAULTS_MAX)
		return;
	fault = &check->file_faults[check->file_fault_count++];
	fault->offset = offset;
	snprintf(fault->name, sizeof(fault->name), "%s", name);
	snprintf(fault->what, sizeof(fault->what), "%s", what);
}

/* "PATH/NAME is damaged at offset N: WHAT" is taken apart; other messages are
 * told whole. */
static void
add_message(struct engine_check *check, const char *name, const char *message)
{
	static const char before[] = " at offset ";
	const char *offset = strstr(message, before);
	const char *what = offset == NULL ? NULL : strstr(offset, ": ");
	uint64_t number = UINT64_MAX;

	if (what != NULL)
		number = strtoull(offset + sizeof(before) - 1, NULL, 10);
	add_file_fault(check, name, number,
		       what != NULL ? what + 2 : message);
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
		add_file_fault(check, name, UINT64_MAX,
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
		add_file_fault(check, name, UINT64_MAX,
			       "its size can't be read");
	else if (size < least)
		add_file_fault(check, name, size, "it is cut off there");
	else if (size > most)
		add_file_fault(check, name, most,
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

static int
check_manifest(struct engine_check *check, struct error *error)
{
	struct engine *engine = check->engine;
	struct manifest stored = { 0 };
	struct error failure = ERROR_INIT;
	int status = manifest_load(engine->io, &stored, &failure);

	if (status == MANIFEST_MISSING)
		add_file_fault(check, MANIFEST_NAME, UINT64_MAX,
			       "it is missing");
	else if (status < 0 && failure.code == ERROR_FULL)
		*error = failure;
	else if (status < 0)
		add_message(check, MANIFEST_NAME, failure.message);
	else if (!is_same_manifest(&stored, &engine->manifest))
		add_file_fault(check, MANIFEST_NAME, 0,
			       "it isn't the one that was written");
	memcpy(check->checkpoints,
	       status == 0 ? stored.checkpoints : engine->manifest.checkpoints,
	       sizeof(check->checkpoints));
	check->generation = engine->manifest.generation;
	manifest_finish(&stored);
	return status < 0 && failure.code == ERROR_FULL ? status : 0;
}

static int
step_files(struct engine_check *check, struct error *error)
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

/* ---- opening and closing ---- */

int
engine_check_open(struct engine *engine, struct engine_check **opened,
		  struct error *error)
{
	struct engine_check *check = calloc(1, sizeof(*check));

	*opened = NULL;
	if (check == NULL)
		return error_no_memory(error);
	check->engine = engine;
	check->segment_count = engine->segments.segment_count;
	check->file_faults =
		malloc(FILE_FAULTS_MAX * sizeof(*check->file_faults));
	if (check->file_faults == NULL) {
		free(check);
		return error_no_memory(error);
	}
	*opened = check;
	return 0;
}

static void
pin(struct engine_check *check, uint32_t first, uint32_t count, bool is_pinned)
{
	struct segment_manager *segments = &check->engine->segments;

	for (uint32_t i = 0; i < count; i++) {
		struct location at = { first + i, FORMAT_HEADER_SIZE,
				       RECORD_SIZE_MIN };

		if (is_pinned)
			segment_manager_pin(segments, at);
		else
			segment_manager_unpin(segments, at);
	}
}

/* Waits for the kernel to let go of our memory; a broken io may not. */
static bool
wait_until(struct engine_check *check, const bool *is_in_flight)
{
	struct io *io = check->engine->io;

	while (*is_in_flight) {
		if (io->methods->poll(io, -1) < 0)
			return false;
	}
	return true;
}

void
engine_check_close(struct engine_check *check)
{
	bool is_quiet = true;

	if (check == NULL)
		return;
	for (unsigned i = 0; i < check->count && is_quiet; i++) {
		struct check_read *read =
			&check->reads[(check->first + i) % READS];

		is_quiet = wait_until(check, &read->is_in_flight);
	}
	if (!is_quiet || !wait_until(check, &check->is_run_in_flight))
		return;
	checkpoint_close(check->reader);
	for (unsigned i = 0; i < READS; i++)
		free(check->reads[i].data);
	free(check->run_data);
	free(check->file_faults);
	free(check);
}

/* ---- reading segments ---- */

/* Who checks may not come back for long: nothing must wait for that. */
static void
on_read_done(struct io_operation *operation)
{
	struct check_read *read =
		CONTAINER_OF(operation, struct check_read, operation);

	read->is_in_flight = false;
	pin(read->check, read->segment, read->count, false);
}

/* Neighbours of one file, from the next one on that holds anything. */
static bool
choose_segments(struct engine_check *check, struct check_read *read)
{
	const struct segment_manager *segments = &check->engine->segments;
	uint32_t most = READ_SIZE / segments->segment_size;

	read->count = 0;
	while (check->next_segment < check->segment_count &&
	       read->count < most) {
		uint32_t segment = check->next_segment;
		uint32_t limit = check_place_limit(check->engine, segment);

		if (read->count > 0 &&
		    (limit == 0 || segment % segments->file_segments == 0))
			break;
		check->next_segment++;
		if (limit == 0)
			continue;
		if (read->count == 0)
			read->segment = segment;
		read->limits[read->count] = limit;
		read->lives[read->count] =
			segments->segments[segment].sequence;
		read->count++;
	}
	return read->count > 0;
}

static int
submit_read(struct engine_check *check, struct check_read *read,
	    struct error *error)
{
	struct segment_manager *segments = &check->engine->segments;
	struct segment_place place =
		segment_manager_place(segments, read->segment, 0);
	void *data;

	if (read->data == NULL) {
		if (posix_memalign(&data, IO_ALIGNMENT, READ_SIZE) != 0)
			return error_no_memory(error);
		read->data = data;
	}
	read->operation = (struct io_operation){
		.kind = IO_READ,
		.file = place.file,
		.offset = place.offset,
		.data = read->data,
		.size = (size_t)read->count * segments->segment_size,
		.on_done = on_read_done,
	};
	read->check = check;
	read->is_in_flight = true;
	pin(check, read->segment, read->count, true);
	check->count++;
	segments->io->methods->submit(segments->io, &read->operation);
	return 0;
}

static int
read_ahead(struct engine_check *check, struct error *error)
{
	while (check->count < READS) {
		struct check_read *read =
			&check->reads[(check->first + check->count) % READS];
		int status;

		if (!choose_segments(check, read))
			return 0;
		status = submit_read(check, read, error);
		if (status < 0)
			return status;
	}
	return 0;
}

static void
add_unreadable(struct engine_check *check, uint32_t segment, int64_t result)
{
	char what[CHECK_WHAT_SIZE];

	snprintf(what, sizeof(what), "it can't be read there: %s",
		 strerror((int)-result));
	check_faults_add(&check->faults, segment, 0, what);
}

/* Some segment of a large read can't be read: which? */
static void
read_one(struct engine_check *check, struct check_read *read, uint32_t i)
{
	const struct segment_manager *segments = &check->engine->segments;
	uint32_t size = segments->segment_size;
	struct segment_place place =
		segment_manager_place(segments, read->segment + i, 0);
	int64_t got = io_read_now(segments->io, place.file, place.offset,
				  read->data + (size_t)i * size, size);

	if (got >= 0 && (uint64_t)got != size)
		got = -EIO;
	if (got < 0) {
		add_unreadable(check, read->segment + i, got);
		read->limits[i] = 0;
	}
}

/* ---- judging segments ---- */

static void
on_run_done(struct io_operation *operation)
{
	struct engine_check *check =
		CONTAINER_OF(operation, struct engine_check, run_operation);

	check->is_run_in_flight = false;
	pin(check, check->run_segment, check->run, false);
}

/* A run that begins at ${segment} is whole in memory, too? */
static bool
is_run_there(const struct engine_check *check, uint32_t segment,
	     uint32_t parts)
{
	const struct segment_manager *segments = &check->engine->segments;

	if (parts > segments->segment_count - segment ||
	    segment % segments->file_segments + parts >
		    segments->file_segments)
		return false;
	for (uint32_t i = 0; i < parts; i++) {
		if (segments->segments[segment + i].kind != BUFFER_PART ||
		    check_place_limit(check->engine, segment + i) == 0)
			return false;
	}
	return true;
}

static int
begin_run(struct engine_check *check, uint32_t segment, uint32_t parts,
	  struct error *error)
{
	struct segment_manager *segments = &check->engine->segments;
	struct segment_place place =
		segment_manager_place(segments, segment, 0);
	size_t size = (size_t)parts * segments->segment_size;

	if (!is_run_there(check, segment, parts)) {
		check_faults_add(&check->faults, segment, 0,
				 "a part of a run is missing");
		return 0;
	}
	check->run_data = malloc(size);
	if (check->run_data == NULL)
		return error_no_memory(error);
	check->run = parts;
	check->run_segment = segment;
	check->run_operation = (struct io_operation){
		.kind = IO_READ,
		.file = place.file,
		.offset = place.offset,
		.data = check->run_data,
		.size = size,
		.on_done = on_run_done,
	};
	check->is_run_in_flight = true;
	check->run_life = segments->segments[segment].sequence;
	pin(check, segment, parts, true);
	segments->io->methods->submit(segments->io, &check->run_operation);
	return 0;
}

static void
end_run(struct engine_check *check)
{
	int64_t result = check->run_operation.result;

	if (result >= 0 && (size_t)result != check->run_operation.size)
		result = -EIO;
	if (result < 0)
		add_unreadable(check, check->run_segment, result);
	else if (is_run_there(check, check->run_segment, check->run) &&
		 check->engine->segments.segments[check->run_segment]
				 .sequence == check->run_life)
		check_run(check->engine, check->run_segment, check->run,
			  check->run_data, &check->faults);
	free(check->run_data);
	check->run_data = NULL;
	check->run = 0;
}

/* One segment of the oldest read. */
static int
judge_segment(struct engine_check *check, struct check_read *read,
	      struct error *error)
{
	struct engine *engine = check->engine;
	const struct segment_manager *segments = &engine->segments;
	uint32_t i = check->at++;
	uint32_t segment = read->segment + i;
	const uint8_t *bytes =
		read->data + (size_t)i * segments->segment_size;
	uint32_t parts = 0;

	/* It may have been freed since it was read. */
	if (read->limits[i] == 0 ||
	    segments->segments[segment].sequence != read->lives[i] ||
	    check_place_limit(engine, segment) == 0)
		return 0;
	check_place(engine, segment, bytes, read->limits[i], &parts,
		    &check->faults);
	return parts > 0 ? begin_run(check, segment, parts, error) : 0;
}

static void
judge_result(struct engine_check *check, struct check_read *read)
{
	int64_t result = read->operation.result;

	if (check->at > 0 ||
	    (result >= 0 && (size_t)result == read->operation.size))
		return;
	for (uint32_t i = 0; i < read->count; i++)
		read_one(check, read, i);
}

static void
end_read(struct engine_check *check)
{
	check->first = (check->first + 1) % READS;
	check->count--;
	check->at = 0;
}

/* Free segments hold nothing. */
static void
check_free_segments(struct engine_check *check)
{
	const struct segment_manager *segments = &check->engine->segments;

	for (uint32_t i = 0; i < segments->segment_count; i++) {
		if (segments->segments[i].state == SEGMENT_FREE &&
		    segments->segments[i].live_bytes > 0)
			check_faults_add(&check->faults, i, 0,
					 "an index points into a free "
					 "segment");
	}
}

static int
step_segments(struct engine_check *check, struct error *error)
{
	struct check_read *read = &check->reads[check->first];
	int status = read_ahead(check, error);

	if (status < 0)
		return status;
	if (check->is_run_in_flight)
		return ENGINE_PENDING;
	if (check->run > 0) {
		end_run(check);
		return 0;
	}
	if (check->count == 0) {
		check_free_segments(check);
		check->phase = CHECK_CHECKPOINTS;
		return 0;
	}
	if (read->is_in_flight)
		return ENGINE_PENDING;
	judge_result(check, read);
	if (check->at < read->count)
		return judge_segment(check, read, error);
	end_read(check);
	return ENGINE_PENDING;
}

/* ---- checkpoints ---- */

static void
next_checkpoint(struct engine_check *check)
{
	checkpoint_close(check->reader);
	check->reader = NULL;
	check->checkpoint_number = 0;
	check->checkpoint++;
	if (check->checkpoint == 2)
		check->phase = CHECK_ENDED;
}

/* A file that isn't named any more is written again. */
static bool
is_still_named(const struct engine_check *check)
{
	const struct manifest *manifest = &check->engine->manifest;

	return manifest->generation == check->generation ||
	       manifest->checkpoints[0].number == check->checkpoint_number ||
	       manifest->checkpoints[1].number == check->checkpoint_number;
}

static void
judge_checkpoint(struct engine_check *check, const struct error *failure)
{
	char name[CHECKPOINT_NAME_SIZE];

	checkpoint_name(check->checkpoint_number, name);
	if (is_still_named(check))
		add_message(check, name, failure->message);
	next_checkpoint(check);
}

static int
open_checkpoint(struct engine_check *check, struct error *error)
{
	const struct manifest *manifest = &check->engine->manifest;
	const struct manifest_checkpoint *which =
		&check->checkpoints[check->checkpoint];
	struct checkpoint checkpoint = { 0 };
	struct error failure = ERROR_INIT;
	int status;

	check->checkpoint_number = which->number;
	/* A database in memory counts them, but has no files of them. */
	if (which->number == 0 || check->engine->io->methods->is_volatile) {
		next_checkpoint(check);
		return 0;
	}
	status = checkpoint_open(check->engine->io, manifest, which,
				 &checkpoint, &check->reader, &failure);
	checkpoint_finish(&checkpoint);
	if (status < 0) {
		*error = failure;
		return status;
	}
	if (status == CHECKPOINT_UNUSABLE)
		judge_checkpoint(check, &failure);
	return 0;
}

static int
step_checkpoints(struct engine_check *check, struct error *error)
{
	struct index_entry *entries;
	struct error failure = ERROR_INIT;
	uint32_t table;
	int count;

	if (check->reader == NULL)
		return open_checkpoint(check, error);
	entries = malloc(ENTRIES_STEP * sizeof(*entries));
	if (entries == NULL)
		return error_no_memory(error);
	count = checkpoint_next(check->reader, &table, entries, ENTRIES_STEP,
				&failure);
	free(entries);
	if (count > 0)
		return ENGINE_PENDING;
	if (count == 0)
		next_checkpoint(check);
	else if (failure.code == ERROR_FULL)
		*error = failure;
	else
		judge_checkpoint(check, &failure);
	return count < 0 && failure.code == ERROR_FULL ? count : 0;
}

/* ---- telling ---- */

static bool
tell_fault(struct engine_check *check, struct engine_fault *fault)
{
	const struct segment_manager *segments = &check->engine->segments;
	const struct check_fault *next;
	struct segment_place place;

	if (check->files_told < check->file_fault_count) {
		const struct file_fault *file =
			&check->file_faults[check->files_told++];

		*fault = (struct engine_fault){ file->name, file->offset,
						file->what };
		return true;
	}
	check->file_fault_count = 0;
	check->files_told = 0;
	if (check->told == check->faults.count) {
		check->told = 0;
		check->faults.count = 0;
		return false;
	}
	next = &check->faults.faults[check->told++];
	place = segment_manager_place(segments, next->segment, next->offset);
	segment_file_name(place.file_number, check->name);
	*fault = (struct engine_fault){ check->name, place.offset,
					next->what };
	return true;
}

static void
tell_progress(const struct engine_check *check,
	      struct engine_progress *progress)
{
	uint64_t size = check->engine->segments.segment_size;

	if (progress == NULL)
		return;
	*progress = (struct engine_progress){
		.done_bytes = check->next_segment * size,
		.total_bytes = check->segment_count * size,
	};
}

int
engine_check_next(struct engine_check *check, struct engine_fault *fault,
		  struct engine_progress *progress, struct error *error)
{
	int status = 0;

	tell_progress(check, progress);
	while (!tell_fault(check, fault)) {
		if (status != 0)
			return status;
		switch (check->phase) {
		case CHECK_FILES:
			status = step_files(check, error);
			break;
		case CHECK_SEGMENTS:
			status = step_segments(check, error);
			break;
		case CHECK_CHECKPOINTS:
			status = step_checkpoints(check, error);
			break;
		case CHECK_ENDED:
			return ENGINE_END;
		}
	}
	return 0;
}
