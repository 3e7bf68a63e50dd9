/* SPDX-License-Identifier: MIT
 *
 * CHECK: reads everything beside normal work, and compares it with memory.
 *
 *	FILES -> SEGMENTS (and the runs among them) -> CHECKPOINTS -> ENDED
 *
 * Segments are read many at once, pinned so that none is used again meanwhile.
 * Each is judged in one go against what is in memory at that moment, if it is
 * still in the life that was read. */
#include "storage/verify/verify_state.h"

#include <stdlib.h>

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
		malloc(CHECK_FILE_FAULTS_MAX * sizeof(*check->file_faults));
	if (check->file_faults == NULL) {
		free(check);
		return error_no_memory(error);
	}
	*opened = check;
	return 0;
}

void
engine_check_close(struct engine_check *check)
{
	if (check == NULL || !verify_finish_segments(check))
		return;
	checkpoint_close(check->reader);
	free(check->file_faults);
	free(check);
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

/* Of the checkpoints; that their files have room for more is no matter. */
static uint64_t
checkpoint_bytes_done(const struct engine_check *check)
{
	uint64_t done = 0, read;

	for (unsigned i = 0; i < check->checkpoint; i++)
		done += check->checkpoint_sizes[i];
	if (check->reader == NULL)
		return done;
	read = checkpoint_bytes_read(check->reader);
	if (read > check->checkpoint_sizes[check->checkpoint])
		read = check->checkpoint_sizes[check->checkpoint];
	return done + read;
}

static void
tell_progress(const struct engine_check *check,
	      struct engine_progress *progress)
{
	uint64_t size = check->engine->segments.segment_size;

	if (progress == NULL)
		return;
	*progress = (struct engine_progress){
		.done_bytes = check->next_segment * size +
			      checkpoint_bytes_done(check),
		.total_bytes = check->segment_count * size +
			       check->checkpoint_sizes[0] +
			       check->checkpoint_sizes[1],
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
			status = verify_step_files(check, error);
			break;
		case CHECK_SEGMENTS:
			status = verify_step_segments(check, error);
			break;
		case CHECK_CHECKPOINTS:
			status = verify_step_checkpoints(check, error);
			break;
		case CHECK_ENDED:
			return ENGINE_END;
		}
	}
	return 0;
}
